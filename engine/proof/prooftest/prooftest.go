// Package prooftest is what the tests of modules have of the evidence engine.
//
// It must never be imported by code that ships.
package prooftest

import (
	"context"
	"sync"

	"yuzhou/engine/proof"
	"yuzhou/kernel/store"
)

// Book stands in for the engine: it notes what is claimed and proves nothing. The zero
// Book is ready.
type Book struct {
	mu     sync.Mutex // guards claims
	claims []proof.Claim
}

// State notes a claim, whether its transaction is kept or not.
func (b *Book) State(_ context.Context, _ store.Tx, c proof.Claim) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.claims = append(b.claims, c)
	return nil
}

// Settle does nothing.
func (*Book) Settle(context.Context) error { return nil }

// Standing says that nobody has stated anything.
func (*Book) Standing(_ context.Context, c proof.Claim) (proof.Standing, error) {
	return proof.Standing{State: proof.Unstated, Name: c.Name, Place: -1}, nil
}

// Claims returns what was claimed, in order.
func (b *Book) Claims() []proof.Claim {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]proof.Claim(nil), b.claims...)
}
