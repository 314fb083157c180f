package web

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"sync"
)

//go:embed pages locale
var own embed.FS

// View is what a page's template sees: the shell's fields and methods, and V.
type View[T any] struct {
	*Shell
	V T
}

// PageOf is an HTML page that shows a T, in every language. A page is read when it
// is first shown, so that a command of one line starts at once; testkit.Page proves
// in its package's tests that it can be read and that every field and wording that
// it names exists.
type PageOf[T any] struct {
	fsys   embed.FS
	name   string
	byLang map[string]func() (*template.Template, error)
}

// MustPage names a file of fsys, which defines the templates "title" and "content"
// with the wordings in fsys's locale folder. Other files in pages/parts/ of fsys may
// be used by it. It panics when there is no such file.
func MustPage[T any](fsys embed.FS, name string) PageOf[T] {
	if _, err := fs.Stat(fsys, name); err != nil {
		panic(err) //nolint:forbidigo // runs before main, on embedded files
	}
	p := PageOf[T]{fsys: fsys, name: name, byLang: map[string]func() (*template.Template, error){}}
	for _, lang := range Langs() {
		p.byLang[lang] = sync.OnceValues(func() (*template.Template, error) { return p.Template(lang) })
	}
	return p
}

// Template parses the page in a language anew: one that has been shown can no
// longer be looked into, as testkit does.
func (p PageOf[T]) Template(lang string) (*template.Template, error) {
	words, err := p.Words(lang)
	if err != nil {
		return nil, err
	}
	t, err := template.New("layout.html").Funcs(words.funcs(lang)).ParseFS(own, "pages/*.html")
	if err != nil {
		return nil, err
	}
	parts, err := fs.Glob(p.fsys, "pages/parts/*.html")
	if err != nil {
		return nil, err
	}
	return t.ParseFS(p.fsys, append(parts, p.name)...)
}

// Words returns the wordings that the page has in a language: the program's own and
// those of its module.
func (p PageOf[T]) Words(lang string) (Catalog, error) {
	common, err := Catalogs(own)
	if err != nil {
		return nil, err
	}
	words, err := Catalogs(p.fsys)
	if err != nil {
		return nil, err
	}
	out := maps.Clone(common[lang])
	maps.Copy(out, words[lang])
	return out, nil
}

// Render answers with the page showing v, or returns an error having written nothing.
func (p PageOf[T]) Render(w http.ResponseWriter, r *http.Request, v T) error {
	return p.RenderStatus(w, r, http.StatusOK, v)
}

// RenderStatus is Render with another status than 200.
func (p PageOf[T]) RenderStatus(w http.ResponseWriter, r *http.Request, status int, v T) error {
	sh := ShellOf(r.Context())
	page, err := p.byLang[sh.Lang]()
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := page.ExecuteTemplate(&buf, "layout.html", View[T]{sh, v}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", sh.Lang)
	w.WriteHeader(status)
	_, err = buf.WriteTo(w)
	return err
}

// errorView is what the error page shows.
type errorView struct {
	Status  int
	Text    string
	Request string
}

//nolint:gochecknoglobals // never written
var errorPage = MustPage[errorView](own, "pages/error/error.html")

func renderError(w http.ResponseWriter, r *http.Request, status int, err error) error {
	return errorPage.RenderStatus(w, r, status, errorView{status, Said(r, err), RequestID(r.Context())})
}
