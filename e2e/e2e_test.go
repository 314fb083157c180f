// Package e2e tests the real binary as people meet it: the command line by scripts,
// the server over HTTP through kills and restarts, and every page in a real browser.
//
// What must hold: nothing here reaches into the program; a test that needs a browser
// skips and says so when YUZHOU_TEST_CHROMIUM does not name one.
package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var bin string // folder of the binary under test

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "yuzhou-e2e")
	if err == nil {
		bin = dir
		build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", filepath.Join(dir, "yuzhou"), "yuzhou/cmd/yuzhou")
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e: the binary does not build:", err)
		os.Exit(1)
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// yuzhou runs one verb, which must succeed, and returns what it prints.
func yuzhou(t *testing.T, args ...string) string {
	t.Helper()
	return yuzhouIn(t, "", args...)
}

// yuzhouIn is yuzhou with standard input.
func yuzhouIn(t *testing.T, in string, args ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "yuzhou"), args...)
	var said strings.Builder
	cmd.Stdin, cmd.Stderr = strings.NewReader(in), &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("yuzhou %s: %v\n%s%s", strings.Join(args, " "), err, out, said.String())
	}
	return string(out)
}

// server is a running yuzhou serve.
type server struct {
	URL            string // "http://127.0.0.1:41234"
	First          string // the first line it printed
	User, Password string // of the owner; Password only on the first start
	Ready          time.Duration

	cmd  *exec.Cmd
	done chan error
	mu   sync.Mutex
	log  strings.Builder // what it wrote to standard error; guarded by mu
}

var greeting = regexp.MustCompile(`(http://[0-9.:]+)\s+sign in as (\S+?),? (?:password (\S+))?`)

// serve starts the server on a free port with its data in dir, and stops it when t
// ends. It fails t when no first line comes within 30 s.
func serve(t *testing.T, dir string) *server {
	t.Helper()
	return start(t, exec.Command(filepath.Join(bin, "yuzhou"), "serve", "--addr", "127.0.0.1:0", "--data", dir))
}

// start is serve with a command line of one's own.
func start(t *testing.T, cmd *exec.Cmd) *server {
	t.Helper()
	s := &server{done: make(chan error, 1), cmd: cmd}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stderr = s
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.kill() })
	first := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		lines.Scan()
		first <- lines.Text()
		for lines.Scan() { // keep the pipe empty
		}
		s.done <- s.cmd.Wait()
	}()
	select {
	case s.First = <-first:
	case <-time.After(30 * time.Second):
		t.Fatalf("no first line within 30 s; it said:\n%s", s.said())
	}
	s.Ready = time.Since(began)
	m := greeting.FindStringSubmatch(s.First)
	if m == nil {
		t.Fatalf("first line %q does not say address and sign-in; it said:\n%s", s.First, s.said())
	}
	s.URL, s.User, s.Password = m[1], m[2], m[3]
	return s
}

// Write keeps what the server logs.
func (s *server) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

func (s *server) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// stop asks the server to end and returns its exit error and how long that took.
func (s *server) stop() (time.Duration, error) {
	start := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	err := <-s.done
	s.done <- err
	return time.Since(start), err
}

// kill ends the server without a word, as a power cut would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	s.done <- <-s.done
}
