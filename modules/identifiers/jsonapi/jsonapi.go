// Package jsonapi reads and writes the documents of the HTTP JSON API of the Handle
// System: records, answers, lists, and what the parameters of a request say.
//
// What must hold: clients of Handle.Net get the bytes they get from it, down to the
// order of fields and to the count that is a text; what AppendValue writes ParseValues
// reads as the same value. A request that says something unclear is refused in a
// sentence that names the field, never guessed at. The package knows no network.
//
// Source: Handle.Net 9 technical manual, chapter 14; the bytes as Handle.Net 9.2.0
// answers (testdata). The escapes are those of encoding/json without those for HTML.
package jsonapi

import (
	"bytes"
	"encoding/json"
	"strconv"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/strict"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
)

// Answer answers a request about one identifier.
type Answer struct {
	Code     wire.Code
	Message  string      // what was wrong, in words
	Name     handle.Name // as it was asked for, or as it was made; may be empty
	Referral handle.Name // of a referral: whose record says where to go; may be empty
	// Values are those that were asked for. Of a write they are nil, and missing in the
	// document; of a resolution without values they are empty.
	Values []handle.Value
}

// Append appends the answer as a document.
func (a Answer) Append(dst []byte) []byte {
	dst = appendCode(dst, a.Code)
	if a.Code == wire.Success {
		dst = a.appendName(dst)
		return append(a.appendValues(dst), '}')
	}
	if a.Message != "" {
		dst = strict.AppendText(append(dst, `,"message":`...), a.Message)
	}
	if a.Referral != "" {
		dst = strict.AppendText(append(dst, `,"referralHandle":`...), a.Referral)
	}
	dst = a.appendValues(dst)
	return append(a.appendName(dst), '}')
}

func (a Answer) appendName(dst []byte) []byte {
	if a.Name == "" {
		return dst
	}
	return strict.AppendText(append(dst, `,"handle":`...), a.Name)
}

func (a Answer) appendValues(dst []byte) []byte {
	if a.Values == nil {
		return dst
	}
	dst = append(dst, `,"values":[`...)
	for i, v := range a.Values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendValue(dst, v)
	}
	return append(dst, ']')
}

// Listing answers with the identifiers below a prefix.
type Listing struct {
	Prefix string
	Total  int64 // of all pages
	Paged  bool  // Page and Size were asked for
	Page   int   // from 0
	Size   int
	Names  []handle.Name
}

// Append appends the listing as a document. The total is a text in it.
func (l Listing) Append(dst []byte) []byte {
	dst = appendCode(dst, wire.Success)
	dst = strict.AppendText(append(dst, `,"prefix":`...), l.Prefix)
	dst = appendTotal(dst, l.Total)
	if l.Paged {
		dst = strconv.AppendInt(append(dst, `,"page":`...), int64(l.Page), 10)
		dst = strconv.AppendInt(append(dst, `,"pageSize":`...), int64(l.Size), 10)
	}
	dst = append(dst, `,"handles":`...)
	return append(appendTexts(dst, l.Names), '}')
}

// Prefixes answers with the prefixes that a server is responsible for, as names that
// describe them (0.NA/88.118).
type Prefixes []handle.Name

// Append appends the prefixes as a document.
func (p Prefixes) Append(dst []byte) []byte {
	dst = appendTotal(appendCode(dst, wire.Success), int64(len(p)))
	return append(appendTexts(append(dst, `,"prefixes":`...), p), '}')
}

// AppendSite appends the document that answers with a server's site.
func AppendSite(dst []byte, s typed.Site) []byte {
	dst = append(appendCode(dst, wire.Success), `,"site":`...)
	return append(appendSite(dst, s), '}')
}

// Verdict answers whether a signature is that of an identity.
type Verdict struct {
	Valid bool
	Name  handle.Name // of the identity
}

// Append appends the verdict as a document.
func (v Verdict) Append(dst []byte) []byte {
	dst = strconv.AppendBool(append(appendCode(dst, wire.Success), `,"isValid":`...), v.Valid)
	return append(Answer{Name: v.Name}.appendName(dst), '}')
}

func appendCode(dst []byte, c wire.Code) []byte {
	return strconv.AppendUint(append(dst, `{"responseCode":`...), uint64(c), 10)
}

func appendTotal(dst []byte, n int64) []byte {
	return append(strconv.AppendInt(append(dst, `,"totalCount":"`...), n, 10), '"')
}

func appendTexts(dst []byte, names []handle.Name) []byte {
	dst = append(dst, '[')
	for i, n := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strict.AppendText(dst, n)
	}
	return append(dst, ']')
}

// Types of content of an answer.
const (
	ContentJSON   = "application/json;charset=utf-8"
	ContentScript = "application/javascript;charset=utf-8" // with a callback
)

// Dress returns a document as a request wants it, indented or as a call of a function
// (JSONP), and its type of content.
func (r Request) Dress(doc []byte) ([]byte, string) {
	if r.Pretty {
		var b bytes.Buffer
		if json.Indent(&b, doc, "", "  ") == nil {
			doc = b.Bytes()
		}
	}
	if r.Callback == "" {
		return doc, ContentJSON
	}
	out := make([]byte, 0, len(r.Callback)+len(doc)+3)
	out = append(append(out, r.Callback...), '(')
	return append(append(out, doc...), ");"...), ContentScript
}
