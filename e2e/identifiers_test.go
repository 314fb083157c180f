package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// registry is a node with a prefix, 88.500.N, whose registrant has one member.
type registry struct {
	*server
	dir       string
	passwords map[string]string // by login
	tokens    map[string]string
	prefix    string
}

// serveNode starts a server whose identifiers are resolved on ports of its own.
func serveNode(t *testing.T, dir string, more ...string) *server {
	t.Helper()
	args := []string{"serve", "--addr", "127.0.0.1:0", "--data", dir, "--identifiers-udp", "127.0.0.1:0", "--identifiers-tcp", "127.0.0.1:0"}
	return start(t, exec.Command(filepath.Join(bin, "yuzhou"), append(args, more...)...))
}

// newRegistry starts a node, lets three people allocate a prefix to a factory, and makes
// worker a member of it. friend belongs to nobody.
func newRegistry(t *testing.T, more ...string) *registry {
	t.Helper()
	dir := t.TempDir()
	r := &registry{server: serveNode(t, dir, more...), dir: dir, passwords: map[string]string{}, tokens: map[string]string{}}
	r.passwords[r.User] = r.Password
	r.tokens["owner"] = signIn(t, r.URL, r.User, r.Password)
	ids := map[string]string{}
	for login, role := range map[string]string{"clerk": "clerk", "steward": "steward", "leader": "leader", "worker": "", "friend": ""} {
		var made struct{ Person, Password string }
		r.ask(t, "owner", http.MethodPost, "/org/people", map[string]string{"login": login, "zh": "某" + login, "en": "Some " + login}, &made)
		if role != "" {
			r.ask(t, "owner", http.MethodPost, "/org/people/"+made.Person+"/grants", map[string]string{"role": role, "unit": "500000"}, nil)
		}
		ids[login], r.passwords[login] = made.Person, made.Password
		r.tokens[login] = signIn(t, r.URL, login, made.Password)
	}
	var c struct{ Case, Prefix string }
	r.ask(t, "clerk", http.MethodPost, "/identifiers/prefixes", map[string]any{"change": "allocate", "quota": 200_000, "registrant": map[string]string{
		"zh": "山城减速机有限公司", "en": "Mountain City Gearboxes", "credit_code": "91350100M000100Y43", "kind": "enterprise", "person": "张三", "contact": "李四", "phone": "023-10000000", "address": "重庆市渝中区某路 1 号", "area": "500103",
	}}, &c)
	r.ask(t, "steward", http.MethodPost, "/flow/cases/"+c.Case+"/events", map[string]string{"event": "verified"}, nil)
	r.ask(t, "leader", http.MethodPost, "/flow/cases/"+c.Case+"/events", map[string]string{"event": "approve"}, nil)
	r.prefix = c.Prefix
	var p struct{ Registrant string }
	for until := time.Now().Add(patience); p.Registrant == "" && time.Now().Before(until); { // the engine puts it in force in a moment
		if status, _, body := get(t, r.URL+"/api/v1/identifiers/prefixes/"+r.prefix, "en"); status == http.StatusOK {
			if err := json.Unmarshal([]byte(body), &p); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.ask(t, "clerk", http.MethodPut, "/identifiers/registrants/"+p.Registrant+"/members/"+ids["worker"], nil, nil)
	r.ask(t, "clerk", http.MethodPost, "/identifiers/templates", map[string]any{"id": "gearbox", "version": 1, "name": map[string]string{"zh": "减速机", "en": "Gearbox"}, "items": []map[string]any{
		{"index": 1, "name": "page", "type": "url", "alias": map[string]string{"zh": "网址", "en": "Page"}},
		{"index": 2000, "name": "model", "type": "text", "length": 40, "required": true, "alias": map[string]string{"zh": "型号", "en": "Model"}},
		{"index": 2001, "name": "made", "type": "date", "alias": map[string]string{"zh": "生产日期", "en": "Made on"}},
		{"index": 2002, "name": "grade", "type": "choice", "choices": []string{"P4", "P5", "P6"}, "alias": map[string]string{"zh": "精度", "en": "Grade"}},
		{"index": 2003, "name": "cost", "type": "decimal", "granted": true, "alias": map[string]string{"zh": "成本", "en": "Cost"}},
	}}, nil)
	return r
}

// ask calls the API as somebody; it must succeed.
func (r *registry) ask(t *testing.T, who, method, path string, in, out any) {
	t.Helper()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(in)
	default:
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, r.URL+"/api/v1"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.tokens[who])
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s as %s: %s %s %v\n%s", method, path, who, res.Status, text, err, r.said())
	}
	switch out := out.(type) {
	case nil:
	case *string:
		*out = string(text)
	default:
		if err := json.Unmarshal(text, out); err != nil {
			t.Fatalf("%s: %v in %s", path, err, text)
		}
	}
}

// registration is a job as the API answers it.
type registration struct {
	ID, State           string
	Rows, Done, Refused int64
	Counts              map[string]int64
}

func (r *registry) job(t *testing.T, id string) (j registration) {
	t.Helper()
	r.ask(t, "worker", http.MethodGet, "/identifiers/jobs/"+id, nil, &j)
	return j
}

// until asks for a job until it is so.
func (r *registry) until(t *testing.T, id string, so func(registration) bool) registration {
	t.Helper()
	late := time.Now().Add(3 * patience)
	for {
		j := r.job(t, id)
		if so(j) {
			return j
		}
		if time.Now().After(late) {
			t.Fatalf("the job does not get there: %+v\n%s", j, r.said())
		}
	}
}

// TestRegistrar registers as a member of a registrant does, in a browser: one by the
// form, a file with a wrong row; looks at what became of it; grants a hidden value, which
// a friend reads then and a visitor does not.
func TestRegistrar(t *testing.T) {
	axe, err := os.ReadFile("testdata/axe-core@4.14.1/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	r := newRegistry(t)
	for _, lang := range []string{"zh-CN", "en"} {
		t.Run(lang, func(t *testing.T) {
			w := &walk{browser: newBrowser(t, r.server), axe: string(axe), lang: lang, kinds: map[string]int{}, seen: map[string]bool{}, faults: map[string][]string{}}
			w.signInAs(t, "worker", r.passwords["worker"])
			name := r.prefix + "/gb-" + lang
			w.registerOne(t, r, lang)
			w.has(t, "main", name, "42.5")
			job := w.sendFile(t, r, lang)
			w.grant(t, r, lang)
			w.signInAs(t, "friend", r.passwords["friend"])
			w.do(t, "as a friend", chromedp.Navigate(r.URL+"/identifiers/of/"+name+"?lang="+lang))
			w.has(t, "main", "RV-40", "42.5")
			w.signInAs(t, "worker", r.passwords["worker"])
			for _, path := range []string{
				"/identifiers/portal", "/identifiers/portal/register", "/identifiers/portal/files", "/identifiers/portal/template?template=gearbox@1", "/identifiers/portal/template",
				"/identifiers/portal/grants", "/identifiers/portal/members", "/identifiers/portal/statistics", job, "/identifiers/of/" + name, "/identifiers/of/" + name + "?as_of=2026-01-01",
			} {
				if strings.Contains(path, "as_of") {
					continue // answered by 404
				}
				w.look(t, path)
				w.shoot(t, path)
			}
			w.signInAs(t, "clerk", r.passwords["clerk"])
			for _, path := range []string{"/identifiers", "/identifiers/node"} {
				w.look(t, path)
				w.shoot(t, path)
			}
			w.has(t, "main", r.prefix)
			for fault, where := range w.faults {
				t.Errorf("%s\n  on %.300s", fault, strings.Join(where, " "))
			}
			visitor := newBrowser(t, r.server)
			visitor.do(t, "as a visitor", chromedp.Navigate(r.URL+"/identifiers/of/"+name+"?lang="+lang))
			visitor.has(t, "main", "RV-40")
			if said := text(visitor); strings.Contains(said, "42.5") {
				t.Errorf("a visitor reads what is hidden:\n%s", said)
			}
		})
	}
}

// registerOne fills in the form, first with a mistake.
func (w *walk) registerOne(t *testing.T, r *registry, lang string) {
	t.Helper()
	w.do(t, "the portal", chromedp.Navigate(r.URL+"/identifiers/portal?lang="+lang))
	w.has(t, "main", r.prefix)
	w.follow(t, "the form", chromedp.Click(chromedp.CSS(`main a[href^="/identifiers/portal/register"]`)))
	fill := func(name, value string) chromedp.Action[chromedp.Void] {
		return chromedp.SetValue(chromedp.CSS(fmt.Sprintf(`[name=%q]`, name)), value)
	}
	steps := []chromedp.Action[chromedp.Void]{
		fill("suffix", "gb-"+lang), fill("f.page", "https://factory.example/gb"), fill("f.model", "RV-40"), fill("f.made", "2026-11-20"), fill("f.grade", "P5"), fill("f.cost", "many"),
	}
	w.wrongly(t, append(steps, chromedp.Click(chromedp.CSS(`main form[method="post"] button[type="submit"]`)))...)
	w.has(t, `[id="w.cost"]`, "42.50")
	w.follow(t, "the form, right", fill("f.cost", "42.50"), chromedp.Click(chromedp.CSS(`main form[method="post"] button[type="submit"]`)))
}

// wrongly sends a form that is answered by the form with what is wrong.
func (w *walk) wrongly(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	res, err := chromedp.RunResponse(w.ctx, steps...)
	if err != nil || res.Status != http.StatusUnprocessableEntity {
		t.Fatalf("%v, %v; the page reads:\n%.1500s", res, err, text(w.browser))
	}
	w.heard() // the console tells of the status
}

// sendFile sends a file of 200 rows, one of them wrong, and returns the page of its job.
func (w *walk) sendFile(t *testing.T, r *registry, lang string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("后缀,型号,生产日期\n")
	for i := range 200 {
		day := "2026-11-20"
		if i == 100 {
			day = "the 20th"
		}
		fmt.Fprintf(&b, "lot-%s-%03d,RV-%d,%s\n", lang, i, i, day)
	}
	file := filepath.Join(t.TempDir(), "lot-"+lang+".csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	w.do(t, "the form for files", chromedp.Navigate(r.URL+"/identifiers/portal/files?template=gearbox@1&lang="+lang))
	w.follow(t, "the file", chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}), chromedp.Submit(chromedp.CSS("#file")))
	var page string
	w.do(t, "the job", chromedp.Navigate(r.URL+"/identifiers/portal?lang="+lang))
	page, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.querySelector('main a[href^="/identifiers/jobs/"]').getAttribute('href')`))
	if err != nil {
		t.Fatal(err)
	}
	j := r.until(t, strings.TrimPrefix(page, "/identifiers/jobs/"), func(j registration) bool { return j.State == "done" })
	if j.Rows != 200 || j.Counts["registered"] != 199 || j.Refused != 1 {
		t.Errorf("%+v", j)
	}
	w.do(t, "the outcome", chromedp.Navigate(r.URL+page+"?lang="+lang))
	w.has(t, "main", "199", "102", "the 20th", "2026-01-31")
	return page
}

// grant lets the friend read what the template hides.
func (w *walk) grant(t *testing.T, r *registry, lang string) {
	t.Helper()
	w.do(t, "grants", chromedp.Navigate(r.URL+"/identifiers/portal/grants?lang="+lang))
	w.follow(t, "the grant",
		chromedp.SetValue(chromedp.CSS("#what"), "gearbox cost"), chromedp.SetValue(chromedp.CSS("#kind"), "person"), chromedp.SetValue(chromedp.CSS("#grantee"), "friend"),
		chromedp.Submit(chromedp.CSS("#grantee")))
	w.has(t, "main table", "friend")
}

// shoot leaves pictures of a page in the folder that YUZHOU_PORTAL_SHOTS names, as a desk
// and as a telephone has it.
func (w *walk) shoot(t *testing.T, path string) {
	t.Helper()
	dir := os.Getenv("YUZHOU_PORTAL_SHOTS")
	if dir == "" {
		return
	}
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	for _, width := range []int64{1280, 390} {
		w.do(t, path, chromedp.EmulateViewport(width, 1400), chromedp.Navigate(w.url+path+sep+"lang="+w.lang))
		shot, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		name := strings.NewReplacer("/", "-", "?", "-", "=", "-", "@", "-").Replace(strings.Trim(path, "/"))
		if i := strings.Index(name, "-jobs-"); i >= 0 {
			name = "job"
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s.%d.%s.png", name, width, w.lang)), shot, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRegistrationKill kills the server without warning while a file of 50,000 rows is
// registered, again and again: in the end every row is there once, with one outcome, and
// what had an outcome before a kill has the same after it.
func TestRegistrationKill(t *testing.T) {
	const rows = 50_000
	r := newRegistry(t)
	var b strings.Builder
	b.WriteString("suffix,page,model\n")
	for i := range rows {
		fmt.Fprintf(&b, "k-%05d,https://factory.example/%d,RV-%d\n", i, i, i%40)
	}
	var j registration
	r.ask(t, "worker", http.MethodPost, "/identifiers/jobs?name=large.csv&template=gearbox@1&prefix="+r.prefix, b.String(), &j)
	killed := 0
	var before [][]string
	for at := int64(1); j.State != "done"; at = j.Done + 1 {
		j = r.until(t, j.ID, func(j registration) bool { return j.State == "done" || j.Done >= at })
		if j.State == "done" {
			break
		}
		before = r.outcome(t, j.ID)
		r.kill()
		killed++
		r.server = serveNode(t, r.dir)
		after := r.outcome(t, j.ID)
		if len(after) < len(before) {
			t.Fatalf("kill %d: %d outcomes before, %d after", killed, len(before), len(after))
		}
		for i, row := range before {
			if strings.Join(row, "\t") != strings.Join(after[i], "\t") {
				t.Fatalf("kill %d: %q became %q", killed, row, after[i])
			}
		}
		if len(before) > 0 {
			last := before[len(before)-1][1]
			if status, _, body := get(t, r.URL+"/api/v1/identifiers/resolve?name="+last, "en"); status != http.StatusOK {
				t.Errorf("kill %d: %s had its outcome and answers %d %s", killed, last, status, body)
			}
		}
	}
	all := r.outcome(t, j.ID)
	seen := map[string]bool{}
	for _, row := range all {
		seen[row[1]] = true
	}
	if j.Rows != rows || j.Done != rows || j.Counts["registered"] != rows || len(all) != rows || len(seen) != rows {
		t.Errorf("%+v: %d outcomes of %d identifiers", j, len(all), len(seen))
	}
	if killed < 2 {
		t.Errorf("killed %d times: too few to say anything", killed)
	}
	var again registration
	r.ask(t, "worker", http.MethodPost, "/identifiers/jobs?name=large.csv&template=gearbox@1&prefix="+r.prefix, b.String(), &again)
	if again.ID != j.ID || again.State != "done" {
		t.Errorf("the same file is another job: %+v", again)
	}
	t.Logf("%d rows through %d kills", rows, killed)
}

// outcome reads what became of the rows of a job so far.
func (r *registry) outcome(t *testing.T, id string) [][]string {
	t.Helper()
	var doc string
	r.ask(t, "worker", http.MethodGet, "/identifiers/jobs/"+id+"/outcome.csv", nil, &doc)
	rows, err := csv.NewReader(strings.NewReader(doc)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}
