package plan

import (
	"net/http"
	"slices"
	"strconv"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// treeNode is an element with what stands under it.
type treeNode struct {
	Element Element
	Name    string
	Slot    string
	Start   *Lit // of an element with a planned start
	Begins  string
	Parts   []string
	Targets []statusRow
	Under   []treeNode
	Related []string // relations that are not the tree's own
}

type treeGroup struct {
	Kind  string
	Count int
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
			v.Groups = append(v.Groups, g)
		}
	}
	return treePage.Render(w, r, v)
}

func node(sh *web.Shell, p Plan, e Element, rows []statusRow) treeNode {
	n := treeNode{Element: e, Name: sh.In(e.Text)}
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
		case r.From == e.ID && r.Kind != "implements":
			n.Related = append(n.Related, "→ "+to.ID+" "+sh.In(to.Text))
		}
	}
	return n
}

type elementView struct {
	Node     treeNode
	Body     string
	Lines    []int
	Source   string
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
		return fault.New(fault.NotFound, "the plan has no element %q", r.PathValue("id"))
	}
	v := elementView{Node: node(sh, p, e, s.rows(r.Context(), sh, all)), Body: sh.In(e.Body), Lines: e.Lines, Source: p.Source}
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
	Severity pack.Severity
	Findings []findingRow
}

type findingRow struct {
	Text    string
	Where   string
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
		v.add(f, row)
	}
	slices.SortStableFunc(v.Groups, func(a, b checkGroup) int { return grave(a.Severity) - grave(b.Severity) })
	return checkPage.Render(w, r, v)
}

// found words a finding in the page's language.
func found(f pack.Finding, sh *web.Shell) findingRow {
	row := findingRow{Text: f.Text, Where: f.File}
	if f.Line > 0 {
		row.Where += ":" + strconv.Itoa(f.Line)
	}
	if !sh.English() && f.ZH != "" {
		row.Text = f.ZH
	}
	return row
}

// add counts a finding and puts it with the others of its rule and severity.
func (v *checkView) add(f pack.Finding, row findingRow) {
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
		v.Groups = append(v.Groups, checkGroup{Rule: f.Rule, Severity: f.Severity})
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
