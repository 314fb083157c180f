package projects

import (
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// Money is an amount in yuan, written in 万元 as budgets are: "1250.5" is
// 12,505,000 yuan. The zero Money is nothing.
type Money struct{ yuan int64 }

// maxMoney is what a budget may hold in 万元: ten times the city's yearly product.
const maxMoney = 400_000_000_000

// ParseMoney reads an amount in 万元: digits, thousands separators, at most four
// places, "万元" or not.
//
//   - Errors: fault.Invalid for anything else, a minus among it.
func ParseMoney(s string) (Money, error) {
	text := strings.TrimSuffix(strings.TrimSpace(s), "万元")
	whole, fraction, point := strings.Cut(strings.ReplaceAll(strings.TrimSpace(text), ",", ""), ".")
	n, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || n > maxMoney || point && fraction == "" || len(fraction) > 4 {
		return Money{}, fault.Say(fault.Invalid, "金额 %q 不对：以万元为单位，最多四位小数，如 1250.5。", "amount %q is not a number of 万元 with at most four places, such as 1250.5", s)
	}
	rest, err := strconv.ParseUint("0"+(fraction + "0000")[:4], 10, 16)
	if err != nil {
		return Money{}, fault.Say(fault.Invalid, "金额 %q 不对：以万元为单位，最多四位小数，如 1250.5。", "amount %q is not a number of 万元 with at most four places, such as 1250.5", s)
	}
	return Money{int64(n)*10_000 + int64(rest)}, nil
}

// String is the inverse of ParseMoney.
func (m Money) String() string {
	s := strconv.FormatInt(m.yuan/10_000, 10)
	if rest := m.yuan % 10_000; rest != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(10_000+rest, 10)[1:], "0")
	}
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Money) UnmarshalText(b []byte) (err error) {
	*m, err = ParseMoney(string(b))
	return err
}

// plus adds amounts.
func (m Money) plus(n Money) Money { return Money{m.yuan + n.yuan} }

// words prints an amount as people write it in each language.
func (m Money) words() pack.Text {
	wan := float64(m.yuan) / 10_000
	if wan >= 10_000 {
		return pack.Text{ZH: tidy(wan/10_000) + "亿元", EN: "CNY " + tidy(wan/100) + " million"}
	}
	return pack.Text{ZH: tidy(wan) + "万元", EN: "CNY " + tidy(wan/100) + " million"}
}

// tidy prints x with at most two places and none that are zero.
func tidy(x float64) string {
	s := web.Number(x, 2)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
