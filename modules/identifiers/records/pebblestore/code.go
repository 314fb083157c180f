package pebblestore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
)

// form is the first byte of an encoded version; another layout takes another number.
const form = 1

// Flags of a version and of a value.
const (
	deleted  = 1 << iota // version
	cased                // version: the name differs from its folded form and follows
	absolute = 1         // value: the TTL is an instant
	holed    = 2         // value: the data has the suffix of its own name in it, left out
	referred = 4         // value: references follow
)

// types have one byte; a type that is not here follows byte 0. Entries are only added.
var types = []string{ //nolint:gochecknoglobals // a table
	"", handle.TypeAdmin, handle.TypeSite, handle.TypeSite6, handle.TypeSitePrefix, handle.TypeServ, handle.TypeServPrefix, handle.TypeNamespace,
	handle.TypePublicKey, handle.TypeSecretKey, handle.TypeVList, handle.TypeAlias, handle.TypeCert, handle.TypeSignature, handle.TypeLocation,
	handle.TypeURL, handle.TypeEmail, handle.TypeDesc,
}

var errForm = errors.New("a stored version is damaged")

// encode writes a version without its folded name, which is in its key.
func encode(v records.Version) []byte {
	name := string(v.Record.Name)
	flags := byte(0)
	if v.Deleted {
		flags |= deleted
	}
	if name != handle.Fold(name) {
		flags |= cased
	}
	dst := []byte{form, flags}
	dst = binary.AppendUvarint(dst, v.Seq)
	dst = binary.AppendVarint(dst, v.At.UnixMicro())
	if flags&cased != 0 {
		dst = appendBytes(dst, name)
	}
	dst = binary.AppendUvarint(dst, uint64(len(v.Record.Values)))
	index := uint32(0)
	for _, value := range v.Record.Values {
		dst = binary.AppendUvarint(dst, uint64(value.Index-index))
		index = value.Index
		dst = appendValue(dst, value, v)
	}
	return dst
}

func appendValue(dst []byte, v handle.Value, of records.Version) []byte {
	suffix := []byte(of.Record.Name.Suffix())
	hole := -1
	if len(suffix) > 2 {
		hole = bytes.Index(v.Data, suffix)
	}
	flags := byte(v.Perm) << 4
	if v.TTL.Absolute {
		flags |= absolute
	}
	if hole >= 0 {
		flags |= holed
	}
	if len(v.References) > 0 {
		flags |= referred
	}
	dst = append(dst, flags, byte(v.Perm)>>4)
	dst = appendType(dst, v.Type)
	dst = binary.AppendUvarint(dst, uint64(v.TTL.Seconds))
	dst = binary.AppendVarint(dst, int64(v.Timestamp)-of.At.Unix())
	if hole >= 0 {
		dst = appendBytes(dst, v.Data[:hole])
		dst = appendBytes(dst, v.Data[hole+len(suffix):])
	} else {
		dst = appendBytes(dst, v.Data)
	}
	if len(v.References) > 0 {
		dst = binary.AppendUvarint(dst, uint64(len(v.References)))
	}
	for _, r := range v.References {
		dst = appendBytes(dst, string(r.Name))
		dst = binary.AppendUvarint(dst, uint64(r.Index))
	}
	return dst
}

func appendType(dst []byte, name string) []byte {
	for i, known := range types {
		if i > 0 && known == name {
			return append(dst, byte(i))
		}
	}
	return appendBytes(append(dst, 0), name)
}

func appendBytes[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// reader reads what append wrote; the first thing that is wrong stays in err.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) uvarint() uint64 {
	n, k := binary.Uvarint(r.rest)
	if k <= 0 {
		r.rest, r.err = nil, errForm
		return 0
	}
	r.rest = r.rest[k:]
	return n
}

func (r *reader) varint() int64 {
	n, k := binary.Varint(r.rest)
	if k <= 0 {
		r.rest, r.err = nil, errForm
		return 0
	}
	r.rest = r.rest[k:]
	return n
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.err = errForm
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

// bytes reads a length and as many bytes, which share the memory of what is read.
func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.rest, r.err = nil, errForm
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// readVersion reads a version of a folded name. It keeps nothing of b.
func readVersion(folded string, b []byte) (records.Version, error) {
	r := reader{rest: bytes.Clone(b)}
	if r.byte() != form {
		return records.Version{}, errForm
	}
	flags := r.byte()
	v := records.Version{Seq: r.uvarint(), At: time.UnixMicro(r.varint()).UTC(), Deleted: flags&deleted != 0}
	v.Record.Name = handle.Name(folded)
	if flags&cased != 0 {
		v.Record.Name = handle.Name(r.bytes())
	}
	n := r.uvarint()
	if n > handle.MaxValues {
		return records.Version{}, errForm
	}
	if n > 0 {
		v.Record.Values = make([]handle.Value, 0, n)
	}
	index := uint32(0)
	for range n {
		index += uint32(r.uvarint()) //nolint:gosec // it was one when it was written
		value := readValue(&r, v)
		value.Index = index
		v.Record.Values = append(v.Record.Values, value)
	}
	if r.err != nil {
		return records.Version{}, r.err
	}
	return v, nil
}

func readValue(r *reader, of records.Version) handle.Value {
	flags, high := r.byte(), r.byte()
	v := handle.Value{Perm: handle.Perm(flags>>4 | high<<4)}
	if t := r.byte(); t == 0 {
		v.Type = string(r.bytes())
	} else if int(t) < len(types) {
		v.Type = types[t]
	} else {
		r.err = errForm
	}
	v.TTL = handle.TTL{Absolute: flags&absolute != 0, Seconds: uint32(r.uvarint())} //nolint:gosec // it was one when it was written
	v.Timestamp = uint32(r.varint() + of.At.Unix())                                 //nolint:gosec // it was one when it was written
	v.Data = r.bytes()
	if flags&holed != 0 {
		v.Data = append(append(v.Data, of.Record.Name.Suffix()...), r.bytes()...)
	}
	if flags&referred == 0 {
		return v
	}
	n := r.uvarint()
	for range min(n, uint64(len(r.rest))) {
		v.References = append(v.References, handle.Reference{Name: handle.Name(r.bytes()), Index: uint32(r.uvarint())}) //nolint:gosec // it was one when it was written
	}
	return v
}
