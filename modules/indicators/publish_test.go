package indicators

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/event"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
)

// approved is a number of the end of September 2026 as whoever approved it hands it over.
func approved(t *testing.T, indicator, value, unit string) observation.Observation {
	t.Helper()
	p, err := period.Parse("2026-09-30")
	if err != nil {
		t.Fatal(err)
	}
	d, err := quantity.ParseDecimal(value)
	if err != nil {
		t.Fatal(err)
	}
	u, err := quantity.ParseUnit(unit)
	if err != nil {
		t.Fatal(err)
	}
	q := quantity.Quantity{Value: d, Cmp: quantity.Equal, Unit: u}
	return observation.Observation{
		Indicator: indicator, Unit: "500000", Period: p, Quantity: q, Printed: q.Chinese(), Status: observation.Reported,
		Source: observation.Source{Document: "case-1"}, By: "leader",
	}
}

// knownAt sets since when numbers are known.
func knownAt(at time.Time, all ...observation.Observation) []observation.Observation {
	for i := range all {
		all[i].Known, all[i].Recorded = at, at
	}
	return all
}

// TestPublish: what is published is a vintage beside the others, once however
// often it is delivered; a recall and a revision are vintages of their own; what
// was known on a day is still what it was.
func TestPublish(t *testing.T) {
	testkit.EachStore(t, "indicators", migrations, func(t *testing.T, db *store.DB) {
		s := loaded(t, db, city{})
		first := time.Date(2026, 10, 10, 4, 0, 0, 0, time.UTC)
		title := pack.Text{ZH: "填报", EN: "Filled in"}
		publish := func(at time.Time, document, value string, status observation.Status, want int) observation.Observation {
			t.Helper()
			o := approved(t, "st.hte", value, "家")
			o.Source.Document, o.Status = document, status
			got, err := s.Publish(t.Context(), document, title, knownAt(at, o))
			if err != nil || len(got) != 1 || got[0].Vintage != want {
				t.Fatalf("%s from %s: %+v, %v; want vintage %d", value, document, got, err, want)
			}
			return got[0]
		}
		if got := publish(first, "case-1", "10100", observation.Reported, 1); got.By != "leader" || got.Printed != "10100家" || got.Name(s.site.Prefix).String() != "88.500.1/st.hte/500000/2026-09-30@1" {
			t.Errorf("published as %+v", got)
		}
		publish(first.Add(time.Hour), "case-1", "10100", observation.Reported, 1)    // delivered again
		publish(first.AddDate(0, 0, 5), "case-2", "10150", observation.Revised, 2)   // a revision
		publish(first.AddDate(0, 0, 6), "case-3", "10100", observation.Revised, 3)   // recalled: the first number again
		publish(first.AddDate(0, 0, 7), "case-2", "10150", observation.Revised, 2)   // delivered again, after the recall
		publish(first.AddDate(0, 0, 8), "case-4", "10100", observation.Revised, 4)   // confirmed by another document
		publish(first.AddDate(0, 0, 8), "case-1", "10100", observation.Reported, 1)  // and the first once more
		publish(first.AddDate(0, 0, 9), "case-5", "10100.0", observation.Revised, 5) // as it was typed
		for at, want := range map[string]string{"2026-10-09": "", "2026-10-12": "10100", "2026-10-15": "10150", "2026-10-17": "10100", "2026-11-01": "10100.0"} {
			series, err := s.Series(t.Context(), "st.hte", "500000", on(t, s, at))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if o, ok := series.Latest(); ok && o.Period.String() == "2026-09-30" {
				got = o.Quantity.Value.String()
			}
			if got != want {
				t.Errorf("as of %s it is %q, want %q", at, got, want)
			}
		}
		if d, err := s.Document(t.Context(), "case-2"); err != nil || d.ZH != "填报" || d.Kind != "collection" {
			t.Errorf("its document: %+v, %v", d, err)
		}
		early := knownAt(first.AddDate(0, 0, -30), approved(t, "st.hte", "9", "家"))
		early[0].Source.Document = "case-6"
		if _, err := s.Publish(t.Context(), "case-6", title, early); fault.KindOf(err) != fault.Conflict {
			t.Errorf("known before what is known: %v", err)
		}
	})
}

// TestPublishAllOrNone: of numbers that are published together, all are, or none;
// what keeps one from it is said; whoever waits for numbers hears of it once.
func TestPublishAllOrNone(t *testing.T) {
	at := time.Date(2026, 10, 10, 4, 0, 0, 0, time.UTC)
	with := func(o observation.Observation, change func(*observation.Observation)) observation.Observation {
		change(&o)
		return o
	}
	good := approved(t, "st.sti_firms", "60000", "家")
	for _, tt := range []struct {
		name  string
		other observation.Observation
		kind  fault.Kind
		words string
	}{
		{"both are right", approved(t, "st.hte", "10100", "家"), "", ""},
		{"in units that convert", approved(t, "st.hte", "1.01", "万家"), "", ""},
		{"an unknown indicator", approved(t, "st.none", "1", "家"), fault.NotFound, "st.none"},
		{"one that is derived", approved(t, "st.hte.gap2027", "1", "家"), fault.Invalid, "formula"},
		{"another measure", approved(t, "st.hte", "10100", "亿元"), fault.Invalid, "counts"},
		{"a target", with(approved(t, "st.hte", "1", "家"), func(o *observation.Observation) { o.Status = observation.Target }), fault.Invalid, "target"},
		{"a derived number", with(approved(t, "st.hte", "1", "家"), func(o *observation.Observation) { o.Status = observation.Derived }), fault.Invalid, "derived"},
		{"another document", with(approved(t, "st.hte", "1", "家"), func(o *observation.Observation) { o.Source.Document = "page" }), fault.Invalid, "page"},
		{"an unknown place", with(approved(t, "st.hte", "1", "家"), func(o *observation.Observation) { o.Unit = "999999" }), fault.NotFound, "999999"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := testkit.Store(t)
			if err := db.Migrate(t.Context(), "indicators", migrations); err != nil {
				t.Fatal(err)
			}
			s := loaded(t, db, city{})
			s.events = &event.Bus{}
			var heard [][]string
			event.On(s.events, func(_ context.Context, r Recorded) { heard = append(heard, slices.Sorted(slices.Values(r.Indicators))) })
			before := held(t, db)
			got, err := s.Publish(t.Context(), "case-1", pack.Text{ZH: "填报"}, knownAt(at, good, tt.other))
			if fault.KindOf(err) != tt.kind || err != nil && !strings.Contains(err.Error(), tt.words) {
				t.Fatalf("%v, want %q with %q", err, tt.kind, tt.words)
			}
			want := 2
			if tt.kind != "" {
				want = 0
			}
			if held(t, db) != before+want || len(got) != want || len(heard) != want/2 {
				t.Errorf("%d numbers are new, %d returned, heard %v; want %d", held(t, db)-before, len(got), heard, want)
			}
			if _, err := s.Publish(t.Context(), "case-1", pack.Text{ZH: "填报"}, knownAt(at.Add(time.Hour), good, tt.other)); fault.KindOf(err) != tt.kind || len(heard) != want/2 {
				t.Errorf("delivered again: %v, heard %v", err, heard)
			}
		})
	}
}
