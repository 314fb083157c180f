package identifiers

import (
	"bytes"
	"net/http"
	"slices"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// write does what changes something and answers how that went.
func (s *Service) write(x *exchange, name handle.Name, m wire.Message, o jsonapi.Outcome) error {
	code, content := s.answering().Do(x.Context(), x.who, m)
	if code != wire.Success {
		return s.failed(x, name, code, content)
	}
	if m.Op == wire.OpCreate {
		made, err := body.ParseName(content)
		if err != nil {
			return err
		}
		name = made
	}
	return s.finish(x, jsonapi.Answer{Code: code, Name: name}, o)
}

// maxPut is how long the body of a request is: a message of the protocol, in JSON.
const maxPut = 2 * wire.MaxLength

// read reads the body of a request.
func (x *exchange) read() ([]byte, error) {
	var b bytes.Buffer
	if _, err := b.ReadFrom(http.MaxBytesReader(x.w, x.Body, maxPut)); err != nil {
		return nil, fault.New(fault.Invalid, "the body cannot be read, or has more than %d bytes", maxPut)
	}
	return b.Bytes(), nil
}

// putHandle registers an identifier, in the place of what was there unless overwrite=false,
// or sets values of one by their indexes.
func (s *Service) putHandle(x *exchange) error {
	content, err := x.read()
	if err != nil {
		return err
	}
	said, values, err := jsonapi.ParseValues(content)
	if err != nil {
		return err
	}
	name := handle.Name(x.below)
	if said != "" && !x.q.Mint && !said.Equal(name) {
		return fault.New(fault.Invalid, "the path names %q, and the body %q", name, said)
	}
	for i := range values {
		values[i].Timestamp = seconds(s.now())
	}
	op, flags, o := wire.OpCreate, wire.Overwrite, jsonapi.Outcome{Created: true}
	if x.q.Mint {
		flags |= wire.MintSuffix
	} else if op, o.Created, err = s.puts(x, name, values); err != nil {
		return err
	}
	if x.q.KeepExisting {
		flags &^= wire.Overwrite
	}
	if x.q.KeepExisting && op == wire.OpCreate && !o.Created && x.who.Name != "" { // also when it is there with the same values
		return s.finish(x, jsonapi.Answer{Code: wire.AlreadyExists, Message: "it is registered already", Name: name}, o)
	}
	return s.write(x, name, node.Request(op, flags, body.AppendRecord(nil, handle.Record{Name: name, Values: values})), o)
}

// puts returns what a PUT does, and whether that makes something new: a record, or values of
// which none is there.
func (s *Service) puts(x *exchange, name handle.Name, values []handle.Value) (wire.Op, bool, error) {
	was, err := s.record(x.Context(), name)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return 0, false, err
	}
	if !x.q.Various && len(x.q.Query.Indexes) == 0 {
		return wire.OpCreate, err != nil, nil
	}
	there := slices.ContainsFunc(values, func(v handle.Value) bool {
		_, ok := was.Value(v.Index)
		return ok
	})
	return wire.OpAddValues, !there, x.q.Fits(values)
}

// deleteHandle deletes an identifier, or values of one by their indexes.
func (s *Service) deleteHandle(x *exchange) error {
	name := handle.Name(x.below)
	if x.q.Various {
		return fault.New(fault.Invalid, "parameter index is various, want whole numbers from 1 on")
	}
	if len(x.q.Query.Indexes) == 0 {
		return s.write(x, name, node.Request(wire.OpDelete, 0, body.AppendName(nil, name)), jsonapi.Outcome{})
	}
	return s.write(x, name, node.Request(wire.OpRemoveValues, 0, body.AppendRemoval(nil, body.Removal{Name: name, Indexes: x.q.Query.Indexes})), jsonapi.Outcome{})
}
