package identifiers

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/idhub"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/template"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

func done() []byte {
	return idhub.Answer[bool]{Message: "success", Status: idhub.Success, Data: true}.Append(nil)
}

// detail answers with a record as who asks may read it.
func (s *Service) detail(x *application) ([]byte, error) {
	text := x.URL.Query().Get("handle")
	if text == "" {
		return nil, fault.Say(fault.Invalid, "缺少必要的请求参数: handle", "parameter handle is missing")
	}
	n, err := handle.Parse(text)
	if err != nil {
		return nil, err
	}
	read, err := s.readFor(x, n)
	if err != nil {
		return nil, err
	}
	rec, t, version := read.Record, read.template, ""
	if t != nil {
		version = t.Ref()
		for i, v := range rec.Values {
			if item, ok := itemAt(*t, v.Index); ok {
				rec.Values[i].Type = item.Name
			}
		}
	}
	return idhub.Answer[idhub.Detail]{Message: "success", Status: idhub.Success, Data: idhub.DetailOf(rec, version)}.Append(nil), nil
}

func itemAt(t template.Template, index uint32) (template.Item, bool) {
	i := slices.IndexFunc(t.Items, func(i template.Item) bool { return i.Index == index })
	if i < 0 {
		return template.Item{}, false
	}
	return t.Items[i], true
}

// reading is a record as who asks may read it.
type reading struct {
	handle.Record                    // without the values that steer the protocol
	template      *template.Template // that it was made by; nil for none
	hidden        int                // values that are kept back
}

// readFor returns a record with those of its values that who asks may read.
func (s *Service) readFor(x *application, n handle.Name) (reading, error) {
	ctx := x.Context()
	a, err := s.find(ctx, n)
	if err != nil {
		return reading{}, err
	}
	whole, here := a.Record, a.Steps == nil
	rec := whole
	switch {
	case !here: // what its own node shows to everybody
	case x.who.Name != "":
		code, content := s.answering().Do(ctx, x.who, node.Request(wire.OpResolve, 0, body.AppendResolve(nil, body.Resolve{Name: []byte(n)})))
		rec = handle.Record{Name: whole.Name}
		if code == wire.Success {
			if rec, err = body.ParseRecord(content); err != nil {
				return reading{}, err
			}
		}
	default:
		who, err := s.readerOf(ctx, n.Prefix())
		if err != nil {
			return reading{}, err
		}
		rec.Values, _ = s.readable(ctx, whole, who)
	}
	steers := func(v handle.Value) bool { return strings.HasPrefix(strings.ToUpper(v.Type), "HS_") }
	rec.Values = slices.DeleteFunc(slices.Clone(rec.Values), steers)
	hidden := len(slices.DeleteFunc(slices.Clone(whole.Values), steers)) - len(rec.Values)
	return reading{rec, s.madeBy(ctx, whole), hidden}, nil
}

// putOne registers an identifier, or by PUT changes one.
func (s *Service) putOne(x *application) ([]byte, error) {
	rec, err := idhub.ParseItem(x.content)
	if err != nil {
		return nil, err
	}
	all := s.candidates(x, []idhub.Item{{Record: rec}})
	if errs, err := s.apply(x, x.putting(), all); err != nil || errs[0] != nil {
		return nil, cmp.Or(err, errs[0])
	}
	return done(), nil
}

// putting is what the method of a request does to identifiers.
func (x *application) putting() records.Op {
	if x.Method == http.MethodPut {
		return records.Put
	}
	return records.Create
}

// putMany registers a batch, or by PUT changes those in it; each for itself.
func (s *Service) putMany(x *application) ([]byte, error) {
	items, err := idhub.ParseItems(x.content)
	if err != nil {
		return nil, err
	}
	errs, err := s.apply(x, x.putting(), s.candidates(x, items))
	if err != nil {
		return nil, err
	}
	out := make([]idhub.Outcome, len(items))
	for i, item := range items {
		out[i] = idhub.OutcomeOf(item.Record.Name, errs[i])
	}
	return idhub.Answer[[]idhub.Outcome]{Message: "success", Status: idhub.Success, Data: out}.Append(nil), nil
}

// deleteOne deletes an identifier.
func (s *Service) deleteOne(x *application) ([]byte, error) {
	n, err := idhub.ParseName(x.content)
	if err != nil {
		return nil, err
	}
	if errs, err := s.apply(x, records.Delete, []candidate{{name: string(n), rec: handle.Record{Name: n}}}); err != nil || errs[0] != nil {
		return nil, cmp.Or(err, errs[0])
	}
	return done(), nil
}

// deleteMany deletes a batch; each for itself.
func (s *Service) deleteMany(x *application) ([]byte, error) {
	items, err := idhub.ParseNames(x.content)
	if err != nil {
		return nil, err
	}
	all := make([]candidate, len(items))
	for i, item := range items {
		all[i] = candidate{string(item.Record.Name), item.Record, item.Err}
	}
	errs, err := s.apply(x, records.Delete, all)
	if err != nil {
		return nil, err
	}
	out := make([]idhub.Outcome, len(items))
	for i, item := range items {
		out[i] = idhub.OutcomeOf(item.Record.Name, errs[i])
		out[i].Code = idhub.Success
		if errs[i] != nil {
			out[i].Code = idhub.Failed
		}
	}
	return idhub.Answer[[]idhub.Outcome]{Message: "success", Status: idhub.Success, Data: out}.Append(nil), nil
}

// candidates makes records of the elements of a batch, by the templates that they name.
func (s *Service) candidates(x *application, items []idhub.Item) []candidate {
	out := make([]candidate, len(items))
	templates := map[string]template.Template{}
	for i, item := range items {
		out[i] = candidate{string(item.Record.Name), item.Record, item.Err}
		if item.Err == nil {
			out[i].rec, out[i].err = s.recordGiven(x.Context(), item.Record, templates)
		}
	}
	return out
}

// recordGiven makes a record of the values of the compatible API: by their template, of which
// each value has the index and the name of an item.
func (s *Service) recordGiven(ctx context.Context, given handle.Record, known map[string]template.Template) (handle.Record, error) {
	version, _ := given.Value(idhub.VersionIndex)
	t, ok := known[string(version.Data)]
	if !ok {
		var err error
		if t, err = s.templateNamed(ctx, string(version.Data)); err != nil {
			return given, err
		}
		known[string(version.Data)] = t
	}
	fields := map[string]string{}
	for _, v := range given.Values {
		if v.Index == idhub.VersionIndex {
			continue
		}
		item, ok := itemAt(t, v.Index)
		if !ok {
			return given, fault.Say(fault.Invalid, "非法操作，索引%d在模板中不存在", "template %[2]s has no item of index %[1]d", v.Index, t.Ref())
		}
		if v.Type != item.Name {
			return given, fault.Say(fault.Invalid, "非法操作，索引%d的类型应为%s，不是%s", "the type of index %d is %s, not %s", v.Index, item.Name, v.Type)
		}
		fields[item.Name] = string(v.Data)
	}
	values, err := t.Values(fields, seconds(s.now()))
	return handle.Record{Name: given.Name, Values: values}, err
}

// templateNamed returns a version of a template (gearbox@2), or the newest (gearbox).
//
// Errors: codedError when there is none.
func (s *Service) templateNamed(ctx context.Context, ref string) (t template.Template, err error) {
	if strings.Contains(ref, "@") {
		t, err = s.template(ctx, ref)
	} else {
		err = s.db.Read(ctx, func(tx store.Tx) error {
			t, err = newestTemplate(ctx, tx, ref)
			return err
		})
	}
	if k := fault.KindOf(err); k == fault.NotFound || k == fault.Invalid {
		err = codedError{fault.Say(fault.Invalid, "元数据模板 %s 不存在", "there is no template %s", ref), idhub.CodeNoTemplate}
	}
	return t, err
}

// apply writes candidates as one batch and returns for each why it was not done, nil when it
// was. Put changes what is there, and keeps what steers the protocol in it.
func (s *Service) apply(x *application, op records.Op, all []candidate) ([]error, error) {
	st, err := s.open(x.Context())
	if err != nil {
		return nil, err
	}
	g := s.registrar()
	errs := make([]error, len(all))
	var items []records.Item
	var places []int
	for i, c := range all {
		item := records.Item{Op: op, Record: c.rec}
		if errs[i] = c.err; c.err == nil {
			item, errs[i] = s.prepared(x, g, st, item)
		}
		switch k := fault.KindOf(errs[i]); {
		case errs[i] == nil:
			items, places = append(items, item), append(places, i)
		case k == "" || k == fault.Busy:
			return nil, errs[i]
		}
	}
	out, err := st.Apply(x.Context(), records.Batch{Who: actor.Of(x.Context()).ID, Items: items})
	if err != nil {
		return nil, err
	}
	for k, o := range out {
		s.answering().Forget(items[k].Record.Name)
		errs[places[k]] = verdictOf(op, o)
	}
	return errs, nil
}

// verdictOf is why an item was not done, nil when it was.
func verdictOf(op records.Op, o records.Outcome) error {
	switch {
	case o.Verdict == records.Done, o.Verdict == records.Unchanged && op != records.Create:
		return nil
	case o.Verdict == records.Missing:
		return fault.Say(fault.NotFound, "标识不存在", "it is not registered")
	case o.Verdict == records.Invalid:
		return fault.New(fault.Invalid, "%s", o.Text)
	case op == records.Create:
		return fault.Say(fault.Conflict, "标识已存在", "it is registered already")
	default:
		return fault.Say(fault.Invalid, "标识刚被他人修改，请重新查询后再提交", "it was changed meanwhile; read it again")
	}
}

// prepared checks that who asks may do what an item does, and completes it.
func (s *Service) prepared(x *application, g *registrar, st records.Store, item records.Item) (records.Item, error) {
	ctx, n := x.Context(), item.Record.Name
	if n.Suffix() == "" {
		return item, fault.Say(fault.Invalid, "标识 %q 没有后缀。", "identifier %q has no suffix", string(n))
	}
	if s.place(handle.Fold(n.Prefix())).Standing != node.Hosted {
		return item, codedError{fault.Say(fault.Invalid, "非本企业标识：%s", "identifier %s is not of this node", string(n)), idhub.CodeForeign}
	}
	was, err := st.Get(ctx, n, time.Time{})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return item, err
	}
	if item.Op == records.Create {
		item.Record, err = g.administered(item.Record)
		return item, cmp.Or(err, s.mayApply(x, g, wire.OpCreate, was.Record, item.Record))
	}
	if err != nil {
		return item, fault.Say(fault.NotFound, "标识不存在", "it is not registered")
	}
	if handle.Fold(n.Prefix()) == s.site.Prefix {
		return item, fault.Say(fault.Forbidden, "标识 %s 由本节点自己发布，不在此修改。", "identifier %s is published by this node itself", string(n))
	}
	item.IfSeq = was.Seq
	if item.Op == records.Delete {
		return item, s.mayApply(x, g, wire.OpDelete, was.Record, item.Record)
	}
	if _, steers := steering(item.Record.Values); steers {
		return item, fault.Say(fault.Invalid, "类型以 HS_ 开头的值不能这样修改；用协议来写。", "values of types HS_ are not changed so, but by the protocol")
	}
	for _, v := range was.Record.Values {
		if _, steers := steering([]handle.Value{v}); steers {
			item.Record.Values = append(item.Record.Values, v)
		}
	}
	slices.SortStableFunc(item.Record.Values, func(a, b handle.Value) int { return cmp.Compare(a.Index, b.Index) })
	return item, cmp.Or(item.Record.Check(), s.mayApply(x, g, wire.OpModifyValues, was.Record, item.Record))
}

// mayApply reports whether who asks may register, change or delete an identifier: a person as
// a member of who holds its prefix, an identity by the rights that the protocol gives it.
func (s *Service) mayApply(x *application, g *registrar, op wire.Op, was, will handle.Record) error {
	ctx, n := x.Context(), s.answering()
	if x.who.Name == "" {
		return g.allowed(ctx, will.Name)
	}
	may := func(m wire.Message, values []handle.Value) (bool, error) {
		return n.May(ctx, x.who, m, was, handle.Record{Name: will.Name, Values: values})
	}
	var ok bool
	var err error
	if op == wire.OpModifyValues {
		changed, gone := differences(was.Values, will.Values)
		if ok, err = may(node.Request(wire.OpAddValues, wire.Overwrite, nil), changed); ok && err == nil {
			ok, err = may(node.Request(wire.OpRemoveValues, 0, nil), gone)
		}
	} else {
		was = handle.Record{Name: will.Name, Values: was.Values}
		ok, err = may(node.Request(op, 0, nil), will.Values)
	}
	if err == nil && !ok {
		err = fault.Say(fault.Forbidden, "身份 %s 没有权限操作标识 %s。", "identity %s has no right over identifier %s", identityText(x.who), string(will.Name))
	}
	return err
}

// differences returns the values that are new or other, and those that are no longer there.
func differences(was, will []handle.Value) (changed, gone []handle.Value) {
	a, b := handle.Record{Values: was}, handle.Record{Values: will}
	for _, v := range will {
		if old, ok := a.Value(v.Index); !ok || !sameValues([]handle.Value{old}, []handle.Value{v}) {
			changed = append(changed, v)
		}
	}
	for _, v := range was {
		if _, ok := b.Value(v.Index); !ok {
			gone = append(gone, v)
		}
	}
	return changed, gone
}
