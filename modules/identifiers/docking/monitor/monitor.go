// Package monitor computes what nodes report of their operation: the figures of a day,
// events, and the monthly report.
//
// What must hold: everything here is a pure function of what it is given. Figures are
// the same in whatever order samples come that are not more than Disorder apart; what
// is kept of a day does not grow with its samples.
//
// Source: 国家顶级节点对接服务指南, annexes 2 (monitoring) and 3 (monthly report).
package monitor

import (
	"encoding/json"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/docking"
)

// Kind is what was measured.
type Kind string

// The two services of a node.
const (
	Resolve  Kind = "resolve"
	Register Kind = "register"
)

// Sample is one request that was answered, or not.
type Sample struct {
	At      time.Time
	Kind    Kind
	Latency time.Duration // counted in whole microseconds; not at all of one that failed
	OK      bool          // answered, also with "there is no such identifier"
}

const secondsOfDay = 24 * 60 * 60

// Disorder is by how many seconds samples may come out of order.
const Disorder = 16

// Day accumulates the samples of one day in Beijing time, in a few hundred bytes. It is
// not for use by several goroutines at once. Its JSON is all it remembers.
type Day struct {
	begin time.Time
	days
}

// days is what Day remembers, with the names of its JSON.
type days struct {
	Day       string  `json:"day"`
	Resolves  spread  `json:"resolve"`
	Registers spread  `json:"register"`
	Effective uint64  `json:"effective"` // microseconds from registration to resolution, in all
	Ones      uint64  `json:"ones"`      // of how many registrations
	Peak      peak    `json:"peak"`      // of the seconds before those in Recent
	Newest    int64   `json:"newest"`    // second of the day of the newest resolution
	Recent    recents `json:"recent"`    // resolutions by second, at its remainder
}

type recents [Disorder]uint32

// peak is the most resolutions in a second, and which second that was.
type peak struct {
	N      uint32 `json:"n"`
	Second int64  `json:"second"`
}

// or returns the greater of both, of two that tie the first.
func (p peak) or(o peak) peak {
	if o.N > p.N || o.N == p.N && o.Second < p.Second {
		return o
	}
	return p
}

// NewDay returns an accumulator of the day of an instant.
func NewDay(of time.Time) *Day {
	d := &Day{}
	if d.of(docking.Day(of)) != nil {
		d.begin = of // a year of five digits; then no sample is of the day
	}
	return d
}

func (d *Day) of(day string) error {
	begin, err := docking.ParseInstant(day + " 00:00:00")
	if err == nil {
		d.begin, d.Day = begin, day
	}
	return err
}

// MarshalJSON implements json.Marshaler.
func (d *Day) MarshalJSON() ([]byte, error) { return json.Marshal(d.days) }

// UnmarshalJSON implements json.Unmarshaler.
func (d *Day) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &d.days); err != nil {
		return err
	}
	if d.Newest < 0 || d.Newest >= secondsOfDay {
		return fault.New(fault.Invalid, "second %d is none of a day", d.Newest)
	}
	return d.of(d.Day)
}

// Is reports whether an instant is of the day.
func (d *Day) Is(at time.Time) bool {
	return !at.Before(d.begin) && at.Sub(d.begin) < secondsOfDay*time.Second
}

// Add counts a sample.
//
// Errors: fault.Invalid when it is of another day, of no kind, or its latency is
// negative.
func (d *Day) Add(s Sample) error {
	switch {
	case !d.Is(s.At):
		return fault.New(fault.Invalid, "the sample is of %s, not of %s", docking.Instant(s.At), docking.Day(d.begin))
	case s.Latency < 0:
		return fault.New(fault.Invalid, "the sample of %s has the latency %s; give one from 0 on", docking.Instant(s.At), s.Latency)
	}
	second := int64(s.At.Sub(d.begin) / time.Second)
	one := single(second, s)
	switch s.Kind {
	case Resolve:
		d.count(second)
		d.Resolves = d.Resolves.with(one)
	case Register:
		d.Registers = d.Registers.with(one)
	default:
		return fault.New(fault.Invalid, "the sample of %s is of kind %.20q; give %s or %s", docking.Instant(s.At), s.Kind, Resolve, Register)
	}
	return nil
}

// Took notes the time from a registration to the moment at which it resolves.
func (d *Day) Took(t time.Duration) {
	d.Effective += uint64(max(t.Microseconds(), 0))
	d.Ones++
}

// count counts a resolution in its second; one that comes too late counts in the oldest
// that is still open.
func (d *Day) count(second int64) {
	second = max(second, d.Newest-Disorder+1)
	for ; d.Newest < second; d.Newest++ {
		if second-d.Newest > Disorder { // all that are open end
			d.Peak, d.Recent, d.Newest = d.peak(), recents{}, second
			break
		}
		next := (d.Newest + 1) % Disorder
		d.Peak = d.Peak.or(peak{d.Recent[next], d.Newest + 1 - Disorder})
		d.Recent[next] = 0
	}
	d.Recent[second%Disorder]++
}

// peak returns the peak of the day so far.
func (d *Day) peak() peak {
	out := d.Peak
	for second := max(0, d.Newest-Disorder+1); second <= d.Newest; second++ {
		if n := d.Recent[second%Disorder]; n > 0 {
			out = out.or(peak{n, second})
		}
	}
	return out
}

// Counts are how many requests a day had: the weights of its means.
type Counts struct {
	Resolved, ResolveFailed     uint64
	Registered, RegisterFailed  uint64
	EffectiveSum, EffectiveOnes uint64 // microseconds from registration to resolution in all, and of how many
}

// Counts returns the counts of the day so far.
func (d *Day) Counts() Counts {
	return Counts{
		Resolved: d.Resolves.N, ResolveFailed: d.Resolves.Failed, Registered: d.Registers.N, RegisterFailed: d.Registers.Failed,
		EffectiveSum: d.Effective, EffectiveOnes: d.Ones,
	}
}

// Figures returns columns 1 to 12 of a node or an enterprise. Of samples that tie, and
// of seconds with the same number of queries, the first counts.
func (d *Day) Figures(prefix string) docking.Figures {
	f := docking.Figures{Date: docking.Day(d.begin), Prefix: prefix}
	if r := d.Resolves; r.N > 0 {
		f.ResolveMean, f.ResolveMin, f.ResolveMax = r.mean(), r.Least.Micros, r.Most.Micros
		f.ResolveMinAt, f.ResolveMaxAt = d.instant(r.Least.Second), d.instant(r.Most.Second)
	}
	if r := d.Registers; r.N > 0 {
		f.RegisterMean, f.RegisterMin, f.RegisterMax = r.mean(), r.Least.Micros, r.Most.Micros
		f.RegisterMinAt, f.RegisterMaxAt = d.instant(r.Least.Second), d.instant(r.Most.Second)
	}
	if p := d.peak(); p.N > 0 {
		f.PeakQPS, f.PeakAt = int64(p.N), d.instant(p.Second)
	}
	return f
}

func (d *Day) instant(second int64) string {
	return docking.Instant(d.begin.Add(time.Duration(second) * time.Second))
}

// spread is what is kept of latencies. Sums of whole microseconds are the same in any
// order, which sums of floating point are not.
type spread struct {
	N      uint64  `json:"n"`
	Failed uint64  `json:"failed"`
	Sum    uint64  `json:"sum"` // microseconds; 2^64 of them are 584,000 years
	Least  extreme `json:"least"`
	Most   extreme `json:"most"`
}

// extreme is a latency and the second of the day it was in.
type extreme struct {
	Micros docking.Micros `json:"micros"`
	Second int64          `json:"second"`
}

// single is the spread of one sample.
func single(second int64, s Sample) spread {
	if !s.OK {
		return spread{Failed: 1}
	}
	e := extreme{docking.Micros(s.Latency.Microseconds()), second}
	return spread{N: 1, Sum: uint64(e.Micros), Least: e, Most: e} //nolint:gosec // Add holds that it is not negative
}

// with returns the spread of both.
func (s spread) with(o spread) spread {
	failed := s.Failed + o.Failed
	switch {
	case s.N == 0:
		s = o
	case o.N > 0:
		s.N, s.Sum = s.N+o.N, s.Sum+o.Sum
		if o.Least.Micros < s.Least.Micros || o.Least.Micros == s.Least.Micros && o.Least.Second < s.Least.Second {
			s.Least = o.Least
		}
		if o.Most.Micros > s.Most.Micros || o.Most.Micros == s.Most.Micros && o.Most.Second < s.Most.Second {
			s.Most = o.Most
		}
	}
	s.Failed = failed
	return s
}

// mean returns the mean to the nearest microsecond.
func (s spread) mean() docking.Micros {
	return docking.Micros((s.Sum + s.N/2) / s.N) //nolint:gosec // it lies between latencies
}
