package e2e

import (
	"bytes"
	"fmt"
	"image"
	_ "image/png" // decodes the pictures
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAuditor turns the cockpit back to the day of the page and goes from the red
// light to the words that its number stands in, by the links that the pages offer.
func TestAuditor(t *testing.T) {
	s := serve(t, t.TempDir())
	b := newBrowser(t, s)
	b.do(t, "cockpit", chromedp.Navigate(s.URL+"/plan/cockpit?lang=zh-CN&as_of=2025-10-15"))
	b.has(t, `tr.row-yellow a[href^="/plan/targets/T09"]`, "高新技术企业")
	b.follow(t, "as known on the day of the page",
		chromedp.SetValue(chromedp.CSS("#cockpit-date"), "2023-07-11"),
		chromedp.Submit(chromedp.CSS("#cockpit-date")))
	b.has(t, `tr.row-red a[href^="/plan/targets/T09"]`, "高新技术企业")
	b.has(t, `main`, "116.6", "76.9", "6,350")
	b.has(t, `.backthen`, "2023")
	b.follow(t, "target", chromedp.Click(chromedp.CSS(`tr.row-red a[href^="/plan/targets/T09"]`)))
	b.has(t, `main`, "default.pace.red", "6,350")
	b.has(t, `.backthen`, "2023") // the date goes along
	b.follow(t, "number", chromedp.Click(chromedp.CSS(`main a[href*="/st.hte/500000/2023-06-30"]`)))
	b.has(t, `mark`, "6401家")
	b.has(t, `main`, "截至6月底", "88.500.1/st.hte/500000/2023-06-30")
	b.follow(t, "the other language", chromedp.Click(chromedp.CSS(`header a[hreflang="en"]`)))
	b.has(t, `html[lang="en"] mark`, "6401家")
	for _, c := range b.heard() {
		t.Error(c)
	}
}

// TestClerk signs in, hands in a file with a wrong cell, then the right one, and
// finds its number published.
func TestClerk(t *testing.T) {
	s := serve(t, t.TempDir())
	b := newBrowser(t, s)
	b.do(t, "import as a visitor", chromedp.Navigate(s.URL+"/indicators/import"))
	b.has(t, `form input[type="password"]`) // led to the sign-in
	b.signIn(t, s)
	dir := t.TempDir()
	hand := func(name, row, mode string) {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte("indicator,unit,period,value,measure\n"+row+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		b.do(t, name, chromedp.Navigate(s.URL+"/indicators/import?lang=en"))
		b.follow(t, name,
			chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}),
			chromedp.Click(chromedp.CSS(fmt.Sprintf(`input[name="mode"][value=%q]`, mode))),
			chromedp.Submit(chromedp.CSS("#file")))
	}
	hand("wrong.csv", "st.hte,500000,2024-06-30,many,家", "keep")
	b.has(t, `main [role="status"]`, "D2", "many")
	hand("right.csv", "st.hte,500000,2024-06-30,7654,家", "try")
	if status, _, body := get(t, s.URL+"/api/v1/indicators/observations?indicator=st.hte&period=2024-06-30", ""); status != 200 || strings.Contains(body, "7654") {
		t.Errorf("after a trial: %d %s", status, body)
	}
	hand("right.csv", "st.hte,500000,2024-06-30,7654,家", "keep")
	b.do(t, "the number", chromedp.Navigate(s.URL+"/indicators/st.hte/500000/2024-06-30?lang=en"))
	b.has(t, `main`, "7654")
	b.do(t, "the record", chromedp.Navigate(s.URL+"/org/audit?lang=en"))
	b.has(t, `main`, "import")
	b.do(t, "me", chromedp.Navigate(s.URL+"/org/me?lang=en"))
	b.follow(t, "sign-out", chromedp.Submit(chromedp.CSS(`form[action="/org/sign-out"] button`)))
	b.do(t, "the record again", chromedp.Navigate(s.URL+"/org/audit?lang=en"))
	b.has(t, `form input[type="password"]`)
	for _, c := range b.heard() {
		t.Error(c)
	}
}

// has fails t unless an element that the selector finds holds all the words.
func (b *browser) has(t *testing.T, selector string, words ...string) {
	t.Helper()
	held, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](fmt.Sprintf(`[...document.querySelectorAll(%q)].map(e => e.innerText)`, selector)))
	if err != nil {
		t.Fatal(err)
	}
	if len(held) == 0 {
		t.Fatalf("nothing is %s; the page reads:\n%.1500s", selector, text(b))
	}
	all := strings.Join(held, "\n")
	for _, w := range words {
		if !strings.Contains(all, w) {
			t.Errorf("%s does not say %q but:\n%.1500s", selector, w, all)
		}
	}
}

// TestShots takes pictures of the main pages in both languages. With YUZHOU_SHOTS it
// leaves them in that folder: docs/screenshots is made so.
func TestShots(t *testing.T) {
	dir := os.Getenv("YUZHOU_SHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	const largest = 400 << 10 // bytes: the pictures are kept with the source
	s := serve(t, t.TempDir())
	b := newBrowser(t, s)
	b.do(t, "window", chromedp.EmulateViewport(1280, 900))
	for _, page := range []struct{ name, path string }{
		{"home", "/"},
		{"cockpit", "/plan/cockpit"},
		{"cockpit-2023-07-11", "/plan/cockpit?as_of=2023-07-11"},
		{"target", "/plan/targets/T09"},
		{"target-2023-07-11", "/plan/targets/T09?as_of=2023-07-11"},
		{"number", "/indicators/st.hte/500000/2023-06-30"},
		{"indicator", "/indicators/st.hte"},
		{"tree", "/plan/tree"},
		{"highlights", "/plan/highlights"},
		{"check", "/plan/check"},
		{"map", "/indicators/map"},
	} {
		for _, lang := range []string{"zh-CN", "en"} {
			sep := "?"
			if strings.Contains(page.path, "?") {
				sep = "&"
			}
			b.do(t, page.name, chromedp.Navigate(s.URL+page.path+sep+"lang="+lang))
			shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
			if err != nil {
				t.Fatal(err)
			}
			size, _, err := image.DecodeConfig(bytes.NewReader(shot))
			if err != nil || size.Width != 1280 || size.Height != 900 || len(shot) > largest || len(shot) < 10_000 {
				t.Errorf("%s %s: %d bytes, %d × %d, %v", page.name, lang, len(shot), size.Width, size.Height, err)
			}
			if err := os.WriteFile(filepath.Join(dir, page.name+"."+lang+".png"), shot, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
