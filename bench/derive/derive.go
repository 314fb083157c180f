// Package derive measures how fast derived indicators are recomputed, beside SQL
// window functions that compute the same from the same numbers in the same run.
//
// The full size is that of a country by district and month: 31 provinces of 41
// districts, 250 published and 250 derived indicators, 120 months (76.26 million
// cells), with the provinces and the country rolled up on top. Run it with
//
//	go test -run xxx -bench . ./bench/derive
package derive

import (
	"context"
	"fmt"
	"math/rand/v2"

	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/modules/indicators/column"
	"yuzhou/modules/indicators/formula"
)

// size is how much is derived.
type size struct{ provinces, districts, base, derived, months int }

// The whole country, and one province of it for the peer.
func country() size { return size{provinces: 31, districts: 41, base: 250, derived: 250, months: 120} }

func province() size { return size{provinces: 1, districts: 41, base: 20, derived: 20, months: 120} }

// cells is how many cells the districts have.
func (s size) cells() int { return s.provinces * s.districts * (s.base + s.derived) * s.months }

// units is how many units there are, with the provinces and the country.
func (s size) units() int { return 1 + s.provinces*(1+s.districts) }

// parents puts the country first, then each province before its districts.
func (s size) parents() []int {
	parents := []int{-1}
	for range s.provinces {
		at := len(parents)
		parents = append(parents, 0)
		for range s.districts {
			parents = append(parents, at)
		}
	}
	return parents
}

func baseID(i int) string    { return fmt.Sprintf("b.%03d", i) }
func derivedID(i int) string { return fmt.Sprintf("d.%03d", i) }

// isStock says which published indicators are stocks (of people); the others are
// flows (of yuan).
func isStock(i int) bool { return i%3 == 0 }

// operands picks the published indicators that the k-th derived one reads: a stock
// and two flows. All that is per head reads the same stock, as all of a country's
// rests on its people.
func (s size) operands(k int) (stock, first, second int) {
	groups := s.base / 3
	if k%kinds != 1 {
		stock = k % groups * 3
	}
	return stock, k%groups*3 + 1, (k+1)%groups*3 + 2
}

// kinds is how many kinds of formula there are.
const kinds = 10

// formulaOf writes the k-th formula: ratios, growth, means, sums since the year
// began, changes, shares, ranks and what rests on another derived one.
func (s size) formulaOf(k int) string {
	i, j, l := s.operands(k)
	stock, first, second := baseID(i), baseID(j), baseID(l)
	switch k % kinds {
	case 0:
		return fmt.Sprintf("pct(%s / %s)", first, second)
	case 1:
		return fmt.Sprintf("(%s + 1.5 * %s) / %s", first, second, stock)
	case 2:
		return fmt.Sprintf("yoy(%s)", first)
	case 3:
		return fmt.Sprintf("mean(%s, 12)", first)
	case 4:
		return fmt.Sprintf("ytd(%s)", first)
	case 5:
		return fmt.Sprintf("stock_to_flow(%s)", stock)
	case 6:
		return fmt.Sprintf("share(%s)", first)
	case 7:
		return fmt.Sprintf("rank(%s)", first)
	case 8:
		return fmt.Sprintf("diff(%s, 12)", derivedID(k-8))
	}
	return fmt.Sprintf("default(lag(%s, 1), %s)", first, first)
}

// engine fills a panel with numbers and adds the formulas.
func (s size) engine() (*formula.Engine, error) {
	first, err := period.Parse("2015-01")
	if err != nil {
		return nil, err
	}
	axis, err := column.NewAxis(first, s.months)
	if err != nil {
		return nil, err
	}
	tree, err := column.NewTree(s.parents())
	if err != nil {
		return nil, err
	}
	e := &formula.Engine{Panel: column.NewPanel(axis, tree)}
	r := rand.New(rand.NewPCG(1458, 31)) //nolint:gosec // the same numbers in every run
	info := map[string]formula.Info{}
	for i := range s.base {
		cells := e.Panel.Add(baseID(i))
		for at := range cells {
			cells[at] = 50 + float64(r.IntN(100_000))/100
		}
		info[baseID(i)] = formula.Info{Unit: quantity.MustUnit("亿元"), Nature: formula.Flow, Space: formula.SpaceSum}
		if isStock(i) {
			info[baseID(i)] = formula.Info{Unit: quantity.MustUnit("万人"), Nature: formula.Stock, Space: formula.SpaceSum}
		}
	}
	env := func(id string) (formula.Info, error) { return info[id], nil }
	for k := range s.derived {
		parsed, err := formula.Parse(s.formulaOf(k))
		if err != nil {
			return nil, err
		}
		typed, err := formula.Check(parsed, env)
		if err != nil {
			return nil, err
		}
		if err := e.Add(derivedID(k), typed); err != nil {
			return nil, err
		}
		unit, _ := typed.Type().Unit()
		info[derivedID(k)] = formula.Info{Unit: unit, Nature: typed.Type().Nature, Space: typed.Type().Space}
		e.Panel.Add(derivedID(k))
	}
	return e, nil
}

// rollUp adds the districts' published numbers up to provinces and the country, so
// that ratios above districts are computed from sums.
func (s size) rollUp(ctx context.Context, p *column.Panel, from, to int) error {
	return column.Parallel(ctx, to-from, func(_, part int) {
		p.Tree.RollUp(p.Column(baseID(from+part)), p.Axis.N, column.Periods{Lo: 0, Hi: p.Axis.N})
	})
}
