package zone_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/limit"
	"yuzhou/modules/identifiers/zone"
)

const origin = "id.example."

func TestDNSName(t *testing.T) {
	long := strings.Repeat("x", 62)
	for _, tt := range []struct{ name, identifier, dns string }{
		{"as factories write it", "88.118.2/gb-1", "gb-1.2.118.88.id.example."},
		{"capitals, a slash and a low line", "88.118.2/a/B_c", "a_2fb_5fc.2.118.88.id.example."},
		{"Chinese", "88.1/一", "_e4_b8_80.1.88.id.example."},
		{"digits alone", "88.118/123", "123_.118.88.id.example."},
		{"a dot", "88.1/1.2", "1_2e2.1.88.id.example."},
		{"nothing", "88.1/", "_.1.88.id.example."},
		{"a full label", "88.1/" + long, long + ".1.88.id.example."},
		{"more than a label", "88.1/" + long + "y", long + ".y.1.88.id.example."},
		{"digits behind a full label", "88.1/" + long + "12", long + ".12_.1.88.id.example."},
		{"a prefix", "0.NA/88.118.2", "2.118.88.id.example."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := handle.Name(tt.identifier)
			got, err := zone.DNSName(n, origin)
			if err != nil || got != tt.dns {
				t.Errorf("%q, %v; want %q", got, err, tt.dns)
			}
			if back, err := zone.ParseDNSName(strings.ToUpper(tt.dns), origin); err != nil || !back.Equal(n) {
				t.Errorf("back: %q, %v", back, err)
			}
			if _, ok := dns.IsDomainName(got); !ok {
				t.Errorf("%q is no name of DNS", got)
			}
		})
	}
	for _, wrong := range []handle.Name{"10.x/a", "88.1/" + handle.Name(strings.Repeat("一", 30))} {
		if got, err := zone.DNSName(wrong, origin); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %q, %v", wrong, got, err)
		}
	}
	for _, none := range []string{"example.", "id.example.", "a.id.example.", "_zz.1.88.id.example.", "a_61.1.88.id.example.", "x.y.1.88.id.example.", "_6.1.88.id.example.", "a$.1.88.id.example.", "_00.1.88.id.example."} {
		if got, err := zone.ParseDNSName(none, origin); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s stands for %q, %v", none, got, err)
		}
	}
}

func example() zone.Zone {
	value := func(i uint32, kind, data string) handle.Value {
		return handle.Value{Index: i, Type: kind, Data: []byte(data), TTL: handle.TTL{Seconds: 300}, Perm: handle.Usual}
	}
	return zone.Zone{
		Origin: origin, Servers: []string{"ns1.example.", "ns2.example."}, Serial: func() uint32 { return 7 },
		Has: func(_ context.Context, prefix string) bool { return prefix == "88.118" },
		Resolve: func(_ context.Context, n handle.Name) (handle.Record, error) {
			switch n.Fold() {
			case "88.118.2/GB-1":
				return handle.Record{Name: n, Values: []handle.Value{
					value(1, "URL", "https://factory.example/gb/1"), value(2, "DESC", `减速机 "一" \ 号`), value(3, "HS_PUBKEY", "\x00\x01"),
					value(4, "URL", "http://old.example:8080/1"),
				}}, nil
			case "88.118.2/LONG":
				return handle.Record{Name: n, Values: []handle.Value{value(1, "DESC", strings.Repeat(`a"\`, 900))}}, nil
			case "88.118.2/BROKEN":
				return handle.Record{}, errors.New("disk")
			}
			return handle.Record{}, fault.New(fault.NotFound, "none")
		},
	}
}

func ask(name string, kind uint16) *dns.Msg { return new(dns.Msg).SetQuestion(name, kind) }

func TestAnswer(t *testing.T) {
	z := example()
	gb := "gb-1.2.118.88.id.example."
	for _, tt := range []struct {
		name  string
		q     *dns.Msg
		rcode int
		want  []string
	}{
		{"its URLs", ask(gb, dns.TypeURI), dns.RcodeSuccess, []string{gb + "\t300\tIN\tURI\t1 1 \"https://factory.example/gb/1\"", gb + "\t300\tIN\tURI\t4 1 \"http://old.example:8080/1\""}},
		{"where its page is served", ask(gb, dns.TypeHTTPS), dns.RcodeSuccess, []string{gb + "\t300\tIN\tHTTPS\t0 factory.example."}},
		{"all URLs to ANY", ask(gb, dns.TypeANY), dns.RcodeSuccess, []string{gb + "\t300\tIN\tURI\t1 1 \"https://factory.example/gb/1\"", gb + "\t300\tIN\tURI\t4 1 \"http://old.example:8080/1\""}},
		{"no address", ask(gb, dns.TypeA), dns.RcodeSuccess, nil},
		{"one that is not", ask("gb-2.2.118.88.id.example.", dns.TypeURI), dns.RcodeNameError, nil},
		{"a prefix above others", ask("118.88.id.example.", dns.TypeURI), dns.RcodeSuccess, nil},
		{"a prefix that is not", ask("119.88.id.example.", dns.TypeURI), dns.RcodeNameError, nil},
		{"a store that fails", ask("broken.2.118.88.id.example.", dns.TypeURI), dns.RcodeServerFailure, nil},
		{"another zone", ask("www.example.", dns.TypeA), dns.RcodeRefused, nil},
		{"the zone's servers", ask("ID.example.", dns.TypeNS), dns.RcodeSuccess, []string{"id.example.\t86400\tIN\tNS\tns1.example.", "id.example.\t86400\tIN\tNS\tns2.example."}},
		{"the zone's start", ask(origin, dns.TypeSOA), dns.RcodeSuccess, []string{"id.example.\t86400\tIN\tSOA\tns1.example. hostmaster.id.example. 7 3600 600 604800 60"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := z.Answer(t.Context(), tt.q)
			var got []string
			for _, rr := range m.Answer {
				got = append(got, rr.String())
			}
			negative := len(tt.want) == 0 && (tt.rcode == dns.RcodeSuccess || tt.rcode == dns.RcodeNameError)
			if m.Rcode != tt.rcode || !slices.Equal(got, tt.want) || (len(m.Ns) == 1) != negative {
				t.Errorf("%s %q, authority %v", dns.RcodeToString[m.Rcode], got, m.Ns)
			}
			if _, err := m.Pack(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestText sends what has quotes, backslashes and length through the wire and back.
func TestText(t *testing.T) {
	for _, tt := range []struct{ dns, want string }{
		{"gb-1.2.118.88.id.example.", `DESC=减速机 "一" \ 号`},
		{"long.2.118.88.id.example.", "DESC=" + strings.Repeat(`a"\`, 900)},
	} {
		b, err := example().Answer(t.Context(), ask(tt.dns, dns.TypeTXT)).Pack()
		if err != nil {
			t.Fatal(err)
		}
		if raw := string(b); !strings.Contains(strings.Join(wireStrings(t, b), ""), tt.want) {
			t.Errorf("%s: %q", tt.dns, raw)
		}
	}
}

// wireStrings returns the character strings of the TXT records of a message, read by
// hand: what the library escapes on reading is not what is on the wire.
func wireStrings(t *testing.T, b []byte) []string {
	t.Helper()
	m := new(dns.Msg)
	if err := m.Unpack(b); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, rr := range m.Answer {
		buf := make([]byte, 16<<10)
		end, err := dns.PackRR(rr, buf, 0, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		data := buf[end-int(rr.Header().Rdlength) : end]
		for len(data) > 0 {
			n := int(data[0])
			out = append(out, string(data[1:1+n]))
			data = data[1+n:]
		}
	}
	return out
}

func TestFit(t *testing.T) {
	q := ask("long.2.118.88.id.example.", dns.TypeTXT)
	for _, tt := range []struct {
		name string
		size uint16 // that the client says it takes; 0: it says nothing
		most int
	}{{"a client of 1987", 0, 512}, {"one that takes more", 4096, 1232}, {"one that takes less than it must", 100, 512}} {
		ask := q.Copy()
		if tt.size > 0 {
			ask.SetEdns0(tt.size, false)
		}
		m := example().Answer(t.Context(), ask)
		zone.Fit(ask, m)
		if b, err := m.Pack(); err != nil || len(b) > tt.most || !m.Truncated {
			t.Errorf("%s: %d bytes, cut off: %v, %v", tt.name, len(b), m.Truncated, err)
		}
	}
}

func TestOddQuestions(t *testing.T) {
	z := example()
	two := ask(origin, dns.TypeSOA)
	two.Question = append(two.Question, two.Question[0])
	update := new(dns.Msg).SetUpdate(origin)
	version := ask(origin, dns.TypeSOA)
	version.SetEdns0(1232, false).IsEdns0().SetVersion(1)
	for name, tt := range map[string]struct {
		q    *dns.Msg
		want int
	}{"two at once": {two, dns.RcodeFormatError}, "an update": {update, dns.RcodeNotImplemented}, "a newer EDNS": {version, dns.RcodeBadVers}} {
		if m := z.Answer(t.Context(), tt.q); m.Rcode != tt.want || len(m.Answer) > 0 {
			t.Errorf("%s: %s", name, dns.RcodeToString[m.Rcode])
		}
	}
}

func FuzzParseDNSName(f *testing.F) {
	f.Add("gb-1.2.118.88.id.example.")
	f.Add("a_2fb.12_.2.118.88.id.example.")
	f.Fuzz(func(t *testing.T, name string) {
		n, err := zone.ParseDNSName(name, origin)
		if err != nil {
			return
		}
		if again, err := zone.DNSName(n, origin); err != nil || !strings.EqualFold(again, name) {
			t.Errorf("%q stands for %q, whose name is %q, %v", name, n, again, err)
		}
	})
}

func FuzzDNSName(f *testing.F) {
	f.Add("88.118.2/gb-1")
	f.Add("88.118/123")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := handle.Parse(s)
		if err != nil {
			return
		}
		name, err := zone.DNSName(n, origin)
		if err != nil {
			return
		}
		if back, err := zone.ParseDNSName(name, origin); err != nil || !back.Equal(n) {
			t.Errorf("%q has the name %q, which stands for %q, %v", n, name, back, err)
		}
	})
}

// TestServe asks over sockets: what UDP cuts off, TCP has whole; a flood from one source
// is told to come by TCP.
func TestServe(t *testing.T) {
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- zone.Serve(ctx, example(), limit.New(limit.Config{}), packets, stream) }()
	for _, tt := range []struct {
		network, to string
		cut         bool
	}{{"udp", packets.LocalAddr().String(), true}, {"tcp", stream.Addr().String(), false}} {
		c := dns.Client{Net: tt.network}
		m, _, err := c.ExchangeContext(t.Context(), ask("long.2.118.88.id.example.", dns.TypeTXT), tt.to)
		if err != nil || m.Truncated != tt.cut || tt.cut == (len(m.Answer) == 1) {
			t.Errorf("%s: %v, %v", tt.network, m, err)
		}
	}
	got, err := zone.Lookup(t.Context(), packets.LocalAddr().String(), "88.118.2/GB-1", origin)
	if err != nil || len(got) != 6 || !strings.Contains(got[0], "https://factory.example/gb/1") {
		t.Errorf("%q, %v", got, err)
	}
	for _, none := range []handle.Name{"88.118.2/none", "10.x/y"} {
		if got, err := zone.Lookup(t.Context(), packets.LocalAddr().String(), none, origin); err == nil {
			t.Errorf("%s: %q", none, got)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, _, err := (&dns.Client{Net: "tcp"}).ExchangeContext(t.Context(), ask(origin, dns.TypeSOA), stream.Addr().String()); err == nil {
		t.Error("it answers still")
	}
}
