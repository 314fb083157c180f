package e2e

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	_ "modernc.org/sqlite"
)

// gap is a derived number of the pack: it rests on a published number and on a target.
const gap = "88.500.1/st.hte.gap2027/500000/2023-06-30"

// proved waits until everything that the cockpit shows is proved.
func proved(t *testing.T, s *server) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		_, _, page := get(t, fmt.Sprintf("%s/indicators/st.hte.gap2027/500000/2023-06-30?x=%d", s.URL, time.Now().UnixNano()), "en")
		if strings.Contains(page, "proof-proved") && !strings.Contains(page, "proof-waiting") && !strings.Contains(page, "proof-unstated") {
			return
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("not proved after 20 s; the server said:\n%s", s.said())
		}
	}
}

// stranger runs a verb in a folder with nothing of ours, and returns its exit status.
func stranger(t *testing.T, dir string, args ...string) (status int, says string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "yuzhou"), args...)
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "PATH=/nonexistent"}
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// TestEvidence: any number is carried to a machine without the product's data and verified
// there, by the command and in the browser; and one source row that is changed is named
// with all that no longer agrees.
func TestEvidence(t *testing.T) {
	data, elsewhere := t.TempDir(), t.TempDir()
	s := serve(t, data)
	proved(t, s)
	file, policy := filepath.Join(elsewhere, "gap.bundle"), filepath.Join(elsewhere, "city.policy")
	yuzhou(t, "proof", "bundle", gap, "-o", file, "--server", s.URL)
	if err := os.WriteFile(policy, []byte(yuzhou(t, "proof", "policy", "--server", s.URL)), 0o600); err != nil {
		t.Fatal(err)
	}
	status, says := stranger(t, elsewhere, "verify", file, "--policy", policy, "--replay", "--json")
	var report struct {
		OK       bool
		Replayed string
	}
	if err := json.Unmarshal([]byte(says), &report); err != nil || status != 0 || !report.OK || report.Replayed != "~6299" {
		t.Fatalf("exit %d, %v: %s", status, err, says)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".changed", []byte(strings.Replace(string(text), `"value":"6401"`, `"value":"6402"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, says := stranger(t, elsewhere, "verify", file+".changed", "--policy", policy); status != 1 || !strings.Contains(says, "It does not hold: 88.500.1/st.hte/500000/2023-06-30@1") {
		t.Errorf("a changed input: exit %d: %s", status, says)
	}
	if left, err := os.ReadDir(elsewhere); err != nil || len(left) != 3 {
		t.Errorf("verifying has left files: %v, %v", left, err)
	}
	if status, says := stranger(t, elsewhere, "proof", "monitor", "--log", s.URL+"/log", "--trust", policy, "--once"); status != 0 || says != "" {
		t.Errorf("the monitor of an honest log: exit %d: %s", status, says)
	}
	inBrowser(t, s)
	altered(t, s, data)
	if status, says := stranger(t, elsewhere, "verify", file, "--policy", policy, "--replay"); status != 0 {
		t.Errorf("what was published before no longer verifies: %s", says)
	}
}

// inBrowser verifies on the page, in both languages, and walks from a number to its proof.
func inBrowser(t *testing.T, s *server) {
	t.Helper()
	b := newBrowser(t, s)
	for lang, holds := range map[string]string{"zh-CN": "成立", "en": "It holds"} {
		b.do(t, "the page", chromedp.Navigate(s.URL+"/verify?name="+gap+"&lang="+lang))
		b.do(t, "verify", chromedp.Click(chromedp.CSS(`input[name="replay"]`)), chromedp.Click(chromedp.CSS(`#verify button`)))
		for began := time.Now(); !strings.Contains(text(b), holds); time.Sleep(100 * time.Millisecond) {
			if time.Since(began) > patience {
				t.Fatalf("it does not say %q: %s", holds, text(b))
			}
		}
		if said := text(b); !strings.Contains(said, "~6299") {
			t.Errorf("the value is missing: %s", said)
		}
	}
	b.do(t, "a number", chromedp.Navigate(s.URL+"/indicators/st.hte/500000/2023-06-30?lang=en"))
	b.follow(t, "its proof", chromedp.Click(chromedp.CSS(`main td a.proof-proved`)))
	if said := text(b); !strings.Contains(said, "Stated, in the log, and the data agree.") || !strings.Contains(said, "No independent witness") {
		t.Errorf("its proof says %s", said)
	}
	for _, c := range b.heard() {
		t.Error(c)
	}
}

// altered changes a source row behind the product's back.
func altered(t *testing.T, s *server, data string) {
	t.Helper()
	if _, err := s.stop(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(data, "yuzhou.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `UPDATE indicators_observation SET value = '6400' WHERE indicator = 'st.hte' AND unit = '500000' AND period = '2023-06-30'`)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	status, says := stranger(t, data, "proof", "audit", "--data", data)
	for _, want := range []string{
		"altered   88.500.1/st.hte/500000/2023-06-30@1 was stated as 6401 家; the data say 6400 家 now", gap + "@1", "/plan/targets/T09", "/indicators/st.hte/500000/2023-06-30",
	} {
		if status != 1 || !strings.Contains(says, want) {
			t.Errorf("exit %d, the audit does not say %q:\n%s", status, want, says)
		}
	}
	again := serve(t, data)
	_, _, page := get(t, again.URL+"/indicators/st.hte/500000/2023-06-30", "en")
	if !strings.Contains(page, "proof-altered") {
		t.Error("the number's page does not say that it was altered")
	}
	if _, _, page := get(t, again.URL+"/proof/of/88.500.1/st.hte/500000/2023-06-30@1", "en"); !strings.Contains(page, "The data say 6400 家 now.") {
		t.Error("the page of its proof does not say what the data say now")
	}
}

// TestTwoNodes: one node cosigns the other's checkpoints, and a bundle then has an
// independent witness.
func TestTwoNodes(t *testing.T) {
	first, second, elsewhere := t.TempDir(), t.TempDir(), t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		name = filepath.Join(elsewhere, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	a := serve(t, first)
	password := a.Password
	proved(t, a)
	logLine, _, _ := strings.Cut(yuzhou(t, "proof", "policy", "--server", a.URL), "\n")
	if _, err := a.stop(); err != nil {
		t.Fatal(err)
	}
	b := start(t, exec.Command(filepath.Join(bin, "yuzhou"), "serve", "--addr", "127.0.0.1:0", "--data", second, "--watched", write("watched", logLine+"\n")))
	witness := strings.TrimSpace(yuzhou(t, "proof", "witness", "--server", b.URL))
	witness = strings.Replace(witness, "witness 88.500.1/witness ", "witness neighbour ", 1)
	witness = strings.Replace(witness, " URL", " "+b.URL, 1)
	a = start(t, exec.Command(filepath.Join(bin, "yuzhou"), "serve", "--addr", "127.0.0.1:0", "--data", first, "--policy", write("policy", witness+"\nquorum neighbour\n")))
	yuzhou(t, "proof", "rotate", "500000", "--server", a.URL, "--token", signIn(t, a.URL, a.User, password))
	trusted := write("city.policy", yuzhou(t, "proof", "policy", "--server", a.URL))
	file := filepath.Join(elsewhere, "key.bundle")
	var says string
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		yuzhou(t, "proof", "bundle", "500000#k2", "-o", file, "--server", a.URL)
		var status int
		if status, says = stranger(t, elsewhere, "verify", file, "--policy", trusted, "--json"); status == 0 {
			break
		}
		if time.Since(began) > 15*time.Second {
			t.Fatalf("no cosignature after 15 s: %s\n%s\n%s", says, a.said(), b.said())
		}
	}
	if !strings.Contains(says, `"independent": true`) || !strings.Contains(says, `"witness": "neighbour"`) {
		t.Error(says)
	}
	more := write("more.policy", strings.Replace(yuzhou(t, "proof", "policy", "--server", a.URL), "quorum neighbour",
		"witness other other.example.org+2ef8ae0d+BKCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCw\ngroup both all neighbour other\nquorum both", 1))
	if status, says := stranger(t, elsewhere, "verify", file, "--policy", more); status == 0 {
		t.Errorf("one of two witnesses is enough: %s", says)
	}
}
