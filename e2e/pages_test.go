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
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	sameKind = 2   // how many pages of one kind are looked at
	maxPages = 120 // in all, per visitor and language

	patience = time.Minute // with one page on a busy machine
)

// TestPages goes through the site in a real browser, by its own links, from home on,
// as a visitor and as the owner, in both languages. No page may break a WCAG 2.2
// A or AA rule that axe-core knows, complain on its console (a blocked style or
// script, say), be wider than a small screen, or answer with an error.
func TestPages(t *testing.T) {
	chromium := os.Getenv("YUZHOU_TEST_CHROMIUM")
	if chromium == "" {
		t.Skip("YUZHOU_TEST_CHROMIUM is not set: no page was looked at")
	}
	axe, err := os.ReadFile("testdata/axe-core@4.14.1/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, t.TempDir())
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(chromium), chromedp.NoSandbox)
	alloc, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	for _, who := range []string{"visitor", "owner"} {
		for _, lang := range []string{"zh-CN", "en"} {
			t.Run(who+" "+lang, func(t *testing.T) {
				b := newBrowser(t, alloc, string(axe))
				if who == "owner" {
					b.signIn(t, s)
				}
				b.walk(t, s.URL, lang)
			})
		}
	}
}

// browser is one window, signed in or not.
type browser struct {
	ctx context.Context //nolint:containedctx // it is the window
	axe string

	mu         sync.Mutex
	complaints []string // of the console; guarded by mu
}

func newBrowser(t *testing.T, alloc context.Context, axe string) *browser {
	t.Helper()
	b := &browser{axe: axe}
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithListener(b.hear))
	t.Cleanup(cancel)
	b.ctx = ctx
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 844)); err != nil {
		t.Fatal(err)
	}
	return b
}

// hear keeps what a page's console complains of.
func (b *browser) hear(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError {
			b.complaints = append(b.complaints, ev.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, ev.ExceptionDetails.Text)
	}
}

// heard returns the complaints since it was last asked.
func (b *browser) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.complaints
	b.complaints = nil
	return out
}

// signIn fills in the form as the owner.
func (b *browser) signIn(t *testing.T, s *server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx,
		chromedp.Navigate(s.URL+"/org/sign-in"),
		chromedp.SendKeys(chromedp.CSS(`form input[autocomplete="username"]`), s.User),
		chromedp.SendKeys(chromedp.CSS(`form input[type="password"]`), s.Password),
		chromedp.Submit(chromedp.CSS(`form input[type="password"]`)),
	)
	if err != nil {
		t.Fatalf("sign-in: %v", err)
	}
	for at := "/org/sign-in"; strings.Contains(at, "/org/sign-in"); { // the password is slow to check, by design
		if err := chromedp.Do(ctx, chromedp.Sleep(200*time.Millisecond)); err != nil {
			t.Fatalf("signed in, and still on the page: %v", err)
		}
		if now, err := chromedp.Run(ctx, chromedp.Location()); err == nil { // none while a page is being left
			at = now
		}
	}
	b.heard()
}

// walk follows links until no new kind of page is left.
func (b *browser) walk(t *testing.T, base, lang string) {
	t.Helper()
	kinds := map[string]int{kind("/"): 1}
	next := []string{"/"}
	seen := 0
	for len(next) > 0 && seen < maxPages {
		path := next[0]
		next = next[1:]
		seen++
		for _, link := range b.look(t, base, path, lang) {
			if k := kind(link); kinds[k] < sameKind && !slices.Contains(next, link) {
				kinds[k]++
				next = append(next, link)
			}
		}
	}
	t.Logf("%d pages of %d kinds", seen, len(kinds))
	if seen < 5 {
		t.Errorf("home leads to %d pages only", seen)
	}
}

var id = regexp.MustCompile(`[0-9]|\.|%`)

// kind returns what a path and its query have in common with those of their kind:
// parts that look like an id, and the values of the query, are left out.
func kind(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	parts := strings.Split(u.Path, "/")
	for i, p := range parts {
		if id.MatchString(p) {
			parts[i] = "*"
		}
	}
	keys := slices.Sorted(maps.Keys(u.Query()))
	return strings.Join(parts, "/") + "?" + strings.Join(keys, "&")
}

// seenPage is what the browser finds on a page.
type seenPage struct {
	Lang  string
	Title string
	Error string
	Wide  int
	Links []string
	Rules []struct{ ID, Help, Node string }
}

const looking = `(async () => {
	const found = await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations']});
	const nav = performance.getEntriesByType('navigation')[0];
	return {
		Lang: document.documentElement.lang, Title: document.title,
		Error: nav.responseStatus >= 400 ? String(nav.responseStatus) : '',
		Wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
		Links: [...document.querySelectorAll('a[href]')].filter(a => a.origin === location.origin && !a.hasAttribute('download'))
			.map(a => a.pathname + a.search),
		Rules: found.violations.map(v => ({ID: v.id, Help: v.help, Node: v.nodes[0].html})),
	};
})()`

// look judges one page and returns the pages it links to.
func (b *browser) look(t *testing.T, base, path, lang string) []string {
	t.Helper()
	b.heard()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx,
		chromedp.Navigate(base+path+sep+"lang="+lang),
		chromedp.WaitReady("body"),
		chromedp.Evaluate[chromedp.Void](b.axe),
	)
	var p seenPage
	if err == nil {
		p, err = chromedp.Run(ctx, chromedp.Evaluate[seenPage](looking, chromedp.EvalAwaitPromise))
	}
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return nil
	}
	for _, wrong := range p.faults(lang) {
		t.Errorf("%s: %s", path, wrong)
	}
	for _, c := range b.heard() {
		t.Errorf("%s: the console says: %s", path, c)
	}
	return pagesOnly(p.Links)
}

// faults says what is wrong with a page that should be in lang.
func (p seenPage) faults(lang string) []string {
	var out []string
	if p.Error != "" {
		out = append(out, "answers "+p.Error)
	}
	if p.Lang != lang {
		out = append(out, fmt.Sprintf("is in %q", p.Lang))
	}
	if p.Title == "" {
		out = append(out, "has no title")
	}
	if p.Wide > 1 {
		out = append(out, fmt.Sprintf("is %d px wider than a small screen", p.Wide))
	}
	for _, r := range p.Rules {
		out = append(out, fmt.Sprintf("axe %s: %s: %.160s", r.ID, r.Help, r.Node))
	}
	return out
}

// pagesOnly leaves out what is for programs, and what signs out.
func pagesOnly(links []string) []string {
	file := regexp.MustCompile(`^/(api|sdmx|assets)/|\.(csv|xlsx|json|xml|svg)(\?|$)|format=|sign-out`)
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
