package collection

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
)

// TestTemplates: what the pages name exists, in both languages.
func TestTemplates(t *testing.T) {
	testkit.Page(t, duePage)
	testkit.Page(t, formPage)
	testkit.Page(t, approvalsPage)
	testkit.Page(t, burdenPage)
	testkit.Page(t, checksPage)
}

// site is the module's pages and API on the third of July 2023; the header X-Who
// says who asks.
func site(t *testing.T) (*city, http.Handler) {
	t.Helper()
	c := newCity(t, migrated(t))
	c.on(t, "2023-07-03")
	rt := web.NewRouter(c.site, slog.New(slog.DiscardHandler), town{}.Decide)
	c.Module().Routes(rt)
	return c, rt.Handler(func(r *http.Request) (actor.Actor, error) { return cast(r.Header.Get("X-Who")), nil })
}

// page is what somebody gets of an address.
type page struct {
	status         int
	body, location string
	header         http.Header
}

func serve(t *testing.T, h http.Handler, who string, r *http.Request) page {
	t.Helper()
	r.Header.Set("X-Who", who)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return page{w.Code, w.Body.String(), w.Header().Get("Location"), w.Header()}
}

func fetch(t *testing.T, h http.Handler, who, path string) page {
	t.Helper()
	return serve(t, h, who, httptest.NewRequest(http.MethodGet, path, nil))
}

func post(t *testing.T, h http.Handler, who, path string, form url.Values) page {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return serve(t, h, who, r)
}

// TestFormPage: a form that cannot be handed in says, above it, each thing to be
// mended or explained with a link to its field, and keeps what was typed.
func TestFormPage(t *testing.T) {
	c, h := site(t)
	at := "/collection/" + c.asked(t, "firms").ID
	fresh := fetch(t, h, "clerk", at)
	if fresh.status != http.StatusOK || !strings.Contains(fresh.body, `value="6380"`) || strings.Contains(fresh.body, `id="problem"`) {
		t.Fatalf("the form as it comes: %d %s", fresh.status, fresh.body)
	}
	wrong := url.Values{"v:st.hte@500000": {"7401.5"}, "v:st.sti_firms@500000": {"48838"}, "v:st.sti_firms_new@500000": {""}, "do": {"submit"}}
	said := post(t, h, "clerk", at, wrong)
	if said.status != http.StatusUnprocessableEntity {
		t.Errorf("handed in with errors: %d", said.status)
	}
	for _, want := range []string{
		`id="problem"`, `<a href="#v1">高新技术企业`, // half a firm
		`<a href="#n1">高新技术企业`, // a jump, to be explained
		`<a href="#n3">`,       // nothing typed: why
		`value="7401.5"`, `aria-invalid="true"`,
	} {
		if !strings.Contains(said.body, want) {
			t.Errorf("the refusal lacks %s", want)
		}
	}
	if again := fetch(t, h, "clerk", at); !strings.Contains(again.body, `value="7401.5"`) {
		t.Error("what was typed is lost")
	}
	right := url.Values{"do": {"submit"}}
	for field, v := range map[string]string{"st.hte@500000": "6401", "st.sti_firms@500000": "48838", "st.sti_firms_new@500000": "2838"} {
		right.Set("v:"+field, v)
		right.Set("n:"+field, "年报认定集中")
	}
	if done := post(t, h, "clerk", at, right); done.status != http.StatusSeeOther || !strings.HasPrefix(done.location, at) {
		t.Errorf("handed in: %d to %q %s", done.status, done.location, done.body)
	}
	if filed := fetch(t, h, "clerk", at+"?done=submitted"); strings.Contains(filed.body, `name="v:st.hte@500000"`) {
		t.Error("what has been handed in can still be typed over")
	}
}

// TestWhoSees: what each kind of person gets of each page.
func TestWhoSees(t *testing.T) {
	c, h := site(t)
	form := "/collection/" + c.asked(t, "firms").ID
	for _, row := range []struct {
		who, path string
		status    int
		has       string
	}{
		{"clerk", "/collection", http.StatusOK, form},
		{"steward", "/collection", http.StatusOK, form},
		{"office", "/collection", http.StatusOK, form}, // asked for it
		{"clerk", "/collection/approvals", http.StatusOK, ""},
		{"", "/collection/burden", http.StatusOK, "市科技局"},
		{"", "/collection/checks", http.StatusOK, ""},
		{"", "/collection", http.StatusSeeOther, ""},
		{"", form, http.StatusSeeOther, ""},
		{"500103", form, http.StatusForbidden, ""},
		{"clerk", "/collection/nothing", http.StatusNotFound, ""},
		{"clerk", form + "/sheet.xlsx", http.StatusOK, "PK"},
		{"500103", form + "/sheet.xlsx", http.StatusForbidden, ""},
	} {
		t.Run(row.who+" "+strings.ReplaceAll(row.path, form, "form"), func(t *testing.T) {
			if got := fetch(t, h, row.who, row.path); got.status != row.status || !strings.Contains(got.body, row.has) {
				t.Errorf("%d, want %d with %q: %.600s", got.status, row.status, row.has, got.body)
			}
		})
	}
}

// TestAskByHand: the form for asking keeps what was typed when it is refused, and
// offers the units by name.
func TestAskByHand(t *testing.T) {
	_, h := site(t)
	ask := url.Values{"title": {"临时报数"}, "indicators": {"高企"}, "unit": {"kjj"}, "asker": {"office"}, "period": {"第一季度"}, "days": {"5"}, "basis": {"《统计法》"}}
	said := post(t, h, "office", "/collection", ask)
	if said.status != http.StatusUnprocessableEntity || !strings.Contains(said.body, `value="第一季度"`) || !strings.Contains(said.body, `id="problem"`) {
		t.Errorf("a period that is none: %d %s", said.status, said.body)
	}
	if page := fetch(t, h, "office", "/collection"); !strings.Contains(page.body, `<option value="kjj">市科技局</option>`) {
		t.Error("the units are not offered")
	}
	if page := fetch(t, h, "clerk", "/collection"); strings.Contains(page.body, `name="asker"`) {
		t.Error("a clerk is offered to ask")
	}
}
