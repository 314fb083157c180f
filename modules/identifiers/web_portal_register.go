package identifiers

import (
	"context"
	"net/http"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/template"
)

var registerPage = web.MustPage[registerView](pages, "pages/portal_register.html")

// registerView is the form that registers one identifier by a template.
type registerView struct {
	desk
	Problem   string
	Prefix    string
	Suffix    string
	Wrong     string // what is wrong with the suffix
	Key       string // of the form: sent twice it registers once
	Chosen    *template.Template
	Templates []templateRow
	Fields    []fieldRow
}

// fieldRow is an item of a template as a field of a form.
type fieldRow struct {
	template.Item
	Label   string
	Value   string
	Problem string
	Input   string // type of the HTML field; "select" and "textarea" are elements
	Hint    string // how it is written; "" where the field itself shows it
}

// field returns an item as a field with a text, and what is wrong with that when it was
// checked.
func field(sh *web.Shell, i template.Item, text string) fieldRow {
	out := fieldRow{Item: i, Label: sh.In(i.Alias), Value: text, Input: "text"}
	if out.Label == "" {
		out.Label = i.Name
	}
	switch i.Type {
	case template.Date:
		out.Input = "date"
	case template.URL:
		out.Input, out.Hint = "url", i.Sample()
	case template.Email:
		out.Input = "email"
	case template.Choice, template.Truth:
		out.Input = "select"
	case template.Binary:
		out.Input, out.Hint = "textarea", "base64"
	case template.Text:
		if i.Length == 0 || i.Length > 120 {
			out.Input = "textarea"
		}
	case template.Integer, template.Decimal, template.Instant, template.Identifier:
		out.Hint = i.Sample()
	}
	return out
}

// Options are what a field of choices offers, with the text of each.
func (f fieldRow) Options() []string {
	if f.Type == template.Truth {
		return []string{"true", "false"}
	}
	return f.Choices
}

// checked returns a field that was filled in with what is wrong with it.
func (f fieldRow) checked(sh *web.Shell) fieldRow {
	var err error
	switch text := strings.TrimSpace(f.Value); {
	case text == "" && f.Required:
		err = fault.Say(fault.Invalid, "请填写%s。", "%s is missing", f.Alias)
	case text != "":
		_, err = f.Parse(text)
	}
	if err != nil {
		f.Problem = sh.In(web.Sentence(err))
	}
	return f
}

func (s *Service) showRegister(w http.ResponseWriter, r *http.Request) error {
	d, err := s.deskOf(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := registerView{desk: d, Prefix: q.Get("prefix"), Suffix: q.Get("suffix"), Key: store.NewID(s.now())}
	if err := s.fillRegister(r.Context(), &v, q.Get("template"), func(string) string { return "" }); err != nil {
		return err
	}
	return registerPage.Render(w, r, v)
}

// fillRegister reads the templates that can be chosen and the fields of the one that is.
func (s *Service) fillRegister(ctx context.Context, v *registerView, ref string, text func(string) string) error {
	sh := web.ShellOf(ctx)
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		v.Templates, err = s.templateRows(ctx, tx, sh, v.Holder.ID)
		return err
	})
	if err != nil {
		return err
	}
	if hosted := v.Hosted(); v.Prefix == "" && len(hosted) > 0 {
		v.Prefix = hosted[0].Prefix.Prefix
	}
	if ref == "" && len(v.Templates) == 1 {
		ref = v.Templates[0].Ref()
	}
	if ref == "" {
		return nil
	}
	t, err := s.template(ctx, ref)
	if err != nil {
		return err
	}
	v.Chosen = &t
	for _, i := range t.Items {
		v.Fields = append(v.Fields, field(sh, i, text("f."+i.Name)))
	}
	return nil
}

func (s *Service) takeRegister(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	d, err := s.deskOf(r)
	if err != nil {
		return err
	}
	ctx, sh, get := r.Context(), web.ShellOf(r.Context()), r.PostForm.Get
	v := registerView{desk: d, Prefix: get("prefix"), Suffix: strings.TrimSpace(get("suffix")), Key: get("key")}
	if err := s.fillRegister(ctx, &v, get("template"), get); err != nil {
		return err
	}
	if v.Chosen == nil {
		return fault.Say(fault.Invalid, "请选择模板。", "choose a template")
	}
	item := v.registration(sh)
	if item != nil {
		got, err := s.registerOne(ctx, "form "+v.Key, *item)
		if err != nil {
			return err
		}
		if got.Outcome == Registered || got.Outcome == Unchanged {
			http.Redirect(w, r, "/identifiers/of/"+escapeName(handle.Name(item.Identifier)), http.StatusSeeOther)
			return nil
		}
		v.Problem = sh.In(pack.Text{ZH: got.ZH, EN: got.EN})
	}
	return registerPage.RenderStatus(w, r, http.StatusUnprocessableEntity, v)
}

// registration reads what was filled in; nil when something is wrong, which the view then
// says.
func (v *registerView) registration(sh *web.Shell) *Registration {
	item := &Registration{Identifier: v.Prefix + "/" + v.Suffix, Template: v.Chosen.Ref(), Fields: map[string]string{}}
	if v.Suffix == "" {
		v.Wrong = sh.In(web.Sentence(fault.Say(fault.Invalid, "请填写后缀，如产品的序列号。", "the suffix is missing, such as the serial number of a product")))
	} else if _, err := handle.Parse(item.Identifier); err != nil {
		v.Wrong = sh.In(web.Sentence(err))
	}
	right := v.Wrong == ""
	for i, f := range v.Fields {
		item.Fields[f.Name] = f.Value
		v.Fields[i] = f.checked(sh)
		right = right && v.Fields[i].Problem == ""
	}
	if !right {
		return nil
	}
	return item
}

// registerOne registers one identifier under the key of its form; a form that was sent
// before and is otherwise filled in now is another.
func (s *Service) registerOne(ctx context.Context, key string, item Registration) (Verdict, error) {
	verdicts, err := s.Register(ctx, Batch{Key: key, Items: []Registration{item}})
	if fault.KindOf(err) == fault.Conflict {
		verdicts, err = s.Register(ctx, Batch{Key: "form " + store.NewID(s.now()), Items: []Registration{item}})
	}
	if err != nil {
		return Verdict{}, err
	}
	return verdicts[0], nil
}
