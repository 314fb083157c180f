package flow

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
)

// TestProcedurePages: the list, a procedure in words and the editor, as kept pages
// in both languages.
func TestProcedurePages(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		c.permit(t)
		for name, path := range map[string]string{"book": "/flow/procedures", "procedure": "/flow/procedures/permit", "edit": "/flow/procedures/edit"} {
			for _, lang := range web.Langs() {
				got := c.get("", path+"?lang="+lang)
				if got.status != http.StatusOK {
					t.Fatalf("%s: %d %s", path, got.status, got.body)
				}
				testkit.Golden(t, "pages/"+name+"."+lang+".html", settled(t, got.body))
			}
		}
	})
}

// TestProcedureFile: the file is the very text that was accepted; a name that is
// not its own is not found.
func TestProcedureFile(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		want, err := os.ReadFile("testdata/procedures/permit.yaml")
		if err != nil {
			t.Fatal(err)
		}
		got := c.get("", "/flow/procedures/permit/permit.yaml")
		if got.status != http.StatusOK || got.body != string(want) {
			t.Errorf("%d, %d bytes; want the %d of the file", got.status, len(got.body), len(want))
		}
		if d := got.header.Get("Content-Disposition"); d != "attachment; filename=permit.yaml" {
			t.Errorf("Content-Disposition is %q", d)
		}
		for _, path := range []string{"/flow/procedures/permit/part.yaml", "/flow/procedures/nothing/nothing.yaml", "/flow/procedures/nothing"} {
			if got := c.get("", path); got.status != http.StatusNotFound {
				t.Errorf("%s answers %d", path, got.status)
			}
		}
	})
}

// TestEditorFindings: what is wrong is said with its line and the line itself, in
// both languages; nothing that was written is lost.
func TestEditorFindings(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		for _, test := range []struct {
			name, lang, source string
			want               []string
			not                string
		}{
			{"an unknown key", "en", strings.Replace(firstSource, "clock: check", "clok: check", 1), []string{`<tr data-line="15">`, `<code class="there">clok: check</code>`, "error"}, "<svg"},
			{"a target that is not there", "zh-CN", strings.Replace(firstSource, "to: done", "to: dome", 1), []string{`<tr data-line="17">`, "个错误，不能发布"}, ""},
			{"no YAML at all", "en", "{", []string{`data-errors="`, "cannot be read as a procedure"}, "<svg"},
			{"nothing wrong", "en", firstSource, []string{"nothing found", "<svg", `data-errors="0"`}, "data-line"},
			{"nothing written", "zh-CN", "", []string{"错误"}, "<svg"},
			{"text that is markup", "en", "</textarea><script>alert(1)</script>", []string{"&lt;/textarea&gt;&lt;script&gt;"}, "<script>alert"},
		} {
			t.Run(test.name, func(t *testing.T) {
				got := c.post("", "/flow/procedures/edit?lang="+test.lang, url.Values{"name": {"mine.yaml"}, "source": {test.source}})
				if got.status != http.StatusOK {
					t.Fatalf("%d %s", got.status, got.body)
				}
				for _, want := range append(test.want, `value="mine.yaml"`) {
					if !strings.Contains(got.body, want) {
						t.Errorf("the page lacks %q:\n%.2500s", want, settled(t, got.body))
					}
				}
				if test.not != "" && strings.Contains(got.body, test.not) {
					t.Errorf("the page holds %q", test.not)
				}
			})
		}
		if got := c.upload("", "/flow/procedures/edit?lang=en", "theirs.yaml", strings.Replace(firstSource, "to: done", "to: dome", 1)); got.status != http.StatusOK ||
			!strings.Contains(got.body, `value="theirs.yaml"`) || !strings.Contains(got.body, `<tr data-line="17">`) {
			t.Errorf("a file: %d %.2500s", got.status, got.body)
		}
		if got := c.upload("", "/flow/procedures/edit", "picture.png", "\x89PNG\xff"); got.status != http.StatusUnprocessableEntity {
			t.Errorf("a picture: %d", got.status)
		}
		if got := c.upload("", "/flow/procedures/edit", "long.yaml", strings.Repeat("x", maxForm+1)); got.status != http.StatusUnprocessableEntity {
			t.Errorf("a file that is too long: %d", got.status)
		}
		if got := c.post("", "/flow/procedures/edit", url.Values{"source": {strings.Repeat("x", maxWritten+1)}}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("a text that is too long: %d", got.status)
		}
	})
}

// TestEditorFrom: the editor begins with the text of a procedure, and lines that end
// as browsers send them make no other version.
func TestEditorFrom(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		got := c.get("city", "/flow/procedures/edit?from=permit")
		if got.status != http.StatusOK || !strings.Contains(got.body, "id: permit") || !strings.Contains(got.body, `value="permit.yaml"`) {
			t.Errorf("%d %s", got.status, settled(t, got.body))
		}
		if got := c.get("city", "/flow/procedures/edit?from=nothing"); got.status != http.StatusNotFound {
			t.Errorf("a procedure that is not there: %d", got.status)
		}
		source, err := os.ReadFile("testdata/procedures/permit.yaml")
		if err != nil {
			t.Fatal(err)
		}
		got = c.post("city", "/flow/procedures", url.Values{"name": {"permit.yaml"}, "source": {strings.ReplaceAll(string(source), "\n", "\r\n")}})
		if all, err := c.Versions(t.Context(), "permit"); err != nil || len(all) != 1 || got.status != http.StatusSeeOther {
			t.Errorf("%d, %d versions, %v", got.status, len(all), err)
		}
	})
}

// TestEditorAccept: only those who run the installation put a procedure in force,
// and only one without errors.
func TestEditorAccept(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		good := url.Values{"name": {"example.yaml"}, "source": {firstSource}}
		for _, who := range []string{"", "clerk", "leader"} {
			if got := c.post(who, "/flow/procedures", good); got.status != http.StatusForbidden {
				t.Errorf("%q may accept: %d", who, got.status)
			}
			if got := c.get(who, "/flow/procedures/edit"); strings.Contains(got.body, `id="accept"`) {
				t.Errorf("%q is offered to accept", who)
			}
		}
		bad := url.Values{"name": {"example.yaml"}, "source": {strings.Replace(firstSource, "to: done", "to: dome", 1)}}
		got := c.post("city", "/flow/procedures", bad)
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `data-line="17"`) || !strings.Contains(got.body, "to: dome") {
			t.Errorf("with an error: %d %s", got.status, settled(t, got.body))
		}
		if all, err := c.Versions(t.Context(), "example"); err != nil || len(all) != 0 {
			t.Errorf("%d versions were accepted, %v", len(all), err)
		}
		got = c.post("city", "/flow/procedures", good)
		if got.status != http.StatusSeeOther || c.get("", got.location).status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if page := c.get("", "/flow/procedures?lang=en"); !strings.Contains(page.body, "accepted by hand") {
			t.Error("the list does not say that it was accepted by hand")
		}
	})
}

// TestOldVersion: a version that new cases no longer run on says so, and keeps its page.
func TestOldVersion(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		old, err := c.Procedure(t.Context(), "permit")
		if err != nil {
			t.Fatal(err)
		}
		c.turn(t, "2026-02-10T10:00:00+08:00")
		newer := strings.Replace(string(old.Source), "limit: 10", "limit: 9", 1)
		if got := c.post("city", "/flow/procedures", url.Values{"name": {"permit.yaml"}, "source": {newer}}); got.status != http.StatusSeeOther {
			t.Fatalf("%d %s", got.status, got.body)
		}
		const said = "not the one in force"
		if got := c.get("", "/flow/procedures/"+old.Digest+"?lang=en"); !strings.Contains(got.body, said) {
			t.Errorf("the old version says nothing: %s", settled(t, got.body))
		}
		if got := c.get("", "/flow/procedures/permit?lang=en"); strings.Contains(got.body, said) || !strings.Contains(got.body, "9 working days") {
			t.Error("the version in force is taken for an old one")
		}
	})
}
