package proof

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strconv"

	"golang.org/x/mod/sumdb/note"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// logUnit is whose the log's own key is in proof_secret: no unit of the city.
const logUnit = "log"

// begin brings the log and the database together, where there is a log.
func (s *Service) begin(ctx context.Context) error {
	var key *secret
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		key, err = s.secret(ctx, tx, logUnit, logUnit)
		return err
	})
	if err != nil || key == nil {
		return err
	}
	s.sequencing.Lock()
	defer s.sequencing.Unlock()
	if err := s.ensure(ctx); fault.KindOf(err) != fault.Busy {
		return err
	}
	return nil // another process has it
}

// ensure opens the log and brings the statements and the log together. The caller holds
// s.sequencing.
//
// Errors: fault.Busy when another process has it; fault.Conflict when the log is not the
// one that the database knows.
func (s *Service) ensure(ctx context.Context) error {
	if s.opened != nil {
		return nil
	}
	skey, vkey, err := s.logKey(ctx)
	if err != nil {
		return err
	}
	var o Opening
	if o.Signer, err = note.NewSigner(skey); err != nil {
		return err
	}
	if o.Verifier, err = note.NewVerifier(vkey); err != nil {
		return err
	}
	if o.Least, err = s.least(ctx); err != nil {
		return err
	}
	if s.opened, err = s.Open(ctx, o); err != nil {
		s.opened = nil
		return err
	}
	if err := s.catchUp(ctx, o.Least); err != nil {
		return errors.Join(err, s.forget(ctx))
	}
	return nil
}

// forget closes the log, so that the next round opens it anew and looks what is there.
func (s *Service) forget(ctx context.Context) error {
	l := s.opened
	s.opened = nil
	return l.Close(ctx)
}

// least returns how many entries the log has had for certain.
func (s *Service) least(ctx context.Context) (uint64, error) {
	var place int64 = -1
	err := s.db.Read(ctx, func(tx store.Tx) error {
		_, err := tx.One(ctx, `SELECT place FROM proof_statement ORDER BY place DESC LIMIT 1`, nil, &place)
		return err
	})
	return uint64(max(place, -1) + 1), err
}

// Origin is the log's name.
func (s *Service) Origin() string { return s.name("log") }

// logKey returns the log's signing key, made when there is none, and its verifier's.
func (s *Service) logKey(ctx context.Context) (skey, vkey string, err error) {
	err = s.db.Write(ctx, func(tx store.Tx) error {
		k, err := s.secret(ctx, tx, logUnit, logUnit)
		if err != nil {
			return err
		}
		if k == nil {
			if skey, vkey, err = note.GenerateKey(rand.Reader, s.Origin()); err != nil {
				return err
			}
			return s.keep(ctx, tx, secret{unit: logUnit, key: logUnit, public: vkey, made: store.Micros(s.now())}, []byte(skey))
		}
		s.keys.mu.Lock()
		defer s.keys.mu.Unlock()
		raw, err := s.unseal(ctx, *k)
		skey, vkey = string(raw), k.public
		return err
	})
	return skey, vkey, err
}

// catchUp reads what the log has beyond the last entry that is known and notes where
// our statements are in it; those that it lacks are appended. What the log has and the
// database does not, because the database was put back to an older state, is taken over
// from the log: it was published.
func (s *Service) catchUp(ctx context.Context, from uint64) error {
	var taken int
	var known int64
	err := s.db.Read(ctx, func(tx store.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*) FROM proof_statement WHERE place >= 0`, nil, &known)
		return err
	})
	if err != nil {
		return err
	}
	if known < int64(from) { //nolint:gosec // a log has fewer
		from = 0 // rows have been lost: everything is looked at
	}
	err = s.opened.Entries(ctx, from, func(index uint64, entry []byte) error {
		fresh, err := s.take(ctx, index, entry)
		if fresh {
			taken++
		}
		return err
	})
	if err != nil {
		return err
	}
	if taken > 0 {
		s.log.WarnContext(ctx, "the log has statements that the database had lost; they were taken over", slog.Int("statements", taken))
	}
	rows, err := s.unplaced(ctx)
	if err != nil {
		return err
	}
	return s.enter(ctx, rows)
}

// take notes an entry of the log; fresh says that the database did not have it.
func (s *Service) take(ctx context.Context, index uint64, entry []byte) (fresh bool, err error) {
	st, _, err := statement.Parse(entry)
	if err != nil {
		return false, fault.New(fault.Conflict, "entry %d of the log is no statement: %v", index, err)
	}
	digest, err := st.Digest()
	if err != nil {
		return false, err
	}
	c := pendingClaim{Claim: s.claimOf(st)}
	return fresh, s.db.Write(ctx, func(tx store.Tx) error {
		n, err := tx.Exec(ctx, placeChange(digest, index).Query, int64(index), digest) //nolint:gosec // a log has fewer
		if err != nil || n > 0 {
			return err
		}
		fresh = true
		x := signed{claim: c, digest: digest, doc: entry, st: st}
		x.claim.Formula = nil // its text is lost
		return tx.ExecAll(ctx, append(x.changes(), placeChange(digest, index)))
	})
}

// unplaced reads the statements that are not known to be in the log, in order.
func (s *Service) unplaced(ctx context.Context) ([]signed, error) {
	var out []signed
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		out, err = store.Collect(ctx, tx, `SELECT digest, doc FROM proof_statement WHERE place < 0 ORDER BY issued, name, vintage`, nil,
			func(scan func(...any) error) (x signed, err error) {
				var doc string
				err = scan(&x.digest, &doc)
				x.doc = []byte(doc)
				return x, err
			})
		return err
	})
	return out, err
}

func itoa(n int) string { return strconv.Itoa(n) }
