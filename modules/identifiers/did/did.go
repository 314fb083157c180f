// Package did reads decentralised identifiers of the method cn, whose names are the
// prefixes of this network, and writes DID documents and what a resolver answers.
//
// What must hold: Parse and String are inverses; a prefix and its DID are one to one;
// a document says nothing that the record it is made of does not say.
//
// Source: CN DID Method Specification 1.0.0 (names), W3C DID Core 1.0 (syntax §3.1,
// documents §5), W3C DID Resolution v0.3 (results and HTTP binding).
package did

import (
	"net/url"
	"strings"
	"time"

	"yuzhou/kernel/fault"
)

// Method begins the DIDs of this network.
const Method = "did:cn:"

const maxLength = 2048 // bytes of a DID URL

// URL is a DID URL: a DID, and what of it is meant.
type URL struct {
	Prefix   string     // 88.118.2
	Path     string     // below the DID, without the slash: an identifier's suffix; "" for none
	Query    url.Values // versionId, versionTime, service, ...
	Fragment string     // names a part of the document
}

// DID returns the DID of a prefix.
func DID(prefix string) string { return Method + prefix }

// Parse reads a DID or a DID URL of the method cn.
//
// Errors: fault.Invalid that says what is wrong with it.
func Parse(s string) (URL, error) {
	if len(s) > maxLength {
		return URL{}, fault.New(fault.Invalid, "DID has %d bytes, at most %d are allowed", len(s), maxLength)
	}
	rest, ok := strings.CutPrefix(s, Method)
	if !ok {
		return URL{}, fault.New(fault.Invalid, "DID %q is not of this network, whose DIDs are like did:cn:88.118.2", s)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	out := URL{Prefix: rest[:end]}
	if !validPrefix(out.Prefix) {
		return URL{}, fault.New(fault.Invalid, "DID %q: %q is not two digits, three to five digits and one to 128 digits, as in 88.118.2", s, out.Prefix)
	}
	return out.parts(s, rest[end:])
}

// parts adds path, query and fragment.
func (u URL) parts(whole, rest string) (URL, error) {
	parsed, err := url.Parse(rest)
	if err != nil || parsed.Scheme != "" || parsed.Host != "" || strings.HasPrefix(rest, "//") {
		return u, fault.New(fault.Invalid, "DID URL %q has a path, query or fragment that is none of a URL", whole)
	}
	if u.Query, err = url.ParseQuery(parsed.RawQuery); err != nil {
		return u, fault.New(fault.Invalid, "DID URL %q has a query that is none of a URL", whole)
	}
	if len(u.Query) == 0 {
		u.Query = nil
	}
	u.Path, u.Fragment = strings.TrimPrefix(parsed.Path, "/"), parsed.Fragment
	return u, nil
}

// validPrefix checks issuer, industry and enterprise: 2, 3 to 5 and 1 to 128 digits.
func validPrefix(p string) bool {
	parts := strings.Split(p, ".")
	if len(parts) != 3 {
		return false
	}
	for i, most := range []int{2, 5, 128} {
		least := []int{2, 3, 1}[i]
		if n := len(parts[i]); n < least || n > most || strings.Trim(parts[i], "0123456789") != "" {
			return false
		}
	}
	return true
}

// String returns the DID URL as Parse reads it, in one form.
func (u URL) String() string {
	rest := url.URL{RawQuery: u.Query.Encode(), Fragment: u.Fragment}
	if u.Path != "" {
		rest.Path = "/" + u.Path
	}
	return Method + u.Prefix + rest.String()
}

// Identifier returns the identifier that a DID URL with a path names, "" for one
// without: did:cn:88.118.2/gb-1 names 88.118.2/gb-1.
func (u URL) Identifier() string {
	if u.Path == "" {
		return ""
	}
	return u.Prefix + "/" + u.Path
}

// At returns the instant as of which the document is asked for, zero for now.
//
// Errors: fault.Invalid when versionTime is no instant.
func (u URL) At() (time.Time, error) {
	text := u.Query.Get("versionTime")
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fault.New(fault.Invalid, "versionTime %q is no instant such as 2026-01-31T00:00:00Z", text)
	}
	return at, nil
}
