package assets

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// TestManifest: every vendored file is listed with its digest, and nothing else is.
func TestManifest(t *testing.T) {
	file, err := os.Open("manifest.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // read only
	listed := map[string]string{}
	for s := bufio.NewScanner(file); s.Scan(); {
		line := strings.Fields(s.Text())
		if len(line) == 0 || line[0] == "#" {
			continue
		}
		listed[line[1]] = line[0]
	}
	err = fs.WalkDir(files, "vendor", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := files.ReadFile(p)
		sum := sha256.Sum256(content)
		if got := hex.EncodeToString(sum[:]); listed[p] != got {
			t.Errorf("manifest.txt should hold:\n%s  %s", got, p)
		}
		delete(listed, p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for p := range listed {
		t.Errorf("manifest.txt lists %s, which is not there", p)
	}
}

func TestHandler(t *testing.T) {
	for _, tt := range []struct {
		name, url, accept string
		status            int
		encoding          string
	}{
		{"compressed", URL("tabler.min.css"), "gzip, br", http.StatusOK, "gzip"},
		{"plain for a client without gzip", URL("tabler.min.css"), "", http.StatusOK, ""},
		{"our own", URL("yuzhou.css"), "", http.StatusOK, ""},
		{"an old address", "/assets/yuzhou.000000000000.css", "gzip", http.StatusNotFound, ""},
		{"no licence is served", "/assets/LICENSE", "gzip", http.StatusNotFound, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.url, nil)
			r.Header.Set("Accept-Encoding", tt.accept)
			w := httptest.NewRecorder()
			Handler().ServeHTTP(w, r)
			if w.Code != tt.status || w.Header().Get("Content-Encoding") != tt.encoding {
				t.Errorf("%s: %d %q", tt.url, w.Code, w.Header().Get("Content-Encoding"))
			}
			if w.Code == http.StatusOK && !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
				t.Errorf("%s may not be cached: %v", tt.url, w.Header())
			}
		})
	}
}

func TestRead(t *testing.T) {
	b, err := Read("echarts.min.js")
	if err != nil || !strings.Contains(string(b[:2000]), "Apache") {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := Read("none.js"); err == nil {
		t.Error("a file that is not there was read")
	}
}
