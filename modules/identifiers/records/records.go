// Package records is the store of identifiers: its contract, what a write does to a
// record, and an implementation in memory.
//
// What must hold: every version of a record is kept and can be read as of an instant;
// an item of a batch is whole or absent, and has one outcome; the same key with the
// same items has the same outcomes again; each version has the next number of the
// store, so that whoever replays the changes in order has the same records. Names are
// looked up folded and kept as they were written.
package records

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// Version is a record as it was from an instant on.
type Version struct {
	Record  handle.Record // without values when Deleted
	Seq     uint64        // of the write in its store, from 1 on without gaps
	At      time.Time     // UTC, whole microseconds; never before that of the version before
	Deleted bool
}

// Range says which records are meant.
type Range struct {
	Prefix string      // of one prefix, in any case; "" for all
	After  handle.Name // those behind it in folded order; "" from the first on
	AsOf   time.Time   // as they were then; zero for now
}

// Op is what an item does.
type Op string

// The operations.
const (
	Create Op = "create"        // nothing may be under the name
	Put    Op = "put"           // in the place of what is there
	Delete Op = "delete"        // earlier versions stay readable
	Add    Op = "add-values"    // of indexes that are not there
	Set    Op = "set-values"    // of indexes that are there or not
	Modify Op = "modify-values" // of indexes that are there
	Remove Op = "remove-values" // by index
)

// Item is one write.
type Item struct {
	Op     Op
	Record handle.Record
	IfSeq  uint64 // the version that must be the newest; 0 for any
}

// Batch is what one caller writes at once; its items do not depend on one another.
type Batch struct {
	Key   string // repeated with the same items it has the same outcomes; "" for none
	Who   string // who writes
	Items []Item
}

// MaxBatch is how many items a batch may hold; more are loaded.
const MaxBatch = 10_000

// Verdict is how an item ended.
type Verdict string

// The verdicts.
const (
	Done      Verdict = "done"
	Unchanged Verdict = "unchanged" // it is so already
	Conflict  Verdict = "conflict"
	Missing   Verdict = "missing"
	Invalid   Verdict = "invalid"
)

// Outcome is what became of an item.
type Outcome struct {
	Verdict Verdict `json:"verdict"`
	Seq     uint64  `json:"seq,omitempty"`  // of the version that stands; 0 when none does
	Text    string  `json:"text,omitempty"` // what was wrong
}

// LoadOptions say how a stream of records is loaded.
type LoadOptions struct {
	Key     string // the stream; repeated with the same records it goes on where it ended
	Who     string
	Replace bool                 // what is there is replaced; otherwise it is a conflict
	Chunk   int                  // records that become durable at once; 0 for 50,000
	OnChunk func(Progress) error // told when a chunk is durable, also of those of an earlier attempt; may be nil
}

// Progress is a chunk of a load that is durable.
type Progress struct {
	First    int // number of its first record in the stream, from 0
	Outcomes []Outcome
	Repeated bool // it was there from an earlier attempt
}

// Reader gives one state of a store.
type Reader interface {
	// Scan gives the records of a range in folded order, without deleted ones.
	Scan(ctx context.Context, r Range, use func(Version) error) error
	// Seq returns the number of the newest version in it.
	Seq() uint64
	// Close lets go of it.
	Close() error
}

// Store keeps identifiers. All methods may be called at the same time.
type Store interface {
	Reader
	// Get returns the newest version, or the one that stood at an instant; fault.NotFound
	// when there is none or it was deleted.
	Get(ctx context.Context, n handle.Name, asOf time.Time) (Version, error)
	// History returns all versions of a name, the oldest first, deletions among them.
	History(ctx context.Context, n handle.Name) ([]Version, error)
	// Count returns how many records a range has.
	Count(ctx context.Context, r Range) (int, error)
	// Apply writes a batch. When it returns without an error, all is durable. A key that
	// was used for other items is fault.Conflict; no room on the disk is fault.Busy.
	Apply(ctx context.Context, b Batch) ([]Outcome, error)
	// Load writes a stream of records in any order, chunk by chunk.
	Load(ctx context.Context, source iter.Seq2[handle.Record, error], o LoadOptions) error
	// Changes gives the versions from a number on, in order; fault.NotFound when the log
	// no longer reaches back that far, so that a dump is needed.
	Changes(ctx context.Context, from uint64, use func(Version) error) error
	// Replay writes versions of another store under their numbers. Those that are there are
	// passed over; one that is missing between is fault.Conflict.
	Replay(ctx context.Context, versions []Version) error
	// Prune forgets the changes below a number and the keys of batches older than an
	// instant. Versions stay.
	Prune(ctx context.Context, below uint64, keys time.Time) error
	// Watch returns a channel that is closed by the next write.
	Watch() <-chan struct{}
	// Snapshot returns the records as they are now, whatever is written from then on.
	Snapshot(ctx context.Context) (Reader, error)
	// Resolved adds to the pending counts of resolution of folded names.
	Resolved(ctx context.Context, counts map[string]uint64) error
	// Fold makes pending counts counted ones.
	Fold(ctx context.Context) error
	// Counted gives the counted resolutions of a range in folded order; AsOf is ignored.
	Counted(ctx context.Context, r Range, use func(folded string, n uint64) error) error
	// Pending gives those that are not counted yet, in the same way.
	Pending(ctx context.Context, r Range, use func(folded string, n uint64) error) error
}

// Digest returns the SHA-256 of items, by which a repeated key is compared. Timestamps
// are left out: what is sent again is dated anew.
func Digest(items []Item) [sha256.Size]byte {
	h := sha256.New()
	var b []byte
	for _, i := range items {
		b = binary.AppendUvarint(b[:0], uint64(len(i.Op)))
		b = append(b, i.Op...)
		b = binary.AppendUvarint(b, uint64(len(i.Record.Name)))
		b = append(b, i.Record.Name...)
		b = binary.AppendUvarint(b, i.IfSeq)
		b = binary.AppendUvarint(b, uint64(len(i.Record.Values)))
		for _, v := range i.Record.Values {
			v.Timestamp = 0
			b = handle.AppendValue(b, v)
		}
		h.Write(b)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Check returns fault.Invalid when a batch cannot be applied.
func (b Batch) Check() error {
	if len(b.Items) > MaxBatch {
		return fault.New(fault.Invalid, "the batch has %d items, at most %d are allowed; load them as a stream", len(b.Items), MaxBatch)
	}
	if len(b.Key) > handle.MaxName {
		return fault.New(fault.Invalid, "the key of the batch has %d bytes, at most %d are allowed", len(b.Key), handle.MaxName)
	}
	if strings.IndexByte(b.Key, 0) >= 0 {
		return fault.New(fault.Invalid, "the key %q of the batch holds a zero byte", b.Key)
	}
	return nil
}
