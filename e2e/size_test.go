package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

const (
	largestBinary = 90_000_000  // bytes
	largestIdle   = 180_000_000 // bytes of memory: docs/adr/0008-identifiers.md

	restAfter = time.Minute // without a request
)

// TestSize holds the program to what it may weigh: on the disk, and in memory when
// nobody asks it anything.
func TestSize(t *testing.T) {
	info, err := os.Stat(filepath.Join(bin, "yuzhou"))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, t.TempDir())
	fresh := resident(t, s)
	for _, path := range []string{"/", "/plan/cockpit", "/plan/targets/T09", "/indicators/st.hte", "/indicators/map"} {
		if status, _, body := get(t, s.URL+path, "zh-CN"); status != 200 {
			t.Errorf("%s: %d %.200s", path, status, body)
		}
	}
	worked := resident(t, s)
	rested := worked // what draws the charts is given back after a while
	for since := time.Now(); rested > largestIdle && time.Since(since) < restAfter; {
		rested = resident(t, s)
	}
	t.Logf("binary %d bytes; memory %d bytes after the start, %d with charts drawn, %d at rest again", info.Size(), fresh, worked, rested)
	if info.Size() > largestBinary {
		t.Errorf("the binary is %d bytes, may be %d", info.Size(), largestBinary)
	}
	if max(fresh, rested) > largestIdle {
		t.Errorf("idle, it holds %d bytes of memory after the start and %d after some work, may hold %d", fresh, rested, largestIdle)
	}
}

// resident returns how much memory the server holds a second from now.
func resident(t *testing.T, s *server) int64 {
	t.Helper()
	<-time.After(time.Second)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Logf("NOT MEASURED: this system does not tell a process's memory: %v", err)
		return 0
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		t.Fatal("no VmRSS")
	}
	kb, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb * 1024
}
