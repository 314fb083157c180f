package typed_test

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/typed"
)

func TestAdmin(t *testing.T) {
	a := typed.Admin{Rights: typed.Everything &^ typed.AddPrefix, Reference: handle.Reference{Name: "0.NA/88.1", Index: 200}}
	b := typed.AppendAdmin(nil, a)
	if want := "\x0f\xfb\x00\x00\x00\x090.NA/88.1\x00\x00\x00\xc8"; string(b) != want {
		t.Errorf("%q", b)
	}
	old := append(bytes.Clone(b[:len(b)-4]), 0, 200)
	for name, in := range map[string][]byte{"as written": b, "index of two bytes": old, "two bytes more": append(bytes.Clone(b), 0, 0)} {
		if got, err := typed.ParseAdmin(in); got != a || err != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := typed.ParseAdmin(append(b, 1, 2, 3)); err == nil {
		t.Error("three bytes behind HS_ADMIN are read over")
	}
}

func site() typed.Site {
	return typed.Site{
		Format: 1, Major: 2, Minor: 11, Serial: 3, Primary: true, Hash: typed.HashName,
		Attributes: []typed.Attribute{{Name: "desc", Value: "二级节点"}},
		Servers: []typed.Server{
			{ID: 1, Address: netip.MustParseAddr("192.0.2.1"), PublicKey: []byte("key"), Interfaces: []typed.Interface{
				{Query: true, Transport: typed.UDP, Port: 2641}, {Admin: true, Query: true, Transport: typed.TCP, Port: 2641},
			}},
			{ID: 2, Address: netip.MustParseAddr("2001:db8::1"), Interfaces: []typed.Interface{{Query: true, Transport: typed.HTTP, Port: 8000}}},
		},
	}
}

func TestSite(t *testing.T) {
	b := typed.AppendSite(nil, site())
	got, err := typed.ParseSite(b)
	if diff := cmp.Diff(site(), got, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for i := range b {
		if _, err := typed.ParseSite(b[:i]); err == nil {
			t.Errorf("cut off after %d bytes it is read", i)
		}
	}
	s := site().Servers[0]
	if p, ok := s.Query(typed.UDP); p.String() != "192.0.2.1:2641" || !ok {
		t.Error(p, ok)
	}
	if p, ok := s.Admin(typed.UDP); ok {
		t.Error("UDP takes no writes here, and is", p)
	}
}

// TestSlot shares names out by hand-computed MD5 sums: printf %s NAME | md5sum.
func TestSlot(t *testing.T) {
	for _, tt := range []struct {
		name   handle.Name
		option typed.HashOption
		n      int
		want   int
	}{
		{"88.118.2/gb-1", typed.HashName, 3, 0},
		{"88.118.2/GB-1", typed.HashName, 3, 0},
		{"88.118.2/gb-1", typed.HashPrefix, 5, 1},
		{"88.118.2/gb-1", typed.HashSuffix, 7, 2},
		{"88.118.2/gb-1", typed.HashName, 1, 0},
	} {
		s := typed.Site{Hash: tt.option, Servers: make([]typed.Server, tt.n)}
		if got := s.Slot(tt.name); got != tt.want {
			t.Errorf("%s by %d over %d servers: %d, want %d", tt.name, tt.option, tt.n, got, tt.want)
		}
	}
	if _, err := (typed.Site{}).Server("88/a"); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

func FuzzParseSite(f *testing.F) {
	f.Add(typed.AppendSite(nil, site()))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := typed.ParseSite(b)
		if err != nil {
			return
		}
		again, err := typed.ParseSite(typed.AppendSite(nil, s))
		if diff := cmp.Diff(s, again, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func FuzzParseAdmin(f *testing.F) {
	f.Add([]byte("\x0f\xfb\x00\x00\x00\x090.NA/88.1\x00\x00\x00\xc8"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := typed.ParseAdmin(b)
		if err != nil {
			return
		}
		if again, err := typed.ParseAdmin(typed.AppendAdmin(nil, a)); again != a || err != nil {
			t.Error(a, again, err)
		}
	})
}

func FuzzParseVList(f *testing.F) {
	f.Add(handle.AppendReferences(nil, []handle.Reference{{Name: "88.1/key", Index: 300}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		refs, err := typed.ParseVList(b)
		if err == nil && !bytes.Equal(handle.AppendReferences(nil, refs), b) {
			t.Error(refs)
		}
	})
}
