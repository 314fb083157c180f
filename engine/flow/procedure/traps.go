package procedure

import (
	"slices"
	"strings"
)

// ends reports whether a case may stay at a place for good: it is over, or all its
// parts are, at least one of them at rest.
func (w *walk) ends(i int) bool {
	if w.places[i].done || w.places[i].open {
		return true // of a place that was not followed nothing bad can be said
	}
	rest := false
	for _, s := range w.leaves(w.places[i].active) {
		if !s.Rest && s.Kind != Final {
			return false
		}
		rest = rest || s.Rest
	}
	return rest
}

// traps returns the sets of places that cannot be left and hold no end, each in
// order of discovery.
func (w *walk) traps() [][]int {
	live := w.live()
	var out [][]int
	for _, part := range w.components() {
		slices.Sort(part)
		bottom := !live[part[0]] && !slices.ContainsFunc(part, func(i int) bool {
			return slices.ContainsFunc(w.places[i].next, func(j int) bool { _, in := slices.BinarySearch(part, j); return !in })
		})
		if bottom && w.stuck[w.places[part[0]].key()] == "" {
			out = append(out, part)
		}
	}
	slices.SortFunc(out, func(a, b []int) int { return a[0] - b[0] })
	return out
}

// live marks the places that an end can be reached from.
func (w *walk) live() []bool {
	before := make([][]int32, len(w.places))
	live := make([]bool, len(w.places))
	var queue []int
	for i := range w.places {
		for _, j := range w.places[i].next {
			before[j] = append(before[j], int32(i))
		}
		if w.ends(i) {
			live[i] = true
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, b := range before[i] {
			if !live[b] {
				live[b] = true
				queue = append(queue, int(b))
			}
		}
	}
	return live
}

// components returns the strongly connected components of the places (Tarjan's
// algorithm with a stack of its own, for the graph may be deep).
func (w *walk) components() [][]int {
	t := &tarjan{index: make([]int, len(w.places)), low: make([]int, len(w.places)), on: make([]bool, len(w.places))}
	for i := range w.places {
		if t.index[i] == 0 {
			t.from(w, i)
		}
	}
	return t.out
}

type tarjan struct {
	n          int
	index, low []int
	on         []bool
	stack      []int
	out        [][]int
}

// visit is a place whose followers are being looked at.
type visit struct{ i, next int }

func (t *tarjan) from(w *walk, i int) {
	calls := []visit{{i: i}}
	t.open(i)
	for len(calls) > 0 {
		v := &calls[len(calls)-1]
		if v.next < len(w.places[v.i].next) {
			j := w.places[v.i].next[v.next]
			v.next++
			switch {
			case t.index[j] == 0:
				t.open(j)
				calls = append(calls, visit{i: j})
			case t.on[j]:
				t.low[v.i] = min(t.low[v.i], t.index[j])
			default:
			}
			continue
		}
		i := v.i
		calls = calls[:len(calls)-1]
		if len(calls) > 0 {
			up := calls[len(calls)-1].i
			t.low[up] = min(t.low[up], t.low[i])
		}
		t.close(i)
	}
}

func (t *tarjan) open(i int) {
	t.n++
	t.index[i], t.low[i], t.on[i] = t.n, t.n, true
	t.stack = append(t.stack, i)
}

func (t *tarjan) close(i int) {
	if t.low[i] != t.index[i] {
		return
	}
	at := len(t.stack) - 1
	for t.stack[at] != i {
		at--
	}
	part := slices.Clone(t.stack[at:])
	t.stack = t.stack[:at]
	for _, j := range part {
		t.on[j] = false
	}
	t.out = append(t.out, part)
}

// way returns the events of a shortest way to a place.
func (w *walk) way(i int) string {
	var out []string
	for ; i >= 0; i = w.places[i].from {
		out = append(out, w.places[i].event)
	}
	slices.Reverse(out)
	return strings.Join(out, " → ")
}

// stuckWay returns the events of a shortest way into a chain that never rests.
func (w *walk) stuckWay(from string) string {
	if i, ok := w.known[from]; ok {
		return w.way(i) + " → " + w.stuck[from]
	}
	return w.stuck[from]
}

// stuckLine returns the line of the place where the chain begins.
func (w *walk) stuckLine(from string) int {
	if i, ok := w.known[from]; ok {
		if leaves := w.leaves(w.places[i].active); len(leaves) > 0 {
			return leaves[len(leaves)-1].Line
		}
	}
	return w.p.Root.Line
}
