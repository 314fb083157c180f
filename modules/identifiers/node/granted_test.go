package node

import (
	"context"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/wire"
)

// TestGranted: a private value is read by whom it was granted and by nobody else, and not
// by one who asks for what is public alone.
func TestGranted(t *testing.T) {
	guest := handle.Reference{Name: "88.2/guest", Index: 300}
	rec := handle.Record{Name: "88.1/a", Values: []handle.Value{
		{Index: 1, Type: "URL", Data: []byte("public"), Perm: handle.Usual},
		{Index: 2, Type: "PRICE", Data: []byte("private"), Perm: handle.AdminRead | handle.AdminWrite},
		{Index: 3, Type: "KEY", Data: []byte("private"), Perm: handle.AdminRead | handle.AdminWrite},
	}}
	n := New(Config{
		Record: func(context.Context, handle.Name) (handle.Record, error) {
			return handle.Record{}, fault.New(fault.NotFound, "none")
		},
		Place: func(string) Place { return Place{Standing: Hosted} },
		Granted: func(_ context.Context, who handle.Reference, _ handle.Record) map[uint32]bool {
			return map[uint32]bool{2: who == guest}
		},
	})
	for _, tt := range []struct {
		name  string
		who   handle.Reference
		flags wire.Flags
		want  int // values
	}{
		{"whom it was granted", guest, 0, 2},
		{"the same, of what is public", guest, wire.PublicOnly, 1},
		{"another key of theirs", handle.Reference{Name: guest.Name, Index: 301}, 0, 1},
		{"nobody", handle.Reference{}, 0, 1},
	} {
		got, hidden, err := n.readable(t.Context(), question{who: tt.who, flags: tt.flags}, rec)
		if err != nil || len(got) != tt.want || !hidden {
			t.Errorf("%s reads %+v, hidden %v, %v", tt.name, got, hidden, err)
		}
	}
}
