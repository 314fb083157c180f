package proof

import (
	"context"
	"fmt"
	"strconv"

	"yuzhou/engine/proof/batch"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// Stream is a module's records that come in millions a day: they are not stated one by
// one, but as trees. The records stay where they are; a tree is built over those that have
// come since the last one, once a second or at 2^20 records.
type Stream struct {
	Name   string // word: flow.event
	Schema string // how a record is written, with its version: flow.event/1
	Keep   batch.Keep
	// Read calls use with the records numbered from after+1 on, in order and without
	// gaps, most at most. Numbers begin with 1.
	Read func(ctx context.Context, tx store.Tx, after, most int64, use func(number int64, record []byte) error) error
}

// AdmitStream lets the engine state a module's records. Call it before the program serves.
func (s *Service) AdmitStream(st Stream) { s.streams = append(s.streams, st) }

// stretch is a batch as stored.
type stretch struct {
	first, count int64
	name         string
	tree         []byte
}

func scanStretch(scan func(...any) error) (x stretch, err error) {
	return x, scan(&x.first, &x.count, &x.name, &x.tree)
}

// batchName is the name of the statement of the batch that begins with a record.
func batchName(stream string, first int64) string { return fmt.Sprintf("records.%s/%d", stream, first) }

// gatherAll states the records that have come. It is a job.
func (s *Service) gatherAll(ctx context.Context) error {
	for _, st := range s.streams {
		for {
			n, err := s.gatherSome(ctx, st)
			if err != nil {
				return fmt.Errorf("records of %s: %w", st.Name, err)
			}
			if n < batch.MaxCount {
				break
			}
		}
	}
	return nil
}

// gatherSome builds one batch of what has come since the last, and says of how many.
func (s *Service) gatherSome(ctx context.Context, st Stream) (int64, error) {
	var last stretch
	b := batch.Builder{Schema: st.Schema, Keep: st.Keep}
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		if last, err = s.lastStretch(ctx, tx, st.Name); err != nil {
			return err
		}
		next := last.first + last.count
		return st.Read(ctx, tx, next-1, batch.MaxCount, func(number int64, record []byte) error {
			if number != next {
				return fault.New(fault.Conflict, "record %d follows record %d: one is missing", number, next-1)
			}
			next++
			return b.Append(record)
		})
	})
	if err != nil || b.Count() == 0 {
		return 0, err
	}
	tree, err := b.Close()
	if err != nil {
		return 0, err
	}
	x := stretch{first: last.first + last.count, count: tree.Count, tree: tree.Append(nil)}
	x.name = batchName(st.Name, x.first)
	c := Claim{
		Kind: statement.Records, Name: x.name, Vintage: 1, After: last.name,
		Batch: &statement.Batch{Schema: st.Schema, Count: tree.Count, Root: tree.Digest()},
	}
	return tree.Count, s.db.Write(ctx, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO proof_batch (stream, first, count, name, tree) VALUES ($1, $2, $3, $4, $5)`, st.Name, x.first, x.count, x.name, x.tree)
		if fault.KindOf(err) == fault.Conflict {
			return nil // another process was faster
		}
		if err != nil {
			return err
		}
		return s.State(ctx, tx, c)
	})
}

// lastStretch returns the newest batch of a stream; before the first, one that ends before
// record 1.
func (s *Service) lastStretch(ctx context.Context, tx store.Tx, stream string) (stretch, error) {
	all, err := store.Collect(ctx, tx, `SELECT first, count, name, tree FROM proof_batch WHERE stream = $1 ORDER BY first DESC LIMIT 1`, []any{stream}, scanStretch)
	if err != nil || len(all) == 0 {
		return stretch{first: 1}, err
	}
	return all[0], nil
}

// auditStreams builds every tree again from the records and compares it with what was
// stated.
func (a *audit) auditStreams(ctx context.Context) error {
	for _, st := range a.s.streams {
		err := a.s.db.Read(ctx, func(tx store.Tx) error {
			all, err := store.Collect(ctx, tx, `SELECT first, count, name, tree FROM proof_batch WHERE stream = $1 ORDER BY first`, []any{st.Name}, scanStretch)
			if err != nil {
				return err
			}
			for _, x := range all {
				if err := a.stretch(ctx, tx, st, x); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// stretch compares the records of one batch with its tree, and the tree with what the log
// states.
func (a *audit) stretch(ctx context.Context, tx store.Tx, st Stream, x stretch) error {
	a.out.Records += x.count
	a.seen[a.s.full(Ref{x.name, 1})] = true
	tree, err := batch.Parse(x.tree)
	c := Claim{Kind: statement.Records, Name: x.name}
	if err == nil {
		c.Batch = &statement.Batch{Schema: tree.Schema, Count: tree.Count, Root: tree.Digest()}
	}
	sum, bad := c.fingerprint()
	if bad != nil {
		return bad
	}
	if was, ok := a.stated[x.name][1]; err != nil || ok && was.print != sum {
		a.find(Finding{
			Kind: FoundAltered, Name: a.s.full(Ref{x.name, 1}), ZH: "批次 " + x.name + " 保存的树与声明不符。",
			EN: "the tree that is kept of " + x.name + " is not the one that was stated",
		})
		return nil //nolint:nilerr // a damaged tree is what is to be told
	}
	found, err := tree.Audit(func(use func(int64, []byte) error) error {
		return st.Read(ctx, tx, x.first-1, x.count, func(number int64, record []byte) error {
			if number >= x.first+x.count {
				return nil
			}
			return use(number-x.first, record)
		})
	})
	if err != nil {
		return err
	}
	a.records(st, x, found)
	return nil
}

// records tells what an audit of records has found.
func (a *audit) records(st Stream, x stretch, f batch.Found) {
	tell := func(kind, what, zh, en string) {
		a.find(Finding{Kind: kind, Name: st.Name + "/" + what, ZH: zh, EN: en})
	}
	for _, i := range f.Altered {
		n := x.first + i
		tell(FoundAltered, strconv.FormatInt(n, 10), fmt.Sprintf("%s 的第 %d 条记录被改动。", st.Name, n), fmt.Sprintf("record %d of %s was altered since it was stated", n, st.Name))
	}
	for _, r := range f.Ranges {
		tell(FoundAltered, fmt.Sprintf("%d-%d", x.first+r[0], x.first+r[1]-1), fmt.Sprintf("%s 的第 %d 至 %d 条记录中有被改动的。", st.Name, x.first+r[0], x.first+r[1]-1),
			fmt.Sprintf("of the records %d to %d of %s at least one was altered since they were stated", x.first+r[0], x.first+r[1]-1, st.Name))
	}
	for _, i := range f.Missing {
		n := x.first + i
		tell(FoundMissing, strconv.FormatInt(n, 10), fmt.Sprintf("%s 的第 %d 条记录不见了。", st.Name, n), fmt.Sprintf("record %d of %s is missing", n, st.Name))
	}
}
