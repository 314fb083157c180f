package monitor

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
	"yuzhou/modules/identifiers/docking"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	when, err := docking.ParseInstant(s)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

// plainFigures is the second implementation: it sorts all samples and looks.
func plainFigures(samples []Sample, prefix, date string) docking.Figures {
	f := docking.Figures{Date: date, Prefix: prefix}
	slices.SortStableFunc(samples, func(a, b Sample) int { return a.At.Compare(b.At) })
	queries := map[string]int64{}
	for _, kind := range []Kind{Resolve, Register} {
		var sum, n int64
		var least, most docking.Micros
		var leastAt, mostAt string
		for _, s := range samples {
			if s.Kind != kind {
				continue
			}
			when := docking.Instant(s.At)
			if kind == Resolve {
				queries[when]++
			}
			if !s.OK {
				continue
			}
			l := docking.Micros(s.Latency / time.Microsecond)
			if leastAt == "" || l < least {
				least, leastAt = l, when
			}
			if mostAt == "" || l > most {
				most, mostAt = l, when
			}
			sum += int64(l)
			n++
		}
		if n == 0 {
			continue
		}
		average := docking.Micros((sum*2 + n) / (2 * n))
		if kind == Resolve {
			f.ResolveMean, f.ResolveMin, f.ResolveMax, f.ResolveMinAt, f.ResolveMaxAt = average, least, most, leastAt, mostAt
		} else {
			f.RegisterMean, f.RegisterMin, f.RegisterMax, f.RegisterMinAt, f.RegisterMaxAt = average, least, most, leastAt, mostAt
		}
	}
	for when, n := range queries {
		if n > f.PeakQPS || n == f.PeakQPS && when < f.PeakAt {
			f.PeakQPS, f.PeakAt = n, when
		}
	}
	return f
}

// Samples in any order within Disorder, with stops of the program between them, give the
// figures of the plain implementation, which the rules of the table take.
func TestDay(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	begin := at(t, "2026-01-30 00:00:00")
	for round := range 60 {
		day := NewDay(begin.Add(12 * time.Hour))
		samples := make([]Sample, r.IntN(400))
		for i := range samples {
			samples[i] = Sample{
				At:   begin.Add(time.Duration(r.IntN(20)*[]int{4546, 3}[round%2]) * time.Second).Add(time.Duration(r.IntN(1e9))),
				Kind: []Kind{Resolve, Resolve, Register}[r.IntN(3)], Latency: time.Duration(r.IntN(8000)), OK: r.IntN(5) > 0,
			}
		}
		late := map[int]time.Duration{}
		order := make([]int, len(samples))
		for i := range samples {
			order[i], late[i] = i, time.Duration(r.IntN((Disorder-1)*int(time.Second)))
		}
		slices.SortFunc(order, func(a, b int) int {
			return samples[a].At.Add(late[a]).Compare(samples[b].At.Add(late[b]))
		})
		for _, i := range order {
			if err := day.Add(samples[i]); err != nil {
				t.Fatal(err)
			}
			if r.IntN(50) == 0 { // the program stops and goes on
				doc, err := json.Marshal(day)
				if err != nil {
					t.Fatal(err)
				}
				day = &Day{}
				if err := json.Unmarshal(doc, day); err != nil {
					t.Fatal(err)
				}
			}
		}
		got := day.Figures("88.709")
		if diff := cmp.Diff(plainFigures(samples, "88.709", "2026-01-30"), got); diff != "" {
			t.Fatalf("round %d: %s", round, diff)
		}
		if got.ResolveMaxAt == "" && got.PeakQPS == 0 && got.RegisterMaxAt == "" && len(samples) > 50 {
			t.Error("nothing was counted")
		}
		if _, err := (docking.Batch{Table: docking.TableFigures, Node: "88.709", Sent: begin, Rows: []any{&got}}).JSON(); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		c := day.Counts()
		if n := c.Resolved + c.ResolveFailed + c.Registered + c.RegisterFailed; n != uint64(len(samples)) {
			t.Errorf("%d of %d samples are counted", n, len(samples))
		}
	}
}

func TestNotOfTheDay(t *testing.T) {
	d := NewDay(at(t, "2026-01-30 23:59:59"))
	for _, tt := range []struct {
		name string
		in   Sample
		want string
	}{
		{"the day before", Sample{At: at(t, "2026-01-29 23:59:59"), Kind: Resolve}, "is of 2026-01-29 23:59:59, not of 2026-01-30"},
		{"the day after", Sample{At: at(t, "2026-01-31 00:00:00"), Kind: Resolve}, "is of 2026-01-31 00:00:00"},
		{"another kind", Sample{At: at(t, "2026-01-30 00:00:00"), Kind: "x"}, `is of kind "x"`},
		{"back in time", Sample{At: at(t, "2026-01-30 00:00:00"), Kind: Resolve, Latency: -1}, "has the latency -1ns"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := d.Add(tt.in); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	for _, doc := range []string{`{"day":"2026-1-30"}`, `{"day":"2026-01-30","newest":86400}`, `{"day":"2026-01-30","recent":"x"}`} {
		if err := json.Unmarshal([]byte(doc), &Day{}); err == nil {
			t.Errorf("%s is taken", doc)
		}
	}
	if got := d.Figures("88.709"); got != (docking.Figures{Date: "2026-01-30", Prefix: "88.709"}) {
		t.Errorf("something was counted: %v", got)
	}
}

func TestWatch(t *testing.T) {
	w := Watch{Prefix: "88.709"}
	var events []docking.Event
	for _, o := range []Observation{
		{At: at(t, "2026-01-30 10:00:00"), Up: true},
		{At: at(t, "2026-01-30 10:00:01"), Cause: "断网", Type: docking.CauseNetwork},
		{At: at(t, "2026-01-30 10:00:01"), Cause: "断网", Type: docking.CauseNetwork},
		{At: at(t, "2026-01-30 10:00:01"), Up: true},
		{At: at(t, "2026-01-30 10:00:01")},
		{At: at(t, "2026-01-30 10:20:00"), Up: true},
		{At: at(t, "2026-01-30 23:00:00"), Type: docking.CauseAttack},
	} {
		var e docking.Event
		var changed bool
		if w, e, changed = w.See(o); changed {
			events = append(events, e)
		}
	}
	want := []docking.Event{
		{Prefix: "88.709", State: docking.StateAbnormal, ID: "20260130100001", At: "2026-01-30 10:00:01", Cause: "断网", Type: docking.CauseNetwork},
		{Prefix: "88.709", State: docking.StateRecovered, ID: "20260130100001a", Linked: "20260130100001", At: "2026-01-30 10:00:01"},
		{Prefix: "88.709", State: docking.StateAbnormal, ID: "20260130100001aa", At: "2026-01-30 10:00:01", Type: docking.CauseOther},
		{Prefix: "88.709", State: docking.StateRecovered, ID: "20260130102000", Linked: "20260130100001aa", At: "2026-01-30 10:20:00"},
		{Prefix: "88.709", State: docking.StateAbnormal, ID: "20260130230000", At: "2026-01-30 23:00:00", Type: docking.CauseAttack},
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Fatal(diff)
	}
	var rows []any
	for _, e := range events {
		rows = append(rows, &e)
	}
	if _, err := (docking.Batch{Table: docking.TableEvent, Node: "88.709", Sent: at(t, "2026-01-31 00:00:00"), Rows: rows}).XML(); err != nil {
		t.Error(err)
	}
	slices.Reverse(events)
	// In any order but within a second.
	events[2], events[4] = events[4], events[2]
	out, err := Outages(events)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != 3 || out[2].ID != "20260130230000" || !out[2].To.IsZero() || !out[1].To.Equal(at(t, "2026-01-30 10:20:00")) {
		t.Errorf("%v", out)
	}
	if n := down(out, at(t, "2026-01-30 00:00:00"), at(t, "2026-01-31 00:00:00")); n != 1199+3600 {
		t.Errorf("down for %d seconds", n)
	}
}

func TestNoOutages(t *testing.T) {
	began := docking.Event{State: docking.StateAbnormal, ID: "1", At: "2026-01-30 10:00:00"}
	over := docking.Event{State: docking.StateRecovered, ID: "2", Linked: "1", At: "2026-01-30 10:20:00"}
	early, again, unknown, when := over, over, over, over
	early.At, again.ID, unknown.Linked, when.At = "2026-01-30 09:00:00", "3", "9", "x"
	for _, tt := range []struct {
		name string
		in   []docking.Event
		want string
	}{
		{"number twice", []docking.Event{began, began}, `event "1" of  is there twice`},
		{"recovery of nothing", []docking.Event{began, unknown}, `recovery of event "9"`},
		{"recovery twice", []docking.Event{began, over, again}, `recovery of event "1", of which there is none`},
		{"recovery before", []docking.Event{began, early}, `recovery of event "1", of which there is none before it`},
		{"no instant", []docking.Event{began, when}, `"x" is no instant`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Outages(tt.in); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestDown(t *testing.T) {
	day := at(t, "2026-01-30 00:00:00")
	o := func(from, to int) Outage {
		out := Outage{From: day.Add(time.Duration(from) * time.Second)}
		if to != -1 {
			out.To = day.Add(time.Duration(to) * time.Second)
		}
		return out
	}
	for _, tt := range []struct {
		name string
		in   []Outage
		want int64
	}{
		{"none", nil, 0},
		{"one", []Outage{o(10, 20)}, 10},
		{"two that overlap", []Outage{o(15, 30), o(10, 20)}, 20},
		{"one in another", []Outage{o(10, 50), o(20, 30)}, 40},
		{"before and behind", []Outage{o(-100, -50), o(-10, 10), o(95, 200)}, 15},
		{"not over", []Outage{o(90, -1)}, 10},
		{"begins later", []Outage{o(500, -1)}, 0},
	} {
		if got := down(tt.in, day, day.Add(100*time.Second)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func month(t *testing.T) Month {
	t.Helper()
	day := func(date string, resolve, register docking.Micros, c Counts) Daily {
		return Daily{docking.Figures{Date: date, Prefix: "88.709", ResolveMean: resolve, RegisterMean: register}, c}
	}
	return Month{
		Prefix: "88.709", Name: "某公司", Month: "2026-01",
		Days: []Daily{
			day("2026-01-01", 10_000, 50_000, Counts{Resolved: 300, Registered: 1, EffectiveSum: 9_000_000, EffectiveOnes: 3}),
			day("2026-01-02", 20_000, 0, Counts{Resolved: 100}),
		},
		Maintenance: []Outage{{From: at(t, "2026-01-10 02:00:00"), To: at(t, "2026-01-10 03:00:00"), Cause: "升级", Type: docking.CauseOther}},
		Incidents: []Outage{
			{From: at(t, "2026-01-10 02:30:00"), To: at(t, "2026-01-10 03:30:00"), Cause: "断网 | <b>*x*", Type: docking.CauseNetwork},
			{From: at(t, "2026-01-31 23:30:00"), Cause: "攻击", Type: docking.CauseAttack},
		},
	}
}

func TestReport(t *testing.T) {
	m := month(t)
	got, err := m.Report()
	if err != nil {
		t.Fatal(err)
	}
	// Down are 90 minutes, for what overlaps counts once, and the last 30 of the month.
	want := docking.Report{
		Prefix: "88.709", Month: "2026-01", Name: "某公司", UpSeconds: 31*86400 - 7200, Availability: 997311, RegisterRTT: 50_000, ResolveRTT: 12_500, Effective: 3_000_000,
		Maintenance: []string{"1月10日02时00分至1月10日03时00分：升级（其他）"},
		Incidents:   []string{"1月10日02时30分至1月10日03时30分：断网 | <b>*x*（网络故障）", "1月31日23时30分至尚未恢复：攻击（安全攻击）"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := (docking.Batch{Table: docking.TableReport, Node: "88.709", Sent: at(t, "2026-02-01 00:00:00"), Rows: []any{&got}}).JSON(); err != nil {
		t.Error(err)
	}
	before := docking.Report{Prefix: "88.709", Month: "2025-12", Name: "某公司", UpSeconds: 31 * 86400, Availability: 1_000_000}
	d := Document{Reports: []docking.Report{before, got}, Maintenance: m.Maintenance, Incidents: m.Incidents}
	for _, lang := range []string{"zh-CN", "en"} {
		md, err := d.Markdown(lang)
		if err != nil {
			t.Fatal(err)
		}
		testkit.Golden(t, "report."+lang+".md", []byte(md))
		text, err := d.Text(lang)
		if err != nil {
			t.Fatal(err)
		}
		testkit.Golden(t, "report."+lang+".txt", []byte(text))
	}
	for _, wrong := range []Document{{}, {Reports: []docking.Report{got, before}}, {Reports: []docking.Report{got, got}}} {
		if _, err := wrong.Text("en"); !errors.Is(err, fault.Invalid) {
			t.Error(err)
		}
	}
}

func TestNoReport(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(m *Month)
		want   string
	}{
		{"no month", func(m *Month) { m.Month = "2026-13" }, `month "2026-13"`},
		{"another month's day", func(m *Month) { m.Days[0].Figures.Date = "2026-02-01" }, `day "2026-02-01" is not of month 2026-01`},
		{"a day twice", func(m *Month) { m.Days[1].Figures.Date = "2026-01-01" }, "or is there twice"},
		{"another prefix", func(m *Month) { m.Days[1].Figures.Prefix = "88.1" }, `is of prefix "88.1"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := month(t)
			tt.change(&m)
			if _, err := m.Report(); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func BenchmarkAdd(b *testing.B) {
	begin := time.Date(2026, 1, 30, 0, 0, 0, 0, time.UTC)
	d := NewDay(begin)
	s := Sample{At: begin, Kind: Resolve, Latency: time.Millisecond, OK: true}
	for b.Loop() {
		if err := d.Add(s); err != nil {
			b.Fatal(err)
		}
	}
}
