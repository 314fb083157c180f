// Package octets reads and writes the fields that messages and typed values of the
// Handle System are made of: big-endian numbers, and bytes behind their length.
//
// What must hold: no input makes a Reader give more than it holds, or its caller
// allocate more than that.
package octets

import (
	"encoding/binary"

	"yuzhou/kernel/fault"
)

// Reader reads big-endian fields from Rest. The first thing that is wrong stays in
// Err; what is read from then on is zero, so that a caller looks once, at the end.
type Reader struct {
	Rest []byte
	Err  error // fault.Invalid
}

// Fail keeps a sentence of what is wrong, unless something was wrong before.
func (r *Reader) Fail(format string, args ...any) {
	if r.Err == nil {
		r.Err = fault.New(fault.Invalid, format, args...)
	}
	r.Rest = nil
}

// Take reads n bytes, which share the memory of what is read from.
func (r *Reader) Take(what string, n int) []byte {
	if r.Err != nil || n < 0 || n > len(r.Rest) {
		r.Fail("%s takes %d bytes, %d are left", what, n, len(r.Rest))
		return nil
	}
	b := r.Rest[:n:n]
	r.Rest = r.Rest[n:]
	return b
}

// Byte reads one byte.
func (r *Reader) Byte(what string) byte {
	if b := r.Take(what, 1); b != nil {
		return b[0]
	}
	return 0
}

// Uint16 reads two bytes.
func (r *Reader) Uint16(what string) uint16 {
	if b := r.Take(what, 2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// Uint32 reads four bytes.
func (r *Reader) Uint32(what string) uint32 {
	if b := r.Take(what, 4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// Bytes reads a length of four bytes and as many bytes.
func (r *Reader) Bytes(what string) []byte {
	n := r.Uint32(what)
	if uint64(n) > uint64(len(r.Rest)) {
		r.Fail("%s takes %d bytes, %d are left", what, n, len(r.Rest))
		return nil
	}
	return r.Take(what, int(n))
}

// Count reads a count of things that take at least size bytes each, so that a
// forged count never makes a caller allocate more than its message is long.
func (r *Reader) Count(what string, most, size int) int {
	n := r.Uint32(what)
	if room := len(r.Rest) / max(size, 1); int64(n) > int64(min(most, room)) {
		r.Fail("%d %s are announced, there is room for %d", n, what, min(most, room))
		return 0
	}
	return int(n)
}

// End fails when something is left.
func (r *Reader) End(what string) {
	if r.Err == nil && len(r.Rest) > 0 {
		r.Fail("%d bytes are left behind %s", len(r.Rest), what)
	}
}

// AppendBytes appends the length of s in four bytes and s.
func AppendBytes[T string | []byte](dst []byte, s T) []byte {
	dst = AppendCount(dst, len(s))
	return append(dst, s...)
}

// AppendCount appends a length or a count in four bytes. What has one is bounded far
// below four gigabytes.
func AppendCount(dst []byte, n int) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(n)) //nolint:gosec // see above
}

// Bits are flags of one byte.
type Bits byte

// With returns the flags with one set when on.
func (b Bits) With(bit Bits, on bool) Bits { //nolint:revive // a flag is what it is about
	if on {
		return b | bit
	}
	return b
}
