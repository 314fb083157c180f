package projects

import (
	"net/http"
	"strings"

	"yuzhou/engine/flow"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/web"
)

// reportView is the form of a month's report, with last month beside it.
type reportView struct {
	ID, Name, Action string
	Month            string
	Percent, Spent   string
	Text             string
	Risk, RiskText   string
	Risks            []string
	Open             []openMilestone
	Last             *monthRow // the newest report before it
	Now              *monthRow // what the month has so far
	Error            string
}

type openMilestone struct {
	ID, Name, Planned string
	Ticked            bool
}

func (s *Service) showReport(w http.ResponseWriter, r *http.Request) error {
	v := reportView{Month: r.URL.Query().Get("month"), Action: r.URL.RequestURI()}
	if v.Month == "" {
		v.Month = period.Of(s.date(s.now()), period.Month).Add(-1).String()
	}
	if id := r.URL.Query().Get("case"); id != "" {
		_, p, err := s.change(r.Context(), id)
		if err != nil {
			return err
		}
		v.fill(p.Report)
	}
	return s.renderReport(w, r, http.StatusOK, v)
}

// fill writes a report into the form.
func (v *reportView) fill(r Report) {
	v.Month, v.Spent, v.Text = r.Month.String(), r.Spent.String(), r.Text
	if r.Percent != nil {
		v.Percent = tidy(*r.Percent)
	}
	if r.Risk != nil {
		v.Risk, v.RiskText = r.Risk.Level, r.Risk.ZH
	}
}

func (s *Service) renderReport(w http.ResponseWriter, r *http.Request, status int, v reportView) error {
	ctx := r.Context()
	d, err := s.desk(ctx)
	if err != nil {
		return err
	}
	st, err := s.state(ctx, r.PathValue("id"), s.now())
	if err != nil {
		return err
	}
	v.ID, v.Name, v.Risks = st.ID, d.sh.In(st.Text), Risks()
	for _, m := range st.folded().Milestones {
		if m.Actual.IsZero() {
			v.Open = append(v.Open, openMilestone{m.ID, d.sh.In(m.Text), m.Planned.String(), r.PostForm.Get("met_"+m.ID) != ""})
		}
	}
	for _, row := range st.rows(s.date(s.now())) {
		line := d.month(st, row)
		switch {
		case line.Month == v.Month:
			v.Now = &line
		case line.Month < v.Month && row.Revision > 0:
			v.Last = &line
		}
	}
	return reportPage.RenderStatus(w, r, status, v)
}

// report hands in the report of a month.
func (s *Service) report(w http.ResponseWriter, r *http.Request) error {
	if err := parse(w, r); err != nil {
		return err
	}
	v := reportView{
		Month: strings.TrimSpace(r.PostFormValue("month")), Percent: strings.TrimSpace(r.PostFormValue("percent")), Spent: strings.TrimSpace(r.PostFormValue("spent")),
		Text: strings.TrimSpace(r.PostFormValue("text")), Risk: r.PostFormValue("risk"), RiskText: strings.TrimSpace(r.PostFormValue("risk_text")), Action: r.URL.RequestURI(),
	}
	rep, err := s.typedReport(w, r, v)
	var c flow.Case
	switch caseID := r.URL.Query().Get("case"); {
	case err != nil:
	case caseID != "":
		c, err = s.Refile(r.Context(), caseID, rep)
	default:
		c, err = s.File(r.Context(), rep)
	}
	if mistake(err) {
		v.Error = web.Said(r, err)
		return s.renderReport(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/projects/"+rep.Work+"/changes/"+c.ID, http.StatusSeeOther)
	return nil
}

// typedReport reads a report with its files: those of field files, and of
// document_ID the one that shows a milestone.
func (s *Service) typedReport(w http.ResponseWriter, r *http.Request, v reportView) (Report, error) {
	rep := Report{Work: r.PathValue("id"), Text: v.Text}
	var err error
	if rep.Month, err = monthOf("the report", v.Month); err != nil {
		return rep, err
	}
	if v.Percent != "" {
		percent, err := percentOf(v.Percent)
		if err != nil {
			return rep, err
		}
		rep.Percent = &percent
	}
	if v.Spent != "" {
		if rep.Spent, err = ParseMoney(v.Spent); err != nil {
			return rep, err
		}
	}
	if v.Risk != "" {
		rep.Risk = &Risk{Level: v.Risk, Text: pack.Text{ZH: v.RiskText}}
	}
	if rep.Documents, err = s.uploaded(w, r, "files"); err != nil {
		return rep, err
	}
	return rep, s.met(w, r, &rep)
}

// met reads which milestones a report says were reached.
func (s *Service) met(w http.ResponseWriter, r *http.Request, rep *Report) error {
	for key := range r.PostForm {
		id, ok := strings.CutPrefix(key, "met_")
		if !ok || r.PostForm.Get(key) == "" {
			continue
		}
		docs, err := s.uploaded(w, r, "document_"+id)
		if err != nil {
			return err
		}
		m := Met{Milestone: id}
		if len(docs) > 0 {
			m.Document = docs[0].SHA256
			rep.Documents = append(rep.Documents, docs[0])
		}
		rep.Met = append(rep.Met, m)
	}
	return nil
}

// reported writes a report that is under way, against what counts so far.
func (d desk) reported(r Report, was state) []diffRow {
	var old monthRow
	for _, x := range was.Reports {
		if x.Month == r.Month {
			old = d.month(was, rowOf(x.Report))
		}
	}
	now := d.month(was, rowOf(r))
	word := func(zh, en string) string { return d.sh.In(pack.Text{ZH: zh, EN: en}) }
	all := []diffRow{
		difference(word("月份", "Month"), r.Month.String(), r.Month.String()),
		difference(word("进度", "Progress"), old.Actual, now.Actual),
		difference(word("当月支出", "Spent in the month"), old.Spent, now.Spent),
		difference(word("完成的里程碑", "Milestones reached"), strings.Join(old.Met, "；"), strings.Join(now.Met, "；")),
		difference(word("做了什么", "What was done"), old.Text, now.Text),
	}
	if r.Risk != nil {
		all = append(all, difference(word("风险", "Risk"), "", r.Risk.Level+" "+d.sh.In(r.Risk.Text)))
	}
	return all
}

// rowOf is a report as a month, without what was planned.
func rowOf(r Report) Row {
	row := Row{Month: r.Month, Actual: r.Percent, Spent: &r.Spent, Text: r.Text, Risk: r.Risk, Documents: r.Documents}
	for _, m := range r.Met {
		row.Met = append(row.Met, m.Milestone)
	}
	return row
}
