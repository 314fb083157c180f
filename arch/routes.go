package arch

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
)

// elsewhere are the routes that do not begin with their owner's name, each with
// its reason. A pattern ends in "/" or "{$}" exactly as it is mounted.
func elsewhere() map[string]string {
	return map[string]string{
		"/{$}":      "home: the plan on one page",
		"/search":   "one box for all that the site holds",
		"/sdmx/v2/": "fixed by SDMX REST 2.x",
		"/log/":     "fixed by tlog-tiles",
		"/verify":   "printed beside numbers: short, and always the same",
		"/id/":      "printed on things: leads a browser to what an identifier stands for",
		"/gs1/":     "printed on things: GS1 Digital Link",

		"/api/handles/":            "fixed by the JSON API of the Handle System",
		"/api/handles":             "fixed by the JSON API of the Handle System",
		"/api/prefixes":            "fixed by the JSON API of the Handle System",
		"/api/sessions":            "fixed by the JSON API of the Handle System",
		"/api/site":                "fixed by the JSON API of the Handle System",
		"/api/verifications":       "fixed by the JSON API of the Handle System",
		"/identity":                "fixed by the API of enterprise nodes (IDHub)",
		"/identityv2":              "fixed by the API of enterprise nodes (IDHub)",
		"/snms/api/v3/template":    "fixed by the API of enterprise nodes (IDHub)",
		"/api/v1/doip":             "fixed by the API of enterprise nodes (IDHub)",
		"/api/v1/open":             "fixed by the API of enterprise nodes (IDHub)",
		"/api/v1/single-handle":    "fixed by the API of enterprise nodes (IDHub)",
		"/1.0/identifiers/":        "fixed by W3C DID Resolution",
		"/.well-known/gs1resolver": "fixed by GS1's resolver standard",
	}
}

// computed are the files that mount one route whose pattern cannot be plain text.
func computed() map[string]string {
	return map[string]string{
		"modules/indicators/web.go": "names of numbers begin with the prefix that the pack gives",
	}
}

var routeText = regexp.MustCompile(`^(?:(?:GET|HEAD|POST|PUT|PATCH|DELETE) )?(/\S*)$`)

// Routes finds routes of a module or an engine that do not carry its name, and
// patterns that are not written as plain text, where nobody can find them.
func Routes(h *House) ([]string, error) {
	var out []string
	for _, f := range h.Files {
		own := owner(f.Dir)
		if !within(f.Dir, "modules") && !within(f.Dir, "engine") || f.Test() {
			continue
		}
		excused := computed()[f.Path()] != ""
		for _, mt := range f.mounts() {
			m, node := routeText.FindStringSubmatch(mt.pattern), mt.node
			switch {
			case m == nil && excused:
				excused = false
			case m == nil:
				out = append(out, f.at(node)+" mounts a route whose pattern is not plain text")
			case !owned(m[1], own):
				out = append(out, fmt.Sprintf("%s mounts %s: routes of %s begin with /%s or /api/v1/%s", f.at(node), m[1], own, own, own))
			}
		}
	}
	return out, nil
}

// owned reports whether a path carries its owner's name or is a known exception.
func owned(p, own string) bool {
	for fixed := range elsewhere() {
		if p == fixed || strings.HasSuffix(fixed, "/") && strings.HasPrefix(p, fixed) {
			return true
		}
	}
	return within(p, "/"+own) || within(p, "/api/v1/"+own)
}

// mount is one place where a pattern is mounted.
type mount struct {
	node    ast.Node
	pattern string
}

// mounts returns the patterns that a file mounts, in its order: the first argument of
// Page(pattern, need, handler), Peer(path, need, handler) and Static(pattern, handler), and the
// Path of each Operation, which is below /api/v1.
func (f File) mounts() []mount {
	var out []mount
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && mounting(sel.Sel.Name, len(n.Args)) {
				out = append(out, mount{n.Args[0], text(n.Args[0])})
			}
		case *ast.CompositeLit:
			if sel, ok := n.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Operation" {
				out = append(out, mount{n, "/api/v1" + operationPath(n)})
			}
		}
		return true
	})
	return out
}

func mounting(name string, args int) bool {
	return (name == "Page" || name == "Peer") && args == 3 || name == "Static" && args == 2
}

// operationPath returns the text of the literal's field Path, or a text that no
// route has.
func operationPath(lit *ast.CompositeLit) string {
	i := slices.IndexFunc(lit.Elts, func(e ast.Expr) bool {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return false
		}
		key, ok := kv.Key.(*ast.Ident)
		return ok && key.Name == "Path"
	})
	if i < 0 {
		return " without a path"
	}
	kv, ok := lit.Elts[i].(*ast.KeyValueExpr)
	if !ok || text(kv.Value) == "" {
		return " not plain text"
	}
	return text(kv.Value)
}
