package identifiers

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/escrow"
	"yuzhou/modules/identifiers/escrow/courier"
	"yuzhou/modules/identifiers/inspect/remote"
)

// EscrowAnswer is what another node needs to deposit here, or to take deposits of this
// node. It is public; who hears it first keeps it.
type EscrowAnswer struct {
	Prefix string `json:"prefix"`
	Addr   string `json:"address,omitempty" doc:"where deposits are taken, by SFTP; none when they are not" example:"192.0.2.7:2022"`
	SSH    string `json:"ssh" doc:"key of SFTP, as in authorized_keys"`
	SM2    string `json:"sm2" doc:"SM2 key that deposits are signed with and encrypted to, as PEM"`
}

// keys are this node's keys for deposits.
type keys struct {
	ssh ed25519.PrivateKey
	sm2 *escrow.PrivateKey
}

func (s *Service) escrowDir(name string) string { return filepath.Join(s.dir, "escrow", name) }

// keys returns the node's keys for deposits, made when there are none.
func (s *Service) keys() (k keys, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.depositing.sm2 != nil {
		return s.depositing, nil
	}
	if err := os.MkdirAll(s.escrowDir(""), 0o700); err != nil {
		return k, err
	}
	text, err := kept(s.escrowDir("ssh.pem"), func() ([]byte, error) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
	})
	if err != nil {
		return k, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return k, fault.New(fault.Invalid, "%s holds no key", s.escrowDir("ssh.pem"))
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return k, err
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return k, fault.New(fault.Invalid, "%s holds no Ed25519 key", s.escrowDir("ssh.pem"))
	}
	if text, err = kept(s.escrowDir("sm2.pem"), escrow.NewKey); err != nil {
		return k, err
	}
	k.ssh = key
	if k.sm2, err = escrow.ParsePrivateKey(text); err == nil {
		s.depositing = k
	}
	return k, err
}

// kept returns what a file holds; it is made when it is not there.
func kept(name string, create func() ([]byte, error)) ([]byte, error) {
	text, err := os.ReadFile(name) //nolint:gosec // a file of the node
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	if text, err = create(); err != nil {
		return nil, err
	}
	return text, os.WriteFile(name, text, 0o600)
}

// escrowKeys returns what other nodes need for deposits.
func (s *Service) escrowKeys(context.Context) (out EscrowAnswer, err error) {
	k, err := s.keys()
	if err != nil {
		return out, err
	}
	out.Prefix = s.site.Prefix
	if out.SSH, err = courier.Line(k.ssh.Public()); err != nil {
		return out, err
	}
	public, err := escrow.PublicPEM(k.sm2)
	out.SM2 = string(public)
	s.mu.Lock()
	out.Addr = s.depository
	s.mu.Unlock()
	return out, err
}

// peer returns the keys of another node: as they were told first, or asked of it now.
func (s *Service) peer(ctx context.Context, name string, api *web.Client) (k EscrowAnswer, signer *ecdsa.PublicKey, err error) {
	var known bool
	err = s.db.Read(ctx, func(tx store.Tx) error {
		k, known, err = peer(ctx, tx, name)
		return err
	})
	if err == nil && !known {
		if err := remote.Unreached(api.Get(ctx, "/identifiers/escrow", nil, &k)); err != nil {
			return k, nil, err
		}
		if _, err := escrow.ParsePublicKey([]byte(k.SM2)); err != nil {
			return k, nil, err
		}
		err = s.db.Write(ctx, func(tx store.Tx) error { return putPeer(ctx, tx, name, k, s.now()) })
	}
	if err != nil {
		return k, nil, err
	}
	signer, err = escrow.ParsePublicKey([]byte(k.SM2))
	return k, signer, err
}
