package projects

import (
	"slices"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// Report is what is reported of a work for one month.
type Report struct {
	Work      string        `json:"work"`
	Month     period.Period `json:"month"`
	Percent   *float64      `json:"percent,omitempty" minimum:"0" maximum:"100" doc:"progress by the month's end, cumulative; null when it cannot be said"`
	Spent     Money         `json:"spent" doc:"in the month, 万元"`
	Met       []Met         `json:"met,omitempty" doc:"milestones reached"`
	Text      string        `json:"text" doc:"what was done"`
	Risk      *Risk         `json:"risk,omitempty"`
	Documents []Document    `json:"documents,omitempty"`
	Demo      bool          `json:"demo,omitempty" readOnly:"true"`
}

// Met is a milestone that a report says was reached.
type Met struct {
	Milestone string `json:"milestone"`
	Document  string `json:"document" doc:"SHA-256 of one of the report's documents"`
}

// valid checks a report against its work and today's date.
func (r Report) valid(w Work, today time.Time) error {
	switch {
	case !isMonth(r.Month):
		return fault.Say(fault.Invalid, "月份 %q 不对，请写成 2023-07 的样子。", "month %q is not one such as 2023-07", r.Month)
	case r.Month.Start().After(today):
		return fault.Say(fault.Invalid, "%s 还没有开始，请报已经发生的进展。", "month %s has not begun; report what has happened", r.Month)
	case r.Percent != nil && (*r.Percent < 0 || *r.Percent > 100):
		return fault.Say(fault.Invalid, "进度 %g 不对，应为 0 到 100。", "progress is %g; it is 0 to 100 percent of the whole", *r.Percent)
	case r.Text == "":
		return fault.Say(fault.Invalid, "请用一句话写明做了什么。", "say in a sentence what was done")
	case r.Risk != nil && !slices.Contains(Risks(), r.Risk.Level):
		return fault.Say(fault.Invalid, "风险 %q 不在 %v 之中。", "risk %q is not one of %v", r.Risk.Level, Risks())
	}
	for _, m := range r.Met {
		if !slices.ContainsFunc(w.Milestones, func(x Milestone) bool { return x.ID == m.Milestone }) {
			return fault.Say(fault.Invalid, "%s 没有节点 %q。", "%s has no milestone %q", w.ID, m.Milestone)
		}
		if !slices.ContainsFunc(r.Documents, func(d Document) bool { return d.SHA256 == m.Document }) {
			return fault.Say(fault.Invalid, "节点 %s 要有佐证材料才算完成，请随月报一并提交。", "milestone %s counts only with the document that shows it; hand it in with the report", m.Milestone)
		}
	}
	return nil
}

// Row is a month of a work: what was planned and what came of it.
type Row struct {
	Month     period.Period `json:"month"`
	Due       []string      `json:"due,omitempty" doc:"ids of milestones planned for it"`
	Met       []string      `json:"met,omitempty" doc:"ids of milestones reached in it"`
	Planned   *float64      `json:"planned" doc:"percent by the month's end; null when nothing is planned"`
	Actual    *float64      `json:"actual" doc:"percent reported; null when nothing was"`
	Spent     *Money        `json:"spent" doc:"reported, 万元; null when nothing was"`
	Text      string        `json:"text,omitempty"`
	Risk      *Risk         `json:"risk,omitempty"`
	Standing  *Standing     `json:"standing,omitempty" doc:"planned against actual; absent where either is missing"`
	Missing   bool          `json:"missing" doc:"the month has passed and nothing was reported"`
	Revision  int           `json:"revision,omitempty" doc:"of the report"`
	Documents []Document    `json:"documents,omitempty"`
}

// state is a work as it is known at an instant: its newest version with what the
// reports say.
type state struct {
	version
	Reports  []reported // newest revision of each month, by month
	Underway string     // case of the change under way; "" for none
}

// folded returns the work's milestones with those that accepted reports say were
// reached; what a version itself says comes first.
func (st state) folded() Work {
	w := st.Work
	w.Milestones = slices.Clone(w.Milestones)
	for n, m := range w.Milestones {
		for _, r := range st.Reports {
			for _, met := range r.Met {
				if met.Milestone == m.ID && w.Milestones[n].Actual.IsZero() {
					w.Milestones[n].Actual, w.Milestones[n].Document = r.Month, met.Document
				}
			}
		}
	}
	return w
}

// planned returns the progress planned by the end of a month: the newest step
// until then; false before the first and without any.
func (w Work) planned(month period.Period) (float64, bool) {
	out, ok := 0.0, false
	for _, s := range w.Pace {
		if s.Month.Compare(month) <= 0 {
			out, ok = s.Percent, true
		}
	}
	return out, ok
}

// stretch returns the months from the first to the last that a work speaks of;
// ok is false when it speaks of none.
func (st state) stretch() (from, to period.Period, ok bool) {
	add := func(p period.Period) {
		if p.IsZero() {
			return
		}
		if !ok || p.Compare(from) < 0 {
			from = p
		}
		if !ok || p.Compare(to) > 0 {
			to = p
		}
		ok = true
	}
	for _, day := range []string{st.From, st.To} {
		if d, err := time.Parse(time.DateOnly, day); err == nil {
			add(period.Of(d, period.Month))
		}
	}
	for _, m := range st.Milestones {
		add(m.Planned)
		add(m.Actual)
	}
	for _, s := range st.Pace {
		add(s.Month)
	}
	for _, r := range st.Reports {
		add(r.Month)
	}
	return from, to, ok
}

// maxMonths bounds a table of months: forty years.
const maxMonths = 480

// rows returns the work month by month, with a row for every month it spans.
func (st state) rows(date time.Time) []Row {
	from, to, ok := st.stretch()
	if !ok {
		return nil
	}
	w := st.folded()
	var out []Row
	for m := from; m.Compare(to) <= 0 && len(out) < maxMonths; m = m.Add(1) {
		row := Row{Month: m}
		for _, x := range w.Milestones {
			if x.Planned == m {
				row.Due = append(row.Due, x.ID)
			}
			if x.Actual == m {
				row.Met = append(row.Met, x.ID)
			}
		}
		if v, ok := w.planned(m); ok {
			row.Planned = &v
		}
		st.report(&row)
		open := w.Closing == nil || w.Closing.On >= m.End().Format(time.DateOnly)
		row.Missing = row.Revision == 0 && !date.Before(m.End()) && open && w.Kind != Policy
		out = append(out, row)
	}
	return out
}

// month returns one month of a work; false when it does not span it or is a policy.
func (st state) month(m period.Period, date time.Time) (Row, bool) {
	if st.Kind == Policy {
		return Row{}, false
	}
	all := st.rows(date)
	at := slices.IndexFunc(all, func(r Row) bool { return r.Month == m })
	if at < 0 {
		return Row{}, false
	}
	return all[at], true
}

// report puts the report of the row's month into it.
func (st state) report(row *Row) {
	at := slices.IndexFunc(st.Reports, func(r reported) bool { return r.Month == row.Month })
	if at < 0 {
		return
	}
	r := st.Reports[at]
	row.Actual, row.Spent, row.Text, row.Risk, row.Revision, row.Documents = r.Percent, &r.Spent, r.Text, r.Risk, r.Revision, r.Documents
	if row.Planned != nil && r.Percent != nil {
		s := behind(*row.Planned - *r.Percent)
		row.Standing = &s
	}
}

// Account is the money of a work in a year.
type Account struct {
	Year   int   `json:"year"`
	Budget Money `json:"budget"`
	Spent  Money `json:"spent"`
	Final  bool  `json:"final" doc:"spent is by the year's final account; otherwise the sum of the monthly reports"`
}

// accounts returns the money by year: final accounts where there are, else what
// the months have reported.
func (st state) accounts() []Account {
	var out []Account
	find := func(year int) *Account {
		at := slices.IndexFunc(out, func(a Account) bool { return a.Year == year })
		if at < 0 {
			at = len(out)
			out = append(out, Account{Year: year})
		}
		return &out[at]
	}
	for _, y := range st.Budget {
		a := find(y.Year)
		a.Budget = y.Budget
		if y.Spent != nil {
			a.Spent, a.Final = *y.Spent, true
		}
	}
	for _, r := range st.Reports {
		if a := find(r.Month.Start().Year()); !a.Final {
			a.Spent = a.Spent.plus(r.Spent)
		}
	}
	slices.SortFunc(out, func(a, b Account) int { return a.Year - b.Year })
	return out
}

// total adds the accounts up.
func total(all []Account) (budget, spent Money) {
	for _, a := range all {
		budget, spent = budget.plus(a.Budget), spent.plus(a.Spent)
	}
	return budget, spent
}

// risk returns the newest judgement of the risk: the last report's, else the
// version's; nil when nobody has judged.
func (st state) risk() *Risk {
	for _, r := range slices.Backward(st.Reports) {
		if r.Risk != nil {
			return r.Risk
		}
	}
	return st.Risk
}

// documents returns all documents of a work, those of its reports too, once each.
func (st state) documents() []Document {
	out := slices.Clone(st.Documents)
	for _, r := range st.Reports {
		for _, d := range r.Documents {
			if !slices.ContainsFunc(out, func(x Document) bool { return x.SHA256 == d.SHA256 }) {
				out = append(out, d)
			}
		}
	}
	return out
}

// named returns the wording of a milestone by its id.
func (w Work) named(milestone string) pack.Text {
	for _, m := range w.Milestones {
		if m.ID == milestone {
			return m.Text
		}
	}
	return pack.Text{ZH: milestone}
}
