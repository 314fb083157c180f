package proof

import (
	"context"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/store"
)

// State says how far a thing that is shown is proved.
type State string

// The states.
const (
	Proved     State = "proved"     // stated, in the log, and says what is shown
	Waiting    State = "waiting"    // to be stated, or stated and not in the log yet
	Superseded State = "superseded" // proved, and a newer vintage is there
	Withdrawn  State = "withdrawn"  // the newest vintage says that it no longer holds
	Altered    State = "altered"    // what is shown is not what was stated
	Unstated   State = "unstated"   // nobody has stated it
)

// Standing is how far a thing that is shown is proved.
type Standing struct {
	State   State  `json:"state" enum:"proved,waiting,superseded,withdrawn,altered,unstated"`
	Name    string `json:"name" doc:"without vintage"`
	Vintage int64  `json:"vintage,omitempty" doc:"of the statement that says it"`
	Newest  int64  `json:"newest,omitempty" doc:"newest vintage of the name"`
	Place   int64  `json:"place" doc:"index in the log; -1: not there"`
}

// row is a statement as stored.
type row struct {
	Ref
	kind   string
	digest string
	doc    []byte
	issued int64
	place  int64
}

const rowColumns = `name, vintage, kind, digest, doc, issued, place`

func scanRow(scan func(...any) error) (r row, err error) {
	var doc string
	err = scan(&r.Name, &r.Vintage, &r.kind, &r.digest, &doc, &r.issued, &r.place)
	r.doc = []byte(doc)
	return r, err
}

// vintages reads the statements of a name, newest first.
func vintages(ctx context.Context, tx store.Tx, name string) ([]row, error) {
	return store.Collect(ctx, tx, `SELECT `+rowColumns+` FROM proof_statement WHERE name = $1 ORDER BY vintage DESC`, []any{name}, scanRow)
}

// Standing compares a thing as it is shown with what was stated of it.
//
//   - c: the claim that its module would make of it now; Vintage 0 means whichever says
//     the same, the newest first.
func (s *Service) Standing(ctx context.Context, c Claim) (Standing, error) {
	out := Standing{State: Unstated, Name: s.name(c.Name), Place: -1}
	err := s.db.Read(ctx, func(tx store.Tx) error {
		rows, err := vintages(ctx, tx, c.Name)
		if err != nil {
			return err
		}
		if err := s.compare(rows, c, &out); err != nil || out.State != Unstated {
			return err
		}
		claimed, err := s.pendingClaim(ctx, tx, c)
		if err == nil && claimed {
			out.State = Waiting
		}
		return err
	})
	return out, err
}

// compare looks for the vintage that says c.
func (s *Service) compare(rows []row, c Claim, out *Standing) error {
	if len(rows) == 0 {
		return nil
	}
	out.Newest = rows[0].Vintage
	for _, r := range rows {
		if c.Vintage != 0 && r.Vintage != c.Vintage {
			continue
		}
		st, _, err := statement.Parse(r.doc)
		if err != nil {
			out.State, out.Vintage, out.Place = Altered, r.Vintage, r.place
			return nil //nolint:nilerr // the row itself was altered: that is what is to be told
		}
		same := s.claimOf(st).says(c)
		if !same && c.Vintage == 0 {
			continue
		}
		out.Vintage, out.Place = r.Vintage, r.place
		out.State = s.judge(same, r, rows[0])
		return nil
	}
	return nil
}

// judge names the state of a row that was found.
func (s *Service) judge(same bool, r, newest row) State {
	switch st, _, err := statement.Parse(newest.doc); {
	case !same:
		return Altered
	case err == nil && st.Withdraws != "" && newest.Vintage == r.Vintage+1:
		return Withdrawn
	case newest.Vintage > r.Vintage:
		return Superseded
	case r.place < 0:
		return Waiting
	}
	return Proved
}

// pendingClaim reports whether what c says waits to be stated.
func (s *Service) pendingClaim(ctx context.Context, tx store.Tx, c Claim) (bool, error) {
	was, err := s.newestClaim(ctx, tx, c.Name)
	return was != nil && was.says(c), err
}

// newest returns the newest claim of a name, stated or not; nil when there is none.
func (s *Service) newest(ctx context.Context, tx store.Tx, name string) (*Claim, error) {
	if c, err := s.newestClaim(ctx, tx, name); err != nil || c != nil {
		return c, err
	}
	var doc string
	found, err := tx.One(ctx, `SELECT doc FROM proof_statement WHERE name = $1 ORDER BY vintage DESC LIMIT 1`, []any{name}, &doc)
	if err != nil || !found {
		return nil, err
	}
	return s.parseClaim(doc)
}

// claimed returns what was claimed of a vintage, stated or not; nil when nothing was.
func (s *Service) claimed(ctx context.Context, tx store.Tx, name string, vintage int64) (*Claim, error) {
	var doc string
	var stated bool
	found, err := tx.One(ctx, `SELECT doc, 0 FROM proof_claim WHERE name = $1 AND vintage = $2 UNION ALL SELECT doc, 1 FROM proof_statement WHERE name = $1 AND vintage = $2 LIMIT 1`,
		[]any{name, vintage}, &doc, &stated)
	switch {
	case err != nil || !found:
		return nil, err
	case stated:
		return s.parseClaim(doc)
	}
	return readClaim(doc)
}

func (s *Service) newestClaim(ctx context.Context, tx store.Tx, name string) (*Claim, error) {
	var doc string
	found, err := tx.One(ctx, `SELECT doc FROM proof_claim WHERE name = $1 ORDER BY vintage DESC LIMIT 1`, []any{name}, &doc)
	if err != nil || !found {
		return nil, err
	}
	return readClaim(doc)
}

func (s *Service) parseClaim(doc string) (*Claim, error) {
	st, _, err := statement.Parse([]byte(doc))
	if err != nil {
		return nil, err
	}
	c := s.claimOf(st)
	return &c, nil
}
