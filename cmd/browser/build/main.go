// Command build compiles the verifier of the page /verify to WebAssembly and puts it
// among the assets, with the digest of the sources that it was made from: the test of
// this folder fails when they have changed since.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func build() error {
	top, err := root()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "browser")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) //nolint:errcheck // a temporary folder
	out := filepath.Join(work, "verify.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", out, "./cmd/browser") //nolint:gosec,noctx // our own words
	cmd.Dir, cmd.Stderr = top, os.Stderr
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if err := cmd.Run(); err != nil {
		return err
	}
	wasm, err := os.ReadFile(out) //nolint:gosec // just made
	if err != nil {
		return err
	}
	var zipped bytes.Buffer
	z, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(wasm); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output() //nolint:noctx // at once
	if err != nil {
		return err
	}
	glue, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	sum, err := digest(top)
	if err != nil {
		return err
	}
	for name, body := range map[string][]byte{"verify.wasm.gz": zipped.Bytes(), "wasm_exec.js": glue, "verify.wasm.sources": []byte(sum + "\n")} {
		if err := os.WriteFile(filepath.Join(top, assets, name), body, 0o644); err != nil { //nolint:gosec // public
			return err
		}
	}
	fmt.Printf("verify.wasm: %d bytes, %d compressed\n", len(wasm), zipped.Len())
	return nil
}
