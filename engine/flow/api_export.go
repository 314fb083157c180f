package flow

import (
	"net/http"
	"strconv"

	"yuzhou/engine/flow/cloudevent"
	"yuzhou/engine/flow/ical"
	"yuzhou/engine/flow/ocel"
	"yuzhou/engine/flow/xes"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
)

// exports mounts what other tools read. All show just what the asker may see.
func (s *Service) exports(rt *web.Router) {
	rt.Page("GET /api/v1/flow/export.xes", actor.Visit, s.exportXES)
	rt.Page("GET /api/v1/flow/export.ocel", actor.Visit, s.exportOCEL)
	rt.Page("GET /api/v1/flow/procedures/{id}/scxml", actor.Read, s.exportSCXML)
	rt.Page("GET /api/v1/flow/events", actor.Visit, s.exportEvents)
	rt.Page("GET /api/v1/flow/deadlines.ics", actor.Visit, s.exportDeadlines)
}

// exportXES streams the log of all cases, or of one procedure's.
func (s *Service) exportXES(w http.ResponseWriter, r *http.Request) error {
	next, stop, err := s.traces(r.Context(), r.FormValue("procedure"))
	if err != nil {
		return err
	}
	defer stop()
	w.Header().Set("Content-Type", xes.MediaType)
	w.Header().Set("Content-Disposition", `attachment; filename="yuzhou.xes"`)
	return xes.Write(w, s.site.Name.ZH, next)
}

func (s *Service) exportOCEL(w http.ResponseWriter, r *http.Request) error {
	l, err := s.objects(r.Context(), r.FormValue("procedure"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", ocel.MediaType)
	w.Header().Set("Content-Disposition", `attachment; filename="yuzhou.ocel.json"`)
	return ocel.Write(w, l)
}

// exportEvents answers with the CloudEvents after a place in the log, so that a
// receiver that remembers the last sequence hears everything once.
func (s *Service) exportEvents(w http.ResponseWriter, r *http.Request) error {
	after, limit := int64(0), 100
	var err error
	if v := r.FormValue("after"); v != "" {
		if after, err = strconv.ParseInt(v, 10, 64); err != nil || after < 0 {
			return fault.New(fault.Invalid, "after is %q; give the sequence of the last event that was received", v)
		}
	}
	if v := r.FormValue("limit"); v != "" {
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > 1000 {
			return fault.New(fault.Invalid, "limit is %q; give 1 to 1000", v)
		}
	}
	events, err := s.cloudEvents(r.Context(), after, limit)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", cloudevent.BatchMediaType)
	return cloudevent.Write(w, events)
}

func (s *Service) exportDeadlines(w http.ResponseWriter, r *http.Request) error {
	c, err := s.deadlines(r.Context(), r.FormValue("lang"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", ical.MediaType)
	return ical.Write(w, c)
}
