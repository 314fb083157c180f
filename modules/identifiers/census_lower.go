package identifiers

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/inspect"
	"yuzhou/modules/identifiers/typed"
)

// What the node asks of those below it.
const (
	samplesADay = 8                // identifiers drawn of each day
	askAgain    = 10 * time.Minute // after a node did not answer
	statedDays  = 40               // asked for at once
)

// below is a node below this one, as it is asked for its censuses.
type below struct {
	prefix string
	api    *web.Client
	start  client.Client // asks it by the protocol
	policy verify.Policy
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
		if was && l.Stated.Day >= yesterday || s.now().Before(s.asked[h.Prefix.Prefix]) {
			continue
		}
		var last *inspect.Stated
		if was {
			last = &l.Stated
		}
		if err := s.checkOne(ctx, h.Prefix, last); err != nil && ctx.Err() == nil {
			s.asked[h.Prefix.Prefix] = s.now().Add(askAgain)
			s.log.WarnContext(ctx, "a node below does not tell its census", slog.String("prefix", h.Prefix.Prefix), slog.Any("error", err))
		}
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
func (s *Service) below(ctx context.Context, p Prefix, at netip.AddrPort) (*below, error) {
	st, err := site(p.Route, uint16(p.Version)) //nolint:gosec // few changes
	if err != nil {
		return nil, err
	}
	b := &below{prefix: p.Prefix, api: apiAt("http://"+at.String(), time.Minute), start: client.Client{Start: []typed.Site{st}}}
	var policy string
	err = s.db.Read(ctx, func(tx store.Tx) error {
		policy, err = lowerPolicy(ctx, tx, p.Prefix)
		return err
	})
	if err == nil && policy == "" {
		var text []byte
		if text, err = b.get(ctx, "/proof/policy", nil); err != nil {
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
	b.policy, err = verify.ParsePolicy([]byte(policy))
	return b, err
}

// get asks for bytes; a node that cannot be reached is fault.Busy.
func (b *below) get(ctx context.Context, path string, q url.Values) (out []byte, err error) {
	return out, unreached(b.api.Get(ctx, path, q, &out))
}

// unreached makes an error of the network fault.Busy.
func unreached(err error) error {
	if err != nil && fault.KindOf(err) == "" {
		return &fault.Fault{Kind: fault.Busy, Text: "the node cannot be reached", Err: err}
	}
	return err
}

// Stated implements inspect.Lower.
func (b *below) Stated(ctx context.Context) (out []inspect.Stated, err error) {
	return out, unreached(b.api.Get(ctx, "/identifiers/censuses", url.Values{"limit": {strconv.Itoa(statedDays)}}, &out))
}

// Delta implements inspect.Lower.
func (b *below) Delta(ctx context.Context, day string) ([]byte, error) {
	return b.get(ctx, "/identifiers/censuses/"+url.PathEscape(day)+"/delta", nil)
}

// Sample implements inspect.Lower.
func (b *below) Sample(ctx context.Context, number uint64) ([]byte, error) {
	var out SampleAnswer
	err := unreached(b.api.Get(ctx, "/identifiers/sample", url.Values{"number": {strconv.FormatUint(number, 10)}}, &out))
	return out.Tree, err
}

// Signed implements inspect.Lower.
func (b *below) Signed(ctx context.Context, s inspect.Stated) (inspect.Stated, error) {
	if s.Statement == "" {
		return inspect.Stated{}, fault.New(fault.Invalid, "no statement is named")
	}
	file, err := b.get(ctx, "/proof/bundles/"+s.Statement, nil)
	if err != nil {
		return inspect.Stated{}, err
	}
	r := verify.Verify(file, b.policy, verify.Options{})
	if !r.OK || r.Statement == nil || r.Statement.Batch == nil {
		return inspect.Stated{}, fault.New(fault.Invalid, "the bundle of %s does not hold", s.Statement)
	}
	resolved, err := strconv.ParseInt(r.Statement.Value, 10, 64)
	if err != nil || r.Statement.Name != b.prefix+"/"+censusName(s.Day) {
		return inspect.Stated{}, fault.New(fault.Invalid, "the bundle is of %s, which is no census of %s", r.Name, s.Day)
	}
	return inspect.Stated{Prefix: b.prefix, Day: r.Statement.Period, Registered: r.Statement.Batch.Count, Resolved: resolved, Root: r.Statement.Batch.Root}, nil
}

// Resolves implements inspect.Lower.
func (b *below) Resolves(ctx context.Context, folded string) error {
	n, err := handle.Parse(folded)
	if err == nil {
		_, err = b.start.Resolve(ctx, n, handle.Query{})
	}
	if errors.Is(err, context.Canceled) {
		return unreached(err)
	}
	return err
}
