package identifiers

import (
	"context"
	"errors"
	"fmt"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/handle"
)

// Propose opens a case that allocates or changes a prefix, and hands it in to be
// checked. Nothing is in force before it is approved.
//
// Errors: fault.Invalid for what cannot be so, fault.Conflict when it does not fit
// how the prefix stands or a change of it is under way, fault.Forbidden.
func (s *Service) Propose(ctx context.Context, c Change) (flow.Case, error) {
	if err := s.Access.Decide(ctx, actor.Of(ctx), actor.Submit, s.site.Unit); err != nil {
		return flow.Case{}, err
	}
	if err := c.valid(); err != nil {
		return flow.Case{}, err
	}
	now := s.now()
	asked := claim{Key: "identifiers." + store.NewID(now), At: now}
	var digest, holder string
	err := s.db.Write(ctx, func(tx store.Tx) (err error) {
		if c.Prefix == "" {
			if c.Prefix, err = nextPrefix(ctx, tx, s.site.Prefix); err != nil {
				return err
			}
		}
		if holder, err = s.fits(ctx, tx, c); err != nil {
			return err
		}
		asked.Prefix = c.Prefix
		if err := take(ctx, tx, asked); err != nil {
			return err
		}
		digest, err = putText(ctx, tx, c, now)
		return err
	})
	if err != nil {
		return flow.Case{}, err
	}
	opened, err := s.Flow.Open(ctx, flow.Opening{
		Key: asked.Key, Procedure: PrefixProcedure, Title: title(c), Subject: "identifiers/" + c.Prefix, Unit: s.site.Unit,
		Data: map[string]any{
			"prefix": c.Prefix, "change": c.Change, "registrant": holder, "verify": c.Registrant != nil, "unit": s.site.Unit, "digest": digest,
		},
	})
	if err != nil {
		gone := s.db.Write(ctx, func(tx store.Tx) error { return drop(ctx, tx, asked.Prefix, asked.Key) })
		return flow.Case{}, errors.Join(err, gone)
	}
	asked.Case = opened.ID
	if err := s.db.Write(ctx, func(tx store.Tx) error { return hold(ctx, tx, asked) }); err != nil {
		return opened, err
	}
	return s.Flow.Send(ctx, flow.Command{Key: asked.Key + ".submit", Case: opened.ID, Event: "submit"})
}

// Amend hands a returned change in again, as c. Its prefix and what is asked stay.
func (s *Service) Amend(ctx context.Context, caseID string, c Change) (flow.Case, error) {
	under, err := s.Flow.Case(ctx, caseID)
	if err != nil {
		return under, err
	}
	if under.Procedure != PrefixProcedure {
		return under, fault.New(fault.NotFound, "case %s is no change of a prefix", caseID)
	}
	c.Prefix, c.Change = said(under, "prefix"), said(under, "change")
	if err := c.valid(); err != nil {
		return under, err
	}
	var digest string
	err = s.db.Write(ctx, func(tx store.Tx) (err error) {
		if _, err = s.fits(ctx, tx, c); err != nil {
			return err
		}
		digest, err = putText(ctx, tx, c, s.now())
		return err
	})
	if err != nil {
		return under, err
	}
	return s.Flow.Send(ctx, flow.Command{Case: caseID, Event: "submit", Data: map[string]any{"digest": digest}})
}

// title is how the inbox shows a change.
func title(c Change) pack.Text {
	name := changes()[c.Change].name
	return pack.Text{ZH: name.ZH + "前缀 " + c.Prefix, EN: name.EN + ": prefix " + c.Prefix}
}

// fits checks that a change fits how its prefix, the one above and the registrant
// stand, and returns the registrant's id, "" when it is a new one.
func (s *Service) fits(ctx context.Context, tx store.Tx, c Change) (string, error) {
	if !handle.Under(c.Prefix, s.site.Prefix) || c.Prefix == s.site.Prefix {
		return "", fault.Say(fault.Invalid, "前缀 %s 不在本节点的前缀 %s 之下。", "prefix %s does not lie below %s, which this node has", c.Prefix, s.site.Prefix)
	}
	holder, err := holderOf(ctx, tx, c)
	if err != nil {
		return "", err
	}
	if above := handle.Parent(c.Prefix); above != s.site.Prefix {
		parent, err := prefix(ctx, tx, above)
		if err != nil {
			return "", err
		}
		if parent.State != Hosted {
			return "", fault.Say(fault.Conflict, "上级前缀 %s 是“%s”，它之下的前缀不在本节点分配。", "prefix %s above is %s: what lies below it is not allocated here", above, stateName(parent.State))
		}
	}
	now, err := prefix(ctx, tx, c.Prefix)
	if fault.KindOf(err) == fault.NotFound && c.Change == Allocate {
		return holder, nil
	}
	if err != nil {
		return "", err
	}
	_, err = now.after(c, holder)
	if holder == "" && c.Registrant == nil {
		holder = now.Registrant
	}
	return holder, err
}

// holderOf returns the id of the registrant that a change names, "" when it names
// none or one that is not known yet.
func holderOf(ctx context.Context, tx store.Tx, c Change) (string, error) {
	if c.Registrant != nil {
		r, err := registrantBy(ctx, tx, c.Registrant.CreditCode)
		if fault.KindOf(err) == fault.NotFound {
			return "", nil
		}
		return r.ID, err
	}
	if c.Holder == "" {
		return "", nil
	}
	r, err := registrant(ctx, tx, c.Holder)
	return r.ID, err
}

// onChanged puts an approved change in force: the registrant as it was verified, and
// the next version of the prefix.
func (s *Service) onChanged(ctx context.Context, e flow.Effected) error {
	ctx = s.program(ctx)
	err := s.db.Write(ctx, func(tx store.Tx) error {
		known, err := counted(ctx, tx, e.ID)
		if err != nil || known {
			return err
		}
		var c Change
		digest := said(e.Case, "digest")
		if err := text(ctx, tx, digest, &c); err != nil {
			return err
		}
		c.Prefix = said(e.Case, "prefix")
		v := version{Change: c.Change, Digest: digest, Case: e.Case.ID, Key: e.ID, By: e.By, Since: e.At}
		if err := s.enact(ctx, tx, c, v); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "identifiers."+c.Change, c.Prefix, "case "+e.Case.ID+", approved by "+e.By)
	})
	if err != nil {
		return err
	}
	if err := s.recordPrefixes(ctx); fault.KindOf(err) != fault.Busy {
		return err
	}
	return nil // another process has the records; its next round writes them
}

// enact writes the next version of a prefix.
func (s *Service) enact(ctx context.Context, tx store.Tx, c Change, v version) error {
	holder := c.Holder
	if c.Registrant != nil {
		r := *c.Registrant
		r.Verified, r.VerifiedBy, r.Demo = v.Since, v.By, v.Demo
		var err error
		if holder, err = putRegistrant(ctx, tx, r, v.Since); err != nil {
			return err
		}
	}
	now, err := prefix(ctx, tx, c.Prefix)
	if err != nil && (fault.KindOf(err) != fault.NotFound || c.Change != Allocate) {
		return err
	}
	if v.Prefix, err = now.after(c, holder); err != nil {
		return err
	}
	v.Prefix.Since, v.Prefix.Case, v.Prefix.Demo = v.Since, v.Case, v.Demo || now.Demo
	return addVersion(ctx, tx, v)
}

// onDropped lets go of a prefix whose change was refused or withdrawn.
func (s *Service) onDropped(ctx context.Context, e flow.Effected) error {
	return s.db.Write(ctx, func(tx store.Tx) error { return release(ctx, tx, said(e.Case, "prefix"), e.Case.ID) })
}

// said returns a text of a case's data.
func said(c flow.Case, field string) string {
	v, _ := c.State.Data[field].(string)
	return v
}

// nextPrefix returns the next number below a prefix that nobody has or asks for.
func nextPrefix(ctx context.Context, tx store.Tx, parent string) (string, error) {
	n, err := children(ctx, tx, parent)
	if err != nil {
		return "", err
	}
	for {
		n++
		p := fmt.Sprintf("%s.%d", parent, n)
		taken, err := exists(ctx, tx, p)
		if err != nil || !taken {
			return p, err
		}
	}
}
