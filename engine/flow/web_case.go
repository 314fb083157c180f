package flow

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/diagram"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/pack"
)

// caseView is one case: where it stands, what its reader may do, what has been.
type caseView struct {
	C         Case
	Title     string
	Procedure string
	States    string // where it stands
	Todo      string // what is done there
	Now       string // whose turn it is, until when
	Lit       Lit
	Closed    string
	Unit      string
	Opened    string
	Parent    string // address of the case it is part of
	Module    string // address of its module's own page
	ModuleAs  string // its name
	Actions   []actionView
	Others    []otherView
	Tasks     []taskView
	Clocks    []clockView // running or paused
	Stopped   []clockView
	Facts     []factView
	Events    []eventView
	Documents []documentView
	Parts     []casesRow
	Diagram   template.HTML
	Units     []choiceView // that a task may be given to
	People    []choiceView // who have acted in the case
	Key       string       // of what is sent next
	Form      sent
	Stray     bool // what was refused has no form on the page any more
}

// sent is a form that was refused: what was filled in, and why.
type sent struct {
	Event   string // or task.NAME, note, document
	Task    string
	Problem string
	Field   string // which field is to blame; "" for the whole
	Values  url.Values
}

// otherView is a step that is somebody else's.
type otherView struct {
	Name, Who string
	Judge     bool // the reader may not, for having taken the step before
}

type taskView struct {
	ID, Do, Holder, Claimed, Delegated, From, Due string
	Lit                                           Lit
	Joint                                         bool
	Reminded, Level                               int
	Mine                                          bool   // the reader may do it
	Oversees                                      bool   // the reader may put it under supervision
	Handed                                        bool   // somebody handed it on: it can be given back
	Hands                                         bool   // the reader may hand it on
	Said                                          string // what the reader had written when it was refused
	Problem                                       string
}

type factView struct{ Label, Value string }

type documentView struct{ Href, Name, Size, SHA256 string }

// pageOf is where a case is worked on: its own page, or its module's.
func (s *Service) pageOf(c Case) string {
	if p, ok := s.modulePage(c.Procedure); ok && p.First {
		return p.Path + c.ID
	}
	return "/flow/cases/" + c.ID
}

func (s *Service) modulePage(procedure string) (Page, bool) {
	for _, g := range s.guests {
		if p, ok := g.Pages[procedure]; ok {
			return p, true
		}
	}
	return Page{}, false
}

func (s *Service) showCase(w http.ResponseWriter, r *http.Request) error {
	return s.renderCase(w, r, http.StatusOK, sent{})
}

func (s *Service) renderCase(w http.ResponseWriter, r *http.Request, status int, form sent) error {
	rd := s.reader(r)
	c, err := s.row(rd.ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	cal, err := s.Calendar(rd.ctx)
	if err != nil {
		return err
	}
	v := caseView{
		C: c.Case, Title: rd.sh.In(c.Title), Procedure: rd.sh.In(c.p.Name), States: rd.states(c.p, c.State.Active), Lit: litAt(c.Light, c.Due, s.now()), Unit: rd.unit(c.Unit), Opened: rd.minute(c.Opened),
		Closed: rd.minute(c.Closed), Key: rand.Text(), Form: form,
	}
	if v.Title == "" {
		v.Title = c.Number
	}
	if c.Parent != "" {
		v.Parent = rd.sh.Link("/flow/cases/" + c.Parent)
	}
	page, ok := s.modulePage(c.Procedure)
	if ok {
		v.Module, v.ModuleAs = rd.sh.Link(page.Path+c.ID), rd.sh.In(page.Name)
	}
	v.Documents, err = rd.documents(c.ID)
	if err != nil {
		return err
	}
	rd.offers(c, page.First, &v)
	v.Tasks = rd.tasks(c, cal, form)
	v.Now = rd.turn(v)
	v.Stray = v.stray()
	v.Todo = rd.todo(c)
	v.Clocks, v.Stopped = rd.clocks(c, cal)
	v.Units, v.People = rd.units(), rd.actors(c)
	v.Facts = rd.facts(c)
	if err := rd.past(c, &v); err != nil {
		return err
	}
	return casePage.RenderStatus(w, r, status, v)
}

// stray reports whether what was refused has no form on the page any more: then
// the page says why in a place of its own.
func (v *caseView) stray() bool {
	switch {
	case v.Form.Problem == "" || v.Form.Event == "note" || v.Form.Event == "document":
		return false
	case v.Form.Task != "":
		return !slices.ContainsFunc(v.Tasks, func(t taskView) bool { return t.ID == v.Form.Task })
	}
	return !slices.ContainsFunc(v.Actions, func(a actionView) bool { return a.Event == v.Form.Event })
}

// todo says what is done where the case waits for its reader, or for anybody when
// it waits for others.
func (rd reader) todo(c *row) string {
	who := rd.s.person(rd.ctx)
	for _, t := range c.state.Tasks {
		if st := c.p.State(t.State); st != nil && !t.Joint && who.does(t) {
			return rd.sh.In(st.Note)
		}
	}
	return ""
}

// actors lists who has acted in a case, to hand a task to.
func (rd reader) actors(c *row) []choiceView {
	var ids []string
	for _, some := range c.state.Acted {
		ids = append(ids, some...)
	}
	slices.Sort(ids)
	var out []choiceView
	for _, id := range slices.Compact(ids) {
		if id != program && id != rd.sh.Actor.ID {
			out = append(out, choiceView{Key: id, Name: rd.person(id)})
		}
	}
	return out
}

// turn says whose turn it is and until when.
func (rd reader) turn(v caseView) string {
	for _, t := range v.Tasks {
		if t.Joint {
			continue
		}
		who := t.Holder
		if t.Claimed != "" {
			who = t.Claimed
		}
		if t.Delegated != "" {
			who = t.Delegated
		}
		return rd.sh.In(turnOf(who, t.Due, t.Mine))
	}
	return ""
}

// turnOf is turn's sentence.
func turnOf(who, due string, mine bool) pack.Text {
	switch {
	case mine && due == "":
		return text("轮到您（%s）办理。", "It is your turn (%s).", who)
	case mine:
		return text("轮到您（%s）办理，%s 到期。", "It is your turn (%s), until the end of %s.", who, due)
	case due == "":
		return text("由 %s 办理。", "%s has to act.", who)
	}
	return text("由 %s 办理，%s 到期。", "%s has to act by the end of %s.", who, due)
}

// tasks describes the open tasks.
func (rd reader) tasks(c *row, cal clock.Calendar, form sent) []taskView {
	who := rd.s.person(rd.ctx)
	var out []taskView
	rows := taskRows(c.ID, c.state, cal, rd.s.now())
	for i, t := range c.state.Tasks {
		v := taskView{
			ID: t.ID, Holder: rd.owner(t.Owner), Claimed: rd.person(t.Claimed), Delegated: rd.person(t.Delegated), Lit: litAt(lightOf(rows[i].Light), instant(rows[i].Due), rd.s.now()), Joint: t.Joint, Reminded: t.Reminded, Level: t.Level,
			Mine: who.does(t), Oversees: who.role(actor.Leader, c.Unit), Handed: t.From != nil || t.Delegated != "",
			Hands: who.does(t) || who.role(actor.Leader, t.Owner.Unit),
		}
		if rows[i].Due != never {
			v.Due = rd.lastDay(instant(rows[i].Due))
		}
		if st := c.p.State(t.State); st != nil {
			v.Do = rd.sh.In(st.Name)
		}
		if t.From != nil {
			v.From = rd.owner(*t.From)
		}
		if form.Task == t.ID {
			v.Problem, v.Said = form.Problem, form.Values.Get("text")
		}
		out = append(out, v)
	}
	return out
}

// past fills in what has been: events, the parts of the case and its diagram.
func (rd reader) past(c *row, v *caseView) error {
	all, err := rd.s.History(rd.ctx, c.ID)
	if err != nil {
		return err
	}
	been, err := rd.s.follow(rd.ctx, all)
	if err != nil {
		return err
	}
	where := ""
	for _, e := range all {
		view := rd.event(c.p, e)
		if now := rd.states(c.p, been.after[e.N]); now != "" && now != where {
			view.Moved, where = now, now
		}
		v.Events = append(v.Events, view)
	}
	slices.Reverse(v.Events)
	v.Diagram = template.HTML(diagram.Draw(c.p, diagram.Options{Lang: rd.sh.Lang, Present: c.State.Active, Visited: been.visited})) //nolint:gosec // drawn here, escaped there
	parts, err := rd.s.Find(rd.s.AsProgram(rd.ctx), Filter{Parent: c.ID, Limit: shownCases})
	if err != nil {
		return err
	}
	for _, p := range slices.Backward(parts) {
		row, err := rd.casesRow(p)
		if err != nil {
			return err
		}
		v.Parts = append(v.Parts, row)
	}
	return nil
}

// facts prints what is known of a case, field by field.
func (rd reader) facts(c *row) []factView {
	var out []factView
	for _, f := range c.p.Data {
		if value := rd.value(f.Type, c.State.Data[f.Name]); value != "" {
			out = append(out, factView{rd.sh.In(f.Label), value})
		}
	}
	return out
}

// documents lists the files of a case.
func (rd reader) documents(id string) ([]documentView, error) {
	all, err := rd.s.Documents(rd.ctx, id)
	var out []documentView
	for _, d := range all {
		out = append(out, documentView{"/flow/cases/" + id + "/documents/" + d.SHA256, d.Name, size(d.Size), d.SHA256})
	}
	return out, err
}
