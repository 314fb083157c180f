package arch

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
)

// role says which files of a module's or an engine's own folder may import a
// package: the file's name is its role.
type role struct {
	imp   string
	homes *regexp.Regexp // of file names
	say   string
}

func roles() []role {
	return []role{
		{"database/sql", regexp.MustCompile(`^store(_\w+)?\.go$`), "store.go or store_NAME.go"},
		{"net/http", regexp.MustCompile(`^(web|api)(_\w+)?\.go$`), "web.go, api.go or web_NAME.go, api_NAME.go"},
		{"html/template", regexp.MustCompile(`^web(_\w+)?\.go$`), "web.go or web_NAME.go"},
		{"flag", regexp.MustCompile(`^cli(_\w+)?\.go$`), "cli.go or cli_NAME.go"},
	}
}

// wire are the files that speak a published HTTP protocol under a name of their
// own, and so may import net/http.
func wire() map[string]string {
	return map[string]string{
		"modules/indicators/sdmx.go": "SDMX REST 2.x at /sdmx/v2/",
	}
}

// Roles finds imports that do not belong in a file of its name. Tests and
// subfolders (codecs, adapters) are free.
func Roles(h *House) ([]string, error) {
	var out []string
	for _, f := range h.Files {
		if !isRoot(f.Dir) || f.Test() {
			continue
		}
		for _, r := range roles() {
			if slices.Contains(f.imports(), r.imp) && !r.homes.MatchString(f.Name) && !f.mayServe(r.imp) {
				out = append(out, fmt.Sprintf("%s imports %s: that belongs in %s", f.Path(), r.imp, r.say))
			}
		}
	}
	return out, nil
}

// mayServe reports whether a file may import net/http in spite of its name.
func (f File) mayServe(imp string) bool {
	return imp == "net/http" && (wire()[f.Path()] != "" || f.methodsOnly())
}

// methodsOnly reports whether a command-line file uses net/http for nothing but the
// names of methods, which it hands to the API client.
func (f File) methodsOnly() bool {
	if !strings.HasPrefix(f.Name, "cli") {
		return false
	}
	only := true
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "http" && !strings.HasPrefix(sel.Sel.Name, "Method") {
				only = false
			}
		}
		return only
	})
	return only
}

// City finds a city's name, code or prefix in code: only packs know where they are.
func City(h *House) ([]string, error) {
	city := regexp.MustCompile(`重庆|渝中|Chongqing|\b500000\b|\b88\.500\b`)
	var out []string
	for _, f := range h.Files {
		shipped := within(f.Dir, "kernel") || within(f.Dir, "engine") || within(f.Dir, "modules") ||
			within(f.Dir, "internal") || within(f.Dir, "app")
		if !shipped || f.Test() {
			continue
		}
		for lit, value := range f.literals() {
			found := city.FindString(value)
			if found != "" && !strings.Contains(value, "as in ") {
				out = append(out, fmt.Sprintf("%s: %q names a city: that belongs in its pack", f.at(lit), found))
			}
		}
	}
	return out, nil
}
