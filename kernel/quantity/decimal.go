// Package quantity holds printed numbers: an exact decimal, the comparator it
// was printed with (超, 近, 以上 …) and its unit with its scale (万, 亿).
//
// What must hold: a number is kept as it was printed (2.30 is not 2.3, 1.27 万家
// is not 12700 家), and every Parse has its String as inverse. Arithmetic is done
// elsewhere, in float64; here numbers are only compared and printed.
package quantity

import (
	"math"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
)

// Decimal is an exact decimal number of at most 18 significant digits. It
// remembers its trailing zeros: they are the precision it was printed with.
type Decimal struct {
	coef   int64 // the digits, without the point
	places uint8 // digits after the point
}

const maxDigits = 18

// ParseDecimal reads an optional minus sign, digits and an optional fraction,
// such as "48838", "-0.5" or "16.14". Anything else is fault.Invalid.
func ParseDecimal(s string) (Decimal, error) {
	digits := strings.TrimPrefix(s, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	bad := whole == "" || point && fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" ||
		len(whole) > 1 && whole[0] == '0'
	if bad {
		return Decimal{}, fault.New(fault.Invalid, "number %q is not digits with an optional point, such as 16.14", s)
	}
	if len(whole)+len(fraction) > maxDigits {
		return Decimal{}, fault.New(fault.Invalid, "number %q has more than %d digits", s, maxDigits)
	}
	coef, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil {
		return Decimal{}, fault.New(fault.Invalid, "number %q cannot be read", s)
	}
	if s[0] == '-' {
		if coef == 0 {
			return Decimal{}, fault.New(fault.Invalid, "number %q: zero has no sign", s)
		}
		coef = -coef
	}
	return Decimal{coef, uint8(len(fraction))}, nil //nolint:gosec // at most maxDigits
}

// Int returns the whole number n; it has no digits after the point.
func Int(n int64) Decimal { return Decimal{coef: n} }

// FromFloat rounds x half to even at the given digits after the point (0 to 15).
// NaN, infinities and numbers of more than 18 digits are fault.Invalid.
func FromFloat(x float64, places int) (Decimal, error) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return Decimal{}, fault.New(fault.Invalid, "%v is not a number that can be printed", x)
	}
	s := strconv.FormatFloat(x, 'f', places, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-") // no negative zero
	}
	return ParseDecimal(s)
}

// String prints the number with the digits it was read with.
func (d Decimal) String() string {
	s := strconv.FormatInt(d.coef, 10)
	if d.places == 0 {
		return s
	}
	sign := ""
	if d.coef < 0 {
		sign, s = "-", s[1:]
	}
	if n := int(d.places) + 1 - len(s); n > 0 {
		s = strings.Repeat("0", n) + s
	}
	cut := len(s) - int(d.places)
	return sign + s[:cut] + "." + s[cut:]
}

// Places returns the digits after the point.
func (d Decimal) Places() int { return int(d.places) }

// Float returns the nearest float64.
func (d Decimal) Float() float64 {
	f, err := strconv.ParseFloat(d.String(), 64)
	if err != nil {
		return math.NaN() // cannot happen: String prints what ParseFloat reads
	}
	return f
}

// Cmp compares the values (2.30 and 2.3 are equal): -1, 0 or 1.
func (d Decimal) Cmp(e Decimal) int {
	a, b := d.String(), e.String()
	if d.places == e.places {
		return sign(d.coef, e.coef)
	}
	if (d.coef < 0) != (e.coef < 0) {
		return sign(d.coef, e.coef)
	}
	c := compareMagnitude(strings.TrimPrefix(a, "-"), strings.TrimPrefix(b, "-"))
	if d.coef < 0 {
		return -c
	}
	return c
}

func sign(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// compareMagnitude compares two unsigned decimals in their printed form.
func compareMagnitude(a, b string) int {
	wa, fa, _ := strings.Cut(a, ".")
	wb, fb, _ := strings.Cut(b, ".")
	if len(wa) != len(wb) {
		return sign(int64(len(wa)), int64(len(wb)))
	}
	if c := strings.Compare(wa, wb); c != 0 {
		return c
	}
	return strings.Compare(strings.TrimRight(fa, "0"), strings.TrimRight(fb, "0"))
}

// Grouped prints the number with thousands separators, as people read it: 48,838.
func (d Decimal) Grouped() string {
	s := d.String()
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	whole, fraction, point := strings.Cut(s, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	if point {
		b.WriteString("." + fraction)
	}
	return b.String()
}

// MarshalText implements encoding.TextMarshaler.
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Decimal) UnmarshalText(b []byte) error {
	e, err := ParseDecimal(string(b))
	if err == nil {
		*d = e
	}
	return err
}
