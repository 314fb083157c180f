package collection

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/store"
)

// Asking is a request by hand.
type Asking struct {
	Title      string   `json:"title" doc:"in a few words"`
	Indicators []string `json:"indicators" doc:"ids or names"`
	Unit       string   `json:"unit" doc:"that is to fill in"`
	Places     []string `json:"places,omitempty" doc:"whose numbers they are; the city when empty, districts for all"`
	Period     string   `json:"period"`
	Days       int      `json:"days" doc:"working days, at least 3"`
	Asker      string   `json:"asker" doc:"unit that asks"`
	Basis      string   `json:"basis" doc:"legal basis: nothing is asked without one"`
}

// Ask opens a request by hand, for the numbers that are not held.
//
// Errors: fault.Conflict, with where they are, when all of them are held or asked for
// already; fault.Invalid when no legal basis is given or a name means no
// indicator; fault.Forbidden when the actor of ctx does not act for the asker.
func (s *Service) Ask(ctx context.Context, in Asking) (Opened, error) {
	if !s.has(ctx, actor.Steward, in.Asker) && !s.has(ctx, actor.Leader, in.Asker) {
		return Opened{}, fault.New(fault.Forbidden, "only a steward or leader of unit %q may ask for numbers in its name", in.Asker)
	}
	if strings.TrimSpace(in.Basis) == "" {
		return Opened{}, fault.New(fault.Invalid, "basis is empty; name the law or decision by which the number may be asked for")
	}
	p, err := period.Parse(in.Period)
	if err != nil {
		return Opened{}, err
	}
	d, err := s.dictionary(ctx)
	if err != nil {
		return Opened{}, err
	}
	a := Assignment{
		ID: "ask." + store.NewID(s.now()), Unit: in.Unit, Places: in.Places, Frequency: once, First: p.String(), Days: in.Days, Asker: in.Asker, Basis: in.Basis,
		Text: pack.Text{ZH: cmp.Or(strings.TrimSpace(in.Title), "临时要数")}, Source: pack.Text{ZH: "临时要数", EN: "Asked by hand"},
	}
	for _, name := range in.Indicators {
		m := d.Means(Form{}, Field{Name: name, Indicator: name})
		if m.Indicator == "" {
			return Opened{}, fault.New(fault.Invalid, "%q means no indicator that is defined; define it first, so that its number can be held once for all", name)
		}
		a.Indicators = append(a.Indicators, m.Indicator)
	}
	if err := a.valid(); err != nil {
		return Opened{}, err
	}
	cells, err := s.cells(ctx, a, a.Unit)
	if err != nil {
		return Opened{}, err
	}
	o, err := s.open(ctx, Plan{Assignment: a, Unit: a.Unit, Period: p.String(), Round: 1, Cells: cells}, byAsk, s.now())
	if err == nil && o.Case == "" {
		err = fault.New(fault.Conflict, "nothing is left to ask: %s", where(o.Plan.Held))
	}
	return o, err
}

// where words, for a refusal, where numbers are.
func where(held []Held) string {
	var out []string
	for _, h := range held {
		switch h.Kind {
		case "held":
			out = append(out, fmt.Sprintf("%s of %s is held (%s): %s", h.Indicator, h.Place, h.Printed, h.Href))
		case "derived":
			out = append(out, fmt.Sprintf("%s of %s is computed: %s", h.Indicator, h.Place, h.Href))
		default:
			out = append(out, fmt.Sprintf("%s of %s is asked for already: %s", h.Indicator, h.Place, h.Href))
		}
	}
	const most = 5
	if len(out) > most {
		out = append(out[:most], fmt.Sprintf("and %d more", len(out)-most))
	}
	return strings.Join(out, "; ")
}

// dictionary is what names mean now.
func (s *Service) dictionary(ctx context.Context) (*Dictionary, error) {
	all, err := s.Numbers.Indicators(ctx)
	if err != nil {
		return nil, err
	}
	units, err := s.Units.Units(ctx, s.now())
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, u := range units {
		if u.Kind == "city" || u.Kind == "district" || u.Kind == "county" {
			names[u.ZH] = u.ID
		}
	}
	synonyms, err := s.synonyms(ctx)
	if err != nil {
		return nil, err
	}
	return NewDictionary(all, synonyms, maps.Clone(names)), nil
}

// Revise asks for the numbers of a published request again, in a new round, since
// one of them has to be corrected.
//
// Errors: fault.Conflict when it is not published, or the new round is there;
// fault.Invalid without a reason; fault.Forbidden unless the actor of ctx fills in,
// checks or approves for it.
func (s *Service) Revise(ctx context.Context, id, why string) (Request, error) {
	r, err := s.request(ctx, id)
	switch {
	case err != nil:
		return r, err
	case !s.has(ctx, actor.Clerk, r.Unit) && !s.has(ctx, actor.Steward, r.Check) && !s.has(ctx, actor.Leader, r.Approve):
		return r, fault.New(fault.Forbidden, "request %s is revised by those who fill it in, check or approve it", r.Number)
	case strings.TrimSpace(why) == "":
		return r, fault.New(fault.Invalid, "why is empty; say what was wrong, for it stands beside the new vintage")
	case r.Stage != stagePublished:
		return r, fault.New(fault.Conflict, "request %s is not published (%s); it can still be changed: return or recall it", r.Number, r.Stage)
	}
	plan, err := s.planOf(ctx, id)
	if err != nil {
		return r, err
	}
	plan.Round, plan.Why, plan.Held = r.Round+1, why, nil
	o, err := s.open(ctx, plan, byRevision, s.now())
	if err != nil {
		return r, err
	}
	if !o.New || o.Case == "" {
		return r, fault.New(fault.Conflict, "round %d of request %s is there already: /collection/%s", plan.Round, r.Number, o.Case)
	}
	return s.request(s.program(ctx), o.Case)
}
