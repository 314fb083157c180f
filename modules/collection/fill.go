package collection

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/web"
)

// Typed is what a filler sends: a draft to be kept, or the form to be handed in.
type Typed struct {
	Values  []Entry `json:"values"`
	Seconds int     `json:"seconds,omitempty" minimum:"0" doc:"for how long the form was open since it was last sent; counted in the ledger of burden"`
}

// longest is the most seconds that one sitting counts: a form left open overnight
// is no night's work.
const longest = 4 * 3600

// Try answers what the rules say of a form that is not kept.
func (s *Service) try(ctx context.Context, id string, in Typed) (FormView, error) {
	v, err := s.form(ctx, id)
	if err == nil {
		err = v.fillIn(in.Values)
	}
	if err != nil {
		return v, err
	}
	return v, s.judge(ctx, &v)
}

// Save keeps a draft. What the rules say of it is in the answer and keeps nothing
// from being saved.
//
// Errors: fault.Forbidden unless the actor of ctx fills in for the unit;
// fault.Conflict when the request is not open to be filled in; fault.Invalid when a
// value is for a number that is not asked for.
func (s *Service) Save(ctx context.Context, id string, in Typed) (FormView, error) {
	v, err := s.try(ctx, id, in)
	if err == nil {
		err = s.mayFill(ctx, v.Request)
	}
	if err != nil {
		return v, err
	}
	return v, s.putDraft(ctx, id, actor.Of(ctx).ID, v.entries(), min(max(in.Seconds, 0), longest))
}

// Submit hands in a form.
//
// Errors: those of Save; fault.Invalid, naming the first, when a rule finds an
// error or a warning is not explained. The draft is kept in any case.
func (s *Service) Submit(ctx context.Context, id string, in Typed) (Request, error) {
	v, err := s.Save(ctx, id, in)
	if err == nil {
		err = v.obstacle()
	}
	if err != nil {
		return v.Request, err
	}
	c, err := s.Flow.Send(ctx, flow.Command{Case: id, Event: "submit", Data: map[string]any{"values": dataOf(v.entries())}})
	if err != nil {
		return v.Request, err
	}
	if c, err = s.tell(ctx, c, nil); err != nil {
		return v.Request, err
	}
	return s.requestOf(c)
}

// tell lets a case that was handed in know what the rules say of it. The key makes
// it happen once, whether Submit or the topic comes first.
func (s *Service) tell(ctx context.Context, c flow.Case, obstacle error) (flow.Case, error) {
	data := map[string]any{"sound": obstacle == nil, "why": ""}
	if obstacle != nil {
		said := web.Sentence(obstacle)
		data["why"] = strings.TrimSpace(said.ZH + " " + said.EN)
	}
	return s.Flow.Send(s.program(ctx), flow.Command{Key: fmt.Sprintf("collection.judged.%s.%d", c.ID, c.Events), Case: c.ID, Event: "judged", Data: data})
}

// onSubmitted records what was handed in, and judges it again: an event that was
// sent past this module's own form is held to the same rules.
func (s *Service) onSubmitted(ctx context.Context, e flow.Effected) error {
	r, err := s.requestOf(e.Case)
	if err != nil {
		return err
	}
	entries := entriesOf(e.Data["values"])
	var all []filing
	for _, x := range entries {
		all = append(all, filing{Entry: x, Case: r.ID, Round: r.Round, Sent: e.Case.Events, Period: r.Period, By: e.By, At: e.At})
	}
	if err := s.putFilings(ctx, all); err != nil {
		return err
	}
	v, err := s.try(s.program(ctx), r.ID, Typed{Values: entries})
	if fault.KindOf(err) == fault.Invalid {
		_, err = s.tell(ctx, e.Case, fault.Say(fault.Invalid, "所填的不是所要的数字", "the values are not those that are asked for"))
		return settled(err)
	}
	if err != nil {
		return err
	}
	_, err = s.tell(ctx, e.Case, v.obstacle())
	return settled(err)
}

// settled leaves out the refusal of an event that came too late: the case has moved on.
func settled(err error) error {
	if fault.KindOf(err) == fault.Conflict {
		return nil
	}
	return err
}

// Step is what somebody does on a request.
type Step struct {
	Event string         `json:"event" doc:"pass, approve, return, recall, withdraw"`
	Data  map[string]any `json:"data,omitempty" doc:"of return: reason (wrong, notion, unexplained, missing) and text; of withdraw: text"`
}

// Act does on a request what its procedure offers, as the actor of ctx.
func (s *Service) Act(ctx context.Context, id string, step Step) (Request, error) {
	if step.Event == "submit" {
		return Request{}, fault.Say(fault.Invalid, "请在填报表上提交：POST /collection/requests/%s/submission", "a form is handed in with its values: POST /collection/requests/%s/submission", id)
	}
	_, err := s.request(ctx, id) // is it one at all, and the actor's to see
	var c flow.Case
	if err == nil {
		c, err = s.Flow.Send(ctx, flow.Command{Case: id, Event: step.Event, Data: step.Data})
	}
	if err != nil {
		return Request{}, err
	}
	return s.requestOf(c)
}

// onNumber publishes the numbers of an approved request: in a revision only those
// that have changed, each as a new vintage.
func (s *Service) onNumber(ctx context.Context, e flow.Effected) error {
	r, err := s.requestOf(e.Case)
	if err != nil {
		return err
	}
	plan, err := s.planOf(ctx, r.ID)
	if err != nil {
		return err
	}
	defs, err := s.indicators(ctx)
	if err != nil {
		return err
	}
	document := "collection." + r.ID
	var all []observation.Observation
	for _, x := range entriesOf(e.Data["values"]) {
		o, ok, err := s.observationOf(ctx, x, defs[x.Indicator], approved{r, plan, document})
		if err != nil {
			return err
		}
		if ok {
			o.Known, o.Recorded, o.By = s.now(), s.now(), e.By
			all = append(all, o)
		}
	}
	if len(all) > 0 {
		title := pack.Text{ZH: fmt.Sprintf("数字填报：%s（%s）", r.Title.ZH, r.Number), EN: fmt.Sprintf("Numbers filled in: %s (%s)", cmp.Or(r.Title.EN, r.Title.ZH), r.Number)}
		recorded, err := s.Numbers.Publish(s.program(ctx), document, title, all)
		if err != nil {
			return err
		}
		names := map[Cell]string{}
		for _, o := range recorded {
			names[Cell{o.Indicator, o.Unit}] = o.Name(s.site.Prefix).String()
		}
		if err := s.nameFilings(ctx, r.ID, names); err != nil {
			return err
		}
	}
	return s.end(ctx, r.ID, stagePublished)
}

// approved is a request on its way to publication.
type approved struct {
	Request  Request
	plan     Plan
	document string
}

// observationOf turns an entry into the number that is published; ok is false when
// there is none, or when it says what the newest vintage says already.
func (s *Service) observationOf(ctx context.Context, x Entry, i observation.Indicator, a approved) (o observation.Observation, ok bool, err error) {
	value, err := clean(x.Value)
	if err != nil || value == "" || i.ID == "" {
		return o, false, err
	}
	d, err := quantity.ParseDecimal(value)
	if err != nil {
		return o, false, err
	}
	p := a.Request.period()
	q := quantity.Quantity{Value: d, Cmp: quantity.Equal, Unit: i.Unit}
	series, err := s.Numbers.Series(ctx, i.ID, x.Place, s.now())
	if err != nil {
		return o, false, err
	}
	status := observation.Status(a.plan.Assignment.status())
	again := func(v observation.Observation) bool { return v.Source.Document == a.document && same(i, v.Period, p) }
	if n := slices.IndexFunc(series.Vintages, again); n >= 0 {
		return series.Vintages[n], true, nil // delivered again: it adds nothing, whatever has come since
	}
	if was, found := pointOf(series, i, p); found {
		p = was.Period // as it is written there, so that this is its next vintage
		if was.Status.Settled() && was.Quantity == q {
			return o, false, nil
		}
		if was.Status.Settled() {
			status = observation.Revised
		}
	}
	return observation.Observation{
		Indicator: i.ID, Unit: x.Place, Period: of(i, p), Quantity: q, Printed: q.Chinese(), Status: status,
		Source: observation.Source{Document: a.document, Issuer: s.unitName(ctx, a.Request.Unit).ZH, Note: x.Note},
	}, true, nil
}

// onWithdrawn gives the numbers of a withdrawn request free.
func (s *Service) onWithdrawn(ctx context.Context, e flow.Effected) error {
	return s.end(ctx, e.Case.ID, stageWithdrawn)
}
