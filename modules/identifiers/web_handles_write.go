package identifiers

import (
	"io"
	"net/http"
	"slices"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi"
	"yuzhou/modules/identifiers/jsonapi/session"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// request is a request at the JSON API, read.
type request struct {
	jsonapi.Request
	caller
	name handle.Name
}

// readRequest reads a request; false when it was answered already.
func (s *Service) readRequest(w http.ResponseWriter, r *http.Request) (request, bool, error) {
	q, err := jsonapi.ParseRequest(r.URL.Query())
	out := request{Request: q, name: handle.Name(r.PathValue("name"))}
	if err == nil {
		if err := s.ready(r.Context()); err != nil {
			return out, false, err
		}
		out.caller, err = s.callerOf(r)
	}
	if err != nil {
		return out, false, sendAnswer(w, q, jsonapi.Answer{Code: wire.ProtocolError, Message: web.Sentence(err).EN}, jsonapi.Outcome{Code: wire.ProtocolError})
	}
	return out, true, nil
}

// reply sends the answer to a write.
func (s *Service) reply(w http.ResponseWriter, r *http.Request, q request, a jsonapi.Answer, created bool) error {
	if a.Code == wire.ChallengeNeeded {
		s.askWho(w, r, q.caller)
	}
	return sendAnswer(w, q.Request, a, jsonapi.Outcome{Code: a.Code, Created: created, Insecure: !secure(r)})
}

// putHandle answers PUT /api/handles/NAME: a whole record or, with index, single values.
func (s *Service) putHandle(w http.ResponseWriter, r *http.Request) error {
	q, ok, err := s.readRequest(w, r)
	if err != nil || !ok {
		return err
	}
	if q.who.Name == "" {
		return s.reply(w, r, q, jsonapi.Answer{Code: wire.ChallengeNeeded, Name: q.name}, false)
	}
	values, err := s.valuesOf(w, r, q)
	if err != nil {
		return s.reply(w, r, q, jsonapi.Answer{Code: wire.ProtocolError, Message: web.Sentence(err).EN}, false)
	}
	if q.Various || len(q.Query.Indexes) > 0 {
		return s.putValues(w, r, q, values)
	}
	flags := wire.Overwrite
	if q.KeepExisting {
		flags = 0
	}
	if q.Mint {
		flags = wire.MintSuffix
	}
	_, err = s.record(r.Context(), q.name)
	existed := err == nil && !q.Mint
	if existed && q.KeepExisting {
		return s.reply(w, r, q, jsonapi.Answer{Code: wire.AlreadyExists, Name: q.name}, false)
	}
	code, parts := s.answering().Do(r.Context(), q.who, wire.OpCreate, flags, body.AppendRecord(nil, handle.Record{Name: q.name, Values: values}))
	a := jsonapi.Answer{Code: code}
	if code == wire.Success {
		a.Name, err = body.ParseName(parts[len(parts)-1])
	} else {
		a, err = answerFrom(q.name, code, parts[len(parts)-1])
	}
	if err != nil {
		return err
	}
	return s.reply(w, r, q, a, !existed)
}

// valuesOf reads the values that a PUT is to write.
func (s *Service) valuesOf(w http.ResponseWriter, r *http.Request, q request) ([]handle.Value, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4*wire.MaxLength))
	if err != nil {
		return nil, err
	}
	about, values, err := jsonapi.ParseValues(text)
	switch {
	case err != nil:
		return nil, err
	case about != "" && !about.Equal(q.name):
		return nil, fault.New(fault.Invalid, "the body is about %q, the address about %q", about, q.name)
	case len(q.Query.Indexes) > 0:
		err = sameIndexes(q.Query.Indexes, values)
	}
	for i := range values {
		if values[i].Timestamp == 0 {
			values[i].Timestamp = seconds(s.now())
		}
	}
	return values, err
}

// sameIndexes looks whether the values of a body are those that the address names.
func sameIndexes(want []uint32, values []handle.Value) error {
	var got []uint32
	for _, v := range values {
		got = append(got, v.Index)
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		return fault.New(fault.Invalid, "the values in the body have the indexes %v, the address says %v", got, want)
	}
	return nil
}

// putValues adds values that are not there and changes those that are.
func (s *Service) putValues(w http.ResponseWriter, r *http.Request, q request, values []handle.Value) error {
	rec, err := s.record(r.Context(), q.name)
	if err != nil {
		rec = handle.Record{Name: q.name} // what is missing the node says
	}
	var add, modify []handle.Value
	for _, v := range values {
		if _, there := rec.Value(v.Index); there {
			modify = append(modify, v)
		} else {
			add = append(add, v)
		}
	}
	a := jsonapi.Answer{Code: wire.Success, Name: q.name}
	if q.KeepExisting && len(modify) > 0 {
		a.Code = wire.ValueExists
		return s.reply(w, r, q, a, false)
	}
	for _, part := range []struct {
		op     wire.Op
		values []handle.Value
	}{{wire.OpModifyValues, modify}, {wire.OpAddValues, add}} {
		if len(part.values) == 0 {
			continue
		}
		code, content := s.answering().Do(r.Context(), q.who, part.op, 0, body.AppendRecord(nil, handle.Record{Name: q.name, Values: part.values}))
		if code != wire.Success {
			if a, err = answerFrom(q.name, code, content[len(content)-1]); err != nil {
				return err
			}
			return s.reply(w, r, q, a, false)
		}
	}
	return s.reply(w, r, q, a, len(add) > 0)
}

// deleteHandle answers DELETE /api/handles/NAME: the record or, with index, values of it.
func (s *Service) deleteHandle(w http.ResponseWriter, r *http.Request) error {
	q, ok, err := s.readRequest(w, r)
	if err != nil || !ok {
		return err
	}
	if q.who.Name == "" {
		return s.reply(w, r, q, jsonapi.Answer{Code: wire.ChallengeNeeded, Name: q.name}, false)
	}
	op, content := wire.OpDelete, body.AppendName(nil, q.name)
	if len(q.Query.Indexes) > 0 {
		op, content = wire.OpRemoveValues, body.AppendRemoval(nil, body.Removal{Name: q.name, Indexes: q.Query.Indexes})
	}
	code, parts := s.answering().Do(r.Context(), q.who, op, 0, content)
	a := jsonapi.Answer{Code: code, Name: q.name}
	if code != wire.Success {
		if a, err = answerFrom(q.name, code, parts[len(parts)-1]); err != nil {
			return err
		}
		a.Values = nil
	}
	return s.reply(w, r, q, a, false)
}

// listHandles answers GET /api/handles?prefix=88.118.2.
func (s *Service) listHandles(w http.ResponseWriter, r *http.Request) error {
	return s.listing(w, r, wire.OpList, func(q request, names []handle.Name) []byte {
		l := jsonapi.Listing{Prefix: q.Prefix, Total: int64(len(names)), Paged: q.Paged, Page: q.Page, Size: q.Size, Names: names}
		if q.Paged {
			from := min(int64(q.Page)*int64(q.Size), l.Total)
			l.Names = names[from:min(from+int64(q.Size), l.Total)]
		}
		return l.Append(nil)
	})
}

// listPrefixes answers GET /api/prefixes.
func (s *Service) listPrefixes(w http.ResponseWriter, r *http.Request) error {
	return s.listing(w, r, wire.OpListHomed, func(_ request, names []handle.Name) []byte { return jsonapi.Prefixes(names).Append(nil) })
}

func (s *Service) listing(w http.ResponseWriter, r *http.Request, op wire.Op, write func(request, []handle.Name) []byte) error {
	q, ok, err := s.readRequest(w, r)
	if err != nil || !ok {
		return err
	}
	about := handle.Authority(q.Prefix)
	if op == wire.OpListHomed {
		about = handle.Authority(s.site.Prefix)
	}
	if q.who.Name == "" {
		return s.reply(w, r, q, jsonapi.Answer{Code: wire.ChallengeNeeded, Name: handle.Name(q.Prefix)}, false)
	}
	code, parts := s.answering().Do(r.Context(), q.who, op, 0, body.AppendName(nil, about))
	if code != wire.Success {
		a, err := answerFrom(handle.Name(q.Prefix), code, parts[len(parts)-1])
		if err != nil {
			return err
		}
		return s.reply(w, r, q, a, false)
	}
	var names []handle.Name
	for _, p := range parts {
		some, err := body.ParseNames(p)
		if err != nil {
			return err
		}
		names = append(names, some...)
	}
	return sendJSON(w, q.Request, write(q, names), http.StatusOK)
}

// takeSession answers at /api/sessions: POST begins one, GET and PUT at /this say what it
// is or prove an identity, DELETE ends it.
func (s *Service) takeSession(w http.ResponseWriter, r *http.Request) error {
	if !secure(r) {
		w.WriteHeader(http.StatusForbidden)
		return nil
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	var said session.Authorization
	if err == nil {
		said, err = session.ParseBody(text)
	}
	if err == nil && r.Header.Get("Authorization") != "" {
		said, err = session.ParseAuthorization(r.Header.Get("Authorization"))
	}
	if err != nil {
		return sendAnswer(w, jsonapi.Request{}, jsonapi.Answer{Code: wire.ProtocolError, Message: web.Sentence(err).EN}, jsonapi.Outcome{Code: wire.ProtocolError})
	}
	if r.Method == http.MethodPost {
		begun := s.sessions.begin(s.now())
		w.Header().Set("Location", "/api/sessions/this")
		return sendJSON(w, jsonapi.Request{}, begun.Append(nil), http.StatusCreated)
	}
	if r.Method == http.MethodDelete {
		s.sessions.end(said.Session)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if err := s.ready(r.Context()); err != nil {
		return err
	}
	c, err := s.prover(r.Context(), said)
	if err != nil {
		return err
	}
	if c.session.ID == "" {
		w.WriteHeader(http.StatusForbidden)
		return nil
	}
	status := http.StatusOK
	if c.wrong {
		w.Header().Set("WWW-Authenticate", c.session.Challenge())
		status = http.StatusUnauthorized
	}
	return sendJSON(w, jsonapi.Request{}, c.session.Append(nil), status)
}

// verifyIdentity answers GET /api/verifications/INDEX:NAME: whether an answer to a nonce of
// somebody else is that of a key that is here.
func (s *Service) verifyIdentity(w http.ResponseWriter, r *http.Request) error {
	q, err := jsonapi.ParseRequest(r.URL.Query())
	if err == nil {
		err = s.ready(r.Context())
	}
	a, wrong := session.ParseVerification(r.PathValue("identity"), r.URL.Query())
	if err == nil {
		err = wrong
	}
	if err != nil {
		return sendAnswer(w, q, jsonapi.Answer{Code: wire.ProtocolError, Message: web.Sentence(err).EN}, jsonapi.Outcome{Code: wire.ProtocolError})
	}
	return sendJSON(w, q, jsonapi.Verdict{Valid: s.provesKey(r.Context(), a), Name: a.Identity.Name}.Append(nil), http.StatusOK)
}
