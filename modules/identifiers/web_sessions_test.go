package identifiers

import (
	"crypto"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/handle"
)

// openedSession is what /api/sessions says of a session.
type openedSession struct {
	ID            string `json:"sessionId"`
	Nonce         []byte `json:"nonce"`
	Authenticated bool   `json:"authenticated"`
	Identity      string `json:"id"`
	Error         string `json:"error"`
	ServerAlg     string `json:"serverAlg"`
	ServerSig     []byte `json:"serverSignature"`
}

// apiClient speaks the JSON API as one that has a key.
type apiClient struct {
	t   *testing.T
	h   http.Handler
	key *rsa.PrivateKey
}

var clientNonce = []byte("0123456789abcdef")

// authorization is the header that answers a session by an algorithm.
func (c apiClient) authorization(open openedSession, alg string) string {
	x := append(append([]byte(nil), open.Nonce...), clientNonce...)
	mac := func(key []byte) []byte {
		m := hmac.New(sha1.New, key)
		m.Write(x)
		return m.Sum(nil)
	}
	e := base64.StdEncoding.EncodeToString
	id, kind, more := "301:88.709.911/ADMIN", handle.TypeSecretKey, ""
	var signature []byte
	switch alg {
	case "SHA256":
		sum := sha256.Sum256([]byte(secret + string(x) + secret))
		signature = sum[:]
	case "HMAC-SHA1":
		signature = mac([]byte(secret))
	case "PBKDF2WithHmacSHA1":
		letters := make([]rune, len(secret)) // each byte is a letter, as Java clients have it
		for i := range len(secret) {
			letters[i] = rune(secret[i])
		}
		key, err := pbkdf2.Key(sha1.New, string(letters), []byte("salt of 16 bytes"), 1000, 20)
		if err != nil {
			c.t.Fatal(err)
		}
		signature, more = mac(key), fmt.Sprintf(`, salt="%s", iterations="1000", length="160"`, e([]byte("salt of 16 bytes")))
	case "SHA-256":
		id, kind = "300:88.709.911/ADMIN", handle.TypePublicKey
		sum := sha256.Sum256(x)
		var err error
		if signature, err = rsa.SignPKCS1v15(rand.Reader, c.key, crypto.SHA256, sum[:]); err != nil {
			c.t.Fatal(err)
		}
	}
	return fmt.Sprintf(`Handle version="0", sessionId="%s", id="%s", type="%s", cnonce="%s", alg="%s", signature="%s"%s`, open.ID, id, kind, e(clientNonce), alg, e(signature), more)
}

// asks sends a request and compares the status of its answer, and returns the answer.
func (c apiClient) asks(request, authorization string, want int) (string, http.Header) {
	c.t.Helper()
	method, target, _ := strings.Cut(request, " ")
	target, content, _ := strings.Cut(target, " ")
	header := map[string]string{}
	if authorization != "" {
		header["Authorization"] = authorization
	}
	w := ask(c.h, spoken{Method: method, Target: target, Body: content, TLS: true, Header: header})
	if w.Code != want {
		c.t.Errorf("%s: %d %.300s; want %d", request, w.Code, w.Body, want)
	}
	return w.Body.String(), w.Header()
}

// session is asks of a session.
func (c apiClient) session(request, authorization string, want int) (s openedSession) {
	c.t.Helper()
	text, _ := c.asks(request, authorization, want)
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		c.t.Errorf("%s: %v: %.200s", request, err, text)
	}
	return s
}

var challengeHeader = regexp.MustCompile(`Handle sessionId="([^"]+)", nonce="([^"]+)"`)

func of(id string) string { return `Handle version="0", sessionId="` + id + `"` }

const privately = "/api/handles/88.709.911/private?index=2&publicOnly=false"

// TestSessions signs clients in with keys of each kind, and refuses all others.
func TestSessions(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		c := st.client(t)
		for _, alg := range []string{"SHA256", "HMAC-SHA1", "PBKDF2WithHmacSHA1", "SHA-256"} {
			t.Run(alg, func(t *testing.T) {
				c.t = t
				open := c.session("POST /api/sessions", "", http.StatusCreated)
				c.asks("GET "+privately, of(open.ID), http.StatusUnauthorized)
				broken := strings.Replace(c.authorization(open, alg), `cnonce="M`, `cnonce="N`, 1)
				if got := c.session("PUT /api/sessions/this", broken, http.StatusUnauthorized); got.Error != notVerified || got.Authenticated || string(got.Nonce) != string(open.Nonce) {
					t.Errorf("%+v", got)
				}
				got := c.session("PUT /api/sessions/this", c.authorization(open, alg), http.StatusOK)
				if !got.Authenticated || !strings.HasSuffix(got.Identity, ":88.709.911/ADMIN") {
					t.Errorf("%+v", got)
				}
				if text, _ := c.asks("GET "+privately, of(open.ID), http.StatusOK); !strings.Contains(text, "for administrators") {
					t.Error(text)
				}
				c.asks("DELETE /api/sessions/this", of(open.ID), http.StatusNoContent)
				c.asks("GET "+privately, of(open.ID), http.StatusUnauthorized)
				c.asks("GET /api/sessions/this", of(open.ID), http.StatusForbidden)
				c.asks("PUT /api/sessions/this", c.authorization(open, alg), http.StatusForbidden)
			})
		}
		c.t = t
		c.answeredAtOnce()
		c.refusals()
		st.ends(c)
	})
}

// client is one of a node that has a key of its own.
func (st *stage) client(t *testing.T) apiClient {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := auth.AppendPublicKey(nil, &key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	st.site.Prefix = "88.709.911"
	m := st.withRecords(nil)
	m.put(t, []handle.Record{
		{Name: "88.709.911/ADMIN", Values: []handle.Value{
			{Index: 300, Type: handle.TypePublicKey, Data: public, Perm: handle.Usual},
			{Index: 301, Type: handle.TypeSecretKey, Data: []byte(secret), Perm: handle.AdminRead},
		}},
		{Name: "88.709.911/private", Values: []handle.Value{
			{Index: 2, Type: "SECRET", Data: []byte("for administrators"), Perm: handle.AdminRead | handle.AdminWrite},
			st.administers(100, 300), st.administers(101, 301),
		}},
		{Name: "0.NA/88.709.911", Values: []handle.Value{st.administers(101, 301)}},
	}...)
	st.key = key
	return apiClient{t: t, h: st.handler(), key: key}
}

// answeredAtOnce: the challenge of a refusal is answered with the request itself.
func (c apiClient) answeredAtOnce() {
	c.t.Helper()
	_, h := c.asks("GET "+privately, "", http.StatusUnauthorized)
	m := challengeHeader.FindStringSubmatch(strings.Join(h.Values("WWW-Authenticate"), "\n"))
	if m == nil {
		c.t.Fatal(h)
	}
	nonce, err := base64.StdEncoding.DecodeString(m[2])
	if err != nil {
		c.t.Fatal(err)
	}
	open := openedSession{ID: m[1], Nonce: nonce}
	if text, _ := c.asks("GET "+privately, c.authorization(open, "HMAC-SHA1"), http.StatusOK); !strings.Contains(text, "for administrators") {
		c.t.Error(text)
	}
	c.asks("GET "+privately, of(m[1]), http.StatusOK)
	got := c.session("POST /api/sessions", `Handle version="0", cnonce="`+base64.StdEncoding.EncodeToString(clientNonce)+`"`, http.StatusCreated)
	sum := sha256.Sum256(append(got.Nonce, clientNonce...))
	if err := rsa.VerifyPKCS1v15(&c.key.PublicKey, crypto.SHA256, sum[:], got.ServerSig); err != nil || got.ServerAlg != "SHA-256" {
		c.t.Errorf("the server's signature: %v, %+v", err, got)
	}
	body, err := json.Marshal(map[string]string{"sessionId": got.ID})
	if err != nil {
		c.t.Fatal(err)
	}
	if got := c.session("PUT /api/sessions/this "+string(body), "", http.StatusUnauthorized); got.Error != missingFields {
		c.t.Errorf("%+v", got)
	}
}

// refusals are what is said of who asks that cannot be.
func (c apiClient) refusals() {
	c.t.Helper()
	right := basic("301:88.709.911/ADMIN", secret)
	for name, header := range map[string]string{
		"a wrong password":         basic("301:88.709.911/ADMIN", "wrong"),
		"a password of a key":      basic("300:88.709.911/ADMIN", secret),
		"an empty one":             basic("301:88.709.911/ADMIN", ""),
		"nobody":                   basic("301:88.709.911/NOBODY", secret),
		"no such value":            basic("999:88.709.911/ADMIN", secret),
		"a prefix of others":       basic("300:20.500.1/x", secret),
		"no identity":              basic("ADMIN", secret),
		"another scheme":           "Digest x",
		"a session that never was": of("nope"),
		"a token that is none":     "Bearer x",
	} {
		if text, h := c.asks("GET "+privately, header, http.StatusUnauthorized); strings.Contains(text, "for administrators") || strings.Contains(text, secret) || len(h.Values("WWW-Authenticate")) != 2 {
			c.t.Errorf("%s: %s %v", name, text, h)
		}
	}
	if text, _ := c.asks("GET "+privately+"&callback=f", right, http.StatusUnauthorized); strings.Contains(text, "for administrators") {
		c.t.Errorf("a script of another site reads what is private: %s", text)
	}
	if w := ask(c.h, spoken{Method: "GET", Target: privately, Header: map[string]string{"Authorization": right}}); w.Code != http.StatusForbidden {
		c.t.Errorf("over HTTP: %d %s", w.Code, w.Body)
	}
	if w := ask(c.h, spoken{Method: "POST", Target: "/api/sessions"}); w.Code != http.StatusForbidden {
		c.t.Errorf("a session over HTTP: %d %s", w.Code, w.Body)
	}
}

// ends: a session ends when it was not used for an hour, and one that nobody answered before.
func (st *stage) ends(c apiClient) {
	c.t.Helper()
	open := c.session("POST /api/sessions", "", http.StatusCreated)
	c.session("PUT /api/sessions/this", c.authorization(open, "SHA256"), http.StatusOK)
	silent := c.session("POST /api/sessions", "", http.StatusCreated)
	st.at = st.at.Add(30 * time.Minute)
	c.asks("GET "+privately, of(open.ID), http.StatusOK)
	c.asks("GET /api/sessions/this", of(silent.ID), http.StatusForbidden)
	st.at = st.at.Add(61 * time.Minute)
	c.asks("GET "+privately, of(open.ID), http.StatusUnauthorized)
}

// TestVerifications: whether a signature is that of an identity, without more about it.
func TestVerifications(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		c := onStage(t, db).client(t)
		nonce := []byte("nonce of a server")
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(append(append([]byte(nil), nonce...), clientNonce...))
		e := base64.StdEncoding.EncodeToString
		q := url.Values{"nonce": {e(nonce)}, "cnonce": {e(clientNonce)}, "alg": {"HMAC-SHA256"}, "signature": {e(mac.Sum(nil))}}
		for _, tt := range []struct {
			name, identity string
			set            [2]string
			status         int
			want           string
		}{
			{"right", "301:88.709.911/ADMIN", [2]string{}, 200, `{"responseCode":1,"isValid":true,"handle":"88.709.911/ADMIN"}`},
			{"another nonce", "301:88.709.911/ADMIN", [2]string{"nonce", e([]byte("x"))}, 200, `"isValid":false`},
			{"another identity", "300:88.709.911/ADMIN", [2]string{}, 400, "digest of the answer"},
			{"nobody", "301:88.709.911/NOBODY", [2]string{}, 200, `"isValid":false`},
			{"no key", "2:88.709.911/private", [2]string{}, 200, `"isValid":false`},
			{"another algorithm", "301:88.709.911/ADMIN", [2]string{"alg", "ROT13"}, 400, `alg is \"ROT13\"`},
			{"one that is weak", "301:88.709.911/ADMIN", [2]string{"alg", "MD5"}, 200, `"isValid":false`},
			{"no signature", "301:88.709.911/ADMIN", [2]string{"signature", ""}, 400, "needs an identity, nonce and signature"},
			{"no identity", "", [2]string{}, 400, "needs an identity, nonce and signature"},
		} {
			p := maps.Clone(q)
			if tt.set[0] != "" {
				p.Set(tt.set[0], tt.set[1])
			}
			w := ask(c.h, spoken{Method: "GET", Target: "/api/verifications/" + tt.identity + "?" + p.Encode(), TLS: true})
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s: %d %s", tt.name, w.Code, w.Body)
			}
		}
	})
}
