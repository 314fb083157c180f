package zone

import (
	"context"

	"github.com/miekg/dns" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// Lookup asks a server of DNS for an identifier and returns its records as text: URI,
// HTTPS, then TXT.
//
// Errors: fault.Invalid when the identifier has no name in the zone; fault.NotFound when
// there is none; fault.Busy when the server does not answer.
func Lookup(ctx context.Context, server string, n handle.Name, origin string) ([]string, error) {
	name, err := DNSName(n, dns.Fqdn(origin))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, kind := range []uint16{dns.TypeURI, dns.TypeHTTPS, dns.TypeTXT} {
		m, err := exchange(ctx, server, new(dns.Msg).SetQuestion(name, kind))
		if err != nil {
			return nil, &fault.Fault{Kind: fault.Busy, Text: "server " + server + " does not answer in DNS", Err: err}
		}
		if m.Rcode != dns.RcodeSuccess {
			return nil, fault.New(fault.NotFound, "%s: DNS says %s", name, dns.RcodeToString[m.Rcode])
		}
		for _, rr := range m.Answer {
			out = append(out, rr.String())
		}
	}
	return out, nil
}

// exchange asks by UDP, and by TCP for what that cuts off.
func exchange(ctx context.Context, server string, q *dns.Msg) (*dns.Msg, error) {
	q.SetEdns0(udpSize, false)
	m, _, err := new(dns.Client).ExchangeContext(ctx, q, server)
	if err == nil && m.Truncated {
		m, _, err = (&dns.Client{Net: "tcp"}).ExchangeContext(ctx, q, server)
	}
	return m, err
}
