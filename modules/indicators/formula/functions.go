package formula

import (
	"slices"
	"strings"
)

// function says how a function is called.
type function struct {
	form   string   // as people write it, for errors
	args   int      // expressions it takes at least
	more   int      // and how many more it may take
	count  bool     // its last argument is a whole number
	least  int      // the smallest count
	most   int      // the largest count
	absent int      // the count when it is left out; 0 when it must be there
	words  []string // words it may take behind its expressions
	word   bool     // at least one of them must be there
}

// many is more arguments than fit in a formula.
const many = maxLength

// functions are all functions but target and if, which have their own grammar.
var functions = map[string]function{ //nolint:gochecknoglobals // a table, never written
	"pct":           {form: "pct(x)", args: 1},
	"ratio":         {form: "ratio(x)", args: 1},
	"abs":           {form: "abs(x)", args: 1},
	"min":           {form: "min(x, y)", args: 2, more: many},
	"max":           {form: "max(x, y)", args: 2, more: many},
	"round":         {form: "round(x, n)", args: 1, count: true, most: maxPlaces, absent: -1},
	"default":       {form: "default(x, y)", args: 2},
	"lag":           {form: "lag(x, n)", args: 1, count: true, least: 1, most: maxSteps},
	"lead":          {form: "lead(x, n)", args: 1, count: true, least: 1, most: maxSteps},
	"diff":          {form: "diff(x) or diff(x, n)", args: 1, count: true, least: 1, most: maxSteps, absent: 1},
	"yoy":           {form: "yoy(x)", args: 1},
	"ytd":           {form: "ytd(x)", args: 1},
	"cumulate":      {form: "cumulate(x)", args: 1},
	"stock_to_flow": {form: "stock_to_flow(x)", args: 1},
	"flow_to_stock": {form: "flow_to_stock(x, base)", args: 2},
	"fill":          {form: "fill(x, previous), fill(x, zero) or fill(x, linear)", args: 1, words: []string{"previous", "zero", "linear"}, word: true},
	"mean":          {form: "mean(x, n)", args: 1, count: true, least: 1, most: maxSteps},
	"sum":           {form: "sum(x, n)", args: 1, count: true, least: 1, most: maxSteps},
	"rollup":        {form: "rollup(x) or rollup(x, weight)", args: 1, more: 1},
	"share":         {form: "share(x)", args: 1},
	"rank":          {form: "rank(x), rank(x, low) or rank(x, high, dense)", args: 1, words: []string{"high", "low", "dense"}},
}

// names lists the functions for errors, in order.
func names() []string {
	all := []string{"if", "target"}
	for name := range functions {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// nearest returns the function that was probably meant, or "".
func nearest(word string) string {
	best, at := "", min(3, len(word)/2+1)
	for _, name := range names() {
		if d := distance(strings.ToLower(word), name); d < at {
			best, at = name, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two short words.
func distance(a, b string) int {
	if len(a) > 20 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
