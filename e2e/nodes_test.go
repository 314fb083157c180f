package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// nodeAt is a node of the network as the simulation prints it.
type nodeAt struct {
	url      string // of its pages
	at       string // HOST:PORT of identifiers, by UDP and TCP
	password string // of its owner
}

var nodeLine = regexp.MustCompile(`^  (88[0-9.]*) .* (http://\S+)  identifiers (\S+)  owner (\S+)$`)

// TestNodes starts a top node, two second-level nodes and three enterprise nodes with
// one command, asks the far end for an identifier of another branch by every protocol
// that refers, sees the counts arrive and hold, and a node that stops be taken over.
func TestNodes(t *testing.T) {
	s := tell(t, "en", "identifiers", "simulate", "--second", "2", "--enterprise", "3", "--days", "1")
	goOn := func() {
		if _, err := io.WriteString(s.keys, "\n"); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"enterprise nodes run", "level by level", "registered identifiers", "resolves at"} {
		if what, _ := s.step(t); !strings.Contains(what, want) {
			t.Fatalf("the step is %q, want %q", what, want)
		}
		if want != "resolves at" {
			goOn()
		}
	}
	if len(s.nodes) != 6 {
		t.Fatalf("%d nodes: %v", len(s.nodes), s.nodes)
	}
	far := s.nodes["88.501.1"]
	s.resolves(t, far, "88.500.1/first-000002", 5)
	leads := func(to *http.Request, via []*http.Request) error { return http.ErrUseLastResponse }
	res, err := (&http.Client{CheckRedirect: leads}).Get(far.url + "/id/88.500.1/first-000002")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if to := res.Header.Get("Location"); res.StatusCode != http.StatusFound || !strings.HasPrefix(to, s.nodes["88.500.1"].url) {
		t.Errorf("a browser is led to %q: %s", to, res.Status)
	}
	if doc := yuzhou(t, "identifiers", "resolve", "88.500.1", "--protocol", "did", "--server", far.url); !strings.Contains(doc, `"did:cn:88.500.1`) || !strings.Contains(doc, "hdl://127.0.0.1:") {
		t.Errorf("the DID document at the far end is %s", doc)
	}
	goOn()
	if what, _ := s.step(t); !strings.Contains(what, "2 second-level nodes have told the top node") || !strings.Contains(what, ": 0 findings") {
		t.Fatalf("the step is %q", what)
	}
	s.docked(t)
	goOn()
	if what, _ := s.step(t); !strings.Contains(what, "1 days have passed") || !strings.Contains(what, "and 0 findings") {
		t.Fatalf("the step is %q", what)
	}
	stats := yuzhou(t, "identifiers", "stats", "--server", s.nodes["88"].url)
	if !regexp.MustCompile(`(?m)^  88\.500 +2026-01-05 .* checked by .* 0 findings$`).MatchString(stats) {
		t.Error(stats)
	}
	proof := yuzhou(t, "identifiers", "resolve", "88.500.1/first-000002", "--proof", "--server", s.nodes["88.500.1"].url)
	if !strings.Contains(proof, "counted: in the census of 2026-01-05") {
		t.Error(proof)
	}
	goOn()
	if what, _ := s.step(t); !strings.Contains(what, "has stopped") {
		t.Fatalf("the step is %q", what)
	}
	goOn()
	if what, _ := s.step(t); !strings.Contains(what, "taken prefix 88.500 over") {
		t.Fatalf("the step is %q", what)
	}
	s.resolves(t, far, "88.500.1/first-000002", 4)
	s.resolves(t, far, "0.NA/88.500.1", 3)
}

// docked looks what the top node has of the tables of a second-level node.
func (s *told) docked(t *testing.T) {
	t.Helper()
	top := s.nodes["88"]
	var all []struct {
		Prefix string
		Tables []struct {
			Table, Period, Verdict string
			Rows                   int
		}
	}
	fetchAs(t, top.url+"/api/v1/identifiers/docking", signIn(t, top.url, "owner", top.password), &all)
	got := map[string]string{}
	for _, n := range all {
		for _, table := range n.Tables {
			if n.Prefix == "88.500" && table.Verdict != "" {
				got[table.Table] = fmt.Sprint(table.Rows, " ", table.Verdict)
			}
		}
	}
	for table, want := range map[string]string{
		"operator": "1 taken", "route": "1 taken", "statistics": "1 taken", "template": "1 taken", "enterprise": "3 taken", "enterprise-route": "3 taken",
		"enterprise-statistics": "3 taken", "item": "5 taken", "figures": "2 taken",
	} {
		if got[table] != want {
			t.Errorf("table %s: %q, want %q", table, got[table], want)
		}
	}
}

// fetchAs asks the API as somebody.
func fetchAs(t *testing.T, url, token string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read only
	if err := json.NewDecoder(res.Body).Decode(into); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, res.Status, err)
	}
}

// resolves asks a node for an identifier of another branch, by every protocol that refers.
func (s *told) resolves(t *testing.T, far nodeAt, id string, steps int) {
	t.Helper()
	for _, tt := range []struct{ protocol, server string }{
		{"udp", far.at},
		{"tcp", far.at},
		{"http", strings.TrimPrefix(far.url, "http://")},
		{"", far.url},
	} {
		args := []string{"identifiers", "resolve", id, "--json", "--server", tt.server}
		if tt.protocol != "" {
			args = append(args, "--protocol", tt.protocol)
		}
		var got struct {
			Identifier string
			Values     []struct{ Type, Data string }
			Steps      []struct{ Said string }
		}
		if err := json.Unmarshal([]byte(yuzhou(t, args...)), &got); err != nil {
			t.Fatal(err)
		}
		if got.Identifier != id || len(got.Values) < 2 {
			t.Errorf("by %q: %+v", tt.protocol, got)
		}
		want := steps
		if tt.protocol == "" {
			want-- // by the API a node does not ask itself
		}
		if last := len(got.Steps) - 1; last != want-1 || got.Steps[last].Said != "SUCCESS" {
			t.Errorf("by %q it came by %+v", tt.protocol, got.Steps)
		}
	}
}
