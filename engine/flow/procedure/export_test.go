package procedure

import (
	"fmt"
	"slices"
	"strings"
)

// Places returns, sorted, where a case can wait according to the walk of the static
// check, and the events that it sends; ok is false when not all was looked at.
func Places(p *Procedure, bound int) (places, events []string, ok bool) {
	w := explore(p, bound)
	for _, at := range w.places {
		history := map[string][]string{}
		for h, n := range w.past {
			if at.past[n] != nil {
				history[h.ID] = ids(w.list(at.past[n]))
			}
		}
		places = append(places, PlaceOf(ids(w.list(at.active))[1:], history, at.done))
	}
	slices.Sort(places)
	return places, w.events, !w.cut
}

// PlaceOf writes a place as a text.
func PlaceOf(active []string, history map[string][]string, done bool) string {
	if done {
		return "done"
	}
	var b strings.Builder
	b.WriteString(strings.Join(active, " "))
	names := make([]string, 0, len(history))
	for h := range history {
		names = append(names, h)
	}
	slices.Sort(names)
	for _, h := range names {
		fmt.Fprintf(&b, " | %s: %s", h, strings.Join(history[h], " "))
	}
	return b.String()
}
