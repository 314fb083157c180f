package identifiers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/docking"
	"yuzhou/modules/identifiers/docking/monitor"
	"yuzhou/modules/identifiers/escrow"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/inspect/remote"
)

// Docking tells the node above, table by table, what it has to know. What is to be sent is
// written down first, as it is signed, and sent until the node above has said what becomes
// of it; the same batch sent again has the same verdict.
const (
	mostItems   = 20_000           // rows of table 9 in a batch
	mostWaiting = 50               // batches that are sent in one go
	sendTimeout = time.Minute      // of a batch
	quickest    = 5 * time.Second  // until a batch is sent again that was not answered
	slowest     = 10 * time.Minute // likewise, in the end
)

// DockingBatch is a batch as it is sent.
type DockingBatch struct {
	Batch     string `json:"batch" doc:"rows of one table, as package docking writes them"`
	Signature []byte `json:"signature" doc:"SM2 with SM3 of the batch, by the key that the node tells at /identifiers/escrow"`
}

// DockingReceipt is what became of a batch.
type DockingReceipt struct {
	Node     string           `json:"node"`
	Table    docking.Table    `json:"table"`
	Digest   string           `json:"digest" doc:"SHA-256 of the batch"`
	Rows     int              `json:"rows"`
	Verdict  string           `json:"verdict" enum:"taken,refused"`
	Findings docking.Findings `json:"findings" doc:"why it was refused; of one that was taken, what does not fit what was sent before"`
}

// dock makes the batches that are due and sends those that wait.
func (s *Service) dock(ctx context.Context) error {
	upper := strings.TrimRight(s.setting(settingDocking), "/")
	if upper == "" || !s.serves() {
		return nil
	}
	if err := s.makeBatches(ctx); err != nil {
		return err
	}
	if s.now().Before(s.dockings.until) {
		return nil
	}
	err := s.sendBatches(ctx, upper)
	if err == nil {
		s.dockings = repeat{}
		return nil
	}
	s.dockings = s.dockings.longer(s.now())
	if fault.KindOf(err) == "" {
		return err
	}
	s.log.WarnContext(ctx, "the node above does not take what is to be told to it; it is sent again later", slog.Any("error", err), slog.Duration("after", s.dockings.wait))
	return nil
}

// sendBatches sends the batches that wait, the oldest first.
func (s *Service) sendBatches(ctx context.Context, upper string) error {
	var all []docked
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		if all, err = undocked(ctx, tx, s.site.Prefix, mostWaiting); err != nil {
			return err
		}
		for i := range all {
			if err := dockedDoc(ctx, tx, &all[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	api := apiAt(upper, sendTimeout)
	for _, d := range all {
		if err := s.sendBatch(ctx, api, d); err != nil {
			return err
		}
	}
	return nil
}

// sendBatch sends a batch and notes what the node above says of it.
func (s *Service) sendBatch(ctx context.Context, api *web.Client, d docked) error {
	var said DockingReceipt
	err := remote.Unreached(api.Do(ctx, "POST", "/identifiers/docking", DockingBatch{string(d.Doc), d.Signature}, &said))
	if err != nil {
		return err
	}
	if said.Digest != d.Digest {
		return fault.New(fault.Busy, "the node above has answered for batch %.12s, not for %.12s", said.Digest, d.Digest)
	}
	d.Verdict, d.Settled = said.Verdict, s.now()
	d.Findings = append(d.Findings, said.Findings...)
	if said.Verdict == batchRefused {
		s.log.WarnContext(ctx, "the node above has refused what was told to it", slog.String("table", string(d.Table)), slog.Any("error", said.Findings))
	}
	return s.db.Write(ctx, func(tx store.Tx) error { return settleDocked(ctx, tx, d) })
}

// draft is a batch that is to be made.
type draft struct {
	table  docking.Table
	period string
	rows   []any
}

// makeBatches writes down the batches that are due.
func (s *Service) makeBatches(ctx context.Context) error {
	all, err := s.subjects(ctx)
	if err != nil {
		return err
	}
	var since time.Time
	err = s.db.Read(ctx, func(tx store.Tx) (err error) {
		since, err = dockedSince(ctx, tx, s.site.Prefix)
		return err
	})
	if err != nil {
		return err
	}
	for _, spec := range docking.Specs() {
		if !stands(spec.Table) {
			continue
		}
		if err := s.makeStanding(ctx, spec, since, all); err != nil {
			return err
		}
	}
	if err := s.makeDays(ctx, all.held); err != nil {
		return err
	}
	if err := s.makeEvents(ctx); err != nil {
		return err
	}
	return s.makeReport(ctx, since)
}

// makeStanding makes the batch of a table that says how things stand: at once when they
// have changed, or when its time has come.
func (s *Service) makeStanding(ctx context.Context, spec docking.Spec, since time.Time, all subjects) error {
	rows := s.standingRows(spec.Table, all)
	last, err := s.newestOf(ctx, spec.Table)
	if err != nil {
		return err
	}
	if len(rows) == 0 && last.Digest == "" {
		return nil
	}
	if last.Digest != "" && last.Content == contentOf(rows) {
		due := docking.Last{Since: since, Sent: last.Made}
		at, err := docking.Due(spec.Table, due, nil)
		if err != nil || spec.Every == docking.AtOnce || !at.Open(s.now()) {
			return err
		}
	} else if last.Digest != "" && spec.Every != docking.AtOnce {
		if at, err := docking.Due(spec.Table, docking.Last{Since: since, Sent: last.Made}, nil); err != nil || !at.Open(s.now()) {
			return err
		}
	}
	return s.writeBatch(ctx, draft{spec.Table, docking.Day(s.now()), rows})
}

// newestOf returns the newest batch of a table of this node; the zero value for none.
func (s *Service) newestOf(ctx context.Context, t docking.Table) (d docked, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		d, err = lastDocked(ctx, tx, s.site.Prefix, t, "")
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		return docked{}, nil
	}
	return d, err
}

// makeDays makes the tables of the days that were counted since.
func (s *Service) makeDays(ctx context.Context, held []Held) error {
	last, err := s.newestOf(ctx, docking.TableStatistics)
	if err != nil {
		return err
	}
	days, err := s.allCensuses(ctx)
	if err != nil || len(days) == 0 {
		return err
	}
	if last.Digest == "" {
		days = days[len(days)-1:] // what was before the docking is not told
	}
	if err := s.measure(ctx); err != nil {
		return err
	}
	for _, t := range days {
		if t.Date <= last.Period {
			continue
		}
		d, err := s.dayOf(ctx, t, held)
		if err != nil {
			return err
		}
		if s.waits(d) {
			return nil
		}
		if err := s.makeDay(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// leastWait is how long nodes below are waited for at least: after a stop that took longer
// than figuresPatience they count as this node does, in a moment.
const leastWait = 2 * time.Minute

// waits reports whether nodes below may still state what they have counted on a day.
func (s *Service) waits(d countedDay) bool {
	now := s.now()
	if s.waiting.day != d.Date {
		s.waiting.day, s.waiting.since = d.Date, now
	}
	if !now.Before(d.At.Add(figuresPatience)) && !now.Before(s.waiting.since.Add(leastWait)) {
		return false
	}
	return slices.ContainsFunc(d.held, func(h Held) bool {
		_, stated := d.lower[handle.Fold(h.Prefix.Prefix)]
		return away(h) && !stated
	})
}

// makeDay makes the tables of a day. That of statistics comes last: with it the day is done.
func (s *Service) makeDay(ctx context.Context, d countedDay) error {
	err := s.items(ctx, d, mostItems, func(rows []any) error { return s.writeBatch(ctx, draft{docking.TableItem, d.Date, rows}) })
	for _, one := range []draft{
		{docking.TableFigures, d.Date, d.figures(s.site.Prefix)},
		{docking.TableEnterpriseStatistics, d.Date, d.enterprises()},
		{docking.TableStatistics, d.Date, []any{d.statistics(s.site.Prefix)}},
	} {
		if err == nil && len(one.rows) > 0 {
			err = s.writeBatch(ctx, one)
		}
	}
	return err
}

// makeEvents makes the batch of the events since the last one.
func (s *Service) makeEvents(ctx context.Context) error {
	last, err := s.newestOf(ctx, docking.TableEvent)
	if err != nil {
		return err
	}
	after, _ := strconv.ParseInt(last.Period, 10, 64) // 0 before the first
	var all []event
	err = s.db.Read(ctx, func(tx store.Tx) (err error) {
		all, err = events(ctx, tx, after)
		return err
	})
	if err != nil || len(all) == 0 {
		return err
	}
	d := draft{table: docking.TableEvent, period: strconv.FormatInt(all[len(all)-1].Seq, 10)}
	for i := range all {
		d.rows = append(d.rows, &all[i].Event)
	}
	return s.writeBatch(ctx, d)
}

// makeReport makes the report of the month that is over, once its last day was counted.
func (s *Service) makeReport(ctx context.Context, since time.Time) error {
	month := docking.Day(s.now())[:len("2026-01")]
	begin, err := docking.ParseInstant(month + "-01 00:00:00")
	if err != nil {
		return err
	}
	over := docking.Day(begin.AddDate(0, 0, -1))
	last, err := s.newestOf(ctx, docking.TableReport)
	if err != nil || since.IsZero() || !since.Before(begin) || last.Period >= over[:len(month)] {
		return err
	}
	days, err := s.newestOf(ctx, docking.TableStatistics)
	if err != nil || days.Period < over {
		return err
	}
	r, _, err := s.report(ctx, over[:len(month)])
	if err != nil {
		return err
	}
	return s.writeBatch(ctx, draft{docking.TableReport, r.Month, []any{&r}})
}

// report computes the report of a month of this node, and what it is computed from.
//
// Errors: fault.Invalid when it is no month.
func (s *Service) report(ctx context.Context, month string) (docking.Report, monitor.Month, error) {
	m := monitor.Month{Prefix: s.site.Prefix, Name: s.site.Prefix, Month: month}
	err := s.db.Read(ctx, func(tx store.Tx) error {
		operators, err := told[docking.Organisation](ctx, tx, toldOperator, s.site.Prefix)
		if err != nil {
			return err
		}
		if len(operators) > 0 {
			m.Name = operators[0].Name
		}
		days, err := measured(ctx, tx, month+"-01", month+"-31", s.site.Prefix)
		if err != nil {
			return err
		}
		for _, d := range days {
			m.Days = append(m.Days, monitor.Daily{Figures: d.Figures(d.Date(), s.site.Prefix), Counts: d.Latency.Counts()})
		}
		all, err := events(ctx, tx, 0)
		if err != nil {
			return err
		}
		only := make([]docking.Event, len(all))
		for i, e := range all {
			only[i] = e.Event
		}
		outages, err := monitor.Outages(only)
		m.Incidents = within(outages, month)
		return err
	})
	if err != nil {
		return docking.Report{}, m, err
	}
	r, err := m.Report()
	return r, m, err
}

// within returns the outages that touch a month.
func within(all []monitor.Outage, month string) (out []monitor.Outage) {
	for _, o := range all {
		from, to := docking.Day(o.From)[:len(month)], month
		if !o.To.IsZero() {
			to = docking.Day(o.To)[:len(month)]
		}
		if from <= month && to >= month {
			out = append(out, o)
		}
	}
	return out
}

// writeBatch signs a batch and writes it down. Rows that break a rule of their table are left
// out, and what is wrong with them is noted; a batch without rows is not sent.
func (s *Service) writeBatch(ctx context.Context, of draft) error {
	now := s.now()
	b, err := fitting(docking.Batch{Table: of.table, Node: s.site.Prefix, Sent: now, Rows: of.rows})
	if err != nil {
		return err
	}
	k, err := s.keys()
	if err != nil {
		return err
	}
	d := docked{Node: s.site.Prefix, Table: of.table, Content: contentOf(of.rows), Period: of.period, Rows: b.rows, Short: len(of.rows) - b.rows, Doc: b.doc, Signature: []byte{}, Made: now, Findings: b.short}
	if b.rows == 0 { // by this node's own rules there is nothing to send
		d.Verdict, d.Settled, d.Digest = batchRefused, now, d.Content
	} else {
		d.Digest = digestOf(b.doc)
		if d.Signature, err = escrow.Sign(k.sm2, b.doc); err != nil {
			return err
		}
	}
	return s.db.Write(ctx, func(tx store.Tx) error { return putDocked(ctx, tx, d) })
}

// digestOf is the SHA-256 of a batch.
func digestOf(doc []byte) string {
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:])
}

// contentOf is a digest of rows alone.
func contentOf(rows []any) string {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(rows); err != nil {
		return "" // rows have always JSON
	}
	return hex.EncodeToString(h.Sum(nil))
}
