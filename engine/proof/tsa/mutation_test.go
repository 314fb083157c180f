package tsa

import (
	"crypto/x509"
	"math/rand/v2"
	"testing"
	"time"
)

func TestMutations(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	a, c := authority(t)
	pins := []*x509.Certificate{c.Root}
	token := stamp(t, a)
	response, err := Response{Failure: NoFailure, Token: token}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	adobe, err := ParseResponse(read(t, "globalsign-adobe-2017.tsr"))
	if err != nil {
		t.Fatal(err)
	}
	signer := []*x509.Certificate{enclosed(t, adobe.Token)[0]}
	foreign, err := Canonical(adobe.Token, signer)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("RhT49MYCgJzWssTF+LXtFZbLD4pe94q4uezLWoTLzyM=\n")
	for _, tt := range []struct {
		name   string
		in     []byte
		accept func([]byte) error
	}{
		{"token", token, func(b []byte) error { _, err := Verify(b, message, pins); return err }},
		{"RSA token", foreign, func(b []byte) error { _, err := Verify(b, text, signer); return err }},
		{"response", response, func(b []byte) error {
			r, err := ParseResponse(b)
			if err == nil {
				err = r.Granted()
			}
			if err == nil {
				_, err = Verify(r.Token, message, pins)
			}
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.accept(tt.in); err != nil {
				t.Fatal(err)
			}
			// Every bit of every byte, then at random.
			for i := range len(tt.in) * 8 {
				b := append([]byte{}, tt.in...)
				b[i/8] ^= 1 << (i % 8)
				if tt.accept(b) == nil {
					t.Errorf("bit %d of byte %d was changed and nobody saw it", i%8, i/8)
				}
			}
			for range 10_000 {
				if b := mutate(r, tt.in); string(b) != string(tt.in) && tt.accept(b) == nil {
					t.Fatalf("seed %d: accepted %x", seed, b)
				}
			}
		})
	}
}

func mutate(r *rand.Rand, in []byte) []byte {
	b := append([]byte{}, in...)
	for range 1 + r.IntN(3) {
		i := r.IntN(len(b))
		switch r.IntN(6) {
		case 0, 1:
			b[i] = byte(r.Uint32())
		case 2:
			b = append(b[:i], append([]byte{byte(r.Uint32())}, b[i:]...)...)
		case 3:
			b = append(b[:i], b[min(len(b), i+1+r.IntN(4)):]...)
		case 4:
			b = append(b[:i:i], in[r.IntN(len(in)):]...)
		case 5:
			j := r.IntN(len(b))
			b[i], b[j] = b[j], b[i]
		}
		if len(b) == 0 {
			return b
		}
	}
	return b
}
