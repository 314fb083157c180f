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
