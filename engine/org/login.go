package org

import (
	"context"
	"strings"

	"yuzhou/kernel/store"
)

// ByLogin returns the id of who signs in by a name.
//
// Errors: fault.NotFound when nobody does.
func (s *Service) ByLogin(ctx context.Context, login string) (person string, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		acc, err := accountOf(ctx, tx, strings.ToLower(strings.TrimSpace(login)))
		if err == nil && acc.person == "" {
			err = s.refuse(notFound, "person.unknown", login)
		}
		person = acc.person
		return err
	})
	return person, err
}
