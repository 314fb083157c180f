package plan

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/web"
	"yuzhou/modules/plan/stratml"
)

// toStratML turns a plan into a StratML document in one language. The tree is
// deeper than StratML's two levels: objectives, positions, actions (with their
// measures), policies and project classes become its goals and objectives, in
// the plan's order; SequenceIndicator keeps our ids.
func (s *Service) toStratML(ctx context.Context, p Plan, lang string) ([]byte, error) {
	x := converter{s: s, p: p, lang: lang, told: map[string]bool{}}
	goal := p.Of(Goal)
	doc := &stratml.Plan{
		Kind: stratml.StrategicPlan, Name: p.In(lang), Description: p.Numerals.In(lang), OtherInformation: p.Strategy.In(lang),
		Organizations:  []stratml.Organization{{Name: s.site.Name.In(lang), Identifier: s.site.Unit}},
		Administrative: stratml.Administrative{Identifier: x.name("version/" + strconv.Itoa(p.Version)), Start: p.From, End: p.To, Publication: mustPeriod(p.Issued)},
	}
	if len(goal) > 0 {
		doc.Vision = stratml.Statement{Description: goal[0].In(lang), Identifier: x.name("element/" + goal[0].ID)}
	}
	for _, pr := range p.Of(Principle) {
		doc.Values = append(doc.Values, stratml.Value{Name: pr.In(lang)})
	}
	for _, kind := range []string{Objective, Position, Action, Policy, ProjectClass} {
		for _, e := range p.Of(kind) {
			g, err := x.goal(ctx, e)
			if err != nil {
				return nil, err
			}
			doc.Goals = append(doc.Goals, g)
		}
	}
	return stratml.Append(nil, doc)
}

func mustPeriod(s string) period.Period {
	p, err := period.Parse(s)
	if err != nil {
		return period.Period{} // checked when the plan was accepted
	}
	return p
}

// converter carries what every part of a conversion needs.
type converter struct {
	s    *Service
	p    Plan
	lang string
	told map[string]bool // elements that are in the document already: an id stands once
}

func (x converter) name(path string) string {
	return x.s.site.Prefix + "/plan/" + x.p.ID + "/" + path
}

func (x converter) goal(ctx context.Context, e Element) (stratml.Goal, error) {
	g := stratml.Goal{
		Name: e.In(x.lang), Description: x.describe(e), Identifier: x.name("element/" + e.ID), SequenceIndicator: e.ID,
	}
	if e.Slot != nil {
		g.OtherInformation = e.Slot.In(x.lang)
	}
	own := stratml.Objective{Name: e.In(x.lang), Identifier: x.name("targets/" + e.ID), SequenceIndicator: e.ID + ".0"}
	var err error
	if own.Indicators, err = x.indicators(ctx, e.ID); err != nil {
		return g, err
	}
	if len(own.Indicators) > 0 {
		g.Objectives = append(g.Objectives, own)
	}
	for _, m := range x.p.Under(e.ID) {
		if x.told[m.ID] || m.Kind != Measure {
			continue
		}
		x.told[m.ID] = true
		o := stratml.Objective{Name: m.In(x.lang), Description: x.describe(m), Identifier: x.name("element/" + m.ID), SequenceIndicator: m.ID}
		if o.Indicators, err = x.indicators(ctx, m.ID); err != nil {
			return g, err
		}
		g.Objectives = append(g.Objectives, o)
	}
	return g, nil
}

// describe joins what the plan says of an element.
func (x converter) describe(e Element) string {
	lines := []string{}
	if b := e.Body.In(x.lang); b != "" {
		lines = append(lines, b)
	}
	for _, t := range append(append([]pack.Text{}, e.Parts...), e.Qualitative...) {
		lines = append(lines, t.In(x.lang))
	}
	return strings.Join(lines, "\n")
}

func (x converter) indicators(ctx context.Context, element string) ([]stratml.Indicator, error) {
	var out []stratml.Indicator
	for _, t := range x.p.TargetsOf(element) {
		i, err := x.s.Readings.Indicator(ctx, t.Indicator)
		if err != nil {
			return nil, err
		}
		series, err := x.s.Readings.Series(ctx, t.Indicator, t.Unit, x.s.now())
		if err != nil {
			return nil, err
		}
		in := stratml.Instance{Targets: []stratml.Result{result(t.Due, t.Want, t.Printed)}}
		for _, o := range series.Points {
			in.Actuals = append(in.Actuals, result(o.Period, o.Quantity, o.Printed))
		}
		name := i.Name("")
		if x.lang == web.EN {
			name = i.Name("en")
		}
		out = append(out, stratml.Indicator{
			Stage: stage(i.Nature), Type: stratml.Quantitative, SequenceIndicator: t.ID, Dimension: name, Unit: t.Want.Unit.String(),
			Identifier: x.name("target/" + t.ID), OtherInformation: t.Indicator, Instances: []stratml.Instance{in},
		})
	}
	return out, nil
}

func stage(n observation.Nature) stratml.ValueChainStage {
	if n == observation.Flow {
		return stratml.Output
	}
	return stratml.Outcome
}

func result(p period.Period, q quantity.Quantity, printed string) stratml.Result {
	r := stratml.Result{Start: p, End: p, NumberOfUnits: q.Value.String(), Description: printed}
	if q.Cmp != quantity.Equal {
		r.Descriptor = stratml.Descriptor{Name: "comparator", Value: string(q.Cmp)}
	}
	return r
}

// fromStratML lays a StratML document over the plan in force: wordings, elements
// and targets are the document's; what StratML has no place for (principles,
// parts, lines of the source, rules, paths) stays as base has it. It says what it
// could not take.
func fromStratML(doc *stratml.Plan, base Plan) (Plan, []string) {
	p := base
	p.Text = reword(base.Text, doc.Name)
	if p.ID == "" {
		p.ID = "imported"
	}
	in := overlay{base: base, seen: map[string]Element{}, targets: map[string]Target{}}
	if doc.Vision.Description != "" {
		in.element("G", Goal, doc.Vision.Description, "")
	}
	for n, g := range doc.Goals {
		id := firstOf(g.SequenceIndicator, fmt.Sprintf("O%d", n+1))
		in.element(id, Objective, g.Name, g.Description)
		for k, o := range g.Objectives {
			in.objective(o, id, k)
		}
	}
	p.Elements = in.elements()
	p.Relations = filter(slices.Concat(base.Relations, in.relations), func(r Relation) bool {
		return in.has(r.From) && in.has(r.To)
	})
	p.Targets = nil
	for _, t := range base.Targets {
		if kept, ok := in.targets[t.ID]; ok {
			p.Targets = append(p.Targets, kept)
		}
	}
	return p, in.notes
}

// overlay gathers what a document says, in its order.
type overlay struct {
	base      Plan
	order     []string
	seen      map[string]Element
	relations []Relation // of elements that base does not have
	targets   map[string]Target
	notes     []string
}

// element takes a wording over; one that base does not have is of the given kind.
func (in *overlay) element(id, kind, name, about string) {
	e, ok := in.base.Element(id)
	if !ok {
		e = Element{ID: id, Kind: kind}
	}
	e.Text = reword(e.Text, name)
	if said := (converter{lang: web.ZH}).describe(e); about != said && about != (converter{lang: web.EN}).describe(e) {
		e.Body = pack.Text{ZH: about}
	}
	if _, twice := in.seen[id]; !twice {
		in.order = append(in.order, id)
	}
	in.seen[id] = e
}

// objective takes the k-th objective of a goal: a measure of its own, unless it
// only holds the goal's targets.
func (in *overlay) objective(o stratml.Objective, goal string, k int) {
	at := goal
	if o.SequenceIndicator != goal+".0" {
		at = firstOf(o.SequenceIndicator, fmt.Sprintf("%s.%d", goal, k+1))
		if _, ok := in.base.Element(at); !ok {
			in.relations = append(in.relations, Relation{From: at, Kind: "implements", To: goal})
		}
		in.element(at, Measure, o.Name, o.Description)
	}
	for _, i := range o.Indicators {
		t, note := target(i, at, in.base)
		if note != "" {
			in.notes = append(in.notes, note)
			continue
		}
		in.targets[t.ID] = t
	}
}

// has reports whether an element is in the new plan.
func (in *overlay) has(id string) bool {
	_, ok := in.seen[id]
	e, known := in.base.Element(id)
	return ok || known && !carried(e.Kind)
}

// elements lists base's elements that stay, in base's order, and the new ones.
func (in *overlay) elements() []Element {
	var out []Element
	for _, e := range in.base.Elements {
		if now, ok := in.seen[e.ID]; ok {
			out = append(out, now)
		} else if !carried(e.Kind) {
			out = append(out, e)
		}
	}
	for _, id := range in.order {
		if _, ok := in.base.Element(id); !ok {
			out = append(out, in.seen[id])
		}
	}
	return out
}

// carried reports whether a document has a place for elements of this kind.
func carried(kind string) bool {
	return slices.Contains([]string{Goal, Position, Objective, Action, Measure, Policy, ProjectClass}, kind)
}

// reword takes a wording over unless it is one that t has already.
func reword(t pack.Text, s string) pack.Text {
	if s != "" && s != t.ZH && s != t.EN {
		t.ZH = s
	}
	return t
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// target takes a target over; one whose indicator base does not know cannot be
// computed and is left out with a note.
func target(i stratml.Indicator, element string, base Plan) (Target, string) {
	t, ok := base.Target(i.SequenceIndicator)
	if !ok {
		return t, fmt.Sprintf("indicator %q (%s): no target of the plan in force has this id; left out", i.Dimension, i.SequenceIndicator)
	}
	t.Element = element
	for _, in := range i.Instances {
		for _, r := range in.Targets {
			v, err := quantity.ParseDecimal(r.NumberOfUnits)
			if err != nil {
				return t, fmt.Sprintf("target %s: %v; left out", t.ID, err)
			}
			t.Want.Value = v
			if r.Descriptor.Name == "comparator" {
				if c, err := quantity.ParseComparator(r.Descriptor.Value); err == nil {
					t.Want.Cmp = c
				}
			}
		}
	}
	return t, ""
}

// whole refuses XML that breaks off: read leniently, it would propose to remove
// what was lost. UTF-16 is left to the codec.
func whole(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("\xff\xfe")) || bytes.HasPrefix(raw, []byte("\xfe\xff")) {
		return nil
	}
	d := xml.NewDecoder(bytes.NewReader(raw))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // only the markup matters here
	d.Strict = false
	open := 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) && open == 0 {
			return nil
		}
		if err != nil {
			line, _ := d.InputPos()
			return fault.New(fault.Invalid, "the file breaks off, or is no XML, at line %d: %d elements are not closed; nothing was changed", line, open)
		}
		switch token.(type) {
		case xml.StartElement:
			open++
		case xml.EndElement:
			open--
		}
	}
}

// parsePlan reads a plan from JSON or StratML; the latter is laid over the plan
// in force. It returns what was mended.
func parsePlan(ctx context.Context, api *web.Client, raw []byte) (Plan, []string, error) {
	var base Plan
	raw = bytes.TrimPrefix(bytes.TrimSpace(raw), []byte("\xef\xbb\xbf"))
	if len(raw) == 0 {
		return base, nil, fault.New(fault.Invalid, "the file is empty")
	}
	if raw[0] == '{' {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&base); err != nil {
			return base, nil, fault.New(fault.Invalid, "the file is not a plan in JSON: %v", err)
		}
		return base, nil, nil
	}
	if err := whole(raw); err != nil {
		return base, nil, err
	}
	doc, mended, err := stratml.Parse(bytes.NewReader(raw))
	if err != nil {
		return base, nil, err
	}
	if err := api.Get(ctx, "/plan", nil, &base); err != nil && fault.KindOf(err) != fault.NotFound {
		return base, nil, err
	}
	p, notes := fromStratML(doc, base)
	for _, m := range mended {
		notes = append(notes, fmt.Sprint(m))
	}
	return p, notes, nil
}
