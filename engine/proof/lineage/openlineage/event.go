package openlineage

import (
	"strconv"
	"strings"

	"yuzhou/engine/proof/lineage"
	"yuzhou/engine/proof/statement"
)

// runEvent is #/$defs/RunEvent of the specification.
type runEvent struct {
	EventTime string    `json:"eventTime"`
	EventType string    `json:"eventType"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"`
	Run       run       `json:"run"`
	Job       thing     `json:"job"`
	Inputs    []dataset `json:"inputs"`
	Outputs   []dataset `json:"outputs"`
}

type run struct {
	RunID  string         `json:"runId"`
	Facets map[string]any `json:"facets"`
}

// thing is a job or a dataset.
type thing struct {
	Namespace string         `json:"namespace"`
	Name      string         `json:"name"`
	Facets    map[string]any `json:"facets,omitempty"`
}

type dataset = thing

// base is what every facet has.
type base struct {
	Producer  string `json:"_producer"`
	SchemaURL string `json:"_schemaURL"`
}

type documentation struct {
	base

	Description string `json:"description"`
	ContentType string `json:"contentType,omitempty"`
}

type fields struct {
	base

	Fields []field `json:"fields"`
}

type field struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description"`
}

type version struct {
	base

	DatasetVersion string `json:"datasetVersion"`
}

// evidence is the facet of evidence.schema.json.
type evidence struct {
	base

	Kind    lineage.Kind  `json:"kind"`
	Digest  string        `json:"digest,omitempty"`
	State   lineage.State `json:"state,omitempty"`
	Value   string        `json:"value,omitempty"`
	Unit    string        `json:"unit,omitempty"`
	Period  string        `json:"period,omitempty"`
	Status  string        `json:"status,omitempty"`
	Issuer  string        `json:"issuer,omitempty"`
	Issued  string        `json:"issued,omitempty"`
	Method  string        `json:"method,omitempty"`
	Formula string        `json:"formula,omitempty"`
	First   int64         `json:"first,omitempty"`
	Count   int64         `json:"count,omitempty"`
	Keys    []string      `json:"keys,omitempty"`
	Log     *inLog        `json:"log,omitempty"`
}

type inLog struct {
	Origin   string   `json:"origin"`
	Index    int64    `json:"index"`
	Size     int64    `json:"size"`
	Root     string   `json:"root"`
	Cosigned []string `json:"cosigned,omitempty"`
	Stamped  []string `json:"stamped,omitempty"`
}

// writer knows the graph whose events are written.
type writer struct {
	g    lineage.Graph
	site Site
	out  [][]lineage.Edge // by node: the edges that lead out of it
}

func (w *writer) base(schema string) base { return base{w.site.Producer, schema} }

// event makes the event of a derived number.
func (w *writer) event(i int) runEvent {
	s := w.g.Nodes[i].Stated
	e := runEvent{
		EventTime: instant(s.Issued.Time), EventType: "COMPLETE", Producer: w.site.Producer, SchemaURL: eventSchema,
		Run:     run{runID(w.g.Nodes[i].Digest), map[string]any{"yuzhou_evidence": w.evidence(i, lineage.Edge{})}},
		Job:     thing{Namespace: w.site.Namespace, Name: s.Formula.ID},
		Inputs:  []dataset{},
		Outputs: []dataset{w.dataset(i, lineage.Edge{})},
	}
	for _, out := range w.out[i] {
		switch out.Relation {
		case lineage.DerivedFrom:
			e.Inputs = append(e.Inputs, w.dataset(out.To, out))
		case lineage.ComputedBy:
			if text := w.g.Nodes[out.To].Text; text != "" {
				e.Job.Facets = map[string]any{"documentation": documentation{w.base(jobSchema), text, "text/plain"}}
			}
		case lineage.StatedIn, lineage.SignedBy, lineage.AttributedTo, lineage.LoggedIn, lineage.StampedBy, lineage.Supersedes, lineage.Withdraws:
		}
	}
	return e
}

// dataset makes a node a dataset; in is the edge by which it is an input.
func (w *writer) dataset(i int, in lineage.Edge) dataset {
	n := w.g.Nodes[i]
	d := dataset{Namespace: w.site.Namespace, Name: n.Name, Facets: map[string]any{"yuzhou_evidence": w.evidence(i, in)}}
	if n.Kind != lineage.Statement {
		// Batches of one schema, documents of one name: what tells them apart is the digest.
		d.Name = string(n.Kind) + "/" + n.Name
		if n.Digest != "" {
			d.Name = string(n.Kind) + "/" + n.Digest
		}
		return d
	}
	if n.Vintage > 0 {
		d.Facets["version"] = version{w.base(versionSchema), strconv.FormatInt(n.Vintage, 10)}
	}
	if s := n.Stated; s != nil {
		d.Facets["documentation"] = documentation{w.base(datasetSchema), sentence(s), "text/plain"}
		d.Facets["schema"] = fields{w.base(fieldsSchema), columns(s)}
	}
	return d
}

// sentence says what a statement says, for catalogues that show nothing else.
func sentence(s *statement.Statement) string {
	if s.Withdraws != "" {
		return "withdrawn"
	}
	parts := make([]string, 0, 4)
	for _, p := range []string{string(s.Kind), s.Period, s.Value, s.Unit} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " ")
}

// columns are the fields that a statement fills.
func columns(s *statement.Statement) []field {
	all := []struct {
		field

		has bool
	}{
		{field{"value", "decimal", "as printed, with its comparator word"}, s.Value != ""},
		{field{"unit", "string", "of the value"}, s.Unit != ""},
		{field{"period", "string", "that the value is of"}, s.Period != ""},
		{field{"status", "string", "a word of the kind's own list"}, s.Status != ""},
		{field{"vintage", "integer", "1 is the first statement of the name"}, true},
	}
	out := make([]field, 0, len(all))
	for _, c := range all {
		if c.has {
			out = append(out, c.field)
		}
	}
	return out
}

// evidence makes the facet of a node; in is the edge by which it is an input.
func (w *writer) evidence(i int, in lineage.Edge) evidence {
	n := w.g.Nodes[i]
	e := evidence{base: w.base(w.site.Schema), Kind: n.Kind, Digest: n.Digest, State: n.State, First: in.First, Count: in.Count}
	if s := n.Stated; s != nil {
		e.Value, e.Unit, e.Period, e.Status = s.Value, s.Unit, s.Period, s.Status
		e.Issuer, e.Issued, e.Method = s.Issuer, instant(s.Issued.Time), s.Method
		if s.Formula != nil {
			e.Formula = s.Formula.Digest
		}
	}
	for _, out := range w.out[i] {
		to := w.g.Nodes[out.To]
		switch out.Relation {
		case lineage.SignedBy:
			e.Keys = append(e.Keys, to.Name)
		case lineage.LoggedIn:
			e.Log = &inLog{Origin: to.Name, Index: out.Index, Size: to.Size, Root: to.Digest, Cosigned: to.Cosigned, Stamped: w.stamped(out.To)}
		case lineage.DerivedFrom, lineage.ComputedBy, lineage.StatedIn, lineage.AttributedTo, lineage.StampedBy, lineage.Supersedes, lineage.Withdraws:
		}
	}
	return e
}

// stamped returns when a checkpoint was stamped.
func (w *writer) stamped(checkpoint int) (at []string) {
	for _, out := range w.out[checkpoint] {
		if out.Relation == lineage.StampedBy {
			at = append(at, instant(w.g.Nodes[out.To].At))
		}
	}
	return at
}
