// Package remote asks a lower node, over the network, for what an upper node inspects.
//
// What must hold: what a node has signed is taken from its bundle, checked against the keys
// that were known first; a node that cannot be reached is fault.Busy and nothing else.
package remote

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/inspect"
)

// statedDays is how many days are asked for at once.
const statedDays = 40

// Node is a lower node.
type Node struct {
	Prefix   string
	API      *web.Client
	Protocol *client.Client // asks it by the protocol
	Policy   verify.Policy  // whom it signs with
}

var _ inspect.Lower = (*Node)(nil)

// get asks for bytes; a node that cannot be reached is fault.Busy.
func (n *Node) get(ctx context.Context, path string, q url.Values) (out []byte, err error) {
	return out, Unreached(n.API.Get(ctx, path, q, &out))
}

// Unreached makes an error of the network fault.Busy.
func Unreached(err error) error {
	if err != nil && fault.KindOf(err) == "" {
		return &fault.Fault{Kind: fault.Busy, Text: "the node cannot be reached", Err: err}
	}
	return err
}

// Stated implements inspect.Lower.
func (n *Node) Stated(ctx context.Context) (out []inspect.Stated, err error) {
	return out, Unreached(n.API.Get(ctx, "/identifiers/censuses", url.Values{"limit": {strconv.Itoa(statedDays)}}, &out))
}

// Delta implements inspect.Lower.
func (n *Node) Delta(ctx context.Context, day string) ([]byte, error) {
	return n.get(ctx, "/identifiers/censuses/"+url.PathEscape(day)+"/delta", nil)
}

// Sample implements inspect.Lower.
func (n *Node) Sample(ctx context.Context, number uint64) ([]byte, error) {
	var out struct{ Tree []byte }
	err := Unreached(n.API.Get(ctx, "/identifiers/sample", url.Values{"number": {strconv.FormatUint(number, 10)}}, &out))
	return out.Tree, err
}

// Signed implements inspect.Lower.
func (n *Node) Signed(ctx context.Context, s inspect.Stated) (inspect.Stated, error) {
	if s.Statement == "" {
		return inspect.Stated{}, fault.New(fault.Invalid, "no statement is named")
	}
	file, err := n.get(ctx, "/proof/bundles/"+s.Statement, nil)
	if err != nil {
		return inspect.Stated{}, err
	}
	r := verify.Verify(file, n.Policy, verify.Options{})
	if !r.OK || r.Statement == nil || r.Statement.Batch == nil {
		return inspect.Stated{}, fault.New(fault.Invalid, "the bundle of %s does not hold", s.Statement)
	}
	resolved, err := strconv.ParseInt(r.Statement.Value, 10, 64)
	if err != nil || r.Statement.Name != n.Prefix+"/census/"+s.Day {
		return inspect.Stated{}, fault.New(fault.Invalid, "the bundle is of %s, which is no census of %s", r.Name, s.Day)
	}
	return inspect.Stated{Prefix: n.Prefix, Day: r.Statement.Period, Registered: r.Statement.Batch.Count, Resolved: resolved, Root: r.Statement.Batch.Root}, nil
}

// Resolves implements inspect.Lower.
func (n *Node) Resolves(ctx context.Context, folded string) error {
	name, err := handle.Parse(folded)
	if err == nil {
		_, err = n.Protocol.Resolve(ctx, name, handle.Query{})
	}
	if errors.Is(err, context.Canceled) {
		return Unreached(err)
	}
	return err
}
