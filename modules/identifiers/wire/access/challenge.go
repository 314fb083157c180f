// Package access reads and writes what messages of the Handle protocol prove with: the
// digest of a request, challenges and their answers, sessions, and credentials.
//
// What must hold: Append and Parse are inverses for what they accept; hostile bytes are
// fault.Invalid and make nobody allocate more than they are long. The package computes
// nothing: it knows no key and no hash, only which bytes are hashed.
//
// Source: RFC 3652 §2.2.3, §2.2.4, §3.5, §3.8; DO-IRP 3.0; Handle.Net; see package wire.
package access

import (
	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
	"yuzhou/modules/identifiers/wire"
)

// Algorithm is how a request was digested.
type Algorithm byte

// The algorithms. No public client of the Chinese network knows a number for SM3 here:
// there SM3 is the name of the digest within a signature.
const (
	OldMD5 Algorithm = 0 // the digest stands behind its length; below version 2.1
	MD5    Algorithm = 1
	SHA1   Algorithm = 2
	SHA256 Algorithm = 3
)

// DigestOf returns the algorithm by which servers digest requests in a version.
func DigestOf(v wire.Version) Algorithm {
	switch {
	case v.Before(wire.Version{Major: 2, Minor: 1}):
		return OldMD5
	case v.Before(wire.Version{Major: 2, Minor: 7}):
		return SHA1
	default:
		return SHA256
	}
}

// Size returns how many bytes a digest has, 0 when the algorithm is none.
func (a Algorithm) Size() int {
	switch a {
	case OldMD5, MD5:
		return 16
	case SHA1:
		return 20
	case SHA256:
		return 32
	default:
		return 0
	}
}

// String returns the algorithm's usual name.
func (a Algorithm) String() string {
	switch a {
	case OldMD5, MD5:
		return "MD5"
	case SHA1:
		return "SHA-1"
	case SHA256:
		return "SHA-256"
	default:
		return "none"
	}
}

// Digest is what an answer with RequestDigest begins with: proof that it answers the
// request that was sent and not one that somebody made of it. What is digested,
// Digested says. Source: RFC 3652 §2.2.3.
type Digest struct {
	Algorithm Algorithm
	Sum       []byte
}

// ParseDigest reads a digest and returns the bytes behind it:
//
//	algorithm (1 byte), digest of the algorithm's length
//
// or, since a length of 16 begins with a zero, OldMD5's length in 4 bytes and the digest.
func ParseDigest(b []byte) (Digest, []byte, error) {
	r := octets.Reader{Rest: b}
	d := readDigest(&r)
	if r.Err != nil {
		return Digest{}, nil, r.Err
	}
	return d, r.Rest, nil
}

func readDigest(r *octets.Reader) Digest {
	if len(r.Rest) > 0 && r.Rest[0] == 0 {
		return readOldDigest(r)
	}
	d := Digest{Algorithm: Algorithm(r.Byte("algorithm of the digest"))}
	if d.Algorithm.Size() == 0 {
		r.Fail("the algorithm of the digest is %d, want 1 (MD5), 2 (SHA-1) or 3 (SHA-256)", d.Algorithm)
	}
	d.Sum = r.Take("digest of the request", d.Algorithm.Size())
	return d
}

// readOldDigest reads a digest behind its length.
func readOldDigest(r *octets.Reader) Digest {
	d := Digest{Sum: r.Bytes("digest of the request")}
	if len(d.Sum) != OldMD5.Size() {
		r.Fail("the digest of the request has %d bytes, want %d", len(d.Sum), OldMD5.Size())
	}
	return d
}

// AppendDigest appends a digest.
func AppendDigest(dst []byte, d Digest) []byte {
	if d.Algorithm == OldMD5 {
		return octets.AppendBytes(dst, d.Sum)
	}
	return append(append(dst, byte(d.Algorithm)), d.Sum...)
}

// Content splits the body of an answer: the digest of its request when the flags
// announce one, and what the code and the operation say the rest is.
//
// A request with RequestDigest asks for a digest and has none.
func Content(m wire.Message) (Digest, []byte, error) {
	if m.Code == wire.Request || !m.Flags.Has(wire.RequestDigest) {
		return Digest{}, m.Body, nil
	}
	return ParseDigest(m.Body)
}

// Challenge is the body of an answer that asks who is there (ChallengeNeeded): the
// client signs the nonce with the digest of its own request behind it.
//
// The answer's envelope has a session by which the challenge is known, whether or not the
// request had one. From 2.1 on the digest stands before the body as in other answers; below, it stands
// behind the nonce. Source: RFC 3652 §3.5.1.
type Challenge struct {
	Digest Digest
	Nonce  []byte // 16 bytes from all known servers
}

// ParseChallenge reads the challenge that an answer is.
//
// Errors: fault.Invalid also when the answer has no digest: nothing would bind the
// client's signature to its request then.
func ParseChallenge(m wire.Message) (Challenge, error) {
	d, body, err := Content(m)
	if err != nil {
		return Challenge{}, err
	}
	r := octets.Reader{Rest: body}
	c := Challenge{Digest: d, Nonce: r.Bytes("nonce")}
	if c.Digest.Sum == nil && m.Version.Before(wire.Version{Major: 2, Minor: 1}) {
		c.Digest = readOldDigest(&r)
	}
	r.End("the challenge")
	switch {
	case r.Err != nil:
		return Challenge{}, r.Err
	case len(c.Nonce) == 0:
		return Challenge{}, fault.New(fault.Invalid, "the challenge has no nonce; 16 bytes are usual")
	case c.Digest.Sum == nil:
		return Challenge{}, fault.New(fault.Invalid, "the challenge has no digest of the request; flag RD is set when it has")
	}
	return c, nil
}

// AppendChallenge appends the body of a challenge in a version. From 2.1 on the answer's
// header must have RequestDigest set, below not.
func AppendChallenge(dst []byte, c Challenge, v wire.Version) []byte {
	if v.Before(wire.Version{Major: 2, Minor: 1}) {
		return AppendDigest(octets.AppendBytes(dst, c.Nonce), Digest{Sum: c.Digest.Sum})
	}
	return octets.AppendBytes(AppendDigest(dst, c.Digest), c.Nonce)
}

// ChallengeAnswer is the body of OpAnswerChallenge:
//
//	type of the key (a text: HS_PUBKEY or HS_SECKEY), name and index of the key,
//	answer behind its length
//
// What the answer holds is the matter of the key's type. The request has the session of
// the challenge in its envelope; its answer is that to the request that was challenged:
// with the operation and the session of that one. Source: RFC 3652 §3.5.2.
type ChallengeAnswer struct {
	Type     string
	Identity handle.Reference
	Answer   []byte
}

// ParseChallengeAnswer reads the body of OpAnswerChallenge.
func ParseChallengeAnswer(body []byte) (ChallengeAnswer, error) {
	r := octets.Reader{Rest: body}
	a := ChallengeAnswer{Type: string(r.Bytes("type of the key")), Identity: readReference(&r), Answer: r.Bytes("answer to the challenge")}
	r.End("the answer")
	if r.Err != nil {
		return ChallengeAnswer{}, r.Err
	}
	return a, nil
}

// AppendChallengeAnswer appends the body of OpAnswerChallenge.
func AppendChallengeAnswer(dst []byte, a ChallengeAnswer) []byte {
	dst = appendReference(octets.AppendBytes(dst, a.Type), a.Identity)
	return octets.AppendBytes(dst, a.Answer)
}

// Verification is the body of OpVerifyAnswer, by which a server that was answered with a
// secret key asks the server that holds the key whether the answer is right:
//
//	name and index of the key, nonce, digest, answer, the last three behind their lengths
//
// Servers of version 2.1 wrote the digest behind its algorithm instead of its length; that
// is read too, and Digest.Algorithm says so, while it is OldMD5 behind a length, whatever
// the digest is. Source: RFC 3652 §3.5.3.
type Verification struct {
	Key    handle.Reference
	Nonce  []byte
	Digest Digest
	Answer []byte
}

// ParseVerification reads the body of OpVerifyAnswer.
func ParseVerification(body []byte) (Verification, error) {
	r := octets.Reader{Rest: body}
	q := Verification{Key: readReference(&r), Nonce: r.Bytes("nonce")}
	if len(r.Rest) > 0 && r.Rest[0] == 0 {
		q.Digest.Sum = r.Bytes("digest of the request")
	} else {
		q.Digest = readDigest(&r)
	}
	q.Answer = r.Bytes("answer to the challenge")
	r.End("the answer")
	if r.Err != nil {
		return Verification{}, r.Err
	}
	return q, nil
}

// AppendVerification appends the body of OpVerifyAnswer.
func AppendVerification(dst []byte, q Verification) []byte {
	dst = octets.AppendBytes(appendReference(dst, q.Key), q.Nonce)
	return octets.AppendBytes(AppendDigest(dst, q.Digest), q.Answer)
}

// ParseVerdict reads the body of the answer to OpVerifyAnswer, one byte of which the
// lowest bit says whether the answer to the challenge is right.
func ParseVerdict(body []byte) (bool, error) {
	if len(body) != 1 || body[0] > 1 {
		return false, fault.New(fault.Invalid, "the verdict on an answer is %x, want 00 (wrong) or 01 (right)", body[:min(len(body), 8)])
	}
	return body[0] == 1, nil
}

// AppendVerdict appends the body of the answer to OpVerifyAnswer.
func AppendVerdict(dst []byte, right bool) []byte {
	return append(dst, byte(octets.Bits(0).With(1, right)))
}
