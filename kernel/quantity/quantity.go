package quantity

import (
	"math"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
)

// Comparator says how a printed number relates to the true one.
type Comparator string

// The comparators, with the words they stand for.
const (
	Equal   Comparator = "="  // stated exactly
	About   Comparator = "~"  // rounded or approximate (约)
	Near    Comparator = "~<" // just under (近)
	Over    Comparator = ">"  // over (超, 突破, 超过, 余)
	AtLeast Comparator = ">=" // at least (以上, 达到, 提高至)
	AtMost  Comparator = "<=" // at most (以内, 不超过)
	Under   Comparator = "<"  // under (低于)
)

// ParseComparator reads a comparator; the empty string is Equal.
func ParseComparator(s string) (Comparator, error) {
	switch c := Comparator(s); c {
	case "":
		return Equal, nil
	case Equal, About, Near, Over, AtLeast, AtMost, Under:
		return c, nil
	}
	return "", fault.New(fault.Invalid, "comparator %q is not one of = ~ ~< > >= <= <", s)
}

// IsBound reports whether c gives only one side of the true value.
func (c Comparator) IsBound() bool { return c == Over || c == AtLeast || c == AtMost || c == Under }

// MarshalText implements encoding.TextMarshaler.
func (c Comparator) MarshalText() ([]byte, error) { return []byte(c), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Comparator) UnmarshalText(b []byte) error {
	d, err := ParseComparator(string(b))
	if err == nil {
		*c = d
	}
	return err
}

// Quantity is a number as printed.
type Quantity struct {
	Value Decimal
	Cmp   Comparator
	Unit  Unit
}

// Base returns the number in the unit without its scale: 1.27 万家 is 12700.
// Percentages stay as they are printed: 2.3 % is 2.3.
func (q Quantity) Base() float64 {
	if q.Unit.IsPercent() || q.Unit.Num() == permil {
		return q.Value.Float()
	}
	if e := q.Unit.exp; e < 0 {
		return q.Value.Float() / math.Pow10(-e)
	}
	// shift the point in text so that 1.27 万 is exactly 12700
	f, err := strconv.ParseFloat(q.Value.String()+"e"+strconv.Itoa(q.Unit.exp), 64)
	if err != nil {
		return math.NaN() // cannot happen: String prints what ParseFloat reads
	}
	return f
}

// Met says whether a true value known only as got satisfies the wish: known is
// false when the printed form leaves it open (">24" against ">=40").
//
// A bound is never taken for the value: ">1300" is not met at exactly 1300.
func (q Quantity) Met(got Quantity) (met, known bool) {
	g, ok := got.Unit.Convert(got.Value.Float(), q.Unit)
	if !ok {
		return false, false
	}
	w := q.Value.Float()
	strict := q.Cmp == Over || q.Cmp == Under
	if q.Cmp == AtMost || q.Cmp == Under {
		return metBelow(g, w, strict, got.Cmp)
	}
	return metAbove(g, w, strict, got.Cmp)
}

func metAbove(g, w float64, strict bool, c Comparator) (met, known bool) {
	enough := g > w || g == w && !strict
	switch c {
	case Over:
		return true, g >= w // else the value may lie on either side
	case AtLeast:
		return true, enough
	case AtMost:
		return false, !enough
	case Under, Near:
		return false, g <= w
	case Equal, About:
	}
	return enough, true
}

func metBelow(g, w float64, strict bool, c Comparator) (met, known bool) {
	enough := g < w || g == w && !strict
	switch c {
	case Under, Near:
		return true, g <= w
	case AtMost:
		return true, enough
	case AtLeast:
		return false, !enough
	case Over:
		return false, g >= w
	case Equal, About:
	}
	return enough, true
}

// Terse prints the number without its unit: its comparator, left out when it is =, and
// the decimal as printed, such as >=4320. ParseTerse is the inverse.
func (q Quantity) Terse() string {
	if q.Cmp == Equal {
		return q.Value.String()
	}
	return string(q.Cmp) + q.Value.String()
}

// ParseTerse reads a number as Terse prints it, in a unit as ParseUnit reads it.
//
// Errors: fault.Invalid; also for another way to write the same.
func ParseTerse(text, unit string) (q Quantity, err error) {
	digits := strings.TrimLeft(text, "=~<>")
	if q.Cmp, err = ParseComparator(text[:len(text)-len(digits)]); err != nil {
		return q, err
	}
	if q.Value, err = ParseDecimal(digits); err != nil {
		return q, err
	}
	if q.Unit, err = ParseUnit(unit); err != nil {
		return q, err
	}
	if q.Terse() != text {
		return q, fault.New(fault.Invalid, "number %.40q is not in its one form, %s", text, q.Terse())
	}
	return q, nil
}

// Chinese prints the quantity as a Chinese text would: 超1300亿元, 近150亿, 2%以上.
func (q Quantity) Chinese() string {
	n := q.Value.String() + q.Unit.text
	switch q.Cmp {
	case About:
		return "约" + n
	case Near:
		return "近" + n
	case Over:
		return "超" + n
	case AtLeast:
		return n + "以上"
	case AtMost:
		return "不超过" + n
	case Under:
		return "低于" + n
	case Equal:
	}
	return n
}

// English prints the quantity for English readers: over 130 billion yuan.
func (q Quantity) English() string {
	n := q.EnglishNumber()
	if noun := q.Unit.English(); noun != "" {
		sep := " "
		if noun == "%" || noun == "‰" {
			sep = ""
		}
		n += sep + noun
	}
	switch q.Cmp {
	case About:
		return "about " + n
	case Near:
		return "just under " + n
	case Over:
		return "over " + n
	case AtLeast:
		return "at least " + n
	case AtMost:
		return "at most " + n
	case Under:
		return "under " + n
	case Equal:
	}
	return n
}

// EnglishNumber prints the value with the Chinese scale words turned into
// thousands separators, million and billion, keeping the printed precision.
// A scale below the bar stays with the unit: 16.14 items per 10,000 people.
func (q Quantity) EnglishNumber() string {
	exp := max(q.Unit.exp, 0)
	word := ""
	size := math.Abs(q.Value.Float()) * math.Pow10(exp)
	switch {
	case exp > 0 && size >= 1e9:
		exp, word = exp-9, " billion"
	case exp > 0 && size >= 1e6:
		exp, word = exp-6, " million"
	}
	return shift(q.Value, exp).Grouped() + word
}

// shift moves the decimal point right (left when n is negative), exactly.
func shift(d Decimal, n int) Decimal {
	for ; n > 0; n-- {
		if d.places > 0 {
			d.places--
		} else {
			d.coef *= 10
		}
	}
	for ; n < 0; n++ {
		if d.places == 0 && d.coef%10 == 0 {
			d.coef /= 10
		} else {
			d.places++
		}
	}
	return d
}

// String prints comparator, value and unit for logs: ">1300 亿元".
func (q Quantity) String() string {
	s := q.Value.String()
	if q.Cmp != Equal {
		s = string(q.Cmp) + s
	}
	return strings.TrimSpace(s + " " + q.Unit.text)
}
