package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"yuzhou/engine/proof"
	"yuzhou/engine/proof/logstore"
	"yuzhou/engine/proof/seal"
	"yuzhou/kernel/fault"
)

// evidence is what the evidence engine is lent: where its log is, what seals its keys,
// who watches it.
func (c *config) evidence(log *slog.Logger) (proof.Config, error) {
	dir := filepath.Join(c.Data, "log")
	var policy string
	e := proof.Config{
		Open: func(ctx context.Context, o proof.Opening) (proof.Log, error) {
			logstore.Report(log)
			l, err := logstore.Open(ctx, logstore.Config{Dir: dir, Signer: o.Signer, Verifier: o.Verifier, Least: o.Least, Policy: policy})
			if err != nil {
				return nil, err
			}
			return l, nil
		},
		Read: func(name string) (*os.File, error) { return logstore.Public(dir, name) },
		Keys: c.sealing, Authority: c.TSA,
	}
	for _, f := range []struct {
		name string
		into *string
	}{{c.Policy, &e.Policy}, {c.Watched, &e.Witnessed}, {c.TSACert, &e.Pins}} {
		if f.name == "" {
			continue
		}
		text, err := os.ReadFile(f.name)
		if err != nil {
			return e, &fault.Fault{Kind: fault.Invalid, Text: "the file " + f.name + " of the settings cannot be read", Err: err}
		}
		*f.into = string(text)
	}
	policy = e.Policy
	return e, nil
}

// sealing returns the key that seals private keys. It is never in the database: whoever
// has a copy of that alone cannot sign.
func (c *config) sealing() (seal.KEK, error) {
	name := c.Seal
	if name == "" {
		name = filepath.Join(c.Data, "seal.key")
	}
	text, err := os.ReadFile(name) //nolint:gosec // the file that the settings name
	if errors.Is(err, fs.ErrNotExist) && c.Seal == "" {
		text, err = newSealing(name)
	}
	if err != nil {
		return nil, &fault.Fault{Kind: fault.Busy, Text: "the sealing key " + name + " cannot be read", Err: err}
	}
	line := strings.TrimSpace(string(text))
	if raw, err := hex.DecodeString(line); err == nil && len(raw) == 32 {
		return seal.Key(raw), nil
	}
	if len(line) < seal.MinPassphrase {
		return nil, fault.New(fault.Invalid, "the sealing key %s is neither 64 hexadecimal digits nor a passphrase of at least %d bytes", name, seal.MinPassphrase)
	}
	return seal.Passphrase{Secret: []byte(line)}, nil
}

// newSealing makes a sealing key, on disk before anything is sealed with it: whole, or
// not at all. When another process was faster, its key is the one.
func newSealing(name string) ([]byte, error) {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, "seal-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it has its name by then, or is of no use
	_, err = f.Write(append(hex.AppendEncode(nil, random(32)), '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(name) //nolint:gosec // of the data directory
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return b
}
