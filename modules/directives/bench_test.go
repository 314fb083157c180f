package directives

import (
	"fmt"
	"testing"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/pack"
)

// BenchmarkList: the board of a city with 5,000 directives.
func BenchmarkList(b *testing.B) {
	c := newCity(b, migrated(b))
	leader := as(b.Context(), actor.Leader, "500000")
	for i := range 5000 {
		if _, err := c.Open(leader, Order{Title: pack.Text{ZH: fmt.Sprint("事项", i)}, Lead: "kjj"}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if all, err := c.List(leader, Query{}); err != nil || len(all) != 5000 {
			b.Fatalf("%d, %v", len(all), err)
		}
	}
}
