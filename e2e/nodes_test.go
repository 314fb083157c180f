package e2e

import (
	"encoding/json"
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
// one command, and asks the far end for an identifier of another branch by every
// protocol that refers.
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
	const id = "88.500.1/first-000002"
	far := s.nodes["88.501.1"]
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
		if got.Identifier != id || len(got.Values) < 2 || got.Values[1].Data != "演示数据" {
			t.Errorf("by %q: %+v", tt.protocol, got)
		}
		if last := len(got.Steps) - 1; last < 3 || got.Steps[last].Said != "SUCCESS" {
			t.Errorf("by %q it came by %+v", tt.protocol, got.Steps)
		}
	}
	leads := func(to *http.Request, via []*http.Request) error { return http.ErrUseLastResponse }
	res, err := (&http.Client{CheckRedirect: leads}).Get(far.url + "/id/" + id)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if to := res.Header.Get("Location"); res.StatusCode != http.StatusFound || !strings.HasPrefix(to, s.nodes["88.500.1"].url) {
		t.Errorf("a browser is led to %q: %s", to, res.Status)
	}
}
