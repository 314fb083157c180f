package identifiers

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi"
	"yuzhou/modules/identifiers/jsonapi/session"
	"yuzhou/modules/identifiers/wire"
)

// peers mounts the APIs of other networks.
func (s *Service) peers(rt *web.Router) {
	rt.Peer("/api/handles", actor.Read, s.jsonAPI("/api/handles", s.handles))
	rt.Peer("/api/prefixes", actor.Read, s.jsonAPI("/api/prefixes", s.prefixesAPI))
	rt.Peer("/api/site", actor.Read, s.jsonAPI("/api/site", s.siteAPI))
	rt.Peer("/api/sessions", actor.Read, s.jsonAPI("/api/sessions", s.sessionsAPI))
	rt.Peer("/api/verifications", actor.Read, s.jsonAPI("/api/verifications", s.verificationsAPI))
}

// What a refusal says is wrong, as clients of Handle.Net know it: never whether it is the
// identity or its key.
const (
	notVerified   = "Identity not verified"
	missingFields = "Missing fields in authentication data"
)

// identify finds out who asks, and reports false when what they say of themselves is wrong:
// then the request is not answered, even if anybody may ask it.
//
// With a callback nobody asks: browsers send a password that they know along with the
// scripts of any site, which would read there what is not public.
func (s *Service) identify(x *exchange) bool {
	header := x.Header.Get("Authorization")
	if header == "" || x.insecure || x.q.Callback != "" || actor.Of(x.Context()).Known() || strings.HasPrefix(x.URL.Path, "/api/sessions") {
		return true
	}
	a, err := session.ParseAuthorization(header)
	if err != nil {
		x.asking.Error = web.Text(err)
		return false
	}
	if a.Password != nil {
		key, err := s.answering().KeyOf(x.Context(), a.Identity)
		if err != nil || auth.Password(a.Password, key) != nil {
			x.asking.Error = notVerified
			return false
		}
		x.who = a.Identity
		return true
	}
	open, ok := s.sessions.Get(s.now(), a.Session)
	if ok && a.Complete() {
		open, ok = s.enter(x.Context(), open, a)
		x.asking = open
		x.who = open.Identity
		return ok
	}
	if !ok && a.Session != "" {
		x.asking.Error = "the session is unknown here or has ended"
		return false
	}
	x.asking, x.who = open, open.Identity
	return true
}

// enter signs a client in by its answer to a session, which says what was wrong with it.
func (s *Service) enter(ctx context.Context, open session.Session, a session.Authorization) (session.Session, bool) {
	a.Nonce = open.Nonce
	if !a.Complete() {
		open.Error = missingFields
		return open, false
	}
	if right, err := s.verified(ctx, a); err != nil || !right {
		open.Error = notVerified
		if fault.KindOf(err) == fault.Invalid {
			open.Error += ": " + web.Text(err)
		}
		return open, false
	}
	return s.sessions.SignIn(s.now(), open.ID, a.Identity)
}

// verified reports whether a signature of two nonces is that of the identity that it names.
// One that is not of this node has none here.
//
// Errors: fault.Invalid for a signature or a key that cannot be read.
func (s *Service) verified(ctx context.Context, a session.Authorization) (bool, error) {
	key, err := s.answering().KeyOf(ctx, a.Identity)
	if fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Invalid {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if key.Type != handle.TypeSecretKey && key.Type != handle.TypePublicKey {
		return false, nil // of a value that is no key nothing is told
	}
	answer, err := a.Answer(cmp.Or(a.Type, key.Type))
	if err != nil {
		return false, err
	}
	err = auth.Verify(auth.Question{Nonce: a.Nonce, Digest: a.ClientNonce, Version: wire.Newest()}, answer, key)
	if fault.KindOf(err) == fault.Forbidden {
		return false, nil
	}
	return err == nil, err
}

// refused answers that it has to be known who asks, and how to say so: by an answer to a
// session, or, when a person asks with a browser, by a password. Over a channel where it
// could be overheard nobody is asked.
func (s *Service) refused(x *exchange, a jsonapi.Answer) error {
	o := jsonapi.Outcome{Code: a.Code, Insecure: x.insecure}
	if x.insecure {
		a.Message = "who asks is taken at their word over HTTPS alone"
		return x.send(a.Append(nil), o.Status())
	}
	if x.asking.ID == "" {
		fresh, err := s.sessions.Open(rand.Reader, s.now())
		if err != nil {
			return err
		}
		fresh.Error = x.asking.Error
		x.asking = fresh
	}
	h := x.w.Header()
	if x.Header.Get("X-Requested-With") == "" {
		h.Add("WWW-Authenticate", session.AskBasic)
	}
	h.Add("WWW-Authenticate", x.asking.Challenge())
	return x.send(a.Append(nil), o.Status())
}

// sessionsAPI answers /api/sessions: a POST opens a session, at /api/sessions/this it is
// answered, asked for, and ended.
func (s *Service) sessionsAPI(x *exchange) error {
	if x.insecure {
		return s.refused(x, jsonapi.Answer{Code: wire.ChallengeNeeded})
	}
	a, err := x.authorization()
	if err != nil {
		return err
	}
	if x.below == "" && x.Method == http.MethodPost {
		return s.openSession(x, a)
	}
	if x.below != "" && x.below != "this" {
		return fault.New(fault.NotFound, "there is /api/sessions, to open a session, and /api/sessions/this")
	}
	open, ok := s.sessions.Get(s.now(), a.Session)
	switch {
	case !ok:
		doc := jsonapi.Answer{Code: wire.ChallengeNeeded, Message: "the session is unknown here or has ended; open another by POST /api/sessions"}
		return x.send(doc.Append(nil), http.StatusForbidden)
	case x.Method == http.MethodDelete:
		s.sessions.Close(a.Session)
		x.w.WriteHeader(http.StatusNoContent)
		return nil
	case x.Method == http.MethodGet || x.Method == http.MethodHead:
		return x.session(open, http.StatusOK)
	case x.Method == http.MethodPut || x.Method == http.MethodPost:
		return s.answerSession(x, open, a)
	default:
		return x.method()
	}
}

// authorization is what a request at /api/sessions says of its client, in its header or,
// for what the header does not say, in its body.
func (x *exchange) authorization() (session.Authorization, error) {
	content, err := x.read()
	if err != nil {
		return session.Authorization{}, err
	}
	header := x.Header.Get("Authorization")
	if len(content) > 0 && header == "" {
		return session.ParseBody(content)
	}
	return session.ParseAuthorization(header)
}

// openSession opens a session; who sent a nonce gets it signed, to know this server by.
func (s *Service) openSession(x *exchange, a session.Authorization) error {
	open, err := s.sessions.Open(rand.Reader, s.now())
	if err != nil {
		return err
	}
	if key := s.signer(); key != nil && len(a.ClientNonce) > 0 {
		sum := sha256.Sum256(append(append([]byte(nil), open.Nonce...), a.ClientNonce...))
		if open.ServerSignature, err = key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
			return err
		}
		open.ServerAlgorithm = "SHA-256"
	}
	x.w.Header().Set("Location", "/api/sessions/this")
	return x.session(open, http.StatusCreated)
}

// answerSession signs a client in.
func (s *Service) answerSession(x *exchange, open session.Session, a session.Authorization) error {
	open, ok := s.enter(x.Context(), open, a)
	if !ok {
		x.w.Header().Add("WWW-Authenticate", open.Challenge())
		return x.session(open, http.StatusUnauthorized)
	}
	return x.session(open, http.StatusOK)
}

func (x *exchange) session(open session.Session, status int) error {
	return x.send(open.Append(nil), status)
}

// verificationsAPI answers whether a signature is that of an identity: what servers ask
// each other for their clients.
func (s *Service) verificationsAPI(x *exchange) error {
	if !x.reading() {
		return x.method()
	}
	a, err := session.ParseVerification(x.below, x.URL.Query())
	if err != nil {
		return err
	}
	right, err := s.verified(x.Context(), a)
	if err != nil {
		return err
	}
	return x.send(jsonapi.Verdict{Valid: right, Name: a.Identity.Name}.Append(nil), http.StatusOK)
}
