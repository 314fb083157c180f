package org

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"strings"
	"sync"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// How long a session lives. Source: the issue; OWASP Session Management.
const (
	idleLimit     = 30 * time.Minute
	absoluteLimit = 12 * time.Hour
	touchEvery    = time.Minute // last use is written at most this often
)

// How wrong passwords are slowed down: the fifth in a row locks the name for a
// minute, each further one for twice as long, up to an hour; a day without an
// attempt forgets them.
const (
	freeFailures = 5
	firstLock    = time.Minute
	longestLock  = time.Hour
	forgetAfter  = 24 * time.Hour
)

// Session is one sign-in that has not ended, as its owner may see it.
type Session struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen" doc:"last use, to the minute"`
	Agent   string    `json:"agent,omitempty"`
	Address string    `json:"address,omitempty"`
	Current bool      `json:"current"`
}

// origin is where a sign-in comes from.
type origin struct{ address, agent string }

// signedIn is what a sign-in yields.
type signedIn struct {
	token     string // shown to nobody but the program that signed in
	who       actor.Actor
	temporary bool // the password was chosen by somebody else
	until     time.Time
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// newToken returns 256 random bits as text.
func newToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// lockFor returns how long a name is locked after so many failures in a row.
func lockFor(failures int64) time.Duration {
	if failures < freeFailures {
		return 0
	}
	d := firstLock
	for n := int64(freeFailures); n < failures && d < longestLock; n++ {
		d *= 2
	}
	return min(d, longestLock)
}

// signIn opens a session. Whatever is wrong, name or password or a locked
// account, the answer and the time it takes are the same.
func (s *Service) signIn(ctx context.Context, login, password string, from origin) (signedIn, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	if wait := s.door.wait(from.address, s.now()); wait > 0 {
		return signedIn{}, s.refuse(busy, "signin.address", minutes(wait))
	}
	failures, err := s.reserve(ctx, login)
	if err != nil {
		return signedIn{}, err
	}
	acc, err := s.account(ctx, login)
	if err != nil {
		return signedIn{}, err
	}
	ok, err := s.verify(ctx, acc.password, password)
	switch {
	case err != nil:
		return signedIn{}, err
	case !ok || acc.locked:
		s.door.failed(from.address, s.now())
		return signedIn{}, s.wrong(ctx, acc, failures)
	}
	return s.openSession(ctx, acc, from)
}

// reserve counts an attempt before the password is looked at, so that many at
// once are counted as many. It refuses while the name is locked.
func (s *Service) reserve(ctx context.Context, login string) (failures int64, err error) {
	now := s.now()
	var wait time.Duration
	err = s.write(ctx, func(tx store.Tx) error {
		was, err := attempts(ctx, tx, digest(login))
		if err != nil {
			return err
		}
		if wait = was.until.Sub(now); wait > 0 {
			return nil
		}
		if now.Sub(was.seen) >= forgetAfter {
			was.failures = 0
		}
		failures = was.failures + 1
		return putAttempts(ctx, tx, attempt{digest(login), failures, now.Add(lockFor(failures)), now})
	})
	if err == nil && wait > 0 {
		err = s.refuse(busy, "signin.locked", minutes(wait))
	}
	return failures, err
}

// wrong answers a failed attempt; the one that locks a name leaves an audit entry.
func (s *Service) wrong(ctx context.Context, acc account, failures int64) error {
	if acc.person != "" && failures == freeFailures {
		ctx := actor.With(ctx, actor.Actor{ID: "visitor", Name: "visitor"})
		err := s.write(ctx, func(tx store.Tx) error {
			return s.Audit(ctx, tx, "org.account.lockout", acc.person, "five wrong passwords in a row")
		})
		if err != nil {
			return err
		}
	}
	return s.refuse(forbidden, "signin.wrong")
}

func (s *Service) account(ctx context.Context, login string) (acc account, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		acc, err = accountOf(ctx, tx, login)
		return err
	})
	return acc, err
}

func (s *Service) openSession(ctx context.Context, acc account, from origin) (signedIn, error) {
	now := s.now()
	out := signedIn{token: newToken(), temporary: acc.temporary, until: now.Add(absoluteLimit)}
	out.who = actor.Actor{ID: acc.person, Name: acc.name}
	ctx = actor.With(ctx, out.who)
	err := s.write(ctx, func(tx store.Tx) error {
		if err := clearAttempts(ctx, tx, digest(acc.login)); err != nil {
			return err
		}
		err := insertSession(ctx, tx, acc.person, digest(out.token), Session{
			ID: store.NewID(now), Created: now, Seen: now, Agent: clip(from.agent, 200), Address: from.address,
		})
		if err != nil {
			return err
		}
		return s.Audit(ctx, tx, "org.session.open", acc.person, "")
	})
	return out, err
}

// clip shortens text that strangers send to n bytes of valid UTF-8.
func clip(text string, n int) string {
	if len(text) > n {
		text = text[:n]
	}
	return strings.ToValidUTF8(text, "")
}

// minutes rounds up, for people.
func minutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }

// caller is an actor and the session that showed who it is.
type caller struct {
	actor.Actor
	session string
}

// bearer finds out who a token belongs to; found is false when the session has
// ended, was never there, or its account is locked.
func (s *Service) bearer(ctx context.Context, token string) (c caller, found bool, err error) {
	now, key := s.now(), digest(token)
	c, epoch, ok := s.known.get(key, now)
	if ok {
		return c, true, nil
	}
	var row sessionRow
	err = s.db.Read(ctx, func(tx store.Tx) error {
		if row, found, err = sessionOf(ctx, tx, key); err != nil || !found {
			return err
		}
		if now.Sub(row.seen) >= idleLimit || now.Sub(row.created) >= absoluteLimit || row.locked {
			found = false
			return nil
		}
		c.ID, c.Name, c.session = row.person, row.name, row.id
		if c.Grants, err = grantsInForce(ctx, tx, row.person); err != nil {
			return err
		}
		c.Posts, err = holdings(ctx, tx, row.person, "")
		return err
	})
	if err != nil || !found {
		return caller{}, false, err
	}
	if now.Sub(row.seen) >= touchEvery {
		// A full disk must not sign people out: reading goes on without the touch.
		if err := s.db.Write(ctx, func(tx store.Tx) error { return touchSession(ctx, tx, row.id, now) }); err != nil && fault.KindOf(err) != busy {
			return caller{}, false, err
		}
	}
	s.known.put(key, c, now, epoch)
	return c, true, nil
}

// signOut ends the session of a token; none is no error.
func (s *Service) signOut(ctx context.Context, token string) error {
	return s.write(ctx, func(tx store.Tx) error {
		row, found, err := sessionOf(ctx, tx, digest(token))
		if err != nil || !found {
			return err
		}
		if err := endSession(ctx, tx, row.person, row.id); err != nil {
			return err
		}
		return s.Audit(actor.With(ctx, actor.Actor{ID: row.person, Name: row.name}), tx, "org.session.close", row.person, "")
	})
}

// revokeSession ends one of the actor's own sessions.
func (s *Service) revokeSession(ctx context.Context, id string) error {
	who := actor.Of(ctx).ID
	return s.write(ctx, func(tx store.Tx) error {
		if err := endSession(ctx, tx, who, id); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "org.session.revoke", who, id)
	})
}

// sessions lists the actor's own sessions, the newest first.
func (s *Service) sessions(ctx context.Context, current string) (out []Session, err error) {
	now := s.now()
	err = s.db.Read(ctx, func(tx store.Tx) error {
		out, err = sessionsOf(ctx, tx, actor.Of(ctx).ID, now.Add(-idleLimit), now.Add(-absoluteLimit))
		return err
	})
	for i := range out {
		out[i].Current = out[i].ID == current
	}
	return out, err
}

// purge deletes sessions that have expired and attempts that are forgotten.
func (s *Service) purge(ctx context.Context) error {
	now := s.now()
	return s.write(ctx, func(tx store.Tx) error {
		return purge(ctx, tx, now)
	})
}

// doorman slows down addresses from which many passwords were wrong, whatever
// the names. It is coarse, since many people can share an address, and it
// forgets everything when the program ends.
type doorman struct {
	mu   sync.Mutex
	seen map[string]tally // by network, guarded by mu
}

type tally struct {
	failures int
	since    time.Time
}

const (
	addressFailures = 50
	addressWindow   = 10 * time.Minute
	maxAddresses    = 10_000
)

func newDoorman() *doorman { return &doorman{seen: map[string]tally{}} }

// network is the address, or its /64 where one subscriber has so many. Addresses
// of this machine are let through: a proxy before the program has one.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.IsLoopback() {
		return ""
	}
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return ""
	}
	return p.String()
}

// wait returns how long an address must wait before it may try again.
func (d *doorman) wait(address string, now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.seen[network(address)]
	if t.failures < addressFailures {
		return 0
	}
	return t.since.Add(addressWindow).Sub(now)
}

func (d *doorman) failed(address string, now time.Time) {
	net := network(address)
	if net == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.seen) >= maxAddresses {
		clear(d.seen) // a flood from everywhere: the names' own locks still hold
	}
	t := d.seen[net]
	if now.Sub(t.since) >= addressWindow {
		t = tally{since: now}
	}
	t.failures++
	d.seen[net] = t
}
