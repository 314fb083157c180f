package flow

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/cloudevent"
	"yuzhou/engine/flow/ical"
	"yuzhou/engine/flow/ocel"
	"yuzhou/engine/flow/xes"
	"yuzhou/kernel/store"
)

// exportChunk is how many cases are read at once for an export.
const exportChunk = 500

// told is a case with its events.
type told struct {
	Case
	Events []event
}

// all goes through the cases that the actor of ctx may see, the newest first,
// a chunk in memory at a time.
func (s *Service) all(ctx context.Context, procedure string) iter.Seq2[told, error] {
	return func(yield func(told, error) bool) {
		f := Filter{Procedure: procedure, Limit: exportChunk}
		for {
			cases, err := s.Find(ctx, f)
			if err != nil {
				yield(told{}, err)
				return
			}
			if !s.tellAll(ctx, cases, yield) || len(cases) < exportChunk {
				return
			}
			f.After = cases[len(cases)-1].ID
		}
	}
}

// tellAll gives cases with their events until the receiver has enough.
func (s *Service) tellAll(ctx context.Context, cases []Case, yield func(told, error) bool) (more bool) {
	for _, c := range cases {
		t, err := s.tell(ctx, c)
		if !yield(t, err) || err != nil {
			return false
		}
	}
	return true
}

// tell reads the events of a case.
func (s *Service) tell(ctx context.Context, c Case) (t told, err error) {
	t.Case = c
	err = s.db.Read(ctx, func(tx store.Tx) error {
		t.Events, err = store.Collect(ctx, tx, `SELECT `+eventColumns+` FROM flow_event WHERE case_ = $1 ORDER BY n`, []any{c.ID}, scanEvent)
		return err
	})
	return t, err
}

// traces gives the cases as traces of an XES log; stop ends it early.
func (s *Service) traces(ctx context.Context, procedure string) (next func() (xes.Trace, bool, error), stop func(), err error) {
	if err := s.ready(ctx); err != nil {
		return nil, nil, err
	}
	pull, stop := iter.Pull2(s.all(ctx, procedure))
	return func() (xes.Trace, bool, error) {
		c, err, ok := pull()
		if err != nil || !ok {
			return xes.Trace{}, false, err
		}
		t := xes.Trace{Name: c.Number, Attributes: map[string]string{
			"yuzhou:id": c.ID, "yuzhou:procedure": c.Procedure, "yuzhou:version": c.Digest, "yuzhou:title": c.Title.ZH, "yuzhou:unit": c.Unit, "yuzhou:subject": c.Subject,
		}}
		for _, e := range c.Events {
			t.Events = append(t.Events, xes.Event{Name: e.Name, At: e.At, Resource: e.By, Group: c.Unit, Attributes: said(e)})
		}
		return t, true, nil
	}, stop, nil
}

// said are the plain values of an event that process mining can use.
func said(e event) map[string]string {
	out := map[string]string{"yuzhou:hash": e.Hash}
	for k, v := range e.Data {
		switch v := v.(type) {
		case string:
			out["yuzhou:data:"+k] = v
		case bool, int64, float64:
			out["yuzhou:data:"+k] = fmt.Sprint(v)
		}
	}
	return out
}

// objects gives the cases with what they are about as an object-centric log.
func (s *Service) objects(ctx context.Context, procedure string) (ocel.Log, error) {
	var l ocel.Log
	seen := map[string]bool{}
	add := func(kind, id string, c told) ocel.Relation {
		o := ocel.Object{ID: kind + ":" + id, Type: kind, Since: c.Opened}
		if !seen[o.ID] {
			seen[o.ID] = true
			l.Objects = append(l.Objects, o)
		}
		return ocel.Relation{Object: o.ID, Qualifier: kind}
	}
	for c, err := range s.all(ctx, procedure) {
		if err != nil {
			return l, err
		}
		self := ocel.Object{ID: "case:" + c.ID, Type: c.Procedure, Since: c.Opened, Attributes: map[string]string{"number": c.Number, "title": c.Title.ZH}}
		self.Relations = append(self.Relations, add("unit", c.Unit, c))
		if c.Subject != "" {
			self.Relations = append(self.Relations, add("subject", c.Subject, c))
		}
		if c.Parent != "" && procedure == "" {
			self.Relations = append(self.Relations, ocel.Relation{Object: "case:" + c.Parent, Qualifier: "part of"})
		}
		l.Objects = append(l.Objects, self)
		for _, e := range c.Events {
			l.Events = append(l.Events, ocel.Event{
				ID: strconv.FormatInt(e.Seq, 10), Type: e.Name, At: e.At, Attributes: said(e),
				Relations: append([]ocel.Relation{{Object: self.ID, Qualifier: "case"}, add("person", e.By, c)}, self.Relations...),
			})
		}
	}
	return l, nil
}

// cloudEvents returns events after a place in the log, of cases that the actor
// of ctx may see, in order. Fewer than limit does not mean that there are no
// more: the next question begins with the last sequence that was given, or later.
func (s *Service) cloudEvents(ctx context.Context, after int64, limit int) ([]cloudevent.Event, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	var out []cloudevent.Event
	err := s.db.Read(ctx, func(tx store.Tx) error {
		cal, err := s.calendar(ctx, tx)
		if err != nil {
			return err
		}
		for len(out) < limit {
			events, err := store.Collect(ctx, tx, `SELECT `+eventColumns+` FROM flow_event WHERE seq > $1 AND case_ <> '' ORDER BY seq LIMIT $2`, []any{after, limit}, scanEvent)
			if err != nil {
				return err
			}
			some, err := s.seenBy(ctx, reading{tx, cal, s.person(ctx)}, events)
			if err != nil {
				return err
			}
			out = append(out, some[:min(len(some), limit-len(out))]...)
			if len(events) < limit {
				return nil
			}
			after = events[len(events)-1].Seq
		}
		return nil
	})
	return out, err
}

// reading is a transaction in which somebody reads.
type reading struct {
	tx  store.Tx
	cal clock.Calendar
	who person
}

// seenBy gives those of some events that their reader may see.
func (s *Service) seenBy(ctx context.Context, r reading, events []event) ([]cloudevent.Event, error) {
	var ids []string
	for _, e := range events {
		ids = append(ids, e.Case)
	}
	cases, err := s.load(ctx, r.tx, r.cal, ids...)
	if err != nil {
		return nil, err
	}
	var out []cloudevent.Event
	for _, e := range events {
		if c := cases[e.Case]; c != nil && r.who.sees(c.Case) {
			out = append(out, s.cloudEvent(c.Case, e))
		}
	}
	return out, nil
}

func (s *Service) cloudEvent(c Case, e event) cloudevent.Event {
	return cloudevent.Event{
		ID: fmt.Sprintf("%s/flow/%d", s.site.Prefix, e.Seq), Source: "/api/v1/flow", Type: "yuzhou.flow." + c.Procedure + "." + e.Name,
		Subject: c.ID, Time: e.At, Sequence: fmt.Sprintf("%020d", e.Seq), PartitionKey: c.ID,
		Data: map[string]any{"case": c.ID, "number": c.Number, "n": e.N, "by": e.By, "data": exactMap(e.Data), "hash": e.Hash},
	}
}

// deadlines gives the actor's open tasks as a calendar.
func (s *Service) deadlines(ctx context.Context, lang string) (ical.Calendar, error) {
	c := ical.Calendar{Product: "-//Yuzhou//flow//ZH", Name: s.site.Name.In(lang) + " · Yuzhou"}
	for a := (Asking{Limit: maxAsked}); ; {
		box, err := s.Inbox(ctx, a)
		if err != nil {
			return c, err
		}
		for _, it := range box.Items {
			if it.Due.IsZero() {
				continue
			}
			c.Deadlines = append(c.Deadlines, ical.Deadline{
				UID: it.Task + "@flow." + s.site.Prefix, Stamp: it.Detail.Opened, Due: it.Due.In(s.site.Zone),
				Summary: it.Do.In(lang) + " · " + it.Case.Title.In(lang), Description: it.Case.Number, URL: "/flow/cases/" + it.Case.ID, Categories: []string{string(it.Light)},
			})
		}
		if a.After = box.Next; a.After == "" {
			return c, nil
		}
	}
}
