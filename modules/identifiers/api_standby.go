package identifiers

import (
	"context"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/web"
)

func (s *Service) standbyOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/identifiers/escrow", ID: "getEscrowKeys", Summary: "The keys that this node deposits records with and takes deposits by"},
		func(ctx context.Context, _ *struct{}) (EscrowAnswer, error) { return s.escrowKeys(ctx) })
	web.Serve(rt, web.Operation{Path: "/identifiers/probe", ID: "probeNode", Summary: "Whether the node that has a prefix answers, as seen from here"},
		func(ctx context.Context, in *struct {
			Prefix string `query:"prefix" required:"true" example:"88.118"`
		},
		) (ProbeAnswer, error) {
			return s.probeOf(ctx, in.Prefix)
		})
	web.Serve(rt, web.Operation{Path: "/identifiers/standbys", ID: "listStandbys", Summary: "Nodes below whose records are deposited here, and until when"},
		func(context.Context, *struct{}) ([]StandbyAnswer, error) { return s.standby.list(), nil })
	web.Serve(rt, web.Operation{Path: "/identifiers/takeovers", ID: "listTakeovers", Summary: "Times in which this node answers for nodes below it, those that last first", Need: actor.Read},
		func(ctx context.Context, _ *struct{}) ([]Takeover, error) {
			all, err := s.takeovers(ctx)
			return append([]Takeover{}, all...), err
		})
}
