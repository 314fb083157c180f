package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// after answers a form: back to the case, or, when it was refused, the case again
// with what was filled in and why.
func (s *Service) after(w http.ResponseWriter, r *http.Request, form sent, err error) error {
	if err == nil {
		http.Redirect(w, r, s.onward(r), http.StatusSeeOther) //nolint:gosec // a page of this site: the id is escaped
		return nil
	}
	if _, seen := s.row(r.Context(), r.PathValue("id")); seen != nil || !refusable(err) {
		return err
	}
	form.Problem = web.Said(r, err)
	return s.renderCase(w, r, web.Status(err), form)
}

// onward is where a form leads: to its case, or to the inbox when that has gone
// out of the reader's sight.
func (s *Service) onward(r *http.Request) string {
	if _, err := s.row(r.Context(), r.PathValue("id")); err != nil {
		return "/flow"
	}
	return "/flow/cases/" + url.PathEscape(r.PathValue("id"))
}

// sendForm lets an event happen to a case.
func (s *Service) sendForm(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Say(fault.Invalid, "表单读不出来，请重新填写。", "the form cannot be read")
	}
	form := sent{Event: r.PostFormValue("event"), Values: r.PostForm}
	c, err := s.row(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	after, _ := strconv.ParseInt(r.PostFormValue("after"), 10, 64) // 0: whatever happened since
	cmd := Command{Key: key(r), Case: c.ID, Event: form.Event, After: after}
	cmd.Data, form.Field, err = s.reader(r).formData(c, form)
	if err == nil {
		_, err = s.Send(r.Context(), cmd)
	}
	return s.after(w, r, form, err)
}

// key is what a form was sent with and a digest of what it says: pressing its
// button twice is one command, going back to say something else is another.
func key(r *http.Request) string {
	given := r.PostFormValue("key")
	if given == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(r.PostForm.Encode()))
	return given + "." + hex.EncodeToString(sum[:8])
}

// formData reads the fields of a form as the step declares them. When one is not
// filled in as asked, field is its name.
func (rd reader) formData(c *row, form sent) (data map[string]any, field string, err error) {
	data = map[string]any{}
	t := stepOf(c, form.Event)
	if t == nil {
		return data, "", nil // the engine says what it thinks of the event
	}
	if reason := form.Values.Get("reason"); reason != "" {
		data["reason"] = reason
	} else if t.Reasons != "" {
		return nil, "reason", fault.Say(fault.Invalid, "请选择理由。", "choose a reason")
	}
	for _, f := range t.Form {
		v, want := typed(f, form.Values["f."+f.Name])
		switch {
		case want != pack.Text{}:
			return nil, f.Name, fault.Say(fault.Invalid, "“%s”要填%s。", "“%s” has to be %s", f.Label, want)
		case v != nil:
			data[f.Name] = v
		case f.Required && f.Default == nil:
			return nil, f.Name, fault.Say(fault.Invalid, "请填写“%s”。", "fill in “%s”", f.Label)
		}
	}
	return data, "", nil
}

// stepOf is the step that an event takes now; nil for none.
func stepOf(c *row, event string) *procedure.Transition {
	for _, t := range offers(c.p, c.state) {
		if slices.Contains(t.Events, event) {
			return t
		}
	}
	return nil
}

// typed reads what was typed into a field: nil when that is nothing, and what
// was wanted when it is something else.
func typed(f procedure.Field, all []string) (value any, want pack.Text) {
	said := ""
	if len(all) > 0 {
		said = strings.TrimSpace(all[0])
	}
	switch {
	case f.Type == procedure.BoolField:
		return said != "", want
	case f.Type == procedure.UnitsField || f.Type == procedure.FilesField:
		return list(all), want
	case f.Type == procedure.ListField:
		return list(strings.Split(said, "\n")), want
	case said == "":
		return nil, want
	}
	var err error
	switch f.Type { //nolint:exhaustive // the others are texts
	case procedure.IntField:
		value, err = strconv.ParseInt(said, 10, 64)
		want = pack.Text{ZH: "整数，例如 12", EN: "a whole number such as 12"}
	case procedure.NumberField:
		value, err = strconv.ParseFloat(said, 64)
		want = pack.Text{ZH: "数字，例如 12.5", EN: "a number such as 12.5"}
	case procedure.DateField:
		value = said
		_, err = time.Parse(time.DateOnly, said)
		want = pack.Text{ZH: "日期，例如 2026-02-10", EN: "a date such as 2026-02-10"}
	case procedure.MapField:
		var m map[string]any
		err = json.Unmarshal([]byte(said), &m)
		value, want = m, pack.Text{ZH: `JSON 对象，例如 {"a": 1}`, EN: `a JSON object such as {"a": 1}`}
	default:
		value = said
	}
	if err != nil {
		return nil, want
	}
	return value, pack.Text{}
}

// list drops what is empty; nil when nothing is left.
func list(all []string) any {
	var out []any
	for _, s := range all {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	if out == nil {
		return nil
	}
	return out
}

// taskForm does something with a task: claim, delegate, transfer and the like.
func (s *Service) taskForm(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Say(fault.Invalid, "表单读不出来，请重新填写。", "the form cannot be read")
	}
	form := sent{Event: r.PostFormValue("event"), Task: r.PostFormValue("task"), Values: r.PostForm}
	data := map[string]any{"task": form.Task}
	for _, key := range []string{"text", "person", "unit", "role", "post"} {
		if v := strings.TrimSpace(r.PostFormValue(key)); v != "" {
			data[key] = v
		}
	}
	if units := list(r.PostForm["units"]); units != nil {
		data["units"] = units
	}
	if n, err := strconv.ParseInt(r.PostFormValue("level"), 10, 64); err == nil {
		data["level"] = n
	}
	var err error
	if !strings.HasPrefix(form.Event, taskPrefix) {
		err = fault.Say(fault.Invalid, "任务上没有 %q 这个动作。", "%q is not something to do with a task", form.Event)
	} else {
		_, err = s.Send(r.Context(), Command{Key: key(r), Case: r.PathValue("id"), Event: form.Event, Data: data})
	}
	return s.after(w, r, form, err)
}

// noteForm writes a remark into a case.
func (s *Service) noteForm(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Say(fault.Invalid, "表单读不出来，请重新填写。", "the form cannot be read")
	}
	_, err := s.Note(r.Context(), key(r), r.PathValue("id"), r.PostFormValue("text"))
	return s.after(w, r, sent{Event: "note", Values: r.PostForm}, err)
}

// attachForm takes a file into a case.
func (s *Service) attachForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxDocument+1<<20)
	parts, err := r.MultipartReader()
	if err != nil {
		return fault.Say(fault.Invalid, "文件读不出来，请用表单一次交一个文件。", "the file cannot be read; send it as a form with one file")
	}
	form := sent{Event: "document"}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return s.after(w, r, form, fault.Say(fault.Invalid, "没有选择文件，请选好再交。", "no file was chosen; choose one and send it again"))
		}
		if err != nil {
			return fault.Say(fault.Invalid, "上传中断，或文件超过 %s。", "the upload broke off or is larger than %s", size(maxDocument))
		}
		if part.FileName() == "" {
			continue
		}
		_, err = s.Attach(r.Context(), r.PathValue("id"), part.FileName(), part)
		return s.after(w, r, form, err)
	}
}

// sendDocument sends a file of a case, for keeping: no browser shows it as a page
// of this site.
func (s *Service) sendDocument(w http.ResponseWriter, r *http.Request) error {
	d, file, err := s.Document(r.Context(), r.PathValue("id"), r.PathValue("sha256"))
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	w.Header().Set("Content-Type", d.Media)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.Name}))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Length", strconv.FormatInt(d.Size, 10))
	w.Header().Set("ETag", `"`+d.SHA256+`"`)
	_, err = io.Copy(w, file)
	return err
}
