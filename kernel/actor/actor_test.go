package actor

import "testing"

func TestMay(t *testing.T) {
	within := func(unit, top string) bool { return top == "500000" && unit == "500105" }
	clerk := Actor{ID: "a", Grants: []Grant{{Clerk, "500000"}}}
	district := Actor{ID: "b", Grants: []Grant{{Clerk, "500105"}}}
	for _, tt := range []struct {
		name string
		who  Actor
		p    Permission
		unit string
		want bool
	}{
		{"anyone reads", Actor{}, Read, "500000", true},
		{"a visitor submits nothing", Actor{}, Submit, "500000", false},
		{"a clerk submits for the unit", clerk, Submit, "500000", true},
		{"and for units below", clerk, Submit, "500105", true},
		{"but not above", district, Submit, "500000", false},
		{"anywhere is enough when no unit is asked", district, Submit, "", true},
		{"a clerk does not curate", clerk, Curate, "500000", false},
		{"a leader decides", Actor{Grants: []Grant{{Leader, "500000"}}}, Decide, "500105", true},
		{"a leader does not submit", Actor{Grants: []Grant{{Leader, "500000"}}}, Submit, "500105", false},
		{"the owner does all", System("500000"), Administer, "500105", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.who.May(tt.p, tt.unit, within); got != tt.want {
				t.Errorf("May(%s, %s) = %v, want %v", tt.p, tt.unit, got, tt.want)
			}
		})
	}
}
