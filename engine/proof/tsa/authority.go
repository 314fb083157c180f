package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"log/slog"
	"math"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"yuzhou/kernel/fault"
)

// Content types of RFC 3161 §3.4.
const (
	TypeQuery    = "application/timestamp-query"
	TypeResponse = "application/timestamp-reply"
)

// Issued is the last number an authority gave and the time it wrote beside it. The zero
// value: none yet.
type Issued struct {
	Number uint64    // counts from 1
	At     time.Time // UTC, whole milliseconds
}

// Serials keeps what an authority has issued, for its whole life. One authority, one
// store; Issue calls of one store stand in line.
type Serials interface {
	// Issue calls next with the last Issued and stores what it returns, durably, before
	// Issue returns nil. When next or the store fails, Issue returns that error; whether
	// the number was stored is then open, and it is never given either way.
	Issue(ctx context.Context, next func(last Issued) (Issued, error)) error
}

// Authority stamps time: an RFC 3161 TSA for a town that has none. The fields are set
// before the first call and then left alone; it may be used by several goroutines.
type Authority struct {
	Certificate *x509.Certificate   // the signer's, for time stamping alone; see NewChain
	Chain       []*x509.Certificate // enclosed after it; roots need not be
	Key         crypto.Signer       // ECDSA P-256, the key of Certificate
	Policy      string              // dotted OID of the policy in force; must be set
	Accuracy    time.Duration       // ± of the clock; 0 states none
	Serials     Serials
	Now         func() time.Time
	Log         *slog.Logger // faults of the authority's own; nil for none
}

// Stamp answers a query in process.
//
//   - Result: a token, DER, in canonical form.
//   - Errors: fault.Invalid when the query asks what is not given (weak digest, another
//     policy); fault.Busy when the clock stands before the last stamp, the certificate
//     is not valid now or the serial number could not be stored. No token exists then.
func (a *Authority) Stamp(ctx context.Context, q Query) ([]byte, error) {
	token, _, err := a.stamp(ctx, q)
	return token, err
}

func (a *Authority) stamp(ctx context.Context, q Query) ([]byte, Failure, error) {
	if err := a.ready(); err != nil {
		return nil, SystemFailure, err
	}
	if err := q.check(); err != nil {
		return nil, BadAlgorithm, err
	}
	if q.Policy != "" && q.Policy != a.Policy {
		return nil, UnacceptedPolicy, fault.New(fault.Invalid, "time stamp query: the policy %s is not %s, the one in force here", clip(q.Policy), a.Policy)
	}
	n, failure, err := a.issue(ctx)
	if err != nil {
		return nil, failure, err
	}
	token, err := a.sign(info{
		policy: a.Policy, imprint: imprint{algorithm{hashOID(q.Hash), true}, q.Digest},
		serial: n.serial, at: n.at, accuracy: a.Accuracy, nonce: q.Nonce,
	}, q.Certificate)
	if err != nil {
		return nil, SystemFailure, err
	}
	return token, NoFailure, nil
}

// ready holds the settings.
func (a *Authority) ready() error {
	if a.Certificate == nil || a.Key == nil || a.Serials == nil || a.Now == nil {
		return fault.New(fault.Invalid, "time stamp authority: the certificate, key, serial numbers and clock must all be set")
	}
	key, ok := a.Certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() || !key.Equal(a.Key.Public()) {
		return fault.New(fault.Invalid, "time stamp authority: the key is not the certificate's, or not on P-256")
	}
	if _, err := x509.ParseOID(a.Policy); err != nil {
		return fault.New(fault.Invalid, "time stamp authority: the policy %q is not an object identifier such as 1.3.6.1.4.1.1", clip(a.Policy))
	}
	return checkPurpose(a.Certificate)
}

// number is a serial number with the time that was stored beside it.
type number struct {
	serial *big.Int
	at     time.Time
}

// issue takes the time and a number nobody has, and has both on disk when it returns. The
// number is the count and 64 random bits: a store put back from an old backup counts again,
// and its numbers are still new.
func (a *Authority) issue(ctx context.Context) (number, Failure, error) {
	var got Issued
	failure := SystemFailure
	err := a.Serials.Issue(ctx, func(last Issued) (Issued, error) {
		at := a.Now().UTC().Truncate(time.Millisecond)
		if at.Before(last.At) {
			failure = TimeNotAvailable
			return Issued{}, fault.New(fault.Busy, "time stamp authority: the clock stands at %s, before the last stamp of %s", at.Format(time.RFC3339Nano), last.At.Format(time.RFC3339Nano))
		}
		if at.Before(a.Certificate.NotBefore) || at.After(a.Certificate.NotAfter) {
			failure = TimeNotAvailable
			return Issued{}, fault.New(fault.Busy, "time stamp authority: its certificate is not valid at %s", at.Format(time.RFC3339))
		}
		if last.Number == math.MaxUint64 {
			return Issued{}, fault.New(fault.Busy, "time stamp authority: the serial numbers are used up")
		}
		got = Issued{Number: last.Number + 1, At: at}
		return got, nil
	})
	if err == nil && got.Number == 0 {
		err = fault.New(fault.Busy, "time stamp authority: the serial number store gave none")
	}
	if err != nil {
		if fault.KindOf(err) == "" {
			err = &fault.Fault{Kind: fault.Busy, Text: "time stamp authority: the serial number could not be stored", Err: err}
		}
		return number{}, failure, err
	}
	var serial [16]byte
	binary.BigEndian.PutUint64(serial[:8], got.Number)
	if _, err := rand.Read(serial[8:]); err != nil {
		return number{}, SystemFailure, &fault.Fault{Kind: fault.Busy, Text: "time stamp authority: no random numbers", Err: err}
	}
	return number{new(big.Int).SetBytes(serial[:]), got.At}, NoFailure, nil
}

// sign makes the token. It does not enclose a certificate that is not asked for (RFC 3161
// §2.4.1); the attribute names it all the same.
func (a *Authority) sign(i info, enclose bool) ([]byte, error) { //nolint:revive // certReq of the query
	content, err := i.marshal()
	if err != nil {
		return nil, err
	}
	attributes, err := a.attributes(content)
	if err != nil {
		return nil, err
	}
	sid, err := sidOf(a.Certificate)
	if err != nil {
		return nil, err
	}
	t := Token{content: content, signer: signerInfo{
		sid: sid, issuer: a.Certificate.RawIssuer, digest: algorithm{oid: oidSHA256},
		attributes: attributes, algorithm: algorithm{oid: oidECDSAWithSHA2},
	}}
	signed, err := t.signer.signed()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(signed)
	if t.signer.signature, err = a.Key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
		return nil, &fault.Fault{Kind: fault.Busy, Text: "time stamp authority: the key did not sign", Err: err}
	}
	if !enclose {
		return t.der(nil)
	}
	return t.der(append([]*x509.Certificate{a.Certificate}, a.Chain...))
}

func sidOf(c *x509.Certificate) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(c.RawIssuer)
		b.AddASN1BigInt(c.SerialNumber)
	})
	return b.Bytes()
}

// attributes returns the content of the signed SET, in the order of DER: what is signed,
// its digest, and the certificate it is signed with (ESSCertIDv2 of SHA-256, RFC 5816).
func (a *Authority) attributes(content []byte) ([]byte, error) {
	sum, certificate := sha256.Sum256(content), sha256.Sum256(a.Certificate.Raw)
	values := map[string]func(*cryptobyte.Builder){
		oidContentType:   func(b *cryptobyte.Builder) { addOID(b, oidTSTInfo) },
		oidMessageDigest: func(b *cryptobyte.Builder) { b.AddASN1OctetString(sum[:]) },
		oidSigningCertV2: func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString(certificate[:]) })
				})
			})
		},
	}
	var set [][]byte
	for id, value := range values {
		var b cryptobyte.Builder
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addOID(b, id)
			b.AddASN1(asn1.SET, value)
		})
		der, err := b.Bytes()
		if err != nil {
			return nil, err
		}
		set = append(set, der)
	}
	slices.SortFunc(set, bytes.Compare)
	return bytes.Join(set, nil), nil
}

// Answer answers the bytes of a query with the bytes of a response; a refusal is a
// response as well.
//
//   - Errors: an internal error when the response cannot be written; none is known.
func (a *Authority) Answer(ctx context.Context, query []byte) ([]byte, error) {
	q, failure, err := parseQuery(query)
	var token []byte
	if err == nil {
		token, failure, err = a.stamp(ctx, q)
	}
	if err == nil {
		return Response{Status: granted, Failure: NoFailure, Token: token}.Marshal()
	}
	if a.Log != nil && (failure == SystemFailure || failure == TimeNotAvailable) {
		a.Log.ErrorContext(ctx, "time stamp not given", slog.Any("err", err))
	}
	return Response{Status: rejection, Failure: failure, Text: []string{sentence(err)}}.Marshal()
}

// sentence is what of an error a stranger may read.
func sentence(err error) string {
	f, ok := err.(*fault.Fault) //nolint:errorlint // a cause below it is for the log only
	if !ok {
		return "time stamp authority: internal error"
	}
	return f.Text
}
