package proof

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"yuzhou/engine/proof/bundle"
	"yuzhou/engine/proof/monitor"
	"yuzhou/engine/proof/statement"
	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// maxInputs is how many inputs a bundle carries.
const maxInputs = 10_000

// available is how long a bundle waits for a checkpoint that covers it.
const available = 2 * time.Second

// ParseRef reads a name with or without the city's prefix and with or without a
// vintage: 88.500.1/st.hte/500101/2023-06-30@2. No vintage is 0.
//
// Errors: fault.Invalid.
func (s *Service) ParseRef(text string) (Ref, error) {
	name, vintage, has := strings.Cut(text, "@")
	r := Ref{Name: strings.TrimPrefix(name, s.site.Prefix+"/")}
	if has {
		var err error
		if r.Vintage, err = strconv.ParseInt(vintage, 10, 64); err != nil || r.Vintage < 1 {
			return r, fault.Say(fault.Invalid, "名称 %q 的版本不是正整数，例如 …@2。", "the vintage of %q is not a number from 1 on, as in …@2", text)
		}
	}
	if r.Name == "" {
		return r, fault.Say(fault.Invalid, "没有给出名称，例如 st.hte/500101/2023-06-30@1。", "no name is given; give one such as st.hte/500101/2023-06-30@1")
	}
	return r, nil
}

// Bundle returns the one text file that proves a statement.
//
//   - r: Vintage 0 means the newest. deep: with the inputs of inputs, down to what rests
//     on nothing; else one level.
//   - Errors: fault.NotFound when nothing was stated under the name; fault.Busy while it
//     is not in the log, which takes less than two seconds.
func (s *Service) Bundle(ctx context.Context, r Ref, deep bool) ([]byte, error) {
	var m material
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		m, err = s.gather(ctx, tx, r, deep)
		return err
	})
	if err != nil {
		return nil, err
	}
	note, tokens, err := s.covering(ctx, m.last)
	if err != nil {
		return nil, err
	}
	p := prover{s: s, ctx: ctx, note: note}
	if err := p.tree(); err != nil {
		return nil, err
	}
	var x bundle.Bundle
	for i, part := range m.parts {
		e := bundle.Entry{Doc: part.doc, Formula: part.formula}
		if e.Log, err = p.prove(part.place); err != nil {
			return nil, err
		}
		switch {
		case i == 0:
			e.Stamps = tokens
			x.Statement = e
		case part.kind == string(statement.KeyState):
			x.Keys = append(x.Keys, e)
		default:
			x.Inputs = append(x.Inputs, e)
		}
	}
	return x.Append(nil), nil
}

// part is one statement of a bundle.
type part struct {
	row
	formula []byte
}

// material is what a bundle is made of: the statement first, then keys and inputs.
type material struct {
	parts []part
	have  map[Ref]bool
	last  int64 // greatest place
}

// gather reads a statement, the keys that signed and what it rests on.
func (s *Service) gather(ctx context.Context, tx store.Tx, r Ref, deep bool) (material, error) {
	m := material{have: map[Ref]bool{}}
	first, err := s.rowOf(ctx, tx, r)
	if err != nil {
		return m, err
	}
	inputs, err := s.add(ctx, tx, &m, first)
	if err != nil {
		return m, err
	}
	for depth := 0; len(inputs) > 0 && (deep || depth == 0); depth++ {
		if inputs, err = s.gatherInputs(ctx, tx, &m, inputs); err != nil {
			return m, err
		}
	}
	return m, nil
}

// gatherInputs adds the inputs that are not there yet and returns what they rest on.
func (s *Service) gatherInputs(ctx context.Context, tx store.Tx, m *material, inputs []Ref) ([]Ref, error) {
	var next []Ref
	for _, in := range inputs {
		if m.have[in] {
			continue
		}
		row, err := s.rowOf(ctx, tx, in)
		if err != nil {
			return nil, err
		}
		more, err := s.add(ctx, tx, m, row)
		if err != nil {
			return nil, err
		}
		next = append(next, more...)
	}
	return next, nil
}

// add puts a statement and the keys that signed it into a bundle, and returns what the
// statement rests on.
func (s *Service) add(ctx context.Context, tx store.Tx, m *material, r row) (inputs []Ref, err error) {
	if len(m.parts) > maxInputs {
		return nil, fault.Say(fault.Invalid, "%s 的输入超过 %d 项，不能放进一个文件。", "%s rests on more than %d statements: too many for one file", r.Name, maxInputs)
	}
	st, proofs, err := statement.Parse(r.doc)
	if err != nil {
		return nil, err
	}
	p := part{row: r}
	if st.Formula != nil {
		body, err := s.text(ctx, tx, st.Formula.Digest)
		if err != nil {
			return nil, err
		}
		if body != "" {
			p.formula = []byte(body)
		}
	}
	m.take(p)
	if r.kind != string(statement.KeyState) { // the register's root is in the policy
		if err := s.addKeys(ctx, tx, m, proofs); err != nil {
			return nil, err
		}
	}
	for _, in := range st.Inputs {
		if in.Name != "" {
			inputs = append(inputs, Ref{s.path(in.Name), in.Vintage})
		}
	}
	return inputs, nil
}

// addKeys adds the newest statements of the keys that signed.
func (s *Service) addKeys(ctx context.Context, tx store.Tx, m *material, proofs []statement.Proof) error {
	for _, proof := range proofs {
		key := Ref{Name: s.path(proof.VerificationMethod)}
		if m.have[key] {
			continue
		}
		m.have[key] = true
		row, err := s.rowOf(ctx, tx, key)
		if err != nil {
			return err
		}
		m.take(part{row: row})
	}
	return nil
}

// text reads a text that a statement names by digest, "" when it was lost.
func (s *Service) text(ctx context.Context, tx store.Tx, digest string) (body string, err error) {
	_, err = tx.One(ctx, `SELECT body FROM proof_text WHERE digest = $1`, []any{digest}, &body)
	return body, err
}

func (m *material) take(p part) {
	m.have[p.Ref] = true
	m.parts = append(m.parts, p)
	m.last = max(m.last, p.place)
}

// rowOf reads one statement, the newest of its name when the vintage is 0.
func (s *Service) rowOf(ctx context.Context, tx store.Tx, r Ref) (row, error) {
	rows, err := store.Collect(ctx, tx, `SELECT `+rowColumns+` FROM proof_statement WHERE name = $1 AND ($2 = 0 OR vintage = $2) ORDER BY vintage DESC LIMIT 1`,
		[]any{r.Name, r.Vintage}, scanRow)
	switch {
	case err != nil:
		return row{}, err
	case len(rows) == 0:
		return row{}, fault.Say(fault.NotFound, "没有名为 %s 的声明，或没有该版本。", "nothing was stated under the name %s, or not that vintage", r.Name)
	case rows[0].place < 0:
		return row{}, fault.Say(fault.Busy, "%s 还未写入日志，请稍后再取。", "%s is not in the log yet; ask again in a second", r.Name)
	}
	return rows[0], nil
}

// covering returns a checkpoint that covers a place with its time stamps: the earliest
// that was stamped, or else the newest.
func (s *Service) covering(ctx context.Context, place int64) (note []byte, tokens [][]byte, err error) {
	if note, tokens, err = s.stampedOver(ctx, place); err != nil || note != nil {
		return note, tokens, err
	}
	note, err = s.checkpointOver(ctx, place)
	return note, nil, err
}

// checkpointOver returns the newest checkpoint when it covers a place, waiting for it.
func (s *Service) checkpointOver(ctx context.Context, place int64) (note []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, available)
	defer cancel()
	for {
		if note, err = s.read(ctx, "checkpoint"); err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		if size, bad := sizeOf(note); err == nil && bad == nil && size > place {
			return note, nil
		}
		select {
		case <-ctx.Done():
			return nil, fault.Say(fault.Busy, "日志还没有发布覆盖它的检查点，请稍后再取。", "no checkpoint covers it yet; ask again in a second")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stampedOver returns the earliest stamped checkpoint that covers a place and that as many
// witnesses have cosigned as the policy asks for; none is nil.
func (s *Service) stampedOver(ctx context.Context, place int64) (note []byte, tokens [][]byte, err error) {
	enough, err := s.quorum(ctx)
	if err != nil {
		return nil, nil, err
	}
	err = s.db.Read(ctx, func(tx store.Tx) error {
		// Of many that lack cosignatures, as before there were witnesses, the newest will do.
		for _, order := range []string{"ASC", "DESC"} {
			some, err := store.Collect(ctx, tx, `SELECT note FROM proof_stamp WHERE size > $1 ORDER BY size `+order+`, at LIMIT `+itoa(mostStamped), []any{place},
				func(scan func(...any) error) (text string, err error) { return text, scan(&text) })
			if err != nil {
				return err
			}
			for _, text := range some {
				if enough([]byte(text)) {
					note = []byte(text)
					tokens, err = store.Collect(ctx, tx, `SELECT token FROM proof_stamp WHERE size > $1 AND note = $2 ORDER BY at`, []any{place, text},
						func(scan func(...any) error) (token []byte, err error) { return token, scan(&token) })
					return err
				}
			}
		}
		return nil
	})
	return note, tokens, err
}

// mostStamped is how many stamped checkpoints are looked at from either end.
const mostStamped = 20

// quorum returns what says whether as many witnesses have cosigned a checkpoint as our own
// policy asks for.
func (s *Service) quorum(ctx context.Context) (func(note []byte) bool, error) {
	if s.Policy == "" {
		return func([]byte) bool { return true }, nil
	}
	text, err := s.VerifierPolicy(ctx)
	if err != nil {
		return nil, err
	}
	p, err := verify.ParsePolicy([]byte(text))
	return func(note []byte) bool {
		o, err := p.Open(note)
		return err == nil && p.Met(o.By)
	}, err
}

// read reads a published file of the log.
func (s *Service) read(_ context.Context, name string) ([]byte, error) {
	f, err := s.Read(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was read
	return io.ReadAll(f)
}

// prover makes proofs of one checkpoint from the log's own tiles.
type prover struct {
	s      *Service
	ctx    context.Context //nolint:containedctx // lives as long as the call that made it
	note   []byte
	size   int64
	hashes tlog.HashReader
}

func (p *prover) tree() error {
	c, err := torchwood.ParseCheckpoint(string(signedText(p.note)))
	if err != nil {
		return err
	}
	p.size = c.N
	p.hashes = torchwood.TileHashReaderWithContext(p.ctx, c.Tree, monitor.Files{Fetch: p.s.read})
	return nil
}

func (p *prover) prove(place int64) ([]byte, error) {
	proof, err := tlog.ProveRecord(p.size, place, p.hashes)
	if err != nil {
		return nil, err
	}
	return torchwood.FormatProof(place, proof, p.note), nil
}
