package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// assets is the folder that the verifier is put into, from the module's root.
const assets = "kernel/web/assets/own"

// root returns the folder of the module.
func root() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output() //nolint:noctx // at once
	return strings.TrimSpace(string(out)), err
}

// digest returns the SHA-256, hex, of the Go files of this module that the verifier is
// made from, with their names, and of the versions of the modules that it uses.
func digest(top string) (string, error) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{if .Module}}{{if .Module.Main}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}\n{{end}}{{else}}@{{.Module.Path}} {{.Module.Version}}\n{{end}}{{end}}", "./cmd/browser") //nolint:noctx // at once
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := cmd.Output()
	if err != nil {
		return "", err
	}
	lines := strings.Fields(strings.ReplaceAll(string(out), " ", "="))
	slices.Sort(lines)
	h := sha256.New()
	for _, line := range slices.Compact(lines) {
		if strings.HasPrefix(line, "@") {
			h.Write([]byte(line + "\n"))
			continue
		}
		text, err := os.ReadFile(line) //nolint:gosec // of this module
		if err != nil {
			return "", err
		}
		name, err := filepath.Rel(top, line)
		if err != nil {
			return "", err
		}
		h.Write(fmt.Appendf(nil, "%s %d\n%s", filepath.ToSlash(name), len(text), text))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
