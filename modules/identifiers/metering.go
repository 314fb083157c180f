package identifiers

import (
	"context"
	"net/netip"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/docking"
	"yuzhou/modules/identifiers/docking/monitor"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/meter"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/wire"
)

// newMeter returns what measures this node.
func (s *Service) newMeter() *meter.Meter {
	known := func(prefix string) bool { return s.place(prefix).Standing == node.Hosted }
	return meter.New(meter.Config{Own: s.site.Prefix, Known: known, Now: s.now})
}

// served is what is told of answers of the protocol. A follower measures none: nobody
// would collect it.
func (s *Service) served() func(from netip.Addr, request, answer []byte, took time.Duration) {
	if s.follows() {
		return nil
	}
	return s.meter.Served
}

// timing measures the answer to a query that came by another way than the protocol's.
//
//   - remote: HOST:PORT of who asks, "" when it is not known.
//   - Result: to be called with the code when the answer is there.
func (s *Service) timing(remote string, n handle.Name) func(wire.Code) {
	if s.follows() {
		return func(wire.Code) {}
	}
	began := time.Now() //nolint:forbidigo // how long it takes is no matter of the city's clock
	return func(code wire.Code) {
		from, err := netip.ParseAddrPort(remote)
		if err != nil {
			from = netip.AddrPort{}
		}
		s.meter.Resolved(from.Addr(), []byte(n), code != wire.Failed && code != wire.ServerBusy, code == wire.Success, time.Since(began))
	}
}

// codeOf is the code of the protocol for how a look-up went.
func codeOf(err error) wire.Code {
	switch {
	case err == nil:
		return wire.Success
	case fault.KindOf(err) == "" || fault.KindOf(err) == fault.Busy:
		return wire.Failed
	default:
		return wire.NotFound
	}
}

// remeasure takes in what was measured today before the program stopped.
func (s *Service) remeasure(ctx context.Context) error {
	var days []meter.Day
	today := docking.Day(s.now())
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		days, err = measured(ctx, tx, today, today, "")
		return err
	})
	s.meter.Restore(days)
	return err
}

// measure writes down what was measured since. What was measured after it was last
// called is lost when the program is killed.
func (s *Service) measure(ctx context.Context) error {
	return s.meter.Changed(func(days []meter.Day) error {
		return s.db.Write(ctx, func(tx store.Tx) error { return putMeasured(ctx, tx, days) })
	})
}

// meteredStore is a store whose registrations are measured. What it has written is on disk
// and resolves when Apply returns.
type meteredStore struct {
	records.Store
	meter *meter.Meter
}

// Apply implements records.Store.
func (m meteredStore) Apply(ctx context.Context, b records.Batch) ([]records.Outcome, error) {
	began := time.Now() //nolint:forbidigo // how long it takes is no matter of the city's clock
	out, err := m.Store.Apply(ctx, b)
	took := time.Since(began)
	for i, item := range b.Items {
		if item.Op != records.Create && item.Op != records.Put {
			continue
		}
		if err != nil || out[i].Verdict == records.Done {
			m.meter.Registered(item.Record.Name, err == nil, took)
		}
	}
	return out, err
}

// A node that was not seen to run for so long before it was started was down.
const silence = time.Minute

// watchOver notes when this node is abnormal, and when it has recovered: listeners that
// cannot be had, records that cannot be opened, and the time in which it did not run.
func (s *Service) watchOver(ctx context.Context) error {
	if !s.serves() {
		return nil
	}
	now := s.now()
	var w monitor.Watch
	var alive time.Time
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		w, alive, err = watched(ctx, tx, s.site.Prefix)
		return err
	})
	if err != nil {
		return err
	}
	var seen []monitor.Observation
	if !s.watching && !alive.IsZero() && now.Sub(alive) > silence {
		seen = append(seen, monitor.Observation{At: alive, Cause: "节点停止运行", Type: docking.CauseSystem})
	}
	cause := s.ailing(ctx)
	seen = append(seen, monitor.Observation{At: now, Up: cause == "", Cause: cause, Type: docking.CauseSystem})
	s.watching = true
	return s.db.Write(ctx, func(tx store.Tx) error {
		for _, o := range seen {
			after, e, changed := w.See(o)
			if w = after; changed {
				if err := putEvent(ctx, tx, e, o.At); err != nil {
					return err
				}
			}
		}
		return putWatch(ctx, tx, w, now)
	})
}

// serves reports whether the node answers in this process.
func (s *Service) serves() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serving
}

// ailing says what keeps the node from its services; "" when nothing does.
func (s *Service) ailing(ctx context.Context) string {
	if _, err := s.open(ctx); err != nil {
		return "标识数据无法打开"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.silent) > 0 {
		return "监听地址不可用：" + s.silent[0]
	}
	return ""
}
