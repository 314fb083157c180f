package clock_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"yuzhou/engine/flow/clock"
	"yuzhou/kernel/fault"
)

const official = "../../../packs/chongqing/calendar/holidays.yaml"

func calendar(tb testing.TB) clock.Calendar {
	tb.Helper()
	source, err := os.ReadFile(official)
	if err != nil {
		tb.Fatal(err)
	}
	cal, err := clock.ParseCalendar(source)
	if err != nil {
		tb.Fatal(err)
	}
	return cal
}

func date(tb testing.TB, text string) time.Time {
	tb.Helper()
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

var zone = time.FixedZone("+08:00", 8*3600)

func at(tb testing.TB, text string) time.Time {
	tb.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// TestAdd has the vectors computed from the public data of holiday-cn.
func TestAdd(t *testing.T) {
	t.Parallel()
	cal := calendar(t)
	for _, tc := range []struct {
		start string
		n     int
		want  string
	}{
		{"2026-02-10", 5, "2026-02-24"},
		{"2026-02-10", 20, "2026-03-16"},
		{"2026-02-10", 45, "2026-04-21"},
		{"2026-09-28", 5, "2026-10-10"}, // a worked Saturday
		{"2026-09-28", 20, "2026-10-30"},
		{"2025-09-26", 5, "2025-10-10"},
		{"2024-02-05", 5, "2024-02-18"}, // a worked Sunday
		{"2006-12-30", 1, "2007-01-04"}, // the year before is unknown, and nothing of it is counted but its last day off
	} {
		got, err := cal.Add(date(t, tc.start), tc.n)
		if tc.start == "2006-12-30" {
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "2006") {
				t.Errorf("through an unknown day: %v, %v", got, err)
			}
			continue
		}
		if err != nil || got.Format(time.DateOnly) != tc.want {
			t.Errorf("%s + %d working days = %v, %v; want %s", tc.start, tc.n, got, err, tc.want)
		}
	}
	if _, err := cal.Add(date(t, "2026-12-30"), 2); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "2027") {
		t.Errorf("into a year without a notice: %v", err)
	}
}

// plain is the calendar without any tables: a second, slow implementation that
// asks the file for every day.
type plain struct{ off, work map[string]bool }

func newPlain(tb testing.TB) plain {
	tb.Helper()
	source, err := os.ReadFile(official)
	if err != nil {
		tb.Fatal(err)
	}
	var doc struct {
		Years map[int]struct{ Off, Work map[string]string }
	}
	if err := yaml.Unmarshal(source, &doc); err != nil {
		tb.Fatal(err)
	}
	p := plain{map[string]bool{}, map[string]bool{}}
	for _, y := range doc.Years {
		for d := range y.Off {
			p.off[d] = true
		}
		for d := range y.Work {
			p.work[d] = true
		}
	}
	return p
}

func (p plain) works(d time.Time) bool {
	key := d.Format(time.DateOnly)
	return p.work[key] || !p.off[key] && d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
}

// TestEveryDay compares every start day of all known years with every limit up
// to 60 days.
func TestEveryDay(t *testing.T) {
	t.Parallel()
	cal, p := calendar(t), newPlain(t)
	compared := 0
	last := date(t, "2026-12-31")
	for start := date(t, "2007-01-01"); start.Year() <= 2026; start = start.AddDate(0, 0, 1) {
		n := 0
		for d := start.AddDate(0, 0, 1); n < 60 && !d.After(last); d = d.AddDate(0, 0, 1) {
			if !p.works(d) {
				continue
			}
			n++
			if got, err := cal.Add(start, n); err != nil || !got.Equal(d) {
				t.Fatalf("%s + %d: %v, %v; want %s", start.Format(time.DateOnly), n, got, err, d.Format(time.DateOnly))
			}
			compared++
		}
	}
	if compared < 430_000 {
		t.Errorf("only %d compared", compared)
	}
}

// TestDue counts clocks with pauses and extensions day by day.
func TestDue(t *testing.T) {
	t.Parallel()
	cal := calendar(t)
	pause := func(from, to string) clock.Pause {
		return clock.Pause{Reason: "hearing", From: at(t, from), To: at(t, to)}
	}
	for _, tc := range []struct {
		name string
		c    clock.Clock
		want string
	}{
		{"the start day is not counted", clock.Clock{Rule: clock.Rule{Unit: clock.WorkingDay, Limit: 1}, Started: at(t, "2026-03-02 00:00")}, "2026-03-03"},
		{"late at night it is still that day", clock.Clock{Rule: clock.Rule{Unit: clock.WorkingDay, Limit: 1}, Started: at(t, "2026-03-02 23:59")}, "2026-03-03"},
		{"a pause of three working days", clock.Clock{Rule: clock.Rule{Unit: clock.WorkingDay, Limit: 5}, Started: at(t, "2026-03-02 09:00"), Pauses: []clock.Pause{pause("2026-03-04 10:00", "2026-03-06 10:00")}}, "2026-03-12"},
		{"a pause within one day", clock.Clock{Rule: clock.Rule{Unit: clock.WorkingDay, Limit: 5}, Started: at(t, "2026-03-02 09:00"), Pauses: []clock.Pause{pause("2026-03-04 10:00", "2026-03-04 11:00")}}, "2026-03-10"},
		{"a pause over a weekend", clock.Clock{Rule: clock.Rule{Unit: clock.WorkingDay, Limit: 5}, Started: at(t, "2026-03-02 09:00"), Pauses: []clock.Pause{pause("2026-03-07 10:00", "2026-03-08 10:00")}}, "2026-03-09"},
		{"an extension", clock.Clock{Rule: clock.Rule{Unit: clock.WorkingDay, Limit: 20}, Started: at(t, "2026-02-10 09:00"), Extensions: []clock.Extension{{Units: 10}}}, "2026-03-30"},
		{"natural days", clock.Clock{Rule: clock.Rule{Unit: clock.NaturalDay, Limit: 10}, Started: at(t, "2026-03-02 09:00")}, "2026-03-12"},
		{"natural days that end on a holiday", clock.Clock{Rule: clock.Rule{Unit: clock.NaturalDay, Limit: 3}, Started: at(t, "2026-09-29 09:00")}, "2026-10-08"},
	} {
		due, err := tc.c.Due(cal)
		if err != nil || due.In(zone).Format(time.DateOnly) != tc.want {
			t.Errorf("%s: %v, %v; want %s", tc.name, due, err, tc.want)
		}
		if !due.Add(time.Microsecond).Equal(at(t, tc.want+" 00:00").AddDate(0, 0, 1)) {
			t.Errorf("%s: due at %v, not at the end of its day", tc.name, due)
		}
		if left, err := tc.c.Left(cal, due); err != nil || (left != 0 && tc.c.Unit == clock.WorkingDay) {
			t.Errorf("%s: %d left on the last day, %v", tc.name, left, err)
		}
	}
}

func TestHours(t *testing.T) {
	t.Parallel()
	cal := calendar(t) // 09:00-12:00, 13:30-18:30: eight hours
	for _, tc := range []struct {
		start string
		limit int
		want  string
	}{
		{"2026-03-02 09:00", 1, "2026-03-02 10:00"},
		{"2026-03-02 09:00", 3, "2026-03-02 12:00"},
		{"2026-03-02 11:00", 2, "2026-03-02 14:30"},
		{"2026-03-02 07:00", 8, "2026-03-02 18:30"},
		{"2026-03-02 18:00", 1, "2026-03-03 09:30"},
		{"2026-03-06 17:30", 2, "2026-03-09 10:00"}, // over a weekend
		{"2026-03-07 15:00", 1, "2026-03-09 10:00"}, // begun on a Saturday
		{"2026-09-30 18:30", 8, "2026-10-08 18:30"}, // over the National Day
	} {
		c := clock.New(clock.Rule{Kind: clock.Remedy, Unit: clock.WorkingHour, Limit: tc.limit}, at(t, tc.start))
		due, err := c.Due(cal)
		if err != nil || !due.Equal(at(t, tc.want)) {
			t.Errorf("%s + %d h: %v, %v; want %s", tc.start, tc.limit, due, err, tc.want)
		}
		if left, err := c.Left(cal, due); err != nil || left != 0 {
			t.Errorf("%s + %d h: %d left at the end, %v", tc.start, tc.limit, left, err)
		}
	}
}

// days is Due for working days, counted day by day.
func (p plain) days(c clock.Clock) time.Time {
	start := c.Started.In(zone)
	d := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
	for n := c.Total(); n > 0; {
		d = d.AddDate(0, 0, 1)
		counted := p.works(d)
		for _, pause := range c.Pauses {
			day := d.Format(time.DateOnly)
			if day >= pause.From.In(zone).Format(time.DateOnly) && day <= pause.To.In(zone).Format(time.DateOnly) {
				counted = false
			}
		}
		if counted {
			n--
		}
	}
	return d
}

// TestPauses plays random lives of clocks and compares them with the plain count;
// what must hold of every life is checked on the way.
func TestPauses(t *testing.T) {
	t.Parallel()
	cal, p := calendar(t), newPlain(t)
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		now := at(t, "2007-06-01 00:00").Add(time.Duration(r.Int64N(int64(17 * 365 * 24 * time.Hour))))
		c := clock.New(clock.Rule{Kind: clock.Legal, Unit: clock.WorkingDay, Limit: 1 + r.IntN(45)}, now)
		before, err := c.Due(cal)
		if err != nil {
			t.Fatal(err)
		}
		for range r.IntN(5) {
			now = now.Add(time.Duration(r.Int64N(int64(20 * 24 * time.Hour))))
			if r.IntN(4) == 0 {
				c, err = c.Extend(clock.Extension{Units: 1 + r.IntN(10), At: now})
			} else if c, err = c.Pause(clock.Pause{From: now}); err == nil {
				now = now.Add(time.Duration(r.Int64N(int64(20 * 24 * time.Hour))))
				c, err = c.Resume(now)
			}
			if err != nil {
				t.Fatal(seed, err)
			}
			due, err := c.Due(cal)
			if err != nil || due.Before(before) && before.After(now) {
				t.Fatalf("seed %d: a pause or an extension has brought the due from %v to %v, %v", seed, before, due, err)
			}
			before = due
		}
		due, err := c.Due(cal)
		if want := p.days(c); err != nil || due.In(zone).Format(time.DateOnly) != want.Format(time.DateOnly) {
			t.Fatalf("seed %d: %+v is due %v, %v; counted day by day %v", seed, c, due, err, want)
		}
		if c.Limit > 45 {
			t.Fatal("a pause has changed the limit")
		}
	}
}

func TestLights(t *testing.T) {
	t.Parallel()
	cal := calendar(t)
	start := at(t, "2026-03-02 09:00")
	light := func(kind clock.Kind, now string) clock.Light {
		return clock.New(clock.Rule{Kind: kind, Unit: clock.WorkingDay, Limit: 10, Warn: 3}, start).Light(cal, at(t, now))
	}
	for _, tc := range []struct {
		kind clock.Kind
		now  string
		want clock.Light
	}{
		{clock.Legal, "2026-03-11 23:59", clock.Green},
		{clock.Legal, "2026-03-12 00:00", clock.Yellow}, // three days are left: the 12th, 13th and 16th
		{clock.Legal, "2026-03-16 23:59", clock.Yellow},
		{clock.Legal, "2026-03-17 00:00", clock.Black},
		{clock.Promised, "2026-03-17 00:00", clock.Red},
		{clock.Stage, "2026-03-17 00:00", clock.Yellow},
		{clock.Notice, "2026-03-17 00:00", clock.Red},
		{clock.Delivery, "2026-03-17 00:00", clock.Red},
		{clock.Remedy, "2026-03-17 00:00", clock.Red},
	} {
		if got := light(tc.kind, tc.now); got != tc.want {
			t.Errorf("%s at %s: %s, want %s", tc.kind, tc.now, got, tc.want)
		}
	}
	c := clock.New(clock.Rule{Kind: clock.Legal, Unit: clock.WorkingDay, Limit: 10}, start)
	paused, err := c.Pause(clock.Pause{From: at(t, "2026-03-04 09:00")})
	if err != nil || paused.Light(cal, at(t, "2026-12-01 09:00")) != clock.Green {
		t.Errorf("a paused clock has gone on: %v", err)
	}
	if stopped := c.Stop(at(t, "2026-03-05 09:00")); stopped.Light(cal, at(t, "2026-12-01 09:00")) != clock.Green || stopped.Running() {
		t.Error("a stopped clock has gone on")
	}
	if got := clock.Worst(clock.Green, clock.Black, clock.Red); got != clock.Black {
		t.Errorf("the worst of green, black and red is %s", got)
	}
}

func TestParseCalendarRefuses(t *testing.T) {
	t.Parallel()
	const head = "schema: yuzhou.holidays/v1\n"
	for name, tc := range map[string]struct{ source, words string }{
		"another schema":     {"schema: x\nyears: {2026: {}}", "yuzhou.holidays/v1"},
		"no years":           {head, "years is missing"},
		"unknown key":        {head + "year: {}", "line 2"},
		"a date of far away": {head + "years:\n  2026:\n    off: {\"2020-01-01\": 元旦}", "line 4"},
		"no date":            {head + "years:\n  2026:\n    off: {\"2026-02-30\": 春节}", "2026-02-30"},
		"off and worked":     {head + "years:\n  2026:\n    off: {\"2026-01-01\": 元旦}\n    work: {\"2026-01-01\": 元旦}", "only one"},
		"hours that overlap": {head + "hours: [\"09:00-12:00\", \"11:00-13:00\"]\nyears: {2026: {}}", "11:00-13:00"},
		"a zone by name":     {head + "zone: Beijing\nyears: {2026: {}}", "+08:00"},
		"no YAML":            {"\t:", "calendar"},
	} {
		_, err := clock.ParseCalendar([]byte(tc.source))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tc.words) {
			t.Errorf("%s: %v, want words %q", name, err, tc.words)
		}
	}
}

func FuzzParseCalendar(f *testing.F) {
	f.Add([]byte("schema: yuzhou.holidays/v1\nyears:\n  2026:\n    off: {\"2026-01-01\": 元旦}\n    work: {\"2026-01-04\": 元旦}\n"))
	f.Add([]byte("schema: yuzhou.holidays/v1\nhours: [\"09:00-12:00\"]\nyears: {2025: {off: {}}, 2026: {work: {}}}"))
	f.Fuzz(func(t *testing.T, source []byte) {
		cal, err := clock.ParseCalendar(source)
		if err != nil {
			return
		}
		for _, unit := range []clock.Unit{clock.WorkingDay, clock.NaturalDay, clock.WorkingHour} {
			c := clock.New(clock.Rule{Kind: clock.Legal, Unit: unit, Limit: 3, Warn: 1}, date(t, "2026-01-01"))
			if due, err := c.Due(cal); err == nil && due.Before(c.Started) {
				t.Errorf("%s: due %v before the start", unit, due)
			}
		}
	})
}

func BenchmarkDue(b *testing.B) {
	cal := calendar(b)
	for _, unit := range []clock.Unit{clock.WorkingDay, clock.NaturalDay, clock.WorkingHour} {
		b.Run(fmt.Sprint(unit), func(b *testing.B) {
			c := clock.New(clock.Rule{Kind: clock.Legal, Unit: unit, Limit: 20}, at(b, "2026-02-10 09:00"))
			for b.Loop() {
				if _, err := c.Due(cal); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
