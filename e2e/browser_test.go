package e2e

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long one page may take on a busy machine.
const patience = time.Minute

// allocator starts Chromium: the one that YUZHOU_TEST_CHROMIUM names, else the one on
// PATH. It skips t when there is none.
func allocator(t *testing.T) context.Context {
	t.Helper()
	chromium := os.Getenv("YUZHOU_TEST_CHROMIUM")
	if chromium == "" {
		found, err := exec.LookPath("chromium")
		if err != nil {
			t.Skip("NO PAGE WAS LOOKED AT: chromium is not on PATH and YUZHOU_TEST_CHROMIUM is not set")
		}
		chromium = found
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	return ctx
}

// browser is one window, signed in or not.
type browser struct {
	ctx context.Context
	url string // of the server

	mu         sync.Mutex
	complaints []string // of the console and the network; guarded by mu
}

// newBrowser opens a window of a Chromium of its own, so that nobody is signed in.
func newBrowser(t *testing.T, s *server) *browser {
	t.Helper()
	b := &browser{url: s.URL}
	ctx, cancel := chromedp.NewContext(allocator(t), chromedp.WithListener(b.hear))
	t.Cleanup(cancel)
	b.ctx = ctx
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// hear keeps what the console complains of and which requests came to nothing.
func (b *browser) hear(ev any) {
	said := ""
	switch ev := ev.(type) {
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError {
			said = "the console says: " + ev.Entry.Text + " " + ev.Entry.URL
		}
	case *runtime.EventExceptionThrown:
		said = "a script fails: " + ev.ExceptionDetails.Text
	case *network.EventLoadingFailed:
		if !ev.Canceled {
			said = "a request fails: " + ev.ErrorText + " " + string(ev.BlockedReason)
		}
	}
	if said != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.complaints = append(b.complaints, said)
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

// do runs the steps, which must succeed within patience.
func (b *browser) do(t *testing.T, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v; the page reads:\n%.1500s", what, err, text(b))
	}
}

// text returns what can be read in the main part of the page.
func text(b *browser) string {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector('main')?.innerText ?? ''`))
	if err != nil {
		return err.Error()
	}
	return out
}

// follow runs the steps, the last of which leads to another page, and waits for it.
func (b *browser) follow(t *testing.T, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	res, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		t.Fatalf("%s: %v; the page reads:\n%.1500s", what, err, text(b))
	}
	if res.Status >= 400 {
		t.Errorf("%s leads to %s, which answers %d", what, res.URL, res.Status)
	}
}

// look is how a page is looked at.
type look struct {
	width  int64 // px
	scheme string
}

// see sets the window's width and colours.
func (b *browser) see(t *testing.T, l look) {
	t.Helper()
	b.do(t, "viewport", chromedp.EmulateViewport(l.width, 900))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: l.scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"}, // else colours are judged while they change
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// script turns the page's own script on or off.
func (b *browser) script(t *testing.T, on bool) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		t.Fatal(err)
	}
}

// signIn fills in the form as the owner. On plain http the browser takes the session's
// cookie because the address is this machine's own.
func (b *browser) signIn(t *testing.T, s *server) {
	t.Helper()
	b.signInAs(t, s.User, s.Password)
}

// signInAs fills in the form as anybody, after whoever was signed in has gone.
func (b *browser) signInAs(t *testing.T, user, password string) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	b.do(t, "sign-in page", chromedp.Navigate(b.url+"/org/sign-in"))
	b.follow(t, "sign-in as "+user,
		chromedp.SendKeys(chromedp.CSS(`form input[autocomplete="username"]`), user),
		chromedp.SendKeys(chromedp.CSS(`form input[type="password"]`), password),
		chromedp.Submit(chromedp.CSS(`form input[type="password"]`)),
	)
	for _, c := range b.heard() {
		t.Errorf("sign-in: %s", c)
	}
}

// cookies returns the names of those that the browser keeps for the site.
func (b *browser) cookies(t *testing.T) string {
	t.Helper()
	got, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{b.url}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range got.Cookies {
		names = append(names, c.Name)
		if !c.HTTPOnly {
			t.Errorf("script can read the cookie %s", c.Name)
		}
	}
	return strings.Join(names, " ")
}
