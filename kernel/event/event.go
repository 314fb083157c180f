// Package event carries typed announcements between modules after a commit.
//
// What must hold: an event is published only after the change it tells of is on
// disk; a listener must be quick and must not assume that it hears everything
// (the process may end between commit and announcement), so it re-reads the
// store and never keeps truth of its own.
package event

import (
	"context"
	"reflect"
	"sync"
)

// Bus delivers events to those who asked for their type, in order of asking.
type Bus struct {
	mu        sync.RWMutex
	listeners map[reflect.Type][]func(context.Context, any) // guarded by mu
}

// On calls fn for every event of type T that is published from now on. On a nil
// bus nothing ever is.
func On[T any](b *Bus, fn func(context.Context, T)) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listeners == nil {
		b.listeners = map[reflect.Type][]func(context.Context, any){}
	}
	t := reflect.TypeFor[T]()
	b.listeners[t] = append(b.listeners[t], func(ctx context.Context, v any) {
		if e, ok := v.(T); ok {
			fn(ctx, e)
		}
	})
}

// Publish calls the listeners of T in the caller's goroutine. A nil bus has none.
func Publish[T any](ctx context.Context, b *Bus, e T) {
	if b == nil {
		return
	}
	b.mu.RLock()
	fns := b.listeners[reflect.TypeFor[T]()]
	b.mu.RUnlock()
	for _, fn := range fns {
		fn(ctx, e)
	}
}
