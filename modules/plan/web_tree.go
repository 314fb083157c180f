package plan

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// treeNode is an element with what stands under it.
type treeNode struct {
	Element Element
	Name    string
	Href    string
	Lines   []treeLink // where its source says it
	Slot    string
	Start   *Lit // of an element with a planned start
	Begins  string
	Parts   []string
	Targets []statusRow
	Under   []treeNode
	Related []treeRelation // those that are not the tree's own
}

type treeLink struct{ Text, Href string }

type treeRelation struct {
	Kind string
	To   treeLink
}

// treeGroup is the elements of a kind. Slot says once why none has content, when
// the reason is the same for all.
type treeGroup struct {
	Kind  string
	Count int
	Slot  string
	Nodes []treeNode
}

type treeView struct {
	Plan   Plan
	Groups []treeGroup
}

func (s *Service) showTree(w http.ResponseWriter, r *http.Request) error {
	sh, p, all, err := s.current(r)
	if err != nil {
		return err
	}
	v := treeView{Plan: p}
	rows := s.rows(r.Context(), sh, all)
	for _, kind := range kinds() {
		if kind == Measure {
			continue // they stand under their actions
		}
		g := treeGroup{Kind: kind}
		for _, e := range p.Of(kind) {
			g.Nodes = append(g.Nodes, node(sh, p, e, rows))
		}
		if g.Count = len(g.Nodes); g.Count > 0 {
			g.gather()
			v.Groups = append(v.Groups, g)
		}
	}
	return treePage.Render(w, r, v)
}

// gather takes the slot from the nodes when all have the same.
func (g *treeGroup) gather() {
	slot := g.Nodes[0].Slot
	for _, n := range g.Nodes {
		if n.Slot != slot {
			return
		}
	}
	g.Slot = slot
	for i := range g.Nodes {
		g.Nodes[i].Slot = ""
	}
}

// sourceLines links lines of a source's text.
func sourceLines(sh *web.Shell, source string, lines []int) []treeLink {
	var out []treeLink
	for _, n := range lines {
		at := strconv.Itoa(n)
		out = append(out, treeLink{at, sh.Link("/indicators/documents/" + source + "#L" + at)})
	}
	return out
}

func node(sh *web.Shell, p Plan, e Element, rows []statusRow) treeNode {
	n := treeNode{Element: e, Name: sh.In(e.Text), Href: sh.Link("/plan/elements/" + e.ID), Lines: sourceLines(sh, p.Source, e.Lines)}
	if e.Slot != nil {
		n.Slot = sh.In(*e.Slot)
	}
	for _, t := range slices.Concat(e.Parts, e.Qualitative) {
		n.Parts = append(n.Parts, sh.In(t))
	}
	if st, ok := started(e, sh.Date, p.Rules); ok {
		l := lit(st.Light)
		n.Start, n.Begins = &l, sh.In(st.Reason)
	}
	n.Targets = filter(rows, func(r statusRow) bool { return r.Element == e.ID })
	for _, r := range p.Relations {
		from, okFrom := p.Element(r.From)
		to, okTo := p.Element(r.To)
		switch {
		case !okFrom || !okTo:
		case r.To == e.ID && r.Kind == "implements":
			n.Under = append(n.Under, node(sh, p, from, rows))
		case r.From == e.ID && r.Kind != "implements" && to.Kind != Goal: // that all lead to the goal need not be said of each
			n.Related = append(n.Related, treeRelation{r.Kind, treeLink{to.ID + " " + sh.In(to.Text), sh.Link("/plan/elements/" + to.ID)}})
		}
	}
	return n
}

type elementView struct {
	Node     treeNode
	Body     string
	Relation []elementRelation
}

type elementRelation struct {
	Kind, ID, Name, Basis string
	Up                    bool // this element stands under the other
}

func (s *Service) showElement(w http.ResponseWriter, r *http.Request) error {
	sh, p, all, err := s.current(r)
	if err != nil {
		return err
	}
	e, ok := p.Element(r.PathValue("id"))
	if !ok {
		return fault.Say(fault.NotFound, "规划里没有要素 %q。", "the plan has no element %q", r.PathValue("id"))
	}
	v := elementView{Node: node(sh, p, e, s.rows(r.Context(), sh, all)), Body: sh.In(e.Body)}
	for _, rel := range p.Relations {
		other, up := rel.To, true
		if rel.To == e.ID {
			other, up = rel.From, false
		} else if rel.From != e.ID {
			continue
		}
		if o, ok := p.Element(other); ok {
			v.Relation = append(v.Relation, elementRelation{rel.Kind, o.ID, sh.In(o.Text), rel.Basis, up})
		}
	}
	return elementPage.Render(w, r, v)
}

// checkGroup is the findings of one rule.
type checkGroup struct {
	Rule     string
	Name     string // of the rule, in words; "" when it has none
	Severity pack.Severity
	Findings []findingRow
}

type findingRow struct {
	Text    string
	Where   string     // in a file of the pack
	Lines   []treeLink // in a source
	Figures []web.Figure
}

type checkView struct {
	Errors, Warnings, Notes int
	Groups                  []checkGroup
}

func (s *Service) showCheck(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	numbers, err := s.Readings.Check(ctx)
	if err != nil {
		return err
	}
	own, err := s.Findings(ctx)
	if err != nil {
		return err
	}
	words, err := web.Catalogs(pages)
	if err != nil {
		return err
	}
	var v checkView
	for _, f := range slices.Concat(numbers, own) {
		row := found(f, sh)
		for _, id := range f.Figures {
			o, err := s.figure(ctx, id, sh.Known)
			if err != nil {
				return err
			}
			if o != nil {
				row.Figures = append(row.Figures, sh.Figure(*o))
			}
		}
		v.add(f, row, words[sh.Lang])
	}
	slices.SortStableFunc(v.Groups, func(a, b checkGroup) int { return grave(a.Severity) - grave(b.Severity) })
	return checkPage.Render(w, r, v)
}

// found words a finding in the page's language.
func found(f pack.Finding, sh *web.Shell) findingRow {
	row := findingRow{Text: f.Text, Where: f.File}
	switch {
	case f.Line > 0 && !strings.Contains(f.File, "."): // a source's id, not a file's name
		row.Where, row.Lines = "", sourceLines(sh, f.File, []int{f.Line})
	case f.Line > 0:
		row.Where += ":" + strconv.Itoa(f.Line)
	}
	if !sh.English() && f.ZH != "" {
		row.Text = web.FullWidth(f.ZH)
	}
	return row
}

// add counts a finding and puts it with the others of its rule and severity.
func (v *checkView) add(f pack.Finding, row findingRow, words web.Catalog) {
	switch f.Severity {
	case pack.Error:
		v.Errors++
	case pack.Warning:
		v.Warnings++
	case pack.Note:
		v.Notes++
	}
	at := slices.IndexFunc(v.Groups, func(g checkGroup) bool { return g.Rule == f.Rule && g.Severity == f.Severity })
	if at < 0 {
		at = len(v.Groups)
		v.Groups = append(v.Groups, checkGroup{Rule: f.Rule, Name: words["rule."+f.Rule], Severity: f.Severity})
	}
	v.Groups[at].Findings = append(v.Groups[at].Findings, row)
}

func grave(s pack.Severity) int {
	return slices.Index([]pack.Severity{pack.Error, pack.Warning, pack.Note}, s)
}

type versionsView struct {
	Rows    []VersionRow
	From    int
	To      int
	Changes []Change
}

func (s *Service) showVersions(w http.ResponseWriter, r *http.Request) error {
	rows, err := s.Versions(r.Context())
	if err != nil {
		return err
	}
	v := versionsView{Rows: rows}
	from, errFrom := strconv.Atoi(r.URL.Query().Get("from"))
	to, errTo := strconv.Atoi(r.URL.Query().Get("to"))
	if errFrom == nil && errTo == nil {
		a, err := s.version(r.Context(), from)
		if err != nil {
			return err
		}
		b, err := s.version(r.Context(), to)
		if err != nil {
			return err
		}
		v.From, v.To, v.Changes = from, to, diff(a, b)
	}
	return versionsPage.Render(w, r, v)
}
