package changefeed

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
)

// Follower keeps a store as its origin is.
//
// Its store numbers versions for itself: of a share not all come. How far it is at the
// origin is kept beside the store, and may be a little behind it: what is there already
// is passed over.
type Follower struct {
	Store records.Store
	Share Share
	Line  Line
	File  string // of how far it is
	Now   func() time.Time
	// Changed is told of the names that have changed, after the store has them; nil: nobody is.
	Changed func([]handle.Name)
	Log     *slog.Logger

	applying sync.Mutex // held while changes are applied; guards place and saved
	place    place
	saved    time.Time

	mu     sync.Mutex // guards status
	status Status
}

// Status is how far a follower is.
type Status struct {
	Origin  string    `json:"origin,omitempty" doc:"the history that is followed"`
	Ready   bool      `json:"ready" doc:"it has had all records once"`
	Applied uint64    `json:"applied" doc:"the newest change of the origin that is here"`
	Head    uint64    `json:"head" doc:"the newest change of the origin, as far as is known"`
	Behind  uint64    `json:"behind" doc:"changes that are not here yet"`
	At      time.Time `json:"at" doc:"the instant of the newest change that is here"`
	Heard   time.Time `json:"heard" doc:"when the origin was last heard of"`
	Trouble string    `json:"trouble,omitempty" doc:"why it cannot go on now"`
}

// Level reports whether all that is known of the origin is here.
func (s Status) Level() bool { return s.Ready && s.Behind == 0 }

// Status returns how far it is.
func (f *Follower) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// ask is how often the origin is asked how far it is.
const ask = time.Second

// Run follows until ctx ends.
//
// Errors: fault.Conflict when the origin has another history, or has forgotten changes
// that are missing here: then a new store must begin with a dump.
func (f *Follower) Run(ctx context.Context) error {
	for {
		err := f.follow(ctx)
		if saving := f.save(true); ctx.Err() != nil {
			return saving
		}
		f.trouble(ctx, err)
		if fault.KindOf(err) == fault.Conflict && !errors.Is(err, errGap) {
			return err
		}
		wait(ctx, again)
	}
}

// follow fetches what is missing and goes on with what comes, until the line is cut.
func (f *Follower) follow(ctx context.Context) error {
	if err := f.dumpAll(ctx); err != nil {
		return err
	}
	if err := f.catchUp(ctx); err != nil && fault.KindOf(err) != fault.Busy {
		return err // when the origin does not answer, the log may go on without it
	}
	f.applying.Lock()
	from := f.place.Place
	f.applying.Unlock()
	following, cut := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { f.watch(following, cut) })
	err := f.Line.Follow(following, from, func(message []byte, at uint64) error {
		b, err := ParseBatch(message)
		if err != nil {
			return err
		}
		if err := f.take(ctx, b, at); err != nil {
			return err
		}
		f.heard(b)
		return f.save(false)
	})
	cut(err)
	watching.Wait()
	return context.Cause(following)
}

// watch asks the origin how far it is. When there is a change that does not come, the
// message of which may have been lost, it cuts the line: what is missing is asked for then.
func (f *Follower) watch(ctx context.Context, cut context.CancelCauseFunc) {
	var before Status
	for ctx.Err() == nil {
		if b, err := f.ask(ctx, Request{Kind: Head}); err == nil {
			f.heard(b)
			if was := f.Status().Origin; was != "" && was != b.Origin.String() {
				cut(other(was, b.Origin))
			}
		}
		now := f.Status()
		if now.Applied < before.Head && now.Applied == before.Applied {
			cut(errGap)
		}
		before = now
		wait(ctx, ask)
	}
}

// dumpAll takes the records as they are, unless that was done; it goes on where it was cut.
func (f *Follower) dumpAll(ctx context.Context) error {
	for {
		f.applying.Lock()
		now := f.place
		f.applying.Unlock()
		if now.Whole {
			return nil
		}
		b, err := f.ask(ctx, Request{Kind: Dump, Share: f.Share, After: handle.Name(now.After)})
		if err != nil {
			return err
		}
		if now.Origin != "" && now.Origin != b.Origin.String() {
			return other(now.Origin, b.Origin)
		}
		if err := f.dumped(ctx, b); err != nil {
			return err
		}
	}
}

// dumped takes a batch of a dump.
func (f *Follower) dumped(ctx context.Context, b Batch) error {
	f.applying.Lock()
	if f.place.Origin == "" { // what changes from here on is taken afterwards
		f.place.Origin, f.place.Applied = b.Origin.String(), b.To
	}
	err := f.apply(ctx, b.Versions)
	if err == nil {
		f.place.After, f.place.Whole = string(b.After), !b.More
	}
	f.applying.Unlock()
	if err != nil {
		return err
	}
	f.heard(b)
	return f.save(!b.More)
}

// catchUp asks for the changes that are missing.
func (f *Follower) catchUp(ctx context.Context) error {
	for {
		f.applying.Lock()
		now := f.place
		f.applying.Unlock()
		b, err := f.ask(ctx, Request{Kind: Changes, Share: f.Share, From: now.Applied + 1, At: now.at()})
		if err == nil {
			err = f.take(ctx, b, now.Place)
		}
		if err != nil {
			return err
		}
		f.heard(b)
		if !b.More {
			return f.save(false)
		}
	}
}

var errGap = fault.New(fault.Conflict, "changes between are missing")

// take applies a batch of changes.
func (f *Follower) take(ctx context.Context, b Batch, at uint64) error {
	f.applying.Lock()
	defer f.applying.Unlock()
	switch {
	case f.place.Origin != b.Origin.String():
		return other(f.place.Origin, b.Origin)
	case b.State == Other:
		return fault.New(fault.Conflict, "the origin %s has a history that parts from what is here before change %d", f.place.Origin, b.From)
	case b.State == Forgotten:
		return fault.New(fault.Conflict, "the origin %s has forgotten the changes from %d on, which are missing here", f.place.Origin, b.From)
	case b.From > f.place.Applied+1:
		return errGap
	}
	fresh := slices.DeleteFunc(b.Versions, func(v records.Version) bool {
		return v.Seq <= f.place.Applied || !f.Share.Holds(v.Record.Name)
	})
	if err := f.apply(ctx, fresh); err != nil {
		return err
	}
	f.place.Place = at
	if b.To > f.place.Applied {
		f.place.Applied = b.To
		if f.place.At = 0; !b.ToAt.IsZero() {
			f.place.At = b.ToAt.UnixMicro()
		}
	}
	return nil
}

func other(want string, have ID) error {
	return fault.New(fault.Conflict, "the origin is %s, what is here is of %s", have, want)
}

// apply writes versions behind what is there; f.applying is held.
func (f *Follower) apply(ctx context.Context, versions []records.Version) error {
	seq := f.Store.Seq()
	batch := make([]records.Version, 0, len(versions))
	names := make([]handle.Name, 0, len(versions))
	newest := map[string]records.Version{} // in this batch
	for _, v := range versions {
		was, ok := newest[v.Record.Name.Fold()]
		if !ok {
			var err error
			if was, err = f.newest(ctx, v.Record.Name); err != nil {
				return err
			}
		}
		if v.At.Before(was.At) || v.At.Equal(was.At) && sameRecord(v, was) {
			continue
		}
		newest[v.Record.Name.Fold()] = v
		seq++
		v.Seq = seq
		batch = append(batch, v)
		names = append(names, v.Record.Name)
	}
	if len(batch) == 0 {
		return nil
	}
	if err := f.Store.Replay(ctx, batch); err != nil {
		return err
	}
	if f.Changed != nil {
		f.Changed(names)
	}
	return nil
}

// newest returns the newest version of a name, also a deletion; zero when there is none.
func (f *Follower) newest(ctx context.Context, n handle.Name) (records.Version, error) {
	v, err := f.Store.Get(ctx, n, time.Time{})
	if fault.KindOf(err) != fault.NotFound {
		return v, err
	}
	all, err := f.Store.History(ctx, n)
	if err != nil || len(all) == 0 {
		return records.Version{}, err
	}
	return all[len(all)-1], nil
}

func sameRecord(a, b records.Version) bool {
	return a.Deleted == b.Deleted && a.Record.Name == b.Record.Name &&
		bytes.Equal(handle.AppendValues(nil, a.Record.Values), handle.AppendValues(nil, b.Record.Values))
}

// ask asks the origin.
func (f *Follower) ask(ctx context.Context, q Request) (Batch, error) {
	answer, err := f.Line.Ask(ctx, AppendRequest(nil, q))
	if err != nil {
		return Batch{}, err
	}
	if len(answer) == 0 {
		return Batch{}, fault.New(fault.Busy, "the origin could not answer")
	}
	return ParseBatch(answer)
}

// heard notes that a batch has come.
func (f *Follower) heard(b Batch) {
	f.applying.Lock()
	if f.place.Whole && f.place.Applied >= b.Head && f.place.Origin == b.Origin.String() {
		f.place.Ready = true
	}
	p := f.place
	f.applying.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.Origin != "" && p.Origin != b.Origin.String() {
		return
	}
	s := &f.status
	s.Origin, s.Ready, s.Applied, s.At = p.Origin, p.Ready, p.Applied, p.at()
	s.Head = max(s.Head, b.Head, p.Applied)
	s.Behind = s.Head - s.Applied
	s.Heard = f.Now().UTC()
	if s.Level() {
		s.Trouble = ""
	}
}

// trouble notes why it cannot go on.
func (f *Follower) trouble(ctx context.Context, err error) {
	if err == nil || errors.Is(err, errGap) {
		return
	}
	f.mu.Lock()
	known := f.status.Trouble == err.Error()
	f.status.Trouble = err.Error()
	f.mu.Unlock()
	if !known && f.Log != nil {
		f.Log.WarnContext(ctx, "changes of identifiers do not come; it is tried again", slog.Any("error", err))
	}
}
