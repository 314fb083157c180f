package identifiers

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"maps"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/idhub"
	"yuzhou/modules/identifiers/octets"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/template"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
)

// saidDone is the message of what went well.
const saidDone = "成功"

// standard answers the standard API (标准版接口).
func (s *Service) standard(x *application) ([]byte, error) {
	what := x.Method + " " + x.URL.Path
	switch what {
	case "GET /api/v1/doip/public/challenge":
		return s.challengeApplication(x)
	case "POST /api/v1/doip/public/verify-response":
		return s.verifyApplication(x)
	case "GET /api/v1/doip":
		return s.retrieve(x)
	}
	do := map[string]func(*application) ([]byte, error){
		"POST /api/v1/doip": s.operate, "POST /api/v1/open/meta/create": s.addMeta, "GET /api/v1/open/meta/info": s.getMeta,
		"POST /api/v1/open/classes-grant/item/batch-public": s.publishItems, "POST /api/v1/open/classes-grant/authorization": s.grantItems,
		"POST /api/v1/single-handle/authorization": s.grantOne,
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

// challengeApplication tells an identity what to sign.
func (s *Service) challengeApplication(x *application) ([]byte, error) {
	user := x.URL.Query().Get("handle")
	keys := s.keysOf(x.Context(), user, handle.TypePublicKey)
	if len(keys) == 0 {
		return nil, fault.Say(fault.NotFound, "标识 %q 不是本节点的应用身份：没有公钥。", "identifier %q is no identity of this node: it has no public key", user)
	}
	nonce, err := s.signing.For(rand.Reader, s.now(), keys[0].of.Name.Fold())
	if err != nil {
		return nil, err
	}
	return idhub.Reply{Code: idhub.CodeOK, Message: saidDone, Data: nonce}.Append(nil), nil
}

// verifyApplication gives a token to an identity that has signed what it was told to.
func (s *Service) verifyApplication(x *application) ([]byte, error) {
	r, err := idhub.ParseResponse(x.content)
	if err != nil {
		return nil, err
	}
	wrong := codedError{fault.Say(fault.Forbidden, "签名不正确，或挑战已过期，请重新获取。", "the signature is wrong, or the challenge too old; ask for another"), idhub.CodeUnauthenticated}
	nonce, ok := s.signing.Get(s.now(), r.Identity.Fold())
	if !ok {
		return nil, wrong
	}
	for _, key := range s.keysOf(x.Context(), string(r.Identity), handle.TypePublicKey) {
		if !signedBy(key, nonce, r.Signature) {
			continue
		}
		s.signing.Drop(r.Identity.Fold())
		token, err := s.token(key.of)
		if err != nil {
			return nil, err
		}
		return idhub.Reply{Code: idhub.CodeOK, Message: saidDone, Data: idhub.Token{Token: token}}.Append(nil), nil
	}
	return nil, wrong
}

// signedBy reports whether a signature of a text is that of a key: of RSA by SHA-256, of SM2
// by SM3, as the protocol has it.
func signedBy(key identityKey, text string, signature []byte) bool {
	digest := "SHA-256"
	if public, err := auth.ParsePublicKey(key.value.Data); err != nil {
		return false
	} else if _, ok := public.(*ecdsa.PublicKey); ok {
		digest = "SM3"
	}
	answer := access.ChallengeAnswer{Type: handle.TypePublicKey, Identity: key.of, Answer: octets.AppendBytes(octets.AppendBytes(nil, digest), signature)}
	return auth.Verify(auth.Question{Nonce: []byte(text), Version: wire.Newest()}, answer, key.value) == nil
}

// retrieve answers with a record as who asks may read it.
func (s *Service) retrieve(x *application) ([]byte, error) {
	_, n, err := idhub.ParseOperation(x.URL.Query(), false)
	if err != nil {
		return nil, err
	}
	read, err := s.readFor(x, n)
	if err != nil {
		return nil, err
	}
	rec, t := read.Record, read.template
	kind, items := handle.Name(""), map[uint32]idhub.Element{}
	shown := len(rec.Values)
	if t != nil {
		kind = handle.Name(rec.Name.Prefix() + "/" + t.Ref())
		for _, i := range t.Items {
			items[i.Index] = idhub.Element{Type: i.Name, Name: i.Alias.ZH, DataType: idhub.DataType(i.Type)}
		}
		shown-- // the one that names the template
	}
	if shown <= 0 && read.hidden > 0 {
		return nil, codedError{fault.Say(fault.Forbidden, "没有权限查看数据", "nothing of it may be read by who asks"), idhub.CodeMayNotRead}
	}
	return idhub.Reply{Code: idhub.CodeOK, Message: saidDone, Data: idhub.InstanceOf(rec, kind, items)}.Append(nil), nil
}

// operate registers an identifier, changes or deletes it.
func (s *Service) operate(x *application) ([]byte, error) {
	op, n, err := idhub.ParseOperation(x.URL.Query(), true)
	if err != nil {
		return nil, err
	}
	c := candidate{name: string(n), rec: handle.Record{Name: n}}
	reply := idhub.Reply{Code: idhub.CodeDone, Message: saidDone}
	does := map[idhub.Operation]records.Op{idhub.Create: records.Create, idhub.Update: records.Put, idhub.Merge: records.Put, idhub.Delete: records.Delete}[op]
	if op != idhub.Delete {
		o, err := idhub.ParseObject(x.content)
		if err != nil {
			return nil, err
		}
		reply.Data = o
		if c.rec, err = s.recordOfObject(x.Context(), n, o, op); err != nil {
			return nil, err
		}
	}
	errs, err := s.apply(x, does, []candidate{c})
	if err = cmp.Or(err, errorAt(errs)); err != nil {
		if _, coded := err.(codedError); !coded && fault.KindOf(err) == fault.Forbidden { //nolint:errorlint // apply does not wrap
			err = codedError{err, idhub.CodeMayNotWrite}
		}
		return nil, err
	}
	return reply.Append(nil), nil
}

func errorAt(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return errs[0]
}

// recordOfObject makes a record of the fields of the standard API. By Merge those that are not
// given stay as they are.
func (s *Service) recordOfObject(ctx context.Context, n handle.Name, o idhub.Object, op idhub.Operation) (handle.Record, error) {
	t, err := s.templateOfType(ctx, o.Type, n.Prefix())
	if err != nil {
		return handle.Record{}, err
	}
	fields := o.Attributes.Content
	if op == idhub.Merge {
		was, err := s.record(ctx, n)
		if err != nil {
			return was, err
		}
		fields = t.Fields(was.Values)
		maps.Copy(fields, o.Attributes.Content)
	}
	values, err := t.Values(fields, seconds(s.now()))
	return handle.Record{Name: n, Values: values}, err
}

// templateOfType returns the template that an identifier names, as 88.118.2/gearbox or
// 88.118.2/gearbox@2 does: below the prefix of what is registered, or the node's.
func (s *Service) templateOfType(ctx context.Context, kind handle.Name, prefix string) (template.Template, error) {
	if p := handle.Fold(kind.Prefix()); p != handle.Fold(prefix) && p != s.site.Prefix {
		return template.Template{}, codedError{fault.Say(fault.Invalid, "元数据模板 %s 不属于前缀 %s。", "template %s is not of prefix %s", string(kind), prefix), idhub.CodeNoTemplate}
	}
	return s.templateNamed(ctx, kind.Suffix())
}

// reply answers what was done without more to say.
func reply(data any) ([]byte, error) {
	return idhub.Reply{Code: idhub.CodeOK, Message: saidDone, Data: data}.Append(nil), nil
}
