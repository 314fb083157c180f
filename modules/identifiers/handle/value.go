package handle

import (
	"encoding/binary"
	"slices"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/octets"
)

// Perm says who may read and write a value.
type Perm byte

// The bits of Perm (RFC 3651 §3.1).
const (
	PublicWrite Perm = 1 << iota
	PublicRead
	AdminWrite
	AdminRead
)

// Usual is what a value has unless it is said otherwise: all read it, those who
// administer the identifier write it.
const Usual = AdminRead | AdminWrite | PublicRead

// TTL says how long an answer may be kept.
type TTL struct {
	Absolute bool
	Seconds  uint32 // from the answer on; absolute: since 1970 in UTC
}

// Day is the usual TTL.
const Day = 24 * 60 * 60

// Reference names one value of a record; index 0 means all.
type Reference struct {
	Name  Name   `json:"handle"`
	Index uint32 `json:"index"`
}

// Value is one typed value of a record.
type Value struct {
	Index      uint32 // unique in its record, from 1 on
	Type       string // such as URL, HS_ADMIN, or an identifier of a type
	Data       []byte
	TTL        TTL
	Perm       Perm
	Timestamp  uint32 // seconds since 1970 in UTC: when it was last changed
	References []Reference
}

// Types with a meaning of their own (RFC 3651 §3.2).
const (
	TypeAdmin      = "HS_ADMIN"
	TypeSite       = "HS_SITE"
	TypeSite6      = "HS_SITE.6"
	TypeSitePrefix = "HS_SITE.PREFIX"
	TypeServ       = "HS_SERV"
	TypeServPrefix = "HS_SERV.PREFIX"
	TypeNamespace  = "HS_NAMESPACE"
	TypePublicKey  = "HS_PUBKEY"
	TypeSecretKey  = "HS_SECKEY" //nolint:gosec // the name of a type
	TypeVList      = "HS_VLIST"
	TypeAlias      = "HS_ALIAS"
	TypeCert       = "HS_CERT"
	TypeSignature  = "HS_SIGNATURE"
	TypeLocation   = "10320/loc"
	TypeURL        = "URL"
	TypeEmail      = "EMAIL"
	TypeDesc       = "DESC"
)

// fixed is what a value takes besides type, data and references.
const fixed = 4 + 4 + 1 + 4 + 1 + 4 + 4 + 4

// Size returns how many bytes AppendValue appends.
func (v Value) Size() int {
	n := fixed + len(v.Type) + len(v.Data)
	for _, r := range v.References {
		n += 4 + len(r.Name) + 4
	}
	return n
}

// AppendValue appends a value as it stands on the wire (RFC 3652 §2.2.3's order as
// servers have it: index, timestamp, TTL, permissions, type, data, references).
func AppendValue(dst []byte, v Value) []byte {
	be := binary.BigEndian
	dst = be.AppendUint32(dst, v.Index)
	dst = be.AppendUint32(dst, v.Timestamp)
	dst = append(dst, byte(octets.Bits(0).With(1, v.TTL.Absolute)))
	dst = be.AppendUint32(dst, v.TTL.Seconds)
	dst = append(dst, byte(v.Perm))
	dst = octets.AppendBytes(dst, v.Type)
	dst = octets.AppendBytes(dst, v.Data)
	return AppendReferences(dst, v.References)
}

// ParseValue reads a value and returns the bytes behind it. Data shares b's memory.
func ParseValue(b []byte) (Value, []byte, error) {
	r := octets.Reader{Rest: b}
	v := readValue(&r)
	return v, r.Rest, r.Err
}

// AppendValues appends a count and that many values.
func AppendValues(dst []byte, values []Value) []byte {
	dst = octets.AppendCount(dst, len(values))
	for _, v := range values {
		dst = AppendValue(dst, v)
	}
	return dst
}

// ReadValues reads a count and that many values, at most MaxValues.
func ReadValues(r *octets.Reader) []Value {
	n := r.Count("values", MaxValues, fixed)
	if n == 0 {
		return nil
	}
	out := make([]Value, 0, n)
	for range n {
		v := readValue(r)
		if r.Err != nil {
			return nil
		}
		out = append(out, v)
	}
	return out
}

func readValue(r *octets.Reader) Value {
	var v Value
	v.Index = r.Uint32("index of a value")
	v.Timestamp = r.Uint32("timestamp of a value")
	kind := r.Byte("kind of TTL")
	v.TTL = TTL{Absolute: kind == 1, Seconds: r.Uint32("TTL")}
	if kind > 1 {
		r.Fail("kind of TTL is %d, want 0 (seconds from now) or 1 (an instant)", kind)
	}
	v.Perm = Perm(r.Byte("permissions"))
	v.Type = string(r.Bytes("type of a value"))
	v.Data = r.Bytes("data of a value")
	v.References = ReadReferences(r)
	return v
}

// AppendReferences appends a count and that many references, as HS_VLIST has them.
func AppendReferences(dst []byte, refs []Reference) []byte {
	dst = octets.AppendCount(dst, len(refs))
	for _, ref := range refs {
		dst = octets.AppendBytes(dst, string(ref.Name))
		dst = binary.BigEndian.AppendUint32(dst, ref.Index)
	}
	return dst
}

// ReadReferences reads a count and that many references.
func ReadReferences(r *octets.Reader) []Reference {
	n := r.Count("references", MaxValues, 8)
	if n == 0 {
		return nil
	}
	out := make([]Reference, 0, n)
	for range n {
		out = append(out, Reference{Name: Name(r.Bytes("name of a reference")), Index: r.Uint32("index of a reference")})
	}
	if r.Err != nil {
		return nil
	}
	return out
}

// Query says which values of a record are asked for. Neither indexes nor types
// means all; a value that has one of either is meant (RFC 3652 §3.2.1).
type Query struct {
	Indexes []uint32
	Types   []string // one that ends in "." means all types that begin with it
}

// All reports whether the query asks for every value.
func (q Query) All() bool { return len(q.Indexes) == 0 && len(q.Types) == 0 }

// Asks reports whether a value is asked for.
func (q Query) Asks(v Value) bool {
	if q.All() {
		return true
	}
	return slices.Contains(q.Indexes, v.Index) || slices.ContainsFunc(q.Types, v.is)
}

// is reports whether a value has a type; "a." asks for "a" and all below it.
func (v Value) is(asked string) bool {
	family, below := strings.CutSuffix(asked, ".")
	if !below || EqualFold(family, v.Type) {
		return EqualFold(family, v.Type)
	}
	return len(v.Type) >= len(asked) && EqualFold(asked, v.Type[:len(asked)])
}

// Record is an identifier with its values, in ascending index.
type Record struct {
	Name   Name
	Values []Value
}

// Value returns the value of an index.
func (r Record) Value(index uint32) (Value, bool) {
	for _, v := range r.Values {
		if v.Index == index {
			return v, true
		}
	}
	return Value{}, false
}

// Check returns fault.Invalid when the values cannot make a record: indexes in
// ascending order from 1 on, none twice, at most MaxValues, each with a type.
func (r Record) Check() error {
	if len(r.Values) > MaxValues {
		return fault.New(fault.Invalid, "identifier %q has %d values, at most %d are allowed", r.Name, len(r.Values), MaxValues)
	}
	var before uint32
	for _, v := range r.Values {
		switch {
		case v.Index == 0:
			return fault.New(fault.Invalid, "identifier %q has a value of index 0; indexes begin with 1", r.Name)
		case v.Index == before:
			return fault.New(fault.Invalid, "identifier %q has two values of index %d", r.Name, v.Index)
		case v.Index < before:
			return fault.New(fault.Invalid, "identifier %q has index %d behind index %d; indexes ascend", r.Name, v.Index, before)
		case v.Type == "":
			return fault.New(fault.Invalid, "identifier %q: the value of index %d has no type, such as URL", r.Name, v.Index)
		case len(v.Data) > MaxData:
			return fault.New(fault.Invalid, "identifier %q: the value of index %d has %d bytes, at most %d are allowed", r.Name, v.Index, len(v.Data), MaxData)
		}
		before = v.Index
	}
	return nil
}
