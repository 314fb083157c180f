// Package body reads and writes what messages of the Handle protocol say beside their
// header: what is asked of records, and the answers.
//
// What must hold: Append and Parse are inverses for what they accept; hostile bytes are
// fault.Invalid and make nobody allocate more than they are long. What is parsed shares
// the memory of what it was parsed from where it is bytes. Which body a message has, its
// operation and code say; of an answer the digest of its request is taken off before, see
// access.Content. The answer to wire.OpSiteInfo is the data of an HS_SITE value, see
// typed.ParseSite.
//
// Source: RFC 3652 §3, DO-IRP 3.0, Handle.Net; see package wire.
//
// A text on the wire is its length in 4 bytes and as many bytes of UTF-8; a list is its
// count in 4 bytes and that many. Names are read as they come: whoever looks one up has
// handle.Parse check it. A name is at most handle.MaxName bytes long.
package body

import (
	"encoding/binary"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
	"yuzhou/modules/identifiers/wire"
)

// maxList is how many names, indexes or types a list has at most; a message of 262,144
// bytes has no room for more.
const maxList = wire.MaxLength / 4

// Resolve is the body of a request for values (OpResolve), and of OpPasswordLogin:
//
//	name, list of indexes (4 bytes each), list of types
//
// id-pointer-sdk writes one more text behind it, empty in all published versions: who
// asks, to be carried through recursion. It is read when it is there.
// Source: RFC 3652 §3.2.1.
type Resolve struct {
	Name     []byte // shares the memory of what was parsed
	Query    handle.Query
	Identity []byte
}

// ParseResolve reads the body of a request for values. It allocates only for indexes
// and types, which a plain request has none of.
func ParseResolve(body []byte) (Resolve, error) {
	if q, ok := parsePlain(body); ok {
		return q, nil
	}
	r := octets.Reader{Rest: body}
	q := Resolve{Name: readName(&r)}
	q.Query.Indexes = readIndexes(&r)
	for range r.Count("types", maxList, 4) {
		q.Query.Types = append(q.Query.Types, string(r.Bytes("type")))
	}
	if r.Err == nil && len(r.Rest) > 0 {
		q.Identity = r.Bytes("identity")
	}
	r.End("the request")
	if r.Err != nil {
		return Resolve{}, r.Err
	}
	return q, nil
}

// parsePlain reads what nearly all requests are: a name and two empty lists.
func parsePlain(body []byte) (Resolve, bool) {
	n := len(body) - 12
	if n < 0 || n > handle.MaxName {
		return Resolve{}, false
	}
	be := binary.BigEndian
	if be.Uint32(body) != uint32(n) || be.Uint64(body[4+n:]) != 0 {
		return Resolve{}, false
	}
	return Resolve{Name: body[4 : 4+n : 4+n]}, true
}

// AppendResolve appends the body of a request for values. An empty identity is left out.
func AppendResolve(dst []byte, q Resolve) []byte {
	dst = octets.AppendBytes(dst, q.Name)
	dst = appendIndexes(dst, q.Query.Indexes)
	dst = octets.AppendCount(dst, len(q.Query.Types))
	for _, t := range q.Query.Types {
		dst = octets.AppendBytes(dst, t)
	}
	if len(q.Identity) > 0 {
		dst = octets.AppendBytes(dst, q.Identity)
	}
	return dst
}

// ParseRecord reads a name and a list of values: the answer to OpResolve, and the
// requests OpCreate, OpAddValues and OpModifyValues. With MintSuffix the name is a
// prefix, "/", and what the new suffix begins with. The order of the values is kept as
// it came; see handle.Record.Check. Source: RFC 3652 §3.2.2, §3.6.
func ParseRecord(body []byte) (handle.Record, error) {
	r := octets.Reader{Rest: body}
	rec := handle.Record{Name: handle.Name(readName(&r)), Values: handle.ReadValues(&r)}
	r.End("the values")
	if r.Err != nil {
		return handle.Record{}, r.Err
	}
	return rec, nil
}

// AppendRecord appends a name and a list of values.
func AppendRecord(dst []byte, rec handle.Record) []byte {
	return handle.AppendValues(octets.AppendBytes(dst, string(rec.Name)), rec.Values)
}

// ParseName reads a body that is one name: the requests OpDelete, OpList,
// OpListPrefixes, OpHome and OpUnhome, and the answer to OpCreate. The requests
// OpSiteInfo, OpListHomed, OpTerminateSession, OpNextTransaction and OpBackup have one
// too that means nothing; Handle.Net writes "/".
//
// An empty body is the name "": servers below 2.3 answer OpCreate so, and RFC 3652 has
// none in the requests whose name means nothing.
func ParseName(body []byte) (handle.Name, error) {
	if len(body) == 0 {
		return "", nil
	}
	r := octets.Reader{Rest: body}
	name := handle.Name(readName(&r))
	r.End("the name")
	if r.Err != nil {
		return "", r.Err
	}
	return name, nil
}

// AppendName appends a body that is one name.
func AppendName(dst []byte, name handle.Name) []byte {
	return octets.AppendBytes(dst, string(name))
}

// Removal is the body of a request to remove values (OpRemoveValues):
//
//	name, list of indexes (4 bytes each)
//
// Source: RFC 3652 §3.6.2.
type Removal struct {
	Name    handle.Name
	Indexes []uint32
}

// ParseRemoval reads the body of a request to remove values.
func ParseRemoval(body []byte) (Removal, error) {
	r := octets.Reader{Rest: body}
	q := Removal{Name: handle.Name(readName(&r)), Indexes: readIndexes(&r)}
	r.End("the indexes")
	if r.Err != nil {
		return Removal{}, r.Err
	}
	return q, nil
}

// AppendRemoval appends the body of a request to remove values.
func AppendRemoval(dst []byte, q Removal) []byte {
	return appendIndexes(octets.AppendBytes(dst, string(q.Name)), q.Indexes)
}

// ParseNames reads a list of names: the answers to OpList, OpListPrefixes and
// OpListHomed. A long list comes in several messages, all but the last with Continuous.
// Source: RFC 3652 §3.7.
func ParseNames(body []byte) ([]handle.Name, error) {
	r := octets.Reader{Rest: body}
	var out []handle.Name
	for range r.Count("names", maxList, 4) {
		out = append(out, handle.Name(readName(&r)))
	}
	r.End("the names")
	if r.Err != nil {
		return nil, r.Err
	}
	return out, nil
}

// AppendNames appends a list of names.
func AppendNames(dst []byte, names []handle.Name) []byte {
	dst = octets.AppendCount(dst, len(names))
	for _, n := range names {
		dst = octets.AppendBytes(dst, string(n))
	}
	return dst
}

// Referral is the body of an answer that leads elsewhere (ServiceReferral,
// PrefixReferral):
//
//	name, and when the body goes on, list of values
//
// Either the name leads to a record with HS_SITE or HS_SERV values, or the name is empty
// and the values are these. Handle.Net writes an empty list behind a name; DO-IRP 3.0 has
// nothing there. Source: RFC 3652 §3.4, DO-IRP 3.0.
type Referral struct {
	To     handle.Name
	Values []handle.Value
}

// ParseReferral reads the body of a referral.
func ParseReferral(body []byte) (Referral, error) {
	r := octets.Reader{Rest: body}
	a := Referral{To: handle.Name(readName(&r))}
	if r.Err == nil && len(r.Rest) > 0 {
		a.Values = handle.ReadValues(&r)
	}
	r.End("the referral")
	if r.Err != nil {
		return Referral{}, r.Err
	}
	return a, nil
}

// AppendReferral appends the body of a referral; without values it ends with the name.
func AppendReferral(dst []byte, a Referral) []byte {
	dst = octets.AppendBytes(dst, string(a.To))
	if len(a.Values) == 0 {
		return dst
	}
	return handle.AppendValues(dst, a.Values)
}

// ErrorAnswer is the body of an answer whose code is an error (Code.IsError):
//
//	text, and when the body goes on, list of indexes (4 bytes each)
//
// The indexes are those of the values at fault (DO-IRP 3.0; Handle.Net writes none).
// Servers of version 2.0 leave out an empty text. Source: RFC 3652 §3.3.
type ErrorAnswer struct {
	Text    string
	Indexes []uint32
}

// ParseErrorAnswer reads the body of an error. Its text is as it came, perhaps no UTF-8.
func ParseErrorAnswer(body []byte) (ErrorAnswer, error) {
	if len(body) == 0 {
		return ErrorAnswer{}, nil
	}
	r := octets.Reader{Rest: body}
	a := ErrorAnswer{Text: string(r.Bytes("text of the error"))}
	if r.Err == nil && len(r.Rest) > 0 {
		a.Indexes = readIndexes(&r)
	}
	r.End("the error")
	if r.Err != nil {
		return ErrorAnswer{}, r.Err
	}
	return a, nil
}

// AppendErrorAnswer appends the body of an error; without indexes it ends with the text.
func AppendErrorAnswer(dst []byte, a ErrorAnswer) []byte {
	dst = octets.AppendBytes(dst, a.Text)
	if len(a.Indexes) == 0 {
		return dst
	}
	return appendIndexes(dst, a.Indexes)
}

// readName reads a text that is a name, with the limit of its length.
func readName(r *octets.Reader) []byte {
	b := r.Bytes("name")
	if len(b) > handle.MaxName {
		r.Fail("the name has %d bytes, at most %d are allowed", len(b), handle.MaxName)
		return nil
	}
	return b
}

func readIndexes(r *octets.Reader) []uint32 {
	n := r.Count("indexes", maxList, 4)
	if n == 0 {
		return nil
	}
	out := make([]uint32, 0, n)
	for range n {
		out = append(out, r.Uint32("index"))
	}
	return out
}

func appendIndexes(dst []byte, indexes []uint32) []byte {
	dst = octets.AppendCount(dst, len(indexes))
	for _, i := range indexes {
		dst = binary.BigEndian.AppendUint32(dst, i)
	}
	return dst
}

// readReference reads a name and an index.
func readReference(r *octets.Reader) handle.Reference {
	return handle.Reference{Name: handle.Name(readName(r)), Index: r.Uint32("index")}
}

func appendReference(dst []byte, ref handle.Reference) []byte {
	return binary.BigEndian.AppendUint32(octets.AppendBytes(dst, string(ref.Name)), ref.Index)
}

// Login is the body of a request to sign a connection in (OpLogin):
//
//	name and index of the key
//
// The server answers with a challenge (ChallengeNeeded), the client with OpAnswerChallenge
// on the same connection; the answer to that must have operation OpLogin again: clients
// refuse OpAnswerChallenge. Its body nobody reads.
// Source: ID-SDK MsgBytesConvertor, IdentifierResolveEngine; id-pointer-sdk MsgConverter.
type Login struct {
	Identity handle.Reference
}

// ParseLogin reads the body of a request to sign a connection in.
func ParseLogin(body []byte) (Login, error) {
	r := octets.Reader{Rest: body}
	q := Login{Identity: readReference(&r)}
	r.End("the identity")
	if r.Err != nil {
		return Login{}, r.Err
	}
	return q, nil
}

// AppendLogin appends the body of a request to sign a connection in.
func AppendLogin(dst []byte, q Login) []byte { return appendReference(dst, q.Identity) }
