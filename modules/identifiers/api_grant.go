package identifiers

import (
	"context"
	"net/http"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/web"
)

func (s *Service) grantOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/identifiers/prefixes/{prefix}/grants", ID: "listIdentifierGrants", Need: actor.Visit, Summary: "Who may read what is hidden below a prefix; for members of who holds it"},
		func(ctx context.Context, in *struct {
			Prefix string `path:"prefix"`
		},
		) ([]Grant, error) {
			return s.grants(ctx, in.Prefix)
		})
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/identifiers/prefixes/{prefix}/grants", ID: "grantIdentifierValues", Need: actor.Visit, Status: http.StatusCreated,
		Summary: "Let somebody read an item of a template's identifiers, or values of one identifier",
	}, func(ctx context.Context, in *struct {
		Prefix string `path:"prefix"`
		Body   Grant
	},
	) (Grant, error) {
		in.Body.Prefix = in.Prefix
		return s.grant(ctx, in.Body)
	})
	web.Serve(rt, web.Operation{Method: http.MethodDelete, Path: "/identifiers/prefixes/{prefix}/grants/{grant}", ID: "revokeIdentifierGrant", Need: actor.Visit, Summary: "End a grant"},
		func(ctx context.Context, in *struct {
			Prefix string `path:"prefix"`
			Grant  string `path:"grant"`
		},
		) (struct{}, error) {
			return struct{}{}, s.revoke(ctx, in.Prefix, in.Grant)
		})
}
