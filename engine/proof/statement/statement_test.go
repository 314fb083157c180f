package statement

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
)

func sum(s string) string { return SHA256.Sum([]byte(s)) }

// typical is a derived number with three inputs.
func typical() Statement {
	return Statement{
		Kind: Derived, Name: "88.500.1/st.hte.density/500000/2023-06-30", Vintage: 2,
		Value: "1.52", Unit: "1/10000", Period: "2023-06-30", Status: "final",
		Formula: &Formula{ID: "ratio", Digest: sum("ratio")},
		Inputs: []Input{
			{Name: "88.500.1/st.hte/500000/2023-06-30", Vintage: 1, Digest: sum("a")},
			{Name: "88.500.1/st.pop/500000/2023-06-30", Vintage: 3, Digest: sum("b")},
		},
		Supersedes: sum("before"),
		Method:     "yuzhou/2.1.0", Issuer: "88.500.1/org/500000",
		Issued: At(time.Date(2026, 7, 1, 8, 30, 0, 123456789, time.FixedZone("", 8*3600))),
	}
}

func observation() Statement {
	s := typical()
	s.Kind, s.Vintage, s.Formula, s.Inputs, s.Supersedes = Observation, 1, nil, nil, ""
	s.Value, s.Unit, s.Source = "≥ 5600", "家", &Source{"88.500.1/doc/2023-17", "p. 4, 表 2"}
	return s
}

func others() map[Kind]Statement {
	base := Statement{Vintage: 1, Name: "88.500.1/x/1", Method: "yuzhou/2.1.0", Issuer: "88.500.1/org/500000", Issued: At(time.Unix(1782864000, 0))}
	content := &Content{Media: "application/json", Digest: sum("content"), Size: 0}
	of := func(k Kind, change func(*Statement)) Statement {
		s := base
		s.Kind = k
		change(&s)
		return s
	}
	return map[Kind]Statement{
		Observation: observation(),
		Derived:     typical(),
		Plan:        of(Plan, func(s *Statement) { s.Content = content }),
		Target:      of(Target, func(s *Statement) { s.Value, s.Period = "10", "2027" }),
		Evaluation:  of(Evaluation, func(s *Statement) { s.Status, s.Inputs = "behind", typical().Inputs }),
		Closure:     of(Closure, func(s *Statement) { s.Status = "closed" }),
		Events:      of(Events, func(s *Statement) { s.Content = content }),
		Procedure:   of(Procedure, func(s *Statement) { s.Content = content }),
		Pack: of(Pack, func(s *Statement) {
			s.Content, s.Batch = content, &Batch{Schema: "yuzhou.pack/v1", Count: 10, Root: sum("r"), Previous: ""}
		}),
		Records: of(Records, func(s *Statement) {
			s.Batch = &Batch{Schema: "yuzhou.call/v1", Count: 1 << 20, Root: SM3.Sum(nil), Previous: sum("p")}
			s.Period = "2026-07-01T00:00:00Z/2026-07-01T00:00:01Z"
		}),
		KeyState: of(KeyState, func(s *Statement) {
			s.Name = "88.500.1/org/500101#2026-1"
			s.Value, s.Status, s.Period = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2", "in force", "2026-01-01T00:00:00.5Z/.."
		}),
	}
}

// keys knows the two test signers and asks for nothing but the time of issue.
func keys(tb testing.TB, at time.Time) KeyOf {
	tb.Helper()
	known := map[string]Key{}
	for _, suite := range []string{SuiteEdDSA, SuiteSM2} {
		s := testSigner(tb, suite)
		known[s.Method()] = s.Public()
	}
	return func(method string, when time.Time) (Key, error) {
		if !when.Equal(at) {
			tb.Errorf("asked for the key at %s, the statement was issued at %s", when, at)
		}
		if k, ok := known[method]; ok {
			return k, nil
		}
		return Key{}, fault.New(fault.NotFound, "key %q is not known", method)
	}
}

func TestSignAndVerify(t *testing.T) {
	ed, sm := testSigner(t, SuiteEdDSA), testSigner(t, SuiteSM2)
	for kind, s := range others() {
		t.Run(string(kind), func(t *testing.T) {
			digest, err := s.Digest()
			if err != nil {
				t.Fatal(err)
			}
			for _, signers := range [][]Signer{{ed}, {sm}, {ed, sm}} {
				doc, err := Sign(t.Context(), s, s.Issued.Add(time.Second), signers...)
				if err != nil {
					t.Fatal(err)
				}
				got, results, err := Verify(doc, keys(t, s.Issued.Time))
				if err != nil || len(results) != len(signers) {
					t.Fatalf("Verify: %v, %d results\n%s", err, len(results), doc)
				}
				if diff := cmp.Diff(s, got); diff != "" {
					t.Errorf("what comes back (-want +got):\n%s", diff)
				}
				if d, err := Digest(doc); err != nil || d != digest {
					t.Errorf("the digest with proofs is %s, %v; want %s", d, err, digest)
				}
			}
		})
	}
}

func TestGolden(t *testing.T) {
	ed, sm := testSigner(t, SuiteEdDSA), testSigner(t, SuiteSM2)
	for name, s := range map[string]Statement{"derived.json": typical(), "observation.json": observation()} {
		doc, err := Sign(t.Context(), s, s.Issued.Time, ed)
		if err != nil {
			t.Fatal(err)
		}
		testkit.Golden(t, name, doc)
		if len(doc) > 1100 {
			t.Errorf("%s has %d bytes, more than a typical statement should", name, len(doc))
		}
		t.Logf("%s: %d bytes", name, len(doc))
	}
	// SM2 signatures are random: the stored ones must verify, and adding one to a
	// stored statement must not change its digest or its first proof.
	s := typical()
	both, err := Secure(t.Context(), read(t, "derived.json"), s.Issued.Time, sm)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("with SM2 as well: %d bytes", len(both))
	if os.Getenv("UPDATE_GOLDEN") != "" {
		testkit.Golden(t, "both.json", both)
	}
	for _, doc := range [][]byte{both, read(t, "both.json")} {
		got, results, err := Verify(doc, keys(t, s.Issued.Time))
		if err != nil || len(results) != 2 || !cmp.Equal(got, s) {
			t.Errorf("Verify = %v, %v, %v", got, results, err)
		}
		first, err := Digest(read(t, "derived.json"))
		if d, err2 := Digest(doc); err != nil || err2 != nil || d != first {
			t.Errorf("the digest is %s, %v, %v; want %s", d, err, err2, first)
		}
	}
}

func TestVerifyPartly(t *testing.T) {
	s := typical()
	doc, err := Sign(t.Context(), s, s.Issued.Time, testSigner(t, SuiteEdDSA), testSigner(t, SuiteSM2))
	if err != nil {
		t.Fatal(err)
	}
	all := keys(t, s.Issued.Time)
	got, results, err := Verify(doc, func(method string, at time.Time) (Key, error) {
		if strings.HasSuffix(method, "#sm2-2026") {
			return Key{}, fault.New(fault.Forbidden, "revoked")
		}
		return all(method, at)
	})
	if !errors.Is(err, fault.Forbidden) || !cmp.Equal(got, s) || len(results) != 2 || results[0].Err != nil || !errors.Is(results[1].Err, fault.Forbidden) {
		t.Errorf("Verify = %v, %v, %v", got, results, err)
	}
	bare, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, proofs, err := Parse(bare); err != nil || len(proofs) != 0 {
		t.Errorf("Parse of a statement without proofs = %v, %v", proofs, err)
	}
	if _, _, err := Verify(bare, all); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "nobody has signed it") {
		t.Errorf("Verify of a statement without proofs: %v", err)
	}
}

func TestCheckRefuses(t *testing.T) {
	d := sum("x")
	for _, tt := range []struct {
		name   string
		change func(*Statement)
		want   string
	}{
		{"kind", func(s *Statement) { s.Kind = "fact" }, `kind "fact" is not known`},
		{"no name", func(s *Statement) { s.Name = "" }, "name: name"},
		{"name without prefix", func(s *Statement) { s.Name = "st.hte" }, "name: name"},
		{"name with a space", func(s *Statement) { s.Name += " x" }, "name: name"},
		{"vintage 0", func(s *Statement) { s.Vintage = 0 }, "vintage is 0; give an integer from 1"},
		{"vintage 2^53", func(s *Statement) { s.Vintage = 1 << 53 }, "vintage is 9007199254740992"},
		{"no method", func(s *Statement) { s.Method = "" }, "method is missing"},
		{"no issuer", func(s *Statement) { s.Issuer = "" }, "issuer is missing"},
		{"issuer with a key", func(s *Statement) { s.Issuer += "#k" }, "holds a space or #"},
		{"not issued", func(s *Statement) { s.Issued = Instant{} }, "issued is in the year 1"},
		{"issued too fine", func(s *Statement) { s.Issued.Time = s.Issued.Add(1) }, "finer than a microsecond"},
		{"value of control characters", func(s *Statement) { s.Value = "1\n2" }, "value \"1\\n2\" holds U+000A"},
		{"value that turns", func(s *Statement) { s.Value = "1\u202e23" }, "holds U+202E"},
		{"value with a zero-width space", func(s *Statement) { s.Value = "1\u200b2" }, "holds U+200B"},
		{"value with white space", func(s *Statement) { s.Value = " 1" }, "white space at an end"},
		{"value too long", func(s *Statement) { s.Value = strings.Repeat("1", 1025) }, "value has 1025 bytes"},
		{"value that is no UTF-8", func(s *Statement) { s.Value = "\xff" }, "is not UTF-8"},
		{"unit too long", func(s *Statement) { s.Unit = strings.Repeat("m", 129) }, "unit has 129 bytes"},
		{"unit alone", func(s *Statement) { s.Kind, s.Value = Evaluation, "" }, "has no value"},
		{"status", func(s *Statement) { s.Status = "\x7f" }, "status"},
		{"period", func(s *Statement) { s.Period = "last year" }, "period \"last year\" is neither"},
		{"period in another form", func(s *Statement) { s.Period = "2023-6" }, "period"},
		{"instants the wrong way", func(s *Statement) { s.Period = "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z" }, "ends before it begins"},
		{"instants with a zone", func(s *Statement) { s.Period = "2026-01-02T00:00:00+08:00/.." }, "is neither"},
		{"formula without id", func(s *Statement) { s.Formula.ID = "" }, "formula.id is missing"},
		{"formula without digest", func(s *Statement) { s.Formula.Digest = "x" }, "formula.digest: digest"},
		{"no inputs", func(s *Statement) { s.Inputs = nil }, "must have value, period, formula and inputs"},
		{"an empty input", func(s *Statement) { s.Inputs[1] = Input{} }, "inputs[1]: an input is"},
		{"both inputs", func(s *Statement) { s.Inputs[0].Batch = d }, "inputs[0]: an input is"},
		{"input's name", func(s *Statement) { s.Inputs[0].Name = "x" }, "inputs[0]: name"},
		{"input's vintage", func(s *Statement) { s.Inputs[0].Vintage = -1 }, "inputs[0]: vintage"},
		{"input's digest", func(s *Statement) { s.Inputs[0].Digest = "" }, "inputs[0]: digest"},
		{"range without root", func(s *Statement) { s.Inputs[0] = Input{Count: 1} }, "inputs[0]: batch: digest"},
		{"range without count", func(s *Statement) { s.Inputs[0] = Input{Batch: d} }, "inputs[0]: count is 0"},
		{"range before the first", func(s *Statement) { s.Inputs[0] = Input{Batch: d, First: -1, Count: 2} }, "inputs[0]: first is -1"},
		{"range beyond integers", func(s *Statement) { s.Inputs[0] = Input{Batch: d, First: maxInteger, Count: maxInteger} }, "first + count"},
		{"source", func(s *Statement) { s.Source = &Source{} }, "source.document is missing"},
		{"locator", func(s *Statement) { s.Source = &Source{"d", "\t"} }, "source.locator"},
		{"media type", func(s *Statement) { s.Content = &Content{Media: "json", Digest: d, Size: 1} }, "content.media"},
		{"media type with a tab", func(s *Statement) { s.Content = &Content{Media: "text/plain;\ta=b", Digest: d, Size: 1} }, "content.media"},
		{"content's digest", func(s *Statement) { s.Content = &Content{Media: "text/csv", Digest: "", Size: 1} }, "content.digest"},
		{"content's size", func(s *Statement) { s.Content = &Content{Media: "text/csv", Digest: d, Size: -1} }, "content.size is -1"},
		{"batch of nothing", func(s *Statement) { s.Batch = &Batch{Schema: "s", Count: 0, Root: d, Previous: ""} }, "batch.count is 0"},
		{"batch without schema", func(s *Statement) { s.Batch = &Batch{Schema: "", Count: 1, Root: d, Previous: ""} }, "batch.schema is missing"},
		{"batch without root", func(s *Statement) { s.Batch = &Batch{Schema: "s", Count: 1, Root: "", Previous: ""} }, "batch.root"},
		{"batch's previous", func(s *Statement) { s.Batch = &Batch{Schema: "s", Count: 1, Root: d, Previous: "x"} }, "batch.previous"},
		{"batch where none is", func(s *Statement) { s.Batch = &Batch{Schema: "s", Count: 1, Root: d, Previous: ""} }, "kind derived has a batch"},
		{"supersedes", func(s *Statement) { s.Supersedes = "x" }, "supersedes: digest"},
		{"supersedes nothing", func(s *Statement) { s.Vintage = 1 }, "supersedes is given with vintage 1"},
		{"withdraws and supersedes", func(s *Statement) { s.Withdraws = d }, "both given"},
		{"withdraws with a value", func(s *Statement) { s.Supersedes, s.Withdraws = "", d }, "beside what would take its place"},
		{"a key named as a number", func(s *Statement) { s.Kind = KeyState }, "names no key"},
		{"a key without unit", func(s *Statement) { s.Kind, s.Name = KeyState, "#k" }, "names no key"},
		{"a key with two marks", func(s *Statement) { s.Kind, s.Name = KeyState, "u#k#l" }, "names no key"},
		{"a number named as a key", func(s *Statement) { s.Name += "#k" }, "name: name"},
		{"a key that is none", func(s *Statement) { s.Kind, s.Name = KeyState, "u#k" }, "value of a statement of kind key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := typical()
			tt.change(&s)
			if err := s.Check(); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Check = %v, want %q", err, tt.want)
			}
			if doc, err := Sign(t.Context(), s, s.Issued.Time, testSigner(t, SuiteEdDSA)); err == nil {
				t.Errorf("it is signed: %s", doc)
			}
		})
	}
	for kind := range others() {
		s := Statement{Kind: kind, Name: others()[kind].Name, Vintage: 2, Method: "m", Issuer: "i", Issued: typical().Issued}
		if err := s.Check(); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "must have") {
			t.Errorf("kind %s without anything: %v", kind, err)
		}
		s.Withdraws = d
		if err := s.Check(); err != nil {
			t.Errorf("kind %s that withdraws: %v", kind, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	signed := string(read(t, "derived.json"))
	one := func(pairs ...string) string {
		out := strings.NewReplacer(pairs...).Replace(signed)
		if out == signed {
			t.Fatalf("%q is not in the statement", pairs[0])
		}
		return out
	}
	proof := signed[strings.Index(signed, `"proof":{`)+len(`"proof":`) : strings.Index(signed, `,"status"`)]
	for _, tt := range []struct{ name, doc, want string }{
		{"white space", signed + "\n", "not in the canonical form"},
		{"order", `{"name":"x","issuer":"y"}`, "not in the canonical form"},
		{"a field not known", one(`"vintage"`, `"valued":"1","vintage"`), `unknown field "valued"`},
		{"a field in capitals", one(`"value"`, `"vAlue"`), "other capital letters"},
		{"a field in capitals, in order", one(`{"formula"`, `{"UNIT":"1","formula"`, `"unit":"1/10000",`, ``), "other capital letters"},
		{"a field that is empty", one(`"status":"final"`, `"status":""`), "is empty, null"},
		{"a field that is null", one(`"status":"final"`, `"status":null`), "is empty, null"},
		{"first that is 0", one(`{"digest":"`+sum("a")+`","name":"88.500.1/st.hte/500000/2023-06-30","vintage":1}`, `{"batch":"`+sum("a")+`","count":1,"first":0}`), "is empty, null, its default"},
		{"vintage as text", one(`"vintage":2`, `"vintage":"2"`), "of another type"},
		{"vintage with a fraction", one(`"vintage":2`, `"vintage":2.5`), "of another type"},
		{"issued in another form", one(`"issued":"2026-07-01T00:30:00.123456Z"`, `"issued":"2026-07-01T00:30:00Z"`), "six decimals"},
		{"issued with a zone", one(`"issued":"2026-07-01T00:30:00.123456Z"`, `"issued":"2026-07-01T08:30:00.123456+08:00"`), "six decimals"},
		{"issued as number", one(`"issued":"2026-07-01T00:30:00.123456Z"`, `"issued":1`), "is not text"},
		{"issued null", one(`"issued":"2026-07-01T00:30:00.123456Z"`, `"issued":null`), "six decimals"},
		{"list of one proof", strings.Replace(signed, proof, "["+proof+"]", 1), "proof is a list of one"},
		{"the same proof twice", strings.Replace(signed, proof, "["+proof+","+proof+"]", 1), "two proofs are of the key"},
		{"another's key", strings.Replace(signed, `"verificationMethod":"88.500.1/org/500000#`, `"verificationMethod":"88.500.1/org/500101#`, 1), "is no key of the issuer"},
		{"no key", strings.Replace(signed, `#edd-2026"`, `"`, 1), "names no key"},
		{"key without a name", strings.Replace(signed, `#edd-2026"`, `#"`, 1), "names no key"},
		{"proof that is null in a list", strings.Replace(signed, proof, "["+proof+",null]", 1), "type of the proof"},
		{"proof not dated", one(`"created":"2026-07-01T00:30:00.123456Z",`, ``), "created of the proof"},
		{"proof before the statement", one(`"created":"2026-07-01T00:30:00.123456Z",`, `"created":"2026-07-01T00:30:00.123455Z",`), "before the statement was issued"},
		{"proof dated in another form", one(`"created":"2026-07-01T00:30:00.123456Z",`, `"created":"2026-07-01T00:30:00.12345600Z",`), "created of the proof"},
		{"proof with @context", one(`"proof":{`, `"proof":{"@context":"x",`), "has an @context"},
		{"document with @context", `{"@context":"x",` + signed[1:], `unknown field "@context"`},
		{"proof with another option", one(`"proofPurpose"`, `"nonce":"x","proofPurpose"`), "is not known here"},
		{"large", `"` + strings.Repeat("x", MaxSize) + `"`, "65537 bytes, at most 65535"},
		{"a list", `[]`, "is not a JSON object"},
		{"nothing", ``, "byte 0"},
		{"nothing in it", `{}`, "name: name"},
		{"inputs of nothing", one(`"inputs":[{`, `"inputs":[null,{`), "inputs[0]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _, err := Parse([]byte(tt.doc))
			if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse = %v, %v; want %q", s, err, tt.want)
			}
		})
	}
	if _, err := Sign(t.Context(), typical(), typical().Issued.Time); !errors.Is(err, fault.Invalid) {
		t.Errorf("signed by nobody: %v", err)
	}
	other := typical()
	other.Issuer = "88.500.1/org/1"
	if _, err := Sign(t.Context(), other, other.Issued.Time, testSigner(t, SuiteEdDSA)); !errors.Is(err, fault.Invalid) {
		t.Errorf("signed by another: %v", err)
	}
	full := typical()
	full.Inputs = slices.Repeat(full.Inputs, 250)
	if _, err := Sign(t.Context(), full, full.Issued.Time, testSigner(t, SuiteEdDSA)); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "at most 65535") {
		t.Errorf("larger than a leaf: %v", err)
	}
}

func TestInstant(t *testing.T) {
	i := At(time.Date(2026, 7, 1, 8, 0, 0, 999, time.FixedZone("", 8*3600)))
	if got := i.String(); got != "2026-07-01T00:00:00.000000Z" {
		t.Errorf("an instant is %s", got)
	}
	if got := fmt.Sprint(typical().Issued); got != "2026-07-01T00:30:00.123456Z" {
		t.Errorf("an instant is printed %s", got)
	}
}

// What is written out of order would be sorted again at every turn.
func TestFieldsAreInOrder(t *testing.T) {
	for kind, s := range others() {
		doc, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(doc, &fields); err != nil {
			t.Fatal(err)
		}
		if sorted, err := json.Marshal(fields); err != nil || string(sorted) != string(doc) {
			t.Errorf("kind %s:\n%s\nin order\n%s, %v", kind, doc, sorted, err)
		}
	}
}
