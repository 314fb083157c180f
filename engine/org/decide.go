package org

import (
	"context"
	"errors"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
)

// Decide is the one decision of the whole program: whether a may use p over
// unit (empty: over any). It returns nil, fault.Forbidden, or the error that
// kept it from knowing, so that a failing database never opens a door.
func (s *Service) Decide(ctx context.Context, a actor.Actor, p actor.Permission, unit string) error {
	if p == actor.Visit && a.Known() && unit == "" {
		return nil // whoever has signed in has a place of their own, grants or not
	}
	var unknown error
	ok := a.May(p, unit, func(unit, top string) bool {
		in, err := s.Within(ctx, unit, top)
		if err != nil {
			unknown = err
		}
		return in
	})
	switch {
	case ok:
		return nil
	case unknown != nil:
		return unknown
	case !a.Known():
		return s.refuse(forbidden, "may.signin")
	case unit == "":
		return s.refuse(forbidden, "may.not", string(p))
	}
	return s.refuse(forbidden, "may.notover", string(p), unit)
}

// The kinds of refusal, shorter.
const (
	invalid   = fault.Invalid
	notFound  = fault.NotFound
	conflict  = fault.Conflict
	forbidden = fault.Forbidden
	busy      = fault.Busy
)

// wording is the cause of a refusal that a page can say in its own language.
type wording struct {
	key  string
	args []any
}

// Error implements error.
func (w wording) Error() string { return w.key }

// refuse returns a fault that says the wording of key in English, and that a
// page can say in its own language: see said.
func (s *Service) refuse(kind fault.Kind, key string, args ...any) error {
	words, err := web.Catalogs(files)
	if err != nil {
		return err
	}
	text, err := words[web.EN].T(key, args...)
	if err != nil {
		return err
	}
	return &fault.Fault{Kind: kind, Text: text, Err: wording{key, args}}
}

// said returns the sentence of err in a language; ok is false when err is none
// of this package's refusals, so that its caller must return it.
func (s *Service) said(err error, lang string) (text string, ok bool) {
	w, ok := errors.AsType[wording](err)
	if !ok {
		return "", false
	}
	words, err := web.Catalogs(files)
	if err != nil {
		return "", false
	}
	text, err = words[lang].T(w.key, w.args...)
	return text, err == nil
}
