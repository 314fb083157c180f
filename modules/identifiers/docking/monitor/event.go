package monitor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/docking"
)

// Observation is what a watch over a node saw.
type Observation struct {
	At    time.Time
	Up    bool
	Cause string // free text, of one that is down
	Type  string // docking.CauseNetwork and so on, of one that is down; "" is docking.CauseOther
}

// Watch turns observations of a node into events: one when it goes down, one when it
// is up again. Its fields are all it remembers, so it can be stored between two.
type Watch struct {
	Prefix string
	Open   string // the number of the event that is not over, "" when the node is up
	Last   string // the number given last
}

// See returns the event of an observation, and the watch behind it. Most observations
// are of no change and have none.
//
// Numbers are unique to the node: the instant in Beijing time, and a letter more for
// each further event of that second.
func (w Watch) See(o Observation) (Watch, docking.Event, bool) {
	if o.Up == (w.Open == "") {
		return w, docking.Event{}, false
	}
	e := docking.Event{Prefix: w.Prefix, At: docking.Instant(o.At)}
	e.ID = strings.NewReplacer("-", "", ":", "", " ", "").Replace(e.At)
	if strings.HasPrefix(w.Last, e.ID) {
		e.ID = w.Last + "a"
	}
	w.Last = e.ID
	if o.Up {
		e.State, e.Linked, w.Open = docking.StateRecovered, w.Open, ""
		return w, e, true
	}
	e.State, e.Cause, e.Type, w.Open = docking.StateAbnormal, o.Cause, o.Type, e.ID
	if e.Type == "" {
		e.Type = docking.CauseOther
	}
	return w, e, true
}

// Outage is a time in which a node was down.
type Outage struct {
	From, To time.Time // To is the zero time when it is not over
	ID       string    // of the event that began it
	Cause    string
	Type     string
}

// Outages pairs events of one node, and returns its outages by their begin.
//
// Errors: fault.Invalid when numbers are there twice, or a recovery is of no event, of
// one that is over already, or before it began.
func Outages(events []docking.Event) ([]Outage, error) {
	seen := map[string]bool{}
	begun := map[string]int{} // place in out
	var out []Outage
	for _, e := range slices.SortedStableFunc(slices.Values(events), byTime) {
		at, err := docking.ParseInstant(e.At)
		if err != nil {
			return nil, err
		}
		if seen[e.ID] {
			return nil, fault.New(fault.Invalid, "event %q of %s is there twice; numbers are unique", e.ID, e.Prefix)
		}
		seen[e.ID] = true
		if e.State != docking.StateRecovered {
			begun[e.ID] = len(out)
			out = append(out, Outage{From: at, ID: e.ID, Cause: e.Cause, Type: e.Type})
			continue
		}
		i, ok := begun[e.Linked]
		if !ok {
			return nil, fault.New(fault.Invalid, "event %q of %s is the recovery of event %q, of which there is none before it that is not over", e.ID, e.Prefix, e.Linked)
		}
		delete(begun, e.Linked)
		out[i].To = at
	}
	return out, nil
}

// byTime orders events; of one second, what began comes before what is over.
func byTime(a, b docking.Event) int {
	if c := strings.Compare(a.At, b.At); c != 0 || a.State == b.State {
		return c
	}
	if a.State == docking.StateRecovered {
		return 1
	}
	return -1
}

// down returns how many seconds of a time are in outages. What overlaps counts once.
func down(outages []Outage, from, to time.Time) int64 {
	var out time.Duration
	at := from
	sorted := slices.SortedFunc(slices.Values(outages), func(a, b Outage) int { return a.From.Compare(b.From) })
	for _, o := range sorted {
		if o.To.IsZero() || o.To.After(to) {
			o.To = to
		}
		if o.From.Before(at) {
			o.From = at
		}
		if o.To.After(o.From) {
			out += o.To.Sub(o.From)
			at = o.To
		}
	}
	return int64(out / time.Second)
}

// label returns the words of a cause in a language.
func label(cause, lang string) string {
	for _, c := range docking.Codes("cause") {
		if c.Value != cause {
			continue
		}
		if lang == "en" {
			return c.EN
		}
		return c.ZH
	}
	return cause
}

// sentence says when and why in a language: to the minute, as the guide's report has it.
func (o Outage) sentence(lang string) string {
	const zh, en = "1月2日15时04分", "2 January 15:04"
	beijing := time.FixedZone("UTC+8", 8*60*60)
	form, format, open := zh, "%s至%s：%s（%s）", "尚未恢复"
	if lang == "en" {
		form, format, open = en, "%s to %s: %s (%s)", "not over"
	}
	to := open
	if !o.To.IsZero() {
		to = o.To.In(beijing).Format(form)
	}
	return fmt.Sprintf(format, o.From.In(beijing).Format(form), to, o.Cause, label(o.Type, lang))
}
