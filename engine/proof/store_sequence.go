package proof

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// atOnce is how many claims are signed, stored and appended together.
const atOnce = 256

// patience is how long Settle waits for another process that has the log.
const patience = 10 * time.Second

// pendingClaim is a claim that waits to be stated.
type pendingClaim struct {
	id string
	Claim
}

// signed is a statement that is to be stored and logged.
type signed struct {
	claim  pendingClaim
	digest string
	doc    []byte
	st     statement.Statement
}

// Settle returns when every claim that was made before it was called is signed and in
// the log on disk. What is published is acknowledged after it.
//
// Errors: fault.Busy when another process has the log and does not come to it in time.
func (s *Service) Settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		mine, err := s.drain(ctx)
		if err != nil || mine {
			return err
		}
		left := false
		err = s.db.Read(ctx, func(tx store.Tx) error {
			left, err = tx.One(ctx, `SELECT 1 FROM proof_claim UNION ALL SELECT 1 FROM proof_statement WHERE place < 0 LIMIT 1`, nil, new(int))
			return err
		})
		if err != nil || !left {
			return err
		}
		select {
		case <-ctx.Done():
			return fault.Say(fault.Busy, "数字已记录，但凭证日志由另一个程序占用，尚未写入；稍后会自动写入。", "recorded; its proof is not in the log yet, which another process has open: it will be when that process comes to it")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// work states what waits. It is a job. The first time it looks what the log has that the
// database does not know of, whether anything waits or not.
func (s *Service) work(ctx context.Context) error {
	if !s.begun.Swap(true) {
		if err := s.begin(ctx); err != nil {
			s.begun.Store(false)
			return err
		}
	}
	_, err := s.drain(ctx)
	return err
}

// drain states what waits; mine is false when another process has the log.
func (s *Service) drain(ctx context.Context) (mine bool, err error) {
	s.sequencing.Lock()
	defer s.sequencing.Unlock()
	for {
		more, err := s.round(ctx)
		if errors.Is(err, errElsewhere) {
			return false, nil
		}
		if err != nil || !more {
			return true, err
		}
	}
}

// errElsewhere says that another process has the log.
var errElsewhere = errors.New("another process has the log")

// round signs, stores and logs some of what waits; more says that there may be more of it.
// The caller holds s.sequencing.
func (s *Service) round(ctx context.Context) (more bool, err error) {
	p, err := s.look(ctx)
	if err != nil || p.waited == 0 && !p.unplaced {
		return false, err
	}
	if s.opened == nil { // what the log knows better is taken over before anything is signed
		err := s.ensure(ctx)
		if fault.KindOf(err) == fault.Busy {
			return false, errElsewhere
		}
		return true, unlogged(err)
	}
	if err := s.write(ctx, p); err != nil {
		return false, err
	}
	if err := s.enter(ctx, p.out); err != nil {
		// What has been appended of it is found in the log the next time.
		return false, unlogged(errors.Join(err, s.forget(ctx)))
	}
	if len(p.clashing) > 0 {
		return false, fault.Say(fault.Conflict, "%s 的这一版已经声明过，内容不同：数据库可能被恢复到较早的状态。它没有凭证。",
			"%s: that vintage was stated before and says another thing; the database may have been put back to an older state. It has no proof", p.clashing[0].Name)
	}
	if len(p.out)+len(p.keyless) == 0 && p.waited > 0 {
		s.log.ErrorContext(ctx, "claims cannot be stated: what they rest on is not stated", slog.Int("claims", p.waited), slog.String("first", p.first))
		return false, nil
	}
	return len(p.out) < p.waited || p.waited >= atOnce, nil
}

// unlogged says that the log could not be written to, which is no reason to give up what
// was recorded.
func unlogged(err error) error {
	if err == nil || fault.KindOf(err) != "" {
		return err
	}
	return &fault.Fault{
		Kind: fault.Busy, Text: "recorded; its proof could not be written to the log, which is tried again", ZH: "数字已记录，但凭证日志此刻写不进去，系统会再试。", Err: err,
	}
}

// look makes statements of what waits, the oldest first. When none of the oldest can be
// stated, because what they rest on is not, it goes on to those after them.
func (s *Service) look(ctx context.Context) (*signing, error) {
	p := &signing{s: s, digests: map[Ref]string{}, keyless: map[string]bool{}}
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		p.tx = tx
		if p.unplaced, err = tx.One(ctx, `SELECT 1 FROM proof_statement WHERE place < 0 LIMIT 1`, nil, new(int)); err != nil {
			return err
		}
		var last int64
		if _, err := tx.One(ctx, `SELECT issued FROM proof_statement ORDER BY place DESC LIMIT 1`, nil, &last); err != nil {
			return err
		}
		p.last = store.FromMicros(last)
		return p.turns(ctx)
	})
	return p, err
}

// turns goes through what waits until some of it can be stated.
func (p *signing) turns(ctx context.Context) error {
	for turn, after := 0, ""; turn <= 1; {
		some, err := p.s.waiting(ctx, p.tx, turn, after)
		if err != nil {
			return err
		}
		if err := p.all(ctx, some); err != nil || turn == 1 && len(p.out)+len(p.keyless) > 0 {
			return err
		}
		if len(some) < atOnce {
			turn, after = turn+1, ""
			continue
		}
		after = some[len(some)-1].id
	}
	return nil
}

// waiting reads the oldest claims of a turn after an id: what keys say comes first, for
// they sign the rest.
func (s *Service) waiting(ctx context.Context, tx store.Tx, turn int, after string) ([]pendingClaim, error) {
	return store.Collect(ctx, tx, `SELECT id, doc FROM proof_claim WHERE turn = $1 AND id > $2 ORDER BY turn, id LIMIT `+itoa(atOnce), []any{turn, after},
		func(scan func(...any) error) (p pendingClaim, err error) {
			var doc string
			if err := scan(&p.id, &doc); err != nil {
				return p, err
			}
			return p, json.Unmarshal([]byte(doc), &p.Claim)
		})
}

// signing is one pass over what waits, in one read transaction.
type signing struct {
	s        *Service
	tx       store.Tx
	last     time.Time       // the newest issued
	digests  map[Ref]string  // of what this pass has signed
	keyless  map[string]bool // units without a key
	out      []signed
	clashing []pendingClaim // of vintages that were stated otherwise: they are given up
	waited   int            // claims that were looked at
	first    string         // name of the first
	unplaced bool           // statements are not known to be in the log
}

// all makes statements of claims. Those that rest on what is not stated yet are left for
// the next round, and so are those of units without a key.
func (p *signing) all(ctx context.Context, some []pendingClaim) error {
	for _, c := range some {
		if p.waited++; p.waited == 1 {
			p.first = c.Name
		}
		if err := p.one(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (p *signing) one(ctx context.Context, c pendingClaim) error {
	if there, err := p.digest(ctx, Ref{c.Name, c.Vintage}); err != nil || there != "" {
		p.clashing = append(p.clashing, c)
		return err
	}
	signers, err := p.signers(ctx, c)
	if err != nil || len(signers) == 0 {
		return err
	}
	f, err := p.refer(ctx, c)
	if err != nil || f == nil {
		return err
	}
	// The clock may have been set back; a statement is newer than the one before it.
	now := p.s.now()
	if now.Before(p.last.Add(time.Microsecond)) {
		now = p.last.Add(time.Microsecond)
	}
	f.issued, p.last = now, now
	st := p.s.draft(c.Claim, *f)
	doc, err := statement.Sign(ctx, st, st.Issued.Time, signers...)
	if err != nil {
		return err
	}
	digest, err := st.Digest()
	if err != nil {
		return err
	}
	p.digests[Ref{c.Name, c.Vintage}] = digest
	p.out = append(p.out, signed{c, digest, doc, st})
	return nil
}

// refer finds the digests of what a claim refers to; nil when one is not stated yet.
func (p *signing) refer(ctx context.Context, c pendingClaim) (*facts, error) {
	f := &facts{digests: map[Ref]string{}}
	before, after := Ref{c.Name, c.Vintage - 1}, Ref{c.After, 1}
	wanted := slices.Clone(c.Inputs)
	if c.Vintage > 1 {
		wanted = append(wanted, before)
	}
	if c.After != "" {
		wanted = append(wanted, after)
	}
	for _, r := range wanted {
		d, err := p.digest(ctx, r)
		if err != nil || d == "" {
			return nil, err
		}
		f.digests[r] = d
	}
	f.previous, f.after = f.digests[before], f.digests[after]
	return f, nil
}

// signers returns who signs a claim; none when a key or its statement is not there yet.
func (p *signing) signers(ctx context.Context, c pendingClaim) ([]statement.Signer, error) {
	if c.Kind == statement.KeyState {
		root, err := p.s.root(ctx, p.tx)
		if err != nil || root == nil {
			return nil, err
		}
		return []statement.Signer{root}, nil
	}
	all, err := p.s.signersOf(ctx, p.tx, c.Issuer)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		p.keyless[c.Issuer] = true
	}
	for _, sg := range all {
		stated, err := p.digest(ctx, Ref{p.s.path(sg.Method()), 1})
		if err != nil || stated == "" {
			return nil, err
		}
	}
	return all, nil
}

// digest returns the digest of what is stated already, "" when it is not.
func (p *signing) digest(ctx context.Context, r Ref) (string, error) {
	if d := p.digests[r]; d != "" {
		return d, nil
	}
	var d string
	_, err := p.tx.One(ctx, `SELECT digest FROM proof_statement WHERE name = $1 AND vintage = $2`, []any{r.Name, r.Vintage}, &d)
	if err == nil && d != "" {
		p.digests[r] = d
	}
	return d, err
}

// write stores statements in place of their claims, not yet in the log, and makes keys.
func (s *Service) write(ctx context.Context, p *signing) error {
	if len(p.out)+len(p.keyless)+len(p.clashing) == 0 {
		return nil
	}
	return s.db.Write(ctx, func(tx store.Tx) error {
		var changes []store.Change
		for _, x := range p.out {
			changes = append(changes, x.changes()...)
		}
		for _, c := range p.clashing {
			changes = append(changes, store.Change{Query: `DELETE FROM proof_claim WHERE id = $1`, Args: []any{c.id}})
		}
		if err := tx.ExecAll(ctx, changes); err != nil {
			return err
		}
		for _, unit := range slices.Sorted(maps.Keys(p.keyless)) {
			if err := s.makeKey(ctx, tx, unit, "k1", statement.SuiteEdDSA); err != nil {
				return err
			}
		}
		return nil
	})
}

// changes stores a statement and what is looked up of it.
func (x signed) changes() []store.Change {
	c := x.claim
	out := []store.Change{
		{
			Query: `INSERT INTO proof_statement (name, vintage, kind, digest, doc, issued, place) VALUES ($1, $2, $3, $4, $5, $6, -1)`,
			Args:  []any{c.Name, c.Vintage, string(c.Kind), x.digest, string(x.doc), store.Micros(x.st.Issued.Time)},
		},
		{Query: `DELETE FROM proof_claim WHERE id = $1`, Args: []any{c.id}},
	}
	for _, in := range c.Inputs {
		out = append(out, inputChange(in, Ref{c.Name, c.Vintage}))
	}
	if c.Formula != nil {
		out = append(out, store.Change{
			Query: `INSERT INTO proof_text (digest, body) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING`,
			Args:  []any{digestOf(c.Formula.Text), c.Formula.Text},
		})
	}
	return out
}

func inputChange(in, of Ref) store.Change {
	return store.Change{
		Query: `INSERT INTO proof_input (input, input_vintage, name, vintage) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		Args:  []any{in.Name, in.Vintage, of.Name, of.Vintage},
	}
}

// enter puts statements into the log and notes where they are.
func (s *Service) enter(ctx context.Context, all []signed) error {
	if len(all) == 0 {
		return nil
	}
	docs := make([][]byte, len(all))
	for i, x := range all {
		docs[i] = x.doc
	}
	places, err := s.opened.Append(ctx, docs...)
	if err != nil {
		return err
	}
	changes := make([]store.Change, len(all))
	for i, x := range all {
		changes[i] = placeChange(x.digest, places[i])
	}
	return s.db.Write(ctx, func(tx store.Tx) error { return tx.ExecAll(ctx, changes) })
}

func placeChange(digest string, place uint64) store.Change {
	return store.Change{Query: `UPDATE proof_statement SET place = $1 WHERE digest = $2`, Args: []any{int64(place), digest}} //nolint:gosec // a log has fewer
}
