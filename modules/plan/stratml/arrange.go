package stratml

import (
	"encoding/xml"
	"slices"
	"strings"
)

// rule moves a child from where people put it to where the schema has it.
type rule struct{ parent, child, home string }

// strays are the misplacements met in published documents; an element that is
// right where it is has no row. Home is another child of the same parent: the
// last before the stray, else the first after it, else one that is made.
func strays() []rule {
	const core, admin = "StrategicPlanCore", "AdministrativeInformation"
	var rules []rule
	for _, child := range []string{"Organization", "Vision", "Mission", "Value", "Goal", "Objective"} {
		rules = append(rules, rule{rootName, child, core})
	}
	for _, child := range []string{startDate, "EndDate", "PublicationDate", "Source"} {
		rules = append(rules, rule{rootName, child, admin})
	}
	return append(rules,
		rule{core, "Objective", "Goal"},
		rule{core, "PerformanceIndicator", "Goal"},
		rule{"Goal", "PerformanceIndicator", "Objective"},
		rule{"PerformanceIndicator", "TargetResult", "MeasurementInstance"},
		rule{"PerformanceIndicator", "ActualResult", "MeasurementInstance"},
	)
}

// oldNames are names of elements and attributes in earlier drafts.
func oldNames() map[string]string {
	return map[string]string{
		"firstname": "GivenName", "lastname": "Surname", "phone": "PhoneNumber", "email": "EmailAddress",
		"stakeholdertype": "StakeholderTypeType", "indicatortype": "PerformanceIndicatorType", "strategicplan": rootName,
		"numberofunit": "NumberOfUnits", "unitsofmeasurement": "UnitOfMeasurement",
	}
}

// arranger prepares a tree for reading.
type arranger struct {
	report *report
	rules  []rule
	old    map[string]string
	ids    map[string]bool
}

// arrange gives the elements under root their names and places of Part 2 and
// drops those without content.
func arrange(root *node, r *report) {
	a := &arranger{r, strays(), oldNames(), nil}
	root.name = rootName
	a.rename(root)
	a.prune(root)
	a.hoist(root)
	a.place(root)
	a.ids = presentIDs(root)
	a.relate(root)
}

// prune drops elements that hold no text and no attribute: placeholders that
// editors leave behind. It tells whether n has content.
func (a *arranger) prune(n *node) bool {
	n.text = strings.TrimSpace(n.text)
	if is(n, "Identifier") && strings.EqualFold(strings.ReplaceAll(n.text, "_", " "), "[to be identified]") {
		a.report.add(n.line, n.name, "is a placeholder: "+n.text, "left out")
		n.text = ""
	}
	n.children = slices.DeleteFunc(n.children, func(c *node) bool { return !a.prune(c) })
	n.attrs = slices.DeleteFunc(n.attrs, func(at xml.Attr) bool { return tidyLine(at.Value) == "" })
	return n.text != "" || len(n.children) > 0 || len(n.attrs) > 0
}

func (a *arranger) rename(n *node) {
	for i, at := range n.attrs {
		if name := a.old[strings.ToLower(at.Name.Local)]; name != "" {
			a.report.add(n.line, n.name+"/@"+at.Name.Local, "is an old name", "read as "+name)
			n.attrs[i].Name.Local = name
		}
	}
	for _, c := range n.children {
		if name := a.old[strings.ToLower(c.name)]; name != "" {
			a.report.add(c.line, c.name, "is an old name", "read as "+name)
			c.name = name
		}
		a.rename(c)
	}
}

// hoist moves up what belongs higher: what Part 1 kept in the administrative
// information or someone put into the core, and objectives inside objectives.
func (a *arranger) hoist(n *node) {
	var out []*node
	for _, c := range n.children {
		a.hoist(c)
		out = append(out, c)
		up := func(g *node) bool {
			switch {
			case is(c, "AdministrativeInformation"), is(c, "StrategicPlanCore"):
				return is(g, "Submitter") || is(g, "AdministrativeInformation")
			case is(c, "Objective"):
				return is(g, "Objective")
			}
			return false
		}
		var stay []*node
		for _, g := range c.children {
			if up(g) {
				a.report.add(g.line, g.name, "stands inside "+c.name, "read as its neighbour")
				out = append(out, g)
			} else {
				stay = append(stay, g)
			}
		}
		c.children = stay
	}
	n.children = out
}

// place moves the strays of n, and then of its children.
func (a *arranger) place(n *node) {
	homes := map[string]*node{} // by lower-case name: where a stray goes now
	var out []*node
	for _, c := range n.children {
		name := a.home(n, c)
		if name == "" {
			out = append(out, c)
			// An indicator of a goal as a whole belongs to none of its objectives.
			if !is(n, "Goal") {
				homes[strings.ToLower(c.name)] = c
			}
			continue
		}
		key := strings.ToLower(name)
		if homes[key] == nil && !is(n, "Goal") {
			homes[key] = first(n, name)
		}
		if homes[key] == nil {
			homes[key] = &node{name: name, line: c.line}
			out = append(out, homes[key])
		}
		a.report.add(c.line, c.name, "stands directly in "+n.name, "read as part of "+name)
		homes[key].children = append(homes[key].children, c)
	}
	n.children = out
	for _, c := range n.children {
		a.place(c)
	}
}

func (a *arranger) home(parent, child *node) string {
	for _, r := range a.rules {
		if is(parent, r.parent) && is(child, r.child) {
			return r.home
		}
	}
	return ""
}

func first(n *node, name string) *node {
	for _, c := range n.children {
		if is(c, name) {
			return c
		}
	}
	return nil
}

// relate reads the Identifier of a relationship that names another element as a
// ReferentIdentifier: before that element existed, this is how it was written.
func (a *arranger) relate(n *node) {
	for _, c := range n.children {
		if is(n, "Relationship") && is(c, "Identifier") && a.ids[identity(c)] {
			a.report.add(c.line, "Relationship/Identifier", "is that of another element", "read as ReferentIdentifier")
			c.name = "ReferentIdentifier"
		}
		a.relate(c)
	}
}

// presentIDs returns the identifiers of a document, without those of relationships.
func presentIDs(n *node) map[string]bool {
	ids := map[string]bool{}
	var visit func(n *node)
	visit = func(n *node) {
		for _, c := range n.children {
			if is(c, "Identifier") && !is(n, "Relationship") {
				ids[identity(c)] = true
			}
			visit(c)
		}
	}
	visit(n)
	return ids
}

func identity(n *node) string { return tidyLine(decodeID(tidyLine(n.all()))) }

func is(n *node, name string) bool { return strings.EqualFold(n.name, name) }
