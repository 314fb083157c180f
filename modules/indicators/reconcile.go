package indicators

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// reconciliation is what the rules look at: plain values, so that a finding is a
// function of them and of nothing else. What people have found already
// (Relations.KnownIssues) is never looked at.
type reconciliation struct {
	definitions map[string]observation.Indicator
	numbers     []observation.Observation            // the figures of documents, in their order
	moving      map[string][]observation.Observation // all numbers of the indicators that a stock_flow relation names
	relations   Relations
	documents   map[string]Document
	figureAt    func(figure string) pack.Pos             // where a figure is written down
	lineAt      func(document string, line int) pack.Pos // where a line of a document stands
}

// rule is one way in which published numbers trip their readers.
type rule struct {
	id   string
	what string // what it finds
	find func(*reconciliation) []pack.Finding
}

// rules lists all rules. Only a number that must be wrong is an error; a warning
// keeps a reader from a wrong conclusion; a note tells what to keep in mind.
func rules() []rule {
	return []rule{
		{"reconcile.rounding", "one number at two roundings, or two numbers for one thing", roundings},
		{"reconcile.same-number-two-notions", "two notions that carry one number", twoNotions},
		{"reconcile.vintage-stands-still", "one number given for two dates", standsStill},
		{"reconcile.precision", "a tier and a rank of one index", tiersAndRanks},
		{"reconcile.stock-flow", "a stock that its flows do not explain", stocksAndFlows},
		{"reconcile.flow-unmarked", "a year's flow beside its stock, without a word that says so", unmarkedFlows},
		{"reconcile.term", "a term of the text that is not the one counted", otherTerms},
		{"reconcile.definition", "a target whose only actual number is of another notion", otherNotions},
		{"reconcile.missing-baseline", "a target without a start, a start without a target", missingBaselines},
		{"reconcile.provisional", "a number that will be revised", provisional},
		{"reconcile.same-number-other-subject", "one number under several subjects", otherSubjects},
		{"reconcile.rank-compiler", "ranks of several or unknown compilers", rankCompilers},
		{"reconcile.break", "a series read over a change of its source", brokenSeries},
		{"reconcile.as-of", "a date that the number's own words do not give", inheritedDates},
		{"reconcile.misprint", "a misprint in the text", misprints},
		{"reconcile.layout", "a paragraph cut in two by the layout", cutParagraphs},
		{"reconcile.bounds", "a bound published in place of a value", bounds},
		{"reconcile.bundle", "values listed after 分别 (respectively)", bundles},
	}
}

// reconcile returns what the rules find, rule by rule.
func reconcile(in *reconciliation) []pack.Finding {
	var out []pack.Finding
	for _, r := range rules() {
		for _, f := range r.find(in) {
			f.Rule = r.id
			out = append(out, f)
		}
	}
	return out
}

// Check returns what the rules find in the data as they are known now, each at
// the line of its document. Numbers that are no figures of a document take part
// in the reconciliation of stocks with flows, and in nothing else.
func (s *Service) Check(ctx context.Context) ([]pack.Finding, error) {
	c, err := s.catalog(ctx)
	if err != nil {
		return nil, err
	}
	in := reconciliation{
		definitions: c.byID, relations: c.relations, documents: c.documents, moving: map[string][]observation.Observation{},
		lineAt: func(document string, line int) pack.Pos { return pack.Pos{File: document, Line: line} },
	}
	err = s.db.Read(ctx, func(tx store.Tx) error {
		if in.numbers, err = documentRows(ctx, tx, "", s.now()); err != nil {
			return err
		}
		for _, id := range c.relations.flowing() {
			if in.moving[id], err = unitRows(ctx, tx, id, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	at := map[string]pack.Pos{}
	for _, o := range in.numbers {
		at[o.Source.Figure] = pack.Pos{File: o.Source.Document, Line: first(o.Source.Lines)}
	}
	in.figureAt = func(figure string) pack.Pos { return at[figure] }
	return reconcile(&in), nil
}

// check adds what the rules find in a pack. A pack in which a figure or a
// relation is of no known indicator is reported as such and not looked at further.
func (s *Service) check(p *pack.Pack, read parsed) {
	in := s.reconcilable(p, read)
	if !in.whole() {
		return
	}
	for _, f := range reconcile(in) {
		p.Find(f)
	}
}

// reconcilable returns a pack's numbers for the rules to look at.
func (s *Service) reconcilable(p *pack.Pack, read parsed) *reconciliation {
	files := map[string]string{}
	in := reconciliation{
		definitions: map[string]observation.Indicator{}, relations: read.relations, documents: map[string]Document{},
		moving: map[string][]observation.Observation{},
		figureAt: func(figure string) pack.Pos {
			if pos := p.Where("figure", figure); pos.File != "" {
				return pos
			}
			return p.Where("derived", figure)
		},
		lineAt: func(document string, line int) pack.Pos { return pack.Pos{File: files[document], Line: line} },
	}
	for _, src := range p.Manifest.Sources {
		in.documents[src.ID], files[src.ID] = document(p, src), src.File
	}
	for _, d := range read.definitions {
		in.definitions[d.ID] = d.indicator()
	}
	for _, f := range read.figures {
		in.numbers = append(in.numbers, s.fromFigure(f))
	}
	for _, d := range read.derived {
		in.numbers = append(in.numbers, s.fromDerived(p, d))
	}
	in.move()
	return &in
}

// move takes the numbers of stocks and flows from the figures.
func (in *reconciliation) move() {
	for _, id := range in.relations.flowing() {
		in.moving[id] = in.of(id, stated)
	}
}

// whole reports whether every number and relation is of a defined indicator.
func (in *reconciliation) whole() bool {
	ids := in.relations.flowing()
	for _, o := range in.numbers {
		ids = append(ids, o.Indicator)
	}
	for _, d := range slices.Concat(in.relations.Differ, in.relations.Same) {
		ids = append(ids, d.A, d.B)
	}
	return !slices.ContainsFunc(ids, func(id string) bool { return in.definitions[id].ID == "" })
}

// flowing lists the indicators that stand in a relation of stock and flow.
func (r Relations) flowing() []string {
	var out []string
	for _, s := range r.StockFlow {
		out = slices.Concat(out, []string{s.Stock}, s.In, s.Out)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// stated reports whether a number was published as measured, not wished for or
// worked out.
func stated(o observation.Observation) bool {
	return o.Status != observation.Target && !o.Status.Ours()
}

func wished(o observation.Observation) bool { return o.Status == observation.Target }

// of returns the numbers of an indicator that pass the filter.
func (in *reconciliation) of(indicator string, keep func(observation.Observation) bool) []observation.Observation {
	var out []observation.Observation
	for _, o := range in.numbers {
		if o.Indicator == indicator && keep(o) {
			out = append(out, o)
		}
	}
	return out
}

// grouped sorts the numbers that pass the filter under their keys; groups stand
// in the order of their first number.
func grouped[K comparable](in *reconciliation, keep func(observation.Observation) bool, key func(observation.Observation) K) [][]observation.Observation {
	var out [][]observation.Observation
	at := map[K]int{}
	for _, o := range in.numbers {
		if !keep(o) {
			continue
		}
		k := key(o)
		n, ok := at[k]
		if !ok {
			n = len(out)
			at[k] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], o)
	}
	return out
}

// printing is a series within one document.
type printing struct{ indicator, unit, document string }

func printedIn(o observation.Observation) printing {
	return printing{o.Indicator, o.Unit, o.Source.Document}
}

// pairs calls f with every two of the numbers.
func pairs(all []observation.Observation, f func(a, b observation.Observation)) {
	for i, a := range all {
		for _, b := range all[i+1:] {
			f(a, b)
		}
	}
}

// between calls f with every number of one list and every one of another.
func between(some, others []observation.Observation, f func(a, b observation.Observation)) {
	for _, a := range some {
		for _, b := range others {
			f(a, b)
		}
	}
}

// find makes a finding about numbers; it stands where the first of them does.
func (in *reconciliation) find(s pack.Severity, about []observation.Observation, said pack.Text) pack.Finding {
	f := pack.Finding{Severity: s, Text: said.EN, ZH: said.ZH}
	for _, o := range about {
		if o.Source.Figure != "" && !slices.Contains(f.Figures, o.Source.Figure) {
			f.Figures = append(f.Figures, o.Source.Figure)
		}
	}
	if len(about) > 0 {
		o := about[0]
		pos := in.figureAt(o.Source.Figure)
		if o.Source.Figure == "" {
			pos = in.lineAt(o.Source.Document, first(o.Source.Lines))
		}
		f.File, f.Line = pos.File, pos.Line
	}
	return f
}

// name is what an indicator is called.
func (in *reconciliation) name(id string) pack.Text {
	i := in.definitions[id]
	return pack.Text{ZH: i.ZH, EN: i.EN}
}

// cite prints a number with where it stands: 近150亿(F054,2022).
func cite(o observation.Observation) pack.Text {
	id := o.Source.Figure
	if id == "" {
		id = o.Indicator
	}
	return pack.Text{
		ZH: o.Printed + "(" + id + "," + o.Period.String() + ")",
		EN: o.Quantity.English() + " (" + id + ", " + o.Period.String() + ")",
	}
}

// citeAll cites numbers one after the other.
func citeAll(all []observation.Observation) pack.Text {
	zh, en := make([]string, len(all)), make([]string, len(all))
	for i, o := range all {
		c := cite(o)
		zh[i], en[i] = c.ZH, c.EN
	}
	return pack.Text{ZH: strings.Join(zh, "、"), EN: strings.Join(en, ", ")}
}

// more prints how many there are besides the first: one when there is none.
func more(n int, one, many string) string {
	if n < 2 {
		return one
	}
	return fmt.Sprintf(many, n-1)
}

// first returns the first line, or 0 for none.
func first(lines []int) int {
	if len(lines) == 0 {
		return 0
	}
	return lines[0]
}
