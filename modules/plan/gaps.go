package plan

import (
	"context"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/org"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// Gap is where a target stands, as those who drive the work on it need to know.
type Gap struct {
	Target    string    `json:"target"`
	Name      pack.Text `json:"name"`
	Indicator string    `json:"indicator"`
	Unit      string    `json:"unit"` // whose number it is
	Body      string    `json:"body"` // unit that gives the number
	Due       string    `json:"due"`
	Light     string    `json:"light"`
	Rule      string    `json:"rule"`  // id of the rule that lit it
	Words     pack.Text `json:"words"` // the gap in a few words; what keeps it in the dark otherwise
	Reason    pack.Text `json:"reason"`
	Pace      pack.Text `json:"pace"`   // what is needed from now on and what it was; the reason where no pace is judged
	Number    string    `json:"number"` // resolvable name of the newest number, vintage and all; "" for none
	Shown     pack.Text `json:"shown"`  // that number as people read it, with its period
	Page      string    `json:"page"`   // its page
	Path      pack.Text `json:"path"`   // what the path asks for at that number's date
	Behind    float64   `json:"behind"` // percentage points behind the path
}

// Gaps returns where every target stood on a date, by what was known at an
// instant, worst first. Before the first plan was accepted there are none.
func (s *Service) Gaps(ctx context.Context, date, known time.Time) ([]Gap, error) {
	all, err := s.Statuses(ctx, date, known, "")
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	out := make([]Gap, 0, len(all))
	for _, st := range all {
		out = append(out, gapOf(st, s.site.Prefix))
	}
	return out, err
}

func gapOf(st Status, prefix string) Gap {
	g := Gap{
		Target: st.Target.ID, Name: pack.Text{ZH: st.Indicator.ZH, EN: st.Indicator.EN}, Indicator: st.Target.Indicator, Unit: st.Target.Unit,
		Body: st.Indicator.Body, Due: st.Target.Due.String(), Light: string(st.Light), Rule: st.Rule, Reason: st.Reason, Words: st.Reason, Pace: st.Reason,
	}
	if st.Latest != nil {
		g.number(*st.Latest, prefix)
	}
	if !st.Judged {
		return g
	}
	g.Behind, g.Path = st.Behind, amount(st.PathValue, st.Indicator.Unit)
	behind := pack.Text{ZH: shortened(st.Behind), EN: shortened(st.Behind)}
	g.Pace = text("到期需%s，此段实为%s", "it needs %s until the due date and made %s", rate(st.Required, st), rate(st.Recent, st))
	switch st.Light {
	case Red, Yellow:
		g.Words = text("差 %s，落后路径 %s 个百分点", "short by %s, %s points behind the path", amount(st.Gap, st.Indicator.Unit), behind)
	case Green:
		g.Words = text("在路径上，距目标还差 %s", "on the path, %s to go", amount(st.Gap, st.Indicator.Unit))
	case Reached, CannotSay:
	}
	return g
}

// number fills in the newest number.
func (g *Gap) number(o observation.Observation, prefix string) {
	g.Number, g.Page = o.Name(prefix).String(), web.NumberPath(o)
	g.Shown = pack.Text{ZH: o.Period.String() + " 为 " + o.Quantity.Chinese(), EN: o.Quantity.English() + " at " + o.Period.String()}
}

// shortened prints percentage points with one digit after the point.
func shortened(points float64) string { return web.Number(points, 1) }

// Parts words what each of some units has to reach of a target when it is split by
// a rule: among all districts when the units are districts, else among the units
// themselves.
//
//   - rule: equal, growth, proportional or capability.
//   - Result: by unit, such as 由 512 家到 734 家.
//   - Errors: as of Decompose; fault.Invalid for a unit that has no part.
func (s *Service) Parts(ctx context.Context, target, rule string, units []string) (map[string]pack.Text, error) {
	st, err := s.Status(ctx, target, s.site.Today(), s.now(), "")
	if err != nil {
		return nil, err
	}
	districts, err := s.Units.Districts(ctx)
	if err != nil {
		return nil, err
	}
	how := Split{By: "departments", Rule: rule, Among: strings.Join(units, ",")}
	if slices.ContainsFunc(districts, func(u org.Unit) bool { return slices.Contains(units, u.ID) }) {
		how = Split{By: "districts", Rule: rule}
	}
	d, err := s.Decompose(ctx, st, how)
	if err != nil {
		return nil, err
	}
	out := map[string]pack.Text{}
	for _, sh := range d.Shares {
		if !slices.Contains(units, sh.Key) {
			continue
		}
		want := amount(sh.Want, st.Indicator.Unit)
		out[sh.Key] = text("到 %s 达到 %s", "%[2]s by %[1]s", st.Target.Due.String(), want)
		if sh.Base > 0 {
			out[sh.Key] = text("到 %s 由 %s 达到 %s", "from %[2]s to %[3]s by %[1]s", st.Target.Due.String(), amount(sh.Base, st.Indicator.Unit), want)
		}
	}
	for _, u := range units {
		if out[u].ZH == "" {
			return nil, fault.New(fault.Invalid, "unit %q has no part in a split of %s by districts", u, target)
		}
	}
	return out, nil
}
