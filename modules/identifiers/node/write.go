package node

import (
	"bytes"
	"context"
	"slices"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/auth/rights"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/server"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
	"yuzhou/modules/identifiers/wire/body"
)

// guest is what a connection knows of its client: who has signed in on it (operation
// 2001 of the Chinese network), the zero value for nobody.
type guest struct{ who handle.Reference }

// waiting is a request that was answered with a challenge.
type waiting struct {
	message []byte // as it came
	request wire.Message
}

// write answers a request that needs to be known by whom it is: at once in a session or
// on a connection that is signed in, else with a challenge.
func (n *Node) write(ctx context.Context, q call, dst []byte) []byte {
	if n.Store == nil || q.conn == nil && q.Op == wire.OpLogin {
		return n.fail(q.Message, q.raw, wire.OperationDenied, "nothing is written here", dst)
	}
	if q.in != nil && !q.bound {
		return n.fail(q.Message, q.raw, wire.InvalidCredential, "a message of a session has its MAC", dst)
	}
	if who := q.who(); who.Name != "" && q.Op != wire.OpLogin {
		r := n.perform(ctx, who, q.Message, n.further(q, q.Message))
		return n.finish(q.Message, q.raw, r.code, r.content, dst)
	}
	return n.challenge(q, dst)
}

// challenge asks who sends a request, and keeps it until that is answered.
func (n *Node) challenge(q call, dst []byte) []byte {
	kept := bytes.Clone(q.raw)
	request, err := wire.Parse(kept)
	if err != nil {
		return n.unread(q.raw, err, dst)
	}
	id, nonce, err := n.issue(q, waiting{kept, request})
	if err != nil {
		return n.fail(q.Message, q.raw, codeOf(err), sentence(err), dst)
	}
	r := wire.Reply(q.Message, wire.ChallengeNeeded, wire.Newest(), n.expires())
	d, ok := digest(r.Version, kept)
	if !ok {
		return n.fail(q.Message, q.raw, wire.ProtocolError, "the request has no digest", dst)
	}
	r.Session, r.Flags = id, r.Flags|wire.RequestDigest
	if r.Version.Before(wire.Version{Major: 2, Minor: 1}) {
		r.Flags &^= wire.RequestDigest
	}
	r.Body = access.AppendChallenge(nil, access.Challenge{Digest: d, Nonce: nonce}, r.Version)
	return wire.Append(dst, r)
}

// guestOf returns what a connection knows of its client.
func guestOf(c *server.Conn) guest {
	if c == nil {
		return guest{}
	}
	g, _ := c.State.(guest)
	return g
}

// answered goes on with the request whose challenge is answered.
func (n *Node) answered(ctx context.Context, q call, dst []byte) []byte {
	a, err := access.ParseChallengeAnswer(q.Body)
	if err != nil {
		return n.fail(q.Message, q.raw, wire.ProtocolError, err.Error(), dst)
	}
	nonce, w, err := n.taken(q)
	if err != nil {
		return n.fail(q.Message, q.raw, wire.ChallengeTimeout, err.Error(), dst)
	}
	m := q.Message
	m.Op = w.request.Op // the answer is that to the request
	m.Flags &^= wire.RequestDigest
	version := wire.Reply(w.request, 0, wire.Newest(), 0).Version
	d, ok := digest(version, w.message)
	key, err := n.key(ctx, a.Identity)
	if err != nil || !ok {
		return n.fail(m, q.raw, wire.UnableToAuthenticate, "the key of the identity cannot be read", dst)
	}
	if err := auth.Verify(auth.Question{Nonce: nonce, Digest: d.Sum, Version: version}, a, key); err != nil {
		return n.fail(m, q.raw, wire.ChallengeFailed, sentence(err), dst)
	}
	if q.in != nil {
		if err := q.in.Prove(a.Identity); err != nil {
			return n.fail(m, q.raw, wire.ChallengeFailed, sentence(err), dst)
		}
	}
	if w.request.Op == wire.OpLogin {
		if q.conn != nil {
			q.conn.State = guest{a.Identity}
		}
		return n.finish(m, q.raw, wire.Success, nil, dst)
	}
	r := n.perform(ctx, a.Identity, w.request, n.further(q, m))
	return n.finish(m, q.raw, r.code, r.content, dst)
}

// perform does what a proven identity asks for.
func (n *Node) perform(ctx context.Context, who handle.Reference, m wire.Message, more func([]byte) error) reply {
	switch m.Op { //nolint:exhaustive // the rest are writes
	case wire.OpResolve:
		asked, err := body.ParseResolve(m.Body)
		if err != nil {
			return failure(wire.ProtocolError, err.Error())
		}
		return n.values(ctx, m, asked, who)
	case wire.OpList, wire.OpListPrefixes, wire.OpListHomed:
		return n.list(ctx, who, m, more)
	case wire.OpHome, wire.OpUnhome:
		return n.home(ctx, who, m)
	default:
		return n.execute(ctx, who, m)
	}
}

// key returns the value that an identity names: also one that nobody may read.
func (n *Node) key(ctx context.Context, who handle.Reference) (handle.Value, error) {
	r, err := n.Record(ctx, who.Name)
	if err != nil {
		return handle.Value{}, err
	}
	v, ok := r.Value(who.Index)
	if !ok {
		return v, fault.New(fault.NotFound, "%s has no value of index %d", who.Name, who.Index)
	}
	return v, nil
}

// execute does what a proven identity asks for.
func (n *Node) execute(ctx context.Context, who handle.Reference, m wire.Message) reply {
	item, err := itemOf(m)
	if err != nil {
		return failure(wire.ProtocolError, err.Error())
	}
	if m.Op == wire.OpCreate && m.Flags.Has(wire.MintSuffix) {
		item.Record.Name = mint(item.Record.Name)
	}
	if _, err := handle.Parse(string(item.Record.Name)); err != nil {
		return failure(wire.InvalidName, err.Error())
	}
	switch n.nearest(item.Record.Name.Prefix()).Standing {
	case Hosted:
	case Standby:
		return failure(wire.ServerBackup, "the node that has the identifier is down; until it is back this one answers and takes no changes")
	case Foreign, Delegated, Suspended:
		return failure(wire.NotResponsible, "the identifier is not of this node")
	}
	was, err := n.Store.Get(ctx, item.Record.Name, time.Time{})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return failure(codeOf(err), sentence(err))
	}
	there := err == nil
	if m.Op != wire.OpCreate && !there {
		return failure(wire.NotFound, "it is not registered")
	}
	may, err := n.May(ctx, who, m, was.Record, item.Record)
	if err != nil {
		return failure(codeOf(err), sentence(err))
	}
	if !may {
		return failure(wire.InvalidAdmin, "the identity has no right to do this")
	}
	if there {
		item.IfSeq = was.Seq // what the rights were looked up in
	}
	out, err := n.Store.Apply(ctx, records.Batch{Who: string(who.Name), Items: []records.Item{item}})
	if err != nil {
		return failure(codeOf(err), sentence(err))
	}
	n.Forget(item.Record.Name)
	return written(m, item, out[0])
}

// written is the answer to a write.
func written(m wire.Message, item records.Item, o records.Outcome) reply {
	code := wire.InvalidValue
	switch o.Verdict {
	case records.Done, records.Unchanged:
		if m.Op == wire.OpCreate {
			return reply{code: wire.Success, content: body.AppendName(nil, item.Record.Name)}
		}
		return reply{code: wire.Success}
	case records.Conflict:
		code = wire.AlreadyExists
		if m.Op == wire.OpAddValues {
			code = wire.ValueExists
		}
	case records.Missing:
		code = wire.ValueNotFound
	case records.Invalid:
	}
	return failure(code, o.Text)
}

// itemOf reads what a request writes.
func itemOf(m wire.Message) (records.Item, error) {
	item := records.Item{Op: map[wire.Op]records.Op{
		wire.OpCreate: records.Create, wire.OpDelete: records.Delete, wire.OpAddValues: records.Add, wire.OpModifyValues: records.Modify, wire.OpRemoveValues: records.Remove,
	}[m.Op]}
	var err error
	switch m.Op { //nolint:exhaustive // only writes come here
	case wire.OpDelete:
		item.Record.Name, err = body.ParseName(m.Body)
	case wire.OpRemoveValues:
		var r body.Removal
		r, err = body.ParseRemoval(m.Body)
		item.Record.Name = r.Name
		for _, i := range r.Indexes {
			item.Record.Values = append(item.Record.Values, handle.Value{Index: i})
		}
	default:
		item.Record, err = body.ParseRecord(m.Body)
		slices.SortFunc(item.Record.Values, func(a, b handle.Value) int { return int(int64(a.Index) - int64(b.Index)) })
		if m.Flags.Has(wire.Overwrite) {
			item.Op = map[wire.Op]records.Op{wire.OpCreate: records.Put, wire.OpAddValues: records.Set, wire.OpModifyValues: records.Modify}[m.Op]
		}
	}
	return item, err
}

// May reports whether an identity may write: for a new record by the record of its
// prefix, else by its own, value by value.
func (n *Node) May(ctx context.Context, who handle.Reference, m wire.Message, was, will handle.Record) (bool, error) {
	op := m.Op
	if op == wire.OpCreate {
		was.Name = will.Name
	}
	has, err := n.rightsOver(ctx, who, op, was)
	if err != nil {
		return false, err
	}
	if op == wire.OpCreate || op == wire.OpDelete {
		need := rights.Needed(op, handle.Value{})
		if len(was.Values) > 0 && op == wire.OpCreate { // it is overwritten
			need |= typed.DeleteName
		}
		return has&need == need, nil
	}
	for _, v := range will.Values {
		old, there := was.Value(v.Index)
		each := op
		if there && op == wire.OpAddValues && m.Flags.Has(wire.Overwrite) {
			each = wire.OpModifyValues
		}
		if !mayValue(each, old, there, v, has) {
			return false, nil
		}
	}
	return true, nil
}

// rightsOver returns the rights of an identity over a record: by its own HS_ADMIN values;
// when it is to be created, or has none, as the clients of the Chinese network make them,
// by those of the record of its prefix. Else nobody could change it again.
func (n *Node) rightsOver(ctx context.Context, who handle.Reference, op wire.Op, rec handle.Record) (typed.Rights, error) {
	own := slices.ContainsFunc(rec.Values, func(v handle.Value) bool { return v.Type == handle.TypeAdmin })
	if op == wire.OpCreate || !own {
		var err error
		if rec, err = n.Record(ctx, handle.Authority(rec.Name.Prefix())); err != nil {
			return 0, err
		}
	}
	return rights.Of(ctx, n.key, rec, who)
}

// mayValue reports whether who has some rights may do what op does to one value, as it
// is and as it will be.
func mayValue(op wire.Op, old handle.Value, there bool, v handle.Value, has typed.Rights) bool { //nolint:revive // a value that is not there has no other sign
	if there && !rights.Writable(op, old, has) {
		return false
	}
	open := there && old.Perm&handle.PublicWrite != 0 && v.Type != handle.TypeAdmin
	need := rights.Needed(op, v)
	return op == wire.OpRemoveValues || open || has&need == need
}
