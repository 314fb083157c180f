package identifiers

import (
	"encoding/binary"
	"io"
	"net/http"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// getHandle answers GET /api/handles/NAME as servers of the Handle System do.
func (s *Service) getHandle(w http.ResponseWriter, r *http.Request) error {
	q, ok, err := s.readRequest(w, r)
	if err != nil || !ok {
		return err
	}
	var flags wire.Flags
	if q.PublicOnly == jsonapi.Yes || q.PublicOnly == jsonapi.Unsaid && q.who.Name == "" {
		flags = wire.PublicOnly
	}
	if q.Authoritative {
		flags |= wire.Authoritative
	}
	var code wire.Code
	var content []byte
	if q.who.Name == "" {
		code, content = s.answering().Ask(r.Context(), q.name, q.Query, flags)
	} else {
		var parts [][]byte
		code, parts = s.answering().Do(r.Context(), q.who, wire.OpResolve, flags, body.AppendResolve(nil, body.Resolve{Name: []byte(q.name), Query: q.Query}))
		content = parts[len(parts)-1]
	}
	if code == wire.ChallengeNeeded {
		return s.reply(w, r, q, jsonapi.Answer{Code: code, Name: q.name}, false)
	}
	answer, err := answerFrom(q.name, code, content)
	if err != nil {
		return err
	}
	return sendAnswer(w, q.Request, answer, jsonapi.Outcome{Code: code, Resolving: true})
}

// answerFrom writes what the protocol answers as the API's answer.
func answerFrom(name handle.Name, code wire.Code, content []byte) (jsonapi.Answer, error) {
	out := jsonapi.Answer{Code: code, Name: name}
	switch code { //nolint:exhaustive // the rest is an error with a text
	case wire.Success:
		rec, err := body.ParseRecord(content)
		if err != nil {
			return out, err
		}
		out.Name, out.Values = rec.Name, rec.Values
		if out.Values == nil {
			out.Values = []handle.Value{}
		}
	case wire.ServiceReferral, wire.PrefixReferral:
		ref, err := body.ParseReferral(content)
		if err != nil {
			return out, err
		}
		out.Referral, out.Values = ref.To, ref.Values
	case wire.ValueNotFound:
		out.Values = []handle.Value{}
	default:
		said, err := body.ParseErrorAnswer(content)
		if err != nil {
			return out, err
		}
		out.Message = said.Text
	}
	return out, nil
}

func sendAnswer(w http.ResponseWriter, q jsonapi.Request, a jsonapi.Answer, o jsonapi.Outcome) error {
	return sendJSON(w, q, a.Append(nil), o.Status())
}

func sendJSON(w http.ResponseWriter, q jsonapi.Request, doc []byte, status int) error {
	doc, media := q.Dress(doc)
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Vary", "Accept")
	w.WriteHeader(status)
	_, err := w.Write(doc) //nolint:gosec // JSON, or a call of a name of JavaScript, with its own media type
	return err
}

// getSite answers GET /api/site: how this node is reached by the protocol.
func (s *Service) getSite(w http.ResponseWriter, r *http.Request) error {
	q, err := jsonapi.ParseRequest(r.URL.Query())
	if err != nil {
		return err
	}
	own, _ := s.siteNow()
	return sendJSON(w, q, jsonapi.AppendSite(nil, own), http.StatusOK)
}

// tunnel answers a message of the protocol that comes as the body of a request.
func (s *Service) tunnel(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Content-Type") != client.Media {
		return fault.New(fault.Invalid, "the content is of type %q, want %s", r.Header.Get("Content-Type"), client.Media)
	}
	message, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.EnvelopeSize+wire.MaxLength))
	if err != nil {
		return fault.New(fault.Invalid, "the message cannot be read: %v", err)
	}
	if len(message) < wire.EnvelopeSize || int64(binary.BigEndian.Uint32(message[wire.OffsetLength:])) != int64(len(message)-wire.EnvelopeSize) {
		return fault.New(fault.Invalid, "the body is not one message: its length is not what it says")
	}
	if err := s.ready(r.Context()); err != nil {
		return err
	}
	answer, err := s.answering().Message(r.Context(), nil, message, nil)
	if err != nil {
		return fault.New(fault.Invalid, "the body is no request of the protocol")
	}
	w.Header().Set("Content-Type", client.Media)
	_, err = w.Write(answer)
	return err
}
