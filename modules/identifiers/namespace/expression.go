package namespace

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"yuzhou/modules/identifiers/namespace/tree"
)

// Limits of the regular expressions of a namespace.
const (
	maxExpression = 1024  // bytes
	maxCost       = 4096  // instructions of one
	maxCosts      = 32768 // instructions of all
)

// expression compiles a regular expression that must match a whole text, in any case,
// as identifiers do. Cost is about how many instructions it has.
func (r *reader) expression(n *tree.Node, s string) (*regexp.Regexp, int) {
	if len(s) > maxExpression {
		r.fail(n, "expression has %d bytes, at most %d are allowed", len(s), maxExpression)
		return nil, 0
	}
	if what := ofJava(s); what != "" {
		r.fail(n, "expression %q has %s, which RE2 reads otherwise than Java does; write it without", s, what)
		return nil, 0
	}
	parsed, err := syntax.Parse(s, syntax.Perl|syntax.FoldCase)
	if err != nil {
		r.fail(n, "expression %q is not RE2: %v (lookarounds, back references, possessive quantifiers and atomic groups are not, because they can take time without bound)", s, err)
		return nil, 0
	}
	cost := instructions(parsed)
	r.cost += min(cost, maxCosts)
	if cost > maxCost || r.cost > maxCosts {
		r.fail(n, "expression %q, or all together, are too big; repeat less often", s)
		return nil, 0
	}
	compiled, err := regexp.Compile(`(?i)\A(?:` + s + `)\z`)
	if err != nil {
		r.fail(n, "expression %q is not RE2: %v", s, err)
		return nil, 0
	}
	return compiled, cost
}

// instructions returns about how many instructions an expression compiles to, before
// it does; far more than maxCost comes out as just more.
func instructions(re *syntax.Regexp) int {
	sum := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		sum += instructions(sub)
	}
	if re.Op == syntax.OpRepeat {
		sum *= max(re.Min, re.Max, 1)
	}
	return min(sum, 2*maxCosts)
}

// ofJava returns what an expression has that both kinds of expressions accept and read
// in two ways, or "".
func ofJava(s string) string {
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], `\Q`):
			return `a quotation \Q`
		case s[i] == '\\':
			i++
		case s[i] == '[':
			end, what := class(s, i)
			if what != "" {
				return what
			}
			i = end
		}
	}
	return ""
}

// class reads a class that begins at a place, and returns where it ends and what it has
// that is of Java alone.
func class(s string, at int) (end int, what string) {
	at++
	if strings.HasPrefix(s[at:], "^") {
		at++
	}
	if strings.HasPrefix(s[at:], "]") {
		return at, "a class that begins with ]"
	}
	for ; at < len(s) && s[at] != ']'; at++ {
		switch {
		case s[at] == '\\':
			at++
		case s[at] == '[':
			return at, "a class in a class"
		case strings.HasPrefix(s[at:], "&&"):
			return at, "an intersection &&"
		}
	}
	return at, ""
}
