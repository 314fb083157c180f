package procedure

import (
	"slices"
	"strings"

	"yuzhou/engine/flow/clock"
	"yuzhou/kernel/pack"
)

// limits checks that limits fit together.
func (c *checker) limits() {
	for _, k := range c.p.Clocks {
		if k.Rule.Kind == clock.Legal && k.Rule.Basis == "" {
			c.bad(k.Line, "flow.no-basis", pack.Text{ZH: "法定时限 %q 须写明法律依据 basis", EN: "the legal limit %q needs its basis"}, k.ID)
		}
		if k.Rule.Warn >= k.Rule.Limit {
			c.bad(k.Line, "flow.limits", pack.Text{ZH: "时限 %q：提前 %d 预警不早于时限 %d，应小于时限", EN: "clock %q: a warning %d before the end of %d comes at once; warn should be less than limit"}, k.ID, k.Rule.Warn, k.Rule.Limit)
		}
		if k.Rule.Kind == clock.Promised {
			c.promise(k)
		}
		if k.Part != "" {
			c.part(k)
		}
		c.parts(k)
	}
}

// promise checks a promised limit against the legal one.
func (c *checker) promise(k Clock) {
	var legal []Clock
	for _, l := range c.p.Clocks {
		if l.Rule.Kind == clock.Legal {
			legal = append(legal, l)
		}
	}
	if k.Part != "" || len(legal) == 0 {
		return // part says against which, or the law sets none
	}
	if len(legal) > 1 {
		c.bad(k.Line, "flow.limits", pack.Text{ZH: "承诺时限 %q：法定时限不止一个，请以 part 指明是哪一个", EN: "promised limit %q: there are several legal limits; name the one with part"}, k.ID)
		return
	}
	c.atMost(k, legal[0])
}

// part checks a limit against the whole it is a part of.
func (c *checker) part(k Clock) {
	whole := c.p.Clock(k.Part)
	if whole == nil {
		return // names has said so
	}
	for w, n := whole, 0; w != nil; w, n = c.p.Clock(w.Part), n+1 {
		if w.ID == k.ID || n > len(c.p.Clocks) {
			c.bad(k.Line, "flow.limits", pack.Text{ZH: "时限 %q 不能是自己的一部分", EN: "clock %q cannot be a part of itself"}, k.ID)
			return
		}
	}
	c.atMost(k, *whole)
}

func (c *checker) atMost(k, whole Clock) {
	if k.Rule.Unit != whole.Rule.Unit {
		c.bad(k.Line, "flow.limits", pack.Text{ZH: "时限 %q 以 %s 计，而 %q 以 %s 计，无法比较：请用同一单位", EN: "clock %q is counted in %s and %q in %s: use one unit so that they can be compared"}, k.ID, k.Rule.Unit, whole.ID, whole.Rule.Unit)
		return
	}
	if k.Rule.Limit > whole.Rule.Limit {
		c.bad(k.Line, "flow.limits", pack.Text{ZH: "时限 %q 为 %d，超过 %q 的 %d", EN: "clock %q has %d, more than the %[4]d of %[3]q"}, k.ID, k.Rule.Limit, whole.ID, whole.Rule.Limit)
	}
}

// parts checks that the stages of a limit add up to at most the whole on every way
// through the procedure. A way back to an earlier stage is not counted again: how
// often a case is returned nobody knows beforehand.
func (c *checker) parts(whole Clock) {
	is := func(id string) int {
		k := c.p.Clock(id)
		if k == nil || k.Part != whole.ID || k.Rule.Unit != whole.Rule.Unit {
			return 0
		}
		return k.Rule.Limit
	}
	l := &longest{is: is, of: map[*State]stretch{}, on: map[*State]bool{}}
	if way := l.inside(c.p.Root); way.units > whole.Rule.Limit && len(way.states) > 1 {
		c.bad(whole.Line, "flow.limits", pack.Text{ZH: "%[2]s 各环节合计 %[3]d，超过时限 %[1]q 的 %[4]d", EN: "the stages %[2]s add up to %[3]d, more than the %[4]d of clock %[1]q"},
			whole.ID, strings.Join(way.states, " → "), way.units, whole.Rule.Limit)
	}
}

// stretch is a way with what its stages may take.
type stretch struct {
	units  int
	states []string
}

// longest finds the longest way through states. Edges back to a state that is still
// being followed are left out, so that what remains has no circle.
type longest struct {
	is func(clock string) int // units, 0 of a clock that does not count
	of map[*State]stretch     // longest way from a state on, among its siblings
	on map[*State]bool
}

// inside returns the longest way within a state.
func (l *longest) inside(s *State) stretch {
	var best stretch
	for _, c := range inOrder(s) {
		if way := l.from(c); way.units > best.units {
			best = way
		}
	}
	return best
}

// inOrder returns the children of a state, those it begins with first.
func inOrder(s *State) []*State {
	var out []*State
	for _, c := range s.Children {
		if !c.History() {
			out = append(out, c)
		}
	}
	if s.Initial != nil {
		first := func(c *State) bool {
			return slices.ContainsFunc(s.Initial.Targets, func(t *State) bool { return t == c || t.Within(c) })
		}
		slices.SortStableFunc(out, func(a, b *State) int {
			switch {
			case first(a) == first(b):
				return 0
			case first(a):
				return -1
			}
			return 1
		})
	}
	return out
}

// from returns the longest way from a state on, among its siblings.
func (l *longest) from(s *State) stretch {
	if way, ok := l.of[s]; ok {
		return way
	}
	l.on[s] = true
	var best stretch
	for _, next := range onward(s, s) {
		if s.Parent.Kind != Parallel && !l.on[next] {
			if way := l.from(next); way.units > best.units {
				best = way
			}
		}
	}
	l.on[s] = false
	way := l.own(s)
	way = stretch{way.units + best.units, slices.Concat(way.states, best.states)}
	l.of[s] = way
	return way
}

// own returns what a state itself may take: its clock, or what its parts take when
// that is more.
func (l *longest) own(s *State) stretch {
	units := l.is(s.Clock)
	for _, a := range s.Entry {
		if a.Do == DoStart {
			units = max(units, l.is(a.Clock))
		}
	}
	if in := l.inside(s); in.units > units {
		return in
	}
	if units == 0 {
		return stretch{}
	}
	return stretch{units, []string{s.ID}}
}

// onward returns the siblings of a state that transitions of it, or of states within
// it, lead to.
func onward(s, within *State) []*State {
	var out []*State
	for _, t := range within.Transitions {
		for _, target := range t.Targets {
			if n := target.beside(s); n != nil {
				out = append(out, n)
			}
		}
	}
	for _, c := range within.Children {
		out = append(out, onward(s, c)...)
	}
	return out
}

// beside returns the sibling of another state that a state is or lies in; nil for none.
func (s *State) beside(other *State) *State {
	for p := s; p != nil; p = p.Parent {
		if p.Parent == other.Parent && p != other && !p.History() {
			return p
		}
	}
	return nil
}
