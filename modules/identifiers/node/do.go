package node

import (
	"context"
	"slices"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/wire"
)

// Do does what an identity asks for that was proven by other means than a challenge of the
// protocol: by the HTTP JSON API. It answers as the wire does; a list that takes several
// messages has the contents of all, the last one last.
func (n *Node) Do(ctx context.Context, who handle.Reference, op wire.Op, flags wire.Flags, content []byte) (wire.Code, [][]byte) {
	m := wire.Message{Envelope: wire.Envelope{Version: wire.Newest(), Suggested: wire.Newest()}, Header: wire.Header{Op: op, Flags: flags, Serial: wire.NoSerial}, Body: content}
	var parts [][]byte
	r := n.perform(ctx, who, m, func(part []byte) error {
		parts = append(parts, slices.Clone(part))
		return nil
	})
	return r.code, append(parts, r.content)
}
