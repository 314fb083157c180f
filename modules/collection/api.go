package collection

import (
	"context"
	"net/http"
	"slices"
	"time"

	"yuzhou/engine/org"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// ByID names a request.
type ByID struct {
	ID string `path:"id" doc:"of the request's case"`
}

// typedInput is a form that is sent.
type typedInput struct {
	ByID
	Body Typed
}

// operations mounts requests: reading, filling in, checking, approving.
func (s *Service) operations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/collection/requests", ID: "listNumberRequests", Summary: "Requests for numbers that the caller may see, the most urgent first", Need: actor.Visit},
		func(ctx context.Context, in *struct {
			Stage string `query:"stage" doc:"those under way when empty; all, asked, returned, checking, approving, published, withdrawn"`
			Unit  string `query:"unit" doc:"that fills in"`
			Mine  string `query:"mine" enum:"fill,check,approve" doc:"those that the caller may do that with now"`
		},
		) ([]Request, error) {
			return s.List(ctx, Query{in.Stage, in.Unit, in.Mine})
		})
	web.Serve(rt, web.Operation{Path: "/collection/requests/{id}", ID: "getNumberRequest", Summary: "A request as its form: what is typed, what is known, what the rules say", Need: actor.Visit},
		func(ctx context.Context, in *ByID) (FormView, error) { return s.form(ctx, in.ID) })
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/collection/requests/{id}/trial", ID: "tryNumbers", Summary: "What the rules would say of a form; nothing is kept", Need: actor.Submit},
		func(ctx context.Context, in *typedInput) (FormView, error) { return s.try(ctx, in.ID, in.Body) })
	web.Serve(rt, web.Operation{Method: http.MethodPut, Path: "/collection/requests/{id}/draft", ID: "saveNumbers", Summary: "Keep what has been typed", Need: actor.Submit},
		func(ctx context.Context, in *typedInput) (FormView, error) { return s.Save(ctx, in.ID, in.Body) })
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/collection/requests/{id}/submission", ID: "submitNumbers", Summary: "Hand in a form", Need: actor.Submit},
		func(ctx context.Context, in *typedInput) (Request, error) { return s.Submit(ctx, in.ID, in.Body) })
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/collection/requests/{id}/steps", ID: "actOnNumberRequest", Summary: "Pass, approve, return, recall or withdraw", Need: actor.Visit},
		func(ctx context.Context, in *struct {
			ByID
			Body Step
		},
		) (Request, error) {
			return s.Act(ctx, in.ID, in.Body)
		})
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/collection/requests/{id}/revisions", ID: "reviseNumbers", Summary: "Correct what was published: a new round, and a new vintage", Need: actor.Visit, Status: http.StatusCreated},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Why string `json:"why"`
			}
		},
		) (Request, error) {
			return s.Revise(ctx, in.ID, in.Body.Why)
		})
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/collection/asks", ID: "askForNumbers", Summary: "Ask for numbers by hand; those that are held are refused, with where they are", Need: actor.Visit, Status: http.StatusCreated},
		func(ctx context.Context, in *struct{ Body Asking }) (Opened, error) { return s.Ask(ctx, in.Body) })
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/collection/openings", ID: "openDueRequests", Summary: "Open every request whose period has ended", Need: actor.Curate},
		func(ctx context.Context, in *struct {
			AsOf string `query:"as_of" doc:"date that it is about, and by what was known then; today when empty"`
		},
		) (Opening, error) {
			date, known, err := s.site.ParseAsOf(in.AsOf)
			if err == nil {
				err = s.Access.Decide(ctx, actor.Of(ctx), actor.Curate, s.site.Unit)
			}
			if err != nil {
				return Opening{}, err
			}
			return s.OpenDue(ctx, date, known)
		})
}

// moreOperations mounts what stands around requests.
func (s *Service) moreOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/collection/calendar", ID: "getCollectionCalendar", Summary: "What is due from whom: indicator, unit, period", Need: actor.Visit},
		func(ctx context.Context, in *struct {
			From string `query:"from" doc:"first day; 92 days ago when empty"`
			To   string `query:"to" doc:"last day; in 92 days when empty"`
			Unit string `query:"unit" doc:"that fills in"`
		},
		) ([]Due, error) {
			from, to, err := s.span(in.From, in.To)
			if err != nil {
				return nil, err
			}
			return s.Calendar(ctx, from, to, in.Unit)
		})
	web.Serve(rt, web.Operation{Path: "/collection/assignments", ID: "listAssignments", Summary: "Who owes which numbers, how often and by when"},
		func(ctx context.Context, _ *struct{}) ([]Assignment, error) {
			all, err := s.assignments(ctx)
			return append([]Assignment{}, all...), err
		})
	web.Serve(rt, web.Operation{Method: http.MethodPut, Path: "/collection/assignments/{id}", ID: "putAssignment", Summary: "Set an assignment, or stop it; requests that are open stay as they are", Need: actor.Curate},
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body Assignment
		},
		) (Assignment, error) {
			in.Body.ID = in.ID
			return in.Body, s.assign(ctx, in.Body)
		})
	web.Serve(rt, web.Operation{Path: "/collection/rules", ID: "listCollectionRules", Summary: "Rules that numbers are checked by"},
		func(ctx context.Context, _ *struct{}) ([]Rule, error) {
			all, err := s.ruleSet(ctx)
			return append([]Rule{}, all...), err
		})
	web.Serve(rt, web.Operation{Method: http.MethodPut, Path: "/collection/rules/{id}", ID: "putCollectionRule", Summary: "Set a rule", Need: actor.Curate},
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body Rule
		},
		) (Rule, error) {
			in.Body.ID = in.ID
			return in.Body, s.regulate(ctx, in.Body)
		})
}

// ledgerOperations mounts what the requests have cost and what they tell.
func (s *Service) ledgerOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/collection/burden", ID: "getBurden", Summary: "What asking for numbers has cost, by who fills in and who asks"},
		func(ctx context.Context, in *struct {
			From string `query:"from" doc:"first day; the start of the year when empty"`
		},
		) (Burden, error) {
			from, err := s.since(in.From)
			if err != nil {
				return Burden{}, err
			}
			return s.Burden(ctx, from)
		})
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/collection/forms", ID: "screenForms", Summary: "Which fields of forms need not be asked for, since the numbers are held or asked for already", Need: actor.Visit},
		func(ctx context.Context, in *struct{ Body []Form }) (Screened, error) {
			if len(in.Body) == 0 || len(in.Body) > 1000 {
				return Screened{}, fault.New(fault.Invalid, "there are %d forms; send 1 to 1000 at a time", len(in.Body))
			}
			return s.Screen(ctx, in.Body)
		})
	web.Serve(rt, web.Operation{Path: "/collection/checks", ID: "getGamingChecks", Summary: "Tests for gaming on the collected numbers, with their arithmetic"},
		func(ctx context.Context, in *struct {
			Indicator string `query:"indicator"`
			Place     string `query:"place"`
			AsOf      string `query:"as_of"`
		},
		) (Checks, error) {
			_, known, err := s.site.ParseAsOf(in.AsOf)
			if err != nil {
				return Checks{}, err
			}
			return s.Checks(ctx, in.Indicator, in.Place, known)
		})
}

// span reads two days, from 92 before to 92 after today when empty.
func (s *Service) span(from, to string) (a, b time.Time, err error) {
	const around = 92
	a, b = s.site.Today().AddDate(0, 0, -around), s.site.Today().AddDate(0, 0, around)
	for text, t := range map[string]*time.Time{from: &a, to: &b} {
		if text == "" {
			continue
		}
		if *t, err = time.Parse(time.DateOnly, text); err != nil {
			return a, b, fault.New(fault.Invalid, "%q is not a date; write 2023-07-10", text)
		}
	}
	return a, b, nil
}

// since reads a day, the first of this year when empty.
func (s *Service) since(text string) (time.Time, error) {
	today := s.site.Today()
	if text == "" {
		return time.Date(today.Year(), time.January, 1, 0, 0, 0, 0, time.UTC), nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, fault.New(fault.Invalid, "%q is not a date; write 2023-07-10", text)
	}
	return t, nil
}

// assign sets an assignment. The actor of ctx curates for the city.
func (s *Service) assign(ctx context.Context, a Assignment) error {
	if err := s.Access.Decide(ctx, actor.Of(ctx), actor.Curate, s.site.Unit); err != nil {
		return err
	}
	if err := a.valid(); err != nil {
		return err
	}
	defs, err := s.indicators(ctx)
	if err != nil {
		return err
	}
	for _, i := range a.Indicators {
		if d, ok := defs[i]; !ok {
			return fault.New(fault.Invalid, "assignment %s: there is no indicator %q", a.ID, i)
		} else if d.Formula != "" {
			return fault.New(fault.Invalid, "assignment %s: indicator %s is derived by a formula; ask for its inputs", a.ID, i)
		}
	}
	for _, u := range append([]string{a.Unit, a.Check, a.Approve, a.Asker}, a.Places...) {
		if _, err := s.Units.Unit(ctx, u); u != "" && u != districts && err != nil {
			return fault.New(fault.Invalid, "assignment %s: there is no unit %q", a.ID, u)
		}
	}
	if err := s.knowsPost(ctx, a); err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx store.Tx) error {
		if err := putAssignment(ctx, tx, a, s.now()); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "collection.assign", a.ID, a.ZH)
	})
	s.day.Store(0)
	return err
}

// knowsPost refuses a post that does not exist: nobody could approve.
func (s *Service) knowsPost(ctx context.Context, a Assignment) error {
	if a.Post == "" {
		return nil
	}
	posts, err := s.Units.Posts(ctx, "")
	if err == nil && !slices.ContainsFunc(posts, func(p org.Post) bool { return p.ID == a.Post }) {
		err = fault.New(fault.Invalid, "assignment %s: there is no post %q", a.ID, a.Post)
	}
	return err
}

// regulate sets a rule. The actor of ctx curates for the city.
func (s *Service) regulate(ctx context.Context, r Rule) error {
	if err := s.Access.Decide(ctx, actor.Of(ctx), actor.Curate, s.site.Unit); err != nil {
		return err
	}
	if err := r.valid(); err != nil {
		return err
	}
	defs, err := s.indicators(ctx)
	if err != nil {
		return err
	}
	for _, i := range r.named() {
		if _, ok := defs[i]; !ok {
			return fault.New(fault.Invalid, "rule %s: there is no indicator %q", r.ID, i)
		}
	}
	return s.db.Write(ctx, func(tx store.Tx) error {
		if err := putRule(ctx, tx, r); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "collection.rule", r.ID, r.ZH)
	})
}
