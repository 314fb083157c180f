// Package packet parts messages of the Handle protocol into datagrams and puts them
// together again.
//
// What must hold: what is put together is what was parted, whatever order the datagrams
// come in and whatever others come between; no sender, forged or not, makes an Assembler
// keep more than its limits. The package knows no socket and no clock.
//
// Source: RFC 3652 §2.3; the size of a part as all peers have it.
package packet

import (
	"encoding/binary"

	"yuzhou/modules/identifiers/wire"
)

// Size is how long a datagram is at most, in bytes, envelope and all.
const Size = 512

// payload is what a packet carries of its message. All peers place a packet by its
// sequence times this, so that only the last may carry less.
const payload = Size - wire.EnvelopeSize

// truncated is the TC bit in the third byte of an envelope.
const truncated = 0x20

// MaxCount is how many packets the longest message takes.
const MaxCount = (wire.MaxLength + payload - 1) / payload

// Count returns how many datagrams a message of n bytes takes, envelope and all.
func Count(n int) int { return max(1, (n-wire.EnvelopeSize+payload-1)/payload) }

// Append appends datagram i, from 0, of a whole message, at most Size bytes.
// A message that one datagram holds stands in it as it is; else each has the message's
// envelope with TC set and its own sequence. An i beyond Count appends nothing.
// Source: RFC 3652 §2.3.
func Append(dst, message []byte, i int) []byte {
	n := Count(len(message))
	switch {
	case i < 0 || i >= n || len(message) < wire.EnvelopeSize:
		return dst
	case n == 1:
		return append(dst, message...)
	}
	at := len(dst)
	dst = append(dst, message[:wire.EnvelopeSize]...)
	dst[at+2] |= truncated
	binary.BigEndian.PutUint32(dst[at+wire.OffsetSequence:], uint32(i)) //nolint:gosec // below Count
	from := wire.EnvelopeSize + i*payload
	return append(dst, message[from:min(from+payload, len(message))]...)
}

// Split returns the datagrams of a whole message.
func Split(message []byte) [][]byte {
	out := make([][]byte, 0, Count(len(message)))
	for i := range cap(out) {
		out = append(out, Append(nil, message, i))
	}
	return out
}
