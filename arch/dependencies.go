package arch

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// mod is what the rules need of a go.mod.
type mod struct {
	name     string
	versions map[string]string // of all required modules
	tools    []string          // packages named by tool directives
}

var required = regexp.MustCompile(`^(?:require\s+)?([\w.~/-]+\.[\w.~/-]+)\s+(v[\w.+-]+)`)

// readMod reads the lines that matter of a go.mod.
func readMod(src string) mod {
	m := mod{versions: map[string]string{}}
	block := ""
	for line := range strings.Lines(src) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case words[0] == ")":
			block = ""
		case len(words) == 2 && words[1] == "(":
			block = words[0]
		case words[0] == "module" && len(words) > 1:
			m.name = words[1]
		case words[0] == "tool" && len(words) > 1:
			m.tools = append(m.tools, words[1])
		case block == "tool":
			m.tools = append(m.tools, words[0])
		default:
			if r := required.FindStringSubmatch(strings.TrimSpace(line)); r != nil && block != "replace" && block != "exclude" {
				m.versions[r[1]] = r[2]
			}
		}
	}
	return m
}

// module returns which required module a package belongs to, or "".
func (m mod) module(pkg string) string {
	best := ""
	for name := range m.versions {
		if within(pkg, name) && len(name) > len(best) {
			best = name
		}
	}
	return best
}

// entry is one row of docs/dependencies.md.
type entry struct{ version, licence, use, reason string }

// ledger is where every dependency is written down.
const ledger = "docs/dependencies.md"

var row = regexp.MustCompile("^\\| `([^`]+)` \\|([^|]*)\\|([^|]*)\\|([^|]*)\\|([^|]*)\\|")

// Dependencies finds differences between the modules that the code imports, the
// tools it is checked with, and the table in docs/dependencies.md: | `module` |
// version | licence | ships, tests or tool | reason |.
func Dependencies(h *House) ([]string, error) {
	used, err := h.used()
	if err != nil {
		return nil, err
	}
	src, err := fs.ReadFile(h.Root, ledger)
	if err != nil {
		return nil, err
	}
	written := map[string]entry{}
	for line := range strings.Lines(string(src)) {
		if m := row.FindStringSubmatch(line); m != nil {
			written[m[1]] = entry{strings.TrimSpace(m[2]), strings.TrimSpace(m[3]), strings.TrimSpace(m[4]), strings.TrimSpace(m[5])}
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(used)) {
		out = append(out, compare(name, used[name], written)...)
	}
	for _, name := range slices.Sorted(maps.Keys(written)) {
		if _, ok := used[name]; !ok {
			out = append(out, fmt.Sprintf("%s lists %s, which nothing imports", ledger, name))
		}
	}
	return out, nil
}

// compare says how the row of one module differs from what the code does.
func compare(name string, want entry, written map[string]entry) []string {
	got, ok := written[name]
	switch {
	case !ok:
		return []string{fmt.Sprintf("%s does not list %s %s (%s)", ledger, name, want.version, want.use)}
	case got.version != want.version:
		return []string{fmt.Sprintf("%s says %s %s, go.mod says %s", ledger, name, got.version, want.version)}
	case got.use != want.use:
		return []string{fmt.Sprintf("%s says that %s is for %q, the code says %q", ledger, name, got.use, want.use)}
	case got.licence == "" || got.reason == "":
		return []string{fmt.Sprintf("%s gives %s no licence or no reason", ledger, name)}
	}
	return nil
}

// used returns the modules that the code imports and the tools of tools/go.mod,
// each with its version and whether it ships.
func (h *House) used() (map[string]entry, error) {
	src, err := fs.ReadFile(h.Root, "go.mod")
	if err != nil {
		return nil, err
	}
	m := readMod(string(src))
	out := map[string]entry{}
	for _, f := range h.Files {
		use := "ships"
		if f.Test() || floor(f.Dir) < 0 || within(f.Dir, "kernel/testkit") {
			use = "tests"
		}
		for _, imp := range f.imports() {
			if name := m.module(imp); name != "" && out[name].use != "ships" {
				out[name] = entry{version: m.versions[name], use: use}
			}
		}
	}
	src, err = fs.ReadFile(h.Root, "tools/go.mod")
	if err != nil {
		return nil, err
	}
	t := readMod(string(src))
	for _, pkg := range t.tools {
		name := t.module(pkg)
		out[name] = entry{version: t.versions[name], use: "tool"}
	}
	return out, nil
}
