package monitor

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Probe is one try of a prober to use a node.
type Probe struct {
	Prober string // which prober
	At     time.Time
	Kind   Kind
	OK     bool
	Reason string // why not, such as "timeout after 5s"
}

// Rule is when a node is taken over. The zero Rule is the guide's threshold, with a
// window and numbers that the guide leaves open.
type Rule struct {
	Percent int           // of probers; 0 is 51
	Window  time.Duration // in which probers must have tried; 0 is 5 minutes
	Probers int           // below so many that have tried, nothing is decided; 0 is 3
	Good    int           // windows without emergency until a node counts as recovered; 0 is 3
}

func (r Rule) filled() Rule {
	return Rule{cmp.Or(r.Percent, 51), cmp.Or(r.Window, 5*time.Minute), cmp.Or(r.Probers, 3), cmp.Or(r.Good, 3)}
}

// Verdict is what probes of a window say.
type Verdict struct {
	At          time.Time // the end of the window
	Probers     int       // that tried something in the window
	Registering int       // of these, found registration unavailable
	Resolving   int       // of these, found resolution unavailable
	Failing     int       // of these, found one of both unavailable, or both
	Emergency   bool      // Failing is Percent of Probers or more
	Undecided   bool      // too few probers tried: neither emergency nor recovery
	Reasons     []string  // a sentence for each prober that found something unavailable
}

// Assess says whether a node has reached the threshold of emergency.
//
// The guide: 51 % or more of the probers find, within a given time, at least one of
// registration and resolution unavailable. A prober finds a service unavailable when it
// tried it in the window (now-Window, now] and every try failed.
func (r Rule) Assess(probes []Probe, now time.Time) Verdict {
	r = r.filled()
	tried := map[string]map[Kind]Probe{}
	for _, p := range probes {
		if !p.At.After(now.Add(-r.Window)) || p.At.After(now) {
			continue
		}
		if tried[p.Prober] == nil {
			tried[p.Prober] = map[Kind]Probe{}
		}
		before, ok := tried[p.Prober][p.Kind]
		if !ok || !before.OK && (p.OK || !p.At.Before(before.At)) {
			// Of tries that failed the last one is kept, for its reason.
			tried[p.Prober][p.Kind] = p
		}
	}
	v := Verdict{At: now, Probers: len(tried)}
	for _, name := range slices.Sorted(maps.Keys(tried)) {
		v.count(name, tried[name])
	}
	v.Undecided = v.Probers < r.Probers
	v.Emergency = !v.Undecided && v.Failing*100 >= v.Probers*r.Percent
	return v
}

// count adds what one prober found.
func (v *Verdict) count(prober string, found map[Kind]Probe) {
	failing := false
	for _, kind := range []Kind{Register, Resolve} {
		p, ok := found[kind]
		if !ok || p.OK {
			continue
		}
		failing = true
		if kind == Register {
			v.Registering++
		} else {
			v.Resolving++
		}
		v.Reasons = append(v.Reasons, fmt.Sprintf("%s: %s unavailable, last at %s: %s", prober, kind, p.At.UTC().Format(time.RFC3339), cmp.Or(p.Reason, "no reason given")))
	}
	if failing {
		v.Failing++
	}
}

// Takeover is whether a node is taken over. The zero Takeover is not.
type Takeover struct {
	Active  bool
	Since   time.Time
	Good    int      // windows without emergency in a row, while it is active
	Reasons []string // of the verdict that began it
}

// Next returns the state behind a verdict. A node is taken over at its first emergency,
// and given back after Good verdicts without one in a row; a verdict that is undecided
// changes nothing.
func (r Rule) Next(t Takeover, v Verdict) Takeover {
	switch {
	case v.Undecided:
		return t
	case v.Emergency && t.Active:
		t.Good = 0
		return t
	case v.Emergency:
		return Takeover{Active: true, Since: v.At, Reasons: v.Reasons}
	case !t.Active:
		return t
	}
	t.Good++
	if t.Good >= r.filled().Good {
		return Takeover{}
	}
	return t
}
