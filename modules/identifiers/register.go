package identifiers

import (
	"context"
	"slices"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/template"
	"yuzhou/modules/identifiers/typed"
)

// Registration is an identifier that is to be registered, by the fields of a template or
// by values.
type Registration struct {
	Identifier string            `json:"identifier" example:"88.118.2/gb-1"`
	Template   string            `json:"template,omitempty" doc:"with version; empty: values are given" example:"gearbox@2"`
	Fields     map[string]string `json:"fields,omitempty" doc:"by the items of the template"`
	Values     []Given           `json:"values,omitempty"`
}

// Given is a value that is to be registered.
type Given struct {
	Index uint32 `json:"index"`
	Type  string `json:"type" example:"URL"`
	Data  string `json:"data"`
	TTL   uint32 `json:"ttl,omitempty" doc:"seconds; 0: a day"`
	// Granted hides the value from whom it was not granted.
	Granted bool `json:"granted,omitempty" doc:"read by those only who were granted it"`
}

// Batch is registrations that are sent together. The same key sent again gives the same
// verdicts, whatever happened in between.
type Batch struct {
	Key   string         `json:"key" doc:"made by the sender, new for each batch" minLength:"8" maxLength:"128"`
	Items []Registration `json:"items" minItems:"1" maxItems:"2000"`
	// Replace lets what is registered already be registered anew.
	Replace bool `json:"replace,omitempty" doc:"what is registered is replaced, not refused"`
}

// The outcomes of a registration.
const (
	Registered = "registered" // or, when that was asked for, replaced
	Unchanged  = "unchanged"  // it was registered so before
	Taken      = "taken"      // it is registered, otherwise
	Refused    = "refused"
)

// Verdict is what became of one registration.
type Verdict struct {
	Identifier string `json:"identifier"`
	Outcome    string `json:"outcome" enum:"registered,unchanged,taken,refused"`
	ZH         string `json:"zh,omitempty"`
	EN         string `json:"en,omitempty" doc:"why, of one that was not registered"`
}

// Register registers a batch. Each of its items is registered whole or not at all; what
// is registered is on disk, and resolves, when it returns.
//
// Errors: fault.Invalid, fault.Forbidden, fault.Conflict when the key was used for
// another batch, fault.Busy. Then nothing was registered, or the key tells later what was.
func (s *Service) Register(ctx context.Context, b Batch) ([]Verdict, error) {
	g := s.registrar()
	all := make([]candidate, 0, len(b.Items))
	for _, item := range b.Items {
		rec, err := g.record(ctx, item)
		all = append(all, candidate{item.Identifier, rec, err})
	}
	return s.register(ctx, b.Key, b.op(), all)
}

// candidate is a record that is to be registered, or why it is not.
type candidate struct {
	name string // as it was sent
	rec  handle.Record
	err  error
}

// register writes candidates as one batch and returns a verdict on each, in their order.
func (s *Service) register(ctx context.Context, key string, op records.Op, all []candidate) ([]Verdict, error) {
	out := make([]Verdict, len(all))
	items := make([]records.Item, 0, len(all))
	places := make([]int, 0, len(all))
	for i, c := range all {
		out[i].Identifier = c.name
		switch fault.KindOf(c.err) {
		case "":
			if c.err != nil {
				return nil, c.err
			}
			items = append(items, records.Item{Op: s.opOn(op, c.rec.Name), Record: c.rec})
			places = append(places, i)
		case fault.Busy:
			return nil, c.err
		case fault.Invalid, fault.NotFound, fault.Conflict, fault.Forbidden:
			out[i].refuse(c.err)
		}
	}
	r, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	done, err := r.Apply(ctx, records.Batch{Key: actor.Of(ctx).ID + " " + key, Who: actor.Of(ctx).ID, Items: items})
	if err != nil {
		return nil, err
	}
	n := s.answering()
	for k, outcome := range done {
		out[places[k]].take(outcome)
		n.Forget(items[k].Record.Name)
	}
	return out, nil
}

// op is what the items of a batch do.
func (b Batch) op() records.Op {
	if b.Replace {
		return records.Put
	}
	return records.Create
}

// opOn is what an operation does to one name. Below the node's own prefix are the names that it
// publishes itself: nobody replaces them.
func (s *Service) opOn(op records.Op, n handle.Name) records.Op {
	if op == records.Put && handle.Fold(n.Prefix()) == s.site.Prefix {
		return records.Create
	}
	return op
}

// take reads what the store says of an item.
func (v *Verdict) take(o records.Outcome) {
	switch o.Verdict {
	case records.Done:
		v.Outcome = Registered
	case records.Unchanged:
		v.Outcome = Unchanged
	case records.Conflict:
		v.refuse(fault.Say(fault.Conflict, "标识 %s 已经注册，内容不同。", "identifier %s is registered, and otherwise", v.Identifier))
		v.Outcome = Taken
	case records.Missing, records.Invalid:
		v.refuse(fault.New(fault.Invalid, "%s", o.Text))
	}
}

func (v *Verdict) refuse(err error) {
	v.Outcome = Refused
	said := web.Sentence(err)
	v.EN, v.ZH = said.EN, said.ZH
}

// registrar reads registrations, and the prefixes and templates of many once.
type registrar struct {
	s         *Service
	may       map[string]error // by prefix
	templates map[string]template.Template
}

func (s *Service) registrar() *registrar {
	return &registrar{s: s, may: map[string]error{}, templates: map[string]template.Template{}}
}

// record returns the record that a registration asks for.
//
// Errors: why it may not be.
func (g *registrar) record(ctx context.Context, item Registration) (handle.Record, error) {
	n, err := handle.Parse(item.Identifier)
	if err != nil {
		return handle.Record{}, err
	}
	if err := g.allowed(ctx, n); err != nil {
		return handle.Record{}, err
	}
	values, err := g.values(ctx, item)
	if err != nil {
		return handle.Record{}, err
	}
	return g.administered(handle.Record{Name: n, Values: values})
}

// allowed reports whether who asks may register a name.
func (g *registrar) allowed(ctx context.Context, n handle.Name) error {
	if n.Suffix() == "" {
		return fault.Say(fault.Invalid, "标识 %q 没有后缀。", "identifier %q has no suffix", string(n))
	}
	prefix := n.Prefix()
	if _, known := g.may[prefix]; !known {
		g.may[prefix] = g.s.mayRegister(ctx, prefix)
	}
	return g.may[prefix]
}

// administered gives a record its administrator: the key of its prefix.
func (g *registrar) administered(rec handle.Record) (handle.Record, error) {
	if v, ok := steering(rec.Values); ok {
		return rec, fault.Say(fault.Invalid, "类型 %s 不能这样注册；用协议来写。", "a value of type %s is not registered so, but by the protocol", v.Type)
	}
	rec.Values = slices.Insert(rec.Values, position(rec.Values, indexAdmin), handle.Value{
		Index: indexAdmin, Type: handle.TypeAdmin, TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: seconds(g.s.now()),
		Data: typed.AppendAdmin(nil, typed.Admin{Rights: typed.Everything, Reference: handle.Reference{Name: handle.Authority(rec.Name.Prefix()), Index: keyIndex}}),
	})
	return rec, rec.Check()
}

// steering returns the first value that steers the protocol, such as an HS_SITE.
func steering(values []handle.Value) (handle.Value, bool) {
	for _, v := range values {
		if strings.HasPrefix(strings.ToUpper(v.Type), "HS_") {
			return v, true
		}
	}
	return handle.Value{}, false
}

// position returns where a value of an index belongs.
func position(values []handle.Value, index uint32) int {
	at := slices.IndexFunc(values, func(v handle.Value) bool { return v.Index >= index })
	if at < 0 {
		return len(values)
	}
	return at
}

// values returns the values of a registration.
func (g *registrar) values(ctx context.Context, item Registration) ([]handle.Value, error) {
	at := seconds(g.s.now())
	if item.Template == "" {
		if len(item.Fields) > 0 {
			return nil, fault.Say(fault.Invalid, "填了模板的项目，却没有说是哪个模板。", "there are fields, and no template is named")
		}
		return given(item.Values, at)
	}
	if len(item.Values) > 0 {
		return nil, fault.Say(fault.Invalid, "按模板注册时不另给值。", "with a template no values are given beside its fields")
	}
	t, known := g.templates[item.Template]
	if !known {
		var err error
		if t, err = g.s.template(ctx, item.Template); err != nil {
			return nil, err
		}
		g.templates[item.Template] = t
	}
	return t.Values(item.Fields, at)
}

func given(all []Given, at uint32) ([]handle.Value, error) {
	if len(all) == 0 {
		return nil, fault.Say(fault.Invalid, "没有任何值。", "there is no value")
	}
	out := make([]handle.Value, 0, len(all)+1)
	for _, g := range all {
		v := handle.Value{Index: g.Index, Type: g.Type, Data: []byte(g.Data), TTL: handle.TTL{Seconds: g.TTL}, Perm: handle.Usual, Timestamp: at}
		if g.TTL == 0 {
			v.TTL.Seconds = handle.Day
		}
		if g.Granted {
			v.Perm &^= handle.PublicRead
		}
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b handle.Value) int { return int(int64(a.Index) - int64(b.Index)) })
	return out, nil
}

// mayRegister reports whether who asks may register below a prefix of this node.
func (s *Service) mayRegister(ctx context.Context, name string) error {
	who := actor.Of(ctx)
	if handle.Fold(name) == s.site.Prefix {
		return s.Access.Decide(ctx, who, actor.Submit, s.site.Unit)
	}
	return s.db.Read(ctx, func(tx store.Tx) error {
		p, err := prefix(ctx, tx, name)
		if err != nil {
			return err
		}
		if p.State != Hosted {
			return fault.Say(fault.Conflict, "前缀 %s 现在是“%s”，标识不在本节点注册。", "prefix %s is %s: identifiers below it are not registered here", name, stateName(p.State))
		}
		if s.staff(ctx) {
			return nil
		}
		member, err := isMember(ctx, tx, p.Registrant, who.ID)
		if err != nil || member {
			return err
		}
		return fault.Say(fault.Forbidden, "您不是前缀 %s 的注册者的成员。", "you are no member of who holds prefix %s", name)
	})
}

// template returns a version of a template by its name, such as gearbox@2.
func (s *Service) template(ctx context.Context, ref string) (t template.Template, err error) {
	id, version, err := template.ParseRef(ref)
	if err != nil {
		return t, err
	}
	err = s.db.Read(ctx, func(tx store.Tx) error {
		t, err = templateOf(ctx, tx, id, version)
		return err
	})
	return t, err
}
