package identifiers

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/escrow"
	"yuzhou/modules/identifiers/escrow/courier"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/typed"
)

// standby is what a node keeps of those below: their records as they were deposited last,
// each in a store of its own beside the records of this node, ready to be answered from.
type standby struct {
	mu    sync.RWMutex // guards what follows
	kept  map[string]standbyStore
	taken map[string]Takeover // by prefix, those that last
}

// standbyStore is the records of a node below.
type standbyStore struct {
	records.Store
	deposit   string // its manifest
	watermark time.Time
}

func newStandby() *standby {
	return &standby{kept: map[string]standbyStore{}, taken: map[string]Takeover{}}
}

// of returns the store that answers for a name in the place of a node below; nil for none.
func (b *standby) of(n handle.Name) records.Store {
	t, ok := b.over(n)
	if !ok {
		return nil
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.kept[handle.Fold(t.Prefix)].Store
}

// over returns the takeover under which a name is answered for a node below.
func (b *standby) over(n handle.Name) (Takeover, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if len(b.taken) == 0 {
		return Takeover{}, false
	}
	p := n.Prefix()
	if described, ok := n.DescribedPrefix(); ok {
		p = handle.Parent(described)
	}
	for p = handle.Fold(p); p != ""; p = handle.Parent(p) {
		if t, ok := b.taken[p]; ok {
			return t, true
		}
	}
	return Takeover{}, false
}

// StandbyAnswer is what a node keeps of one below.
type StandbyAnswer struct {
	Prefix    string    `json:"prefix"`
	Ready     bool      `json:"ready" doc:"it can be answered from"`
	Watermark time.Time `json:"watermark" doc:"the instant of whose records it has"`
	Taken     bool      `json:"taken" doc:"it is answered from now"`
}

// list returns what is kept, by prefix.
func (b *standby) list() []StandbyAnswer {
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := []StandbyAnswer{}
	for p, st := range b.kept {
		_, taken := b.taken[p]
		out = append(out, StandbyAnswer{Prefix: p, Ready: true, Watermark: st.watermark, Taken: taken})
	}
	slices.SortFunc(out, func(a, b StandbyAnswer) int { return strings.Compare(a.Prefix, b.Prefix) })
	return out
}

// takes returns the takeovers that last, by prefix.
func (b *standby) takes() map[string]Takeover {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return maps.Clone(b.taken)
}

func (b *standby) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for p, st := range b.kept {
		errs = append(errs, st.Close())
		delete(b.kept, p)
	}
	return errors.Join(errs...)
}

// takeDeposits serves the depository until ctx ends, when the settings say where.
func (s *Service) takeDeposits(ctx context.Context) error {
	at := s.setting(settingEscrow)
	if at == off || at == "" {
		return nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", at)
	if err != nil {
		s.tell(ctx, settingEscrow, at, err)
		return nil
	}
	k, err := s.keys()
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	s.mu.Lock()
	s.depository = ln.Addr().String()
	s.mu.Unlock()
	d := courier.Depository{Key: k.ssh, Log: s.log, Allowed: s.mayDeposit, Folder: func(name string) (*os.Root, error) {
		dir := s.escrowDir(filepath.Join("in", name))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		return os.OpenRoot(dir)
	}}
	return d.Serve(ctx, ln)
}

// mayDeposit reports whether a key is that of the node that a prefix is delegated to.
func (s *Service) mayDeposit(ctx context.Context, name, key string) bool {
	var p Held
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		p, err = held(ctx, tx, name)
		return err
	})
	if err != nil || p.State != Delegated {
		return false
	}
	at, ok := webOf(p.Prefix)
	if !ok {
		return false
	}
	k, _, err := s.peer(ctx, name, apiAt("http://"+at.String(), askTimeout))
	return err == nil && strings.TrimSpace(k.SSH) == strings.TrimSpace(key)
}

const askTimeout = 10 * time.Second

// keepStandby restores what was deposited since.
func (s *Service) keepStandby(ctx context.Context) error {
	all, err := os.ReadDir(s.escrowDir("in"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range all {
		if err := s.restore(ctx, e.Name()); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "a deposit of a node below cannot be restored", slog.String("prefix", e.Name()), slog.Any("error", err))
		}
	}
	return nil
}

// keepTaken restores, before the node serves, what it answers from for others; the rest
// has time.
func (s *Service) keepTaken(ctx context.Context) error {
	for prefix := range s.standby.takes() {
		if err := s.restore(ctx, prefix); err != nil {
			s.log.ErrorContext(ctx, "a node below is taken over, and its deposit cannot be restored", slog.String("prefix", prefix), slog.Any("error", err))
		}
	}
	return ctx.Err()
}

// restore makes the standby of a prefix from its newest deposit, unless it is there.
func (s *Service) restore(ctx context.Context, prefix string) error {
	root, err := os.OpenRoot(s.escrowDir(filepath.Join("in", prefix)))
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // a folder
	names, err := chain(root.FS())
	if err != nil || len(names) == 0 {
		return err
	}
	newest := names[len(names)-1]
	s.standby.mu.RLock()
	now := s.standby.kept[prefix]
	s.standby.mu.RUnlock()
	dir := filepath.Join(s.dir, "standby", prefix, strings.TrimSuffix(newest, ".xml"))
	if now.deposit == newest {
		return nil
	}
	_, signer, err := s.peer(ctx, prefix, nil) // known since it deposited
	if err != nil {
		return err
	}
	k, err := s.keys()
	if err != nil {
		return err
	}
	var archives []*escrow.Archive
	for _, n := range names {
		a, err := escrow.Opener{Depositor: signer, Key: k.sm2}.Open(ctx, root.FS(), n)
		if err != nil {
			return err
		}
		archives = append(archives, a)
	}
	st, err := s.Open(ctx, dir)
	if err != nil {
		return err
	}
	// The key lets a load that was cut go on; one that is done is not repeated.
	if err := st.Load(ctx, escrow.Restore(ctx, archives, ""), records.LoadOptions{Key: newest, Who: prefix, Replace: true}); err != nil {
		return errors.Join(err, st.Close())
	}
	s.standby.mu.Lock()
	s.standby.kept[prefix] = standbyStore{st, newest, archives[len(archives)-1].Manifest.Watermark}
	s.standby.mu.Unlock()
	if now.Store == nil {
		return forgetOthers(filepath.Dir(dir), filepath.Base(dir))
	}
	return errors.Join(now.Close(), forgetOthers(filepath.Dir(dir), filepath.Base(dir)))
}

// forgetOthers removes what older deposits were restored to.
func forgetOthers(dir, name string) error {
	all, err := os.ReadDir(dir)
	for _, e := range all {
		if e.Name() != name {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// chain returns the manifests in a folder from the newest that has all records on.
func chain(dir fs.FS) ([]string, error) {
	all, err := fs.Glob(dir, "*.xml")
	if err != nil {
		return nil, err
	}
	var found []escrow.Manifest
	for _, name := range all {
		b, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		if m, err := escrow.ParseManifest(b); err == nil { // what is none is said when it is opened
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b escrow.Manifest) int { return a.Watermark.Compare(b.Watermark) })
	begin := 0
	for i, m := range found {
		if m.Type == escrow.Full {
			begin = i
		}
	}
	var out []string
	for _, m := range found[begin:] {
		out = append(out, m.ManifestName())
	}
	return out, nil
}

// standbyPlaces are the places of the prefixes that this node answers for in the place of
// others: they themselves, and what their records say of those below them.
func (s *Service) standbyPlaces(ctx context.Context, places map[string]node.Place) error {
	for p := range s.standby.takes() {
		places[p] = node.Place{Standing: node.Standby}
		s.standby.mu.RLock()
		st := s.standby.kept[p].Store
		s.standby.mu.RUnlock()
		if st == nil {
			continue
		}
		err := st.Scan(ctx, records.Range{Prefix: authority}, func(v records.Version) error {
			below, ok := v.Record.Name.DescribedPrefix()
			sites := slices.DeleteFunc(slices.Clone(v.Record.Values), func(v handle.Value) bool { return v.Type != handle.TypeSite || v.Perm&handle.PublicRead == 0 })
			if ok && handle.Fold(below) != p && len(sites) > 0 {
				places[handle.Fold(below)] = node.Place{Standing: node.Delegated, Referral: sites}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// remember reads which takeovers last, at the start.
func (s *Service) remember(ctx context.Context) error {
	var all []Takeover
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		all, err = takeovers(ctx, tx, maxLower)
		return err
	})
	s.standby.mu.Lock()
	defer s.standby.mu.Unlock()
	for _, t := range all {
		if t.Until.IsZero() {
			s.standby.taken[handle.Fold(t.Prefix)] = t
		}
	}
	return err
}

// siteOf is how a node below is reached by the protocol.
func siteOf(p Prefix) (typed.Site, error) {
	return site(p.Route, uint16(p.Version)) //nolint:gosec // few changes
}
