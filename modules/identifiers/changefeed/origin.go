package changefeed

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/records"
)

// Origin is the store that others follow.
type Origin struct {
	Store records.Store
	ID    ID
	Log   *slog.Logger
}

// The size of a batch: whichever is reached first ends it.
const (
	batchVersions = 1000
	batchBytes    = 256 << 10
	batchLooked   = 50_000 // versions that were looked at, of the share or not
)

// again is how long a log or a line that failed is left alone.
const again = 200 * time.Millisecond

// Publish appends the changes of the store to a log as they are made, until ctx ends. It
// goes on behind the newest message; a log of another history is cleared first.
func (o Origin) Publish(ctx context.Context, log Log) {
	failed := false
	for ctx.Err() == nil {
		err := o.publish(ctx, log)
		if ctx.Err() != nil {
			break
		}
		if !failed && o.Log != nil {
			o.Log.WarnContext(ctx, "changes of identifiers cannot be told to followers; it is tried again", slog.Any("error", err))
		}
		failed = true
		wait(ctx, again)
	}
}

func (o Origin) publish(ctx context.Context, log Log) error {
	next, err := o.next(ctx, log)
	if err != nil {
		return err
	}
	for {
		changed := o.Store.Watch() // before the reading: what is written during it wakes
		b, err := o.changes(ctx, Request{Kind: Changes, From: next})
		if err != nil {
			return err
		}
		if b.State != Good {
			next = o.Store.Seq() + 1 // the log of changes is shorter than that of messages: followers notice the gap
			continue
		}
		if b.To >= next {
			if err := log.Append(ctx, AppendBatch(nil, b)); err != nil {
				return err
			}
			next = b.To + 1
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// next returns the number of the first change that is not in the log. An empty log
// begins now: what was before is asked for.
func (o Origin) next(ctx context.Context, log Log) (uint64, error) {
	last, err := log.Last(ctx)
	if err != nil {
		return 0, err
	}
	now := o.Store.Seq() + 1
	if last == nil {
		return now, nil
	}
	b, err := ParseBatch(last)
	if err != nil || b.Origin != o.ID || b.To >= now {
		return now, log.Clear(ctx)
	}
	return b.To + 1, nil
}

// Answer answers a request of a follower; nil when it is none or the store fails: who
// asked asks again.
func (o Origin) Answer(ctx context.Context, request []byte) []byte {
	q, err := ParseRequest(request)
	if err != nil {
		return nil
	}
	b := Batch{Origin: o.ID, Head: o.Store.Seq()}
	switch q.Kind {
	case Head:
	case Changes:
		b, err = o.changes(ctx, q)
	case Dump:
		b, err = o.dump(ctx, q)
	}
	if err != nil {
		if o.Log != nil && ctx.Err() == nil {
			o.Log.WarnContext(ctx, "a follower is not answered", slog.Any("error", err))
		}
		return nil
	}
	return AppendBatch(nil, b)
}

// changes returns the changes from a number on, as many as a batch may have.
func (o Origin) changes(ctx context.Context, q Request) (Batch, error) {
	b := Batch{Origin: o.ID, From: max(q.From, 1), Head: o.Store.Seq()}
	b.To = b.From - 1
	if b.To > b.Head {
		b.State = Other // the follower is ahead
		return b, nil
	}
	from := b.From
	if !q.At.IsZero() && from > 1 {
		from-- // to see that it is the one the follower has
	}
	var f filling
	err := o.Store.Changes(ctx, from, func(v records.Version) error {
		if v.Seq < b.From {
			if !v.At.Equal(q.At) {
				b.State = Other
				return errFull
			}
			return nil
		}
		if f.looked > 0 && f.full() {
			return errFull
		}
		f.add(&b, q.Share, v)
		b.To, b.ToAt = v.Seq, v.At
		return nil
	})
	switch {
	case fault.KindOf(err) == fault.NotFound && from < b.From:
		q.At = time.Time{} // the one before was forgotten; it cannot be compared
		return o.changes(ctx, q)
	case fault.KindOf(err) == fault.NotFound:
		b.State, err = Forgotten, nil
	case errors.Is(err, errFull):
		err = nil
	}
	b.Head = max(b.Head, b.To)
	b.More = b.State == Good && b.To < b.Head
	return b, err
}

// dump returns the records behind a name, as many as a batch may have.
func (o Origin) dump(ctx context.Context, q Request) (Batch, error) {
	b := Batch{Origin: o.ID, Head: o.Store.Seq()}
	b.To = b.Head
	var f filling
	err := o.Store.Scan(ctx, records.Range{After: q.After}, func(v records.Version) error {
		if f.looked > 0 && f.full() {
			b.More = true
			return errFull
		}
		f.add(&b, q.Share, v)
		b.After = v.Record.Name
		return nil
	})
	if errors.Is(err, errFull) {
		err = nil
	}
	return b, err
}

// filling is how full a batch is.
type filling struct{ looked, bytes int }

func (f *filling) full() bool { return f.looked >= batchLooked || f.bytes >= batchBytes }

// add adds a version to a batch, if it is of the share.
func (f *filling) add(b *Batch, s Share, v records.Version) {
	f.looked++
	if !s.Holds(v.Record.Name) {
		return
	}
	f.bytes += 25 + len(v.Record.Name)
	for _, value := range v.Record.Values {
		f.bytes += value.Size()
	}
	if b.Versions = append(b.Versions, v); len(b.Versions) >= batchVersions {
		f.bytes = batchBytes
	}
}

// wait waits, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
