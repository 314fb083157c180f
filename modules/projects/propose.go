package projects

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// Propose opens a case that enters, changes, closes or reopens a work, and hands
// it in to be checked. Nothing is in force before it is approved.
//
//   - change: Enter, Change, Close or Reopen; w: the whole work as it shall be.
//   - Errors: fault.Invalid for what cannot be so, fault.Conflict when a change of
//     the work is under way or does not fit how it stands, fault.Forbidden.
func (s *Service) Propose(ctx context.Context, change string, w Work) (flow.Case, error) {
	w, err := s.ready(ctx, change, w)
	if err != nil {
		return flow.Case{}, err
	}
	now := s.now()
	c := claim{Work: w.ID, Kind: w.Kind, Key: "projects." + store.NewID(now), At: now}
	var digest string
	err = s.db.Write(ctx, func(tx store.Tx) (err error) {
		if c.Work == "" {
			if c.Work, err = nextID(ctx, tx, w.Kind); err != nil {
				return err
			}
			w.ID = c.Work
		}
		if err := take(ctx, tx, c); err != nil {
			return err
		}
		digest, err = putText(ctx, tx, w, now)
		return err
	})
	if err != nil {
		return flow.Case{}, err
	}
	data := map[string]any{"work": w.ID, "change": change, "unit": w.Unit, "post": w.Post, "digest": digest, "evidence": evidence(w)}
	opened, err := s.Flow.Open(ctx, flow.Opening{
		Key: c.Key, Procedure: EntryProcedure, Title: title(change, w), Subject: "projects/" + w.ID, Unit: w.Unit, Data: data,
	})
	if err != nil {
		gone := s.db.Write(ctx, func(tx store.Tx) error { return drop(ctx, tx, c) })
		return flow.Case{}, errors.Join(err, gone)
	}
	c.Case = opened.ID
	if err := s.db.Write(ctx, func(tx store.Tx) error { return hold(ctx, tx, c) }); err != nil {
		return opened, err
	}
	return s.Flow.Send(ctx, flow.Command{Key: c.Key + ".submit", Case: opened.ID, Event: "submit", Data: map[string]any{"digest": digest}})
}

func evidence(w Work) []any {
	out := []any{}
	if w.Closing != nil {
		for _, sha := range w.Closing.Evidence {
			out = append(out, sha)
		}
	}
	return out
}

// title is how the inbox shows a change.
func title(change string, w Work) pack.Text {
	words := map[string]pack.Text{
		Enter: {ZH: "登记", EN: "Enter"}, Change: {ZH: "变更", EN: "Change"}, Close: {ZH: "销项", EN: "Close"}, Reopen: {ZH: "恢复", EN: "Reopen"},
	}
	return pack.Text{ZH: words[change].ZH + "：" + w.ZH, EN: words[change].EN + ": " + w.In("en")}
}

// ready checks a proposal and returns the work as it is kept.
func (s *Service) ready(ctx context.Context, change string, w Work) (Work, error) {
	w = w.tidied()
	w.Demo = false // only the generator may say so
	if err := w.valid(); err != nil {
		return w, err
	}
	if err := s.fits(ctx, change, w); err != nil {
		return w, err
	}
	if _, err := s.Units.Unit(ctx, w.Unit); err != nil {
		return w, fault.Say(fault.Invalid, "没有单位 %q，请填单位编号，如 kjj。", "unit %q is not there; give the code of a unit such as kjj", w.Unit)
	}
	if err := s.Access.Decide(ctx, actor.Of(ctx), actor.Submit, w.Unit); err != nil {
		return w, err
	}
	if err := s.linked(ctx, w); err != nil {
		return w, err
	}
	var err error
	w.Documents, err = s.files(ctx, w.Documents)
	return w, err
}

// fits checks that a change can happen to the work as it stands.
func (s *Service) fits(ctx context.Context, change string, w Work) error {
	if !slices.Contains([]string{Enter, Change, Close, Reopen}, change) {
		return fault.New(fault.Invalid, "change %q is not one of enter, change, close, reopen", change)
	}
	if w.ID == "" && change == Enter {
		return w.open()
	}
	was, err := s.state(ctx, w.ID, s.now())
	switch {
	case fault.KindOf(err) == fault.NotFound && change == Enter:
		return w.open()
	case err != nil:
		return err
	case change == Enter:
		return fault.Say(fault.Conflict, "%s 已经有了，请改为变更。", "%s is there already; change it instead", w.ID)
	case was.Demo:
		return fault.Say(fault.Conflict, "%s 是演示数据，不能变更，请录入真实的。", "%s was generated for demonstration; it is not changed, enter a real one", w.ID)
	case was.Kind != w.Kind:
		return fault.Say(fault.Invalid, "%s 的类别是 %s，不能改。", "%s is a %s and stays one", w.ID, was.Kind)
	case was.Closing == nil && change == Reopen:
		return fault.Say(fault.Conflict, "%s 正在实施，没有办结。", "%s is open", w.ID)
	case was.Closing != nil && change != Reopen:
		return fault.Say(fault.Conflict, "%s 已于 %s 办结，请先重新启动。", "%s was closed on %s; reopen it first", w.ID, was.Closing.On)
	case change == Close && w.Closing == nil:
		return fault.Say(fault.Invalid, "办结要凭材料：请写明成效并提交佐证材料。", "a work closes on evidence: say what came of it and hand in a document")
	case change != Close:
		if err := w.open(); err != nil {
			return err
		}
	}
	// Who hands a work over to another unit must be of the one that has it.
	return s.Access.Decide(ctx, actor.Of(ctx), actor.Submit, was.Unit)
}

// open checks that a work is not closed.
func (w Work) open() error {
	if w.Closing != nil {
		return fault.New(fault.Invalid, "closing is a change of its own; leave it out here")
	}
	return nil
}

// linked checks that what the work names is in the plan.
func (s *Service) linked(ctx context.Context, w Work) error {
	elements, err := s.Plan(ctx, s.now())
	if err != nil {
		return err
	}
	kind := map[string]string{}
	for _, e := range elements {
		kind[e.ID] = e.Kind
	}
	if w.Element != "" && kind[w.Element] == "" {
		return fault.Say(fault.Invalid, "规划里没有要素 %q。", "the plan has no element %q", w.Element)
	}
	want := map[string]string{Project: "project_class", Policy: "policy"}[w.Kind]
	if w.Element != "" && want != "" && kind[w.Element] != want {
		return fault.New(fault.Invalid, "element %s is a %s; a %s belongs to a %s", w.Element, kind[w.Element], w.Kind, want)
	}
	for _, l := range w.Links {
		if kind[l.To] == "" {
			return fault.Say(fault.Invalid, "关联 %q：规划里没有这个要素或目标。", "link to %q: the plan has no such element or target", l.To)
		}
	}
	return nil
}

// files returns documents as they were handed in; one that was not is fault.Invalid.
func (s *Service) files(ctx context.Context, all []Document) ([]Document, error) {
	out := make([]Document, 0, len(all))
	err := s.db.Read(ctx, func(tx store.Tx) error {
		for _, d := range all {
			known, err := file(ctx, tx, d.SHA256)
			if fault.KindOf(err) == fault.NotFound {
				return fault.New(fault.Invalid, "document %q was not handed in; POST it to /projects/document first", d.SHA256)
			}
			if err != nil {
				return err
			}
			if d.Name != "" {
				known.Name = d.Name
			}
			out = append(out, known)
		}
		return nil
	})
	return out, err
}

// Amend hands a returned change in again, as w.
func (s *Service) Amend(ctx context.Context, caseID string, w Work) (flow.Case, error) {
	c, p, err := s.change(ctx, caseID)
	if err != nil {
		return c, err
	}
	w.ID = p.Work.ID
	if w.Unit != p.Work.Unit || w.Post != p.Work.Post {
		return c, fault.Say(fault.Invalid, "变更在办期间不能改单位和岗位；要换单位请先撤回。", "unit and post of a change that is under way stay: withdraw it to give the work to another unit")
	}
	w.Closing = p.Work.Closing // how a work closes is said on its own form
	if w, err = s.ready(ctx, p.Change, w); err != nil {
		return c, err
	}
	return s.resend(ctx, c, w)
}

// resend keeps a new text of a case and hands it in.
func (s *Service) resend(ctx context.Context, c flow.Case, v any) (flow.Case, error) {
	var digest string
	err := s.db.Write(ctx, func(tx store.Tx) (err error) {
		digest, err = putText(ctx, tx, v, s.now())
		return err
	})
	if err != nil {
		return c, err
	}
	return s.Flow.Send(ctx, flow.Command{Case: c.ID, Event: "submit", Data: map[string]any{"digest": digest}})
}

// proposed is what a case proposes.
type proposed struct {
	Change string
	Digest string
	Work   Work   // of an entry
	Report Report // of a month
}

// change returns a case of this module with what it proposes.
func (s *Service) change(ctx context.Context, caseID string) (flow.Case, proposed, error) {
	c, err := s.Flow.Case(ctx, caseID)
	if err != nil {
		return c, proposed{}, err
	}
	p, err := s.proposal(ctx, c)
	return c, p, err
}

// proposal reads what a case proposes.
func (s *Service) proposal(ctx context.Context, c flow.Case) (proposed, error) {
	if c.Procedure != EntryProcedure && c.Procedure != MonthProcedure {
		return proposed{}, fault.New(fault.NotFound, "case %s is no change of a measure, policy or project", c.ID)
	}
	p := proposed{Change: said(c, "change"), Digest: said(c, "digest")}
	err := s.db.Read(ctx, func(tx store.Tx) error {
		if c.Procedure == MonthProcedure {
			return text(ctx, tx, p.Digest, &p.Report)
		}
		return text(ctx, tx, p.Digest, &p.Work)
	})
	return p, err
}

// said returns a text of a case's data.
func said(c flow.Case, field string) string {
	v, _ := c.State.Data[field].(string)
	return v
}

// File hands in the report of a month. It counts once somebody else has accepted it.
func (s *Service) File(ctx context.Context, r Report) (flow.Case, error) {
	st, r, err := s.readyReport(ctx, r)
	if err != nil {
		return flow.Case{}, err
	}
	now := s.now()
	subject := "projects/" + r.Work + "/" + r.Month.String()
	open, err := s.Flow.Find(ctx, flow.Filter{Procedure: MonthProcedure, Subject: subject, Open: true, Limit: 1})
	if err != nil {
		return flow.Case{}, err
	}
	if len(open) > 0 {
		return flow.Case{}, fault.Say(fault.Conflict, "%s 的 %s 月报正在办理（办件 %s），请等它办完。", "a report of %s for %s is under way (case %s); it ends first", r.Work, r.Month, open[0].ID)
	}
	var digest string
	err = s.db.Write(ctx, func(tx store.Tx) (err error) {
		digest, err = putText(ctx, tx, r, now)
		return err
	})
	if err != nil {
		return flow.Case{}, err
	}
	key := "projects." + store.NewID(now)
	month := r.Month.String()
	c, err := s.Flow.Open(ctx, flow.Opening{
		Key: key, Procedure: MonthProcedure, Subject: subject, Unit: st.Unit,
		Title: pack.Text{ZH: month + " 月报：" + st.ZH, EN: "Report of " + month + ": " + st.In("en")},
		Data:  map[string]any{"work": r.Work, "month": month, "unit": st.Unit, "digest": digest},
	})
	if err != nil {
		return c, err
	}
	return s.Flow.Send(ctx, flow.Command{Key: key + ".submit", Case: c.ID, Event: "submit", Data: map[string]any{"digest": digest}})
}

// readyReport checks a report and returns it as it is kept.
func (s *Service) readyReport(ctx context.Context, r Report) (state, Report, error) {
	st, err := s.state(ctx, r.Work, s.now())
	if err != nil {
		return st, r, err
	}
	r.Demo = false
	switch {
	case st.Demo:
		return st, r, fault.Say(fault.Conflict, "%s 是演示数据，不用报进展。", "%s was generated for demonstration; nothing is reported of it", st.ID)
	case st.Closing != nil:
		return st, r, fault.Say(fault.Conflict, "%s 已于 %s 办结，请先重新启动。", "%s was closed on %s; reopen it first", st.ID, st.Closing.On)
	}
	if err := r.valid(st.Work, s.date(s.now())); err != nil {
		return st, r, err
	}
	if err := s.Access.Decide(ctx, actor.Of(ctx), actor.Submit, st.Unit); err != nil {
		return st, r, err
	}
	r.Documents, err = s.files(ctx, r.Documents)
	return st, r, err
}

// Refile hands a returned report in again.
func (s *Service) Refile(ctx context.Context, caseID string, r Report) (flow.Case, error) {
	c, p, err := s.change(ctx, caseID)
	if err != nil {
		return c, err
	}
	r.Work, r.Month = p.Report.Work, p.Report.Month
	if _, r, err = s.readyReport(ctx, r); err != nil {
		return c, err
	}
	return s.resend(ctx, c, r)
}

// onVersion puts an approved version in force.
func (s *Service) onVersion(ctx context.Context, e flow.Effected) error {
	a := approval{Change: said(e.Case, "change"), Digest: said(e.Case, "digest"), Case: e.Case.ID, Key: e.ID, By: e.By, At: e.At}
	work := said(e.Case, "work")
	ctx = s.program(ctx)
	return s.db.Write(ctx, func(tx store.Tx) error {
		var w Work
		if err := text(ctx, tx, a.Digest, &w); err != nil {
			return err
		}
		n, err := addVersion(ctx, tx, work, a)
		if err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "projects."+a.Change, work, "version "+strconv.Itoa(n)+", case "+a.Case+", approved by "+a.By)
	})
}

// onWithdrawn lets go of a work whose change was withdrawn.
func (s *Service) onWithdrawn(ctx context.Context, e flow.Effected) error {
	return s.db.Write(ctx, func(tx store.Tx) error { return release(ctx, tx, said(e.Case, "work"), e.Case.ID) })
}

// onMonth lets an accepted report count.
func (s *Service) onMonth(ctx context.Context, e flow.Effected) error {
	a := approval{Digest: said(e.Case, "digest"), Case: e.Case.ID, Key: e.ID, By: e.By, At: e.At}
	ctx = s.program(ctx)
	return s.db.Write(ctx, func(tx store.Tx) error {
		var r Report
		if err := text(ctx, tx, a.Digest, &r); err != nil {
			return err
		}
		if err := addMonth(ctx, tx, r, a); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "projects.month", r.Work, r.Month.String()+", case "+a.Case+", accepted by "+a.By)
	})
}
