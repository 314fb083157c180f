package identifiers

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/auth/rights"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/template"
	"yuzhou/modules/identifiers/typed"
)

// Whom a value can be granted to.
const (
	toEverybody  = "everybody"
	toRegistrant = "registrant" // its members
	toPerson     = "person"
	toIdentity   = "identity" // of the protocol, an index with a name
)

// Grant lets somebody read values that not everybody may: an item of all identifiers
// that a template made below a prefix, or values of one identifier.
type Grant struct {
	ID         string    `json:"id,omitempty" doc:"given when it is made"`
	Prefix     string    `json:"prefix"`
	Template   string    `json:"template,omitempty" doc:"without version: of all its versions" example:"gearbox"`
	Item       string    `json:"item,omitempty" doc:"name of an item or index of a value; empty: all that is not public" example:"cost"`
	Identifier string    `json:"identifier,omitempty" doc:"instead of a template"`
	Kind       string    `json:"kind" enum:"everybody,registrant,person,identity"`
	Grantee    string    `json:"grantee,omitempty" doc:"credit code or id of a registrant; login or id of a person; 300:88.111.1/user of an identity"`
	Until      string    `json:"until,omitempty" doc:"last day" example:"2026-12-31"`
	Since      time.Time `json:"since,omitzero"`
	By         string    `json:"by,omitempty"`

	ends time.Time // zero: it has no end
}

// covers reports whether the grant is of a value of a record.
//
//   - t: the template that the record was made by; nil for none.
func (g Grant) covers(rec handle.Record, t *template.Template, v handle.Value) bool {
	if g.Identifier != "" && !handle.EqualFold(g.Identifier, string(rec.Name)) {
		return false
	}
	if g.Template != "" && (t == nil || t.ID != g.Template) {
		return false
	}
	if g.Item == "" || g.Item == strconv.FormatUint(uint64(v.Index), 10) {
		return true
	}
	return t != nil && slices.ContainsFunc(t.Items, func(i template.Item) bool { return i.Name == g.Item && i.Index == v.Index })
}

// reader is who reads: what grants may name of them.
type reader struct {
	person      string
	registrants []string // that they are a member of
	identity    string
	holds       bool // a member of who holds the prefix
}

func (g Grant) names(r reader) bool {
	switch g.Kind {
	case toEverybody:
		return true
	case toRegistrant:
		return slices.Contains(r.registrants, g.Grantee)
	case toPerson:
		return r.person != "" && g.Grantee == r.person
	case toIdentity:
		return r.identity != "" && g.Grantee == r.identity
	}
	return false
}

// grantable reports whether a value is one that is hidden and can be granted. Keys and
// administrators are none.
func grantable(v handle.Value) bool {
	return v.Perm&handle.PublicRead == 0 && rights.Readable(v, typed.ReadValue) && v.Type != handle.TypeSecretKey && v.Type != handle.TypeAdmin
}

// granted returns the indexes of a record's hidden values that a reader was granted.
func (s *Service) granted(ctx context.Context, rec handle.Record, r reader) map[uint32]bool {
	s.mu.Lock()
	standing := s.granting[handle.Fold(rec.Name.Prefix())]
	s.mu.Unlock()
	out := map[uint32]bool{}
	if len(standing) == 0 {
		return out
	}
	t := s.madeBy(ctx, rec)
	now := s.now()
	for _, g := range standing {
		if !g.names(r) || !g.ends.IsZero() && now.After(g.ends) {
			continue
		}
		for _, v := range rec.Values {
			if grantable(v) && g.covers(rec, t, v) {
				out[v.Index] = true
			}
		}
	}
	return out
}

// madeBy returns the template that a record names; nil for none.
func (s *Service) madeBy(ctx context.Context, rec handle.Record) *template.Template {
	v, ok := rec.Value(template.Index)
	if !ok || v.Type != template.TypeTemplate {
		return nil
	}
	if known, ok := s.madeOf.Load(string(v.Data)); ok {
		return known.(*template.Template) //nolint:forcetypeassert,errcheck // nothing else is stored
	}
	t, err := s.template(ctx, string(v.Data))
	if err != nil {
		return nil // it names one that is not kept here
	}
	s.madeOf.Store(t.Ref(), &t) // a version never changes
	return &t
}

// opened returns a record in which what was granted to everybody is public.
func (s *Service) opened(ctx context.Context, rec handle.Record) handle.Record {
	if open := s.granted(ctx, rec, reader{}); len(open) > 0 {
		rec.Values = slices.Clone(rec.Values)
		for i, v := range rec.Values {
			if open[v.Index] {
				rec.Values[i].Perm |= handle.PublicRead
			}
		}
	}
	return rec
}

// readerOf returns who asks, as grants name them, with whether they are a member of who
// holds a prefix.
func (s *Service) readerOf(ctx context.Context, name string) (r reader, err error) {
	who := actor.Of(ctx).ID
	if who == "" {
		return r, nil
	}
	r.person = who
	err = s.db.Read(ctx, func(tx store.Tx) error {
		p, err := prefix(ctx, tx, name)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		r.registrants, err = membership(ctx, tx, who)
		r.holds = slices.Contains(r.registrants, p.Registrant)
		return err
	})
	return r, err
}

// readable returns the values of a record that a reader may read, and how many there are
// that they may not: all of them for the members of who holds the prefix.
func (s *Service) readable(ctx context.Context, rec handle.Record, r reader) (values []handle.Value, hidden int) {
	may := s.granted(ctx, rec, r)
	for _, v := range rec.Values {
		if rights.Readable(v, 0) || may[v.Index] || r.holds && grantable(v) {
			values = append(values, v)
		}
	}
	return values, len(rec.Values) - len(values)
}

// grantedTo returns the indexes of the hidden values of a record that a proven identity of
// the protocol was granted.
func (s *Service) grantedTo(ctx context.Context, who handle.Reference, rec handle.Record) map[uint32]bool {
	if who.Name == "" {
		return nil
	}
	return s.granted(ctx, rec, reader{identity: identityText(who)})
}

func identityText(who handle.Reference) string {
	return strconv.FormatUint(uint64(who.Index), 10) + ":" + who.Name.Fold()
}

// parseIdentity reads an identity of the protocol, as 300:88.111.1/user.
func parseIdentity(text string) (handle.Reference, error) {
	index, name, _ := strings.Cut(text, ":")
	n, err := strconv.ParseUint(index, 10, 32)
	if err == nil && n > 0 {
		var parsed handle.Name
		if parsed, err = handle.Parse(name); err == nil {
			return handle.Reference{Name: parsed, Index: uint32(n)}, nil
		}
	}
	return handle.Reference{}, fault.Say(fault.Invalid, "身份 %q 的写法不对，应是“序号:标识”，如 300:88.111.1/user。", "identity %q is none such as 300:88.111.1/user", text)
}

// readGrants reads the grants that stand, by prefix.
func (s *Service) readGrants(ctx context.Context) error {
	var all []Grant
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		all, err = grants(ctx, tx, "")
		return err
	})
	if err != nil {
		return err
	}
	standing := map[string][]Grant{}
	for _, g := range all {
		standing[handle.Fold(g.Prefix)] = append(standing[handle.Fold(g.Prefix)], g)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.granting = standing
	return nil
}
