package procedure

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"yuzhou/kernel/pack"
)

// children reads the states within a state, in order.
func (r *reader) children(parent *State, n *yaml.Node, path string) {
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > maxDepth {
		r.bad(n.Line, "flow.too-large", pack.Text{ZH: "%s：状态嵌套超过 %d 层", EN: "%s: states lie more than %d deep"}, path, maxDepth)
		return
	}
	r.entries(n, path, func(k, v *yaml.Node, at string) {
		r.named(k, at, k.Value, stateForm)
		if was := r.states[k.Value]; was != nil {
			r.bad(k.Line, "flow.duplicate", pack.Text{ZH: "%s：状态 %q 在第 %d 行已有；状态名在整个流程中唯一", EN: "%s: state %q stands already in line %d; a state's name is its own in the whole procedure"}, at, k.Value, was.Line)
			return
		}
		if len(r.p.States) == maxStates {
			r.bad(k.Line, "flow.too-large", pack.Text{ZH: "%s：状态超过 %d 个", EN: "%s: more than %d states"}, at, maxStates)
			return
		}
		s := &State{ID: k.Value, Kind: Atomic, Parent: parent, Line: k.Line, Order: len(r.p.States) + 1}
		r.states[s.ID] = s
		r.p.States = append(r.p.States, s)
		parent.Children = append(parent.Children, s)
		r.state(s, v, at)
	})
	if !slices.ContainsFunc(parent.Children, func(s *State) bool { return !s.History() }) && n.Kind == yaml.MappingNode {
		r.bad(n.Line, "flow.empty", pack.Text{ZH: "%s：至少要有一个状态", EN: "%s: at least one state is needed"}, path)
	}
}

// state reads one state.
func (r *reader) state(s *State, n *yaml.Node, path string) {
	b := &body{at: map[string]*yaml.Node{}}
	r.table(n, path, slices.Concat(flat("", &s.Name, r), flat("note_", &s.Note, r), []key{
		{"owner", false, func(n *yaml.Node, at string) { s.Owner = r.owner(n, at) }},
		{"clock", false, func(n *yaml.Node, at string) { s.Clock = r.text(n, at) }},
		{"at_rest", false, func(n *yaml.Node, at string) { s.Rest = r.boolean(n, at) }},
		{"parallel", false, func(n *yaml.Node, at string) { b.parallel = r.boolean(n, at) }},
		{"final", false, func(n *yaml.Node, at string) { b.final = r.boolean(n, at) }},
		{"history", false, func(n *yaml.Node, at string) { b.history = oneOf(r, n, at, []Kind{Shallow, Deep}) }},
		{"initial", false, b.keep("initial")},
		{"to", false, b.keep("to")},
		{"do", false, b.keep("do")},
		{"entry", false, func(n *yaml.Node, at string) { s.Entry = r.actions(n, at) }},
		{"exit", false, func(n *yaml.Node, at string) { s.Exit = r.actions(n, at) }},
		{"on", false, func(n *yaml.Node, at string) {
			r.items(n, at, func(n *yaml.Node, at string) { s.Transitions = append(s.Transitions, r.transition(s, n, at)) })
		}},
		{"done", false, func(n *yaml.Node, at string) { s.Done = r.assigns(n, at, fieldForm) }},
		{"states", false, b.keep("states")},
	}))
	s.Kind = b.kind()
	r.shape(s, b, path)
	r.lead(s, b, path)
	if inner := b.at["states"]; inner != nil {
		r.children(s, inner, join(path, "states"))
	}
}

// body is what of a state is understood once its kind is known.
type body struct {
	parallel, final bool
	history         Kind
	at              map[string]*yaml.Node // of the keys initial, to, do and states
}

func (b *body) keep(name string) func(*yaml.Node, string) {
	return func(n *yaml.Node, _ string) { b.at[name] = n }
}

func (b *body) kind() Kind {
	switch {
	case b.history != "":
		return b.history
	case b.final:
		return Final
	case b.parallel:
		return Parallel
	case b.at["states"] != nil:
		return Compound
	}
	return Atomic
}

// shape refuses what a state of its kind cannot have.
func (r *reader) shape(s *State, b *body, path string) {
	inner := b.at["states"] != nil
	wrong := func(t pack.Text) { r.bad(s.Line, "flow.shape", t, path) }
	if s.Kind == Parallel && !inner {
		wrong(pack.Text{ZH: "%s：parallel 须有 states", EN: "%s: a parallel state has states"})
	}
	if b.at["initial"] != nil && s.Kind != Compound {
		wrong(pack.Text{ZH: "%s：只有含 states 的状态才有 initial", EN: "%s: only a state with states that is not parallel has an initial"})
	}
	if (b.at["to"] != nil || b.at["do"] != nil) && !s.History() {
		wrong(pack.Text{ZH: "%s：只有 history 才有 to 和 do；转移写在 on 之下", EN: "%s: only a history has to and do; transitions stand under on"})
	}
	if len(s.Done) > 0 && s.Kind != Final {
		wrong(pack.Text{ZH: "%s：只有 final 才有 done", EN: "%s: only a final state has done"})
	}
	restShape(s, wrong)
	if s.History() {
		r.pastShape(s, wrong, b.at["to"] != nil, inner || b.final || b.parallel)
	}
	if s.Kind == Final {
		finalShape(s, wrong, inner || b.parallel)
	}
}

// restShape is shape for a state at rest.
func restShape(s *State, wrong func(pack.Text)) {
	if s.Rest && (s.Kind != Atomic || s.Owner != nil || s.Clock != "") {
		wrong(pack.Text{ZH: "%s：at_rest 的状态不能有 states、owner、clock", EN: "%s: a state at rest has no states, owner or clock"})
	}
}

// pastShape is shape for a history.
func (r *reader) pastShape(s *State, wrong func(pack.Text), falls, more bool) { //nolint:revive // facts of the state, no switches
	if !falls {
		wrong(pack.Text{ZH: "%s：history 须有缺省去向 to", EN: "%s: a history has a default: to"})
	}
	if s.Parent == r.p.Root {
		wrong(pack.Text{ZH: "%s：history 须在另一状态之内", EN: "%s: a history lies within another state"})
	}
	if more || s.acts() {
		wrong(pack.Text{ZH: "%s：history 只有 to 和 do", EN: "%s: a history has to and do alone"})
	}
}

// finalShape is shape for a final state.
func finalShape(s *State, wrong func(pack.Text), more bool) { //nolint:revive // a fact of the state, no switch
	if more || s.Owner != nil || s.Clock != "" || len(s.Transitions) > 0 {
		wrong(pack.Text{ZH: "%s：final 不能有 states、owner、clock、on", EN: "%s: a final state has no states, owner, clock or on"})
	}
	if s.Parent.Kind == Parallel {
		wrong(pack.Text{ZH: "%s：parallel 的直接下级不能是 final", EN: "%s: a final state cannot lie directly in a parallel one"})
	}
}

// acts reports whether the state has anything of a state where a case stays.
func (s *State) acts() bool {
	return s.Owner != nil || s.Clock != "" || s.Rest || len(s.Entry)+len(s.Exit)+len(s.Transitions)+len(s.Done) > 0
}

// History reports whether the state stands for a remembered configuration.
func (s *State) History() bool { return s.Kind == Shallow || s.Kind == Deep }

// lead reads where a compound state begins or what a history falls back on.
func (r *reader) lead(s *State, b *body, path string) {
	switch {
	case s.History() && b.at["to"] != nil:
		t := &Transition{Source: s, Line: b.at["to"].Line}
		r.aims = append(r.aims, aim{t, r.words(b.at["to"], join(path, "to")), join(path, "to")})
		if n := b.at["do"]; n != nil {
			t.Do = r.actions(n, join(path, "do"))
		}
		s.Transitions = []*Transition{t}
	case s.Kind == Compound:
		s.Initial = &Transition{Source: s, Line: s.Line}
		if n := b.at["initial"]; n != nil {
			s.Initial.Line = n.Line
			r.aim(s.Initial, n, join(path, "initial"))
		}
	default:
	}
}

// aim reads an initial: a state, several, or {to: …, do: […]}.
func (r *reader) aim(t *Transition, n *yaml.Node, path string) {
	if n.Kind != yaml.MappingNode {
		r.aims = append(r.aims, aim{t, r.words(n, path), path})
		return
	}
	r.table(n, path, []key{
		{"to", true, func(n *yaml.Node, at string) { r.aims = append(r.aims, aim{t, r.words(n, at), at}) }},
		{"do", false, func(n *yaml.Node, at string) {
			if t.Source == r.p.Root {
				r.bad(n.Line, "flow.shape", pack.Text{ZH: "%s：流程的起始动作写在 start 之下", EN: "%s: what an opening does stands under start"}, at)
			}
			t.Do = r.actions(n, at)
		}},
	})
}

// transition reads one entry of on.
func (r *reader) transition(s *State, n *yaml.Node, path string) *Transition {
	t := &Transition{Source: s, Line: n.Line}
	r.table(n, path, slices.Concat([]key{
		{"event", false, func(n *yaml.Node, at string) {
			t.Events = r.words(n, at)
			if len(t.Events) == 0 {
				r.bad(n.Line, "flow.value", pack.Text{ZH: "%s：事件为空；无事件的转移不写 event", EN: "%s: no event; leave the key out for a transition without one"}, at)
			}
			for _, e := range t.Events {
				r.named(&yaml.Node{Kind: yaml.ScalarNode, Line: n.Line}, at, e, matchForm)
			}
		}},
		{"to", false, func(n *yaml.Node, at string) { r.aims = append(r.aims, aim{t, r.words(n, at), at}) }},
		{"if", false, func(n *yaml.Node, at string) { t.Guard = r.condition(n, at) }},
		{"internal", false, func(n *yaml.Node, at string) { t.Internal = r.boolean(n, at) }},
	}, flat("", &t.Name, r), []key{
		{"by", false, func(n *yaml.Node, at string) { t.By = r.owner(n, at) }},
		{"form", false, func(n *yaml.Node, at string) { t.Form = r.fields(n, at) }},
		{"reasons", false, func(n *yaml.Node, at string) { t.Reasons = r.text(n, at) }},
		{"refusal", false, func(n *yaml.Node, at string) { t.Refusal = r.boolean(n, at) }},
		{"do", false, func(n *yaml.Node, at string) { t.Do = r.actions(n, at) }},
	}))
	return t
}
