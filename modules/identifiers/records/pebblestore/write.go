package pebblestore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2" //nolint:depguard // this package is its adapter

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
)

// entry is a key with what is to stand under it.
type entry struct {
	key, value []byte
	n          int // of the entry in its plan, when they are sorted
}

// plan is a write in the making: what it leaves behind, and its entries.
type plan struct {
	*Store
	state
	now     int64
	newest  map[string]records.Version // what it has changed so far
	entries []entry
}

func (s *Store) plan(size int) *plan {
	return &plan{Store: s, state: s.last, now: max(s.now().UnixMicro(), s.last.at), newest: make(map[string]records.Version, size), entries: make([]entry, 0, 2*size+2)}
}

// keep adds a version behind the newest one of its name.
func (p *plan) keep(folded string, was, v records.Version) {
	p.seq, p.at = v.Seq, v.At.UnixMicro()
	if was.Seq != 0 {
		p.entries = append(p.entries, entry{key: older(folded, was.Seq), value: encode(was)})
	}
	p.entries = append(p.entries, entry{key: append([]byte{'n'}, folded...), value: encode(v)}, entry{key: change(v.Seq), value: []byte(folded)})
	p.newest[folded] = v
}

// was returns the newest version of a name, as the plan leaves it so far.
func (p *plan) was(folded string) (records.Version, error) {
	if v, ok := p.newest[folded]; ok {
		return v, nil
	}
	return p.Store.newest(folded)
}

// many is from how many items on the records that are there are read in one go.
const many = 1000

// look reads what stands under the names of many items, in their order: where nothing is
// registered between the first and the last of them, as when a series is new, that is one
// look at the disk.
func (p *plan) look(items []records.Item) error {
	if len(items) < many {
		return nil
	}
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = item.Record.Name.Fold()
	}
	slices.Sort(names)
	last := append([]byte{'n'}, names[len(names)-1]...)
	it, err := p.db.NewIter(&pebble.IterOptions{LowerBound: append([]byte{'n'}, names[0]...), UpperBound: append(last, 0)})
	if err != nil {
		return err
	}
	key := []byte{'n'}
	there := it.First()
	for _, name := range names {
		p.newest[name] = records.Version{}
		key = append(key[:1], name...)
		if there && bytes.Compare(it.Key(), key) < 0 {
			there = it.SeekGE(key)
		}
		if !there || !bytes.Equal(it.Key(), key) {
			continue
		}
		value, err := it.ValueAndErr()
		if err == nil {
			p.newest[name], err = readVersion(name, value)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return errors.Join(it.Error(), it.Close())
}

// items adds what a batch does.
func (p *plan) items(b records.Batch) ([]records.Outcome, error) {
	if err := p.look(b.Items); err != nil {
		return nil, err
	}
	out := make([]records.Outcome, len(b.Items))
	for i, item := range b.Items {
		folded := item.Record.Name.Fold()
		if strings.IndexByte(folded, 0) >= 0 {
			folded = "" // Decide refuses it
		}
		was, err := p.was(folded)
		if err != nil {
			return nil, err
		}
		v, o := records.Decide(was, item)
		if o.Verdict == records.Done {
			v.Seq, v.At = p.seq+1, time.UnixMicro(p.now).UTC()
			o.Seq = v.Seq
			p.keep(folded, was, v)
		}
		out[i] = o
	}
	return out, nil
}

// finish adds what belongs to the batch as a whole. The outcomes of a key are kept with
// the digest of its items and its time.
func (p *plan) finish(b records.Batch, out []records.Outcome) error {
	p.entries = append(p.entries, entry{key: []byte("m"), value: p.append(nil)})
	if b.Key == "" {
		return nil
	}
	digest := records.Digest(b.Items)
	doc, err := appendOutcomes(binary.AppendVarint(digest[:], p.now), out)
	p.entries = append(p.entries, entry{key: append([]byte{'b'}, b.Key...), value: doc})
	return err
}

// appendOutcomes writes outcomes: as JSON or, when all items were done one behind the
// other, which is the rule, as the number of the first version and how many there are.
func appendOutcomes(b []byte, out []records.Outcome) ([]byte, error) {
	for i, o := range out {
		if o != (records.Outcome{Verdict: records.Done, Seq: out[0].Seq + uint64(i)}) {
			doc, err := json.Marshal(out)
			return append(b, doc...), err
		}
	}
	b = append(b, 'd')
	if len(out) > 0 {
		b = binary.AppendUvarint(b, out[0].Seq)
	}
	return binary.AppendUvarint(b, uint64(len(out))), nil
}

// readOutcomes is the inverse of appendOutcomes.
func readOutcomes(b []byte) (out []records.Outcome, err error) {
	if len(b) == 0 || b[0] != 'd' {
		return out, json.Unmarshal(b, &out)
	}
	r := reader{rest: b[1:]}
	first := r.uvarint()
	if len(r.rest) == 0 {
		return []records.Outcome{}, r.err // there were none
	}
	n := r.uvarint()
	if r.err != nil || n > 10*records.MaxBatch {
		return nil, errForm
	}
	out = make([]records.Outcome, n)
	for i := range out {
		out[i] = records.Outcome{Verdict: records.Done, Seq: first + uint64(i)}
	}
	return out, nil
}

// known returns the outcomes of a key that was used before.
func (s *Store) known(b records.Batch) ([]records.Outcome, bool, error) {
	if b.Key == "" {
		return nil, false, nil
	}
	kept, err := s.get(append([]byte{'b'}, b.Key...))
	if err != nil || kept == nil {
		return nil, false, err
	}
	digest := records.Digest(b.Items)
	if len(kept) < len(digest) || string(kept[:len(digest)]) != string(digest[:]) {
		return nil, false, fault.New(fault.Conflict, "key %q was used for other items", b.Key)
	}
	r := reader{rest: kept[len(digest):]}
	r.varint()
	if r.err != nil {
		return nil, false, r.err
	}
	out, err := readOutcomes(r.rest)
	return out, err == nil, err
}

// Apply implements records.Store. Callers that write at the same time share one sync of
// the disk.
func (s *Store) Apply(ctx context.Context, b records.Batch) ([]records.Outcome, error) {
	if err := errors.Join(ctx.Err(), b.Check()); err != nil {
		return nil, err
	}
	s.write.Lock()
	out, again, err := s.known(b)
	if err != nil || again {
		s.write.Unlock()
		if err == nil {
			err = s.db.LogData(nil, pebble.Sync) // the first attempt may be on its way still
		}
		return out, err
	}
	p := s.plan(len(b.Items))
	if err = s.room(); err == nil {
		out, err = p.items(b)
	}
	if err == nil {
		err = p.finish(b, out)
	}
	if err != nil {
		s.write.Unlock()
		return nil, err
	}
	return out, s.commit(p)
}

// commit writes a plan, lets the next writer go on, and waits until it is durable.
// s.write is held, and let go of.
func (s *Store) commit(p *plan) error {
	batch := s.db.NewBatch()
	var err error
	for _, e := range p.entries {
		err = errors.Join(err, batch.Set(e.key, e.value, nil))
	}
	if err == nil {
		err = s.db.ApplyNoSyncWait(batch, pebble.Sync)
	}
	if err == nil {
		s.last = p.state
	}
	s.write.Unlock()
	if err != nil {
		return errors.Join(err, batch.Close())
	}
	if err := batch.SyncWait(); err != nil {
		return err
	}
	s.reached(p.seq)
	return batch.Close()
}

// reached tells followers how far the disk is.
func (s *Store) reached(seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq > s.durable {
		s.durable = seq
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// Replay implements records.Store.
func (s *Store) Replay(_ context.Context, versions []records.Version) error {
	s.write.Lock()
	p := s.plan(len(versions))
	err := s.room()
	for _, v := range versions {
		if err == nil && v.Seq > p.seq+1 {
			err = fault.New(fault.Conflict, "change %d is missing before change %d", p.seq+1, v.Seq)
		}
		if err != nil || v.Seq <= p.seq {
			continue
		}
		folded := v.Record.Name.Fold()
		var was records.Version
		if was, err = p.was(folded); err == nil {
			p.keep(folded, was, v)
		}
	}
	if err == nil {
		err = p.finish(records.Batch{}, nil)
	}
	if err != nil {
		s.write.Unlock()
		return err
	}
	return s.commit(p)
}

// Load implements records.Store: each chunk is sorted and taken over as files.
func (s *Store) Load(ctx context.Context, source iter.Seq2[handle.Record, error], o records.LoadOptions) error {
	return records.Chunks(source, o, func(first int, b records.Batch) (records.Progress, error) {
		s.write.Lock()
		defer s.write.Unlock()
		out, again, err := s.known(b)
		if err != nil || again {
			return records.Progress{First: first, Outcomes: out, Repeated: again}, err
		}
		p := s.plan(len(b.Items))
		if err = errors.Join(ctx.Err(), s.room()); err == nil {
			out, err = p.items(b)
		}
		if err == nil {
			err = p.finish(b, out)
		}
		if err == nil {
			err = s.ingest(ctx, p)
		}
		return records.Progress{First: first, Outcomes: out}, err
	})
}

// sorted brings the entries into order; of those with one key the last stays.
func (p *plan) sorted() []entry {
	for i := range p.entries {
		p.entries[i].n = i
	}
	slices.SortFunc(p.entries, func(a, b entry) int { return cmp.Or(bytes.Compare(a.key, b.key), cmp.Compare(a.n, b.n)) })
	out := p.entries[:0]
	for i, e := range p.entries {
		if i+1 == len(p.entries) || !bytes.Equal(e.key, p.entries[i+1].key) {
			out = append(out, e)
		}
	}
	return out
}
