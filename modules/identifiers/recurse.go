package identifiers

import (
	"context"
	"net"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/server"
)

// recurse resolves for others whatever identifier of the network they ask for, until ctx
// ends, where the settings say so. It is a node to which every prefix seems to be here; it
// signs nothing and takes no changes.
func (s *Service) recurse(ctx context.Context) error {
	at := s.setting(settingRecursor)
	if at == off || at == "" {
		return nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", at)
	tcp, ok := ln.(*net.TCPListener)
	if err != nil || !ok {
		s.tell(ctx, settingRecursor, at, err)
		return nil
	}
	n := node.New(node.Config{
		Record: func(ctx context.Context, n handle.Name) (handle.Record, error) {
			a, err := s.find(ctx, n)
			return a.Record, err
		},
		Place: func(string) node.Place { return node.Place{Standing: node.Standby} },
		Holds: func(handle.Name) bool { return true },
		Site:  s.siteNow, Now: s.now, Log: s.log,
		Kept: 1, // nothing: what is remembered has an end
	})
	return server.Serve(ctx, n, server.Config{Log: s.log}, nil, []*net.TCPListener{tcp})
}
