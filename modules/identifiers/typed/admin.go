// Package typed reads and writes the typed values that steer resolution and say who
// may do what: HS_ADMIN, HS_VLIST, HS_SITE.
//
// What must hold: Append and Parse are inverses for what they accept; hostile bytes
// are fault.Invalid. It knows no network.
//
// Source: RFC 3651 §3.2.
package typed

import (
	"encoding/binary"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
)

// Rights are what an administrator of an identifier may do with it.
type Rights uint16

// The bits of Rights (RFC 3651 §3.2.1, in the order that servers have them).
const (
	AddName Rights = 1 << iota // create identifiers below the prefix
	DeleteName
	AddPrefix // create prefixes below the prefix
	DeletePrefix
	ModifyValue
	RemoveValue
	AddValue
	ReadValue // values that are not public
	ModifyAdmin
	RemoveAdmin
	AddAdmin
	ListNames
)

// Everything is all rights.
const Everything = ListNames<<1 - 1

// Admin is the data of HS_ADMIN: who has which rights. The reference leads to a key
// (HS_PUBKEY, HS_SECKEY) or to a list of such references (HS_VLIST).
type Admin struct {
	Rights    Rights
	Reference handle.Reference
}

// AppendAdmin appends the data of HS_ADMIN.
func AppendAdmin(dst []byte, a Admin) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(a.Rights))
	dst = octets.AppendBytes(dst, string(a.Reference.Name))
	return binary.BigEndian.AppendUint32(dst, a.Reference.Index)
}

// ParseAdmin reads the data of HS_ADMIN. Old servers write the index in two bytes
// or add two that mean nothing; both are read.
func ParseAdmin(b []byte) (Admin, error) {
	r := octets.Reader{Rest: b}
	a := Admin{Rights: Rights(r.Uint16("rights of HS_ADMIN"))}
	a.Reference.Name = handle.Name(r.Bytes("name in HS_ADMIN"))
	if len(r.Rest) == 2 {
		a.Reference.Index = uint32(r.Uint16("index in HS_ADMIN"))
		return a, r.Err
	}
	a.Reference.Index = r.Uint32("index in HS_ADMIN")
	if len(r.Rest) == 2 {
		r.Rest = nil
	}
	r.End("HS_ADMIN")
	return a, r.Err
}

// ParseVList reads the data of HS_VLIST.
func ParseVList(b []byte) ([]handle.Reference, error) {
	r := octets.Reader{Rest: b}
	refs := handle.ReadReferences(&r)
	r.End("HS_VLIST")
	return refs, r.Err
}
