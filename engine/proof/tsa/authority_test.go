package tsa

import (
	"bytes"
	"crypto"
	_ "crypto/sha1"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	peer "github.com/digitorus/timestamp"

	"yuzhou/kernel/fault"
)

// openssl runs it in dir; without it the test skips loudly, and in CI a skip is a failure.
// TestOpenSSL lets stock OpenSSL ask and check.
// TestOpenSSLAuthority verifies tokens that OpenSSL makes with our certificate.
// TestPeer checks our bytes with github.com/digitorus/timestamp and its with ours.
func TestQuery(t *testing.T) {
	for _, name := range []string{"query.tsq", "query-nonce.tsq", "query-nocert.tsq"} {
		q, err := ParseQuery(read(t, name))
		if err != nil {
			t.Fatal(name, err)
		}
		der, err := q.Marshal()
		if err != nil || !bytes.Equal(der, read(t, name)) {
			t.Errorf("%s: written again it is %x, %v", name, der, err)
		}
	}
	for _, digest := range [][]byte{nil, make([]byte, 31), make([]byte, 33)} {
		_, err := Request(digest, nil)
		refused(t, err, fault.Invalid, "the digest has")
	}
	_, err := Query{Hash: crypto.SHA1, Digest: make([]byte, 20)}.Marshal()
	refused(t, err, fault.Invalid, "must be SHA-256")
	_, err = Request(make([]byte, 32), new(big.Int).Lsh(big.NewInt(1), 400))
	refused(t, err, fault.Invalid, "nonce is longer")
	q := query(message)
	q.Policy = "not.an.oid"
	_, err = q.Marshal()
	refused(t, err, fault.Invalid, "not an object identifier")
}

func TestAnswerRefuses(t *testing.T) {
	sha1, err := (&peer.Request{HashAlgorithm: crypto.SHA1, HashedMessage: make([]byte, 20)}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	policy := query(message)
	policy.Policy = "1.2.3"
	named, err := policy.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	good, err := query(message).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	extended := append([]byte{}, good...)
	extended = append(extended, 0xa0, 0)
	extended[1] += 2
	for _, tt := range []struct {
		name   string
		query  []byte
		change func(*Authority, *shelf)
		want   Failure
		kind   fault.Kind
		words  string
	}{
		{"rubbish", []byte("hello"), nil, BadDataFormat, fault.Invalid, "not a TimeStampReq"},
		{"too long", make([]byte, MaxQuery+1), nil, BadDataFormat, fault.Invalid, "more than 4096"},
		{"SHA-1", sha1, nil, BadAlgorithm, fault.Invalid, "is not SHA-256"},
		{"another policy", named, nil, UnacceptedPolicy, fault.Invalid, "in force here"},
		{"extensions", extended, nil, UnacceptedExtension, fault.Invalid, "extensions"},
		{"clock set back", good, func(_ *Authority, s *shelf) { s.last = Issued{9, noon.Add(time.Second)} }, TimeNotAvailable, fault.Busy, "before the last stamp"},
		{"certificate ran out", good, func(a *Authority, _ *shelf) { a.Now = func() time.Time { return end.Add(time.Hour) } }, TimeNotAvailable, fault.Busy, "not valid at"},
		{"disk full", good, func(_ *Authority, s *shelf) { s.before = errors.New("disk full") }, SystemFailure, fault.Busy, "could not be stored"},
		{"numbers used up", good, func(_ *Authority, s *shelf) { s.last.Number = 1<<64 - 1 }, SystemFailure, fault.Busy, "used up"},
		{"no settings", good, func(a *Authority, _ *shelf) { a.Key = nil }, SystemFailure, fault.Busy, "must all be set"},
		{"no policy", good, func(a *Authority, _ *shelf) { a.Policy = "" }, SystemFailure, fault.Busy, "not an object identifier"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, _ := authority(t)
			s := &shelf{}
			a.Serials = s
			if tt.change != nil {
				tt.change(a, s)
			}
			der, err := a.Answer(t.Context(), tt.query)
			if err != nil {
				t.Fatal(err)
			}
			r, err := ParseResponse(der)
			if err != nil || r.Failure != tt.want || r.Token != nil {
				t.Fatalf("%+v, %v", r, err)
			}
			refused(t, r.Granted(), tt.kind, tt.words)
			if strings.Contains(r.Granted().Error(), "disk full") {
				t.Error("the cause is told to a stranger")
			}
			if out, err := peer.ParseResponse(der); err == nil {
				t.Errorf("the peer reads %+v", out)
			}
		})
	}
}

// TestSerials holds that no number is given twice and none before it is stored, over
// faults of the store, restarts, an old backup and many callers at once.
func TestSerials(t *testing.T) {
	a, _ := authority(t)
	s := &shelf{}
	a.Serials = s
	seen := map[string]bool{}
	take := func() {
		t.Helper()
		tok, err := Parse(stamp(t, a))
		if err != nil {
			t.Fatal(err)
		}
		if n := tok.Stamp.Serial.String(); seen[n] {
			t.Errorf("number %s was given twice", n)
		} else {
			seen[n] = true
		}
	}
	take()
	for _, tt := range []struct {
		name   string
		break_ func(error)
		stored uint64
	}{
		{"failed, not persisted", func(err error) { s.before = err }, 1},
		{"failed, but persisted", func(err error) { s.after = err }, 2},
	} {
		tt.break_(errors.New("broken"))
		token, err := a.Stamp(t.Context(), query(message))
		refused(t, err, fault.Busy, "could not be stored")
		if token != nil || s.last.Number != tt.stored {
			t.Errorf("%s: token %x, stored %d", tt.name, token, s.last.Number)
		}
		tt.break_(nil)
	}
	take()
	old := s.last
	take()
	s.last = old // a backup is put back
	take()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { _, _ = a.Stamp(t.Context(), query(message)) })
	}
	wg.Wait()
	if s.last.Number != old.Number+21 {
		t.Errorf("the count is %d, want %d", s.last.Number, old.Number+21)
	}
}

func TestHTTP(t *testing.T) {
	a, _ := authority(t)
	good, err := query(message).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, method, kind string
		body               []byte
		want               int
	}{
		{"a query", "POST", TypeQuery, good, 200},
		{"parameters of the content type", "POST", TypeQuery + "; charset=binary", good, 200},
		{"a refusal is an answer", "POST", TypeQuery, []byte("x"), 200},
		{"GET", "GET", TypeQuery, nil, 405},
		{"another content type", "POST", "application/json", good, 415},
		{"no content type", "POST", "", good, 415},
		{"too long", "POST", TypeQuery, make([]byte, MaxQuery+1), 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := httptest.NewRequest(tt.method, "/tsa", bytes.NewReader(tt.body))
			req.Header.Set("Content-Type", tt.kind)
			w := httptest.NewRecorder()
			a.ServeHTTP(w, req)
			if w.Code != tt.want {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			if w.Code == 200 && w.Header().Get("Content-Type") != TypeResponse {
				t.Errorf("content type %q", w.Header().Get("Content-Type"))
			}
		})
	}
}

func TestClient(t *testing.T) {
	a, c := authority(t)
	_, other := authority(t)
	server := httptest.NewServer(a)
	defer server.Close()
	client := &Client{URL: server.URL, Pins: pins(c), Policy: a.Policy}
	token, s, err := client.Stamp(t.Context(), message)
	if err != nil || !s.At.Equal(noon) {
		t.Fatal(s, err)
	}
	if _, err = Verify(token, message, pins(c)); err != nil {
		t.Error(err)
	}
	answer := func(status int, kind string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write(body)
		}
	}
	old, err := Response{Failure: NoFailure, Token: stamp(t, a)}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	changed, err := Response{Status: withMods, Failure: NoFailure, Token: token}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		server http.HandlerFunc
		change func(*Client)
		kind   fault.Kind
		words  string
	}{
		{"an answer to another query", answer(200, TypeResponse, old), nil, fault.Invalid, "nonce"},
		{"granted with modifications", answer(200, TypeResponse, changed), nil, fault.Invalid, "changed what was asked"},
		{"an HTML page", answer(200, "text/html", []byte("<p>")), nil, fault.Invalid, "is the address right"},
		{"not found", answer(404, TypeResponse, nil), nil, fault.Invalid, "404"},
		{"out of order", answer(503, TypeResponse, nil), nil, fault.Busy, "503"},
		{"endless", answer(200, TypeResponse, make([]byte, MaxResponse*2)), nil, fault.Invalid, "more than"},
		{"a refusal", answer(200, TypeResponse, read(t, "rejection.tsr")), nil, fault.Invalid, "Error during serial number generation."},
		{"another policy", a.ServeHTTP, func(c *Client) { c.Policy = "1.2.3" }, fault.Invalid, "unacceptedPolicy"},
		{"another root", a.ServeHTTP, func(x *Client) { x.Pins = pins(other) }, fault.Invalid, "does not lead"},
		{"silent", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not see the client go
			<-r.Context().Done()
		}, func(c *Client) { c.Timeout = 20 * time.Millisecond }, fault.Busy, "cannot be reached"},
		{"not there", a.ServeHTTP, func(c *Client) { c.URL = "http://127.0.0.1:1/" }, fault.Busy, "cannot be reached"},
		{"no URL", a.ServeHTTP, func(c *Client) { c.URL = "http://a b" }, fault.Invalid, "not a URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.server)
			defer server.Close()
			client := &Client{URL: server.URL, Pins: pins(c)}
			if tt.change != nil {
				tt.change(client)
			}
			token, _, err := client.Stamp(t.Context(), message)
			refused(t, err, tt.kind, tt.words)
			if token != nil {
				t.Error("a token was given all the same")
			}
		})
	}
}

func TestChain(t *testing.T) {
	_, c := authority(t)
	if _, err := c.Renew("Town", begin, end.Add(time.Hour)); err == nil {
		t.Error("a certificate outlives its root")
	}
	if _, err := c.Renew("Town", end, begin); err == nil {
		t.Error("a certificate ends before it begins")
	}
	for _, name := range []string{"", strings.Repeat("x", 57)} {
		if _, err := NewChain(name, begin, end); fault.KindOf(err) != fault.Invalid {
			t.Errorf("name of %d bytes: %v", len(name), err)
		}
	}
	next, err := c.Renew("Town", begin, end)
	if err != nil || next.Key.Equal(c.Key) || !next.Root.Equal(c.Root) {
		t.Errorf("renewed: %v", err)
	}
}
