package projects

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
)

// Entry is a work as the API answers it.
type Entry struct {
	Work
	Version  int       `json:"version"`
	Change   string    `json:"change" doc:"that made this version"`
	Since    time.Time `json:"since" doc:"when it was approved"`
	By       string    `json:"by" doc:"id of who approved it"`
	Case     string    `json:"case,omitempty" doc:"that approved it"`
	Digest   string    `json:"digest" doc:"SHA-256 of the approved text"`
	Standing Standing  `json:"standing"`
	Lights   []Lit     `json:"milestone_lights,omitempty"`
	Accounts []Account `json:"accounts,omitempty"`
	Underway string    `json:"underway,omitempty" doc:"case of the change under way"`
	Page     string    `json:"page"`
}

// Lit is the light of a milestone.
type Lit struct {
	Milestone string `json:"milestone"`
	Standing
	Directive string `json:"directive,omitempty" doc:"case of the directive that was opened for it"`
}

// CaseAnswer is a case of this module as the API answers it.
type CaseAnswer struct {
	Case   string   `json:"case"`
	Number string   `json:"number"`
	Work   string   `json:"work"`
	Month  string   `json:"month,omitempty"`
	Change string   `json:"change,omitempty"`
	States []string `json:"states"`
	Digest string   `json:"digest"`
}

func answerOf(c flow.Case) CaseAnswer {
	return CaseAnswer{Case: c.ID, Number: c.Number, Work: said(c, "work"), Month: said(c, "month"), Change: said(c, "change"), States: c.State.Active, Digest: said(c, "digest")}
}

// entry returns a work as the API answers it.
func (b *book) entry(st state, date time.Time) Entry {
	w := st.folded()
	e := Entry{
		Work: w, Version: st.Version, Change: st.Change, Since: st.Since, By: st.By, Case: st.Case, Digest: st.Digest,
		Standing: w.Standing(date), Accounts: st.accounts(), Underway: st.Underway, Page: "/projects/" + st.ID,
	}
	e.Risk = st.risk()
	for _, m := range w.Milestones {
		e.Lights = append(e.Lights, Lit{m.ID, m.Standing(date), b.late[lateKey(st.ID, m.ID, m.Planned.String())]})
	}
	return e
}

// Query narrows a list of works; empty fields mean all.
type Query struct {
	Kind    string `query:"kind" enum:"measure,policy,project"`
	Element string `query:"element" doc:"of the plan: its own element, or one that it is linked to"`
	Unit    string `query:"unit"`
	Light   string `query:"light" enum:"red,yellow,cannot_say,green,reached"`
	Text    string `query:"q" doc:"part of id or name"`
	Demo    string `query:"demo" enum:"no,only" doc:"without demonstration data, or nothing else"`
	AsOf    string `query:"as_of" doc:"what was known by this date" example:"2023-07-11"`
}

// fits reports whether an entry is asked for.
func (q Query) fits(e Entry) bool {
	text := strings.ToLower(q.Text)
	linked := e.Element == q.Element || slices.ContainsFunc(e.Links, func(l Link) bool { return l.To == q.Element })
	return (q.Kind == "" || e.Kind == q.Kind) && (q.Element == "" || linked) && (q.Unit == "" || e.Unit == q.Unit) &&
		(q.Light == "" || string(e.Standing.Light) == q.Light) && (q.Demo != "no" || !e.Demo) && (q.Demo != "only" || e.Demo) &&
		(text == "" || strings.Contains(strings.ToLower(e.ID+"\n"+e.ZH+"\n"+e.EN), text))
}

// list returns the works that are asked for, worst light first.
func (s *Service) list(ctx context.Context, q Query, date, known time.Time) ([]Entry, error) {
	b, err := s.book(ctx)
	if err != nil {
		return nil, err
	}
	out := []Entry{}
	for _, st := range b.at(known) {
		if e := b.entry(st, date); q.fits(e) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int {
		return slices.Index(Lights(), a.Standing.Light) - slices.Index(Lights(), b.Standing.Light)
	})
	return out, nil
}

// one names a work and a date.
type one struct {
	ID   string `path:"id"`
	AsOf string `query:"as_of" doc:"what was known by this date" example:"2023-07-11"`
}

func (s *Service) operations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/projects", ID: "listWorks", Summary: "Measures, policies and projects in force, worst light first"},
		func(ctx context.Context, in *struct{ Query }) ([]Entry, error) {
			date, known, err := s.site.ParseAsOf(in.AsOf)
			if err != nil {
				return nil, err
			}
			return s.list(ctx, in.Query, date, known)
		})
	web.Serve(rt, web.Operation{Path: "/projects/{id}", ID: "getWork", Summary: "One measure, policy or project"},
		func(ctx context.Context, in *one) (Entry, error) {
			date, known, err := s.site.ParseAsOf(in.AsOf)
			if err != nil {
				return Entry{}, err
			}
			st, err := s.state(ctx, in.ID, known)
			if err != nil {
				return Entry{}, err
			}
			b, err := s.book(ctx)
			if err != nil {
				return Entry{}, err
			}
			return b.entry(st, date), nil
		})
	web.Serve(rt, web.Operation{Path: "/projects/{id}/versions", ID: "listWorkVersions", Summary: "All approved versions of a work, oldest first"},
		func(ctx context.Context, in *one) ([]Entry, error) { return s.history(ctx, in.ID) })
	web.Serve(rt, web.Operation{Path: "/projects/{id}/months", ID: "listMonths", Summary: "A work month by month: planned and actual"},
		func(ctx context.Context, in *one) ([]Row, error) {
			date, known, err := s.site.ParseAsOf(in.AsOf)
			if err != nil {
				return nil, err
			}
			st, err := s.state(ctx, in.ID, known)
			return st.rows(date), err
		})
	web.Serve(rt, web.Operation{Path: "/projects/effort", ID: "getEffort", Summary: "What works on a target and what it has cost"},
		func(ctx context.Context, in *struct {
			Target string `query:"target" required:"true"`
			AsOf   string `query:"as_of"`
		},
		) (Effort, error) {
			_, known, err := s.site.ParseAsOf(in.AsOf)
			if err != nil {
				return Effort{}, err
			}
			return s.Works(ctx, in.Target, known)
		})
}

// history returns all versions of a work, oldest first.
func (s *Service) history(ctx context.Context, id string) ([]Entry, error) {
	b, err := s.book(ctx)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, v := range b.versions {
		if v.ID == id {
			out = append(out, b.entry(state{version: v}, s.date(v.Since)))
		}
	}
	if len(out) == 0 {
		return nil, fault.New(fault.NotFound, "there is no measure, policy or project %q", id)
	}
	return out, nil
}

func (s *Service) moreOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/projects", ID: "enterWork", Need: actor.Submit, Status: http.StatusAccepted,
		Summary: "Enter a work: opens a case that others check and approve",
	}, func(ctx context.Context, in *struct{ Body Work }) (CaseAnswer, error) {
		c, err := s.Propose(ctx, Enter, in.Body)
		return answerOf(c), err
	})
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/projects/{id}/changes", ID: "changeWork", Need: actor.Submit, Status: http.StatusAccepted,
		Summary: "Change, close or reopen a work: opens a case that others check and approve",
	}, func(ctx context.Context, in *struct {
		ID     string `path:"id"`
		Change string `query:"change" enum:"change,close,reopen" default:"change"`
		Body   Work
	},
	) (CaseAnswer, error) {
		in.Body.ID = in.ID
		c, err := s.Propose(ctx, in.Change, in.Body)
		return answerOf(c), err
	})
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/projects/{id}/months", ID: "fileMonth", Need: actor.Submit, Status: http.StatusAccepted,
		Summary: "Hand in the report of a month: opens a case that somebody else checks",
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id"`
		Body Report
	},
	) (CaseAnswer, error) {
		in.Body.Work = in.ID
		c, err := s.File(ctx, in.Body)
		return answerOf(c), err
	})
	s.caseOperations(rt)
}

func (s *Service) caseOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/projects/{id}/changes/{case}", ID: "sendChange", Need: actor.Visit,
		Summary: "Send an event to a case of a work: submit, withdraw, pass, return or approve",
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id"`
		Case string `path:"case"`
		Body struct {
			Event  string `json:"event" enum:"submit,withdraw,pass,return,approve"`
			Reason string `json:"reason,omitempty" doc:"code, of a return"`
			Text   string `json:"text,omitempty" doc:"of a return"`
		}
	},
	) (CaseAnswer, error) {
		c, err := s.send(ctx, in.Case, in.Body.Event, in.Body.Reason, in.Body.Text)
		return answerOf(c), err
	})
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/projects/{id}/directives/{milestone}", ID: "driveMilestone", Need: actor.Decide,
		Summary: "Open a directive for a late milestone",
	}, func(ctx context.Context, in *struct {
		ID        string `path:"id"`
		Milestone string `path:"milestone"`
	},
	) (Lit, error) {
		id, err := s.drivenBy(ctx, in.ID, in.Milestone)
		return Lit{Milestone: in.Milestone, Directive: id}, err
	})
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/projects/demo", ID: "makeDemoWorks", Need: actor.Administer,
		Summary: "Generate demonstration data; once",
	}, func(ctx context.Context, _ *struct{}) (DemoAnswer, error) { return s.Demo(ctx) })
}

// send sends an event to a case of this module.
func (s *Service) send(ctx context.Context, caseID, event, reason, text string) (flow.Case, error) {
	c, _, err := s.change(ctx, caseID)
	if err != nil {
		return c, err
	}
	data := map[string]any{}
	if reason != "" {
		data["reason"] = reason
	}
	if text != "" {
		data["text"] = text
	}
	return s.Flow.Send(ctx, flow.Command{Case: caseID, Event: event, Data: data})
}
