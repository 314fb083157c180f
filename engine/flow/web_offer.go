package flow

import (
	"slices"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/pack"
)

// actionView is a step that the reader may take now.
type actionView struct {
	Event, Name string
	Leads       string // to which states; empty: it stays
	Refusal     bool
	Reasons     []choiceView
	Fields      []fieldView
	Module      bool   // it is taken on the module's own page
	Problem     string // of the whole form
	Why         string // what is wrong with the reason that was chosen
	Open        bool   // its form was refused
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
	ID, Problem             string
}

// offers lists what may happen to a case now: what the reader may do, and whose
// the rest is.
func (rd reader) offers(c *row, ownPage bool, v *caseView) {
	who := rd.s.person(rd.ctx)
	for _, t := range offers(c.p, c.state) {
		if t.Name.ZH == "" {
			continue
		}
		o := c.offer(t, who)
		if !o.Mine {
			other := otherView{rd.sh.In(t.Name), rd.holder(o.For), o.Why != ""}
			if !slices.Contains(v.Others, other) {
				v.Others = append(v.Others, other)
			}
			continue
		}
		tables := slices.ContainsFunc(t.Form, func(f procedure.Field) bool { return f.Type == procedure.ListField || f.Type == procedure.MapField })
		for _, e := range t.Events {
			if !isClock(e) {
				a := rd.action(t, o, e, v)
				a.Module = ownPage && tables
				v.Actions = append(v.Actions, a)
			}
		}
	}
}

// action describes a step that the reader may take by an event.
func (rd reader) action(t *procedure.Transition, o Possible, event string, v *caseView) actionView {
	kept := v.Form.Event == event
	a := actionView{Event: event, Name: rd.sh.In(t.Name), Leads: rd.leads(t), Refusal: t.Refusal, Problem: v.Form.of(event, ""), Why: v.Form.of(event, "reason"), Open: kept}
	for _, x := range o.Reasons {
		a.Reasons = append(a.Reasons, choiceView{x.Code, rd.sh.In(pack.Text{ZH: x.ZH, EN: x.EN}), x.Basis, kept && v.Form.Values.Get("reason") == x.Code})
	}
	for _, f := range t.Form {
		a.Fields = append(a.Fields, rd.field(f, v, event))
	}
	return a
}

// of returns what is wrong with a field of a form that was refused, or with the
// whole of it, if it was that form.
func (f sent) of(event, field string) string {
	if f.Event == event && f.Field == field {
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
	out := fieldView{Name: f.Name, Label: rd.sh.In(f.Label), Hint: rd.sh.In(f.Hint), Type: string(f.Type), Required: f.Required, ID: event + "-" + f.Name, Problem: v.Form.of(event, f.Name)}
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
