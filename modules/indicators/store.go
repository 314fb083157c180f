package indicators

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
)

const columns = `indicator, unit, period, vintage, value, cmp, measure, printed, status, known, recorded, recorder, document, figure, detail`

// detail is what of an observation is kept as JSON: never searched, only shown.
type detail struct {
	Source    observation.Source `json:"source"`
	Rank      *observation.Rank  `json:"rank,omitempty"`
	KnownBy   bool               `json:"known_by,omitempty"`
	Inputs    []string           `json:"inputs,omitempty"`
	Working   string             `json:"working,omitempty"`
	Highlight int                `json:"highlight,omitempty"`
	Was       observation.Status `json:"was,omitempty"`
}

func scanObservation(scan func(...any) error) (o observation.Observation, err error) {
	var per, value, cmp, measure, status, doc string
	var known, recorded int64
	err = scan(&o.Indicator, &o.Unit, &per, &o.Vintage, &value, &cmp, &measure, &o.Printed, &status,
		&known, &recorded, &o.By, &o.Source.Document, &o.Source.Figure, &doc)
	if err != nil {
		return o, err
	}
	o.Known, o.Recorded, o.Status = store.FromMicros(known), store.FromMicros(recorded), observation.Status(status)
	if o.Period, err = period.Parse(per); err != nil {
		return o, err
	}
	if o.Quantity.Value, err = quantity.ParseDecimal(value); err != nil {
		return o, err
	}
	if o.Quantity.Cmp, err = quantity.ParseComparator(cmp); err != nil {
		return o, err
	}
	if o.Quantity.Unit, err = quantity.ParseUnit(measure); err != nil {
		return o, err
	}
	if doc == "" {
		return o, nil
	}
	var d detail
	if err := json.Unmarshal([]byte(doc), &d); err != nil {
		return o, err
	}
	d.Source.Document, d.Source.Figure = o.Source.Document, o.Source.Figure
	o.Source, o.Rank, o.KnownBy, o.Inputs, o.Working, o.Highlight, o.Was = d.Source, d.Rank, d.KnownBy, d.Inputs, d.Working, d.Highlight, d.Was
	return o, nil
}

func seriesRows(ctx context.Context, tx store.Tx, indicator, unit string, known time.Time) ([]observation.Observation, error) {
	return store.Collect(ctx, tx, `SELECT `+columns+` FROM indicators_observation
		WHERE indicator = $1 AND unit = $2 AND known <= $3 ORDER BY period, vintage`,
		[]any{indicator, unit, store.Micros(known)}, scanObservation)
}

// unitRows returns an indicator's rows in every unit, by unit and period.
func unitRows(ctx context.Context, tx store.Tx, indicator string, known time.Time) ([]observation.Observation, error) {
	return store.Collect(ctx, tx, `SELECT `+columns+` FROM indicators_observation
		WHERE indicator = $1 AND known <= $2 ORDER BY unit, period, vintage`,
		[]any{indicator, store.Micros(known)}, scanObservation)
}

func figureRows(ctx context.Context, tx store.Tx, figure string, known time.Time) ([]observation.Observation, error) {
	return store.Collect(ctx, tx, `SELECT `+columns+` FROM indicators_observation
		WHERE figure = $1 AND figure <> '' AND known <= $2 ORDER BY known, indicator, unit, period, vintage`,
		[]any{figure, store.Micros(known)}, scanObservation)
}

// documentRows returns rows that name a figure of a document, any when "".
func documentRows(ctx context.Context, tx store.Tx, document string, known time.Time) ([]observation.Observation, error) {
	return store.Collect(ctx, tx, `SELECT `+columns+` FROM indicators_observation
		WHERE figure <> '' AND ($1 = '' OR document = $1) AND known <= $2 ORDER BY figure, indicator, unit, period, vintage`,
		[]any{document, store.Micros(known)}, scanObservation)
}

// seriesKey names a series: an indicator in a unit.
type seriesKey struct{ indicator, unit string }

// tip is what an append to a period continues.
type tip struct {
	vintage int
	known   int64    // of the newest vintage
	said    []string // fingerprints of all vintages
	newest  string   // the newest vintage's number and status, whoever said it
}

func tips(ctx context.Context, tx store.Tx, k seriesKey) (map[string]tip, error) {
	out := map[string]tip{}
	err := tx.Each(ctx, `SELECT period, vintage, known, value, cmp, measure, status, document, figure FROM indicators_observation
		WHERE indicator = $1 AND unit = $2 ORDER BY period, vintage`, []any{k.indicator, k.unit},
		func(scan func(...any) error) error {
			var per, value, cmp, measure, status, document, figure string
			var t tip
			if err := scan(&per, &t.vintage, &t.known, &value, &cmp, &measure, &status, &document, &figure); err != nil {
				return err
			}
			t.newest = fingerprint(value, cmp, measure, status)
			t.said = append(out[per].said, fingerprint(t.newest, document, figure))
			out[per] = t
			return nil
		})
	return out, err
}

// fingerprint joins what makes two vintages the same.
func fingerprint(parts ...string) string { return strings.Join(parts, "\x00") }

// appender adds observations as new vintages within one transaction. Close it.
type appender struct {
	tx     store.Tx
	insert *sql.Stmt
	tips   map[seriesKey]map[string]tip
	Added  int
	// unsourced is the document of numbers that name none: such a number adds
	// nothing when the newest vintage says the same, whoever said it.
	unsourced string
	proof     Proof
}

func newAppender(ctx context.Context, tx store.Tx, p Proof) (*appender, error) {
	insert, err := tx.Prepare(ctx, `INSERT INTO indicators_observation (`+columns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`)
	return &appender{tx: tx, insert: insert, proof: p, tips: map[seriesKey]map[string]tip{}}, err
}

// Close releases the statement.
func (a *appender) Close() error { return a.insert.Close() }

// add appends o; its vintage is the next of its period. What the same document
// has said already adds nothing, so that loading it twice is harmless. A
// number that became known before the newest vintage is fault.Conflict: knowledge
// is not put into the past.
func (a *appender) add(ctx context.Context, o observation.Observation) error {
	k := seriesKey{o.Indicator, o.Unit}
	if a.tips[k] == nil {
		t, err := tips(ctx, a.tx, k)
		if err != nil {
			return err
		}
		a.tips[k] = t
	}
	per, q := o.Period.String(), o.Quantity
	number := fingerprint(q.Value.String(), string(q.Cmp), q.Unit.String(), string(o.Status))
	same := fingerprint(number, o.Source.Document, o.Source.Figure)
	was, known := a.tips[k][per], store.Micros(o.Known)
	switch {
	case slices.Contains(was.said, same), was.newest == number && o.Source.Document == a.unsourced:
		return nil
	case was.vintage > 0 && known < was.known:
		return fault.New(fault.Conflict, "%s %s %s: a number known since %s is there already; one known since %s cannot be put before it",
			o.Indicator, o.Unit, per, store.FromMicros(was.known).Format(time.RFC3339), o.Known.Format(time.RFC3339))
	}
	doc, err := json.Marshal(detail{o.Source, o.Rank, o.KnownBy, o.Inputs, o.Working, o.Highlight, o.Was})
	if err != nil {
		return err
	}
	_, err = a.insert.ExecContext(ctx, o.Indicator, o.Unit, per, was.vintage+1, q.Value.String(), string(q.Cmp), q.Unit.String(), o.Printed,
		string(o.Status), known, store.Micros(o.Recorded), o.By, o.Source.Document, o.Source.Figure, string(doc))
	if err != nil {
		return a.tx.Fault(err)
	}
	a.tips[k][per] = tip{was.vintage + 1, known, append(was.said, same), number}
	a.Added++
	o.Vintage = was.vintage + 1
	return a.state(ctx, o)
}

// addAll appends observations in the order given.
func addAll(ctx context.Context, tx store.Tx, p Proof, obs []observation.Observation) error {
	a, err := newAppender(ctx, tx, p)
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck // the transaction's end closes it too
	for _, o := range obs {
		if err := a.add(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// putDefinition records a definition; one that differs from the last is a new
// version, in force since known.
func putDefinition(ctx context.Context, tx store.Tx, i observation.Indicator, known time.Time) error {
	var version int
	var was string
	_, err := tx.One(ctx, `SELECT version, doc FROM indicators_definition WHERE id = $1 ORDER BY version DESC LIMIT 1`, []any{i.ID}, &version, &was)
	if err != nil {
		return err
	}
	i.Version = version
	if same, err := json.Marshal(i); err != nil || string(same) == was {
		return err
	}
	i.Version = version + 1
	doc, err := json.Marshal(i)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO indicators_definition (id, version, known, doc) VALUES ($1, $2, $3, $4)`,
		i.ID, i.Version, store.Micros(known), string(doc))
	return err
}

func definitions(ctx context.Context, tx store.Tx) ([]observation.Indicator, error) {
	return store.Collect(ctx, tx, `SELECT d.doc FROM indicators_definition d
		WHERE d.version = (SELECT max(e.version) FROM indicators_definition e WHERE e.id = d.id) ORDER BY d.id`, nil, scanDoc[observation.Indicator])
}

func documents(ctx context.Context, tx store.Tx) ([]Document, error) {
	return store.Collect(ctx, tx, `SELECT doc FROM indicators_document ORDER BY id`, nil, scanDoc[Document])
}

func relations(ctx context.Context, tx store.Tx) (r Relations, err error) {
	var doc string
	found, err := tx.One(ctx, `SELECT doc FROM indicators_relation WHERE id = 'relations'`, nil, &doc)
	if err != nil || !found {
		return r, err
	}
	return r, json.Unmarshal([]byte(doc), &r)
}

// districtMap returns the map of the districts, nil when the pack had none.
func districtMap(ctx context.Context, tx store.Tx) ([]byte, error) {
	var doc string
	found, err := tx.One(ctx, `SELECT doc FROM indicators_relation WHERE id = 'map'`, nil, &doc)
	if err != nil || !found {
		return nil, err
	}
	return []byte(doc), nil
}

// putDoc writes one JSON document of table ("document" or "relation").
func putDoc(ctx context.Context, tx store.Tx, table, id string, v any) error {
	doc, err := json.Marshal(v)
	if err != nil {
		return err
	}
	query := `INSERT INTO indicators_document (id, doc) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`
	if table == "relation" {
		query = `INSERT INTO indicators_relation (id, doc) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`
	}
	_, err = tx.Exec(ctx, query, id, string(doc))
	return err
}

func scanDoc[T any](scan func(...any) error) (v T, err error) {
	var doc string
	if err := scan(&doc); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(doc), &v)
}
