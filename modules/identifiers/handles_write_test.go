package identifiers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/typed"
)

// jsonAPI is the JSON API as a client of the Handle System uses it.
type jsonAPI struct {
	*stage
	h http.Handler
}

// ask sends a request, over TLS unless plain, and returns status, headers and body.
func (j jsonAPI) ask(t *testing.T, method, path, authorization, content string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(content))
	if authorization != "plain" {
		r.Header.Set("X-Forwarded-Proto", "https")
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
	}
	w := httptest.NewRecorder()
	j.h.ServeHTTP(w, r)
	return w
}

const secretOf301 = "只供测试的密钥"

func basicOf(identity, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(identity, ":", "%3A")+":"+secret))
}

func onJSONAPI(t *testing.T, db *store.DB) jsonAPI {
	t.Helper()
	st := onStage(t, db)
	m := st.withRecords(nil)
	st.allocated(t)
	admin := typed.AppendAdmin(nil, typed.Admin{Rights: typed.Everything, Reference: handle.Reference{Name: "0.NA/88.500.1", Index: 301}})
	m.put(t, handle.Record{Name: "0.NA/88.500.1", Values: []handle.Value{
		{Index: 100, Type: handle.TypeAdmin, Data: admin, Perm: handle.Usual},
		{Index: 301, Type: handle.TypeSecretKey, Data: []byte(secretOf301), Perm: handle.AdminRead | handle.AdminWrite},
	}})
	if err := st.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	rt := web.NewRouter(st.site, slog.New(slog.DiscardHandler), open)
	st.Module().Routes(rt)
	return jsonAPI{st, rt.Handler(func(*http.Request) (actor.Actor, error) { return actor.Actor{}, nil })}
}

// TestWriteHandles writes records as clients of Handle.Net's JSON API do; statuses and
// codes are those that Handle.Net 9.2.0 gave to the same requests.
func TestWriteHandles(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		j := onJSONAPI(t, db)
		mine := basicOf("301:0.NA/88.500.1", secretOf301)
		const whole = `{"values":[{"index":1,"type":"URL","data":{"format":"string","value":"https://example.org/put"}},{"index":100,"type":"HS_ADMIN","data":{"format":"admin","value":{"handle":"0.NA/88.500.1","index":301,"permissions":"011111110011"}}}]}`
		for _, tt := range []struct {
			name, method, path, who, content string
			status                           int
			says                             string
		}{
			{"without an identity", "PUT", "/api/handles/88.500.1/p1", "", whole, 401, `{"responseCode":402`},
			{"over HTTP", "PUT", "/api/handles/88.500.1/p1", "plain", whole, 403, `{"responseCode":402`},
			{"a wrong password", "PUT", "/api/handles/88.500.1/p1", basicOf("301:0.NA/88.500.1", "x"), whole, 401, `{"responseCode":402`},
			{"an identity that is not", "PUT", "/api/handles/88.500.1/p1", basicOf("300:0.NA/88.500.1", secretOf301), whole, 401, `{"responseCode":402`},
			{"created", "PUT", "/api/handles/88.500.1/p1", mine, whole, 201, `{"responseCode":1,"handle":"88.500.1/p1"}`},
			{"again: replaced", "PUT", "/api/handles/88.500.1/p1", mine, whole, 200, `{"responseCode":1,"handle":"88.500.1/p1"}`},
			{"overwrite=false", "PUT", "/api/handles/88.500.1/p1?overwrite=false", mine, whole, 409, `{"responseCode":101`},
			{"one value", "PUT", "/api/handles/88.500.1/p1?index=1", mine, `{"values":[{"index":1,"type":"URL","data":{"format":"string","value":"https://example.org/one"}}]}`, 200, `{"responseCode":1`},
			{"another index than the body has", "PUT", "/api/handles/88.500.1/p1?index=9", mine, `{"values":[{"index":8,"type":"NOTE","data":"x"}]}`, 400, `{"responseCode":4`},
			{"various", "PUT", "/api/handles/88.500.1/p1?index=various", mine, `{"values":[{"index":3,"type":"NOTE","data":"three"},{"index":4,"type":"NOTE","data":"four"}]}`, 201, `{"responseCode":1`},
			{"various, one of which is there", "PUT", "/api/handles/88.500.1/p1?index=various&overwrite=false", mine, `{"values":[{"index":3,"type":"NOTE","data":"again"}]}`, 409, `{"responseCode":201`},
			{"a value of a record that is not", "PUT", "/api/handles/88.500.1/absent?index=1", mine, `{"values":[{"index":1,"type":"URL","data":"https://x.example"}]}`, 404, `{"responseCode":100`},
			{"no JSON", "PUT", "/api/handles/88.500.1/p4", mine, `{`, 400, `{"responseCode":4`},
			{"nothing", "PUT", "/api/handles/88.500.1/p4", mine, ``, 400, `{"responseCode":4`},
			{"of another node", "PUT", "/api/handles/20.500.1/x", mine, whole, 400, `{"responseCode":301`},
			{"about another", "PUT", "/api/handles/88.500.1/p3", mine, strings.Replace(whole, "{", `{"handle":"88.500.1/other",`, 1), 400, `{"responseCode":4`},
			{"a new suffix", "PUT", "/api/handles/88.500.1/lot-?mintNewSuffix=true", mine, whole, 201, `{"responseCode":1,"handle":"88.500.1/lot-`},
			{"read", "GET", "/api/handles/88.500.1/p1", "", "", 200, `"value":"https://example.org/one"`},
			{"values go", "DELETE", "/api/handles/88.500.1/p1?index=3&index=4", mine, "", 200, `{"responseCode":1`},
			{"a value that is not", "DELETE", "/api/handles/88.500.1/p1?index=77", mine, "", 400, `{"responseCode":200`},
			{"list without an identity", "GET", "/api/handles?prefix=88.500.1", "plain", "", 403, `{"responseCode":402,"handle":"88.500.1"}`},
			{"list", "GET", "/api/handles?prefix=88.500.1&page=0&pageSize=1", mine, "", 200, `{"responseCode":1,"prefix":"88.500.1","totalCount":"2","page":0,"pageSize":1,"handles":["88.500.1/`},
			{"gone without an identity", "DELETE", "/api/handles/88.500.1/p1", "", "", 401, `{"responseCode":402`},
			{"gone", "DELETE", "/api/handles/88.500.1/p1", mine, "", 200, `{"responseCode":1`},
			{"gone again", "DELETE", "/api/handles/88.500.1/p1", mine, "", 404, `{"responseCode":100`},
			{"a header that is none", "DELETE", "/api/handles/88.500.1/p1", "Digest x", "", 400, `{"responseCode":4`},
		} {
			w := j.ask(t, tt.method, tt.path, tt.who, tt.content)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%s: %d %s, want %d %s", tt.name, w.Code, w.Body, tt.status, tt.says)
			}
			if asks := len(w.Header().Values("WWW-Authenticate")) > 0; asks != (w.Code == 401) {
				t.Errorf("%s: WWW-Authenticate is %q", tt.name, w.Header().Values("WWW-Authenticate"))
			}
		}
	})
}

// TestWebSessions: an identity is proven once by signing the nonce of a session; then the
// session reads what is private, until it ends or nobody has used it for long.
func TestWebSessions(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		j := onJSONAPI(t, db)
		begun := j.ask(t, "POST", "/api/sessions", "", "")
		var s struct {
			ID    string `json:"sessionId"`
			Nonce []byte
		}
		if err := json.Unmarshal(begun.Body.Bytes(), &s); err != nil || begun.Code != 201 || len(s.Nonce) != 16 {
			t.Fatalf("%d %s, %v", begun.Code, begun.Body, err)
		}
		if w := j.ask(t, "POST", "/api/sessions", "plain", ""); w.Code != 403 {
			t.Errorf("over HTTP: %d", w.Code)
		}
		cnonce := []byte("0123456789abcdef")
		mac := hmac.New(sha256.New, []byte(secretOf301))
		mac.Write(s.Nonce)
		mac.Write(cnonce)
		b64 := base64.StdEncoding.EncodeToString
		of := `Handle version="0", sessionId="` + s.ID + `"`
		proof := of + `, id="301:0.NA/88.500.1", type="HS_SECKEY", cnonce="` + b64(cnonce) + `", alg="HMAC-SHA256", signature="`
		private := "/api/handles/0.NA/88.500.1?publicOnly=false&index=301"
		for _, tt := range []struct {
			name, method, path, who string
			status                  int
			says                    string
		}{
			{"private without a proof", "GET", private, of, 401, `"responseCode":402`},
			{"a wrong proof", "PUT", "/api/sessions/this", proof + b64(make([]byte, 32)) + `"`, 401, `"error":"Identity not verified"`},
			{"the proof", "PUT", "/api/sessions/this", proof + b64(mac.Sum(nil)) + `"`, 200, `"authenticated":true,"id":"301:0.NA/88.500.1"`},
			{"private", "GET", private, of, 200, `"type":"HS_SECKEY"`},
			{"of what is public", "GET", "/api/handles/0.NA/88.500.1?publicOnly=true&index=301", of, 200, `"responseCode":200`},
			{"over HTTP", "GET", private, "plain", 403, `"responseCode":402`},
			{"what it is", "GET", "/api/sessions/this", of, 200, `"authenticated":true`},
			{"another session", "GET", "/api/sessions/this", `Handle sessionId="nope"`, 403, ""},
			{"a verification", "GET", "/api/verifications/301:0.NA/88.500.1?nonce=" + url.QueryEscape(b64(s.Nonce)) + "&cnonce=" + url.QueryEscape(b64(cnonce)) + "&alg=HMAC-SHA256&signature=" + url.QueryEscape(b64(mac.Sum(nil))), "", 200, `"isValid":true`},
			{"a wrong one", "GET", "/api/verifications/301:0.NA/88.500.1?nonce=AAAA&cnonce=AAAA&alg=HMAC-SHA256&signature=AAAA", "", 200, `"isValid":false`},
			{"its end", "DELETE", "/api/sessions/this", of, 204, ""},
			{"after its end", "GET", private, of, 401, `"responseCode":402`},
		} {
			if w := j.ask(t, tt.method, tt.path, tt.who, ""); w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%s: %d %s, want %d %s", tt.name, w.Code, w.Body, tt.status, tt.says)
			}
		}
	})
}

// TestSessionsBounded: a session that nobody uses ends, and there are never too many.
func TestSessionsBounded(t *testing.T) {
	w, at := &webSessions{}, time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	first := w.begin(at)
	if _, ok := w.of(first.ID, at.Add(sessionIdle)); !ok {
		t.Error("it has ended too early")
	}
	if _, ok := w.of(first.ID, at.Add(2*sessionIdle+time.Second)); ok {
		t.Error("it does not end")
	}
	old := w.begin(at)
	for range mostSessions {
		w.begin(at.Add(time.Minute))
	}
	if _, ok := w.of(old.ID, at.Add(time.Minute)); ok || len(w.all) != mostSessions {
		t.Errorf("%d sessions, the oldest is there: %v", len(w.all), ok)
	}
}
