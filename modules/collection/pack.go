package collection

import (
	"context"
	"slices"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
)

// The module's files of a pack. They may be missing.
const (
	assignmentsFile = "collection/assignments.yaml"
	rulesFile       = "collection/rules.yaml"
)

type assignmentsDoc struct {
	Assignments []assignmentRow `pack:"assignments"`
}

type assignmentRow struct {
	pack.Pos
	pack.Text
	ID         string           `pack:"id"`
	Indicators []string         `pack:"indicators"`
	Unit       string           `pack:"unit,optional"`
	Each       string           `pack:"each,optional"`
	Places     []string         `pack:"places,optional"`
	Check      string           `pack:"check,optional"`
	Approve    string           `pack:"approve,optional"`
	Post       string           `pack:"post,optional"`
	Frequency  string           `pack:"frequency"`
	First      string           `pack:"first"`
	Until      string           `pack:"until,optional"`
	Days       int              `pack:"days"`
	Asker      string           `pack:"asker"`
	Basis      string           `pack:"basis,optional"`
	Minutes    quantity.Decimal `pack:"minutes,optional"`
	Status     string           `pack:"status,optional"`
	Source     pack.Text        `pack:"source"`
}

type rulesDoc struct {
	Rules    []ruleRow    `pack:"rules"`
	Synonyms []synonymRow `pack:"synonyms,optional"`
}

type ruleRow struct {
	pack.Pos
	pack.Text
	ID         string            `pack:"id"`
	Kind       string            `pack:"kind"`
	Severity   string            `pack:"severity"`
	Indicators []string          `pack:"indicators"`
	Min        *quantity.Decimal `pack:"min,optional"`
	Max        *quantity.Decimal `pack:"max,optional"`
	Whole      bool              `pack:"whole,optional"`
	Percent    quantity.Decimal  `pack:"percent,optional"`
	Against    string            `pack:"against,optional"`
	Parts      []string          `pack:"parts,optional"`
	Over       string            `pack:"over,optional"`
	In         []string          `pack:"in,optional"`
	Out        []string          `pack:"out,optional"`
	Formula    string            `pack:"formula,optional"`
	Tolerance  quantity.Decimal  `pack:"tolerance,optional"`
	Source     pack.Text         `pack:"source"`
}

type synonymRow struct {
	pack.Pos
	Indicator string   `pack:"indicator"`
	Names     []string `pack:"names"`
}

// loadPack reads assignments, rules and synonyms of a pack: what it returns puts
// them in force.
func (s *Service) loadPack(p *pack.Pack) pack.Load {
	var assignments []Assignment
	var rules rulesDoc
	if p.Has(assignmentsFile) {
		for _, row := range pack.Read[assignmentsDoc](p, assignmentsFile).Assignments {
			assignments = append(assignments, readAssignment(p, row))
		}
	}
	if p.Has(rulesFile) {
		rules = pack.Read[rulesDoc](p, rulesFile)
	}
	var checks []Rule
	for _, row := range rules.Rules {
		checks = append(checks, readRule(p, row))
	}
	for _, row := range rules.Synonyms {
		p.Refer("indicator", row.Indicator, row.Pos)
	}
	return func(ctx context.Context, tx store.Tx) error {
		for _, a := range assignments {
			if err := putAssignment(ctx, tx, a, s.now()); err != nil {
				return err
			}
		}
		s.day.Store(0) // the calendar is looked at again
		return putRules(ctx, tx, checks, rules.Synonyms)
	}
}

func putRules(ctx context.Context, tx store.Tx, checks []Rule, synonyms []synonymRow) error {
	for _, r := range checks {
		if err := putRule(ctx, tx, r); err != nil {
			return err
		}
	}
	for _, row := range synonyms {
		for _, name := range row.Names {
			if err := putSynonym(ctx, tx, name, row.Indicator); err != nil {
				return err
			}
		}
	}
	return nil
}

// readAssignment checks an assignment and what it names.
func readAssignment(p *pack.Pack, row assignmentRow) Assignment {
	a := Assignment{
		Text: row.Text, ID: row.ID, Indicators: row.Indicators, Unit: row.Unit, Each: row.Each, Places: row.Places, Check: row.Check, Approve: row.Approve, Post: row.Post,
		Frequency: row.Frequency, First: row.First, Until: row.Until, Days: row.Days, Asker: row.Asker, Basis: row.Basis, Minutes: row.Minutes.Float(), Status: row.Status, Source: row.Source,
	}
	p.Define("assignment", row.ID, row.Pos)
	for _, i := range row.Indicators {
		p.Refer("indicator", i, row.Pos)
	}
	for _, u := range slices.Concat([]string{row.Unit, row.Check, row.Approve, row.Asker}, row.Places) {
		if u != "" && u != districts {
			p.Refer("unit", u, row.Pos)
		}
	}
	if row.Post != "" {
		p.Refer("post", row.Post, row.Pos)
	}
	if err := a.valid(); err != nil {
		p.Bad(row.Pos, "pack.value", "%v", err)
	}
	return a
}

func limitOf(d *quantity.Decimal) *float64 {
	if d == nil {
		return nil
	}
	f := d.Float()
	return &f
}

// readRule checks a rule and what it names.
func readRule(p *pack.Pack, row ruleRow) Rule {
	r := Rule{
		Text: row.Text, ID: row.ID, Kind: row.Kind, Severity: row.Severity, Indicators: row.Indicators, Min: limitOf(row.Min), Max: limitOf(row.Max), Whole: row.Whole, Percent: row.Percent.Float(),
		Against: row.Against, Parts: row.Parts, Over: row.Over, In: row.In, Out: row.Out, Formula: row.Formula, Tolerance: row.Tolerance.Float(), Source: row.Source,
	}
	p.Define("collection rule", row.ID, row.Pos)
	for _, i := range r.named() {
		p.Refer("indicator", i, row.Pos)
	}
	if err := r.valid(); err != nil {
		p.Bad(row.Pos, "pack.value", "%v", err)
	}
	return r
}
