package e2e

import (
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	kills     = 20
	importers = 4  // at the same time
	filled    = 60 // rows of one file
	base      = 10_000
)

// wave is what comes in between two kills.
type wave struct {
	url, token string
	answered   chan struct{} // has room for one: something was answered

	mu      sync.Mutex   // guards what follows
	next    int          // number of the next file
	done    map[int]bool // files whose import was acknowledged
	refused error        // an answer that is neither yes nor a cut line
}

// send imports file after file until the line is cut.
func (w *wave) send() {
	for {
		w.mu.Lock()
		w.next++
		n := w.next
		w.mu.Unlock()
		status, answer, err := post(w.url, w.token, rowsOf(n, filled))
		w.mu.Lock()
		switch {
		case err != nil: // killed
		case status == http.StatusOK:
			w.done[n] = true
			signal(w.answered)
		default:
			w.refused = fmt.Errorf("import answers %d %s", status, answer)
			err = w.refused
		}
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// signal says on a channel with room for one that something was answered.
func signal(answered chan<- struct{}) {
	select {
	case answered <- struct{}{}:
	default:
	}
}

// moment is when to kill: at any moment within most in an even round; in an odd one
// just after an answer, however slow the machine is.
func moment(round int, most time.Duration, answered <-chan struct{}) time.Duration {
	began := time.Now()
	if round%2 == 1 {
		most /= 10
		select {
		case <-answered:
		case <-time.After(time.Minute):
		}
	}
	<-time.After(rand.N(most) + time.Millisecond)
	return time.Since(began)
}

// TestKill kills the server without warning while files come in from several sides,
// again and again: after the next start every acknowledged file is there whole, and
// no other file is there in part.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir)
	password := s.Password
	done, next := map[int]bool{}, 0
	for round := range kills {
		w := &wave{url: s.URL, token: signIn(t, s.URL, s.User, password), answered: make(chan struct{}, 1), next: next, done: done}
		var all sync.WaitGroup
		for range importers {
			all.Go(w.send)
		}
		after := moment(round, 500*time.Millisecond, w.answered)
		s.kill()
		all.Wait()
		next = w.next
		if w.refused != nil {
			t.Fatalf("round %d: %v", round, w.refused)
		}
		s = serve(t, dir)
		have := held(t, dir)
		for n, rows := range have {
			if rows != filled {
				t.Errorf("round %d, killed after %v: %d rows of file %d are there, want %d or none", round, after, rows, n, filled)
			}
		}
		for n := range done {
			if have[n] == 0 {
				t.Errorf("round %d, killed after %v: file %d was acknowledged and is lost", round, after, n)
			}
		}
		if t.Failed() {
			return
		}
	}
	if found := yuzhou(t, "proof", "audit", "--data", dir); !strings.Contains(found, " 0 findings") {
		t.Errorf("after %d kills the evidence does not agree with the data: %s", kills, found)
	}
	if len(done) < kills/2 {
		t.Errorf("%d files were acknowledged in %d rounds: too few to say anything", len(done), kills)
	}
	t.Logf("%d of %d files acknowledged through %d kills", len(done), next, kills)
}

// TestFullDisk imports into a folder that has no room left: the answer says so, what
// was held stays, and the server goes on.
func TestFullDisk(t *testing.T) {
	tests := []struct {
		name   string
		script string // starts "$0" "$@" where a file can grow by a few MB only
		status int
		says   string
	}{
		{
			"a small device", `mount -t tmpfs -o size=16m none "$DIR" && exec "$0" "$@"`,
			http.StatusServiceUnavailable, "the disk is full: nothing was changed",
		},
		// The signal of the limit is ignored: the write fails instead, as by a quota.
		{"a limit on the size of files", `trap '' XFSZ; ulimit -f 10000; exec "$0" "$@"`, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shell := []string{"sh", "-c", tt.script}
			if strings.HasPrefix(tt.script, "mount") {
				shell = append([]string{"unshare", "-rm"}, shell...) // a device that only the server sees
				if err := exec.Command("unshare", "-rm", "true").Run(); err != nil {
					t.Logf("NOT TESTED: this system lets nobody mount a device: %v", err)
					return
				}
			}
			dir := t.TempDir()
			shell = append(shell, filepath.Join(bin, "yuzhou"), "serve", "--addr", "127.0.0.1:0", "--data", dir)
			cmd := exec.Command(shell[0], shell[1:]...)
			cmd.Env = append(os.Environ(), "DIR="+dir)
			s := start(t, cmd)
			token := signIn(t, s.URL, s.User, s.Password)
			status, answer, err := post(s.URL, token, rowsOf(1, 40_000))
			if err != nil || status < 400 || tt.status != 0 && status != tt.status || !strings.Contains(answer, tt.says) {
				t.Errorf("import on a full disk: %d %v %.400s, want %d %s", status, err, answer, tt.status, tt.says)
			}
			// A small file is kept; whether there is room for its proof as well, it says.
			status, answer, err = post(s.URL, token, rowsOf(2, 10))
			if err != nil || status != http.StatusOK && !strings.Contains(answer, "recorded; its proof could not be written") {
				t.Errorf("a small import afterwards: %d %v %.400s\n%s", status, err, answer, s.said())
			}
			status, _, body := get(t, s.URL+"/api/v1/indicators/export.csv?indicator=st.hte&history=true", "")
			if have := count(t, body); status != http.StatusOK || have[1] != 0 || have[2] != 10 {
				t.Errorf("%d; %d rows of the file that did not fit, %d of 10 of the one that did", status, have[1], have[2])
			}
			if took, err := s.stop(); err != nil {
				t.Errorf("it stops after %v with %v\n%s", took, err, s.said())
			}
		})
	}
}

// held returns how many rows of each file are in the data, by the file's number.
func held(t *testing.T, dir string) map[int]int {
	t.Helper()
	return count(t, yuzhou(t, "indicators", "export", "st.hte", "--history", "--data", dir))
}

// count is held for an export that is at hand.
func count(t *testing.T, export string) map[int]int {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(export)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]int{}
	for _, row := range rows[1:] {
		if n, err := strconv.Atoi(row[3]); err == nil && n > base && row[4] == "家" {
			out[n-base]++
		}
	}
	return out
}

// rowsOf returns file number n: as many days of districts, each with the value that
// tells the file. No two files hold the same number of the same day.
func rowsOf(n, count int) string {
	const days = 6000 // since 2004
	var out strings.Builder
	out.WriteString("indicator,unit,period,value,measure,status\n")
	first := time.Date(2004, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range count {
		place := n*count + i
		day := first.AddDate(0, 0, place%days)
		fmt.Fprintf(&out, "st.hte,%d,%s,%d,家,reported\n", 500101+place/days%20, day.Format(time.DateOnly), base+n)
	}
	return out.String()
}

// post sends a file to be imported. The error is the line's.
func post(url, token, file string) (int, string, error) {
	req, err := http.NewRequest(http.MethodPost, url+"/api/v1/indicators/import?name=made.csv", strings.NewReader(file))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "text/csv")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}
