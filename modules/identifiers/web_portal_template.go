package identifiers

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/template"
)

var templatePage = web.MustPage[templateView](pages, "pages/portal_template.html")

// templateRow is the newest version of a template as a line of a list.
type templateRow struct {
	template.Template
	Title string
	Own   bool // of the registrant; otherwise the node's
}

// templateRows lists the templates that a registrant works with: its own and the node's.
func (s *Service) templateRows(ctx context.Context, tx store.Tx, sh *web.Shell, holder string) ([]templateRow, error) {
	all, err := templatesFor(ctx, tx, holder)
	out := make([]templateRow, 0, len(all))
	for _, t := range all {
		out = append(out, templateRow{t.Template, sh.In(t.Name), t.Registrant == holder})
	}
	return out, err
}

// templateView is a template with the form that makes its next version.
type templateView struct {
	desk
	Problem string
	Chosen  template.Template // what is there; without version for a new one
	Draft   template.Template // what is filled in
	Choices []string          // of the items, as one line each
	May     bool              // the reader may make a version
	Types   []template.Type
	Fields  []fieldRow // preview
	Past    []int      // earlier versions, the newest first
}

const blankItems = 3 // empty lines of the form

func types() []template.Type {
	return []template.Type{
		template.Text, template.Integer, template.Decimal, template.Date, template.Instant, template.URL, template.Email, template.Identifier, template.Choice, template.Truth, template.Binary,
	}
}

func (s *Service) showTemplate(w http.ResponseWriter, r *http.Request) error {
	d, err := s.deskOf(r)
	if err != nil {
		return err
	}
	v := templateView{desk: d, May: d.Member}
	if ref := r.URL.Query().Get("template"); ref != "" {
		if v.Chosen, err = s.template(r.Context(), ref); err != nil {
			return err
		}
		v.Draft = v.Chosen
		v.Draft.Items = slices.Clone(v.Chosen.Items)
	}
	return s.renderTemplate(w, r, v, http.StatusOK)
}

func (s *Service) renderTemplate(w http.ResponseWriter, r *http.Request, v templateView, status int) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	v.Types = types()
	for _, i := range v.Draft.Items {
		if i.Name != "" && i.Type != template.Choice || len(i.Choices) > 0 {
			v.Fields = append(v.Fields, field(sh, i, ""))
		}
	}
	for range blankItems {
		v.Draft.Items = append(v.Draft.Items, template.Item{Type: template.Text})
	}
	for _, i := range v.Draft.Items {
		v.Choices = append(v.Choices, strings.Join(i.Choices, "；"))
	}
	if v.Chosen.ID == "" {
		return templatePage.RenderStatus(w, r, status, v)
	}
	if err := s.fillPast(ctx, &v); err != nil {
		return err
	}
	return templatePage.RenderStatus(w, r, status, v)
}

// fillPast reads the other versions of a template, and whether the reader may make one.
func (s *Service) fillPast(ctx context.Context, v *templateView) error {
	return s.db.Read(ctx, func(tx store.Tx) error {
		newest, owner, err := templateNow(ctx, tx, v.Chosen.ID)
		v.May = v.May && owner == v.Holder.ID
		for n := newest; n > 0; n-- {
			if n != v.Chosen.Version {
				v.Past = append(v.Past, n)
			}
		}
		return err
	})
}

func (s *Service) takeTemplate(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	d, err := s.deskOf(r)
	if err != nil {
		return err
	}
	if !d.Member {
		return fault.Say(fault.Forbidden, "您不是这个注册者的成员。", "you are no member of this registrant")
	}
	v := templateView{desk: d, May: true, Draft: readTemplate(r.PostForm)}
	if v.Draft.Version > 0 {
		if v.Chosen, err = s.template(r.Context(), v.Draft.Ref()); err != nil {
			return err
		}
	}
	kept := v.Draft
	if r.PostForm.Get("do") == "keep" {
		kept, err = s.keepTemplate(r.Context(), v.Draft, d.Holder.ID)
	} else {
		kept.Version = max(kept.Version, 1)
		err = kept.Check()
	}
	if mended(err) || fault.KindOf(err) == fault.Forbidden {
		v.Problem = web.Said(r, err)
		return s.renderTemplate(w, r, v, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	if r.PostForm.Get("do") == "keep" {
		http.Redirect(w, r, d.ID("/identifiers/portal/template?template="+url.QueryEscape(kept.Ref())), http.StatusSeeOther) //nolint:gosec // a path of this site
		return nil
	}
	return s.renderTemplate(w, r, v, http.StatusOK)
}

// firstIndex is where the indexes of items begin that the form gives.
const firstIndex = 2000

// readTemplate reads the form; a line without a name is none.
func readTemplate(form url.Values) template.Template {
	get := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	t := template.Template{ID: get("id"), Version: number(get("version")), Industry: get("industry")}
	t.Name.ZH, t.Name.EN = get("zh"), get("en")
	next := uint32(firstIndex)
	for n := range number(get("lines")) {
		at := "." + strconv.Itoa(n)
		i := template.Item{
			Name: get("name" + at), Type: template.Type(get("type" + at)), Length: number(get("length" + at)),
			Required: form.Get("required"+at) != "", Granted: form.Get("granted"+at) != "",
		}
		i.Alias.ZH, i.Alias.EN = get("zh"+at), get("en"+at)
		if i.Name == "" && i.Alias.ZH == "" {
			continue
		}
		if i.Type == template.Choice {
			i.Choices = strings.FieldsFunc(get("choices"+at), func(c rune) bool { return strings.ContainsRune(";；\n", c) })
			for k := range i.Choices {
				i.Choices[k] = strings.TrimSpace(i.Choices[k])
			}
		}
		if index, err := strconv.ParseUint(get("index"+at), 10, 32); err == nil {
			i.Index = uint32(index)
			next = max(next, i.Index+1)
		}
		t.Items = append(t.Items, i)
	}
	for k := range t.Items {
		if t.Items[k].Index == 0 {
			t.Items[k].Index = next
			next++
		}
	}
	return t
}
