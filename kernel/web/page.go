package web

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
)

//go:embed pages locale
var own embed.FS

// View is what a page's template sees: the shell's fields and methods, and V.
type View[T any] struct {
	*Shell
	V T
}

// PageOf is an HTML page that shows a T, in every language. Pages are parsed
// when the program starts; testkit.Page proves that every field and wording a
// page names exists.
type PageOf[T any] struct {
	fsys   fs.FS
	name   string
	byLang map[string]*template.Template
	words  map[string]Catalog
}

// MustPage parses the named file of fsys, which defines the templates "title"
// and "content", with the wordings in fsys's locale folder. Other files under
// parts/ of fsys may be used by it. It panics when something is missing or
// malformed, so call it only to initialise a package variable.
func MustPage[T any](fsys fs.FS, name string) PageOf[T] {
	p := PageOf[T]{fsys: fsys, name: name, byLang: map[string]*template.Template{}, words: map[string]Catalog{}}
	common := must(Catalogs(own))
	words := must(Catalogs(fsys))
	for _, lang := range Langs() {
		p.words[lang] = maps.Clone(common[lang])
		maps.Copy(p.words[lang], words[lang])
		p.byLang[lang] = p.Template(lang)
	}
	return p
}

// Template parses the page in a language anew: one that has been shown can no
// longer be looked into, as testkit does. It panics as MustPage does.
func (p PageOf[T]) Template(lang string) *template.Template {
	t := template.New("layout.html").Funcs(p.words[lang].funcs(lang))
	template.Must(t.ParseFS(own, "pages/*.html"))
	if parts := must(fs.Glob(p.fsys, "pages/parts/*.html")); len(parts) > 0 {
		template.Must(t.ParseFS(p.fsys, "pages/parts/*.html"))
	}
	return template.Must(t.ParseFS(p.fsys, p.name))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) //nolint:forbidigo // MustPage runs before main, on embedded files
	}
	return v
}

// Render answers with the page showing v, or returns an error having written nothing.
func (p PageOf[T]) Render(w http.ResponseWriter, r *http.Request, v T) error {
	return p.RenderStatus(w, r, http.StatusOK, v)
}

// RenderStatus is Render with another status than 200.
func (p PageOf[T]) RenderStatus(w http.ResponseWriter, r *http.Request, status int, v T) error {
	sh := ShellOf(r.Context())
	var buf bytes.Buffer
	if err := p.byLang[sh.Lang].ExecuteTemplate(&buf, "layout.html", View[T]{sh, v}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", sh.Lang)
	w.WriteHeader(status)
	_, err := buf.WriteTo(w)
	return err
}

// Words returns the wordings that the page has in a language, for testkit.
func (p PageOf[T]) Words(lang string) Catalog { return p.words[lang] }

// errorView is what the error page shows.
type errorView struct {
	Status  int
	Text    string
	Request string
}

//nolint:gochecknoglobals // parsed once, never written
var errorPage = MustPage[errorView](own, "pages/error/error.html")

func renderError(w http.ResponseWriter, r *http.Request, status int, err error) error {
	return errorPage.RenderStatus(w, r, status, errorView{status, Text(err), RequestID(r.Context())})
}
