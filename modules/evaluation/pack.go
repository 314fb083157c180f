package evaluation

import (
	"context"
	"slices"

	"yuzhou/engine/org"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
)

// rulesFile is the module's file of a pack. It may be missing.
const rulesFile = "evaluation/rules.yaml"

type rulesDoc struct {
	Schemes []schemeRow `pack:"schemes"`
}

type schemeRow struct {
	pack.Pos
	pack.Text
	ID      string           `pack:"id"`
	Kinds   []string         `pack:"kinds"`
	Peers   string           `pack:"peers"`
	Ranking string           `pack:"ranking,optional"`
	Floor   quantity.Decimal `pack:"floor"`
	Cap     quantity.Decimal `pack:"cap"`
	Source  pack.Text        `pack:"source"`
	Parts   []partRow        `pack:"parts"`
}

type partRow struct {
	pack.Pos
	Indicator string            `pack:"indicator"`
	Weight    quantity.Decimal  `pack:"weight"`
	Function  string            `pack:"function"`
	Goalposts goalpostsRow      `pack:"goalposts"`
	Level     quantity.Decimal  `pack:"level"`
	Growth    quantity.Decimal  `pack:"growth"`
	Reference *quantity.Decimal `pack:"reference,optional"`
	Step      *quantity.Decimal `pack:"step,optional"`
	Points    *quantity.Decimal `pack:"points,optional"`
	Base      *quantity.Decimal `pack:"base,optional"`
	Cap       *quantity.Decimal `pack:"growth_cap,optional"`
}

type goalpostsRow struct {
	pack.Pos
	Peers string            `pack:"peers,optional"`
	Low   *quantity.Decimal `pack:"low,optional"`
	High  *quantity.Decimal `pack:"high,optional"`
}

// loadPack reads the scoring rules of a pack: what it returns publishes them.
func (s *Service) loadPack(p *pack.Pack) pack.Load {
	all := readSchemes(p)
	return func(ctx context.Context, tx store.Tx) error {
		for _, sc := range all {
			if err := putScheme(ctx, tx, sc, s.now()); err != nil {
				return err
			}
		}
		return nil
	}
}

// readSchemes reads the scoring rules of a pack and checks them.
func readSchemes(p *pack.Pack) []Scheme {
	if !p.Has(rulesFile) {
		return nil
	}
	var out []Scheme
	for _, row := range pack.Read[rulesDoc](p, rulesFile).Schemes {
		p.Define("scheme", row.ID, row.Pos)
		sc := Scheme{
			Text: row.Text, ID: row.ID, Kinds: row.Kinds, Peers: row.Peers, Ranking: row.Ranking == "on", Floor: row.Floor.Float(), Cap: row.Cap.Float(), Source: row.Source,
		}
		checkScheme(p, row)
		for _, r := range row.Parts {
			sc.Parts = append(sc.Parts, readPart(p, row.ID, r))
		}
		out = append(out, sc)
	}
	return out
}

// checkScheme finds what a rule must not say of itself.
func checkScheme(p *pack.Pack, row schemeRow) {
	if !slices.Contains([]string{"", "on", "off"}, row.Ranking) {
		p.Bad(row.Pos, "pack.value", "scheme %s: ranking is %q; it is on or off", row.ID, row.Ranking)
	}
	if !slices.Contains([]string{ByRegion, ByAll}, row.Peers) {
		p.Bad(row.Pos, "pack.value", "scheme %s: peers is %q; it is region or all", row.ID, row.Peers)
	}
	for _, k := range row.Kinds {
		if !slices.Contains(org.Kinds(), k) {
			p.Bad(row.Pos, "pack.value", "scheme %s: kind %q is not one of %v", row.ID, k, org.Kinds())
		}
	}
	if row.Floor.Cmp(row.Cap) >= 0 || len(row.Parts) == 0 {
		p.Bad(row.Pos, "evaluation.scheme", "scheme %s: the floor %s is not below the cap %s, or it has no parts", row.ID, row.Floor, row.Cap)
	}
}

// readPart reads how an indicator counts.
func readPart(p *pack.Pack, scheme string, r partRow) Part {
	p.Refer("indicator", r.Indicator, r.Pos)
	out := Part{Indicator: r.Indicator, Weight: r.Weight.Float(), Function: r.Function, Level: r.Level.Float(), Growth: r.Growth.Float(), Low: number(r.Goalposts.Low), High: number(r.Goalposts.High)}
	if !slices.Contains([]string{LinearFunction, ExponentialFunction}, r.Function) {
		p.Bad(r.Pos, "pack.value", "scheme %s, %s: function is %q; it is linear or exponential", scheme, r.Indicator, r.Function)
	}
	if out.Weight <= 0 || out.Level < 0 || out.Growth < 0 || out.Level+out.Growth <= 0 {
		p.Bad(r.Pos, "evaluation.weight", "scheme %s, %s: weights are above 0, and so is level plus growth", scheme, r.Indicator)
	}
	fixed := out.Low != nil && out.High != nil
	if g := r.Goalposts; (g.Peers == "true") == fixed || (out.Low == nil) != (out.High == nil) || fixed && *out.Low == *out.High {
		p.Bad(r.Pos, "evaluation.goalposts", "scheme %s, %s: goalposts are either low and high, which differ, or peers: \"true\"", scheme, r.Indicator)
	}
	rates := []*quantity.Decimal{r.Reference, r.Step, r.Points, r.Base, r.Cap}
	if out.Growth == 0 {
		return out
	}
	if slices.Contains(rates, nil) || r.Step.Float() <= 0 || r.Base.Float() > r.Cap.Float() {
		p.Bad(r.Pos, "evaluation.growth", "scheme %s, %s: growth needs reference, step above 0, points, base, and growth_cap of base at least", scheme, r.Indicator)
		return out
	}
	out.Rate = &Growth{Reference: r.Reference.Float(), Step: r.Step.Float(), Points: r.Points.Float(), Base: r.Base.Float(), Cap: r.Cap.Float()}
	return out
}

// number is a decimal as a number; nil for none.
func number(d *quantity.Decimal) *float64 {
	if d == nil {
		return nil
	}
	v := d.Float()
	return &v
}
