package escrow

import (
	"context"
	"iter"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// CheckChain holds that deposits follow one another: a FULL, then each DIFF made behind
// the one before it, of the same prefix, at a later watermark. It returns fault.Invalid
// with the first that does not.
func CheckChain(deposits []Manifest) error {
	if len(deposits) == 0 {
		return fault.New(fault.Invalid, "there is no deposit to restore from; give a FULL and the DIFFs behind it")
	}
	if first := deposits[0]; first.Type != Full {
		return fault.New(fault.Invalid, "deposit %s is a DIFF without its FULL; it rests on deposit %s, which is missing", first.ID, first.PreviousID)
	}
	for i, d := range deposits[1:] {
		before := deposits[i]
		switch {
		case d.Type != Diff:
			return fault.New(fault.Invalid, "deposit %s is a FULL behind deposit %s; begin with it", d.ID, before.ID)
		case d.Prefix != before.Prefix:
			return fault.New(fault.Invalid, "deposit %s is of prefix %s, deposit %s before it of %s", d.ID, d.Prefix, before.ID, before.Prefix)
		case d.PreviousID != before.ID:
			return fault.New(fault.Invalid, "deposit %s rests on deposit %s, which is missing; before it comes %s", d.ID, d.PreviousID, before.ID)
		case d.PreviousDigest != before.Digest():
			return fault.New(fault.Invalid, "deposit %s rests on another deposit %s than this one: its manifest has the digest %.12s…, wanted is %.12s…", d.ID, before.ID, before.Digest(), d.PreviousDigest)
		case !d.Watermark.After(before.Watermark):
			return fault.New(fault.Invalid, "deposit %s is of %s, not later than deposit %s before it", d.ID, d.Watermark, before.ID)
		}
	}
	return nil
}

// Restore gives the records as they were at the watermark of the last deposit, in
// ascending order, those behind a name or, for "", all.
//
// All deposits are read side by side, so memory is one record of each. The last that
// says something of an identifier counts. Errors are CheckChain's and those of
// Archive.Changes; behind one comes nothing.
func Restore(ctx context.Context, deposits []*Archive, after handle.Name) iter.Seq2[handle.Record, error] {
	return func(yield func(handle.Record, error) bool) {
		manifests := make([]Manifest, len(deposits))
		for i, a := range deposits {
			manifests[i] = a.Manifest
		}
		if err := CheckChain(manifests); err != nil {
			yield(handle.Record{}, err)
			return
		}
		m := &merge{}
		defer m.stop()
		for _, a := range deposits {
			m.add(a.Changes(ctx, after))
		}
		if m.records(yield) && m.err != nil {
			yield(handle.Record{}, m.err)
		}
	}
}

// merge reads deposits side by side.
type merge struct {
	from []branch
	err  error
}

// branch is one deposit with the change that comes next in it.
type branch struct {
	next func() (Change, error, bool)
	stop func()
	head Change
	more bool
}

func (m *merge) add(changes iter.Seq2[Change, error]) {
	next, stop := iter.Pull2(changes)
	m.from = append(m.from, branch{next: next, stop: stop})
	m.advance(&m.from[len(m.from)-1])
}

func (m *merge) advance(s *branch) {
	var err error
	s.head, err, s.more = s.next()
	if err != nil && m.err == nil {
		m.err = err
	}
}

func (m *merge) stop() {
	for _, s := range m.from {
		s.stop()
	}
}

// records gives the records up to the end or an error, and returns false when the
// reader has enough.
func (m *merge) records(yield func(handle.Record, error) bool) bool {
	for m.err == nil {
		c, ok := m.next()
		if !ok {
			return true
		}
		if !c.Deleted && !yield(c.Record, nil) {
			return false
		}
	}
	return true
}

// next returns the change of the smallest identifier by the latest deposit that has
// one, and takes it out of all.
func (m *merge) next() (Change, bool) {
	least := -1
	for i, s := range m.from {
		if s.more && (least < 0 || Compare(s.head.Record.Name, m.from[least].head.Record.Name) <= 0) {
			least = i
		}
	}
	if least < 0 {
		return Change{}, false
	}
	c := m.from[least].head
	for i := range m.from {
		if s := &m.from[i]; s.more && Compare(s.head.Record.Name, c.Record.Name) == 0 {
			m.advance(s)
		}
	}
	return c, true
}
