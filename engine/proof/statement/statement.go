// Package statement is what a body says of a thing: canonical JSON with the body's
// signatures on it.
//
// What must hold: a statement has one form in bytes, so Parse takes no other (the
// stored form is canonical, no field is empty, nothing is there that this package
// does not know); what is signed is everything but the proofs; a statement is named by
// the digest of the same, so that a second signature, or the same one made again after
// an interruption, does not give it another name and what refers to it stays true;
// whoever signs is the issuer. A secured statement fits a leaf of a tiled log.
//
// Statements are public for ever: no field may hold personal data. What is larger, or
// not for the public, is stated by its digest.
//
// Source: W3C Verifiable Credential Data Integrity 1.0 and Data Integrity EdDSA
// Cryptosuites v1.0 (proofs), RFC 8785 (form), Multikey of Controlled Identifiers v1.0.
package statement

import (
	"encoding/json"
	"time"

	"yuzhou/kernel/fault"
)

// MaxSize is how many bytes a secured statement may have: a leaf of a tiled log has
// its length in 16 bits (C2SP tlog-tiles, log entries).
const MaxSize = 1<<16 - 1

// Kind is what a statement speaks of.
type Kind string

// The kinds, and which fields each must have beside those that all have.
const (
	Observation Kind = "observation" // a number that was published: value, period
	Derived     Kind = "derived"     // a number that was computed: value, period, formula, inputs
	Plan        Kind = "plan"        // a version of a plan: content
	Target      Kind = "target"      // a target or trajectory: value and period, or content
	Evaluation  Kind = "status"      // the evaluation of a target: status
	Closure     Kind = "closure"     // the end of a directive: status or content
	Events      Kind = "events"      // the head of a case's events: content or batch
	Procedure   Kind = "procedure"   // a version of a procedure: content
	Pack        Kind = "pack"        // a load of a pack: content or batch
	Records     Kind = "batch"       // a tree of records: batch
	Census      Kind = "census"      // the identifiers of a day: batch, period, and how often they were resolved: value

	// KeyState: a key begins, is replaced or is revoked. Its name is what proofs name
	// the key by, issuer#key; value its Multikey; status what has become of it; period
	// from when to when it is in force. The issuer is who keeps the register.
	KeyState Kind = "key"
)

// Statement is what a body says of a thing. Kind, Name, Vintage, Method, Issuer and
// Issued are always there; the others as the kind wants, empty ones are left out.
//
// The fields of this and of what is in it stand in the order of canonical form: then
// what encoding/json writes need not be sorted again, which costs more than writing it.
type Statement struct {
	Batch      *Batch   `json:"batch,omitempty"`   // the tree that is stated
	Content    *Content `json:"content,omitempty"` // what is stated by digest
	Formula    *Formula `json:"formula,omitempty"` // how the value follows from the inputs
	Inputs     []Input  `json:"inputs,omitempty"`  // in the order of the formula
	Issued     Instant  `json:"issued"`
	Issuer     string   `json:"issuer"` // identifier of the unit, whose key signs
	Kind       Kind     `json:"kind"`
	Method     string   `json:"method"`               // name and version of the program: yuzhou/2.1.0
	Name       string   `json:"name"`                 // what it is about, as kernel/ref has it, without vintage: 88.500.1/st.hte/500000/2023-06-30
	Period     string   `json:"period,omitempty"`     // as kernel/period prints it, or two instants: 2026-01-01T00:00:00Z/..
	Source     *Source  `json:"source,omitempty"`     // where it stands
	Status     string   `json:"status,omitempty"`     // a word of the kind's own list
	Supersedes string   `json:"supersedes,omitempty"` // digest of the statement of the vintage before
	Unit       string   `json:"unit,omitempty"`       // of the value
	Value      string   `json:"value,omitempty"`      // as printed, with its comparator word
	Vintage    int64    `json:"vintage"`              // 1 is the first statement of the name
	Withdraws  string   `json:"withdraws,omitempty"`  // digest of the one that no longer holds; no value then
}

// Formula is a rule, by name and by the digest of its text.
type Formula struct {
	Digest string `json:"digest"`
	ID     string `json:"id"`
}

// Input refers to a statement (name, vintage, digest) or to a range of the records of
// a batch (root, first, count), not both.
type Input struct {
	Batch   string `json:"batch,omitempty"`  // root of the batch
	Count   int64  `json:"count,omitempty"`  // records, at least 1
	Digest  string `json:"digest,omitempty"` // as Digest returns it
	First   int64  `json:"first,omitempty"`  // index from 0 of the first record; 0 is left out
	Name    string `json:"name,omitempty"`
	Vintage int64  `json:"vintage,omitempty"`
}

// Source is where the number stands.
type Source struct {
	Document string `json:"document"`          // identifier of the document
	Locator  string `json:"locator,omitempty"` // line, cell or figure in it
}

// Content is a thing that is stated by digest.
type Content struct {
	Digest string `json:"digest"`
	Media  string `json:"media"` // media type, as in RFC 6838
	Size   int64  `json:"size"`  // bytes
}

// Batch is a Merkle tree over records.
type Batch struct {
	Count    int64  `json:"count"`              // records, at least 1
	Previous string `json:"previous,omitempty"` // digest of the statement of the batch before
	Root     string `json:"root"`               // digest at the tree's root
	Schema   string `json:"schema"`             // how a record is written
}

// Instant is a moment in UTC, in JSON with microseconds: 2026-11-23T08:59:38.123456Z.
type Instant struct{ time.Time }

const instantForm = "2006-01-02T15:04:05.000000Z"

// At returns t as an instant; what is finer than a microsecond is cut off.
func At(t time.Time) Instant { return Instant{t.UTC().Truncate(time.Microsecond)} }

// String returns the instant as RFC 3339 in UTC with six decimals.
func (i Instant) String() string { return i.UTC().Format(instantForm) }

// MarshalJSON implements json.Marshaler.
func (i Instant) MarshalJSON() ([]byte, error) { return json.Marshal(i.String()) }

// UnmarshalJSON implements json.Unmarshaler; another form than String's is fault.Invalid.
func (i *Instant) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fault.New(fault.Invalid, "instant %.40q is not text; give it as %s", b, instantForm)
	}
	t, err := time.Parse(instantForm, s)
	if err != nil || t.Format(instantForm) != s {
		return fault.New(fault.Invalid, "instant %.40q is not RFC 3339 in UTC with six decimals; give it as 2026-11-23T08:59:38.123456Z", s)
	}
	*i = Instant{t}
	return nil
}
