package proof

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"yuzhou/engine/proof/tsa"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// tsaUnit is whose the keys of our own time stamping authority are in proof_secret.
const tsaUnit = "tsa"

// tsaPolicy is the policy under which our own authority stamps: the clock of the
// machine, no accuracy promised. The arc is for documentation (RFC 7299 §2: 2.999).
const tsaPolicy = "2.999.1458.1"

// tsaYears is how long the certificates of our own authority are valid.
const tsaYears = 20

// stamp has the newest checkpoint stamped when it has grown since the last time. It is a
// job.
func (s *Service) stamp(ctx context.Context) error {
	s.sequencing.Lock()
	l := s.opened
	s.sequencing.Unlock()
	if l == nil {
		return nil // another process has the log, or nothing has been stated yet
	}
	text, err := l.Checkpoint(ctx)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	size, err := sizeOf(text)
	if err != nil || size <= s.stamped(ctx) {
		return err
	}
	enough, err := s.quorum(ctx)
	if err != nil || !enough(text) { // it is stamped when its witnesses have answered
		return err
	}
	token, err := s.token(ctx, signedText(text))
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO proof_stamp (size, at, note, token) VALUES ($1, $2, $3, $4)`, size, store.Micros(s.now()), string(text), token)
		return err
	})
}

// stamped returns the size of the newest stamped checkpoint; 0 for none.
func (s *Service) stamped(ctx context.Context) (size int64) {
	err := s.db.Read(ctx, func(tx store.Tx) error {
		_, err := tx.One(ctx, `SELECT size FROM proof_stamp ORDER BY size DESC LIMIT 1`, nil, &size)
		return err
	})
	if err != nil {
		s.log.WarnContext(ctx, "time stamps cannot be read", slog.Any("error", err))
	}
	return size
}

// signedText returns the part of a note that its signatures are of (C2SP signed-note).
func signedText(n []byte) []byte {
	at := bytes.LastIndex(n, []byte("\n\n"))
	return n[:at+1]
}

// sizeOf reads the size of a checkpoint of our own (C2SP tlog-checkpoint: the second line).
func sizeOf(n []byte) (int64, error) {
	lines := strings.SplitN(string(n), "\n", 3)
	if len(lines) < 3 {
		return 0, fault.New(fault.Invalid, "the checkpoint %.60q has no second line", n)
	}
	return strconv.ParseInt(lines[1], 10, 64)
}

// token asks the authority that is configured, or our own.
func (s *Service) token(ctx context.Context, text []byte) ([]byte, error) {
	if s.Authority != "" {
		pins, err := tsa.ParseCertificates([]byte(s.Pins))
		if err != nil {
			return nil, err
		}
		c := tsa.Client{URL: s.Authority, Pins: pins}
		token, _, err := c.Stamp(ctx, text)
		return token, err
	}
	a, err := s.authority(ctx)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return a.Stamp(ctx, tsa.Query{Hash: crypto.SHA256, Digest: sum[:], Certificate: true})
}

// authority returns our own time stamping authority, made when there is none.
func (s *Service) authority(ctx context.Context) (*tsa.Authority, error) {
	s.tsaOnce.Lock()
	defer s.tsaOnce.Unlock()
	if s.tsa != nil {
		return s.tsa, nil
	}
	var a *tsa.Authority
	err := s.db.Write(ctx, func(tx store.Tx) error {
		k, err := s.secret(ctx, tx, tsaUnit, tsaUnit)
		if err != nil {
			return err
		}
		if k == nil {
			a, err = s.newAuthority(ctx, tx)
			return err
		}
		s.keys.mu.Lock()
		defer s.keys.mu.Unlock()
		raw, err := s.unseal(ctx, *k)
		if err != nil {
			return err
		}
		a, err = s.readAuthority(raw, k.public)
		return err
	})
	if err != nil {
		return nil, err
	}
	a.Policy, a.Serials, a.Now, a.Log = tsaPolicy, serials{s}, s.now, s.log
	s.tsa = a
	return a, nil
}

// newAuthority makes the keys of our own authority. The root's is not kept: a new root
// is a new pin, which readers have to be told of in any case.
func (s *Service) newAuthority(ctx context.Context, tx store.Tx) (*tsa.Authority, error) {
	now := s.now()
	chain, err := tsa.NewChain("Yuzhou "+s.site.Prefix, now.Add(-time.Minute).UTC(), now.AddDate(tsaYears, 0, 0).UTC())
	if err != nil {
		return nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(chain.Key)
	if err != nil {
		return nil, err
	}
	public := base64.StdEncoding.EncodeToString(chain.Root.Raw) + " " + base64.StdEncoding.EncodeToString(chain.TSA.Raw)
	k := secret{unit: tsaUnit, key: tsaUnit, public: public, made: store.Micros(now)}
	return &tsa.Authority{Certificate: chain.TSA, Key: chain.Key}, s.keep(ctx, tx, k, raw)
}

func (s *Service) readAuthority(raw []byte, public string) (*tsa.Authority, error) {
	key, err := parseKey(raw)
	if err != nil {
		return nil, err
	}
	certs, err := readCertificates(public)
	if err != nil {
		return nil, err
	}
	return &tsa.Authority{Certificate: certs[1], Key: key}, nil
}

// readCertificates reads the root's and the authority's certificate.
func readCertificates(public string) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for text := range strings.FieldsSeq(public) {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, err
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if len(out) != 2 {
		return nil, fault.New(fault.Invalid, "the time stamping authority has %d certificates in the database, not its own and its root's", len(out))
	}
	return out, nil
}

// serials keeps the numbers of our own authority.
type serials struct{ s *Service }

// Issue implements tsa.Serials.
func (x serials) Issue(ctx context.Context, next func(last tsa.Issued) (tsa.Issued, error)) error {
	return x.s.db.Write(ctx, func(tx store.Tx) error {
		var number, at int64
		if _, err := tx.One(ctx, `SELECT last, at FROM proof_serial WHERE id = 'tsa'`, nil, &number, &at); err != nil {
			return err
		}
		got, err := next(tsa.Issued{Number: uint64(number), At: store.FromMicros(at)}) //nolint:gosec // never below 0
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO proof_serial (id, last, at) VALUES ('tsa', $1, $2) ON CONFLICT (id) DO UPDATE SET last = excluded.last, at = excluded.at`,
			int64(got.Number), store.Micros(got.At)) //nolint:gosec // one a stamp
		return err
	})
}

func parseKey(raw []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(raw)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fault.New(fault.Invalid, "the key of the time stamping authority is a %T, which does not sign", key)
	}
	return signer, nil
}
