package flow

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"yuzhou/kernel/testkit"
)

// TestCasePages: what people find on the pages of a case, in both languages.
func TestCasePages(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		id := c.permit(t).ID
		for _, tt := range []struct {
			name, who, path string
			status          int
			has, without    []string
		}{
			{"inbox of who has to act", "clerk", "/flow", 200, []string{"施工许可", "待受理", "渝北区", "2026-02-24"}, []string{"没有待办"}},
			{"in English", "clerk", "/flow?lang=en", 200, []string{"Building permit", "To be accepted", "Yubei"}, nil},
			{"inbox of somebody else", "other", "/flow", 200, nil, []string{"施工许可"}},
			{"subtree of somebody else", "other", "/flow?unit=500112", 403, nil, []string{"施工许可"}},
			{"subtree from above", "city", "/flow?unit=500000", 200, []string{"施工许可"}, nil},
			{"inbox of nobody", "", "/flow", 303, nil, nil},
			{"case of who has to act", "clerk", "/flow/cases/" + id, 200, []string{"受理", "不予受理", "一次告知", "材料不全", "李经办", "<svg"}, nil},
			{"case of who watches", "leader", "/flow/cases/" + id, 200, []string{"施工许可", "渝北区 · 经办"}, []string{`name="event" value="accept"`}},
			{"case of somebody else", "other", "/flow/cases/" + id, 403, nil, []string{"施工许可"}},
			{"case that is not there", "clerk", "/flow/cases/none", 404, nil, nil},
			{"cases", "clerk", "/flow/cases?q=施工", 200, []string{"施工许可"}, nil},
			{"cases, no such text", "clerk", "/flow/cases?q=拆除", 200, nil, []string{"施工许可"}},
			{"cases of somebody else", "other", "/flow/cases", 200, nil, []string{"施工许可"}},
		} {
			got := c.get(tt.who, tt.path)
			if got.status != tt.status {
				t.Errorf("%s: status %d, want %d\n%s", tt.name, got.status, tt.status, got.body)
			}
			for _, s := range tt.has {
				if !strings.Contains(got.body, s) {
					t.Errorf("%s: lacks %q", tt.name, s)
				}
			}
			for _, s := range tt.without {
				if strings.Contains(got.body, s) {
					t.Errorf("%s: has %q", tt.name, s)
				}
			}
		}
		for name, path := range map[string]string{"inbox": "/flow", "case": "/flow/cases/" + id} {
			for _, lang := range []string{"zh-CN", "en"} {
				testkit.Golden(t, "pages/"+name+"."+lang+".html", settled(t, c.get("clerk", path+"?lang="+lang).body))
			}
		}
	})
}

// TestCasePost: what people do on a case's page, and what they are told when it
// is not right.
func TestCasePost(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		id := c.permit(t).ID
		page := "/flow/cases/" + id
		refuse := hidden(t, c.get("clerk", page).body, "refuse")
		refuse.Set("reason", "scope")
		got := c.post("clerk", page+"/events", refuse)
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `role="alert"`) || !strings.Contains(got.body, `value="scope" selected`) {
			t.Errorf("without an explanation: %d, or what was chosen is gone", got.status)
		}
		accept := hidden(t, c.get("clerk", page).body, "accept")
		if got := c.post("other", page+"/events", accept); got.status != http.StatusForbidden {
			t.Errorf("somebody else has accepted: %d", got.status)
		}
		if got := c.post("leader", page+"/events", accept); got.status != http.StatusForbidden || !strings.Contains(got.body, "施工许可") {
			t.Errorf("the leader in the clerk's place: %d", got.status)
		}
		for range 2 { // a second press of the button is the same command
			if got := c.post("clerk", page+"/events", accept); got.status != http.StatusSeeOther || got.location != page {
				t.Errorf("accept: %d to %q", got.status, got.location)
			}
		}
		if is := c.standing(t, id); !is.In("examined") || is.Events != 2 {
			t.Errorf("accepted once, but: %v after %d events", is.State.Active, is.Events)
		}
		propose := hidden(t, c.get("clerk", page).body, "propose")
		propose.Set("f.fee", "twelve")
		if got := c.post("clerk", page+"/events", propose); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `value="twelve"`) {
			t.Errorf("a fee in words: %d, or it is gone", got.status)
		}
		propose.Set("f.fee", "12.5")
		if got := c.post("clerk", page+"/events", propose); got.status != http.StatusSeeOther {
			t.Errorf("propose: %d %s", got.status, got.body)
		}
		if is := c.standing(t, id); !is.In("decided") || is.State.Data["fee"] != 12.5 {
			t.Errorf("proposed: %v, fee %v", is.State.Active, is.State.Data["fee"])
		}
		late := url.Values{"event": {"decide"}, "key": {"late"}, "after": {"1"}}
		if got := c.post("leader", page+"/events", late); got.status != http.StatusConflict {
			t.Errorf("decided on what had moved on: %d", got.status)
		}
	})
}

func (c counter) standing(t *testing.T, id string) Case {
	t.Helper()
	is, err := c.Case(c.AsProgram(t.Context()), id)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

// TestTaskPost: what people do with a task on its case's page.
func TestTaskPost(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		id := c.permit(t).ID
		page := "/flow/cases/" + id
		for _, tt := range []struct {
			name, who string
			form      url.Values
			status    int
			is        func(Task) bool
		}{
			{"claim", "clerk", url.Values{"event": {"task.claim"}}, 303, func(x Task) bool { return x.Claimed == "clerk" }},
			{"claim by somebody else", "other", url.Values{"event": {"task.claim"}}, 403, func(x Task) bool { return x.Claimed == "clerk" }},
			{"remind", "leader", url.Values{"event": {"task.remind"}, "text": {"请尽快"}}, 303, func(x Task) bool { return x.Reminded == 1 }},
			{"supervise", "leader", url.Values{"event": {"task.supervise"}, "level": {"2"}}, 303, func(x Task) bool { return x.Level == 2 }},
			{"supervise too high", "leader", url.Values{"event": {"task.supervise"}, "level": {"9"}}, 422, func(x Task) bool { return x.Level == 2 }},
			{"transfer to nobody", "clerk", url.Values{"event": {"task.transfer"}}, 422, func(x Task) bool { return x.From == nil }},
			{"not a task's", "clerk", url.Values{"event": {"accept"}}, 422, func(x Task) bool { return x.Owner.Unit == "500112" }},
			{"transfer", "clerk", url.Values{"event": {"task.transfer"}, "unit": {"500113"}}, 303, func(x Task) bool { return x.Owner.Unit == "500113" && x.From != nil }},
			{"give back", "other", url.Values{"event": {"task.return"}}, 303, func(x Task) bool { return x.Owner.Unit == "500112" }},
		} {
			tt.form.Set("task", "1")
			tt.form.Set("key", tt.name)
			if got := c.post(tt.who, page+"/tasks", tt.form); got.status != tt.status {
				t.Errorf("%s: %d, want %d", tt.name, got.status, tt.status)
			}
			if x := c.standing(t, id).Tasks[0]; !tt.is(x) {
				t.Errorf("%s: the task is %+v", tt.name, x)
			}
		}
	})
}

// TestDocumentPages: a file goes up, comes down as it was and to nobody else; a
// remark is in the case's history.
func TestDocumentPages(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		page := "/flow/cases/" + c.permit(t).ID
		if got := c.upload("clerk", page+"/documents", "run.exe", "MZ"); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `role="alert"`) {
			t.Errorf("a program went up: %d", got.status)
		}
		if got := c.upload("other", page+"/documents", "图纸.pdf", "%PDF-1.7"); got.status != http.StatusForbidden {
			t.Errorf("a stranger's file went up: %d", got.status)
		}
		if got := c.upload("clerk", page+"/documents", "图纸.pdf", "%PDF-1.7"); got.status != http.StatusSeeOther {
			t.Fatalf("upload: %d %s", got.status, got.body)
		}
		body := c.get("clerk", page).body
		_, href, ok := strings.Cut(body, `href="`+page+"/documents/")
		href, _, _ = strings.Cut(href, `"`)
		if !ok || !strings.Contains(body, "图纸.pdf") {
			t.Fatal("the page does not lead to the file")
		}
		down := c.get("leader", page+"/documents/"+href)
		disposition := down.header.Get("Content-Disposition")
		if down.status != http.StatusOK || down.body != "%PDF-1.7" || !strings.HasPrefix(disposition, "attachment") || down.header.Get("X-Content-Type-Options") != "nosniff" || down.header.Get("Content-Type") != "application/pdf" {
			t.Errorf("download: %d %q %v", down.status, down.body, down.header)
		}
		if !strings.Contains(disposition, "%E5%9B%BE%E7%BA%B8.pdf") {
			t.Errorf("the file's name is lost: %q", disposition)
		}
		if got := c.get("other", page+"/documents/"+href); got.status != http.StatusForbidden || strings.Contains(got.body, "PDF") {
			t.Errorf("a stranger has the file: %d", got.status)
		}
		if got := c.post("clerk", page+"/notes", url.Values{"text": {"  "}, "key": {"n0"}}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("an empty remark: %d", got.status)
		}
		if got := c.post("clerk", page+"/notes", url.Values{"text": {"已电话告知"}, "key": {"n1"}}); got.status != http.StatusSeeOther {
			t.Errorf("a remark: %d", got.status)
		}
		if !strings.Contains(c.get("leader", page).body, "已电话告知") {
			t.Error("the remark is not in the timeline")
		}
	})
}

// TestWaiting: the link to the inbox says how much is in it.
func TestWaiting(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		c.permit(t)
		c.permit(t)
		for who, want := range map[string]string{"clerk": `<span class="count">2</span>`, "other": `href="/flow">待办</a>`} {
			if body := c.get(who, "/flow/cases").body; !strings.Contains(body, want) {
				t.Errorf("%s: the page lacks %q", who, want)
			}
		}
	})
}
