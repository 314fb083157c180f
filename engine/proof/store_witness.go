package proof

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"yuzhou/engine/proof/seal"
	"yuzhou/engine/proof/witness"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// witnessUnit is whose the key is by which this node cosigns other nodes' logs.
const witnessUnit = "witness"

// WitnessInfo is by what others know this node as a witness.
type WitnessInfo struct {
	Name string   `json:"name"`
	VKey string   `json:"vkey" doc:"as policies name it: a line \"witness NAME VKEY URL\""`
	Path string   `json:"path" doc:"below the address of this site; a client adds /add-checkpoint"`
	Logs []string `json:"logs" doc:"whose checkpoints it cosigns"`
}

// Witness describes this node as a witness.
func (s *Service) Witness(ctx context.Context) (WitnessInfo, error) {
	w, err := s.witness(ctx)
	if err != nil {
		return WitnessInfo{}, err
	}
	public, _ := w.Key.Public().(ed25519.PublicKey) // an Ed25519 key has one
	out := WitnessInfo{Name: w.Name, VKey: witness.VKey(w.Name, public), Path: "/proof/witness", Logs: []string{}}
	for _, l := range w.Logs {
		out.Logs = append(out.Logs, l.Name())
	}
	return out, nil
}

// witness returns the witness, its key made when there is none.
func (s *Service) witness(ctx context.Context) (*witness.Witness, error) {
	s.witOnce.Lock()
	defer s.witOnce.Unlock()
	if s.wit != nil {
		return s.wit, nil
	}
	w := &witness.Witness{Name: s.name("witness"), Store: heads{s}, Now: s.now}
	var err error
	if w.Logs, err = watchedLogs(s.Witnessed); err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx store.Tx) (err error) {
		w.Key, err = s.witnessKey(ctx, tx, w.Name)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.wit = w
	return w, nil
}

// watchedLogs reads the keys of logs from a policy.
func watchedLogs(policy string) ([]note.Verifier, error) {
	var out []note.Verifier
	for line := range strings.Lines(policy) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "log" {
			continue
		}
		v, err := note.NewVerifier(words[1])
		if err != nil {
			return nil, fault.New(fault.Invalid, "the file of watched logs: %.200q is not the key of a log", words[1])
		}
		out = append(out, v)
	}
	return out, nil
}

// witnessKey returns the key by which this node cosigns.
func (s *Service) witnessKey(ctx context.Context, tx store.Tx, name string) (ed25519.PrivateKey, error) {
	k, err := s.secret(ctx, tx, witnessUnit, witnessUnit)
	if err != nil {
		return nil, err
	}
	if k == nil {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return private, s.keep(ctx, tx, secret{unit: witnessUnit, key: witnessUnit, public: witness.VKey(name, public), made: store.Micros(s.now())}, private.Seed())
	}
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	raw, err := s.unseal(ctx, *k)
	if err != nil {
		return nil, err
	}
	defer seal.Wipe(raw)
	if len(raw) != ed25519.SeedSize {
		return nil, fault.New(fault.Invalid, "the witness's key has %d bytes, not %d", len(raw), ed25519.SeedSize)
	}
	return ed25519.NewKeyFromSeed(raw), nil
}

// heads keeps what was cosigned.
type heads struct{ s *Service }

// Advance implements witness.Store. Of two transactions that have read the same head only
// one finds it still there when it writes.
func (h heads) Advance(ctx context.Context, origin string, next func(witness.Head) (witness.Head, error)) error {
	return h.s.db.Write(ctx, func(tx store.Tx) error {
		var last witness.Head
		var root string
		var at int64
		found, err := tx.One(ctx, `SELECT size, root, at FROM proof_witnessed WHERE origin = $1`, []any{origin}, &last.Size, &root, &at)
		if err != nil {
			return err
		}
		if found {
			raw, err := hex.DecodeString(root)
			if err != nil || len(raw) != tlog.HashSize {
				return fault.New(fault.Conflict, "the root that was cosigned of %s is damaged: this witness says no more of it", origin)
			}
			last.Root, last.At = tlog.Hash(raw), store.FromMicros(at)
		}
		got, err := next(last)
		if err != nil {
			return err
		}
		query, args := `INSERT INTO proof_witnessed (origin, size, root, at) VALUES ($1, $2, $3, $4) ON CONFLICT (origin) DO NOTHING`,
			[]any{origin, got.Size, hex.EncodeToString(got.Root[:]), store.Micros(got.At)}
		if found {
			query, args = `UPDATE proof_witnessed SET size = $1, root = $2, at = $3 WHERE origin = $4 AND size = $5 AND root = $6 AND at = $7`,
				[]any{got.Size, hex.EncodeToString(got.Root[:]), store.Micros(got.At), origin, last.Size, root, at}
		}
		n, err := tx.Exec(ctx, query, args...)
		if err == nil && n != 1 {
			err = fault.New(fault.Busy, "another checkpoint of %s is being cosigned", origin)
		}
		return err
	})
}
