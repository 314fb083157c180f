package identifiers

import (
	"context"
	"slices"
	"strconv"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/idhub"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/template"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// addMeta keeps a template for who holds a prefix, or its next version.
func (s *Service) addMeta(x *application) ([]byte, error) {
	prefix, t, err := idhub.ParseMeta(x.content)
	if err != nil {
		return nil, err
	}
	if prefix == "" && x.who.Name != "" {
		prefix = prefixOfIdentity(x.who)
	}
	if t, err = s.keepFor(x, prefix, t); err != nil {
		return nil, err
	}
	return reply(map[string]string{"metaHandle": prefix + "/" + t.Ref()})
}

// prefixOfIdentity is the prefix of an identity, or that which it describes.
func prefixOfIdentity(who handle.Reference) string {
	if p, ok := who.Name.DescribedPrefix(); ok {
		return p
	}
	return who.Name.Prefix()
}

// keepFor keeps a template for who holds a prefix.
func (s *Service) keepFor(x *application, name string, t template.Template) (template.Template, error) {
	if name == "" {
		return t, fault.Say(fault.Invalid, "请用 metaHandle 写明前缀和编号，如 88.118.2/gearbox。", "say by metaHandle the prefix and the id, as 88.118.2/gearbox does")
	}
	ctx, err := s.byKey(x, name)
	if err != nil {
		return t, err
	}
	registrant := ""
	err = s.db.Read(ctx, func(tx store.Tx) error {
		if err := s.holding(ctx, tx, name); err != nil {
			return err
		}
		p, err := prefix(ctx, tx, name)
		registrant = p.Registrant
		return err
	})
	if err != nil {
		return t, err
	}
	return s.keepTemplate(ctx, t, registrant)
}

// getMeta answers with a template.
func (s *Service) getMeta(x *application) ([]byte, error) {
	n, err := handle.Parse(x.URL.Query().Get("metaHandle"))
	if err != nil {
		return nil, err
	}
	t, err := s.templateNamed(x.Context(), n.Suffix())
	if err != nil {
		return nil, err
	}
	return reply(idhub.MetaOf(n.Prefix(), t))
}

// addOldTemplate is addMeta of the compatible API.
func (s *Service) addOldTemplate(x *application) ([]byte, error) {
	prefix, t, err := idhub.ParseTemplate(x.content)
	if err != nil {
		return nil, err
	}
	if _, err := s.keepFor(x, prefix, t); err != nil {
		return nil, err
	}
	return done(), nil
}

// getOldTemplate is getMeta of the compatible API.
func (s *Service) getOldTemplate(x *application) ([]byte, error) {
	q := x.URL.Query()
	t, err := s.templateNamed(x.Context(), q.Get("version"))
	if err != nil {
		return nil, err
	}
	return idhub.Answer[idhub.Template]{Message: "success", Status: idhub.Success, Data: idhub.TemplateOf(q.Get("prefix"), t)}.Append(nil), nil
}

// publishItems lets all read items of what a template made, or no longer.
func (s *Service) publishItems(x *application) ([]byte, error) {
	p, err := idhub.ParsePublication(x.content)
	if err != nil {
		return nil, err
	}
	all := make([]idhub.ItemGrant, 0, len(p.Items))
	for _, i := range p.Items {
		all = append(all, idhub.ItemGrant{Item: i, Public: p.Public})
	}
	return s.changeItems(x, p.Template, all)
}

// grantItems lets identities read items of what a template made, or no longer.
func (s *Service) grantItems(x *application) ([]byte, error) {
	name, all, err := idhub.ParseItemGrants(x.content)
	if err != nil {
		return nil, err
	}
	for _, g := range all {
		if g.Write {
			return nil, fault.Say(fault.Invalid, "authType 2（编辑）不能按模板授权；请用 /api/v1/single-handle/authorization 逐个标识授权。", "authType 2 (write) is not granted by template; grant it identifier by identifier at /api/v1/single-handle/authorization")
		}
	}
	return s.changeItems(x, name, all)
}

func (s *Service) changeItems(x *application, name handle.Name, all []idhub.ItemGrant) ([]byte, error) {
	t, err := s.templateOfType(x.Context(), name, name.Prefix())
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		g := Grant{Prefix: name.Prefix(), Template: t.ID, Item: i.Item}
		if err := s.changeReaders(x, g, idhub.Grant{Public: i.Public, Readers: i.Users, RemoveReaders: i.Remove}); err != nil {
			return nil, err
		}
	}
	return reply(nil)
}

// grantOne says who may read and write one identifier.
func (s *Service) grantOne(x *application) ([]byte, error) {
	asked, err := idhub.ParseGrant(x.content)
	if err != nil {
		return nil, err
	}
	if _, err := s.record(x.Context(), asked.Name); err != nil {
		return nil, err
	}
	g := Grant{Prefix: asked.Name.Prefix(), Identifier: string(asked.Name)}
	if err := s.changeReaders(x, g, asked); err != nil {
		return nil, err
	}
	if len(asked.Writers)+len(asked.RemoveWriters) > 0 {
		if err := s.changeWriters(x, asked); err != nil {
			return nil, err
		}
	}
	return reply(nil)
}

// changeReaders makes and ends grants: with Class all that are of the identifier alone.
func (s *Service) changeReaders(x *application, g Grant, asked idhub.Grant) error {
	ctx, err := s.byKey(x, g.Prefix)
	if err != nil {
		return err
	}
	if err := s.endReaders(ctx, g, asked); err != nil {
		return err
	}
	if asked.Public {
		g.Kind = toEverybody
		_, err := s.grant(ctx, g)
		return err
	}
	for _, n := range asked.Readers {
		g.Kind, g.Grantee = toIdentity, s.grantee300(ctx, n)
		if _, err := s.grant(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// endReaders ends the grants of the same that asked ends.
func (s *Service) endReaders(ctx context.Context, g Grant, asked idhub.Grant) error {
	ended := []string{}
	for _, n := range asked.RemoveReaders {
		ended = append(ended, s.grantee300(ctx, n))
	}
	standing, err := s.grants(ctx, g.Prefix)
	if err != nil {
		return err
	}
	for _, had := range standing {
		same := had.Template == g.Template && had.Item == g.Item && handle.EqualFold(had.Identifier, g.Identifier)
		ends := asked.Class || !asked.Public && had.Kind == toEverybody || had.Kind == toIdentity && slices.Contains(ended, had.Grantee)
		if !same || !ends {
			continue
		}
		if err := s.revoke(ctx, g.Prefix, had.ID); err != nil {
			return err
		}
	}
	return nil
}

// grantee300 is an identity that is named without its index: its first public key here, and
// the usual index when it is not here.
func (s *Service) grantee300(ctx context.Context, n handle.Name) string {
	who := handle.Reference{Name: n, Index: keyIndex}
	if keys := s.keysOf(ctx, string(n), handle.TypePublicKey); len(keys) > 0 {
		who = keys[0].of
	}
	return identityText(who)
}

// writerRights are what who may write an identifier may do with its values.
const writerRights = typed.AddValue | typed.ModifyValue | typed.RemoveValue | typed.ReadValue

// firstWriter is from which index on writers are among the administrators of an identifier.
const firstWriter = 150

// changeWriters makes identities administrators of the values of an identifier, all their keys,
// or takes that away.
func (s *Service) changeWriters(x *application, asked idhub.Grant) error {
	ctx, err := s.byKey(x, asked.Name.Prefix())
	if err != nil {
		return err
	}
	err = s.db.Read(ctx, func(tx store.Tx) error { return s.holding(ctx, tx, asked.Name.Prefix()) })
	if err != nil {
		return err
	}
	rec, err := s.record(ctx, asked.Name)
	if err != nil {
		return err
	}
	values := slices.Clone(rec.Values)
	values = slices.DeleteFunc(values, func(v handle.Value) bool {
		a, err := typed.ParseAdmin(v.Data)
		return err == nil && v.Type == handle.TypeAdmin && a.Rights == writerRights &&
			slices.ContainsFunc(slices.Concat(asked.Writers, asked.RemoveWriters), a.Reference.Name.Equal)
	})
	free := uint32(firstWriter)
	for _, w := range asked.Writers {
		for slices.ContainsFunc(values, func(v handle.Value) bool { return v.Index == free }) {
			free++
		}
		data := typed.AppendAdmin(nil, typed.Admin{Rights: writerRights, Reference: handle.Reference{Name: w}})
		values = append(values, handle.Value{Index: free, Type: handle.TypeAdmin, Data: data, TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: seconds(s.now())})
	}
	slices.SortFunc(values, func(a, b handle.Value) int { return int(int64(a.Index) - int64(b.Index)) })
	own := handle.Reference{Name: handle.Authority(asked.Name.Prefix()), Index: keyIndex}
	code, content := s.answering().Do(ctx, own, node.Request(wire.OpCreate, wire.Overwrite, body.AppendRecord(nil, handle.Record{Name: rec.Name, Values: values})))
	if code != wire.Success {
		said, err := body.ParseErrorAnswer(content)
		if err != nil {
			return err
		}
		return fault.New(fault.Forbidden, "%s (%s)", said.Text, strconv.Itoa(int(code)))
	}
	return nil
}
