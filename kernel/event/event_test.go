package event

import (
	"context"
	"slices"
	"testing"
)

type saved struct{ id string }

type removed struct{ id string }

func TestPublish(t *testing.T) {
	var b Bus
	var heard []string
	On(&b, func(_ context.Context, e saved) { heard = append(heard, "first "+e.id) })
	On(&b, func(_ context.Context, e saved) { heard = append(heard, "second "+e.id) })
	On(&b, func(_ context.Context, e removed) { heard = append(heard, "removed "+e.id) })
	Publish(t.Context(), &b, saved{"a"})
	Publish(t.Context(), &b, removed{"a"})
	Publish(t.Context(), &b, "nobody asked for text")
	Publish(t.Context(), nil, saved{"b"})
	if want := []string{"first a", "second a", "removed a"}; !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
}
