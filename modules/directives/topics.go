package directives

import (
	"context"
	"fmt"
	"log/slog"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

// onCheck looks up the evidence of a directive that waits for review and tells the
// case whether it may close.
func (s *Service) onCheck(ctx context.Context, e flow.Effected) error {
	_, err := s.check(ctx, e.Case.ID, e.ID)
	return err
}

// check judges a directive by what is known now and tells its case. The key
// makes it happen once.
func (s *Service) check(ctx context.Context, id, key string) (verdict, error) {
	ctx = s.program(ctx)
	c, err := s.Flow.Case(ctx, id)
	if err != nil {
		return verdict{}, err
	}
	d := directiveOf(c)
	if d.Stage != stageReview { // it has moved on
		return verdict{}, nil
	}
	v, err := s.verdict(ctx, d)
	if err != nil {
		return v, err
	}
	if v.Holds == d.Holds && v.Resolved == d.Resolved && v.Why == d.Why {
		return v, nil
	}
	_, err = s.Flow.Send(ctx, flow.Command{Key: "directives.checked." + key, Case: id, Event: "checked", Data: map[string]any{
		"holds": v.Holds, "resolved": v.Resolved, "why_zh": v.Why.ZH, "why_en": v.Why.EN,
	}})
	return v, err
}

// verdict judges a directive by what is known now.
func (s *Service) verdict(ctx context.Context, d Directive) (verdict, error) {
	c, err := ParseCondition(d.Condition)
	if err != nil {
		return verdict{}, err
	}
	watches, err := s.watches(ctx)
	if err != nil {
		return verdict{}, err
	}
	e, err := s.evidenceOf(ctx, d)
	if err != nil {
		return verdict{}, err
	}
	return judge(d, c, e, watches[d.Target]), nil
}

// Close closes a directive that is for review.
//
// Errors: fault.Conflict, in one sentence, when it is not for review, its evidence
// does not resolve or its condition does not hold; fault.Forbidden when the actor
// of ctx did the work or does not judge for the supervising office.
func (s *Service) Close(ctx context.Context, id string) (Directive, error) {
	d, err := s.read(ctx, id)
	if err != nil {
		return d, err
	}
	if d.Stage != stageReview {
		return d, fault.Say(fault.Conflict, "督办 %s 还在“%[3]s”，到复核时才能销号。", "directive %s cannot close from %s (%s); it closes from review", d.Number, d.Stage, d.StageName)
	}
	v, err := s.check(ctx, id, fmt.Sprintf("%s.%d", id, d.CaseEvents))
	if err != nil {
		return d, err
	}
	if !v.May() {
		return d, fault.Say(fault.Conflict, "督办 %s 不能销号：%s", "directive %s cannot close: %s", d.Number, v.Why)
	}
	c, err := s.Flow.Send(ctx, flow.Command{Case: id, Event: "accept"})
	if err != nil {
		return d, err
	}
	return directiveOf(c), nil
}

// onSplit opens the parts of a directive, one for each unit it was split among.
// The key of each makes it happen once, however often it is asked for.
func (s *Service) onSplit(ctx context.Context, e flow.Effected) error {
	ctx = s.program(ctx)
	d := directiveOf(e.Case)
	units := texts(e.Data["units"])
	matter, _ := e.Data["matter"].(string)
	if matter == "" {
		matter = d.Matter
	}
	rule, _ := e.Data["rule"].(string)
	shares, err := s.shares(ctx, d, rule, units)
	if fault.KindOf(err) == fault.Invalid { // asked for past the module's own check: the parts go out without numbers
		s.log.WarnContext(ctx, "a directive was split by a rule that does not apply", slog.String("directive", d.Number), slog.Any("error", err))
		err = nil
	}
	if err != nil {
		return err
	}
	for _, unit := range units {
		name := pack.Text{ZH: unit, EN: unit}
		if u, err := s.Units.Unit(ctx, unit); err == nil {
			name = u.Text
		} else if fault.KindOf(err) != fault.NotFound {
			return err
		}
		_, err := s.Flow.Open(ctx, flow.Opening{
			Key: "directives.part." + e.ID + "." + unit, Procedure: PartProcedure, Parent: d.ID, Subject: d.Subject, Unit: unit,
			Title: text("%s（%s）", "%s (%s)", d.Title, name),
			Data:  map[string]any{"target": d.Target, "matter": matter + shares[unit].ZH, "lead": d.Lead, "unit": unit},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// shares words what each part of a directive has to reach, by a rule; nothing
// without a rule or a target.
func (s *Service) shares(ctx context.Context, d Directive, rule string, units []string) (map[string]pack.Text, error) {
	if rule == "" || d.Target == "" {
		return map[string]pack.Text{}, nil
	}
	words, err := s.Parts(ctx, d.Target, rule, units)
	for u, w := range words {
		words[u] = pack.Text{ZH: "（" + w.ZH + "）", EN: w.EN}
	}
	return words, err
}

// divisible checks a split before it is sent: its units are there, and its rule
// has the numbers that it needs.
func (s *Service) divisible(ctx context.Context, d Directive, data map[string]any) error {
	units := texts(data["units"])
	for _, u := range units {
		if _, err := s.Units.Unit(ctx, u); fault.KindOf(err) == fault.NotFound {
			return fault.Say(fault.Invalid, "没有单位 %q，请从单位名录中选。", "there is no unit %q; yuzhou org units lists them", u)
		} else if err != nil {
			return err
		}
		if u == d.Lead {
			return fault.Say(fault.Invalid, "单位 %q 是牵头单位，分办要分给别的单位，自己办的不用分解。", "unit %q leads; a part is for another unit, and what the lead does itself needs none", u)
		}
	}
	rule, _ := data["rule"].(string)
	_, err := s.shares(ctx, d, rule, units)
	return err
}

// Act lets the actor of ctx do what the procedure offers on a directive.
func (s *Service) Act(ctx context.Context, id, event string, data map[string]any) (Directive, error) {
	if event == "accept" {
		return s.Close(ctx, id)
	}
	if !actor.Of(ctx).Known() {
		return Directive{}, fault.Say(fault.Forbidden, "办理督办请先登录。", "sign in to act on a directive")
	}
	d, err := s.read(ctx, id)
	if err == nil && event == "split" {
		err = s.divisible(ctx, d, data)
	}
	if err != nil {
		return Directive{}, err
	}
	c, err := s.Flow.Send(ctx, flow.Command{Case: id, Event: event, Data: data})
	return directiveOf(c), err
}
