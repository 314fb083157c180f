package verify

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"yuzhou/engine/proof/bundle"
	"yuzhou/engine/proof/statement"
	"yuzhou/engine/proof/tsa"
)

// rule is the formula of the tests' derived numbers.
const rule = `{"formula":"a / b","inputs":[],"unit":"%"}`

// noon is when the tests' statements are issued.
func noon() time.Time { return time.Date(2026, 1, 20, 12, 0, 0, 0, time.UTC) }

// seed returns 32 bytes that are always the same for a name.
func seed(name string) []byte {
	sum := sha256.Sum256([]byte("test only: " + name))
	return sum[:]
}

// city makes bundles as a city does, of keys that are always the same.
type city struct {
	t       testing.TB
	entries [][]byte
	log     note.Signer
	vkey    string
	root    statement.Signer
	signers []statement.Signer // of 88.1/500000
	keys    []bundle.Entry     // their statements
	witness []*torchwood.CosignatureSigner
	tsa     *tsa.Authority
	at      time.Time // of the next statement
}

// build returns a city whose unit has one key of each suite.
func build(tb testing.TB, suites ...string) *city {
	tb.Helper()
	c := &city{t: tb, at: noon()}
	c.log, c.vkey = logSigner(tb, "88.1/log")
	c.root = signer(tb, statement.SuiteEdDSA, "88.1/500000#root")
	for i, suite := range suites {
		name := fmt.Sprintf("88.1/500000#k%d", i+1)
		c.signers = append(c.signers, signer(tb, suite, name))
		c.keys = append(c.keys, c.key(name, "2026-01-01T00:00:00Z/..", "in-force", c.signers[i].Public(), c.root))
	}
	for i := range 3 {
		w, err := torchwood.NewCosignatureSigner(fmt.Sprintf("w%d.example.org", i+1), ed25519.NewKeyFromSeed(seed(fmt.Sprint("witness", i))))
		if err != nil {
			tb.Fatal(err)
		}
		c.witness = append(c.witness, w)
	}
	return c
}

func logSigner(tb testing.TB, name string) (note.Signer, string) {
	tb.Helper()
	skey, vkey, err := note.GenerateKey(strings.NewReader(string(seed("log "+name))), name)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		tb.Fatal(err)
	}
	return s, vkey
}

func signer(tb testing.TB, suite, method string) statement.Signer {
	tb.Helper()
	s, err := statement.NewSigner(suite, method, seed(method))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// policy is the reader's, with more lines.
func (c *city) policy(more ...string) string {
	lines := append([]string{"log " + c.vkey}, more...)
	if !strings.Contains(strings.Join(more, "\n"), "quorum") {
		lines = append(lines, "quorum none")
	}
	return strings.Join(append(lines, "root 88.1/500000#root "+c.root.Public().String()), "\n") + "\n"
}

// trusted names the witnesses and the authority too.
func (c *city) trusted() string {
	var lines []string
	for i, w := range c.witness {
		lines = append(lines, fmt.Sprintf("witness w%d %s", i+1, w.Verifier()))
	}
	lines = append(lines, "group most 2 w1 w2 w3", "quorum most")
	if c.tsa != nil {
		lines = append(lines, "tsa "+base64.StdEncoding.EncodeToString(c.tsa.Certificate.Raw))
	}
	return c.policy(lines...)
}

// sign makes a statement, logs it and returns it as a part of a bundle, without proof of
// the log: that comes when the tree is whole.
func (c *city) sign(s statement.Statement, signers ...statement.Signer) bundle.Entry {
	c.t.Helper()
	if signers == nil {
		signers = c.signers
	}
	c.at = c.at.Add(time.Second)
	s.Issued, s.Method = statement.At(c.at), "yuzhou/1"
	if s.Issuer == "" {
		s.Issuer = "88.1/500000"
	}
	if s.Vintage == 0 {
		s.Vintage = 1
	}
	doc, err := statement.Sign(context.Background(), s, s.Issued.Time, signers...)
	if err != nil {
		c.t.Fatal(err)
	}
	c.entries = append(c.entries, doc)
	return bundle.Entry{Doc: doc}
}

func (c *city) key(name, period, status string, public statement.Key, by ...statement.Signer) bundle.Entry {
	c.t.Helper()
	return c.sign(statement.Statement{Kind: statement.KeyState, Name: name, Value: public.String(), Period: period, Status: status}, by...)
}

// number states a number.
func (c *city) number(name, value string) bundle.Entry {
	c.t.Helper()
	return c.sign(statement.Statement{
		Kind: statement.Observation, Name: name, Value: value, Unit: "家", Period: "2023-06-30", Status: "reported",
		Source: &statement.Source{Document: "page", Locator: "line 15"},
	})
}

// derived states a number that rests on others.
func (c *city) derived(name, value string, inputs ...bundle.Entry) bundle.Entry {
	c.t.Helper()
	s := statement.Statement{
		Kind: statement.Derived, Name: name, Value: value, Unit: "%", Period: "2023-06-30", Status: "derived",
		Formula: &statement.Formula{ID: "88.1/st.rate", Digest: statement.SHA256.Sum([]byte(rule))},
	}
	for _, e := range inputs {
		in := c.parse(e)
		digest, err := in.Digest()
		if err != nil {
			c.t.Fatal(err)
		}
		s.Inputs = append(s.Inputs, statement.Input{Name: in.Name, Vintage: in.Vintage, Digest: digest})
	}
	e := c.sign(s)
	e.Formula = []byte(rule)
	return e
}

func (c *city) parse(e bundle.Entry) statement.Statement {
	c.t.Helper()
	s, _, err := statement.Parse(e.Doc)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// close publishes a checkpoint with cosignatures and stamps and gives every part its
// proof.
func (c *city) close(x bundle.Bundle, witnesses int) bundle.Bundle { //nolint:gocritic // copied to be filled in
	c.t.Helper()
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, n := range at {
			out[i] = hashes[n]
		}
		return out, nil
	})
	for i, e := range c.entries {
		more, err := tlog.StoredHashes(int64(i), e, reader)
		if err != nil {
			c.t.Fatal(err)
		}
		hashes = append(hashes, more...)
	}
	size := int64(len(c.entries))
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	text := torchwood.Checkpoint{Origin: c.log.Name(), Tree: tlog.Tree{N: size, Hash: root}}.String()
	signed := c.note(text, witnesses)
	prove := func(e bundle.Entry) bundle.Entry {
		for i, doc := range c.entries {
			if string(doc) == string(e.Doc) {
				p, err := tlog.ProveRecord(size, int64(i), reader)
				if err != nil {
					c.t.Fatal(err)
				}
				e.Log = torchwood.FormatProof(int64(i), p, signed)
			}
		}
		return e
	}
	x.Statement = prove(x.Statement)
	if c.tsa != nil {
		x.Statement.Stamps = [][]byte{c.stamp([]byte(text))}
	}
	for i := range x.Keys {
		x.Keys[i] = prove(x.Keys[i])
	}
	for i := range x.Inputs {
		x.Inputs[i] = prove(x.Inputs[i])
	}
	return x
}

// note signs a checkpoint; cosignatures are of a minute past the last statement.
func (c *city) note(text string, witnesses int) []byte {
	c.t.Helper()
	signers := []note.Signer{c.log}
	for _, w := range c.witness[:witnesses] {
		signers = append(signers, w)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		c.t.Fatal(err)
	}
	return signed
}

// serials counts.
type serials struct{ last tsa.Issued }

func (s *serials) Issue(_ context.Context, next func(tsa.Issued) (tsa.Issued, error)) (err error) {
	s.last, err = next(s.last)
	return err
}

// stamping gives the city an authority.
func (c *city) stamping() {
	c.t.Helper()
	chain, err := tsa.NewChain("Test", noon().AddDate(-1, 0, 0), noon().AddDate(9, 0, 0))
	if err != nil {
		c.t.Fatal(err)
	}
	c.tsa = &tsa.Authority{Certificate: chain.TSA, Key: chain.Key, Policy: "2.999.1", Serials: &serials{}, Now: func() time.Time { return c.at.Add(time.Minute) }}
}

func (c *city) stamp(text []byte) []byte {
	c.t.Helper()
	sum := sha256.Sum256(text)
	query, err := tsa.Request(sum[:], nil)
	if err != nil {
		c.t.Fatal(err)
	}
	q, err := tsa.ParseQuery(query)
	if err != nil {
		c.t.Fatal(err)
	}
	token, err := c.tsa.Stamp(context.Background(), q)
	if err != nil {
		c.t.Fatal(err)
	}
	return token
}
