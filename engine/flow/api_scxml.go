package flow

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"strings"

	"yuzhou/engine/flow/procedure"
	"yuzhou/engine/flow/scxml"
	"yuzhou/kernel/pack"
)

// isSCXML reports whether a file's name says that it is a chart.
func isSCXML(name string) bool { return strings.EqualFold(path.Ext(name), ".scxml") }

// parse reads a procedure as YAML or, by the file's name, as SCXML.
func parse(name string, source []byte) (*procedure.Procedure, []pack.Finding) {
	if isSCXML(name) {
		return scxml.Read(bytes.NewReader(source), name)
	}
	return procedure.Parse(name, source)
}

// exportSCXML answers with a procedure in force, or a version by its digest, as a chart.
func (s *Service) exportSCXML(w http.ResponseWriter, r *http.Request) error {
	p, err := s.Procedure(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return sendChart(w, p)
}

// sendChart answers with a procedure as a chart.
func sendChart(w http.ResponseWriter, p *procedure.Procedure) error {
	var b bytes.Buffer
	if err := scxml.Write(&b, p); err != nil {
		return err
	}
	w.Header().Set("Content-Type", scxml.MediaType)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": p.ID + ".scxml"}))
	_, err := w.Write(b.Bytes())
	return err
}
