package main

import (
	"log/slog"
	"testing"
	"time"

	"yuzhou/engine/org"
	"yuzhou/engine/proof/prooftest"
	"yuzhou/kernel/event"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers"
	"yuzhou/modules/indicators"
	"yuzhou/packs"
)

// TestObserve: the node's figures of a day become numbers of the city's pack, once, with
// the statement as their source; the figures that were published stay as they are.
func TestObserve(t *testing.T) {
	who := func(h module.Host) *org.Service { return org.New(h) }
	testkit.EachStore(t, "", nil, func(t *testing.T, db *store.DB) {
		now := func() time.Time { return time.Date(2026, 11, 23, 0, 10, 0, 0, time.UTC) }
		h := module.Host{
			DB: db, Now: now, Log: slog.New(slog.DiscardHandler), Events: new(event.Bus),
			Site: web.Site{Unit: "500000", Prefix: "88.500", Zone: time.UTC, Now: now},
		}
		people, book := who(h), &prooftest.Book{}
		ind := indicators.New(h, indicators.Needs{Units: people, Access: people, Audit: people, Proof: book})
		p := pack.Open(packs.Chongqing())
		var loads []pack.Load
		for _, m := range []module.Module{people.Module(), ind.Module()} {
			if err := db.Migrate(t.Context(), m.Name, m.Migrations); err != nil {
				t.Fatal(err)
			}
			loads = append(loads, m.Pack(p))
		}
		if _, _, err := pack.Current(t.Context(), db); err != nil { // makes its table
			t.Fatal(err)
		}
		if err := p.Store(t.Context(), db, now(), loads); err != nil {
			t.Fatal(err)
		}
		series := func(indicator string) observation.Series {
			t.Helper()
			s, err := ind.Series(t.Context(), indicator, "500000", now())
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		published := len(series("iid.registered").Vintages)
		f := identifiers.Figures{
			Day: "2026-11-22", Document: "census.2026-11-22", Title: pack.Text{ZH: "计数", EN: "Census"},
			Registered: 1234, Resolved: 99, Answered: 7, Nodes: 2, Enterprises: 3,
		}
		record := observe(h, ind)
		if err := record(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		again := f
		again.Registered, again.Document = 9999, "census.other" // a period that has its number keeps it
		if err := record(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		for indicator, want := range map[string]string{
			"iid.own_registered": "1234个", "iid.own_resolutions": "99次", "iid.own_daily_resolutions": "7次", "iid.own_nodes": "2个", "iid.own_enterprises": "3家",
		} {
			s := series(indicator)
			if len(s.Vintages) != 1 || s.Points[0].Printed != want || s.Points[0].Source.Document != "census.2026-11-22" || s.Points[0].Status != observation.Final {
				t.Errorf("%s: %+v", indicator, s.Vintages)
			}
		}
		if n := len(series("iid.registered").Vintages); n != published || published == 0 {
			t.Errorf("%d published figures, there were %d", n, published)
		}
	})
}

// TestWithFigure: what was made up afterwards is preliminary; an indicator that counts in
// hundreds of millions is no place for it.
func TestWithFigure(t *testing.T) {
	s := observation.Series{Indicator: observation.Indicator{ID: "iid.own_registered", Unit: quantity.MustUnit("个")}, Unit: "1"}
	all, err := withFigure(nil, s, identifiers.Figures{Day: "2026-11-22", Late: true}, 5)
	if err != nil || len(all) != 1 || all[0].Status != observation.Preliminary {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err = withFigure(nil, s, identifiers.Figures{Day: "2026-11-22", Demo: true}, 5); err != nil || all[0].Status != observation.Demo {
		t.Errorf("%+v, %v", all, err)
	}
	s.Indicator.Unit = quantity.MustUnit("亿")
	if _, err := withFigure(nil, s, identifiers.Figures{Day: "2026-11-22"}, 5); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	if _, err := withFigure(nil, s, identifiers.Figures{Day: "yesterday"}, 5); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}
