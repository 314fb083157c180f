package identifiers

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/changefeed"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/typed"
)

// following is this node as one that follows another.
//
// It answers from one copy. When the settings ask for another part, or the origin has
// another history, a second copy is made beside it, and takes its place when it is whole
// and all other servers of the new site have theirs. Until then this node answers for
// both parts, so that a name is answered somewhere at any time.
type following struct {
	s   *Service
	dir string
	bus changefeed.Bus

	mu        sync.RWMutex // guards what follows; held for reading while a copy is read
	now, next *replica     // either may be nil
}

// replica is a copy of a part of the origin's records.
type replica struct {
	part
	Dir string `json:"dir"` // its folder

	store    records.Store
	follower *changefeed.Follower
	stop     context.CancelFunc
	answers  atomic.Bool   // it is whole, and how prefixes stand was read from it
	ended    chan struct{} // closed when it follows no more
	err      error         // why; read after ended
}

func newFollowing(s *Service) *following {
	return &following{s: s, dir: filepath.Join(s.dir, "follow")}
}

// copies are what is written down of a following.
type copies struct {
	Now  *replica `json:"now,omitempty"`
	Next *replica `json:"next,omitempty"`
}

func (f *following) file() string { return filepath.Join(f.dir, "copies.json") }

// begin opens the copies that there are and lets them follow on.
func (f *following) begin(ctx context.Context) error {
	if !f.s.follows() {
		return nil
	}
	if _, err := f.s.wanted(); err != nil {
		return err
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	var c copies
	b, err := os.ReadFile(f.file())
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &fault.Fault{Kind: fault.Invalid, Text: f.file() + " cannot be read; remove the folder it is in and the node begins to follow anew", Err: err}
	}
	if f.bus, err = f.s.bus(ctx, changefeed.Options{Name: f.s.site.Prefix, URL: f.s.setting(settingMirror)}); err != nil {
		return err
	}
	for _, r := range []*replica{c.Now, c.Next} {
		if r != nil {
			if err := f.start(ctx, r); err != nil {
				return err
			}
		}
	}
	f.mu.Lock()
	f.now, f.next = c.Now, c.Next
	f.mu.Unlock()
	return f.removeOthers()
}

// start opens a copy and lets it follow.
func (f *following) start(ctx context.Context, r *replica) (err error) {
	dir := filepath.Join(f.dir, filepath.Base(r.Dir))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if r.store, err = f.s.Open(ctx, dir); err != nil {
		return err
	}
	r.follower = &changefeed.Follower{
		Store: r.store, Share: r.share(), Line: f.bus, File: filepath.Join(dir, "place.json"), Now: f.s.now, Changed: f.changed, Log: f.s.log,
	}
	if err := r.follower.Load(); err != nil {
		return errors.Join(err, r.store.Close())
	}
	r.answers.Store(r.follower.Status().Ready)
	ctx, r.stop = context.WithCancel(ctx)
	r.ended = make(chan struct{})
	go func() {
		defer close(r.ended)
		r.err = r.follower.Run(ctx)
	}()
	return nil
}

// end stops a copy and closes its store, which nobody reads any more.
func (r *replica) end() error {
	r.stop()
	<-r.ended
	return r.store.Close()
}

// over reports whether a copy can follow no more: the origin has another history.
func (r *replica) over() bool {
	select {
	case <-r.ended:
		return fault.KindOf(r.err) == fault.Conflict
	default:
		return false
	}
}

// run keeps the copies as the settings and the origin want them, until ctx ends.
func (f *following) run(ctx context.Context) error {
	if !f.s.follows() {
		return nil
	}
	defer f.bus.Close()
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	said := ""
	for {
		select {
		case <-ctx.Done():
			return f.close()
		case <-t.C:
			err := f.step(ctx)
			if err == nil {
				said = ""
			} else if ctx.Err() == nil && err.Error() != said {
				said = err.Error()
				f.s.log.ErrorContext(ctx, "the copy of the node that is followed cannot be changed", slog.Any("error", err))
			}
		}
	}
}

// step begins a copy, or puts it in the place of the one before, when it is time.
func (f *following) step(ctx context.Context) error {
	want, err := f.s.wanted()
	if err != nil {
		return err
	}
	now, next := f.both()
	if err := f.admit(ctx, now, next); err != nil {
		return err
	}
	switch {
	case next != nil && (next.over() || !next.equal(want)):
		return f.put(ctx, now, nil)
	case next == nil && (now == nil || now.over() || !now.equal(want)):
		r := &replica{part: want, Dir: rand.Text()[:8]}
		if err := f.start(ctx, r); err != nil {
			return err
		}
		return f.put(ctx, now, r)
	case next != nil && next.answers.Load() && othersPrepared(ctx, want):
		f.s.log.InfoContext(ctx, "the node answers from a new copy", slog.Int("serial", int(want.Serial)), slog.Int("servers", len(want.Servers)), slog.Int("index", want.Index))
		return f.put(ctx, next, nil)
	}
	return nil
}

// admit lets copies answer that are whole now.
func (f *following) admit(ctx context.Context, copies ...*replica) error {
	var err error
	for _, r := range copies {
		if r != nil && !r.answers.Load() && r.follower.Status().Ready {
			r.answers.Store(true)
			err = errors.Join(err, f.refresh(ctx))
		}
	}
	return err
}

func (f *following) both() (now, next *replica) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.now, f.next
}

// put makes copies those in force, and ends and removes those that were.
func (f *following) put(ctx context.Context, now, next *replica) error {
	b, err := json.Marshal(copies{now, next})
	if err == nil {
		err = changefeed.Replace(f.file(), b)
	}
	if err != nil {
		return err
	}
	f.mu.Lock() // nobody reads
	was := []*replica{f.now, f.next}
	f.now, f.next = now, next
	f.mu.Unlock()
	for _, r := range was {
		if r != nil && r != now && r != next {
			err = errors.Join(err, r.end())
		}
	}
	return errors.Join(err, f.removeOthers(), f.refresh(ctx))
}

// removeOthers removes the folders of copies that are none any more.
func (f *following) removeOthers() error {
	all, err := os.ReadDir(f.dir)
	now, next := f.both()
	for _, e := range all {
		if e.IsDir() && (now == nil || e.Name() != now.Dir) && (next == nil || e.Name() != next.Dir) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(f.dir, e.Name())))
		}
	}
	return err
}

func (f *following) close() error {
	f.mu.Lock()
	all := []*replica{f.now, f.next}
	f.now, f.next = nil, nil
	f.mu.Unlock()
	var err error
	for _, r := range all {
		if r != nil {
			err = errors.Join(err, r.end())
		}
	}
	return err
}

// of returns the copy that answers for a name; nil for none. f.mu is held.
func (f *following) of(n handle.Name) *replica {
	for _, r := range []*replica{f.now, f.next} {
		if r != nil && r.answers.Load() && r.share().Holds(n) {
			return r
		}
	}
	return nil
}

// get returns a version of a name as it is here.
//
// Errors: fault.NotFound; fault.Busy when there is no copy that has it yet.
func (f *following) get(ctx context.Context, n handle.Name, at time.Time) (records.Version, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if r := f.of(n); r != nil {
		return r.store.Get(ctx, n, at)
	}
	return records.Version{}, fault.Say(fault.Busy, "本节点还没有所跟随节点的全部标识。", "this node does not have the identifiers of the node that it follows yet")
}

// holds is what the protocol asks to know whether a name is answered here; nil for a node
// that follows none.
func (f *following) holds() func(handle.Name) bool {
	if !f.s.follows() {
		return nil
	}
	return func(n handle.Name) bool {
		f.mu.RLock()
		defer f.mu.RUnlock()
		return f.of(n) != nil || f.now == nil && (f.next == nil || f.next.share().Holds(n))
	}
}

// site is the site that this node is of, and which of its servers it is.
func (f *following) site(own typed.Site) (typed.Site, int) {
	if !f.s.follows() {
		return own, 0
	}
	own.Primary = false
	now, next := f.both()
	r, ready := now, uint16(0)
	if r == nil {
		r = next
	} else {
		ready = r.Serial
	}
	if next != nil && next.answers.Load() {
		ready = max(ready, next.Serial)
	}
	if r == nil || len(r.Servers) == 0 {
		return own, 0
	}
	out, err := r.site()
	if err != nil {
		return own, 0 // cannot happen: it was looked at when it was read
	}
	if len(own.Servers) > 0 {
		out.Servers[r.Index].PublicKey = own.Servers[0].PublicKey
	}
	out.Attributes = []typed.Attribute{{Name: prepared, Value: strconv.Itoa(int(ready))}}
	return out, r.Index
}

// changed lets the node forget what it has kept of names that have changed.
func (f *following) changed(names []handle.Name) {
	n := f.s.answering()
	prefixes := false
	for _, name := range names {
		_, prefix := name.DescribedPrefix()
		prefixes = prefixes || prefix
		n.Forget(name)
	}
	if !prefixes {
		return
	}
	if err := f.refresh(context.Background()); err != nil {
		f.s.log.Error("how prefixes stand cannot be read", slog.Any("error", err))
	}
}

// refresh reads from the records of prefixes how they stand.
func (f *following) refresh(ctx context.Context) error {
	places := map[string]node.Place{f.s.site.Prefix: {Standing: node.Standby}}
	f.mu.RLock()
	r := f.of(handle.Root)
	var err error
	if r != nil {
		err = r.store.Scan(ctx, records.Range{Prefix: authority}, func(v records.Version) error {
			if p, ok := v.Record.Name.DescribedPrefix(); ok {
				if place, says := placeIn(v.Record); says {
					places[handle.Fold(p)] = place
				}
			}
			return nil
		})
	}
	f.mu.RUnlock()
	if err != nil {
		return err
	}
	f.s.mu.Lock()
	f.s.places = places
	f.s.mu.Unlock()
	f.s.answering().Forget(handle.Root)
	return nil
}

// placeIn is how a prefix stands by its record at the origin.
func placeIn(rec handle.Record) (node.Place, bool) {
	state, ok := rec.Value(indexState)
	if !ok || state.Type != "STATE" {
		return node.Place{}, false
	}
	switch string(state.Data) {
	case Hosted:
		return node.Place{Standing: node.Standby}, true
	case Delegated:
		at, _ := rec.Value(indexSite)
		return node.Place{Standing: node.Delegated, Referral: []handle.Value{at}}, true
	default:
		return node.Place{Standing: node.Suspended}, true
	}
}
