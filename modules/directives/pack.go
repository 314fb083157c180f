package directives

import (
	"context"
	"slices"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// rulesFile is the module's file of a pack. It may be missing.
const rulesFile = "directives/rules.yaml"

type rulesDoc struct {
	Rules []ruleRow `pack:"rules"`
}

type ruleRow struct {
	pack.Pos
	pack.Text
	ID          string     `pack:"id"`
	Office      string     `pack:"office"`
	Opens       []opensRow `pack:"opens"`
	Publishers  []string   `pack:"publishers,optional"`
	Leads       []leadRow  `pack:"leads,optional"`
	MeetingDays int        `pack:"meeting_days,optional"`
	Source      *pack.Text `pack:"source,optional"`
}

type opensRow struct {
	pack.Pos
	Light       string `pack:"light"`
	Evaluations int    `pack:"evaluations"`
}

type leadRow struct {
	pack.Pos
	Target string `pack:"target"`
	Unit   string `pack:"unit"`
}

// loadPack reads the rules of a pack: what it returns puts them in force.
func (s *Service) loadPack(p *pack.Pack) pack.Load {
	rules := readRules(p)
	return func(ctx context.Context, tx store.Tx) error {
		for _, r := range rules {
			if err := putRule(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	}
}

// readRules reads the rules of a pack and checks what they name.
func readRules(p *pack.Pack) []Rule {
	if !p.Has(rulesFile) {
		return nil
	}
	var out []Rule
	for _, row := range pack.Read[rulesDoc](p, rulesFile).Rules {
		p.Refer("unit", row.Office, row.Pos)
		r := Rule{Text: row.Text, ID: row.ID, Office: row.Office, Publishers: row.Publishers, MeetingDays: max(1, row.MeetingDays)}
		if row.Source != nil {
			r.Source = *row.Source
		}
		for _, u := range row.Publishers {
			p.Refer("unit", u, row.Pos)
		}
		r.Opens = readOpens(p, row)
		for _, l := range row.Leads {
			p.Refer("target", l.Target, l.Pos)
			p.Refer("unit", l.Unit, l.Pos)
			r.Leads = append(r.Leads, Lead{l.Target, l.Unit})
		}
		out = append(out, r)
	}
	return out
}

// readOpens reads which lights open a directive.
func readOpens(p *pack.Pack, row ruleRow) []Opens {
	var out []Opens
	for _, o := range row.Opens {
		if !slices.Contains([]string{"red", "yellow"}, o.Light) {
			p.Bad(o.Pos, "pack.value", "rule %s: light %q opens no directive; red and yellow do", row.ID, o.Light)
		}
		if o.Evaluations < 1 {
			p.Bad(o.Pos, "pack.value", "rule %s: evaluations is %d; it is 1 at least", row.ID, o.Evaluations)
		}
		out = append(out, Opens{o.Light, o.Evaluations})
	}
	return out
}
