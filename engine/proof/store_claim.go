package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"yuzhou/engine/proof/canon"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/ref"
	"yuzhou/kernel/store"
)

// Claim is what a module wants stated: a statement without what the engine adds (who
// signs with which key, when, and the digests of what it refers to).
//
// Names are paths below the city's prefix, without vintage: st.hte/500000/2023-06-30.
type Claim struct {
	Kind     statement.Kind     `json:"kind"`
	Name     string             `json:"name"`
	Vintage  int64              `json:"vintage"`          // 0: the next one, unless the newest says the same
	Issuer   string             `json:"issuer,omitempty"` // unit; "": the city
	Value    string             `json:"value,omitempty"`
	Unit     string             `json:"unit,omitempty"` // of the value
	Period   string             `json:"period,omitempty"`
	Status   string             `json:"status,omitempty"`
	Source   *statement.Source  `json:"source,omitempty"`
	Content  *statement.Content `json:"content,omitempty"`
	Batch    *statement.Batch   `json:"batch,omitempty"`
	Formula  *Formula           `json:"formula,omitempty"`
	Inputs   []Ref              `json:"inputs,omitempty"`
	After    string             `json:"after,omitempty"`    // of a batch: name of the one before
	Withdraw bool               `json:"withdraw,omitempty"` // nothing takes the place of the vintage before
}

// Formula is a rule by name and text. The text is kept, and carried by bundles.
type Formula struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Ref names a vintage of a statement.
type Ref struct {
	Name    string `json:"name"`    // path below the prefix
	Vintage int64  `json:"vintage"` // of a claim's input: 0 for the newest there is
}

// State asks, in the transaction of the thing itself, that a claim be stated. So there
// is no thing without its claim and no claim without its thing. It is signed and logged
// after the commit: Settle waits for that.
//
// Errors: fault.Invalid when it can be no statement; fault.Conflict when that vintage of
// the name says another thing already.
func (s *Service) State(ctx context.Context, tx store.Tx, c Claim) error {
	if err := s.resolve(ctx, tx, &c); err != nil {
		return err
	}
	if c.Vintage > 0 {
		return s.stateVintage(ctx, tx, c)
	}
	was, err := s.newest(ctx, tx, c.Name)
	if err != nil {
		return err
	}
	switch {
	case was != nil && was.says(c):
		return nil
	case was != nil:
		c.Vintage = was.Vintage + 1
	default:
		c.Vintage = 1
	}
	return s.propose(ctx, tx, c)
}

// resolve puts the newest vintage in place of inputs' 0, where there is one.
func (s *Service) resolve(ctx context.Context, tx store.Tx, c *Claim) error {
	for i, in := range c.Inputs {
		if in.Vintage != 0 {
			continue
		}
		newest, err := s.newest(ctx, tx, in.Name)
		if err != nil {
			return err
		}
		if newest != nil {
			c.Inputs = slices.Clone(c.Inputs)
			c.Inputs[i].Vintage = newest.Vintage
		}
	}
	return nil
}

// stateVintage takes a claim of a vintage: when there is one, it has to say the same.
func (s *Service) stateVintage(ctx context.Context, tx store.Tx, c Claim) error {
	was, err := s.claimed(ctx, tx, c.Name, c.Vintage)
	if err != nil {
		return err
	}
	if was == nil {
		return s.propose(ctx, tx, c)
	}
	if !was.says(c) {
		return fault.Say(fault.Conflict, "%s 的第 %d 版已经声明过，内容不同：声明不能更改，请给出新的版本。",
			"%s@%d has been stated already and says another thing: what was stated stays, give a new vintage", c.Name, c.Vintage)
	}
	return nil
}

// propose writes a claim that is new.
func (s *Service) propose(ctx context.Context, tx store.Tx, c Claim) error {
	if c.Issuer == "" {
		c.Issuer = s.site.Unit
	}
	// A dry run finds now, before the number is published, what could not be signed.
	dry := facts{issued: s.now(), digest: emptyDigest(), after: emptyDigest()}
	if c.Vintage > 1 {
		dry.previous = emptyDigest()
	}
	if err := s.draft(c, dry).Check(); err != nil {
		return err
	}
	doc, err := json.Marshal(c)
	if err != nil {
		return err
	}
	turn := 1
	if c.Kind == statement.KeyState {
		turn = 0
	}
	_, err = tx.Exec(ctx, `INSERT INTO proof_claim (id, name, vintage, turn, doc) VALUES ($1, $2, $3, $4, $5)`, s.claimID(), c.Name, c.Vintage, turn, string(doc))
	if err != nil {
		return err
	}
	s.pending.Store(true)
	return nil
}

// says reports whether two claims say the same thing, whatever their vintages. A derived
// number as pages show it comes without formula and inputs: then the value decides.
func (c Claim) says(other Claim) bool {
	if other.Kind == statement.Derived && other.Formula == nil && other.Inputs == nil {
		c.Formula, c.Inputs = nil, nil
	}
	c.Vintage, other.Vintage, c.Issuer, other.Issuer = 0, 0, "", ""
	return reflect.DeepEqual(c.plain(), other.plain())
}

// plain replaces the formula's text by its digest, and nothing by none.
func (c Claim) plain() Claim {
	if c.Formula != nil {
		c.Formula = &Formula{c.Formula.ID, digestOf(c.Formula.Text)}
	}
	if len(c.Inputs) == 0 {
		c.Inputs = nil
	}
	if c.Batch != nil { // which batch was before is no part of what a batch says
		b := *c.Batch
		b.Previous, c.Batch, c.After = "", &b, ""
	}
	return c
}

// digestOf returns the digest of a text; of one it is itself.
func digestOf(text string) string {
	if _, _, err := statement.ParseDigest(text); err == nil {
		return text
	}
	return statement.SHA256.Sum([]byte(text))
}

// emptyDigest stands where a dry run does not know better.
func emptyDigest() string { return statement.SHA256.Sum(nil) }

// facts is what the engine adds to a claim.
type facts struct {
	issued   interface{ UnixMicro() int64 }
	previous string // digest of the vintage before; "" for none
	after    string // digest of the batch before; "" for none
	digest   string // stands for every input's when digests is nil
	digests  map[Ref]string
}

// draft makes the statement of a claim.
func (s *Service) draft(c Claim, f facts) statement.Statement {
	st := statement.Statement{
		Kind: c.Kind, Name: s.name(c.Name), Vintage: c.Vintage, Issuer: s.name(c.Issuer), Method: "yuzhou/" + s.site.Version,
		Issued: statement.At(store.FromMicros(f.issued.UnixMicro())), Value: c.Value, Unit: c.Unit, Period: c.Period, Status: c.Status,
		Source: c.Source, Content: c.Content, Batch: c.Batch, Supersedes: f.previous,
	}
	if c.Batch != nil && c.After != "" {
		b := *c.Batch
		b.Previous, st.Batch = f.after, &b
	}
	if c.Withdraw {
		st.Supersedes, st.Withdraws = "", f.previous
	}
	if c.Formula != nil {
		st.Formula = &statement.Formula{ID: s.name(c.Formula.ID), Digest: digestOf(c.Formula.Text)}
	}
	for _, in := range c.Inputs {
		digest := f.digest
		if f.digests != nil {
			digest = f.digests[in]
		}
		st.Inputs = append(st.Inputs, statement.Input{Name: s.name(in.Name), Vintage: in.Vintage, Digest: digest})
	}
	return st
}

// name puts the city's prefix before a path.
func (s *Service) name(path string) string { return ref.New(s.site.Prefix, path).String() }

// path takes the prefix away; another city's name is left whole.
func (s *Service) path(name string) string {
	if r := ref.Ref(name); r.Prefix() == s.site.Prefix {
		return r.Path()
	}
	return name
}

// claimOf is the inverse of draft: what a statement claims.
func (s *Service) claimOf(st statement.Statement) Claim {
	c := Claim{
		Kind: st.Kind, Name: s.path(st.Name), Vintage: st.Vintage, Issuer: s.path(st.Issuer), Value: st.Value, Unit: st.Unit, Period: st.Period,
		Status: st.Status, Source: st.Source, Content: st.Content, Batch: st.Batch, Withdraw: st.Withdraws != "",
	}
	if st.Formula != nil {
		c.Formula = &Formula{s.path(st.Formula.ID), st.Formula.Digest}
	}
	for _, in := range st.Inputs {
		if in.Name != "" {
			c.Inputs = append(c.Inputs, Ref{s.path(in.Name), in.Vintage})
		}
	}
	return c
}

// Content returns what states a document by its digest.
//
//   - v: anything that encoding/json takes; it is written in canonical form (RFC 8785).
//   - Errors: fault.Invalid when it has no canonical form.
func Content(v any) (*statement.Content, error) {
	text, err := canon.Marshal(v)
	if err != nil {
		return nil, err
	}
	return &statement.Content{Digest: statement.SHA256.Sum(text), Media: "application/json", Size: int64(len(text))}, nil
}

func readClaim(doc string) (*Claim, error) {
	var c Claim
	return &c, json.Unmarshal([]byte(doc), &c)
}

// claimID returns an id that sorts by time, and within a process by order.
func (s *Service) claimID() string {
	now := s.now()
	return fmt.Sprintf("%013d.%09d.%s", now.UnixMilli(), s.count.Add(1), store.NewID(now)[16:])
}
