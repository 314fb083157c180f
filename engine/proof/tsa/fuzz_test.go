package tsa

import (
	"bytes"
	"testing"
)

func FuzzParse(f *testing.F) {
	a, c := authority(f)
	f.Add(stamp(f, a))
	f.Add(read(f, "globalsign-aatl.tst"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tok, err := Parse(b)
		if err != nil {
			return
		}
		if tok.Stamp.Serial == nil || len(tok.Digest) != tok.Hash.Size() {
			t.Errorf("half a token: %+v", tok)
		}
		_, _ = Verify(b, message, pins(c))
		_, _ = Canonical(b, tok.Certificates)
	})
}

func FuzzParseQuery(f *testing.F) {
	for _, name := range []string{"query.tsq", "query-nonce.tsq", "query-nocert.tsq"} {
		f.Add(read(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := ParseQuery(b)
		if err != nil {
			return
		}
		der, err := q.Marshal()
		if err != nil {
			t.Fatalf("read, but not written: %v", err)
		}
		again, err := ParseQuery(der)
		if err != nil || again.Policy != q.Policy || !bytes.Equal(again.Digest, q.Digest) || again.Certificate != q.Certificate {
			t.Errorf("%+v became %+v, %v", q, again, err)
		}
	})
}

func FuzzParseResponse(f *testing.F) {
	for _, name := range []string{"rejection.tsr", "globalsign-adobe-2017.tsr", "sigstore-injected-certs.tsr"} {
		f.Add(read(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseResponse(b)
		if err != nil {
			return
		}
		_ = r.Granted()
		der, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseResponse(der); err != nil || again.Status != r.Status || again.Failure != r.Failure || !bytes.Equal(again.Token, r.Token) {
			t.Errorf("%+v became %+v, %v", r, again, err)
		}
	})
}

func FuzzParseCertificates(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if list, err := ParseCertificates(b); err == nil && len(list) == 0 {
			t.Error("none, and no fault")
		}
	})
}

func BenchmarkStamp(b *testing.B) {
	a, _ := authority(b)
	q := query(message)
	for b.Loop() {
		if _, err := a.Stamp(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	a, c := authority(b)
	token := stamp(b, a)
	for b.Loop() {
		if _, err := Verify(token, message, pins(c)); err != nil {
			b.Fatal(err)
		}
	}
}
