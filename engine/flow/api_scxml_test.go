package flow

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/engine/flow/procedure"
	"yuzhou/engine/flow/scxml"
)

// call sends JSON to the API and reads the answer into out.
func (c counter) call(who, path string, body, out any) pageAnswer {
	c.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(b))
	r.Header.Set("Content-Type", "application/json")
	got := c.do(r, who)
	if got.status == http.StatusOK {
		if err := json.Unmarshal([]byte(got.body), out); err != nil {
			c.t.Fatal(err, got.body)
		}
	}
	return got
}

// TestChart: a procedure is had as SCXML by the API and on its page, and what was
// had is read back to the same.
func TestChart(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("testdata/procedures/permit.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, _ := procedure.Parse("permit.yaml", source)
	want, err := procedure.Print(p)
	if err != nil {
		t.Fatal(err)
	}
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		for _, path := range []string{"/api/v1/flow/procedures/permit/scxml", "/flow/procedures/permit/permit.scxml", "/api/v1/flow/procedures/" + p.Digest + "/scxml"} {
			got := c.get("", path)
			if got.status != http.StatusOK || got.header.Get("Content-Type") != scxml.MediaType || got.header.Get("Content-Disposition") != "attachment; filename=permit.scxml" {
				t.Errorf("%s: %d %v", path, got.status, got.header)
			}
			back, findings := scxml.Read(strings.NewReader(got.body), "permit.scxml")
			if back == nil {
				t.Fatal(findings)
			}
			if d := cmp.Diff(string(want), string(back.Source)); d != "" {
				t.Errorf("%s: read back otherwise: %s", path, d)
			}
		}
		if got := c.get("", "/api/v1/flow/procedures/nothing/scxml"); got.status != http.StatusNotFound {
			t.Errorf("a procedure that is not there: %d", got.status)
		}
	})
}

// TestChartIn: a chart of another tool is checked, tried and opened in the editor.
func TestChartIn(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("scxml/testdata/foreign/light.scxml")
	if err != nil {
		t.Fatal(err)
	}
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		var trial Simulation
		events := []any{map[string]any{"event": "TIMER"}, map[string]any{"event": "TIMER"}, map[string]any{"event": "PED", "data": map[string]any{"n": 1}}}
		got := c.call("", "/api/v1/flow/procedures/simulate", map[string]any{"name": "light.scxml", "text": string(source), "events": events}, &trial)
		if got.status != http.StatusOK {
			t.Fatal(got.status, got.body)
		}
		var active []string
		for _, s := range append([]Simulated{trial.Start}, trial.Steps...) {
			active = append(active, strings.Join(s.Active, " "))
		}
		want := []string{"light.green", "light.yellow", "light.red walk walk.go cars cars.stop", "light.green"}
		if d := cmp.Diff(want, active); d != "" {
			t.Errorf("it goes otherwise: %s%v", d, trial)
		}
		var findings []struct{ Line int }
		body := map[string]any{"name": "x.scxml", "text": "<scxml>\n<state id='a'>\n<script/></state></scxml>"}
		if got := c.call("", "/api/v1/flow/procedures/check", body, &findings); got.status != http.StatusOK || len(findings) != 1 || findings[0].Line != 3 {
			t.Errorf("a script: %d %s, want one finding in line 3", got.status, got.body)
		}
		if got := c.upload("", "/flow/procedures/edit", "light.scxml", string(source)); got.status != http.StatusOK || !strings.Contains(got.body, "schema: yuzhou.procedure/v1") {
			t.Errorf("a chart opened in the editor is not there as YAML: %d %.300s", got.status, got.body)
		}
		written := c.post("", "/flow/procedures/edit", url.Values{"name": {"x.scxml"}, "source": {"<scxml>\n<state id='a'>\n<script/></state></scxml>"}})
		if !strings.Contains(written.body, `<tr data-line="3">`) {
			t.Errorf("a chart written in the editor: %.300s", written.body)
		}
	})
}
