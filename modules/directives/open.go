package directives

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// Order asks for a directive.
type Order struct {
	Key       string // idempotency key; "" for none
	Origin    string // ByHand when empty
	Target    string // id; "" when it is about no target
	Subject   string // "project/P3"; that of Target when empty
	Meeting   string // id
	Title     pack.Text
	Matter    string // what is to be done; the title when empty
	Lead      string // unit that answers for it
	Joint     []string
	Office    string // unit that supervises; that of the rules when empty
	By        string // date by which it is wanted; "" for none
	Condition Condition
}

// data is an order as the procedure declares a case's data.
func (o Order) data() map[string]any {
	joint := make([]any, 0, len(o.Joint))
	for _, u := range o.Joint {
		joint = append(joint, u)
	}
	return map[string]any{
		"origin": o.Origin, "target": o.Target, "meeting": o.Meeting, "matter": o.Matter, "condition": o.Condition.String(),
		"office": o.Office, "lead": o.Lead, "joint": joint, "by": o.By,
	}
}

// Open opens a directive that somebody orders. An order about a target's gap
// joins the directive that stands for it: there is one.
//
// Errors: fault.Invalid when a unit, the date or the condition is not right,
// fault.Forbidden when the actor of ctx does not lead the unit that is to answer.
func (s *Service) Open(ctx context.Context, o Order) (Directive, error) {
	r, err := s.rule(ctx)
	if err != nil {
		return Directive{}, err
	}
	if o, err = s.complete(ctx, r, o); err != nil {
		return Directive{}, err
	}
	if err := s.Access.Decide(ctx, actor.Of(ctx), actor.Decide, o.Lead); err != nil {
		return Directive{}, err
	}
	c, err := s.Flow.Open(ctx, flow.Opening{Key: o.Key, Procedure: Procedure, Title: o.Title, Subject: o.Subject, Unit: o.Lead, Data: o.data()})
	return directiveOf(c), err
}

// complete checks an order and fills in what it leaves open.
func (s *Service) complete(ctx context.Context, r Rule, o Order) (Order, error) {
	o.Title.ZH = strings.TrimSpace(o.Title.ZH)
	if o.Title.ZH == "" {
		return o, fault.Say(fault.Invalid, "没有写标题：请用一行写明要办什么。", "title is missing: say in a line what is to be done")
	}
	o.Title.EN = cmp.Or(o.Title.EN, o.Title.ZH)
	o.Matter = cmp.Or(strings.TrimSpace(o.Matter), o.Title.ZH)
	o.Office = cmp.Or(o.Office, r.Office)
	o.Origin = cmp.Or(o.Origin, ByHand)
	o.Condition.Kind = cmp.Or(o.Condition.Kind, OnDocument)
	if o.Condition.Kind == OnPath && o.Target == "" {
		return o, fault.Say(fault.Invalid, "按路径销号要写明目标，如 T09；否则请选按材料销号。", "condition path needs a target, such as T09; give target, or condition document")
	}
	if o.Subject == "" && o.Target != "" {
		o.Subject = subjectOf(o.Target)
	}
	if _, err := time.Parse(time.DateOnly, o.By); o.By != "" && err != nil {
		return o, fault.Say(fault.Invalid, "期限 %q 不是日期，请写成 2023-09-30 的样子。", "by %q is not a date such as 2023-09-30", o.By)
	}
	for _, u := range append([]string{o.Lead, o.Office}, o.Joint...) {
		if _, err := s.Units.Unit(ctx, u); fault.KindOf(err) == fault.NotFound {
			return o, fault.Say(fault.Invalid, "没有单位 %q，请从单位名录中选。", "there is no unit %q; yuzhou org units lists them", u)
		} else if err != nil {
			return o, err
		}
	}
	return o, s.knows(ctx, o.Target)
}

// knows refuses a target that the plan does not have.
func (s *Service) knows(ctx context.Context, target string) error {
	if target == "" {
		return nil
	}
	gaps, err := s.Gaps(ctx, s.site.Today(), s.now())
	if err != nil {
		return err
	}
	for _, g := range gaps {
		if g.Target == target {
			return nil
		}
	}
	return fault.Say(fault.Invalid, "规划里没有目标 %q。", "the plan has no target %q", target)
}

// OpenFrom opens a directive on behalf of another module's thing: a measure that
// is late, a clause of a policy that nobody carries out, a milestone that was
// missed. It opens one for a subject, once, as long as that one stands.
//
//   - origin: ByMeasure, ByPolicy or ByProject.
//   - subject: names the thing and, after the slash, which: "project/P3.m2".
//   - unit: answers for it; the supervising office when empty.
//   - Result: the id of its case.
//
// It acts as the program: who may call it is its caller's business.
func (s *Service) OpenFrom(ctx context.Context, origin, subject, unit string, title pack.Text) (string, error) {
	ctx = s.program(ctx)
	all, err := s.Flow.Find(ctx, flow.Filter{Procedure: Procedure, Subject: subject, Open: true, Limit: 1000})
	if err != nil {
		return "", err
	}
	for _, c := range all {
		if !c.In(stageClosed) {
			return c.ID, nil
		}
	}
	r, err := s.rule(ctx)
	if err != nil {
		return "", err
	}
	if unit == "" {
		unit = r.Office
	}
	d, err := s.Open(ctx, Order{Key: "directives." + origin + "." + subject + "." + strconv.Itoa(len(all)), Origin: origin, Subject: subject, Lead: unit, Title: title})
	return d.ID, err
}

// Stocktake is a meeting with what it decided.
type Stocktake struct {
	Held   string    `json:"held" doc:"date of the meeting"`
	Title  pack.Text `json:"title"`
	Orders []Ordered `json:"orders"`
}

// Ordered is one decision of a meeting, or one directive by hand, as the API takes it.
type Ordered struct {
	Title     pack.Text `json:"title"`
	Matter    string    `json:"matter,omitempty" doc:"what is to be done, at length"`
	Target    string    `json:"target,omitempty" doc:"id of the target it is about"`
	Lead      string    `json:"lead" doc:"unit that answers for it"`
	Joint     []string  `json:"joint,omitempty" doc:"units that answer too"`
	By        string    `json:"by,omitempty" doc:"date by which it is wanted"`
	Condition string    `json:"condition,omitempty" doc:"path, document (when empty) or a number such as st.hte/500101 >=700家"`
}

// order reads what the API was given.
func (o Ordered) order(origin string) (Order, error) {
	out := Order{Origin: origin, Target: o.Target, Title: o.Title, Matter: o.Matter, Lead: o.Lead, Joint: o.Joint, By: o.By}
	if o.Condition == "" {
		return out, nil
	}
	var err error
	out.Condition, err = ParseCondition(o.Condition)
	return out, err
}

// Decide records a meeting and opens a directive for each of its decisions: all
// are checked before the first is opened.
//
// Errors: as of Open, naming the decision by its place.
func (s *Service) Decide(ctx context.Context, t Stocktake) (Meeting, []Directive, error) {
	now := s.now()
	m := Meeting{ID: store.NewID(now), Held: t.Held, Title: t.Title, By: actor.Of(ctx).ID, At: now}
	if _, err := time.Parse(time.DateOnly, t.Held); err != nil {
		return m, nil, fault.Say(fault.Invalid, "会议日期 %q 不对，请写成 2023-07-17 的样子。", "held %q is not a date such as 2023-07-17", t.Held)
	}
	if len(t.Orders) == 0 {
		return m, nil, fault.Say(fault.Invalid, "没有议定事项，不会立项。", "orders is empty: a meeting that decided nothing opens nothing")
	}
	if m.Title.ZH == "" {
		m.Title = pack.Text{ZH: "周调度会", EN: "Weekly stocktake"}
	}
	orders, err := s.decisions(ctx, m, t.Orders)
	if err != nil {
		return m, nil, err
	}
	if err := s.putMeeting(ctx, m); err != nil {
		return m, nil, err
	}
	var out []Directive
	for _, o := range orders {
		d, err := s.Open(ctx, o)
		if err != nil {
			return m, out, err
		}
		out = append(out, d)
	}
	return m, out, nil
}

// decisions checks all decisions of a meeting.
func (s *Service) decisions(ctx context.Context, m Meeting, all []Ordered) ([]Order, error) {
	r, err := s.rule(ctx)
	if err != nil {
		return nil, err
	}
	var out []Order
	for i, given := range all {
		o, err := given.order(ByMeeting)
		if err == nil {
			o, err = s.complete(ctx, r, o)
		}
		if err == nil {
			err = s.Access.Decide(ctx, actor.Of(ctx), actor.Decide, o.Lead)
		}
		if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.Forbidden {
			return nil, fault.Say(kind, "第 %d 项：%s", "decision %d: %s", i+1, web.Sentence(err))
		}
		if err != nil {
			return nil, err
		}
		o.Meeting, o.Key = m.ID, "directives.meeting."+m.ID+"."+strconv.Itoa(i+1)
		out = append(out, o)
	}
	return out, nil
}
