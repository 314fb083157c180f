package identifiers

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/trust"
	"yuzhou/modules/identifiers/typed"
)

// maxKeys is how many keys a registrant has for a prefix at most.
const maxKeys = 8

// registrantRights are what a key of its registrant may do below a prefix: all but
// prefixes below it, which are had by a case.
const registrantRights = typed.Everything &^ (typed.AddPrefix | typed.DeletePrefix)

// publicKey reads a public key as a registrant gives it, PEM or JWK, and returns the data
// of HS_PUBKEY.
func publicKey(text string) ([]byte, error) {
	var key crypto.PublicKey
	var err error
	if text = strings.TrimSpace(text); strings.HasPrefix(text, "{") {
		var j struct {
			trust.JWK
			Private string `json:"d"`
		}
		switch err = json.Unmarshal([]byte(text), &j); {
		case err != nil:
			err = fault.New(fault.Invalid, "the key is no JWK: %v", err)
		case j.Private != "":
			err = fault.New(fault.Invalid, "the key is a private one; keep it to yourself, and give its public key")
		default:
			if key, err = j.Key(); err == nil {
				err = auth.Enrollable(key)
			}
		}
	} else {
		key, err = auth.ParsePEM([]byte(text))
	}
	if err != nil {
		return nil, fault.Say(fault.Invalid, "公钥读不出来：应是 RSA（2048 位以上）或 SM2 公钥，用 PEM 或 JWK 写（%s）。", "the public key cannot be read: it is RSA of 2048 bits or more, or SM2, in PEM or JWK (%s)", err.Error())
	}
	return auth.AppendPublicKey(nil, key)
}

// validKeys checks the keys that a change names.
func (c Change) validKeys() error {
	if c.Change != Rekey && c.Change != Allocate && c.Change != Transfer && len(c.Keys) > 0 {
		return fault.Say(fault.Invalid, "%s不改公钥；要改请用更换公钥。", "%s keeps the keys; a change of keys changes them", changes()[c.Change].name)
	}
	if len(c.Keys) > maxKeys {
		return fault.Say(fault.Invalid, "公钥有 %d 个，最多 %d 个。", "there are %d keys, at most %d are taken", len(c.Keys), maxKeys)
	}
	for i, text := range c.Keys {
		if _, err := publicKey(text); err != nil {
			return err
		}
		if slices.Contains(c.Keys[:i], text) {
			return fault.Say(fault.Invalid, "第 %d 个公钥重复。", "key %d is there twice", i+1)
		}
	}
	return nil
}

// splitKeys parts a text of keys one after the other, in PEM or each JWK on its line, as
// a form has them.
func splitKeys(text string) []string {
	var out []string
	rest := strings.ReplaceAll(text, "\r\n", "\n")
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		at := 0
		if strings.HasPrefix(rest, "-----BEGIN") {
			at = max(strings.Index(rest, "\n-----END")+1, 0)
		}
		if i := strings.Index(rest[at:], "\n"); i >= 0 {
			at += i
		} else {
			at = len(rest)
		}
		out = append(out, strings.TrimSpace(rest[:at]))
		rest = rest[at:]
	}
	return out
}

// keyValues returns what the record of a prefix says of the keys of its registrant: each
// key from index 300 on, and from 101 on that it administers.
func keyValues(h Held, at uint32) ([]handle.Value, error) {
	var out []handle.Value
	value := func(index int, kind string, data []byte) handle.Value {
		return handle.Value{Index: uint32(index), Type: kind, Data: data, TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: at} //nolint:gosec // at most maxKeys further
	}
	for i, text := range h.Keys {
		data, err := publicKey(text)
		if err != nil {
			return nil, err
		}
		of := handle.Reference{Name: handle.Authority(h.Prefix.Prefix), Index: keyIndex + uint32(i)}
		out = append(
			out, value(indexAdmin+1+i, handle.TypeAdmin, typed.AppendAdmin(nil, typed.Admin{Rights: registrantRights, Reference: of})),
			value(keyIndex+i, handle.TypePublicKey, data),
		)
	}
	slices.SortFunc(out, func(a, b handle.Value) int { return int(a.Index) - int(b.Index) })
	return out, nil
}

// keyFile is where the node keeps its private key, PKCS #8 in PEM, readable by its owner.
const keyFile = "node.key"

// serverKey returns the key by which this node signs its answers, made when there is none.
// It is RSA, the only kind that clients of Handle.Net check.
//
// Errors: fault.Invalid when the file holds no such key; it is never written over.
func serverKey(dir string) (*rsa.PrivateKey, error) {
	name := filepath.Join(dir, keyFile)
	text, err := os.ReadFile(name) //nolint:gosec // below the data directory
	if errors.Is(err, fs.ErrNotExist) {
		return newServerKey(name)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fault.New(fault.Invalid, "file %s holds no PEM, want a private key of RSA in PKCS #8", name)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, fault.New(fault.Invalid, "file %s holds no private key of RSA in PKCS #8", name)
	}
	return key, nil
}

// newServerKey makes a key. It is whole on disk before it has its name; a key that
// another process made meanwhile is the one.
func newServerKey(name string) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, leastServerBits)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(name), keyFile+".*") // of mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it has its name then
	_, err = f.Write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), name); errors.Is(err, fs.ErrExist) {
		return serverKey(filepath.Dir(name))
	} else if err != nil {
		return nil, err
	}
	return key, nil
}

const leastServerBits = 2048

// recordOwn writes the record of the node's own prefix: where it is reached, its public
// key, and that this administers what lies below.
func (s *Service) recordOwn(ctx context.Context, site typed.Site, key *rsa.PrivateKey) error {
	public, err := auth.AppendPublicKey(nil, &key.PublicKey)
	if err != nil {
		return err
	}
	rec := handle.Record{Name: handle.Authority(s.site.Prefix)}
	add := func(index uint32, kind string, data []byte) {
		rec.Values = append(rec.Values, handle.Value{Index: index, Type: kind, Data: data, TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: seconds(s.now())})
	}
	if len(site.Servers) > 0 {
		add(indexSite, handle.TypeSite, typed.AppendSite(nil, site))
	}
	add(indexAdmin, handle.TypeAdmin, typed.AppendAdmin(nil, s.admin()))
	add(keyIndex, handle.TypePublicKey, public)
	r, err := s.open(ctx)
	if err != nil {
		return err
	}
	was, err := r.Get(ctx, rec.Name, time.Time{})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if err == nil && sameValues(was.Record.Values, rec.Values) {
		return nil
	}
	return s.put(ctx, r, []handle.Record{rec})
}

// withKey returns a site whose servers have a public key.
func withKey(site typed.Site, key *rsa.PrivateKey) (typed.Site, error) {
	public, err := auth.AppendPublicKey(nil, &key.PublicKey)
	if err != nil {
		return site, err
	}
	site.Servers = slices.Clone(site.Servers)
	for i := range site.Servers {
		site.Servers[i].PublicKey = public
	}
	return site, nil
}

// signer returns the key by which this node signs its answers, nil before it serves.
func (s *Service) signer() crypto.Signer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key
}
