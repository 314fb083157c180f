package projects

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"yuzhou/engine/flow"
	"yuzhou/engine/org"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// editView is the form of a work: a new one, a change, or a change that was returned.
type editView struct {
	Form       workForm
	Action     string // address that takes the form
	Title      string // key of its wording
	Grades     []string
	Risks      []string
	Elements   []Element // that a work of this kind may carry out
	Reachable  []Element // that it may be linked to
	Units      []org.Unit
	Clauses    [][]string
	Milestones [][]string
	Pace       [][]string
	Budget     [][]string
	Links      [][]string
	Fixed      bool // kind and id stay
}

func (s *Service) showNew(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := workForm{Kind: q.Get("kind"), Element: q.Get("element"), Unit: q.Get("unit")}
	if !slices.Contains(Kinds(), f.Kind) {
		f.Kind = Project
	}
	v := editView{Form: f, Action: "/projects/new", Title: "edit.new"}
	if id := q.Get("case"); id != "" {
		_, p, err := s.change(r.Context(), id)
		if err != nil {
			return err
		}
		v.Form, v.Title, v.Action, v.Fixed = formOf(p.Work), "edit.again", "/projects/new?case="+id, true
	}
	return s.renderEdit(w, r, v)
}

func (s *Service) showEdit(w http.ResponseWriter, r *http.Request) error {
	st, err := s.state(r.Context(), r.PathValue("id"), s.now())
	if err != nil {
		return err
	}
	v := editView{Form: formOf(st.folded()), Action: "/projects/" + st.ID + "/edit", Title: "edit.change", Fixed: true}
	v.Form.Documents = nil
	for _, d := range st.documents() { // what the reports brought belongs to the work now
		v.Form.Documents = append(v.Form.Documents, []string{d.SHA256, d.Name})
	}
	if id := r.URL.Query().Get("case"); id != "" {
		_, p, err := s.change(r.Context(), id)
		if err != nil {
			return err
		}
		v.Form, v.Title = formOf(p.Work), "edit.again"
	}
	if caseID := r.URL.Query().Get("case"); caseID != "" {
		v.Action += "?case=" + caseID
	}
	return s.renderEdit(w, r, v)
}

func (s *Service) renderEdit(w http.ResponseWriter, r *http.Request, v editView) error {
	ctx := r.Context()
	v.Grades, v.Risks = Grades(), Risks()
	elements, err := s.Plan(ctx, s.now())
	if err != nil {
		return err
	}
	for _, e := range elements {
		switch e.Kind {
		case "project_class", Policy, Measure:
			v.Elements = append(v.Elements, e)
		case "action":
			v.Elements = append(v.Elements, e)
			v.Reachable = append(v.Reachable, e)
		case "target", "objective":
			v.Reachable = append(v.Reachable, e)
		}
	}
	units, err := s.Units.Units(ctx, s.now())
	if err != nil {
		return err
	}
	for _, u := range units {
		if u.Kind != org.Town && u.Kind != org.Group && u.Kind != org.Nation {
			v.Units = append(v.Units, u)
		}
	}
	f := v.Form
	v.Clauses, v.Milestones, v.Pace, v.Budget, v.Links = padded(f.Clauses, 5), padded(f.Milestones, 6), padded(f.Pace, 2), padded(f.Budget, 3), padded(f.Links, 5)
	status := http.StatusOK
	if f.Error != "" {
		status = http.StatusUnprocessableEntity
	}
	return editPage.RenderStatus(w, r, status, v)
}

// typed reads the form of a request with its files.
func (s *Service) typed(w http.ResponseWriter, r *http.Request) (workForm, Work, error) {
	if err := parse(w, r); err != nil {
		return workForm{}, Work{}, err
	}
	f := readForm(r.PostForm)
	docs, err := s.uploaded(w, r, "files")
	if err != nil {
		return f, Work{}, err
	}
	for _, d := range docs {
		if !slices.ContainsFunc(f.Documents, func(row []string) bool { return row[0] == d.SHA256 }) {
			f.Documents = append(f.Documents, []string{d.SHA256, d.Name})
		}
	}
	work, err := f.work()
	return f, work, err
}

// mistake reports whether err is one that the form can show beside what was typed.
func mistake(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.Invalid || kind == fault.Conflict
}

func (s *Service) enter(w http.ResponseWriter, r *http.Request) error {
	f, work, err := s.typed(w, r)
	caseID := r.URL.Query().Get("case")
	var c flow.Case
	switch {
	case err != nil:
	case caseID != "":
		c, err = s.Amend(r.Context(), caseID, work)
	default:
		c, err = s.Propose(r.Context(), Enter, work)
	}
	return s.proposed(w, r, c, err, editView{Form: f, Action: r.URL.RequestURI(), Title: "edit.new", Fixed: caseID != ""})
}

// proposed leads to the case that a form became, or shows the form with its mistake.
func (s *Service) proposed(w http.ResponseWriter, r *http.Request, c flow.Case, err error, v editView) error {
	switch {
	case mistake(err):
		v.Form.Error = web.Said(r, err)
		return s.renderEdit(w, r, v)
	case err != nil:
		return err
	}
	http.Redirect(w, r, "/projects/"+said(c, "work")+"/changes/"+c.ID, http.StatusSeeOther) //nolint:gosec // a local page: ids of works and cases have no slash
	return nil
}

func (s *Service) edit(w http.ResponseWriter, r *http.Request) error {
	id, caseID := r.PathValue("id"), r.URL.Query().Get("case")
	v := editView{Action: r.URL.RequestURI(), Title: "edit.change", Fixed: true}
	f, work, err := s.typed(w, r)
	work.ID, f.ID, v.Form = id, id, f
	var c flow.Case
	switch {
	case err != nil:
	case caseID != "":
		c, err = s.Amend(r.Context(), caseID, work)
	default:
		was, stateErr := s.state(r.Context(), id, s.now())
		change := Change
		if stateErr == nil && was.Closing != nil {
			change = Reopen
		}
		c, err = s.Propose(r.Context(), change, work)
	}
	return s.proposed(w, r, c, err, v)
}

// closeView is the form by which a work is closed.
type closeView struct {
	ID, Name  string
	Text, On  string
	Documents []Document
	Chosen    []string
	Error     string
}

// Has reports whether a document is ticked.
func (v closeView) Has(sha256 string) bool { return slices.Contains(v.Chosen, sha256) }

func (s *Service) showClose(w http.ResponseWriter, r *http.Request) error {
	st, err := s.state(r.Context(), r.PathValue("id"), s.now())
	if err != nil {
		return err
	}
	return closePage.Render(w, r, closeView{ID: st.ID, Name: web.ShellOf(r.Context()).In(st.Text), On: s.date(s.now()).Format("2006-01-02"), Documents: st.documents()})
}

// close proposes that a work is closed, on the documents that are ticked or come
// with the form.
func (s *Service) close(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := parse(w, r); err != nil {
		return err
	}
	st, err := s.state(ctx, r.PathValue("id"), s.now())
	if err != nil {
		return err
	}
	v := closeView{
		ID: st.ID, Name: web.ShellOf(ctx).In(st.Text), Text: strings.TrimSpace(r.PostFormValue("text")), On: strings.TrimSpace(r.PostFormValue("on")),
		Chosen: r.PostForm["evidence"], Documents: st.documents(),
	}
	docs, err := s.uploaded(w, r, "files")
	if err == nil {
		work := st.folded()
		work.Documents = v.Documents
		for _, d := range docs {
			work.Documents, v.Chosen = append(work.Documents, d), append(v.Chosen, d.SHA256)
		}
		v.Documents = work.Documents
		work.Closing = &Closing{Text: pack.Text{ZH: v.Text}, On: v.On, Evidence: v.Chosen}
		var c flow.Case
		if c, err = s.Propose(ctx, Close, work); err == nil {
			http.Redirect(w, r, "/projects/"+st.ID+"/changes/"+c.ID, http.StatusSeeOther)
			return nil
		}
	}
	if !mistake(err) {
		return err
	}
	v.Error = web.Said(r, err)
	return closePage.RenderStatus(w, r, http.StatusUnprocessableEntity, v)
}

// changeView is a case of this module: what it proposes against what is in force.
type changeView struct {
	Case     flow.Case
	Name     string
	Change   string // enter, change, close, reopen or month
	State    string // draft, check, approving, answering, approved, accepted, withdrawn
	Href     string // of the work; empty while it is not in force
	Edit     string // address of the form, while it is a draft
	Digest   string
	Rows     []diffRow
	Buttons  []button
	Others   []string // what others may do now, and who
	Unit     string
	Post     string
	Evidence []link
}

type diffRow struct {
	What    string
	Was, Is []string
}

// button is something that the reader may let happen now.
type button struct {
	Event, Text string
	Refusal     bool
	Reasons     []reason
}

type reason struct{ Code, Text string }

func (s *Service) showChange(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c, p, err := s.change(ctx, r.PathValue("case"))
	if err != nil {
		return err
	}
	d, err := s.desk(ctx)
	if err != nil {
		return err
	}
	v := changeView{Case: c, Name: d.sh.In(c.Title), Change: p.Change, Digest: p.Digest, Unit: d.unit(said(c, "unit")), Post: said(c, "post"), State: stateOf(c)}
	if err := s.buttons(ctx, d, &v); err != nil {
		return err
	}
	work := said(c, "work")
	was, err := s.state(ctx, work, s.now())
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if err == nil {
		v.Href = "/projects/" + work
	}
	if c.Procedure == MonthProcedure {
		v.Change = "month"
		v.Rows, v.Evidence = d.reported(p.Report, was), evidenceOf(p.Report.Documents)
		v.Edit = "/projects/" + work + "/report?case=" + c.ID
	} else {
		v.Rows, v.Evidence = d.diff(was.folded(), p.Work), evidenceOf(p.Work.Documents)
		v.Edit = "/projects/" + work + "/edit?case=" + c.ID
		if err != nil {
			v.Edit = "/projects/new?case=" + c.ID
		}
	}
	return changePage.Render(w, r, v)
}

func evidenceOf(docs []Document) []link {
	var out []link
	for _, d := range docs {
		out = append(out, link{documentHref(d.SHA256), d.Name})
	}
	return out
}

// stateOf returns where a case of this module stands, as one word.
func stateOf(c flow.Case) string {
	for _, id := range []string{"draft", "check", "approving", "answering", "approved", "accepted", "withdrawn"} {
		if c.In(id) {
			return id
		}
	}
	return ""
}

// buttons writes what may happen to a case now: what the reader may do, and what
// others may, with who.
func (s *Service) buttons(ctx context.Context, d desk, v *changeView) error {
	all, err := s.Flow.Possible(ctx, v.Case.ID)
	if err != nil {
		return err
	}
	for _, p := range all {
		text := d.sh.In(pack.Text{ZH: p.ZH, EN: p.EN})
		if !p.Mine {
			v.Others = append(v.Others, text+" · "+d.holder(p.For))
			continue
		}
		b := button{Event: p.Event, Text: text, Refusal: p.Refusal}
		for _, r := range p.Reasons {
			b.Reasons = append(b.Reasons, reason{r.Code, d.sh.In(pack.Text{ZH: r.ZH, EN: r.EN})})
		}
		v.Buttons = append(v.Buttons, b)
	}
	return nil
}

// holder names who may do something: unit:ID:ROLE, post:ID or person:ID.
func (d desk) holder(who string) string {
	kind, rest, _ := strings.Cut(who, ":")
	if kind != "unit" {
		return rest
	}
	unit, role, _ := strings.Cut(rest, ":")
	roles := map[string]pack.Text{"clerk": {ZH: "填报人", EN: "clerk"}, "steward": {ZH: "核对人", EN: "steward"}, "leader": {ZH: "负责人", EN: "leader"}}
	return d.unit(unit) + " " + d.sh.In(roles[role])
}

func (s *Service) sendForm(w http.ResponseWriter, r *http.Request) error {
	if err := parse(w, r); err != nil {
		return err
	}
	c, err := s.send(r.Context(), r.PathValue("case"), r.PostFormValue("event"), r.PostFormValue("reason"), strings.TrimSpace(r.PostFormValue("text")))
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/projects/"+r.PathValue("id")+"/changes/"+c.ID, http.StatusSeeOther) //nolint:gosec // a local page: the id is one path segment
	return nil
}
