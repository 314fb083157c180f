package sheet

import (
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/quantity"
)

// number is what a value cell says.
type number struct {
	value   quantity.Decimal
	cmp     quantity.Comparator // "" when the cell has no word for it
	percent bool                // a percent sign stands behind it
	mended  bool                // it was not written as a plain decimal
}

// word is a word or sign for a comparator.
type word struct {
	text string
	cmp  quantity.Comparator
}

// before and behind are the words that stand before a number or behind it, a word
// ahead of any that it begins with.
//
// Source: 以上, 以下 and 以内 include the number itself, 超过, 不满 and 不足 do not
// (Civil Code of the PRC, article 1259); the rest as the seed's statistics use them.
var (
	before = []word{ //nolint:gochecknoglobals // a table, never written
		{"不超过", quantity.AtMost},
		{"不高于", quantity.AtMost},
		{"不多于", quantity.AtMost},
		{"至多", quantity.AtMost},
		{"不少于", quantity.AtLeast},
		{"不低于", quantity.AtLeast},
		{"至少", quantity.AtLeast},
		{"达到", quantity.AtLeast},
		{"提高至", quantity.AtLeast},
		{"超过", quantity.Over},
		{"突破", quantity.Over},
		{"高于", quantity.Over},
		{"大于", quantity.Over},
		{"多于", quantity.Over},
		{"超", quantity.Over},
		{"低于", quantity.Under},
		{"小于", quantity.Under},
		{"少于", quantity.Under},
		{"不足", quantity.Under},
		{"不满", quantity.Under},
		{"接近", quantity.Near},
		{"近", quantity.Near},
		{"大约", quantity.About},
		{"约", quantity.About},
		{">=", quantity.AtLeast},
		{"≥", quantity.AtLeast},
		{"<=", quantity.AtMost},
		{"≤", quantity.AtMost},
		{"~<", quantity.Near},
		{">", quantity.Over},
		{"<", quantity.Under},
		{"~", quantity.About},
		{"≈", quantity.About},
		{"=", quantity.Equal},
	}
	behind = []word{ //nolint:gochecknoglobals // a table, never written
		{"以上", quantity.AtLeast}, {"以下", quantity.AtMost}, {"以内", quantity.AtMost}, {"左右", quantity.About}, {"余", quantity.Over}, {"多", quantity.Over},
	}
)

// readComparator reads a comparator cell: a sign or a word in either position.
func readComparator(s string) (quantity.Comparator, error) {
	if c, err := quantity.ParseComparator(s); err == nil {
		return c, nil
	}
	half := halfWidth(s)
	for _, table := range [][]word{before, behind} {
		for _, w := range table {
			if half == w.text {
				return w.cmp, nil
			}
		}
	}
	return "", fault.New(fault.Invalid, "%s is not a comparator; known are = ~ (约) ~< (近) > (超) >= (以上) <= (不超过) < (低于)", quote(s))
}

// readNumber reads a value cell: a decimal as quantity.ParseDecimal takes it, or
// one with a comparator word, thousands separators, a percent sign, a plus sign
// or full-width characters, which are mended. Anything else is fault.Invalid.
func readNumber(s string) (n number, err error) {
	if len(s) <= maxNumber {
		if n.value, err = quantity.ParseDecimal(s); err == nil {
			return n, nil
		}
	}
	n.mended = true
	digits := halfWidth(s)
	if n.cmp, digits, err = cutComparator(digits); err != nil {
		return n, err
	}
	if rest, ok := strings.CutSuffix(digits, "%"); ok {
		n.percent, digits = true, strings.TrimSpace(rest)
	}
	digits = strings.TrimPrefix(digits, "+")
	if strings.Contains(digits, ",") {
		if !grouped(digits) {
			return n, fault.New(fault.Invalid, "%s has a comma that does not stand between thousands, as in 48,838", quote(s))
		}
		digits = strings.ReplaceAll(digits, ",", "")
	}
	if why := noNumber(digits); why != "" {
		return n, fault.New(fault.Invalid, "%s %s", quote(s), why)
	}
	n.value, err = quantity.ParseDecimal(digits)
	return n, err
}

// maxNumber is the longest text that can be a number: 18 digits, point and sign.
const maxNumber = 20

// noNumber says why digits cannot be a number when there is more to say than that
// they are none.
func noNumber(digits string) string {
	mantissa, exponent, isFloat := strings.Cut(strings.ToLower(digits), "e")
	switch {
	case digits == "":
		return "has no number in it; leave the row out when the number is not known"
	case isFloat && onlyOf(mantissa, "0123456789.+-") && onlyOf(exponent, "0123456789+-"):
		return "is written with an exponent, which may have lost digits; write all its digits"
	case len(digits) > maxNumber:
		return "is longer than a number of 18 digits"
	case !onlyOf(digits, "0123456789.+-"):
		return "is not a number such as 16.14; a unit belongs in the column " + colMeasure.String() + ", words in " + colPrinted.String()
	}
	return ""
}

// onlyOf reports whether s is not empty and holds only these characters.
func onlyOf(s, chars string) bool { return s != "" && strings.Trim(s, chars) == "" }

// cutComparator takes the comparator's word off a number.
func cutComparator(s string) (cmp quantity.Comparator, rest string, err error) {
	whole := s
	for _, w := range before {
		if r, ok := strings.CutPrefix(s, w.text); ok {
			cmp, s = w.cmp, strings.TrimSpace(r)
			break
		}
	}
	for _, w := range behind {
		r, ok := strings.CutSuffix(s, w.text)
		if !ok {
			continue
		}
		if cmp != "" && cmp != w.cmp {
			return "", "", fault.New(fault.Invalid, "%s has two comparators, %s and %s", quote(whole), cmp, w.cmp)
		}
		cmp, s = w.cmp, strings.TrimSpace(r)
		break
	}
	return cmp, s, nil
}

// grouped reports whether the commas of a number stand between thousands only.
func grouped(s string) bool {
	whole, _, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	groups := strings.Split(whole, ",")
	for i, g := range groups {
		if len(g) != 3 && (i > 0 || g == "" || len(g) > 3) {
			return false
		}
	}
	return !strings.Contains(s[strings.LastIndexByte(s, ',')+1:], ",")
}

// halfWidth turns full-width ASCII, the minus sign and wide spaces into ASCII, as
// Chinese input methods write them, and drops spaces around the whole.
func halfWidth(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '−' || r == '﹣':
			return '-'
		case r == '\u3000' || r == '\u00a0' || r == '\u202f' || r == '\u2009':
			return ' '
		}
		return r
	}, s))
}
