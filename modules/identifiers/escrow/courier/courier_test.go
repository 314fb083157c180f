package courier

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/sftp"

	"yuzhou/kernel/fault"
)

// depository starts one on the loopback for depositor 88.500 with key.
func depository(t *testing.T, dir string, key ed25519.PrivateKey) (addr, host string) {
	t.Helper()
	_, own, _ := ed25519.GenerateKey(rand.Reader)
	known, err := Line(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	host, err = Line(own.Public())
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	d := Depository{
		Key: own, Log: slog.New(slog.DiscardHandler), Space: 1 << 20,
		Allowed: func(_ context.Context, name, key string) bool { return name == "88.500" && key == known },
		Folder: func(name string) (*os.Root, error) {
			if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
				return nil, err
			}
			return os.OpenRoot(filepath.Join(dir, name))
		},
	}
	go func() { ended <- d.Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String(), host
}

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestSend: files arrive whole, once, and an upload that was cut goes on where it ended.
func TestSend(t *testing.T) {
	there, here := t.TempDir(), t.TempDir()
	key := newKey(t)
	addr, host := depository(t, there, key)
	big := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	for name, text := range map[string][]byte{"a.escrow": big, "a.xml": []byte("<manifest/>")} {
		if err := os.WriteFile(filepath.Join(here, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	own := filepath.Join(there, "88.500")
	if err := os.MkdirAll(own, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(own, "a.escrow.part"), big[:100_000], 0o600); err != nil { // cut before
		t.Fatal(err)
	}
	c := Courier{Addr: addr, Name: "88.500", Key: key, HostKey: host}
	for range 2 {
		if err := c.Send(t.Context(), os.DirFS(here), "a.escrow", "a.xml"); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string][]byte{"a.escrow": big, "a.xml": []byte("<manifest/>")} {
		if got, err := os.ReadFile(filepath.Join(own, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes, %v", name, len(got), err)
		}
	}
	if err := os.WriteFile(filepath.Join(here, "a.xml"), []byte("<other/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), os.DirFS(here), "a.xml"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("another file by the same name: %v", err)
	}
}

// TestRefused: nobody deposits under the name of another, with another key, or with a
// depository that is another one.
func TestRefused(t *testing.T) {
	key := newKey(t)
	addr, host := depository(t, t.TempDir(), key)
	other, err := Line(newKey(t).Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Courier{
		"another name":       {Addr: addr, Name: "88.501", Key: key, HostKey: host},
		"another key":        {Addr: addr, Name: "88.500", Key: newKey(t), HostKey: host},
		"another depository": {Addr: addr, Name: "88.500", Key: key, HostKey: other},
		"nobody there":       {Addr: "127.0.0.1:1", Name: "88.500", Key: key, HostKey: host},
	} {
		if err := c.Send(t.Context(), os.DirFS(t.TempDir()), "x"); fault.KindOf(err) != fault.Busy || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFolder: a depositor cannot leave its folder, change what is complete, or fill the
// disk.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // a folder
	if err := os.WriteFile(filepath.Join(dir, "done.escrow"), []byte("whole"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &folder{root: root, space: 1000}
	for _, p := range []string{"done.escrow", "/done.escrow", "../x.part", "/a/b.part", ".part", "x", "../../etc/passwd", "x\x00.part", strings.Repeat("a", 300) + ".part"} {
		w, err := f.Filewrite(&sftp.Request{Filepath: p})
		if err == nil && !strings.HasSuffix(p, "x.part") { // a path is taken below the folder
			t.Errorf("%q can be written", p)
		}
		if c, ok := w.(*os.File); ok && err == nil {
			_ = c.Close()
		}
	}
	for _, r := range []*sftp.Request{
		{Method: "Remove", Filepath: "done.escrow"},
		{Method: "Rename", Filepath: "done.escrow", Target: "other"},
		{Method: "Rename", Filepath: "done.escrow.part", Target: "../done"},
		{Method: "Symlink", Filepath: "x.part", Target: "/etc/passwd"},
		{Method: "Mkdir", Filepath: "x"},
	} {
		if err := f.Filecmd(r); err == nil {
			t.Errorf("%s of %s is done", r.Method, r.Filepath)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "big.part"), make([]byte, 2000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Filewrite(&sftp.Request{Filepath: "more.part"}); err == nil {
		t.Error("there is room without end")
	}
}
