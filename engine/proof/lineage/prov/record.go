package prov

import (
	"yuzhou/engine/proof/lineage"
	"yuzhou/kernel/fault"
)

// node adds a node as entity or agent, and what happens to make it.
func (d *document) node(n *lineage.Node, base string) {
	d.prefixes[string(n.Kind)] = base + string(n.Kind) + "/"
	a := attributes{"prov:label": n.Name}
	switch n.Kind {
	case lineage.Unit:
		a["prov:type"] = qualified("prov:Organization")
		d.put("agent", name(n), a)
		return
	case lineage.Statement:
		d.statement(n, a, base)
	case lineage.Formula:
		a["prov:type"] = qualified("prov:Plan")
		d.plans[name(n)] = true
		a["dcterms:identifier"] = n.Digest
		if n.Text != "" {
			a["prov:value"] = n.Text
		}
	case lineage.Batch:
		a["prov:type"] = qualified("prov:Collection")
		a["dcterms:identifier"] = n.Digest
		if n.Size > 0 {
			a["yuzhou:count"] = n.Size
		}
	case lineage.Document:
		a["prov:type"] = qualified("yuzhou:Document")
		if n.Digest != "" {
			a["dcterms:identifier"], a["dcterms:format"], a["yuzhou:size"] = n.Digest, n.Media, n.Size
		}
	case lineage.Key:
		a["prov:type"], a["yuzhou:suite"] = qualified("yuzhou:Key"), n.Suite
	case lineage.Checkpoint:
		a["prov:type"] = qualified("prov:Collection")
		a["yuzhou:root"], a["yuzhou:count"] = n.Digest, n.Size
		if len(n.Cosigned) > 0 {
			a["yuzhou:cosigned"] = n.Cosigned
		}
	case lineage.Stamp:
		d.stamp(n, a, base)
	}
	d.put("entity", name(n), a)
}

// statement adds what was stated and that it was issued. Of one that is not here there
// is nothing to say but that it is named.
func (d *document) statement(n *lineage.Node, a attributes, base string) {
	a["prov:type"], a["dcterms:identifier"] = qualified("yuzhou:Statement"), n.Digest
	if n.State != lineage.Read {
		a["yuzhou:state"] = string(n.State)
	}
	if n.Vintage > 0 {
		a["yuzhou:vintage"] = n.Vintage
	}
	s := n.Stated
	if s == nil {
		return
	}
	for _, f := range []struct{ key, text string }{
		{"prov:value", s.Value},
		{"yuzhou:unit", s.Unit},
		{"yuzhou:status", s.Status},
		{"dcterms:temporal", s.Period},
		{"yuzhou:kind", string(s.Kind)},
		{"yuzhou:method", s.Method},
	} {
		if f.text != "" {
			a[f.key] = f.text
		}
	}
	a["dcterms:issued"] = moment(s.Issued.Time)
	d.prefixes["issuing"] = base + "issuing/"
	d.put("activity", activity(n), attributes{"prov:endTime": instant(s.Issued.Time), "prov:type": qualified("yuzhou:Issuing")})
	d.relate("wasGeneratedBy", attributes{"prov:entity": name(n), "prov:activity": activity(n), "prov:time": instant(s.Issued.Time)})
}

// stamp adds a time stamp and the authority that gave it.
func (d *document) stamp(n *lineage.Node, a attributes, base string) {
	a["prov:type"], a["dcterms:issued"] = qualified("yuzhou:TimeStamp"), moment(n.At)
	d.prefixes["authority"] = base + "authority/"
	d.put("agent", authority(n), attributes{"prov:label": n.Name})
	d.relate("wasAttributedTo", attributes{"prov:entity": name(n), "prov:agent": authority(n)})
}

// between says from what to what a relation leads.
func between(r lineage.Relation, from, to lineage.Kind) bool {
	if r == lineage.StampedBy {
		return from == lineage.Checkpoint && to == lineage.Stamp
	}
	if from == lineage.Key {
		return r == lineage.StatedIn && to == lineage.Statement || r == lineage.AttributedTo && to == lineage.Unit
	}
	if from != lineage.Statement {
		return false
	}
	switch r {
	case lineage.DerivedFrom:
		return to == lineage.Statement || to == lineage.Batch || to == lineage.Document
	case lineage.ComputedBy:
		return to == lineage.Formula
	case lineage.StatedIn:
		return to == lineage.Document
	case lineage.SignedBy:
		return to == lineage.Key
	case lineage.AttributedTo:
		return to == lineage.Unit
	case lineage.LoggedIn:
		return to == lineage.Checkpoint
	case lineage.Supersedes, lineage.Withdraws:
		return to == lineage.Statement
	case lineage.StampedBy:
	}
	return false
}

// edge adds what an edge says.
func (d *document) edge(e lineage.Edge) error {
	n := len(d.g.Nodes)
	if e.From < 0 || e.From >= n || e.To < 0 || e.To >= n {
		return fault.New(fault.Invalid, "an edge leads from node %d to node %d; the graph has %d", e.From, e.To, n)
	}
	from, to := &d.g.Nodes[e.From], &d.g.Nodes[e.To]
	if !between(e.Relation, from.Kind, to.Kind) {
		return fault.New(fault.Invalid, "%.40q cannot stand between %.40q and %.40q", e.Relation, from.Kind, to.Kind)
	}
	switch e.Relation {
	case lineage.DerivedFrom:
		d.derived(e, from, to)
	case lineage.StatedIn:
		d.derive(from, to, "prov:PrimarySource", e.Locator)
	case lineage.Supersedes:
		d.derive(from, to, "prov:Revision", "")
	case lineage.StampedBy:
		d.derive(to, from, "", "")
	case lineage.AttributedTo:
		d.attributed(from, to)
	case lineage.SignedBy:
		d.use(from, to, attributes{"prov:role": qualified("yuzhou:SigningKey")})
	case lineage.ComputedBy:
		d.use(from, to, attributes{"prov:role": qualified("yuzhou:Formula")})
	case lineage.LoggedIn:
		// A membership has no attributes in PROV-DM.
		d.records["entity"][name(from)]["yuzhou:index"] = e.Index
		d.relate("hadMember", attributes{"prov:collection": name(to), "prov:entity": name(from)})
	case lineage.Withdraws:
		a := attributes{"prov:entity": name(to)}
		if from.Stated != nil {
			a["prov:activity"], a["prov:time"] = activity(from), instant(from.Stated.Issued.Time)
		}
		d.relate("wasInvalidatedBy", a)
	}
	return nil
}

// derived adds an input: the number was derived from it, and its issuing used it.
func (d *document) derived(e lineage.Edge, from, to *lineage.Node) {
	d.derive(from, to, "", "")
	a := attributes{}
	if e.Count > 0 {
		a["yuzhou:first"], a["yuzhou:count"] = e.First, e.Count
	}
	d.use(from, to, a)
}

// derive adds that one entity was derived from another.
func (d *document) derive(from, to *lineage.Node, how, locator string) {
	a := attributes{"prov:generatedEntity": name(from), "prov:usedEntity": name(to)}
	if from.Stated != nil {
		a["prov:activity"] = activity(from)
	}
	if how != "" {
		a["prov:type"] = qualified(how)
	}
	if locator != "" {
		a["yuzhou:locator"] = locator
	}
	d.relate("wasDerivedFrom", a)
}

// use adds that the issuing of a statement used an entity.
func (d *document) use(from, to *lineage.Node, a attributes) {
	if from.Stated == nil {
		return
	}
	a["prov:activity"], a["prov:entity"] = activity(from), name(to)
	d.relate("used", a)
}

// attributed adds whose a statement or key is; a statement was also issued by the unit,
// according to its formula.
func (d *document) attributed(from, to *lineage.Node) {
	d.relate("wasAttributedTo", attributes{"prov:entity": name(from), "prov:agent": name(to)})
	if from.Kind != lineage.Statement || from.Stated == nil {
		return
	}
	a := attributes{"prov:activity": activity(from), "prov:agent": name(to)}
	if f := from.Stated.Formula; f != nil {
		if plan := string(lineage.Formula) + ":" + local(f.Digest); d.plans[plan] {
			a["prov:plan"] = plan
		}
	}
	d.relate("wasAssociatedWith", a)
}
