package rights_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth/rights"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
)

func ref(name handle.Name, index uint32) handle.Reference {
	return handle.Reference{Name: name, Index: index}
}

// groups are lists by the reference that leads to them.
type groups map[handle.Reference][]handle.Reference

func (g groups) lookup(_ context.Context, r handle.Reference) (handle.Value, error) {
	for at, members := range g {
		if at.Name.Equal(r.Name) && at.Index == r.Index {
			return handle.Value{Index: r.Index, Type: handle.TypeVList, Data: handle.AppendReferences(nil, members)}, nil
		}
	}
	return handle.Value{}, fault.New(fault.NotFound, "no %s:%d", r.Name, r.Index)
}

func record(admins ...typed.Admin) handle.Record {
	rec := handle.Record{Name: "88.1/x", Values: []handle.Value{{Index: 1, Type: "URL"}}}
	for i, a := range admins {
		rec.Values = append(rec.Values, handle.Value{Index: uint32(100 + i), Type: handle.TypeAdmin, Data: typed.AppendAdmin(nil, a)})
	}
	return rec
}

// chain is n groups, each with the next as its member, and who in the last.
func chain(n int, who handle.Reference) groups {
	g := groups{}
	for i := range n {
		g[ref("88.1/group", uint32(i+1))] = []handle.Reference{ref("88.1/group", uint32(i+2))}
	}
	g[ref("88.1/group", uint32(n))] = []handle.Reference{who}
	return g
}

func TestOf(t *testing.T) {
	ann, bob := ref("88.1/ann", 300), ref("88.1/bob", 300)
	group := ref("88.1/group", 1)
	wide := groups{}
	for i := range uint32(100) {
		wide[group] = append(wide[group], ref("88.1/group", i+2))
	}
	for _, tt := range []struct {
		name   string
		admins []typed.Admin
		groups groups
		who    handle.Reference
		want   typed.Rights
		kind   fault.Kind
	}{
		{name: "nobody", admins: []typed.Admin{{Rights: typed.Everything, Reference: ann}}},
		{name: "nobody, though HS_ADMIN names nobody", admins: []typed.Admin{{Rights: typed.Everything}}},
		{name: "no administrators", who: ann},
		{name: "named", admins: []typed.Admin{{Rights: typed.AddValue, Reference: ann}}, who: ann, want: typed.AddValue},
		{name: "named in another case", admins: []typed.Admin{{Rights: typed.AddValue, Reference: ann}}, who: ref("88.1/ANN", 300), want: typed.AddValue},
		{name: "another", admins: []typed.Admin{{Rights: typed.AddValue, Reference: ann}}, who: bob},
		{name: "another key of the same name", admins: []typed.Admin{{Rights: typed.AddValue, Reference: ann}}, who: ref("88.1/ann", 301)},
		{name: "all keys of a name", admins: []typed.Admin{{Rights: typed.AddValue, Reference: ref("88.1/ann", 0)}}, who: ann, want: typed.AddValue},
		{name: "index 0 is no identity", admins: []typed.Admin{{Rights: typed.AddValue, Reference: ref("88.1/ann", 0)}}, who: ref("88.1/ann", 0)},
		{name: "rights of two together", admins: []typed.Admin{{Rights: typed.AddValue, Reference: ann}, {Rights: typed.ReadValue, Reference: ref("88.1/ann", 0)}}, who: ann, want: typed.AddValue | typed.ReadValue},
		{name: "bits that are no right", admins: []typed.Admin{{Rights: 0xf000, Reference: ann}}, who: ann},
		{name: "in a group", admins: []typed.Admin{{Rights: typed.AddValue, Reference: group}}, groups: groups{group: {bob, ann}}, who: ann, want: typed.AddValue},
		{name: "in a group of a group", admins: []typed.Admin{{Rights: typed.AddValue, Reference: group}}, groups: chain(2, ann), who: ann, want: typed.AddValue},
		{name: "groups that name one another", admins: []typed.Admin{{Rights: typed.AddValue, Reference: group}}, groups: groups{group: {group}}, who: ann},
		{name: "a cycle beside the identity", admins: []typed.Admin{{Rights: typed.AddValue, Reference: group}}, groups: groups{group: {group, ref("88.1/GROUP", 2)}, ref("88.1/group", 2): {group, ann}}, who: ann, want: typed.AddValue},
		{name: "eight deep", admins: []typed.Admin{{Rights: typed.AddValue, Reference: group}}, groups: chain(8, ann), who: ann, want: typed.AddValue},
		{name: "nine deep", admins: []typed.Admin{{Rights: typed.AddValue, Reference: group}}, groups: chain(9, ann), who: ann},
		{name: "too many groups", admins: []typed.Admin{{Rights: typed.AddValue, Reference: group}}, groups: wide, who: ann, kind: fault.Busy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := rights.Of(t.Context(), tt.groups.lookup, record(tt.admins...), tt.who)
			if got != tt.want || (err != nil) != (tt.kind != "") || err != nil && fault.KindOf(err) != tt.kind {
				t.Errorf("%b, %v; want %b", got, err, tt.want)
			}
		})
	}
}

// TestOfFails gives no rights when a group cannot be asked, and says so.
func TestOfFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	lookup := func(context.Context, handle.Reference) (handle.Value, error) { return handle.Value{}, broken }
	got, err := rights.Of(t.Context(), lookup, record(typed.Admin{Rights: typed.Everything, Reference: ref("88.1/group", 1)}), ref("88.1/ann", 300))
	if got != 0 || !errors.Is(err, broken) {
		t.Error(got, err)
	}
}

// plain says by a table of words, one for each case, who may do what to a value.
func plain(op wire.Op, kind, perm string, has []string) bool {
	word := map[wire.Op]string{wire.OpResolve: "read", wire.OpAddValues: "add", wire.OpRemoveValues: "remove", wire.OpModifyValues: "modify"}[op]
	admin := perm[1] // of AR, AW, PR, PW as they are shown: 1110
	public := perm[3]
	if word == "read" {
		admin, public = perm[0], perm[2]
	}
	if public == '1' {
		switch {
		case word == "read" && kind == handle.TypeSecretKey, word != "read" && kind == handle.TypeAdmin:
		default:
			return true
		}
	}
	if kind == handle.TypeAdmin && word != "read" {
		word += " admin"
	}
	return admin == '1' && slices.Contains(has, word)
}

// TestPlain compares all permissions, all single rights and none and all, all operations
// and the types that are treated apart with the plain table.
func TestPlain(t *testing.T) {
	words := []string{"", "", "", "", "modify", "remove", "add", "read", "modify admin", "remove admin", "add admin", ""}
	held := []typed.Rights{0, typed.Everything}
	for i := range words {
		held = append(held, 1<<i)
	}
	for perm := range handle.Perm(16) {
		for _, has := range held {
			var names []string
			for i, w := range words {
				if has>>i&1 == 1 && w != "" {
					names = append(names, w)
				}
			}
			for _, kind := range []string{"URL", handle.TypeAdmin, handle.TypeSecretKey} {
				v := handle.Value{Index: 1, Type: kind, Perm: perm}
				shown := fmt.Sprintf("%04b", perm)
				if got, want := rights.Readable(v, has), plain(wire.OpResolve, kind, shown, names); got != want {
					t.Errorf("read %s %s with %v: %v", kind, shown, names, got)
				}
				if got := rights.Visible(handle.Record{Values: []handle.Value{v}}, has); (len(got) == 1) != rights.Readable(v, has) {
					t.Errorf("%s %s with %v is in the answer: %v", kind, shown, names, got)
				}
				for _, op := range []wire.Op{wire.OpAddValues, wire.OpRemoveValues, wire.OpModifyValues} {
					if got, want := rights.Writable(op, v, has), plain(op, kind, shown, names); got != want {
						t.Errorf("%v %s %s with %v: %v", op, kind, shown, names, got)
					}
				}
			}
		}
	}
	if rights.Needed(wire.OpCreate, handle.Value{}) != typed.AddName || rights.Needed(wire.OpDelete, handle.Value{}) != typed.DeleteName || rights.Needed(wire.OpList, handle.Value{}) != typed.Everything {
		t.Error("rights for records")
	}
}
