package plan

import (
	"context"
	"net/http"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// TargetStatus is a Status as the API answers it. Numbers are in Unit.
type TargetStatus struct {
	Target       string      `json:"target"`
	Name         pack.Text   `json:"name"`
	Element      string      `json:"element"`
	Indicator    string      `json:"indicator"`
	At           string      `json:"at" doc:"the date the status is of"`
	Want         float64     `json:"want"`
	Comparator   string      `json:"comparator"`
	Unit         string      `json:"unit"`
	Printed      string      `json:"printed" doc:"the target as its source prints it"`
	Kind         string      `json:"kind" doc:"binding, expected, stretch or unstated"`
	Due          string      `json:"due"`
	Baseline     *PointJSON  `json:"baseline" doc:"null when none was published"`
	Latest       *PointJSON  `json:"latest" doc:"newest comparable number known then; null when there is none"`
	Path         *PathJSON   `json:"path" doc:"null when no path can be drawn"`
	RequiredRate *float64    `json:"required_rate" doc:"from the latest number to the due date, per required_rate_per"`
	RequiredPer  string      `json:"required_rate_per,omitempty" doc:"month or year"`
	RecentRate   *float64    `json:"recent_rate" doc:"over the measured stretch"`
	Gap          *float64    `json:"gap" doc:"what is missing; null when nothing is known"`
	Behind       *float64    `json:"behind" doc:"percentage points behind the path's pace; negative when ahead"`
	Light        Light       `json:"light" enum:"red,yellow,cannot_say,green,reached"`
	Rule         string      `json:"rule" doc:"id of the rule that lit it"`
	Reason       string      `json:"reason" doc:"in the language of the request"`
	ReasonZH     string      `json:"reason_zh"`
	ReasonEN     string      `json:"reason_en"`
	Warnings     []string    `json:"warnings,omitempty"`
	Beside       []BesideRow `json:"beside,omitempty" doc:"figures to read beside it that must not light it"`
}

// PointJSON is a number at a time.
type PointJSON struct {
	Name       string  `json:"name,omitempty"`
	Value      float64 `json:"value"`
	Comparator string  `json:"comparator,omitempty"`
	Printed    string  `json:"printed,omitempty"`
	Period     string  `json:"period"`
	Status     string  `json:"status,omitempty"`
	KnownSince string  `json:"known_since,omitempty"`
}

// PathJSON is a declared path and its value at the latest number's date.
type PathJSON struct {
	Shape      Shape   `json:"shape"`
	Value      float64 `json:"value"`
	Band       float64 `json:"band" doc:"half-width in percent"`
	DeclaredBy string  `json:"declared_by" doc:"empty: an assumption, declared by nobody"`
}

// BesideRow is one figure beside a target.
type BesideRow struct {
	Figure    string    `json:"figure"`
	Indicator string    `json:"indicator"`
	Point     PointJSON `json:"point"`
	Light     Light     `json:"light,omitempty"`
	Reason    string    `json:"reason,omitempty"`
}

func (s *Service) point(o observation.Observation, value float64) *PointJSON {
	return &PointJSON{
		Name: o.Name(s.site.Prefix).String(), Value: value, Comparator: string(o.Quantity.Cmp), Printed: o.Printed,
		Period: o.Period.String(), Status: string(o.Status), KnownSince: o.Known.In(s.site.Zone).Format(time.RFC3339),
	}
}

func (s *Service) statusJSON(st Status, lang string) TargetStatus {
	t := st.Target
	out := TargetStatus{
		Target: t.ID, Name: pack.Text{ZH: st.Indicator.ZH, EN: st.Indicator.EN}, Element: t.Element, Indicator: t.Indicator, At: day(st.Date),
		Want: st.Want, Comparator: string(t.Want.Cmp), Unit: st.Indicator.Unit.String(), Printed: t.Printed, Kind: t.Kind, Due: t.Due.String(),
		Light: st.Light, Rule: st.Rule, Reason: st.Reason.In(lang), ReasonZH: st.Reason.ZH, ReasonEN: st.Reason.EN,
	}
	if st.HasBase {
		out.Baseline = &PointJSON{Value: st.BaseValue, Period: day(st.BaseDate)}
		if st.Base != nil {
			out.Baseline = s.point(*st.Base, st.BaseValue)
		}
	}
	if st.Latest != nil {
		out.Latest = s.point(*st.Latest, st.Value)
		out.Gap, out.RequiredRate, out.RequiredPer = &st.Gap, &st.Required, "year"
		if st.PerMonth {
			out.RequiredPer = "month"
		}
	}
	if st.Judged {
		out.Path = &PathJSON{st.Path.Shape, st.PathValue, st.Path.Band, st.Path.DeclaredBy}
		out.RecentRate, out.Behind = &st.Recent, &st.Behind
	}
	for _, w := range st.Warnings {
		out.Warnings = append(out.Warnings, w.In(lang))
	}
	for _, b := range st.Beside {
		v := b.Observation.Quantity.Value.Float()
		out.Beside = append(out.Beside, BesideRow{b.Observation.Source.Figure, b.Indicator.ID, *s.point(b.Observation, v), b.Light, b.Reason.In(lang)})
	}
	return out
}

// When is how an operation is asked for a date.
type When struct {
	At   string `query:"at" doc:"date the status is of, such as 2023-07-11; today when empty" example:"2023-07-11"`
	AsOf string `query:"as_of" doc:"only what was known by this date counts; at when empty" example:"2023-07-11"`
}

func (s *Service) dates(w When) (date, known time.Time, err error) {
	if w.At == "" {
		w.At = w.AsOf
	}
	if date, known, err = s.site.ParseAsOf(w.At); err != nil || w.AsOf == "" {
		return date, known, err
	}
	_, known, err = s.site.ParseAsOf(w.AsOf)
	return date, known, err
}

// StatusInput is how statuses are asked for.
type StatusInput struct {
	When
	Path Shape `query:"path" enum:"linear,geometric,s" doc:"put this shape in place of every declared one"`
}

// TargetInput is how one target is asked for.
type TargetInput struct {
	StatusInput
	ID string `path:"id"`
}

func (s *Service) operations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/plan/status", ID: "listStatuses", Summary: "Where every target stands, worst first"},
		func(ctx context.Context, in *StatusInput) ([]TargetStatus, error) {
			date, known, err := s.dates(in.When)
			if err != nil {
				return nil, err
			}
			all, err := s.Statuses(ctx, date, known, in.Path)
			out := make([]TargetStatus, 0, len(all))
			for _, st := range all {
				out = append(out, s.statusJSON(st, web.ShellOf(ctx).Lang))
			}
			return out, err
		})
	web.Serve(rt, web.Operation{Path: "/plan/targets/{id}", ID: "getStatus", Summary: "Where one target stands"},
		func(ctx context.Context, in *TargetInput) (TargetStatus, error) {
			date, known, err := s.dates(in.When)
			if err != nil {
				return TargetStatus{}, err
			}
			st, err := s.Status(ctx, in.ID, date, known, in.Path)
			if err != nil {
				return TargetStatus{}, err
			}
			return s.statusJSON(st, web.ShellOf(ctx).Lang), nil
		})
	web.Serve(rt, web.Operation{Path: "/plan", ID: "getPlan", Summary: "The plan in force: elements, relations, targets, paths, rules"},
		func(ctx context.Context, in *When) (Plan, error) {
			_, known, err := s.dates(*in)
			if err != nil {
				return Plan{}, err
			}
			return s.Plan(ctx, known)
		})
	s.versionOperations(rt)
}

type declareInput struct {
	ID   string `path:"id"`
	Body struct {
		Shape      Shape       `json:"shape" enum:"linear,geometric,s,milestones"`
		Band       float64     `json:"band" minimum:"0" maximum:"50" doc:"half-width in percent"`
		Milestones []Milestone `json:"milestones,omitempty"`
		Note       pack.Text   `json:"note,omitzero"`
	}
}

func (s *Service) versionOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/plan/targets/{id}/path", ID: "declarePath", Need: actor.Decide,
		Summary: "Declare the path of a target; it counts from now on",
	}, func(ctx context.Context, in *declareInput) (Path, error) {
		p := Path{Target: in.ID, Shape: in.Body.Shape, Band: in.Body.Band, Milestones: in.Body.Milestones, Note: in.Body.Note}
		return p, s.Declare(ctx, &p)
	})
	web.Serve(rt, web.Operation{Path: "/plan/versions", ID: "listVersions", Summary: "All versions of the plan, oldest first"},
		func(ctx context.Context, _ *struct{}) ([]VersionRow, error) { return s.Versions(ctx) })
	web.Serve(rt, web.Operation{Path: "/plan/diff", ID: "diffVersions", Summary: "What differs between two versions"},
		func(ctx context.Context, in *struct {
			From int `query:"from" required:"true" minimum:"1"`
			To   int `query:"to" required:"true" minimum:"1"`
		},
		) ([]Change, error) {
			a, err := s.version(ctx, in.From)
			if err != nil {
				return nil, err
			}
			b, err := s.version(ctx, in.To)
			return diff(a, b), err
		})
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/plan/versions", ID: "acceptVersion", Need: actor.Decide,
		Summary: "Show what a new version would change, or accept it",
	}, func(ctx context.Context, in *struct {
		Accept bool `query:"accept" doc:"without it nothing is changed"`
		Body   Plan
	},
	) (Proposal, error) {
		return s.Propose(ctx, in.Body, in.Accept)
	})
}

// version returns one version by number, or fault.NotFound.
func (s *Service) version(ctx context.Context, n int) (Plan, error) {
	c, err := s.state(ctx)
	if err != nil {
		return Plan{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.versions {
		if v.Plan.Version == n {
			return v.Plan, nil
		}
	}
	return Plan{}, fault.New(fault.NotFound, "the plan has no version %d; it has %d", n, len(c.versions))
}
