package identifiers

import (
	"encoding/binary"
	"io"
	"net/http"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/wire"
)

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
