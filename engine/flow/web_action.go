package flow

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
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
		http.Redirect(w, r, s.onward(r), http.StatusSeeOther)
		return nil
	}
	if _, seen := s.row(r.Context(), r.PathValue("id")); seen != nil || !refusable(err) {
		return err
	}
	form.Problem = web.Text(err)
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
		return fault.New(fault.Invalid, "the form cannot be read")
	}
	form := sent{Event: r.PostFormValue("event"), Values: r.PostForm}
	c, err := s.row(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	after, _ := strconv.ParseInt(r.PostFormValue("after"), 10, 64) // 0: whatever happened since
	cmd := Command{Key: r.PostFormValue("key"), Case: c.ID, Event: form.Event, After: after}
	cmd.Data, err = formData(c, form)
	if err == nil {
		_, err = s.Send(r.Context(), cmd)
	}
	return s.after(w, r, form, err)
}

// formData reads the fields of a form as the step declares them.
func formData(c *row, form sent) (map[string]any, error) {
	data := map[string]any{}
	if reason := form.Values.Get("reason"); reason != "" {
		data["reason"] = reason
	}
	for _, t := range offers(c.p, c.state) {
		for _, e := range t.Events {
			if e != form.Event {
				continue
			}
			for _, f := range t.Form {
				v, err := typed(f, form.Values["f."+f.Name])
				if err != nil {
					return nil, err
				}
				if v != nil {
					data[f.Name] = v
				}
			}
			return data, nil
		}
	}
	return data, nil
}

// typed reads what was typed into a field; nil when that is nothing.
func typed(f procedure.Field, all []string) (any, error) {
	text := ""
	if len(all) > 0 {
		text = strings.TrimSpace(all[0])
	}
	bad := func(want string) error {
		return fault.New(fault.Invalid, "%s (%s) is %q; it has to be %s", f.Label.ZH, f.Name, text, want)
	}
	switch f.Type { //nolint:exhaustive // the others are texts
	case procedure.BoolField:
		return text != "", nil
	case procedure.UnitsField, procedure.FilesField:
		return list(all), nil
	case procedure.ListField:
		return list(strings.Split(text, "\n")), nil
	}
	if text == "" {
		return nil, nil //nolint:nilnil // nothing was typed
	}
	switch f.Type { //nolint:exhaustive // as above
	case procedure.IntField:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, bad("a whole number such as 12")
		}
		return n, nil
	case procedure.NumberField:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, bad("a number such as 12.5")
		}
		return n, nil
	case procedure.MapField:
		var m map[string]any
		if json.Unmarshal([]byte(text), &m) != nil {
			return nil, bad(`a JSON object such as {"a": 1}`)
		}
		return m, nil
	}
	return text, nil
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
		return fault.New(fault.Invalid, "the form cannot be read")
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
		err = fault.New(fault.Invalid, "%q is not something to do with a task", form.Event)
	} else {
		_, err = s.Send(r.Context(), Command{Key: r.PostFormValue("key"), Case: r.PathValue("id"), Event: form.Event, Data: data})
	}
	return s.after(w, r, form, err)
}

// noteForm writes a remark into a case.
func (s *Service) noteForm(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "the form cannot be read")
	}
	_, err := s.Note(r.Context(), r.PostFormValue("key"), r.PathValue("id"), r.PostFormValue("text"))
	return s.after(w, r, sent{Event: "note", Values: r.PostForm}, err)
}

// attachForm takes a file into a case.
func (s *Service) attachForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxDocument+1<<20)
	parts, err := r.MultipartReader()
	if err != nil {
		return fault.New(fault.Invalid, "the file cannot be read; send it as a form with one file")
	}
	form := sent{Event: "document"}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return s.after(w, r, form, fault.New(fault.Invalid, "no file was chosen; choose one and send it again"))
		}
		if err != nil {
			return fault.New(fault.Invalid, "the upload broke off or is larger than %s", size(maxDocument))
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

// size prints a number of bytes.
func size(n int64) string {
	const k = 1024
	switch {
	case n >= k*k:
		return fmt.Sprintf("%.1f MB", float64(n)/k/k)
	case n >= k:
		return fmt.Sprintf("%.0f KB", float64(n)/k)
	}
	return fmt.Sprintf("%d B", n)
}

// value prints a value of a case for people.
func (rd reader) value(kind procedure.Type, v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		if kind == procedure.UnitField && x != "" {
			return rd.unit(x)
		}
		return x
	case bool:
		if x {
			return rd.sh.In(pack.Text{ZH: "是", EN: "yes"})
		}
		return rd.sh.In(pack.Text{ZH: "否", EN: "no"})
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case time.Time:
		return rd.minute(x)
	case []any:
		each := procedure.TextField
		if kind == procedure.UnitsField {
			each = procedure.UnitField
		}
		var out []string
		for _, e := range x {
			out = append(out, rd.value(each, e))
		}
		return strings.Join(out, rd.sh.In(pack.Text{ZH: "、", EN: ", "}))
	}
	b, err := json.Marshal(exact(v))
	if err != nil {
		return ""
	}
	return string(b)
}
