package e2e

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// told is the story as yuzhou story tells it, step by step.
type told struct {
	url       string
	passwords map[string]string
	nodes     map[string]nodeAt // of a story of nodes, by prefix
	lines     chan string
	keys      io.Writer
}

var (
	castLine = regexp.MustCompile(`^  (\S+) +([a-z0-9-]{19})  `)
	waitLine = regexp.MustCompile(`^    (\(press Enter|（按回车)`)
	stepLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d  (.+)`)
)

// tell starts a story in a language; it waits for a key after each step.
func tell(t *testing.T, lang string, command ...string) *told {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "yuzhou"), append(command, "--data", t.TempDir(), "--addr", "127.0.0.1:0", "--pause", "--lang", lang)...)
	keys, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	said := &server{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("it said:\n%s", said.said())
		}
	})
	s := &told{passwords: map[string]string{}, nodes: map[string]nodeAt{}, lines: make(chan string, 1000), keys: keys}
	go func() {
		defer close(s.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			s.lines <- in.Text()
		}
	}()
	return s
}

// step returns the next step with the pages that it names, past how people sign in.
func (s *told) step(t *testing.T) (what string, pages []string) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case line, more := <-s.lines:
			if m := castLine.FindStringSubmatch(line); m != nil {
				s.passwords[m[1]] = m[2]
			}
			if m := nodeLine.FindStringSubmatch(line); m != nil {
				s.nodes[m[1]] = nodeAt{url: m[2], at: m[3], password: m[4]}
			}
			if at := strings.Index(line, "http://"); at >= 0 && s.url == "" {
				s.url = line[at:]
			}
			if page, ok := strings.CutPrefix(line, "    "+s.url); ok && what != "" {
				pages = append(pages, page)
			}
			if m := stepLine.FindStringSubmatch(line); m != nil {
				what = m[1]
			}
			if !more {
				t.Fatal("the story has ended before its time")
			}
			if waitLine.MatchString(line) {
				return what, pages
			}
		case <-late:
			t.Fatal("the story does not go on")
		}
	}
}

// seen is what somebody finds at a step of the story, in their inbox or on a page.
type seen struct {
	step  string // part of what is told
	who   string
	page  string // empty: the last one that the step names
	words string // that the page says
	gone  string // that it does not say
}

// TestLoop watches the story of 1458 in a browser: a number is asked for, filled
// in, checked and approved; a gap opens work, which goes to districts, is
// answered, returned and closed; and the number that slips opens it again. Each
// step is seen by whom it concerns, in both languages.
func TestLoop(t *testing.T) {
	zh := []seen{
		{"填报任务已在", "kjj", "/flow", "2024-Q2", ""},
		{"kjj 填报", "kjj.check", "/flow", "核对", ""},
		{"核对通过", "kjj.head", "/flow", "审批", ""},
		{"数字已发布", "", "/indicators/st.hte", "6700家", ""},
		{"自动立项", "office", "/flow", "高新技术企业", ""},
		{"office 交办", "kjj", "/flow", "交办", ""},
		{"分解给", "d500103", "/flow", "待签收", ""},
		{"到 kjj 复核", "kjj", "/flow", "复核", ""},
		{"退回一区", "d500106", "", "缺少逐户名单", ""},
		{"都已认可", "kjj", "", "已认可", ""},
		{"自动催办", "kjj.head", "/flow", "催办", ""},
		{"2024-Q3 的数字", "kjj", "/flow", "2024-Q3", ""},
		{"kjj 填报", "kjj.check", "", "8160", ""},
		{"核对通过", "kjj.head", "/collection/approvals", "2024-Q3", ""},
		{"数字已发布", "", "/indicators/st.hte", "8160家", ""},
		{"自动进入复核", "office.review", "/flow", "高新技术企业", ""},
		{"后销号", "office", "", "销号", ""},
		{"2024-Q4 的数字", "kjj", "/flow", "2024-Q4", ""},
		{"kjj 填报", "kjj.check", "/flow", "核对", ""},
		{"核对通过", "kjj.head", "/flow", "审批", ""},
		{"数字已发布", "", "/indicators/st.hte", "7850家", ""},
		{"重新打开", "kjj", "", "重新打开", ""},
	}
	en := []string{
		"is in the inbox of kjj", "kjj fills in", "passes it", "is published", "is filed by itself", "hands it over", "divides it among", "acknowledge and answer", "returns one answer", "all three are accepted",
		"reminds kjj.head", "2024-Q3 are asked", "kjj fills in", "passes it", "is published", "comes up for review", "closes it", "2024-Q4 are asked", "kjj fills in", "passes it", "is published", "opens again",
	}
	t.Run("zh-CN", func(t *testing.T) { watch(t, "zh-CN", zh) })
	t.Run("en", func(t *testing.T) {
		words := []string{
			"2024-Q2", "checked", "approve", "6,700", "High-tech", "Handed over", "acknowledged", "Review", "缺少逐户名单", "Accepted", "Reminded", "2024-Q3", "8160", "2024-Q3", "8,160", "High-tech", "Closed", "2024-Q4", "checked",
			"approve", "7,850", "again",
		}
		steps := make([]seen, len(zh))
		for i := range zh {
			steps[i] = seen{en[i], zh[i].who, zh[i].page, words[i], ""}
		}
		watch(t, "en", steps)
	})
}

// watch goes through the steps with one browser, signed in as whoever each concerns.
func watch(t *testing.T, lang string, steps []seen) {
	t.Helper()
	axe, err := os.ReadFile("testdata/axe-core@4.14.1/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	s := tell(t, lang, "story")
	var w *walk
	who := "nobody"
	judged := map[string]bool{}
	for i, want := range steps {
		what, pages := s.step(t)
		if !strings.Contains(what, want.step) {
			t.Fatalf("step %d is %q, want %q", i+1, what, want.step)
		}
		if w == nil {
			w = &walk{browser: newBrowser(t, &server{URL: s.url}), axe: string(axe), lang: lang}
		}
		if want.who != "" && want.who != who {
			w.signInAs(t, want.who, s.passwords[want.who])
			who = want.who
		}
		path := want.page
		if path == "" {
			path = pages[len(pages)-1]
		}
		address := s.url + path + "?lang=" + lang
		if kind := kind(path); !judged[kind] { // each kind of page once
			judged[kind] = true
			page, err := w.judge(address, true)
			if err != nil {
				t.Fatal(path, err)
			}
			for _, wrong := range page.wrong(lang, path) {
				t.Errorf("%s: %s", path, wrong)
			}
		} else {
			w.do(t, path, chromedp.Navigate(address))
		}
		w.has(t, "main", want.words)
		w.has(t, "p.demo", "") // it says what it is
		keep(t, w.browser, lang, i+1)
		if _, err := io.WriteString(s.keys, "\n"); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range w.heard() {
		t.Error(c)
	}
}

// keep leaves a picture of a step in the folder that YUZHOU_STORY_SHOTS names.
func keep(t *testing.T, b *browser, lang string, n int) {
	t.Helper()
	dir := os.Getenv("YUZHOU_STORY_SHOTS")
	if dir == "" {
		return
	}
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, lang+"-"+string(rune('a'+n-1))+".png"), shot, 0o600); err != nil {
		t.Fatal(err)
	}
}
