package indicators

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
	"yuzhou/modules/indicators/sdmx"
)

// sdmxRoutes mounts SDMX REST 2.x.
func (s *Service) sdmxRoutes(rt *web.Router) {
	rt.Page("GET /sdmx/v2/data/{path...}", actor.Read, answered(s.sdmxData))
	rt.Page("GET /sdmx/v2/availability/{path...}", actor.Read, answered(s.sdmxAvailability))
	rt.Page("GET /sdmx/v2/structure/{path...}", actor.Read, answered(s.sdmxStructure))
}

// refusal is an error with the HTTP status that SDMX REST has for it.
type refusal struct {
	status int
	err    error
}

// Error implements error.
func (r *refusal) Error() string { return r.err.Error() }

// Unwrap lets the fault be seen.
func (r *refusal) Unwrap() error { return r.err }

// refuse gives a fault.Invalid the status of SDMX REST; other errors keep theirs.
//
// Source: SDMX-REST 2.2.2, "Error handling and status information": 400 for what is
// no query of the API, 406 for a representation not offered, 422 (the status of
// every other fault.Invalid here) for a query that does not fit the structure.
func refuse(status int, err error) error {
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	return &refusal{status, err}
}

// answered answers refusals itself and leaves other errors to the router.
func answered(h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Add("Vary", "Accept")
		err := h(w, r)
		no, ok := errors.AsType[*refusal](err)
		if !ok {
			return err
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(no.status)
		return json.NewEncoder(w).Encode(&web.Problem{
			Title: http.StatusText(no.status), Status: no.status, Detail: web.Text(no.err),
			Instance: web.RequestID(r.Context()), Kind: string(fault.Invalid),
		})
	}
}

// sdmxPath is what a codec reads of the address.
func sdmxPath(r *http.Request) string { return strings.TrimPrefix(r.URL.EscapedPath(), "/sdmx/v2/") }

// sdmxHeader heads a message made now, its names in the language asked for first.
func (s *Service) sdmxHeader(r *http.Request, lang string) sdmx.Header {
	now := s.now()
	sum := sha256.Sum256([]byte(r.URL.RequestURI() + now.Format(time.RFC3339Nano)))
	h := sdmx.Header{
		ID: "M" + hex.EncodeToString(sum[:8]), Prepared: now, Test: s.site.Demo,
		Sender:    sdmx.Party{ID: agencyOf(s.site.Prefix), Name: texts(s.site.Name.ZH, s.site.Name.EN)},
		Languages: []string{"zh", "en"},
	}
	if lang == "" {
		lang = web.ShellOf(r.Context()).Lang
	}
	if strings.HasPrefix(lang, "en") {
		h.Languages = []string{"en", "zh"}
	}
	return h
}

// sdmxQuery reads a data or an availability query and finds the flow it is about.
func (s *Service) sdmxQuery(r *http.Request) (*stream, error) {
	q, err := sdmx.ParseQuery(sdmxPath(r), r.URL.RawQuery, s.site.Zone)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, err)
	}
	p, err := s.published(r.Context())
	if err != nil {
		return nil, err
	}
	f, err := p.flow(q)
	if err != nil {
		return nil, err
	}
	if err := q.Check(p.structure); err != nil {
		return nil, err
	}
	return newStream(s, p, f, q)
}

// sdmxData answers a data query: 204 when nothing matches.
func (s *Service) sdmxData(w http.ResponseWriter, r *http.Request) error {
	x, err := s.sdmxQuery(r)
	if err != nil {
		return err
	}
	media, err := sdmx.Negotiate("data", r.Header.Get("Accept"), x.q.Format)
	if err != nil {
		return refuse(http.StatusNotAcceptable, err)
	}
	msg := &sdmx.Message{
		Header: s.sdmxHeader(r, x.q.Lang), Context: x.flow.context, Flow: x.flow.Dataflow,
		Structure: x.p.structure, Codelists: x.p.codelists,
	}
	out, err := sdmx.NewWriter(w, msg, sdmx.Options{Media: media, ObsDim: x.q.ObsDim, Attributes: x.q.Attributes, Measures: x.q.Measures})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", media.String())
	n, err := x.write(r.Context(), out)
	if err != nil {
		return err
	}
	if n == 0 {
		w.Header().Del("Content-Type")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return out.Close()
}

// sdmxAvailability answers which data there are.
func (s *Service) sdmxAvailability(w http.ResponseWriter, r *http.Request) error {
	x, err := s.sdmxQuery(r)
	if err != nil {
		return err
	}
	a, err := x.availability(r.Context())
	if err != nil {
		return err
	}
	out := x.p.along(x.flow, x.q.References, a)
	out.Availability = []sdmx.Availability{a}
	out.Header = s.sdmxHeader(r, x.q.Lang)
	return writeStructures(w, r, out, x.q.Format)
}

// sdmxStructure answers a structure query.
func (s *Service) sdmxStructure(w http.ResponseWriter, r *http.Request) error {
	q, err := sdmx.ParseStructureQuery(sdmxPath(r), r.URL.RawQuery, s.site.Zone)
	if err == nil && !q.AsOf.IsZero() {
		err = fault.New(fault.Invalid, "asOf is not offered of structures: they are given as they are now; leave it out")
	}
	if err != nil {
		return refuse(http.StatusBadRequest, err)
	}
	p, err := s.published(r.Context())
	if err != nil {
		return err
	}
	all, err := s.artefacts(r.Context(), p)
	if err != nil {
		return err
	}
	out, err := q.Select(all)
	if err != nil {
		return err
	}
	out.Header = s.sdmxHeader(r, q.Lang)
	return writeStructures(w, r, out, q.Format)
}

func writeStructures(w http.ResponseWriter, r *http.Request, out *sdmx.Structures, format string) error {
	media, err := sdmx.Negotiate("structure", r.Header.Get("Accept"), format)
	if err != nil {
		return refuse(http.StatusNotAcceptable, err)
	}
	w.Header().Set("Content-Type", media.String())
	return sdmx.WriteStructures(w, out, media)
}

// artefacts is all that is published; of the areas, those that have numbers and
// what they are part of.
func (s *Service) artefacts(ctx context.Context, p *published) (*sdmx.Structures, error) {
	areas, err := s.areasWithNumbers(ctx, p)
	if err != nil {
		return nil, err
	}
	out := &sdmx.Structures{
		DataStructures: []sdmx.Structure{p.structure}, Concepts: []sdmx.Scheme{p.concepts()},
		Codelists: p.codelists,
		Agencies: []sdmx.Scheme{{
			Identity: sdmx.Identity{Agency: "SDMX", ID: "AGENCIES", Version: "1.0"}, Partial: true, Name: texts("机构", "Agencies"),
			Items: []sdmx.Item{{ID: p.agency, Name: texts(s.site.Name.ZH, s.site.Name.EN)}},
		}},
	}
	out.Codelists = replaced(p.codelists, only(p.codelists, areaList, areas))
	for _, f := range p.flows {
		out.Dataflows = append(out.Dataflows, f.Dataflow)
	}
	return out, nil
}
