package identifiers

import (
	"context"

	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/changefeed"
)

// Copy is a copy of a part of the records of the node that this one follows.
type Copy struct {
	Servers []string          `json:"servers" doc:"of the hash site, HOST:PORT in their order; none: it has all identifiers"`
	Index   int               `json:"index" doc:"which of them this one is"`
	Serial  uint16            `json:"serial" doc:"of the site"`
	Status  changefeed.Status `json:"status"`
}

// FollowingAnswer is what a node has of the one that it follows.
type FollowingAnswer struct {
	Follows bool  `json:"follows" doc:"this node follows another"`
	Now     *Copy `json:"now,omitempty" doc:"what it answers from"`
	Next    *Copy `json:"next,omitempty" doc:"what is made beside it, and answered from when all servers of the site have theirs"`
}

func (s *Service) networkOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/identifiers/following", ID: "getFollowing", Summary: "How far this node is behind the one that it follows"},
		func(context.Context, *struct{}) (FollowingAnswer, error) {
			now, next := s.following.both()
			return FollowingAnswer{Follows: s.follows(), Now: copyOf(now), Next: copyOf(next)}, nil
		})
}

func copyOf(r *replica) *Copy {
	if r == nil {
		return nil
	}
	return &Copy{append([]string{}, r.Servers...), r.Index, r.Serial, r.follower.Status()}
}
