package directives

import (
	"fmt"
	"testing"
	"time"

	"yuzhou/kernel/pack"
)

// TestAgenda: what a meeting hears first.
func TestAgenda(t *testing.T) {
	from := time.Date(2023, 7, 3, 0, 0, 0, 0, time.UTC)
	name := func(s string) pack.Text { return pack.Text{ZH: s, EN: s} }
	then := []Gap{{Target: "T1", Light: "green"}, {Target: "T2", Light: "red"}, {Target: "T3", Light: "yellow"}, {Target: "T4", Light: "red"}, {Target: "T5", Light: "green"}}
	now := []Gap{
		{Target: "T1", Name: name("one"), Light: "red", Number: "n", Shown: name("9"), Words: name("short")},
		{Target: "T2", Name: name("two"), Light: "red"},
		{Target: "T3", Name: name("three"), Light: "green"},
		{Target: "T4", Name: name("four"), Light: "red"},
		{Target: "T5", Name: name("five"), Light: "green"},
	}
	due := from.AddDate(0, 0, 14)
	all := []Directive{
		{ID: "d2", Target: "T2", Origin: ByGap, Stage: "working", Light: "red", Lead: "kjj", Due: due, Round: 1, Opened: from.AddDate(0, -1, 0)},
		{ID: "d1", Target: "T1", Origin: ByGap, Stage: "issued", Light: "green", Lead: "kjj", Office: "o", Due: due, Round: 1, Opened: from.AddDate(0, 0, 1)},
		{ID: "d6", Origin: ByHand, Stage: "review", Light: "green", Lead: "kjj", Office: "o", Title: name("by hand"), Due: due, Round: 1},
		{ID: "d3", Target: "T3", Origin: ByGap, Stage: "closed", Round: 1},
	}
	a := agenda(then, now, all, from)
	var got []string
	for _, l := range a.Lines {
		got = append(got, fmt.Sprintf("%s %s %s %s %s", l.Why, l.Name.EN, l.Was, l.Who, l.Owes.EN))
	}
	want := []string{
		"worse one green kjj acknowledge",
		"late two  kjj do it and report",
		"off four   ",
		"open by hand  o review",
		"better three yellow  ",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if a.Open != 3 || a.Late != 1 || a.Ended != 1 || a.More != 0 {
		t.Errorf("counts %+v", a)
	}
	if c := a.Lines[0].Changed.EN; c != "new: 9; short" {
		t.Errorf("what changed: %q", c)
	}
}

// TestAgendaFitsAPage: a meeting gets ten lines, and how many there are besides.
func TestAgendaFitsAPage(t *testing.T) {
	var now []Gap
	for i := range 14 {
		now = append(now, Gap{Target: fmt.Sprint("T", i), Light: "red"})
	}
	if a := agenda(nil, now, nil, time.Time{}); len(a.Lines) != 10 || a.More != 4 {
		t.Errorf("%d lines, %d more", len(a.Lines), a.More)
	}
}
