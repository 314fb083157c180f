package blob_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yuzhou/kernel/blob"
	"yuzhou/kernel/fault"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	files := blob.Files{Dir: filepath.Join(t.TempDir(), "blobs")}
	name, size, err := files.Put(t.Context(), strings.NewReader("渝州"), 6)
	if err != nil || size != 6 {
		t.Fatal(name, size, err)
	}
	again, _, err := files.Put(t.Context(), strings.NewReader("渝州"), 100)
	if err != nil || again != name {
		t.Errorf("the same bytes got another name: %s, %v", again, err)
	}
	r, err := files.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil || string(b) != "渝州" {
		t.Errorf("got %q, %v", b, err)
	}
	left, err := filepath.Glob(filepath.Join(files.Dir, "new-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestFilesRefuse(t *testing.T) {
	t.Parallel()
	files := blob.Files{Dir: t.TempDir()}
	if _, _, err := files.Put(t.Context(), strings.NewReader("too long"), 7); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a file over the limit: %v", err)
	}
	for name, want := range map[string]fault.Kind{"../../etc/passwd": fault.Invalid, strings.Repeat("0", 64): fault.NotFound} {
		if _, err := files.Get(t.Context(), name); fault.KindOf(err) != want {
			t.Errorf("Get(%q): %v, want %v", name, err, want)
		}
	}
	name, _, err := files.Put(t.Context(), strings.NewReader("as it was"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(files.Dir, name[:2], name), []byte("as it is"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := files.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // of a read
	if _, err := io.ReadAll(r); err == nil {
		t.Error("a file that has changed on disk was read without a word")
	}
}
