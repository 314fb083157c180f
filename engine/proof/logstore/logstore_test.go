package logstore

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"yuzhou/kernel/fault"
)

// origin is a log of the tests with its keys.
func origin(t *testing.T, dir string) Config {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, "test.example/log")
	if err != nil {
		t.Fatal(err)
	}
	return keyed(t, dir, secret, public)
}

func keyed(t *testing.T, dir, secret, public string) Config {
	t.Helper()
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return Config{Dir: dir, Signer: signer, Verifier: verifier}
}

func open(t *testing.T, c Config) *Log {
	t.Helper()
	l, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func closed(t *testing.T, l *Log) {
	t.Helper()
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// whole reads all entries of a log and holds the published checkpoint against the
// tree that they make, computed by other code (x/mod).
func whole(t *testing.T, c Config, l *Log) []string {
	t.Helper()
	var entries []string
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, n := range at {
			out[i] = hashes[n]
		}
		return out, nil
	})
	roots := []tlog.Hash{{}}
	err := l.Entries(t.Context(), 0, func(i uint64, e []byte) error {
		if i != uint64(len(entries)) {
			t.Fatalf("entry %d comes %d.", i, len(entries))
		}
		more, err := tlog.StoredHashes(int64(i), e, reader)
		if err != nil {
			return err
		}
		hashes, entries = append(hashes, more...), append(entries, string(e))
		root, err := tlog.TreeHash(int64(i)+1, reader)
		roots = append(roots, root)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at, _, _, err := log.ParseCheckpoint(text, c.Signer.Name(), c.Verifier)
	if err != nil {
		t.Fatal(err)
	}
	if at.Size >= uint64(len(roots)) || !bytes.Equal(at.Hash, roots[at.Size][:]) {
		t.Fatalf("the checkpoint of %d entries has another root than its entries give", at.Size)
	}
	return entries
}

// TestLog: what many append at once is there in order, in one tree, and still when
// the log is opened again.
func TestLog(t *testing.T) {
	c := origin(t, filepath.Join(t.TempDir(), "log"))
	l := open(t, c)
	if _, err := l.Checkpoint(t.Context()); err != nil && fault.KindOf(err) != fault.NotFound {
		t.Fatal(err)
	}
	const many, each = 8, 100
	var all sync.Map
	var wait sync.WaitGroup
	for w := range many {
		wait.Go(func() {
			for i := range each {
				e := fmt.Sprintf("%d.%d", w, i)
				at, err := l.Append(t.Context(), []byte(e), []byte(e+"b"))
				if err != nil {
					t.Error(err)
					return
				}
				all.Store(at[0], e)
				all.Store(at[1], e+"b")
			}
		})
	}
	wait.Wait()
	text, err := l.Covered(t.Context(), 2*many*each-1)
	if size, ok := sizeOf(text); err != nil || !ok || size != 2*many*each {
		t.Fatalf("covered by %d, %v", size, err)
	}
	closed(t, l)
	l = open(t, c)
	defer closed(t, l)
	for i, e := range whole(t, c, l) {
		if was, _ := all.Load(uint64(i)); was != e {
			t.Errorf("entry %d is %q, was %v", i, e, was)
		}
	}
	if at, err := l.Append(t.Context(), []byte("more")); err != nil || at[0] != 2*many*each {
		t.Errorf("after it was opened again: %v, %v", at, err)
	}
	if got := whole(t, c, l); len(got) != 2*many*each+1 {
		t.Errorf("%d entries", len(got))
	}
	var late []string
	if err := l.Entries(t.Context(), 2*many*each-1, func(_ uint64, e []byte) error { late = append(late, string(e)); return nil }); err != nil || len(late) != 2 {
		t.Errorf("the last entries: %v, %v", late, err)
	}
}

// TestOpenRefuses: a log that is not what it was is not written to.
func TestOpenRefuses(t *testing.T) {
	c := origin(t, t.TempDir())
	l := open(t, c)
	if _, err := l.Append(t.Context(), []byte("a"), []byte("b")); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	refused := func(name string, c Config, words string) {
		t.Helper()
		if _, err := Open(t.Context(), c); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", name, err)
		}
	}
	older := c
	older.Least = 3
	refused("put back to an older state", older, "has 2 entries; it has had 3")
	gone := older
	gone.Dir = t.TempDir()
	refused("emptied", gone, "is empty")
	other := origin(t, c.Dir)
	refused("another's", other, "not that of")
	text, err := os.ReadFile(filepath.Join(c.Dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "checkpoint"), bytes.Replace(text, []byte("\n2\n"), []byte("\n1\n"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("an altered checkpoint", c, "damaged")
}

func TestAppendRefuses(t *testing.T) {
	l := open(t, origin(t, t.TempDir()))
	defer closed(t, l)
	for name, e := range map[string][]byte{"empty": nil, "too long": make([]byte, Largest+1)} {
		if _, err := l.Append(t.Context(), []byte("good"), e); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n, err := l.Size(t.Context()); err != nil || n != 0 {
		t.Errorf("%d entries were added, %v", n, err)
	}
}

// TestPublic: the files of the log are given out and nothing else of its folder.
func TestPublic(t *testing.T) {
	c := origin(t, t.TempDir())
	l := open(t, c)
	if _, err := l.Append(t.Context(), []byte("a")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Covered(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"} {
		f, err := l.Public(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text, err := io.ReadAll(f); err != nil || len(text) == 0 {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		}
		_ = f.Close()
	}
	for _, name := range []string{"", ".", "..", "tile/../.state/treeState", ".state/treeState", "/etc/passwd", "tile/9/999", "checkpoint/", "tile/\x00"} {
		if f, err := l.Public(name); err == nil {
			_ = f.Close()
			t.Errorf("%q was given out", name)
		}
	}
	closed(t, l)
}

// The environment that makes this test's binary the process that is killed.
const (
	victimDir = "LOGSTORE_TEST_DIR"
	victimKey = "LOGSTORE_TEST_KEY"
)

// TestKilled: whatever was acknowledged is there after kill -9, in a whole tree.
func TestKilled(t *testing.T) {
	if dir := os.Getenv(victimDir); dir != "" {
		secret, public, _ := strings.Cut(os.Getenv(victimKey), " ")
		victim(t, keyed(t, dir, secret, public))
		return
	}
	secret, public, err := note.GenerateKey(rand.Reader, "test.example/log")
	if err != nil {
		t.Fatal(err)
	}
	c := keyed(t, t.TempDir(), secret, public)
	acknowledged := map[uint64]string{}
	const kills = 15
	for k := range kills {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKilled$")
		cmd.Env = append(os.Environ(), victimDir+"="+c.Dir, victimKey+"="+secret+" "+public)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 10+7*k && lines.Scan(); n++ {
			at, e, _ := strings.Cut(lines.Text(), " ")
			i, err := strconv.ParseUint(at, 10, 64)
			if err != nil {
				t.Fatalf("the process says %q", lines.Text())
			}
			acknowledged[i] = e
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
	}
	c.Least = 0
	l := open(t, c)
	defer closed(t, l)
	entries := whole(t, c, l)
	for i, e := range acknowledged {
		if i >= uint64(len(entries)) || entries[i] != e {
			t.Errorf("entry %d, acknowledged as %q, is lost", i, e)
		}
	}
	if len(acknowledged) < 10*kills {
		t.Errorf("only %d entries were acknowledged", len(acknowledged))
	}
}

// victim appends for ever and says what was acknowledged.
func victim(t *testing.T, c Config) {
	t.Helper()
	l := open(t, c)
	for i := 0; ; i++ {
		e := fmt.Sprintf("%d.%d", os.Getpid(), i)
		at, err := l.Append(t.Context(), []byte(e))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("%d %s\n", at[0], e)
	}
}
