package projects

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// The kinds of works.
const (
	Measure = "measure" // 举措
	Policy  = "policy"  // 政策
	Project = "project" // 标志性项目
)

// Kinds lists the kinds in the order of the pages.
func Kinds() []string { return []string{Project, Policy, Measure} }

// Grades lists how well a claimed effect is founded, the best first. Source:
// plan.md §9 asks for a grade and names none; these are the project's own.
func Grades() []string { return []string{"measured", "comparable", "expert", "claimed"} }

// Risks lists the levels of risk, the lowest first.
func Risks() []string { return []string{"low", "medium", "high"} }

// Work is a measure, a policy or a project in one version, whole.
type Work struct {
	pack.Text
	ID         string      `json:"id,omitempty" doc:"a capital letter, then letters, digits, dots, dashes; given when empty"`
	Kind       string      `json:"kind" enum:"measure,policy,project"`
	Element    string      `json:"element,omitempty" doc:"element of the plan that it carries out: the class of a project (PC1), the slot of a policy (PL07), an action or a measure"`
	Unit       string      `json:"unit" doc:"that answers for it"`
	Post       string      `json:"post,omitempty" doc:"that approves; the unit's leader when empty"`
	Body       pack.Text   `json:"body,omitzero"`
	From       string      `json:"from,omitempty" doc:"first day; of a policy: in force from"`
	To         string      `json:"to,omitempty" doc:"last day; of a policy: in force until"`
	Issuer     string      `json:"issuer,omitempty" doc:"of a policy"`
	Reference  string      `json:"reference,omitempty" doc:"of a policy: its number (文号)"`
	Clauses    []Clause    `json:"clauses,omitempty" doc:"of a policy"`
	Milestones []Milestone `json:"milestones,omitempty" doc:"by planned month"`
	Pace       []Step      `json:"pace,omitempty" doc:"planned progress, cumulative"`
	Budget     []Year      `json:"budget,omitempty"`
	Risk       *Risk       `json:"risk,omitempty"`
	Links      []Link      `json:"links,omitempty" doc:"what it is to move"`
	Documents  []Document  `json:"documents,omitempty" doc:"photos too"`
	Closing    *Closing    `json:"closing,omitempty" doc:"null while it is open"`
	Demo       bool        `json:"demo,omitempty" readOnly:"true" doc:"generated for demonstration: not a fact of any source"`
}

// Clause is one clause of a policy.
type Clause struct {
	pack.Text
	Number string `json:"number" doc:"as printed: 第三条"`
	From   string `json:"from,omitempty" doc:"when it differs from the policy's"`
	To     string `json:"to,omitempty"`
}

// Milestone is something that will have happened by a month.
type Milestone struct {
	pack.Text
	ID       string        `json:"id" doc:"unique within the work"`
	Planned  period.Period `json:"planned,omitzero" doc:"month; absent when nobody has set one"`
	Actual   period.Period `json:"actual,omitzero" doc:"month in which it was reached"`
	Document string        `json:"document,omitempty" doc:"SHA-256 of the document that shows it; needed with actual"`
}

// Step is a point of the planned progress.
type Step struct {
	Month   period.Period `json:"month"`
	Percent float64       `json:"percent" minimum:"0" maximum:"100" doc:"of the whole, cumulative"`
}

// Year is the money of a year, in 万元.
type Year struct {
	Year   int    `json:"year"`
	Budget Money  `json:"budget"`
	Spent  *Money `json:"spent,omitempty" doc:"by the year's final account; the sum of the monthly reports counts where it is absent"`
}

// Risk is the present judgement of what may go wrong.
type Risk struct {
	pack.Text
	Level string `json:"level" enum:"low,medium,high"`
}

// Link says what a work is to move: an element or a target of the plan.
type Link struct {
	To     string    `json:"to" doc:"id of a target, an objective or an action"`
	Effect pack.Text `json:"effect,omitzero" doc:"claimed"`
	Grade  string    `json:"grade,omitempty" enum:"measured,comparable,expert,claimed" doc:"how well the claim is founded"`
	Source string    `json:"source,omitempty" doc:"SHA-256 of a document, or where it is said"`
}

// Document is a file that was handed in.
type Document struct {
	SHA256 string `json:"sha256"`
	Name   string `json:"name"`
	Media  string `json:"media,omitempty" readOnly:"true"`
	Size   int64  `json:"size,omitempty" readOnly:"true"`
}

// Photo reports whether the document is a picture that a browser shows.
func (d Document) Photo() bool {
	return slices.Contains([]string{"image/png", "image/jpeg", "image/webp"}, d.Media)
}

// Closing is how a work ended.
type Closing struct {
	pack.Text
	On       string   `json:"on" doc:"date"`
	Evidence []string `json:"evidence" doc:"SHA-256 of documents; one at least"`
}

var idForm = regexp.MustCompile(`^[A-Z][A-Za-z0-9._-]{0,39}$`)

// valid checks what can be checked of a work by itself.
func (w Work) valid() error {
	switch {
	case w.ID != "" && !idForm.MatchString(w.ID):
		return fault.New(fault.Invalid, "id %q is not a capital letter followed by at most 39 letters, digits, dots or dashes", w.ID)
	case !slices.Contains(Kinds(), w.Kind):
		return fault.Say(fault.Invalid, "类别 %q 不在 %v 之中。", "kind %q is not one of %v", w.Kind, Kinds())
	case w.ZH == "":
		return fault.Say(fault.Invalid, "没有填名称。", "the name is missing; give zh")
	case w.Unit == "":
		return fault.Say(fault.Invalid, "没有填责任单位。", "the unit that answers for it is missing")
	case w.Kind == Project && w.Element == "":
		return fault.Say(fault.Invalid, "项目要归到规划的一个类别，请选要素。", "a project belongs to one of the plan's classes; give element")
	case w.Kind != Policy && len(w.Clauses) > 0:
		return fault.Say(fault.Invalid, "只有政策才有条款，这是 %s。", "only a policy has clauses; this is a %s", w.Kind)
	}
	if err := span("the work", w.From, w.To); err != nil {
		return err
	}
	for _, check := range []func() error{w.validClauses, w.validMilestones, w.validPace, w.validMoney, w.validRest} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// span checks two days, either of which may be missing.
func span(what, from, to string) error {
	for _, day := range []string{from, to} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return fault.Say(fault.Invalid, "%s：%q 不是日期，请写成 2023-07-10 的样子。", "%s: %q is not a day such as 2023-07-10", what, day)
		}
	}
	if from != "" && to != "" && to < from {
		return fault.Say(fault.Invalid, "%s 的截止日 %s 早于起始日 %s。", "%s ends on %s, before it begins on %s", what, to, from)
	}
	return nil
}

func (w Work) validClauses() error {
	for n, c := range w.Clauses {
		if c.Number == "" || c.ZH == "" {
			return fault.Say(fault.Invalid, "第 %d 条缺少条号或内容。", "clause %d lacks its number or its text", n+1)
		}
		if err := span("clause "+c.Number, c.From, c.To); err != nil {
			return err
		}
	}
	return nil
}

// isMonth reports whether p is a month.
func isMonth(p period.Period) bool { return p.Freq() == period.Month }

func (w Work) validMilestones() error {
	seen := map[string]bool{}
	for _, m := range w.Milestones {
		switch {
		case m.ID == "" || m.ZH == "":
			return fault.Say(fault.Invalid, "有节点没有编号或名称。", "a milestone lacks its id or its name")
		case seen[m.ID]:
			return fault.Say(fault.Invalid, "节点 %s 重复了。", "milestone %s is there twice", m.ID)
		case !m.Planned.IsZero() && !isMonth(m.Planned):
			return fault.Say(fault.Invalid, "节点 %s：计划月份 %q 不对，请写成 2024-06 的样子。", "milestone %s: planned %q is not a month such as 2024-06", m.ID, m.Planned)
		case !m.Actual.IsZero() && !isMonth(m.Actual):
			return fault.Say(fault.Invalid, "节点 %s：完成月份 %q 不对，请写成 2024-06 的样子。", "milestone %s: actual %q is not a month such as 2024-06", m.ID, m.Actual)
		case !m.Actual.IsZero() && !w.has(m.Document):
			return fault.New(fault.Invalid, "milestone %s was reached in %s, but document %q is none of the work's: hand in the document that shows it", m.ID, m.Actual, m.Document)
		}
		seen[m.ID] = true
	}
	return nil
}

// has reports whether the work holds a document.
func (w Work) has(sha256 string) bool {
	return slices.ContainsFunc(w.Documents, func(d Document) bool { return d.SHA256 == sha256 && sha256 != "" })
}

func (w Work) validPace() error {
	for n, s := range w.Pace {
		switch {
		case !isMonth(s.Month):
			return fault.Say(fault.Invalid, "计划进度：%q 不是月份，请写成 2024-06 的样子。", "planned progress: %q is not a month such as 2024-06", s.Month)
		case s.Percent < 0 || s.Percent > 100:
			return fault.Say(fault.Invalid, "%s 的计划进度 %g 不对，应为 0 到 100。", "planned progress of %s is %g; it is 0 to 100 percent", s.Month, s.Percent)
		case n > 0 && (w.Pace[n-1].Month.Compare(s.Month) >= 0 || w.Pace[n-1].Percent > s.Percent):
			return fault.Say(fault.Invalid, "%s 的计划进度：月份要从早到晚，累计进度不能下降。", "planned progress of %s: months go up, and so does what is done by then", s.Month)
		}
	}
	return nil
}

func (w Work) validMoney() error {
	seen := map[int]bool{}
	for _, y := range w.Budget {
		if y.Year < 1990 || y.Year > 2100 || seen[y.Year] {
			return fault.Say(fault.Invalid, "预算：年份 %d 重复，或不在 1990 到 2100 之间。", "budget: year %d is there twice or is none from 1990 to 2100", y.Year)
		}
		seen[y.Year] = true
	}
	return nil
}

func (w Work) validRest() error {
	if w.Risk != nil && !slices.Contains(Risks(), w.Risk.Level) {
		return fault.Say(fault.Invalid, "风险 %q 不在 %v 之中。", "risk %q is not one of %v", w.Risk.Level, Risks())
	}
	seen := map[string]bool{}
	for _, l := range w.Links {
		if l.To == "" || seen[l.To] {
			return fault.Say(fault.Invalid, "有关联没有写明对象，或 %q 关联了两次。", "a link lacks what it is to, or %q is linked twice", l.To)
		}
		if l.Grade != "" && !slices.Contains(Grades(), l.Grade) {
			return fault.New(fault.Invalid, "link to %s: evidence %q is not one of %v", l.To, l.Grade, Grades())
		}
		seen[l.To] = true
	}
	c := w.Closing
	if c == nil {
		return nil
	}
	if c.ZH == "" || len(c.Evidence) == 0 {
		return fault.Say(fault.Invalid, "办结要凭材料：请写明成效并提交佐证材料。", "a work closes on evidence: say what came of it and hand in a document")
	}
	for _, sha := range c.Evidence {
		if !w.has(sha) {
			return fault.Say(fault.Invalid, "佐证 %q 不在已交的材料里。", "evidence %q is none of the work's documents", sha)
		}
	}
	return span("closing", c.On, "")
}

// tidied returns the work with its lists in order, so that two that say the same
// have the same digest.
func (w Work) tidied() Work {
	w.Milestones, w.Pace, w.Budget = slices.Clone(w.Milestones), slices.Clone(w.Pace), slices.Clone(w.Budget)
	slices.SortStableFunc(w.Milestones, func(a, b Milestone) int {
		if a.Planned.IsZero() != b.Planned.IsZero() { // those without a month come last
			return cmp.Compare(count(a.Planned.IsZero()), count(b.Planned.IsZero()))
		}
		return a.Planned.Compare(b.Planned)
	})
	slices.SortStableFunc(w.Pace, func(a, b Step) int { return a.Month.Compare(b.Month) })
	slices.SortStableFunc(w.Budget, func(a, b Year) int { return cmp.Compare(a.Year, b.Year) })
	return w
}

func count(flags ...bool) (n int) {
	for _, f := range flags {
		if f {
			n++
		}
	}
	return n
}
