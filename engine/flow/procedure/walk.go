package procedure

import (
	"maps"
	"slices"
	"strings"
)

// maxQueue is how many raised events may wait: more come from a loop that raises
// without end.
const maxQueue = 64

// maxChoices bounds how many ways one event is followed from one place.
const maxChoices = 4096

// walk is the search through everything that can happen: breadth first, so that the
// way to each place is a shortest one.
type walk struct {
	*model
	bound   int // of places and steps
	steps   int
	cut     bool // the bound was reached: not all was seen
	places  []place
	known   map[string]int // place by key
	seen    set            // states that are ever active
	taken   map[*Transition]bool
	events  []string          // that may come from outside, one for each that transitions tell apart
	started map[string]bool   // clocks that actions start
	stuck   map[string]string // by key of the place: the event after which no rest is found
}

// place is a spot where the case waits for an event.
type place struct {
	spot
	from  int    // place before on the shortest way; -1 of a first one
	event string // that led here
	next  []int
	open  bool // its followers were not all seen
}

// explore walks through a procedure up to a bound of places and steps together.
func explore(p *Procedure, bound int) *walk {
	w := &walk{model: newModel(p), bound: bound, known: map[string]int{}, taken: map[*Transition]bool{}, started: map[string]bool{}, stuck: map[string]string{}}
	w.seen = w.empty()
	w.alphabet()
	w.settle([]spot{w.open()}, -1, "open")
	next := 0
	for next < len(w.places) { // following adds places
		if w.steps >= w.bound {
			w.cut = true
			w.places[next].open = true
		} else {
			w.follow(next)
		}
		next++
	}
	return w
}

// alphabet lists the events that can come from outside: one for each descriptor.
// What only the procedure raises itself does not come from outside, and neither
// does the end of a state.
func (w *walk) alphabet() {
	raised := w.acted()
	words, named := map[string]bool{}, map[string]bool{}
	for t := range w.conds {
		for _, e := range t.Events {
			word := strings.TrimSuffix(strings.TrimSuffix(e, "*"), ".")
			if word == "" {
				word = "*"
			}
			words[word] = true
			named[word] = named[word] || t.Name.ZH != ""
		}
	}
	for _, word := range slices.Sorted(maps.Keys(words)) {
		if !strings.HasPrefix(word, "done.state.") && (!raised[word] || named[word]) {
			w.events = append(w.events, word)
		}
	}
}

// acted notes which clocks actions start and returns the events that they raise.
func (w *walk) acted() (raised map[string]bool) {
	raised = map[string]bool{}
	for _, a := range w.p.actions() {
		if a.Do == DoRaise {
			raised[a.Event] = true
		}
		if a.Do == DoStart {
			w.started[a.Clock] = true
		}
	}
	return raised
}

// follow adds the places that a place's events lead to.
func (w *walk) follow(i int) {
	if w.places[i].done {
		return
	}
	for _, e := range w.events {
		if w.silent(w.places[i].spot, e) {
			continue
		}
		var next []spot
		for _, taken := range w.choices(w.places[i].spot, e) {
			if len(taken) > 0 {
				next = append(next, w.micro(w.places[i].spot, taken))
			}
		}
		w.settle(next, i, e)
	}
	// any other event has transitions without one looked at again
	w.settle([]spot{w.places[i].spot}, i, "*")
}

// silent reports whether an event cannot come now: that of a clock that does not run.
func (w *walk) silent(s spot, event string) bool {
	parts := strings.Split(event, ".")
	if len(parts) < 2 || parts[0] != "clock" || w.started[parts[1]] {
		return false
	}
	return !slices.ContainsFunc(w.list(s.active), func(st *State) bool { return st.Clock == parts[1] })
}

// settle follows steps without events and raised events until the case waits, in
// all ways that it can go, and records where.
func (w *walk) settle(from []spot, place int, event string) {
	known, rests := map[string]bool{}, false
	for len(from) > 0 {
		s := from[len(from)-1]
		from = from[:len(from)-1]
		key := s.key()
		if known[key] {
			continue
		}
		known[key] = true
		if w.steps++; w.steps > w.bound || len(s.queue) > maxQueue {
			w.cut, rests = true, true
			w.unfinished(place)
			continue
		}
		if s.done {
			s.queue = nil
			w.reach(s, place, event)
			rests = true
			continue
		}
		for _, taken := range w.choices(s, "") {
			switch {
			case len(taken) > 0:
				from = append(from, w.micro(s, taken))
			case len(s.queue) > 0:
				from = append(from, w.dequeue(s)...)
			default:
				w.reach(s, place, event)
				rests = true
			}
		}
	}
	if !rests && len(known) > 0 {
		w.stuck[w.keyOf(place)] = event
	}
}

func (w *walk) keyOf(place int) string {
	if place < 0 {
		return ""
	}
	return w.places[place].key()
}

func (w *walk) unfinished(place int) {
	if place >= 0 {
		w.places[place].open = true
	}
}

// dequeue handles the first raised event.
func (w *walk) dequeue(s spot) []spot {
	var out []spot
	event := s.queue[0]
	rest := s.clone()
	rest.queue = rest.queue[1:]
	for _, taken := range w.choices(rest, event) {
		if len(taken) == 0 {
			out = append(out, rest)
			continue
		}
		out = append(out, w.micro(rest, taken))
	}
	return out
}

// micro takes transitions and notes what was taken and entered.
func (w *walk) micro(s spot, taken []*Transition) spot {
	for _, t := range taken {
		w.taken[t] = true
	}
	out := w.step(s, taken)
	for i, word := range out.active {
		w.seen[i] |= word
	}
	return out
}

// reach records a place and the way to it.
func (w *walk) reach(s spot, from int, event string) {
	key := s.key()
	i, ok := w.known[key]
	if !ok {
		i = len(w.places)
		w.known[key] = i
		w.places = append(w.places, place{spot: s, from: from, event: event})
		for j, word := range s.active {
			w.seen[j] |= word
		}
	}
	if from >= 0 && from != i && !slices.Contains(w.places[from].next, i) {
		w.places[from].next = append(w.places[from].next, i)
	}
}

// choices returns the sets of transitions that an event can enable, "" standing for
// no event: one for each way in which conditions over data can turn out. Within one
// choice a condition is true or false everywhere.
func (w *walk) choices(s spot, event string) [][]*Transition {
	var out [][]*Transition
	var f facts
	for range maxChoices {
		f.asked = 0
		out = append(out, w.enabled(s, event, f.ask))
		if !f.next() {
			return out
		}
	}
	w.cut = true
	return out
}

// facts is how conditions over data turn out in one choice, in the order in which
// they were first asked for. New ones are true; next turns the last true one false.
type facts struct {
	text  []string
	holds []bool
	asked int
}

func (f *facts) ask(text string) bool {
	if i := slices.Index(f.text[:f.asked], text); i >= 0 {
		return f.holds[i]
	}
	if f.asked == len(f.text) {
		f.text, f.holds = append(f.text, text), append(f.holds, true)
	}
	f.asked++
	return f.holds[f.asked-1]
}

// next turns to the next choice; false when there is none.
func (f *facts) next() bool {
	n := f.asked
	for n > 0 && !f.holds[n-1] {
		n--
	}
	f.text, f.holds = f.text[:n], f.holds[:n]
	if n == 0 {
		return false
	}
	f.holds[n-1] = false
	return true
}

// enabled selects transitions as the machine does.
func (w *walk) enabled(s spot, event string, atom func(string) bool) []*Transition {
	in := func(id string) bool {
		st := w.p.State(id)
		return st != nil && s.active.has(st)
	}
	var out []*Transition
	for _, leaf := range w.leaves(s.active) {
		if t := w.first(leaf, event, in, atom); t != nil && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return w.compatible(s, out)
}

func (w *walk) first(leaf *State, event string, in, atom func(string) bool) *Transition {
	for st := leaf; st != nil; st = st.Parent {
		for _, t := range st.Transitions {
			if t.fires(event) && w.conds[t].holdsWith(in, atom) {
				return t
			}
		}
	}
	return nil
}

// fires reports whether the transition is for the event; "" stands for none.
func (t *Transition) fires(event string) bool {
	if event == "" {
		return len(t.Events) == 0
	}
	return slices.ContainsFunc(t.Events, func(d string) bool { return matches(d, event) })
}
