// Package monitor computes what nodes report of their operation: the figures of a day,
// events, the monthly report, and whether a node is to be taken over.
//
// What must hold: everything here is a pure function of what it is given. Figures are
// the same in whatever order samples come and however they were shared among
// accumulators; a threshold is compared in integers, so 51 of 100 is 51 %.
//
// Source: 国家顶级节点对接服务指南, annexes 2 (monitoring), 3 (monthly report) and 4
// (takeover).
package monitor

import (
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

// Day accumulates the samples of one day in Beijing time. It is not for use by several
// goroutines at once: give each its own and Merge them. It takes some 350 KB.
type Day struct {
	begin    time.Time
	resolve  spread
	register spread
	queries  []uint32 // resolutions, answered or not, by the second of the day
}

// NewDay returns an accumulator of the day of an instant.
func NewDay(of time.Time) *Day {
	begin, err := docking.ParseInstant(docking.Day(of) + " 00:00:00")
	if err != nil {
		begin = of // a year of five digits; then no sample is of the day
	}
	return &Day{begin: begin, queries: make([]uint32, secondsOfDay)}
}

// Add counts a sample.
//
// Errors: fault.Invalid when it is of another day, of no kind, or its latency is
// negative.
func (d *Day) Add(s Sample) error {
	second := int64(s.At.Sub(d.begin) / time.Second)
	switch {
	case s.At.Before(d.begin) || second >= secondsOfDay:
		return fault.New(fault.Invalid, "the sample is of %s, not of %s", docking.Instant(s.At), docking.Day(d.begin))
	case s.Latency < 0:
		return fault.New(fault.Invalid, "the sample of %s has the latency %s; give one from 0 on", docking.Instant(s.At), s.Latency)
	}
	one := single(second, s)
	switch s.Kind {
	case Resolve:
		d.queries[second]++
		d.resolve = d.resolve.with(one)
	case Register:
		d.register = d.register.with(one)
	default:
		return fault.New(fault.Invalid, "the sample of %s is of kind %.20q; give %s or %s", docking.Instant(s.At), s.Kind, Resolve, Register)
	}
	return nil
}

// Merge adds what another accumulator of the same day has.
//
// Errors: fault.Invalid when it is of another day.
func (d *Day) Merge(o *Day) error {
	if !d.begin.Equal(o.begin) {
		return fault.New(fault.Invalid, "the samples are of %s, not of %s", docking.Day(o.begin), docking.Day(d.begin))
	}
	d.resolve, d.register = d.resolve.with(o.resolve), d.register.with(o.register)
	for i, n := range o.queries {
		d.queries[i] += n
	}
	return nil
}

// Counts are how many requests a day had: the weights of its means.
type Counts struct {
	Resolved, ResolveFailed     uint64
	Registered, RegisterFailed  uint64
	EffectiveSum, EffectiveOnes uint64 // microseconds from registration to resolution in all, and of how many; filled by who measures it
}

// Counts returns the counts of the day so far.
func (d *Day) Counts() Counts {
	return Counts{Resolved: d.resolve.n, ResolveFailed: d.resolve.failed, Registered: d.register.n, RegisterFailed: d.register.failed}
}

// Figures returns columns 1 to 12 of a node or an enterprise. Of samples that tie, and
// of seconds with the same number of queries, the first counts.
func (d *Day) Figures(prefix string) docking.Figures {
	f := docking.Figures{Date: docking.Day(d.begin), Prefix: prefix}
	if r := d.resolve; r.n > 0 {
		f.ResolveMean, f.ResolveMin, f.ResolveMax = r.mean(), r.least.micros, r.most.micros
		f.ResolveMinAt, f.ResolveMaxAt = d.instant(r.least.second), d.instant(r.most.second)
	}
	if r := d.register; r.n > 0 {
		f.RegisterMean, f.RegisterMin, f.RegisterMax = r.mean(), r.least.micros, r.most.micros
		f.RegisterMinAt, f.RegisterMaxAt = d.instant(r.least.second), d.instant(r.most.second)
	}
	var peak int
	for i, n := range d.queries {
		if n > d.queries[peak] {
			peak = i
		}
	}
	if n := d.queries[peak]; n > 0 {
		f.PeakQPS, f.PeakAt = int64(n), d.instant(int64(peak))
	}
	return f
}

func (d *Day) instant(second int64) string {
	return docking.Instant(d.begin.Add(time.Duration(second) * time.Second))
}

// spread is what is kept of latencies. Sums of whole microseconds are the same in any
// order, which sums of floating point are not.
type spread struct {
	n, failed   uint64
	sum         uint64 // microseconds; 2^64 of them are 584,000 years
	least, most extreme
}

// extreme is a latency and the second of the day it was in.
type extreme struct {
	micros docking.Micros
	second int64
}

// single is the spread of one sample.
func single(second int64, s Sample) spread {
	if !s.OK {
		return spread{failed: 1}
	}
	e := extreme{docking.Micros(s.Latency.Microseconds()), second}
	return spread{n: 1, sum: uint64(e.micros), least: e, most: e} //nolint:gosec // Add holds that it is not negative
}

// with returns the spread of both.
func (s spread) with(o spread) spread {
	failed := s.failed + o.failed
	switch {
	case s.n == 0:
		s = o
	case o.n > 0:
		s.n, s.sum = s.n+o.n, s.sum+o.sum
		if o.least.micros < s.least.micros || o.least.micros == s.least.micros && o.least.second < s.least.second {
			s.least = o.least
		}
		if o.most.micros > s.most.micros || o.most.micros == s.most.micros && o.most.second < s.most.second {
			s.most = o.most
		}
	}
	s.failed = failed
	return s
}

// mean returns the mean to the nearest microsecond.
func (s spread) mean() docking.Micros {
	return docking.Micros((s.sum + s.n/2) / s.n) //nolint:gosec // it lies between latencies
}
