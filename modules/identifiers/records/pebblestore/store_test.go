package pebblestore_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/pebblestore"
	"yuzhou/modules/identifiers/records/recordstest"
)

const child = "YUZHOU_TEST_RECORDS_CHILD"

func open(tb testing.TB, dir string, o pebblestore.Options) *pebblestore.Store {
	tb.Helper()
	if o.Now == nil {
		o.Now = (&recordstest.Clock{}).Now
	}
	if o.Reserve == 0 {
		o.Reserve = 1
	}
	s, err := pebblestore.Open(tb.Context(), dir, o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	recordstest.Run(t, func(t *testing.T, now func() time.Time) records.Store {
		t.Helper()
		return open(t, t.TempDir(), pebblestore.Options{Now: now})
	})
}

func put(name string, n int) records.Batch {
	return records.Batch{Key: name, Items: []records.Item{{Op: records.Put, Record: recordstest.Record(name, n)}, {Op: records.Put, Record: recordstest.Record(name+"-twin", n)}}}
}

func TestLockAndCheckpoint(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, pebblestore.Options{})
	if _, err := pebblestore.Open(t.Context(), dir, pebblestore.Options{Now: time.Now}); !errors.Is(err, fault.Busy) {
		t.Error("a directory that is in use:", err)
	}
	if err := s.Load(t.Context(), recordstest.Stream(0, 500), records.LoadOptions{Key: "f", Chunk: 200}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(t.Context(), put("88.1/x-7", 1)); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	want, err := recordstest.All(t.Context(), s)
	if err := errors.Join(err, s.Checkpoint(t.Context(), copied)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(t.Context(), put("88.1/later", 1)); err != nil {
		t.Fatal(err)
	}
	restored := open(t, copied, pebblestore.Options{})
	got, err := recordstest.All(t.Context(), restored)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if err := errors.Join(s.Close(), restored.Close()); err != nil {
		t.Error(err)
	}
}

// full is a disk that says how much is free.
type full struct {
	vfs.FS
	free uint64
}

func (f *full) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: f.free}, nil
}

func TestDiskFull(t *testing.T) {
	disk := &full{vfs.NewMem(), 1000}
	s := open(t, "d", pebblestore.Options{FS: disk, Reserve: 100})
	for _, tt := range []struct {
		free uint64
		name string
		want error
	}{{1000, "88.1/a", nil}, {99, "88.1/b", fault.Busy}, {100, "88.1/b", nil}} {
		disk.free = tt.free
		if _, err := s.Apply(t.Context(), put(tt.name, 1)); !errors.Is(err, tt.want) {
			t.Errorf("%d bytes free: %v, want %v", tt.free, err, tt.want)
		}
		if _, err := s.Get(t.Context(), "88.1/A", time.Time{}); err != nil {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestMain lets the tests start this program as one that writes until it is killed, and
// says what was acknowledged.
func TestMain(m *testing.M) {
	if os.Getenv(child) == "" {
		os.Exit(m.Run())
	}
	if err := run(os.Getenv(child), os.Args[len(os.Args)-1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestKill(t *testing.T) {
	for _, how := range []string{"apply", "load"} {
		t.Run(how, func(t *testing.T) {
			dir, acknowledged := t.TempDir(), 0
			for round := range 3 {
				acknowledged = killed(t, dir, how, acknowledged+20+7*round)
				s := open(t, dir, pebblestore.Options{})
				check(t, s, how, acknowledged)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// killed runs a writer until it has acknowledged so many, kills it, and returns the last.
func killed(t *testing.T, dir, how string, upTo int) int {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], how)
	c.Env = append(os.Environ(), child+"="+dir)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err := errors.Join(err, c.Start()); err != nil {
		t.Fatal(err)
	}
	last := -1
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		if last = max(last, n); n == upTo {
			_ = c.Process.Kill()
		}
	}
	if err := c.Wait(); err == nil || last < upTo {
		t.Fatal("the writer ended by itself:", err, last)
	}
	return last
}

// check compares what is there with what was acknowledged.
func check(t *testing.T, s *pebblestore.Store, how string, acknowledged int) {
	t.Helper()
	names := map[string]bool{}
	err := s.Scan(t.Context(), records.Range{}, func(v records.Version) error { names[string(v.Record.Name)] = true; return nil })
	if err != nil {
		t.Fatal(err)
	}
	for i := range acknowledged + 1 {
		if !names[name(how, i)] || !names[name(how, i)+"-twin"] {
			t.Fatalf("%s was acknowledged and is not whole", name(how, i))
		}
	}
	for n := range names {
		if twin := n + "-twin"; len(n) < 5 || n[len(n)-5:] != "-twin" {
			if !names[twin] {
				t.Errorf("%s is there without its twin", n)
			}
		}
	}
	if got, err := recordstest.All(t.Context(), s); err != nil || len(got) != 2*len(names) || s.Seq() != uint64(len(names)) {
		t.Error("changes and records:", len(got), len(names), s.Seq(), err)
	}
}

func name(how string, i int) string { return fmt.Sprintf("88.1/%s-%d", how, i) }
