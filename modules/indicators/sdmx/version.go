package sdmx

import (
	"regexp"
	"strconv"
	"strings"
)

// versionForm is one version in a query: up to three numbers of which one may
// carry or be a wildcard, and an extension.
var versionForm = regexp.MustCompile(`^(\d{1,9}|\d{0,9}[+~*])(\.(\d{1,9}|\d{0,9}[+~*]))?(\.(\d{1,9}|\d{0,9}[+~*]))?(-[A-Za-z0-9.-]+)?$`)

// validVersion reports whether s is one version or version range of SDMX-REST 2.x.
//
// Source: SDMX-REST 2.2.2, "Query syntax for specific, latest or all artefact
// versions", with its list of syntax that is not supported.
func validVersion(s string) bool {
	if !versionForm.MatchString(s) {
		return false
	}
	wild := strings.IndexAny(s, "+~*")
	if wild < 0 {
		return strings.Count(s, ".") == 2 || !strings.Contains(s, "-")
	}
	if strings.ContainsAny(s[wild+1:], "+~*-") {
		return false
	}
	bare := wild == 0 || s[wild-1] == '.'
	if bare && strings.Trim(s[wild+1:], ".0") != "" {
		return false // a number after a part that may be anything
	}
	return s[wild] != '+' || strings.Count(s, ".") == 2 || s == "+"
}

// matchVersion reports whether an artefact's version is within the query's. It
// does not choose the latest: "+" and "~" match every version they may yield.
func matchVersion(query, version string) bool {
	if query == version || query == "*" || query == "~" {
		return true
	}
	wild := strings.IndexAny(query, "+~*")
	if wild < 0 {
		return false
	}
	core, ext, extended := strings.Cut(version, "-")
	have := strings.Split(core, ".")
	if query == "+" {
		query, wild = "1+.0.0", 1
	}
	stable := query[wild] == '+'
	if stable && (extended || ext != "" || len(have) != 3 || number(have[0]) == 0) {
		return false
	}
	want := strings.Split(query, ".")
	if len(want) != len(have) {
		return false
	}
	for i, w := range want {
		if strings.ContainsAny(w, "+~*") {
			return atLeast(have[i:], want[i:])
		}
		if number(w) != number(have[i]) {
			return false
		}
	}
	return true
}

// atLeast compares the parts from the wildcard on.
func atLeast(have, want []string) bool {
	for i := range want {
		h, w := number(have[i]), number(strings.Trim(want[i], "+~*"))
		if h != w {
			return h > w
		}
	}
	return true
}

// latest reports whether the query wants only the latest of what it matches.
func latest(query string) bool { return strings.ContainsAny(query, "+~") }

// newer reports whether version a comes after b.
func newer(a, b string) bool {
	coreA, extA, _ := strings.Cut(a, "-")
	coreB, extB, _ := strings.Cut(b, "-")
	as, bs := strings.Split(coreA, "."), strings.Split(coreB, ".")
	for i := range max(len(as), len(bs)) {
		var x, y int
		if i < len(as) {
			x = number(as[i])
		}
		if i < len(bs) {
			y = number(bs[i])
		}
		if x != y {
			return x > y
		}
	}
	if (extA == "") != (extB == "") {
		return extA == "" // a draft comes before its release
	}
	return extA > extB
}

// number reads digits; what is no number counts as 0.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
