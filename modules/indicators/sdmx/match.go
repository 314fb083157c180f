package sdmx

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
)

// Check refuses a query that does not fit the structure it is asked of:
// fault.Invalid when a key has more parts than there are dimensions, or a
// filter, attribute, measure, sort key or dimensionAtObservation names a
// component that the structure does not have.
func (q Query) Check(s Structure) error {
	n := len(s.keyDimensions())
	for _, k := range q.Keys {
		if len(k) > n {
			return fault.New(fault.Invalid, "key %q has %d parts, %s has %d dimensions before the time",
				strings.Join(k, "."), len(k), s.Identity, n)
		}
	}
	has := func(lists ...[]Component) func(string) bool {
		all := slices.Concat(lists...)
		return func(id string) bool { return componentIndex(all, id) >= 0 }
	}
	known := func(what string, ids []string, words string, ok func(string) bool) error {
		for _, id := range ids {
			if !ok(id) && !oneOf(id, words) {
				return fault.New(fault.Invalid, "%s %q is not a component of %s", what, id, s.Identity)
			}
		}
		return nil
	}
	var filtered, sorted []string
	for _, f := range q.Filters {
		filtered = append(filtered, f.Component)
	}
	for _, k := range q.Sort {
		sorted = append(sorted, k.Component)
	}
	component := has(s.Dimensions, s.Measures, s.Attributes)
	var obsDim []string
	if q.ObsDim != "" {
		obsDim = []string{q.ObsDim}
	}
	return firstError(
		known("filter on", filtered, "", component),
		known("sort", sorted, "* series_key", component),
		known("attributes", q.Attributes, "dsd msd dataset series obs all none", has(s.Attributes)),
		known("measures", q.Measures, "all none", has(s.Measures)),
		known("dimensionAtObservation", obsDim, AllDimensions, has(s.Dimensions)),
		known("componentID", q.Components, "", has(s.Dimensions)),
	)
}

func firstError(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

// MatchFlow reports whether the query's path names the artefact, its context aside.
func (q Query) MatchFlow(i Identity) bool {
	in := func(list []string, s string) bool { return list == nil || slices.Contains(list, s) }
	return in(q.Agencies, i.Agency) && in(q.IDs, i.ID) &&
		(q.Versions == nil || slices.ContainsFunc(q.Versions, func(v string) bool { return matchVersion(v, i.Version) }))
}

// Match reports whether a series key is asked for: by the key of the path and by
// the filters on its dimensions.
func (q Query) Match(s Structure, key []string) bool {
	if q.Keys != nil && !slices.ContainsFunc(q.Keys, func(k []string) bool { return matchKey(k, key) }) {
		return false
	}
	if len(q.Filters) == 0 {
		return true
	}
	dims := s.keyDimensions()
	for _, f := range q.Filters {
		i := componentIndex(dims, f.Component)
		if i >= 0 && i < len(key) && !f.match(key[i:i+1]) {
			return false
		}
	}
	return true
}

// matchKey reports whether key begins as pattern says; "" is any value.
func matchKey(pattern, key []string) bool {
	if len(pattern) > len(key) {
		return false
	}
	for i, p := range pattern {
		if p != "" && p != key[i] {
			return false
		}
	}
	return true
}

// Select returns the observations of a matching series that the query asks for:
// filters on TIME_PERIOD, measures and attributes, then firstNObservations and
// lastNObservations. The observations must be in time order. The result shares
// memory with series; it has no Obs when nothing matches.
func (q Query) Select(s Structure, series Series) Series {
	obs := series.Obs
	if filters := q.obsFilters(s); len(filters) > 0 {
		obs = nil
		for _, o := range series.Obs {
			if matchObs(filters, s, series, o) {
				obs = append(obs, o)
			}
		}
	}
	n := len(obs)
	switch {
	case q.First > 0 && q.Last > 0 && q.First+q.Last < n:
		obs = slices.Concat(obs[:q.First], obs[n-q.Last:])
	case q.First > 0 && q.Last > 0:
	case q.First > 0:
		obs = obs[:min(q.First, n)]
	case q.Last > 0:
		obs = obs[n-min(q.Last, n):]
	}
	series.Obs = obs
	return series
}

// obsFilters are the filters that a series key does not decide.
func (q Query) obsFilters(s Structure) []Filter {
	var list []Filter
	dims := s.keyDimensions()
	for _, f := range q.Filters {
		if componentIndex(dims, f.Component) < 0 {
			list = append(list, f)
		}
	}
	return list
}

func matchObs(filters []Filter, s Structure, series Series, o Obs) bool {
	for _, f := range filters {
		if !f.match(componentValue(s, series, o, f.Component)) {
			return false
		}
	}
	return true
}

// componentValue finds the value of a measure, an attribute or TIME_PERIOD.
func componentValue(s Structure, series Series, o Obs, id string) Value {
	if id == TimePeriod {
		return Value{o.Period}
	}
	for _, in := range []struct {
		list   []Component
		values []Value
	}{{s.Measures, o.Values}, {s.at(LevelObs), o.Attrs}, {s.at(LevelSeries), series.Attrs}} {
		if i := componentIndex(in.list, id); i >= 0 && i < len(in.values) {
			return in.values[i]
		}
	}
	return nil
}

// match reports whether the values satisfy one of the alternatives. Of a
// component with several values each condition needs one that satisfies it;
// ne and nc need all of them.
func (f Filter) match(values []string) bool {
	return slices.ContainsFunc(f.Any, func(all []Condition) bool {
		for _, c := range all {
			if !c.match(f.Component, values) {
				return false
			}
		}
		return true
	})
}

func (c Condition) match(component string, values []string) bool {
	if c.Op == "ne" || c.Op == "nc" {
		for _, v := range values {
			if !c.holds(component, v) {
				return false
			}
		}
		return true
	}
	return slices.ContainsFunc(values, func(v string) bool { return c.holds(component, v) })
}

func (c Condition) holds(component, v string) bool {
	switch c.Op {
	case "co":
		return strings.Contains(v, c.Value)
	case "nc":
		return !strings.Contains(v, c.Value)
	case "sw":
		return strings.HasPrefix(v, c.Value)
	case "ew":
		return strings.HasSuffix(v, c.Value)
	case "eq":
		return v == c.Value || compare(v, c.Value) == 0 || component == TimePeriod && samePeriod(v, c.Value)
	case "ne":
		return !Condition{Op: "eq", Value: c.Value}.holds(component, v)
	}
	if component == TimePeriod {
		return periodHolds(c.Op, v, c.Value)
	}
	d := compare(v, c.Value)
	return c.Op == "lt" && d < 0 || c.Op == "le" && d <= 0 || c.Op == "gt" && d > 0 || c.Op == "ge" && d >= 0
}

// periodHolds compares stretches of time: ge when v begins no earlier than w, gt
// when it begins after w has ended, le when it ends no later than w, lt when it
// ends before w begins. What is no period compares as text.
func periodHolds(op, v, w string) bool {
	a, errA := ParsePeriod(v)
	b, errB := ParsePeriod(w)
	if errA != nil || errB != nil {
		d := strings.Compare(v, w)
		return op == "lt" && d < 0 || op == "le" && d <= 0 || op == "gt" && d > 0 || op == "ge" && d >= 0
	}
	switch op {
	case "ge":
		return !a.Start().Before(b.Start())
	case "gt":
		return !a.Start().Before(b.End())
	case "le":
		return !a.End().After(b.End())
	}
	return !a.End().After(b.Start())
}

func samePeriod(v, w string) bool {
	a, errA := ParsePeriod(v)
	b, errB := ParsePeriod(w)
	return errA == nil && errB == nil && a == b
}

// compare orders two values: as exact numbers when both are, else as text.
func compare(v, w string) int {
	a, errA := strconv.ParseFloat(v, 64)
	b, errB := strconv.ParseFloat(w, 64)
	switch {
	case errA != nil || errB != nil || a != a || b != b:
		return strings.Compare(v, w)
	case a < b:
		return -1
	case a > b:
		return 1
	case v == w || strings.ContainsAny(v+w, "eExXpPnN_"):
		return 0
	}
	// Two decimals that round to the same float: only their digits tell.
	x, okX := new(big.Rat).SetString(v)
	y, okY := new(big.Rat).SetString(w)
	if !okX || !okY {
		return 0
	}
	return x.Cmp(y)
}
