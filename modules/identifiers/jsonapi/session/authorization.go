package session

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/strict"
)

// Authorization is what a client says of itself. Its zero value says nothing.
type Authorization struct {
	Session     string // the session that is meant, or ""
	Identity    handle.Reference
	Password    []byte // of the scheme Basic: the bytes of the HS_SECKEY; else nil
	Type        string // HS_PUBKEY or HS_SECKEY
	Nonce       []byte // the server's, in a verification alone
	ClientNonce []byte
	Algorithm   string // such as SHA-256, HMAC-SHA1, PBKDF2WithHmacSHA1
	Salt        []byte // these three of PBKDF2
	Iterations  int
	Length      int // bits
	Signature   []byte
	ClientCert  bool // the server is to ask for a certificate
}

// Limits of what a client may say.
const (
	maxHeader     = 8192
	maxBytes      = 4096 // of a nonce, a salt or a signature
	maxIterations = 100_000
	maxLength     = 512
)

// Complete reports whether everything is there that an answer to a challenge needs.
func (a Authorization) Complete() bool {
	return a.Session != "" && a.Identity.Name != "" && a.Type != "" && len(a.ClientNonce) > 0 && a.Algorithm != "" && len(a.Signature) > 0
}

// ParseAuthorization reads the header Authorization of the schemes Basic and Handle; ""
// says nothing.
//
//   - Basic: the user is an identity whose percent signs and colons, at least, are
//     percent-encoded (301%3A88.118.2/ADMIN), because a colon parts it from the password.
//   - Handle: name="value", parted by commas; names that are not known are passed over.
//   - Errors: fault.Invalid, without what is secret.
func ParseAuthorization(header string) (Authorization, error) {
	if header == "" {
		return Authorization{}, nil
	}
	if len(header) > maxHeader {
		return Authorization{}, fault.New(fault.Invalid, "the header Authorization has %d bytes, at most %d are allowed", len(header), maxHeader)
	}
	scheme, rest, _ := strings.Cut(header, " ")
	switch strings.ToLower(scheme) {
	case "basic":
		return basic(strings.TrimSpace(rest))
	case "handle":
		fields, err := parameters(rest)
		if err != nil {
			return Authorization{}, err
		}
		r := reader{get: func(name string) string { return fields[name] }}
		id, err := url.PathUnescape(fields["id"])
		if err != nil {
			return Authorization{}, fault.New(fault.Invalid, "id in the header Authorization is not percent-encoded; write %%25 for a percent sign")
		}
		return r.authorization(id)
	default:
		return Authorization{}, fault.New(fault.Invalid, "the header Authorization has the scheme %q, want Basic or Handle", scheme)
	}
}

func basic(credentials string) (Authorization, error) {
	b, err := base64.StdEncoding.DecodeString(credentials)
	user, password, ok := strings.Cut(string(b), ":")
	if err != nil || !ok {
		return Authorization{}, fault.New(fault.Invalid, "the header Authorization: Basic is not base64 of an identity, a colon and a password (RFC 7617)")
	}
	user, err = url.PathUnescape(user)
	if err != nil {
		return Authorization{}, fault.New(fault.Invalid, "the user in the header Authorization is not percent-encoded; write %%25 for a percent sign and %%3A for a colon")
	}
	identity, err := ParseIdentity(user)
	if err != nil {
		return Authorization{}, err
	}
	return Authorization{Identity: identity, Password: []byte(password), Type: handle.TypeSecretKey}, nil
}

// ParseIdentity reads an identity: an index, a colon, an identifier. The identifier
// may be a prefix alone, as old ones are.
func ParseIdentity(s string) (handle.Reference, error) {
	index, name, ok := strings.Cut(s, ":")
	i, err := strconv.ParseUint(index, 10, 32)
	if !ok || err != nil || name == "" || len(name) > handle.MaxName || !utf8.ValidString(name) {
		return handle.Reference{}, fault.New(fault.Invalid, "identity %q is not an index, a colon and an identifier, as in 300:88.118.2/ADMIN", s)
	}
	return handle.Reference{Name: handle.Name(name), Index: uint32(i)}, nil
}

// ParseBody reads the document of a POST or PUT at /api/sessions. An empty body says
// nothing.
func ParseBody(body []byte) (Authorization, error) {
	if len(body) == 0 {
		return Authorization{}, nil
	}
	doc, root := strict.Parse(body)
	o := root.Object()
	r := reader{get: func(name string) string {
		v := o.Field(name)
		if !v.Given() {
			return ""
		}
		if v.Kind() != '"' {
			return strconv.FormatUint(v.Number(maxIterations), 10)
		}
		return v.Text()
	}}
	id := ""
	if v := o.Field("id"); v.Given() {
		id = v.Text()
	}
	a, err := r.authorization(id)
	if doc.Err != nil {
		return Authorization{}, doc.Err
	}
	return a, err
}

// ParseVerification reads a request at /api/verifications: the path behind it, decoded,
// and the parameters.
func ParseVerification(identity string, q url.Values) (Authorization, error) {
	r := reader{get: q.Get}
	a, err := r.authorization(identity)
	if err != nil {
		return Authorization{}, err
	}
	if identity == "" || len(a.Nonce) == 0 || len(a.Signature) == 0 {
		return Authorization{}, fault.New(fault.Invalid, "a verification needs an identity, nonce and signature")
	}
	return a, nil
}

// parameters reads name="value" parted by commas. Values may stand without quotes.
func parameters(s string) (map[string]string, error) {
	out := map[string]string{}
	for s = strings.TrimSpace(s); s != ""; {
		name, rest, ok := strings.Cut(s, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" || strings.ContainsAny(name, "\", ") {
			return nil, fault.New(fault.Invalid, `the header Authorization: Handle is not name="value" parted by commas`)
		}
		if _, twice := out[name]; twice {
			return nil, fault.New(fault.Invalid, "the header Authorization: Handle has %s twice", name)
		}
		value, behind, ok := cutValue(strings.TrimSpace(rest))
		if !ok {
			return nil, fault.New(fault.Invalid, "%s in the header Authorization: Handle has no end; close its quotes and part fields by commas", name)
		}
		out[name], s = value, behind
	}
	return out, nil
}

// cutValue cuts a value off, with the comma behind it.
func cutValue(s string) (value, behind string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		value, behind, _ = strings.Cut(s, ",")
		return strings.TrimSpace(value), strings.TrimSpace(behind), true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			behind = strings.TrimSpace(s[i+1:])
			after, comma := strings.CutPrefix(behind, ",")
			return b.String(), strings.TrimSpace(after), comma || behind == ""
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// reader reads the fields of an authorization; the first thing that is wrong stays in
// err.
type reader struct {
	get func(name string) string
	err error
}

func (r *reader) fail(name, want string) {
	if r.err == nil {
		r.err = fault.New(fault.Invalid, "%s is not %s", name, want)
	}
}

func (r *reader) authorization(id string) (Authorization, error) {
	a := Authorization{
		Session: r.get("sessionId"), Type: r.get("type"), Algorithm: r.get("alg"), Nonce: r.bytes("nonce"), ClientNonce: r.bytes("cnonce"),
		Salt: r.bytes("salt"), Signature: r.bytes("signature"), Iterations: r.number("iterations", maxIterations), Length: r.number("length", maxLength),
		ClientCert: r.get("clientCert") == "true",
	}
	if len(a.Session) > 255 || strings.ContainsFunc(a.Session, func(c rune) bool { return c <= ' ' || c > '~' }) {
		r.fail("sessionId", "an id that this server gives")
	}
	if a.Type != "" && a.Type != handle.TypePublicKey && a.Type != handle.TypeSecretKey {
		r.fail("type", "HS_PUBKEY or HS_SECKEY")
	}
	if len(a.Algorithm) > 64 {
		r.fail("alg", "the name of an algorithm")
	}
	if id != "" {
		identity, err := ParseIdentity(id)
		if err != nil && r.err == nil {
			r.err = err
		}
		a.Identity = identity
	}
	if r.err != nil {
		return Authorization{}, r.err
	}
	return a, nil
}

// bytes reads base64; white space in it is passed over, since headers may be folded.
func (r *reader) bytes(name string) []byte {
	s := strings.Join(strings.Fields(r.get(name)), "")
	if s == "" {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) > maxBytes {
		r.fail(name, "base64 of at most 4096 bytes")
	}
	return b
}

func (r *reader) number(name string, most int) int {
	s := r.get(name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		r.fail(name, "a whole number from 1 to "+strconv.Itoa(most))
	}
	return n
}
