package verify

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yuzhou/engine/proof/bundle"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
)

func mustPolicy(tb testing.TB, text string) Policy {
	tb.Helper()
	p, err := ParsePolicy([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// example is a bundle with the policy that it is to be verified by.
type example struct {
	file   []byte
	policy string
}

// examples are bundles that hold, by name.
func examples(tb testing.TB) map[string]example {
	tb.Helper()
	out := map[string]example{}
	put := func(name string, c *city, x bundle.Bundle, witnesses int, policy string) {
		x = c.close(x, witnesses)
		out[name] = example{x.Append(nil), policy}
	}
	c := build(tb, statement.SuiteEdDSA)
	put("observation", c, bundle.Bundle{Statement: c.number("88.1/st.hte/500000/2023-06-30", "6401"), Keys: c.keys}, 0, c.policy())

	c = build(tb, statement.SuiteEdDSA)
	a, b := c.number("88.1/st.a/500000/2023-06-30", "1"), c.number("88.1/st.b/500000/2023-06-30", "2")
	ab := c.derived("88.1/st.ab/500000/2023-06-30", "50", a, b)
	put("derived", c, bundle.Bundle{Statement: ab, Keys: c.keys, Inputs: []bundle.Entry{a, b}}, 0, c.policy())

	c = build(tb, statement.SuiteEdDSA)
	a, b = c.number("88.1/st.a/500000/2023-06-30", "1"), c.number("88.1/st.b/500000/2023-06-30", "2")
	ab = c.derived("88.1/st.ab/500000/2023-06-30", "50", a, b)
	top := c.derived("88.1/st.top/500000/2023-06-30", "25", ab, b)
	put("deep", c, bundle.Bundle{Statement: top, Keys: c.keys, Inputs: []bundle.Entry{ab, b, a}}, 0, c.policy())
	shared := c.derived("88.1/st.shared/500000/2023-06-30", "3", b, a)
	overlap := c.derived("88.1/st.overlap/500000/2023-06-30", "4", shared, b)
	put("overlap", c, bundle.Bundle{Statement: overlap, Keys: c.keys, Inputs: []bundle.Entry{shared, b}}, 0, c.policy())
	put("one level", c, bundle.Bundle{Statement: top, Keys: c.keys, Inputs: []bundle.Entry{ab, b}}, 0, c.policy())

	c = build(tb, statement.SuiteEdDSA)
	a = c.number("88.1/st.a/500000/2023-06-30", "1")
	first, err := c.parse(a).Digest()
	if err != nil {
		tb.Fatal(err)
	}
	gone := c.sign(statement.Statement{Kind: statement.Observation, Name: "88.1/st.a/500000/2023-06-30", Vintage: 2, Withdraws: first})
	put("withdrawn", c, bundle.Bundle{Statement: gone, Keys: c.keys}, 0, c.policy())

	c = build(tb, statement.SuiteSM2)
	put("sm2", c, bundle.Bundle{Statement: c.number("88.1/st.a/500000/2023-06-30", "1"), Keys: c.keys}, 0, c.policy())
	c = build(tb, statement.SuiteEdDSA, statement.SuiteSM2)
	put("two suites", c, bundle.Bundle{Statement: c.number("88.1/st.a/500000/2023-06-30", "1"), Keys: c.keys}, 0, c.policy())

	c = build(tb, statement.SuiteEdDSA)
	c.stamping()
	put("witnessed", c, bundle.Bundle{Statement: c.number("88.1/st.a/500000/2023-06-30", "1"), Keys: c.keys}, 3, c.trusted())
	return out
}

func TestHolds(t *testing.T) {
	for name, x := range examples(t) {
		t.Run(name, func(t *testing.T) {
			r := Verify(x.file, mustPolicy(t, x.policy), Options{})
			if _, en := r.Sentence(); !r.OK {
				t.Fatalf("%s\n%s", en, x.file)
			}
			if r.Independent != (name == "witnessed") || len(r.Witnesses) != map[bool]int{true: 3}[name == "witnessed"] {
				t.Errorf("independent %v, witnesses %v", r.Independent, r.Witnesses)
			}
			if name == "observation" && len(x.file) > 6<<10 {
				t.Errorf("the bundle of a number has %d bytes, more than 6 KiB", len(x.file))
			}
		})
	}
}

// TestBroken breaks one link at a time.
func TestBroken(t *testing.T) {
	type parts struct {
		c      *city
		x      bundle.Bundle
		policy string
		o      Options
	}
	for name, tt := range map[string]struct {
		id, words string
		breaks    func(t *testing.T, p *parts)
	}{
		"another value": {"signature", "does not hold", func(_ *testing.T, p *parts) {
			p.x.Statement.Doc = bytes.Replace(p.x.Statement.Doc, []byte(`"6401"`), []byte(`"6402"`), 1)
		}},
		"white space": {"form", "canonical", func(_ *testing.T, p *parts) {
			p.x.Statement.Doc = bytes.Replace(p.x.Statement.Doc, []byte(`,`), []byte(`, `), 1)
		}},
		"a key twice in JSON": {"form", "a second time", func(_ *testing.T, p *parts) {
			p.x.Statement.Doc = bytes.Replace(p.x.Statement.Doc, []byte(`{"issued"`), []byte(`{"issued":"x","issued"`), 1)
		}},
		"half a surrogate": {"form", "", func(_ *testing.T, p *parts) {
			p.x.Statement.Doc = bytes.Replace(p.x.Statement.Doc, []byte(`"6401"`), []byte(`"\ud800"`), 1)
		}},
		"beyond I-JSON": {"form", "", func(_ *testing.T, p *parts) {
			p.x.Statement.Doc = bytes.Replace(p.x.Statement.Doc, []byte(`"vintage":1`), []byte(`"vintage":9007199254740993`), 1)
		}},
		"no key":        {"signature", "has no statement of the key", func(_ *testing.T, p *parts) { p.x.Keys = nil }},
		"the key twice": {"key", "twice", func(_ *testing.T, p *parts) { p.x.Keys = append(p.x.Keys, p.x.Keys[0]) }},
		"another root": {"signature", "not a root", func(_ *testing.T, p *parts) {
			p.policy = strings.Replace(p.policy, "root 88.1/500000#root", "root 88.1/500000#other", 1)
		}},
		"a root of another key": {"signature", "does not hold", func(t *testing.T, p *parts) {
			t.Helper()
			p.policy = strings.Replace(p.policy, p.c.root.Public().String(), signer(t, statement.SuiteEdDSA, "88.1/500000#x").Public().String(), 1)
		}},
		"not logged":    {"log", "nothing proves", func(_ *testing.T, p *parts) { p.x.Statement.Log = nil }},
		"another entry": {"log", "does not lead", func(_ *testing.T, p *parts) { p.x.Statement.Log = p.x.Keys[0].Log }},
		"another log": {"log", "not signed by the log", func(t *testing.T, p *parts) {
			t.Helper()
			_, vkey := logSigner(t, "88.2/log")
			p.policy = strings.Replace(p.policy, p.c.vkey, vkey, 1)
		}},
		"a forged checkpoint": {"log", "not signed", func(_ *testing.T, p *parts) {
			for _, e := range []*bundle.Entry{&p.x.Statement, &p.x.Keys[0]} {
				e.Log = bytes.Replace(e.Log, []byte("\n2\n"), []byte("\n3\n"), 1)
			}
		}},
		"another checkpoint": {"log", "another checkpoint", func(_ *testing.T, p *parts) {
			p.x.Statement.Log = bytes.Replace(p.x.Statement.Log, []byte("\n2\n"), []byte("\n3\n"), 1)
		}},
		"too few witnesses": {"witness", "fewer witnesses", func(_ *testing.T, p *parts) { p.policy = p.c.trusted() }},
		"no time stamp":     {"time", "1 are asked for", func(_ *testing.T, p *parts) { p.o.Stamps = 1 }},
		"a stamp of another": {"time", "another message", func(t *testing.T, p *parts) {
			t.Helper()
			p.c.stamping()
			p.x.Statement.Stamps = [][]byte{p.c.stamp([]byte("x"))}
			p.policy = strings.Replace(p.c.trusted(), "quorum most", "quorum none", 1)
		}},
		"a formula too many": {"formula", "not the one", func(_ *testing.T, p *parts) { p.x.Statement.Formula = []byte("1 + 1") }},
		"an input too many":  {"parts", "nothing rests on it", func(_ *testing.T, p *parts) { p.x.Inputs = append(p.x.Inputs, p.x.Statement) }},
	} {
		t.Run(name, func(t *testing.T) {
			c := build(t, statement.SuiteEdDSA)
			x := c.close(bundle.Bundle{Statement: c.number("88.1/st.hte/500000/2023-06-30", "6401"), Keys: c.keys}, 0)
			p := &parts{c: c, x: x, policy: c.policy()}
			tt.breaks(t, p)
			r := Verify(p.x.Append(nil), mustPolicy(t, p.policy), p.o)
			if b := r.Broken(); r.OK || b.ID != tt.id || !strings.Contains(b.EN, tt.words) {
				t.Errorf("%v %s: %s; want %s: %s", r.OK, b.ID, b.EN, tt.id, tt.words)
			}
		})
	}
}

// TestKeyTimes: a statement is judged by the keys of when it was issued.
func TestKeyTimes(t *testing.T) {
	for name, tt := range map[string]struct {
		period, status, words string
	}{
		"in force":         {"2026-01-01T00:00:00Z/..", "in-force", ""},
		"ended since":      {"2026-01-01T00:00:00Z/2026-01-20T13:00:00Z", "replaced", ""},
		"revoked since":    {"2026-01-01T00:00:00Z/2026-01-20T13:00:00Z", "revoked", ""},
		"revoked before":   {"2026-01-01T00:00:00Z/2026-01-20T11:00:00Z", "revoked", "was not in force"},
		"not yet in force": {"2026-01-21T00:00:00Z/..", "in-force", "was not in force"},
	} {
		t.Run(name, func(t *testing.T) {
			c := build(t, statement.SuiteEdDSA)
			k := c.key("88.1/500000#k1", tt.period, tt.status, c.signers[0].Public(), c.root)
			x := c.close(bundle.Bundle{Statement: c.number("88.1/st.a/500000/2023-06-30", "1"), Keys: []bundle.Entry{k}}, 0)
			r := Verify(x.Append(nil), mustPolicy(t, c.policy()), Options{})
			if r.OK != (tt.words == "") || !strings.Contains(r.Broken().EN, tt.words) {
				t.Errorf("%v: %s", r.OK, r.Broken().EN)
			}
		})
	}
}

// TestOtherUnitsKey: a key of one unit does not sign for another.
func TestOtherUnitsKey(t *testing.T) {
	c := build(t, statement.SuiteEdDSA)
	_, err := statement.Sign(t.Context(), statement.Statement{
		Kind: statement.Observation, Name: "88.1/st.a/1/2023", Vintage: 1, Issuer: "88.1/500101", Method: "x/1", Issued: statement.At(noon()), Value: "1", Period: "2023",
	}, noon(), c.signers...)
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("a key of 500000 signed for 500101: %v", err)
	}
}

func TestReplay(t *testing.T) {
	x := examples(t)["deep"]
	seen := 0
	r := Verify(x.file, mustPolicy(t, x.policy), Options{Replay: func(s statement.Statement, formula []byte, inputs []statement.Statement) (string, error) {
		seen++
		if string(formula) != rule || len(inputs) != 2 {
			t.Errorf("%s: formula %s, %d inputs", s.Name, formula, len(inputs))
		}
		return map[string]string{"88.1/st.ab/500000/2023-06-30": "50", "88.1/st.top/500000/2023-06-30": "25"}[s.Name], nil
	}})
	if !r.OK || seen != 2 || r.Replayed != "25" {
		t.Errorf("%v, computed %d times, %q: %s", r.OK, seen, r.Replayed, r.Broken().EN)
	}
	r = Verify(x.file, mustPolicy(t, x.policy), Options{Replay: func(statement.Statement, []byte, []statement.Statement) (string, error) { return "26", nil }})
	if r.OK || r.Broken().EN != "computed again it is 26; stated is 25" {
		t.Errorf("another value: %s", r.Broken().EN)
	}
}

// TestMutations: 10,000 random changes of bundles, and none is accepted.
func TestMutations(t *testing.T) {
	const total = 10_000
	all := examples(t)
	names := make([]string, 0, len(all))
	for n := range all {
		names = append(names, n)
	}
	slices.Sort(names)
	policies := map[string]Policy{}
	for n, x := range all {
		policies[n] = mustPolicy(t, x.policy)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range total {
		name := names[i%len(names)]
		file := mutate(r, all[name].file, all[names[r.IntN(len(names))]].file)
		if shorter(all[name].file, file) {
			continue
		}
		if got := Verify(file, policies[name], Options{}); got.OK {
			t.Fatalf("seed %d, change %d of %s is accepted:\n%s", seed, i, name, file)
		}
	}
}

// shorter reports whether a file is the whole, or the whole without parts at its end: that is
// a bundle with fewer inputs of inputs, and nothing in it was changed.
func shorter(whole, file []byte) bool {
	_, err := bundle.Parse(file)
	return err == nil && bytes.HasPrefix(whole, file)
}

// mutate changes a file in one of several ways.
func mutate(r *rand.Rand, file, other []byte) []byte {
	out := slices.Clone(file)
	at, n := r.IntN(len(out)), 1+r.IntN(40)
	switch r.IntN(7) {
	case 0:
		out[at] ^= 1 << r.IntN(8)
	case 1:
		out[at] = byte(r.IntN(256))
	case 2:
		return slices.Delete(out, at, min(at+n, len(out)))
	case 3:
		return slices.Insert(out, at, out[:min(n, len(out))]...)
	case 4:
		return out[:at]
	case 5:
		copy(out[at:], other[min(at, len(other)):min(at+n, len(other))])
	case 6:
		swapParts(r, out)
	}
	return out
}

// swapParts changes two lines of the same length, such as hashes.
func swapParts(r *rand.Rand, file []byte) {
	lines := bytes.SplitAfter(file, []byte("\n"))
	a, b := r.IntN(len(lines)), r.IntN(len(lines))
	if len(lines[a]) == len(lines[b]) {
		was := slices.Clone(lines[a])
		copy(lines[a], lines[b])
		copy(lines[b], was)
	}
}

// TestGolden: files that other verifiers are tried on. A name that ends in .broken must
// not hold.
func TestGolden(t *testing.T) {
	dir := "testdata/bundles"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		writeGolden(t, dir)
	}
	files, err := filepath.Glob(dir + "/*.bundle*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files in %s, %v", len(files), dir, err)
	}
	for _, name := range files {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		policy, err := os.ReadFile(strings.TrimSuffix(strings.TrimSuffix(name[:strings.Index(name, ".bundle")], "."), "") + ".policy")
		if err != nil {
			t.Fatal(err)
		}
		r := Verify(file, mustPolicy(t, string(policy)), Options{})
		if r.OK == strings.Contains(name, ".broken") {
			_, en := r.Sentence()
			t.Errorf("%s: %s", name, en)
		}
	}
}

func writeGolden(t *testing.T, dir string) {
	t.Helper()
	put := func(name string, body []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	all := examples(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		x := all[name]
		name = strings.ReplaceAll(name, " ", "-")
		put(name+".policy", []byte(x.policy))
		put(name+".bundle", x.file)
		for i := range 4 {
			broken := mutate(r, x.file, x.file)
			for bytes.Equal(broken, x.file) {
				broken = mutate(r, x.file, x.file)
			}
			put(fmt.Sprintf("%s.bundle.broken%d", name, i+1), broken)
		}
	}
}

func FuzzVerify(f *testing.F) {
	for _, x := range examples(f) {
		f.Add(x.file, []byte(x.policy))
	}
	f.Fuzz(func(t *testing.T, file, policy []byte) {
		p, err := ParsePolicy(policy)
		if err != nil {
			return
		}
		r := Verify(file, p, Options{})
		if r.OK != (r.Broken() == Check{}) {
			t.Errorf("OK is %v and %q broke", r.OK, r.Broken().EN)
		}
	})
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte("log a+00000000+AQ\nquorum none\n"))
	f.Add([]byte("group g 1 a b\nwitness a b c\ntsa AA==\nroot a b\n"))
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = ParsePolicy(text) })
}

func TestParsePolicy(t *testing.T) {
	c := build(t, statement.SuiteEdDSA)
	log, root := "log "+c.vkey+"\n", "root 88.1/500000#root "+c.root.Public().String()+"\n"
	w := "witness w1 " + c.witness[0].Verifier().String() + "\n"
	for name, tt := range map[string]struct{ text, words string }{
		"nothing":                {"", "names no log"},
		"no quorum":              {log + root, "quorum none"},
		"no root":                {log + "quorum none\n", "names no root"},
		"two logs":               {log + log, "line 2: a second log"},
		"an unknown line":        {"lag x\n", `line 1: "lag" is not one of`},
		"a word too many":        {"quorum a b\n", "line 1: it has 2 words after quorum; its form is quorum none|NAME"},
		"a log without a key":    {"log x\n", "is not the key of a log"},
		"a witness's log key":    {"witness w " + c.vkey + "\n", "is not the key of a witness"},
		"a name twice":           {w + w, "line 2: the name \"w1\" is taken"},
		"a group of nobody":      {w + "group g all w1 w2\n", "member \"w2\""},
		"a group of one twice":   {w + "group g 1 w1 w1\n", "twice"},
		"two of one":             {w + "group g 2 w1\n", "a number from 1 to 1"},
		"an unknown quorum":      {log + root + "quorum g\n", `quorum "g" is neither`},
		"two quorums":            {log + root + "quorum none\nquorum none\n", "said once"},
		"a witness's key twice":  {w + strings.Replace(w, " w1 ", " w2 ", 1), "is that of witness \"w1\""},
		"a member of two groups": {w + "group g 1 w1\ngroup h 1 w1\n", "this group or another"},
		"a number with a sign":   {w + "group g +1 w1\n", "a number from 1 to 1"},
		"a carriage return":      {log + root + "quorum none\r\n", "line 3: it has a control character"},
		"a root that is no key":  {log + "root a b\n", "is not multibase"},
		"a root twice":           {log + root + root, "named twice"},
		"no certificate":         {log + root + "tsa AAAA\n", "is not DER"},
		"no base64":              {log + root + "tsa ?\n", "is not base64"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ParsePolicy([]byte(tt.text)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("%v; want %q", err, tt.words)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for name, x := range examples(b) {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			p := mustPolicy(b, x.policy)
			b.ReportMetric(float64(len(x.file)), "B")
			for b.Loop() {
				if r := Verify(x.file, p, Options{}); !r.OK {
					b.Fatal(r.Broken().EN)
				}
			}
		})
	}
}
