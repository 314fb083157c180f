package sheet

import "strings"

// escapeFormula puts an apostrophe before text that a spreadsheet would run as a
// formula when it opens a CSV file: text from a form must not become a command on
// the machine of whoever opens the export.
//
// Source: OWASP, CSV Injection (= + - @, tab and carriage return, and the
// full-width forms).
func escapeFormula(s string) string {
	if startsFormula(strings.TrimLeft(s, "'")) {
		return "'" + s
	}
	return s
}

// unescapeFormula is the inverse of escapeFormula.
func unescapeFormula(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && startsFormula(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return s
}

func startsFormula(s string) bool {
	for _, r := range s {
		return strings.ContainsRune("=+-@\t\r\uff1d\uff0b\uff0d\uff20", r)
	}
	return false
}
