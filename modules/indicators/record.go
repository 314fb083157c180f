package indicators

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/event"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/indicators/sheet"
)

// ImportOptions says how a file is to be taken.
type ImportOptions struct {
	Name    string // of the file, for its format and for the record
	DryRun  bool   // only say what would happen
	Partial bool   // keep the good rows of a file that has bad ones
}

// Report says what became of an import.
type Report struct {
	Rows     int             `json:"rows"`
	Accepted int             `json:"accepted" doc:"rows that are right"`
	Refused  int             `json:"refused"`
	Mended   int             `json:"mended" doc:"of the accepted, those that were read with a correction"`
	Added    int             `json:"added" doc:"new vintages; rows that say what is known already add nothing"`
	Done     bool            `json:"done" doc:"false when nothing was changed"`
	Document string          `json:"document,omitempty" doc:"id under which the import is recorded"`
	Notes    []string        `json:"notes,omitempty"`
	Verdicts []sheet.Verdict `json:"verdicts,omitempty" doc:"of refused and mended rows, the first 1000"`
}

// maxVerdicts is how many verdicts a report lists.
const maxVerdicts = 1000

// errUndone ends a transaction that must leave nothing, without being a failure.
var errUndone = errors.New("nothing was to be kept")

// Import reads a CSV or XLSX file into the store, in one transaction: every row,
// or none when one is refused (unless opts.Partial), or none when opts.DryRun.
// The file's own faults are fault.Invalid; rows' faults are in the report.
func (s *Service) Import(ctx context.Context, r io.Reader, opts ImportOptions) (Report, error) {
	head := make([]byte, 512)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		if errors.Is(err, io.EOF) {
			return Report{}, fault.New(fault.Invalid, "the file is empty")
		}
		return Report{}, err
	}
	in := importer{s: s, opts: opts, touched: map[string]bool{}, allowed: map[string]error{}, document: "import." + store.NewID(s.now())}
	if in.catalog, err = s.catalog(ctx); err != nil {
		return Report{}, err
	}
	body := io.MultiReader(bytes.NewReader(head[:n]), r)
	err = s.db.Write(ctx, func(tx store.Tx) error { return in.run(ctx, tx, body, sheet.Detect(opts.Name, head[:n])) })
	if err != nil && !errors.Is(err, errUndone) {
		return Report{}, err
	}
	in.report.Done = err == nil
	if in.report.Done && in.report.Added > 0 {
		if err := s.Proof.Settle(ctx); err != nil {
			return Report{}, err
		}
	}
	if in.report.Done && in.report.Added > 0 {
		event.Publish(ctx, s.events, Recorded{slices.Sorted(maps.Keys(in.touched))})
	}
	return in.report, nil
}

// importer is one import under way.
type importer struct {
	s        *Service
	opts     ImportOptions
	catalog  *catalog
	document string
	report   Report
	touched  map[string]bool
	allowed  map[string]error // by unit: nil when the actor may submit for it
}

func (in *importer) run(ctx context.Context, tx store.Tx, body io.Reader, format sheet.Format) error {
	now := in.s.now()
	rows := sheet.Read(body, format, sheet.Options{
		Lookup: func(id string) (observation.Indicator, bool) {
			i, ok := in.catalog.byID[id]
			return i, ok
		},
		Place: func(unit string) (string, bool) {
			_, err := in.s.Units.Unit(ctx, unit)
			return unit, fault.KindOf(err) != fault.NotFound
		},
		Suggest: in.catalog.suggest, DefaultUnit: in.s.site.Unit, Known: now, Document: in.document, Today: now, Zone: in.s.site.Zone,
	})
	a, err := newAppender(ctx, tx, in.s.Proof)
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck // the transaction's end closes it too
	a.unsourced = in.document
	for {
		row, v, ok := rows.Next()
		if !ok {
			break
		}
		if err := in.take(ctx, a, row, v, now); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return in.finish(ctx, tx, a, rows.Notes())
}

// take appends one row, or notes why it is refused.
func (in *importer) take(ctx context.Context, a *appender, row sheet.Row, v sheet.Verdict, now time.Time) error {
	o := row.Observation
	if v.OK {
		err := in.admit(ctx, o)
		if err == nil {
			o.Recorded, o.By = now, actor.Of(ctx).ID
			err = a.add(ctx, o)
		}
		if kind := fault.KindOf(err); err != nil && (kind == "" || kind == fault.Busy) { // no fault of the row
			return err
		}
		if err != nil {
			v.OK, v.Reason = false, web.Text(err)
		}
	}
	in.report.count(v)
	if v.OK {
		in.touched[o.Indicator] = true
	}
	return nil
}

// admit says why a number may not be handed in, beyond what its row shows.
func (in *importer) admit(ctx context.Context, o observation.Observation) error {
	if err := in.may(ctx, o.Unit); err != nil {
		return err
	}
	if o.Status.Ours() {
		return fault.New(fault.Invalid, "status %s is given by this program only: hand in what was reported", o.Status)
	}
	if in.catalog.byID[o.Indicator].Formula != "" {
		return fault.New(fault.Invalid, "indicator %s is derived by a formula: hand in its inputs instead", o.Indicator)
	}
	return nil
}

// count adds a verdict to the report.
func (r *Report) count(v sheet.Verdict) {
	r.Rows++
	switch {
	case !v.OK:
		r.Refused++
	case v.Mended:
		r.Accepted++
		r.Mended++
	default:
		r.Accepted++
	}
	if (!v.OK || v.Mended) && len(r.Verdicts) < maxVerdicts {
		r.Verdicts = append(r.Verdicts, v)
	}
}

// may reports whether the actor may hand in numbers of a unit, asked once a unit.
func (in *importer) may(ctx context.Context, unit string) error {
	err, ok := in.allowed[unit]
	if ok {
		return err
	}
	if _, err = in.s.Units.Unit(ctx, unit); fault.KindOf(err) == fault.NotFound {
		err = fault.New(fault.Invalid, "unit %q is not a known place", unit)
	}
	if err == nil {
		err = in.s.Access.Decide(ctx, actor.Of(ctx), actor.Submit, unit)
	}
	in.allowed[unit] = err
	return err
}

// finish keeps the import, or ends it with errUndone so that nothing remains.
func (in *importer) finish(ctx context.Context, tx store.Tx, a *appender, notes []string) error {
	in.report.Added, in.report.Notes = a.Added, notes
	if in.report.Refused == 0 || in.opts.Partial {
		if err := in.catalog.gate(ctx, tx, in.touched, in.s.now()); err != nil {
			return err
		}
	}
	if in.opts.DryRun || in.report.Refused > 0 && !in.opts.Partial {
		if !in.opts.DryRun {
			in.report.Added = 0
		}
		return errUndone
	}
	if a.Added == 0 {
		return nil
	}
	in.report.Document = in.document
	doc := Document{ID: in.document, Kind: "import", Published: in.s.site.Today().Format(time.DateOnly)}
	doc.ZH, doc.EN = "导入文件 "+in.opts.Name, "Imported file "+in.opts.Name
	if err := putDoc(ctx, tx, "document", doc.ID, doc); err != nil {
		return err
	}
	return in.s.Audit.Audit(ctx, tx, "indicators.import", in.document, fmt.Sprintf("%s: %d rows, %d new", in.opts.Name, in.report.Rows, in.report.Added))
}
