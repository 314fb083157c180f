package identifiers

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"log/slog"
	"net/netip"
	"time"

	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/inspect"
	"yuzhou/modules/identifiers/inspect/remote"
	"yuzhou/modules/identifiers/typed"
)

// What the node asks of those below it.
const (
	samplesADay = 8                // identifiers drawn of each day
	askSoon     = 5 * time.Second  // until a node is asked again that did not answer
	askAgain    = 10 * time.Minute // likewise, in the end
)

// repeat says when a node is asked again that did not answer, which may be in a moment
// or never: each time after twice as long.
type repeat struct {
	until time.Time
	wait  time.Duration
}

func (p repeat) longer(now time.Time) repeat {
	p.wait = min(max(2*p.wait, askSoon), askAgain)
	p.until = now.Add(p.wait)
	return p
}

// checkLower asks every node below that has stated nothing of yesterday, and checks what
// it states.
func (s *Service) checkLower(ctx context.Context) error {
	yesterday := s.now().In(s.site.Zone).AddDate(0, 0, -1).Format(time.DateOnly)
	known := map[string]lower{}
	var delegated []Held
	err := s.db.Read(ctx, func(tx store.Tx) error {
		all, err := lowers(ctx, tx)
		for _, l := range all {
			known[l.Prefix] = l
		}
		if err == nil {
			delegated, err = prefixes(ctx, tx, Filter{State: Delegated, Limit: maxLower})
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, h := range delegated {
		l, was := known[h.Prefix.Prefix]
		if was && l.Stated.Day >= yesterday || s.now().Before(s.asked[h.Prefix.Prefix].until) {
			continue
		}
		var last *inspect.Stated
		if was {
			last = &l.Stated
		}
		if err := s.checkOne(ctx, h.Prefix, last); err != nil && ctx.Err() == nil {
			s.asked[h.Prefix.Prefix] = s.asked[h.Prefix.Prefix].longer(s.now())
			s.log.WarnContext(ctx, "a node below does not tell its census", slog.String("prefix", h.Prefix.Prefix), slog.Any("error", err))
			continue
		}
		delete(s.asked, h.Prefix.Prefix)
	}
	return nil
}

// maxLower is how many nodes below are asked.
const maxLower = 1000

// checkOne asks one node and notes what was found.
func (s *Service) checkOne(ctx context.Context, p Prefix, last *inspect.Stated) error {
	at, ok := webOf(p)
	if !ok {
		return nil // it has told no address for that
	}
	b, err := s.below(ctx, p, at)
	if err != nil {
		return err
	}
	in := inspect.Inspector{Prefix: p.Prefix, Samples: samplesADay, Draw: draw}
	days, err := in.Check(ctx, b, last)
	now := s.now()
	for _, d := range days {
		if d.Findings == nil {
			d.Findings = []inspect.Finding{}
		}
		note := lower{Prefix: p.Prefix, Stated: d.Stated, How: d.How, Added: int64(d.Growth.Added), Findings: d.Findings, Checked: now} //nolint:gosec // a count
		if err := s.db.Write(ctx, func(tx store.Tx) error { return putLower(ctx, tx, note) }); err != nil {
			return err
		}
		for _, f := range d.Findings {
			s.log.WarnContext(ctx, "the census of a node below is not as it was stated", slog.String("prefix", p.Prefix), slog.String("day", d.Day), slog.String("kind", f.Kind), slog.String("finding", f.EN))
		}
	}
	return err
}

// webOf returns where a node below answers by HTTP.
func webOf(p Prefix) (netip.AddrPort, bool) {
	for _, r := range p.Route {
		if addr, err := netip.ParseAddr(r.Address); err == nil && r.HTTP != 0 {
			return netip.AddrPortFrom(addr, r.HTTP), true
		}
	}
	return netip.AddrPort{}, false
}

// draw returns a number below n that nobody can foretell.
func draw(n uint64) uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return binary.BigEndian.Uint64(b[:]) % n
}

// below prepares to ask a node. Whom it signs with is learnt at the first time.
func (s *Service) below(ctx context.Context, p Prefix, at netip.AddrPort) (*remote.Node, error) {
	st, err := site(p.Route, uint16(p.Version)) //nolint:gosec // few changes
	if err != nil {
		return nil, err
	}
	b := &remote.Node{Prefix: p.Prefix, API: apiAt("http://"+at.String(), time.Minute), Protocol: &client.Client{Start: []typed.Site{st}}}
	var policy string
	err = s.db.Read(ctx, func(tx store.Tx) error {
		policy, err = lowerPolicy(ctx, tx, p.Prefix)
		return err
	})
	if err == nil && policy == "" {
		var text []byte
		if err := remote.Unreached(b.API.Get(ctx, "/proof/policy", nil, &text)); err != nil {
			return nil, err
		}
		policy = string(text)
		if _, err := verify.ParsePolicy(text); err != nil {
			return nil, err
		}
		err = s.db.Write(ctx, func(tx store.Tx) error { return putLowerPolicy(ctx, tx, p.Prefix, policy, s.now()) })
	}
	if err != nil {
		return nil, err
	}
	b.Policy, err = verify.ParsePolicy([]byte(policy))
	return b, err
}
