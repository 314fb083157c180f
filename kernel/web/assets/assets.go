// Package assets holds the files that pages are made with: vendored libraries
// and our own stylesheet, script and icon, all embedded.
//
// What must hold: an address names its content, so that it can be cached for
// ever; nothing is loaded from another server; vendored files are those of
// manifest.txt, with their licences beside them (tools/assets refreshes them).
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed vendor own
var files embed.FS

// asset is one file, ready to be sent.
type asset struct {
	name, kind  string // as asked for: yuzhou.css; media type
	url         string
	raw, zipped []byte // raw is nil for files embedded compressed
}

// all reads the embedded files once: by name and by address.
var all = sync.OnceValues(func() (map[string]*asset, map[string]*asset) { //nolint:gochecknoglobals // read once, never written
	byName, byURL := map[string]*asset{}, map[string]*asset{}
	_ = fs.WalkDir(files, ".", func(p string, d fs.DirEntry, err error) error { // an embedded tree cannot fail
		if err != nil || d.IsDir() || !served(p) {
			return err
		}
		a := load(p)
		byName[a.name], byURL[a.url] = a, a
		return nil
	})
	return byName, byURL
})

// served reports whether a file is for browsers: code and pictures, no licences.
func served(p string) bool {
	switch path.Ext(strings.TrimSuffix(p, ".gz")) {
	case ".css", ".js", ".svg", ".woff2", ".png", ".wasm":
		return true
	}
	return false
}

func load(p string) *asset {
	content, err := files.ReadFile(p)
	if err != nil {
		return &asset{name: p} // cannot happen: the walk has just seen it
	}
	name := path.Base(p)
	a := &asset{name: strings.TrimSuffix(name, ".gz")}
	sum := sha256.Sum256(content)
	ext := path.Ext(a.name)
	a.kind = mime.TypeByExtension(ext)
	a.url = "/assets/" + strings.TrimSuffix(a.name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	if strings.HasSuffix(name, ".gz") {
		a.zipped = content
		return a
	}
	a.raw = content
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err == nil && z.Close() == nil {
		a.zipped = b.Bytes()
	}
	return a
}

// URL returns the address of an asset by its file name, such as "yuzhou.css". An
// unknown name gives an address that answers 404, which the pages' tests find.
func URL(name string) string {
	byName, _ := all()
	if a, ok := byName[name]; ok {
		return a.url
	}
	return "/assets/" + name
}

// Read returns the content of an asset by its file name; fs.ErrNotExist for none.
func Read(name string) ([]byte, error) {
	byName, _ := all()
	a, ok := byName[name]
	switch {
	case !ok:
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	case a.raw != nil:
		return a.raw, nil
	}
	return unzip(a.zipped)
}

func unzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// Handler serves the assets under /assets/, compressed where the client takes it.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, byURL := all()
		a, ok := byURL[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		body, h := a.zipped, w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("ETag", `"`+path.Base(a.url)+`"`)
		h.Add("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
		} else if a.raw != nil {
			body = a.raw
		} else {
			var err error
			if body, err = unzip(a.zipped); err != nil {
				http.Error(w, "internal error", http.StatusInternalServerError)
				return
			}
		}
		_, _ = w.Write(body) // the client may be gone
	})
}
