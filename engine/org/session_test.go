package org

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// testDB is store.DB under a name that reads well in a parameter list.
type testDB = store.DB

// systemOf returns a context in which the program itself acts.
func systemOf(t *testing.T, w town) context.Context {
	t.Helper()
	return actor.With(t.Context(), actor.System(w.site.Unit))
}

func TestLockout(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		ctx := t.Context()
		user, password, _, err := w.EnsureOwner(ctx)
		must(t, err)
		for _, name := range []string{user, "nobody"} {
			t.Run(name, func(t *testing.T) {
				for n := 1; n <= freeFailures; n++ {
					_, err := w.signIn(ctx, name, "wrong", origin{})
					kindIs(t, "a wrong password", err, forbidden)
				}
				var locks []string
				for range 8 {
					begun := w.now()
					_, err := w.signIn(ctx, name, password, origin{})
					for fault.KindOf(err) == busy {
						w.clock.add(10 * time.Second)
						_, err = w.signIn(ctx, name, "wrong", origin{})
					}
					kindIs(t, "after the lock", err, forbidden)
					locks = append(locks, w.now().Sub(begun).String())
				}
				want := []string{"1m0s", "2m0s", "4m0s", "8m0s", "16m0s", "32m0s", "1h0m0s", "1h0m0s"}
				if d := cmp.Diff(want, locks); d != "" {
					t.Errorf("-want +got\n%s", d)
				}
			})
		}
		w.clock.add(time.Hour)
		_, err = w.signIn(ctx, user, password, origin{})
		must(t, err)
		for n := 1; n < freeFailures; n++ {
			_, err := w.signIn(ctx, user, "wrong", origin{})
			kindIs(t, "a wrong password after a success", err, forbidden)
		}
		_, err = w.signIn(ctx, user, password, origin{})
		must(t, err)

		entries, _, err := w.entries(ctx, Filter{Action: "org.account.lockout"}, 10)
		must(t, err)
		if len(entries) != 1 || entries[0].Actor != "visitor" {
			t.Errorf("lockouts in the audit: %+v, want one, of the name that exists", entries)
		}
	})
}

func TestLockoutIsForgottenAndLifted(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		ctx := t.Context()
		user, password, _, err := w.EnsureOwner(ctx)
		must(t, err)
		fail := func(times int) {
			for range times {
				_, _ = w.signIn(ctx, user, "wrong", origin{}) // refused in one way or the other
			}
		}
		fail(freeFailures)
		acc, err := w.account(ctx, user)
		must(t, err)
		must(t, w.unlock(systemOf(t, w), acc.person))
		_, err = w.signIn(ctx, user, password, origin{})
		must(t, err)
		fail(freeFailures - 1)
		w.clock.add(forgetAfter)
		must(t, w.purge(ctx))
		fail(freeFailures - 1)
		_, err = w.signIn(ctx, user, password, origin{})
		must(t, err)
	})
}

// TestAttemptsAtOnce sends many passwords at once: no more than five may be
// looked at, however they interleave.
func TestAttemptsAtOnce(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		var mu sync.Mutex
		kinds := map[fault.Kind]int{}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				_, err := w.signIn(t.Context(), "owner", "guess", origin{})
				mu.Lock()
				defer mu.Unlock()
				kinds[fault.KindOf(err)]++
			})
		}
		all.Wait()
		if kinds[forbidden] > freeFailures || kinds[forbidden]+kinds[busy] != 20 {
			t.Errorf("%v: want at most %d looked at, the others refused", kinds, freeFailures)
		}
	})
}

func TestSessionEnds(t *testing.T) {
	type step struct {
		after time.Duration
		alive bool
	}
	steady := func(every time.Duration, times int) []step {
		var out []step
		for range times {
			out = append(out, step{every, true})
		}
		return out
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"used at once", []step{{0, true}}},
		{"idle a little less than the limit", []step{{idleLimit - time.Second, true}}},
		{"idle for the limit", []step{{idleLimit, false}}},
		{"use keeps it", []step{{20 * time.Minute, true}, {20 * time.Minute, true}}},
		{"dead stays dead", []step{{idleLimit, false}, {0, false}}},
		{"used all day", append(steady(29*time.Minute, 24), step{24 * time.Minute, false})},
		{"a moment before the day's end", append(steady(29*time.Minute, 24), step{24*time.Minute - time.Second, true})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
				ctx := t.Context()
				user, password, _, err := w.EnsureOwner(ctx)
				must(t, err)
				in, err := w.signIn(ctx, user, password, origin{"192.0.2.1", "test"})
				must(t, err)
				for i, s := range tt.steps {
					w.clock.add(s.after)
					must(t, w.purge(ctx))
					a, found, err := w.bearer(ctx, in.token)
					must(t, err)
					if found != s.alive || found != a.Known() {
						t.Errorf("step %d: alive %v, actor %+v, want alive %v", i, found, a, s.alive)
					}
				}
			})
		})
	}
}

func TestTokenIsNotStored(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		ctx := t.Context()
		user, password, _, err := w.EnsureOwner(ctx)
		must(t, err)
		in, err := w.signIn(ctx, user, password, origin{})
		must(t, err)
		if len(in.token) != 43 {
			t.Errorf("a token of %d characters, want 43: 256 bits", len(in.token))
		}
		must(t, w.db.Read(ctx, func(tx store.Tx) error {
			return tx.Each(ctx, `SELECT s.digest, a.password FROM org_session s JOIN org_account a ON a.person = s.person`, nil, func(scan func(...any) error) error {
				var sum, hash string
				if err := scan(&sum, &hash); err != nil {
					return err
				}
				if sum != digest(in.token) || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
					t.Errorf("stored: %q %q", sum, hash)
				}
				return nil
			})
		}))
	})
}

func TestSessionsList(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		ctx := t.Context()
		user, password, _, err := w.EnsureOwner(ctx)
		must(t, err)
		one, err := w.signIn(ctx, user, password, origin{"192.0.2.1", "one"})
		must(t, err)
		w.clock.add(time.Minute)
		two, err := w.signIn(ctx, user, password, origin{"192.0.2.2", "two"})
		must(t, err)
		a, _, err := w.bearer(ctx, two.token)
		must(t, err)
		ctx = actor.With(ctx, a.Actor)
		list, err := w.sessions(ctx, a.session)
		must(t, err)
		if len(list) != 2 || list[0].Agent != "two" || !list[0].Current || list[1].Current {
			t.Fatalf("sessions %+v", list)
		}
		other := actor.With(ctx, actor.Actor{ID: "somebody"})
		must(t, w.revokeSession(other, list[1].ID))
		if _, found, _ := w.bearer(ctx, one.token); !found {
			t.Error("somebody else could end the session")
		}
		must(t, w.revokeSession(ctx, list[1].ID))
		if _, found, _ := w.bearer(ctx, one.token); found {
			t.Error("the session still lives")
		}
		must(t, w.lockOther(t, a.ID))
		if _, found, _ := w.bearer(ctx, two.token); found {
			t.Error("the session of a locked account still lives")
		}
		_, err = w.signIn(ctx, user, password, origin{})
		kindIs(t, "a locked account", err, forbidden)
	})
}

// lockOther locks a person after making another owner, since the last cannot be.
func (w town) lockOther(t *testing.T, person string) error {
	t.Helper()
	ctx := systemOf(t, w)
	id, _, err := w.addPerson(ctx, NewPerson{Login: "second", ZH: "二"})
	must(t, err)
	kindIs(t, "locking the last owner", w.lock(ctx, person), conflict)
	must(t, w.grant(ctx, id, actor.Grant{Role: actor.Owner, Unit: w.site.Unit}))
	return w.lock(ctx, person)
}

func TestDoorman(t *testing.T) {
	begin := time.Date(2023, 7, 11, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, from, asks string
		failures         int
		after            time.Duration
		want             time.Duration
	}{
		{"few failures", "192.0.2.1", "192.0.2.1", addressFailures - 1, 0, 0},
		{"many failures", "192.0.2.1", "192.0.2.1", addressFailures, time.Minute, 9 * time.Minute},
		{"after the window", "192.0.2.1", "192.0.2.1", addressFailures, addressWindow, 0},
		{"another address", "192.0.2.1", "192.0.2.2", addressFailures, 0, 0},
		{"same IPv6 network", "2001:db8::1", "2001:db8::2", addressFailures, 0, addressWindow},
		{"IPv4 in IPv6", "::ffff:192.0.2.1", "192.0.2.1", addressFailures, 0, addressWindow},
		{"this machine", "127.0.0.1", "127.0.0.1", addressFailures, 0, 0},
		{"no address", "", "", addressFailures, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDoorman()
			for range tt.failures {
				d.failed(tt.from, begin)
			}
			if got := max(0, d.wait(tt.asks, begin.Add(tt.after))); got != tt.want {
				t.Errorf("wait %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAddressLimit(t *testing.T) {
	w := newTown(t, migrated(t), small(threeUnits))
	user, password, _, err := w.EnsureOwner(t.Context())
	must(t, err)
	for range addressFailures {
		w.door.failed("192.0.2.7", w.now())
	}
	_, err = w.signIn(t.Context(), user, password, origin{address: "192.0.2.7"})
	kindIs(t, "from the same address", err, busy)
	_, err = w.signIn(t.Context(), user, password, origin{address: "192.0.2.8"})
	must(t, err)
}
