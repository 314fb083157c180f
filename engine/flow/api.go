package flow

import (
	"context"
	"net/http"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

func (s *Service) routes(rt *web.Router) {
	rt.Waiting = s.Waiting
	s.caseOperations(rt)
	s.bookOperations(rt)
	s.exports(rt)
	s.pageRoutes(rt)
}

func (s *Service) caseOperations(rt *web.Router) {
	visit := actor.Visit
	web.Serve(rt, web.Operation{Path: "/flow/inbox", ID: "listInbox", Summary: "Tasks, the most urgent first", Need: visit}, s.apiInbox)
	web.Serve(rt, web.Operation{Path: "/flow/notices", ID: "listNotices", Summary: "Notices to me and to the posts I hold, the newest first", Need: visit}, s.apiNotices)
	web.Serve(rt, web.Operation{Path: "/flow/cases", ID: "listCases", Summary: "Cases, the newest first", Need: visit}, s.apiFind)
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/flow/cases", ID: "openCase", Summary: "Open a case; answered when it is on disk", Need: visit, Status: http.StatusCreated}, s.apiOpen)
	web.Serve(rt, web.Operation{Path: "/flow/cases/{id}", ID: "getCase", Summary: "A case as it stands", Need: visit}, s.apiCase)
	web.Serve(rt, web.Operation{Path: "/flow/cases/{id}/possible", ID: "listPossible", Summary: "What may happen to a case now, and who may let it", Need: visit}, s.apiPossible)
	web.Serve(rt, web.Operation{Path: "/flow/cases/{id}/events", ID: "listEvents", Summary: "What has happened to a case, the oldest first", Need: visit}, s.apiHistory)
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/flow/cases/{id}/events", ID: "sendEvent", Summary: "Let something happen to a case; answered when it is on disk", Need: visit}, s.apiSend)
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/flow/cases/{id}/notes", ID: "addNote", Summary: "Write a remark into a case", Need: visit}, s.apiNote)
	web.Serve(rt, web.Operation{Path: "/flow/cases/{id}/documents", ID: "listDocuments", Summary: "The files of a case", Need: visit}, s.apiDocuments)
}

func (s *Service) bookOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/flow/procedures", ID: "listProcedures", Summary: "Versions of procedures, the newest first"}, s.apiVersions)
	web.Serve(rt, web.Operation{Path: "/flow/procedures/{id}", ID: "getProcedure", Summary: "A procedure in force, or a version by its digest, as YAML"}, s.apiProcedure)
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/flow/procedures", ID: "acceptProcedure", Summary: "Check a procedure and put it in force", Need: actor.Administer, Status: http.StatusCreated}, s.apiAccept)
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/flow/procedures/check", ID: "checkProcedure", Summary: "Everything that is wrong with a procedure, by line"}, s.apiCheck)
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/flow/procedures/simulate", ID: "simulateProcedure", Summary: "The configuration of a procedure after each event"}, s.apiSimulate)
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/flow/procedures/migrate", ID: "migrateCases", Summary: "Move running cases to another version by an explicit map", Need: actor.Administer}, s.apiMigrate)
	web.Serve(rt, web.Operation{Path: "/flow/due", ID: "getDue", Summary: "When a limit ends by the official calendar"}, s.apiDue)
	web.Serve(rt, web.Operation{Method: http.MethodPut, Path: "/flow/calendar", ID: "setCalendar", Summary: "Put a calendar of working days in force; every open due is computed again", Need: actor.Administer}, s.apiSetCalendar)
	web.Serve(rt, web.Operation{Path: "/flow/audit", ID: "verifyLog", Summary: "Follow the log's hashes and replay every case", Need: actor.Administer},
		func(ctx context.Context, _ *struct{}) (Audited, error) { return s.Verify(ctx) })
}

type inboxInput struct {
	Unit  string `query:"unit" doc:"id of a unit: its tasks and those of all units below, in place of my own"`
	Only  bool   `query:"only" doc:"with unit: of that unit alone"`
	After string `query:"cursor"`
	Limit int    `query:"limit" doc:"1 to 200; 50 when absent"`
}

func (s *Service) apiInbox(ctx context.Context, in *inboxInput) (Inbox, error) {
	return s.Inbox(ctx, Asking{Unit: in.Unit, Only: in.Only, After: in.After, Limit: in.Limit})
}

func (s *Service) apiNotices(ctx context.Context, _ *struct{}) ([]Notice, error) {
	return s.Notices(ctx)
}

type findInput struct {
	Procedure string `query:"procedure"`
	Subject   string `query:"subject"`
	Unit      string `query:"unit"`
	Parent    string `query:"parent"`
	State     string `query:"state" doc:"id of a state that is active"`
	Q         string `query:"q" doc:"part of number or title"`
	Open      bool   `query:"open" doc:"leave closed ones out"`
	Cursor    string `query:"cursor"`
	Limit     int    `query:"limit" doc:"1 to 1000; 100 when absent"`
}

func (s *Service) apiFind(ctx context.Context, in *findInput) (web.List[Case], error) {
	f := Filter{in.Procedure, in.Subject, in.Unit, in.Parent, in.State, in.Q, in.Open, in.Cursor, in.Limit}
	all, err := s.Find(ctx, f)
	out := web.List[Case]{Items: all}
	if f.Limit == 0 {
		f.Limit = 100
	}
	if len(all) == f.Limit {
		out.Next = all[len(all)-1].ID
	}
	return out, err
}

type openInput struct {
	Key  string `header:"Idempotency-Key" doc:"sent again with the same key, the command is carried out once"`
	Body struct {
		Procedure string         `json:"procedure"`
		Title     pack.Text      `json:"title,omitzero"`
		Subject   string         `json:"subject,omitempty"`
		Unit      string         `json:"unit" doc:"which answers for it"`
		Parent    string         `json:"parent,omitempty"`
		Data      map[string]any `json:"data,omitempty" doc:"what the procedure declares"`
	}
}

func (s *Service) apiOpen(ctx context.Context, in *openInput) (Case, error) {
	b := in.Body
	who := s.person(ctx)
	if !who.program() && !who.over(b.Unit) {
		return Case{}, fault.Say(fault.Forbidden, "unit 为 %q：您在该单位没有职责，不能为它立案。", "unit is %q: you have no role over it, so you cannot open a case for it", b.Unit)
	}
	if guest := s.guestOf(b.Procedure); guest != "" && !who.program() {
		return Case{}, fault.Say(fault.Forbidden, "流程 %s 的办件由模块 %s 立案，请用它自己的页面或接口。", "cases of procedure %s are opened by module %s, which checks more than the form; use its own pages or operations", b.Procedure, guest)
	}
	return s.Open(ctx, Opening{Key: in.Key, Procedure: b.Procedure, Title: b.Title, Subject: b.Subject, Unit: b.Unit, Parent: b.Parent, Data: b.Data})
}

type caseInput struct {
	ID string `path:"id"`
}

func (s *Service) apiCase(ctx context.Context, in *caseInput) (Case, error) {
	return s.Case(ctx, in.ID)
}

func (s *Service) apiPossible(ctx context.Context, in *caseInput) ([]Possible, error) {
	return s.Possible(ctx, in.ID)
}

func (s *Service) apiHistory(ctx context.Context, in *caseInput) ([]Happening, error) {
	return s.History(ctx, in.ID)
}

func (s *Service) apiDocuments(ctx context.Context, in *caseInput) ([]Document, error) {
	return s.Documents(ctx, in.ID)
}

type sendInput struct {
	ID   string `path:"id"`
	Key  string `header:"Idempotency-Key" doc:"sent again with the same key, the command is carried out once"`
	Body struct {
		Event string         `json:"event"`
		Data  map[string]any `json:"data,omitempty"`
		After int64          `json:"after,omitempty" doc:"the case's events that the sender has seen: refused when there have been more since"`
	}
}

func (s *Service) apiSend(ctx context.Context, in *sendInput) (Case, error) {
	return s.Send(ctx, Command{Key: in.Key, Case: in.ID, Event: in.Body.Event, Data: in.Body.Data, After: in.Body.After})
}

type noteInput struct {
	ID   string `path:"id"`
	Key  string `header:"Idempotency-Key"`
	Body struct {
		Text string `json:"text"`
	}
}

func (s *Service) apiNote(ctx context.Context, in *noteInput) (Case, error) {
	return s.Note(ctx, in.Key, in.ID, in.Body.Text)
}

type versionsInput struct {
	ID string `query:"id" doc:"of one procedure"`
}

func (s *Service) apiVersions(ctx context.Context, in *versionsInput) ([]Version, error) {
	return s.Versions(ctx, in.ID)
}

// Source is a procedure as text.
type Source struct {
	ID     string `json:"id"`
	Digest string `json:"digest"`
	YAML   string `json:"yaml"`
}

func (s *Service) apiProcedure(ctx context.Context, in *caseInput) (Source, error) {
	p, err := s.Procedure(ctx, in.ID)
	if err != nil {
		return Source{}, err
	}
	return Source{p.ID, p.Digest, string(p.Source)}, nil
}

// textInput is a file sent as text within JSON, so that its errors are answered like all others.
type textInput struct {
	Body struct {
		Name string `json:"name" doc:"of the file, as findings name it; .scxml is read as SCXML"`
		Text string `json:"text"`
	}
}

func (s *Service) apiAccept(ctx context.Context, in *textInput) (Version, error) {
	return s.Accept(ctx, in.Body.Name, []byte(in.Body.Text))
}

func (s *Service) apiCheck(_ context.Context, in *textInput) ([]pack.Finding, error) {
	_, findings := s.examine(in.Body.Name, []byte(in.Body.Text))
	return findings, nil
}

func (s *Service) apiMigrate(ctx context.Context, in *struct{ Body Migration }) (Migrated, error) {
	return s.Migrate(ctx, in.Body)
}

func (s *Service) apiSetCalendar(ctx context.Context, in *textInput) (struct{}, error) {
	return struct{}{}, s.SetCalendar(ctx, []byte(in.Body.Text))
}

type dueInput struct {
	Start string `query:"start" doc:"the day on which the clock starts (2026-02-10); it is not counted"`
	Unit  string `query:"unit" doc:"working-day (when absent) or natural-day"`
	Limit int    `query:"limit" doc:"how many"`
}

// Due is when a limit ends.
type Due struct {
	Due string `json:"due" doc:"the last day"`
}

func (s *Service) apiDue(ctx context.Context, in *dueInput) (Due, error) {
	at, err := s.dueOn(ctx, *in)
	return Due{at.Format(time.DateOnly)}, err
}

// dueOn returns the last day of a limit, in the city's zone.
func (s *Service) dueOn(ctx context.Context, in dueInput) (time.Time, error) {
	start, err := time.ParseInLocation(time.DateOnly, in.Start, s.site.Zone)
	if err != nil {
		return start, fault.Say(fault.Invalid, "起始日 %q 不是日期，请写成 2026-02-10 的样子。", "start is %q; give a date such as 2026-02-10", in.Start)
	}
	if in.Limit < 1 || in.Limit > 10000 {
		return start, fault.Say(fault.Invalid, "天数 %d 不对，请填 1 到 10000。", "limit is %d; give 1 to 10000 days", in.Limit)
	}
	unit := clock.WorkingDay
	if in.Unit != "" {
		unit = clock.Unit(in.Unit)
	}
	cal, err := s.Calendar(ctx)
	if err != nil {
		return start, err
	}
	at, err := clock.New(clock.Rule{Kind: clock.Legal, Unit: unit, Limit: in.Limit}, start).Due(cal)
	return at.In(s.site.Zone), err
}
