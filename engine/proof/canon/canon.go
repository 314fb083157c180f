// Package canon writes JSON in the one form that is hashed and signed.
//
// What must hold: two documents that say the same have the same bytes, and what a
// document says is what every reader of JSON makes of it. So whatever one reader
// could take otherwise than another is refused, never repaired: a key that is there
// twice, a number that a double does not hold, half a surrogate pair, bytes that are
// no UTF-8. A document that is canonical comes out as it is.
//
// Source: RFC 8785 (JSON Canonicalization Scheme) over RFC 7493 (I-JSON) over RFC
// 8259. It is stricter than RFC 8785 in two things: a number must come back digit for
// digit and lie within ±(2^53-1), where RFC 8785 rounds (its own example
// 333333333.33333329 is refused); and arrays and objects stand at most MaxDepth deep.
package canon

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/gowebpki/jcs"

	"yuzhou/kernel/fault"
)

// MaxDepth is how many arrays and objects may stand in one another.
const MaxDepth = 64

// Canonical returns doc in canonical form.
//
//   - doc: one JSON value in UTF-8, white space around it allowed.
//   - Result: new bytes, without white space, keys in the order of their UTF-16 code
//     units, numbers as ECMAScript prints them; Canonical of it is the same bytes.
//   - Errors: fault.Invalid with the byte, from 0, at which doc is not I-JSON.
//   - Source: RFC 8785 §3.2, RFC 7493 §2.
func Canonical(doc []byte) ([]byte, error) {
	s := scanner{doc: doc}
	if err := s.document(); err != nil {
		return nil, err
	}
	if !s.loose {
		// Most documents come from here. The fuzz test holds that jcs would not
		// change them; it takes five times as long as the scan.
		return bytes.Clone(doc), nil
	}
	out, err := jcs.Transform(doc)
	if err != nil {
		// The scanner lets nothing through that jcs refuses; the fuzz test holds that.
		return nil, &fault.Fault{Kind: fault.Invalid, Text: "the document has no canonical form", Err: err}
	}
	return out, nil
}

// Check reports whether doc is in canonical form already.
//
// Errors: fault.Invalid with the byte at which doc is not I-JSON, or the first byte
// that canonical form has otherwise.
func Check(doc []byte) error {
	out, err := Canonical(doc)
	if err != nil || bytes.Equal(doc, out) {
		return err
	}
	at := 0
	for at < len(doc) && at < len(out) && doc[at] == out[at] {
		at++
	}
	return fault.New(fault.Invalid, "byte %d: the document is JSON but not in the canonical form of RFC 8785; write it without white space, with sorted keys and short escapes", at)
}

// Marshal returns v as encoding/json writes it, in canonical form. The characters
// < > & and U+2028, U+2029 stand for themselves.
//
// Errors: fault.Invalid when v has no JSON, holds text that is no UTF-8 (which
// encoding/json would replace without a word) or a number outside I-JSON. Raw JSON in
// v must write U+FFFD as itself, not escaped.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, &fault.Fault{Kind: fault.Invalid, Text: "the value cannot be written as JSON", Err: err}
	}
	doc := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if replaced(string(doc)) {
		return nil, fault.New(fault.Invalid, "the value holds text that is not UTF-8, which JSON would replace by U+FFFD; give valid UTF-8")
	}
	return Canonical(doc)
}

// replaced reports whether encoding/json has put U+FFFD for bytes that are no UTF-8:
// then it writes an escape, and for the character itself its bytes.
func replaced(doc string) bool {
	for {
		before, after, found := strings.Cut(doc, `\ufffd`)
		if !found {
			return false
		}
		// After an odd number of backslashes this one is escaped and begins nothing.
		if (len(before)-len(strings.TrimRight(before, `\`)))%2 == 0 {
			return true
		}
		doc = after
	}
}
