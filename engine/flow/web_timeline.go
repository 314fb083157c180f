package flow

import (
	"context"
	"slices"

	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/pack"
)

// eventView is something that has happened to a case.
type eventView struct {
	N              int64
	At, Who, Name  string
	Person         bool   // somebody did it, not the program
	Moved          string // from where to where, when it led on
	Said           []factView
	Hash, Original string
}

// course is where a case has been: which states were active after each event, and
// each state that ever was.
type course struct {
	after   map[int64][]string
	visited []string
}

// follow replays a case for its course. It ends at the first event that cannot be
// replayed: Verify says why, a page shows what there is.
func (s *Service) follow(ctx context.Context, all []Happening) (course, error) {
	out := course{after: map[int64][]string{}}
	var p *procedure.Procedure
	var state State
	for _, e := range all {
		if digest, ok := e.Data[openDigest].(string); ok && (p == nil || e.Name == eventMigrate) {
			var err error
			if p, err = s.Procedure(ctx, digest); err != nil {
				return out, err
			}
		}
		if p == nil {
			return out, nil
		}
		o, err := apply(p, state, machine.Event{Name: e.Name, By: e.By, At: e.At, Data: e.Data})
		if err != nil {
			return out, nil //nolint:nilerr // the page is about the rest too
		}
		state = o.State
		out.after[e.N] = state.Active
		out.visited = append(out.visited, state.Active...)
	}
	slices.Sort(out.visited)
	out.visited = slices.Compact(out.visited)
	return out, nil
}

// event describes something that has happened.
func (rd reader) event(p *procedure.Procedure, e Happening) eventView {
	v := eventView{N: e.N, At: rd.minute(e.At), Who: rd.person(e.By), Name: rd.eventName(p, e.Name), Person: e.By != program && e.By != "", Hash: e.Hash, Original: e.Name}
	if reason, ok := e.Data["reason"].(string); ok && reason != "" {
		v.Said = append(v.Said, factView{"", rd.reason(p, reason)})
	}
	for _, key := range plainly() {
		if said := rd.said(key, e.Data[key]); said != "" {
			v.Said = append(v.Said, factView{"", said})
		}
	}
	for _, f := range formOf(p, e.Name) {
		if slices.Contains(plainly(), f.Name) || f.Type == procedure.FilesField {
			continue
		}
		if value := rd.value(f.Type, e.Data[f.Name]); value != "" {
			v.Said = append(v.Said, factView{rd.sh.In(f.Label), value})
		}
	}
	return v
}

// plainly lists what needs no label to be understood.
func plainly() []string { return []string{"text", "name", "person", "unit", "units", "level"} }

// said prints what the engine's own events and every form's text say.
func (rd reader) said(key string, value any) string {
	switch key {
	case "person":
		id, _ := value.(string)
		return rd.person(id)
	case "unit":
		return rd.value(procedure.UnitField, value)
	case "units":
		return rd.value(procedure.UnitsField, value)
	case "level":
		if value != nil {
			return rd.sh.In(text("%s 级", "level %s", rd.value(procedure.IntField, value)))
		}
	}
	return rd.value(procedure.TextField, value)
}

// formOf is what the procedure asks for with an event that a person sends.
func formOf(p *procedure.Procedure, event string) []procedure.Field {
	for _, st := range p.States {
		for _, t := range st.Transitions {
			if slices.Contains(t.Events, event) && len(t.Form) > 0 {
				return t.Form
			}
		}
	}
	return nil
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
			return rd.sh.In(text("时限“%s”%s", "“%s” %s", k.Name, words[what]))
		}
	}
	for _, st := range p.States {
		for _, t := range st.Transitions {
			if t.Name.ZH != "" && slices.Contains(t.Events, name) {
				return rd.sh.In(t.Name)
			}
		}
	}
	return rd.sh.In(text("收到消息 %s", "message %s", name))
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
