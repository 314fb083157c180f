package arch

import (
	"go/ast"
	"iter"
)

// Pages finds pages that no test proves: a page is read when it is first shown, so
// what MustPage makes must be given to testkit.Page in a test of its folder.
func Pages(h *House) ([]string, error) {
	proved := map[string]bool{} // folder and variable
	for _, f := range h.Files {
		if !f.Test() {
			continue
		}
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && called(call) == "Page" && len(call.Args) == 2 {
				proved[f.Dir+"."+last(call.Args[1])] = true
			}
			return true
		})
	}
	var out []string
	for _, f := range h.Files {
		if within(f.Dir, "kernel") {
			continue // testkit stands on the kernel: its own page is shown by its tests
		}
		for name := range f.pages() {
			if !proved[f.Dir+"."+name.Name] {
				out = append(out, f.at(name)+": no test gives "+name.Name+" to testkit.Page")
			}
		}
	}
	return out, nil
}

// pages yields the variables that hold what MustPage makes.
func (f File) pages() iter.Seq[*ast.Ident] {
	return func(yield func(*ast.Ident) bool) {
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for i, v := range spec.Values {
				if call, ok := v.(*ast.CallExpr); ok && called(call) == "MustPage" && !yield(spec.Names[i]) {
					return false
				}
			}
			return true
		})
	}
}

// called returns the name of the function that is called, without its package and
// its types.
func called(call *ast.CallExpr) string {
	fun := call.Fun
	if generic, ok := fun.(*ast.IndexExpr); ok {
		fun = generic.X
	}
	return last(fun)
}

// last returns the last name of a.b.c.
func last(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}
