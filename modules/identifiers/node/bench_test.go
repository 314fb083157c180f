package node_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/server"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// BenchmarkPacket answers datagrams without a socket: of what is kept, and of what is
// read and written anew each time.
func BenchmarkPacket(b *testing.B) {
	const names = 100_000
	for _, bb := range []struct {
		name string
		kept int
	}{{"kept", 256 << 20}, {"anew", 1}} {
		b.Run(bb.name, func(b *testing.B) {
			s := &shelf{records: map[string]handle.Record{}}
			n := node.New(node.Config{
				Record: s.get, Place: func(string) node.Place { return node.Place{Standing: node.Hosted} }, Site: start(b, nil).Site, Now: time.Now, Kept: bb.kept,
			})
			var requests [][]byte
			for i := range names {
				name := handle.Name(fmt.Sprintf("88.118.2/gb-%06d", i))
				s.records[name.Fold()] = handle.Record{Name: name, Values: []handle.Value{value(1, "URL", "https://factory.example/gb/"+string(name)), value(2, "DESC", "减速机 RV-40"), value(3, "MODEL", "RV-40")}}
				requests = append(requests, wire.Append(nil, wire.Message{
					Envelope: wire.Envelope{Version: wire.Newest(), Request: uint32(i)}, Header: wire.Header{Op: wire.OpResolve, Flags: wire.PublicOnly, Serial: wire.NoSerial},
					Body: body.AppendResolve(nil, body.Resolve{Name: []byte(name)}),
				}))
			}
			from := netip.MustParseAddrPort("127.0.0.1:1000")
			for _, r := range requests {
				n.Packet(from, r, new(server.Packets))
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				n.Packet(from, requests[i%names], new(server.Packets))
				i++
			}
		})
	}
}
