package indicators

import (
	"context"
	"net/http"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/web"
)

type withdrawInput struct {
	Body struct {
		Name   string `json:"name" doc:"resolvable, with or without prefix and vintage"`
		Reason string `json:"reason" doc:"shown to everybody; at most 1000 characters"`
	}
}

func (s *Service) withdrawOperation(rt *web.Router) {
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/indicators/withdrawals", ID: "withdrawNumber", Summary: "Withdraw a published number: it no longer holds, and nothing takes its place",
		Need: actor.Curate,
	}, func(ctx context.Context, in *withdrawInput) (Datum, error) {
		o, err := s.Withdraw(ctx, in.Body.Name, in.Body.Reason)
		if err != nil {
			return Datum{}, err
		}
		return s.attested(ctx, o)
	})
}
