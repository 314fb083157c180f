// Package prov writes the lineage of a number in PROV-JSON, which tools of provenance
// read.
//
// What must hold: every name is of a prefix that the document declares, and names of
// different things differ; whatever a relation names is there as an entity, activity or
// agent; the same graph gives the same bytes.
//
// A statement is an entity and its issuing an activity, by the unit that issued it,
// according to the formula as its plan, with the key as what was used to sign. A
// checkpoint is a collection with the statements as members.
//
// Source: The PROV-JSON Serialization (W3C Member Submission, 24 April 2013) over
// PROV-DM (W3C Recommendation, 30 April 2013). The type of a qualified name in an
// attribute is prov:QUALIFIED_NAME, as PROV-DM §5.7.3 and today's readers have it, where
// examples of the submission still have xsd:QName.
package prov

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"yuzhou/engine/proof/lineage"
	"yuzhou/kernel/fault"
)

// MediaType is what a document is served as. PROV-JSON has registered none of its own.
const MediaType = "application/json"

// Append appends the document of a graph to b.
//
//   - base: absolute URL that ends in a slash; all names lie below it, as
//     base/statement/sha256-….
//   - g: as lineage.Build returns it, with any number of nodes.
//   - Errors: fault.Invalid when base is none, a node has no ID, name or known kind, or
//     an edge has an end that is no node or stands between kinds where it cannot.
func Append(b []byte, g lineage.Graph, base string) ([]byte, error) {
	u, err := url.Parse(base)
	if err != nil || !u.IsAbs() || u.Host == "" || !strings.HasSuffix(u.Path, "/") || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.Invalid, "base %.200q is not an absolute URL that ends in a slash, such as https://data.example/proof/", base)
	}
	d := document{g: g, plans: map[string]bool{}, records: map[string]map[string]attributes{}, prefixes: map[string]string{
		"xsd": "http://www.w3.org/2001/XMLSchema#", "dcterms": "http://purl.org/dc/terms/", "yuzhou": base + "terms#",
	}}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if !sound(n) {
			return nil, fault.New(fault.Invalid, "node %d has the kind %.40q, the ID %.80q and the name %.80q; give all three, the ID as the kind, a colon and more", i, n.Kind, n.ID, n.Name)
		}
		d.node(n, base)
	}
	for _, e := range g.Edges {
		if err := d.edge(e); err != nil {
			return nil, err
		}
	}
	return d.append(b)
}

// attributes of a record, by qualified name.
type attributes map[string]any

// literal is a value with its type.
type literal struct {
	Value string `json:"$"`
	Type  string `json:"type"`
}

func qualified(name string) literal { return literal{name, "prov:QUALIFIED_NAME"} }

// instant is a time in a record's own attribute; typed as what other attributes hold.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func moment(t time.Time) literal { return literal{instant(t), "xsd:dateTime"} }

// document is a PROV-JSON document in the making.
type document struct {
	g        lineage.Graph
	prefixes map[string]string
	records  map[string]map[string]attributes // by kind of record and by name
	plans    map[string]bool                  // names of the formulas that are there
	blanks   int                              // names of relations that were given
}

func (d *document) put(kind, name string, a attributes) {
	if d.records[kind] == nil {
		d.records[kind] = map[string]attributes{}
	}
	d.records[kind][name] = a
}

// relate adds a relation, which needs no name that others know.
func (d *document) relate(kind string, a attributes) {
	d.blanks++
	d.put(kind, "_:r"+strconv.Itoa(d.blanks), a)
}

// append writes the document. Keys of maps are sorted by encoding/json.
func (d *document) append(b []byte) ([]byte, error) {
	all := make(map[string]any, len(d.records)+1)
	all["prefix"] = d.prefixes
	for kind, records := range d.records {
		all[kind] = records
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(all); err != nil {
		return nil, &fault.Fault{Kind: fault.Invalid, Text: "the graph cannot be written as JSON", Err: err}
	}
	return append(b, out.Bytes()...), nil
}

// sound reports whether a node has what its names are made of. A kind that is not known
// could declare a prefix that has another meaning.
func sound(n *lineage.Node) bool {
	switch n.Kind {
	case lineage.Statement, lineage.Formula, lineage.Batch, lineage.Document, lineage.Key, lineage.Unit, lineage.Checkpoint, lineage.Stamp:
		kind, rest, _ := strings.Cut(n.ID, ":")
		return kind == string(n.Kind) && rest != "" && n.Name != ""
	}
	return false
}

// name returns the qualified name of a node: its kind is the prefix, what names the
// thing the rest, with everything escaped that a local name of PROV-N may not hold.
func name(n *lineage.Node) string {
	_, rest, _ := strings.Cut(n.ID, ":")
	return string(n.Kind) + ":" + local(rest)
}

// activity returns the name of the issuing of a statement.
func activity(n *lineage.Node) string {
	_, rest, _ := strings.Cut(n.ID, ":")
	return "issuing:" + local(rest)
}

// authority returns the name of who has made a time stamp.
func authority(n *lineage.Node) string { return "authority:" + local(n.Name) }

// local makes a local name. The colon of a digest becomes a dash; all else but letters,
// digits and a few marks is escaped as in a URL, which keeps different names apart: a
// dash elsewhere is escaped too.
func local(text string) string {
	const hexadecimal = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '/', c == '@', c == '~':
			b.WriteByte(c)
		case c == '.' && i > 0 && i < len(text)-1: // neither first nor last in PROV-N
			b.WriteByte(c)
		case c == ':' && i > 0: // nor is a dash the first
			b.WriteByte('-')
		default:
			b.WriteByte('%')
			b.WriteByte(hexadecimal[c>>4])
			b.WriteByte(hexadecimal[c&15])
		}
	}
	return b.String()
}
