package org

import (
	"context"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// Entry is one line of the audit: who changed what, when.
type Entry struct {
	ID      string    `json:"id" doc:"sorts by time"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor" doc:"person's id, or system"`
	Name    string    `json:"name" doc:"the person's name then"`
	Request string    `json:"request,omitempty" doc:"id of the request, as in the log"`
	Action  string    `json:"action"`
	Subject string    `json:"subject,omitempty"`
	Detail  string    `json:"detail,omitempty" doc:"before and after"`
}

// whoIs returns the actor of a change; what nobody asked for the program does.
func whoIs(ctx context.Context) actor.Actor {
	if a := actor.Of(ctx); a.Known() {
		return a
	}
	return actor.System("")
}

// Audit records a change within the transaction that makes it: either both
// happen or neither. action reads module.thing.verb; detail says before and
// after, never a secret.
func (s *Service) Audit(ctx context.Context, tx store.Tx, action, subject, detail string) error {
	who := whoIs(ctx)
	now := s.now()
	return insertEntry(ctx, tx, Entry{
		ID: store.NewID(now), At: now, Actor: who.ID, Name: who.Name, Request: web.RequestID(ctx),
		Action: action, Subject: subject, Detail: detail,
	})
}

// Filter narrows the audit; empty fields mean all.
type Filter struct {
	Actor   string
	Action  string // or its beginning: org.grant
	Subject string
	Before  string // id of the last entry seen
}

// entries returns audit entries, the newest first, at most limit, and whether
// there are more.
func (s *Service) entries(ctx context.Context, f Filter, limit int) (out []Entry, more bool, err error) {
	if limit < 1 || limit > 1000 {
		limit = 100
	}
	err = s.db.Read(ctx, func(tx store.Tx) error {
		out, err = entries(ctx, tx, f, limit+1)
		return err
	})
	if len(out) > limit {
		return out[:limit], true, err
	}
	return out, false, err
}
