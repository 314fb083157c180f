package identifiers

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/session"
	"yuzhou/modules/identifiers/octets"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
)

// Sessions of the JSON API: nobody may make the node remember more than so many.
const (
	mostSessions = 10_000
	sessionIdle  = 20 * time.Minute
)

// webSessions are the sessions of the JSON API.
type webSessions struct {
	mu  sync.Mutex // guards all
	all map[string]*webSession
}

// webSession is a session: its nonce is signed to prove an identity.
type webSession struct {
	session.Session
	used time.Time
}

// begin makes a session; when there are too many, the one that was used longest ago goes.
func (w *webSessions) begin(now time.Time) session.Session {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	s := session.Session{ID: hex.EncodeToString(b[:16]), Nonce: b[16:]}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[string]*webSession{}
	}
	if len(w.all) >= mostSessions {
		oldest := ""
		for id, one := range w.all {
			if oldest == "" || one.used.Before(w.all[oldest].used) {
				oldest = id
			}
		}
		delete(w.all, oldest)
	}
	w.all[s.ID] = &webSession{s, now}
	return s
}

// of returns a session that is still good.
func (w *webSessions) of(id string, now time.Time) (session.Session, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.all[id]
	if ok && now.Sub(s.used) > sessionIdle {
		delete(w.all, id)
		ok = false
	}
	if !ok {
		return session.Session{}, false
	}
	s.used = now
	return s.Session, true
}

// prove notes who a session is of.
func (w *webSessions) prove(id string, who handle.Reference) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.all[id]; ok {
		s.Authenticated, s.Identity = true, who
	}
}

func (w *webSessions) end(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, id)
}

// secure reports whether nobody on the way reads a request: nobody signs in otherwise.
func secure(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}

// caller is who asks the JSON API.
type caller struct {
	who     handle.Reference // Name "" for nobody
	session session.Session  // that the request is of; ID "" for none
	wrong   bool             // who asks has said who they are, and it does not hold
}

// callerOf returns who a request is of. Over a connection that others can read nobody is
// anybody.
//
// Errors: fault.Invalid for a header that cannot be read.
func (s *Service) callerOf(r *http.Request) (caller, error) {
	if !secure(r) {
		return caller{}, nil
	}
	a, err := session.ParseAuthorization(r.Header.Get("Authorization"))
	if err != nil {
		return caller{}, err
	}
	return s.prover(r.Context(), a)
}

// prover checks what a client says of itself.
func (s *Service) prover(ctx context.Context, a session.Authorization) (caller, error) {
	switch {
	case a.Password != nil:
		key, err := s.keyOf(ctx, a.Identity)
		if err != nil || key.Type != handle.TypeSecretKey || len(key.Data) == 0 || subtle.ConstantTimeCompare(key.Data, a.Password) != 1 {
			return caller{wrong: true}, nil //nolint:nilerr // who they are not is nobody's business
		}
		return caller{who: a.Identity}, nil
	case a.Session == "":
		return caller{}, nil
	}
	live, ok := s.sessions.of(a.Session, s.now())
	if !ok {
		return caller{}, nil
	}
	c := caller{session: live, who: live.Identity}
	if !a.Complete() {
		return c, nil
	}
	a.Nonce = live.Nonce
	if !s.provesKey(ctx, a) {
		c.wrong, c.who, c.session.Error = true, handle.Reference{}, "Identity not verified"
		return c, nil
	}
	s.sessions.prove(live.ID, a.Identity)
	c.who, c.session.Authenticated, c.session.Identity = a.Identity, true, a.Identity
	return c, nil
}

// keyOf returns the value that an identity names, also one that nobody may read.
func (s *Service) keyOf(ctx context.Context, who handle.Reference) (handle.Value, error) {
	rec, err := s.record(ctx, who.Name)
	if err != nil {
		return handle.Value{}, err
	}
	v, ok := rec.Value(who.Index)
	if !ok {
		return v, fault.New(fault.NotFound, "%s has no value of index %d", who.Name, who.Index)
	}
	return v, nil
}

// provesKey reports whether an answer to a nonce is that of the key that it names. What is
// signed is the server's nonce and the client's. Why it is not is nobody's business.
func (s *Service) provesKey(ctx context.Context, a session.Authorization) bool {
	key, err := s.keyOf(ctx, a.Identity)
	if err != nil {
		return false
	}
	answer, err := answerOfWeb(key.Type, a)
	if err != nil {
		return false
	}
	q := auth.Question{Nonce: a.Nonce, Digest: a.ClientNonce, Version: wire.Newest()}
	return auth.Verify(q, access.ChallengeAnswer{Type: key.Type, Identity: a.Identity, Answer: answer}, key) == nil
}

// answerOfWeb writes an answer as the wire has it, where it is checked. MD5 is not taken.
//
// Source: Handle.Net 9 technical manual §14.6.4; the forms as Handle.Net 9.2.0 takes them.
func answerOfWeb(keyType string, a session.Authorization) ([]byte, error) {
	if keyType == handle.TypePublicKey {
		return octets.AppendBytes(octets.AppendBytes(nil, a.Algorithm), a.Signature), nil
	}
	alg := strings.ToUpper(strings.ReplaceAll(a.Algorithm, "-", ""))
	if alg == "PBKDF2WITHHMACSHA1" {
		b := octets.AppendBytes([]byte{0x22}, a.Salt)
		b = binary.BigEndian.AppendUint32(b, uint32(a.Iterations)) //nolint:gosec // bounded by the parser
		b = binary.BigEndian.AppendUint32(b, uint32(a.Length))     //nolint:gosec // bounded by the parser
		return octets.AppendBytes(b, a.Signature), nil
	}
	form, ok := map[string]byte{"SHA1": 0x02, "SHA256": 0x03, "HMACSHA1": 0x12, "HMACSHA256": 0x13}[alg]
	if !ok {
		return nil, fault.New(fault.Invalid, "alg is %q, want SHA-1, SHA-256, HMAC-SHA1, HMAC-SHA256 or PBKDF2WithHmacSHA1", a.Algorithm)
	}
	return slices.Concat([]byte{form}, a.Signature), nil
}

// askWho answers that an identity is needed: over a connection that others can read there
// is no way to give one.
func (s *Service) askWho(w http.ResponseWriter, r *http.Request, c caller) {
	if !secure(r) {
		return
	}
	h := w.Header()
	if r.Header.Get("X-Requested-With") == "" && !c.wrong {
		h.Add("WWW-Authenticate", session.AskBasic)
	}
	if c.session.ID == "" {
		c.session = s.sessions.begin(s.now())
	}
	h.Add("WWW-Authenticate", c.session.Challenge())
}
