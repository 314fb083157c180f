package sdmx

import (
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
)

// StructureQuery asks for artefacts. Its zero value asks for the latest version
// of all of them.
type StructureQuery struct {
	Type       string   // "codelist", "dataflow", ...; "": any
	Agencies   []string // nil: any
	IDs        []string // nil: any
	Versions   []string // nil: the latest
	Items      []string // of codelists and schemes; nil: all
	Detail     string   // "": full
	References []string // nil: none
	AsOf       time.Time
	Format     string // extension: overrides the Accept header, see Negotiate
	Lang       string // extension: overrides the Accept-Language header
}

// artefactTypes are those of SDMX-REST 2.2.2; this package has artefacts of five.
const artefactTypes = "datastructure metadatastructure categoryscheme conceptscheme codelist hierarchy hierarchyassociation " +
	"valuelist agencyscheme dataproviderscheme metadataproviderscheme dataconsumerscheme organisationunitscheme dataflow " +
	"metadataflow reportingtaxonomy provisionagreement metadataprovisionagreement structuremap representationmap " +
	"conceptschememap categoryschememap organisationschememap reportingtaxonomymap process categorisation dataconstraint " +
	"metadataconstraint transformationscheme rulesetscheme userdefinedoperatorscheme customtypescheme " +
	"namepersonalisationscheme vtlmappingscheme"

// itemTypes are the types whose items can be asked for one by one.
const itemTypes = "categoryscheme conceptscheme codelist valuelist agencyscheme dataproviderscheme metadataproviderscheme " +
	"dataconsumerscheme organisationunitscheme reportingtaxonomy transformationscheme rulesetscheme " +
	"userdefinedoperatorscheme customtypescheme namepersonalisationscheme vtlmappingscheme"

const (
	detailWords    = "full allstubs referencestubs allcompletestubs referencecompletestubs referencepartial raw"
	referenceWords = "none parents parentsandsiblings ancestors children descendants all"
)

// ParseStructureQuery reads a structure query; path and rawQuery are as in
// ParseQuery, from "structure" on: "structure/codelist/YUZHOU/CL_AREA/+/500000".
//
//   - Errors: fault.Invalid; one sentence that names the parameter and its value.
//   - Source: SDMX-REST 2.2.2, Structure queries.
func ParseStructureQuery(path, rawQuery string, local *time.Location) (StructureQuery, error) {
	var q StructureQuery
	segs, err := segments(path)
	switch {
	case err != nil:
		return q, err
	case segs[0] != "structure":
		return q, fault.New(fault.Invalid, "resource %q is not structure", segs[0])
	case len(segs) > 6:
		return q, fault.New(fault.Invalid, "path %q has more parts than structure/{type}/{agency}/{id}/{version}/{item}", path)
	}
	for len(segs) < 6 {
		segs = append(segs, "*")
	}
	if segs[1] != "*" && segs[1] != "all" {
		q.Type = segs[1]
		if !oneOf(q.Type, artefactTypes) {
			return q, fault.New(fault.Invalid, "artefactType %q is not one of SDMX, such as dataflow or codelist", q.Type)
		}
	}
	if q.Agencies, err = idList("agencyID", segs[2], agencyForm.MatchString); err != nil {
		return q, err
	}
	if q.IDs, err = idList("resourceID", segs[3], idForm.MatchString); err != nil {
		return q, err
	}
	if len(strings.Split(strings.Trim(path, "/"), "/")) > 4 {
		// A version that is left out is the latest, one that is * is all of them.
		if q.Versions = []string{"*"}; segs[4] != "*" {
			q.Versions, err = idList("version", segs[4], validVersion)
		}
	}
	if err != nil {
		return q, err
	}
	if q.Items, err = idList("itemID", segs[5], func(s string) bool { return s != "" }); err != nil {
		return q, err
	}
	if q.Items != nil && !oneOf(q.Type, itemTypes) {
		return q, fault.New(fault.Invalid, "itemID %q cannot be asked of type %q, only of item schemes such as codelist", segs[5], first(q.Type, "*"))
	}
	err = eachParameter(rawQuery, func(name, value string) error { return structureParameter(&q, name, value, local) })
	return q, err
}

func structureParameter(q *StructureQuery, name, value string, local *time.Location) error {
	switch name {
	case "detail":
		q.Detail = value
		if !oneOf(value, detailWords) {
			return fault.New(fault.Invalid, "detail %q is not one of %s", value, strings.ReplaceAll(detailWords, " ", ", "))
		}
	case "references":
		q.References = strings.Split(value, ",")
		for _, r := range q.References {
			if !oneOf(r, referenceWords) && !oneOf(r, artefactTypes) {
				return fault.New(fault.Invalid, "references %q is not one of %s or an artefact type", r, strings.ReplaceAll(referenceWords, " ", ", "))
			}
		}
	case "asOf":
		t, err := parseInstant(name, value, local)
		q.AsOf = t
		return err
	case "format":
		q.Format = value
	case "lang":
		q.Lang = value
	default:
		return unknown(name)
	}
	return nil
}

// Select returns the artefacts of all that the query asks for, with those it
// wants along, in the detail it wants. The result shares memory with all.
//
//   - Errors: fault.NotFound when nothing matches.
//   - referencepartial is answered in full: which codes are in use is known by
//     the data, not by the structures.
func (q StructureQuery) Select(all *Structures) (*Structures, error) {
	nodes := nodesOf(all)
	chosen := map[int]bool{}
	for i, n := range nodes {
		chosen[i] = (q.Type == "" || q.Type == n.kind) && q.matchPath(n.id)
	}
	q.keepLatest(nodes, chosen)
	along := q.along(nodes, chosen)
	out := &Structures{Header: all.Header}
	found := false
	for i, n := range nodes {
		if chosen[i] || along[i] {
			found = found || chosen[i]
			n.chosen = chosen[i]
			q.add(out, all, n)
		}
	}
	if !found {
		return nil, fault.New(fault.NotFound, "no %s matches the query", first(q.Type, "artefact"))
	}
	return out, nil
}

func (q StructureQuery) matchPath(i Identity) bool {
	return Query{Agencies: q.Agencies, IDs: q.IDs, Versions: q.Versions}.MatchFlow(i)
}

// keepLatest drops what is older than another choice of the same artefact,
// unless a version of the query asks for it by name or for all.
func (q StructureQuery) keepLatest(nodes []node, chosen map[int]bool) {
	for i, n := range nodes {
		if !chosen[i] {
			continue
		}
		exact := slices.ContainsFunc(q.Versions, func(v string) bool { return !latest(v) && matchVersion(v, n.id.Version) })
		for j, other := range nodes {
			same := chosen[j] && n.kind == other.kind && n.id.Agency == other.id.Agency && n.id.ID == other.id.ID
			if same && !exact && newer(other.id.Version, n.id.Version) {
				chosen[i] = false
			}
		}
	}
}

// node is one artefact and what it refers to.
type node struct {
	kind string
	id   Identity
	at   int // index in its list
	refs []int

	chosen bool // by the query itself, not because another refers to it
}

// nodesOf lists all artefacts with their references among one another.
func nodesOf(s *Structures) []node {
	var nodes []node
	for i, d := range s.DataStructures {
		nodes = append(nodes, node{kind: "datastructure", id: d.Identity, at: i})
	}
	for i, f := range s.Dataflows {
		nodes = append(nodes, node{kind: "dataflow", id: f.Identity, at: i})
	}
	for i, l := range s.Codelists {
		nodes = append(nodes, node{kind: "codelist", id: l.Identity, at: i})
	}
	for i, c := range s.Concepts {
		nodes = append(nodes, node{kind: "conceptscheme", id: c.Identity, at: i})
	}
	for i, a := range s.Agencies {
		nodes = append(nodes, node{kind: "agencyscheme", id: a.Identity, at: i})
	}
	for i := range nodes {
		for j, target := range nodes {
			if i != j && refers(s, nodes[i], target) {
				nodes[i].refs = append(nodes[i].refs, j)
			}
		}
	}
	return nodes
}

// refers reports whether a references b directly.
func refers(s *Structures, a, b node) bool {
	if b.kind == "agencyscheme" {
		return slices.ContainsFunc(s.Agencies[b.at].Items, func(i Item) bool { return i.ID == a.id.Agency })
	}
	switch a.kind {
	case "dataflow":
		return b.kind == "datastructure" && s.Dataflows[a.at].Structure == b.id
	case "datastructure":
		d := s.DataStructures[a.at]
		if b.kind == "conceptscheme" {
			return d.Concepts == b.id
		}
		uses := func(c Component) bool { return c.Codelist == b.id }
		return b.kind == "codelist" && slices.ContainsFunc(slices.Concat(d.Dimensions, d.Measures, d.Attributes), uses)
	}
	return false
}

// along returns what comes along with the chosen.
func (q StructureQuery) along(nodes []node, chosen map[int]bool) map[int]bool {
	out := map[int]bool{}
	for _, r := range q.References {
		switch r {
		case "none":
		case "children":
			mark(out, children(nodes, chosen), nodes, "")
		case "descendants":
			mark(out, closure(nodes, chosen, children), nodes, "")
		case "parents":
			mark(out, parents(nodes, chosen), nodes, "")
		case "ancestors":
			mark(out, closure(nodes, chosen, parents), nodes, "")
		case "parentsandsiblings", "all":
			up := parents(nodes, chosen)
			mark(out, up, nodes, "")
			mark(out, children(nodes, up), nodes, "")
			if r == "all" {
				mark(out, closure(nodes, chosen, children), nodes, "")
			}
		default:
			mark(out, closure(nodes, chosen, children), nodes, r)
			mark(out, closure(nodes, chosen, parents), nodes, r)
		}
	}
	return out
}

// mark adds a set, or only its nodes of one kind.
func mark(out, set map[int]bool, nodes []node, kind string) {
	for i, in := range set {
		if in && (kind == "" || nodes[i].kind == kind) {
			out[i] = true
		}
	}
}

func children(nodes []node, of map[int]bool) map[int]bool {
	out := map[int]bool{}
	for i, in := range of {
		if !in {
			continue
		}
		for _, j := range nodes[i].refs {
			out[j] = true
		}
	}
	return out
}

func parents(nodes []node, of map[int]bool) map[int]bool {
	out := map[int]bool{}
	for i, n := range nodes {
		if slices.ContainsFunc(n.refs, func(j int) bool { return of[j] }) {
			out[i] = true
		}
	}
	return out
}

// closure repeats a step until it finds nothing new.
func closure(nodes []node, of map[int]bool, step func([]node, map[int]bool) map[int]bool) map[int]bool {
	out := step(nodes, of)
	for {
		n := len(out)
		mark(out, step(nodes, out), nodes, "")
		if len(out) == n {
			return out
		}
	}
}

// add copies one artefact in the detail asked for.
func (q StructureQuery) add(out, all *Structures, n node) {
	stub := strings.HasPrefix(q.Detail, "all") || strings.HasPrefix(q.Detail, "reference") && strings.HasSuffix(q.Detail, "stubs") && !n.chosen
	bare := stub && !strings.Contains(q.Detail, "complete")
	describe := func(t Text) Text {
		if bare {
			return nil
		}
		return t
	}
	switch n.kind {
	case "datastructure":
		d := all.DataStructures[n.at]
		if d.Description = describe(d.Description); stub {
			d.Dimensions, d.Measures, d.Attributes = nil, nil, nil
		}
		out.DataStructures = append(out.DataStructures, d)
	case "dataflow":
		f := all.Dataflows[n.at]
		if f.Description = describe(f.Description); stub {
			f.Structure = Identity{}
		}
		out.Dataflows = append(out.Dataflows, f)
	case "codelist":
		l := all.Codelists[n.at]
		if l.Description = describe(l.Description); stub {
			l.Codes = nil
		} else if q.Items != nil && n.chosen {
			l.Partial = true
			l.Codes = slices.DeleteFunc(slices.Clone(l.Codes), func(c Code) bool { return !slices.Contains(q.Items, c.ID) })
		}
		out.Codelists = append(out.Codelists, l)
	default:
		q.addScheme(out, all, n, scheme{stub: stub, items: n.chosen, describe: describe})
	}
}

// scheme says how an item scheme is cut down.
type scheme struct {
	stub, items bool
	describe    func(Text) Text
}

func (q StructureQuery) addScheme(out, all *Structures, n node, how scheme) {
	lists, to := all.Concepts, &out.Concepts
	if n.kind == "agencyscheme" {
		lists, to = all.Agencies, &out.Agencies
	}
	s := lists[n.at]
	s.Description = how.describe(s.Description)
	switch {
	case how.stub:
		s.Items = nil
	case q.Items != nil && how.items:
		s.Partial = true
		s.Items = slices.DeleteFunc(slices.Clone(s.Items), func(i Item) bool { return !slices.Contains(q.Items, i.ID) })
	}
	*to = append(*to, s)
}
