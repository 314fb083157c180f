package node_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/limit"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/server"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
)

// shelf is records in memory.
type shelf struct {
	mu      sync.Mutex
	records map[string]handle.Record
	reads   atomic.Int64
}

func (s *shelf) put(n *node.Node, r handle.Record) {
	s.mu.Lock()
	s.records[r.Name.Fold()] = r
	s.mu.Unlock()
	n.Forget(r.Name)
}

func (s *shelf) get(_ context.Context, name handle.Name) (handle.Record, error) {
	s.reads.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[name.Fold()]; ok {
		return r, nil
	}
	if name.Fold() == "88.118.2/BROKEN" {
		return handle.Record{}, errors.New("a secret of the disk")
	}
	return handle.Record{}, fault.New(fault.NotFound, "identifier %q is not registered", name)
}

// host is a node on loopback.
type host struct {
	*node.Node
	shelf
	at netip.AddrPort

	mu     sync.Mutex // guards what follows
	places map[string]node.Place
	site   typed.Site
	slot   int
	upper  []handle.Value
}

// change changes how the host stands.
func (h *host) change(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

// listen opens one port for both transports.
func listen(tb testing.TB) (*net.UDPConn, *net.TCPListener) {
	tb.Helper()
	var last error
	for range 20 {
		tcp, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
		if err != nil {
			tb.Fatal(err)
		}
		udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(tcp.Addr().String())))
		if err == nil {
			return udp, tcp
		}
		last = errors.Join(err, tcp.Close()) // somebody else has that port for datagrams
	}
	tb.Fatal(last)
	return nil, nil
}

func start(tb testing.TB, places map[string]node.Place) *host {
	tb.Helper()
	h := &host{places: places}
	h.records = map[string]handle.Record{}
	udp, tcp := listen(tb)
	h.at = netip.MustParseAddrPort(udp.LocalAddr().String())
	h.site = client.At(h.at)
	h.site.Serial = 1
	h.Node = node.New(node.Config{
		Record: h.get, Now: time.Now,
		Place: func(p string) (out node.Place) {
			h.change(func() { out = h.places[p] })
			return out
		},
		Site: func() (site typed.Site, slot int) {
			h.change(func() { site, slot = h.site, h.slot })
			return site, slot
		},
		Upper: func() (up []handle.Value) {
			h.change(func() { up = h.upper })
			return up
		},
	})
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan error, 1)
	go func() {
		done <- server.Serve(ctx, h.Node, server.Config{Limit: limit.Config{}}, []*net.UDPConn{udp}, []*net.TCPListener{tcp})
	}()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
	return h
}

func value(i uint32, kind, data string) handle.Value {
	return handle.Value{Index: i, Type: kind, Data: []byte(data), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: 1}
}

// siteValues leads to a host.
func siteValues(h *host) []handle.Value {
	v := value(1, handle.TypeSite, string(typed.AppendSite(nil, h.site)))
	return []handle.Value{v}
}

func asker(to *host, by ...typed.Transport) *client.Client {
	return &client.Client{Start: []typed.Site{to.site}, Transports: by, Timeout: time.Second}
}

// TestResolve asks one node for all that can be asked, by UDP and by TCP.
func TestResolve(t *testing.T) {
	h := start(t, map[string]node.Place{"88.118.2": {Standing: node.Hosted}, "88.118.3": {Standing: node.Suspended}})
	secret := value(3, "COST", "42")
	secret.Perm &^= handle.PublicRead
	gb := handle.Record{Name: "88.118.2/GB-1", Values: []handle.Value{value(1, "URL", "https://f.example/1"), value(2, "DESC", "减速机"), secret, value(4, "URL.MIRROR", "https://m.example/1")}}
	h.put(h.Node, gb)
	long := handle.Record{Name: "88.118.2/long", Values: []handle.Value{value(1, "DESC", strings.Repeat("x", 12_000))}}
	h.put(h.Node, long)
	h.put(h.Node, handle.Record{Name: "88.118.2/hidden", Values: []handle.Value{secret}})
	for _, tt := range []struct {
		name    string
		ask     handle.Name
		q       handle.Query
		indexes []uint32
		kind    fault.Kind
		says    string
	}{
		{"all that all may read", "88.118.2/gb-1", handle.Query{}, []uint32{1, 2, 4}, "", ""},
		{"again: from what is kept", "88.118.2/Gb-1", handle.Query{}, []uint32{1, 2, 4}, "", ""},
		{"by index", "88.118.2/gb-1", handle.Query{Indexes: []uint32{2, 3}}, []uint32{2}, "", ""},
		{"by type", "88.118.2/gb-1", handle.Query{Types: []string{"url"}}, []uint32{1}, "", ""},
		{"by a family of types", "88.118.2/gb-1", handle.Query{Types: []string{"URL."}}, []uint32{1, 4}, "", ""},
		{"what is not public", "88.118.2/gb-1", handle.Query{Indexes: []uint32{3}}, nil, fault.NotFound, "code 200"},
		{"nothing is public", "88.118.2/hidden", handle.Query{}, nil, fault.NotFound, "code 200"},
		{"in many packets", "88.118.2/long", handle.Query{}, []uint32{1}, "", ""},
		{"one that is not there", "88.118.2/gb-2", handle.Query{}, nil, fault.NotFound, "code 100"},
		{"below a suspended prefix", "88.118.3/x", handle.Query{}, nil, fault.Forbidden, "suspended"},
		{"of nobody", "99.1/x", handle.Query{}, nil, fault.NotFound, "code 301"},
		{"no name", "88.118.2/\x00", handle.Query{}, nil, fault.Invalid, "code 102"},
		{"a prefix by itself that another node describes", "88.118.2", handle.Query{}, nil, fault.NotFound, "code 301"},
		{"the disk fails", "88.118.2/broken", handle.Query{}, nil, fault.Busy, "could not be read"},
	} {
		for _, by := range []typed.Transport{typed.UDP, typed.TCP} {
			t.Run(tt.name, func(t *testing.T) {
				a, err := asker(h, by).Resolve(t.Context(), tt.ask, tt.q)
				var indexes []uint32
				for _, v := range a.Record.Values {
					indexes = append(indexes, v.Index)
				}
				if diff := cmp.Diff(tt.indexes, indexes); diff != "" || fault.KindOf(err) != tt.kind {
					t.Fatalf("%s %v", diff, err)
				}
				if err != nil && (!strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret")) {
					t.Errorf("%v; want %q", err, tt.says)
				}
				if err == nil && (len(a.Steps) != 1 || a.Steps[0].Transport != by) {
					t.Errorf("%+v", a.Steps)
				}
			})
		}
	}
}

// TestForget: an answer that is kept says what the record says now.
func TestForget(t *testing.T) {
	h := start(t, map[string]node.Place{"88.118.2": {Standing: node.Hosted}})
	for i := range 50 {
		want := strings.Repeat("x", i+1)
		h.put(h.Node, handle.Record{Name: "88.118.2/a", Values: []handle.Value{value(1, "DESC", want)}})
		before := h.reads.Load()
		for range 5 {
			a, err := asker(h).Resolve(t.Context(), "88.118.2/a", handle.Query{})
			if err != nil || string(a.Record.Values[0].Data) != want {
				t.Fatalf("%v, %v; want %s", a.Record.Values, err, want)
			}
		}
		if n := h.reads.Load() - before; n != 1 {
			t.Fatalf("the record was read %d times for five answers", n)
		}
	}
	h.change(func() { h.places["88.118.2"] = node.Place{Standing: node.Suspended} })
	h.Forget(handle.Authority("88.118.2"))
	if _, err := asker(h).Resolve(t.Context(), "88.118.2/a", handle.Query{}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a kept answer outlives its prefix: %v", err)
	}
}

// TestTemplate: a prefix's template makes records of one base record, and what it makes
// follows the base.
func TestTemplate(t *testing.T) {
	h := start(t, map[string]node.Place{"88.118": {Standing: node.Hosted}, "88.118.2": {Standing: node.Hosted}})
	h.put(h.Node, handle.Record{Name: "0.NA/88.118.2", Values: []handle.Value{value(1, handle.TypeNamespace, `<namespace><template delimiter="@"><foreach><if value="type" test="equals" expression="URL"><value data="${data}?n=${extension}"/></if><else><value/></else></foreach></template></namespace>`)}})
	for _, base := range []string{"https://a.example", "https://b.example"} {
		h.put(h.Node, handle.Record{Name: "88.118.2/batch", Values: []handle.Value{value(1, "URL", base), value(2, "MODEL", "RV-40")}})
		for range 2 {
			a, err := asker(h).Resolve(t.Context(), "88.118.2/batch@17", handle.Query{})
			if err != nil || len(a.Record.Values) != 2 || string(a.Record.Values[0].Data) != base+"?n=17" || string(a.Record.Values[1].Data) != "RV-40" {
				t.Fatalf("%+v, %v", a.Record, err)
			}
		}
	}
	if _, err := asker(h).Resolve(t.Context(), "88.118.2/other", handle.Query{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("without the delimiter: %v", err)
	}
}

// TestForgetRace changes a record while it is asked for: no answer after a change says
// what was before it.
func TestForgetRace(t *testing.T) {
	h := start(t, map[string]node.Place{"88.118.2": {Standing: node.Hosted}})
	name := handle.Name("88.118.2/a")
	h.put(h.Node, handle.Record{Name: name, Values: []handle.Value{value(1, "N", "0")}})
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = asker(h).Resolve(t.Context(), name, handle.Query{})
				}
			}
		})
	}
	for i := range 300 {
		want := strings.Repeat("i", i+1)
		h.put(h.Node, handle.Record{Name: name, Values: []handle.Value{value(1, "N", want)}})
		a, err := asker(h).Resolve(t.Context(), name, handle.Query{})
		if err != nil || string(a.Record.Values[0].Data) != want {
			t.Errorf("change %d: %v, %v", i, len(a.Record.Values[0].Data), err)
			break
		}
	}
	close(stop)
	readers.Wait()
}

// TestReferral goes from an enterprise's node up to the top and down to another
// enterprise's.
func TestReferral(t *testing.T) {
	far := start(t, map[string]node.Place{"88.119.7": {Standing: node.Hosted}})
	far.put(far.Node, handle.Record{Name: "88.119.7/motor", Values: []handle.Value{value(1, "URL", "https://far.example")}})
	second := start(t, map[string]node.Place{"88.119": {Standing: node.Hosted}, "88.119.7": {Standing: node.Delegated, Referral: siteValues(far)}})
	top := start(t, map[string]node.Place{"88": {Standing: node.Hosted}, "88.119": {Standing: node.Delegated, Referral: siteValues(second)}})
	near := start(t, map[string]node.Place{"88.118.2": {Standing: node.Hosted}})
	near.change(func() { near.upper = siteValues(top) })
	a, err := asker(near).Resolve(t.Context(), "88.119.7/motor", handle.Query{})
	if err != nil || string(a.Record.Values[0].Data) != "https://far.example" {
		t.Fatalf("%+v, %v", a, err)
	}
	var way []string
	for _, s := range a.Steps {
		way = append(way, s.Server.String()+" "+s.Said)
	}
	want := []string{near.at.String() + " SERVICE_REFERRAL", top.at.String() + " PREFIX_REFERRAL", second.at.String() + " PREFIX_REFERRAL", far.at.String() + " SUCCESS"}
	if diff := cmp.Diff(want, way); diff != "" {
		t.Error(diff)
	}
	top.change(func() { top.places["88.119"] = node.Place{Standing: node.Delegated, Referral: siteValues(top)} })
	top.Forget(handle.Authority("88.119"))
	if _, err := asker(near).Resolve(t.Context(), "88.119.7/motor", handle.Query{}); fault.KindOf(err) != fault.Busy || !strings.Contains(err.Error(), "refer") {
		t.Errorf("nodes that refer in a circle: %v", err)
	}
}

// TestHashSite: a site of two servers shares names out, and each refuses the other's.
func TestHashSite(t *testing.T) {
	places := map[string]node.Place{"88.118.2": {Standing: node.Hosted}}
	hosts := []*host{start(t, places), start(t, places)}
	site := typed.Site{Serial: 4, Hash: typed.HashName, Servers: []typed.Server{hosts[0].site.Servers[0], hosts[1].site.Servers[0]}}
	for i, h := range hosts {
		h.change(func() { h.site, h.slot = site, i })
	}
	count := [2]int{}
	for i := range 40 {
		name := handle.Name("88.118.2/" + strings.Repeat("n", i+1))
		slot := site.Slot(name)
		count[slot]++
		hosts[slot].put(hosts[slot].Node, handle.Record{Name: name, Values: []handle.Value{value(1, "URL", "u")}})
		if _, err := asker(hosts[0]).Resolve(t.Context(), name, handle.Query{}); err != nil {
			t.Error(name, err)
		}
		wrong := hosts[1-slot]
		a, err := (&client.Client{Start: []typed.Site{client.At(wrong.at)}}).Resolve(t.Context(), name, handle.Query{})
		if err != nil || len(a.Steps) != 2 || a.Steps[0].Code != wire.NotResponsible || a.Steps[1].Server != hosts[slot].at {
			t.Errorf("%s asked of the other server: %v %+v", name, err, a.Steps)
		}
	}
	if count[0] == 0 || count[1] == 0 {
		t.Error(count)
	}
	old := site
	old.Serial = 3
	a, err := (&client.Client{Start: []typed.Site{old}}).Resolve(t.Context(), "88.118.2/n", handle.Query{})
	if err != nil || len(a.Steps) != 2 || a.Steps[0].Code != wire.StaleSite {
		t.Errorf("a client that goes by the site of before: %v %+v", err, a.Steps)
	}
	for i, h := range hosts { // each says that the other has it: that has an end
		h.change(func() { h.slot = 1 - i })
		h.Forget(handle.Authority("88.118.2"))
	}
	if _, err := asker(hosts[0]).Resolve(t.Context(), "88.118.2/n", handle.Query{}); fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Busy {
		t.Errorf("servers that know nothing of their names: %v", err)
	}
}

// TestOddMessages: what is no request has an answer that says so, or none.
func TestOddMessages(t *testing.T) {
	h := start(t, nil)
	request := wire.Append(nil, wire.Message{Envelope: wire.Envelope{Version: wire.Newest()}, Header: wire.Header{Op: wire.OpResolve}, Body: []byte("\x00\x00\x00\x01")})
	answer := append([]byte(nil), request...)
	answer[wire.OffsetCode+3] = 1
	encrypted := append([]byte(nil), request...)
	encrypted[2] |= 0x40
	create := wire.Append(nil, wire.Message{Envelope: wire.Envelope{Version: wire.Newest()}, Header: wire.Header{Op: wire.OpCreate}})
	for _, tt := range []struct {
		name    string
		message []byte
		code    wire.Code // 0: none
	}{
		{"a body that is cut off", request, wire.ProtocolError},
		{"an answer", answer, 0},
		{"encrypted with no session", encrypted, wire.SessionFailed},
		{"an operation that is not offered", create, wire.OperationDenied},
		{"too short", request[:19], 0},
		{"of version 9", append([]byte{9}, request[1:]...), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := h.Message(t.Context(), nil, tt.message, nil)
			if tt.code == 0 {
				if err == nil {
					t.Errorf("it is answered: %x", got)
				}
				return
			}
			m, err := wire.Parse(got)
			if err != nil || m.Code != tt.code {
				t.Errorf("%v, %v; want %v", m.Code, err, tt.code)
			}
		})
	}
}
