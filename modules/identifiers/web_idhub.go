package identifiers

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi"
	"yuzhou/modules/identifiers/jsonapi/idhub"
)

// SignIn opens a session for a person and returns its token, for the header Authorization:
// Bearer; fault.Forbidden when name or password is wrong, or the channel is one where others
// could overhear them; fault.Busy after too many attempts.
type SignIn func(r *http.Request, login, password string) (token string, err error)

// application is a request of an application to the APIs of enterprise nodes. Its context
// has who asks as its actor: a person by the token of their session, or an identity of the
// protocol by the token that it has from this node.
type application struct {
	*http.Request
	content []byte
	who     handle.Reference // the identity; the zero value for a person, and for nobody
}

// known reports whether it is known who asks.
func (x *application) known() bool { return actor.Of(x.Context()).Known() }

// hubPeers mounts the APIs of enterprise nodes.
func (s *Service) hubPeers(rt *web.Router) {
	rt.Peer("/identity", actor.Read, s.hub(s.compatible, refusedCompatibly))
	rt.Peer("/identityv2", actor.Read, s.hub(s.compatible, refusedCompatibly))
	rt.Peer("/snms/api/v3/template", actor.Read, s.hub(s.compatible, refusedCompatibly))
	rt.Peer("/api/v1/doip", actor.Read, s.hub(s.standard, refusedByStandard))
	rt.Peer("/api/v1/open", actor.Read, s.hub(s.standard, refusedByStandard))
	rt.Peer("/api/v1/single-handle", actor.Read, s.hub(s.standard, refusedByStandard))
}

// maxApplied is how long the body of a request is: a batch of 2,000 identifiers.
const maxApplied = 16 << 20

// hub returns what answers an API. As the others of the network do, it answers with status 200
// and says in the document how the request went.
func (s *Service) hub(do func(*application) ([]byte, error), refuse func(error) []byte) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		x, err := s.application(w, r)
		var doc []byte
		if err == nil {
			doc, err = do(x)
		}
		if err != nil {
			if fault.KindOf(err) == "" {
				s.log.ErrorContext(r.Context(), "an application was not served", slog.String("path", r.URL.Path), slog.Any("error", err))
			}
			doc = refuse(err)
		}
		w.Header().Set("Content-Type", jsonapi.ContentJSON)
		_, err = w.Write(doc)
		return err
	}
}

// application reads a request and finds out who asks.
func (s *Service) application(w http.ResponseWriter, r *http.Request) (*application, error) {
	x := &application{Request: r}
	token, bears := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !web.Private(r) && (bears || r.Method != http.MethodGet) {
		return x, fault.Say(fault.Forbidden, "令牌和口令不能明文传送，请用 HTTPS。", "tokens and passwords are taken over HTTPS alone")
	}
	if bears && !x.known() {
		if open, ok := s.sessions.Get(s.now(), token); ok && open.Authenticated {
			x.who = open.Identity
			id := identityText(open.Identity)
			x.Request = r.WithContext(actor.With(r.Context(), actor.Actor{ID: id, Name: id}))
		}
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(http.MaxBytesReader(w, r.Body, maxApplied)); err != nil {
		return x, fault.Say(fault.Invalid, "请求体读不出来，或超过 %d 字节。", "the body cannot be read, or has more than %d bytes", maxApplied)
	}
	x.content = b.Bytes()
	return x, s.ready(r.Context())
}

// codedError is an error for which the standard API has a code of its own.
type codedError struct {
	error
	code idhub.Code
}

// Unwrap returns what it says.
func (e codedError) Unwrap() error { return e.error }

// signInFirst says that it is not known who asks.
func signInFirst() error {
	return codedError{fault.Say(fault.Forbidden, "没有令牌，或令牌无效、已过期，请重新获取。", "the token is missing, unknown or too old; ask for another"), idhub.CodeUnauthenticated}
}

func refusedCompatibly(err error) []byte {
	a := idhub.Refused(err)
	if c, ok := errors.AsType[codedError](err); ok && c.code == idhub.CodeUnauthenticated {
		a.Status = idhub.SignInFirst
	}
	return a.Append(nil)
}

func refusedByStandard(err error) []byte {
	r := idhub.Reply{Code: idhub.CodeOf(err), Message: web.Sentence(err).ZH}
	if c, ok := errors.AsType[codedError](err); ok {
		r.Code = c.code
	}
	return r.Append(nil)
}

// offered refuses what an API does not have here.
func (x *application) offered() error {
	return fault.Say(fault.Invalid, "本节点没有接口 %s %s。", "this node has no interface %s %s", x.Method, x.URL.Path)
}

// compatible answers the compatible API (兼容接口).
func (s *Service) compatible(x *application) ([]byte, error) {
	what := x.Method + " " + x.URL.Path
	switch what {
	case "POST /identity/token":
		return s.signInApplication(x, false)
	case "POST /identity/token/v1":
		return s.signInApplication(x, true)
	}
	do := map[string]func(*application) ([]byte, error){
		"GET /identityv2/data/detail": s.detail, "POST /identityv2/data": s.putOne, "PUT /identityv2/data": s.putOne, "DELETE /identityv2/data": s.deleteOne,
		"POST /identityv2/data/batchCreate": s.putMany, "PUT /identityv2/data/batchUpdate": s.putMany, "DELETE /identityv2/data/batchDelete": s.deleteMany,
		"GET /snms/api/v3/template": s.getOldTemplate, "POST /snms/api/v3/template": s.addOldTemplate,
	}[what]
	switch {
	case do == nil:
		return nil, x.offered()
	case !x.known():
		return nil, signInFirst()
	default:
		return do(x)
	}
}

// signInApplication gives a token: to a person by their name and password, to an identity
// by its secret key, or with hashed its hash of the day, since of persons no password is kept
// that could be hashed.
func (s *Service) signInApplication(x *application, hashed bool) ([]byte, error) {
	l, err := idhub.ParseLogin(x.content)
	if err != nil {
		return nil, err
	}
	var token string
	switch {
	case strings.Contains(l.User, "/"):
		token, err = s.signInIdentity(x.Context(), l, hashed)
	case hashed:
		return nil, fault.Say(fault.Invalid, "本节点不保存口令，无法核对口令的散列；请用 /identity/token。", "passwords are not kept here, so that their hashes cannot be checked; use /identity/token")
	case s.SignIn == nil:
		return nil, fault.Say(fault.Invalid, "本节点没有可登录的人员。", "nobody signs in here")
	default:
		token, err = s.SignIn(x.Request, l.User, l.Password)
	}
	switch fault.KindOf(err) { //nolint:exhaustive // the rest says itself what is wrong
	case fault.Forbidden:
		return nil, fault.Say(fault.Invalid, "用户名/密码错误！", "name or password is wrong")
	case fault.Busy:
		return nil, fault.Say(fault.Busy, "登录失败次数过多，请稍后再试。", "too many attempts; try again later")
	}
	if err != nil {
		return nil, err
	}
	return idhub.Answer[idhub.Token]{Message: "success", Status: idhub.Success, Data: idhub.Token{Token: token}}.Append(nil), nil
}

// signInIdentity gives a token to an identity that knows its secret key.
func (s *Service) signInIdentity(ctx context.Context, l idhub.Login, hashed bool) (string, error) { //nolint:revive // as above
	for _, key := range s.keysOf(ctx, l.User, handle.TypeSecretKey) {
		secret := key.value.Data
		if hashed {
			secret = []byte(idhub.HashPassword(string(secret), s.now().In(s.site.Zone)))
		}
		if auth.Password([]byte(l.Password), handle.Value{Type: key.value.Type, Data: secret}) == nil {
			return s.token(key.of)
		}
	}
	return "", fault.New(fault.Forbidden, "name or password is wrong")
}

// token opens a session for an identity and returns its id.
func (s *Service) token(who handle.Reference) (string, error) {
	open, err := s.sessions.Open(rand.Reader, s.now())
	if err != nil {
		return "", err
	}
	s.sessions.SignIn(s.now(), open.ID, who)
	return open.ID, nil
}

// identityKey is a key with what it is the key of.
type identityKey struct {
	of    handle.Reference
	value handle.Value
}

// maxKeysTried bounds the work for who does not say which key is theirs.
const maxKeysTried = 4

// keysOf returns the keys of a kind that an identity may mean: a name with an index before it,
// or a name alone, which means any. What is not here has none.
func (s *Service) keysOf(ctx context.Context, user, kind string) (out []identityKey) {
	ref, err := parseIdentity(user)
	if err != nil {
		ref = handle.Reference{Name: handle.Name(user)}
	}
	rec, err := s.record(ctx, ref.Name)
	if err != nil {
		return nil
	}
	for _, v := range rec.Values {
		if v.Type == kind && (ref.Index == 0 || ref.Index == v.Index) && len(out) < maxKeysTried {
			out = append(out, identityKey{handle.Reference{Name: rec.Name, Index: v.Index}, v})
		}
	}
	return out
}

// heldKey is where a context has the prefix whose registrant's key has proven to ask.
type heldKey struct{}

// byKey returns the context of what an identity asks about a prefix that it holds: one of its
// registrant's keys. Of persons the database knows which they hold.
//
// Errors: fault.Forbidden.
func (s *Service) byKey(x *application, prefix string) (context.Context, error) {
	if x.who.Name == "" {
		return x.Context(), nil
	}
	has, err := s.answering().RightsIn(x.Context(), x.who, prefix)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if has&registrantRights != registrantRights {
		return nil, fault.Say(fault.Forbidden, "身份 %s 不是前缀 %s 的管理者。", "identity %s does not administer prefix %s", identityText(x.who), prefix)
	}
	return context.WithValue(x.Context(), heldKey{}, handle.Fold(prefix)), nil
}
