// Package wire reads and writes the messages of the Handle protocol, versions 2.0 to
// 2.11, and of DO-IRP 3.0, with what the Chinese network adds to them.
//
// What must hold: Append and Parse are inverses for what they accept; hostile bytes
// are fault.Invalid and make nobody allocate more than they are long; what a message
// says never depends on who reads it. What is parsed shares the memory of what it was
// parsed from. The package knows no socket, no key and no clock.
//
// Source: RFC 3652, with Handle.Net 9.2 where the RFC is silent; DO-IRP 3.0 as
// Wireshark's packet-do-irp.c reads it; for operations 2000 and 2001 and the codes from
// 407 on 4iot-dev/ID-SDK 2.0.3 and teleinfo-dev/id-pointer-sdk 2.3.1.
//
// A message is an envelope of 20 bytes, a header of 24, a body and a credential:
//
//	 0 version: major, minor
//	 2 flags (3 bits), suggested major version (5 bits), suggested minor version
//	 4 session
//	 8 request
//	12 sequence: the place of a packet among those of its message
//	16 length of what follows the envelope, in all packets together
//	20 operation
//	24 code: 0 in a request
//	28 flags of the operation
//	32 serial of the site's data (2 bytes), recursion (1), reserved (1)
//	36 expiration, seconds since 1970 in UTC
//	40 length of the body
//	44 body, then the length of the credential in 4 bytes, then the credential
package wire

import (
	"encoding/binary"

	"yuzhou/kernel/fault"
)

// Sizes in bytes.
const (
	EnvelopeSize = 20
	HeaderSize   = 24
	MaxLength    = 262_144 // of a message behind its envelope
)

// The offsets of fields that a server changes in an answer it kept.
const (
	OffsetSession    = 4
	OffsetRequest    = 8
	OffsetSequence   = 12
	OffsetLength     = 16
	OffsetOp         = 20
	OffsetCode       = 24
	OffsetFlags      = 28
	OffsetSerial     = 32
	OffsetRecursion  = 34
	OffsetExpiration = 36
)

// Version is that of the protocol which a message is written in.
type Version struct{ Major, Minor byte }

// Newest returns the version that this package writes: what Handle.Net 9 speaks.
// DO-IRP 3.0 differs in its words alone; whoever writes to such a peer says 3.0.
func Newest() Version { return Version{2, 11} }

// Before reports whether a version is older than another. Clients of version 2.0 call
// it 5.0 by mistake, so that 5 is the oldest of all.
func (v Version) Before(o Version) bool {
	if v.Major != o.Major && (v.Major == 5 || o.Major == 5) {
		return v.Major == 5
	}
	if v.Major != o.Major {
		return v.Major < o.Major
	}
	return v.Minor < o.Minor
}

// Envelope is what delivers a message. No credential covers it.
type Envelope struct {
	Version    Version
	Suggested  Version // newest that the sender speaks; zero when it does not say
	Compressed bool    // no peer does it
	Encrypted  bool    // what follows the envelope is encrypted with the session's key
	Truncated  bool    // the message comes in several packets
	Session    uint32
	Request    uint32
	Sequence   uint32 // from 0
	Length     uint32 // of what follows the envelope, in all packets together
}

const (
	compressedBit = 0x80
	encryptedBit  = 0x40
	truncatedBit  = 0x20
	suggestedMask = 0x1f // RFC 3652 has zeros here, and peers below DO-IRP 3.0 read two bits alone
)

// Speaks returns the newest version that the sender understands.
func (e Envelope) Speaks() Version {
	if e.Suggested.Major == 0 {
		return e.Version
	}
	return e.Suggested
}

// Fragment reports whether a datagram of n bytes that begins with e is a part of a
// message: give it to a packet.Assembler. TC alone does not say so: not all peers set it.
func (e Envelope) Fragment(n int) bool {
	return e.Truncated || int64(e.Length) > int64(n-EnvelopeSize)
}

// ParseEnvelope reads the first 20 bytes of a message or of a packet.
//
// Errors: fault.Invalid when b is shorter, the version is not 2, 3 or 5, or the length
// exceeds MaxLength. Source: RFC 3652 §2.2.1.
func ParseEnvelope(b []byte) (Envelope, error) {
	if len(b) < EnvelopeSize {
		return Envelope{}, fault.New(fault.Invalid, "the message has %d bytes, its envelope alone takes %d", len(b), EnvelopeSize)
	}
	be := binary.BigEndian
	e := Envelope{
		Version:    Version{b[0], b[1]},
		Suggested:  Version{b[2] & suggestedMask, b[3]},
		Compressed: b[2]&compressedBit != 0,
		Encrypted:  b[2]&encryptedBit != 0,
		Truncated:  b[2]&truncatedBit != 0,
		Session:    be.Uint32(b[OffsetSession:]),
		Request:    be.Uint32(b[OffsetRequest:]),
		Sequence:   be.Uint32(b[OffsetSequence:]),
		Length:     be.Uint32(b[OffsetLength:]),
	}
	if m := e.Version.Major; m != 2 && m != 3 && m != 5 {
		return Envelope{}, fault.New(fault.Invalid, "the message is of version %d.%d; versions 2 and 3 are spoken", m, e.Version.Minor)
	}
	if e.Length > MaxLength {
		return Envelope{}, fault.New(fault.Invalid, "the message announces %d bytes, at most %d are allowed", e.Length, MaxLength)
	}
	return e, nil
}

// AppendEnvelope appends 20 bytes. Of the suggested major version five bits are written.
func AppendEnvelope(dst []byte, e Envelope) []byte {
	flags := e.Suggested.Major & suggestedMask
	if e.Compressed {
		flags |= compressedBit
	}
	if e.Encrypted {
		flags |= encryptedBit
	}
	if e.Truncated {
		flags |= truncatedBit
	}
	be := binary.BigEndian
	dst = append(dst, e.Version.Major, e.Version.Minor, flags, e.Suggested.Minor)
	dst = be.AppendUint32(dst, e.Session)
	dst = be.AppendUint32(dst, e.Request)
	dst = be.AppendUint32(dst, e.Sequence)
	return be.AppendUint32(dst, e.Length)
}

// Readdress makes an answer that was kept one to another request: it changes session
// and request and nothing else, so that a packet of a longer answer is done the same
// way. What is shorter than an envelope is left alone.
func Readdress(answer []byte, session, request uint32) {
	if len(answer) < EnvelopeSize {
		return
	}
	binary.BigEndian.PutUint32(answer[OffsetSession:], session)
	binary.BigEndian.PutUint32(answer[OffsetRequest:], request)
}
