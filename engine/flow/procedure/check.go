package procedure

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"yuzhou/kernel/pack"
)

// Bound is how many places and steps Check looks at unless told otherwise.
const Bound = 1_000_000

// Known is what the surroundings of a procedure offer. The zero value knows nothing
// and so does not check what a procedure asks of others.
type Known struct {
	File       string   // for the findings; "" for ID.yaml
	Procedures []string // ids that may be opened; nil: not checked
	Topics     []string // that modules serve; nil: not checked
	Bound      int      // places and steps that are looked at, 0 for Bound; an editor wants fewer
}

// Check finds what must not be in a procedure that cases run on.
//
// Everything can be reached and everything can come to an end, a state at rest
// being one; where a case waits, somebody has to act and a clock runs; limits add
// up and no promise is longer than the law allows; who refuses gives a reason, and
// a pause one with a legal basis; names stand for something. Conditions over data
// are taken as free, In() is followed exactly.
//
//   - Result: findings by line, each with a rule "flow.…"; no error among them:
//     cases may run. A bound that was reached is a warning and leaves what it hides
//     unsaid.
func Check(p *Procedure, known Known) []pack.Finding {
	c := &checker{p: p, known: known}
	c.names()
	c.expressions()
	c.types()
	c.duties()
	c.refusals()
	c.pauses()
	c.limits()
	c.wordings()
	c.walk(explore(p, cmp.Or(known.Bound, Bound)))
	slices.SortStableFunc(c.findings, func(a, b pack.Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), strings.Compare(a.Rule, b.Rule))
	})
	return c.findings
}

type checker struct {
	p        *Procedure
	known    Known
	findings []pack.Finding
}

// bad records an error; the wordings are formats of the same arguments.
func (c *checker) bad(line int, rule string, t pack.Text, args ...any) {
	c.find(pack.Error, line, rule, t, args...)
}

func (c *checker) find(s pack.Severity, line int, rule string, t pack.Text, args ...any) {
	c.findings = append(c.findings, pack.Finding{
		Severity: s, Rule: rule, File: cmp.Or(c.known.File, c.p.ID+".yaml"), Line: max(line, 1),
		Text: fmt.Sprintf(t.EN, args...), ZH: fmt.Sprintf(t.ZH, args...),
	})
}

// duties checks that somebody has to act, within a limit, wherever a case waits.
func (c *checker) duties() {
	for _, s := range c.p.States {
		if s.Kind != Atomic || s.Rest || slices.ContainsFunc(s.Transitions, func(t *Transition) bool { return len(t.Events) == 0 }) {
			continue
		}
		owner, clock := false, false
		for p := s; p != nil; p = p.Parent {
			owner = owner || p.Owner != nil
			clock = clock || p.Clock != "" || p != c.p.Root && starts(p.Entry)
		}
		if !owner {
			c.bad(s.Line, "flow.no-owner", pack.Text{ZH: "状态 %q 等待处理，却没有责任人：请写 owner，或用 at_rest: true 说明只由程序推动", EN: "a case waits in %q and nobody has to act: give it an owner, or at_rest: true when only the program moves it on"}, s.ID)
		}
		if !clock {
			c.bad(s.Line, "flow.no-clock", pack.Text{ZH: "状态 %q 等待处理，却没有时限：请写 clock", EN: "a case waits in %q without a limit: give it a clock"}, s.ID)
		}
	}
}

func starts(actions []Action) bool {
	return slices.ContainsFunc(actions, func(a Action) bool { return a.Do == DoStart })
}

// refusals checks that who refuses has reasons to choose from.
func (c *checker) refusals() {
	for _, s := range c.p.States {
		for _, t := range s.Transitions {
			list := c.p.Reason(t.Reasons)
			switch {
			case t.Reasons != "" && list == nil:
				c.bad(t.Line, "flow.no-reasons", pack.Text{ZH: "没有理由清单 %q%s", EN: "there is no list of reasons %q%s"}, t.Reasons, guess(t.Reasons, c.lists()))
			case t.Refusal && t.Reasons == "":
				c.bad(t.Line, "flow.no-reasons", pack.Text{ZH: "%q 是不予办理，须以 reasons 指明理由清单", EN: "%q refuses and needs a list of reasons: reasons"}, strings.Join(t.Events, " "))
			case list != nil && len(list.Options) == 0:
				c.bad(list.Line, "flow.no-reasons", pack.Text{ZH: "理由清单 %q 是空的", EN: "the list of reasons %q is empty"}, list.ID)
			}
		}
	}
}

func (c *checker) lists() []string {
	out := make([]string, len(c.p.Reasons))
	for i, l := range c.p.Reasons {
		out[i] = l.ID
	}
	return out
}

// pauses checks that a clock is paused only for reasons that have a legal basis.
func (c *checker) pauses() {
	for _, k := range c.p.Clocks {
		c.pausable(k)
	}
	goesOn := map[string]bool{}
	for _, a := range c.p.actions() {
		goesOn[a.Clock] = goesOn[a.Clock] || a.Do == DoResume || a.Do == DoStop || a.Do == DoStart
	}
	for _, a := range c.p.actions() {
		k := c.p.Clock(a.Clock)
		if a.Do != DoPause || k == nil {
			continue
		}
		if !goesOn[k.ID] {
			c.bad(a.Line, "flow.no-resume", pack.Text{ZH: "时限 %q 中止后没有动作恢复它：请写 resume", EN: "clock %q is paused and nothing lets it go on: resume"}, k.ID)
		}
		if len(k.Pause) == 0 {
			c.bad(a.Line, "flow.no-pause", pack.Text{ZH: "时限 %q 没有列出可中止的事由（pause），不能中止", EN: "clock %q names nothing it may be paused for under pause"}, k.ID)
		}
	}
}

func (c *checker) pausable(k Clock) {
	for _, id := range k.Pause {
		list := c.p.Reason(id)
		if list == nil || len(list.Options) == 0 {
			c.bad(k.Line, "flow.no-reasons", pack.Text{ZH: "时限 %q 的中止事由清单 %q 不存在或是空的%s", EN: "clock %q: the list %q of what it is paused for is not there or empty%s"}, k.ID, id, guess(id, c.lists()))
			continue
		}
		for _, o := range list.Options {
			if o.Basis == "" {
				c.bad(o.Line, "flow.no-basis", pack.Text{ZH: "中止时限 %q 的事由 %q 须写明法律依据 basis", EN: "reason %[2]q pauses clock %[1]q and needs its legal basis: basis"}, k.ID, o.Code)
			}
		}
	}
}

// walk reports what the search through all that can happen has found.
func (c *checker) walk(w *walk) {
	if w.cut {
		c.find(pack.Warning, c.p.Root.Line, "flow.bound", pack.Text{ZH: "只检查了 %d 种局面，其余未知：流程的并行部分过多", EN: "%d places were looked at and the rest is unknown: the procedure has too many parallel parts"}, len(w.places))
	}
	for _, from := range slices.Sorted(maps.Keys(w.stuck)) {
		way := w.stuckWay(from)
		c.bad(w.stuckLine(from), "flow.endless", pack.Text{ZH: "无事件的转移循环不止：%s", EN: "transitions without events never come to rest: %s"}, way)
	}
	if !w.cut {
		c.unreached(w)
	}
	c.shared(w)
	for _, trap := range w.traps() {
		c.trap(w, trap)
	}
}

// unreached reports states that are never active and transitions never taken.
func (c *checker) unreached(w *walk) {
	for _, s := range c.p.States {
		if s.History() {
			continue
		}
		if !w.seen.has(s) {
			if s.Parent == c.p.Root || w.seen.has(s.Parent) { // else the parent is reported
				c.bad(s.Line, "flow.unreachable", pack.Text{ZH: "状态 %q 无法到达", EN: "state %q is never reached"}, s.ID)
			}
			continue
		}
		for _, t := range s.Transitions {
			if !w.taken[t] {
				c.find(pack.Warning, t.Line, "flow.never-taken", pack.Text{ZH: "状态 %q 的转移 %q 永远不会发生：事件不会到来，条件从不成立，或总有别的转移在先", EN: "in state %q the transition on %q is never taken: its event never comes, its condition never holds or another always goes before"}, s.ID, cmp.Or(strings.Join(t.Events, " "), "-"))
			}
		}
	}
}

// shared reports clocks that two states run at the same time: what starts or leaves
// one would restart or stop the other's.
func (c *checker) shared(w *walk) {
	told := map[*State]bool{}
	for i := range w.places {
		runs := map[string]*State{}
		for _, s := range w.list(w.places[i].active) {
			first := runs[s.Clock]
			if s.Clock != "" && first != nil && !told[s] {
				told[s] = true
				c.bad(s.Line, "flow.shared-clock", pack.Text{ZH: "状态 %[2]q 与 %[1]q 同时成立，却共用时限 %[3]q：请各设一个", EN: "state %[2]q is active together with %[1]q and both run clock %[3]q: give each its own"}, first.ID, s.ID, s.Clock)
			}
			if first == nil {
				runs[s.Clock] = s
			}
		}
	}
}

// trap reports places that no end can be reached from.
func (c *checker) trap(w *walk, trap []int) {
	at := trap[0] // the one with a shortest way, for places are in order of discovery
	var leaves []string
	line := c.p.Root.Line
	for _, s := range w.leaves(w.places[at].active) {
		leaves = append(leaves, s.ID)
		line = s.Line
	}
	still := len(trap) == 1
	switch where := strings.Join(leaves, " + "); {
	case len(leaves) > 1 && still:
		c.bad(line, "flow.deadlock", pack.Text{ZH: "%s 同时成立时互相等待，案件再也不能前进；到此的最短路径：%s", EN: "with %s the parts wait for each other and the case can never go on; a shortest way there: %s"}, where, w.way(at))
	case len(leaves) > 1:
		c.bad(line, "flow.deadlock", pack.Text{ZH: "从 %s 起案件永远不能结束；到此的最短路径：%s", EN: "from %s on the case can never end; a shortest way there: %s"}, where, w.way(at))
	case still:
		c.bad(line, "flow.no-end", pack.Text{ZH: "状态 %q 没有出路，也不是终点（final 或 at_rest）；到此的最短路径：%s", EN: "state %q has no way out and is no end (final or at_rest); a shortest way there: %s"}, where, w.way(at))
	default:
		c.bad(line, "flow.no-end", pack.Text{ZH: "从状态 %q 起只能循环，到不了终点；到此的最短路径：%s", EN: "from state %q on the case goes round and never ends; a shortest way there: %s"}, where, w.way(at))
	}
}
