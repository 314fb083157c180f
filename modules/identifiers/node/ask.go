package node

import (
	"context"

	"yuzhou/modules/identifiers/auth/rights"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// Request returns a request of the newest version, for Do and Names.
func Request(op wire.Op, flags wire.Flags, content []byte) wire.Message {
	return wire.Message{
		Envelope: wire.Envelope{Version: wire.Newest(), Suggested: wire.Newest()},
		Header:   wire.Header{Op: op, Flags: flags, Serial: wire.NoSerial}, Body: content,
	}
}

// Ask answers as a request for values over the wire is answered that nobody has signed: the
// code, and the body that package body reads by it. Other protocols are served by it.
func (n *Node) Ask(ctx context.Context, name handle.Name, q handle.Query, flags wire.Flags) (wire.Code, []byte) {
	asked := body.Resolve{Name: []byte(name), Query: q}
	if flags.Has(wire.PublicOnly) {
		return n.publicly(ctx, Request(wire.OpResolve, flags, body.AppendResolve(nil, asked)))
	}
	r := n.values(ctx, Request(wire.OpResolve, flags, nil), asked, handle.Reference{})
	return r.code, r.content
}

// publicly answers a request for what anybody may read, from the kept answers when it can.
func (n *Node) publicly(ctx context.Context, m wire.Message) (wire.Code, []byte) {
	answer, err := wire.Parse(n.resolve(ctx, call{Message: m}, nil))
	if err != nil {
		r := failure(wire.Failed, "the server failed")
		return r.code, r.content
	}
	return answer.Code, answer.Body
}

// Do answers a request as one over the wire is answered, by the same rights: a resolution,
// a write, or a prefix taken in or let go.
//
//   - who: the identity that is proven to ask, the zero value for nobody.
//   - wire.ChallengeNeeded: who asks has to be known.
func (n *Node) Do(ctx context.Context, who handle.Reference, m wire.Message) (wire.Code, []byte) {
	switch {
	case m.Op == wire.OpResolve && who.Name == "" && m.Flags.Has(wire.PublicOnly):
		return n.publicly(ctx, m)
	case m.Op == wire.OpResolve:
		asked, err := body.ParseResolve(m.Body)
		if err != nil {
			r := failure(wire.ProtocolError, err.Error())
			return r.code, r.content
		}
		r := n.values(ctx, m, asked, who)
		if r.hidden && who.Name == "" {
			r = unknown()
		}
		return r.code, r.content
	}
	r := unknown()
	switch {
	case n.Store == nil:
		r = failure(wire.OperationDenied, "nothing is written here")
	case who.Name != "":
		r = n.perform(ctx, who, m, nil)
	}
	return r.code, r.content
}

// Names gives the names that a list over the wire has (OpList, OpListPrefixes, OpListHomed),
// one by one in folded order. An error of use ends it.
//
// The code and the body are those of an answer; wire.ChallengeNeeded as by Do.
func (n *Node) Names(ctx context.Context, who handle.Reference, m wire.Message, use func(handle.Name) error) (wire.Code, []byte) {
	r := failure(wire.OperationDenied, "there are no records here")
	if n.Store != nil {
		r = n.names(ctx, who, m, use)
	}
	if r.code == wire.InvalidAdmin && who.Name == "" {
		r = unknown()
	}
	return r.code, r.content
}

func unknown() reply {
	return failure(wire.ChallengeNeeded, "who asks has to say who they are")
}

// KeyOf returns the value that an identity names, also one that nobody may read: what an
// answer to a challenge is checked against (package auth), and shown to nobody.
func (n *Node) KeyOf(ctx context.Context, who handle.Reference) (handle.Value, error) {
	return n.key(ctx, who)
}

// RightsIn returns the rights that an identity has by the record of a prefix.
//
// Errors: fault.NotFound when there is none.
func (n *Node) RightsIn(ctx context.Context, who handle.Reference, prefix string) (typed.Rights, error) {
	rec, err := n.Record(ctx, handle.Authority(prefix))
	if err != nil {
		return 0, err
	}
	return rights.Of(ctx, n.key, rec, who)
}
