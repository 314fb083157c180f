package docking

import (
	"strings"
	"testing"
	"time"
)

// The number of GB 11643 is the example of its annex.
func TestCreditCode(t *testing.T) {
	for _, s := range []string{"91350100M000100Y43", "91310000775785552L"} {
		if !CreditCode(s) {
			t.Errorf("%s is refused", s)
		}
		for i := range s {
			for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
				if other := s[:i] + string(c) + s[i+1:]; other != s && CreditCode(other) {
					t.Errorf("%s is taken for %s", other, s)
				}
			}
		}
	}
	for _, s := range []string{"", "91350100M000100Y4", "91350100m000100y43", "91350100I000100Y43", "91350100M000100Y4\u4e2d"} {
		if CreditCode(s) {
			t.Errorf("%q is taken", s)
		}
	}
	if !residentID("11010519491231002X") || residentID("11010519491331002X") || residentID("110105194912310020") {
		t.Error("identity cards")
	}
}

func TestSections(t *testing.T) {
	for _, tt := range []struct{ division, want string }{
		{"01", "A"},
		{"05", "A"},
		{"06", "B"},
		{"12", "B"},
		{"13", "C"},
		{"43", "C"},
		{"44", "D"},
		{"47", "E"},
		{"51", "F"},
		{"53", "G"},
		{"60", "G"},
		{"61", "H"},
		{"63", "I"},
		{"65", "I"},
		{"66", "J"},
		{"70", "K"},
		{"71", "L"},
		{"73", "M"},
		{"76", "N"},
		{"79", "N"},
		{"80", "O"},
		{"83", "P"},
		{"84", "Q"},
		{"86", "R"},
		{"91", "S"},
		{"97", "T"},
		{"00", ""},
		{"98", ""},
		{"1", ""},
		{"1x", ""},
		{"", ""},
	} {
		if got := divisionOf(tt.division); got != tt.want {
			t.Errorf("division %s is of section %q, want %q", tt.division, got, tt.want)
		}
	}
}

func TestPrefixForm(t *testing.T) {
	for _, tt := range []struct {
		code, prefix string
		want         bool
	}{
		{CodeHandle, "88.709", true},
		{CodeHandle, "86.1000.1", true},
		{CodeHandle, "88.709.a_b-c", true},
		{CodeHandle, "88.100~88.199", true},
		{CodeHandle, "88", false},
		{CodeHandle, "88..1", false},
		{CodeHandle, "88.709/1", false},
		{CodeHandle, "88.1~88.199", false},
		{CodeOID, "1.2.156.3088", true},
		{CodeOID, "2.999", true},
		{CodeOID, "1.40.1", false},
		{CodeOID, "1.2.0156", false},
		{CodeOID, "3.1", false},
		{CodeDID, "did:bid:ef", true},
		{CodeDID, "did:web:ef", false},
		{CodeVAA, "VAA", true},
		{CodeVAA, "VAB", false},
		{CodeEcode, "2000", true},
		{CodeEcode, "9000", false},
		{CodeGS1, "6901234", true},
		{CodeGS1, "690", false},
		{CodeGS1, "6900~6999", true},
		{CodeGS1, "6999~6900", false},
		{CodeGS1, "6900~69999", false},
	} {
		if _, _, ok := prefixForm(tt.code, tt.prefix); ok != tt.want {
			t.Errorf("%s %q: %t", tt.code, tt.prefix, ok)
		}
	}
}

func TestDue(t *testing.T) {
	at := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		when, err := ParseInstant(s)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	holiday := func(d time.Time) bool {
		return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday && (d.Month() != time.October || d.Day() > 7)
	}
	for _, tt := range []struct {
		name                           string
		table                          Table
		since, sent, changed, from, by string
		workday                        func(time.Time) bool
	}{
		{"at once, unchanged", TableRoute, "2026-01-01 00:00:00", "2026-01-02 00:00:00", "2026-01-01 12:00:00", "", "", nil},
		{"at once, changed", TableRoute, "2026-01-01 00:00:00", "2026-01-02 00:00:00", "2026-01-02 00:00:01", "2026-01-02 00:00:01", "2026-01-02 00:00:01", nil},
		{"hourly", TableEnterprise, "2026-01-01 00:00:00", "2026-01-01 23:59:59", "", "2026-01-02 00:00:00", "2026-01-02 01:00:00", nil},
		{"hourly, on the hour", TableEnterpriseRoute, "2026-01-01 00:00:00", "2026-01-01 09:00:00", "", "2026-01-01 10:00:00", "2026-01-01 11:00:00", nil},
		{"daily, never sent", TableStatistics, "2026-01-01 10:00:00", "", "", "2026-01-02 00:00:00", "2026-01-03 00:00:00", nil},
		{"daily", TableFigures, "2026-01-01 10:00:00", "2026-02-28 00:00:00", "", "2026-03-01 00:00:00", "2026-03-02 00:00:00", nil},
		{"monthly", TableApplication, "2026-01-01 10:00:00", "2026-01-31 23:00:00", "", "2026-02-01 00:00:00", "2026-03-01 00:00:00", nil},
		{"report, a month of workdays", TableReport, "2026-01-01 10:00:00", "", "", "2026-02-01 00:00:00", "2026-02-14 00:00:00", nil},
		{"report, with holidays", TableReport, "2026-09-01 10:00:00", "", "", "2026-10-01 00:00:00", "2026-10-22 00:00:00", holiday},
		{"escrow", TableEscrow, "2026-01-01 10:00:00", "2026-01-02 08:30:00", "", "2026-01-03 08:00:00", "2026-01-04 00:00:00", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Due(tt.table, Last{at(tt.since), at(tt.sent), at(tt.changed)}, tt.workday)
			if err != nil || !d.From.Equal(at(tt.from)) || !d.By.Equal(at(tt.by)) {
				t.Fatalf("%v, %v", d, err)
			}
			if tt.from == "" {
				if d.Open(at("2030-01-01 00:00:00")) || d.Late(at("2030-01-01 00:00:00")) {
					t.Error("nothing is due and it is open")
				}
				return
			}
			if d.Open(d.From.Add(-1)) || !d.Open(d.From) || d.Late(d.By.Add(-1)) || !d.Late(d.By) {
				t.Error("the ends of the deadline")
			}
		})
	}
	if _, err := Due("x", Last{}, nil); err == nil {
		t.Error("a table nobody knows has a deadline")
	}
	never := func(time.Time) bool { return false }
	if d, err := Due(TableReport, Last{Since: sent}, never); err != nil || d.By.IsZero() {
		t.Errorf("%v, %v", d, err)
	}
}

func TestState(t *testing.T) {
	state := func() State {
		return State{
			Node:        Statistics{Date: "2026-01-30", Prefix: "88.709", Total: 2},
			Enterprises: []Organisation{{Prefix: "88.709.1"}, {Prefix: "88.709.A"}},
			Routes:      []Route{{CodeType: CodeHandle, Prefix: "88.709.1"}, {CodeType: CodeHandle, Prefix: "88.709.a"}, {CodeType: CodeGS1, Prefix: "6901"}},
			Statistics:  []Statistics{{Date: "2026-01-30", Prefix: "88.709.1", New: 1, Total: 5}, {Date: "2026-01-30", Prefix: "88.709.A"}},
			Templates:   []Template{{Prefix: "88.709", ID: "t"}, {Prefix: "88.709.1", ID: "u"}},
			Items:       []Item{{Identifier: "88.709.1/x", Operation: OpAdd, Template: "t"}, {Identifier: "88.709.1/y", Operation: OpDelete}},
		}
	}
	for _, tt := range []struct {
		name   string
		change func(s *State)
		want   string // "" when nothing is found
	}{
		{"all fits", func(*State) {}, ""},
		{"no items to compare with", func(s *State) { s.Items = nil }, ""},
		{"too many prefixes", func(s *State) { s.Node.Total = 3 }, `row 1, statistics.registered "3": want the number of enterprises, 2`},
		{"route of nobody", func(s *State) { s.Routes[0].Prefix = "88.709.9" }, `row 1, enterprise-route.prefix "88.709.9": want the prefix of an enterprise`},
		{"no route", func(s *State) { s.Routes = s.Routes[:1] }, `row 2, enterprise.prefix "88.709.A": want an enterprise with a route`},
		{"no statistics", func(s *State) { s.Statistics = s.Statistics[:1] }, `row 2, enterprise.prefix "88.709.A": want an enterprise with statistics`},
		{"statistics of another day", func(s *State) { s.Statistics[1].Date = "2026-01-29" }, `row 2, enterprise-statistics.date "2026-01-29": want the day of the node's`},
		{"template of nobody", func(s *State) { s.Templates[1].Prefix = "88.709.9" }, `row 2, enterprise-template.prefix "88.709.9"`},
		{"unknown template", func(s *State) { s.Items[0].Template = "v" }, `row 1, item.template "v": want a template of table 4 or 11`},
		{"more registered than added", func(s *State) { s.Statistics[0].New = 2 }, `row 1, enterprise-statistics.registeredOfDay "2": want the number added in table 9, 1`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := state()
			tt.change(&s)
			found := CheckState(s)
			if tt.want == "" && len(found) > 0 || tt.want != "" && (len(found) == 0 || !strings.Contains(found.Error(), tt.want)) {
				t.Errorf("%v, want %q", found, tt.want)
			}
		})
	}
}

func TestNext(t *testing.T) {
	before := Statistics{Date: "2026-01-30", Prefix: "88.709.1", Total: 100}
	for _, tt := range []struct {
		name string
		next Statistics
		want string
	}{
		{"some more", Statistics{Date: "2026-01-31", Prefix: "88.709.1", New: 5, Total: 105}, ""},
		{"some deleted", Statistics{Date: "2026-01-31", Prefix: "88.709.1", New: 5, Total: 60}, ""},
		{"out of nothing", Statistics{Date: "2026-01-31", Prefix: "88.709.1", New: 5, Total: 106}, `registered "106": want at most 100+5`},
		{"the same day", Statistics{Date: "2026-01-30", Prefix: "88.709.1", Total: 100}, `date "2026-01-30": want a day behind 2026-01-30`},
		{"another one", Statistics{Date: "2026-01-31", Prefix: "88.709.2", Total: 100}, `prefix "88.709.2": want the same prefix, 88.709.1`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := CheckNext(before, tt.next)
			if tt.want == "" && len(found) > 0 || tt.want != "" && (len(found) != 1 || !strings.Contains(found.Error(), tt.want)) {
				t.Errorf("%v, want %q", found, tt.want)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	var rows []any
	for range 1000 {
		rows = append(rows, &Statistics{Date: "2026-01-30", Prefix: "88.709." + strings.Repeat("1", 1+len(rows)%50) + string(rune('a'+len(rows)/50)), New: 2, Total: 12, Queries: 100, Successes: 99, Sources: []Source{{"192.0.2.7", 60}, {"2001:db8::7", 40}}})
	}
	doc, err := Batch{TableEnterpriseStatistics, "88.709", sent, rows}.JSON()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := Parse(doc); err != nil {
			b.Fatal(err)
		}
	}
}
