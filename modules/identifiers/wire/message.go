package wire

import (
	"encoding/binary"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/octets"
)

// NoSerial is the serial of a sender that does not know the site's.
const NoSerial = 0xffff

// Header is what all messages have, whatever they ask or answer. The credential, when
// there is one, covers it.
type Header struct {
	Op         Op
	Code       Code // Request in a request
	Flags      Flags
	Serial     uint16 // of the HS_SITE by which the request was sent here
	Recursion  byte   // how many servers have passed the request on
	Expiration uint32 // seconds since 1970 in UTC
}

// Message is a request or an answer.
type Message struct {
	Envelope // its Length is set by Append
	Header
	Body       []byte
	Credential []byte // as ParseCredential reads it; empty when there is none
}

// Size returns how many bytes Append appends. More than MaxLength behind the envelope
// is refused by whoever gets it.
func (m Message) Size() int {
	return EnvelopeSize + HeaderSize + len(m.Body) + 4 + len(m.Credential)
}

// Parse reads a whole message: from a stream, or from a datagram that is not a
// Fragment, or from an Assembler. It does not allocate.
//
//   - Errors: fault.Invalid when b is not exactly one message, or is encrypted or
//     compressed.
//   - Peers of version 2.0 leave out the credential with its length; that is read as
//     none. The reserved byte is not looked at. A fragment flag is kept as it is.
//   - Source: RFC 3652 §2.2.
func Parse(b []byte) (Message, error) {
	e, err := ParseEnvelope(b)
	if err != nil {
		return Message{}, err
	}
	be := binary.BigEndian
	switch rest := len(b) - EnvelopeSize; {
	case int64(e.Length) != int64(rest):
		return Message{}, fault.New(fault.Invalid, "the message announces %d bytes behind its envelope and has %d", e.Length, rest)
	case e.Encrypted:
		return Message{}, fault.New(fault.Invalid, "the message is encrypted; decrypt it with the key of session %d", e.Session)
	case e.Compressed:
		return Message{}, fault.New(fault.Invalid, "the message is compressed, which no version does; send it as it is")
	case rest < HeaderSize:
		return Message{}, fault.New(fault.Invalid, "the message has %d bytes behind its envelope, its header alone takes %d", rest, HeaderSize)
	}
	body := b[EnvelopeSize+HeaderSize:]
	n := be.Uint32(b[EnvelopeSize+20:])
	if uint64(n) > uint64(len(body)) {
		return Message{}, fault.New(fault.Invalid, "the message announces a body of %d bytes and has %d", n, len(body))
	}
	m := Message{Envelope: e, Header: readHeader(b), Body: body[:n:n]}
	m.Credential, err = credentialBehind(body[n:])
	return m, err
}

func readHeader(b []byte) Header {
	be := binary.BigEndian
	return Header{
		Op:         Op(be.Uint32(b[OffsetOp:])),
		Code:       Code(be.Uint32(b[OffsetCode:])),
		Flags:      Flags(be.Uint32(b[OffsetFlags:])),
		Serial:     be.Uint16(b[OffsetSerial:]),
		Recursion:  b[OffsetRecursion],
		Expiration: be.Uint32(b[OffsetExpiration:]),
	}
}

// credentialBehind returns the credential that fills tail behind its length.
func credentialBehind(tail []byte) ([]byte, error) {
	switch {
	case len(tail) == 0:
		return nil, nil
	case len(tail) < 4:
		return nil, fault.New(fault.Invalid, "the message ends %d bytes behind its body, within the length of its credential", len(tail))
	}
	n := binary.BigEndian.Uint32(tail)
	if tail = tail[4:]; uint64(n) != uint64(len(tail)) {
		return nil, fault.New(fault.Invalid, "the message announces a credential of %d bytes and has %d", n, len(tail))
	}
	return tail, nil
}

// Append appends a message. Its length is that of what it holds, whatever m.Length says.
func Append(dst []byte, m Message) []byte {
	m.Length = uint32(m.Size() - EnvelopeSize) //nolint:gosec // what holds four gigabytes is not in memory
	dst = AppendEnvelope(dst, m.Envelope)
	dst = AppendHeader(dst, m.Header, len(m.Body))
	dst = append(dst, m.Body...)
	return octets.AppendBytes(dst, m.Credential)
}

// AppendHeader appends 24 bytes: a header and, in it, how long the body is. With it a
// server writes a body in place; SetLength then mends the envelope.
func AppendHeader(dst []byte, h Header, body int) []byte {
	be := binary.BigEndian
	dst = be.AppendUint32(dst, uint32(h.Op))
	dst = be.AppendUint32(dst, uint32(h.Code))
	dst = be.AppendUint32(dst, uint32(h.Flags))
	dst = be.AppendUint16(dst, h.Serial)
	dst = append(dst, h.Recursion, 0)
	dst = be.AppendUint32(dst, h.Expiration)
	return octets.AppendCount(dst, body)
}

// Seal ends a message that was written in place: envelope, header, then a body of any
// length. It sets the two lengths, appends an empty credential and returns the message.
// What is shorter than envelope and header is returned as it is.
func Seal(message []byte) []byte {
	body := len(message) - EnvelopeSize - HeaderSize
	if body < 0 {
		return message
	}
	be := binary.BigEndian
	be.PutUint32(message[EnvelopeSize+20:], uint32(body))           //nolint:gosec // as in Append
	be.PutUint32(message[OffsetLength:], uint32(body)+HeaderSize+4) //nolint:gosec // as in Append
	return append(message, 0, 0, 0, 0)
}

// Digested returns the bytes of a message that a request digest and a challenge are
// about: header and body as they were sent, reserved bits and all. They share the memory
// of message, which is whole and not encrypted.
//
// Source: RFC 3652 §2.2.3 ("message digest"), §3.5.1.
func Digested(message []byte) ([]byte, error) {
	m, err := Parse(message)
	if err != nil {
		return nil, err
	}
	return message[EnvelopeSize : EnvelopeSize+HeaderSize+len(m.Body)], nil
}

// Reply returns the envelope and header of an answer to a request: same session and
// request, what of the flags goes for both, and the version that both speak.
//
//   - newest: the version of the server that answers.
//   - expires: seconds since 1970 in UTC; clients discard an answer that has expired.
//   - The body is empty. When the request asks for its digest (RequestDigest), the body
//     must begin with one, see access.AppendDigest.
//   - Authoritative is for the caller to set, when its site is a primary one, whether the
//     request asks for it or not; so does Handle.Net, which also sets Recursive in all
//     answers and KeepConnection in none. So is Serial, the serial of its site.
func Reply(request Message, code Code, newest Version, expires uint32) Message {
	const both = Certified | Encrypted | CacheCertified | PublicOnly | RequestDigest | DoNotRefer
	v := request.Speaks()
	if !v.Before(newest) {
		v = newest
	}
	return Message{
		Envelope: Envelope{Version: v, Suggested: newest, Session: request.Session, Request: request.Request},
		Header: Header{
			Op: request.Op, Code: code, Flags: request.Flags&both | Recursive,
			Serial: NoSerial, Recursion: request.Recursion, Expiration: expires,
		},
	}
}
