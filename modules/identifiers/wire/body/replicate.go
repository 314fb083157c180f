package body

import (
	"encoding/binary"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
	"yuzhou/modules/identifiers/wire"
)

// Share says which part of a site's identifiers a mirror's server holds: those whose
// hash (see typed.HashOption) modulo Servers is Server.
type Share struct {
	Hash    byte
	Servers uint32
	Server  uint32 // from 0
}

func readShare(r *octets.Reader) Share {
	s := Share{Hash: r.Byte("hash option"), Servers: r.Uint32("number of servers"), Server: r.Uint32("number of the server")}
	if r.Err == nil && (s.Hash > 2 || s.Servers == 0 || s.Server >= s.Servers) {
		r.Fail("server %d of %d by hash option %d is none; servers count from 0, hash options are 0, 1 and 2", s.Server, s.Servers, s.Hash)
	}
	return s
}

func appendShare(dst []byte, s Share) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, s.Hash), s.Servers)
	return binary.BigEndian.AppendUint32(dst, s.Server)
}

// Transactions is the body of OpTransactions, by which a mirror asks for what has changed:
//
//	from 2.9 on: 0, or 1 for all sources (1 byte)
//	one source: last transaction (8 bytes), when it asked last (8, milliseconds since 1970)
//	all sources: their states, a JSON text behind its length
//	then the share: hash option (1), number of servers (4), server (4)
//
// A body of all sources has a State. The answer's body is one byte (bit 0: keep the
// connection); what follows it on the connection is a signed stream of records, which is
// no message. Source: Handle.Net.
type Transactions struct {
	State []byte // JSON: for each source its last transaction and when it was asked
	Last  int64
	Asked int64
	Share Share
}

// ParseTransactions reads the body of OpTransactions in a version.
func ParseTransactions(body []byte, v wire.Version) (Transactions, error) {
	r := octets.Reader{Rest: body}
	var q Transactions
	kind := byte(0)
	if !v.Before(wire.Version{Major: 2, Minor: 9}) {
		kind = r.Byte("kind of the request")
	}
	switch kind {
	case 0:
		q.Last, q.Asked = readInt64(&r, "last transaction"), readInt64(&r, "time of the last request")
	case 1:
		q.State = r.Bytes("states of the sources")
	default:
		r.Fail("the kind of the request is %d, want 0 (one source) or 1 (all)", kind)
	}
	q.Share = readShare(&r)
	r.End("the request")
	if r.Err != nil {
		return Transactions{}, r.Err
	}
	return q, nil
}

// AppendTransactions appends the body of OpTransactions in a version. Below 2.9 the
// states of sources cannot be written and are left out.
func AppendTransactions(dst []byte, q Transactions, v wire.Version) []byte {
	be := binary.BigEndian
	if !v.Before(wire.Version{Major: 2, Minor: 9}) {
		if q.State != nil {
			return appendShare(octets.AppendBytes(append(dst, 1), q.State), q.Share)
		}
		dst = append(dst, 0)
	}
	dst = be.AppendUint64(dst, uint64(q.Last))  //nolint:gosec // the bits are the same
	dst = be.AppendUint64(dst, uint64(q.Asked)) //nolint:gosec // the bits are the same
	return appendShare(dst, q.Share)
}

// Dump is the body of OpDump, by which a mirror asks for all identifiers:
//
//	share: hash option (1), number of servers (4), server (4),
//	and when the body goes on: where to begin, behind its length, and its kind (4 bytes)
//
// The kind says whether Begin is an identifier or a prefix that is homed. The answer's
// body is empty; what follows it on the connection is a signed stream of records, which
// is no message. Source: Handle.Net.
type Dump struct {
	Share Share
	Begin []byte
	Kind  uint32
}

// ParseDump reads the body of OpDump.
func ParseDump(body []byte) (Dump, error) {
	r := octets.Reader{Rest: body}
	q := Dump{Share: readShare(&r)}
	if r.Err == nil && len(r.Rest) > 0 {
		q.Begin, q.Kind = readName(&r), r.Uint32("kind of the beginning")
	}
	r.End("the request")
	if r.Err != nil {
		return Dump{}, r.Err
	}
	return q, nil
}

// AppendDump appends the body of OpDump; a nil Begin is left out with its kind.
func AppendDump(dst []byte, q Dump) []byte {
	dst = appendShare(dst, q.Share)
	if q.Begin == nil {
		return dst
	}
	return binary.BigEndian.AppendUint32(octets.AppendBytes(dst, q.Begin), q.Kind)
}

// ParseTransaction reads the body of the answer to OpNextTransaction: the number of the
// next transaction in 8 bytes.
func ParseTransaction(body []byte) (int64, error) {
	if len(body) != 8 {
		return 0, fault.New(fault.Invalid, "the number of a transaction has %d bytes, want 8", len(body))
	}
	return int64(binary.BigEndian.Uint64(body)), nil //nolint:gosec // the bits are the same
}

// AppendTransaction appends the body of the answer to OpNextTransaction.
func AppendTransaction(dst []byte, next int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(next)) //nolint:gosec // the bits are the same
}

func readInt64(r *octets.Reader, what string) int64 {
	b := r.Take(what, 8)
	if b == nil {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b)) //nolint:gosec // the bits are the same
}

// NoName is the name in requests whose name means nothing.
const NoName handle.Name = "/"
