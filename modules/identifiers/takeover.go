package identifiers

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/typed"
)

// When a node below is taken over and handed back. Source: the service guide of the
// national top-level node: 51 % of the probes find registration or resolution unavailable.
// That it takes several rounds is ours, so that a moment's congestion moves nothing.
const (
	takeoverShare  = 51 // percent of probes that fail
	takeoverRounds = 3  // in a row, of either kind
	probePeers     = 4  // other nodes below that are asked to probe
	probeTimeout   = 2 * time.Second
)

// standing counts rounds of probes of one node.
type standing struct {
	failed, fine int // rounds in a row
}

// judge counts a round in which failed of all probes failed.
//
//   - Result: whether the node is to be taken over now, or handed back.
func (w standing) judge(failed, all int, taken bool) (_ standing, takeOver, handBack bool) {
	if all == 0 {
		return w, false, false
	}
	if failed*100 >= takeoverShare*all {
		w = standing{failed: w.failed + 1}
	} else {
		w = standing{fine: w.fine + 1}
	}
	return w, !taken && w.failed >= takeoverRounds, taken && w.fine >= takeoverRounds
}

// probeLower probes every node below, and takes over or hands back what is due.
func (s *Service) probeLower(ctx context.Context) error {
	var below []Held
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		below, err = prefixes(ctx, tx, Filter{State: Delegated, Limit: maxLower})
		return err
	})
	if err != nil {
		return err
	}
	taken := s.standby.takes()
	for _, h := range below {
		p := handle.Fold(h.Prefix.Prefix)
		failed, all := s.probes(ctx, h.Prefix, below, taken)
		_, is := taken[p]
		var take, back bool
		s.standings[p], take, back = s.standings[p].judge(failed, all, is)
		switch {
		case take:
			err = s.takeOver(ctx, p, fmt.Sprintf("%d of %d probes fail", failed, all))
		case back:
			err = s.handBack(ctx, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// probes asks a node by each of its ways, and other nodes to do the same: how many probes
// fail, of how many. While a node is taken over others are led here, so they are not asked.
func (s *Service) probes(ctx context.Context, p Prefix, below []Held, taken map[string]Takeover) (failed, all int) {
	st, err := siteOf(p)
	if err != nil {
		return 0, 0
	}
	var probes []func(context.Context) error
	for _, t := range []typed.Transport{typed.UDP, typed.TCP, typed.HTTP} {
		if slices.ContainsFunc(st.Servers, func(v typed.Server) bool {
			return slices.ContainsFunc(v.Interfaces, func(i typed.Interface) bool { return i.Transport == t })
		}) {
			probes = append(probes, func(ctx context.Context) error { return probe(ctx, st, p.Prefix, t) })
		}
	}
	if _, is := taken[handle.Fold(p.Prefix)]; !is {
		probes = append(probes, peerProbes(p, below, taken)...)
	}
	results := make([]error, len(probes))
	var wait sync.WaitGroup
	for i, one := range probes {
		wait.Go(func() { results[i] = one(ctx) })
	}
	wait.Wait()
	for _, err := range results {
		if err != nil {
			failed++
		}
	}
	return failed, len(probes)
}

// peerProbes are those that other nodes are asked for. One that cannot probe says nothing
// of others: its probe does not fail.
func peerProbes(p Prefix, below []Held, taken map[string]Takeover) (out []func(context.Context) error) {
	for _, other := range below {
		at, ok := webOf(other.Prefix)
		_, gone := taken[handle.Fold(other.Prefix.Prefix)]
		if !ok || gone || other.Prefix.Prefix == p.Prefix || len(out) == probePeers {
			continue
		}
		api := apiAt("http://"+at.String(), 3*probeTimeout)
		out = append(out, func(ctx context.Context) error {
			var said ProbeAnswer
			if err := api.Get(ctx, "/identifiers/probe", url.Values{"prefix": {p.Prefix}}, &said); err != nil || said.Up {
				return nil //nolint:nilerr // see above
			}
			return fault.New(fault.Busy, "%s", said.Why)
		})
	}
	return out
}

// probe asks a node for a name below its prefix: any answer of its own is one.
func probe(ctx context.Context, st typed.Site, prefix string, t typed.Transport) error {
	c := &client.Client{Start: []typed.Site{st}, Transports: []typed.Transport{t}, Timeout: probeTimeout, Tries: 2}
	_, err := c.Resolve(ctx, handle.Name(prefix+"/probe"), handle.Query{})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	return nil
}

// ProbeAnswer is what this node finds of another.
type ProbeAnswer struct {
	Prefix string `json:"prefix"`
	Up     bool   `json:"up"`
	Why    string `json:"why,omitempty"`
}

// probeOf looks whether the node that has a prefix answers, from here through the network.
func (s *Service) probeOf(ctx context.Context, prefix string) (ProbeAnswer, error) {
	if err := validPrefix(prefix); err != nil {
		return ProbeAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*probeTimeout)
	defer cancel()
	n := handle.Name(prefix + "/probe")
	err := s.ready(ctx)
	if err == nil && !s.hosts(n) {
		_, err = s.search(ctx, n) // what is remembered says nothing of now
	}
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return ProbeAnswer{Prefix: prefix, Why: web.Sentence(err).EN}, nil
	}
	return ProbeAnswer{Prefix: prefix, Up: true}, nil
}

// takeOver answers for a node below from its last deposit. Without one nothing can be done,
// and that is said once a round.
func (s *Service) takeOver(ctx context.Context, prefix, reason string) error {
	s.standby.mu.RLock()
	kept := s.standby.kept[prefix]
	s.standby.mu.RUnlock()
	if kept.Store == nil {
		s.log.WarnContext(ctx, "a node below is down and cannot be taken over: it has deposited nothing", slog.String("prefix", prefix), slog.String("reason", reason))
		return nil
	}
	t := Takeover{Prefix: prefix, Since: s.now(), Reason: reason, Watermark: kept.watermark}
	err := s.db.Write(s.program(ctx), func(tx store.Tx) error {
		if err := beginTakeover(ctx, tx, t); err != nil {
			return err
		}
		return s.Audit.Audit(s.program(ctx), tx, "identifiers.takeover", prefix, reason)
	})
	if err != nil {
		return err
	}
	s.log.WarnContext(ctx, "a node below is taken over", slog.String("prefix", prefix), slog.String("reason", reason))
	s.standby.mu.Lock()
	s.standby.taken[prefix] = t
	s.standby.mu.Unlock()
	return s.refresh(ctx)
}

// handBack lets a node below answer for itself again.
func (s *Service) handBack(ctx context.Context, prefix string) error {
	err := s.db.Write(s.program(ctx), func(tx store.Tx) error {
		if err := endTakeover(ctx, tx, prefix, s.now()); err != nil {
			return err
		}
		return s.Audit.Audit(s.program(ctx), tx, "identifiers.handback", prefix, "")
	})
	if err != nil {
		return err
	}
	s.standby.mu.Lock()
	delete(s.standby.taken, prefix)
	s.standby.mu.Unlock()
	s.log.WarnContext(ctx, "a node below is handed back", slog.String("prefix", prefix))
	return s.refresh(ctx)
}

// takeovers returns the times in which this node answered for others.
func (s *Service) takeovers(ctx context.Context) (all []Takeover, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		all, err = takeovers(ctx, tx, 100)
		return err
	})
	return all, err
}
