package seal

import (
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

type quick struct{ Passphrase }

func (q quick) Derive(_ context.Context, scheme string, salt []byte) ([]byte, error) {
	if _, err := parseCost(scheme); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append(append([]byte(scheme), salt...), q.Secret...))
	return sum[:], nil
}

func TestMutations(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, tt := range []struct {
		name string
		kek  KEK
	}{{"key", key}, {"passphrase", quick{words}}} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := Seal(t.Context(), secret, tt.kek, town)
			if err != nil {
				t.Fatal(err)
			}
			for i := range len(e) * 8 {
				b := []byte(e)
				b[i/8] ^= 1 << (i % 8)
				_, err := Open(t.Context(), string(b), tt.kek, town)
				closed(t, err)
			}
			for range 10_000 {
				m := mutate(r, e)
				if m == e {
					continue
				}
				if _, err := Open(t.Context(), m, tt.kek, town); err == nil {
					t.Fatalf("seed %d: opened %q", seed, m)
				} else {
					closed(t, err)
				}
			}
		})
	}
}

func mutate(r *rand.Rand, in string) string {
	b := []byte(in)
	for range 1 + r.IntN(3) {
		if len(b) == 0 {
			break
		}
		i, j := r.IntN(len(b)), r.IntN(len(b))
		switch r.IntN(6) {
		case 0:
			b[i] = byte(r.Uint32())
		case 1: // stays within the alphabet, so that it gets past the parser
			b[i] = in[r.IntN(len(in))]
		case 2:
			b = append(b[:i:i], append([]byte{in[r.IntN(len(in))]}, b[i:]...)...)
		case 3:
			b = append(b[:i:i], b[min(len(b), i+1+r.IntN(4)):]...)
		case 4:
			b = append(b[:i:i], in[r.IntN(len(in)):]...)
		case 5:
			b[i], b[j] = b[j], b[i]
		}
	}
	return string(b)
}

func FuzzParse(f *testing.F) {
	e, err := Seal(f.Context(), secret, key, town)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(e)
	f.Add(strings.Replace(e, hkdfScheme, "argon2id,v=19,m=19456,t=2,p=1", 1))
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s)
		if err != nil {
			return
		}
		if p.header+encode(p.sealed) != s {
			t.Errorf("%q is read as %+v", s, p)
		}
		if _, err = Open(t.Context(), s, key, Binding{"u", "k"}); err == nil {
			t.Errorf("opened %q", s)
		}
		if c, err := parseCost(p.Scheme); err == nil && c.String() != p.Scheme {
			t.Errorf("%q is read as %v", p.Scheme, c)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	for name, kek := range map[string]KEK{"key": key, "passphrase": Passphrase{Secret: words.Secret}} {
		b.Run(name, func(b *testing.B) {
			e, err := Seal(b.Context(), secret, kek, town)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := Open(b.Context(), e, kek, town); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
