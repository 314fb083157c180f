package flow

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/diagram"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/pack"
)

// caseView is one case: where it stands, what its reader may do, what has been.
type caseView struct {
	C         Case
	Title     string
	Procedure string
	States    string // where it stands
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
	Clocks    []clockView
	Facts     []factView
	Events    []eventView
	Documents []documentView
	Parts     []casesRow
	Diagram   template.HTML
	Key       string // of what is sent next
	Form      sent
}

// sent is a form that was refused: what was filled in, and why.
type sent struct {
	Event   string // or task.NAME, note, document
	Task    string
	Problem string
	Values  url.Values
}

// actionView is a step that the reader may take now.
type actionView struct {
	Event, Name string
	Leads       string // to which states; empty: it stays
	Refusal     bool
	Reasons     []choiceView
	Fields      []fieldView
	Module      bool // it is taken on the module's own page
	Problem     string
}

type choiceView struct {
	Key, Name, Basis string
	Chosen           bool
}

type fieldView struct {
	Name, Label, Hint, Type string
	Required                bool
	Value                   string
	Options                 []choiceView
}

// otherView is a step that is somebody else's.
type otherView struct{ Name, Who, Why string }

type taskView struct {
	ID, Do, Holder, Claimed, Delegated, From, Due string
	Lit                                           Lit
	Joint                                         bool
	Reminded, Level                               int
	Mine                                          bool // the reader may do it
	Oversees                                      bool // the reader may put it under supervision
	Handed                                        bool // somebody handed it on: it can be given back
	Problem                                       string
}

type clockView struct {
	Name, Kind, Limit, Used, Due, Left, Basis string
	Share                                     int // of the limit that is used up, 0 to 100
	Lit                                       Lit
	Paused, Stopped                           bool
	Pauses                                    []string
	Extensions                                []string
}

type factView struct{ Label, Value string }

type eventView struct {
	N              int64
	At, Who, Name  string
	Said           []factView
	Hash, Original string
}

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
		C: c.Case, Title: rd.sh.In(c.Title), Procedure: rd.sh.In(c.p.Name), States: rd.states(c.p, c.State.Active), Lit: litOf(c.Light), Unit: rd.unit(c.Unit), Opened: rd.minute(c.Opened),
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
	v.Clocks = rd.clocks(c, cal)
	v.Facts = rd.facts(c)
	if err := rd.past(c, &v); err != nil {
		return err
	}
	return casePage.RenderStatus(w, r, status, v)
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
		if t.Due == "" {
			return rd.sh.In(text("由 %s 办理。", "%s has to act.", who))
		}
		return rd.sh.In(text("由 %s 在 %s 前办理。", "%s has to act by the end of %s.", who, t.Due))
	}
	return ""
}

// offers lists what may happen to a case now: what the reader may do, and whose
// the rest is.
func (rd reader) offers(c *row, ownPage bool, v *caseView) { //nolint:revive // a fact of the module
	who := rd.s.person(rd.ctx)
	for _, t := range offers(c.p, c.state) {
		if t.Name.ZH == "" {
			continue
		}
		o := c.offer(t, who)
		if !o.Mine {
			v.Others = append(v.Others, otherView{rd.sh.In(t.Name), rd.holder(o.For), o.Why})
			continue
		}
		for _, e := range t.Events {
			if isClock(e) {
				continue
			}
			a := actionView{Event: e, Name: rd.sh.In(t.Name), Leads: rd.leads(t), Refusal: t.Refusal, Problem: v.Form.of(e)}
			for _, x := range o.Reasons {
				a.Reasons = append(a.Reasons, choiceView{x.Code, rd.sh.In(pack.Text{ZH: x.ZH, EN: x.EN}), x.Basis, v.Form.of(e) != "" && v.Form.Values.Get("reason") == x.Code})
			}
			for _, f := range t.Form {
				a.Module = a.Module || ownPage && (f.Type == procedure.ListField || f.Type == procedure.MapField)
				a.Fields = append(a.Fields, rd.field(f, v, e))
			}
			v.Actions = append(v.Actions, a)
		}
	}
}

// of returns why a form was refused, if it was that one.
func (f sent) of(event string) string {
	if f.Event == event {
		return f.Problem
	}
	return ""
}

func isClock(event string) bool { _, _, ok := clockEvent(event); return ok }

// leads names where a transition leads; empty where it stays.
func (rd reader) leads(t *procedure.Transition) string {
	var ids []string
	for _, st := range t.Targets {
		for st.Kind == procedure.Compound && st.Initial != nil && len(st.Initial.Targets) == 1 {
			st = st.Initial.Targets[0]
		}
		if st.Name.ZH != "" && !slices.Contains(ids, rd.sh.In(st.Name)) {
			ids = append(ids, rd.sh.In(st.Name))
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

// field is a field of a form, with what was filled in when it was refused.
func (rd reader) field(f procedure.Field, v *caseView, event string) fieldView {
	out := fieldView{Name: f.Name, Label: rd.sh.In(f.Label), Hint: rd.sh.In(f.Hint), Type: string(f.Type), Required: f.Required}
	kept := v.Form.Event == event
	if kept {
		out.Value = v.Form.Values.Get("f." + f.Name)
	}
	chosen := func(key string) bool { return kept && slices.Contains(v.Form.Values["f."+f.Name], key) }
	switch f.Type { //nolint:exhaustive // the others are typed
	case procedure.ChoiceField:
		for _, o := range f.Options {
			out.Options = append(out.Options, choiceView{Key: o.Code, Name: rd.sh.In(pack.Text{ZH: o.ZH, EN: o.EN}), Chosen: chosen(o.Code)})
		}
	case procedure.UnitField, procedure.UnitsField:
		for _, u := range rd.units() {
			out.Options = append(out.Options, choiceView{Key: u.Key, Name: u.Name, Chosen: chosen(u.Key)})
		}
	case procedure.FilesField:
		for _, d := range v.Documents {
			out.Options = append(out.Options, choiceView{Key: d.SHA256, Name: d.Name, Chosen: chosen(d.SHA256)})
		}
	}
	return out
}

// units lists the bodies and districts that work may be given to.
func (rd reader) units() []choiceView {
	all, err := rd.s.who.Units(rd.ctx, rd.s.now())
	if err != nil {
		return nil
	}
	var out []choiceView
	for _, kind := range []string{"body", "district", "county"} {
		for _, u := range all {
			if u.Kind == kind {
				out = append(out, choiceView{Key: u.ID, Name: rd.sh.In(u.Text)})
			}
		}
	}
	return out
}

// tasks describes the open tasks.
func (rd reader) tasks(c *row, cal clock.Calendar, form sent) []taskView {
	who := rd.s.person(rd.ctx)
	var out []taskView
	rows := taskRows(c.Case, c.state, cal, rd.s.now())
	for i, t := range c.state.Tasks {
		v := taskView{
			ID: t.ID, Holder: rd.owner(t.Owner), Claimed: rd.person(t.Claimed), Delegated: rd.person(t.Delegated), Lit: litOf(lightOf(rows[i].Light)), Joint: t.Joint, Reminded: t.Reminded, Level: t.Level,
			Mine: who.does(t), Oversees: who.role(actor.Leader, c.Unit), Handed: t.From != nil || t.Delegated != "",
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
			v.Problem = form.Problem
		}
		out = append(out, v)
	}
	return out
}

// clocks describes the clocks in the order of the procedure, running ones first.
func (rd reader) clocks(c *row, cal clock.Calendar) []clockView {
	var running, rest []clockView
	for _, k := range c.p.Clocks {
		run, ok := c.state.Clocks[k.ID]
		if !ok {
			continue
		}
		v := rd.clock(run, cal)
		v.Name = rd.sh.In(k.Name)
		if run.Stopped.IsZero() {
			running = append(running, v)
		} else {
			rest = append(rest, v)
		}
	}
	return append(running, rest...)
}

func (rd reader) clock(k clock.Clock, cal clock.Calendar) clockView {
	now := rd.s.now()
	v := clockView{
		Kind: "kind." + string(k.Kind), Basis: k.Basis, Lit: litOf(k.Light(cal, now)), Paused: k.Paused(), Stopped: !k.Stopped.IsZero(),
		Limit: rd.sh.In(text("%d %s", "%d %s", k.Total(), unitName(k.Unit))), Due: rd.lastDay(dueOf(k, cal)),
	}
	if used, err := k.Consumed(cal, now); err == nil {
		v.Used = rd.sh.In(text("已用 %d", "%d used", used))
		v.Share = min(100, 100*used/max(1, k.Total()))
	}
	if left, err := k.Left(cal, now); err == nil && k.Running() {
		v.Left = rd.left(&left, string(k.Unit))
	}
	for _, p := range k.Pauses {
		until := rd.sh.In(pack.Text{ZH: "至今", EN: "until now"})
		if !p.To.IsZero() {
			until = rd.minute(p.To)
		}
		v.Pauses = append(v.Pauses, rd.minute(p.From)+" – "+until+" "+p.Reason+" "+p.Basis)
	}
	for _, e := range k.Extensions {
		v.Extensions = append(v.Extensions, rd.sh.In(text("%s 延长 %d", "%s: longer by %d", rd.minute(e.At), e.Units))+" "+e.Reason)
	}
	return v
}

func unitName(u clock.Unit) pack.Text {
	switch u {
	case clock.NaturalDay:
		return pack.Text{ZH: "个自然日", EN: "days"}
	case clock.WorkingHour:
		return pack.Text{ZH: "个工作小时", EN: "working hours"}
	case clock.WorkingDay:
	}
	return pack.Text{ZH: "个工作日", EN: "working days"}
}

// past fills in what has been: events, the parts of the case and its diagram.
func (rd reader) past(c *row, v *caseView) error {
	all, err := rd.s.History(rd.ctx, c.ID)
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(all) {
		v.Events = append(v.Events, rd.event(c.p, e))
	}
	v.Diagram = template.HTML(diagram.Draw(c.p, diagram.Options{Lang: rd.sh.Lang, Present: c.State.Active})) //nolint:gosec // drawn here, escaped there
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

// event describes something that has happened.
func (rd reader) event(p *procedure.Procedure, e Happening) eventView {
	v := eventView{N: e.N, At: rd.minute(e.At), Who: rd.person(e.By), Name: rd.eventName(p, e.Name), Hash: e.Hash, Original: e.Name}
	for _, key := range []string{"text", "reason", "name", "person", "unit", "level"} {
		value, ok := e.Data[key]
		if !ok {
			continue
		}
		said := rd.value(procedure.TextField, value)
		if key == "reason" {
			said = rd.reason(p, said)
		}
		if key == "person" {
			said = rd.person(said)
		}
		if key == "unit" {
			said = rd.unit(said)
		}
		if said != "" {
			v.Said = append(v.Said, factView{key, said})
		}
	}
	return v
}

// reason is what a procedure calls a reason.
func (rd reader) reason(p *procedure.Procedure, code string) string {
	for _, list := range p.Reasons {
		for _, o := range list.Options {
			if o.Code == code {
				return rd.sh.In(pack.Text{ZH: o.ZH, EN: o.EN})
			}
		}
	}
	return code
}

// eventName is what people call an event: as its transition, its clock or the
// engine itself has it.
func (rd reader) eventName(p *procedure.Procedure, name string) string {
	if n, ok := ownEvents()[name]; ok {
		return rd.sh.In(n)
	}
	if id, what, ok := clockEvent(name); ok {
		if k := p.Clock(id); k != nil {
			words := map[string]pack.Text{tellWarn: {ZH: "将到期", EN: "is nearly due"}, tellDue: {ZH: "到期", EN: "is due"}}
			return rd.sh.In(k.Name) + " " + rd.sh.In(words[what])
		}
	}
	for _, st := range p.States {
		for _, t := range st.Transitions {
			if t.Name.ZH != "" && slices.Contains(t.Events, name) {
				return rd.sh.In(t.Name)
			}
		}
	}
	return name
}

// ownEvents names the engine's own events.
func ownEvents() map[string]pack.Text {
	return map[string]pack.Text{
		eventOpen: {ZH: "立件", EN: "Opened"}, eventNote: {ZH: "备注", EN: "Remark"}, eventAttach: {ZH: "附件", EN: "Document"}, eventMigrate: {ZH: "迁移到新版流程", EN: "Moved to another version"},
		eventJoint: {ZH: "会办答复", EN: "Joint answer"}, taskClaim: {ZH: "领取", EN: "Claimed"}, taskRelease: {ZH: "放回", EN: "Put back"}, taskDelegate: {ZH: "委托", EN: "Delegated"},
		taskTransfer: {ZH: "转办", EN: "Transferred"}, taskReturn: {ZH: "退回上一办理人", EN: "Given back"}, taskJoin: {ZH: "会办", EN: "Others asked to answer"}, taskAnswer: {ZH: "会办答复", EN: "Joint answer"},
		taskRemind: {ZH: "催办", EN: "Reminded"}, taskSupervise: {ZH: "督办", EN: "Put under supervision"}, taskRecuse: {ZH: "回避", EN: "Recused"},
	}
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
