package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFresh: the verifier that browsers get is made from the sources as they are.
func TestFresh(t *testing.T) {
	top, err := root()
	if err != nil {
		t.Fatal(err)
	}
	want, err := digest(top)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(top, assets, "verify.wasm.sources"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(got)) != want {
		t.Error("the verifier in the browser is older than its sources; run go run ./cmd/browser/build")
	}
}
