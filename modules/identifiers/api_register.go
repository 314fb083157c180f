package identifiers

import (
	"context"
	"net/http"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/template"
)

func (s *Service) registerOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/identifiers/registrations", ID: "registerIdentifiers", Need: actor.Visit,
		Summary: "Register up to 2,000 identifiers: each whole or not at all, with a verdict; the same key gives the same verdicts again",
	}, func(ctx context.Context, in *struct{ Body Batch }) ([]Verdict, error) {
		return s.Register(ctx, in.Body)
	})
	web.Serve(rt, web.Operation{Path: "/identifiers/templates", ID: "listTemplates", Summary: "Metadata templates, by id"},
		func(ctx context.Context, _ *struct{}) (out []template.Template, err error) {
			err = s.db.Read(ctx, func(tx store.Tx) error {
				out, err = templates(ctx, tx)
				return err
			})
			return out, err
		})
	web.Serve(rt, web.Operation{Path: "/identifiers/templates/{ref}", ID: "getTemplate", Summary: "A version of a template, such as gearbox@2"},
		func(ctx context.Context, in *struct {
			Ref string `path:"ref" example:"gearbox@2"`
		},
		) (template.Template, error) {
			return s.template(ctx, in.Ref)
		})
	web.Serve(rt, web.Operation{
		Method: http.MethodPost, Path: "/identifiers/templates", ID: "addTemplate", Need: actor.Submit,
		Summary: "Keep the next version of a template; one that says nothing new is the version there is",
	}, func(ctx context.Context, in *struct{ Body template.Template }) (template.Template, error) {
		return s.addTemplate(ctx, in.Body)
	})
	web.Serve(rt, web.Operation{
		Method: http.MethodPut, Path: "/identifiers/registrants/{registrant}/members/{person}", ID: "addRegistrantMember", Need: actor.Submit,
		Summary: "Let a person register for a registrant",
	}, func(ctx context.Context, in *member) (struct{}, error) {
		return struct{}{}, s.changeMember(ctx, *in, true)
	})
	web.Serve(rt, web.Operation{
		Method: http.MethodDelete, Path: "/identifiers/registrants/{registrant}/members/{person}", ID: "dropRegistrantMember", Need: actor.Submit,
		Summary: "Let a person no longer register for a registrant",
	}, func(ctx context.Context, in *member) (struct{}, error) {
		return struct{}{}, s.changeMember(ctx, *in, false)
	})
}

// member is a person who may register for a registrant.
type member struct {
	Registrant string `path:"registrant"`
	Person     string `path:"person"`
}

func (s *Service) changeMember(ctx context.Context, m member, may bool) error { //nolint:revive // the two differ in one word
	return s.db.Write(ctx, func(tx store.Tx) error {
		if _, err := registrant(ctx, tx, m.Registrant); err != nil {
			return err
		}
		change, word := dropMember, "identifiers.member.drop"
		if may {
			change, word = func(ctx context.Context, tx store.Tx, registrant, person string) error {
				return addMember(ctx, tx, registrant, person, s.now())
			}, "identifiers.member.add"
		}
		if err := change(ctx, tx, m.Registrant, m.Person); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, word, m.Registrant, m.Person)
	})
}

// addTemplate keeps the next version of a template for who runs the node.
func (s *Service) addTemplate(ctx context.Context, t template.Template) (template.Template, error) {
	return s.keepTemplate(ctx, t, "")
}

// keepTemplate keeps the next version of a template of a registrant, or of the node.
//
// Errors: fault.Invalid, fault.Forbidden for a registrant when the template is another's.
func (s *Service) keepTemplate(ctx context.Context, t template.Template, registrant string) (template.Template, error) {
	t.Version = max(t.Version, 1)
	if err := t.Check(); err != nil {
		return t, err
	}
	err := s.db.Write(ctx, func(tx store.Tx) error {
		newest, owner, err := templateNow(ctx, tx, t.ID)
		if err != nil {
			return err
		}
		if newest > 0 && registrant != "" && owner != registrant {
			return fault.Say(fault.Forbidden, "模板编号 %s 已被他人使用，请换一个。", "template %s is another's; choose another id", t.ID)
		}
		if newest > 0 {
			registrant = owner
		}
		if t.Version, err = addTemplate(ctx, tx, keptTemplate{Template: t, Registrant: registrant, By: actor.Of(ctx).ID, At: s.now()}); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "identifiers.template", t.Ref(), "")
	})
	return t, err
}
