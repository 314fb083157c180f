// Package zone answers DNS for identifiers: a zone in which each identifier has a name
// whose records say what its public values say, so that caches everywhere keep them.
//
// What must hold: nothing that is not public is in an answer; an answer says no more
// and no less than the record, but for what DNS has no form for; a name and its
// identifier are one to one; an answer over UDP fits what the client can take, else it
// is cut off and the client asks by TCP.
//
// Source: RFC 1035, RFC 7553 (URI), RFC 9460 (HTTPS), RFC 6891 (sizes), RFC 2308
// (negative answers), RFC 8482 (ANY).
package zone

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/miekg/dns" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// Zone is a zone of identifiers.
type Zone struct {
	Origin  string   // "id.example.", with the last dot
	Servers []string // names of its servers, with the last dot; the first is its primary
	Contact string   // mailbox of who answers for it, as a name: "hostmaster.example."
	Serial  func() uint32
	// Resolve returns a record with the values that anybody may read; fault.NotFound.
	Resolve func(ctx context.Context, n handle.Name) (handle.Record, error)
	// Has reports whether identifiers lie below a name: whether it is an empty place of
	// the tree, such as a prefix, rather than nothing. Nil: never.
	Has func(ctx context.Context, prefix string) bool
}

const (
	apexTTL     = handle.Day
	negativeTTL = 60 // an identifier that is registered is seen within a minute
	udpSize     = 1232
	maxText     = 255
)

// Answer returns what a question is answered with.
//
//   - udp: the answer goes by UDP, and is cut to what the client takes.
func (z Zone) Answer(ctx context.Context, q *dns.Msg) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(q)
	m.Authoritative = true
	if opt := q.IsEdns0(); opt != nil {
		m.SetEdns0(udpSize, opt.Do())
		if opt.Version() != 0 {
			m.Rcode = dns.RcodeBadVers
			return m
		}
	}
	if q.Opcode != dns.OpcodeQuery {
		m.Rcode = dns.RcodeNotImplemented
		return m
	}
	if len(q.Question) != 1 {
		m.Rcode = dns.RcodeFormatError
		return m
	}
	ask := q.Question[0]
	if ask.Qclass != dns.ClassINET && ask.Qclass != dns.ClassANY || !dns.IsSubDomain(z.Origin, ask.Name) {
		m.Rcode, m.Authoritative = dns.RcodeRefused, false
		return m
	}
	z.fill(ctx, m, ask)
	if m.Rcode != dns.RcodeServerFailure && len(m.Answer) == 0 {
		m.Ns = append(m.Ns, z.soa(negativeTTL))
	}
	return m
}

// Fit cuts an answer to what a client takes by UDP.
func Fit(q, m *dns.Msg) {
	size := dns.MinMsgSize
	if opt := q.IsEdns0(); opt != nil {
		size = min(max(int(opt.UDPSize()), dns.MinMsgSize), udpSize)
	}
	m.Truncate(size)
}

// fill puts the records of a name into an answer.
func (z Zone) fill(ctx context.Context, m *dns.Msg, ask dns.Question) {
	if strings.EqualFold(ask.Name, z.Origin) {
		m.Answer = z.apex(ask.Qtype)
		return
	}
	n, err := ParseDNSName(ask.Name, z.Origin)
	var r handle.Record
	if err == nil {
		r, err = z.Resolve(ctx, n)
	}
	if prefix, is := n.DescribedPrefix(); fault.KindOf(err) == fault.NotFound && is && z.Has != nil && z.Has(ctx, prefix) {
		return // something lies below: the name is there, and has no records
	}
	switch {
	case fault.KindOf(err) == fault.NotFound:
		m.Rcode = dns.RcodeNameError
	case err != nil:
		m.Rcode = dns.RcodeServerFailure
	default:
		m.Answer = records(r, ask)
	}
}

// apex returns the records of the zone itself.
func (z Zone) apex(kind uint16) []dns.RR {
	var out []dns.RR
	if kind == dns.TypeSOA || kind == dns.TypeANY {
		out = append(out, z.soa(apexTTL))
	}
	if kind == dns.TypeNS || kind == dns.TypeANY {
		for _, name := range z.Servers {
			out = append(out, &dns.NS{Hdr: z.header(dns.TypeNS, apexTTL), Ns: name})
		}
	}
	return out
}

func (z Zone) header(kind uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: z.Origin, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
}

func (z Zone) soa(ttl uint32) *dns.SOA {
	primary := z.Origin
	if len(z.Servers) > 0 {
		primary = z.Servers[0]
	}
	var serial uint32
	if z.Serial != nil {
		serial = z.Serial()
	}
	return &dns.SOA{
		Hdr: z.header(dns.TypeSOA, ttl), Ns: primary, Mbox: cmp.Or(z.Contact, "hostmaster."+z.Origin), Serial: serial,
		Refresh: 3600, Retry: 600, Expire: 7 * handle.Day, Minttl: negativeTTL,
	}
}

// records returns those of an identifier: URI and HTTPS of its URLs, TXT of all that is
// text. To ANY the URIs suffice (RFC 8482).
func records(r handle.Record, ask dns.Question) []dns.RR {
	var out []dns.RR
	for i, v := range r.Values {
		hdr := dns.RR_Header{Name: ask.Name, Rrtype: ask.Qtype, Class: dns.ClassINET, Ttl: ttl(v)}
		switch ask.Qtype {
		case dns.TypeURI, dns.TypeANY:
			if hdr.Rrtype = dns.TypeURI; isURL(v) {
				out = append(out, &dns.URI{Hdr: hdr, Priority: uint16(min(i+1, 65535)), Weight: 1, Target: string(v.Data)})
			}
		case dns.TypeHTTPS:
			if rr := https(hdr, v); rr != nil && len(out) == 0 {
				out = append(out, rr)
			}
		case dns.TypeTXT:
			if text, ok := txt(v); ok {
				out = append(out, &dns.TXT{Hdr: hdr, Txt: text})
			}
		}
	}
	return out
}

func isURL(v handle.Value) bool { return handle.EqualFold(v.Type, handle.TypeURL) && printable(v.Data) }

// ttl returns for how long a cache keeps a value. One that ends at an instant is not
// kept: how far off that is, this package does not know.
func ttl(v handle.Value) uint32 {
	if v.TTL.Absolute {
		return 0
	}
	return min(v.TTL.Seconds, 7*handle.Day)
}

// https returns where the page of a URL is served, as an alias of its host.
func https(hdr dns.RR_Header, v handle.Value) dns.RR {
	if !isURL(v) {
		return nil
	}
	u, err := url.Parse(string(v.Data))
	if err != nil || u.Scheme != "https" || u.Port() != "" {
		return nil
	}
	host := dns.Fqdn(u.Hostname())
	if _, ok := dns.IsDomainName(host); !ok || strings.ContainsAny(host, ":[") {
		return nil
	}
	return &dns.HTTPS{SVCB: dns.SVCB{Hdr: hdr, Priority: 0, Target: host}}
}

// txt returns a value as the strings of a TXT record: TYPE=, and its text.
func txt(v handle.Value) ([]string, bool) {
	if !printable(v.Data) || len(v.Data) > 8<<10 {
		return nil, false
	}
	// The library reads strings in presentation form, where these two are escaped.
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var out []string
	for part := range slices.Chunk(append([]byte(v.Type+"="), v.Data...), maxText) {
		out = append(out, escape.Replace(string(part)))
	}
	return out, true
}

// printable reports whether bytes are text.
func printable(b []byte) bool {
	return len(b) > 0 && strings.ToValidUTF8(string(b), "\x00") == string(b) && !strings.ContainsFunc(string(b), func(r rune) bool { return r < ' ' && r != '\t' })
}
