package identifiers

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/census"
	"yuzhou/modules/identifiers/docking"
	"yuzhou/modules/identifiers/escrow"
	"yuzhou/modules/identifiers/handle"
)

// takeBatch takes a batch of a node below: what has come is kept as it was signed,
// whatever the verdict on it is.
//
// Errors: fault.Invalid of what is no batch, fault.Forbidden when it is not of a node right
// below this one, or not signed by it; fault.Busy while the node's key cannot be asked for.
func (s *Service) takeBatch(ctx context.Context, in DockingBatch) (DockingReceipt, error) {
	doc := []byte(in.Batch)
	b, found, err := parseBatch(doc)
	if err != nil {
		return DockingReceipt{}, err
	}
	d := docked{Node: b.Node, Table: b.Table, Digest: digestOf(doc), Doc: doc, Signature: in.Signature, Rows: len(b.Rows), Made: s.now(), Settled: s.now(), Verdict: batchTaken, Findings: found}
	if err := s.sentBy(ctx, b.Node, doc, in.Signature); err != nil {
		return DockingReceipt{}, err
	}
	if len(found) > 0 {
		d.Verdict = batchRefused
	} else {
		d.Content, d.Period = contentOf(b.Rows), periodOf(b)
	}
	err = s.db.Write(ctx, func(tx store.Tx) error {
		before, ok, err := oneDocked(ctx, tx, d.Node, d.Table, d.Digest)
		if ok || err != nil {
			d = before // it was sent again
			return err
		}
		if d.Verdict == batchTaken {
			if d.Findings, err = follows(ctx, tx, b); err != nil {
				return err
			}
		}
		return putDocked(ctx, tx, d)
	})
	return DockingReceipt{Node: d.Node, Table: d.Table, Digest: d.Digest, Rows: d.Rows, Verdict: d.Verdict, Findings: append(docking.Findings{}, d.Findings...)}, err
}

// parseBatch reads a batch, or says what is wrong with its rows.
func parseBatch(doc []byte) (docking.Batch, docking.Findings, error) {
	b, err := docking.Parse(doc)
	found, ok := asFindings(err)
	if ok {
		err = nil
	}
	return b, found, err
}

// sentBy holds that a batch was signed by the node that it is of, and that this is one
// right below.
func (s *Service) sentBy(ctx context.Context, name string, doc, signature []byte) error {
	var p Held
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		p, err = held(ctx, tx, name)
		return err
	})
	if fault.KindOf(err) == fault.NotFound || err == nil && p.State != Delegated {
		return fault.Say(fault.Forbidden, "%s 不是本节点委托的下级节点，不接收它的报送。", "%s is no node that this one has delegated a prefix to; nothing is taken of it", name)
	}
	if err != nil {
		return err
	}
	at, ok := webOf(p.Prefix)
	if !ok {
		return fault.Say(fault.Forbidden, "%s 的委托里没有 HTTP 地址，无从核对签名。", "the delegation of %s has no address by HTTP: its key is not known", name)
	}
	_, key, err := s.peer(ctx, p.Prefix.Prefix, apiAt("http://"+at.String(), askTimeout))
	if err != nil {
		return err
	}
	if escrow.Verify(key, doc, signature) != nil {
		return fault.Say(fault.Forbidden, "签名不是 %s 的：报送的内容或密钥不对。", "the signature is not that of %s: the batch was altered, or the key is another's", name)
	}
	return nil
}

// periodOf is what a batch reaches to: the day or month of its rows, or of when it was
// sent.
func periodOf(b docking.Batch) string {
	switch row := b.Rows[len(b.Rows)-1].(type) {
	case *docking.Statistics:
		return row.Date
	case *docking.Figures:
		return row.Date
	case *docking.Report:
		return row.Month
	case *docking.Item:
		return docking.Day(b.Sent.AddDate(0, 0, -1))
	default:
		return docking.Day(b.Sent)
	}
}

// follows compares statistics with those of the day before.
func follows(ctx context.Context, tx store.Tx, b docking.Batch) (found docking.Findings, err error) {
	if b.Table != docking.TableStatistics && b.Table != docking.TableEnterpriseStatistics {
		return nil, nil
	}
	before, err := lastRows(ctx, tx, b.Node, b.Table)
	if err != nil {
		return nil, err
	}
	was := map[string]docking.Statistics{}
	for _, row := range before.Rows {
		if r, ok := row.(*docking.Statistics); ok {
			was[handle.Fold(r.Prefix)] = *r
		}
	}
	for i, row := range b.Rows {
		r, ok := row.(*docking.Statistics)
		if !ok {
			continue
		}
		if w, ok := was[handle.Fold(r.Prefix)]; ok {
			for _, f := range docking.CheckNext(w, *r) {
				f.Row = i + 1
				found = append(found, f)
			}
		}
	}
	return found, nil
}

// compareDocked compares the counts that nodes below have sent with the censuses that they
// have stated: prefix by prefix, by a tree of that census.
func (s *Service) compareDocked(ctx context.Context) error {
	all, known, err := s.uncompared(ctx)
	for _, d := range all {
		if err != nil {
			return err
		}
		l, ok := known[handle.Fold(d.Node)]
		if !ok || l.Stated.Day < d.Period || s.now().Before(s.doubted[d.Node].until) {
			continue // it has not stated that day yet
		}
		err = s.compareAndNote(ctx, d, l)
	}
	return err
}

// uncompared are the batches of counts that were not compared yet, and what the nodes below
// have stated last.
func (s *Service) uncompared(ctx context.Context) (all []docked, known map[string]lower, err error) {
	known = map[string]lower{}
	err = s.db.Read(ctx, func(tx store.Tx) (err error) {
		if all, err = unproved(ctx, tx, docking.TableEnterpriseStatistics, s.site.Prefix); err != nil || len(all) == 0 {
			return err
		}
		for i := range all {
			if err := dockedDoc(ctx, tx, &all[i]); err != nil {
				return err
			}
		}
		stated, err := lowers(ctx, tx)
		for _, l := range stated {
			known[handle.Fold(l.Prefix)] = l
		}
		return err
	})
	return all, known, err
}

// compareAndNote compares a batch and notes what was found; a node that cannot be asked now
// is asked again.
func (s *Service) compareAndNote(ctx context.Context, d docked, l lower) error {
	err := s.compareOne(ctx, &d, l)
	if fault.KindOf(err) == fault.Busy {
		s.doubted[d.Node] = s.doubted[d.Node].longer(s.now())
		return nil
	}
	if err != nil {
		return err
	}
	delete(s.doubted, d.Node)
	if len(d.Findings) > 0 {
		s.log.WarnContext(ctx, "what a node below has sent is not what it has stated", slog.String("prefix", d.Node), slog.String("day", d.Period), slog.Any("error", d.Findings))
	}
	return s.db.Write(ctx, func(tx store.Tx) error { return proveDocked(ctx, tx, d) })
}

// compareOne adds to the findings of a batch what its census says otherwise.
func (s *Service) compareOne(ctx context.Context, d *docked, l lower) error {
	b, err := docking.Parse(d.Doc)
	if err != nil {
		return err
	}
	if l.Stated.Day > d.Period {
		d.Findings = append(d.Findings, docking.Finding{ZH: "应为：与当日计数同时报送；下级节点已计下一日，无法逐前缀核对", EN: "want counts sent on the day after: the node has counted the next day since, so prefixes cannot be compared one by one"})
		return nil
	}
	var prefixes []string
	for _, row := range b.Rows {
		if r, ok := row.(*docking.Statistics); ok {
			prefixes = append(prefixes, r.Prefix)
		}
	}
	tree, err := s.treeOf(ctx, l, prefixes)
	if err != nil {
		return err
	}
	head, err := head(uint64(l.Stated.Registered), uint64(l.Stated.Resolved), l.Stated.Root) //nolint:gosec // counts
	if err != nil {
		return err
	}
	if tree.Head() != head {
		d.Findings = append(d.Findings, docking.Finding{Value: tree.Head().String(), ZH: "应为：当日陈述的计数树 " + head.String(), EN: "want a tree of the census that was stated, " + head.String()})
		return nil
	}
	elsewhere, err := s.elsewhere(ctx, d.Node)
	for i, row := range b.Rows {
		if r, ok := row.(*docking.Statistics); ok && !elsewhere[handle.Fold(r.Prefix)] {
			d.Findings = append(d.Findings, compareRow(tree, i+1, r)...)
		}
	}
	return err
}

// compareRow compares the total of an enterprise whose identifiers are in the node below with
// the census. One with a node of its own has another census, which the node below checks.
func compareRow(tree *census.Tree, row int, r *docking.Statistics) docking.Findings {
	under, shown := tree.Under([]byte(handle.Fold(r.Prefix) + "/"))
	if shown != census.Hidden && int64(under.Registered) == r.Total { //nolint:gosec // a count
		return nil
	}
	counted := strconv.FormatUint(under.Registered, 10)
	return docking.Findings{{Row: row, Field: "registered", Value: strconv.FormatInt(r.Total, 10), ZH: "应为：计数树中该前缀下的标识数 " + counted, EN: "want the identifiers below the prefix in the census, " + counted}}
}

// treeOf asks a node below for the part of its last census that shows prefixes.
func (s *Service) treeOf(ctx context.Context, l lower, prefixes []string) (*census.Tree, error) {
	var p Held
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		p, err = held(ctx, tx, l.Prefix)
		return err
	})
	if err != nil {
		return nil, err
	}
	at, ok := webOf(p.Prefix)
	if !ok {
		return nil, fault.New(fault.Busy, "the delegation of %s has no address by HTTP", l.Prefix)
	}
	var said CountsAnswer
	if err := apiAt("http://"+at.String(), time.Minute).Do(ctx, "POST", "/identifiers/counts", CountsQuestion{prefixes}, &said); err != nil {
		return nil, &fault.Fault{Kind: fault.Busy, Text: "the node below does not show its counts", Err: err}
	}
	if said.Day != l.Stated.Day {
		return nil, fault.New(fault.Busy, "the node below has shown its counts of %s, not of %s", said.Day, l.Stated.Day)
	}
	return census.Parse(said.Tree)
}

// elsewhere returns the folded prefixes that a node below resolves by other servers than
// its own, as it has told in tables 2 and 7.
func (s *Service) elsewhere(ctx context.Context, node string) (map[string]bool, error) {
	var own, below docking.Batch
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		if own, err = lastRows(ctx, tx, node, docking.TableRoute); err == nil {
			below, err = lastRows(ctx, tx, node, docking.TableEnterpriseRoute)
		}
		return err
	})
	servers := map[string]bool{}
	at := func(r *docking.Route) string { return fmt.Sprint(r.IP, r.Endpoints) }
	for _, row := range own.Rows {
		if r, ok := row.(*docking.Route); ok {
			servers[at(r)] = true
		}
	}
	out := map[string]bool{}
	for _, row := range below.Rows {
		if r, ok := row.(*docking.Route); ok && !servers[at(r)] {
			out[handle.Fold(r.Prefix)] = true
		}
	}
	return out, err
}

// lastRows returns the newest batch of a table that was taken; the zero value for none.
func lastRows(ctx context.Context, tx store.Tx, node string, t docking.Table) (docking.Batch, error) {
	d, err := lastDocked(ctx, tx, node, t, batchTaken)
	if fault.KindOf(err) == fault.NotFound {
		return docking.Batch{}, nil
	}
	if err == nil {
		err = dockedDoc(ctx, tx, &d)
	}
	if err != nil {
		return docking.Batch{}, err
	}
	return docking.Parse(d.Doc)
}
