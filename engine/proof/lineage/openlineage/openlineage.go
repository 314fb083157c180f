// Package openlineage writes the lineage of derived numbers as events of OpenLineage,
// which catalogues of data read.
//
// What must hold: a run has the same identifier whenever its event is written, so that
// it can be sent again; what a facet is named for is what its schema says; the same
// graph gives the same bytes.
//
// A formula is a job, each derived number a run of it and a dataset, its inputs are the
// run's inputs. The evidence is in the custom facet yuzhou_evidence, whose schema is
// Schema.
//
// Source: OpenLineage, spec 2-0-2 (https://openlineage.io/spec/2-0-2/OpenLineage.json),
// and its facets DocumentationJobFacet 1-1-0, DocumentationDatasetFacet 1-1-0,
// SchemaDatasetFacet 1-2-0 and DatasetVersionDatasetFacet 1-0-1.
package openlineage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the schema of the facet
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"yuzhou/engine/proof/lineage"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
)

// MediaType is what events are served as: an event a line.
const MediaType = "application/x-ndjson"

// Site is who writes.
type Site struct {
	Namespace string // of jobs and datasets: the city's own, such as yuzhou://500000
	Producer  string // URI of the program and its version
	Schema    string // URI under which Schema is served
}

//go:embed evidence.schema.json
var schema []byte

// Schema returns the JSON schema of the facet yuzhou_evidence.
func Schema() []byte { return slices.Clone(schema) }

// where the schemas of OpenLineage are.
const (
	eventSchema   = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
	jobSchema     = "https://openlineage.io/spec/facets/1-1-0/DocumentationJobFacet.json#/$defs/DocumentationJobFacet"
	datasetSchema = "https://openlineage.io/spec/facets/1-1-0/DocumentationDatasetFacet.json#/$defs/DocumentationDatasetFacet"
	fieldsSchema  = "https://openlineage.io/spec/facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet"
	versionSchema = "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
)

// Append appends an event of type COMPLETE for each number of g that was derived, one a
// line, inputs before what rests on them: farthest from the root first.
//
// A computation here has no duration, so there is no event of type START; readers that
// want one (the specification asks for it in words, not in its schema) take COMPLETE as
// both.
//
// Errors: fault.Invalid when a field of site is no absolute URI, or an edge of g has an
// end that is no node.
func Append(b []byte, g lineage.Graph, site Site) ([]byte, error) {
	for _, f := range []struct{ field, uri string }{{"namespace", site.Namespace}, {"producer", site.Producer}, {"schema", site.Schema}} {
		if u, err := url.Parse(f.uri); err != nil || !u.IsAbs() {
			return nil, fault.New(fault.Invalid, "%s %.200q is no absolute URI", f.field, f.uri)
		}
	}
	w := writer{g: g, site: site, out: make([][]lineage.Edge, len(g.Nodes))}
	for _, e := range g.Edges {
		if n := len(g.Nodes); e.From < 0 || e.From >= n || e.To < 0 || e.To >= n {
			return nil, fault.New(fault.Invalid, "an edge leads from node %d to node %d; the graph has %d", e.From, e.To, n)
		}
		w.out[e.From] = append(w.out[e.From], e)
	}
	var lines bytes.Buffer
	e := json.NewEncoder(&lines)
	e.SetEscapeHTML(false)
	for i, n := range slices.Backward(g.Nodes) {
		if n.State != lineage.Read || n.Stated == nil || n.Stated.Kind != statement.Derived || n.Stated.Formula == nil {
			continue
		}
		if err := e.Encode(w.event(i)); err != nil {
			return nil, &fault.Fault{Kind: fault.Invalid, Text: "the graph cannot be written as JSON", Err: err}
		}
	}
	return append(b, lines.Bytes()...), nil
}

// runID makes the identifier of a run from the digest of what it made: a UUID of version
// 8, whose bits are what its maker wants (RFC 9562 §5.8), here those of a SHA-256.
func runID(digest string) string {
	u := sha256.Sum256([]byte("yuzhou run " + digest))
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
