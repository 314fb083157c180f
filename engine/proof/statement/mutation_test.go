package statement

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"yuzhou/engine/proof/canon"
	"yuzhou/kernel/fault"
)

// No mutation of a signed statement verifies, in either suite.
func TestMutations(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, name := range []string{"derived.json", "both.json", "observation.json"} {
		doc := read(t, name)
		keyOf := keys(quiet{t}, time.Time{})
		for range 4000 {
			bad := mutate(r, doc)
			if bytes.Equal(bad, doc) {
				continue
			}
			if s, _, err := Verify(bad, keyOf); err == nil {
				t.Fatalf("%s is taken as %v", bad, s)
			}
		}
	}
}

// quiet is for keyOf that is asked for the time of a mutated statement.
type quiet struct{ testing.TB }

func (quiet) Errorf(string, ...any) {}

// mutate changes one to three places: a bit, a byte to another of the document, which
// often keeps it JSON, a stretch left out, moved or doubled.
func mutate(r *rand.Rand, doc []byte) []byte {
	out := bytes.Clone(doc)
	for range 1 + r.IntN(3) {
		i := r.IntN(len(out))
		j := min(len(out), i+1+r.IntN(8))
		switch r.IntN(6) {
		case 0:
			out[i] ^= 1 << r.IntN(8)
		case 1:
			out[i] = doc[r.IntN(len(doc))]
		case 2:
			out = append(out[:i:i], out[j:]...)
		case 3:
			out = append(out[:j:j], out[i:]...)
		case 4:
			k := r.IntN(len(out))
			out[i], out[k] = out[k], out[i]
		default:
			// A digit or a letter for the next: nearly always still in form.
			if c := out[i]; '0' <= c && c < '9' || 'a' <= c && c < 'z' || 'A' <= c && c < 'Z' {
				out[i]++
			}
		}
	}
	return out
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"derived.json", "both.json", "observation.json"} {
		f.Add(read(f, name))
	}
	for _, s := range others() {
		doc, err := s.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		s, proofs, err := Parse(doc)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatalf("%q: %v", doc, err)
			}
			return
		}
		// What was read says all that the document says.
		var fields map[string]any
		part, err := s.Encode()
		if err != nil {
			t.Fatalf("%q: %v", doc, err)
		}
		if err := json.Unmarshal(part, &fields); err != nil {
			t.Fatal(err)
		}
		switch len(proofs) {
		case 0:
		case 1:
			fields["proof"] = proofs[0]
		default:
			fields["proof"] = proofs
		}
		if again, err := canon.Marshal(fields); err != nil || !bytes.Equal(again, doc) {
			t.Fatalf("%q comes back as %q, %v", doc, again, err)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	for _, suite := range []string{SuiteEdDSA, SuiteSM2} {
		b.Run(suite, func(b *testing.B) {
			signer, s := testSigner(b, suite), typical()
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				doc, err := Sign(b.Context(), s, s.Issued.Time, signer)
				if err != nil {
					b.Fatal(err)
				}
				size = len(doc)
			}
			b.ReportMetric(float64(size), "B/statement")
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, suite := range []string{SuiteEdDSA, SuiteSM2} {
		b.Run(suite, func(b *testing.B) {
			signer, s := testSigner(b, suite), typical()
			doc, err := Sign(b.Context(), s, s.Issued.Time, signer)
			if err != nil {
				b.Fatal(err)
			}
			keyOf := keys(b, s.Issued.Time)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Verify(doc, keyOf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	doc := read(b, "derived.json")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Parse(doc); err != nil {
			b.Fatal(err)
		}
	}
}
