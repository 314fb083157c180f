package procedure

import (
	"slices"
	"strings"

	"yuzhou/engine/flow/guard"
	"yuzhou/kernel/pack"
)

// names checks that what is named is there.
func (c *checker) names() {
	events := c.events()
	for _, k := range c.p.Clocks {
		if k.Part != "" {
			c.clock(k.Line, k.Part)
		}
	}
	for _, s := range append([]*State{c.p.Root}, c.p.States...) {
		if s.Clock != "" {
			c.clock(s.Line, s.Clock)
		}
		c.owner(s.Owner, events)
		for _, a := range s.actions() {
			c.action(a, events)
		}
		for _, t := range s.Transitions {
			c.owner(t.By, events)
			for _, e := range t.Events {
				c.event(t.Line, e)
			}
		}
	}
}

// events returns the events that transitions are for.
func (c *checker) events() []string {
	var out []string
	for _, s := range c.p.States {
		for _, t := range s.Transitions {
			out = append(out, t.Events...)
		}
	}
	return out
}

func (c *checker) clock(line int, id string) {
	if c.p.Clock(id) != nil {
		return
	}
	known := make([]string, len(c.p.Clocks))
	for i, k := range c.p.Clocks {
		known[i] = k.ID
	}
	c.bad(line, "flow.unknown-clock", pack.Text{ZH: "没有时限 %q%s", EN: "there is no clock %q%s"}, id, guess(id, known))
}

func (c *checker) state(line int, id string) {
	if c.p.State(id) == nil {
		c.bad(line, "flow.unknown-state", pack.Text{ZH: "没有状态 %q%s", EN: "there is no state %q%s"}, id, guess(id, ids(c.p.States)))
	}
}

// owner checks that the events whose senders may not act are ones that are sent.
func (c *checker) owner(o *Owner, events []string) {
	if o == nil {
		return
	}
	for _, e := range o.Not {
		if !slices.Contains(events, e) {
			c.bad(o.Line, "flow.unknown-event", pack.Text{ZH: "回避条件 not 中的事件 %q 没有转移使用%s", EN: "not names event %q, which no transition is for%s"}, e, guess(e, events))
		}
	}
}

func (c *checker) action(a Action, events []string) {
	if a.Clock != "" {
		c.clock(a.Line, a.Clock)
	}
	c.owner(a.Owner, events)
	if a.Procedure != "" && c.known.Procedures != nil && !slices.Contains(c.known.Procedures, a.Procedure) && a.Procedure != c.p.ID {
		c.bad(a.Line, "flow.unknown-procedure", pack.Text{ZH: "没有流程 %q%s", EN: "there is no procedure %q%s"}, a.Procedure, guess(a.Procedure, c.known.Procedures))
	}
	if a.Topic != "" && c.known.Topics != nil && !slices.Contains(c.known.Topics, a.Topic) {
		c.bad(a.Line, "flow.unknown-topic", pack.Text{ZH: "没有模块受理主题 %q%s", EN: "no module serves topic %q%s"}, a.Topic, guess(a.Topic, c.known.Topics))
	}
}

// event checks events of the program's own: clock.CLOCK.due, clock.CLOCK.warn and
// done.state.STATE.
func (c *checker) event(line int, name string) {
	if state, ok := strings.CutPrefix(name, "done.state."); ok && !strings.HasSuffix(state, "*") {
		c.state(line, state)
		return
	}
	rest, ok := strings.CutPrefix(name, "clock.")
	if !ok || rest == "*" {
		return
	}
	clock, what, more := strings.Cut(rest, ".")
	c.clock(line, clock)
	if more && what != "*" && what != "due" && what != "warn" {
		c.bad(line, "flow.unknown-event", pack.Text{ZH: "时限只发出 clock.%[1]s.due 和 clock.%[1]s.warn，没有 %[2]q", EN: "a clock sends clock.%[1]s.due and clock.%[1]s.warn and no %[2]q"}, clock, name)
	}
}

// expressions checks that what is read and assigned is declared.
func (c *checker) expressions() {
	for _, s := range append([]*State{c.p.Root}, c.p.States...) {
		c.ownerReads(s.Owner)
		c.reads(slices.Concat(s.Entry, s.Exit), nil)
		if s.Initial != nil {
			c.reads(s.Initial.Do, nil)
		}
		for _, d := range s.Done {
			c.expression(d.Expr, d.Line, nil)
		}
		for _, t := range s.Transitions {
			c.expression(t.Guard, t.Line, t)
			c.ownerReads(t.By)
			c.reads(t.Do, t)
		}
	}
}

// reads checks the expressions of actions, those of a transition against its form.
func (c *checker) reads(actions []Action, of *Transition) {
	for _, a := range actions {
		c.ownerReads(a.Owner)
		for _, p := range []guard.Program{a.Reason, a.Units, a.Each} {
			c.expression(p, a.Line, of)
		}
		for _, x := range a.Assigns {
			c.expression(x.Expr, x.Line, of)
			if a.Do == DoAssign {
				c.field(x.Line, x.Name)
			}
		}
	}
}

func (c *checker) ownerReads(o *Owner) {
	if o == nil {
		return
	}
	for _, p := range []guard.Program{o.Post, o.Unit, o.Person, o.Joint} {
		c.expression(p, o.Line, nil)
	}
}

func (c *checker) expression(p guard.Program, line int, of *Transition) {
	if p.None() {
		return
	}
	x := look(p)
	for _, name := range x.data {
		c.field(line, name)
		if f := c.p.Field(name); f != nil {
			c.absent(line, *f, "data."+name, x.asked)
		}
	}
	for _, id := range x.states {
		c.state(line, id)
	}
	if of == nil || of.Name.ZH == "" {
		return // the program sends it, with what it likes
	}
	asked := []string{}
	if of.Reasons != "" {
		asked = append(asked, "reason")
	}
	for _, f := range of.Form {
		asked = append(asked, f.Name)
		if slices.Contains(x.event, f.Name) {
			c.absent(line, f, "event.data."+f.Name, x.asked)
		}
	}
	for _, name := range x.event {
		if !slices.Contains(asked, name) {
			c.bad(line, "flow.unknown-field", pack.Text{ZH: "表达式 %[1]q 用到 event.data.%[2]s，但“%[3]s”的表单没有这一项%[4]s", EN: "expression %[1]q reads event.data.%[2]s, which the form of %[5]q does not ask for%[4]s"},
				p.String(), name, of.Name.ZH, guess(name, asked), of.Name.In("en"))
		}
	}
}

// absent warns where an expression reads what may not be there, and so would fail.
func (c *checker) absent(line int, f Field, name string, asked []string) {
	if !f.Required && f.Default == nil && !slices.Contains(asked, name) {
		c.find(pack.Warning, line, "flow.may-be-absent", pack.Text{ZH: "%[1]s 可能没有值，读取会失败：请设 default 或 required，或先问 has(%[1]s)", EN: "%[1]s may not be there, and reading it would fail: give it a default or make it required, or ask has(%[1]s) first"}, name)
	}
}

// field checks that a field of the case is declared.
func (c *checker) field(line int, name string) {
	if c.p.Field(name) != nil {
		return
	}
	known := make([]string, len(c.p.Data))
	for i, f := range c.p.Data {
		known[i] = f.Name
	}
	c.bad(line, "flow.unknown-field", pack.Text{ZH: "字段 data.%s 没有在 data 中声明%s", EN: "data.%s is not declared under data%s"}, name, guess(name, known))
}
