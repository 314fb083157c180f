// Package bundle is the one text file that proves a number: what was stated, that it
// stands in the log, when it was stamped, and by whose key.
//
// What must hold: a bundle has one encoding, so two that say the same are the same
// bytes; what is in it is taken as it is and nothing is read that is not in it; its
// size bounds what reading it costs.
//
// The format (docs/verify/format.md) is a line "yuzhou-bundle/v1" and then parts. A
// part is a line with its kind and the length of its body in bytes, the body, and a
// line feed. The first part is the statement that is proved; key parts are the
// statements of the keys that signed, input parts those that a derived number rests
// on. After each of these come the formula of a derived number (formula, once), the
// proof that it stands in the log (log, once) and the time stamps of that proof's
// checkpoint (time).
package bundle

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"yuzhou/kernel/fault"
)

// header is the first line.
const header = "yuzhou-bundle/v1\n"

// MaxSize is how many bytes a bundle may have, and MaxParts how many parts.
const (
	MaxSize  = 64 << 20
	MaxParts = 100_000
)

// Kind says what a part is.
type Kind string

// The kinds of parts.
const (
	Stated Kind = "statement" // secured statement, canonical JSON
	Key    Kind = "key"       // secured statement of a key
	Input  Kind = "input"     // secured statement of an input
	Rule   Kind = "formula"   // text of the formula of the statement before it
	InLog  Kind = "log"       // C2SP tlog-proof of the statement before it
	Stamp  Kind = "time"      // RFC 3161 token, base64 of its DER, of the checkpoint in the log proof before it
)

// Entry is a secured statement with what proves that it was logged and when.
type Entry struct {
	Doc     []byte   // canonical JSON
	Formula []byte   // what Doc's formula.digest is of; nil: not here
	Log     []byte   // tlog-proof; nil: not proved to be in a log
	Stamps  [][]byte // RFC 3161 tokens, DER
}

// Bundle is a file taken apart; nothing of it is verified.
type Bundle struct {
	Statement Entry
	Keys      []Entry
	Inputs    []Entry
}

// Append appends the bundle's one encoding to b.
func (x *Bundle) Append(b []byte) []byte {
	b = append(b, header...)
	b = x.Statement.append(b, Stated)
	for _, e := range x.Keys {
		b = e.append(b, Key)
	}
	for _, e := range x.Inputs {
		b = e.append(b, Input)
	}
	return b
}

func (e Entry) append(b []byte, kind Kind) []byte {
	b = appendPart(b, kind, e.Doc)
	if e.Formula != nil {
		b = appendPart(b, Rule, e.Formula)
	}
	if e.Log != nil {
		b = appendPart(b, InLog, e.Log)
	}
	for _, s := range e.Stamps {
		b = appendPart(b, Stamp, base64.StdEncoding.AppendEncode(nil, s))
	}
	return b
}

func appendPart(b []byte, kind Kind, body []byte) []byte {
	b = append(b, kind...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, '\n')
	b = append(b, body...)
	return append(b, '\n')
}

// Parse takes a bundle apart. The parts of the result share memory with file.
//
// Errors: fault.Invalid, with the byte at which the file is no bundle.
func Parse(file []byte) (Bundle, error) {
	var x Bundle
	if len(file) > MaxSize {
		return x, fault.New(fault.Invalid, "the bundle has %d bytes, at most %d are read", len(file), MaxSize)
	}
	rest, ok := bytes.CutPrefix(file, []byte(header))
	if !ok {
		return x, fault.New(fault.Invalid, "the file does not begin with the line %q: it is no bundle", header[:len(header)-1])
	}
	var last *Entry
	for n := 0; len(rest) > 0; n++ {
		at := len(file) - len(rest)
		if n == MaxParts {
			return x, fault.New(fault.Invalid, "the bundle has more than %d parts", MaxParts)
		}
		p, after, err := cutPart(rest, at)
		if err != nil {
			return x, err
		}
		rest = after
		if last, err = x.take(p, last, at); err != nil {
			return x, err
		}
	}
	if last == nil {
		return x, fault.New(fault.Invalid, "the bundle has no statement")
	}
	return x, nil
}

// part is one part of a file.
type part struct {
	kind Kind
	body []byte
}

// cutPart reads one part from the beginning of rest, which is byte at of the file.
func cutPart(rest []byte, at int) (p part, after []byte, err error) {
	const longest = 32 // of the line of a part
	i := bytes.IndexByte(rest[:min(len(rest), longest)], '\n')
	if i < 0 {
		return p, nil, fault.New(fault.Invalid, "byte %d: there is no line such as \"statement 812\"", at)
	}
	name, digits, ok := bytes.Cut(rest[:i], []byte(" "))
	n, bad := strconv.Atoi(string(digits))
	if !ok || bad != nil || n < 0 || strconv.Itoa(n) != string(digits) {
		return p, nil, fault.New(fault.Invalid, "byte %d: %q is not a kind and a length such as \"statement 812\"", at, rest[:i])
	}
	rest = rest[i+1:]
	if n >= len(rest) || rest[n] != '\n' {
		return p, nil, fault.New(fault.Invalid, "byte %d: the part %s is not %d bytes and the end of a line", at, name, n)
	}
	return part{Kind(name), rest[:n:n]}, rest[n+1:], nil
}

// take puts a part where it belongs; last is the statement that stood before it.
func (x *Bundle) take(p part, last *Entry, at int) (*Entry, error) {
	kind, body := p.kind, p.body
	switch {
	case last == nil && kind != Stated:
		return nil, fault.New(fault.Invalid, "byte %d: the first part is %q; it is the statement", at, kind)
	case kind == Stated && last == nil:
		x.Statement.Doc = body
		return &x.Statement, nil
	case kind == Key && len(x.Inputs) == 0:
		x.Keys = append(x.Keys, Entry{Doc: body})
		return &x.Keys[len(x.Keys)-1], nil
	case kind == Input:
		x.Inputs = append(x.Inputs, Entry{Doc: body})
		return &x.Inputs[len(x.Inputs)-1], nil
	case kind == Rule && last.Formula == nil && last.Log == nil && last.Stamps == nil:
		last.Formula = body
		return last, nil
	case kind == InLog && last.Log == nil && last.Stamps == nil:
		last.Log = body
		return last, nil
	case kind == Stamp && last.Log != nil:
		token, err := base64.StdEncoding.Strict().DecodeString(string(body))
		if err != nil || base64.StdEncoding.EncodeToString(token) != string(body) {
			return nil, fault.New(fault.Invalid, "byte %d: the time stamp is not base64 on one line", at)
		}
		last.Stamps = append(last.Stamps, token)
		return last, nil
	}
	return nil, fault.New(fault.Invalid, "byte %d: %q cannot stand there; a bundle is statement, keys, inputs, each with its formula, log and times", at, kind)
}
