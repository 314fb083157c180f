package proof

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/store"
)

// What an audit finds.
const (
	FoundAltered  = "altered"  // the data say another thing than was stated
	FoundMissing  = "missing"  // stated, and the data have it no more
	FoundUnstated = "unstated" // the data have it, and nobody has stated it
	FoundUnlogged = "unlogged" // the database has a statement that the log does not have
	FoundLost     = "lost"     // the log has a statement that the database does not have
	FoundBroken   = "broken"   // an entry of the log is no statement of a key that was in force
)

// Finding is one thing that is not as it was stated.
type Finding struct {
	Kind    string `json:"kind" enum:"altered,missing,unstated,unlogged,lost,broken"`
	Name    string `json:"name" doc:"with vintage"`
	Stated  string `json:"stated,omitempty" doc:"what was stated"`
	Found   string `json:"found,omitempty" doc:"what the data say now"`
	ZH      string `json:"zh"`
	EN      string `json:"en"`
	Page    string `json:"page,omitempty" doc:"that shows it"`
	Touches []Mark `json:"touches,omitempty" doc:"what rests on it, near and far: their values and bundles no longer agree with the data"`
}

// Mark is something that rests on what was found.
type Mark struct {
	Name string `json:"name" doc:"with vintage"`
	Page string `json:"page,omitempty"`
}

// Audited is what a look through the whole log and all data has found.
type Audited struct {
	Entries  int64     `json:"entries" doc:"of the log"`
	Records  int64     `json:"records" doc:"that were stated as trees"`
	Claims   int64     `json:"claims" doc:"what the data say now, compared with what was stated"`
	Waiting  int64     `json:"waiting" doc:"not stated yet"`
	Findings []Finding `json:"findings"`
}

// maxFindings is how many findings an audit tells.
const maxFindings = 1000

// fingerprint is what a claim says, without vintage and issuer.
type fingerprint [sha256.Size]byte

func (c Claim) fingerprint() (fingerprint, error) {
	c = c.plain()
	c.Vintage, c.Issuer = 0, ""
	text, err := json.Marshal(c)
	return sha256.Sum256(text), err
}

// said is what an entry of the log says.
type said struct {
	print fingerprint
	index uint64
}

// audit is one look through everything.
type audit struct {
	s      *Service
	stated map[string]map[int64]said // by name and vintage, from the log alone
	kinds  map[string]statement.Kind // by name
	gone   map[string]bool           // names whose newest vintage withdraws
	seen   map[string]bool           // names with vintage that the data have
	loose  map[string]bool           // names of which they have the newest vintage only
	covers map[statement.Kind]*Source
	short  bool // the database names places that the log does not have
	out    Audited
}

// Audit reads the log from its first entry on and compares it with the database and
// with what the modules' data say now. It reads everything: for auditors. It holds a
// fingerprint of each statement in memory, some 150 bytes.
//
// Errors: fault.Busy before anything was stated.
func (s *Service) Audit(ctx context.Context) (Audited, error) {
	a := audit{
		s: s, stated: map[string]map[int64]said{}, kinds: map[string]statement.Kind{}, gone: map[string]bool{}, seen: map[string]bool{}, loose: map[string]bool{},
		covers: map[statement.Kind]*Source{}, out: Audited{Findings: []Finding{}},
	}
	for i, src := range s.sources {
		for _, k := range src.Kinds {
			a.covers[k] = &s.sources[i]
		}
	}
	for _, step := range []func(context.Context) error{a.readLog, a.readStored, a.readData, a.auditStreams, a.missed} {
		if err := step(ctx); err != nil {
			return a.out, err
		}
	}
	return a.out, nil
}

// readLog takes what was stated from the log, which the database cannot change.
func (a *audit) readLog(ctx context.Context) error {
	known, err := a.s.verifier(ctx)
	if err != nil {
		return err
	}
	a.short, err = a.s.entries(ctx, 0, func(index uint64, entry []byte) error {
		a.out.Entries++
		st, _, err := statement.Verify(entry, known)
		if err != nil {
			a.find(Finding{
				Kind: FoundBroken, Name: fmt.Sprintf("log/%d", index), ZH: fmt.Sprintf("日志第 %d 条不是有效的声明。", index),
				EN: fmt.Sprintf("entry %d of the log does not hold: %v", index, err),
			})
			if st.Name == "" {
				return nil
			}
		}
		c := a.s.claimOf(st)
		if a.stated[c.Name] == nil {
			a.stated[c.Name] = map[int64]said{}
		}
		a.kinds[c.Name], a.gone[c.Name] = c.Kind, c.Withdraw
		sum, err := c.fingerprint()
		if err != nil {
			return err
		}
		a.stated[c.Name][c.Vintage] = said{sum, index}
		return a.same(ctx, index, entry, Ref{c.Name, c.Vintage})
	})
	return err
}

// same looks whether the database has an entry of the log as it is there.
func (a *audit) same(ctx context.Context, index uint64, entry []byte, r Ref) error {
	return a.s.db.Read(ctx, func(tx store.Tx) error {
		var doc string
		var place int64
		found, err := tx.One(ctx, `SELECT doc, place FROM proof_statement WHERE name = $1 AND vintage = $2`, []any{r.Name, r.Vintage}, &doc, &place)
		if err != nil || found && bytes.Equal([]byte(doc), entry) && place == int64(index) { //nolint:gosec // a log has fewer
			return err
		}
		name := a.s.full(r)
		if found {
			a.find(Finding{Kind: FoundUnlogged, Name: name, ZH: name + " 在数据库中的声明与日志第 " + itoa(int(index)) + " 条不同。", //nolint:gosec // likewise
				EN: fmt.Sprintf("the database has another statement of %s than entry %d of the log", name, index)})
			return nil
		}
		a.find(Finding{
			Kind: FoundLost, Name: name, ZH: name + " 在日志中，数据库中没有：数据库可能被恢复到较早的状态。",
			EN: fmt.Sprintf("entry %d of the log states %s, and the database does not have it: it may have been put back to an older state", index, name),
		})
		return nil
	})
}

// readStored looks for statements that the database has and the log does not.
func (a *audit) readStored(ctx context.Context) error {
	return a.s.db.Read(ctx, func(tx store.Tx) error {
		if _, err := tx.One(ctx, `SELECT count(*) FROM proof_claim`, nil, &a.out.Waiting); err != nil {
			return err
		}
		return tx.Each(ctx, `SELECT name, vintage, place FROM proof_statement ORDER BY name, vintage`, nil, func(scan func(...any) error) error {
			var r Ref
			var place int64
			if err := scan(&r.Name, &r.Vintage, &place); err != nil {
				return err
			}
			if _, ok := a.stated[r.Name][r.Vintage]; ok || place < 0 || place >= a.out.Entries && !a.short {
				return nil
			}
			name := a.s.full(r)
			a.find(Finding{Kind: FoundUnlogged, Name: name, ZH: name + " 的声明不在日志中。", EN: "the log does not have the statement of " + name + " that the database has"})
			return nil
		})
	})
}

// readData compares what the modules' data say with what was stated.
func (a *audit) readData(ctx context.Context) error {
	for i := range a.s.sources {
		err := a.s.sources[i].Claims(ctx, func(c Claim) error {
			a.out.Claims++
			return a.claim(ctx, c, a.s.sources[i].Kept)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *audit) claim(ctx context.Context, c Claim, kept bool) error { //nolint:revive // as its source says
	vintage := a.vintage(c)
	if err := a.s.db.Read(ctx, func(tx store.Tx) error { return a.s.resolve(ctx, tx, &c) }); err != nil {
		return err
	}
	now, err := c.fingerprint()
	if err != nil {
		return err
	}
	was, ok := a.stated[c.Name][vintage]
	if ok && was.print == now {
		return nil
	}
	if kept { // what is computed is stated when the engine comes to it, but not from altered data
		if bad, err := a.s.rotten(ctx, c); err != nil || bad == "" {
			a.out.Waiting++
			return err
		}
	}
	return a.differ(ctx, c, Ref{c.Name, max(vintage, 1)}, was)
}

// differ tells that the data say another thing than was stated; the zero said is nothing.
func (a *audit) differ(ctx context.Context, c Claim, r Ref, was said) error {
	f := Finding{Kind: FoundUnstated, Name: a.s.full(r), Found: c.text()}
	f.ZH, f.EN = f.Name+" 在数据中为“"+f.Found+"”，但从未声明过。", "the data say "+f.Found+" of "+f.Name+", which nobody has stated"
	if was != (said{}) {
		if err := a.altered(ctx, &f, was); err != nil {
			return err
		}
	}
	return a.s.db.Read(ctx, func(tx store.Tx) error {
		if waits, err := a.s.pendingClaim(ctx, tx, c); err != nil || waits {
			return err
		}
		since, err := tx.One(ctx, `SELECT 1 FROM proof_statement WHERE name = $1 AND place >= $2`, []any{c.Name, a.out.Entries}, new(int))
		if err != nil || since {
			return err // stated while the audit was under way
		}
		return a.tell(ctx, tx, f, r)
	})
}

// vintage says with which vintage a claim is compared, and notes that the data have it.
func (a *audit) vintage(c Claim) int64 {
	if c.Vintage != 0 {
		a.seen[a.s.full(Ref{c.Name, c.Vintage})] = true
		return c.Vintage
	}
	a.loose[c.Name] = true
	var newest int64
	for v := range a.stated[c.Name] {
		newest = max(newest, v)
	}
	return newest
}

// altered words that the data say another thing than was stated.
func (a *audit) altered(ctx context.Context, f *Finding, was said) (err error) {
	f.Kind = FoundAltered
	if f.Stated, err = a.text(ctx, was.index); err != nil {
		return err
	}
	f.ZH = fmt.Sprintf("%s 声明为“%s”，数据中现为“%s”。", f.Name, f.Stated, f.Found)
	f.EN = fmt.Sprintf("%s was stated as %s; the data say %s now", f.Name, f.Stated, f.Found)
	return nil
}

// errEnough ends a walk over the log that has seen what it was for.
var errEnough = errors.New("enough")

// text returns what an entry of the log says.
func (a *audit) text(ctx context.Context, index uint64) (text string, err error) {
	_, err = a.s.entries(ctx, index, func(_ uint64, entry []byte) error {
		st, _, err := statement.Parse(entry)
		if err == nil {
			text, err = a.s.claimOf(st).text(), errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return text, err
}

// missed looks for what was stated and what the data have no more.
func (a *audit) missed(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(a.stated)) {
		src := a.covers[a.kinds[name]]
		if src == nil || a.gone[name] || a.loose[name] {
			continue
		}
		for _, v := range slices.Sorted(maps.Keys(a.stated[name])) {
			if r := (Ref{name, v}); !a.seen[a.s.full(r)] {
				if err := a.miss(ctx, r); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// miss tells that the data no longer have what was stated.
func (a *audit) miss(ctx context.Context, r Ref) (err error) {
	f := Finding{Kind: FoundMissing, Name: a.s.full(r)}
	if f.Stated, err = a.text(ctx, a.stated[r.Name][r.Vintage].index); err != nil {
		return err
	}
	f.ZH, f.EN = fmt.Sprintf("%s 声明为“%s”，数据中已没有。", f.Name, f.Stated), fmt.Sprintf("%s was stated as %s; the data have it no more", f.Name, f.Stated)
	return a.s.db.Read(ctx, func(tx store.Tx) error { return a.tell(ctx, tx, f, r) })
}

// tell adds what a finding touches, and the finding.
func (a *audit) tell(ctx context.Context, tx store.Tx, f Finding, r Ref) error {
	f.Page = a.page(r.Name)
	seen := map[Ref]bool{r: true}
	for queue := []Ref{r}; len(queue) > 0 && len(f.Touches) < maxFindings; queue = queue[1:] {
		rest, err := restsOn(ctx, tx, queue[0])
		if err != nil {
			return err
		}
		for _, d := range rest {
			if !seen[d] {
				seen[d] = true
				queue = append(queue, d)
				f.Touches = append(f.Touches, Mark{a.s.full(d), a.page(d.Name)})
			}
		}
	}
	a.find(f)
	return nil
}

func (a *audit) find(f Finding) {
	if len(a.out.Findings) < maxFindings {
		a.out.Findings = append(a.out.Findings, f)
	}
}

// page returns the address of the page that shows a name.
func (a *audit) page(name string) string {
	if src := a.covers[a.kinds[name]]; src != nil && src.Page != nil {
		return src.Page(name)
	}
	return ""
}

// restsOn reads what names a vintage among its inputs.
func restsOn(ctx context.Context, tx store.Tx, r Ref) ([]Ref, error) {
	return store.Collect(ctx, tx, `SELECT name, vintage FROM proof_input WHERE input = $1 AND input_vintage = $2 ORDER BY name, vintage`,
		[]any{r.Name, r.Vintage}, func(scan func(...any) error) (d Ref, err error) { return d, scan(&d.Name, &d.Vintage) })
}

// full prints a vintage's name: 88.500.1/st.hte/500000/2023-06-30@2.
func (s *Service) full(r Ref) string { return fmt.Sprintf("%s@%d", s.name(r.Name), r.Vintage) }

// text is what a claim says, for a sentence.
func (c Claim) text() string {
	switch {
	case c.Withdraw:
		return "withdrawn"
	case c.Value != "":
		return c.Value + " " + c.Unit
	case c.Status != "":
		return c.Status
	case c.Content != nil:
		return c.Content.Digest
	case c.Batch != nil:
		return c.Batch.Root
	}
	return ""
}

// statedText is what the statement of a vintage says, for a sentence.
func (s *Service) statedText(ctx context.Context, tx store.Tx, r Ref) (string, error) {
	c, err := s.claimed(ctx, tx, r.Name, r.Vintage)
	if err != nil || c == nil {
		return "", err
	}
	return c.text(), nil
}
