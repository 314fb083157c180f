// Package replay computes a derived number again from what its proof carries: the
// statements of its inputs and the text of its formula. It reads nothing else, so that a
// verifier does with it on a stranger's machine what the city did.
//
// What must hold: a Rule holds everything that the computation needs beside the
// inputs' numbers.
package replay

import (
	"encoding/json"
	"slices"
	"strings"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/modules/indicators/formula"
)

// Rule is how a derived number follows from its inputs. Its JSON, in canonical form, is
// what statements name by digest.
type Rule struct {
	Formula string            `json:"formula"`
	Unit    string            `json:"unit"`           // of the result
	Inputs  []Input           `json:"inputs"`         // by id
	Tree    map[string]string `json:"tree,omitempty"` // unit: the one above it; where the formula looks at other units
}

// Input is what a formula must know of an indicator that it reads.
type Input struct {
	ID     string `json:"id"`
	Unit   string `json:"unit"`
	Nature string `json:"nature"`
	Space  string `json:"space"`
	YTD    bool   `json:"ytd,omitempty"`
}

// tree is the units as a rule has them.
type tree map[string]string

// Parent implements formula.Tree.
func (t tree) Parent(unit string) string { return t[unit] }

// Children implements formula.Tree.
func (t tree) Children(unit string) []string {
	var out []string
	for u, p := range t {
		if p == unit {
			out = append(out, u)
		}
	}
	slices.Sort(out)
	return out
}

// number is an input as its statement has it.
type number struct {
	indicator, unit string
	period          period.Period
	target          bool
	value           formula.Value
}

// Replay computes a stated number again.
//
//   - st: the statement; its name ends in indicator/unit/period.
//   - rule: the text of its formula. inputs: the statements that it names.
//   - Result: the value as quantity.Terse prints it, with as many digits as st.Value has.
//   - Errors: fault.Invalid, with what is missing or wrong.
func Replay(st statement.Statement, rule []byte, inputs []statement.Statement) (string, error) {
	var r Rule
	if err := json.Unmarshal(rule, &r); err != nil {
		return "", fault.New(fault.Invalid, "the formula is not JSON of a rule: %v", err)
	}
	typed, err := r.typed()
	if err != nil {
		return "", err
	}
	of, err := split(st.Name)
	if err != nil {
		return "", err
	}
	stated, err := quantity.ParseTerse(st.Value, st.Unit)
	if err != nil {
		return "", err
	}
	var all []number
	for _, in := range inputs {
		n, err := read(in)
		if err != nil {
			return "", err
		}
		all = append(all, n)
	}
	cell := formula.Cell{At: of.period, Unit: of.unit, Tree: tree(r.Tree), Lookup: func(w formula.Want) (formula.Value, bool) { return r.find(all, w) }}
	v, _ := typed.Eval(cell)
	if v.Missing() {
		return "", fault.New(fault.Invalid, "the number cannot be computed from the inputs that are here")
	}
	value, err := quantity.FromFloat(v.Float, stated.Value.Places())
	if err != nil {
		return "", err
	}
	return quantity.Quantity{Value: value, Cmp: v.Cmp}.Terse(), nil
}

// typed parses and checks the formula.
func (r Rule) typed() (*formula.Typed, error) {
	unit, err := quantity.ParseUnit(r.Unit)
	if err != nil {
		return nil, err
	}
	e, err := formula.Parse(r.Formula)
	if err != nil {
		return nil, err
	}
	t, err := formula.Check(e, func(id string) (formula.Info, error) {
		for _, in := range r.Inputs {
			if in.ID == id {
				u, err := quantity.ParseUnit(in.Unit)
				return formula.Info{Unit: u, Nature: formula.Nature(in.Nature), Space: formula.SpaceRule(in.Space), YTD: in.YTD}, err
			}
		}
		return formula.Info{}, fault.New(fault.Invalid, "the rule does not say what %q counts", id)
	})
	if err != nil {
		return nil, err
	}
	return t.In(unit)
}

// find looks an input up as the city does: a number of exactly the period, or, for a
// stock asked about a longer one, the number at its end.
func (r Rule) find(all []number, w formula.Want) (formula.Value, bool) {
	var end *number
	for i, n := range all {
		switch {
		case n.indicator != w.ID || n.unit != w.Unit || n.target != w.Target:
		case n.period == w.Period:
			return n.value, true
		case n.period.Last().Equal(w.Period.Last()) && r.stock(w.ID):
			end = &all[i]
		}
	}
	if end == nil {
		return formula.Value{}, false
	}
	return end.value, true
}

func (r Rule) stock(id string) bool {
	return slices.ContainsFunc(r.Inputs, func(in Input) bool { return in.ID == id && in.Nature == string(observation.Stock) })
}

// read takes the number out of a statement.
func read(st statement.Statement) (n number, err error) {
	if n, err = split(st.Name); err != nil {
		return n, err
	}
	q, err := quantity.ParseTerse(st.Value, st.Unit)
	if err != nil {
		return n, err
	}
	n.target, n.value = st.Status == string(observation.Target), formula.Rounded(q)
	return n, nil
}

// split takes a number's name apart: 88.500.1/st.hte/500000/2023-06-30.
func split(name string) (n number, err error) {
	parts := strings.Split(name, "/")
	if len(parts) != 4 {
		return n, fault.New(fault.Invalid, "%q is not the name of a number: prefix/indicator/unit/period", name)
	}
	n.indicator, n.unit = parts[1], parts[2]
	n.period, err = observation.ParsePathPeriod(parts[3])
	return n, err
}
