// Package lineage is what a number rests on, as a graph: formula, inputs, records and
// documents, signatures, log.
//
// What must hold: every edge leads from what is proved to what proves it, so whoever
// walks on from the root comes to each node; a node is a statement only when its bytes
// have the digest by which it was asked for; the same statements and facts give the
// same graph in the same order; what was left out is said, never dropped in silence;
// size and depth are bounded, whatever the statements say.
//
// The graph shows what was stated. It verifies no signature and no place in a log: the
// facts beside the statements are taken as they are handed in.
package lineage

import (
	"time"

	"yuzhou/engine/proof/statement"
)

// MaxNodes is how many nodes a graph may have.
const MaxNodes = 2000

// MaxDepth is how far from its root a graph may reach.
const MaxDepth = 100

// Kind says what a node is.
type Kind string

// The kinds of nodes.
const (
	Statement  Kind = "statement"
	Formula    Kind = "formula"
	Batch      Kind = "batch" // a tree of records
	Document   Kind = "document"
	Key        Kind = "key"
	Unit       Kind = "unit" // a body that issues
	Checkpoint Kind = "checkpoint"
	Stamp      Kind = "stamp" // a time stamp of a checkpoint
)

// Relation says what an edge means; read it from From to To.
type Relation string

// The relations, and between what they stand.
const (
	DerivedFrom  Relation = "derived-from"  // statement → statement, batch, document that is stated by digest
	ComputedBy   Relation = "computed-by"   // statement → formula
	StatedIn     Relation = "stated-in"     // statement → document that is its source; key → statement of the key
	SignedBy     Relation = "signed-by"     // statement → key
	AttributedTo Relation = "attributed-to" // statement, key → unit
	LoggedIn     Relation = "logged-in"     // statement → checkpoint
	StampedBy    Relation = "stamped-by"    // checkpoint → stamp
	Supersedes   Relation = "supersedes"    // statement → statement of the vintage before
	Withdraws    Relation = "withdraws"     // statement → statement that no longer holds
)

// State says how far a node of kind Statement was read.
type State string

// The states.
const (
	Read    State = ""        // it is here, and so is all that it refers to
	Open    State = "open"    // what it refers to is not followed: too deep, or a vintage before
	Missing State = "missing" // nobody has it: only what refers to it is known
	Altered State = "altered" // what was found is not what its digest names; it is not shown
)

// Graph is the lineage of one statement. Nodes[0] is the root.
type Graph struct {
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges"`
	// Left counts the references that are not in the graph because it is full.
	Left int `json:"left,omitempty"`
}

// Node is one thing. ID, Kind and Name are always there, Stated for a statement that is
// Read or Open and was found, the others as the kind has them.
type Node struct {
	ID         string               `json:"id"`                // unique in the graph: the kind, a colon and what names the thing
	Kind       Kind                 `json:"kind"`              //
	Name       string               `json:"name"`              // of the statement, key, unit, document, log or authority; formula's ID; batch's schema
	Vintage    int64                `json:"vintage,omitempty"` // of a statement
	Digest     string               `json:"digest,omitempty"`  // of a statement, formula or document; root of a batch or checkpoint
	State      State                `json:"state,omitempty"`   // of a statement
	Stated     *statement.Statement `json:"stated,omitempty"`
	Text       string               `json:"text,omitempty"`       // of a formula, "" when it was lost
	Suite      string               `json:"suite,omitempty"`      // of a key
	Media      string               `json:"media,omitempty"`      // of a document that is stated by digest
	Size       int64                `json:"size,omitempty"`       // bytes of such a document, records of a batch, entries of a checkpoint
	Cosigned   []string             `json:"cosigned,omitempty"`   // names of the witnesses of a checkpoint
	At         time.Time            `json:"at,omitzero"`          // of a stamp
	Checkpoint string               `json:"checkpoint,omitempty"` // ID of the node that a stamp is of
}

// Edge leads from what is proved to what proves it.
type Edge struct {
	From     int      `json:"from"` // index in Nodes
	To       int      `json:"to"`   // index in Nodes
	Relation Relation `json:"relation"`
	Locator  string   `json:"locator,omitempty"` // StatedIn: line, cell or figure in the document
	First    int64    `json:"first,omitempty"`   // DerivedFrom records: index of the first of them
	Count    int64    `json:"count,omitempty"`   // DerivedFrom records: how many
	Index    int64    `json:"index,omitempty"`   // LoggedIn: of the entry, from 0
}

// Entry is a statement with what is known of it and does not stand in it.
type Entry struct {
	Statement statement.Statement
	Facts     Facts
}

// Facts are what is known of a statement and does not stand in it.
type Facts struct {
	Signatures []Signature
	Formula    string            // text of the statement's formula; "" when it is not known
	Trees      map[string]string // by root of a batch among the inputs: digest of the statement of that batch
	Log        *Logged           // nil: not in the log yet
}

// Signature is a proof on a statement.
type Signature struct {
	Method string // what names the key: issuer#key
	Suite  string // statement.SuiteEdDSA or statement.SuiteSM2
	Key    string // digest of the statement of the key; "" for a root of the register
}

// Logged is where a statement stands in a log.
type Logged struct {
	Origin   string // name of the log
	Index    int64  // of the entry, from 0
	Size     int64  // of the checkpoint that covers it, in entries
	Root     string // of that checkpoint, as it writes it: base64
	Cosigned []string
	Stamps   []Stamped
}

// Stamped is a time stamp of a checkpoint.
type Stamped struct {
	Authority string
	At        time.Time
}
