package directives

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// stocktakeView is what a weekly meeting has before it, on one page.
type stocktakeView struct {
	Agenda    Agenda
	Lines     []lineView
	Meetings  []meetingView
	MayDecide bool
	Options   options
	Form      meetingForm
}

// lineView is one line of the meeting's paper.
type lineView struct {
	N       int
	Why     string // key of the wording
	Name    string
	Href    string // the target's page, or the directive's
	Was     *Lit
	Light   *Lit
	Changed string
	Reason  string
	Who     string
	Owes    string
	Due     string
	Late    *Lit
	Work    string // the directive's page; "" when nothing works on it
}

type meetingView struct{ Held, Title, Href string }

// meetingForm is a batch as a leader has filled it in, with what is wrong with it.
type meetingForm struct {
	Held, Title string
	Rows        []orderForm
	Error       string
}

// formRows is how many decisions the form takes at once.
const formRows = 5

// emptyRows is the form before anybody has filled it in.
func emptyRows() []orderForm {
	rows := make([]orderForm, formRows)
	for i := range rows {
		rows[i].N = i + 1
	}
	return rows
}

func (s *Service) showStocktake(w http.ResponseWriter, r *http.Request) error {
	return s.renderStocktake(w, r, http.StatusOK, meetingForm{Held: web.ShellOf(r.Context()).DateText(), Rows: emptyRows()})
}

func (s *Service) renderStocktake(w http.ResponseWriter, r *http.Request, status int, form meetingForm) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	a, err := s.Agenda(ctx, sh.Date, sh.Known)
	if err != nil {
		return err
	}
	v := stocktakeView{Agenda: a, Form: form, MayDecide: s.Access.Decide(ctx, sh.Actor, actor.Decide, "") == nil}
	for i, l := range a.Lines {
		v.Lines = append(v.Lines, s.line(ctx, sh, i+1, l))
	}
	all, err := s.meetings(ctx)
	if err != nil {
		return err
	}
	for _, m := range all[:min(5, len(all))] {
		v.Meetings = append(v.Meetings, meetingView{m.Held, sh.In(m.Title), "/directives?state=all&meeting=" + m.ID})
	}
	if v.MayDecide {
		if v.Options, err = s.options(ctx, sh); err != nil {
			return err
		}
	}
	return stocktakePage.RenderStatus(w, r, status, v)
}

func (s *Service) line(ctx context.Context, sh *web.Shell, n int, l Line) lineView {
	v := lineView{
		N: n, Why: "why." + l.Why, Name: sh.In(l.Name), Changed: sh.In(l.Changed), Reason: sh.In(l.Reason), Who: s.unit(ctx, sh, l.Who), Owes: sh.In(l.Owes),
		Due: l.DueOn, Was: targetLit(l.Was), Light: targetLit(l.Light),
	}
	if l.Late != "" {
		late := clockLit(l.Late)
		v.Late = &late
	}
	if l.Directive != "" {
		v.Work = "/directives/" + l.Directive
		v.Href = v.Work
	}
	if l.Target != "" {
		v.Href = sh.Link("/plan/targets/" + l.Target)
	}
	return v
}

// holdStocktake records a meeting and opens its batch from the form.
func (s *Service) holdStocktake(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Say(fault.Invalid, "表单读不出来，请重新填写。", "the form cannot be read")
	}
	form := meetingForm{Held: r.PostFormValue("held"), Title: strings.TrimSpace(r.PostFormValue("title"))}
	t := Stocktake{Held: form.Held, Title: pack.Text{ZH: form.Title, EN: form.Title}}
	for n := 1; n <= formRows; n++ {
		get := func(key string) string { return strings.TrimSpace(r.PostFormValue(key + strconv.Itoa(n))) }
		row := orderForm{N: n, Title: get("title"), Lead: get("lead"), Target: get("target"), By: get("by"), Condition: get("condition")}
		form.Rows = append(form.Rows, row)
		if row.Title == "" && row.Lead == "" {
			continue
		}
		t.Orders = append(t.Orders, Ordered{Title: pack.Text{ZH: row.Title}, Lead: row.Lead, Target: row.Target, By: row.By, Condition: row.Condition})
	}
	m, _, err := s.Decide(r.Context(), t)
	if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.Forbidden {
		form.Error = web.Said(r, err)
		return s.renderStocktake(w, r, web.Status(err), form)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/directives?state=all&meeting="+m.ID, http.StatusSeeOther)
	return nil
}
