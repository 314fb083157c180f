package scxml_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/guard"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/pack"
)

// maker draws random procedures with all that a procedure can have.
type maker struct {
	*rand.Rand
	t      *testing.T
	p      *procedure.Procedure
	leaves []*procedure.State
}

func (m *maker) often(n int) bool { return m.IntN(n) > 0 }

func pick[T any](m *maker, of ...T) T { return of[m.IntN(len(of))] }

// text is one that a notation might spoil.
func (m *maker) text() string {
	return pick(m, "", "督办", "a b", " x ", "<&>\"'", "true", "12", "1.0", "null", "- a: b", "two\nlines\r\n", "\ttab", "{x}", "]]>", "#", "&amp;", "𝄞\u2028", "~", "a\\n", "%", "'quoted'")
}

func (m *maker) words() pack.Text { return pack.Text{ZH: m.text(), EN: m.text()} }

func (m *maker) expr(condition bool) guard.Program {
	compile, text := guard.Compile, pick(m, "1", "data.n + 1", "'<&\"'", "[1, 2.0]", "event.data.x", "{'a': data.n}", "data.n == 1 ? 'a\\n' : \"b\"", "\"two\\nlines\"", "data.n\n + 1")
	if condition {
		compile, text = guard.Condition, pick(m, "true", "data.n < 3 && In('s1')", "event.name != \"a\"", "data.n > 1\n|| false")
	}
	p, err := compile(text)
	if err != nil {
		m.t.Fatal(err)
	}
	return p
}

func (m *maker) assigns() []procedure.Assign {
	var out []procedure.Assign
	for i := range m.IntN(3) {
		out = append(out, procedure.Assign{Name: fmt.Sprintf("n%d", i), Expr: m.expr(false)})
	}
	return out
}

func (m *maker) owner() *procedure.Owner {
	o := &procedure.Owner{}
	switch m.IntN(4) {
	case 0:
		return nil
	case 1:
		o.Post = m.expr(false)
	case 2:
		o.Person = m.expr(false)
	default:
		o.Unit, o.Role = m.expr(false), pick(m, "clerk", "leader")
		if m.often(2) {
			o.Joint = m.expr(false)
		}
	}
	for range m.IntN(3) {
		o.Not = append(o.Not, pick(m, "a", "b.c", "two words", ""))
	}
	return o
}

func (m *maker) actions() []procedure.Action {
	var out []procedure.Action
	for range m.IntN(4) {
		out = append(out, m.action())
	}
	return out
}

func (m *maker) action() procedure.Action {
	a := procedure.Action{Do: pick(m, procedure.DoAssign, procedure.DoAssign, procedure.DoRaise, procedure.DoEmit, procedure.DoNotify, procedure.DoStart, procedure.DoPause,
		procedure.DoResume, procedure.DoStop, procedure.DoExtend, procedure.DoOpen, procedure.DoEvaluate, procedure.DoPublish)}
	switch a.Do {
	case procedure.DoAssign:
		a.Assigns = m.assigns()
	case procedure.DoRaise, procedure.DoEmit:
		a.Event, a.Assigns = pick(m, "a", "b.c"), m.assigns()
		if a.Do == procedure.DoEmit {
			a.To = pick(m, procedure.ToParent, procedure.ToChildren)
		}
	case procedure.DoNotify:
		a.Text = m.words()
		for a.Owner == nil {
			a.Owner = m.owner()
		}
	case procedure.DoStart, procedure.DoStop, procedure.DoResume:
		a.Clock = "c1"
	case procedure.DoPause:
		a.Clock, a.Reason = "c1", m.expr(false)
	case procedure.DoExtend:
		a.Clock, a.Units, a.Rank = "c1", m.expr(false), pick(m, "leader", "government")
		if m.often(2) {
			a.Reason = m.expr(false)
		}
	case procedure.DoOpen:
		a.Procedure, a.Assigns = "other", m.assigns()
		if m.often(2) {
			a.Each = m.expr(false)
		}
	case procedure.DoEvaluate, procedure.DoPublish:
		a.Topic, a.Assigns = "plan.target", m.assigns()
	}
	return a
}

func (m *maker) options(n int) []procedure.Option {
	var out []procedure.Option
	for i := range n {
		out = append(out, procedure.Option{Text: m.words(), Code: fmt.Sprintf("o%d", i), Basis: m.text()})
	}
	return out
}

func (m *maker) fields() []procedure.Field {
	var out []procedure.Field
	for i := range m.IntN(4) {
		f := procedure.Field{Name: fmt.Sprintf("n%d", i), Label: m.words(), Hint: m.words(), Required: m.often(2)}
		switch m.IntN(6) {
		case 0:
			f.Type, f.Default = procedure.TextField, m.text()
		case 1:
			f.Type, f.Default = procedure.IntField, pick[any](m, nil, int64(0), int64(-9223372036854775808))
		case 2:
			f.Type, f.Default = procedure.NumberField, pick[any](m, nil, 1.0, -2.5e-9, 1e300)
		case 3:
			f.Type, f.Options = procedure.ChoiceField, m.options(2)
		case 4:
			f.Type, f.Default = procedure.MapField, map[string]any{m.text(): []any{int64(1), 1.0, m.text(), nil, true}, "b": map[string]any{}}
		default:
			f.Type, f.Default = procedure.ListField, pick[any](m, nil, []any{}, []any{m.text(), []any{}})
		}
		out = append(out, f)
	}
	return out
}

// grow adds states to one.
func (m *maker) grow(parent *procedure.State, depth int) {
	for i := range 1 + m.IntN(3) {
		s := &procedure.State{ID: fmt.Sprintf("s%d", len(m.p.States)+1), Kind: procedure.Atomic, Parent: parent, Name: m.words(), Note: m.words(), Order: len(m.p.States) + 1}
		parent.Children = append(parent.Children, s)
		m.p.States = append(m.p.States, s)
		switch k := m.IntN(8); {
		case depth < 3 && k < 2:
			s.Kind = procedure.Compound
		case depth < 3 && k == 2:
			s.Kind = procedure.Parallel
		case k == 3 && i > 0 && parent.Kind == procedure.Compound:
			s.Kind, s.Done = procedure.Final, m.assigns()
		case k == 4 && i > 0 && parent.Parent != nil:
			s.Kind = pick(m, procedure.Shallow, procedure.Deep)
			s.Transitions = []*procedure.Transition{{Source: s, Targets: []*procedure.State{parent.Children[0]}, Do: m.actions()}}
			continue
		}
		s.Entry, s.Exit = m.actions(), m.actions()
		m.leaves = append(m.leaves, s)
		if s.Kind == procedure.Atomic && m.often(4) {
			s.Owner, s.Clock = m.owner(), pick(m, "", "c1")
		} else if s.Kind == procedure.Atomic {
			s.Rest = true
		}
		if s.Kind == procedure.Compound || s.Kind == procedure.Parallel {
			m.grow(s, depth+1)
		}
		if s.Kind == procedure.Compound {
			s.Initial = &procedure.Transition{Source: s, Targets: []*procedure.State{pick(m, s.Children[0], s.Children[0], m.p.States[s.Order])}, Do: pick(m, nil, m.actions())}
		}
	}
}

func (m *maker) edges() {
	for _, s := range m.leaves {
		if s.Kind == procedure.Final {
			continue
		}
		for range m.IntN(3) {
			tr := &procedure.Transition{Source: s, Internal: m.IntN(3) == 0, Do: m.actions(), Name: m.words(), By: m.owner(), Form: m.fields(), Reasons: pick(m, "", "r1"), Refusal: m.IntN(3) == 0}
			tr.Events = pick(m, nil, []string{"a"}, []string{"a.*", "b", "*"}, []string{"clock.c1.due"})
			if m.often(2) {
				tr.Guard = m.expr(true)
			}
			if m.often(4) {
				tr.Targets = []*procedure.State{pick(m, m.leaves...)}
			}
			s.Transitions = append(s.Transitions, tr)
		}
	}
}

// TestRandom: random procedures come back the same.
func TestRandom(t *testing.T) {
	t.Parallel()
	const all = 80
	read := 0
	for seed := range uint64(all) {
		m := &maker{Rand: rand.New(rand.NewPCG(seed, 1)), t: t}
		m.p = &procedure.Procedure{ID: "random", Name: m.words(), Basis: m.text(), From: pick(m, "", "2023-07-01"), Subject: pick(m, "", "target"), Data: m.fields()}
		m.p.Reasons = []procedure.Reasons{{ID: "r1", Options: m.options(m.IntN(3))}}
		m.p.Clocks = []procedure.Clock{{ID: "c1", Name: m.words(), Rule: clock.Rule{Kind: clock.Legal, Unit: clock.WorkingDay, Limit: 1 + m.IntN(20), Warn: m.IntN(3), Basis: m.text()}, Pause: pick(m, nil, []string{"r1"}, []string{"r1", "r2"})}}
		m.p.Root = &procedure.State{Kind: procedure.Compound}
		m.grow(m.p.Root, 0)
		m.p.Root.Initial = &procedure.Transition{Source: m.p.Root, Targets: m.p.Root.Children[:1], Do: m.actions()}
		m.edges()
		text, err := procedure.Print(m.p)
		if err != nil {
			t.Fatal(seed, err)
		}
		if p, _ := procedure.Parse("random.yaml", text); p != nil {
			roundTrip(t, p)
			read++
		}
	}
	if read < all*3/4 {
		t.Errorf("%d of %d random procedures could be read, want at least three in four", read, all)
	}
}
