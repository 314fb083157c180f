package identifiers

import (
	"context"
	"net/http"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// Version is a version of a prefix.
type Version struct {
	Prefix
	Change string `json:"change" doc:"that made it"`
	By     string `json:"by,omitempty" doc:"id of who approved it; for staff alone"`
}

// PrefixAnswer is a prefix with its past.
type PrefixAnswer struct {
	Held
	Versions []Version `json:"versions" doc:"newest first"`
	Page     string    `json:"page"`
}

// CaseAnswer is a case of this module as the API answers it.
type CaseAnswer struct {
	Case   string   `json:"case"`
	Number string   `json:"number"`
	Prefix string   `json:"prefix"`
	Change string   `json:"change"`
	States []string `json:"states"`
	Page   string   `json:"page"`
}

func answerOf(c flow.Case) CaseAnswer {
	return CaseAnswer{Case: c.ID, Number: c.Number, Prefix: said(c, "prefix"), Change: said(c, "change"), States: c.State.Active, Page: "/identifiers/cases/" + c.ID}
}

// public leaves out of a registrant what is for staff alone.
func (r Registrant) public() Registrant {
	return Registrant{Text: r.Text, ID: r.ID, CreditCode: r.CreditCode, Kind: r.Kind, Area: r.Area, Industry: r.Industry, Licence: r.Licence, LicenceFrom: r.LicenceFrom, LicenceUntil: r.LicenceUntil, Verified: r.Verified, Demo: r.Demo}
}

// staff reports whether who asks may see persons.
func (s *Service) staff(ctx context.Context) bool {
	return s.Access.Decide(ctx, actor.Of(ctx), actor.Submit, s.site.Unit) == nil
}

// List returns allocated prefixes, by their text.
func (s *Service) List(ctx context.Context, f Filter) (out []Held, err error) {
	staff := s.staff(ctx)
	err = s.db.Read(ctx, func(tx store.Tx) error {
		out, err = prefixes(ctx, tx, f)
		return err
	})
	for i := range out {
		if !staff {
			out[i].Holder = out[i].Holder.public()
		}
	}
	return out, err
}

// Show returns a prefix with its past; fault.NotFound.
func (s *Service) Show(ctx context.Context, name string) (out PrefixAnswer, err error) {
	staff := s.staff(ctx)
	err = s.db.Read(ctx, func(tx store.Tx) error {
		if out.Held, err = held(ctx, tx, name); err != nil {
			return err
		}
		out.Versions, err = versionsOf(ctx, tx, name)
		return err
	})
	out.Page = "/identifiers/prefixes/" + name
	if !staff {
		out.Holder = out.Holder.public()
		for i := range out.Versions {
			out.Versions[i].By = ""
		}
	}
	return out, err
}

func (s *Service) operations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/identifiers/prefixes", ID: "listPrefixes", Summary: "Allocated prefixes with who holds them"},
		func(ctx context.Context, in *struct{ Filter }) ([]Held, error) { return s.List(ctx, in.Filter) })
	web.Serve(rt, web.Operation{Path: "/identifiers/prefixes/{prefix}", ID: "getPrefix", Summary: "A prefix with its past"},
		func(ctx context.Context, in *struct {
			Prefix string `path:"prefix"`
		},
		) (PrefixAnswer, error) {
			return s.Show(ctx, in.Prefix)
		})
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/identifiers/prefixes", ID: "changePrefix", Need: actor.Submit, Status: http.StatusAccepted,
		Summary: "Ask for a prefix or a change of one: opens a case that others check and approve",
	}, func(ctx context.Context, in *struct{ Body Change }) (CaseAnswer, error) {
		c, err := s.Propose(ctx, in.Body)
		return answerOf(c), err
	})
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/identifiers/cases/{case}", ID: "amendPrefixChange", Need: actor.Submit,
		Summary: "Hand a returned change in again",
	}, func(ctx context.Context, in *struct {
		Case string `path:"case"`
		Body Change
	},
	) (CaseAnswer, error) {
		c, err := s.Amend(ctx, in.Case, in.Body)
		return answerOf(c), err
	})
}
