package module

import (
	"context"
	"time"

	"yuzhou/kernel/pack"
)

// Description is what a name of the product stands for: what its identifier resolves
// to, over every protocol that the city speaks.
type Description struct {
	Name  string    // below the city's prefix: st.hte/500000/2023-06-30
	Kind  string    // one word: unit, post, indicator, element, procedure, or what a statement is about
	Title pack.Text // for people
	Page  string    // of this site that shows it: /indicators/st.hte
	Facts []Fact    // in an order that stays the same while they do
}

// Fact is one thing that is said of a name.
type Fact struct {
	Type string // in capitals: VALUE, FORMULA, SOURCE
	Text string
}

// Describe calls use with each name of a module that was described anew since an
// instant; it may call it with others too. Two modules may say facts of one name.
type Describe func(ctx context.Context, since time.Time, use func(Description) error) error

// Facts returns facts of type, text pairs, leaving out what is empty.
func Facts(pairs ...string) []Fact {
	var out []Fact
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, Fact{pairs[i], pairs[i+1]})
		}
	}
	return out
}
