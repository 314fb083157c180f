// Package meter measures what a node does: how often and how fast identifiers are
// resolved and registered, and for whom, by prefix and day.
//
// What must hold: what is kept of a day is bounded by the prefixes of the node and
// MaxSources of each, whatever is asked; the sources of a prefix add up to its
// queries; measuring an answer takes no memory once its prefix and source are known.
//
// Source: 国家顶级节点对接服务指南, tables 3 and 8 and annex 2.
package meter

import (
	"bytes"
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"yuzhou/modules/identifiers/docking"
	"yuzhou/modules/identifiers/docking/monitor"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/wire"
)

// MaxSources is how many addresses are told apart of a prefix and a day; those that come
// later are counted as Others.
const MaxSources = 1000

// Others stands for addresses that are not told apart, or not known: 0.0.0.0.
func Others() netip.Addr { return netip.IPv4Unspecified() }

// Day is what was measured of a prefix on a day. Its JSON is all that is remembered.
type Day struct {
	Prefix    string               `json:"prefix"`
	Latency   *monitor.Day         `json:"latency"`
	Queries   int64                `json:"queries"`
	Successes int64                `json:"successes"` // of Queries: answered with what was asked for
	Sources   map[netip.Addr]int64 `json:"sources"`   // queries by address

	changed bool // since Changed was called
}

// Date is its day in Beijing time: 2026-01-31.
func (d Day) Date() string { return d.Latency.Day }

// Statistics returns columns 4 to 6 of tables 3 and 8 of a prefix; d may be the zero Day,
// when nothing was measured.
func (d Day) Statistics(date, prefix string) docking.Statistics {
	out := docking.Statistics{Date: date, Prefix: prefix, Queries: d.Queries, Successes: d.Successes, Sources: []docking.Source{}}
	for _, ip := range slices.SortedFunc(maps.Keys(d.Sources), netip.Addr.Compare) {
		out.Sources = append(out.Sources, docking.Source{IP: ip.String(), Queries: d.Sources[ip]})
	}
	return out
}

// Figures returns columns 1 to 12 of annex 2, likewise.
func (d Day) Figures(date, prefix string) docking.Figures {
	if d.Latency == nil {
		return docking.Figures{Date: date, Prefix: prefix}
	}
	return d.Latency.Figures(prefix)
}

// Config is what a meter works with.
type Config struct {
	Own   string                   // prefix of the node; what it does for anybody counts there too
	Known func(prefix string) bool // whether the folded prefix of a name is one of the node's
	Now   func() time.Time
}

// Meter measures. It may be used by several goroutines at once.
type Meter struct {
	Config
	mu    sync.Mutex // guards what follows
	today map[string]*Day
	over  []Day // of days before, not yet given to Changed
}

// New returns a meter that has measured nothing.
func New(c Config) *Meter {
	return &Meter{Config: c, today: map[string]*Day{}}
}

// Restore takes in what was measured before the program stopped. What is not of today is
// left out.
func (m *Meter) Restore(days []Day) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range days {
		if d.Latency != nil && d.Latency.Is(m.Now()) {
			if d.Sources == nil {
				d.Sources = map[netip.Addr]int64{}
			}
			m.today[d.Prefix] = &d
		}
	}
}

// Changed gives what was measured since it was last called, as it stands: days that are
// over first. When use fails, it is given again.
func (m *Meter) Changed(use func([]Day) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(m.Now())
	out := slices.Clone(m.over)
	for _, p := range slices.Sorted(maps.Keys(m.today)) {
		if d := m.today[p]; d.changed {
			out = append(out, *d)
		}
	}
	if len(out) == 0 {
		return nil
	}
	if err := use(out); err != nil {
		return err
	}
	m.over = nil
	for _, d := range m.today {
		d.changed = false
	}
	return nil
}

// turn ends the day when it is over.
func (m *Meter) turn(now time.Time) {
	for p, d := range m.today {
		if !d.Latency.Is(now) {
			if d.changed {
				m.over = append(m.over, *d)
			}
			delete(m.today, p)
		}
	}
}

// day returns what is measured of a prefix today.
func (m *Meter) day(prefix string, now time.Time) *Day {
	d := m.today[prefix]
	if d == nil || !d.Latency.Is(now) {
		m.turn(now)
		d = &Day{Prefix: prefix, Latency: monitor.NewDay(now), Sources: map[netip.Addr]int64{}}
		m.today[prefix] = d
	}
	d.changed = true
	return d
}

// Resolved measures the answer to a query.
//
//   - name: as it was asked for.
//   - answered: the node did what it could, also by "there is none"; found: the values
//     were given.
func (m *Meter) Resolved(from netip.Addr, name []byte, answered, found bool, took time.Duration) {
	now := m.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	s := monitor.Sample{At: now, Kind: monitor.Resolve, Latency: max(took, 0), OK: answered}
	ip := source(from)
	resolved(m.day(m.Own, now), s, ip, found)
	if p, ok := m.prefix(name); ok {
		resolved(m.day(p, now), s, ip, found)
	}
}

// Registered measures a registration, from its request to the moment at which it is
// durable and resolves.
func (m *Meter) Registered(name handle.Name, ok bool, took time.Duration) { //nolint:revive // whether it was is what is measured
	now := m.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	s := monitor.Sample{At: now, Kind: monitor.Register, Latency: max(took, 0), OK: ok}
	registered(m.day(m.Own, now), s)
	if p, ok := m.prefix([]byte(name)); ok {
		registered(m.day(p, now), s)
	}
}

// prefix returns the folded prefix of a name when it is one of the node's and not its own.
func (m *Meter) prefix(name []byte) (string, bool) {
	at := bytes.IndexByte(name, '/')
	if at < 0 || at > len(folded{}) {
		return "", false
	}
	var space folded
	p := handle.AppendFold(space[:0], name[:at])
	if d, ok := m.today[string(p)]; ok { // no memory is taken for this
		return d.Prefix, d.Prefix != m.Own
	}
	return string(p), string(p) != m.Own && m.Known(string(p))
}

// folded is room for a prefix.
type folded [256]byte

func source(from netip.Addr) netip.Addr {
	if !from.IsValid() {
		return Others()
	}
	return from.Unmap().WithZone("")
}

func resolved(d *Day, s monitor.Sample, ip netip.Addr, found bool) { //nolint:revive // a fact about the answer
	if d.Latency.Add(s) != nil {
		return // cannot happen: the day is that of the sample
	}
	d.Queries++
	if found {
		d.Successes++
	}
	if _, known := d.Sources[ip]; !known && len(d.Sources) >= MaxSources {
		ip = Others()
	}
	d.Sources[ip]++
}

func registered(d *Day, s monitor.Sample) {
	if d.Latency.Add(s) == nil && s.OK {
		d.Latency.Took(s.Latency)
	}
}

// Served measures the answer to a whole message of the protocol when that asks for values.
// Who asks in an encrypted message is not told apart from others, so that is not counted.
func (m *Meter) Served(from netip.Addr, request, answer []byte, took time.Duration) {
	const header = wire.EnvelopeSize + wire.HeaderSize
	if len(request) < header+4 || len(answer) < header {
		return
	}
	be := binary.BigEndian
	if wire.Op(be.Uint32(request[wire.OffsetOp:])) != wire.OpResolve || wire.Op(be.Uint32(answer[wire.OffsetOp:])) != wire.OpResolve {
		return
	}
	if e, err := wire.ParseEnvelope(request); err != nil || e.Encrypted {
		return
	}
	name := request[header:]
	n := be.Uint32(name)
	if int64(n) > int64(len(name)-4) {
		return
	}
	code := wire.Code(be.Uint32(answer[wire.OffsetCode:]))
	m.Resolved(from, name[4:4+n], code != wire.Failed && code != wire.ServerBusy, code == wire.Success, took)
}
