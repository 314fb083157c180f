package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/observation"
)

// Figure is how every number is shown: never bare, but with its unit, as-of,
// status and a way to its source. The template "figure" prints it.
type Figure struct {
	Text   string // value, comparator and unit, in the page's language
	Period string // what it is about
	Status string // key of the wording, such as "status.estimate"; "" when settled
	Weak   bool   // from a secondary source
	Href   string // the number's page
	Title  string // source and vintage, for hover and focus
	Proof  Evidence
}

// Evidence is how far a number that is shown is proved, and where its proof is.
type Evidence struct {
	State string // proved, waiting, superseded, withdrawn, altered, unstated; "" when it is not asked, as of demonstrations
	Name  string // resolvable, with vintage
	Href  string // the page of its proof
}

// Cited is a number of this page, for its printed form.
type Cited struct {
	Text string
	Evidence
}

// NumberPath is the address of a number's page.
func NumberPath(o observation.Observation) string {
	return fmt.Sprintf("/indicators/%s/%s/%s?v=%d", o.Indicator, o.Unit, o.PathPeriod(), o.Vintage)
}

// Figure returns the component for an observation in the page's language.
func (s *Shell) Figure(o observation.Observation) Figure {
	f := Figure{Period: o.Period.String(), Weak: o.Source.Weak, Href: s.Link(NumberPath(o))}
	f.Text = o.Quantity.Chinese()
	if s.English() {
		f.Text = o.Quantity.English()
	}
	if !o.Status.Settled() {
		f.Status = "status." + string(o.Status)
	}
	var b strings.Builder
	b.WriteString(o.Source.Document)
	if len(o.Source.Lines) > 0 {
		fmt.Fprintf(&b, " %v", o.Source.Lines)
	}
	fmt.Fprintf(&b, " · v%d · %s", o.Vintage, o.Known.In(s.Zone).Format(time.DateOnly))
	f.Title = b.String()
	if s.attest != nil {
		f.Proof = s.attest(o)
	}
	if f.Proof.State != "" {
		f.Proof.Href = s.Link(f.Proof.Href)
		s.cite(Cited{f.Text + " (" + f.Period + ")", f.Proof})
	}
	return f
}

// cite notes a number of this page, once.
func (s *Shell) cite(c Cited) {
	if !slices.ContainsFunc(s.cited, func(x Cited) bool { return x.Name == c.Name }) {
		s.cited = append(s.cited, c)
	}
}

// Cited lists the numbers that the page shows, in order: its printed form names where
// each is proved.
func (s *Shell) Cited() []Cited { return s.cited }
