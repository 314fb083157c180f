package org

import (
	"bytes"
	"io/fs"
	"log/slog"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
	"yuzhou/packs"
)

// clock is a time that tests move by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// town is a running engine with a pack loaded.
type town struct {
	*Service
	clock *clock
	log   *bytes.Buffer
}

func newTown(t *testing.T, db *store.DB, files fs.FS) town {
	t.Helper()
	c := &clock{at: time.Date(2023, 7, 11, 1, 0, 0, 0, time.UTC)}
	p := pack.Open(files)
	m := p.Manifest
	zone := time.FixedZone("+08:00", 8*3600)
	var log bytes.Buffer
	site := web.Site{Name: m.Text, Unit: m.Unit, Prefix: m.Prefix, Zone: zone, Version: "test", Now: c.now}
	s := New(module.Host{DB: db, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: c.now, Site: site})
	if _, _, err := pack.Current(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	w := town{s, c, &log}
	w.load(t, files)
	return w
}

func (w town) load(t *testing.T, files fs.FS) {
	t.Helper()
	p := pack.Open(files)
	load := w.loadPack(p)
	w.clock.add(time.Second)
	if err := p.Store(t.Context(), w.db, w.clock.now(), []pack.Load{load}); err != nil {
		t.Fatal(err)
	}
}

// small is a pack of three units, units being the lines of units.yaml.
func small(units string) fstest.MapFS {
	return fstest.MapFS{
		"pack.yaml":      {Data: []byte(`{schema: yuzhou.pack/v1, id: t, prefix: "88.990.1", unit: "990000", zone: "+08:00", zh: 试, en: Trial, sources: [{id: s, kind: primary, zh: 源}]}`)},
		"org/units.yaml": {Data: []byte("units:\n" + units)},
	}
}

const threeUnits = `  - {id: "990000", kind: city, zh: 市, en: City, parent: "", from: "", source: s}
  - {id: "990101", kind: district, zh: 东区, en: East, parent: "990000", from: "", source: s}
  - {id: "990102", kind: county, zh: 西县, en: West, parent: "990000", from: "", source: s}
`

func onEachStore(t *testing.T, files fs.FS, fn func(*testing.T, town)) {
	t.Helper()
	testkit.EachStore(t, "org", theFiles(), func(t *testing.T, db *store.DB) { fn(t, newTown(t, db, files)) })
}

func theFiles() fs.FS { return files }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func kindIs(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != want {
		t.Errorf("%s: got %v, want a fault of kind %q", what, err, want)
	}
}

func TestRealPack(t *testing.T) {
	onEachStore(t, packs.Chongqing(), func(t *testing.T, w town) {
		ctx := t.Context()
		districts, err := w.Districts(ctx)
		must(t, err)
		if len(districts) != 38 || districts[0].ID != "500101" || districts[37].ID != "500243" {
			t.Errorf("%d districts, want 38 by code", len(districts))
		}
		all, err := w.Units(ctx, w.now())
		must(t, err)
		towns := 0
		for _, u := range all {
			if u.Kind == Town {
				towns++
			}
		}
		if towns != 1031 {
			t.Errorf("%d streets and towns, want 1031", towns)
		}
		for _, tt := range []struct {
			name, unit, top string
			want            bool
		}{
			{"town in city", "500101001", "500000", true},
			{"town in its district", "500101001", "500101", true},
			{"town in another district", "500101001", "500102", false},
			{"itself", "500101", "500101", true},
			{"city in district", "500000", "500101", false},
			{"body outside", "cac", "500000", false},
			{"unknown", "nowhere", "500000", false},
			{"unknown in itself", "nowhere", "nowhere", false},
		} {
			got, err := w.Within(ctx, tt.unit, tt.top)
			must(t, err)
			if got != tt.want {
				t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
			}
		}
		posts, err := w.Posts(ctx, "kjj")
		must(t, err)
		if len(posts) != 1 || len(posts[0].Holders) != 1 || posts[0].Holders[0].ZH != "明炬" {
			t.Errorf("posts of kjj: %+v", posts)
		}
	})
}

func TestEnsureOwner(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		ctx := t.Context()
		user, password, created, err := w.EnsureOwner(ctx)
		must(t, err)
		if user != "owner" || len(password) != 19 || !created {
			t.Fatalf("got %q %q %v", user, password, created)
		}
		again, none, created, err := w.EnsureOwner(ctx)
		must(t, err)
		if again != user || none != "" || created {
			t.Errorf("second time: got %q %q %v", again, none, created)
		}
		in, err := w.signIn(ctx, user, password, origin{})
		must(t, err)
		a, found, err := w.bearer(ctx, in.token)
		must(t, err)
		if !found || w.Decide(ctx, a.Actor, actor.Administer, "990101") != nil {
			t.Errorf("the owner cannot administer a district: %+v", a)
		}
	})
}
