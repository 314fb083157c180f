package indicators

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"yuzhou/engine/org"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
	"yuzhou/modules/indicators/sdmx"
	"yuzhou/modules/indicators/sdmx/codes"
)

// The artefacts that this module publishes, all of version 1.0.0. Besides them
// each group of indicators is a dataflow of its own, called by the group's id in
// capitals; it is a part of INDICATORS.
const (
	indicatorsFlow = "INDICATORS" // what was observed or computed
	targetsFlow    = "TARGETS"    // what is wished for; never in INDICATORS
	structureID    = "DSD_INDICATORS"
	conceptsID     = "CONCEPTS"
	indicatorList  = "CL_INDICATOR"
	areaList       = "CL_AREA"
	freqList       = "CL_FREQ"
	obsStatusList  = "CL_OBS_STATUS"
	statusList     = "CL_STATUS"
	sdmxVersion    = "1.0.0"
)

// agencyOf makes an SDMX agency of the prefix of the city's names: P88_500_1 of
// 88.500.1, since an agency begins with a letter and a dot parts it from a
// sub-agency.
func agencyOf(prefix string) string {
	return "P" + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '-' {
			return r
		}
		return '_'
	}, prefix)
}

// texts is one text in the two languages; an empty one is left out.
func texts(zh, en string) sdmx.Text {
	t := sdmx.Text{}
	if zh != "" {
		t["zh"] = zh
	}
	if en != "" {
		t["en"] = en
	}
	return t
}

// flow is a dataflow and what it is made of.
type flow struct {
	sdmx.Dataflow
	context    string                  // as in the path: "dataflow" or "datastructure"
	indicators []observation.Indicator // by code
	targets    bool                    // targets, not what was observed
}

// published is the catalog as SDMX sees it.
type published struct {
	agency    string
	structure sdmx.Structure
	flows     []flow
	codelists []sdmx.Codelist
	codes     map[string]string // of indicators, by id
	formulas  map[string]string // of all indicators, by id
	parents   map[string]string // of units
}

func (p *published) id(id string) sdmx.Identity {
	return sdmx.Identity{Agency: p.agency, ID: id, Version: sdmxVersion}
}

// published reads the catalog and the units. An indicator whose id SDMX cannot
// write is left out, with a line in the log.
func (s *Service) published(ctx context.Context) (*published, error) {
	c, err := s.catalog(ctx)
	if err != nil {
		return nil, err
	}
	units, err := s.Units.Units(ctx, s.now())
	if err != nil {
		return nil, err
	}
	p := &published{agency: agencyOf(s.site.Prefix), codes: map[string]string{}, formulas: map[string]string{}, parents: map[string]string{}}
	p.structure = p.definition()
	var all []observation.Indicator
	for _, i := range c.all {
		p.formulas[i.ID] = i.Formula
		code, err := codes.Encode(i.ID)
		if err != nil {
			s.log.WarnContext(ctx, "indicator is not published as SDMX", slog.String("indicator", i.ID), slog.Any("error", err))
			continue
		}
		p.codes[i.ID] = code
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b observation.Indicator) int { return strings.Compare(p.codes[a.ID], p.codes[b.ID]) })
	p.addFlows(all, c.relations.Groups)
	p.codelists = slices.Concat([]sdmx.Codelist{p.indicatorCodes(all), p.areaCodes(units), p.statusCodes()}, sdmx.Standard(p.agency))
	return p, nil
}

func (p *published) addFlows(all []observation.Indicator, groups []Group) {
	add := func(id string, f flow) {
		f.Identity, f.Structure, f.context = p.id(id), p.structure.Identity, "dataflow"
		p.flows = append(p.flows, f)
	}
	add(indicatorsFlow, flow{indicators: all, Dataflow: sdmx.Dataflow{
		Name: texts("指标", "Indicators"),
		Description: texts("全部指标的数:原样公布的和按公式推算的(OBS_STATUS 为 I),不含目标。",
			"All numbers: as published, and computed by formulas (their OBS_STATUS is I); no targets."),
	}})
	add(targetsFlow, flow{indicators: all, targets: true, Dataflow: sdmx.Dataflow{
		Name:        texts("目标", "Targets"),
		Description: texts("要达到的数;不是已经有的数。", "What is to be reached, not what is."),
	}})
	for _, g := range groups {
		id, err := codes.Encode(strings.ToUpper(g.ID))
		taken := slices.ContainsFunc(p.flows, func(f flow) bool { return f.ID == id })
		if err != nil || taken {
			continue // its indicators are in INDICATORS
		}
		f := flow{Dataflow: sdmx.Dataflow{Name: texts(g.ZH, g.EN)}}
		for _, i := range all {
			if i.Group == g.ID {
				f.indicators = append(f.indicators, i)
			}
		}
		add(id, f)
	}
}

// flow finds the one flow that a query's path names. A wildcard means INDICATORS.
func (p *published) flow(q sdmx.Query) (flow, error) {
	var found []flow
	for _, f := range p.flows {
		if q.Context != "provisionagreement" && q.Context != "datastructure" && q.MatchFlow(f.Identity) {
			found = append(found, f)
		}
	}
	if len(found) == 0 && q.Context != "dataflow" && q.Context != "provisionagreement" && q.MatchFlow(p.structure.Identity) {
		f := p.flows[0]
		f.Dataflow = sdmx.Dataflow{Identity: p.structure.Identity, Name: p.structure.Name}
		f.context = "datastructure"
		return f, nil
	}
	switch {
	case len(found) == 0:
		return flow{}, fault.New(fault.NotFound, "there is no such %s; %s are listed at /sdmx/v2/structure/dataflow/%s",
			either(q.Context, "dataflow"), "those there are", p.agency)
	case len(found) > 1 && q.IDs != nil:
		return flow{}, fault.New(fault.Invalid, "resourceID %q names %d dataflows; ask for one at a time", strings.Join(q.IDs, ","), len(found))
	}
	return found[0], nil
}

func either(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (p *published) indicatorCodes(all []observation.Indicator) sdmx.Codelist {
	l := sdmx.Codelist{Identity: p.id(indicatorList), Name: texts("指标", "Indicators"), Description: texts(
		"编号中的点写作 @:st.hte 为 st@hte。", "A dot of an id is written @: st.hte is st@hte.")}
	for _, i := range all {
		l.Codes = append(l.Codes, sdmx.Code{ID: p.codes[i.ID], Name: texts(i.ZH, i.EN), Description: texts(i.ConceptZH, i.ConceptEN)})
	}
	return l
}

// areaCodes lists the units in force; a unit that SDMX cannot name is left out.
func (p *published) areaCodes(units []org.Unit) sdmx.Codelist {
	l := sdmx.Codelist{Identity: p.id(areaList), Name: texts("地区和机构", "Areas and bodies")}
	known := map[string]bool{}
	for _, u := range units {
		known[u.ID] = true
		p.parents[u.ID] = u.Parent
	}
	for _, u := range units {
		code := sdmx.Code{Name: texts(u.ZH, u.EN)}
		var err error
		if code.ID, err = codes.Encode(u.ID); err != nil {
			continue
		}
		if known[u.Parent] {
			if code.Parent, err = codes.Encode(u.Parent); err != nil {
				code.Parent = ""
			}
		}
		l.Codes = append(l.Codes, code)
	}
	slices.SortFunc(l.Codes, func(a, b sdmx.Code) int { return strings.Compare(a.ID, b.ID) })
	return l
}

// areasWithNumbers lists the codes of the units that have numbers and of all
// above them. One that is no longer in force is called by its code alone.
func (s *Service) areasWithNumbers(ctx context.Context, p *published) ([]string, error) {
	var units []string
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		units, err = unitsOf(ctx, tx, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.withParents(units), nil
}

// withParents returns the sorted codes of units and of all above them.
func (p *published) withParents(units []string) []string {
	set := map[string]bool{}
	for _, u := range units {
		for ; u != "" && !set[u]; u = p.parents[u] {
			set[u] = true
		}
	}
	out := make([]string, 0, len(set))
	for u := range set {
		if code, err := codes.Encode(u); err == nil {
			out = append(out, code)
		}
	}
	slices.Sort(out)
	return out
}

// only returns the codelist with the wanted codes alone; a code that it does not
// have is added without a name.
func only(lists []sdmx.Codelist, id string, wanted []string) sdmx.Codelist {
	at := slices.IndexFunc(lists, func(l sdmx.Codelist) bool { return l.ID == id })
	l := lists[at]
	have := map[string]sdmx.Code{}
	for _, c := range l.Codes {
		have[c.ID] = c
	}
	l.Codes = nil
	for _, w := range wanted {
		c := have[w]
		c.ID = w
		l.Codes = append(l.Codes, c)
	}
	return l
}

// replaced returns the lists with one of them changed.
func replaced(lists []sdmx.Codelist, l sdmx.Codelist) []sdmx.Codelist {
	out := slices.Clone(lists)
	for i := range out {
		if out[i].Identity == l.Identity {
			out[i] = l
		}
	}
	return out
}

// along returns the artefacts that are to come along with an availability, their
// codelists cut down to what is available.
func (p *published) along(f flow, references []string, a sdmx.Availability) *sdmx.Structures {
	wants := func(kind string) bool { return slices.Contains(references, kind) || slices.Contains(references, "all") }
	out := &sdmx.Structures{}
	if wants("datastructure") {
		out.DataStructures = []sdmx.Structure{p.structure}
	}
	if wants("dataflow") && f.context == "dataflow" {
		out.Dataflows = []sdmx.Dataflow{f.Dataflow}
	}
	if wants("conceptscheme") {
		c := p.concepts()
		c.Partial = true
		c.Items = slices.DeleteFunc(c.Items, func(i sdmx.Item) bool {
			return !slices.ContainsFunc(a.Values, func(v sdmx.Available) bool { return v.Dimension == i.ID })
		})
		out.Concepts = []sdmx.Scheme{c}
	}
	if !wants("codelist") {
		return out
	}
	for _, d := range p.structure.Dimensions {
		at := slices.IndexFunc(a.Values, func(v sdmx.Available) bool { return v.Dimension == d.ID })
		if at < 0 || d.ID == sdmx.TimePeriod {
			continue
		}
		values := a.Values[at].Values
		if d.Codelist.ID == areaList {
			units := make([]string, len(values))
			for i, v := range values {
				units[i] = codes.Decode(v)
			}
			values = p.withParents(units)
		}
		l := only(p.codelists, d.Codelist.ID, values)
		l.Partial = true
		out.Codelists = append(out.Codelists, l)
	}
	return out
}
