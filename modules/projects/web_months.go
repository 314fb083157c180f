package projects

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/web"
)

// monthsView is one month of all works: 打表推进.
type monthsView struct {
	Month    string
	Previous link
	Next     link
	Rows     []monthRow
	Missing  int
	Behind   int
	Demo     bool
}

// monthRow is one work in one month, or one month of a work.
type monthRow struct {
	Work            workRow
	Month           string
	Due             []string // milestones planned for it
	Met             []string
	Planned, Actual string
	Spent           string
	Lit             *lit
	Reason, Rule    string
	Text            string
	Missing         bool
	ReportHref      string
	MayReport       bool
	Documents       []link
}

func (s *Service) showMonths(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, err := s.desk(ctx)
	if err != nil {
		return err
	}
	m := period.Of(d.sh.Date, period.Month).Add(-1)
	if text := r.URL.Query().Get("month"); text != "" {
		if m, err = period.Parse(text); err != nil || !isMonth(m) {
			return fault.Say(fault.Invalid, "月份 %q 不对，请写成 2024-01 的样子。", "month is %q; give one such as 2024-01", text)
		}
	}
	b, err := s.book(ctx)
	if err != nil {
		return err
	}
	v := monthsView{Month: m.String(), Previous: d.monthLink(m.Add(-1)), Next: d.monthLink(m.Add(1))}
	for _, st := range b.at(d.sh.Known) {
		if row, ok := st.month(m, d.sh.Date); ok {
			line := d.month(st, row)
			line.Work = d.row(b.entry(st, d.sh.Date))
			v.Rows = append(v.Rows, line)
			v.Missing += count(row.Missing)
			v.Behind += count(row.Standing != nil && row.Standing.Light != Green)
			v.Demo = v.Demo || st.Demo
		}
	}
	return monthsPage.Render(w, r, v)
}

func (d desk) monthLink(m period.Period) link {
	return link{d.sh.Link("/projects/months?month=" + m.String()), m.String()}
}

// month writes a month of a work.
func (d desk) month(st state, row Row) monthRow {
	w := st.folded()
	out := monthRow{Month: row.Month.String(), Text: row.Text, Missing: row.Missing, ReportHref: "/projects/" + st.ID + "/report?month=" + row.Month.String()}
	for _, id := range row.Due {
		out.Due = append(out.Due, d.sh.In(w.named(id)))
	}
	for _, id := range row.Met {
		out.Met = append(out.Met, d.sh.In(w.named(id)))
	}
	percent := func(v *float64) string {
		if v == nil {
			return ""
		}
		return tidy(*v) + "%"
	}
	out.Planned, out.Actual = percent(row.Planned), percent(row.Actual)
	if row.Spent != nil {
		out.Spent = d.sh.In(row.Spent.words())
	}
	if row.Standing != nil {
		l := litOf(row.Standing.Light)
		out.Lit, out.Reason, out.Rule = &l, d.sh.In(row.Standing.Reason), row.Standing.Rule
	}
	for _, doc := range row.Documents {
		out.Documents = append(out.Documents, link{documentHref(doc.SHA256), doc.Name})
	}
	return out
}

// effortView is what works on a target and what it has cost.
type effortView struct {
	Target Element
	Name   string
	Href   string
	Parts  []partRow
	Sum    sumRow
	Demo   sumRow
}

type partRow struct {
	Part
	Lit          lit
	Name         string
	Reason, Unit string
	Effect, Via  string
	Money        string
}

type sumRow struct {
	Works         int
	Budget, Spent string
}

func (d desk) sum(s Sum) sumRow {
	return sumRow{s.Works, d.sh.In(s.Budget.words()), d.sh.In(s.Spent.words())}
}

func (s *Service) showEffort(w http.ResponseWriter, r *http.Request) error {
	d, err := s.desk(r.Context())
	if err != nil {
		return err
	}
	id := r.URL.Query().Get("target")
	target, ok := d.elements[id]
	if !ok || target.Kind != "target" {
		return fault.Say(fault.NotFound, "规划里没有目标 %q。", "the plan has no target %q", id)
	}
	effort, err := s.Works(r.Context(), id, d.sh.Known)
	if err != nil {
		return err
	}
	v := effortView{Target: target, Name: d.sh.In(target.Text), Href: d.sh.Link("/plan/targets/" + id), Sum: d.sum(effort.Sum), Demo: d.sum(effort.Demo)}
	for _, p := range effort.Parts {
		row := partRow{
			Part: p, Lit: litOf(p.Standing.Light), Name: d.sh.In(pack.Text(p.Name)), Reason: d.sh.In(p.Standing.Reason), Unit: d.unit(p.Unit),
			Effect: d.sh.In(pack.Text(p.Effect)), Money: d.sh.In(p.Spent.words()) + " / " + d.sh.In(p.Budget.words()),
		}
		row.Page = d.sh.Link(p.Page)
		if p.Via != "" {
			row.Via = d.element(p.Via)
		}
		v.Parts = append(v.Parts, row)
	}
	return effortPage.Render(w, r, v)
}

// exportList answers with the works as CSV.
func (s *Service) exportList(w http.ResponseWriter, r *http.Request) error {
	sh := web.ShellOf(r.Context())
	all, err := s.list(r.Context(), s.query(r), sh.Date, sh.Known)
	if err != nil {
		return err
	}
	rows := [][]string{{"id", "version", "kind", "element", "unit", "zh", "en", "from", "to", "light", "rule", "reason_zh", "budget_wan_yuan", "spent_wan_yuan", "serves", "closed", "demo"}}
	for _, e := range all {
		budget, spent := total(e.Accounts)
		var serves []string
		for _, l := range e.Links {
			serves = append(serves, l.To)
		}
		closed := ""
		if e.Closing != nil {
			closed = e.Closing.On
		}
		rows = append(rows, []string{
			e.ID, strconv.Itoa(e.Version), e.Kind, e.Element, e.Unit, plain(e.ZH), plain(e.EN), e.From, e.To, string(e.Standing.Light), e.Standing.Rule,
			plain(e.Standing.Reason.ZH), budget.String(), spent.String(), strings.Join(serves, " "), closed, strconv.FormatBool(e.Demo),
		})
	}
	return answerCSV(w, "projects.csv", rows)
}

// exportMonths answers with a work month by month as CSV.
func (s *Service) exportMonths(w http.ResponseWriter, r *http.Request) error {
	sh := web.ShellOf(r.Context())
	st, err := s.state(r.Context(), r.PathValue("id"), sh.Known)
	if err != nil {
		return err
	}
	rows := [][]string{{"work", "month", "due", "met", "planned_percent", "actual_percent", "spent_wan_yuan", "light", "rule", "missing", "revision", "text", "demo"}}
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'f', -1, 64)
	}
	for _, m := range st.rows(sh.Date) {
		spent, light, rule := "", "", ""
		if m.Spent != nil {
			spent = m.Spent.String()
		}
		if m.Standing != nil {
			light, rule = string(m.Standing.Light), m.Standing.Rule
		}
		rows = append(rows, []string{
			st.ID, m.Month.String(), strings.Join(m.Due, " "), strings.Join(m.Met, " "), number(m.Planned), number(m.Actual), spent, light, rule,
			strconv.FormatBool(m.Missing), strconv.Itoa(m.Revision), plain(m.Text), strconv.FormatBool(st.Demo),
		})
	}
	return answerCSV(w, st.ID+".csv", rows)
}

// plain keeps a spreadsheet from taking a text for a formula.
func plain(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func answerCSV(w http.ResponseWriter, name string, rows [][]string) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	if _, err := w.Write([]byte("\ufeff")); err != nil { // spreadsheets take it for UTF-8 only then
		return err
	}
	c := csv.NewWriter(w)
	return c.WriteAll(rows)
}
