package lineage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
)

// Get finds a statement by its digest. The second result is false when nobody has it;
// an error ends the building.
type Get func(digest string) (Entry, bool, error)

// Build returns the graph of all that a statement rests on.
//
//   - root: digest of the statement.
//   - depth: 0 to MaxDepth. How many steps from statement to statement are followed:
//     inputs, trees of records and statements of keys. With 0 the root alone is read;
//     what it rests on is named, in state Open. A vintage before is read and not
//     followed: its own lineage is another graph.
//   - Result: breadth first, so what is left out of a graph of MaxNodes is what is
//     farthest from the root.
//   - Errors: fault.Invalid when root is no digest or depth is out of range;
//     fault.NotFound when nobody has the root; what get returns.
func Build(root string, get Get, depth int) (Graph, error) {
	if _, _, err := statement.ParseDigest(root); err != nil {
		return Graph{}, err
	}
	if depth < 0 || depth > MaxDepth {
		return Graph{}, fault.New(fault.Invalid, "depth is %d; give 0 to %d", depth, MaxDepth)
	}
	b := builder{get: get, at: map[string]int{}, edges: map[Edge]bool{}, follow: map[int]bool{}}
	b.statement(statement.Input{Digest: root})
	b.want(0)
	for level := 0; len(b.next) > 0; level++ {
		now := b.next
		b.next, b.leaves = nil, level >= depth
		for _, i := range now {
			if err := b.read(i); err != nil {
				return Graph{}, err
			}
		}
	}
	if b.g.Nodes[0].State == Missing {
		return Graph{}, fault.New(fault.NotFound, "no statement has the digest %s", root)
	}
	return b.g, nil
}

// builder is a graph that grows.
type builder struct {
	g      Graph
	get    Get
	at     map[string]int // index in Nodes by ID
	edges  map[Edge]bool  // what is in Edges
	follow map[int]bool   // statements that are or will be read with all they refer to
	next   []int          // those of them that are not read yet
	leaves bool           // what is found from now on is not followed
}

// node returns the index of the node with n's ID, which is n when there is none yet;
// -1 when the graph is full.
func (b *builder) node(n Node) int {
	if i, ok := b.at[n.ID]; ok {
		return i
	}
	if len(b.g.Nodes) == MaxNodes {
		b.g.Left++
		return -1
	}
	b.at[n.ID] = len(b.g.Nodes)
	b.g.Nodes = append(b.g.Nodes, n)
	return len(b.g.Nodes) - 1
}

// edge adds an edge once; an end of -1 is a node that found no room.
func (b *builder) edge(e Edge) {
	if e.From < 0 || e.To < 0 || b.edges[e] {
		return
	}
	b.edges[e] = true
	b.g.Edges = append(b.g.Edges, e)
}

// statement returns the node of a statement, as far as what refers to it knows it.
func (b *builder) statement(in statement.Input) int {
	return b.node(Node{ID: id(Statement, in.Digest), Kind: Statement, Name: in.Name, Vintage: in.Vintage, Digest: in.Digest, State: Open})
}

// want notes that a statement is to be read, unless it is too deep.
func (b *builder) want(i int) {
	if i < 0 || b.follow[i] || b.leaves {
		return
	}
	b.follow[i] = true
	b.next = append(b.next, i)
}

// load finds the statement of a node and checks that it is the one that was asked for.
// What was found and is another is not believed in anything, its facts included.
func (b *builder) load(i int) (Entry, bool, error) {
	n := &b.g.Nodes[i]
	e, found, err := b.get(n.Digest)
	switch {
	case err != nil:
		return e, false, err
	case !found:
		n.State = Missing
		return e, false, nil
	}
	h, _, err := statement.ParseDigest(n.Digest)
	doc, bad := e.Statement.Encode()
	if err != nil || bad != nil || h.Sum(doc) != n.Digest {
		n.State = Altered
		return e, false, nil //nolint:nilerr // that it cannot be encoded is what State tells
	}
	n.Name, n.Vintage, n.Stated = e.Statement.Name, e.Statement.Vintage, &e.Statement
	return e, true, nil
}

// read reads a statement and adds all that it refers to.
func (b *builder) read(i int) error {
	e, ok, err := b.load(i)
	if err != nil || !ok {
		return err
	}
	b.g.Nodes[i].State = Read
	b.sources(i, e)
	b.signatures(i, e)
	b.logged(i, e.Facts.Log)
	return b.before(i, e.Statement)
}

// sources adds what the number follows from.
func (b *builder) sources(i int, e Entry) {
	s := e.Statement
	if f := s.Formula; f != nil {
		n := b.node(Node{ID: id(Formula, f.Digest), Kind: Formula, Name: f.ID, Digest: f.Digest, Text: e.Facts.Formula})
		b.edge(Edge{From: i, To: n, Relation: ComputedBy})
	}
	for _, in := range s.Inputs {
		b.edge(Edge{From: i, To: b.input(in, e.Facts.Trees), Relation: DerivedFrom, First: in.First, Count: in.Count})
	}
	if d := s.Source; d != nil {
		n := b.node(Node{ID: id(Document, d.Document), Kind: Document, Name: d.Document})
		b.edge(Edge{From: i, To: n, Relation: StatedIn, Locator: d.Locator})
	}
	if c := s.Content; c != nil {
		n := b.node(Node{ID: id(Document, c.Digest), Kind: Document, Name: c.Digest, Digest: c.Digest, Media: c.Media, Size: c.Size})
		b.edge(Edge{From: i, To: n, Relation: DerivedFrom})
	}
	if t := s.Batch; t != nil {
		n := b.node(Node{ID: id(Batch, t.Root), Kind: Batch, Name: t.Schema, Digest: t.Root, Size: t.Count})
		b.edge(Edge{From: i, To: n, Relation: DerivedFrom, Count: t.Count})
	}
}

// input returns the node of an input. Records lead to the statement of their tree, for
// that is who vouches for them; to the tree itself where its statement is not known.
func (b *builder) input(in statement.Input, trees map[string]string) int {
	if in.Batch != "" {
		digest := trees[in.Batch]
		if _, _, err := statement.ParseDigest(digest); err != nil {
			return b.node(Node{ID: id(Batch, in.Batch), Kind: Batch, Name: in.Batch, Digest: in.Batch})
		}
		in = statement.Input{Digest: digest, Name: digest}
	}
	n := b.statement(in)
	b.want(n)
	return n
}

// signatures adds who speaks and with which keys.
func (b *builder) signatures(i int, e Entry) {
	for _, sig := range e.Facts.Signatures {
		n := b.node(Node{ID: id(Key, sig.Method), Kind: Key, Name: sig.Method, Suite: sig.Suite})
		b.edge(Edge{From: i, To: n, Relation: SignedBy})
		if unit, _, ok := strings.Cut(sig.Method, "#"); ok {
			b.edge(Edge{From: n, To: b.unit(unit), Relation: AttributedTo})
		}
		if _, _, err := statement.ParseDigest(sig.Key); err != nil || n < 0 {
			continue
		}
		key := b.statement(statement.Input{Digest: sig.Key, Name: sig.Method})
		b.edge(Edge{From: n, To: key, Relation: StatedIn})
		b.want(key)
	}
	b.edge(Edge{From: i, To: b.unit(e.Statement.Issuer), Relation: AttributedTo})
}

func (b *builder) unit(name string) int {
	return b.node(Node{ID: id(Unit, name), Kind: Unit, Name: name})
}

// logged adds the checkpoint that covers a statement and its time stamps.
func (b *builder) logged(i int, l *Logged) {
	if l == nil {
		return
	}
	at := id(Checkpoint, l.Origin, strconv.FormatInt(l.Size, 10), l.Root)
	n := b.node(Node{ID: at, Kind: Checkpoint, Name: l.Origin, Digest: l.Root, Size: l.Size, Cosigned: slices.Clone(l.Cosigned)})
	b.edge(Edge{From: i, To: n, Relation: LoggedIn, Index: l.Index})
	if n < 0 {
		return
	}
	for _, s := range l.Stamps {
		stamp := b.node(Node{
			ID: id(Stamp, at, s.Authority, s.At.UTC().Format(time.RFC3339Nano)), Kind: Stamp, Name: s.Authority, At: s.At.UTC(), Checkpoint: at,
		})
		b.edge(Edge{From: n, To: stamp, Relation: StampedBy})
	}
}

// before adds the vintage that a statement supersedes or withdraws. It is read, so that
// both numbers can be shown side by side, but not followed.
func (b *builder) before(i int, s statement.Statement) error {
	for _, r := range []struct {
		digest   string
		relation Relation
	}{{s.Supersedes, Supersedes}, {s.Withdraws, Withdraws}} {
		if r.digest == "" {
			continue
		}
		n := b.statement(statement.Input{Digest: r.digest, Name: s.Name, Vintage: s.Vintage - 1})
		b.edge(Edge{From: i, To: n, Relation: r.relation})
		if n < 0 || b.follow[n] {
			continue
		}
		if _, _, err := b.load(n); err != nil {
			return err
		}
	}
	return nil
}

// id makes the ID of a node. What names a thing may hold any character but a line feed.
func id(kind Kind, parts ...string) string {
	return fmt.Sprintf("%s:%s", kind, strings.Join(parts, "\n"))
}
