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
	"yuzhou/kernel/web"
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
		return Opened{}, fault.Say(fault.Forbidden, "只有 %s 的核对人或负责人可以以它的名义要数", "only a steward or leader of unit %s may ask for numbers in its name", in.Asker)
	}
	if strings.TrimSpace(in.Basis) == "" {
		return Opened{}, fault.Say(fault.Invalid, "没有写依据：请写明凭哪项法规或决定要这些数", "basis is empty; name the law or decision by which the number may be asked for")
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
			return Opened{}, fault.Say(fault.Invalid, "“%s”不是已定义的指标；请先定义，它的数字才能一次填报、各处共用", "%q means no indicator that is defined; define it first, so that its number can be held once for all", name)
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
		err = fault.Say(fault.Conflict, "这些数都已有，不再要：%s", "nothing is left to ask: %s", s.where(ctx, d, o.Plan.Held))
	}
	return o, err
}

// where words, for a refusal, where numbers are.
func (s *Service) where(ctx context.Context, d *Dictionary, held []Held) pack.Text {
	var zh, en []string
	for _, h := range held {
		i, place := d.byID[h.Indicator], s.unitName(ctx, h.Place)
		name := fmt.Sprintf("%s of %s (%s@%s)", cmp.Or(i.EN, i.ZH), place.In(web.EN), h.Indicator, h.Place)
		switch h.Kind {
		case "held":
			zh = append(zh, fmt.Sprintf("%s（%s）已有 %s：%s", i.ZH, place.ZH, h.Printed, h.Href))
			en = append(en, fmt.Sprintf("%s is held (%s): %s", name, h.Printed, h.Href))
		case "derived":
			zh = append(zh, fmt.Sprintf("%s（%s）由公式算出：%s", i.ZH, place.ZH, h.Href))
			en = append(en, fmt.Sprintf("%s is computed: %s", name, h.Href))
		default:
			zh = append(zh, fmt.Sprintf("%s（%s）已在要：%s", i.ZH, place.ZH, h.Href))
			en = append(en, fmt.Sprintf("%s is asked for already: %s", name, h.Href))
		}
	}
	const most = 5
	if n := len(zh) - most; n > 0 {
		zh, en = append(zh[:most], fmt.Sprintf("还有 %d 个", n)), append(en[:most], fmt.Sprintf("and %d more", n))
	}
	return pack.Text{ZH: strings.Join(zh, "；"), EN: strings.Join(en, "; ")}
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
// Errors: fault.Conflict when it is not published, or a newer round is there;
// fault.Invalid without a reason; fault.Forbidden unless the actor of ctx fills in,
// checks or approves for it.
func (s *Service) Revise(ctx context.Context, id, why string) (Request, error) {
	r, err := s.request(ctx, id)
	switch {
	case err != nil:
		return r, err
	case !s.mayRevise(ctx, r):
		return r, fault.Say(fault.Forbidden, "%s 由填报、核对或审批它的人提出修订", "request %s is revised by those who fill it in, check or approve it", r.Number)
	case strings.TrimSpace(why) == "":
		return r, fault.Say(fault.Invalid, "没有写原因：请写明原来错在哪里，它将与新的版本放在一起", "why is empty; say what was wrong, for it stands beside the new vintage")
	case r.Stage != stagePublished:
		return r, fault.Say(fault.Conflict, "%s 还没有发布（%s），可以退回或撤回来改", "request %s is not published (%s); it can still be changed: return or recall it", r.Number, r.StageName)
	}
	plan, err := s.planOf(ctx, id)
	if err != nil {
		return r, err
	}
	rounds, err := s.rounds(ctx, plan)
	if err != nil {
		return r, err
	}
	for _, row := range rounds { // the newest first; a withdrawn one stands in nobody's way
		if row.Ended != stageWithdrawn && row.Case != id {
			return r, fault.Say(fault.Conflict, "已有第 %d 轮：/collection/%s", "round %d is there already: /collection/%s", row.Plan.Round, row.Case)
		}
		if row.Case == id {
			break
		}
	}
	plan.Round, plan.Why = rounds[0].Plan.Round+1, why
	o, err := s.open(ctx, plan, byRevision, s.now())
	if err != nil {
		return r, err
	}
	if !o.New || o.Case == "" { // somebody else was faster
		return r, fault.Say(fault.Conflict, "已有第 %d 轮：/collection/%s", "round %d is there already: /collection/%s", plan.Round, o.Case)
	}
	return s.request(s.program(ctx), o.Case)
}

// mayRevise reports whether the actor of ctx fills in, checks or approves for a request.
func (s *Service) mayRevise(ctx context.Context, r Request) bool {
	return s.has(ctx, actor.Clerk, r.Unit) || s.has(ctx, actor.Steward, r.Check) || s.answers(ctx, r)
}
