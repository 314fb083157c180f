package statement

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"yuzhou/engine/proof/canon"
	"yuzhou/kernel/fault"
)

// Proof is a signature and what it was made with.
type Proof struct {
	Context            json.RawMessage `json:"@context,omitempty"` // as the document's; a statement has none
	Created            string          `json:"created,omitempty"`  // RFC 3339
	Cryptosuite        string          `json:"cryptosuite"`
	ProofPurpose       string          `json:"proofPurpose"`       // assertionMethod
	ProofValue         string          `json:"proofValue"`         // the signature, multibase base58btc
	Type               string          `json:"type"`               // DataIntegrityProof
	VerificationMethod string          `json:"verificationMethod"` // issuer#key
}

const (
	proofType = "DataIntegrityProof"
	purpose   = "assertionMethod"
)

// createdForm is how proofs are dated: RFC 3339 in UTC, six decimals at most.
const createdForm = "2006-01-02T15:04:05.999999Z"

func parseCreated(text string) (time.Time, error) {
	t, err := time.Parse(createdForm, text)
	if err != nil || t.Format(createdForm) != text {
		return time.Time{}, fault.New(fault.Invalid, "%.40q is not RFC 3339 in UTC with at most six decimals; give it as 2026-11-23T08:59:38Z", text)
	}
	return t, nil
}

// members is a JSON object of which the names are compared letter by letter, which
// encoding/json does not do with structs.
type members map[string]json.RawMessage

// secured is a document that was taken apart.
type secured struct {
	fields    members // without proof
	unsecured []byte  // fields in canonical form
	proof     json.RawMessage
	proofs    []members // what proof holds
}

// open takes a document apart. It may have no proof, one, or a set of them.
func open(doc []byte) (secured, error) {
	form, err := canon.Canonical(doc)
	if err != nil {
		return secured{}, err
	}
	return take(form)
}

// take takes apart what is in canonical form.
func take(form []byte) (secured, error) {
	var d secured
	var err error
	if form[0] != '{' {
		return d, fault.New(fault.Invalid, "the document is not a JSON object; only an object can have a proof")
	}
	if err := json.Unmarshal(form, &d.fields); err != nil {
		return d, &fault.Fault{Kind: fault.Invalid, Text: "the document cannot be read", Err: err}
	}
	var found bool
	if d.proof, found = d.fields["proof"]; !found {
		d.unsecured = form
		return d, nil
	}
	delete(d.fields, "proof")
	if d.unsecured, err = canon.Marshal(d.fields); err != nil {
		return d, err
	}
	if d.proof[0] == '{' {
		d.proofs = make([]members, 1)
		err = json.Unmarshal(d.proof, &d.proofs[0])
	} else {
		err = json.Unmarshal(d.proof, &d.proofs)
	}
	if err != nil || len(d.proofs) == 0 {
		return d, fault.New(fault.Invalid, "proof is neither an object nor a list of some; leave it out of a document without proofs")
	}
	return d, nil
}

// proof reads what stands in m. Options that are not known are refused, for they may
// say that the proof holds only under a condition (expires, domain, previousProof).
func (m members) proof() (Proof, error) {
	var p Proof
	// In order, so that of two faults it is always the same that is told.
	for _, name := range slices.Sorted(maps.Keys(m)) {
		raw := m[name]
		var field *string
		switch name {
		case "type":
			field = &p.Type
		case "cryptosuite":
			field = &p.Cryptosuite
		case "created":
			field = &p.Created
		case "verificationMethod":
			field = &p.VerificationMethod
		case "proofPurpose":
			field = &p.ProofPurpose
		case "proofValue":
			field = &p.ProofValue
		case "@context":
			p.Context = raw
			continue
		default:
			return p, fault.New(fault.Invalid, "proof has the member %.40q, which is not known here; what it asks for cannot be held", name)
		}
		if err := json.Unmarshal(raw, field); err != nil || *field == "" {
			return p, fault.New(fault.Invalid, "%s of the proof is not text; give it as a string that is not empty", name)
		}
	}
	return p, p.check()
}

func (p Proof) check() error {
	switch {
	case p.Type != proofType:
		return fault.New(fault.Invalid, "type of the proof is %.40q, not DataIntegrityProof", p.Type)
	case p.ProofPurpose != purpose:
		return fault.New(fault.Invalid, "proofPurpose is %.40q, not assertionMethod", p.ProofPurpose)
	case p.VerificationMethod == "":
		return fault.New(fault.Invalid, "verificationMethod of the proof is missing; give the issuer, # and the key's name")
	case p.Cryptosuite == "":
		return fault.New(fault.Invalid, "cryptosuite of the proof is missing")
	case p.ProofValue == "":
		return fault.New(fault.Invalid, "proofValue of the proof is missing")
	}
	return nil
}

// options returns the proof without its value, as it is hashed.
func (m members) options() ([]byte, error) {
	o := maps.Clone(m)
	delete(o, "proofValue")
	return canon.Marshal(o)
}

// Secure adds a proof of each signer to a JSON document, in the order they are given
// and after those it has: with more than one it has a proof set.
//
//   - doc: any I-JSON object. Proofs cover all of it but its proofs.
//   - created: when they are made; the zero time leaves it out.
//   - Result: the secured document in canonical form.
//   - Errors: fault.Invalid of a document or signer that cannot be; what a signer
//     returns; a signature of a device that does not verify is never let out.
//   - Source: Data Integrity EdDSA Cryptosuites v1.0 §3.3.1, Data Integrity 1.0 §4.3.
func Secure(ctx context.Context, doc []byte, created time.Time, signers ...Signer) ([]byte, error) {
	d, err := open(doc)
	if err != nil {
		return nil, err
	}
	for _, signer := range signers {
		p := Proof{
			Type: proofType, Cryptosuite: signer.Suite(), VerificationMethod: signer.Method(), ProofPurpose: purpose,
			Context: d.fields["@context"],
		}
		if !created.IsZero() {
			p.Created = created.UTC().Format(createdForm)
		}
		m, err := sign(ctx, p, d.unsecured, signer)
		if err != nil {
			return nil, err
		}
		d.proofs = append(d.proofs, m)
	}
	return d.encode()
}

// sign returns p with its value.
func sign(ctx context.Context, p Proof, document []byte, signer Signer) (members, error) {
	s, err := suiteOf(p.Cryptosuite)
	if err != nil {
		return nil, err
	}
	key := signer.Public()
	if key.suite != p.Cryptosuite {
		return nil, fault.New(fault.Invalid, "the signer of %s has a key of %q; its Public must be of its Suite", p.Cryptosuite, key.suite)
	}
	var m members
	raw, err := canon.Marshal(p)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	options, err := m.options()
	if err != nil {
		return nil, err
	}
	message, err := s.form(key, s.message(options, document))
	if err != nil {
		return nil, err
	}
	signature, err := signer.Sign(ctx, bytes.Clone(message))
	if err != nil {
		return nil, err
	}
	if len(signature) != signatureSize || !s.verify(key, message, signature) {
		return nil, fault.New(fault.Invalid, "what the signer of %.80q returns is not its signature; see whether it hashes a second time or writes ASN.1", p.VerificationMethod)
	}
	m["proofValue"], err = json.Marshal(encode58(signature))
	return m, err
}

// encode puts the document together again: one proof as an object, more as a list.
func (d secured) encode() ([]byte, error) {
	var err error
	switch len(d.proofs) {
	case 0:
		return d.unsecured, nil
	case 1:
		d.fields["proof"], err = json.Marshal(d.proofs[0])
	default:
		d.fields["proof"], err = json.Marshal(d.proofs)
	}
	if err != nil {
		return nil, err
	}
	return canon.Marshal(d.fields)
}
