package flow

import (
	"html/template"
	"net/http"
	"strings"
	"time"

	"yuzhou/engine/flow/diagram"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// bookView lists the procedures there are.
type bookView struct{ Rows []bookRow }

type bookRow struct {
	Href, ID, Name, Module, From, Digest string
	Open                                 int64
	Versions                             int
}

func (s *Service) showBook(w http.ResponseWriter, r *http.Request) error {
	rd := s.reader(r)
	all, err := s.Versions(rd.ctx, "")
	if err != nil {
		return err
	}
	var v bookView
	at := map[string]int{}
	for _, x := range all {
		i, ok := at[x.ID]
		if !ok {
			i = len(v.Rows)
			at[x.ID] = i
			v.Rows = append(v.Rows, bookRow{Href: rd.sh.Link("/flow/procedures/" + x.ID), ID: x.ID, Name: rd.sh.In(x.Name), Module: x.Guest})
		}
		row := &v.Rows[i]
		row.Versions++
		row.Open += x.Open
		if x.InForce {
			row.From, row.Digest, row.Name = x.From, x.Digest, rd.sh.In(x.Name)
		}
	}
	return bookPage.Render(w, r, v)
}

// procedureView is one procedure in plain words, with its diagram and versions.
type procedureView struct {
	ID, Name, Basis, Digest string
	Source                  string
	Diagram                 template.HTML
	States                  []stateView
	Clocks                  []limitView
	Reasons                 []reasonsView
	Versions                []versionView
}

type stateView struct {
	Name, Note, Who, Clock string
	Depth                  int
	Final                  bool
	Steps                  []stepView
}

type stepView struct{ Name, Leads, Who string }

type limitView struct{ Name, Kind, Limit, Basis string }

type reasonsView struct {
	ID      string
	Options []choiceView
}

type versionView struct {
	Href, Digest, From, Until, Accepted, By string
	InForce                                 bool
	Open                                    int64
}

func (s *Service) showProcedure(w http.ResponseWriter, r *http.Request) error {
	rd := s.reader(r)
	p, err := s.Procedure(rd.ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := procedureView{ID: p.ID, Name: rd.sh.In(p.Name), Basis: p.Basis, Digest: p.Digest, Source: string(p.Source), Diagram: rd.draw(p)}
	rd.describe(p, &v)
	all, err := s.Versions(rd.ctx, p.ID)
	if err != nil {
		return err
	}
	for _, x := range all {
		v.Versions = append(v.Versions, versionView{
			Href: rd.sh.Link("/flow/procedures/" + x.Digest), Digest: x.Digest, From: x.From, Until: x.Until, Accepted: x.Accepted.In(rd.sh.Zone).Format(time.DateOnly),
			By: rd.person(x.Accepter), InForce: x.InForce, Open: x.Open,
		})
	}
	return procedurePage.Render(w, r, v)
}

func (rd reader) draw(p *procedure.Procedure) template.HTML {
	return template.HTML(diagram.Draw(p, diagram.Options{Lang: rd.sh.Lang})) //nolint:gosec // drawn here, escaped there
}

// describe puts a procedure into words.
func (rd reader) describe(p *procedure.Procedure, v *procedureView) {
	for _, st := range p.States {
		if st.Name.ZH == "" || st.History() {
			continue
		}
		view := stateView{Name: rd.sh.In(st.Name), Note: rd.sh.In(st.Note), Final: st.Kind == procedure.Final}
		for up := st.Parent; up != nil && up.Parent != nil; up = up.Parent {
			view.Depth++
		}
		if st.Owner != nil {
			view.Who = rd.rule(st.Owner)
		}
		if k := p.Clock(st.Clock); k != nil {
			view.Clock = rd.sh.In(k.Name)
		}
		for _, t := range st.Transitions {
			if t.Name.ZH == "" {
				continue
			}
			step := stepView{Name: rd.sh.In(t.Name), Leads: rd.leads(t)}
			if t.By != nil {
				step.Who = rd.rule(t.By)
			}
			view.Steps = append(view.Steps, step)
		}
		v.States = append(v.States, view)
	}
	for _, k := range p.Clocks {
		v.Clocks = append(v.Clocks, limitView{rd.sh.In(k.Name), "kind." + string(k.Rule.Kind), rd.sh.In(text("%d %s", "%d %s", k.Rule.Limit, unitName(k.Rule.Unit))), k.Rule.Basis})
	}
	for _, list := range p.Reasons {
		view := reasonsView{ID: list.ID}
		for _, o := range list.Options {
			view.Options = append(view.Options, choiceView{o.Code, rd.sh.In(pack.Text{ZH: o.ZH, EN: o.EN}), o.Basis, false})
		}
		v.Reasons = append(v.Reasons, view)
	}
}

// rule says who acts, as the procedure has it: names of data fields in place of
// what they will hold.
func (rd reader) rule(o *procedure.Owner) string {
	place := strings.TrimPrefix(o.Unit.String(), "data.")
	switch {
	case o.Person.String() != "":
		return strings.TrimPrefix(o.Person.String(), "data.")
	case o.Post.String() != "":
		return strings.TrimPrefix(o.Post.String(), "data.")
	}
	return place + " · " + rd.role(o.Role)
}

// editView is a procedure being written, with what is wrong with it.
type editView struct {
	Name      string // of the file
	Source    string
	Lines     int
	Findings  []findingView
	Errors    int
	Diagram   template.HTML
	Checked   bool
	MayAccept bool
	Problem   string
}

type findingView struct {
	Line  int
	Error bool
	Text  string
	Rule  string
}

// firstSource is what the editor begins with when it is given nothing.
const firstSource = `schema: yuzhou.procedure/v1
id: example
name: {zh: 示例, en: Example}
data:
  unit: {type: unit, required: true, zh: 承办单位, en: Unit}
reasons:
  refuse: {scope: {zh: 不属于受理范围, en: Not within scope}}
clocks:
  check: {kind: stage, unit: working-day, limit: 5, warn: 1, zh: 审查, en: Examination}
states:
  filed:
    zh: 待审查
    en: To be examined
    owner: {unit: data.unit, role: clerk}
    clock: check
    on:
      - {event: accept, to: done, zh: 通过, en: Accept}
      - {event: refuse, to: refused, refusal: true, reasons: refuse, zh: 不予通过, en: Refuse}
      - {event: clock.check.due, do: [{notify: {owner: {unit: data.unit, role: leader}, zh: 审查超期, en: The examination is overdue}}]}
  done: {final: true, zh: 已通过, en: Accepted}
  refused: {final: true, zh: 不予通过, en: Refused}
`

func (s *Service) showEdit(w http.ResponseWriter, r *http.Request) error {
	rd := s.reader(r)
	v := editView{Name: "example.yaml", Source: firstSource}
	if id := r.URL.Query().Get("from"); id != "" {
		p, err := s.Procedure(rd.ctx, id)
		if err != nil {
			return err
		}
		v.Name, v.Source = p.ID+".yaml", string(p.Source)
	}
	rd.check(&v)
	return editPage.Render(w, r, v)
}

// checkForm shows what is wrong with a procedure that is being written. Nothing is kept.
func (s *Service) checkForm(w http.ResponseWriter, r *http.Request) error {
	v, err := writing(r)
	if err != nil {
		return err
	}
	s.reader(r).check(&v)
	return editPage.Render(w, r, v)
}

// maxWritten is the longest procedure that the editor takes.
const maxWritten = 1 << 20

// writing reads the editor's form.
func writing(r *http.Request) (editView, error) {
	if err := r.ParseForm(); err != nil {
		return editView{}, fault.New(fault.Invalid, "the form cannot be read")
	}
	v := editView{Name: strings.TrimSpace(r.PostFormValue("name")), Source: strings.ReplaceAll(r.PostFormValue("source"), "\r\n", "\n")}
	if len(v.Source) > maxWritten {
		return v, fault.New(fault.Invalid, "the procedure has %d bytes; the editor takes %d", len(v.Source), maxWritten)
	}
	if v.Name == "" {
		v.Name = "procedure.yaml"
	}
	return v, nil
}

// check fills in the findings and, when it can be drawn, the diagram.
func (rd reader) check(v *editView) {
	v.Checked, v.Lines = true, 1+strings.Count(v.Source, "\n")
	v.MayAccept = rd.s.mayAccept(rd.sh)
	_, findings := rd.s.readAny(v.Name, []byte(v.Source))
	for _, f := range findings {
		bad := f.Severity == pack.Error
		if bad {
			v.Errors++
		}
		v.Findings = append(v.Findings, findingView{f.Line, bad, f.Text, f.Rule})
	}
	if p, _ := procedure.Parse(v.Name, []byte(v.Source)); p != nil {
		v.Diagram = rd.draw(p)
	}
}

func (s *Service) mayAccept(sh *web.Shell) bool {
	for _, g := range sh.Actor.Grants {
		if g.Role == actor.Owner {
			return true
		}
	}
	return false
}

// acceptForm puts what the editor holds in force.
func (s *Service) acceptForm(w http.ResponseWriter, r *http.Request) error {
	v, err := writing(r)
	if err != nil {
		return err
	}
	got, err := s.Accept(r.Context(), v.Name, []byte(v.Source))
	if err != nil {
		if !refusable(err) {
			return err
		}
		v.Problem = web.Text(err)
		s.reader(r).check(&v)
		return editPage.RenderStatus(w, r, web.Status(err), v)
	}
	http.Redirect(w, r, "/flow/procedures/"+got.ID, http.StatusSeeOther)
	return nil
}
