package node

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
	"yuzhou/modules/identifiers/wire/body"
)

// authorities is the prefix below which prefixes have their records.
const authorities = "0.NA"

// listed is how many bytes of names one message of a list has.
const listed = 64 << 10

// list answers who may list (typed.ListNames): the names below a prefix (OpList), the
// prefixes derived from it (OpListPrefixes), or those of this node (OpListHomed).
//
//   - more sends a message before the last one, with Continuous set; nil: there is room for
//     one message alone.
func (n *Node) list(ctx context.Context, who handle.Reference, m wire.Message, more func([]byte) error) reply {
	l := lister{more: more}
	if r := n.names(ctx, who, m, l.add); r.code != wire.Success {
		return r
	}
	return reply{code: wire.Success, content: body.AppendNames(nil, l.names)}
}

// names gives the names of a list.
func (n *Node) names(ctx context.Context, who handle.Reference, m wire.Message, use func(handle.Name) error) reply {
	prefix, err := n.listedPrefix(m)
	if err != nil {
		return failure(codeOf(err), sentence(err))
	}
	if n.nearest(prefix).Standing != Hosted {
		return failure(wire.NotResponsible, "prefix "+prefix+" is not of this node")
	}
	if r := n.allowed(ctx, who, prefix, typed.ListNames); r.code != wire.Success {
		return r
	}
	within := records.Range{Prefix: prefix}
	if m.Op != wire.OpList {
		within = records.Range{Prefix: authorities}
	}
	err = n.Store.Scan(ctx, within, func(v records.Version) error {
		described, _ := v.Record.Name.DescribedPrefix()
		switch {
		case m.Op == wire.OpListPrefixes && (!handle.Under(handle.Fold(described), handle.Fold(prefix)) || handle.EqualFold(described, prefix)),
			m.Op == wire.OpListHomed && n.Place(handle.Fold(described)).Standing != Hosted:
			return nil
		}
		return use(v.Record.Name)
	})
	switch {
	case errors.Is(err, errTooMuch):
		return failure(wire.ServerBusy, "the list is longer than a message; ask by TCP")
	case err != nil:
		return failure(codeOf(err), sentence(err))
	}
	return reply{code: wire.Success}
}

// listedPrefix returns the prefix whose record says who may list.
func (n *Node) listedPrefix(m wire.Message) (string, error) {
	if m.Op == wire.OpListHomed {
		return n.Own, nil
	}
	name, err := body.ParseName(m.Body)
	if err != nil {
		return "", err
	}
	prefix, describes := name.DescribedPrefix()
	if !describes {
		prefix = strings.TrimSuffix(string(name), "/")
	}
	if prefix == "" || strings.Contains(prefix, "/") {
		return "", fault.New(fault.Invalid, "%q names no prefix, as 0.NA/88.118 does", name)
	}
	return prefix, nil
}

// lister gathers names and sends them a message at a time.
type lister struct {
	names []handle.Name
	bytes int
	more  func([]byte) error
}

var errTooMuch = errors.New("a list is longer than a message")

func (l *lister) add(name handle.Name) error {
	if l.bytes += 4 + len(name); l.bytes > listed {
		if l.more == nil {
			return errTooMuch
		}
		if err := l.more(body.AppendNames(nil, l.names)); err != nil {
			return err
		}
		l.names, l.bytes = l.names[:0], 4+len(name)
	}
	l.names = append(l.names, name)
	return nil
}

// allowed answers Success when who has some rights by the record of a prefix.
func (n *Node) allowed(ctx context.Context, who handle.Reference, prefix string, need typed.Rights) reply {
	has, err := n.RightsIn(ctx, who, prefix)
	if err != nil {
		return failure(codeOf(err), sentence(err))
	}
	if has&need != need {
		return failure(wire.InvalidAdmin, "the identity has no right to do this")
	}
	return reply{code: wire.Success}
}

// home answers a request to take a prefix in, or to let it go.
func (n *Node) home(ctx context.Context, who handle.Reference, m wire.Message) reply {
	name, err := body.ParseName(m.Body)
	if err != nil {
		return failure(wire.ProtocolError, err.Error())
	}
	prefix, describes := name.DescribedPrefix()
	if !describes {
		return failure(wire.InvalidName, "it describes no prefix, as 0.NA/88.118 does")
	}
	need := typed.AddPrefix
	if m.Op == wire.OpUnhome {
		need = typed.DeletePrefix
	}
	if r := n.allowed(ctx, who, handle.Parent(prefix), need); r.code != wire.Success {
		return r
	}
	if n.Home == nil {
		return failure(wire.OperationDenied, "prefixes are not changed by the protocol here, but by a decision of the node's operator")
	}
	if err := n.Home(ctx, prefix, m.Op == wire.OpHome); err != nil {
		return failure(codeOf(err), sentence(err))
	}
	n.kept.clear()
	return reply{code: wire.Success}
}

// verify answers whether an answer to a challenge of somebody else is that of a secret
// key that this node has (OpVerifyAnswer): what is not here is no right answer.
func (n *Node) verify(ctx context.Context, q call, dst []byte) []byte {
	v, err := access.ParseVerification(q.Body)
	if err != nil {
		return n.fail(q.Message, q.raw, wire.ProtocolError, err.Error(), dst)
	}
	right := false
	rec, err := n.Record(ctx, v.Key.Name)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return n.fail(q.Message, q.raw, codeOf(err), sentence(err), dst)
	}
	tried := 0
	for _, key := range rec.Values {
		asked := key.Index == v.Key.Index || v.Key.Index == 0 && key.Type == handle.TypeSecretKey
		if right || !asked || tried == maxTried {
			continue
		}
		tried++
		a := access.ChallengeAnswer{Type: key.Type, Identity: handle.Reference{Name: v.Key.Name, Index: key.Index}, Answer: v.Answer}
		right = auth.Verify(auth.Question{Nonce: v.Nonce, Digest: v.Digest.Sum, Version: q.Version}, a, key) == nil
	}
	return n.finish(q.Message, q.raw, wire.Success, access.AppendVerdict(nil, right), dst)
}

// maxTried bounds the work of a verification that names no key.
const maxTried = 4

// mint makes up the suffix of a new identifier (MintSuffix): a random UUID (RFC 9562
// §5.4) behind what the client has given. Handle.Net forgets the slash of a bare prefix.
func mint(name handle.Name) handle.Name {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	x := hex.EncodeToString(b[:])
	id := strings.Join([]string{x[:8], x[8:12], x[12:16], x[16:20], x[20:]}, "-")
	if !strings.Contains(string(name), "/") {
		name += "/"
	}
	return name + handle.Name(id)
}

// further returns what sends messages of an answer before its last one, nil when there is
// no connection for them.
func (n *Node) further(q call, m wire.Message) func([]byte) error {
	if q.conn == nil || q.conn.Send == nil {
		return nil
	}
	return func(content []byte) error {
		b := n.finish(m, q.raw, wire.Success, content, nil)
		flags := binary.BigEndian.Uint32(b[wire.OffsetFlags:]) | uint32(wire.Continuous)
		binary.BigEndian.PutUint32(b[wire.OffsetFlags:], flags)
		return q.conn.Send(n.seal(q, b, 0))
	}
}
