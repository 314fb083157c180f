package flow

import (
	"context"
	"embed"
	"net/http"
	"strings"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

//go:embed pages locale assets
var pages embed.FS

var (
	inboxPage     = web.MustPage[inboxView](pages, "pages/inbox.html")
	casesPage     = web.MustPage[casesView](pages, "pages/cases.html")
	casePage      = web.MustPage[caseView](pages, "pages/case.html")
	bookPage      = web.MustPage[bookView](pages, "pages/procedures.html")
	procedurePage = web.MustPage[procedureView](pages, "pages/procedure.html")
	editPage      = web.MustPage[editView](pages, "pages/edit.html")
	calendarPage  = web.MustPage[calendarView](pages, "pages/calendar.html")
)

// pageRoutes mounts the pages of the engine.
func (s *Service) pageRoutes(rt *web.Router) {
	rt.Page("GET /flow", actor.Visit, s.showInbox)
	rt.Page("GET /flow/cases", actor.Visit, s.showCases)
	rt.Page("GET /flow/cases/{id}", actor.Visit, s.showCase)
	rt.Page("POST /flow/cases/{id}/events", actor.Visit, s.sendForm)
	rt.Page("POST /flow/cases/{id}/tasks", actor.Visit, s.taskForm)
	rt.Page("POST /flow/cases/{id}/notes", actor.Visit, s.noteForm)
	rt.Page("POST /flow/cases/{id}/documents", actor.Visit, s.attachForm)
	rt.Page("GET /flow/cases/{id}/documents/{sha256}", actor.Visit, s.sendDocument)
	rt.Page("GET /flow/procedures", actor.Read, s.showBook)
	rt.Page("GET /flow/procedures/edit", actor.Read, s.showEdit)
	rt.Page("POST /flow/procedures/edit", actor.Read, s.checkForm)
	rt.Page("POST /flow/procedures", actor.Administer, s.acceptForm)
	rt.Page("GET /flow/procedures/{id}", actor.Read, s.showProcedure)
	rt.Page("GET /flow/procedures/{id}/{file}", actor.Read, s.sendProcedure)
	rt.Page("GET /flow/calendar", actor.Read, s.showCalendar)
	rt.Static("GET /flow/assets/{name}", http.HandlerFunc(script))
}

// script serves the pages' islands of script. It names their kind, for the
// server sniffs nothing.
func script(w http.ResponseWriter, r *http.Request) {
	b, err := pages.ReadFile("assets/" + r.PathValue("name"))
	if err != nil || !strings.HasSuffix(r.PathValue("name"), ".js") {
		http.Error(w, "there is no script of that name", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write(b) //nolint:gosec // an embedded file; the browser has gone when this fails
}

// Lit is a light as people read it: shape, colour and word together. Class is the
// stylesheet's, Word the key of the wording.
type Lit struct{ Class, Symbol, Word string }

func litOf(l clock.Light) Lit {
	switch l { //nolint:exhaustive // green is the rest
	case clock.Black:
		return Lit{"red", "◆", "clock.black"}
	case clock.Red:
		return Lit{"red", "■", "clock.red"}
	case clock.Yellow:
		return Lit{"yellow", "▲", "clock.yellow"}
	}
	return Lit{"green", "●", "clock.green"}
}

// reader turns what the engine keeps into words for whoever reads a page.
type reader struct {
	s   *Service
	ctx context.Context //nolint:containedctx // lives as long as one request
	sh  *web.Shell
}

func (s *Service) reader(r *http.Request) reader {
	return reader{s, r.Context(), web.ShellOf(r.Context())}
}

// unit names a unit; its code when nobody knows it.
func (rd reader) unit(id string) string {
	if u, err := rd.s.who.Unit(rd.ctx, id); err == nil {
		return rd.sh.In(u.Text)
	}
	return id
}

// person names a person; the program has a name of its own.
func (rd reader) person(id string) string {
	switch id {
	case "":
		return ""
	case program:
		return rd.sh.In(pack.Text{ZH: "系统", EN: "the program"})
	}
	if name, err := rd.s.who.Named(rd.ctx, id); err == nil {
		return rd.sh.In(name)
	}
	return id
}

// owner names who has to act.
func (rd reader) owner(o machine.Owner) string {
	switch {
	case o.Person != "":
		return rd.person(o.Person)
	case o.Post != "":
		return o.Post
	}
	return rd.unit(o.Unit) + " · " + rd.role(o.Role)
}

func (rd reader) role(id string) string {
	names := map[string]pack.Text{
		string(actor.Clerk): {ZH: "经办", EN: "clerk"}, string(actor.Steward): {ZH: "审核", EN: "steward"},
		string(actor.Leader): {ZH: "负责人", EN: "leader"}, string(actor.Owner): {ZH: "管理", EN: "owner"},
	}
	if n, ok := names[id]; ok {
		return rd.sh.In(n)
	}
	return id
}

// holder names who is meant by person:ID, post:ID or unit:ID:ROLE.
func (rd reader) holder(h string) string {
	kind, rest, _ := strings.Cut(h, ":")
	switch kind {
	case "person":
		return rd.owner(machine.Owner{Person: rest})
	case "post":
		return rd.owner(machine.Owner{Post: rest})
	}
	unit, role, _ := strings.Cut(rest, ":")
	return rd.owner(machine.Owner{Unit: unit, Role: role})
}

// states names the active states that a reader wants to know of: the inner ones.
func (rd reader) states(p *procedure.Procedure, active []string) string {
	var out []string
	for _, id := range active {
		if st := p.State(id); st != nil && (st.Kind == procedure.Atomic || st.Kind == procedure.Final) && st.Name.ZH != "" {
			out = append(out, rd.sh.In(st.Name))
		}
	}
	return strings.Join(out, rd.sh.In(pack.Text{ZH: "、", EN: ", "}))
}

// minute prints an instant in the city's time.
func (rd reader) minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(rd.sh.Zone).Format("2006-01-02 15:04")
}

// lastDay prints the day at whose end a due lies.
func (rd reader) lastDay(due time.Time) string {
	if due.IsZero() {
		return ""
	}
	return due.Add(-time.Microsecond).In(rd.sh.Zone).Format(time.DateOnly)
}

// left says how much time there is, or was.
func (rd reader) left(n *int, unit string) string {
	if n == nil {
		return ""
	}
	names := map[clock.Unit]pack.Text{
		clock.WorkingDay: {ZH: "个工作日", EN: "working days"}, clock.NaturalDay: {ZH: "天", EN: "days"}, clock.WorkingHour: {ZH: "个工作小时", EN: "working hours"},
	}
	name := names[clock.Unit(unit)]
	if *n < 0 {
		return rd.sh.In(text("超期 %d %s", "%d %s late", -*n, name))
	}
	return rd.sh.In(text("还剩 %d %s", "%d %s left", *n, name))
}

// refusable reports whether an error is an answer to what somebody filled in: it
// is shown beside the form, with what was filled in.
func refusable(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.Forbidden, fault.Busy:
		return true
	case fault.NotFound:
	}
	return false
}
