package identifiers

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/docking"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/template"
	"yuzhou/modules/identifiers/typed"
)

// subjects are what stands below this node, as the tables of docking want it.
type subjects struct {
	held      []Held // all prefixes below the node that somebody holds, by their text
	templates []keptTemplate
	operator  []docking.Organisation
	apps      []docking.Application
}

// subjects reads what the tables say of the node and of those below it.
func (s *Service) subjects(ctx context.Context) (out subjects, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) (err error) {
		if out.held, err = heldBelow(ctx, tx, s.site.Prefix); err != nil {
			return err
		}
		if out.templates, err = allTemplates(ctx, tx); err != nil {
			return err
		}
		if out.operator, err = told[docking.Organisation](ctx, tx, toldOperator, s.site.Prefix); err != nil {
			return err
		}
		out.apps, err = told[docking.Application](ctx, tx, toldApplication, "")
		return err
	})
	return out, err
}

// heldBelow returns all prefixes below one that somebody holds.
func heldBelow(ctx context.Context, tx store.Tx, under string) (out []Held, err error) {
	const page = 1000
	for after := ""; ; {
		all, err := prefixes(ctx, tx, Filter{Under: under, After: after, Limit: page})
		if err != nil {
			return nil, err
		}
		for _, h := range all {
			after = h.Prefix.Prefix
			if h.State != Reclaimed {
				out = append(out, h)
			}
		}
		if len(all) < page {
			return out, nil
		}
	}
}

// standingRows returns the rows of a table that says how things stand.
func (s *Service) standingRows(t docking.Table, all subjects) (out []any) {
	switch t { //nolint:exhaustive // the rest is of days and events
	case docking.TableOperator:
		out = pointers(all.operator)
	case docking.TableRoute:
		s.mu.Lock()
		own := s.own
		s.mu.Unlock()
		out = routes(s.site.Prefix, own)
	case docking.TableTemplate, docking.TableEnterpriseTemplate:
		out = templateRows(s.site.Prefix, t == docking.TableTemplate, all)
	case docking.TableApplication, docking.TableEnterpriseApplication:
		for _, a := range all.apps {
			if strings.EqualFold(a.Prefix, s.site.Prefix) == (t == docking.TableApplication) {
				out = append(out, &a)
			}
		}
	case docking.TableEnterprise:
		for _, h := range all.held {
			out = append(out, organisation(h))
		}
	case docking.TableEnterpriseRoute:
		for _, h := range all.held {
			out = append(out, s.enterpriseRoutes(h)...)
		}
	}
	return out
}

func pointers[T any](all []T) (out []any) {
	for i := range all {
		out = append(out, &all[i])
	}
	return out
}

// organisation is a row of table 6. What is not known of a registrant is left out.
func organisation(h Held) *docking.Organisation {
	r := h.Holder
	o := &docking.Organisation{
		Prefix: h.Prefix.Prefix, Name: r.ZH, Address: r.Address, CertificateType: docking.CertificateCredit, CertificateNumber: r.CreditCode,
		LegalName: r.Person, ContactName: r.Contact, ContactEmail: r.Email, ValidUntil: r.LicenceUntil,
	}
	if r.Kind == "institution" {
		o.Nature = "事业单位"
	}
	if local := strings.TrimPrefix(r.Phone, "+86"); len(local) == len("13800000000") && local[0] == '1' {
		o.ContactMobile = r.Phone // a landline has no column
	}
	in := industryOf(r.Industry)
	o.Industry, o.IndustryDivision = in.Section, in.Division
	if !r.Verified.IsZero() {
		o.RealName = &docking.Agent{Mode: "自营"}
	}
	return o
}

// industryOf reads a code of GB/T 4754: C, C34, C345 or C3453.
func industryOf(code string) (out docking.Industry) {
	if code == "" {
		return out
	}
	out.Section = code[:1]
	for at, part := range map[int]*string{3: &out.Division, 4: &out.Group, 5: &out.Class} {
		if len(code) >= at {
			*part = code[1:at]
		}
	}
	return out
}

// enterpriseRoutes are where a prefix is resolved: here, or where it was delegated to.
func (s *Service) enterpriseRoutes(h Held) []any {
	if h.State == Delegated || h.State == Suspended && h.Before == Delegated {
		if st, err := siteOf(h.Prefix); err == nil {
			return routes(h.Prefix.Prefix, st)
		}
	}
	s.mu.Lock()
	own := s.own
	s.mu.Unlock()
	return routes(h.Prefix.Prefix, own)
}

// routes are the rows of tables 2 and 7 of a prefix and the servers that answer for it.
func routes(prefix string, st typed.Site) (out []any) {
	for _, v := range st.Servers {
		addr := v.Address.Unmap()
		r := &docking.Route{CodeType: docking.CodeHandle, Prefix: prefix, IPType: docking.IPv4, IP: addr.String()}
		if addr.Is6() {
			r.IPType = docking.IPv6
		}
		for _, i := range v.Interfaces {
			protocol := map[typed.Transport]string{typed.TCP: "TCP", typed.UDP: "UDP", typed.HTTP: "HTTP"}[i.Transport]
			if protocol != "" {
				r.Endpoints = append(r.Endpoints, docking.Endpoint{Protocol: protocol, Port: int64(i.Port)})
			}
		}
		if addr != (netip.Addr{}) {
			out = append(out, r)
		}
	}
	return out
}

// templateRows are the newest versions of the templates: the node's own, or those of who
// holds prefixes, each of the first prefix of its registrant.
func templateRows(node string, own bool, all subjects) (out []any) { //nolint:revive // which of two tables it is
	first := map[string]string{}
	for _, h := range slices.Backward(all.held) {
		first[h.Registrant] = h.Prefix.Prefix
	}
	for _, t := range all.templates {
		prefix := node
		if !own {
			prefix = first[t.Registrant]
		}
		if (t.Registrant == "") != own || prefix == "" {
			continue
		}
		row := &docking.Template{Prefix: prefix, ID: t.ID, Version: strconv.Itoa(t.Version), Object: "1", Industry: industryOf(t.Industry)}
		for _, i := range t.Items {
			row.Items = append(row.Items, docking.TemplateField{Name: i.Name, Alias: i.Alias.ZH, Type: string(i.Type), Length: int64(i.Length)})
		}
		out = append(out, row)
	}
	return out
}

// item is a row of table 9: what became of an identifier on a day.
//
//   - rec: as it is then; without values when it was deleted.
func item(op string, rec handle.Record, created string, templates map[string]template.Template) *docking.Item {
	out := &docking.Item{Identifier: string(rec.Name), Created: created, Operation: op}
	made, ok := rec.Value(template.Index)
	if !ok {
		return out
	}
	id, _, err := template.ParseRef(string(made.Data))
	if err != nil {
		return out
	}
	out.Template = id
	t, ok := templates[string(made.Data)]
	if !ok {
		return out
	}
	// What not everybody may read is not told to the node above either.
	public := slices.DeleteFunc(slices.Clone(rec.Values), func(v handle.Value) bool { return v.Perm&handle.PublicRead == 0 })
	fields := t.Fields(public)
	find := func(names ...string) string {
		for name, text := range fields {
			if slices.Contains(names, strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))) {
				return text
			}
		}
		return ""
	}
	out.ProductType, out.Brand, out.ProductName = find("producttype"), find("brand"), find("productname", "product")
	out.Manufacturer, out.Produced, out.Expires = find("manufacturer", "maker"), momentOf(find("produced", "made")), momentOf(find("expires"))
	out.Terminal = find("terminal")
	if out.Terminal != "" {
		out.Owner, out.Purpose, out.Serial = find("owner"), find("purpose"), find("serial", "imei")
		out.LicenceNumber, out.LicenceCode, out.LicenceSerial = find("licencenumber"), find("licencecode"), find("licenceserial")
	}
	return out
}

// momentOf writes a date or an instant of a template as the tables have it; "" when it is
// neither.
func momentOf(text string) string {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return docking.Instant(t)
	}
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return text + " 00:00:00"
	}
	return ""
}

// fitted is a batch as it is sent.
type fitted struct {
	doc   []byte // nil when no row fits
	rows  int
	short docking.Findings // of the rows that were left out
}

// fitting returns the batch of rows that keep the rules of their table, as it is sent, and
// what was found of those that do not: they are left out.
//
// Errors: those of docking but for Findings.
func fitting(b docking.Batch) (out fitted, err error) {
	for len(b.Rows) > 0 {
		out.doc, err = b.JSON()
		out.rows = len(b.Rows)
		found, ok := asFindings(err)
		if !ok {
			return out, err
		}
		bad := map[int]bool{}
		for _, f := range found {
			bad[f.Row] = true
		}
		if bad[0] { // of the batch itself: nothing of it can be sent
			return out, err
		}
		out.short = append(out.short, found[:min(len(found), max(0, mostShort-len(out.short)))]...)
		kept := make([]any, 0, len(b.Rows))
		for i, row := range b.Rows {
			if !bad[i+1] {
				kept = append(kept, row)
			}
		}
		b.Rows = kept
	}
	return fitted{short: out.short}, nil
}

// mostShort is how many findings of one's own rows are kept.
const mostShort = 100

// heldUntil counts prefixes that were allocated by the end of a day, and on it.
func heldUntil(all []Held, first map[string]time.Time, begin, end time.Time) (total, fresh int64) {
	for _, h := range all {
		at := first[h.Prefix.Prefix]
		if at.After(end) {
			continue
		}
		total++
		if !at.Before(begin) {
			fresh++
		}
	}
	return total, fresh
}

// asFindings returns the findings that an error is.
func asFindings(err error) (docking.Findings, bool) {
	var found docking.Findings
	ok := errors.As(err, &found)
	return found, ok
}
