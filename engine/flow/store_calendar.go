package flow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"yuzhou/engine/flow/clock"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// eventCalendar is the event of the whole engine that a new calendar has moved
// dues: data.before and data.after are digests of calendars.
const eventCalendar = "calendar.changed"

// calendarFile is where a pack keeps its working days.
const calendarFile = "calendar/holidays.yaml"

// relightChunk is how many cases are recomputed in one transaction: others wait
// for it no longer than half a second.
const relightChunk = 20000

// loadPack reads the calendar of a pack.
func (s *Service) loadPack(p *pack.Pack) pack.Load {
	if !p.Has(calendarFile) {
		return nil
	}
	source := p.Bytes(calendarFile)
	if _, err := clock.ParseCalendar(source); err != nil {
		p.Bad(pack.Pos{File: calendarFile, Line: 1}, "flow.calendar", "%v", err)
		return nil
	}
	return func(ctx context.Context, tx store.Tx) error { return s.putCalendar(ctx, tx, source) }
}

func (s *Service) putCalendar(ctx context.Context, tx store.Tx, source []byte) error {
	sum := sha256.Sum256(source)
	_, err := tx.Exec(ctx, `INSERT INTO flow_calendar (digest, source, loaded) VALUES ($1, $2, $3)
		ON CONFLICT (digest) DO UPDATE SET loaded = excluded.loaded`, hex.EncodeToString(sum[:]), string(source), store.Micros(s.now()))
	return err
}

// SetCalendar puts a calendar of working days in force and recomputes every
// open due. Errors: fault.Invalid with the line of the first mistake.
func (s *Service) SetCalendar(ctx context.Context, source []byte) error {
	if _, err := clock.ParseCalendar(source); err != nil {
		return err
	}
	err := s.db.Write(ctx, func(tx store.Tx) error {
		if err := s.putCalendar(ctx, tx, source); err != nil {
			return err
		}
		return s.who.Audit(ctx, tx, "flow.calendar.set", "", "")
	})
	if err != nil {
		return err
	}
	return s.relight(ctx)
}

// Calendar returns the calendar in force.
func (s *Service) Calendar(ctx context.Context) (clock.Calendar, error) {
	var cal clock.Calendar
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		cal, err = s.calendar(ctx, tx)
		return err
	})
	return cal, err
}

// calendar returns the calendar in force: the newest, parsed once. Before one is
// loaded no year is known.
func (s *Service) calendar(ctx context.Context, tx store.Tx) (clock.Calendar, error) {
	digest, err := newestCalendar(ctx, tx)
	if err != nil {
		return clock.Calendar{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if digest == s.calOf {
		return s.cal, nil
	}
	cal, err := readCalendar(ctx, tx, digest)
	if err != nil {
		return clock.Calendar{}, err
	}
	s.cal, s.calOf = cal, digest
	return cal, nil
}

// readCalendar reads a calendar by its digest; the empty one knows no year.
func readCalendar(ctx context.Context, tx store.Tx, digest string) (clock.Calendar, error) {
	if digest == "" {
		return clock.Calendar{}, nil
	}
	var source string
	if _, err := tx.One(ctx, `SELECT source FROM flow_calendar WHERE digest = $1`, []any{digest}, &source); err != nil {
		return clock.Calendar{}, err
	}
	return clock.ParseCalendar([]byte(source))
}

func newestCalendar(ctx context.Context, tx store.Tx) (digest string, err error) {
	_, err = tx.One(ctx, `SELECT digest FROM flow_calendar ORDER BY loaded DESC, digest LIMIT 1`, nil, &digest)
	return digest, err
}

// relight recomputes the dues and lights of all open cases when a calendar has
// come that they were not computed with. What was stopped on the way is ended first.
func (s *Service) relight(ctx context.Context) error {
	for {
		var c change
		var from string
		err := s.db.Read(ctx, func(tx store.Tx) (err error) {
			c, from, err = readChange(ctx, tx)
			return err
		})
		if err != nil || c.before == c.after {
			return err
		}
		if err := s.relightAll(ctx, c, from); err != nil {
			return err
		}
	}
}

// readChange returns what is to be made of the open cases after an id; before and
// after are the same when there is nothing to do.
func readChange(ctx context.Context, tx store.Tx) (c change, from string, err error) {
	last, err := lastRelit(ctx, tx)
	if err != nil {
		return c, "", err
	}
	c.before, c.after = last.Before, last.After
	if last.Upto == "" {
		c.before = last.After
		if c.after, err = newestCalendar(ctx, tx); err != nil || c.before == c.after {
			return c, "", err
		}
	}
	if c.was, err = readCalendar(ctx, tx, c.before); err != nil {
		return c, "", err
	}
	c.is, err = readCalendar(ctx, tx, c.after)
	return c, last.Upto, err
}

// relightFirst notes the calendar that the first case will be computed with.
func (s *Service) relightFirst(ctx context.Context) error {
	var last relit
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		last, err = lastRelit(ctx, tx)
		return err
	})
	if err != nil || last.After != "" {
		return err
	}
	return s.relight(ctx)
}

// lastRelit returns what was last told of a calendar: nothing before the first.
func lastRelit(ctx context.Context, tx store.Tx) (last relit, err error) {
	var text string
	found, err := tx.One(ctx, `SELECT data FROM flow_event WHERE case_ = '' AND name = $1 ORDER BY seq DESC LIMIT 1`, []any{eventCalendar}, &text)
	if err == nil && found {
		err = json.Unmarshal([]byte(text), &last)
	}
	return last, err
}
