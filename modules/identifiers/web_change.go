package identifiers

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// possible lists what can be changed of a prefix as it stands.
func possible(p Prefix) []string {
	var out []string
	for _, change := range []string{Delegate, Host, Suspend, Resume, Requota, Rekey, Transfer, Reclaim} {
		if slices.Contains(changes()[change].from, p.State) {
			out = append(out, change)
		}
	}
	return out
}

// day writes an instant as a day in the city; "" for none.
func (s *Service) day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(s.site.Zone).Format(time.DateOnly)
}

// changeView is the form that asks for a prefix, or for a change of one.
type changeView struct {
	Change
	Title    pack.Text
	Problem  string
	Known    []Registrant // who may be chosen as the holder
	Kinds    []string
	Form     map[string]string // what was filled in
	Verified bool              // somebody compares the holder with its licence
	Case     string            // that is completed; "" for a new one
}

func (s *Service) showChange(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	v := changeView{Change: Change{Change: q.Get("change"), Prefix: q.Get("prefix")}, Form: map[string]string{"prefix": q.Get("prefix")}, Case: q.Get("case")}
	if v.Change.Change == "" {
		v.Change.Change = Allocate
	}
	if v.Case != "" {
		c, _, err := s.underway(r.Context(), v.Case)
		if err != nil {
			return err
		}
		v.Change, v.Form = c, filled(c)
	}
	return s.renderChange(w, r, v, http.StatusOK)
}

func (s *Service) renderChange(w http.ResponseWriter, r *http.Request, v changeView, status int) error {
	kind, ok := changes()[v.Change.Change]
	if !ok {
		return fault.New(fault.NotFound, "there is no change %q of a prefix", v.Change.Change)
	}
	v.Title, v.Kinds = kind.name, []string{"enterprise", "institution", "government", "association"}
	v.Verified = v.Change.Change == Allocate || v.Change.Change == Transfer
	if v.Verified {
		var err error
		if v.Known, err = s.registrants(r.Context()); err != nil {
			return err
		}
	}
	return changePage.RenderStatus(w, r, status, v)
}

func (s *Service) registrants(ctx context.Context) (out []Registrant, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		out, err = registrants(ctx, tx, 500)
		return err
	})
	return out, err
}

// filled writes a change as the fields of its form.
func filled(c Change) map[string]string {
	out := map[string]string{"prefix": c.Prefix, "holder": c.Holder, "reason": c.Reason}
	if c.Quota > 0 {
		out["quota"] = strconv.FormatInt(c.Quota, 10)
	}
	if len(c.Keys) > 0 {
		out["keys"] = strings.Join(c.Keys, "\n")
	}
	if r := c.Registrant; r != nil {
		for name, value := range fieldsOf(r) {
			out[name] = *value
		}
	}
	if len(c.Route) > 0 {
		v := c.Route[0]
		out["address"] = v.Address
		for name, port := range map[string]uint16{"udp": v.UDP, "tcp": v.TCP, "http": v.HTTP} {
			if port > 0 {
				out[name] = strconv.Itoa(int(port))
			}
		}
	}
	return out
}

// fieldsOf are the parts of a registrant that a form asks for.
func fieldsOf(r *Registrant) map[string]*string {
	return map[string]*string{
		"name": &r.ZH, "name_en": &r.EN, "credit_code": &r.CreditCode, "kind": &r.Kind, "person": &r.Person, "contact": &r.Contact, "phone": &r.Phone,
		"email": &r.Email, "address_of": &r.Address, "area": &r.Area, "industry": &r.Industry, "licence": &r.Licence, "licence_from": &r.LicenceFrom, "licence_until": &r.LicenceUntil,
	}
}

// readChange reads the form.
func readChange(form func(string) string) (Change, error) {
	get := func(name string) string { return strings.TrimSpace(form(name)) }
	c := Change{Change: get("change"), Prefix: get("prefix"), Holder: get("holder"), Reason: get("reason"), Keys: splitKeys(get("keys"))}
	if text := get("quota"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return c, fault.Say(fault.Invalid, "配额 %q 应是数字。", "quota %q is no number", text)
		}
		c.Quota = n
	}
	if (c.Change == Allocate || c.Change == Transfer) && c.Holder == "" {
		c.Registrant = &Registrant{}
		for name, into := range fieldsOf(c.Registrant) {
			*into = get(name)
		}
	}
	if c.Change != Delegate {
		return c, nil
	}
	server := Server{Address: get("address")}
	for name, into := range map[string]*uint16{"udp": &server.UDP, "tcp": &server.TCP, "http": &server.HTTP} {
		text := get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return c, fault.Say(fault.Invalid, "端口 %q 应是 1 到 65535 的数字。", "port %q is no number of 1 to 65535", text)
		}
		*into = uint16(n)
	}
	c.Route = []Server{server}
	return c, nil
}

func (s *Service) takeChange(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "the form cannot be read: %v", err)
	}
	c, err := readChange(r.PostForm.Get)
	caseID := r.PostForm.Get("case")
	var opened flow.Case
	switch {
	case err != nil:
	case caseID != "":
		opened, err = s.Amend(r.Context(), caseID, c)
	default:
		opened, err = s.Propose(r.Context(), c)
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.NotFound:
		v := changeView{Change: c, Form: map[string]string{}, Case: caseID, Problem: web.Said(r, err)}
		for name := range r.PostForm {
			v.Form[name] = r.PostForm.Get(name)
		}
		return s.renderChange(w, r, v, http.StatusUnprocessableEntity)
	case fault.Forbidden, fault.Busy:
		return err
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/identifiers/cases/"+opened.ID, http.StatusSeeOther)
	return nil
}
