// Package arch keeps the house of ARCHITECTURE.md true: who may import whom,
// which file does what, who owns a table and a route, how big things may grow,
// and that every dependency is written down with its reason.
//
// What must hold: a rule reads the source tree alone (no build, no network), says
// everything it finds in one pass, and has a fixture in testdata that it must find
// fault with. TestHouse runs every rule on this repository.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"
)

// House is a source tree as the rules see it.
type House struct {
	Root  fs.FS
	Name  string // of the Go module: "yuzhou"
	Files []File // all Go files of that module, by path
}

// File is one Go file.
type File struct {
	Dir, Name string // "modules/plan", "store.go"
	Syntax    *ast.File
	position  func(token.Pos) token.Position
	lines     int
}

// Rule reads a house and returns one sentence for each thing that is wrong.
type Rule func(*House) ([]string, error)

// Open reads the Go files below root. It leaves out testdata, generated files,
// folders whose name begins with a dot, and Go modules nested in this one.
func Open(root fs.FS) (*House, error) {
	mod, err := fs.ReadFile(root, "go.mod")
	if err != nil {
		return nil, err
	}
	h := &House{Root: root, Name: readMod(string(mod)).name}
	fset := token.NewFileSet()
	err = walk(root, func(p string) error {
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		src, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("read the tree: %w", err)
		}
		if !ast.IsGenerated(f) {
			lines := strings.Count(string(src), "\n")
			h.Files = append(h.Files, File{path.Dir(p), path.Base(p), f, fset.Position, lines})
		}
		return nil
	})
	return h, err
}

// walk calls fn with the path of every file that belongs to the tree.
func walk(root fs.FS, fn func(string) error) error {
	return fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return fn(p)
		}
		if p == "." {
			return nil
		}
		if d.Name() == "testdata" || d.Name() == "data" || strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if _, err := fs.Stat(root, p+"/go.mod"); err == nil {
			return fs.SkipDir
		}
		return nil
	})
}

// Path returns where the file is, seen from the root.
func (f File) Path() string { return path.Join(f.Dir, f.Name) }

// Test reports whether the file is compiled into tests alone.
func (f File) Test() bool { return strings.HasSuffix(f.Name, "_test.go") }

// at returns "dir/name:line" of a node.
func (f File) at(n ast.Node) string {
	return f.Path() + ":" + strconv.Itoa(f.position(n.Pos()).Line)
}

// span returns how many lines a node covers.
func (f File) span(n ast.Node) int {
	return f.position(n.End()).Line - f.position(n.Pos()).Line + 1
}

// imports returns the paths that the file imports.
func (f File) imports() []string {
	var out []string
	for _, spec := range f.Syntax.Imports {
		out = append(out, text(spec.Path))
	}
	return out
}

// literals goes over every string literal of the file, import paths excepted, with
// its value.
func (f File) literals() iter.Seq2[*ast.BasicLit, string] {
	return func(yield func(*ast.BasicLit, string) bool) {
		more := true
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			if _, ok := n.(*ast.ImportSpec); ok || !more {
				return false
			}
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				more = yield(lit, text(lit))
			}
			return more
		})
	}
}

// functions goes over the functions and methods that the file declares.
func (f File) functions() iter.Seq[*ast.FuncDecl] {
	return func(yield func(*ast.FuncDecl) bool) {
		for _, d := range f.Syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && !yield(fn) {
				return
			}
		}
	}
}

// text returns the value of a string literal, or "" when it is none.
func text(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return s
}

// owner returns the name that tables and routes of a folder carry as prefix:
// "plan" for modules/plan and all below it, "store" for kernel/store.
func owner(dir string) string {
	parts := strings.Split(dir, "/")
	if len(parts) < 2 || !slices.Contains([]string{"modules", "engine", "kernel"}, parts[0]) {
		return ""
	}
	return parts[1]
}

// isRoot reports whether dir is the folder of a module or an engine itself, which
// is where the file's name says its role.
func isRoot(dir string) bool {
	return strings.Count(dir, "/") == 1 && (within(dir, "modules") || within(dir, "engine"))
}

// within reports whether dir is top or lies below it.
func within(dir, top string) bool {
	return dir == top || strings.HasPrefix(dir, top+"/")
}
