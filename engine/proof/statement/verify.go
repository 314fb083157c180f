package statement

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"yuzhou/engine/proof/canon"
	"yuzhou/kernel/fault"
)

// KeyOf returns the key that method names and that was in force at an instant, or an
// error that says why there is none: not known, not yet or no longer in force, revoked.
type KeyOf func(method string, at time.Time) (Key, error)

// Result is what became of one proof.
type Result struct {
	Proof Proof
	Err   error // nil when the proof holds
}

// VerifyDocument verifies every proof of a secured JSON document.
//
//   - keyOf: is asked for the instant at which a proof says it was created, the zero
//     time when it does not say.
//   - Result: one for each proof, in their order.
//   - Errors: nil only when there is a proof and all hold. fault.Invalid of what is no
//     secured document; otherwise the results' errors, joined.
//   - Source: Data Integrity EdDSA Cryptosuites v1.0 §3.3.2, Data Integrity 1.0 §4.5.
func VerifyDocument(doc []byte, keyOf KeyOf) ([]Result, error) {
	d, err := open(doc)
	if err != nil {
		return nil, err
	}
	return d.verify(func(p Proof) (Key, error) {
		var at time.Time
		if p.Created != "" {
			var err error
			if at, err = time.Parse(time.RFC3339Nano, p.Created); err != nil {
				return Key{}, fault.New(fault.Invalid, "created %.40q of the proof is not RFC 3339", p.Created)
			}
		}
		return keyOf(p.VerificationMethod, at)
	})
}

func (d secured) verify(keyOf func(Proof) (Key, error)) ([]Result, error) {
	if len(d.proofs) == 0 {
		return nil, fault.New(fault.Invalid, "the document has no proof: nobody has signed it")
	}
	results := make([]Result, len(d.proofs))
	errs := make([]error, len(d.proofs))
	for i, m := range d.proofs {
		p, err := m.proof()
		if err == nil {
			err = d.verifyOne(m, p, keyOf)
		}
		results[i], errs[i] = Result{p, err}, err
	}
	return results, errors.Join(errs...)
}

func (d secured) verifyOne(m members, p Proof, keyOf func(Proof) (Key, error)) error {
	s, err := suiteOf(p.Cryptosuite)
	if err != nil {
		return err
	}
	signature, err := decode58(p.ProofValue, 100)
	if err != nil || len(signature) != signatureSize {
		return fault.New(fault.Invalid, "proofValue %.100q is not a signature of 64 bytes in base58btc", p.ProofValue)
	}
	document, err := d.under(p)
	if err != nil {
		return err
	}
	options, err := m.options()
	if err != nil {
		return err
	}
	key, err := keyOf(p)
	if err != nil {
		return err
	}
	if key.suite != p.Cryptosuite {
		return fault.New(fault.Invalid, "the key %.80q is not one of %s", p.VerificationMethod, p.Cryptosuite)
	}
	message, err := s.form(key, s.message(options, document))
	if err != nil || !s.verify(key, message, signature) {
		return fault.New(fault.Invalid, "the signature of %.80q does not hold: the document or the proof is not what was signed", p.VerificationMethod)
	}
	return nil
}

// under returns the document that p was made for. Its @context may have grown since:
// then p has the one that it was made under, and the document's must begin with it.
func (d secured) under(p Proof) ([]byte, error) {
	now := d.fields["@context"]
	if p.Context == nil || bytes.Equal(p.Context, now) {
		return d.unsecured, nil
	}
	was, is := contexts(p.Context), contexts(now)
	if len(was) > len(is) {
		return nil, fault.New(fault.Invalid, "@context of the document does not begin with that of the proof")
	}
	for i := range was {
		if !bytes.Equal(was[i], is[i]) {
			return nil, fault.New(fault.Invalid, "@context of the document does not begin with that of the proof")
		}
	}
	fields := maps.Clone(d.fields)
	fields["@context"] = p.Context
	return canon.Marshal(fields)
}

// contexts returns the members of an @context, which is one or a list.
func contexts(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil && len(raw) > 0 {
		list = []json.RawMessage{raw}
	}
	return list
}

// Verify reads a secured statement as Parse does and verifies every proof of it.
//
//   - keyOf: is asked for the instant at which the statement was issued, whatever its
//     proofs say: a key that has expired since is still the right one.
//   - Result: the statement, and what became of each proof, in their order.
//   - Errors: nil only when there is a proof and all hold. When some do not, the error
//     is theirs and the statement and results are there all the same: a caller whose
//     policy wants one of several suites looks at the results.
func Verify(doc []byte, keyOf KeyOf) (Statement, []Result, error) {
	p, err := parse(doc)
	if err != nil {
		return Statement{}, nil, err
	}
	at := p.statement.Issued.Time
	results, err := p.verify(func(p Proof) (Key, error) { return keyOf(p.VerificationMethod, at) })
	return p.statement, results, err
}
