package collection

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/org"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

//go:embed pages locale assets
var pages embed.FS

var (
	duePage       = web.MustPage[dueView](pages, "pages/due.html")
	formPage      = web.MustPage[formPageView](pages, "pages/form.html")
	approvalsPage = web.MustPage[approvalsView](pages, "pages/approvals.html")
	burdenPage    = web.MustPage[burdenView](pages, "pages/burden.html")
	checksPage    = web.MustPage[checksView](pages, "pages/checks.html")
)

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /collection", actor.Visit, s.showDue)
	rt.Page("POST /collection", actor.Visit, s.askByHand)
	rt.Page("GET /collection/approvals", actor.Visit, s.showApprovals)
	rt.Page("GET /collection/burden", actor.Read, s.showBurden)
	rt.Page("GET /collection/checks", actor.Read, s.showChecks)
	rt.Page("GET /collection/{id}", actor.Visit, s.showForm)
	rt.Page("POST /collection/{id}", actor.Visit, s.takeForm)
	rt.Page("POST /collection/{id}/step", actor.Visit, s.stepByHand)
	rt.Page("POST /collection/{id}/revision", actor.Visit, s.reviseByHand)
	rt.Page("GET /collection/{id}/sheet.xlsx", actor.Visit, s.sendSheet)
	rt.Page("POST /collection/{id}/sheet", actor.Visit, s.takeSheet)
	rt.Static("GET /collection/assets/form.js", script())
}

// script serves the form's island of script. It names its kind, for the server
// sniffs nothing.
func script() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		b, err := pages.ReadFile("assets/form.js")
		if err != nil {
			http.Error(w, "there is no script", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=3600")
		_, _ = w.Write(b) // the browser has gone when this fails
	})
}

// Lit is a light as people read it: shape, colour and word together.
type Lit struct{ Class, Symbol, Word string }

func clockLit(light string) Lit {
	classes := map[string]string{"black": "red", "red": "red", "yellow": "yellow", "green": "green"}
	symbols := map[string]string{"black": "◆", "red": "■", "yellow": "▲", "green": "●"}
	return Lit{classes[light], symbols[light], "clock." + light}
}

// line is a request as a line of a list.
type line struct {
	Request
	Href      string
	TitleText string
	UnitName  string
	StageText string
	Lit       Lit
	Asks      string // who asks
	Count     int
}

func (s *Service) line(ctx context.Context, sh *web.Shell, r Request) line {
	return line{
		Request: r, Href: "/collection/" + url.PathEscape(r.ID), TitleText: sh.In(r.Title), UnitName: sh.In(s.unitName(ctx, r.Unit)), StageText: sh.In(r.StageName),
		Lit: clockLit(r.Light), Asks: sh.In(s.unitName(ctx, r.Asker)), Count: len(r.Asked),
	}
}

// group is a heading with its lines.
type group struct {
	Key   string // of the wording
	Lines []line
}

// grouped sorts requests into overdue, this week and later; empty groups are left out.
func (s *Service) grouped(ctx context.Context, sh *web.Shell, all []Request) []group {
	out := []group{{Key: "overdue"}, {Key: "week"}, {Key: "later"}}
	now := s.now()
	today := s.site.Today()
	monday := today.AddDate(0, 0, 8-isoWeekday(today))
	next := s.site.StartOf(monday)
	for _, r := range all {
		i := 2
		switch {
		case !r.Due.IsZero() && r.Due.Before(now):
			i = 0
		case !r.Due.IsZero() && r.Due.Before(next):
			i = 1
		}
		out[i].Lines = append(out[i].Lines, s.line(ctx, sh, r))
	}
	kept := out[:0]
	for _, g := range out {
		if len(g.Lines) > 0 {
			kept = append(kept, g)
		}
	}
	return kept
}

// isoWeekday counts from Monday, 1, to Sunday, 7.
func isoWeekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

// coming is a request that is not asked for yet.
type coming struct {
	Asked, Title, Unit, Period string
	Days, Count                int
}

// askForm is a request by hand as it was typed, with what is wrong with it.
type askForm struct{ Title, Indicators, Unit, Asker, Period, Days, Basis, Error string }

// dueView is what is due from the reader.
type dueView struct {
	Mine    []group
	Others  []line // under way, of units that the reader may see
	Coming  []coming
	MayAsk  bool
	Ask     askForm
	Units   []choice // that can be asked, for the form
	Count   int
	Overdue int
}

func (s *Service) showDue(w http.ResponseWriter, r *http.Request) error {
	return s.renderDue(w, r, http.StatusOK, askForm{Days: "5"})
}

func (s *Service) renderDue(w http.ResponseWriter, r *http.Request, status int, form askForm) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	all, err := s.List(ctx, Query{})
	if err != nil {
		return err
	}
	v := dueView{Ask: form, MayAsk: s.Access.Decide(ctx, sh.Actor, actor.Curate, "") == nil || s.Access.Decide(ctx, sh.Actor, actor.Decide, "") == nil}
	var mine []Request
	for _, x := range all {
		if s.mine(ctx, x, "fill") {
			mine = append(mine, x)
		} else {
			v.Others = append(v.Others, s.line(ctx, sh, x))
		}
	}
	v.Mine, v.Count = s.grouped(ctx, sh, mine), len(mine)
	if len(v.Mine) > 0 && v.Mine[0].Key == "overdue" {
		v.Overdue = len(v.Mine[0].Lines)
	}
	if v.Coming, err = s.coming(ctx, sh); err != nil {
		return err
	}
	if v.MayAsk {
		if v.Units, err = s.askable(ctx, sh); err != nil {
			return err
		}
	}
	return duePage.RenderStatus(w, r, status, v)
}

// askable lists the bodies and districts for whoever may ask for numbers.
func (s *Service) askable(ctx context.Context, sh *web.Shell) ([]choice, error) {
	units, err := s.Units.Units(ctx, s.now())
	var out []choice
	for _, u := range units {
		if u.Kind != org.Town {
			out = append(out, choice{Key: u.ID, Name: sh.In(u.Text)})
		}
	}
	return out, err
}

// coming lists what will be asked of the reader's units in the next three months.
func (s *Service) coming(ctx context.Context, sh *web.Shell) ([]coming, error) {
	const ahead = 92
	today := s.site.Today()
	all, err := s.Calendar(ctx, today, today.AddDate(0, 0, ahead), "")
	if err != nil {
		return nil, err
	}
	var out []coming
	at := map[string]int{}
	mine := map[string]bool{}
	for _, d := range all {
		ok, asked := mine[d.Unit]
		if !asked {
			ok = s.has(ctx, actor.Clerk, d.Unit)
			mine[d.Unit] = ok
		}
		if !ok || d.State != "coming" {
			continue
		}
		key := d.Assignment + "\x00" + d.Unit + "\x00" + d.Period
		if i, ok := at[key]; ok {
			out[i].Count++
			continue
		}
		at[key] = len(out)
		out = append(out, coming{d.Asked, sh.In(d.Name), sh.In(s.unitName(ctx, d.Unit)), d.Period, d.Days, 1})
	}
	return out, nil
}

// askByHand asks for numbers from the form on the page; a refusal says where they are.
func (s *Service) askByHand(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "the form cannot be read")
	}
	get := func(key string) string { return strings.TrimSpace(r.PostFormValue(key)) }
	form := askForm{get("title"), get("indicators"), get("unit"), get("asker"), get("period"), get("days"), get("basis"), ""}
	names := strings.FieldsFunc(form.Indicators, func(c rune) bool { return strings.ContainsRune(",，、;；\n\r", c) })
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	o, err := s.Ask(r.Context(), Asking{Title: form.Title, Indicators: names, Unit: form.Unit, Asker: form.Asker, Period: form.Period, Days: count(form.Days), Basis: form.Basis})
	if mistake(err) {
		form.Error = web.Said(r, err)
		return s.renderDue(w, r, web.Status(err), form)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/collection/"+url.PathEscape(o.Case), http.StatusSeeOther)
	return nil
}

// count reads a small whole number, 0 when it is none.
func count(text string) int {
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' || n > 1e6 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// mistake reports whether err is one that the page can show beside what was typed.
func mistake(err error) bool {
	return slices.Contains([]fault.Kind{fault.Invalid, fault.Conflict, fault.Forbidden}, fault.KindOf(err))
}

// approvalsView is the queue of those who check and approve.
type approvalsView struct {
	Check, Approve []group
	Checks, Nods   int
}

func (s *Service) showApprovals(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	all, err := s.List(ctx, Query{})
	if err != nil {
		return err
	}
	var check, approve []Request
	for _, x := range all {
		switch {
		case s.mine(ctx, x, "check"):
			check = append(check, x)
		case s.mine(ctx, x, "approve"):
			approve = append(approve, x)
		}
	}
	return approvalsPage.Render(w, r, approvalsView{s.grouped(ctx, sh, check), s.grouped(ctx, sh, approve), len(check), len(approve)})
}

// text is a wording in both languages.
func text(zh, en string) pack.Text { return pack.Text{ZH: zh, EN: en} }
