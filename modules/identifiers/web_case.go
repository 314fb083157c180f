package identifiers

import (
	"context"
	"net/http"
	"strings"

	"yuzhou/engine/flow"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// underway returns what a case asks for.
func (s *Service) underway(ctx context.Context, caseID string) (Change, flow.Case, error) {
	c, err := s.Flow.Case(ctx, caseID)
	if err != nil {
		return Change{}, c, err
	}
	if c.Procedure != PrefixProcedure {
		return Change{}, c, fault.New(fault.NotFound, "case %s is no change of a prefix", caseID)
	}
	var out Change
	err = s.db.Read(ctx, func(tx store.Tx) error { return text(ctx, tx, said(c, "digest"), &out) })
	out.Change, out.Prefix = said(c, "change"), said(c, "prefix")
	return out, c, err
}

// caseView is a change under way, with what whoever decides has to see.
type caseView struct {
	Change
	Case    flow.Case
	Title   string
	State   string
	Name    pack.Text // of the change
	Now     *Held     // the prefix as it stands; nil before it is allocated
	Holder  *Registrant
	Days    string // of the licence
	Buttons []button
	Others  []string
	Edit    string
	Flow    string
}

// button is something that the reader may let happen now.
type button struct {
	Event, Text string
	Refusal     bool
	Reasons     []reason
}

type reason struct{ Code, Text string }

func (s *Service) showCase(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	change, c, err := s.underway(ctx, r.PathValue("case"))
	if err != nil {
		return err
	}
	v := caseView{Change: change, Case: c, Title: sh.In(c.Title), State: stateOf(c), Name: changes()[change.Change].name, Holder: change.Registrant, Flow: "/flow/cases/" + c.ID}
	if err := s.situation(ctx, &v); err != nil {
		return err
	}
	if v.Holder != nil && v.Holder.Licence != "" {
		v.Days = v.Holder.LicenceFrom + " – " + v.Holder.LicenceUntil
	}
	if v.State == "draft" {
		v.Edit = "/identifiers/change?case=" + c.ID
	}
	if err := s.buttons(ctx, sh, &v); err != nil {
		return err
	}
	return casePage.Render(w, r, v)
}

// situation reads how the prefix and the holder stand that a case is about.
func (s *Service) situation(ctx context.Context, v *caseView) error {
	return s.db.Read(ctx, func(tx store.Tx) error {
		now, err := held(ctx, tx, v.Prefix)
		if err == nil {
			v.Now = &now
		} else if fault.KindOf(err) != fault.NotFound {
			return err
		}
		if v.Change.Holder == "" {
			return nil
		}
		known, err := registrant(ctx, tx, v.Change.Holder)
		v.Holder = &known
		return err
	})
}

// stateOf returns where a case stands, as one word.
func stateOf(c flow.Case) string {
	for _, id := range []string{"draft", "verifying", "approving", "in_force", "refused", "withdrawn"} {
		if c.In(id) {
			return id
		}
	}
	return ""
}

// buttons writes what may happen to the case now.
func (s *Service) buttons(ctx context.Context, sh *web.Shell, v *caseView) error {
	all, err := s.Flow.Possible(ctx, v.Case.ID)
	for _, p := range all {
		name := sh.In(pack.Text{ZH: p.ZH, EN: p.EN})
		switch {
		case !p.Mine:
			v.Others = append(v.Others, name)
		case p.Event == "submit": // by the form, which shows what is handed in
		default:
			b := button{Event: p.Event, Text: name, Refusal: p.Refusal}
			for _, why := range p.Reasons {
				b.Reasons = append(b.Reasons, reason{why.Code, sh.In(pack.Text{ZH: why.ZH, EN: why.EN})})
			}
			v.Buttons = append(v.Buttons, b)
		}
	}
	return err
}

func (s *Service) sendCase(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "the form cannot be read: %v", err)
	}
	_, c, err := s.underway(r.Context(), r.PathValue("case"))
	if err != nil {
		return err
	}
	data := map[string]any{}
	for _, name := range []string{"reason", "text"} {
		if v := strings.TrimSpace(r.PostForm.Get(name)); v != "" {
			data[name] = v
		}
	}
	if _, err := s.Flow.Send(r.Context(), flow.Command{Case: c.ID, Event: r.PostForm.Get("event"), Data: data}); err != nil {
		return err
	}
	http.Redirect(w, r, "/identifiers/cases/"+c.ID, http.StatusSeeOther)
	return nil
}
