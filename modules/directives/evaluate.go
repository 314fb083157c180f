package directives

import (
	"context"
	"fmt"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

// Evaluation is what one evaluation of all targets did. The lists hold numbers of
// directives, for people.
type Evaluation struct {
	Date     string    `json:"date" doc:"that it was about"`
	At       time.Time `json:"at" doc:"when it ran"`
	By       string    `json:"by"`
	Targets  int       `json:"targets"`
	Opened   []string  `json:"opened,omitempty" doc:"directives that were opened"`
	Joined   []string  `json:"joined,omitempty" doc:"directives under way that were told how their gap has changed"`
	Reopened []string  `json:"reopened,omitempty" doc:"closed directives that were opened again"`
	Reached  []string  `json:"reached,omitempty" doc:"directives whose target is back on its path: they are for review"`
}

// add notes what was done with a directive.
func (e *Evaluation) add(what step, number string) {
	switch what {
	case stepOpen:
		e.Opened = append(e.Opened, number)
	case stepJoin:
		e.Joined = append(e.Joined, number)
	case stepReopen:
		e.Reopened = append(e.Reopened, number)
	case stepReached:
		e.Reached = append(e.Reached, number)
	case stepNone, stepTell:
	}
}

// evaluateJob evaluates when numbers have come in, and once a day.
func (s *Service) evaluateJob(ctx context.Context) error {
	today := s.site.Today()
	news := s.news.Swap(false)
	if !news && s.day.Load() == today.Unix() {
		return nil
	}
	_, err := s.Evaluate(s.program(ctx), today, s.now())
	if err != nil && fault.KindOf(err) != fault.Conflict { // a later date was evaluated: there is nothing to do today
		s.news.Store(true)
		return err
	}
	s.day.Store(today.Unix())
	return nil
}

// Evaluate looks where every target stands on a date, by what was known at an
// instant, and opens, joins, reviews or re-opens directives accordingly. Two that
// run at once, and one that runs again, open nothing twice.
//
// Errors: fault.Conflict when a later date has been evaluated already: work does
// not go back in time.
func (s *Service) Evaluate(ctx context.Context, date, known time.Time) (Evaluation, error) {
	s.evaluating.Lock()
	defer s.evaluating.Unlock()
	e := Evaluation{Date: date.Format(time.DateOnly), At: s.now(), By: actor.Of(ctx).ID}
	ctx = s.program(ctx)
	newest, err := s.lastEvaluated(ctx)
	if err != nil {
		return e, err
	}
	if newest > e.Date {
		return e, fault.Say(fault.Conflict, "目标已在 %s 评估过，再按 %s 评估会推翻之后的结果。", "targets were evaluated on %s already; an evaluation of %s would undo what followed", newest, e.Date)
	}
	gaps, err := s.Gaps(ctx, date, known)
	if err != nil {
		return e, err
	}
	r, err := s.rule(ctx)
	if err != nil {
		return e, err
	}
	before, err := s.watches(ctx)
	if err != nil {
		return e, err
	}
	rows, err := s.gapRows(ctx)
	if err != nil {
		return e, err
	}
	seen := make([]watch, 0, len(gaps))
	for _, g := range gaps {
		seen = append(seen, before[g.Target].seen(g, e.Date))
	}
	if err := s.keep(ctx, seen); err != nil { // first, so that a review that follows sees them
		return e, err
	}
	e.Targets = len(gaps)
	for _, w := range seen {
		what, number, err := s.handle(ctx, r, w, rows[w.Target])
		if err != nil {
			return e, fmt.Errorf("target %s: %w", w.Target, err)
		}
		e.add(what, number)
	}
	if err := s.follow(ctx, r, follower{seen, e.Date, known}, &e); err != nil {
		return e, err
	}
	return e, s.putEvaluation(ctx, e)
}

// handle does what the rules say about one target, and says what it was. The row
// is empty when no directive stands for it.
func (s *Service) handle(ctx context.Context, r Rule, w watch, row gapRow) (what step, number string, err error) {
	if row.Key != "" && row.Case == "" { // the program ended between the row and the opening
		d, err := s.openGap(ctx, r, w)
		return stepOpen, d.Number, err
	}
	d, err := s.under(ctx, row)
	if err != nil {
		return stepNone, "", err
	}
	if d.ID != "" && !d.Ended.IsZero() { // withdrawn or filed away: a new gap opens a new one once this gap has gone
		if w.On() {
			err = s.endGap(ctx, row)
		}
		return stepNone, "", err
	}
	st := d.standing()
	if what = r.decide(w, st); what == stepOpen {
		d, err = s.openGap(ctx, r, w)
		return what, d.Number, err
	}
	return s.carry(ctx, what, d, w)
}

// carry tells a directive's case what an evaluation means for it.
func (s *Service) carry(ctx context.Context, what step, d Directive, w watch) (done step, number string, err error) {
	switch what {
	case stepNone, stepOpen:
		return stepNone, "", nil
	case stepJoin, stepTell:
		if err = s.tell(ctx, "number", d, w); err == nil && d.Stage == stageReview { // what was ready to close may be so no longer
			_, err = s.check(ctx, d.ID, fmt.Sprintf("%s.%d", d.ID, d.CaseEvents+1))
		}
	case stepReached:
		err = s.tell(ctx, "reached", d, w)
	case stepReopen:
		err = s.tell(ctx, "slip", d, w)
	}
	if fault.KindOf(err) == fault.Conflict { // somebody was faster: the next evaluation sees what is left to do
		return stepNone, "", nil
	}
	return what, d.Number, err
}

// standing is the directive as an evaluation needs it; that of none exists not.
func (d Directive) standing() standing {
	return standing{Exists: d.ID != "", Closed: d.Stage == stageClosed, Review: d.Stage == stageReview, Light: d.TargetLit, Number: d.Newest, Words: d.Gap.ZH}
}

// under returns the directive of a row; one without an id when the row is empty.
func (s *Service) under(ctx context.Context, row gapRow) (Directive, error) {
	if row.Case == "" {
		return Directive{}, nil
	}
	c, err := s.Flow.Case(ctx, row.Case)
	return directiveOf(c), err
}

// tell sends what an evaluation saw to a directive's case.
func (s *Service) tell(ctx context.Context, event string, d Directive, w watch) error {
	again := reopened(d, w)
	_, err := s.Flow.Send(ctx, flow.Command{
		Key: fmt.Sprintf("directives.%s.%s.%d", event, d.ID, d.CaseEvents), Case: d.ID, Event: event, After: d.CaseEvents,
		Data: map[string]any{
			"light": w.Light, "gap_zh": w.Words.ZH, "gap_en": w.Words.EN, "number": w.Number, "holds": w.On(), "date": w.Evaluated,
			"again_zh": again.ZH, "again_en": again.EN,
		},
	})
	return err
}

// reopened words why a directive is opened again: the number, the path, the date.
func reopened(d Directive, w watch) pack.Text {
	if w.Path.ZH == "" {
		return text("%s 评估：%s，%s；第 %d 轮督办。", "Evaluated on %s: %s, %s; round %d.", w.Evaluated, w.Shown, w.Words, d.Round+1)
	}
	return text("%s 评估：%s，路径应为 %s，%s；第 %d 轮督办。", "Evaluated on %s: %s, where the path asks for %s: %s; round %d.",
		w.Evaluated, w.Shown, w.Path, w.Words, d.Round+1)
}

// openGap opens the one directive of a target's gap, or returns the one that is there.
func (s *Service) openGap(ctx context.Context, r Rule, w watch) (Directive, error) {
	row, err := s.claimGap(ctx, w.Target)
	if err != nil {
		return Directive{}, err
	}
	if row.Case != "" { // another evaluation was faster
		return s.under(ctx, row)
	}
	lead := r.leadOf(w.Gap)
	if _, err := s.Units.Unit(ctx, lead); fault.KindOf(err) == fault.NotFound {
		lead = r.Office
	}
	o := Order{
		Origin: ByGap, Target: w.Target, Subject: subjectOf(w.Target), Lead: lead, Office: r.Office, By: w.Due, Condition: Condition{Kind: OnPath},
		Title: text("%s：偏离路径", "%s: off its path", w.Name), Matter: "使" + w.Name.ZH + "回到路径。" + w.Reason.ZH,
	}
	data := o.data()
	data["light"], data["gap_zh"], data["gap_en"], data["number"] = w.Light, w.Words.ZH, w.Words.EN, w.Number
	c, err := s.Flow.Open(ctx, flow.Opening{Key: row.Key, Procedure: Procedure, Title: o.Title, Subject: o.Subject, Unit: o.Lead, Data: data})
	if err != nil {
		return Directive{}, err
	}
	row.Case = c.ID
	if err := s.holdGap(ctx, row); err != nil {
		return Directive{}, err
	}
	return directiveOf(c), nil
}

// subjectOf names a target as cases do.
func subjectOf(target string) string { return "target/" + target }
