package identifiers

import (
	"encoding/base64"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"yuzhou/kernel/pack"
	"yuzhou/modules/identifiers/auth/rights"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/location"
	"yuzhou/modules/identifiers/typed"
)

// valueRow is a value as people read it.
type valueRow struct {
	Index     uint32
	Type      string
	Text      string
	Href      string // of what is an address
	Lives     string
	Changed   string
	Encrypted bool      // it is bytes, shown as base64
	Granted   bool      // not everybody may read it
	Alias     pack.Text // of the template's item
	Long      bool      // it is folded behind its beginning
	Short     string
}

// showIdentifier shows what an identifier resolves to.
func (s *Service) showIdentifier(w http.ResponseWriter, r *http.Request) error {
	text := r.PathValue("name")
	if q := strings.TrimSpace(r.URL.Query().Get("name")); q != "" {
		http.Redirect(w, r, "/identifiers/of/"+escapeName(handle.Name(q)), http.StatusSeeOther) //nolint:gosec // a path of this site
		return nil
	}
	n, err := handle.Parse(text)
	if err != nil {
		return err
	}
	if err := s.ready(r.Context()); err != nil {
		return err
	}
	if s.hosts(n) {
		done := s.timing(r.RemoteAddr, n)
		s.counted([]byte(n.Fold()))
		err := s.renderIdentifier(w, r, n)
		done(codeOf(err))
		return err
	}
	found, err := s.recursor.Lookup(r.Context(), n)
	if err != nil {
		return err
	}
	v := identifierView{Name: found.Record.Name, Steps: found.Steps, Go: "/id/" + escapeName(found.Record.Name), API: "/api/handles/" + escapeName(found.Record.Name)}
	for _, value := range rights.Visible(found.Record, 0) {
		v.Values = append(v.Values, s.valueRow(value))
	}
	return identifierPage.Render(w, r, v)
}

func (s *Service) valueRow(v handle.Value) valueRow {
	out := valueRow{Index: v.Index, Type: v.Type, Lives: strconv.FormatUint(uint64(v.TTL.Seconds), 10)}
	if v.Timestamp > 0 {
		out.Changed = time.Unix(int64(v.Timestamp), 0).In(s.site.Zone).Format("2006-01-02 15:04")
	}
	out.Text = string(v.Data)
	if site, err := typed.ParseSite(v.Data); err == nil && strings.HasPrefix(v.Type, handle.TypeSite) {
		out.Text = siteText(site)
	} else if admin, err := typed.ParseAdmin(v.Data); err == nil && v.Type == handle.TypeAdmin {
		out.Text = string(admin.Reference.Name) + ":" + strconv.FormatUint(uint64(admin.Reference.Index), 10)
	} else if !utf8.Valid(v.Data) {
		out.Text, out.Encrypted = base64.StdEncoding.EncodeToString(v.Data), true
	}
	if v.Type == handle.TypeURL && isWeb(out.Text) {
		out.Href = out.Text
	}
	const folded = 200
	if beginning := []rune(out.Text); len(beginning) > folded && out.Href == "" {
		out.Long, out.Short = true, string(beginning[:folded/3])+"…"
	}
	return out
}

// siteText is a site in a line: its servers with their ports.
func siteText(site typed.Site) string {
	var out []string
	for _, v := range site.Servers {
		for _, i := range v.Interfaces {
			out = append(out, transportName(i.Transport)+"://"+v.Address.String()+":"+strconv.Itoa(int(i.Port)))
		}
	}
	return strings.Join(out, " ")
}

// follow leads a browser to what an identifier stands for: by its 10320/loc, else its
// first URL, else to its page. What asks for JSON is led to the API.
func (s *Service) follow(w http.ResponseWriter, r *http.Request) error {
	n, err := handle.Parse(r.PathValue("name"))
	if err != nil {
		return err
	}
	if r.URL.Query().Has("noredirect") {
		http.Redirect(w, r, "/identifiers/of/"+escapeName(n), http.StatusSeeOther) //nolint:gosec // a path of this site
		return nil
	}
	w.Header().Set("Vary", "Accept, Accept-Language")
	if accept := r.Header.Get("Accept"); strings.Contains(accept, "json") && !strings.Contains(accept, "html") {
		http.Redirect(w, r, "/api/handles/"+escapeName(n), http.StatusSeeOther) //nolint:gosec // a path of this site
		return nil
	}
	found, err := s.find(r.Context(), n)
	if err != nil {
		return err
	}
	to, status := target(found.Record, r)
	http.Redirect(w, r, to, status) //nolint:gosec // where the holder of the identifier has said; http and https alone
	return nil
}

// target returns where a record leads a browser, and by which status.
func target(rec handle.Record, r *http.Request) (string, int) {
	for _, v := range rec.Values {
		if v.Perm&handle.PublicRead == 0 || !handle.EqualFold(v.Type, handle.TypeLocation) {
			continue
		}
		if to, status, ok := located(rec.Name, v.Data, r); ok {
			return to, status
		}
	}
	for _, v := range rec.Values {
		if v.Perm&handle.PublicRead != 0 && v.Type == handle.TypeURL && isWeb(string(v.Data)) {
			return string(v.Data), http.StatusFound
		}
	}
	return "/identifiers/of/" + escapeName(rec.Name), http.StatusSeeOther
}

// located chooses among the places of a 10320/loc by what the request asks for.
func located(n handle.Name, data []byte, r *http.Request) (string, int, bool) {
	set, err := location.Parse(data)
	if err != nil {
		return "", 0, false
	}
	asked := location.ParseAttributes(r.URL.Query()["locatt"])
	l, ok := set.Choose(location.Request{
		Attributes: append(asked, location.Negotiate(r.Header.Get("Accept"), r.Header.Get("Accept-Language"))...), Rand: rand.Float64,
	})
	to := l.URL(n)
	return to, l.Status(), ok && isWeb(to)
}

// isWeb reports whether a browser may be led to an address.
func isWeb(href string) bool {
	u, err := url.Parse(href)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// escapeName writes an identifier into a path, its slashes as they are.
func escapeName(n handle.Name) string {
	return strings.ReplaceAll(url.PathEscape(string(n)), "%2F", "/")
}
