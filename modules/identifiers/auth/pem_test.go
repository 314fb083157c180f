package auth_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
)

// pems returns keys in PEM by what they are.
func pems(tb testing.TB) map[string][]byte {
	tb.Helper()
	out := map[string][]byte{}
	put := func(name, kind string, der []byte, err error) {
		if err != nil {
			tb.Fatal(err)
		}
		out[name] = pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		tb.Fatal(err)
	}
	chinese, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&big.PublicKey)
	put("RSA", "PUBLIC KEY", der, err)
	put("RSA of PKCS 1", "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&big.PublicKey), nil)
	der, err = x509.MarshalPKIXPublicKey(&small.PublicKey)
	put("RSA of 1024 bits", "PUBLIC KEY", der, err)
	der, err = smx509.MarshalPKIXPublicKey(&chinese.PublicKey)
	put("SM2", "PUBLIC KEY", der, err)
	der, err = x509.MarshalPKIXPublicKey(&curve.PublicKey)
	put("P-256", "PUBLIC KEY", der, err)
	der, err = x509.MarshalPKCS8PrivateKey(big)
	put("private", "PRIVATE KEY", der, err)
	put("certificate", "CERTIFICATE", []byte("x"), nil)
	out["two"] = append(bytes.Clone(out["RSA"]), out["SM2"]...)
	out["nothing"] = nil
	return out
}

func TestParsePEM(t *testing.T) {
	for name, text := range pems(t) {
		want := map[string]string{"RSA": "", "RSA of PKCS 1": "", "SM2": "", "RSA of 1024 bits": "has 1024 bits", "P-256": "want RSA or SM2", "private": "is a private one", "certificate": "want PUBLIC KEY", "two": "not one block", "nothing": "not one block"}[name]
		key, err := auth.ParsePEM(text)
		if want != "" {
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		data, err := auth.AppendPublicKey(nil, key)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := auth.ParsePublicKey(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParsePEM(f *testing.F) {
	for _, text := range pems(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := auth.ParsePEM(text)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return
		}
		if _, err := auth.AppendPublicKey(nil, key); err != nil {
			t.Error(err)
		}
	})
}
