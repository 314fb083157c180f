package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRedLight: a light turns red within a second of its due, and a due that passes
// while the program does not run is noticed when it does. The city is the story's,
// whose clock is put to three seconds before the end of the whole directive's limit.
func TestRedLight(t *testing.T) {
	dir := t.TempDir()
	told, err := exec.Command(filepath.Join(bin, "yuzhou"), "story", "--data", dir, "--addr", "127.0.0.1:0", "--exit").Output()
	if err != nil {
		t.Fatal(err)
	}
	password := ""
	for line := range strings.SplitSeq(string(told), "\n") {
		if m := castLine.FindStringSubmatch(line); m != nil && m[1] == "kjj" {
			password = m[2]
		}
	}
	put := func(at string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "clock"), []byte(at+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	light := func(s *server) func() string {
		kjj := clerkOf{t, s.URL, signIn(t, s.URL, "kjj", password)}
		return func() string {
			var box struct {
				Items []struct{ Case struct{ Light string } }
			}
			kjj.must(http.MethodGet, "/flow/inbox", nil, &box)
			if len(box.Items) == 0 {
				t.Fatal("nothing waits for kjj")
			}
			return box.Items[0].Case.Light
		}
	}
	last := strings.TrimSpace(yuzhou(t, "flow", "due", "--start", "2025-01-06", "--working-days", "60", "--data", dir)) // opened again on 6 January
	put(last + "T23:59:57+08:00")
	began := time.Now()
	s := serve(t, dir)
	running := time.Now() // the clock was read between began and now
	now := light(s)
	if got := now(); got == "red" {
		t.Fatal("red before its due")
	}
	for now() != "red" {
		if time.Since(running) > 3*time.Second+time.Second {
			t.Fatalf("not red %v after the start; its due was 3 s after it", time.Since(running))
		}
		time.Sleep(20 * time.Millisecond)
	}
	if took := time.Since(began); took < 3*time.Second {
		t.Errorf("red %v after the start, before its due", took)
	}
	if _, err := s.stop(); err != nil {
		t.Fatal(err)
	}
	put("2025-12-01T09:00:00+08:00") // the program did not run for months
	s = serve(t, dir)
	now = light(s)
	for late := time.Now(); now() != "red"; time.Sleep(20 * time.Millisecond) {
		if time.Since(late) > time.Second {
			t.Fatalf("%s a second after the start, months past its due", now())
		}
	}
}
