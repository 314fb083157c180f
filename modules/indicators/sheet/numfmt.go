package sheet

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// form is how a number format shows a number.
type form struct {
	kind   formKind
	places int // digits after the point that are always shown
}

type formKind int

const (
	general formKind = iota // as few digits as say the number
	fixed                   // with so many digits after the point
	percentage
	year
	month
	day
	clock // a time without a date
)

// builtin returns the form of a number format that files name without spelling out.
//
// Source: ECMA-376 Part 1 §18.8.30 (numFmt), with the date formats of zh-CN.
func builtin(id int) form {
	switch {
	case id == 1 || id == 3 || id == 37 || id == 38:
		return form{fixed, 0}
	case id == 2 || id == 4 || id == 39 || id == 40 || id == 43 || id == 44:
		return form{fixed, 2}
	case id == 9:
		return form{percentage, 0}
	case id == 10:
		return form{percentage, 2}
	case id == 17 || id == 27 || id == 36 || id == 50 || id == 52 || id == 57:
		return form{kind: month}
	case id >= 18 && id <= 21 || id >= 32 && id <= 35 || id == 55 || id == 56 || id >= 45 && id <= 47:
		return form{kind: clock}
	case id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 50 && id <= 58:
		return form{kind: day}
	}
	return form{}
}

// parseForm reads a spelt-out number format such as 0.00%, #,##0 or yyyy"年"m"月".
func parseForm(code string) form {
	code = strings.ToLower(bareFormat(code))
	digits := strings.ContainsAny(code, "0#?")
	switch {
	case !digits && strings.Contains(code, "d"):
		return form{kind: day}
	case !digits && strings.Contains(code, "y") && strings.Contains(code, "m"):
		return form{kind: month}
	case !digits && strings.Contains(code, "y"):
		return form{kind: year}
	case strings.ContainsAny(code, "hs") && !strings.Contains(code, "general"):
		return form{kind: clock}
	case !digits || strings.Contains(code, "e+") || strings.Contains(code, "e-") || strings.Contains(code, "/"):
		return form{} // text, scientific or a fraction
	}
	kind := fixed
	if strings.Contains(code, "%") {
		kind = percentage
	}
	_, fraction, _ := strings.Cut(code, ".")
	return form{kind, len(fraction) - len(strings.TrimLeft(fraction, "0"))}
}

// bareFormat returns the first section of a format without what is shown as it is:
// quoted text, escaped characters, fillers, [colours] and [locales].
func bareFormat(code string) string {
	var b strings.Builder
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case ';':
			return b.String()
		case '"':
			i += 1 + strings.IndexByte(code[i+1:]+`"`, '"')
		case '[':
			i += 1 + strings.IndexByte(code[i+1:]+"]", ']')
		case '\\', '_', '*':
			i++
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// show returns a number cell as its sheet shows it, but with all its digits: the
// period grammar for dates (a cell that shows year and month is that month), a
// percent sign for percentages, trailing zeros where the format asks for them.
func (f form) show(raw string, epoch time.Time) cell {
	x, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		return cell{text: raw, flaw: "holds no number"}
	}
	switch f.kind {
	case year, month, day, clock:
		return f.date(x, epoch)
	case general, fixed, percentage:
	}
	text, rounded := decimalText(x)
	c := cell{text: text}
	if f.kind == percentage {
		c.text = shiftPoint(c.text, 2)
	}
	if f.kind != general {
		c.text = pad(c.text, f.places)
	}
	if f.kind == percentage {
		c.text += "%"
	}
	if rounded {
		c.mend = raw + " was rounded to the 15 digits that a spreadsheet keeps"
	}
	return c
}

// date shows a serial number: days since the epoch, and a fraction of a day.
func (f form) date(serial float64, epoch time.Time) cell {
	const first, last = 61, 110_000 // 1900-03-01, before which Excel counts a day too many; 2201
	if f.kind == clock || serial < first || serial > last {
		return cell{text: strconv.FormatFloat(serial, 'f', -1, 64), flaw: "is shown as a date or time but holds no date since 1900-03-01"}
	}
	days, rest := math.Modf(serial)
	t := epoch.AddDate(0, 0, int(days))
	switch {
	case f.kind == year:
		return cell{text: t.Format("2006")}
	case f.kind == month:
		return cell{text: t.Format("2006-01")}
	case rest != 0:
		seconds := time.Duration(math.Round(rest*86400)) * time.Second
		return cell{text: t.Add(seconds).Format(time.DateTime)}
	}
	return cell{text: t.Format(time.DateOnly)}
}

// significant is how many digits of a number a spreadsheet keeps.
const significant = 15

// decimalText prints the number of a cell as a plain decimal. Files write 2.3 as
// 2.2999999999999998; both are the same float, whose shortest decimal is the one
// that was typed. What 15 digits cannot say is rounded, as spreadsheets show it.
func decimalText(x float64) (text string, rounded bool) {
	if x == 0 {
		return "0", false // also a negative zero
	}
	text = strconv.FormatFloat(x, 'f', -1, 64)
	if digitsOf(text) <= significant {
		return text, false
	}
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', significant-1, 64), 64)
	if err != nil {
		return text, false // cannot happen: it is what FormatFloat prints
	}
	return strconv.FormatFloat(y, 'f', -1, 64), y != x
}

// digitsOf counts the significant digits of a plain decimal.
func digitsOf(s string) int {
	whole, fraction, point := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if !point {
		whole = strings.TrimRight(whole, "0")
	}
	return len(strings.TrimLeft(whole+fraction, "0"))
}

// pad adds zeros until the plain decimal s has so many digits after the point.
func pad(s string, places int) string {
	_, fraction, point := strings.Cut(s, ".")
	n := min(places, 18) - len(fraction)
	if n <= 0 {
		return s
	}
	if !point {
		s += "."
	}
	return s + strings.Repeat("0", n)
}

// shiftPoint multiplies the plain decimal s by ten to the n, exactly.
func shiftPoint(s string, n int) string {
	if n == 0 {
		return s
	}
	digits, minus := strings.CutPrefix(s, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if n > 0 {
		fraction += strings.Repeat("0", max(0, n-len(fraction)))
		whole, fraction = whole+fraction[:n], fraction[n:]
	} else {
		whole = strings.Repeat("0", max(0, -n-len(whole))) + whole
		cut := len(whole) + n
		whole, fraction = whole[:cut], whole[cut:]+fraction
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if minus && strings.Trim(whole, "0.") != "" {
		whole = "-" + whole
	}
	return whole
}
