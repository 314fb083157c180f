package directives

import (
	"context"
	"net/http"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/web"
)

// Detail is a directive with its parts.
type Detail struct {
	Directive
	PartCases []Part `json:"part_cases"`
}

// Step is what somebody does on a directive.
type Step struct {
	Event string         `json:"event" doc:"issue, sign, decline, split, alone, feedback, explain, answer, accept, reject, withdraw, archive"`
	Data  map[string]any `json:"data,omitempty" doc:"what the step's form asks for: text, units, numbers, files, reason"`
}

// ByID names a directive.
type ByID struct {
	ID string `path:"id" doc:"of the directive's case"`
}

// operations mounts the reading and the steps of directives.
func (s *Service) operations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/directives", ID: "listDirectives", Summary: "Directives that the caller may see, the most urgent first", Need: actor.Visit},
		func(ctx context.Context, in *struct {
			State   string `query:"state" doc:"open (when empty), all, or a stage: filed, issued, dividing, working, chased, review, closed, withdrawn, archived"`
			Light   string `query:"light" enum:"green,yellow,red,black" doc:"of its clocks"`
			Unit    string `query:"unit" doc:"that supervises, leads or answers too"`
			Target  string `query:"target"`
			Origin  string `query:"origin" enum:"gap,hand,meeting,measure,policy,project"`
			Meeting string `query:"meeting" doc:"id of the meeting that decided on it"`
		},
		) ([]Directive, error) {
			return s.List(ctx, Query{in.State, in.Light, in.Unit, in.Target, in.Origin, in.Meeting})
		})
	web.Serve(rt, web.Operation{Path: "/directives/{id}", ID: "getDirective", Summary: "A directive with its parts", Need: actor.Visit},
		func(ctx context.Context, in *ByID) (Detail, error) { return s.detail(ctx, in.ID) })
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/directives", ID: "openDirective", Summary: "Open a directive by hand", Need: actor.Decide, Status: http.StatusCreated},
		func(ctx context.Context, in *struct{ Body Ordered }) (Directive, error) {
			o, err := in.Body.order(ByHand)
			if err != nil {
				return Directive{}, err
			}
			return s.Open(ctx, o)
		})
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/directives/{id}/steps", ID: "actOnDirective", Summary: "Do on a directive what its procedure offers", Need: actor.Visit},
		func(ctx context.Context, in *struct {
			ByID
			Body Step
		},
		) (Directive, error) {
			return s.Act(ctx, in.ID, in.Body.Event, in.Body.Data)
		})
}

func (s *Service) detail(ctx context.Context, id string) (Detail, error) {
	d, err := s.read(ctx, id)
	if err != nil {
		return Detail{}, err
	}
	parts, err := s.parts(ctx, id)
	return Detail{d, append([]Part{}, parts...)}, err
}

// moreOperations mounts evaluations, meetings and rules.
func (s *Service) moreOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/directives/evaluations", ID: "evaluateGaps", Summary: "Look where every target stands, and open, join, review or re-open directives", Need: actor.Curate},
		func(ctx context.Context, in *struct {
			AsOf string `query:"as_of" doc:"date that the evaluation is about; today when empty, never before one that was evaluated"`
		},
		) (Evaluation, error) {
			date, known, err := s.site.ParseAsOf(in.AsOf)
			if err == nil {
				err = s.Access.Decide(ctx, actor.Of(ctx), actor.Curate, s.site.Unit)
			}
			if err != nil {
				return Evaluation{}, err
			}
			return s.Evaluate(ctx, date, known)
		})
	web.Serve(rt, web.Operation{Path: "/directives/stocktake", ID: "getStocktake", Summary: "What a weekly meeting has before it: what changed, why, who owes what by when", Need: actor.Visit},
		func(ctx context.Context, in *struct {
			AsOf string `query:"as_of" doc:"date of the meeting; today when empty"`
		},
		) (Agenda, error) {
			date, known, err := s.site.ParseAsOf(in.AsOf)
			if err != nil {
				return Agenda{}, err
			}
			return s.Agenda(ctx, date, known)
		})
	web.Serve(rt, web.Operation{Path: "/directives/meetings", ID: "listMeetings", Summary: "Meetings whose decisions became directives, the newest first", Need: actor.Visit},
		func(ctx context.Context, _ *struct{}) ([]Meeting, error) {
			all, err := s.meetings(ctx)
			return append([]Meeting{}, all...), err
		})
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/directives/meetings", ID: "recordMeeting", Summary: "Record a meeting and open a directive for each of its decisions", Need: actor.Decide, Status: http.StatusCreated},
		func(ctx context.Context, in *struct{ Body Stocktake }) (Held, error) {
			m, all, err := s.Decide(ctx, in.Body)
			return Held{m, all}, err
		})
	web.Serve(rt, web.Operation{Path: "/directives/rule", ID: "getDirectiveRule", Summary: "When a gap becomes a directive, and whose it is"},
		func(ctx context.Context, _ *struct{}) (Rule, error) { return s.rule(ctx) })
}

// Held is a meeting with the directives that it opened.
type Held struct {
	Meeting    Meeting     `json:"meeting"`
	Directives []Directive `json:"directives"`
}
