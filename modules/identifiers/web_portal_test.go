package identifiers

import (
	"bytes"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
)

// visit is a browser of somebody who is signed in.
type visit struct {
	*stage
	h   http.Handler
	who *actor.Actor
}

func (st *stage) visit(t *testing.T) *visit {
	t.Helper()
	v := &visit{stage: st, who: &actor.Actor{ID: "owner", Name: "owner"}}
	rt := web.NewRouter(st.site, slog.New(slog.DiscardHandler), open)
	st.Module().Routes(rt)
	v.h = rt.Handler(func(*http.Request) (actor.Actor, error) { return *v.who, nil })
	return v
}

// send sends a request and checks its status and what the answer says, or where it leads.
func (v *visit) send(t *testing.T, r *http.Request, status int, says ...string) string {
	t.Helper()
	r.Header.Set("Accept-Language", "en")
	w := httptest.NewRecorder()
	v.h.ServeHTTP(w, r)
	said := w.Header().Get("Location") + w.Body.String()
	if w.Code != status {
		t.Fatalf("%s %s: %d %.600s", r.Method, r.URL, w.Code, said)
	}
	for _, s := range says {
		if !strings.Contains(said, s) {
			t.Errorf("%s %s does not say %q but %.3000s", r.Method, r.URL, s, said)
		}
	}
	return said
}

func (v *visit) get(t *testing.T, path string, says ...string) string {
	t.Helper()
	return v.send(t, httptest.NewRequest(http.MethodGet, path, nil), http.StatusOK, says...)
}

func (v *visit) post(t *testing.T, path string, status int, form url.Values, says ...string) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.send(t, r, status, says...)
}

// upload sends the form with a file.
func (v *visit) upload(t *testing.T, fields map[string]string, name, file string, status int, says ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, text := range fields {
		if err := w.WriteField(k, text); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte(file)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/identifiers/portal/files", &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return v.send(t, r, status, says...)
}

// TestPortal goes through the portal as a member of a registrant does.
func TestPortal(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		st.withRecords(nil)
		p := st.allocated(t)
		v := st.visit(t)
		st.Access = visitors{}
		v.get(t, "/identifiers/portal", "You are no member of a registrant yet")
		st.join(t, p.Registrant, "owner")
		v.get(t, "/identifiers/portal", "88.500.1", "Prefixes: 1. Identifiers registered: 0.", "Gearbox", "of the node")
		v.register(t)
		v.files(t)
		v.templates(t)
		v.grants(t)
		v.members(t)
		v.get(t, "/identifiers/portal", "88.500.1/gb-1", "减速机.csv")
		v.get(t, "/identifiers/portal/statistics", "gearbox@1", "2026-11", "Identifiers registered: 3.")
	})
}

func (st *stage) join(t *testing.T, registrant, id string) {
	t.Helper()
	if err := st.changeMember(as(t, actor.Clerk), member{registrant, id}, true); err != nil {
		t.Fatal(err)
	}
}

func (v *visit) register(t *testing.T) {
	t.Helper()
	v.get(t, "/identifiers/portal/register?template=gearbox@1", "Page", "Model", "read by grant", `type="url"`)
	form := url.Values{"template": {"gearbox@1"}, "prefix": {"88.500.1"}, "key": {"k1"}, "f.page": {"ftp://x"}, "f.cost": {"many"}}
	v.post(t, "/identifiers/portal/register", 422, form, "Model is missing", "is no address such as", "is no number such as 42.50", "the suffix is missing", `value="many"`)
	form.Set("suffix", "gb-1")
	form.Set("f.page", "https://f.example/1")
	form.Set("f.model", "RV-40")
	form.Set("f.cost", "42.50")
	v.post(t, "/identifiers/portal/register", 303, form, "/identifiers/of/88.500.1/gb-1")
	v.at = v.at.Add(time.Minute)
	v.post(t, "/identifiers/portal/register", 303, form, "/identifiers/of/88.500.1/gb-1")
	form.Set("f.model", "RV-41")
	v.post(t, "/identifiers/portal/register", 422, form, "identifier 88.500.1/gb-1 is registered, and otherwise")
	form.Set("prefix", "88.500.7")
	v.post(t, "/identifiers/portal/register", 422, form, "prefix 88.500.7 was not allocated")
	v.get(t, "/identifiers/of/88.500.1/gb-1", "Registered by the template “Gearbox”", "42.5", "by grant", "/identifiers/portal/grants?prefix=88.500.1&amp;identifier=88.500.1/gb-1", "First registered:", "2001 cost")
}

func (v *visit) files(t *testing.T) {
	t.Helper()
	v.get(t, "/identifiers/portal/files", "at most 512 MB")
	v.get(t, "/identifiers/portal/sample.csv?template=gearbox@1", "\ufeffsuffix,Page,Model,Cost\nsample-0001,https://example.cn/1,RV-40,4.5\n")
	fields := map[string]string{"prefix": "88.500.1", "template": "gearbox@1"}
	v.upload(t, map[string]string{"template": "gearbox@1"}, "a.csv", "suffix,model\n", 422, "choose the prefix")
	v.upload(t, fields, "", "", 422, "no file was chosen")
	page := v.upload(t, fields, "减速机.csv", "suffix,model,cost\ngb-2,RV,1\ngb-3,,2\ngb-4,RV,x\ngb-5,RV,\n", 303, "/identifiers/jobs/")
	v.get(t, page, "It waits", `value="cancel"`)
	if err := v.runJobs(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.get(t, page, "4 of 4 rows", "2 of them were not registered", "line 3: Model (model) is missing", "is no number such as 42.50", `value="again"`)
	v.post(t, page, 303, url.Values{"command": {"again"}}, page)
	if err := v.runJobs(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.get(t, page, "registered before, the same")
	broken := v.upload(t, fields, "broken.csv", "suffix,colour\n", 303)
	if err := v.runJobs(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.get(t, broken, "Nothing was registered", "is no item of template gearbox@1")
	v.get(t, "/identifiers/portal", "A file could not be registered")
}

func (v *visit) templates(t *testing.T) {
	t.Helper()
	v.get(t, "/identifiers/portal/template?template=gearbox@1", "Preview", "gearbox@1")
	v.get(t, "/identifiers/portal/template", "New template")
	form := url.Values{"id": {"pump"}, "zh": {"水泵"}, "en": {"Pump"}, "lines": {"3"}, "do": {"preview"}, "name.0": {"kind"}, "zh.0": {"类别"}, "type.0": {"choice"}}
	v.post(t, "/identifiers/portal/template", 422, form, "a choice has choices")
	form.Set("choices.0", "离心泵; 齿轮泵")
	form.Set("name.2", "head")
	form.Set("zh.2", "扬程")
	form.Set("type.2", "decimal")
	v.post(t, "/identifiers/portal/template", 200, form, "离心泵", "Preview", `name="f.head"`)
	form.Set("do", "keep")
	page := v.post(t, "/identifiers/portal/template", 303, form, "pump%401")
	v.get(t, page, "Next version", `value="2001"`)
	form.Set("version", "1")
	form.Set("name.1", "power")
	form.Set("zh.1", "功率")
	form.Set("type.1", "decimal")
	form.Set("index.2", "2001")
	v.post(t, "/identifiers/portal/template", 303, form, "pump%402")
	form.Set("id", "gearbox")
	v.post(t, "/identifiers/portal/template", 422, form, "template gearbox is another")
}

func (v *visit) grants(t *testing.T) {
	t.Helper()
	v.get(t, "/identifiers/portal/grants", "Gearbox：Cost", "There is none yet")
	form := url.Values{"prefix": {"88.500.1"}, "what": {"gearbox cost"}, "kind": {"person"}, "grantee": {"friend"}}
	v.post(t, "/identifiers/portal/grants", 303, form, "prefix=88.500.1")
	page := v.get(t, "/identifiers/portal/grants", "all of template gearbox", "friend")
	*v.who = actor.Actor{ID: "friend", Name: "friend"}
	v.get(t, "/identifiers/of/88.500.1/gb-1", "42.5")
	*v.who = actor.Actor{}
	if said := v.get(t, "/identifiers/of/88.500.1/gb-1", "1 more"); strings.Contains(said, "42.5") || strings.Contains(said, "2001 cost") {
		t.Error("a visitor reads what is hidden")
	}
	*v.who = actor.Actor{ID: "friend", Name: "friend"}
	v.post(t, "/identifiers/portal/grants", 404, form)
	*v.who = actor.Actor{ID: "owner", Name: "owner"}
	_, rest, _ := strings.Cut(page, `name="revoke" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	v.post(t, "/identifiers/portal/grants", 303, url.Values{"prefix": {"88.500.1"}, "revoke": {id}})
	*v.who = actor.Actor{ID: "friend", Name: "friend"}
	if said := v.get(t, "/identifiers/of/88.500.1/gb-1"); strings.Contains(said, "42.5") {
		t.Error("a revoked grant is in force")
	}
	*v.who = actor.Actor{ID: "owner", Name: "owner"}
	v.post(t, "/identifiers/portal/grants", 422, url.Values{"prefix": {"88.500.1"}, "kind": {"everybody"}}, "a grant is of a template")
}

func (v *visit) members(t *testing.T) {
	t.Helper()
	v.get(t, "/identifiers/portal/members", "owner")
	v.post(t, "/identifiers/portal/members", 422, url.Values{"drop": {"owner"}}, "the last member")
	v.post(t, "/identifiers/portal/members", 303, url.Values{"login": {"colleague"}}, "/identifiers/portal/members")
	v.get(t, "/identifiers/portal/members", "colleague")
	v.post(t, "/identifiers/portal/members", 303, url.Values{"drop": {"colleague"}})
}

// TestPast shows an identifier as it was, and its versions.
func TestPast(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		st.withRecords(nil)
		st.allocated(t)
		v := st.visit(t)
		url := func(to string) []Registration {
			return []Registration{{Identifier: "88.500.1/a", Values: []Given{{Index: 1, Type: "URL", Data: to}, {Index: 7, Type: "COST", Data: "42", Granted: true}}}}
		}
		st.verdicts(t, Batch{Key: "batch-0001", Items: url("https://one.example")}, []string{Registered})
		st.at = st.at.Add(48 * time.Hour)
		st.verdicts(t, Batch{Key: "batch-0002", Items: url("https://two.example"), Replace: true}, []string{Registered})
		now := v.get(t, "/identifiers/of/88.500.1/a", "https://two.example", "First registered:", "1 URL", "and 1 that are read by grant", "as_of=2026-11-2")
		if strings.Contains(now, "https://one.example") {
			t.Error("it shows what was")
		}
		_, rest, _ := strings.Cut(now, `<a href="/identifiers/of/88.500.1/a?as_of=`)
		was, _, _ := strings.Cut(rest, `"`)
		v.get(t, "/identifiers/of/88.500.1/a?as_of="+was, "https://one.example", `aria-current="true"`)
		v.get(t, "/identifiers/of/88.500.1/a?as_of=2026-11-24", "https://one.example")
		v.send(t, httptest.NewRequest(http.MethodGet, "/identifiers/of/88.500.1/a?as_of=2026-11-01", nil), http.StatusNotFound, "no such identifier", "as_of=2026-11-2")
		v.send(t, httptest.NewRequest(http.MethodGet, "/identifiers/of/88.500.1/none", nil), http.StatusNotFound)
	})
}

// TestNode: who runs the node sees first what somebody has to see to.
func TestNode(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		st.withRecords(map[string]string{settingUDP: "127.0.0.1:2641", settingTCP: off})
		r := factory()
		st.decide(t, Change{Change: Allocate, Registrant: &r, Quota: 2})
		v := st.visit(t)
		st.serving = true
		v.get(t, "/identifiers/node", "All is well", "127.0.0.1:2641", "resolving", "not wanted", "88.500.1")
		url := []Given{{Index: 1, Type: "URL", Data: "https://f.example"}}
		st.verdicts(t, Batch{Key: "batch-0001", Items: []Registration{{Identifier: "88.500.1/a", Values: url}, {Identifier: "88.500.1/b", Values: url}}}, []string{Registered, Registered})
		st.tell(t.Context(), settingUDP, "127.0.0.1:2641", errStopped)
		if _, err := st.Propose(as(t, actor.Clerk), Change{Change: Suspend, Prefix: "88.500.1", Reason: "x"}); err != nil {
			t.Fatal(err)
		}
		said := v.get(t, "/identifiers/node", "Things to see to: 3.", "could not be had", "A quota is nearly used up", "100%", "used up", "A case waits", "88.500.1/b", "not resolving")
		if strings.Index(said, "could not be had") > strings.Index(said, "A case waits") {
			t.Error("what is broken does not come first")
		}
		v.get(t, "/identifiers/node?q=none", "There is no such prefix")
		v.get(t, "/identifiers/node?state=hosted", "88.500.1")
	})
}
