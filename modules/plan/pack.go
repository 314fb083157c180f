package plan

import (
	"context"
	"slices"
	"time"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
)

// The module's files of a pack. highlights.yaml may be missing.
const (
	planFile       = "plan/plan.yaml"
	targetsFile    = "plan/targets.yaml"
	rulesFile      = "plan/rules.yaml"
	highlightsFile = "plan/highlights.yaml"
)

type planDoc struct {
	Plan      planRow       `pack:"plan"`
	Elements  []elementRow  `pack:"elements"`
	Relations []relationRow `pack:"relations"`
}

type planRow struct {
	pack.Pos
	pack.Text
	ID       string        `pack:"id"`
	Name     string        `pack:"name,optional"` // path of its resolvable name
	Version  int           `pack:"version"`
	Issued   period.Period `pack:"issued"`
	From     period.Period `pack:"from"`
	To       period.Period `pack:"to"`
	Issuer   string        `pack:"issuer"`
	Numerals pack.Text     `pack:"numerals,optional"`
	Strategy pack.Text     `pack:"strategy,optional"`
	Focus    []pack.Text   `pack:"policy_focus,optional"`
	Traits   []pack.Text   `pack:"policy_traits,optional"`
	Summary  pack.Text     `pack:"summary,optional"`
	Lines    []int         `pack:"lines,optional"`
	Source   string        `pack:"source"`
}

type elementRow struct {
	pack.Pos
	pack.Text
	ID          string      `pack:"id"`
	Kind        string      `pack:"kind"`
	Lines       []int       `pack:"lines,optional"`
	Parts       []pack.Text `pack:"parts,optional"`
	Qualitative []pack.Text `pack:"qualitative,optional"`
	Body        *pack.Text  `pack:"text,optional"`
	Slot        *pack.Text  `pack:"slot,optional"`
	Note        string      `pack:"note,optional"`
	Start       string      `pack:"start,optional"`
	Begun       string      `pack:"begun,optional"`
}

type relationRow struct {
	pack.Pos
	From  string `pack:"from"`
	Kind  string `pack:"kind"`
	To    string `pack:"to"`
	Lines []int  `pack:"lines,optional"`
	Basis string `pack:"basis,optional"`
}

type targetsDoc struct {
	Targets      []targetRow `pack:"targets"`
	Trajectories []pathRow   `pack:"trajectories,optional"`
}

type targetRow struct {
	pack.Pos
	ID        string      `pack:"id"`
	Element   string      `pack:"element"`
	Figure    string      `pack:"figure"`
	Also      []string    `pack:"also,optional"`
	Indicator string      `pack:"indicator"`
	Kind      string      `pack:"kind"`
	Baseline  baselineRow `pack:"baseline"`
	Implied   *impliedRow `pack:"implied_base,optional"`
	Differs   []string    `pack:"differs,optional"`
	Beside    []string    `pack:"beside,optional"`
	Note      *pack.Text  `pack:"note,optional"`
}

type baselineRow struct {
	pack.Pos
	Figure string     `pack:"figure,optional"`
	Value  string     `pack:"value,optional"`
	On     string     `pack:"on,optional"`
	Basis  *pack.Text `pack:"basis,optional"`
	None   *pack.Text `pack:"none,optional"`
}

type impliedRow struct {
	pack.Pos
	Derived string `pack:"derived"`
	At      string `pack:"at"`
}

type pathRow struct {
	pack.Pos
	pack.Text
	Target     string           `pack:"target"`
	Shape      string           `pack:"shape"`
	From       *baselineRow     `pack:"from,optional"`
	Band       quantity.Decimal `pack:"band"`
	DeclaredBy string           `pack:"declared_by"`
	Milestones []milestoneRow   `pack:"milestones,optional"`
}

type milestoneRow struct {
	Date  string           `pack:"date"`
	Value quantity.Decimal `pack:"value"`
}

type rulesDoc struct {
	Rules []rulesRow `pack:"rules"`
}

type rulesRow struct {
	pack.Pos
	pack.Text
	ID                 string           `pack:"id"`
	BehindYellow       quantity.Decimal `pack:"behind_yellow"`
	BehindRed          quantity.Decimal `pack:"behind_red"`
	StartOverdueYellow int              `pack:"start_overdue_yellow_months"`
	StartOverdueRed    int              `pack:"start_overdue_red_months"`
	StaleMonths        int              `pack:"stale_months"`
	Source             *pack.Text       `pack:"source,optional"`
}

type highlightsDoc struct {
	Highlights []highlightRow `pack:"highlights"`
}

type highlightRow struct {
	pack.Pos
	pack.Text
	N       int       `pack:"n"`
	Field   pack.Text `pack:"field"`
	Lines   []int     `pack:"lines,optional"`
	Figures []string  `pack:"figures,optional"`
}

func kinds() []string {
	return []string{Goal, Position, Objective, Action, Measure, Policy, ProjectClass, Principle, Programme, Commitment, Execution}
}

// readPack reads this module's files and checks what can be checked without the
// other modules; figures must have been added to p before.
func readPack(p *pack.Pack) Plan {
	doc := pack.Read[planDoc](p, planFile)
	h := doc.Plan
	pl := Plan{
		Text: h.Text, ID: h.ID, Version: h.Version, Issued: h.Issued.String(), From: h.From, To: h.To, Issuer: h.Issuer,
		Numerals: h.Numerals, Strategy: h.Strategy, Focus: h.Focus, Traits: h.Traits, Summary: h.Summary, Lines: h.Lines, Source: h.Source,
	}
	p.Refer("unit", h.Issuer, h.Pos)
	p.Refer("source", h.Source, h.Pos)
	for _, e := range doc.Elements {
		pl.Elements = append(pl.Elements, readElement(p, e))
	}
	allowed := []string{"refines", "serves", "implements", "funds", "contributes_to"}
	for _, r := range doc.Relations {
		p.Refer("element", r.From, r.Pos)
		p.Refer("element", r.To, r.Pos)
		if !slices.Contains(allowed, r.Kind) {
			p.Bad(r.Pos, "pack.value", "relation %s → %s: kind %q is not one of %v", r.From, r.To, r.Kind, allowed)
		}
		pl.Relations = append(pl.Relations, Relation{From: r.From, Kind: r.Kind, To: r.To, Lines: r.Lines, Basis: r.Basis})
	}
	readTargets(p, &pl)
	readRules(p, &pl)
	if p.Has(highlightsFile) {
		for _, r := range pack.Read[highlightsDoc](p, highlightsFile).Highlights {
			for _, id := range r.Figures {
				p.Refer("figure", id, r.Pos)
			}
			pl.Highlights = append(pl.Highlights, Highlight{Text: r.Text, N: r.N, Field: r.Field, Lines: r.Lines, Figures: r.Figures})
		}
	}
	inspect(p, &pl)
	return pl
}

func readElement(p *pack.Pack, e elementRow) Element {
	p.Define("element", e.ID, e.Pos)
	if !slices.Contains(kinds(), e.Kind) {
		p.Bad(e.Pos, "pack.value", "element %s: kind %q is not one of %v", e.ID, e.Kind, kinds())
	}
	for _, day := range []string{e.Start, e.Begun} {
		if d, err := period.Parse(day); day != "" && (err != nil || d.Freq() != period.Day) {
			p.Bad(e.Pos, "pack.value", "element %s: %q is not a day such as 2024-03-01", e.ID, day)
		}
	}
	return Element{
		Text: e.Text, ID: e.ID, Kind: e.Kind, Lines: e.Lines, Body: orNone(e.Body), Parts: e.Parts, Qualitative: e.Qualitative,
		Slot: e.Slot, Start: e.Start, Begun: e.Begun,
	}
}

func orNone(t *pack.Text) pack.Text {
	if t == nil {
		return pack.Text{}
	}
	return *t
}

func readTargets(p *pack.Pack, pl *Plan) {
	doc := pack.Read[targetsDoc](p, targetsFile)
	targets := map[string]Target{}
	for _, r := range doc.Targets {
		p.Define("target", r.ID, r.Pos)
		t := readTarget(p, r)
		if t.Baseline.Value != "" && t.Baseline.On == "" {
			t.Baseline.On = pl.Issued // the words that imply it were said then
		}
		targets[r.ID] = t
		pl.Targets = append(pl.Targets, t)
	}
	for _, r := range doc.Trajectories {
		p.Refer("target", r.Target, r.Pos)
		path := Path{Target: r.Target, Shape: Shape(r.Shape), Band: r.Band.Float(), DeclaredBy: r.DeclaredBy, Note: r.Text}
		for _, m := range r.Milestones {
			path.Milestones = append(path.Milestones, Milestone{m.Date, m.Value.Float()})
		}
		if !slices.Contains(Shapes(), path.Shape) {
			p.Bad(r.Pos, "pack.value", "trajectory of %s: shape %q is not one of %v", r.Target, r.Shape, Shapes())
		}
		if t, ok := targets[r.Target]; ok && t.Baseline.None != nil {
			p.Bad(r.Pos, "plan.path-without-baseline", "trajectory of %s: the target has no baseline to start from", r.Target)
		}
		pl.Trajectories = append(pl.Trajectories, path)
	}
}

func readTarget(p *pack.Pack, r targetRow) Target {
	p.Refer("element", r.Element, r.Pos)
	p.Refer("indicator", r.Indicator, r.Pos)
	for _, id := range slices.Concat([]string{r.Figure, r.Baseline.Figure}, r.Also, r.Beside) {
		p.Refer("figure", id, r.Pos)
	}
	for _, id := range r.Differs {
		p.Refer("indicator", id, r.Pos)
	}
	if !slices.Contains([]string{"binding", "expected", "stretch", "unstated"}, r.Kind) {
		p.Bad(r.Pos, "pack.value", "target %s: kind %q is not one of binding, expected, stretch, unstated", r.ID, r.Kind)
	}
	b := r.Baseline
	if ways := count(b.Figure != "", b.Value != "", b.None != nil); ways != 1 {
		p.Bad(r.Pos, "plan.baseline", "target %s: the baseline is a figure, a value or none with its reason; %d of these are given", r.ID, ways)
	}
	t := Target{
		ID: r.ID, Element: r.Element, Indicator: r.Indicator, Figure: r.Figure, Also: r.Also, Kind: r.Kind,
		Baseline: Baseline{Figure: b.Figure, Value: b.Value, On: b.On, Basis: orNone(b.Basis), None: b.None},
		Differs:  r.Differs, Beside: r.Beside, Note: orNone(r.Note), Unit: p.Manifest.Unit,
	}
	if r.Implied != nil {
		p.Refer("derived", r.Implied.Derived, r.Pos)
		t.Implied = &Implied{r.Implied.Derived, r.Implied.At}
	}
	f, ok := p.Figure(r.Figure)
	if !ok {
		return t // reported as dangling
	}
	if observation.Status(f.Status) != observation.Target {
		p.Bad(r.Pos, "plan.target", "target %s: figure %s has status %s, not target", r.ID, r.Figure, f.Status)
	}
	if f.Indicator != r.Indicator {
		p.Bad(r.Pos, "plan.target", "target %s is about %s, but its figure %s about %s", r.ID, r.Indicator, r.Figure, f.Indicator)
	}
	t.Unit, t.Want, t.Due, t.Issuer, t.Printed = f.At, f.Quantity(), f.Period, f.Issuer, f.Printed
	return t
}

func count(flags ...bool) (n int) {
	for _, f := range flags {
		if f {
			n++
		}
	}
	return n
}

func readRules(p *pack.Pack, pl *Plan) {
	rows := pack.Read[rulesDoc](p, rulesFile).Rules
	if len(rows) == 0 {
		return
	}
	r := rows[0]
	if r.BehindYellow.Cmp(r.BehindRed) > 0 {
		p.Bad(r.Pos, "plan.rules", "rules %s: yellow begins at %s points behind, after red at %s", r.ID, r.BehindYellow, r.BehindRed)
	}
	pl.Rules = Rules{
		Text: r.Text, ID: r.ID, BehindYellow: r.BehindYellow.Float(), BehindRed: r.BehindRed.Float(),
		StartOverdueYellow: r.StartOverdueYellow, StartOverdueRed: r.StartOverdueRed, StaleMonths: r.StaleMonths, Source: orNone(r.Source),
	}
}

// loadPack reads the plan of a pack: what it returns records it as the next
// accepted version, unless it is the one in force already.
func (s *Service) loadPack(p *pack.Pack) pack.Load {
	pl := readPack(p)
	return func(ctx context.Context, tx store.Tx) error {
		at := s.site.StartOf(parseDay(pl.Issued))
		_, err := s.accept(ctx, tx, pl, at, "pack")
		return err
	}
}

// parseDay reads a date that was checked before; the zero time otherwise.
func parseDay(s string) time.Time {
	t, _ := time.Parse(time.DateOnly, s)
	return t
}
