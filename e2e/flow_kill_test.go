package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"
)

const (
	flowKills   = 200
	flowSenders = 8 // at the same time
)

// walker opens cases and moves them on, one command after the other, each with a
// key of its own: what is cut off by a kill is sent again under the same key.
type walker struct {
	name string
	n    int    // cases that were begun
	id   string // of the case at hand
	step int    // 0: it is to be opened
	held map[string]int64

	commands int // that were answered
}

// steps of a case after it is opened.
func walkSteps() []string { return []string{"accept", "decide"} }

// caseAnswer is what is read of a case.
type caseAnswer struct {
	ID     string    `json:"id"`
	Number string    `json:"number"`
	Events int64     `json:"events"`
	Closed time.Time `json:"closed"`
	Due    time.Time `json:"due"`
}

// walk sends commands until the line is cut. An answer that says no ends it with
// an error.
func (w *walker) walk(url, token string, answered chan<- struct{}) error {
	for {
		key := fmt.Sprintf("%s-%d-%d", w.name, w.n, w.step)
		path, body := "/api/v1/flow/cases", map[string]any{"procedure": "kill", "unit": "500000", "data": map[string]any{"unit": "500000"}}
		if w.step > 0 {
			path, body = "/api/v1/flow/cases/"+w.id+"/events", map[string]any{"event": walkSteps()[w.step-1]}
		}
		var c caseAnswer
		cut, err := call(url+path, token, key, body, &c)
		if err != nil {
			return fmt.Errorf("%s %v: %w", key, body, err)
		}
		if cut {
			return nil
		}
		w.id, w.held[c.ID] = c.ID, c.Events
		w.commands++
		signal(answered)
		if w.step++; w.step > len(walkSteps()) {
			w.n, w.step = w.n+1, 0
		}
	}
}

// call posts a command; cut is true when no whole answer came.
func call(url, token, key string, body, out any) (cut bool, err error) {
	b, err := json.Marshal(body)
	if err != nil {
		return false, err
	}
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return true, nil
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return true, nil
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return false, fmt.Errorf("%s: %s", resp.Status, text)
	}
	return false, json.Unmarshal(text, out)
}

// TestFlowKill kills the server without warning while cases are opened and moved
// on, again and again: every command that was answered is there once, one that
// was cut off and sent again is there once, the log's hashes hold, every case is
// the replay of its events, and no open case has lost its clock.
func TestFlowKill(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir)
	password := s.Password
	source, err := os.ReadFile("testdata/kill.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if cut, err := call(s.URL+"/api/v1/flow/procedures", signIn(t, s.URL, s.User, password), "", map[string]string{"name": "kill.yaml", "text": string(source)}, &struct{}{}); cut || err != nil {
		t.Fatal(cut, err)
	}
	walkers := make([]*walker, flowSenders)
	for i := range walkers {
		walkers[i] = &walker{name: fmt.Sprint("w", i), held: map[string]int64{}}
	}
	for round := range flowKills {
		token := signIn(t, s.URL, s.User, password)
		var all sync.WaitGroup
		answered := make(chan struct{}, 1)
		for _, w := range walkers {
			all.Go(func() {
				if err := w.walk(s.URL, token, answered); err != nil {
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		moment(round, 60*time.Millisecond, answered)
		s.kill()
		all.Wait()
		s = serve(t, dir)
		if t.Failed() {
			return
		}
	}
	compare(t, s, signIn(t, s.URL, s.User, password), walkers)
	if took, err := s.stop(); err != nil {
		t.Errorf("it stops after %v with %v\n%s", took, err, s.said())
	}
}

// compare looks whether everything that was answered is there, and nothing twice.
func compare(t *testing.T, s *server, token string, walkers []*walker) {
	t.Helper()
	read := func(path string, out any) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, s.URL+"/api/v1"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close() //nolint:errcheck // read only
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(path, resp.Status, err)
		}
	}
	var audit struct{ Broken string }
	if read("/flow/audit", &audit); audit.Broken != "" {
		t.Error(audit.Broken)
	}
	have := map[string]caseAnswer{}
	numbers := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Items []caseAnswer
			Next  string
		}
		read("/flow/cases?limit=1000&procedure=kill&cursor="+cursor, &page)
		for _, c := range page.Items {
			have[c.ID], numbers[c.Number] = c, true
			if c.Closed.IsZero() == c.Due.IsZero() {
				t.Errorf("case %s: closed %v, due %v: an open case has a due, a closed one has none", c.Number, c.Closed, c.Due)
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	begun, answered, commands := 0, 0, 0
	for _, w := range walkers {
		commands += w.commands
		begun += w.n + 1 // the one at hand may have been opened without an answer
		for id, events := range w.held {
			answered++
			if have[id].Events < events {
				t.Errorf("case %s had %d events when that was answered, and has %d", id, events, have[id].Events)
			}
		}
	}
	if len(have) < answered || len(have) > begun || len(numbers) != len(have) {
		t.Errorf("%d cases with %d numbers; %d were answered, %d begun", len(have), len(numbers), answered, begun)
	}
	if commands < flowKills/2 {
		t.Errorf("%d commands were answered through %d kills: too few to say anything", commands, flowKills)
	}
	t.Logf("%d commands on %d cases through %d kills", commands, answered, flowKills)
}
