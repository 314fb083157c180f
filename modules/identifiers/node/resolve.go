package node

import (
	"cmp"
	"context"
	"encoding/binary"
	"log/slog"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth/rights"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/namespace"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// plain are the flags with which an answer may be kept: none of them changes what it
// says, but for being repeated in its own.
const plain = wire.Authoritative | wire.CacheCertified | wire.KeepConnection | wire.PublicOnly | wire.DoNotRefer | wire.Recursive

// resolve answers a request for values.
func (n *Node) resolve(ctx context.Context, q call, dst []byte) []byte {
	asked, err := body.ParseResolve(q.Body)
	if err != nil {
		return n.fail(q.Message, q.raw, wire.ProtocolError, err.Error(), dst)
	}
	who := q.who()
	if !asked.Query.All() || q.Flags&^plain != 0 || len(q.Credential) > 0 || who.Name != "" || len(asked.Name) > len(folded{}) {
		dst, _ = n.resolved(ctx, q, asked, dst)
		return dst
	}
	// Nearly all requests are such: for all that anybody may read.
	var space folded
	key := handle.AppendFold(space[:0], asked.Name)
	site, _ := n.Site()
	if kept, ok := n.kept.get(key); ok && !stale(q.Serial, site) {
		if n.Resolved != nil {
			n.Resolved(key)
		}
		return n.again(q.Message, kept, dst)
	}
	turn := n.kept.turn(key)
	at := len(dst)
	dst, r := n.resolved(ctx, q, asked, dst)
	if r.code == wire.Success && !r.passing && !r.hidden {
		n.kept.keep(key, dst[at:], turn)
	}
	return dst
}

// resolved appends the answer to a request for values from the records: a challenge when
// values are asked for that an administrator may read, not only those that all may.
func (n *Node) resolved(ctx context.Context, q call, asked body.Resolve, dst []byte) ([]byte, reply) {
	who := q.who()
	r := n.values(ctx, q.Message, asked, who)
	if r.hidden && who.Name == "" && !q.Flags.Has(wire.PublicOnly) && (q.in == nil || q.bound) {
		return n.challenge(q, dst), reply{code: wire.ChallengeNeeded}
	}
	return n.finish(q.Message, q.raw, r.code, r.content, dst), r
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

// question is what is asked of the records.
type question struct {
	name    handle.Name // 0.NA/88.118 when 88.118 is asked for
	as      handle.Name // as it was asked for
	query   handle.Query
	flags   wire.Flags
	version wire.Version // that the client understands
	who     handle.Reference
}

// values returns the code and the body of an answer.
//
//   - who: whose rights count besides those of all; the zero value is nobody.
func (n *Node) values(ctx context.Context, m wire.Message, asked body.Resolve, who handle.Reference) reply {
	q := question{who: who, as: handle.Name(asked.Name), name: handle.Name(asked.Name), query: asked.Query, flags: m.Flags, version: m.Speaks()}
	if len(q.as) > 0 && !strings.Contains(string(q.as), "/") {
		q.name = handle.Authority(string(q.as)) // a prefix by itself stands for its record
	}
	if _, err := handle.Parse(string(q.name)); err != nil {
		return failure(wire.InvalidName, err.Error())
	}
	site, slot := n.Site()
	if stale(m.Serial, site) {
		return failure(wire.StaleSite, "the site has changed since")
	}
	if n.Holds != nil && !n.Holds(q.name) || n.Holds == nil && len(site.Servers) > 1 && site.Slot(q.name) != slot {
		return failure(wire.NotResponsible, "another server of this site has it")
	}
	return n.placed(ctx, q)
}

// stale reports whether a client goes by a site that has changed since.
func stale(serial uint16, site typed.Site) bool {
	return serial != wire.NoSerial && serial != 0 && serial < site.Serial
}

// placed answers by how the prefix of a name stands.
func (n *Node) placed(ctx context.Context, q question) reply {
	prefix := q.name.Prefix()
	described, describes := q.name.DescribedPrefix()
	if describes {
		prefix = handle.Parent(described) // who allocates a prefix describes it
	}
	place := n.nearest(prefix)
	switch place.Standing {
	case Hosted, Standby:
		return n.here(ctx, q)
	case Delegated:
		return q.referral(wire.PrefixReferral, place.Referral)
	case Suspended:
		return failure(wire.OperationDenied, "the prefix is suspended")
	case Foreign:
	}
	if describes {
		if r := n.here(ctx, q); r.code != wire.NotFound {
			return r
		}
	}
	if n.Upper != nil {
		if up := n.Upper(); len(up) > 0 {
			return q.referral(wire.ServiceReferral, up)
		}
	}
	return failure(wire.NotResponsible, "prefix "+prefix+" is not of this node")
}

// referral leads a client elsewhere, unless it asked not to be led.
func (q question) referral(code wire.Code, values []handle.Value) reply {
	if q.flags.Has(wire.DoNotRefer) {
		return failure(wire.NotFound, "it is not here")
	}
	if q.version.Before(wire.Version{Major: 2, Minor: 10}) {
		return failure(wire.Failed, "it is elsewhere, and a client of this version is not led there")
	}
	return reply{code: code, content: body.AppendReferral(nil, body.Referral{Values: values})}
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
func (n *Node) here(ctx context.Context, q question) reply {
	r, err := n.Record(ctx, q.name)
	passing := fault.KindOf(err) == fault.NotFound
	if passing {
		if values := n.derived(ctx, q.name); len(values) > 0 {
			return q.referral(wire.PrefixReferral, values)
		}
		r, err = n.computed(ctx, q.name, err)
	}
	if err != nil {
		code := codeOf(err)
		if code == wire.Failed && n.Log != nil {
			n.Log.ErrorContext(ctx, "an identifier could not be read", slog.String("identifier", string(q.name)), slog.Any("error", err))
		}
		return failure(code, sentence(err))
	}
	read, hidden, err := n.readable(ctx, q, r)
	if err != nil {
		return failure(codeOf(err), sentence(err))
	}
	if len(read) == 0 && len(r.Values) > 0 {
		out := failure(wire.ValueNotFound, "no value that is asked for may be read by who asks")
		out.hidden = hidden
		return out
	}
	if n.Resolved != nil {
		n.Resolved(handle.AppendFold(nil, string(q.name)))
	}
	name := r.Name
	if q.name != q.as {
		name = q.as
	}
	return reply{wire.Success, body.AppendRecord(nil, handle.Record{Name: name, Values: read}), passing, hidden}
}

// readable returns the values of a record that are asked for and may be read by who asks,
// and whether there are more that some administrator may read.
func (n *Node) readable(ctx context.Context, q question, r handle.Record) (read []handle.Value, hidden bool, err error) {
	var more func(handle.Value) bool // asked of private values: they are read by who has the right or was granted it
	for _, v := range r.Values {
		private := !rights.Readable(v, 0)
		if !q.query.Asks(v) {
			continue
		}
		if private && more == nil {
			if more, err = n.privately(ctx, q, r); err != nil {
				return nil, false, err
			}
		}
		switch {
		case !private || more(v):
			read = append(read, v)
		case rights.Readable(v, typed.ReadValue):
			hidden = true
		}
	}
	return read, hidden, nil
}

// privately returns whether who asks may read a private value of a record.
func (n *Node) privately(ctx context.Context, q question, r handle.Record) (func(handle.Value) bool, error) {
	if q.who.Name == "" || q.flags.Has(wire.PublicOnly) {
		return func(handle.Value) bool { return false }, nil
	}
	has, err := n.rightsOver(ctx, q.who, wire.OpResolve, r)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	var granted map[uint32]bool
	if n.Granted != nil {
		granted = n.Granted(ctx, q.who, r)
	}
	return func(v handle.Value) bool { return rights.Readable(v, has) || granted[v.Index] }, nil
}

// derived returns where the prefixes below a prefix are, as the record of the nearest
// one above says that says so. A name that describes no prefix has none.
func (n *Node) derived(ctx context.Context, name handle.Name) []handle.Value {
	prefix, describes := name.DescribedPrefix()
	if !describes {
		return nil
	}
	for p := handle.Parent(prefix); p != ""; p = handle.Parent(p) {
		r, err := n.Record(ctx, handle.Authority(p))
		if err != nil {
			continue
		}
		var out []handle.Value
		for _, v := range r.Values {
			if v.Perm&handle.PublicRead != 0 && (v.Type == handle.TypeSitePrefix || v.Type == handle.TypeServPrefix) {
				out = append(out, v)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// computed returns the record that the templates of a prefix (HS_NAMESPACE) make of a
// name without one; missing when they make none.
func (n *Node) computed(ctx context.Context, name handle.Name, missing error) (handle.Record, error) {
	above, err := n.Record(ctx, handle.Authority(name.Prefix()))
	if err != nil {
		return handle.Record{}, missing
	}
	space, ok, err := namespace.Of(above.Values)
	if !ok {
		return handle.Record{}, cmp.Or(err, missing)
	}
	base, extension, ok := space.Split(name)
	if !ok {
		return handle.Record{}, missing
	}
	of, err := n.Record(ctx, base)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return handle.Record{}, err
	}
	own, has, err := namespace.Of(of.Values) // that of the base comes before that of the prefix
	if err != nil {
		return handle.Record{}, err
	}
	if has {
		space = own
	}
	values, found, err := space.Resolve(namespace.Request{
		Name: name, Base: base, Extension: extension, Values: of.Values,
		Fetch: func(ref handle.Reference) ([]byte, error) { return n.fetch(ctx, ref) },
	})
	if err == nil && !found {
		err = missing
	}
	return handle.Record{Name: name, Values: values}, err
}

// fetch returns the data of a value of this node that anybody may read.
func (n *Node) fetch(ctx context.Context, ref handle.Reference) ([]byte, error) {
	r, err := n.Record(ctx, ref.Name)
	if err != nil {
		return nil, err
	}
	v, ok := r.Value(ref.Index)
	if !ok || v.Perm&handle.PublicRead == 0 {
		return nil, fault.New(fault.NotFound, "%s has no value of index %d", ref.Name, ref.Index)
	}
	return v.Data, nil
}

// sentence is what a client is told of a failure: nothing of this machine.
func sentence(err error) string {
	if fault.KindOf(err) == "" {
		return "the identifier could not be read"
	}
	return err.Error()
}

// reply is the code and the body of an answer.
type reply struct {
	code    wire.Code
	content []byte
	passing bool // it rests on other records than that of the name: it is not kept
	hidden  bool // there are values besides that an administrator may read
}

func failure(code wire.Code, text string) reply {
	return reply{code: code, content: body.AppendErrorAnswer(nil, body.ErrorAnswer{Text: text})}
}
