package identifiers

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/escrow"
	"yuzhou/modules/identifiers/escrow/courier"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
)

// A deposit of a day has the records as they were at its end. The first of a month, and
// one after which too much has changed, has all; the others what has changed.
const mostChanges = 500_000

// depositRecords makes the deposit of the last day that was counted, and brings it to the
// node above.
func (s *Service) depositRecords(ctx context.Context) error {
	upper := strings.TrimRight(s.setting(settingDocking), "/")
	if upper == "" || s.now().Before(s.deposits.until) {
		return nil
	}
	var last []taken
	var made []deposit
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		if last, err = censuses(ctx, tx, "", 1); err == nil {
			made, err = deposits(ctx, tx, 400)
		}
		return err
	})
	if err != nil || len(last) == 0 {
		return err
	}
	due := len(made) == 0 || made[0].Day < last[0].Date
	if !due && !slices.ContainsFunc(made, func(d deposit) bool { return !d.Sent }) {
		return nil
	}
	err = s.bring(ctx, upper, last[0], made, due)
	if err != nil {
		s.deposits = s.deposits.longer(s.now())
		return err
	}
	s.deposits = repeat{}
	return nil
}

// bring makes what is due and sends what was not sent, the oldest first.
func (s *Service) bring(ctx context.Context, upper string, last taken, made []deposit, due bool) error { //nolint:revive // said by the caller
	k, err := s.keys()
	if err != nil {
		return err
	}
	to, recipient, err := s.peer(ctx, "upper", apiAt(upper, time.Minute))
	if err != nil {
		return err
	}
	if to.Addr == "" {
		return fault.New(fault.Conflict, "the node above, %s, takes no deposits", upper)
	}
	if err := os.MkdirAll(s.escrowDir("out"), 0o700); err != nil {
		return err
	}
	dir, err := os.OpenRoot(s.escrowDir("out"))
	if err != nil {
		return err
	}
	defer dir.Close() //nolint:errcheck // a folder
	if due {
		d, err := s.makeDeposit(ctx, dir, escrow.Maker{Signer: k.sm2, Recipient: recipient}, last, made)
		if err != nil {
			return err
		}
		made = append([]deposit{d}, made...)
	}
	c := courier.Courier{Addr: to.Addr, Name: s.site.Prefix, Key: k.ssh, HostKey: to.SSH}
	for _, d := range slices.Backward(made) {
		if d.Sent {
			continue
		}
		if err := c.Send(ctx, dir.FS(), filesOf(dir.FS(), d.Manifest)...); err != nil {
			return err
		}
		if err := s.db.Write(ctx, func(tx store.Tx) error { return sentDeposit(ctx, tx, d.Day, s.now()) }); err != nil {
			return err
		}
	}
	return nil
}

// filesOf returns the files of a deposit, its manifest last: with that it is complete.
func filesOf(dir fs.FS, manifest string) []string {
	var out []string
	if b, err := fs.ReadFile(dir, manifest); err == nil {
		if m, err := escrow.ParseManifest(b); err == nil {
			for _, v := range m.Volumes {
				out = append(out, v.Name, v.Name+".sig")
			}
		}
	}
	return append(out, manifest+".sig", manifest)
}

// makeDeposit makes the deposit of a day.
func (s *Service) makeDeposit(ctx context.Context, dir *os.Root, m escrow.Maker, last taken, made []deposit) (deposit, error) {
	st, err := s.open(ctx)
	if err != nil {
		return deposit{}, err
	}
	at := last.At.Truncate(time.Second)
	d := escrow.Deposit{ID: strings.ReplaceAll(s.site.Prefix, ".", "-") + "_" + last.Date, Prefix: s.site.Prefix, Type: escrow.Full, Watermark: at}
	out := deposit{Day: last.Date, Kind: string(escrow.Full), Manifest: d.ManifestName()}
	from := uint64(1)
	if len(made) > 0 && made[0].Day[:len("2026-01")] == last.Date[:len("2026-01")] {
		from = uint64(made[0].Seq) + 1 //nolint:gosec // written so
	}
	changed, seq, err := s.changedUntil(ctx, st, from, at)
	if err != nil {
		return out, err
	}
	out.Seq = int64(seq) //nolint:gosec // of one node
	source := s.allOf(ctx, st, at)
	if from > 1 && changed != nil {
		d.Type, d.PreviousID, d.PreviousDigest = escrow.Diff, strings.ReplaceAll(s.site.Prefix, ".", "-")+"_"+made[0].Day, made[0].Digest
		out.Kind, out.Manifest = string(escrow.Diff), d.ManifestName()
		source = changedOf(ctx, st, changed, at)
	}
	manifest, err := m.Make(ctx, dir, d, source)
	if err != nil {
		return out, err
	}
	out.Digest, out.Records = manifest.Digest(), int64(manifest.Records()) //nolint:gosec // of one node
	return out, s.db.Write(ctx, func(tx store.Tx) error { return putDeposit(ctx, tx, out) })
}

// changedUntil returns the names that changed from a number on until an instant, in the
// order of deposits, and the number of the last change; nil names when there are too many
// or it is not remembered.
func (s *Service) changedUntil(ctx context.Context, st records.Store, from uint64, at time.Time) (names []handle.Name, seq uint64, err error) {
	seen := map[string]handle.Name{}
	seq, late := from-1, false
	err = st.Changes(ctx, from, func(v records.Version) error {
		late = late || v.At.After(at)
		if !late {
			seq = v.Seq
			if len(seen) <= mostChanges && escrow.Holds(s.site.Prefix, v.Record.Name) {
				seen[v.Record.Name.Fold()] = v.Record.Name
			}
		}
		return nil
	})
	if fault.KindOf(err) == fault.NotFound {
		return nil, st.Seq(), nil
	}
	if err != nil || len(seen) > mostChanges {
		return nil, seq, err
	}
	names = make([]handle.Name, 0, len(seen))
	for _, n := range seen {
		names = append(names, n)
	}
	slices.SortFunc(names, escrow.Compare)
	return names, seq, nil
}

// changedOf gives what became of names until an instant.
func changedOf(ctx context.Context, st records.Store, names []handle.Name, at time.Time) escrow.Source {
	return func(after handle.Name) iter.Seq2[escrow.Change, error] {
		return func(yield func(escrow.Change, error) bool) {
			behind, there := slices.BinarySearchFunc(names, after, escrow.Compare)
			if there {
				behind++
			}
			for _, n := range names[behind:] {
				if c, err := changeOf(ctx, st, n, at); !yield(c, err) || err != nil {
					return
				}
			}
		}
	}
}

// changeOf is what became of a name until an instant.
func changeOf(ctx context.Context, st records.Store, n handle.Name, at time.Time) (escrow.Change, error) {
	v, err := st.Get(ctx, n, at)
	if fault.KindOf(err) == fault.NotFound {
		return escrow.Change{Record: handle.Record{Name: n}, Deleted: true}, nil
	}
	return escrow.Change{Record: v.Record}, err
}

// allOf gives all records as they were at an instant, prefix by prefix: in a store the
// names of 88.1.5 stand before those of 88.1, in a deposit behind them.
func (s *Service) allOf(ctx context.Context, st records.Store, at time.Time) escrow.Source {
	return func(after handle.Name) iter.Seq2[escrow.Change, error] {
		return func(yield func(escrow.Change, error) bool) {
			prefixes, err := s.hostedPrefixes(ctx)
			if err != nil {
				yield(escrow.Change{}, err)
				return
			}
			first := handle.Fold(after.Prefix())
			behind, _ := slices.BinarySearch(prefixes, first)
			for _, p := range prefixes[behind:] {
				r := records.Range{Prefix: p, AsOf: at}
				if p == first {
					r.After = after
				}
				if !s.scanInto(ctx, st, r, yield) {
					return
				}
			}
		}
	}
}

// scanInto gives the records of a range that belong into a deposit; false when no more are
// wanted, or after an error, which it has given.
func (s *Service) scanInto(ctx context.Context, st records.Store, r records.Range, yield func(escrow.Change, error) bool) bool {
	err := st.Scan(ctx, r, func(v records.Version) error {
		if escrow.Holds(s.site.Prefix, v.Record.Name) && !yield(escrow.Change{Record: v.Record}, nil) {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		yield(escrow.Change{}, err)
	}
	return err == nil
}

// hostedPrefixes returns the folded prefixes whose records are in this node, ascending.
func (s *Service) hostedPrefixes(ctx context.Context) ([]string, error) {
	out := []string{handle.Fold(authority), handle.Fold(s.site.Prefix)}
	err := s.eachPrefix(ctx, func(p Prefix) error {
		out = append(out, handle.Fold(p.Prefix))
		return nil
	})
	slices.Sort(out)
	return slices.Compact(out), err
}

// authority is the prefix of the records of prefixes.
const authority = "0.NA"
