package collection

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
	"yuzhou/modules/collection/sheet"
)

// formRow is one number on the page.
type formRow struct {
	N           int
	Key         string // of its inputs: INDICATOR@PLACE
	Indicator   string
	Name, Place string
	Concept     string
	Measure     string
	Reported    string
	Value, Note string
	Prefilled   bool
	Last, Year  *web.Figure
	Here        *web.Figure
	Findings    []formFinding
	Wrong       bool // a rule finds an error
}

// formFinding is a finding as the page says it.
type formFinding struct{ Severity, Text string }

// heldRow is a number that is not asked again.
type heldRow struct{ Name, Place, Kind, Text, Href string }

// formPageView is one request as a page.
type formPageView struct {
	Line      line
	R         Request
	Rows      []formRow
	Held      []heldRow
	Rules     []string
	Reasons   []reason
	Filings   []filingRow
	MayFill   bool
	MayCheck  bool
	MayNod    bool
	MayRecall bool
	MayRevise bool
	Errors    int
	Warnings  int
	Saved     string
	Shown     int64 // when the page was made, seconds since 1970: measures a form without script
	Basis     string
	Problem   string
	Todo      []todo // what keeps it from being handed in, when that was tried
	Done      string // key of the wording
	CaseHref  string
}

// todo is something to be mended or explained, with where.
type todo struct{ Href, Text string }

// reason is why a form can be returned: those of the procedure.
type reason struct{ Code, Text string }

// filingRow is what was handed in before.
type filingRow struct{ At, Name, Place, Value, Note, Href string }

func (s *Service) showForm(w http.ResponseWriter, r *http.Request) error {
	v, err := s.form(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	done := r.URL.Query().Get("done")
	if done != "saved" && done != "submitted" && done != "stepped" {
		done = ""
	}
	return s.renderForm(w, r, shown{form: v, status: http.StatusOK, done: done})
}

// shown is a form with what is to be said above it.
type shown struct {
	form    FormView
	status  int
	problem string
	listed  bool // the problem is what keeps it from being handed in
	done    string
}

func (s *Service) renderForm(w http.ResponseWriter, r *http.Request, in shown) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	v, q := in.form, in.form.Request
	filler := s.has(ctx, actor.Clerk, q.Unit)
	page := formPageView{
		Line: s.line(ctx, sh, q), R: q, MayFill: filler && q.open(), MayCheck: s.mine(ctx, q, "check"), MayNod: s.mine(ctx, q, "approve"),
		MayRecall: filler && (q.Stage == stageChecking || q.Stage == stageApproving), Shown: s.now().Unix(), Basis: q.Basis, Problem: in.problem, Done: in.done,
		MayRevise: q.Stage == stagePublished && s.mayRevise(ctx, q),
		Saved:     v.Saved, CaseHref: "/flow/cases/" + url.PathEscape(q.ID),
	}
	for n, row := range v.Rows {
		page.Rows = append(page.Rows, s.formRow(sh, v, n, row))
	}
	for _, f := range v.obstacles() {
		if f.Severity == Error {
			page.Errors++
		} else {
			page.Warnings++
		}
		if in.listed {
			page.Todo = append(page.Todo, v.todo(sh, f))
		}
	}
	for _, h := range v.Held {
		page.Held = append(page.Held, heldRow{sh.In(text(v.defs[h.Indicator].ZH, v.defs[h.Indicator].EN)), sh.In(s.unitName(ctx, h.Place)), h.Kind, cmp.Or(h.Printed, h.Where), h.Href})
	}
	for _, rule := range v.Rules {
		page.Rules = append(page.Rules, sh.In(rule.Text))
	}
	for _, x := range [][3]string{{"wrong", "数字有误", "A number is wrong"}, {"notion", "口径不符", "Another notion was counted"}, {"unexplained", "异常未说明", "Something unusual is not explained"}, {"missing", "缺数字", "A number is missing"}} {
		page.Reasons = append(page.Reasons, reason{x[0], sh.In(text(x[1], x[2]))})
	}
	var err error
	if page.Filings, err = s.filingRows(ctx, sh, v); err != nil {
		return err
	}
	return formPage.RenderStatus(w, r, in.status, page)
}

func (s *Service) formRow(sh *web.Shell, v FormView, n int, row Row) formRow {
	out := formRow{
		N: n + 1, Key: row.Indicator + "@" + row.Place, Indicator: row.Indicator, Name: sh.In(row.Name), Place: sh.In(row.PlaceName), Concept: sh.In(row.Concept), Measure: row.Measure,
		Reported: row.Reported, Value: row.Value, Note: row.Note, Prefilled: row.From == "here",
	}
	for i, at := range []**web.Figure{&out.Last, &out.Year, &out.Here} {
		if row.seen[i] != nil {
			f := sh.Figure(*row.seen[i])
			*at = &f
		}
	}
	for _, f := range v.Findings {
		if f.Cell == row.Cell {
			out.Findings = append(out.Findings, formFinding{f.Severity, sh.In(f.Text)})
			out.Wrong = out.Wrong || f.Severity == Error
		}
	}
	return out
}

// todo words a finding for the list above a form that could not be handed in.
func (v *FormView) todo(sh *web.Shell, f Finding) todo {
	i := v.rowOf(f.Cell)
	if i < 0 {
		return todo{"#collection-grid", sh.In(f.Text)}
	}
	field := "v" // an error is mended in the value, a warning is explained
	if f.Severity == Warning {
		field = "n"
	}
	row := v.Rows[i]
	return todo{"#" + field + strconv.Itoa(i+1), sh.In(row.Name) + " · " + sh.In(row.PlaceName) + " · " + sh.In(f.Text)}
}

// filingRows lists what was handed in and published by this request.
func (s *Service) filingRows(ctx context.Context, sh *web.Shell, v FormView) ([]filingRow, error) {
	all, err := s.filings(ctx, v.Request.ID)
	var out []filingRow
	for _, f := range all {
		row := filingRow{
			At: f.At.In(s.site.Zone).Format("2006-01-02 15:04"), Name: sh.In(text(v.defs[f.Indicator].ZH, v.defs[f.Indicator].EN)), Place: sh.In(s.unitName(ctx, f.Place)),
			Value: f.Value, Note: f.Note,
		}
		if f.Name != "" {
			row.Href = "/" + f.Name
		}
		out = append(out, row)
	}
	return out, err
}

// typed reads the grid of a form, and for how long it was open.
func (s *Service) typed(r *http.Request, asked []Cell) (Typed, error) {
	if err := r.ParseForm(); err != nil {
		return Typed{}, fault.New(fault.Invalid, "the form cannot be read")
	}
	var in Typed
	for _, c := range asked {
		key := c.Indicator + "@" + c.Place
		if _, ok := r.PostForm["v:"+key]; ok {
			in.Values = append(in.Values, Entry{c, r.PostForm.Get("v:" + key), strings.TrimSpace(r.PostForm.Get("n:" + key))})
		}
	}
	const unattended = 3600 // without script nobody knows whether the form was looked at: an hour at most
	if in.Seconds = count(r.PostForm.Get("seconds")); in.Seconds == 0 {
		if since, err := strconv.ParseInt(r.PostForm.Get("shown"), 10, 64); err == nil {
			in.Seconds = int(min(max(s.now().Unix()-since, 0), unattended))
		}
	}
	return in, nil
}

// takeForm saves a form or hands it in. What was typed is shown again with what is
// wrong with it, and is kept as the draft where it can be.
func (s *Service) takeForm(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	v, err := s.form(ctx, id)
	if err != nil {
		return err
	}
	in, err := s.typed(r, v.Request.Asked)
	if err != nil {
		return err
	}
	done := "saved"
	if r.PostForm.Get("do") == "submit" {
		done = "submitted"
		_, err = s.Submit(ctx, id, in)
	} else {
		_, err = s.Save(ctx, id, in)
	}
	return s.answer(w, r, in, done, err)
}

// answer leads back to the form, or shows it again with what was wrong.
func (s *Service) answer(w http.ResponseWriter, r *http.Request, in Typed, done string, err error) error {
	id := r.PathValue("id")
	if err == nil {
		http.Redirect(w, r, "/collection/"+url.PathEscape(id)+"?done="+done, http.StatusSeeOther)
		return nil
	}
	if !mistake(err) {
		return err
	}
	v, again := s.try(r.Context(), id, in)
	listed := again == nil && done == "submitted" && v.obstacle() != nil
	if again != nil {
		if v, again = s.form(r.Context(), id); again != nil {
			return again
		}
	}
	return s.renderForm(w, r, shown{form: v, status: web.Status(err), problem: web.Said(r, err), listed: listed})
}

// stepByHand passes, approves, returns or recalls.
func (s *Service) stepByHand(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "the form cannot be read")
	}
	step := Step{Event: r.PostForm.Get("event"), Data: map[string]any{}}
	for _, key := range []string{"reason", "text"} {
		if x := strings.TrimSpace(r.PostForm.Get(key)); x != "" {
			step.Data[key] = x
		}
	}
	_, err := s.Act(r.Context(), r.PathValue("id"), step)
	return s.answer(w, r, Typed{}, "stepped", err)
}

func (s *Service) reviseByHand(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "the form cannot be read")
	}
	q, err := s.Revise(r.Context(), r.PathValue("id"), r.PostForm.Get("why"))
	if err != nil {
		return s.answer(w, r, Typed{}, "", err)
	}
	http.Redirect(w, r, "/collection/"+url.PathEscape(q.ID), http.StatusSeeOther)
	return nil
}

// sendSheet sends the form as a workbook with locked headings.
func (s *Service) sendSheet(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	v, err := s.form(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	b := sheet.Book{
		Request: v.Request.ID, Title: sh.In(v.Request.Title) + " · " + sh.In(s.unitName(ctx, v.Request.Unit)),
		Hint: sh.In(text("只填底色为浅黄的两列：本期数只写数字，单位在表上；异常或缺数请写说明。", "Fill in the two pale yellow columns: digits alone, the unit stands in the form; explain what is unusual or missing.")),
	}
	for _, row := range v.Rows {
		x := sheet.Row{
			Indicator: row.Indicator, Place: row.Place, PlaceName: sh.In(row.PlaceName), Name: sh.In(row.Name), Period: row.Reported, Unit: row.Measure, Value: row.Value, Note: row.Note,
		}
		if row.Last != nil {
			x.Last = row.Last.Printed
		}
		if row.Year != nil {
			x.Year = row.Year.Printed
		}
		b.Rows = append(b.Rows, x)
	}
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", `attachment; filename="collection-`+url.PathEscape(v.Request.ID)+`.xlsx"`)
	return sheet.Write(w, b)
}

// maxSheet is the largest upload that is read, in bytes.
const maxSheet = 20 << 20

// takeSheet reads a filled-in workbook into the draft; the form then shows it.
func (s *Service) takeSheet(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	r.Body = http.MaxBytesReader(w, r.Body, maxSheet)
	file, _, err := r.FormFile("file")
	if err != nil {
		return s.answer(w, r, Typed{}, "", fault.Say(fault.Invalid, "请选择填好的 .xlsx 文件", "choose the .xlsx file that you have filled in"))
	}
	defer file.Close() //nolint:errcheck // only read
	b, err := sheet.Read(file)
	if err == nil && b.Request != id {
		err = fault.Say(fault.Invalid, "这份表是另一件填报 %s 的，请交到 /collection/%s", "the workbook is of request %q, not of this one; send it where it belongs: /collection/%s", b.Request, b.Request)
	}
	var in Typed
	for _, row := range b.Rows {
		in.Values = append(in.Values, Entry{Cell{row.Indicator, row.Place}, row.Value, row.Note})
	}
	if err == nil {
		_, err = s.Save(r.Context(), id, in)
	}
	return s.answer(w, r, Typed{}, "saved", err)
}
