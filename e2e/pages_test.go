package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	sameKind = 3   // how many pages of one kind are looked at
	maxPages = 150 // in all, per language
)

// looks are how each page is looked at: a desk and a telephone, by day and by night.
var looks = []look{{1440, "light"}, {390, "light"}, {390, "dark"}, {1440, "dark"}}

// TestPages goes through the site in a real browser, by its own links, from home on,
// first as a visitor, then as the owner, in both languages. No page may break a WCAG
// 2.2 A or AA rule that axe-core knows, complain on its console (a blocked style or
// script, say), be wider than the screen, answer with an error, or lack without
// script what it shows with it.
func TestPages(t *testing.T) {
	axe, err := os.ReadFile("testdata/axe-core@4.14.1/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, t.TempDir())
	for _, lang := range []string{"zh-CN", "en"} {
		t.Run(lang, func(t *testing.T) {
			w := &walk{browser: newBrowser(t, s), axe: string(axe), lang: lang, kinds: map[string]int{}, seen: map[string]bool{}, faults: map[string][]string{}}
			seen := w.from(t, "/", "/org/units", "/org/routes", "/search?q=R%26D", "/nowhere", "/flow/procedures", "/flow/procedures/edit", "/flow/calendar?start=2026-02-10&limit=20")
			b := w.browser
			b.signIn(t, s)
			if names := b.cookies(t); !strings.Contains(names, "__Host-") {
				t.Errorf("cookies after the sign-in: %q, want one of __Host-", names)
			}
			owner := w.from(t, "/org/me", "/org/people", "/org/audit", "/indicators/import")
			t.Logf("%d pages as a visitor, %d more as the owner, of %d kinds", seen, owner, len(w.kinds))
			for _, fault := range slices.Sorted(maps.Keys(w.faults)) {
				where := w.faults[fault]
				t.Errorf("%s\n  on %d pages: %.300s", fault, len(where), strings.Join(where, " "))
			}
			if seen < 25 {
				t.Errorf("home leads to %d pages only", seen)
			}
		})
	}
}

// walk is a way through the site.
type walk struct {
	*browser
	axe, lang string
	kinds     map[string]int // pages seen, or about to be, of each kind
	seen      map[string]bool
	faults    map[string][]string // the pages of each fault
}

// from follows links until no new kind of page is left, and returns how many pages
// it saw.
func (w *walk) from(t *testing.T, next ...string) int {
	t.Helper()
	before := len(w.seen)
	for len(next) > 0 && len(w.seen) < maxPages {
		path := next[0]
		next = next[1:]
		if w.seen[path] || w.kinds[kind(path)] >= sameKind {
			continue
		}
		w.seen[path] = true
		w.kinds[kind(path)]++
		for _, link := range w.look(t, path) {
			if w.kinds[kind(link)] < sameKind {
				next = append(next, link)
			}
		}
	}
	return len(w.seen) - before
}

var id = regexp.MustCompile(`[0-9]|\.|%`)

// kind returns what a path and its query have in common with those of their kind:
// parts that are or look like an id, and the values of the query, are left out.
func kind(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	parts := strings.Split(u.Path, "/")
	for i, p := range parts {
		if i > 2 || id.MatchString(p) {
			parts[i] = "*"
		}
	}
	keys := slices.Sorted(maps.Keys(u.Query()))
	return strings.Join(parts, "/") + "?" + strings.Join(keys, "&")
}

// seenPage is what the browser finds on a page.
type seenPage struct {
	Lang, Title, H1 string
	Status          int
	Wide            int
	Text            string
	Links           []string
	Rules           []struct{ ID, Help, Node string }
}

const looking = `(async () => {
	const found = await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations']});
	return {
		Lang: document.documentElement.lang, Title: document.title, H1: document.querySelector('h1')?.innerText ?? '',
		Status: performance.getEntriesByType('navigation')[0].responseStatus,
		Wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
		Text: document.querySelector('main')?.innerText ?? '',
		Links: [...document.querySelectorAll('a[href]')].filter(a => a.origin === location.origin && !a.hasAttribute('download'))
			.map(a => a.pathname + a.search),
		Rules: found.violations.map(v => ({ID: v.id, Help: v.help, Node: v.nodes.length + ' × ' + v.nodes[0].html + ' ' + (v.nodes[0].any[0]?.message ?? '')})),
	};
})()`

// look judges one page and returns the pages it links to.
func (w *walk) look(t *testing.T, path string) []string {
	t.Helper()
	w.heard()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	address := w.url + path + sep + "lang=" + w.lang
	w.see(t, looks[0])
	var links []string
	found := map[string]string{} // faults of this page, and how it was looked at
	shown := ""
	for i, l := range looks {
		if i > 0 {
			w.see(t, l)
		}
		p, err := w.judge(address, i == 0)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		for _, wrong := range p.wrong(w.lang, path) {
			if found[wrong] == "" {
				found[wrong] = fmt.Sprintf("%s (%d px, %s)", path, l.width, l.scheme)
			}
		}
		if i == 0 {
			links, shown = p.Links, p.Text
		}
	}
	if path != "/nowhere" {
		for _, c := range w.heard() {
			found[c] = path
		}
	}
	if plain := w.plain(t, address); len(plain) < len(shown)*9/10 || len(plain) < 20 {
		found["without script text is missing"] = fmt.Sprintf("%s (%d bytes of %d)", path, len(plain), len(shown))
	}
	for wrong, where := range found {
		w.faults[wrong] = append(w.faults[wrong], where)
	}
	return pagesOnly(links)
}

// plain returns the text of the page when its script is not run.
func (w *walk) plain(t *testing.T, address string) string {
	t.Helper()
	w.see(t, looks[0])
	w.script(t, false)
	defer w.script(t, true)
	w.do(t, address, chromedp.Navigate(address))
	defer w.heard()
	return text(w.browser)
}

// judge looks at the page, which it goes to first when asked.
func (w *walk) judge(address string, first bool) (seenPage, error) {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if first {
		err := chromedp.Do(ctx, chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("body")), chromedp.Evaluate[chromedp.Void](w.axe))
		if err != nil {
			return seenPage{}, err
		}
	}
	return chromedp.Run(ctx, chromedp.Evaluate[seenPage](looking, chromedp.EvalAwaitPromise))
}

// wrong says what is wrong with a page that should be in lang.
func (p seenPage) wrong(lang, path string) []string {
	var out []string
	if p.Status >= 400 && (path != "/nowhere" || p.Status != 404) {
		out = append(out, fmt.Sprintf("answers %d", p.Status))
	}
	if p.Lang != lang {
		out = append(out, fmt.Sprintf("is in %q", p.Lang))
	}
	if p.Title == "" || p.H1 == "" {
		out = append(out, "has no title or no heading")
	}
	if p.Wide > 1 {
		out = append(out, fmt.Sprintf("is %d px wider than the screen", p.Wide))
	}
	for _, r := range p.Rules {
		out = append(out, fmt.Sprintf("axe %s: %s: %.260s", r.ID, r.Help, r.Node))
	}
	return out
}

// pagesOnly leaves out what is for programs, and what signs out.
func pagesOnly(links []string) []string {
	file := regexp.MustCompile(`^/(api|sdmx|assets|log)/|\.(csv|xlsx|json|xml|svg)(\?|$)|format=|sign-out`)
	var out []string
	for _, l := range links {
		u, err := url.Parse(l)
		if err != nil || file.MatchString(l) {
			continue
		}
		q := u.Query()
		q.Del("lang")
		u.RawQuery = q.Encode()
		out = append(out, u.String())
	}
	return out
}
