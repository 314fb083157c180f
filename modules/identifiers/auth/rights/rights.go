// Package rights decides who may do what with a record: HS_ADMIN, the groups it leads to
// (HS_VLIST), and the permissions of each value.
//
// What must hold: nobody has a right that no HS_ADMIN gives, however groups name one
// another; groups are followed a bounded way; a value that may not be read is in no
// answer, however it was asked for. Whether an identity is proven is the caller's matter.
//
// Source: RFC 3651 §3.1, §3.2.1, §3.2.7. Handle.Net gives administrators values that
// nobody may read (neither PUBLIC_READ nor ADMIN_READ) when they ask for all; this does not.
package rights

import (
	"context"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
)

// Bounds of what is followed for one question.
const (
	maxDepth   = 8
	maxLookups = 64
	maxMembers = 10_000
)

// Lookup returns the value that a reference names: fault.NotFound when there is none.
type Lookup func(context.Context, handle.Reference) (handle.Value, error)

// Of returns the rights that an identity has by a record's HS_ADMIN values.
//
//   - who: the proven identity, an index with a name; the zero value is nobody.
//   - An HS_ADMIN with index 0 means all keys of its name.
//   - Errors: those of lookup except fault.NotFound and fault.Invalid, which mean a
//     group without members: a group that is gone gives nobody a right; fault.Busy when
//     the groups are more than are followed and the identity was not among them.
func Of(ctx context.Context, lookup Lookup, rec handle.Record, who handle.Reference) (typed.Rights, error) {
	var all typed.Rights
	if who.Name == "" || who.Index == 0 {
		return 0, nil
	}
	s := search{lookup: lookup, who: who, known: map[handle.Reference][]handle.Reference{}}
	for _, v := range rec.Values {
		if v.Type != handle.TypeAdmin {
			continue
		}
		a, err := typed.ParseAdmin(v.Data)
		if err != nil || all|a.Rights == all {
			continue // data that cannot be read gives no right
		}
		found, err := s.among(ctx, a.Reference)
		if err != nil {
			return 0, err
		}
		if found {
			all |= a.Rights
		}
	}
	return all & typed.Everything, nil
}

// search looks for an identity among groups. It goes by levels, so that each group is
// met first at its least depth and a cycle, or a long way round, cannot hide a short one.
type search struct {
	lookup Lookup
	who    handle.Reference
	known  map[handle.Reference][]handle.Reference // the members of what was looked up
}

// among reports whether a reference is the identity, or a group that has it.
func (s *search) among(ctx context.Context, start handle.Reference) (bool, error) {
	level := []handle.Reference{start}
	seen := map[handle.Reference]bool{}
	for depth := 0; len(level) > 0; depth++ {
		if s.names(level) {
			return true, nil
		}
		if depth == maxDepth {
			return false, nil
		}
		next, err := s.below(ctx, level, seen)
		if err != nil {
			return false, err
		}
		level = next
	}
	return false, nil
}

// below returns the members of the groups of a level that were not seen yet.
func (s *search) below(ctx context.Context, level []handle.Reference, seen map[handle.Reference]bool) ([]handle.Reference, error) {
	var next []handle.Reference
	for _, r := range level {
		r.Name = handle.Name(r.Name.Fold())
		if seen[r] || r.Index == 0 { // all keys of a name are no group
			continue
		}
		seen[r] = true
		members, err := s.members(ctx, r)
		if err != nil {
			return nil, err
		}
		if len(next)+len(members) > maxMembers {
			return nil, fault.New(fault.Busy, "the groups that HS_ADMIN leads to have more than %d members", maxMembers)
		}
		next = append(next, members...)
	}
	return next, nil
}

func (s *search) names(level []handle.Reference) bool {
	for _, r := range level {
		if r.Name.Equal(s.who.Name) && (r.Index == 0 || r.Index == s.who.Index) {
			return true
		}
	}
	return false
}

// members returns what a group lists, nothing when a reference leads to no group.
func (s *search) members(ctx context.Context, r handle.Reference) ([]handle.Reference, error) {
	if list, ok := s.known[r]; ok {
		return list, nil
	}
	if len(s.known) == maxLookups {
		return nil, fault.New(fault.Busy, "more than %d groups would have to be asked; name fewer in HS_ADMIN", maxLookups)
	}
	v, err := s.lookup(ctx, r)
	if kind := fault.KindOf(err); err != nil && kind != fault.NotFound && kind != fault.Invalid {
		return nil, err
	}
	var list []handle.Reference
	if err == nil && v.Type == handle.TypeVList {
		if list, err = typed.ParseVList(v.Data); err != nil {
			list = nil // a list that cannot be read has no members
		}
	}
	s.known[r] = list
	return list, nil
}

// Needed returns the right that a write needs for a value.
//
//   - op: OpAddValues, OpModifyValues, OpRemoveValues; for OpCreate and OpDelete,
//     which need a right for the whole record, v is not looked at.
//   - A modification needs the right for the value as it was and as it will be.
func Needed(op wire.Op, v handle.Value) typed.Rights {
	admin := v.Type == handle.TypeAdmin
	switch {
	case op == wire.OpCreate:
		return typed.AddName
	case op == wire.OpDelete:
		return typed.DeleteName
	case op == wire.OpAddValues && admin:
		return typed.AddAdmin
	case op == wire.OpAddValues:
		return typed.AddValue
	case op == wire.OpRemoveValues && admin:
		return typed.RemoveAdmin
	case op == wire.OpRemoveValues:
		return typed.RemoveValue
	case op == wire.OpModifyValues && admin:
		return typed.ModifyAdmin
	case op == wire.OpModifyValues:
		return typed.ModifyValue
	default:
		return typed.Everything
	}
}

// Readable reports whether who has some rights may read a value. A secret key (HS_SECKEY)
// that a careless registrant made public is not.
func Readable(v handle.Value, has typed.Rights) bool {
	if v.Perm&handle.PublicRead != 0 && v.Type != handle.TypeSecretKey {
		return true
	}
	return v.Perm&handle.AdminRead != 0 && has&typed.ReadValue != 0
}

// Writable reports whether who has some rights may do what op does to a value that
// exists. Everyone may write a value with PUBLIC_WRITE, unless it gives rights itself.
func Writable(op wire.Op, v handle.Value, has typed.Rights) bool {
	if v.Perm&handle.PublicWrite != 0 && v.Type != handle.TypeAdmin {
		return true
	}
	need := Needed(op, v)
	return v.Perm&handle.AdminWrite != 0 && has&need == need
}

// Visible returns the values of a record that who has some rights may read; it shares no
// slice with the record.
func Visible(rec handle.Record, has typed.Rights) []handle.Value {
	var out []handle.Value
	for _, v := range rec.Values {
		if Readable(v, has) {
			out = append(out, v)
		}
	}
	return out
}
