package directives

import (
	"math/rand/v2"
	"testing"
)

// TestDecide: what an evaluation does about a target.
func TestDecide(t *testing.T) {
	r := Rule{Opens: []Opens{{"red", 1}, {"yellow", 3}}}
	gap := func(light, number string) Gap { return Gap{Target: "T09", Light: light, Number: number} }
	under := standing{Exists: true, Light: "red", Number: "n1"}
	closed := standing{Exists: true, Closed: true, Light: "green", Number: "n1"}
	review := standing{Exists: true, Review: true, Light: "green", Number: "n1"}
	for _, tt := range []struct {
		name string
		gap  Gap
		days int
		d    standing
		want step
	}{
		{"green opens nothing", gap("green", "n1"), 9, standing{}, stepNone},
		{"dark opens nothing", gap("cannot_say", ""), 9, standing{}, stepNone},
		{"red opens at once", gap("red", "n1"), 1, standing{}, stepOpen},
		{"yellow waits", gap("yellow", "n1"), 2, standing{}, stepNone},
		{"yellow that stays opens", gap("yellow", "n1"), 3, standing{}, stepOpen},
		{"nothing new", gap("red", "n1"), 2, under, stepNone},
		{"a new number joins", gap("red", "n2"), 2, under, stepJoin},
		{"a better light joins", gap("yellow", "n1"), 1, under, stepJoin},
		{"in the dark joins", gap("cannot_say", "n1"), 1, under, stepJoin},
		{"back on the path is for review", gap("green", "n2"), 1, under, stepReached},
		{"reached is for review", gap("reached", "n2"), 1, under, stepReached},
		{"in review, nothing new", gap("green", "n1"), 2, review, stepNone},
		{"in review, a new number", gap("green", "n2"), 1, review, stepReached},
		{"in review, slipped again", gap("red", "n2"), 1, review, stepJoin},
		{"closed, nothing new", gap("green", "n1"), 2, closed, stepNone},
		{"closed, a new number", gap("green", "n2"), 1, closed, stepTell},
		{"closed, in the dark", gap("cannot_say", "n1"), 1, closed, stepTell},
		{"closed, red opens it again", gap("red", "n2"), 1, closed, stepReopen},
		{"closed, yellow opens it again without waiting", gap("yellow", "n2"), 1, closed, stepReopen},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := r.decide(watch{Gap: tt.gap, Days: tt.days}, tt.d); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestSeen: two evaluations of one date count once, and a change begins anew.
func TestSeen(t *testing.T) {
	var w watch
	for _, tt := range []struct {
		date, light string
		days        int
		since       string
	}{
		{"2023-07-03", "yellow", 1, "2023-07-03"},
		{"2023-07-03", "yellow", 1, "2023-07-03"},
		{"2023-07-04", "yellow", 2, "2023-07-03"},
		{"2023-07-06", "yellow", 3, "2023-07-03"},
		{"2023-07-06", "red", 1, "2023-07-06"},
		{"2023-07-07", "yellow", 1, "2023-07-07"},
	} {
		w = w.seen(Gap{Target: "T09", Light: tt.light}, tt.date)
		if w.Days != tt.days || w.Since != tt.since || w.Evaluated != tt.date {
			t.Errorf("%s %s: %d days since %s", tt.date, tt.light, w.Days, w.Since)
		}
	}
}

// TestLeadOf: who answers for a target.
func TestLeadOf(t *testing.T) {
	r := Rule{Office: "office", Publishers: []string{"press"}, Leads: []Lead{{"T01", "named"}}}
	for _, tt := range []struct{ name, target, body, want string }{
		{"whom the rules name", "T01", "kjj", "named"},
		{"who gives the number", "T02", "kjj", "kjj"},
		{"a publisher does not act", "T02", "press", "office"},
		{"nobody gives it", "T02", "", "office"},
	} {
		if got := r.leadOf(Gap{Target: tt.target, Body: tt.body}); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestDecideSettles: whatever the light does, once a case knows what the
// evaluation saw, the same evaluation changes nothing more.
func TestDecideSettles(t *testing.T) {
	r := Rule{Opens: []Opens{{"red", 1}, {"yellow", 3}}}
	lights := []string{"red", "yellow", "cannot_say", "green", "reached"}
	d := standing{}
	for range 10_000 {
		w := watch{Gap: Gap{Target: "T", Light: lights[rand.IntN(len(lights))], Number: string(rune('a' + rand.IntN(3)))}, Days: 1 + rand.IntN(4)}
		what := r.decide(w, d)
		if what == stepNone {
			continue
		}
		d.Exists, d.Light, d.Number = true, w.Light, w.Number
		d.Closed = d.Closed && what != stepReopen
		d.Review = d.Review || what == stepReached
		if again := r.decide(w, d); again != stepNone {
			t.Fatalf("after %s of %+v the same evaluation wants %s", what, w, again)
		}
		if d.Review && w.On() && rand.IntN(2) == 0 {
			d.Closed, d.Review = true, false // accepted
		} else if d.Review && rand.IntN(3) == 0 {
			d.Review = false // returned to work: the next evaluation may find it on its path again
		}
	}
}
