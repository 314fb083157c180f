package identifiers

import (
	"context"
	"slices"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/template"
)

// holding reports whether who asks is a member of who holds a prefix: they alone say who
// reads what is hidden below it.
func (s *Service) holding(ctx context.Context, tx store.Tx, name string) error {
	p, err := prefix(ctx, tx, name)
	if err != nil || ctx.Value(heldKey{}) == handle.Fold(name) {
		return err
	}
	member, err := isMember(ctx, tx, p.Registrant, actor.Of(ctx).ID)
	if err == nil && !member {
		err = fault.Say(fault.Forbidden, "您不是前缀 %s 的注册者的成员。", "you are no member of who holds prefix %s", name)
	}
	return err
}

// grant makes a grant.
//
// Errors: fault.Invalid for what cannot be granted so, fault.NotFound for what it names,
// fault.Forbidden for who is no member of who holds the prefix.
func (s *Service) grant(ctx context.Context, g Grant) (Grant, error) {
	if err := g.valid(); err != nil {
		return g, err
	}
	if g.Until != "" {
		day, err := time.Parse(time.DateOnly, g.Until)
		if err != nil || s.site.EndOf(day).Before(s.now()) {
			return g, fault.Say(fault.Invalid, "最后一天 %q 应是今天或以后的日期，如 2027-12-31。", "last day %q is no day from today on, such as 2027-12-31", g.Until)
		}
		g.ends = s.site.EndOf(day)
	}
	g.ID, g.By, g.Since = store.NewID(s.now()), actor.Of(ctx).ID, s.now().UTC().Truncate(time.Microsecond)
	if g.Kind == toPerson {
		var err error
		if g.Grantee, err = s.personOf(ctx, g.Grantee); err != nil {
			return g, err
		}
	}
	err := s.db.Write(ctx, func(tx store.Tx) error {
		if err := s.holding(ctx, tx, g.Prefix); err != nil {
			return err
		}
		var err error
		if g, err = g.resolved(ctx, tx); err != nil {
			return err
		}
		if g.ID, err = addGrant(ctx, tx, g); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "identifiers.grant", g.Prefix, g.subject()+" → "+g.Kind+" "+g.Grantee)
	})
	if err != nil {
		return g, err
	}
	return g, s.regrant(ctx, g.Prefix)
}

// revoke ends a grant.
func (s *Service) revoke(ctx context.Context, prefix, id string) error {
	err := s.db.Write(ctx, func(tx store.Tx) error {
		if err := s.holding(ctx, tx, prefix); err != nil {
			return err
		}
		ended, err := endGrant(ctx, tx, prefix, id, s.now())
		if err == nil && !ended {
			err = fault.Say(fault.NotFound, "前缀 %s 没有授权 %q。", "prefix %s has no grant %q", prefix, id)
		}
		if err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "identifiers.revoke", prefix, id)
	})
	if err != nil {
		return err
	}
	return s.regrant(ctx, prefix)
}

// regrant puts changed grants in force: what was answered before is forgotten.
func (s *Service) regrant(ctx context.Context, prefix string) error {
	if err := s.readGrants(ctx); err != nil {
		return err
	}
	s.answering().Forget(handle.Authority(prefix))
	return nil
}

// grants lists the grants of a prefix that stand.
func (s *Service) grants(ctx context.Context, name string) (out []Grant, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		if err := s.holding(ctx, tx, name); err != nil {
			return err
		}
		out, err = grants(ctx, tx, name)
		return err
	})
	now := s.now()
	out = slices.DeleteFunc(out, func(g Grant) bool { return !g.ends.IsZero() && now.After(g.ends) })
	for i := range out {
		out[i].Until = s.day(out[i].ends)
	}
	return out, err
}

// valid checks what a grant says, but for what is in the database.
func (g Grant) valid() error {
	switch {
	case (g.Template == "") == (g.Identifier == ""):
		return fault.Say(fault.Invalid, "授权要么针对一个模板的项目，要么针对一个标识，二者取一。", "a grant is of a template's item or of one identifier, not of both")
	case g.Template != "" && g.Item == "":
		return fault.Say(fault.Invalid, "针对模板的授权要说明是哪个项目。", "a grant of a template names an item")
	case !slices.Contains([]string{toEverybody, toRegistrant, toPerson, toIdentity}, g.Kind):
		return fault.Say(fault.Invalid, "授权的对象 %q 不认识，可以是 everybody、registrant、person、identity。", "kind %q of whom it is granted to is none of everybody, registrant, person, identity", g.Kind)
	case (g.Kind == toEverybody) != (g.Grantee == ""):
		return fault.Say(fault.Invalid, "请填授权给谁；授权给所有人时不填。", "say whom it is granted to; nobody in particular when to everybody")
	case g.Kind == toEverybody && g.Until != "":
		return fault.Say(fault.Invalid, "授权给所有人没有期限：答案可能已被各处缓存；不再公开时请收回。", "what is granted to everybody has no last day, for answers are kept elsewhere; revoke it instead")
	}
	if g.Identifier == "" {
		return nil
	}
	n, err := handle.Parse(g.Identifier)
	if err == nil && !handle.EqualFold(n.Prefix(), g.Prefix) {
		err = fault.Say(fault.Invalid, "标识 %q 不在前缀 %s 之下。", "identifier %q does not lie below prefix %s", g.Identifier, g.Prefix)
	}
	return err
}

// resolved returns a grant with what it names as it is kept: the id of a registrant, an identity
// folded. It checks that the template has the item.
func (g Grant) resolved(ctx context.Context, tx store.Tx) (Grant, error) {
	g.Identifier = handle.Fold(g.Identifier)
	switch g.Kind {
	case toRegistrant:
		r, err := registrantBy(ctx, tx, g.Grantee)
		if fault.KindOf(err) == fault.NotFound {
			r, err = registrant(ctx, tx, g.Grantee)
		}
		if err != nil {
			return g, err
		}
		g.Grantee = r.ID
	case toIdentity:
		who, err := parseIdentity(g.Grantee)
		if err != nil {
			return g, err
		}
		g.Grantee = identityText(who)
	}
	if g.Template == "" {
		return g, nil
	}
	t, err := newestTemplate(ctx, tx, g.Template)
	if err != nil {
		return g, err
	}
	at := slices.IndexFunc(t.Items, func(i template.Item) bool { return i.Name == g.Item })
	if at < 0 || !t.Items[at].Granted {
		return g, fault.Say(fault.Invalid, "模板 %s 没有需授权的项目 %q。", "template %s has no item %q that is read by grant", g.Template, g.Item)
	}
	return g, nil
}

// subject is what a grant is of, in a line.
func (g Grant) subject() string {
	out := g.Identifier
	if g.Template != "" {
		out = g.Template
	}
	if g.Item != "" {
		out += " " + g.Item
	}
	return out
}

// personOf returns the id of a person by login or id.
func (s *Service) personOf(ctx context.Context, text string) (string, error) {
	id, err := s.People.ByLogin(ctx, text)
	if fault.KindOf(err) != fault.NotFound {
		return id, err
	}
	if _, err := s.People.Named(ctx, text); err != nil {
		return "", fault.Say(fault.NotFound, "没有登录名为 %q 的人。", "nobody signs in as %q", text)
	}
	return text, nil
}

// grantee returns what somebody is called whom a grant names.
func (s *Service) grantee(ctx context.Context, g Grant) pack.Text {
	switch g.Kind {
	case toPerson:
		if name, err := s.People.Named(ctx, g.Grantee); err == nil {
			return name
		}
	case toRegistrant:
		var r Registrant
		err := s.db.Read(ctx, func(tx store.Tx) (err error) {
			r, err = registrant(ctx, tx, g.Grantee)
			return err
		})
		if err == nil {
			return r.Text
		}
	}
	return pack.Text{ZH: g.Grantee}
}
