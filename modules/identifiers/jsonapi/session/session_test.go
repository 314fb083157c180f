package session_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/session"
)

func decoded(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The documents and headers are those that Handle.Net 9.2.0 was seen to write.
func TestSession(t *testing.T) {
	s := session.Session{ID: "node01dqofwpz6t7nq1fzxk9z6dl33821", Nonce: decoded(t, "Q8WnKTpnaFpnyQLfIJpPCg==")}
	in := s
	in.Authenticated, in.Identity = true, handle.Reference{Name: "88.709.911/ADMIN", Index: 301}
	wrong := s
	wrong.Error = "Identity not verified"
	signed := s
	signed.ServerAlgorithm, signed.ServerSignature = "SHA-256", []byte{1, 2}
	for _, tt := range []struct{ name, got, want string }{
		{"new", string(s.Append(nil)), `{"sessionId":"node01dqofwpz6t7nq1fzxk9z6dl33821","nonce":"Q8WnKTpnaFpnyQLfIJpPCg=="}`},
		{"signed in", string(in.Append(nil)), `{"sessionId":"node01dqofwpz6t7nq1fzxk9z6dl33821","nonce":"Q8WnKTpnaFpnyQLfIJpPCg==","authenticated":true,"id":"301:88.709.911/ADMIN"}`},
		{"wrong", string(wrong.Append(nil)), `{"sessionId":"node01dqofwpz6t7nq1fzxk9z6dl33821","nonce":"Q8WnKTpnaFpnyQLfIJpPCg==","error":"Identity not verified"}`},
		{"signed", string(signed.Append(nil)), `{"sessionId":"node01dqofwpz6t7nq1fzxk9z6dl33821","nonce":"Q8WnKTpnaFpnyQLfIJpPCg==","serverAlg":"SHA-256","serverSignature":"AQI="}`},
		{"challenge", s.Challenge(), `Handle sessionId="node01dqofwpz6t7nq1fzxk9z6dl33821", nonce="Q8WnKTpnaFpnyQLfIJpPCg=="`},
		{"challenge after an error", wrong.Challenge(), `Handle sessionId="node01dqofwpz6t7nq1fzxk9z6dl33821", nonce="Q8WnKTpnaFpnyQLfIJpPCg==", error="Identity not verified"`},
		{"challenge with a signature", signed.Challenge(), `Handle sessionId="node01dqofwpz6t7nq1fzxk9z6dl33821", nonce="Q8WnKTpnaFpnyQLfIJpPCg==", serverAlg="SHA-256", serverSignature="AQI="`},
		{"a header cannot be broken out of", session.Session{Error: "a\"b\\\r\nX: 标"}.Challenge(), `Handle sessionId="", nonce="", error="a\"b\\??X: ?"`},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// answer is an answer to a challenge as the observed client wrote it.
const answer = `Handle version="0", sessionId="node0", id="301:88.709.911/ADMIN", type="HS_SECKEY", cnonce="AAEC", alg="PBKDF2WithHmacSHA1", salt="EBES", iterations="1000", length="160", signature="njsd"`

func answered() session.Authorization {
	return session.Authorization{
		Session: "node0", Identity: handle.Reference{Name: "88.709.911/ADMIN", Index: 301}, Type: "HS_SECKEY", ClientNonce: []byte{0, 1, 2},
		Algorithm: "PBKDF2WithHmacSHA1", Salt: []byte{16, 17, 18}, Iterations: 1000, Length: 160, Signature: []byte{0x9e, 0x3b, 0x1d},
	}
}

func basic(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user))
}

func TestParseAuthorization(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     session.Authorization
		wrong    string
	}{
		{"nothing", "", session.Authorization{}, ""},
		{"an answer", answer, answered(), ""},
		{"an answer without quotes, folded", "handle sessionId=node0,id=301%3A88.709.911%2FADMIN, type=HS_SECKEY,cnonce=\"AA\r\n EC\", alg=PBKDF2WithHmacSHA1, salt=EBES,iterations=1000,length=160,signature=njsd", answered(), ""},
		{"a session alone", `Handle sessionId="node0"`, session.Authorization{Session: "node0"}, ""},
		{"an escape", `Handle sessionId="no\"de"`, session.Authorization{Session: `no"de`}, ""},
		{"a certificate", `Handle clientCert="true", renegotiate="true"`, session.Authorization{ClientCert: true}, ""},
		{"basic", basic("301%3A88.709.911/标:pass:word"), session.Authorization{Identity: handle.Reference{Name: "88.709.911/标", Index: 301}, Type: "HS_SECKEY", Password: []byte("pass:word")}, ""},
		{"basic, all encoded", basic("300%3A88%2F%25%3A:"), session.Authorization{Identity: handle.Reference{Name: "88/%:", Index: 300}, Type: "HS_SECKEY", Password: []byte{}}, ""},
		{"basic without encoding", basic("301:88.709.911/ADMIN:secret"), session.Authorization{}, `identity "301" is not an index`},
		{"basic without a password", basic("301%3A88.1/a"), session.Authorization{}, "is not base64 of an identity"},
		{"basic that is none", "Basic ?", session.Authorization{}, "is not base64 of an identity"},
		{"a percent sign", basic("301%3A88.1/100%:x"), session.Authorization{}, "percent-encoded"},
		{"another scheme", "Bearer x", session.Authorization{}, `has the scheme "Bearer", want Basic or Handle`},
		{"quotes that are open", `Handle sessionId="x`, session.Authorization{}, "sessionId in the header Authorization: Handle has no end"},
		{"no commas", `Handle sessionId="x" id="1:a"`, session.Authorization{}, "has no end"},
		{"no fields", `Handle x`, session.Authorization{}, `is not name="value"`},
		{"a field twice", `Handle id="1:a", id="2:a"`, session.Authorization{}, "has id twice"},
		{"no index", `Handle id="a/b"`, session.Authorization{}, `identity "a/b" is not an index`},
		{"another type", `Handle type="HS_CERT"`, session.Authorization{}, "type is not HS_PUBKEY or HS_SECKEY"},
		{"too many iterations", `Handle iterations="100001"`, session.Authorization{}, "iterations is not a whole number from 1 to 100000"},
		{"a length of nothing", `Handle length="0"`, session.Authorization{}, "length is not a whole number"},
		{"a nonce that is none", `Handle cnonce="*"`, session.Authorization{}, "cnonce is not base64"},
		{"a session of two lines", "Handle sessionId=\"a\nb\"", session.Authorization{}, "sessionId is not an id"},
		{"a header too long", strings.Repeat("x", 8193), session.Authorization{}, "8193 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := session.ParseAuthorization(tt.in)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if (tt.wrong == "") != (err == nil) || err != nil && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong)) {
				t.Errorf("%v; want %q", err, tt.wrong)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Error("the error repeats the password")
			}
		})
	}
	if !answered().Complete() || (session.Authorization{Session: "x"}).Complete() {
		t.Error("what is complete")
	}
}

func TestParseBody(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     session.Authorization
		wrong    string
	}{
		{"nothing", "", session.Authorization{}, ""},
		{"an answer", `{"sessionId":"node0","id":"301:88.709.911/ADMIN","type":"HS_SECKEY","cnonce":"AAEC","alg":"PBKDF2WithHmacSHA1","salt":"EBES","iterations":1000,"length":"160","signature":"njsd","version":"0"}`, answered(), ""},
		{"a client's nonce", `{"cnonce":"AAEC"}`, session.Authorization{ClientNonce: []byte{0, 1, 2}}, ""},
		{"the id is not decoded", `{"id":"1:88.1/100%"}`, session.Authorization{Identity: handle.Reference{Name: "88.1/100%", Index: 1}}, ""},
		{"not JSON", `{`, session.Authorization{}, "byte"},
		{"a number for a text", `{"id":7}`, session.Authorization{}, "id is 7, want a text"},
		{"too many iterations", `{"iterations":100001}`, session.Authorization{}, "iterations is 100001, want"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := session.ParseBody([]byte(tt.in))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if (tt.wrong == "") != (err == nil) || err != nil && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong)) {
				t.Errorf("%v; want %q", err, tt.wrong)
			}
		})
	}
}

func TestParseVerification(t *testing.T) {
	// As a client asked Handle.Net 9.2.0, which said that it is right.
	q, err := url.ParseQuery("nonce=AAECAwQFBgcICQoLDA0ODw%3D%3D&cnonce=AAEC&alg=PBKDF2WithHmacSHA1&salt=EBES&iterations=1000&length=160&signature=njsd")
	if err != nil {
		t.Fatal(err)
	}
	want := answered()
	want.Session, want.Type, want.Nonce = "", "", []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	got, err := session.ParseVerification("301:88.709.911/ADMIN", q)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	q.Del("nonce")
	if _, err := session.ParseVerification("301:88.709.911/ADMIN", q); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

func FuzzParseAuthorization(f *testing.F) {
	f.Add(answer)
	f.Add(basic("301%3A88.709.911/ADMIN:secret"))
	f.Fuzz(func(t *testing.T, in string) {
		a, err := session.ParseAuthorization(in)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return
		}
		if a.Iterations > 100_000 || a.Length > 512 || len(a.Signature) > 4096 {
			t.Error(a)
		}
	})
}

func FuzzParseBody(f *testing.F) {
	f.Add([]byte(`{"sessionId":"node0","id":"301:88.709.911/ADMIN","iterations":1000}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, err := session.ParseBody(in); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
	})
}

func FuzzParseIdentity(f *testing.F) {
	f.Add("300:88.118.2/ADMIN")
	f.Fuzz(func(t *testing.T, in string) {
		r, err := session.ParseIdentity(in)
		if err != nil {
			return
		}
		back, err := session.ParseIdentity(session.Identity(r))
		if diff := cmp.Diff(r, back); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func FuzzParseVerification(f *testing.F) {
	f.Add("300:88.118.2/ADMIN", "nonce=AAEC&signature=AAEC")
	f.Fuzz(func(t *testing.T, id, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		a, err := session.ParseVerification(id, q)
		if err == nil && (len(a.Nonce) == 0 || a.Identity.Name == "") {
			t.Error(a)
		}
	})
}
