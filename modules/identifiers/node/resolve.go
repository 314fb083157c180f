package node

import (
	"context"
	"encoding/binary"
	"log/slog"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// plain are the flags with which an answer may be kept: none of them changes what it
// says, but for being repeated in its own.
const plain = wire.Authoritative | wire.CacheCertified | wire.KeepConnection | wire.PublicOnly | wire.DoNotRefer | wire.Recursive

// resolve answers a request for values.
func (n *Node) resolve(ctx context.Context, m wire.Message, message, dst []byte) []byte {
	q, err := body.ParseResolve(m.Body)
	if err != nil {
		return n.fail(m, message, wire.ProtocolError, err.Error(), dst)
	}
	if !q.Query.All() || m.Flags&^plain != 0 || len(m.Credential) > 0 || len(q.Name) > len(folded{}) {
		code, content := n.values(ctx, q, m.Serial)
		return n.finish(m, message, code, content, dst)
	}
	// Nearly all requests are such: for all that anybody may read.
	var space folded
	key := handle.AppendFold(space[:0], q.Name)
	site, _ := n.Site()
	if kept, ok := n.kept.get(key); ok && !stale(m.Serial, site) {
		if n.Resolved != nil {
			n.Resolved(key)
		}
		return n.again(m, kept, dst)
	}
	turn := n.kept.turn(key)
	code, content := n.values(ctx, q, m.Serial)
	at := len(dst)
	dst = n.finish(m, message, code, content, dst)
	if code == wire.Success {
		n.kept.keep(key, dst[at:], turn)
	}
	return dst
}

// folded is room for a name of ordinary length.
type folded [256]byte

// again appends a kept answer as one to another request.
func (n *Node) again(m wire.Message, kept, dst []byte) []byte {
	at := len(dst)
	dst = append(dst, kept...)
	out := dst[at:]
	r := wire.Reply(m, wire.Success, wire.Newest(), n.expires())
	wire.AppendEnvelope(out[:0], wire.Envelope{
		Version: r.Version, Suggested: r.Suggested, Session: r.Session, Request: r.Request, Length: uint32(len(out) - wire.EnvelopeSize), //nolint:gosec // a kept answer
	})
	be := binary.BigEndian
	be.PutUint32(out[wire.OffsetFlags:], uint32(r.Flags))
	out[wire.OffsetRecursion] = r.Recursion
	be.PutUint32(out[wire.OffsetExpiration:], r.Expiration)
	return dst
}

// values returns the code and the body of an answer.
func (n *Node) values(ctx context.Context, q body.Resolve, serial uint16) (wire.Code, []byte) {
	name, err := handle.Parse(string(q.Name))
	if err != nil {
		return failure(wire.InvalidName, err.Error())
	}
	site, slot := n.Site()
	if stale(serial, site) {
		return failure(wire.StaleSite, "the site has changed since")
	}
	if len(site.Servers) > 1 && site.Slot(name) != slot {
		return failure(wire.NotResponsible, "another server of this site has it")
	}
	return n.placed(ctx, name, q.Query)
}

// stale reports whether a client goes by a site that has changed since.
func stale(serial uint16, site typed.Site) bool {
	return serial != wire.NoSerial && serial != 0 && serial < site.Serial
}

// placed answers by how the prefix of a name stands.
func (n *Node) placed(ctx context.Context, name handle.Name, q handle.Query) (wire.Code, []byte) {
	prefix, describes := name.DescribedPrefix()
	if describes {
		prefix = handle.Parent(prefix) // who allocates a prefix describes it
	} else {
		prefix = name.Prefix()
	}
	place := n.nearest(prefix)
	switch place.Standing {
	case Hosted:
		return n.here(ctx, name, q)
	case Delegated:
		return wire.PrefixReferral, body.AppendReferral(nil, body.Referral{Values: place.Referral})
	case Suspended:
		return failure(wire.OperationDenied, "the prefix is suspended")
	case Foreign:
	}
	if describes {
		if code, content := n.here(ctx, name, q); code == wire.Success {
			return code, content
		}
	}
	if n.Upper != nil {
		if up := n.Upper(); len(up) > 0 {
			return wire.ServiceReferral, body.AppendReferral(nil, body.Referral{Values: up})
		}
	}
	return failure(wire.NotResponsible, "prefix "+prefix+" is not of this node")
}

// nearest returns how a prefix stands, or the nearest one above that is known.
func (n *Node) nearest(prefix string) Place {
	for p := handle.Fold(prefix); p != ""; p = handle.Parent(p) {
		if place := n.Place(p); place.Standing != Foreign {
			return place
		}
	}
	return Place{}
}

// here answers from the records of this node.
func (n *Node) here(ctx context.Context, name handle.Name, q handle.Query) (wire.Code, []byte) {
	r, err := n.Record(ctx, name)
	if err != nil {
		code := codeOf(err)
		if code == wire.Failed && n.Log != nil {
			n.Log.ErrorContext(ctx, "an identifier could not be read", slog.String("identifier", string(name)), slog.Any("error", err))
		}
		return failure(code, sentence(err))
	}
	read := r.Values[:0:0]
	for _, v := range r.Values {
		if v.Perm&handle.PublicRead != 0 && q.Asks(v) {
			read = append(read, v)
		}
	}
	if len(read) == 0 && len(r.Values) > 0 {
		return failure(wire.ValueNotFound, "no value that is asked for may be read by all")
	}
	if n.Resolved != nil {
		n.Resolved(handle.AppendFold(nil, string(name)))
	}
	return wire.Success, body.AppendRecord(nil, handle.Record{Name: r.Name, Values: read})
}

// sentence is what a client is told of a failure: nothing of this machine.
func sentence(err error) string {
	if fault.KindOf(err) == "" {
		return "the identifier could not be read"
	}
	return err.Error()
}

func failure(code wire.Code, text string) (wire.Code, []byte) {
	return code, body.AppendErrorAnswer(nil, body.ErrorAnswer{Text: text})
}
