package statement

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"yuzhou/engine/proof/canon"
	"yuzhou/kernel/fault"
)

// Encode returns the statement in canonical form, without proofs.
//
// Errors: fault.Invalid as Check says.
func (s Statement) Encode() ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	return canon.Marshal(s)
}

// Digest returns what other statements refer to this one by; see the function Digest.
//
// Errors: fault.Invalid as Check says.
func (s Statement) Digest() (string, error) {
	doc, err := s.Encode()
	if err != nil {
		return "", err
	}
	return SHA256.Sum(doc), nil
}

// Sign returns the statement with a proof of each signer, in the form that Parse reads.
//
//   - created: when it is signed, not before it is issued; cut to microseconds.
//   - signers: at least one, each with a key of the issuer. A further signature is
//     added later with Secure.
//   - Errors: fault.Invalid as Check says, when a signer is not the issuer's or the
//     result is larger than MaxSize; what a signer returns.
func Sign(ctx context.Context, s Statement, created time.Time, signers ...Signer) ([]byte, error) {
	doc, err := s.Encode()
	if err != nil {
		return nil, err
	}
	if len(signers) == 0 {
		return nil, fault.New(fault.Invalid, "a statement is signed by nobody; give a signer of %s", s.Issuer)
	}
	if doc, err = Secure(ctx, doc, At(created).Time, signers...); err != nil {
		return nil, err
	}
	if _, _, err := Parse(doc); err != nil {
		return nil, err
	}
	return doc, nil
}

// Parse reads a statement in the form it is stored and logged in, and its proofs,
// which it does not verify. It may have none.
//
// Only canonical bytes are taken: they are what was logged, and a reader that repaired
// them would agree with a document that another reader refuses. One proof stands as
// an object, more as a list.
//
// Errors: fault.Invalid with the byte or the field.
func Parse(doc []byte) (Statement, []Proof, error) {
	p, err := parse(doc)
	if err != nil {
		return Statement{}, nil, err
	}
	return p.statement, p.read, nil
}

// parsed is a secured statement, as bytes and as what they say.
type parsed struct {
	secured

	statement Statement
	read      []Proof
}

func parse(doc []byte) (parsed, error) {
	var p parsed
	if len(doc) > MaxSize {
		return p, fault.New(fault.Invalid, "the statement has %d bytes, at most %d are allowed; refer to inputs as a range of a batch, state what is large by digest", len(doc), MaxSize)
	}
	err := canon.Check(doc)
	if err != nil {
		return p, err
	}
	if p.secured, err = take(doc); err != nil {
		return p, err
	}
	if p.statement, err = decode(p.unsecured); err != nil {
		return p, err
	}
	if p.read, err = p.proofsOf(p.statement); err != nil {
		return p, err
	}
	if raw := p.proof; len(p.proofs) == 1 && raw[0] == '[' {
		return p, fault.New(fault.Invalid, "proof is a list of one; give a single proof as an object")
	}
	return p, nil
}

// decode reads the statement itself. What comes out must be written as it came in:
// so no field is empty, null, given as its default or known only by capital letters.
func decode(doc []byte) (Statement, error) {
	var s Statement
	in := json.NewDecoder(bytes.NewReader(doc))
	in.DisallowUnknownFields()
	if err := in.Decode(&s); err != nil {
		if fault.KindOf(err) == fault.Invalid {
			return Statement{}, err
		}
		return Statement{}, fault.New(fault.Invalid, "the statement has a field that is not known or of another type: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	again, err := s.Encode()
	if err != nil {
		return Statement{}, err
	}
	if !bytes.Equal(again, doc) {
		return Statement{}, fault.New(fault.Invalid, "the statement has a field that is empty, null, its default or written with other capital letters; leave it out or write it as documented")
	}
	return s, nil
}

// proofsOf reads the proofs of s and holds what a statement asks of them: made by a
// key of the issuer, else a body could speak in the name of another; dated; one a key.
func (d secured) proofsOf(s Statement) ([]Proof, error) {
	proofs := make([]Proof, 0, len(d.proofs))
	seen := make(map[string]bool)
	for _, m := range d.proofs {
		p, err := m.proof()
		if err != nil {
			return nil, err
		}
		issuer, err := checkMethod("verificationMethod", p.VerificationMethod)
		if err != nil {
			return nil, err
		}
		if issuer != s.Issuer {
			return nil, fault.New(fault.Invalid, "verificationMethod %.80q is no key of the issuer; give %s, # and the key's name", p.VerificationMethod, s.Issuer)
		}
		if seen[p.VerificationMethod] {
			return nil, fault.New(fault.Invalid, "two proofs are of the key %.80q; one is enough", p.VerificationMethod)
		}
		seen[p.VerificationMethod] = true
		created, err := parseCreated(p.Created)
		if err != nil {
			return nil, fault.New(fault.Invalid, "created of the proof: %v", err)
		}
		if created.Before(s.Issued.Time) {
			return nil, fault.New(fault.Invalid, "the proof was created at %s, before the statement was issued at %s", p.Created, s.Issued)
		}
		if p.Context != nil {
			return nil, fault.New(fault.Invalid, "the proof has an @context, the statement has none; leave it out")
		}
		proofs = append(proofs, p)
	}
	return proofs, nil
}
