package indicators

import (
	"context"
	"encoding/json"
	"slices"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
)

// The module's files of a pack. later.yaml and derived.yaml may be missing.
const (
	definitionsFile = "indicators/definitions.yaml"
	relationsFile   = "indicators/relations.yaml"
	figuresFile     = "indicators/figures.yaml"
	laterFile       = "indicators/later.yaml"
	derivedFile     = "indicators/derived.yaml"
	mapFile         = "geo/districts.json" // GeoJSON; a feature's name is its unit's code
)

type definitionDoc struct {
	Groups     []Group         `pack:"groups"`
	Indicators []definitionRow `pack:"indicators"`
}

// Group is a family of indicators, for lists.
type Group struct {
	pack.Text
	pack.Pos `json:"-"`
	ID       string `pack:"id" json:"id"`
}

type definitionRow struct {
	pack.Pos
	pack.Text
	ID        string        `pack:"id"`
	Concept   pack.Text     `pack:"concept"`
	About     string        `pack:"about,optional"`
	Nature    nature        `pack:"nature"`
	Unit      quantity.Unit `pack:"unit"`
	Direction string        `pack:"direction"`
	Space     string        `pack:"space"`
	Time      string        `pack:"time"`
	Frequency string        `pack:"frequency"`
	Body      string        `pack:"body"`
	Group     string        `pack:"group"`
	Formula   string        `pack:"formula,optional"`
	Breaks    []breakRow    `pack:"breaks,optional"`
}

type breakRow struct {
	pack.Pos
	pack.Text
	Date string `pack:"date"`
}

// nature reads itself strictly from a pack.
type nature observation.Nature

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *nature) UnmarshalText(b []byte) error {
	v, err := observation.ParseNature(string(b))
	*n = nature(v)
	return err
}

// StockFlow says which flows feed a stock.
type StockFlow struct {
	pack.Pos `json:"-"`
	pack.Text
	Stock string   `pack:"stock" json:"stock"`
	In    []string `pack:"in" json:"in"`
	Out   []string `pack:"out,optional" json:"out,omitempty"`
	Exact bool     `pack:"exact,optional" json:"exact,omitempty"` // the flows are all there is
}

// Pair is two indicators and what is to be said of them.
type Pair struct {
	pack.Pos `json:"-"`
	pack.Text
	A string `pack:"a" json:"a"`
	B string `pack:"b" json:"b"`
}

// Bundle is figures that one sentence lists together (分别).
type Bundle struct {
	pack.Pos `json:"-"`
	pack.Text
	Figures []string `pack:"figures" json:"figures"`
}

// KnownIssue is an inconsistency that a person has found in the sources: what
// the checks are tested against.
type KnownIssue struct {
	pack.Pos `json:"-"`
	pack.Text
	ID      string   `pack:"id" json:"id"`
	Kind    string   `pack:"kind" json:"kind"`
	Figures []string `pack:"figures,optional" json:"figures,omitempty"`
	Derived []string `pack:"derived,optional" json:"derived,omitempty"`
	Lines   []int    `pack:"lines,optional" json:"lines,omitempty"`
}

type relationsDoc struct {
	StockFlow   []StockFlow  `pack:"stock_flow,optional"`
	Differ      []Pair       `pack:"differ,optional"`
	Same        []Pair       `pack:"same,optional"`
	Bundles     []Bundle     `pack:"bundles,optional"`
	KnownIssues []KnownIssue `pack:"known_issues,optional"`
}

type figuresDoc struct {
	Figures []pack.Figure `pack:"figures"`
}

type derivedDoc struct {
	Derived []derivedRow `pack:"derived"`
}

type derivedRow struct {
	pack.Pos
	pack.Text
	ID         string             `pack:"id"`
	Indicator  string             `pack:"indicator"`
	Period     period.Period      `pack:"period"`
	Value      quantity.Decimal   `pack:"value"`
	Unit       quantity.Unit      `pack:"unit"`
	Interval   []quantity.Decimal `pack:"interval,optional"`
	From       []string           `pack:"from"`
	Arithmetic string             `pack:"arithmetic"`
}

// parsed is this module's part of a pack.
type parsed struct {
	definitions []definitionRow
	relations   Relations
	figures     []pack.Figure
	derived     []derivedRow
}

// readPack reads and checks this module's files.
func readPack(p *pack.Pack) parsed {
	doc := pack.Read[definitionDoc](p, definitionsFile)
	out := parsed{definitions: doc.Indicators}
	for _, g := range doc.Groups {
		p.Define("group", g.ID, g.Pos)
	}
	for _, d := range doc.Indicators {
		p.Define("indicator", d.ID, d.Pos)
		checkDefinition(p, d)
	}
	var rel relationsDoc
	if p.Has(relationsFile) {
		rel = pack.Read[relationsDoc](p, relationsFile)
	}
	out.relations = Relations{doc.Groups, rel.StockFlow, rel.Differ, rel.Same, rel.Bundles, rel.KnownIssues}
	out.figures = pack.Read[figuresDoc](p, figuresFile).Figures
	if p.Has(laterFile) {
		out.figures = append(out.figures, pack.Read[figuresDoc](p, laterFile).Figures...)
	}
	p.AddFigures(out.figures)
	if p.Has(derivedFile) {
		out.derived = pack.Read[derivedDoc](p, derivedFile).Derived
	}
	checkFormulas(p, out.definitions)
	checkFigures(p, out)
	checkRelations(p, out.relations)
	return out
}

func checkDefinition(p *pack.Pack, d definitionRow) {
	oneOf := func(name, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			p.Bad(d.Pos, "pack.value", "indicator %s: %s %q is not one of %v", d.ID, name, value, allowed)
		}
	}
	oneOf("direction", d.Direction, "up", "down", "none")
	oneOf("space", d.Space, "sum", "weighted", "recompute", "none")
	oneOf("time", d.Time, "sum", "last", "mean", "ytd", "none")
	oneOf("frequency", d.Frequency, "A", "S", "Q", "M", "D", "I")
	p.Refer("unit", d.Body, d.Pos)
	p.Refer("group", d.Group, d.Pos)
	for _, b := range d.Breaks {
		if _, err := period.Parse(b.Date); err != nil {
			p.Bad(b.Pos, "pack.value", "indicator %s: break: %v", d.ID, err)
		}
	}
}

func checkFigures(p *pack.Pack, out parsed) {
	units := map[string]quantity.Unit{}
	for _, d := range out.definitions {
		units[d.ID] = d.Unit
	}
	for _, f := range out.figures {
		if err := checkStatus(f.Status); err != nil {
			p.Bad(f.Pos, "pack.value", "figure %s: %v", f.ID, err)
		}
		if f.Known.Freq() != period.Day {
			p.Bad(f.Pos, "pack.value", "figure %s: known %q is not a day", f.ID, f.Known)
		}
		if u, ok := units[f.Indicator]; ok && !u.Same(f.Unit) {
			p.Bad(f.Pos, "pack.unit", "figure %s is in %s, but indicator %s counts %s; these do not convert", f.ID, f.Unit, f.Indicator, u)
		}
	}
	for _, d := range out.derived {
		p.Define("derived", d.ID, d.Pos)
		p.Refer("indicator", d.Indicator, d.Pos)
		for _, id := range d.From {
			p.Refer("figure", id, d.Pos)
		}
		if u, ok := units[d.Indicator]; ok && !u.Same(d.Unit) {
			p.Bad(d.Pos, "pack.unit", "derived %s is in %s, but indicator %s counts %s; these do not convert", d.ID, d.Unit, d.Indicator, u)
		}
	}
}

// checkStatus says why a figure cannot have a status.
func checkStatus(text string) error {
	st, err := observation.ParseStatus(text)
	if st == observation.Withdrawn {
		err = fault.New(fault.Invalid, "status %s (撤回) is given by this program only", st)
	}
	return err
}

func checkRelations(p *pack.Pack, r Relations) {
	for _, s := range r.StockFlow {
		for _, id := range append(append([]string{s.Stock}, s.In...), s.Out...) {
			p.Refer("indicator", id, s.Pos)
		}
	}
	for _, d := range append(slices.Clone(r.Differ), r.Same...) {
		p.Refer("indicator", d.A, d.Pos)
		p.Refer("indicator", d.B, d.Pos)
	}
	for _, b := range r.Bundles {
		for _, id := range b.Figures {
			p.Refer("figure", id, b.Pos)
		}
	}
	for _, k := range r.KnownIssues {
		for _, id := range k.Figures {
			p.Refer("figure", id, k.Pos)
		}
	}
}

// loadPack reads a pack for good: what it returns writes it.
func (s *Service) loadPack(p *pack.Pack) pack.Load {
	in := readPack(p)
	s.check(p, in)
	return func(ctx context.Context, tx store.Tx) error {
		if err := storeDocuments(ctx, tx, p, in.relations); err != nil {
			return err
		}
		for _, d := range in.definitions {
			if err := putDefinition(ctx, tx, d.indicator(), s.now()); err != nil {
				return err
			}
		}
		obs := make([]observation.Observation, 0, len(in.figures)+len(in.derived))
		for _, f := range in.figures {
			obs = append(obs, s.fromFigure(f))
		}
		for _, d := range in.derived {
			obs = append(obs, s.fromDerived(p, d))
		}
		slices.SortStableFunc(obs, func(a, b observation.Observation) int { return a.Known.Compare(b.Known) })
		return addAll(ctx, tx, s.Proof, obs)
	}
}

// storeDocuments keeps the sources, the relations and the map of a pack.
func storeDocuments(ctx context.Context, tx store.Tx, p *pack.Pack, r Relations) error {
	for _, src := range p.Manifest.Sources {
		if err := putDoc(ctx, tx, "document", src.ID, document(p, src)); err != nil {
			return err
		}
	}
	if p.Has(mapFile) {
		if err := putDoc(ctx, tx, "relation", "map", json.RawMessage(p.Bytes(mapFile))); err != nil {
			return err
		}
	}
	return putDoc(ctx, tx, "relation", "relations", r)
}

func document(p *pack.Pack, src pack.Source) Document {
	d := Document{Text: src.Text, ID: src.ID, Kind: src.Kind, Published: src.Published, Note: src.Note, Lines: p.Lines(src.ID)}
	for _, a := range src.Articles {
		d.Articles = append(d.Articles, Article{Text: a.Text, ID: a.ID, First: a.First, Last: a.Last, Byline: a.Byline})
	}
	return d
}

func (d definitionRow) indicator() observation.Indicator {
	i := observation.Indicator{
		ID: d.ID, ZH: d.ZH, EN: d.EN, ConceptZH: d.Concept.ZH, ConceptEN: d.Concept.EN, About: d.About,
		Nature: observation.Nature(d.Nature), Unit: d.Unit, Direction: d.Direction, Space: d.Space, Time: d.Time,
		Frequency: d.Frequency, Body: d.Body, Group: d.Group, Formula: d.Formula,
	}
	for _, b := range d.Breaks {
		i.Breaks = append(i.Breaks, observation.Break{Date: b.Date, ZH: b.ZH, EN: b.EN})
	}
	return i
}

// fromFigure makes an observation of a pack's figure. What is known of a day is
// known from the first instant of that day in the city.
func (s *Service) fromFigure(f pack.Figure) observation.Observation {
	o := observation.Observation{
		Indicator: f.Indicator, Unit: f.At, Period: f.Period, Quantity: f.Quantity(), Printed: f.Printed,
		Status: observation.Status(f.Status), Known: s.site.StartOf(f.Known.Start()), KnownBy: f.KnownIs == "latest",
		Source: observation.Source{
			Document: f.Source, Issuer: f.Issuer, Figure: f.ID, Lines: f.Lines, Also: f.Also,
			Quote: f.Quote, Note: f.Note, External: f.External, Weak: f.Weak,
		},
		Recorded: s.now(), By: "pack", Highlight: f.Highlight,
	}
	if r := f.Rank; r != nil {
		o.Rank = &observation.Rank{Compiler: r.Compiler, Edition: r.Edition, Of: r.Of, Scope: r.Scope, Note: r.Note}
	}
	return o
}

// fromDerived makes the derived number as the pack states it; it is known when
// the last of its inputs is.
func (s *Service) fromDerived(p *pack.Pack, d derivedRow) observation.Observation {
	o := observation.Observation{
		Indicator: d.Indicator, Unit: p.Manifest.Unit, Period: d.Period,
		Quantity: quantity.Quantity{Value: d.Value, Cmp: quantity.About, Unit: d.Unit}, Status: observation.Derived,
		Source: observation.Source{Document: "derived", Figure: d.ID}, Inputs: d.From, Working: d.Arithmetic,
		Recorded: s.now(), By: "pack",
	}
	o.Printed = o.Quantity.Chinese()
	for _, id := range d.From {
		if f, ok := p.Figure(id); ok {
			if in := s.fromFigure(f); in.Known.After(o.Known) {
				o.Known = in.Known
			}
		}
	}
	return o
}
