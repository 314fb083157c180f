package proof

import (
	"io"
	"net/http"
	"strings"

	"yuzhou/engine/proof/qr"
)

// sendQR draws the address of a statement's page as a QR code, for paper: whoever reads it
// comes to the proof of that very vintage.
func (s *Service) sendQR(w http.ResponseWriter, r *http.Request) error {
	ref, err := s.ParseRef(strings.TrimSuffix(r.PathValue("name"), ".svg"))
	if err != nil {
		return err
	}
	name := s.name(ref.Name)
	if ref.Vintage > 0 {
		name = s.full(ref)
	}
	code, err := qr.Encode(addressOf(r) + "/proof/of/" + name)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, err = io.WriteString(w, code.SVG(name)) //nolint:gosec // the title is escaped
	return err
}
