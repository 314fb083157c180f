package arch

import (
	"fmt"
	"go/ast"
	"maps"
	"slices"
)

// Sizes past which a thing is split.
const (
	maxFile     = 400 // lines
	maxFunc     = 60  // lines
	maxParams   = 5   // context included
	maxExported = 25  // functions and methods of a package below modules
)

// Sizes finds files, functions, parameter lists and packages that have grown too
// big. Tests may be long.
func Sizes(h *House) ([]string, error) {
	var out []string
	exported := map[string]int{}
	for _, f := range h.Files {
		if f.Test() {
			continue
		}
		if f.lines > maxFile {
			out = append(out, fmt.Sprintf("%s has %d lines, limit %d", f.Path(), f.lines, maxFile))
		}
		for fn := range f.functions() {
			if fn.Name.IsExported() {
				exported[f.Dir]++
			}
			out = append(out, f.grown(fn)...)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(exported)) {
		if n := exported[dir]; within(dir, "modules") && n > maxExported {
			out = append(out, fmt.Sprintf("%s exports %d functions and methods, limit %d", dir, n, maxExported))
		}
	}
	return out, nil
}

// grown says in what a function has grown too big.
func (f File) grown(fn *ast.FuncDecl) []string {
	var out []string
	if n := f.span(fn); n > maxFunc {
		out = append(out, fmt.Sprintf("%s: %s has %d lines, limit %d", f.at(fn), fn.Name, n, maxFunc))
	}
	if n := fn.Type.Params.NumFields(); n > maxParams {
		out = append(out, fmt.Sprintf("%s: %s has %d parameters, limit %d", f.at(fn), fn.Name, n, maxParams))
	}
	return out
}

// Comments finds packages that do not say once, and only once, what they are for.
// A package of tests alone says it in a test.
func Comments(h *House) ([]string, error) {
	said, tests, ships := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, f := range h.Files {
		counts := said
		if f.Test() {
			counts = tests
		} else {
			ships[f.Dir] = true
		}
		counts[f.Dir] += 0
		if f.Syntax.Doc != nil {
			counts[f.Dir]++
		}
	}
	for dir, n := range tests {
		if !ships[dir] {
			said[dir] = n
		} else if n > 0 {
			said[dir] += n
		}
	}
	var out []string
	for _, dir := range slices.Sorted(maps.Keys(said)) {
		if n := said[dir]; n != 1 {
			out = append(out, fmt.Sprintf("%s has %d package comments, want 1", dir, n))
		}
	}
	return out, nil
}
