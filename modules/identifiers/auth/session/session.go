// Package session holds what two sides of the Handle protocol have in common after
// OpSetUpSession: the agreed key, encryption and MACs of messages, and the counter that
// keeps a message from being taken twice.
//
// What must hold: a message is taken once and only with its MAC; what cannot be
// decrypted says nothing of why; ciphers that are broken are read when asked for alone.
// A caller checks the MAC of what it decrypted and answers both failures alike and by no
// other time: CBC without that is an oracle. The package knows no network and no clock.
//
// Source: RFC 3652 §3.8; Handle.Net 9.2 for the derivation of keys, ciphers and MACs;
// id-pointer-sdk 2.3.1 for SM4.
package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // read for old clients when Keys.Old is set
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // as the protocol has it below 2.7
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"io"
	"math/big"

	"github.com/emmansun/gmsm/sm3" //nolint:depguard // a codec is where a third party belongs
	"github.com/emmansun/gmsm/sm4" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
)

// Cipher is how messages of a session are encrypted.
type Cipher uint32

// The ciphers, by the codes that stand before a session's key.
const (
	DES       Cipher = 1
	TripleDES Cipher = 2
	AES       Cipher = 3 // 128 bits
	SM4       Cipher = 4 // the IV is the key itself, and is not sent
)

// Keys are those of a session.
type Keys struct {
	Cipher Cipher
	Key    []byte // whole; AES and SM4 use the first 16 bytes
	Old    bool   // DES and 3DES are taken
}

// block returns the cipher, and how many bytes of an IV stand before what is encrypted.
func (k Keys) block() (cipher.Block, error) {
	size := 16
	switch {
	case k.Cipher == DES && k.Old:
		size = 8
	case k.Cipher == TripleDES && k.Old:
		size = 24
	case k.Cipher == DES, k.Cipher == TripleDES:
		return nil, fault.New(fault.Forbidden, "the session uses DES, which this server does not take; use AES")
	case k.Cipher != AES && k.Cipher != SM4:
		return nil, fault.New(fault.Invalid, "the cipher of the session is %d, want 3 (AES) or 4 (SM4)", k.Cipher)
	}
	if len(k.Key) < size {
		return nil, fault.New(fault.Invalid, "the key of the session has %d bytes, want at least %d", len(k.Key), size)
	}
	switch k.Cipher {
	case DES:
		return des.NewCipher(k.Key[:size]) //nolint:gosec // see Keys.Old
	case TripleDES:
		return des.NewTripleDESCipher(k.Key[:size]) //nolint:gosec // see Keys.Old
	case SM4:
		return sm4.NewCipher(k.Key[:size])
	case AES:
		fallthrough
	default:
		return aes.NewCipher(k.Key[:size])
	}
}

// Encrypt returns a message with all that follows its envelope encrypted:
//
//	envelope with Encrypted set, IV (not with SM4), CBC with the padding of PKCS #5
//
// Messages below version 2.4 are ECB and are not written.
func (k Keys) Encrypt(random io.Reader, message []byte) ([]byte, error) {
	e, err := wire.ParseEnvelope(message)
	if err != nil {
		return nil, err
	}
	if e.Version.Before(wire.Version{Major: 2, Minor: 4}) {
		return nil, fault.New(fault.Invalid, "messages of version %d.%d are not encrypted here, want 2.4 or later", e.Version.Major, e.Version.Minor)
	}
	b, err := k.block()
	if err != nil {
		return nil, err
	}
	iv := k.Key[:b.BlockSize()]
	out := message[:wire.EnvelopeSize:wire.EnvelopeSize]
	if k.Cipher != SM4 {
		iv = make([]byte, b.BlockSize())
		if _, err := io.ReadFull(random, iv); err != nil {
			return nil, err
		}
		out = append(out, iv...)
	}
	at := len(out)
	out = append(out, message[wire.EnvelopeSize:]...)
	pad := b.BlockSize() - (len(out)-at)%b.BlockSize()
	for range pad {
		out = append(out, byte(pad)) //nolint:gosec // at most a block
	}
	cipher.NewCBCEncrypter(b, iv).CryptBlocks(out[at:], out[at:])
	e.Encrypted, e.Length = true, uint32(len(out)-wire.EnvelopeSize) //nolint:gosec // a message is bounded far below
	return append(wire.AppendEnvelope(nil, e), out[wire.EnvelopeSize:]...), nil
}

// Decrypt returns an encrypted message as it was before. It shares no memory with it.
//
// Errors: fault.Invalid, the same for all that is wrong with what was encrypted.
func (k Keys) Decrypt(message []byte) ([]byte, error) {
	e, err := wire.ParseEnvelope(message)
	if err != nil {
		return nil, err
	}
	b, err := k.block()
	if err != nil {
		return nil, err
	}
	body := append([]byte(nil), message[wire.EnvelopeSize:]...)
	size := b.BlockSize()
	ecb := e.Version.Before(wire.Version{Major: 2, Minor: 4})
	iv := k.Key[:size]
	if !ecb && k.Cipher != SM4 {
		if len(body) < size {
			return nil, unreadable()
		}
		iv, body = body[:size], body[size:]
	}
	if len(body) == 0 || len(body)%size != 0 {
		return nil, unreadable()
	}
	if ecb {
		for at := 0; at < len(body); at += size {
			b.Decrypt(body[at:], body[at:at+size])
		}
	} else {
		cipher.NewCBCDecrypter(b, iv).CryptBlocks(body, body)
	}
	n, ok := unpad(body, size)
	if !ok {
		return nil, unreadable()
	}
	e.Encrypted, e.Length = false, uint32(n) //nolint:gosec // at most len(body)
	return append(wire.AppendEnvelope(nil, e), body[:n]...), nil
}

func unreadable() error {
	return fault.New(fault.Invalid, "the message cannot be decrypted with the key of its session")
}

// unpad returns how many bytes stand before the padding, in time that does not depend on
// what the padding is.
func unpad(b []byte, size int) (int, bool) {
	pad := int(b[len(b)-1])
	right := subtle.ConstantTimeLessOrEq(1, pad) & subtle.ConstantTimeLessOrEq(pad, size)
	for i := range size {
		in := subtle.ConstantTimeLessOrEq(i+1, pad)
		same := subtle.ConstantTimeByteEq(b[len(b)-1-i], byte(pad)) //nolint:gosec // pad was a byte
		right &= subtle.ConstantTimeSelect(in, same, 1)
	}
	return len(b) - pad, right == 1
}

// Authenticate returns a message with the MAC of a session as its credential.
//
// Errors: fault.Invalid below version 2.7, whose MACs are read and not written.
func (k Keys) Authenticate(m wire.Message, counter uint32) ([]byte, error) {
	if m.Version.Before(wire.Version{Major: 2, Minor: 7}) {
		return nil, fault.New(fault.Invalid, "messages of version %d.%d get no MAC here, want 2.7 or later", m.Version.Major, m.Version.Minor)
	}
	m.Credential = nil
	c := access.Credential{Type: access.CredentialMAC, Algorithm: "HMAC-SHA256", Signer: handle.Reference{Index: counter}}
	if k.Cipher == SM4 {
		c.Algorithm = "HMAC-SM3"
	}
	sum, err := k.sum(wire.Append(nil, m), c)
	if err != nil {
		return nil, err
	}
	c.Signature = sum
	m.Credential = access.AppendCredential(nil, c)
	return wire.Append(nil, m), nil
}

// Check returns nil when the credential of a message is a MAC by the session's key. The
// counter is then to be shown to Window.
//
// Errors: fault.Forbidden; fault.Invalid when the MAC is none this reads.
func (k Keys) Check(message []byte) (access.Credential, error) {
	m, err := wire.Parse(message)
	if err != nil {
		return access.Credential{}, err
	}
	if len(m.Credential) == 0 {
		return access.Credential{}, fault.New(fault.Forbidden, "the message has no MAC, and its session requires one")
	}
	c, err := access.ParseCredential(m.Credential)
	if err != nil {
		return access.Credential{}, err
	}
	if c.Type != access.CredentialMAC {
		return access.Credential{}, fault.New(fault.Forbidden, "the credential of the message is %.20q, want %s", c.Type, access.CredentialMAC)
	}
	want, err := k.sum(message, c)
	if err != nil {
		return access.Credential{}, err
	}
	if subtle.ConstantTimeCompare(want, c.Signature) != 1 {
		return access.Credential{}, fault.New(fault.Forbidden, "the MAC of the message is not that of its session's key")
	}
	return c, nil
}

// sum computes the MAC that a message must have in its version. An empty key would make
// one that anybody can compute.
func (k Keys) sum(message []byte, c access.Credential) ([]byte, error) {
	m, err := wire.Parse(message)
	if err != nil {
		return nil, err
	}
	if len(k.Key) < 8 {
		return nil, fault.New(fault.Invalid, "the key of the session has %d bytes, want at least 8", len(k.Key))
	}
	if v := m.Version; v.Before(wire.Version{Major: 2, Minor: 7}) {
		covered, err := wire.Digested(message)
		if err != nil {
			return nil, err
		}
		return k.oldSum(covered, v), nil
	}
	covered, err := access.AppendAuthenticated(nil, message, c)
	if err != nil {
		return nil, err
	}
	var h func() hash.Hash
	switch c.Algorithm {
	case "HMAC-SHA256":
		h = sha256.New
	case "HMAC-SHA1":
		h = sha1.New
	case "HMAC-SM3":
		h = sm3.New
	default:
		return nil, fault.New(fault.Invalid, "the MAC of the message is %.20q, want HMAC-SHA256, HMAC-SHA1 or HMAC-SM3", c.Algorithm)
	}
	mac := hmac.New(h, k.Key)
	mac.Write(covered)
	return mac.Sum(nil), nil
}

// oldSum computes the MAC of versions below 2.7: SHA-1 of key, message, key; and of 2.5
// and 2.6 what the one server of that time made of it, which wrote the message over all
// but four bytes of the first key and left as many zeros at the end.
func (k Keys) oldSum(covered []byte, v wire.Version) []byte {
	const room = 14 // for what 2.7 puts before the message
	n := len(covered)
	buf := make([]byte, 2*len(k.Key)+room+n)
	copy(buf, k.Key)
	if v.Before(wire.Version{Major: 2, Minor: 5}) {
		copy(buf[len(k.Key):], covered)
		copy(buf[len(k.Key)+n:], k.Key)
		buf = buf[:2*len(k.Key)+n]
	} else {
		copy(buf[4:], covered)
		copy(buf[4+n:], k.Key)
	}
	sum := sha1.Sum(buf) //nolint:gosec // as the version has it
	return sum[:]
}

// Window remembers which counters of a session were seen. The zero value has seen none.
// It is for one session and not safe for concurrent use.
type Window struct {
	top  uint32
	seen [windowSize / 64]uint64 // bit n%windowSize of those in (top-windowSize, top]
}

// windowSize is how far behind the greatest a counter may come; Handle.Net has 200.
const windowSize = 256

// Take reports whether a counter is new, and remembers it. What is older than the window
// is not. Counters begin with 1 and do not go round.
func (w *Window) Take(n uint32) bool {
	if n == 0 || w.top >= windowSize && n <= w.top-windowSize {
		return false
	}
	if n > w.top {
		for i := w.top + 1; ; i++ {
			if n-i >= windowSize {
				i = n - windowSize // all before fall out of the window
				w.seen = [windowSize / 64]uint64{}
				continue
			}
			w.seen[i%windowSize/64] &^= 1 << (i % 64)
			if i == n {
				break
			}
		}
		w.top = n
	}
	word, bit := &w.seen[n%windowSize/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

// Secret is one side's secret of a key exchange by Diffie-Hellman.
type Secret struct{ x, p *big.Int }

// NewSecret draws a secret for the group of a peer's key and returns one's own key.
//
// Errors: fault.Invalid when the group is too small (below 1,024 bits, which Handle.Net
// uses), too large (above 4,096), even, or the peer's key is 0, 1, or P-1, which would
// make everyone know what is agreed on.
func NewSecret(random io.Reader, peer *auth.DHKey) (Secret, *auth.DHKey, error) {
	if err := sound(peer); err != nil {
		return Secret{}, nil, err
	}
	b := make([]byte, 64)
	if _, err := io.ReadFull(random, b); err != nil {
		return Secret{}, nil, err
	}
	b[0] |= 0x80 // never a small power
	s := Secret{x: new(big.Int).SetBytes(b), p: peer.P}
	return s, &auth.DHKey{Y: new(big.Int).Exp(peer.G, s.x, peer.P), P: peer.P, G: peer.G}, nil
}

func sound(k *auth.DHKey) error {
	if n := k.P.BitLen(); n < 1024 || n > 4096 || k.P.Bit(0) == 0 {
		return fault.New(fault.Invalid, "the group of the key exchange has %d bits, want an odd prime of 1024 to 4096", n)
	}
	one := big.NewInt(1)
	last := new(big.Int).Sub(k.P, one)
	for _, n := range []*big.Int{k.Y, k.G} {
		if n.Cmp(one) <= 0 || n.Cmp(last) >= 0 {
			return fault.New(fault.Invalid, "the key or the generator of the key exchange is not between 1 and the prime less one")
		}
	}
	return nil
}

// Agree returns the session's key: the first 32 bytes of what both sides compute, without
// leading zeros as long as more than 32 remain.
//
// Errors: fault.Invalid as of NewSecret, or when the peer's key is of another group.
func (s Secret) Agree(peer *auth.DHKey) ([]byte, error) {
	if err := sound(peer); err != nil {
		return nil, err
	}
	if s.p == nil || peer.P.Cmp(s.p) != 0 {
		return nil, fault.New(fault.Invalid, "the peer's key is of another group than one's own")
	}
	shared := new(big.Int).Exp(peer.Y, s.x, s.p)
	b := shared.Bytes()
	if len(b) < 32 {
		b = append(make([]byte, 32-len(b)), b...)
	}
	return b[:32], nil
}

// AppendKey appends what the answer to a set-up by Diffie-Hellman has as its key.
func AppendKey(dst []byte, c Cipher, own *auth.DHKey) ([]byte, error) {
	return auth.AppendPublicKey(binary.BigEndian.AppendUint32(dst, uint32(c)), own)
}
