// Package idhub reads and writes the documents of the HTTP APIs that enterprise nodes
// (企业节点) offer to applications: the compatible one (兼容接口: /identity/token,
// /identityv2/data) and the standard one (标准版接口: /api/v1/doip).
//
// What must hold: each element of a batch is read by itself, so that one that is wrong
// is told by its name and the others are registered; no error repeats a password. The
// package knows no network and no key.
//
// Source: the guide of Teleinfo's enterprise node (teleinfo-dev/id-guide, 2025-12):
// docs/dev-tools/snms for the compatible API, docs/dev-tools/standard/api for the other.
package idhub

import (
	"bytes"
	"encoding/json"
	"errors"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// Status says how a request to the compatible API went (状态码).
type Status int

// The statuses.
const (
	Success     Status = 1
	SignInFirst Status = -1
	Failed      Status = -2 // the message says why
	Denied      Status = -3
	Broken      Status = -4 // an error of the server
)

// Answer is an answer of the compatible API. Data is what was asked for: Token, Detail,
// []Outcome, or true; without any it is null.
type Answer[T any] struct {
	Message string `json:"message"`
	Status  Status `json:"status"`
	Data    T      `json:"data"`
}

// Append appends the answer as a document.
func (a Answer[T]) Append(dst []byte) []byte { return appendJSON(dst, a) }

// Refused returns the answer to what failed. Its message is in Chinese where the
// error is worded in it; of an error that is no fault it says nothing.
func Refused(err error) Answer[*struct{}] {
	a := Answer[*struct{}]{Message: sentence(err), Status: Failed}
	switch fault.KindOf(err) {
	case fault.NotFound:
		a.Message = "没有找到标识"
	case fault.Conflict:
		a.Message = "标识已存在"
	case fault.Forbidden:
		a.Status = Denied
	case fault.Invalid, fault.Busy:
	default:
		a = Answer[*struct{}]{Message: "系统内部错误", Status: Broken}
	}
	return a
}

func sentence(err error) string {
	f, ok := errors.AsType[*fault.Fault](err)
	switch {
	case !ok:
		return ""
	case f.ZH != "":
		return f.ZH
	default:
		return f.Text
	}
}

// Token answers who has signed in. It holds for a day (24 h).
type Token struct {
	Token string `json:"token"`
}

// Outcome says what became of one element of a batch.
type Outcome struct {
	Name handle.Name `json:"handle"`
	Code Status      `json:"code,omitempty"` // of deletions alone
	Text string      `json:"msg"`            // "success", or why not
}

// OutcomeOf returns what became of an element: err is nil when it was done.
func OutcomeOf(name handle.Name, err error) Outcome {
	if err == nil {
		return Outcome{Name: name, Text: "success"}
	}
	out := Outcome{Name: name, Text: Refused(err).Message}
	if fault.KindOf(err) == fault.NotFound {
		out.Text = "标识不存在"
	}
	return out
}

// Detail is a record as the compatible API answers it.
type Detail struct {
	Code    string      `json:"code"` // "200"
	Prefix  string      `json:"prefix"`
	Name    handle.Name `json:"handle"`
	Version string      `json:"templateVersion"`
	Values  []Value     `json:"value"`
}

// Value is a value as the compatible API has it. Auth is reserved: "1" when all may
// read the value, else "0".
type Value struct {
	Data  Data   `json:"data"`
	Auth  string `json:"auth"`
	Index uint32 `json:"index"`
	Type  string `json:"type"`
}

// Data is the data of a value. The format is always "string".
type Data struct {
	Format string `json:"format"`
	Value  string `json:"value"`
}

// Indexes and types of the values that say by which template a record was made. They
// are reserved.
const (
	TemplateIndex = 1000 // the template's identifier
	VersionIndex  = 1001 // its version
	versionType   = "TEMPLATE"
)

// DetailOf returns a record as the compatible API answers it. Data that is no UTF-8 has
// U+FFFD where it is not.
//
//   - version: of the template that it was made by, "" for what the record says itself.
func DetailOf(r handle.Record, version string) Detail {
	d := Detail{Code: "200", Prefix: r.Name.Prefix(), Name: r.Name, Version: version, Values: []Value{}}
	for _, v := range r.Values {
		if v.Index == VersionIndex && version == "" {
			d.Version = string(v.Data)
		}
		auth := "0"
		if v.Perm&handle.PublicRead != 0 {
			auth = "1"
		}
		d.Values = append(d.Values, Value{Data: Data{"string", string(v.Data)}, Auth: auth, Index: v.Index, Type: v.Type})
	}
	return d
}

// appendJSON appends a document without escapes for HTML.
func appendJSON(dst []byte, doc any) []byte {
	b := bytes.NewBuffer(dst)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return dst // no type of this package fails
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
