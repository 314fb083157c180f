package arch

import (
	"fmt"
	"slices"
	"strings"
)

// storey is one floor. Imports go down only.
type storey struct {
	dirs     []string
	siblings bool // packages of these folders may import one another
	std      bool // of what is not ours, the standard library alone, and no I/O
}

// storeys lists the floors from the ground up.
func storeys() []storey {
	vocabulary := []string{"kernel/fault", "kernel/ref", "kernel/period", "kernel/quantity", "kernel/actor", "kernel/canon"}
	return []storey{
		{dirs: vocabulary, siblings: true, std: true},
		{dirs: []string{"kernel"}, siblings: true},
		{dirs: []string{"engine/org"}, siblings: true},
		{dirs: []string{"engine/proof"}, siblings: true},
		{dirs: []string{"engine/flow"}, siblings: true},
		{dirs: []string{"modules"}},
		{dirs: []string{"internal"}, siblings: true},
		{dirs: []string{"app"}, siblings: true},
		{dirs: []string{"packs"}, std: true},
		{dirs: []string{"cmd"}},
	}
}

// outdoors are the folders beside the house: they test it or look at it, may
// import any floor, and nothing imports them.
func outdoors() []string { return []string{"arch", "bench", "e2e"} }

// inputOutput are the standard packages that floor 0 does without.
func inputOutput() []string {
	return []string{"bufio", "database/sql", "io/fs", "log", "log/slog", "net", "net/http", "os", "os/exec", "syscall", "text/template", "html/template"}
}

// floor returns which floor dir stands on, or -1.
func floor(dir string) int {
	for i, s := range storeys() {
		for _, d := range s.dirs {
			if within(dir, d) {
				return i
			}
		}
	}
	return -1
}

// Floors finds imports that go up, sideways between modules, or out of the house
// where that is not allowed.
func Floors(h *House) ([]string, error) {
	var out []string
	for _, f := range h.Files {
		if floor(f.Dir) < 0 {
			if !slices.Contains(outdoors(), strings.SplitN(f.Dir, "/", 2)[0]) {
				out = append(out, f.Path()+" stands on no floor: see ARCHITECTURE.md for the folders there are")
			}
			continue
		}
		for _, imp := range f.imports() {
			if why := h.refuse(f, imp); why != "" {
				out = append(out, fmt.Sprintf("%s imports %s: %s", f.Path(), imp, why))
			}
		}
	}
	return out, nil
}

// refuse says why f may not import a package, or "".
func (h *House) refuse(f File, imp string) string {
	if dir, ours := strings.CutPrefix(imp, h.Name+"/"); ours {
		return inside(f, dir)
	}
	return outside(f, imp)
}

// inside says why f may not import the folder dir of this house, or "".
func inside(f File, dir string) string {
	from, to := floor(f.Dir), floor(dir)
	same := f.Dir == dir || f.Test() && dir == strings.TrimSuffix(f.Dir, "_test")
	switch {
	case same:
		return "" // a test in package x_test
	case within(dir, "kernel/testkit"):
		if f.Test() || within(f.Dir, "kernel/testkit") {
			return ""
		}
		return "it must never ship"
	case within(dir, "packs"):
		if f.Test() || within(f.Dir, "cmd") || within(f.Dir, "packs") {
			return ""
		}
		return "only cmd and tests name a city"
	case to < 0:
		return "it is not part of what ships"
	case within(dir, "modules") && (within(f.Dir, "internal") || within(f.Dir, "app")):
		return "only cmd names modules"
	case within(dir, "internal") && !within(f.Dir, "app") && !within(f.Dir, "cmd") && !within(f.Dir, "internal"):
		return "internal is what app alone needs"
	case to > from:
		return fmt.Sprintf("floor %d is above floor %d", to, from)
	case to == from && !storeys()[from].siblings:
		return beside(f.Dir, dir)
	}
	return ""
}

// beside says why one package of a floor without siblings may not import another.
func beside(from, to string) string {
	switch {
	case owner(from) == "" || owner(from) != owner(to):
		return "they are siblings: declare the interface you need and let cmd fill it"
	case isRoot(to):
		return "the parent imports the codec, never the reverse"
	}
	return ""
}

// outside says why f may not import a package that is not of this house, or "".
func outside(f File, imp string) string {
	third := strings.Contains(strings.SplitN(imp, "/", 2)[0], ".")
	switch {
	case storeys()[floor(f.Dir)].std && third:
		return "this floor stands on the standard library alone"
	case floor(f.Dir) == 0 && !f.Test() && slices.Contains(inputOutput(), imp):
		return "vocabulary does no input or output"
	case third && !f.Test() && isRoot(f.Dir) && within(f.Dir, "modules"):
		return "third parties belong in a subfolder of the module"
	}
	return ""
}
