package monitor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"yuzhou/engine/proof/statement"
	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/fault"
)

func begin() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// book is a log that a test writes, honest or not.
type book struct {
	t       testing.TB
	log     note.Signer
	vkey    string
	root    statement.Signer
	key     statement.Signer
	entries [][]byte
	at      time.Time
	last    map[string]string // by name: digest of the newest statement
}

func seed(name string) []byte {
	sum := sha256.Sum256([]byte("test only: " + name))
	return sum[:]
}

// start returns a log that has stated its key.
func start(tb testing.TB) *book {
	tb.Helper()
	b := &book{t: tb, at: begin(), last: map[string]string{}}
	skey, vkey, err := note.GenerateKey(bytes.NewReader(seed("log")), "88.1/log")
	if err != nil {
		tb.Fatal(err)
	}
	if b.log, err = note.NewSigner(skey); err != nil {
		tb.Fatal(err)
	}
	b.vkey = vkey
	b.root, b.key = b.signer("88.1/500000#root"), b.signer("88.1/500000#k1")
	b.state(statement.Statement{
		Kind: statement.KeyState, Name: "88.1/500000#k1", Vintage: 1, Value: b.key.Public().String(), Period: "2026-01-01T00:00:00Z/..", Status: "in-force",
	}, b.root)
	return b
}

func (b *book) signer(method string) statement.Signer {
	b.t.Helper()
	s, err := statement.NewSigner(statement.SuiteEdDSA, method, seed(method))
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// state appends a statement, a second later than the one before.
func (b *book) state(s statement.Statement, by statement.Signer) string {
	b.t.Helper()
	b.at = b.at.Add(time.Second)
	if s.Issued.IsZero() {
		s.Issued = statement.At(b.at)
	}
	s.Issuer, s.Method = "88.1/500000", "yuzhou/1"
	if s.Vintage > 1 && s.Supersedes == "" {
		s.Supersedes = b.last[s.Name]
	}
	doc, err := statement.Sign(context.Background(), s, s.Issued.Time, by)
	if err != nil {
		b.t.Fatal(err)
	}
	digest, err := s.Digest()
	if err != nil {
		b.t.Fatal(err)
	}
	b.last[s.Name] = digest
	b.entries = append(b.entries, doc)
	return digest
}

// number states a number.
func (b *book) number(name string, vintage int64, value string) string {
	b.t.Helper()
	return b.state(numbered(name, vintage, value), b.key)
}

func numbered(name string, vintage int64, value string) statement.Statement {
	return statement.Statement{Kind: statement.Observation, Name: "88.1/" + name, Vintage: vintage, Value: value, Unit: "家", Period: "2023"}
}

// published is the files that the log shows now.
func (b *book) published() map[string][]byte {
	b.t.Helper()
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, n := range at {
			out[i] = hashes[n]
		}
		return out, nil
	})
	size := int64(len(b.entries))
	out := map[string][]byte{}
	for i, e := range b.entries {
		more, err := tlog.StoredHashes(int64(i), e, reader)
		if err != nil {
			b.t.Fatal(err)
		}
		hashes = append(hashes, more...)
	}
	for _, tile := range tlog.NewTiles(torchwood.TileHeight, 0, size) {
		data, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			b.t.Fatal(err)
		}
		out[torchwood.TilePath(tile)] = data
	}
	for first := int64(0); first < size; first += torchwood.TileWidth {
		tile := tlog.Tile{H: torchwood.TileHeight, L: -1, N: first / torchwood.TileWidth, W: int(min(torchwood.TileWidth, size-first))}
		var data []byte
		for _, e := range b.entries[first : first+int64(tile.W)] {
			var err error
			if data, err = torchwood.AppendTileEntry(data, e); err != nil {
				b.t.Fatal(err)
			}
		}
		out[torchwood.TilePath(tile)] = data
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		b.t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: torchwood.Checkpoint{Origin: b.log.Name(), Tree: tlog.Tree{N: size, Hash: root}}.String()}, b.log)
	if err != nil {
		b.t.Fatal(err)
	}
	out["checkpoint"] = signed
	return out
}

// watch returns a monitor of what files shows at each step.
func (b *book) watch(files *map[string][]byte) *Monitor {
	b.t.Helper()
	p, err := verify.ParsePolicy([]byte("log " + b.vkey + "\nquorum none\nroot 88.1/500000#root " + b.root.Public().String() + "\n"))
	if err != nil {
		b.t.Fatal(err)
	}
	return &Monitor{Policy: p, Now: func() time.Time { return b.at.Add(time.Minute) }, Fetch: func(_ context.Context, path string) ([]byte, error) {
		data, ok := (*files)[path]
		if !ok {
			return nil, fault.New(fault.NotFound, "no file %s", path)
		}
		return data, nil
	}}
}

// look makes one step and returns what to remember and the kinds of the alerts.
func look(t *testing.T, m *Monitor, was []byte) (now []byte, kinds string) {
	t.Helper()
	now, alerts, err := m.Step(t.Context(), was)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, a := range alerts {
		if a.ZH == "" || a.EN == "" {
			t.Errorf("%s is told without a sentence", a.Kind)
		}
		out = append(out, string(a.Kind))
	}
	return now, strings.Join(out, " ")
}

// TestHonest: an honest log gives no alert, in one go or step by step, over tiles of all
// widths.
func TestHonest(t *testing.T) {
	b := start(t)
	var files map[string][]byte
	m := b.watch(&files)
	var stepwise []byte
	for i := range 600 {
		b.number(fmt.Sprintf("st.a/%d/2023", i/3), int64(i%3)+1, strconv.Itoa(i))
		if i%97 == 0 || i == 599 {
			files = b.published()
			var kinds string
			if stepwise, kinds = look(t, m, stepwise); kinds != "" {
				t.Fatalf("after %d: %s", i, kinds)
			}
		}
	}
	atOnce, kinds := look(t, m, nil)
	if kinds != "" || !bytes.Equal(atOnce, stepwise) {
		t.Errorf("%q; in one go it remembers other things than step by step", kinds)
	}
}

// TestAlerts: what a dishonest log does, and what is told of it.
func TestAlerts(t *testing.T) {
	for name, tt := range map[string]struct {
		kinds string
		does  func(b *book, m *Monitor)
	}{
		"nothing":                       {"", func(*book, *Monitor) {}},
		"an entry that is no statement": {"garbage", func(b *book, _ *Monitor) { b.entries = append(b.entries, []byte("hello")) }},
		"a statement that was changed": {"signature", func(b *book, _ *Monitor) {
			b.number("st.b/1/2023", 1, "5")
			b.entries[len(b.entries)-1] = bytes.Replace(b.entries[len(b.entries)-1], []byte(`"5"`), []byte(`"6"`), 1)
		}},
		"a key that nobody stated": {"signature", func(b *book, _ *Monitor) { b.state(numbered("st.b/1/2023", 1, "5"), b.signer("88.1/500000#k9")) }},
		"a key that its own holder stated": {"signature", func(b *book, _ *Monitor) {
			k := b.signer("88.1/500000#k9")
			b.state(statement.Statement{Kind: statement.KeyState, Name: "88.1/500000#k9", Vintage: 1, Value: k.Public().String(), Period: "2026-01-01T00:00:00Z/..", Status: "in-force"}, k)
		}},
		"a key that has ended": {"signature", func(b *book, _ *Monitor) {
			b.state(statement.Statement{
				Kind: statement.KeyState, Name: "88.1/500000#k1", Vintage: 2, Value: b.key.Public().String(), Period: "2026-01-01T00:00:00Z/2026-11-23T12:00:02Z", Status: "revoked",
			}, b.root)
			b.number("st.b/1/2023", 1, "5")
		}},
		"two statements of one vintage": {"twice", func(b *book, _ *Monitor) { b.number("st.a/1/2023", 1, "2") }},
		"a vintage left out":            {"gap", func(b *book, _ *Monitor) { b.number("st.a/1/2023", 3, "2") }},
		"another one before": {"gap", func(b *book, _ *Monitor) {
			s := numbered("st.a/1/2023", 2, "2")
			s.Supersedes = statement.SHA256.Sum(nil)
			b.state(s, b.key)
		}},
		"a statement of before": {"backdated", func(b *book, _ *Monitor) {
			s := numbered("st.b/1/2023", 1, "2")
			s.Issued = statement.At(begin().Add(-time.Hour))
			b.state(s, b.key)
		}},
		"a statement of tomorrow": {"future", func(b *book, _ *Monitor) {
			s := numbered("st.b/1/2023", 1, "2")
			s.Issued = statement.At(begin().AddDate(0, 0, 1))
			b.state(s, b.key)
		}},
		"a name that is watched": {"unexpected", func(b *book, m *Monitor) {
			m.Watched = []string{"88.1/st.b/"}
			b.number("st.b/1/2023", 1, "2")
		}},
		"a promise that was kept": {"", func(b *book, m *Monitor) {
			m.Expect = []Promise{{b.number("st.b/1/2023", 1, "2"), begin()}}
		}},
		"a promise that was not": {"missing", func(_ *book, m *Monitor) { m.Expect = []Promise{{statement.SHA256.Sum(nil), begin()}} }},
		"a rollback":             {"rollback", func(b *book, _ *Monitor) { b.entries = b.entries[:len(b.entries)-1] }},
		"an entry exchanged": {"fork", func(b *book, _ *Monitor) {
			b.entries = b.entries[:len(b.entries)-1]
			b.last = map[string]string{}
			b.number("st.a/1/2023", 1, "7")
		}},
		"another past": {"fork", func(b *book, _ *Monitor) {
			b.entries = b.entries[:len(b.entries)-1]
			b.number("st.a/1/2023", 1, "7")
			b.number("st.c/1/2023", 1, "7")
		}},
		"a log that stands still": {"stale", func(b *book, m *Monitor) {
			m.Quiet = time.Hour
			b.at = b.at.Add(2 * time.Hour)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			b.number("st.a/1/2023", 1, "1")
			files := b.published()
			m := b.watch(&files)
			remembered, kinds := look(t, m, nil)
			if kinds != "" {
				t.Fatalf("before: %s", kinds)
			}
			tt.does(b, m)
			files = b.published()
			after, kinds := look(t, m, remembered)
			if kinds != tt.kinds {
				t.Errorf("told: %q, want %q", kinds, tt.kinds)
			}
			if (kinds == "rollback" || kinds == "fork") && !bytes.Equal(after, remembered) {
				t.Error("what is remembered has changed")
			}
		})
	}
}

// TestTiles: tiles that were changed do not pass, whichever.
func TestTiles(t *testing.T) {
	b := start(t)
	for i := range 300 {
		b.number(fmt.Sprintf("st.a/%d/2023", i), 1, strconv.Itoa(i))
	}
	whole := b.published()
	names := slices.Sorted(maps.Keys(whole))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 10_000 {
		name := names[r.IntN(len(names))]
		if i%50 != 0 && strings.HasPrefix(name, "tile/entries") {
			name = "checkpoint" // entries take a while to read
		}
		files := maps.Clone(whole)
		files[name] = slices.Clone(files[name])
		files[name][r.IntN(len(files[name]))] ^= 1 << r.IntN(8)
		m := b.watch(&files)
		if name == "checkpoint" {
			if _, err := m.Policy.Open(files[name]); err == nil {
				t.Fatalf("seed %d, change %d: a checkpoint that was changed is taken: %s", seed, i, files[name])
			}
			continue
		}
		if i%50 != 0 {
			continue
		}
		if _, alerts, err := m.Step(t.Context(), nil); err == nil && len(alerts) == 0 {
			t.Fatalf("seed %d, change %d of %s passes", seed, i, name)
		}
	}
}

func FuzzState(f *testing.F) {
	b := start(f)
	b.number("st.a/1/2023", 1, "1")
	files := b.published()
	m := b.watch(&files)
	text, _, err := m.Step(f.Context(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, was []byte) { _, _, _ = m.Step(t.Context(), was) })
}
