// Package session reads who a client of the HTTP JSON API says to be, and writes what
// a server asks and answers: the headers Authorization and WWW-Authenticate, and the
// documents of /api/sessions and /api/verifications.
//
// What must hold: no error repeats a password or a signature; numbers that make a
// server work (iterations, lengths) are bounded here. Whether an answer is right is
// decided elsewhere; the package knows no key, no clock and no network.
//
// Source: Handle.Net 9 technical manual §14.6 and §14.7, RFC 7617; the bytes of the
// documents as Handle.Net 9.2.0 writes them.
package session

import (
	"encoding/base64"
	"strconv"
	"strings"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/strict"
)

// AskBasic is the header WWW-Authenticate that lets browsers ask for a password. It is
// left out when a script asks (X-Requested-With), which could not answer it.
const AskBasic = `Basic realm="handle"`

// Session is what a server says of a session.
type Session struct {
	ID    string // a secret of server and client, 1 to 255 letters, digits and "-"
	Nonce []byte // 16 bytes that the client signs, before its own
	// The server's signature of Nonce and the client's nonce, when the client sent one.
	ServerAlgorithm string
	ServerSignature []byte
	Authenticated   bool
	Identity        handle.Reference // once authenticated
	Error           string           // why not, in words
}

// Append appends the session as a document.
func (s Session) Append(dst []byte) []byte {
	dst = strict.AppendText(append(dst, `{"sessionId":`...), s.ID)
	dst = appendBase64(append(dst, `,"nonce":`...), s.Nonce)
	if s.ServerAlgorithm != "" {
		dst = strict.AppendText(append(dst, `,"serverAlg":`...), s.ServerAlgorithm)
		dst = appendBase64(append(dst, `,"serverSignature":`...), s.ServerSignature)
	}
	if s.Authenticated {
		dst = strict.AppendText(append(dst, `,"authenticated":true,"id":`...), Identity(s.Identity))
	}
	if s.Error != "" {
		dst = strict.AppendText(append(dst, `,"error":`...), s.Error)
	}
	return append(dst, '}')
}

// Challenge returns the header WWW-Authenticate that asks a client to answer.
func (s Session) Challenge() string {
	var b strings.Builder
	b.WriteString("Handle sessionId=" + quoted(s.ID) + ", nonce=" + quoted(base64.StdEncoding.EncodeToString(s.Nonce)))
	if s.ServerAlgorithm != "" {
		b.WriteString(", serverAlg=" + quoted(s.ServerAlgorithm) + ", serverSignature=" + quoted(base64.StdEncoding.EncodeToString(s.ServerSignature)))
	}
	if s.Error != "" {
		b.WriteString(", error=" + quoted(s.Error))
	}
	return b.String()
}

// quoted returns a quoted string of a header; what is no visible ASCII becomes "?".
func quoted(s string) string {
	out := []byte{'"'}
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r < ' ' || r > '~':
			out = append(out, '?')
		default:
			out = append(out, byte(r))
		}
	}
	return string(append(out, '"'))
}

// Identity returns an identity as the API writes it: 300:88.118.2/ADMIN.
func Identity(r handle.Reference) string {
	return strconv.FormatUint(uint64(r.Index), 10) + ":" + string(r.Name)
}

func appendBase64(dst, b []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), b), '"')
}
