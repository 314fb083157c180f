package quantity

import (
	"maps"
	"math"
	"slices"
	"strings"

	"yuzhou/kernel/fault"
)

// Unit is what a number counts: a noun, or one noun per another, each with a
// scale word in front, as in 万家, 件/亿元 or %. It is comparable.
type Unit struct {
	text     string
	exp      int    // the printed number times 10^exp counts Num per Den
	num, den string // nouns; both empty for a bare number
}

// Nouns that carry a meaning of their own in formulas.
const (
	percent = "%"
	points  = "百分点"
	permil  = "‰"
)

// nouns are the counting words a unit may be made of, with their English.
// A word that is not listed is refused: a misspelt unit is a wrong number.
var nouns = map[string]string{ //nolint:gochecknoglobals // a table, never written
	"": "", "个": "", "家": "firms", "件": "items", "项": "items", "条": "items", "本": "ledgers", "所": "schools", "类": "classes",
	"人": "people", "户": "households", "元": "yuan", "美元": "US dollars", "年": "years", "月": "months", "日": "day", "天": "days",
	"工作日": "working days", "小时": "hours", "秒": "s", "次": "times", "件次": "cases", "人次": "visits", "位": "", "梯队": "",
	"指数": "", "分": "points", "倍": "times", "代号": "", "省市": "provinces", "个方面": "aspects", "个部门": "departments", "亩": "mu",
	"平方公里": "km²", "公里": "km", "吨": "t", "吨标准煤": "tce", "千瓦时": "kWh", "千瓦": "kW", "G": "G", "Gbps": "Gbit/s", "GB": "GB",
	"TB": "TB", "PB": "PB", "EFLOPS": "EFLOPS", "PFLOPS": "PFLOPS", "台": "units", "套": "sets", "辆": "vehicles", "座": "sites",
	"门": "courses", "名": "people", "篇": "papers", "亿年": "", "毫秒": "ms", "街镇": "towns", "区县": "districts", "场": "events",
	percent: "%", points: "pp", permil: "‰",
}

// scales are the words for powers of ten, longest first.
var scales = []struct { //nolint:gochecknoglobals // a table, never written
	word string
	exp  int
}{{"万亿", 12}, {"百万", 6}, {"千万", 7}, {"亿", 8}, {"万", 4}, {"千", 3}, {"百", 2}}

// ParseUnit reads a unit such as "", "家", "万家", "亿元", "%", "百分点",
// "件/万人" or "万条/日". A noun that is not known is fault.Invalid.
func ParseUnit(s string) (Unit, error) {
	num, den, per := strings.Cut(s, "/")
	noun, exp, ok := cutScale(num)
	if !ok {
		return Unit{}, unknown(s, num)
	}
	u := Unit{text: s, exp: exp, num: noun}
	if per {
		noun, exp, ok = cutScale(den)
		if !ok || noun == "" || noun == percent || noun == points || noun == permil {
			return Unit{}, unknown(s, den)
		}
		u.den, u.exp = noun, u.exp-exp
	}
	switch u.num {
	case percent:
		u.exp -= 2
	case permil:
		u.exp -= 3
	}
	return u, nil
}

// MustUnit is ParseUnit for units written in a program; it returns the bare
// number when s is not a unit.
func MustUnit(s string) Unit {
	u, err := ParseUnit(s)
	if err != nil {
		return Unit{}
	}
	return u
}

// cutScale takes the scale word off a unit's part; the noun must be known.
func cutScale(s string) (noun string, exp int, ok bool) {
	if _, ok := nouns[s]; ok {
		return s, 0, true
	}
	for _, sc := range scales {
		rest, cut := strings.CutPrefix(s, sc.word)
		if _, known := nouns[rest]; cut && known {
			return rest, sc.exp, true
		}
	}
	return "", 0, false
}

func unknown(s, part string) error {
	known := slices.DeleteFunc(slices.Sorted(maps.Keys(nouns)), func(n string) bool { return n == "" })
	return fault.New(fault.Invalid, "unit %q: %q is not a known unit; a unit is a scale (百 千 万 百万 亿 万亿) and one of %s",
		s, part, strings.Join(known, " "))
}

// String is the inverse of ParseUnit.
func (u Unit) String() string { return u.text }

// Exp returns the power of ten by which a printed number is multiplied to count
// the base unit: 4 for 万家, 8 for 亿元, -8 for 件/亿元, -2 for %.
func (u Unit) Exp() int { return u.exp }

// Base returns the unit without its scale: "家", "元", "件/元"; "%" for %.
func (u Unit) Base() string {
	if u.den == "" {
		return u.num
	}
	return u.num + "/" + u.den
}

// Num and Den return the nouns above and below the bar, for unit arithmetic.
func (u Unit) Num() string { return u.num }

// Den returns the noun below the bar, or "".
func (u Unit) Den() string { return u.den }

// IsPercent reports whether numbers of this unit are shares in hundredths.
func (u Unit) IsPercent() bool { return u.num == percent && u.den == "" }

// IsPoints reports whether numbers of this unit are differences of percentages.
func (u Unit) IsPoints() bool { return u.num == points && u.den == "" }

// Same reports whether numbers of the two units measure the same thing, so that
// one converts into the other by a power of ten (万家 and 家).
func (u Unit) Same(v Unit) bool { return u.num == v.num && u.den == v.den }

// Convert turns a number of unit u into unit v; ok is false unless u.Same(v).
func (u Unit) Convert(x float64, v Unit) (y float64, ok bool) {
	if !u.Same(v) {
		return 0, false
	}
	d := u.exp - v.exp
	if d < 0 { // dividing by a whole power of ten is exact where multiplying by its inverse is not
		return x / math.Pow10(-d), true
	}
	return x * math.Pow10(d), true
}

// English returns the unit's English words: "yuan", "items per 10,000 people".
// A scale above the bar is not among them (EnglishNumber prints it); the word is
// empty where English says nothing (个, 位).
func (u Unit) English() string {
	n := nouns[u.num]
	if u.den == "" {
		return n
	}
	per := singular(nouns[u.den])
	if u.exp < 0 {
		per = strings.TrimSuffix(shift(Int(1), -u.exp).Grouped(), ",000,000")
		if len(per) <= len("100") && -u.exp >= 6 {
			per += " million"
		}
		per += " " + nouns[u.den]
	}
	return strings.TrimSpace(n + " per " + per)
}

func singular(s string) string {
	if s == "people" {
		return "person"
	}
	return strings.TrimSuffix(s, "s")
}

// MarshalText implements encoding.TextMarshaler.
func (u Unit) MarshalText() ([]byte, error) { return []byte(u.text), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (u *Unit) UnmarshalText(b []byte) error {
	v, err := ParseUnit(string(b))
	if err == nil {
		*u = v
	}
	return err
}
