package canon

import (
	"math"
	"strconv"
	"strings"

	"github.com/gowebpki/jcs"
)

// maxNumber is the greatest integer below which every integer is a double: 2^53-1.
// Beyond it all doubles are integers, so one bound does for every number.
const maxNumber = 1<<53 - 1

// number reads a number and refuses one that a double does not give back.
func (s *scanner) number() error {
	start := s.at
	if err := s.grammar(); err != nil {
		return err
	}
	text := string(s.doc[start:s.at])
	if len(text) <= 15 && strings.Trim(text, "0123456789") == "" {
		return nil // most numbers: an integer of few digits is itself
	}
	if err := comesBack(start, text); err != nil {
		return err
	}
	s.loose = s.loose || printed(text) != text
	return nil
}

// grammar skips a number as RFC 8259 §6 writes it.
func (s *scanner) grammar() error {
	start := s.at
	if s.doc[s.at] == '-' {
		s.at++
	}
	whole := s.digits()
	if whole == 0 {
		return s.unexpected("a digit")
	}
	if first := s.at - whole; whole > 1 && s.doc[first] == '0' {
		return refuse(start, "the number begins with a zero; leave it out")
	}
	if s.is(".") {
		s.at++
		if s.digits() == 0 {
			return s.unexpected("a digit after the point")
		}
	}
	if s.is("eE") {
		s.at++
		if s.is("+-") {
			s.at++
		}
		if s.digits() == 0 {
			return s.unexpected("a digit of the exponent")
		}
	}
	return nil
}

// printed is the number as ECMAScript writes it.
func printed(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return ""
	}
	out, err := jcs.NumberToJSON(f)
	if err != nil {
		return ""
	}
	return out
}

// is reports whether one of chars is looked at.
func (s *scanner) is(chars string) bool {
	return s.at < len(s.doc) && strings.IndexByte(chars, s.doc[s.at]) >= 0
}

// digits skips digits and says how many.
func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.doc) && '0' <= s.doc[s.at] && s.doc[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}

// comesBack refuses a number whose digits a reader of doubles would change.
func comesBack(at int, text string) error {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(f) > maxNumber {
		return refuse(at, "number %s is beyond ±(2^53-1), where I-JSON is not exact; give it as a string", shorten(text))
	}
	digits, exponent := decimal(text)
	back, backExponent := decimal(strconv.FormatFloat(f, 'e', -1, 64))
	if digits != back || exponent != backExponent {
		return refuse(at, "number %s loses digits in a double, which gives back %v; give it as a string", shorten(text), f)
	}
	return nil
}

// decimal returns the digits of a number without zeros at their ends, and the
// exponent of ten with which 0.digits is its magnitude: "-4.50e3" is "45" and 4. Zero
// is "" and 0, whatever its sign: RFC 8785 writes -0 as 0.
func decimal(text string) (string, int) {
	mantissa, power, _ := strings.Cut(strings.ReplaceAll(strings.TrimPrefix(text, "-"), "E", "e"), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	zeros := len(whole) + len(fraction) - len(digits)
	if digits = strings.TrimRight(digits, "0"); digits == "" {
		return "", 0
	}
	// Out of the range of int, Atoi gives the end of the range; half of that cannot
	// overflow below and is still far from the exponent of any double.
	exponent := 0
	if power != "" {
		exponent, _ = strconv.Atoi(power)
	}
	return digits, max(min(exponent, math.MaxInt/2), math.MinInt/2) + len(whole) - zeros
}

func shorten(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}
