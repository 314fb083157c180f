package proof

import (
	"context"
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"yuzhou/engine/proof/seal"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// rootKey is the name of the city's key that signs the statements of the register.
const rootKey = "root"

// What a key's statement says has become of it.
const (
	keyInForce  = "in-force"
	keyReplaced = "replaced"
	keyRevoked  = "revoked"
)

// secret is a private key at rest.
type secret struct {
	unit, key, suite string
	envelope         string // "": a device holds it
	public           string // Multikey
	made, ended      int64  // microseconds UTC; ended 0: in force
}

const secretColumns = `unit, key, suite, envelope, public, made, ended` //nolint:gosec // names of columns

func scanSecret(scan func(...any) error) (k secret, err error) {
	return k, scan(&k.unit, &k.key, &k.suite, &k.envelope, &k.public, &k.made, &k.ended)
}

// method is what proofs name the key by, as a path.
func (k secret) method() string { return k.unit + "#" + k.key }

// ring is the private keys that have been opened; nothing leaves it but signatures.
type ring struct {
	mu      sync.Mutex                  // guards what follows
	kek     seal.KEK                    // nil: not read yet
	signers map[string]statement.Signer // by method, as a path
}

// signersOf returns the signers of a unit, one a suite, and none when it has no key.
func (s *Service) signersOf(ctx context.Context, tx store.Tx, unit string) ([]statement.Signer, error) {
	keys, err := store.Collect(ctx, tx, `SELECT `+secretColumns+` FROM proof_secret WHERE unit = $1 AND ended = 0 AND key <> $2 ORDER BY key`,
		[]any{unit, rootKey}, scanSecret)
	if err != nil {
		return nil, err
	}
	var out []statement.Signer
	for _, k := range keys {
		sg, err := s.open(ctx, k)
		if err != nil {
			return nil, err
		}
		out = append(out, sg)
	}
	return out, nil
}

// root returns the signer of the register, and nil when there is none yet.
func (s *Service) root(ctx context.Context, tx store.Tx) (statement.Signer, error) {
	k, err := s.secret(ctx, tx, s.site.Unit, rootKey)
	if err != nil || k == nil {
		return nil, err
	}
	return s.open(ctx, *k)
}

// secret reads a private key; nil when there is none.
func (s *Service) secret(ctx context.Context, tx store.Tx, unit, key string) (*secret, error) {
	all, err := store.Collect(ctx, tx, `SELECT `+secretColumns+` FROM proof_secret WHERE unit = $1 AND key = $2`, []any{unit, key}, scanSecret)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// open returns the signer of a key, from memory when it was opened before.
func (s *Service) open(ctx context.Context, k secret) (statement.Signer, error) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	if sg := s.keys.signers[k.method()]; sg != nil {
		return sg, nil
	}
	sg, err := s.signer(ctx, k)
	if err != nil {
		return nil, err
	}
	if s.keys.signers == nil {
		s.keys.signers = map[string]statement.Signer{}
	}
	s.keys.signers[k.method()] = sg
	return sg, nil
}

// signer opens a key. The caller holds s.keys.mu.
func (s *Service) signer(ctx context.Context, k secret) (statement.Signer, error) {
	if k.envelope == "" {
		if s.Device == nil {
			return nil, fault.New(fault.Busy, "key %s is held by a device, and none is attached", k.method())
		}
		return s.Device(ctx, s.name(k.method()), k.suite)
	}
	raw, err := s.unseal(ctx, k)
	if err != nil {
		return nil, err
	}
	defer seal.Wipe(raw)
	return statement.NewSigner(k.suite, s.name(k.method()), raw)
}

// unseal opens an envelope. The caller holds s.keys.mu; wipe what it returns.
func (s *Service) unseal(ctx context.Context, k secret) ([]byte, error) {
	if err := s.readKEK(); err != nil {
		return nil, err
	}
	raw, err := seal.Open(ctx, k.envelope, s.keys.kek, seal.Binding{Unit: k.unit, Key: k.key})
	if err != nil {
		return nil, &fault.Fault{Kind: fault.KindOf(err), Text: "private key " + k.method() + " does not open: the sealing key is another than the one it was sealed with, or its row was altered", Err: err}
	}
	return raw, nil
}

// readKEK reads the key that seals. The caller holds s.keys.mu.
func (s *Service) readKEK() (err error) {
	if s.keys.kek == nil {
		s.keys.kek, err = s.Keys()
	}
	return err
}

// keep seals a private key and writes it down.
func (s *Service) keep(ctx context.Context, tx store.Tx, k secret, raw []byte) error {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	if err := s.readKEK(); err != nil {
		return err
	}
	var err error
	if k.envelope, err = seal.Seal(ctx, raw, s.keys.kek, seal.Binding{Unit: k.unit, Key: k.key}); err != nil {
		return err
	}
	return putSecret(ctx, tx, k)
}

func putSecret(ctx context.Context, tx store.Tx, k secret) error {
	_, err := tx.Exec(ctx, `INSERT INTO proof_secret (`+secretColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		k.unit, k.key, k.suite, k.envelope, k.public, k.made, k.ended)
	return err
}

// makeKey makes a key of a unit and asks for its statement. The register's root comes
// first: it signs what is said of all others, and of itself.
func (s *Service) makeKey(ctx context.Context, tx store.Tx, unit, key, suite string) error {
	if root, err := s.secret(ctx, tx, s.site.Unit, rootKey); err != nil {
		return err
	} else if root == nil && key != rootKey {
		if err := s.makeKey(ctx, tx, s.site.Unit, rootKey, statement.SuiteEdDSA); err != nil {
			return err
		}
	}
	raw, err := statement.NewSecret(suite, rand.Reader)
	if err != nil {
		return err
	}
	defer seal.Wipe(raw)
	sg, err := statement.NewSigner(suite, s.name(unit+"#"+key), raw)
	if err != nil {
		return err
	}
	k := secret{unit: unit, key: key, suite: suite, public: sg.Public().String(), made: store.Micros(s.now())}
	if err := s.keep(ctx, tx, k, raw); err != nil {
		return err
	}
	return s.stateKey(ctx, tx, k, keyInForce)
}

// stateKey asks for the statement of what has become of a key.
func (s *Service) stateKey(ctx context.Context, tx store.Tx, k secret, status string) error {
	end := ".."
	if k.ended != 0 {
		end = instant(k.ended)
	}
	return s.State(ctx, tx, Claim{Kind: statement.KeyState, Name: k.method(), Value: k.public, Status: status, Period: instant(k.made) + "/" + end})
}

// instant prints microseconds as periods of keys have them.
func instant(micros int64) string {
	return store.FromMicros(micros).Format("2006-01-02T15:04:05.999999Z")
}

// Rotate puts a new key of a unit in force and ends the one of the same suite, whose
// statements stay checkable. A unit with no key of the suite gets its first.
//
// Errors: fault.Invalid when the suite is not known.
func (s *Service) Rotate(ctx context.Context, unit, suite string) (method string, err error) {
	err = s.db.Write(ctx, func(tx store.Tx) error {
		all, err := store.Collect(ctx, tx, `SELECT `+secretColumns+` FROM proof_secret WHERE unit = $1 AND key <> $2 ORDER BY made, key`, []any{unit, rootKey}, scanSecret)
		if err != nil {
			return err
		}
		for _, k := range all {
			if k.ended == 0 && k.suite == suite {
				if err := s.endKey(ctx, tx, k, s.now(), keyReplaced); err != nil {
					return err
				}
			}
		}
		key := "k" + strconv.Itoa(len(all)+1)
		method = s.name(unit + "#" + key)
		if err := s.makeKey(ctx, tx, unit, key, suite); err != nil {
			return err
		}
		return s.who.Audit(ctx, tx, "proof.key.rotate", method, suite)
	})
	return method, err
}

// Revoke ends a key because it may be in other hands since an instant; what it has
// signed from then on no longer verifies.
//
// Errors: fault.NotFound when there is no such key; fault.Conflict when it was revoked
// before; fault.Invalid when the instant is before the key began or has not come.
func (s *Service) Revoke(ctx context.Context, method string, since time.Time) error {
	unit, key, _ := strings.Cut(s.path(method), "#")
	return s.db.Write(ctx, func(tx store.Tx) error {
		k, err := s.secret(ctx, tx, unit, key)
		if err != nil {
			return err
		}
		switch now := s.now(); {
		case k == nil || key == rootKey:
			return fault.New(fault.NotFound, "there is no key %s that could be revoked", method)
		case since.After(now) || store.Micros(since) <= k.made:
			return fault.New(fault.Invalid, "since %s is not between the key's beginning, %s, and now", since.Format(time.RFC3339), instant(k.made))
		case k.ended != 0 && k.ended <= store.Micros(since):
			return fault.New(fault.Conflict, "key %s has ended at %s already", method, instant(k.ended))
		}
		if err := s.endKey(ctx, tx, *k, since, keyRevoked); err != nil {
			return err
		}
		return s.who.Audit(ctx, tx, "proof.key.revoke", method, since.Format(time.RFC3339))
	})
}

// endKey lets a key end at an instant.
func (s *Service) endKey(ctx context.Context, tx store.Tx, k secret, at time.Time, status string) error {
	k.ended = max(store.Micros(at), k.made+1)
	if _, err := tx.Exec(ctx, `UPDATE proof_secret SET ended = $1 WHERE unit = $2 AND key = $3`, k.ended, k.unit, k.key); err != nil {
		return err
	}
	return s.stateKey(ctx, tx, k, status)
}

// KeyInfo is a key as the register has it.
type KeyInfo struct {
	Name   string `json:"name" doc:"what proofs name it by: issuer#key"`
	Unit   string `json:"unit"`
	Suite  string `json:"suite"`
	Public string `json:"public" doc:"Multikey"`
	Since  string `json:"since"`
	Until  string `json:"until,omitempty" doc:"empty: in force"`
	Device bool   `json:"device,omitempty" doc:"a device holds the private key"`
}

// Register lists the keys, root first, then by unit and age.
func (s *Service) Register(ctx context.Context) ([]KeyInfo, error) {
	all, err := s.secrets(ctx)
	slices.SortStableFunc(all, func(a, b secret) int { return rank(a) - rank(b) })
	var out []KeyInfo
	for _, k := range all {
		out = append(out, s.keyInfo(k))
	}
	return out, err
}

// keyInfo is a key as the register shows it.
func (s *Service) keyInfo(k secret) KeyInfo {
	info := KeyInfo{Name: s.name(k.method()), Unit: k.unit, Suite: k.suite, Public: k.public, Since: instant(k.made), Device: k.envelope == ""}
	if k.ended != 0 {
		info.Until = instant(k.ended)
	}
	return info
}

// secrets reads the keys of units; those of the program itself have no suite.
func (s *Service) secrets(ctx context.Context) (all []secret, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		all, err = store.Collect(ctx, tx, `SELECT `+secretColumns+` FROM proof_secret WHERE suite <> '' ORDER BY unit, made, key`, nil, scanSecret)
		return err
	})
	return all, err
}

func rank(k secret) int {
	if k.key == rootKey {
		return 0
	}
	return 1
}

// Enrol takes the public key of a unit that a device holds into the register: from now on
// the unit signs with it, and Config.Device gives the signer.
//
// Errors: fault.Conflict when the unit has a key of that name or one of the suite in
// force; fault.Invalid when public is no key.
func (s *Service) Enrol(ctx context.Context, unit, key string, public statement.Key) error {
	if public == (statement.Key{}) {
		return fault.New(fault.Invalid, "the public key of %s#%s is none", unit, key)
	}
	return s.db.Write(ctx, func(tx store.Tx) error {
		used, err := tx.One(ctx, `SELECT 1 FROM proof_secret WHERE unit = $1 AND suite = $2 AND ended = 0 AND key <> $3`, []any{unit, public.Suite(), rootKey}, new(int))
		if err != nil {
			return err
		}
		if used {
			return fault.Say(fault.Conflict, "单位 %s 已有该算法的有效密钥，请先结束它。", "unit %s has a key of that suite in force: end it first", unit)
		}
		k := secret{unit: unit, key: key, suite: public.Suite(), public: public.String(), made: store.Micros(s.now())}
		if err := putSecret(ctx, tx, k); err != nil {
			return err
		}
		if err := s.stateKey(ctx, tx, k, keyInForce); err != nil {
			return err
		}
		return s.who.Audit(ctx, tx, "proof.key.enrol", s.name(k.method()), k.suite)
	})
}
