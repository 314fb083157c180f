package web

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"yuzhou/kernel/fault"
)

// The languages of the product, the first being the default.
const (
	ZH = "zh-CN"
	EN = "en"
)

// Langs lists the languages, the default first.
func Langs() []string { return []string{ZH, EN} }

// Catalog is the wordings of one language: key to text, %-verbs as in fmt.
type Catalog map[string]string

// catalogs holds what Catalogs has read: embed.FS to func() (map[string]Catalog, error).
//
//nolint:gochecknoglobals // a cache of embedded files, which do not change
var catalogs sync.Map

// Catalogs reads locale/zh-CN.yaml and locale/en.yaml of fsys, flat tables of
// key: text, once for all who ask: nobody may write what it returns. Both must have
// the same keys, or the result is fault.Invalid.
func Catalogs(fsys embed.FS) (map[string]Catalog, error) {
	read, _ := catalogs.LoadOrStore(fsys, sync.OnceValues(func() (map[string]Catalog, error) { return readCatalogs(fsys) }))
	return read.(func() (map[string]Catalog, error))() //nolint:forcetypeassert,errcheck // nothing else is stored
}

func readCatalogs(fsys fs.FS) (map[string]Catalog, error) {
	out := map[string]Catalog{}
	for _, lang := range Langs() {
		c, err := catalog(fsys, lang)
		if err != nil {
			return nil, err
		}
		out[lang] = c
	}
	for _, pair := range [][2]string{{ZH, EN}, {EN, ZH}} {
		for key := range out[pair[0]] {
			if _, ok := out[pair[1]][key]; !ok {
				return nil, fault.New(fault.Invalid, "locale/%s.yaml lacks the key %q", pair[1], key)
			}
		}
	}
	return out, nil
}

// catalog reads one language.
func catalog(fsys fs.FS, lang string) (Catalog, error) {
	text, err := fs.ReadFile(fsys, "locale/"+lang+".yaml")
	if err != nil {
		return nil, err
	}
	var c Catalog
	if err := yaml.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("locale/%s.yaml: %w", lang, err)
	}
	if lang == ZH {
		for key, wording := range c {
			c[key] = FullWidth(wording)
		}
	}
	return c, nil
}

// T returns the wording of key with args put in. A key that is not there is an
// error, so that a page with a hole in it is never shown.
func (c Catalog) T(key string, args ...any) (string, error) {
	text, ok := c[key]
	if !ok {
		return "", fault.New(fault.Invalid, "no wording for %q", key)
	}
	if len(args) == 0 {
		return text, nil
	}
	return fmt.Sprintf(text, args...), nil
}

// funcs are what templates may call beside html/template's own.
func (c Catalog) funcs(lang string) template.FuncMap {
	return template.FuncMap{
		"t":    c.T,
		"lang": func() string { return lang },
		"num":  func(x float64, places int) string { return Number(x, places) },
		"join": strings.Join,
	}
}

// Number prints x with thousands separators and the given digits after the point.
func Number(x float64, places int) string {
	s := strconv.FormatFloat(x, 'f', places, 64)
	whole, fraction, point := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		whole += "." + fraction
	}
	if x < 0 && strings.Trim(s, "-0.") != "" {
		return "−" + whole
	}
	return whole
}

// language chooses the answer's language: ?lang=, then the cookie, then
// Accept-Language, then Chinese.
func language(r *http.Request) string {
	if q := r.URL.Query().Get("lang"); slices.Contains(Langs(), q) {
		return q
	}
	if c, err := r.Cookie("lang"); err == nil && slices.Contains(Langs(), c.Value) {
		return c.Value
	}
	return accepted(r.Header.Get("Accept-Language"))
}

// accepted returns the language the header likes best. Source: RFC 9110 §12.5.4.
func accepted(header string) string {
	best, weight := ZH, 0.0
	for part := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64) // what is not a number weighs nothing
		}
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		lang := map[string]string{"zh": ZH, "en": EN}[base]
		if lang != "" && q > weight {
			best, weight = lang, q
		}
	}
	return best
}
