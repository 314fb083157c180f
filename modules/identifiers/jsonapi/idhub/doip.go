package idhub

import (
	"cmp"
	"net/url"
	"slices"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/strict"
)

// Code says how a request to the standard API went.
type Code int

// The codes (响应状态码). Writes that succeed answer CodeDone, reads CodeOK.
const (
	CodeOK              Code = 1
	CodeInvalid         Code = 101 // the request
	CodeUnauthenticated Code = 102
	CodeUnauthorized    Code = 103
	CodeNotFound        Code = 104
	CodeExists          Code = 105
	CodeArgument        Code = 106 // what is given in the request
	CodeMayNotRead      Code = 403
	CodeMayNotWrite     Code = 406
	CodeError           Code = 500
	CodeNoTemplate      Code = 604
	CodeForeign         Code = 701 // an identifier of another enterprise
	CodeDone            Code = 10000
)

// CodeOf returns the code for an error; nil is CodeOK.
func CodeOf(err error) Code {
	if err == nil {
		return CodeOK
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return CodeArgument
	case fault.NotFound:
		return CodeNotFound
	case fault.Conflict:
		return CodeExists
	case fault.Forbidden:
		return CodeUnauthorized
	case fault.Busy:
	}
	return CodeError
}

// Reply is an answer of the standard API. Data is Token, a challenge, Object or
// Instance; it is left out when it is nil.
type Reply struct {
	Code    Code   `json:"code"`
	Message string `json:"message"` // 成功, or why not
	Data    any    `json:"data,omitempty"`
}

// Append appends the reply as a document.
func (r Reply) Append(dst []byte) []byte { return appendJSON(dst, r) }

// Operation is what is asked for at /api/v1/doip.
type Operation string

// The operations; the names are those of DOIP 2.0 and one of the API's own.
const (
	Create   Operation = "0.DOIP/Op.Create"
	Update   Operation = "0.DOIP/Op.Update" // all that the record had is replaced
	Merge    Operation = "0.DOIP.EXTEND/Op.Update.Non.Overlay"
	Delete   Operation = "0.DOIP/Op.Delete"
	Retrieve Operation = "0.DOIP/Op.Retrieve"
)

// ParseOperation reads the parameters of a request at /api/v1/doip.
//
//   - post: whether the request is a POST, by which things are changed, else a GET.
//   - Errors: fault.Invalid that names the parameter.
func ParseOperation(q url.Values, post bool) (Operation, handle.Name, error) { //nolint:revive // it is the request's method
	name, err := handle.Parse(q.Get("targetId"))
	if err != nil {
		return "", "", err
	}
	if len([]rune(string(name))) > maxName {
		return "", "", fault.New(fault.Invalid, "targetId has more than %d characters", maxName)
	}
	op := Operation(q.Get("operationId"))
	allowed := []Operation{Retrieve}
	if post {
		allowed = []Operation{Create, Update, Merge, Delete}
	}
	if !slices.Contains(allowed, op) {
		return "", "", fault.Say(fault.Invalid, "操作类型 operationId 是 %q，应为 %q 之一。", "operationId is %q, want one of %q", string(op), allowed)
	}
	return op, name, nil
}

// Object is what is registered by the standard API: fields by the English names of a
// template's items.
type Object struct {
	Type       handle.Name `json:"type"` // of the template
	Attributes Attributes  `json:"attributes"`
}

// Attributes are the fields of an object.
type Attributes struct {
	Content map[string]string `json:"content"`
}

// ParseObject reads the body of Create, Update or Merge. Fields may be texts, numbers
// or truth values; they are kept as they are written.
func ParseObject(body []byte) (Object, error) {
	doc, root := strict.Parse(body)
	o := root.Object("type", "attributes")
	kind, err := readName(o.Field("type"))
	out := Object{Type: kind, Attributes: Attributes{Content: map[string]string{}}}
	content := o.Field("attributes").Object("content").Field("content").Object()
	for _, name := range content.Names() {
		out.Attributes.Content[name] = content.Field(name).Scalar()
	}
	if err := cmp.Or(doc.Err, err); err != nil {
		return Object{}, err
	}
	return out, nil
}

// Instance is a record as Retrieve answers it.
type Instance struct {
	ID         handle.Name `json:"id"`
	Type       handle.Name `json:"type"`
	Attributes struct {
		ID       handle.Name `json:"id"`
		Type     handle.Name `json:"type"`
		Elements []Element   `json:"elements"`
	} `json:"attributes"`
}

// Element is one field of an instance.
type Element struct {
	Index    uint32 `json:"index"`
	Type     string `json:"type"` // the item's English name
	Name     string `json:"name"` // and its Chinese one
	Data     string `json:"data"`
	DataType int    `json:"dataType"` // 1 text, 2 number, 3 day
}

// InstanceOf returns a record as Retrieve answers it.
//
//   - kind: of the template that it was made by, "" for none.
//   - items: what that says (Type, Name, DataType), by index; a value that has none is a
//     text of the name that its type is.
func InstanceOf(r handle.Record, kind handle.Name, items map[uint32]Element) Instance {
	out := Instance{ID: r.Name, Type: kind}
	out.Attributes.ID, out.Attributes.Type, out.Attributes.Elements = r.Name, kind, []Element{}
	for _, v := range r.Values {
		if v.Index == TemplateIndex || v.Index == VersionIndex {
			continue
		}
		e := Element{Index: v.Index, Type: v.Type, Name: v.Type, Data: string(v.Data), DataType: typeText}
		if item, ok := items[v.Index]; ok {
			e.Type, e.Name, e.DataType = item.Type, item.Name, item.DataType
		}
		out.Attributes.Elements = append(out.Attributes.Elements, e)
	}
	return out
}

// Response is the body of /api/v1/doip/public/verify-response: the signature, by the
// key of an application's identity, of the challenge that it was given. An RSA key signs
// with PKCS #1 v1.5 over SHA-256.
type Response struct {
	Identity  handle.Name
	Signature []byte
}

// ParseResponse reads the body of a request for a token.
func ParseResponse(body []byte) (Response, error) {
	doc, root := strict.Parse(body)
	o := root.Object()
	name, err := readName(o.Field("handle"))
	signature := o.Field("signature").Base64(maxSignature)
	if err := cmp.Or(doc.Err, err); err != nil {
		return Response{}, err
	}
	return Response{Identity: name, Signature: signature}, nil
}

const maxSignature = 2048

// Grant is the body of /api/v1/single-handle/authorization: who may read and write an
// identifier from now on.
type Grant struct {
	Name          handle.Name
	Class         bool // grantType 1: as its template says from now on, and nothing of its own
	Public        bool // readerScope 1: all may read it; 2: those who are named
	Readers       []handle.Name
	Writers       []handle.Name
	RemoveReaders []handle.Name
	RemoveWriters []handle.Name
}

// maxGrantees is how many identities a grant may name in one list.
const maxGrantees = 1000

// ParseGrant reads a grant on one identifier.
func ParseGrant(body []byte) (Grant, error) {
	doc, root := strict.Parse(body)
	o := root.Object("handle", "grantType", "readerScope", "handleUserReaders", "handleUserWriters", "delHandleUserReaders", "delHandleUserWriters")
	name, err := readName(o.Field("handle"))
	g := Grant{Name: name}
	if kind := o.Field("grantType"); kind.Given() {
		g.Class = oneOf(kind, "1 (of its template) or 2 (of its own)") == 1
	}
	if g.Class {
		return g, cmp.Or(doc.Err, err)
	}
	switch scope := o.Field("readerScope"); scope.Number(2) {
	case 1:
		g.Public = true
	case 2:
	default:
		scope.Fail("1 (public) or 2 (those who are named)")
	}
	for _, l := range []struct {
		field string
		into  *[]handle.Name
	}{{"handleUserReaders", &g.Readers}, {"handleUserWriters", &g.Writers}, {"delHandleUserReaders", &g.RemoveReaders}, {"delHandleUserWriters", &g.RemoveWriters}} {
		names, wrong := readNames(o.Field(l.field))
		*l.into, err = names, cmp.Or(err, wrong)
	}
	if err := cmp.Or(doc.Err, err); err != nil {
		return Grant{}, err
	}
	return g, nil
}

// readNames reads a list of identifiers that may be missing.
func readNames(v strict.Value) ([]handle.Name, error) {
	if !v.Given() {
		return nil, nil
	}
	var out []handle.Name
	for _, e := range v.Array(maxGrantees) {
		name, err := readName(e)
		if err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, nil
}
