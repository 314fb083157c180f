package pack

import (
	"slices"
	"strings"

	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

// Figure is a number as a source prints it: the one form in which numbers enter
// through packs, whatever module they are for.
type Figure struct {
	Pos
	ID        string              `pack:"id"`
	Indicator string              `pack:"indicator"`
	At        string              `pack:"at"` // unit's code
	Period    period.Period       `pack:"period"`
	Value     quantity.Decimal    `pack:"value"`
	Unit      quantity.Unit       `pack:"unit"`
	Cmp       quantity.Comparator `pack:"cmp"`
	Printed   string              `pack:"printed"`
	Status    string              `pack:"status"`
	Known     period.Period       `pack:"known"`             // the day it became known
	KnownIs   string              `pack:"known_is,optional"` // "latest": known by then at the latest
	Issuer    string              `pack:"issuer,optional"`
	Source    string              `pack:"source"`
	Lines     []int               `pack:"lines,optional"` // of the source's text
	Also      []int               `pack:"also,optional"`  // other lines that repeat it
	Quote     string              `pack:"quote,optional"`
	Note      string              `pack:"note,optional"`
	External  string              `pack:"external,optional"` // what is known from elsewhere
	Highlight int                 `pack:"hl,optional"`
	Nature    string              `pack:"nature,optional"` // when it is not the definition's
	Weak      bool                `pack:"weak,optional"`
	Rank      *Rank               `pack:"rank,optional"`
}

// Rank says whose ranking a rank or tier is a claim of.
type Rank struct {
	Pos
	Compiler string `pack:"compiler,optional"`
	Edition  string `pack:"edition,optional"`
	Of       int    `pack:"of,optional"` // how many were compared; 0 when not said
	Scope    string `pack:"scope,optional"`
	Note     string `pack:"note,optional"`
}

// Quantity returns the printed number.
func (f Figure) Quantity() quantity.Quantity {
	return quantity.Quantity{Value: f.Value, Cmp: f.Cmp, Unit: f.Unit}
}

// AddFigures defines the figures, refers to what they name and checks that
// quotation and printed form stand in the source.
func (p *Pack) AddFigures(figures []Figure) {
	for _, f := range figures {
		p.Define("figure", f.ID, f.Pos)
		p.Refer("source", f.Source, f.Pos)
		p.Refer("indicator", f.Indicator, f.Pos)
		p.Refer("unit", f.At, f.Pos)
		p.Refer("unit", f.Issuer, f.Pos)
		if f.Rank != nil {
			p.Refer("unit", f.Rank.Compiler, f.Pos)
		}
		p.checkQuote(f)
		p.figures[f.ID] = f
	}
}

func (p *Pack) checkQuote(f Figure) {
	lines := p.sources[f.Source]
	if lines == nil {
		if f.Note == "" && f.Quote == "" {
			p.Bad(f.Pos, "pack.no-source", "figure %s has neither a quotation nor a note that says where it comes from", f.ID)
		}
		return
	}
	if f.Quote == "" || len(f.Lines) == 0 {
		p.Bad(f.Pos, "pack.no-source", "figure %s has no line and quotation of source %s", f.ID, f.Source)
		return
	}
	var text []string
	for _, n := range f.Lines {
		if n < 1 || n > len(lines) {
			p.Bad(f.Pos, "pack.quote", "figure %s: source %s has no line %d", f.ID, f.Source, n)
			return
		}
		text = append(text, lines[n-1])
	}
	has := func(s string) bool {
		return slices.ContainsFunc(text, func(line string) bool { return strings.Contains(line, s) }) ||
			strings.Contains(strings.Join(text, ""), s)
	}
	if !has(f.Quote) {
		p.Bad(f.Pos, "pack.quote", "figure %s: %q does not stand in line %v of source %s", f.ID, f.Quote, f.Lines, f.Source)
	}
	if !has(f.Printed) {
		p.Bad(f.Pos, "pack.quote", "figure %s: printed form %q does not stand in line %v of source %s", f.ID, f.Printed, f.Lines, f.Source)
	}
}

// Figure returns a figure that AddFigures has taken; ok is false for none.
func (p *Pack) Figure(id string) (f Figure, ok bool) {
	f, ok = p.figures[id]
	return f, ok
}
