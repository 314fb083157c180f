package identifiers

import (
	"strings"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

// factory is a registrant that is made up; its credit code is of no real body.
func factory() Registrant {
	return Registrant{
		Text: pack.Text{ZH: "示例制造有限公司"}, CreditCode: "91500000MA5U00000W", Kind: "enterprise", Person: "张三", Contact: "李四",
		Phone: "023-00000000", Address: "示例路 1 号", Area: "500112", Industry: "C36",
	}
}

func TestChangeValid(t *testing.T) {
	with := func(change func(*Change)) Change {
		r := factory()
		c := Change{Change: Allocate, Registrant: &r}
		change(&c)
		return c
	}
	as := func(c Change) Change { return c }
	for _, tt := range []struct {
		name  string
		c     Change
		wrong string
	}{
		{"an allocation", with(func(*Change) {}), ""},
		{"of a prefix that is asked for", with(func(c *Change) { c.Prefix = "88.500.7" }), ""},
		{"to one that is known", as(Change{Change: Allocate, Holder: "r1"}), ""},
		{"of nothing known", as(Change{Change: "buy"}), `change "buy" is none of`},
		{"letters in a prefix", with(func(c *Change) { c.Prefix = "88.x" }), "is not of numbers and dots"},
		{"zeros before a number", with(func(c *Change) { c.Prefix = "88.05" }), "is not of numbers and dots"},
		{"nobody to hold it", as(Change{Change: Allocate}), "give the registrant or the id"},
		{"two to hold it", with(func(c *Change) { c.Holder = "r1" }), "not both"},
		{"a quota below nothing", with(func(c *Change) { c.Quota = -1 }), "quota -1 is below 0"},
		{"a registrant without a name", with(func(c *Change) { c.Registrant.ZH = " " }), "name of the registrant is missing"},
		{"a code of another", with(func(c *Change) { c.Registrant.CreditCode = "91500000MA5U000007" }), "is none of GB 32100"},
		{"an area of words", with(func(c *Change) { c.Registrant.Area = "渝北" }), "GB/T 2260"},
		{"a kind that is none", with(func(c *Change) { c.Registrant.Kind = "company" }), `kind "company"`},
		{"a licence without days", with(func(c *Change) { c.Registrant.Licence = "A1" }), "first day and a later last day"},
		{"a licence that ends before it begins", with(func(c *Change) {
			c.Registrant.Licence, c.Registrant.LicenceFrom, c.Registrant.LicenceUntil = "A1", "2026-02-01", "2026-01-01"
		}), "first day and a later last day"},
		{"a day that is none", with(func(c *Change) { c.Registrant.LicenceFrom = "2026-02-30" }), `date "2026-02-30"`},
		{"a suspension without a reason", as(Change{Change: Suspend, Prefix: "88.500.7"}), "needs a reason"},
		{"a suspension with a holder", as(Change{Change: Suspend, Prefix: "88.500.7", Reason: "x", Holder: "r1"}), "a transfer changes it"},
		{"a delegation to nowhere", as(Change{Change: Delegate, Prefix: "88.500.7"}), "names servers"},
		{"a delegation to a name", as(Change{Change: Delegate, Prefix: "88.500.7", Route: []Server{{Address: "node.example", TCP: 2641}}}), "is no IP address"},
		{"a delegation to anywhere", as(Change{Change: Delegate, Prefix: "88.500.7", Route: []Server{{Address: "0.0.0.0", TCP: 2641}}}), "is no IP address"},
		{"a delegation without a port", as(Change{Change: Delegate, Prefix: "88.500.7", Route: []Server{{Address: "192.0.2.7"}}}), "has no port"},
		{"a delegation", as(Change{Change: Delegate, Prefix: "88.500.7", Route: []Server{{Address: "2001:db8::7", UDP: 2641, TCP: 2641}}}), ""},
		{"a quota without a prefix", as(Change{Change: Requota}), "is not of numbers and dots"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.c.valid()
			if tt.wrong == "" && err != nil || tt.wrong != "" && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong)) {
				t.Errorf("%v; want %q", err, tt.wrong)
			}
		})
	}
}

// TestAfter walks every change from every state: what is not in the table is refused.
func TestAfter(t *testing.T) {
	possible := map[string]map[string]string{ // from, change, to
		"":        {Allocate: Hosted},
		Hosted:    {Delegate: Delegated, Suspend: Suspended, Reclaim: Reclaimed, Transfer: Hosted, Requota: Hosted, Rekey: Hosted},
		Delegated: {Delegate: Delegated, Host: Hosted, Suspend: Suspended, Reclaim: Reclaimed, Transfer: Delegated, Requota: Delegated, Rekey: Delegated},
		Suspended: {Resume: Delegated, Reclaim: Reclaimed},
		Reclaimed: {},
	}
	route := []Server{{Address: "192.0.2.7", TCP: 2641}}
	for from, ways := range possible {
		for change := range changes() {
			p := Prefix{Prefix: "88.500.7", Parent: "88.500", Registrant: "r1", State: from, Version: 3}
			switch from {
			case "":
				p = Prefix{}
			case Suspended:
				p.Before = Delegated
			}
			got, err := p.after(Change{Change: change, Prefix: "88.500.7", Route: route, Quota: 9}, "r2")
			to, ok := ways[change]
			if !ok {
				if fault.KindOf(err) != fault.Conflict {
					t.Errorf("%q %s: %+v, %v; want a conflict", from, change, got, err)
				}
				continue
			}
			holds := got.State == to && got.Version == p.Version+1 && got.Prefix == "88.500.7" &&
				(got.Registrant == "r2") == (change == Transfer || change == Allocate) && (len(got.Route) > 0) == (change == Delegate)
			if err != nil || !holds {
				t.Errorf("%q %s: %+v, %v; want %s", from, change, got, err, to)
			}
		}
	}
}
