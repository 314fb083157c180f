package projects

import (
	"net/url"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// workForm is a work as somebody has typed it, so that a mistake keeps the rest.
type workForm struct {
	ID, Kind, Element, Unit, Post string
	ZH, EN, BodyZH, BodyEN        string
	From, To, Issuer, Reference   string
	RiskLevel, RiskText           string
	Clauses, Milestones, Pace     [][]string // columns as in the functions below
	Budget, Links, Documents      [][]string
	Closing                       *Closing
	Error                         string
}

// spare is how many empty rows a form offers below those that are filled in.
const spare = 3

// formOf writes a work into a form.
func formOf(w Work) workForm {
	f := workForm{
		ID: w.ID, Kind: w.Kind, Element: w.Element, Unit: w.Unit, Post: w.Post, ZH: w.ZH, EN: w.EN, BodyZH: w.Body.ZH, BodyEN: w.Body.EN,
		From: w.From, To: w.To, Issuer: w.Issuer, Reference: w.Reference, Closing: w.Closing,
	}
	if w.Risk != nil {
		f.RiskLevel, f.RiskText = w.Risk.Level, w.Risk.ZH
	}
	for _, c := range w.Clauses {
		f.Clauses = append(f.Clauses, []string{c.Number, c.ZH, c.From, c.To, c.EN})
	}
	for _, m := range w.Milestones {
		f.Milestones = append(f.Milestones, []string{m.ID, m.ZH, m.Planned.String(), m.Actual.String(), m.Document, m.EN})
	}
	for _, s := range w.Pace {
		f.Pace = append(f.Pace, []string{s.Month.String(), strconv.FormatFloat(s.Percent, 'f', -1, 64)})
	}
	for _, y := range w.Budget {
		spent := ""
		if y.Spent != nil {
			spent = y.Spent.String()
		}
		f.Budget = append(f.Budget, []string{strconv.Itoa(y.Year), y.Budget.String(), spent})
	}
	for _, l := range w.Links {
		f.Links = append(f.Links, []string{l.To, l.Effect.ZH, l.Grade, l.Source, l.Effect.EN})
	}
	for _, d := range w.Documents {
		f.Documents = append(f.Documents, []string{d.SHA256, d.Name})
	}
	return f
}

// readForm reads what was typed.
func readForm(v url.Values) workForm {
	one := func(key string) string { return strings.TrimSpace(v.Get(key)) }
	return workForm{
		ID: one("id"), Kind: one("kind"), Element: one("element"), Unit: one("unit"), Post: one("post"), ZH: one("zh"), EN: one("en"),
		BodyZH: one("body_zh"), BodyEN: one("body_en"), From: one("from"), To: one("to"), Issuer: one("issuer"), Reference: one("reference"),
		RiskLevel: one("risk"), RiskText: one("risk_text"),
		Clauses:    table(v, "clause_number", "clause_zh", "clause_from", "clause_to", "clause_en"),
		Milestones: table(v, "milestone_id", "milestone_zh", "milestone_planned", "milestone_actual", "milestone_document", "milestone_en"),
		Pace:       table(v, "pace_month", "pace_percent"),
		Budget:     table(v, "budget_year", "budget_amount", "budget_spent"),
		Links:      table(v, "link_to", "link_effect", "link_grade", "link_source", "link_en"),
		Documents:  table(v, "document_sha256", "document_name"),
	}
}

// table reads the rows of a form's grid, leaving out those that are empty.
func table(v url.Values, columns ...string) [][]string {
	var out [][]string
	for n := range v[columns[0]] {
		row, filled := make([]string, len(columns)), false
		for c, key := range columns {
			if n < len(v[key]) {
				row[c] = strings.TrimSpace(v[key][n])
			}
			filled = filled || row[c] != ""
		}
		if filled {
			out = append(out, row)
		}
	}
	return out
}

// work reads the form as a work. Errors: fault.Invalid with what is wrong.
func (f workForm) work() (Work, error) {
	w := Work{
		ID: f.ID, Kind: f.Kind, Element: f.Element, Unit: f.Unit, Post: f.Post, Text: pack.Text{ZH: f.ZH, EN: f.EN}, Body: pack.Text{ZH: f.BodyZH, EN: f.BodyEN},
		From: f.From, To: f.To, Issuer: f.Issuer, Reference: f.Reference, Closing: f.Closing,
	}
	if f.RiskLevel != "" {
		w.Risk = &Risk{Level: f.RiskLevel, Text: pack.Text{ZH: f.RiskText}}
	}
	for _, r := range f.Clauses {
		w.Clauses = append(w.Clauses, Clause{Number: r[0], Text: pack.Text{ZH: r[1], EN: r[4]}, From: r[2], To: r[3]})
	}
	for _, r := range f.Links {
		w.Links = append(w.Links, Link{To: r[0], Effect: pack.Text{ZH: r[1], EN: r[4]}, Grade: r[2], Source: r[3]})
	}
	for _, r := range f.Documents {
		w.Documents = append(w.Documents, Document{SHA256: r[0], Name: r[1]})
	}
	for _, read := range []func(*Work) error{f.milestones, f.pace, f.money} {
		if err := read(&w); err != nil {
			return w, err
		}
	}
	return w, nil
}

// monthOf reads a month; an empty one is none.
func monthOf(what, text string) (period.Period, error) {
	if text == "" {
		return period.Period{}, nil
	}
	p, err := period.Parse(text)
	if err != nil || !isMonth(p) {
		return period.Period{}, fault.Say(fault.Invalid, "%s：%q 不是月份，请写成 2024-06 的样子。", "%s: %q is not a month such as 2024-06", what, text)
	}
	return p, nil
}

func (f workForm) milestones(w *Work) (err error) {
	for n, r := range f.Milestones {
		m := Milestone{ID: r[0], Text: pack.Text{ZH: r[1], EN: r[5]}, Document: r[4]}
		if m.ID == "" {
			m.ID = "M" + strconv.Itoa(n+1)
		}
		if m.Planned, err = monthOf("milestone "+m.ID+", planned", r[2]); err != nil {
			return err
		}
		if m.Actual, err = monthOf("milestone "+m.ID+", actual", r[3]); err != nil {
			return err
		}
		w.Milestones = append(w.Milestones, m)
	}
	return nil
}

func (f workForm) pace(w *Work) error {
	for _, r := range f.Pace {
		m, err := monthOf("planned progress", r[0])
		if err != nil {
			return err
		}
		percent, err := percentOf(r[1])
		if err != nil {
			return err
		}
		w.Pace = append(w.Pace, Step{m, percent})
	}
	return nil
}

// percentOf reads a percentage, with its sign or without.
func percentOf(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || v < 0 || v > 100 || v != v { //nolint:gocritic // NaN is no percentage
		return 0, fault.Say(fault.Invalid, "进度 %q 不对，请填 0 到 100 的百分数。", "progress %q is not a percentage from 0 to 100", text)
	}
	return v, nil
}

func (f workForm) money(w *Work) error {
	for _, r := range f.Budget {
		year, err := strconv.Atoi(r[0])
		if err != nil {
			return fault.Say(fault.Invalid, "预算：%q 不是年份，请写成 2024 的样子。", "budget: %q is not a year such as 2024", r[0])
		}
		y := Year{Year: year}
		if r[1] != "" {
			if y.Budget, err = ParseMoney(r[1]); err != nil {
				return err
			}
		}
		if r[2] != "" {
			spent, err := ParseMoney(r[2])
			if err != nil {
				return err
			}
			y.Spent = &spent
		}
		w.Budget = append(w.Budget, y)
	}
	return nil
}

// padded returns the rows of a grid with empty ones below, each of n columns.
func padded(rows [][]string, n int) [][]string {
	out := append([][]string{}, rows...)
	for range spare {
		out = append(out, make([]string, n))
	}
	return out
}
