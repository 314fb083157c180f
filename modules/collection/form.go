package collection

import (
	"context"
	"slices"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/web"
)

// Known is a number that is there already, beside the one to be filled in.
type Known struct {
	Period  string `json:"period"`
	Value   string `json:"value" doc:"in the indicator's unit"`
	Printed string `json:"printed"`
	Status  string `json:"status"`
	Name    string `json:"name" doc:"resolvable"`
	Href    string `json:"href"`
	Source  string `json:"source,omitempty"`
}

// Row is one number of a form.
type Row struct {
	Entry
	Name      pack.Text `json:"name"`
	Concept   pack.Text `json:"concept"`
	PlaceName pack.Text `json:"place_name"`
	Measure   string    `json:"measure" doc:"unit of the value"`
	Reported  string    `json:"reported" doc:"the period under which it will be published"`
	Last      *Known    `json:"last,omitempty" doc:"of the newest period before"`
	Year      *Known    `json:"year,omitempty" doc:"of the same period a year before"`
	Here      *Known    `json:"here,omitempty" doc:"for this very period: an estimate, or what another source has brought since"`
	From      string    `json:"from,omitempty" doc:"where the value in the form comes from: draft, handed_in, here"`
	last      *float64  // of exactly the period before, for the rules
	year      *float64
	here      *float64
	seen      [3]*observation.Observation // those of Last, Year and Here, for the page
}

// FormView is a request as it is filled in.
type FormView struct {
	Request  Request   `json:"request"`
	Rows     []Row     `json:"rows"`
	Held     []Held    `json:"held" doc:"numbers that belong to the form and are not asked for, with where they are"`
	Findings []Finding `json:"findings" doc:"of the rules, on what stands in the form"`
	Saved    string    `json:"saved,omitempty" doc:"when the draft was kept, RFC 3339"`
	Rules    []Rule    `json:"rules" doc:"those that can find something in this form"`

	plan Plan
	defs map[string]observation.Indicator
}

// maxNote is the longest explanation, in bytes.
const maxNote = 4000

// clean brings a typed number into the one form in which it is kept: half width,
// without separators. Errors: fault.Invalid.
func clean(text string) (string, error) {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '．':
			return '.'
		case r == '－' || r == '−':
			return '-'
		case r == ',' || r == '，' || r == ' ' || r == '\u00a0' || r == '\u3000' || r == '\t':
			return -1
		}
		return r
	}, text)
	if s == "" {
		return "", nil
	}
	d, err := quantity.ParseDecimal(s)
	if err != nil {
		return "", fault.Say(fault.Invalid, "“%s”不是数字：只写数字，如 6401 或 2.30，单位在表上", "%q is not a number: write digits alone, such as 6401 or 2.30; the unit stands in the form", text)
	}
	return d.String(), nil
}

// form returns a request as its filler sees it: what was typed or handed in, or
// else what is known for the period, with the past beside it.
func (s *Service) form(ctx context.Context, id string) (FormView, error) {
	var v FormView
	var err error
	if v.Request, err = s.request(ctx, id); err != nil {
		return v, err
	}
	if v.plan, err = s.planOf(ctx, id); err != nil {
		return v, err
	}
	if v.defs, err = s.indicators(ctx); err != nil {
		return v, err
	}
	v.Held = append([]Held{}, v.plan.Held...)
	typed, from, err := s.typedIn(ctx, &v)
	if err != nil {
		return v, err
	}
	for _, c := range v.Request.Asked {
		row, err := s.row(ctx, v, c)
		if err != nil {
			return v, err
		}
		if e, ok := typed[c]; ok {
			row.Value, row.Note, row.From = e.Value, e.Note, from
		} else if row.Here != nil && v.Request.open() {
			row.Value, row.From = row.Here.Value, "here"
		}
		v.Rows = append(v.Rows, row)
	}
	return v, s.judge(ctx, &v)
}

// typedIn returns what was typed into a form: the draft of whoever fills it in, or
// else what was handed in; from says which.
func (s *Service) typedIn(ctx context.Context, v *FormView) (typed map[Cell]Entry, from string, err error) {
	typed, from = map[Cell]Entry{}, "handed_in"
	for _, e := range v.Request.Values {
		typed[e.Cell] = e
	}
	if !v.Request.open() || !s.mine(ctx, v.Request, "fill") {
		return typed, from, nil
	}
	d, found, err := s.draft(ctx, v.Request.ID)
	if err != nil || !found {
		return typed, from, err
	}
	v.Saved = d.At.In(s.site.Zone).Format("2006-01-02T15:04:05Z07:00")
	for _, e := range d.Entries {
		typed[e.Cell] = e
	}
	return typed, "draft", nil
}

// row is one cell of a form with its past.
func (s *Service) row(ctx context.Context, v FormView, c Cell) (Row, error) {
	i, ok := v.defs[c.Indicator]
	if !ok {
		return Row{}, fault.New(fault.NotFound, "there is no indicator %q any more", c.Indicator)
	}
	p := v.Request.period()
	row := Row{
		Entry: Entry{Cell: c}, Name: pack.Text{ZH: i.ZH, EN: i.EN}, Concept: pack.Text{ZH: i.ConceptZH, EN: i.ConceptEN},
		PlaceName: s.unitName(ctx, c.Place), Measure: i.Unit.String(), Reported: of(i, p).String(),
	}
	series, err := s.Numbers.Series(ctx, i.ID, c.Place, s.now())
	if err != nil {
		return row, err
	}
	if o, ok := pointOf(series, i, p); ok {
		row.Here, row.here, row.seen[2] = s.known(o), valueOf(o, i), &o
	}
	if o, ok := pointOf(series, i, p.Add(-1)); ok {
		row.Last, row.seen[0] = s.known(o), &o
		if i.Time != "ytd" || p.Start().Year() == p.Add(-1).Start().Year()+1 && p.Freq() == period.Annual {
			row.last = valueOf(o, i)
		}
	} else if o, ok := before(series, of(i, p)); ok {
		row.Last, row.seen[0] = s.known(o), &o
	}
	if o, ok := pointOf(series, i, yearBefore(p)); ok {
		row.Year, row.year, row.seen[1] = s.known(o), valueOf(o, i), &o
	}
	return row, nil
}

// before finds the newest number of an earlier period.
func before(series observation.Series, p period.Period) (observation.Observation, bool) {
	for _, o := range slices.Backward(series.Points) {
		if o.Period.Last().Before(p.Last()) && o.Status != observation.Claim {
			return o, true
		}
	}
	return observation.Observation{}, false
}

// yearBefore is the same period a year earlier.
func yearBefore(p period.Period) period.Period {
	for n := 1; n <= 366; n++ {
		if q := p.Add(-n); q.Start().Year() == p.Start().Year()-1 && q.Start().YearDay() <= p.Start().YearDay()+1 && q.Start().Month() == p.Start().Month() {
			return q
		}
	}
	return p.Add(-1)
}

func (s *Service) known(o observation.Observation) *Known {
	return &Known{
		Period: o.Period.String(), Value: o.Quantity.Value.String(), Printed: o.Quantity.Chinese(), Status: string(o.Status),
		Name: o.Name(s.site.Prefix).String(), Href: web.NumberPath(o), Source: o.Source.Document,
	}
}

// valueOf is a number in its indicator's unit; nil when it is in another.
func valueOf(o observation.Observation, i observation.Indicator) *float64 {
	x, ok := o.Value(i.Unit)
	if !ok {
		return nil
	}
	return &x
}

func (s *Service) unitName(ctx context.Context, id string) pack.Text {
	u, err := s.Units.Unit(ctx, id)
	if err != nil {
		return pack.Text{ZH: id, EN: id}
	}
	return u.Text
}

// judge applies the rules to what stands in a form.
func (s *Service) judge(ctx context.Context, v *FormView) error {
	all, err := s.ruleSet(ctx)
	if err != nil {
		return err
	}
	v.Rules = []Rule{}
	for _, r := range all {
		if v.concerns(r) {
			v.Rules = append(v.Rules, r)
		}
	}
	facts, err := s.facts(ctx, v)
	if err != nil {
		return err
	}
	v.Findings = append(v.missing(), Check(v.Rules, facts)...)
	return nil
}

// concerns reports whether a rule is about a number that is asked for.
func (v *FormView) concerns(r Rule) bool {
	return slices.Contains(r.Indicators, "*") || slices.ContainsFunc(r.named(), func(id string) bool {
		return slices.ContainsFunc(v.Request.Asked, func(c Cell) bool { return c.Indicator == id })
	})
}

// missing finds the numbers that are not filled in, and those that cannot be read.
func (v *FormView) missing() []Finding {
	out := []Finding{}
	for _, r := range v.Rows {
		value, err := clean(r.Value)
		switch {
		case err != nil:
			out = append(out, Finding{r.Cell, "number", Error, web.Sentence(err)})
		case value == "":
			out = append(out, Finding{r.Cell, "missing", Warning, pack.Text{ZH: "没有填；确实没有的请说明原因", EN: "Not filled in; say why if there is none"}})
		}
	}
	return out
}

// facts gathers what the rules look at: the form, the numbers of the same period
// that were not asked again, and the past of both.
func (s *Service) facts(ctx context.Context, v *FormView) (Facts, error) {
	f := Facts{City: s.site.Unit, Now: map[Cell]float64{}, Last: map[Cell]float64{}, Year: map[Cell]float64{}}
	f.Name = func(c Cell) pack.Text {
		i := v.defs[c.Indicator]
		return pack.Text{ZH: i.ZH, EN: i.EN}
	}
	put := func(m map[Cell]float64, c Cell, x *float64) {
		if x != nil {
			m[c] = *x
		}
	}
	for _, r := range v.Rows {
		put(f.Last, r.Cell, r.last)
		put(f.Year, r.Cell, r.year)
		value, err := clean(r.Value)
		if err != nil || value == "" {
			continue // missing has said so
		}
		d, err := quantity.ParseDecimal(value)
		if err != nil {
			return f, err
		}
		f.Now[r.Cell] = d.Float()
	}
	for _, h := range v.plan.Held { // published, computed, or filled in elsewhere meanwhile
		r, err := s.row(ctx, *v, h.Cell)
		if err != nil {
			return f, err
		}
		put(f.Now, h.Cell, r.here)
		put(f.Last, h.Cell, r.last)
		put(f.Year, h.Cell, r.year)
	}
	return f, nil
}

// fillIn puts entries into a form. Errors: fault.Invalid when one is of a number
// that is not asked for, twice, or too long.
func (v *FormView) fillIn(entries []Entry) error {
	at := map[Cell]int{}
	for i, r := range v.Rows {
		at[r.Cell] = i
	}
	seen := map[Cell]bool{}
	for _, e := range entries {
		i, ok := at[e.Cell]
		switch {
		case !ok:
			return fault.Say(fault.Invalid, "%s（%s）不在 %s 所要的数字里", "%s of %s is not asked for by request %s", e.Indicator, e.Place, v.Request.Number)
		case seen[e.Cell]:
			return fault.Say(fault.Invalid, "%s（%s）填了两次，请只留一个", "%s of %s stands in the form twice; leave one", e.Indicator, e.Place)
		case len(e.Note) > maxNote || len(e.Value) > 100:
			return fault.Say(fault.Invalid, "%s（%s）的说明超过 %d 字节，或数字超过 100 字节", "%s of %s: the explanation is longer than %d bytes, or the value than 100", e.Indicator, e.Place, maxNote)
		}
		seen[e.Cell] = true
		if value, err := clean(e.Value); err == nil {
			e.Value = value
		}
		v.Rows[i].Entry, v.Rows[i].From = e, "draft"
	}
	return nil
}

// entries is what stands in the form.
func (v *FormView) entries() []Entry {
	out := make([]Entry, len(v.Rows))
	for i, r := range v.Rows {
		out[i] = r.Entry
	}
	return out
}

// obstacle says, in one sentence, what keeps a form from being handed in; nil when
// nothing does: no error, and every warning explained.
func (v *FormView) obstacle() error {
	open := v.obstacles()
	if len(open) == 0 {
		return nil
	}
	f := open[0]
	name, place := text(f.Indicator, f.Indicator), text(f.Place, f.Place)
	if i := v.rowOf(f.Cell); i >= 0 {
		name, place = v.Rows[i].Name, v.Rows[i].PlaceName
	}
	if f.Severity == Error {
		return fault.Say(fault.Invalid, "不能提交：%s（%s）%s", "it cannot be handed in: %s (%s, "+f.Indicator+"@"+f.Place+"): %s", name, place, f.Text)
	}
	return fault.Say(fault.Invalid, "%s（%s）须先说明：%s", "%s (%s, "+f.Indicator+"@"+f.Place+") needs an explanation: %s", name, place, f.Text)
}

// obstacles lists what keeps a form from being handed in, errors first: the errors,
// and the warnings about numbers of the form that are not explained.
func (v *FormView) obstacles() []Finding {
	var errs, warnings []Finding
	for _, f := range v.Findings {
		i := v.rowOf(f.Cell)
		switch {
		case f.Severity == Error:
			errs = append(errs, f)
		case i >= 0 && strings.TrimSpace(v.Rows[i].Note) == "":
			warnings = append(warnings, f)
		}
	}
	return append(errs, warnings...)
}

// rowOf is where a number stands in the form, -1 when it does not.
func (v *FormView) rowOf(c Cell) int {
	return slices.IndexFunc(v.Rows, func(r Row) bool { return r.Cell == c })
}

// mayFill says why the actor of ctx may not fill in a request now.
func (s *Service) mayFill(ctx context.Context, r Request) error {
	switch {
	case !s.has(ctx, actor.Clerk, r.Unit):
		return fault.Say(fault.Forbidden, "%s 由 %s 的填报人填写", "request %s is filled in by a clerk of unit %s", r.Number, r.Unit)
	case !r.open():
		return fault.Say(fault.Conflict, "%s 现在不能填写（%s）", "request %s is not open to be filled in (%s)", r.Number, r.StageName)
	}
	return nil
}
