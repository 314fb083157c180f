package arch

import (
	"go/ast"
	"regexp"
	"strings"
)

// Fuzzed finds parsers that no fuzz test reaches: a package-level function Parse or
// ParseX must be called by a Fuzz function of its folder, or by a function of its
// folder that one calls.
func Fuzzed(h *House) ([]string, error) {
	parser := regexp.MustCompile(`^Parse([A-Z]\w*)?$`)
	reached := map[string]map[string]bool{}
	var out []string
	for _, f := range h.Files {
		for fn := range f.functions() {
			if f.Test() || fn.Recv != nil || !parser.MatchString(fn.Name.Name) || floor(f.Dir) < 0 {
				continue
			}
			if reached[f.Dir] == nil {
				reached[f.Dir] = h.reached(f.Dir)
			}
			if !reached[f.Dir][fn.Name.Name] {
				out = append(out, f.at(fn)+": no Fuzz test calls "+fn.Name.Name)
			}
		}
	}
	return out, nil
}

// reached returns the names of all that the Fuzz functions of a folder call,
// directly or through functions and methods of that folder. It goes by name alone
// and so may take a namesake of another package for its own.
func (h *House) reached(dir string) map[string]bool {
	within := map[string][]string{}
	var next []string
	for _, f := range h.Files {
		if f.Dir != dir {
			continue
		}
		for fn := range f.functions() {
			name := fn.Name.Name
			within[name] = append(within[name], calls(fn)...)
			if f.Test() && strings.HasPrefix(name, "Fuzz") {
				next = append(next, name)
			}
		}
	}
	out := map[string]bool{}
	for len(next) > 0 {
		name := next[len(next)-1]
		next = next[:len(next)-1]
		if !out[name] {
			out[name] = true
			next = append(next, within[name]...)
		}
	}
	return out
}

// calls returns the names of what a function calls, without their package.
func calls(fn *ast.FuncDecl) []string {
	var out []string
	ast.Inspect(fn, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			switch f := call.Fun.(type) {
			case *ast.Ident:
				out = append(out, f.Name)
			case *ast.SelectorExpr:
				out = append(out, f.Sel.Name)
			}
		}
		return true
	})
	return out
}
