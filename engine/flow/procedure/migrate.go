package procedure

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"yuzhou/kernel/pack"
)

// Standing is where a running case stands, as far as a change of its procedure goes.
type Standing struct {
	Case    string              // id, for the findings
	Active  []string            // ids of active states
	History map[string][]string // by history state: what it remembers
	Data    map[string]any
	Clocks  []string // ids of clocks that run or are paused
}

// CheckMap checks whether running cases can go from one version of a procedure to
// another by a map of states. A state that the map does not name stays itself; ""
// forgets a history. Findings are told once, with the number of cases they concern
// left to the caller, who gives one Standing for each different one.
func CheckMap(from, to *Procedure, states map[string]string, cases []Standing) []pack.Finding {
	c := &checker{p: to}
	for _, old := range slices.Sorted(maps.Keys(states)) {
		if from.State(old) == nil {
			c.bad(1, "flow.map", pack.Text{ZH: "对应表中的旧状态 %q 不在原流程里%s", EN: "the map names %q, which the old procedure does not have%s"}, old, guess(old, ids(from.States)))
		}
		if id := states[old]; id != "" && to.State(id) == nil {
			c.bad(1, "flow.map", pack.Text{ZH: "对应表中的新状态 %q 不在新流程里%s", EN: "the map names %q, which the new procedure does not have%s"}, id, guess(id, ids(to.States)))
		}
	}
	for _, s := range cases {
		_, found := Move(from, to, states, s)
		for _, f := range found {
			if !slices.ContainsFunc(c.findings, func(o pack.Finding) bool { return o.Text == f.Text }) {
				c.findings = append(c.findings, f)
			}
		}
	}
	return c.findings
}

// Move carries a case from one version of its procedure to another.
//
//   - states: old state to new one; one that it does not name stays itself; ""
//     forgets a history.
//   - Result: where the case stands then, active states in document order, declared
//     defaults filled in; it counts only without findings.
//   - Findings: an active or remembered state without a new one; new states that
//     cannot be active together; data or clocks that the new version does not have.
func Move(from, to *Procedure, states map[string]string, s Standing) (Standing, []pack.Finding) {
	m := &mover{checker: &checker{p: to}, from: from, states: states, is: s.Case}
	out := Standing{Case: s.Case, History: map[string][]string{}, Data: m.data(s.Data), Clocks: s.Clocks}
	active := m.carry(s.Active)
	out.Active = ids(active)
	if len(m.findings) == 0 {
		m.legal(active)
	}
	for _, id := range slices.Sorted(maps.Keys(s.History)) {
		m.remember(out.History, id, s.History[id])
	}
	for _, id := range s.Clocks {
		if to.Clock(id) == nil {
			m.bad(1, "flow.map", pack.Text{ZH: "运行中的时限 %q 不在新流程里", EN: "clock %q is running and the new procedure does not have it"}, id)
		}
	}
	return out, m.findings
}

type mover struct {
	*checker
	from   *Procedure
	states map[string]string
	is     string
}

// one returns what a state becomes; nil with a finding when nothing is said.
func (m *mover) one(id string) *State {
	s := m.p.State(cmp.Or(m.states[id], id))
	if s == nil {
		m.bad(1, "flow.map", pack.Text{ZH: "状态 %q 在新流程中没有对应的状态", EN: "nothing says what state %q becomes in the new procedure"}, id)
	}
	return s
}

// carry maps the innermost of the states and adds what they lie in: states around
// them are as the new procedure has them.
func (m *mover) carry(active []string) []*State {
	var out []*State
	for _, id := range active {
		old := m.from.State(id)
		if old == nil {
			m.bad(1, "flow.map", pack.Text{ZH: "案件 %[2]s 的状态 %[1]q 不在原流程里", EN: "case %[2]s is in state %[1]q, which the old procedure does not have"}, id, m.is)
			continue
		}
		if slices.ContainsFunc(active, func(other string) bool { o := m.from.State(other); return o != nil && o.Within(old) }) {
			continue
		}
		for s := m.one(id); s != nil && s != m.p.Root; s = s.Parent {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	slices.SortFunc(out, func(a, b *State) int { return cmp.Compare(a.Order, b.Order) })
	return out
}

// legal checks that states make a configuration: one child of each compound state,
// all children of each parallel one.
func (m *mover) legal(active []*State) {
	where := strings.Join(ids(active), " + ")
	for _, s := range append([]*State{m.p.Root}, active...) {
		n, all := 0, 0
		for _, c := range s.Children {
			if c.History() {
				continue
			}
			all++
			if slices.Contains(active, c) {
				n++
			}
		}
		switch {
		case s.Kind == Compound && n != 1:
			m.bad(s.Line, "flow.map", pack.Text{ZH: "%s：%q 之内应恰有一个状态成立，对应后有 %d 个", EN: "%s: exactly one state within %q is active; the map gives %d"}, where, cmp.Or(s.ID, m.p.ID), n)
		case s.Kind == Parallel && n != all:
			m.bad(s.Line, "flow.map", pack.Text{ZH: "%s：%q 之内各部分应同时成立，对应后 %d 个中只有 %d 个", EN: "%s: all parts of %q are active at once; of %d the map gives %d"}, where, s.ID, all, n)
		case s.History():
			m.bad(s.Line, "flow.map", pack.Text{ZH: "%s：%q 是 history，不能成立", EN: "%s: %q is a history and never active"}, where, s.ID)
		default:
		}
	}
}

// remember carries what a history remembers.
func (m *mover) remember(out map[string][]string, id string, past []string) {
	if to, named := m.states[id]; named && to == "" {
		return
	}
	h := m.one(id)
	if h == nil {
		return
	}
	if !h.History() {
		m.bad(h.Line, "flow.map", pack.Text{ZH: "%q 是 history，对应的 %q 不是", EN: "%q is a history and %q is none"}, id, h.ID)
		return
	}
	var states []*State
	for _, p := range past {
		s := m.one(p)
		if s == nil {
			return
		}
		if h.Kind == Shallow && s.Parent != h.Parent || !s.Within(h.Parent) {
			m.bad(h.Line, "flow.map", pack.Text{ZH: "%q 不能被 %q 记住：不在其上级之内", EN: "%q cannot be remembered by %q: it does not lie within its parent"}, s.ID, h.ID)
		}
		states = append(states, s)
	}
	slices.SortFunc(states, func(a, b *State) int { return cmp.Compare(a.Order, b.Order) })
	out[h.ID] = ids(slices.Compact(states))
}

// data carries the fields and fills in the defaults of new ones.
func (m *mover) data(old map[string]any) map[string]any {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		was, is := m.from.Field(name), m.p.Field(name)
		switch {
		case is == nil:
			m.bad(1, "flow.map", pack.Text{ZH: "字段 %q 不在新流程里", EN: "the new procedure has no field %q"}, name)
		case was != nil && was.Type != is.Type:
			m.bad(is.Line, "flow.map", pack.Text{ZH: "字段 %q 原为 %s，新流程为 %s", EN: "field %q was %s and is %s in the new procedure"}, name, was.Type, is.Type)
		default:
			out[name] = old[name]
		}
	}
	for _, f := range m.p.Data {
		if _, has := out[f.Name]; has {
			continue
		}
		if f.Default != nil {
			out[f.Name] = f.Default
		} else if f.Required {
			m.bad(f.Line, "flow.map", pack.Text{ZH: "新流程要求字段 %q，案件没有", EN: "the new procedure requires field %q, which the case does not have"}, f.Name)
		}
	}
	return out
}
