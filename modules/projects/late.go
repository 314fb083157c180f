package projects

import (
	"context"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// lateKey tells the delays of one milestone apart: a new planned month that is
// missed again is a new one.
func lateKey(work, milestone, planned string) string {
	return "projects.late." + work + "." + milestone + "." + planned
}

// delays returns the milestones that are late on a date and for which no
// directive was asked yet. Demonstration data ask for none.
func (b *book) delays(known, date time.Time) []Late {
	var out []Late
	for _, st := range b.at(known) {
		if st.Demo || st.Closing != nil {
			continue
		}
		for _, m := range st.folded().Milestones {
			l, ok := st.delay(m, date)
			if ok && b.late[l.Key] == "" {
				out = append(out, l)
			}
		}
	}
	return out
}

// delay returns a milestone of the work as a delay; false when it is not late.
func (st state) delay(m Milestone, date time.Time) (Late, bool) {
	s := m.Standing(date)
	l := Late{
		Work: st.ID, Milestone: m.ID, Unit: st.Unit, Standing: s, Name: st.Text,
		Key: lateKey(st.ID, m.ID, m.Planned.String()),
	}
	l.Name.ZH += "：" + m.ZH
	l.Name.EN = st.In("en") + ": " + m.In("en")
	return l, s.Light == Red || s.Light == Yellow
}

// lateJob asks for a directive for every milestone that has turned red.
func (s *Service) lateJob(ctx context.Context) error {
	if s.Late == nil {
		return nil
	}
	b, err := s.book(ctx)
	if err != nil {
		return err
	}
	now := s.now()
	for _, l := range b.delays(now, s.date(now)) {
		if l.Standing.Light != Red {
			continue
		}
		if _, err := s.drive(s.program(ctx), l); err != nil {
			return err
		}
	}
	return nil
}

// drive opens the directive of a delay and records it. The engine's key makes a
// second call join the first.
func (s *Service) drive(ctx context.Context, l Late) (string, error) {
	if s.Late == nil {
		return "", fault.Say(fault.Conflict, "本系统没有启用督办。", "directives are not part of this installation")
	}
	id, err := s.Late(ctx, l)
	if err != nil {
		return "", err
	}
	planned := l.Key[len(lateKey(l.Work, l.Milestone, "")):]
	l.Key = id
	return id, s.db.Write(ctx, func(tx store.Tx) error {
		if err := putLate(ctx, tx, l, planned, s.now()); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "projects.late", l.Work+"/"+l.Milestone, "directive "+id)
	})
}

// drivenBy opens the directive of a late milestone at once, for a leader who does
// not wait until it is red, and returns its case's id.
//
// Errors: fault.NotFound without such a milestone, fault.Conflict when it is not
// late, fault.Forbidden for whoever does not answer for its unit.
func (s *Service) drivenBy(ctx context.Context, work, milestone string) (string, error) {
	now := s.now()
	st, err := s.state(ctx, work, now)
	if err != nil {
		return "", err
	}
	if err := s.Access.Decide(ctx, actor.Of(ctx), actor.Decide, st.Unit); err != nil {
		return "", err
	}
	for _, m := range st.folded().Milestones {
		if m.ID != milestone {
			continue
		}
		l, ok := st.delay(m, s.date(now))
		switch {
		case st.Demo:
			return "", fault.Say(fault.Conflict, "%s 是演示数据，不为它立督办。", "%s was generated for demonstration; no directive is opened for it", work)
		case !ok:
			return "", fault.Say(fault.Conflict, "节点 %s 没有逾期。", "milestone %s is not late", milestone)
		}
		return s.drive(ctx, l)
	}
	return "", fault.Say(fault.NotFound, "%s 没有节点 %q。", "%s has no milestone %q", work, milestone)
}
