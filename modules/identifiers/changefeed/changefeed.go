// Package changefeed carries the changes of a store of identifiers to others that follow it:
// mirrors, which have all of them, and servers of a hash site, which have their share.
//
// What must hold: the records on disk are the truth, and what travels is read from them,
// in the order of their numbers; a change that comes twice is taken once; one that is
// missing is noticed by its number and fetched; who follows another history than it
// began with stops and says so; records of prefixes are in every share, for by them a
// server knows what it may answer.
package changefeed

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/typed"
)

// ID tells one history of changes from all others.
type ID [16]byte

// String returns it in 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Share is the part of the records that a server of a site has: those whose hash is its
// own. The zero value is all of them.
type Share struct {
	Hash    typed.HashOption
	Servers uint32 // 0 and 1: all records are of the share
	Server  uint32 // from 0
}

// Holds reports whether a name is of the share; names of prefixes are of each.
func (s Share) Holds(n handle.Name) bool {
	if s.Servers < 2 {
		return true
	}
	if _, prefix := n.DescribedPrefix(); prefix {
		return true
	}
	site := typed.Site{Hash: s.Hash, Servers: make([]typed.Server, s.Servers)}
	return site.Slot(n) == int(s.Server)
}

// Kind is what a follower asks for.
type Kind byte

// The kinds of requests.
const (
	Head    Kind = iota // how far the history is
	Changes             // from a number on
	Dump                // the records as they are, behind a name
)

// Request is what a follower asks the origin.
type Request struct {
	Kind  Kind
	Share Share
	From  uint64      // of Changes: the first that is missing
	At    time.Time   // of Changes: of the change before it, as the follower has it; zero: not known
	After handle.Name // of Dump
}

// State says how an answer is meant.
type State byte

// The states of answers.
const (
	Good      State = iota
	Forgotten       // the changes asked for are no longer in the log: a dump is needed
	Other           // the change before is not the one that the follower has: another history
)

// Batch is changes, or records of a dump, on their way.
type Batch struct {
	Origin ID
	State  State
	// The changes from From to To are in it, as far as they are of the share that was
	// asked for. Of a dump: the records as they were at To or later.
	From, To uint64
	ToAt     time.Time // of the change To; zero when it is not known
	Head     uint64    // the newest change of the origin
	After    handle.Name
	More     bool // there is more of it
	Versions []records.Version
}

const codeVersion = 1 // first byte of requests and batches

// maxName bounds names that are read; longer ones are none.
const maxName = handle.MaxName

// AppendRequest appends a request:
//
//	version 1, kind 1, hash 1, servers 4, server 4, from 8, at 8 (µs since 1970, 0: unknown), after (length 4)
func AppendRequest(dst []byte, q Request) []byte {
	be := binary.BigEndian
	dst = append(dst, codeVersion, byte(q.Kind), byte(q.Share.Hash))
	dst = be.AppendUint32(be.AppendUint32(dst, q.Share.Servers), q.Share.Server)
	dst = appendTime(be.AppendUint64(dst, q.From), q.At)
	return octets.AppendBytes(dst, string(q.After))
}

// ParseRequest reads a request.
func ParseRequest(b []byte) (Request, error) {
	r := octets.Reader{Rest: b}
	version(&r)
	q := Request{Kind: Kind(r.Byte("kind of a request"))}
	q.Share = Share{typed.HashOption(r.Byte("hash option")), r.Uint32("servers"), r.Uint32("server")}
	q.From, q.At, q.After = readUint64(&r, "number of a change"), readTime(&r), readName(&r)
	r.End("a request of a follower")
	if r.Err == nil && (q.Kind > Dump || q.Share.Hash > typed.HashName || q.Share.Servers > 1 && q.Share.Server >= q.Share.Servers) {
		r.Fail("kind %d or server %d of %d by hash option %d is none", q.Kind, q.Share.Server, q.Share.Servers, q.Share.Hash)
	}
	if r.Err != nil {
		return Request{}, r.Err
	}
	return q, nil
}

// AppendBatch appends a batch:
//
//	version 1, origin 16, state 1, from 8, to 8, its instant 8, head 8, after (length 4), more 1,
//	count 4, and for each version: number 8, instant 8, deleted 1, name (length 4), values
//
// Instants are microseconds since 1970; values are coded as in the protocol.
func AppendBatch(dst []byte, b Batch) []byte {
	be := binary.BigEndian
	dst = append(append(append(dst, codeVersion), b.Origin[:]...), byte(b.State))
	dst = be.AppendUint64(be.AppendUint64(dst, b.From), b.To)
	dst = be.AppendUint64(appendTime(dst, b.ToAt), b.Head)
	dst = append(octets.AppendBytes(dst, string(b.After)), byte(octets.Bits(0).With(1, b.More)))
	dst = octets.AppendCount(dst, len(b.Versions))
	for _, v := range b.Versions {
		dst = append(appendTime(be.AppendUint64(dst, v.Seq), v.At), byte(octets.Bits(0).With(1, v.Deleted)))
		dst = handle.AppendValues(octets.AppendBytes(dst, string(v.Record.Name)), v.Record.Values)
	}
	return dst
}

// ParseBatch reads a batch, whose values share its memory.
func ParseBatch(b []byte) (Batch, error) {
	r := octets.Reader{Rest: b}
	version(&r)
	var out Batch
	copy(out.Origin[:], r.Take("origin", len(out.Origin)))
	out.State = State(r.Byte("state of a batch"))
	out.From, out.To = readUint64(&r, "number of a change"), readUint64(&r, "number of a change")
	out.ToAt, out.Head = readTime(&r), readUint64(&r, "number of the newest change")
	out.After = readName(&r)
	out.More = readBool(&r)
	const least = 8 + 8 + 1 + 4 + 4 // of a version
	n := r.Count("versions", len(r.Rest), least)
	for range n {
		v := records.Version{Seq: readUint64(&r, "number of a change"), At: readTime(&r), Deleted: readBool(&r)}
		v.Record = handle.Record{Name: readName(&r), Values: handle.ReadValues(&r)}
		if r.Err != nil {
			break
		}
		out.Versions = append(out.Versions, v)
	}
	r.End("a batch of changes")
	if out.State > Other {
		r.Fail("state %d of a batch is none", out.State)
	}
	if r.Err != nil {
		return Batch{}, r.Err
	}
	return out, nil
}

func version(r *octets.Reader) {
	if v := r.Byte("version of the feed"); r.Err == nil && v != codeVersion {
		r.Fail("the feed is of version %d, want %d", v, codeVersion)
	}
}

func readUint64(r *octets.Reader, what string) uint64 {
	if b := r.Take(what, 8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func readBool(r *octets.Reader) bool {
	b := r.Byte("yes or no")
	if b > 1 {
		r.Fail("%d is neither yes (1) nor no (0)", b)
	}
	return b == 1
}

func readName(r *octets.Reader) handle.Name {
	b := r.Bytes("a name")
	if len(b) > maxName {
		r.Fail("a name has %d bytes, at most %d are allowed", len(b), maxName)
	}
	return handle.Name(b)
}

func appendTime(dst []byte, t time.Time) []byte {
	var micros int64
	if !t.IsZero() {
		micros = t.UnixMicro()
	}
	return binary.BigEndian.AppendUint64(dst, uint64(micros))
}

func readTime(r *octets.Reader) time.Time {
	micros := int64(readUint64(r, "an instant")) //nolint:gosec // the bits are the same
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// Log is where the origin appends its changes, in order.
type Log interface {
	// Last returns the newest message; nil when there is none.
	Last(ctx context.Context) ([]byte, error)
	// Append adds a message; it is kept when it returns.
	Append(ctx context.Context, message []byte) error
	// Clear forgets all messages.
	Clear(ctx context.Context) error
	// Answer lets requests of followers be answered until ctx ends.
	Answer(ctx context.Context, answer func(request []byte) []byte) error
}

// Line is how a follower is connected to its origin.
type Line interface {
	// Ask sends a request to the origin; fault.Busy when it does not answer.
	Ask(ctx context.Context, request []byte) ([]byte, error)
	// Follow gives the messages behind a place in the log, and from then on as they
	// come, until ctx ends, use fails, or the line is cut. A place that is not in the
	// log stands for its beginning.
	Follow(ctx context.Context, place uint64, use func(message []byte, place uint64) error) error
}

// Bus is a way for the feed; Close ends it.
type Bus interface {
	Log
	Line
	Close()
}

// Options say where the feed is.
type Options struct {
	// Name tells the feeds of a cluster apart: the prefix of the node.
	Name string
	// Listen is the address of a server inside this program, "" for none: then URL is
	// where to find one.
	Listen string
	Token  string // that followers of the server inside must know
	Dir    string // of the server inside
	URL    string // nats://HOST:PORT, with a token before an @
	// Origin: this side appends; otherwise it follows.
	Origin bool
	Bytes  int64 // that is kept of changes at most; 0: 1 GiB
}

var errFull = fault.New(fault.Busy, "the batch is full") // ends a reading, and is seen by nobody
