package tsa

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	peer "github.com/digitorus/timestamp"

	"yuzhou/kernel/fault"
)

func openssl(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("SKIPPED: openssl is not installed; the tokens were NOT checked against a second implementation")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "OPENSSL_CONF=/dev/null")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func must(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := openssl(t, dir, args...); err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func write(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpenSSL(t *testing.T) {
	a, c := authority(t)
	now := time.Now().UTC()
	a.Now = func() time.Time { return now } // OpenSSL checks the chain at its own time
	dir := t.TempDir()
	write(t, dir, "data", message)
	write(t, dir, "other", []byte("x"))
	write(t, dir, "root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Root.Raw}))
	write(t, dir, "tsa.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.TSA.Raw}))
	for _, tt := range []struct {
		name  string
		query []string
	}{
		{"SHA-256 with certificate", []string{"-sha256", "-cert"}},
		{"SHA-384 without nonce", []string{"-sha384", "-cert", "-no_nonce"}},
		{"SHA-512, policy named, no certificate", []string{"-sha512", "-tspolicy", a.Policy}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			must(t, dir, append([]string{"ts", "-query", "-data", "data", "-out", "q"}, tt.query...)...)
			q, err := os.ReadFile(filepath.Join(dir, "q"))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := a.Answer(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			r, err := ParseResponse(answer)
			if err != nil || r.Granted() != nil {
				t.Fatal(err, r.Text)
			}
			write(t, dir, "r", answer)
			write(t, dir, "t", r.Token)
			must(t, dir, "ts", "-verify", "-queryfile", "q", "-in", "r", "-CAfile", "root.pem", "-untrusted", "tsa.pem")
			must(t, dir, "ts", "-verify", "-data", "data", "-in", "t", "-token_in", "-CAfile", "root.pem", "-untrusted", "tsa.pem")
			if out, err := openssl(t, dir, "ts", "-verify", "-data", "other", "-in", "t", "-token_in", "-CAfile", "root.pem", "-untrusted", "tsa.pem"); err == nil {
				t.Errorf("OpenSSL takes the token for another message: %s", out)
			}
			if _, err = Verify(r.Token, message, enclosedOr(t, r.Token, c)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOpenSSLAuthority(t *testing.T) {
	now := time.Now()
	c, err := NewChain("Town", now.Add(-time.Hour), now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "data", message)
	write(t, dir, "serial", []byte("01\n"))
	writeKey(t, dir, c)
	write(t, dir, "conf", []byte("[tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_cert=tsa.pem\nsigner_key=key.pem\ndefault_policy=1.2.3.4\nsigner_digest=sha256\ndigests=sha256,sha512\naccuracy=secs:1,millisecs:500,microsecs:100\nordering=yes\ntsa_name=yes\ness_cert_id_chain=no\ness_cert_id_alg=sha256\n"))
	for _, ess := range []string{"sha1", "sha256", "sha512"} {
		t.Run(ess, func(t *testing.T) {
			conf, err := os.ReadFile(filepath.Join(dir, "conf"))
			if err != nil {
				t.Fatal(err)
			}
			write(t, dir, "conf2", bytes.Replace(conf, []byte("alg=sha256"), []byte("alg="+ess), 1))
			must(t, dir, "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q")
			must(t, dir, "ts", "-reply", "-config", "conf2", "-section", "t", "-queryfile", "q", "-out", "r")
			answer, err := os.ReadFile(filepath.Join(dir, "r"))
			if err != nil {
				t.Fatal(err)
			}
			r, err := ParseResponse(answer)
			if err != nil {
				t.Fatal(err)
			}
			token, err := Canonical(r.Token, pins(c))
			if err != nil {
				t.Fatal(err)
			}
			s, err := Verify(token, message, pins(c))
			if err != nil || s.Policy != "1.2.3.4" || s.Accuracy != 1500100*time.Microsecond {
				t.Errorf("%+v, %v", s, err)
			}
			if now.Sub(s.At).Abs() > time.Minute {
				t.Errorf("stamped %v", s.At)
			}
		})
	}
}

func TestPeer(t *testing.T) {
	a, c := authority(t)
	ours, err := peer.Parse(stamp(t, a))
	if err != nil {
		t.Fatal(err)
	}
	if !ours.Time.Equal(noon) || ours.Accuracy != time.Second || ours.Nonce.Cmp(query(message).Nonce) != 0 || ours.Policy.String() != a.Policy {
		t.Errorf("the peer reads %+v", ours)
	}
	sum := sha256.Sum256(message)
	made, err := (&peer.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: noon.Truncate(time.Second), Policy: []int{1, 2, 3},
		Accuracy: 1234567 * time.Microsecond, AddTSACertificate: true,
	}).CreateResponseWithOpts(c.TSA, c.Key, crypto.SHA384)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseResponse(made)
	if err != nil {
		t.Fatal(err)
	}
	token, err := Canonical(r.Token, pins(c))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Verify(token, message, pins(c))
	if err != nil || s.Accuracy != 1234567*time.Microsecond || s.Policy != "1.2.3" {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestLongChain stamps below a CA between the root and the authority, and encloses more
// than is needed; OpenSSL and we take it by the root, and Canonical drops the root.
func TestLongChain(t *testing.T) {
	a, c := authority(t)
	now := time.Now().UTC()
	a.Now = func() time.Time { return now }
	root, err := issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Province root"}, NotBefore: begin, NotAfter: end,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, SubjectKeyId: []byte{1},
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "Province root"}}, &c.Key.PublicKey, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	between := *c.Root
	between.AuthorityKeyId = nil
	ca, err := issue(&between, root, &c.RootKey.PublicKey, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	a.Chain = []*x509.Certificate{root, ca}
	token := stamp(t, a)
	if n := len(enclosed(t, token)); n != 3 {
		t.Fatalf("%d certificates", n)
	}
	trust := []*x509.Certificate{root}
	if _, err = Verify(token, message, trust); err != nil {
		t.Fatal(err)
	}
	short, err := Canonical(token, trust)
	if err != nil || len(enclosed(t, short)) != 2 {
		t.Fatalf("%d certificates, %v", len(enclosed(t, short)), err)
	}
	if _, err = Verify(short, message, trust); err != nil {
		t.Error(err)
	}
	// With the CA pinned the root stands outside the chain.
	_, err = Verify(token, message, []*x509.Certificate{ca})
	refused(t, err, fault.Invalid, "nobody signed")
	if short, err = Canonical(token, []*x509.Certificate{ca}); err != nil || len(enclosed(t, short)) != 1 {
		t.Errorf("%d certificates, %v", len(enclosed(t, short)), err)
	}
	dir := t.TempDir()
	write(t, dir, "data", message)
	write(t, dir, "t", token)
	write(t, dir, "root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}))
	must(t, dir, "ts", "-verify", "-data", "data", "-in", "t", "-token_in", "-CAfile", "root.pem")
}
