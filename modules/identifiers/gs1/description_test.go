package gs1

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"yuzhou/kernel/testkit"
)

func TestDescribe(t *testing.T) {
	d := Describe("Example resolver", "https://id.example.cn")
	d.SupportedContextValuesEnumerated = []string{"CN", "HK"}
	d.Contact = &Contact{Name: "Example", Telephone: "tel:+86-10-00000000", Address: &Address{Locality: "Chongqing", Country: "CN"}}
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "gs1resolver.json", append(b, '\n'))
	checkDescription(t, b)
}

// checkDescription holds a description against what the schema of the standard says of
// each property.
func checkDescription(t *testing.T, b []byte) {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	keys := []string{"all", "01", "8006", "8013", "8010", "410", "411", "412", "413", "414", "415", "417", "8017", "8018", "255", "00", "253", "401", "402", "8003", "8004"}
	supported, ok := doc["supportedPrimaryKeys"].([]any)
	if !ok || len(supported) == 0 {
		t.Errorf("supportedPrimaryKeys: %v", doc["supportedPrimaryKeys"])
	}
	for _, k := range supported {
		if s, ok := k.(string); !ok || !slices.Contains(keys, s) {
			t.Errorf("primary key %v", k)
		}
	}
	prefix := regexp.MustCompile(`^[a-zA-Z_][A-Za-z0-9_-]*?:$`)
	types, _ := doc["supportedLinkType"].([]any)
	for _, n := range types {
		m, _ := n.(map[string]any)
		p, _ := m["prefix"].(string)
		if ns, ok := m["namespace"].(string); !ok || ns == "" || !prefix.MatchString(p) {
			t.Errorf("namespace %v", n)
		}
	}
	if _, ok := doc["linkTypeDefaultCanBeLinkset"].(bool); !ok || len(types) == 0 {
		t.Error("linkTypeDefaultCanBeLinkset or supportedLinkType is missing")
	}
	if root, ok := doc["resolverRoot"].(string); !ok || root != "https://id.example.cn" {
		t.Errorf("resolverRoot: %v", doc["resolverRoot"])
	}
	contact, _ := doc["contact"].(map[string]any)
	if fn, ok := contact["fn"].(string); !ok || fn == "" {
		t.Errorf("contact: %v", contact)
	}
}
