package plan

import (
	"context"
	"errors"
	"testing"
	"time"

	"yuzhou/engine/proof/prooftest"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
	"yuzhou/packs"
)

// gate lets only those decide who have a grant over the very unit.
type gate struct{}

func (gate) Decide(_ context.Context, a actor.Actor, p actor.Permission, unit string) error {
	if a.May(p, unit, func(string, string) bool { return false }) {
		return nil
	}
	return fault.New(fault.Forbidden, "not over %s", unit)
}

func (gate) Audit(context.Context, store.Tx, string, string, string) error { return nil }

// measured is a shelf whose indicators have units and no numbers but the baseline.
type measured struct{ shelf }

func (m measured) Indicator(_ context.Context, id string) (observation.Indicator, error) {
	i := observation.Indicator{ID: id, Nature: observation.Stock}
	for _, t := range readPack(figures(packs.Chongqing())).Targets {
		if t.Indicator == id {
			i.Unit = t.Want.Unit
		}
	}
	return i, nil
}

func (m measured) Series(ctx context.Context, id, unit string, _ time.Time) (observation.Series, error) {
	i, err := m.Indicator(ctx, id)
	return observation.NewSeries(i, unit, nil), err
}

func (m measured) Figure(ctx context.Context, id string, known time.Time) (observation.Observation, error) {
	o, err := m.shelf.Figure(ctx, id, known)
	if f, ok := m.p.Figure(id); ok {
		o.Period = f.Period
	}
	return o, err
}

// TestWhoMayDecide: a path and a new version are the city's to decide; a role
// over a district is not enough, and what was refused has changed nothing.
func TestWhoMayDecide(t *testing.T) {
	testkit.EachStore(t, "plan", migrations, func(t *testing.T, db *store.DB) {
		p := figures(packs.Chongqing())
		now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		site := web.Site{Unit: "500000", Prefix: "88.500.1", Zone: time.UTC, Now: func() time.Time { return now }}
		s := New(module.Host{DB: db, Now: site.Now, Site: site}, Needs{Readings: measured{shelf{p}}, Access: gate{}, Audit: gate{}, Proof: &prooftest.Book{}})
		load := s.loadPack(p)
		if err := db.Write(t.Context(), func(tx store.Tx) error { return load(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
		base, err := s.Plan(t.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		base.ZH = "新名"
		for _, tt := range []struct {
			name, unit string
			want       fault.Kind
		}{{"a leader of a district", "500103", fault.Forbidden}, {"a leader of the city", "500000", ""}} {
			ctx := actor.With(t.Context(), actor.Actor{ID: "a", Name: "甲", Grants: []actor.Grant{{Role: actor.Leader, Unit: tt.unit}}})
			now = now.Add(time.Minute)
			if err := s.Declare(ctx, &Path{Target: "T09", Shape: Geometric, Band: 5}); fault.KindOf(err) != tt.want || err != nil && tt.want == "" {
				t.Errorf("%s declares: %v", tt.name, err)
			}
			got, err := s.Propose(ctx, base, true)
			if fault.KindOf(err) != tt.want || got.Accepted != (tt.want == "") {
				t.Errorf("%s accepts: %+v, %v", tt.name, got, err)
			}
			rows, err := s.Versions(ctx)
			if want := map[fault.Kind]int{fault.Forbidden: 1, "": 2}[tt.want]; err != nil || len(rows) != want {
				t.Errorf("%s: %d versions, %v; want %d", tt.name, len(rows), err, want)
			}
		}
		st, err := s.Status(t.Context(), "T09", now, now.Add(time.Minute), "")
		if err != nil || st.Path.Shape != Geometric || st.Path.DeclaredBy != "甲" {
			t.Errorf("the declared path is %+v, %v", st.Path, err)
		}
		before, err := s.Status(t.Context(), "T09", now, now.Add(-time.Hour), "")
		if err != nil || before.Path.Shape != Linear {
			t.Errorf("as known before, the path is %s, %v", before.Path.Shape, err)
		}
		if err := s.Declare(t.Context(), &Path{Target: "T99", Shape: Linear}); !errors.Is(err, fault.NotFound) {
			t.Errorf("a target that is not there: %v", err)
		}
	})
}
