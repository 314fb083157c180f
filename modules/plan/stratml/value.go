package stratml

import (
	"strings"
	"time"

	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

const startDate = "StartDate"

// numberRead is what readNumber made of a text.
type numberRead struct {
	value string // as quantity.ParseDecimal reads it; empty for no number
	valid bool   // the text was an xsd:decimal
	more  bool   // the text says more than the number, such as "≥ 1,300 firms"
}

// readNumber finds the number in a text. Thousands separators are dropped; a
// single number with words around it is taken, two numbers or none are not.
func readNumber(s string) numberRead {
	if v := decimal(s); v != "" {
		return numberRead{value: v, valid: true}
	}
	if v := decimal(ungroup(s)); v != "" {
		return numberRead{value: v}
	}
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	first, last := strings.IndexFunc(s, isDigit), strings.LastIndexFunc(s, isDigit)
	if first < 0 {
		return numberRead{}
	}
	if first > 0 && s[first-1] == '-' && (first == 1 || s[first-2] == ' ') {
		first--
	}
	v := decimal(ungroup(s[first : last+1]))
	return numberRead{value: v, more: v != ""}
}

// decimal returns an xsd:decimal as quantity.ParseDecimal wants it, or "".
func decimal(s string) string {
	s = strings.TrimPrefix(s, "+")
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	whole = strings.TrimLeft(whole, "0")
	if whole == "" && strings.HasPrefix(digits, "0") || whole == "" && fraction != "" {
		whole = "0"
	}
	v := whole
	if fraction != "" {
		v += "." + fraction
	}
	if negative && strings.Trim(v, "0.") != "" {
		v = "-" + v
	}
	if _, err := quantity.ParseDecimal(v); err != nil {
		return ""
	}
	return v
}

// ungroup drops separators between groups of three digits: "1,300", "12 700".
func ungroup(s string) string {
	for _, sep := range []string{",", " ", "，", "'"} {
		whole, fraction, point := strings.Cut(s, ".")
		groups := strings.Split(whole, sep)
		good := len(groups) > 1 && groups[0] != "" && len(strings.TrimLeft(groups[0], "+-")) <= 3
		for _, g := range groups[1:] {
			good = good && len(g) == 3
		}
		if !good {
			continue
		}
		s = strings.Join(groups, "")
		if point {
			s += "." + fraction
		}
	}
	return s
}

// dateRead is what readDate made of a text.
type dateRead struct {
	span period.Period // a day, or a longer period; zero for no date
	how  string        // what was wrong with the text; empty for a plain xsd:date
}

// The years that a plan can be about, as period.Parse has them.
const minYear, maxYear = 1900, 2200

// dateForm is a form in which people write dates.
type dateForm struct {
	layout string // of package time
	freq   period.Freq
	how    string
}

// dateForms are tried in turn. A date of two numbers and a year is American,
// as most published StratML is, when it can be.
func dateForms() []dateForm {
	const (
		plain = "is not in the form of an xsd:date"
		zoned = "has a time or a zone, which a day of a plan does not need"
	)
	return []dateForm{
		{time.DateOnly, period.Day, ""},
		{"2006-01-02Z07:00", period.Day, zoned},
		{"2006-01-02T15:04:05Z07:00", period.Day, zoned},
		{"2006-01-02T15:04:05", period.Day, zoned},
		{"2006-1-2", period.Day, plain},
		{"2006/1/2", period.Day, plain},
		{"2006.1.2", period.Day, plain},
		{"20060102", period.Day, plain},
		{"2006年1月2日", period.Day, plain},
		{"2006年1月", period.Month, plain},
		{"2006年", period.Annual, plain},
		{"January 2, 2006", period.Day, plain},
		{"Jan 2, 2006", period.Day, plain},
		{"2 January 2006", period.Day, plain},
		{"2 Jan 2006", period.Day, plain},
		{"January 2006", period.Month, plain},
		{"1/2/2006", period.Day, plain + " (month first, as in the United States)"},
		{"2/1/2006", period.Day, plain + " (day first, as there is no such month)"},
	}
}

// readDate reads a day, or a longer period where only that is said.
func readDate(s string) dateRead {
	for _, f := range dateForms() {
		t, err := time.Parse(f.layout, s)
		if err == nil && t.Year() >= minYear && t.Year() <= maxYear {
			return dateRead{period.Of(t, f.freq), f.how}
		}
	}
	p, err := period.Parse(s)
	if err != nil {
		return dateRead{}
	}
	return dateRead{p, "is not one day"}
}
