package formula

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"yuzhou/kernel/quantity"
)

// Kind says how a number is meant.
type Kind string

// The kinds. Points are what two percentages differ by.
const (
	Number  Kind = "number"
	Percent Kind = "percent"
	Points  Kind = "points"
)

// Nature is what kind of number an indicator gives; "" when a formula leaves it open.
type Nature string

// The natures.
const (
	Stock Nature = "stock"
	Flow  Nature = "flow"
	Ratio Nature = "ratio"
	Index Nature = "index"
	Rank  Nature = "rank"
	Tier  Nature = "tier"
	Count Nature = "count"
)

// SpaceRule is how the numbers of units make the number of the unit above them;
// "" when any will do, as for a plain number.
type SpaceRule string

// The space rules.
const (
	SpaceSum       SpaceRule = "sum"
	SpaceWeighted  SpaceRule = "weighted"
	SpaceRecompute SpaceRule = "recompute"
	SpaceNone      SpaceRule = "none"
)

// Info is what a formula must know of an indicator.
type Info struct {
	Unit   quantity.Unit
	Nature Nature
	Space  SpaceRule
	YTD    bool // its numbers are already counted from the start of the year
}

// Type is what is known of a number before it is computed: 1 of it counts 10^Exp
// of its nouns (of Percent, hundredths; of Points, points).
type Type struct {
	Kind   Kind
	Exp    int
	Nature Nature
	Space  SpaceRule
	nouns  []factor // by name, exponents not 0
	ytd    bool
	zero   bool // the number 0 written without a unit: it has any unit
	steady bool // the same in every period: numbers, pins and targets
}

// factor is a noun of a unit with its exponent: 元 with -1 is "per 元".
type factor struct {
	noun string
	exp  int
}

// typeOf returns the type of numbers printed in the unit.
func typeOf(u quantity.Unit) Type {
	t := Type{Kind: Number, Exp: u.Exp()}
	switch u.Num() {
	case "%", "‰":
		t.Kind, t.Exp = Percent, u.Exp()+2
	case "百分点":
		t.Kind = Points
	case "":
	default:
		t.nouns = []factor{{u.Num(), 1}}
	}
	if u.Den() != "" {
		t.nouns = times(t.nouns, []factor{{u.Den(), 1}}, -1)
	}
	return t
}

// times multiplies a by b to the power of sign.
func times(a, b []factor, sign int) []factor {
	out := slices.Clone(a)
	for _, f := range b {
		i := slices.IndexFunc(out, func(g factor) bool { return g.noun == f.noun })
		if i < 0 {
			out = append(out, factor{f.noun, sign * f.exp})
		} else {
			out[i].exp += sign * f.exp
		}
	}
	out = slices.DeleteFunc(out, func(f factor) bool { return f.exp == 0 })
	slices.SortFunc(out, func(a, b factor) int { return strings.Compare(a.noun, b.noun) })
	return out
}

// power raises the nouns to the power n.
func power(a []factor, n int) []factor {
	if n == 0 {
		return nil
	}
	out := slices.Clone(a)
	for i := range out {
		out[i].exp *= n
	}
	return out
}

// pure reports whether the type counts nothing: a plain number.
func (t Type) pure() bool { return t.Kind == Number && len(t.nouns) == 0 }

// same reports whether numbers of the two types may be added or compared, but
// for the rules on percentages.
func (t Type) same(u Type) bool { return t.Kind == u.Kind && slices.Equal(t.nouns, u.nouns) }

// decimals is the power of ten that turns the number into what it counts, with
// percentages as shares of one.
func (t Type) decimals() int {
	if t.Kind == Number {
		return t.Exp
	}
	return t.Exp - 2
}

// Unit returns the unit as it is printed, or false when it has no such form, as
// 元 squared or 10^5 元 have not.
func (t Type) Unit() (quantity.Unit, bool) {
	num, den := "", ""
	switch t.Kind {
	case Percent:
		num = "%"
	case Points:
		num = "百分点"
	case Number:
	}
	for _, f := range t.nouns {
		switch {
		case f.exp == 1 && num == "":
			num = f.noun
		case f.exp == -1 && den == "":
			den = f.noun
		default:
			return quantity.Unit{}, false
		}
	}
	if t.Kind == Percent && t.Exp == -1 {
		num = "‰"
	}
	for _, scale := range []string{"", "百", "千", "万", "百万", "千万", "亿", "万亿"} {
		for _, text := range []string{scale + num + per("", den), num + per(scale, den)} {
			u, err := quantity.ParseUnit(text)
			if err == nil && typeOf(u).same(t) && typeOf(u).Exp == t.Exp {
				return u, true
			}
		}
	}
	return quantity.Unit{}, false
}

func per(scale, den string) string {
	if den == "" {
		return ""
	}
	return "/" + scale + den
}

// String names the unit for people: 万家, 件/亿元, "10^5 元", "a plain number".
func (t Type) String() string {
	if u, ok := t.Unit(); ok {
		if u.String() == "" {
			return "a plain number"
		}
		return u.String()
	}
	var parts []string
	if t.Exp != 0 {
		parts = append(parts, fmt.Sprintf("10^%d", t.Exp))
	}
	if t.Kind != Number {
		parts = append(parts, string(t.Kind))
	}
	for _, f := range t.nouns {
		if f.exp == 1 {
			parts = append(parts, f.noun)
		} else {
			parts = append(parts, fmt.Sprintf("%s^%d", f.noun, f.exp))
		}
	}
	return strings.Join(parts, " ")
}

// scale multiplies x by 10^n; dividing by a whole power of ten is exact where
// multiplying by its inverse is not.
func scale(x float64, n int) float64 {
	if n < 0 {
		return x / math.Pow10(-n)
	}
	return x * math.Pow10(n)
}

// placeUnit is the unit of ranks.
var placeUnit = quantity.MustUnit("位") //nolint:gochecknoglobals // a constant that Go cannot write as one
