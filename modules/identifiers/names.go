package identifiers

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/typed"
)

// The values of a name that the product publishes. Facts follow from indexFacts on, in
// the order in which its module says them.
const (
	indexURL   = 1
	indexZH    = 2
	indexEN    = 3
	indexKind  = 4
	indexFacts = 10
	indexAdmin = 100
	indexMore  = 400 // where facts go on that find no room below the administrators
	keyIndex   = 300 // of the key in the record of a prefix
)

// publish registers what the modules describe: each name of the product becomes an
// identifier below the node's prefix, anew when what is said of it has changed.
func (s *Service) publish(ctx context.Context) error {
	generation, err := s.db.Generation(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	since, same := s.done.since, s.done.generation == generation && !s.done.since.IsZero()
	s.mu.Unlock()
	if same {
		return nil
	}
	began := s.now()
	described, err := s.described(ctx, since)
	if err != nil {
		return err
	}
	r, err := s.open(ctx)
	if err != nil {
		return err
	}
	const batch = 500
	for part := range slices.Chunk(described, batch) {
		if err := s.publishSome(ctx, r, part); err != nil {
			return err
		}
	}
	s.mu.Lock()
	// A statement that was signed in the last moment may be seen only in the next round.
	s.done.since, s.done.generation = began.Add(-time.Minute), generation
	s.mu.Unlock()
	return nil
}

// published is how far publishing has come.
type published struct {
	since      time.Time
	generation uint64
}

// described returns what the modules say of each name that one of them has described
// anew, by name; what several say of one is put together.
func (s *Service) described(ctx context.Context, since time.Time) ([]module.Description, error) {
	s.telling.Lock()
	defer s.telling.Unlock()
	touched := map[string]bool{}
	for len(s.told) < len(s.Describe) {
		s.told = append(s.told, map[string]module.Description{})
	}
	for i, describe := range s.Describe {
		err := describe(ctx, since, func(d module.Description) error {
			s.told[i][d.Name] = d
			touched[d.Name] = true
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	out := make([]module.Description, 0, len(touched))
	for _, name := range slices.Sorted(maps.Keys(touched)) {
		whole := module.Description{Name: name}
		for _, told := range s.told {
			d := told[name]
			whole.Kind, whole.Page = cmp.Or(whole.Kind, d.Kind), cmp.Or(whole.Page, d.Page)
			whole.Title.ZH, whole.Title.EN = cmp.Or(whole.Title.ZH, d.Title.ZH), cmp.Or(whole.Title.EN, d.Title.EN)
			whole.Facts = append(whole.Facts, d.Facts...)
		}
		out = append(out, whole)
	}
	return out, nil
}

// publishSome registers those of some descriptions that are not registered as they are.
func (s *Service) publishSome(ctx context.Context, r records.Store, part []module.Description) error {
	now := s.now()
	var changed []handle.Record
	for _, d := range part {
		rec := s.recordOf(d, seconds(now))
		was, err := r.Get(ctx, rec.Name, time.Time{})
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if err != nil || !sameValues(was.Record.Values, rec.Values) {
			changed = append(changed, rec)
		}
	}
	return s.put(ctx, r, changed)
}

// put writes records, and lets the node forget what it has kept of them.
func (s *Service) put(ctx context.Context, r records.Store, changed []handle.Record) error {
	if len(changed) == 0 {
		return nil
	}
	items := make([]records.Item, 0, len(changed))
	for _, rec := range changed {
		items = append(items, records.Item{Op: records.Put, Record: rec})
	}
	outcomes, err := r.Apply(ctx, records.Batch{Who: "program", Items: items})
	if err != nil {
		return err
	}
	for i, o := range outcomes {
		if o.Verdict != records.Done && o.Verdict != records.Unchanged {
			return fault.New(fault.Invalid, "identifier %s cannot be written: %s", changed[i].Name, o.Text) //nolint:gosec // an outcome for each
		}
	}
	n := s.answering()
	for _, rec := range changed {
		n.Forget(rec.Name)
	}
	return nil
}

// recordOf writes a description as a record.
func (s *Service) recordOf(d module.Description, at uint32) handle.Record {
	rec := handle.Record{Name: handle.Name(s.site.Prefix + "/" + d.Name)}
	add := func(index uint32, kind, text string) {
		if text != "" {
			rec.Values = append(rec.Values, handle.Value{Index: index, Type: kind, Data: []byte(text), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: at})
		}
	}
	base := s.setting(settingURL)
	if d.Page != "" {
		add(indexURL, handle.TypeURL, base+d.Page)
	}
	add(indexZH, handle.TypeDesc, d.Title.ZH)
	add(indexEN, handle.TypeDesc, d.Title.EN)
	add(indexKind, "KIND", d.Kind)
	index := uint32(indexFacts)
	for _, f := range d.Facts {
		if index == indexAdmin {
			add(indexAdmin, handle.TypeAdmin, string(typed.AppendAdmin(nil, s.admin())))
			index = indexMore
		}
		text := f.Text
		if strings.HasPrefix(text, "/") { // an address of this site
			text = base + text
		}
		add(index, f.Type, text)
		index++
	}
	if index < indexMore {
		add(indexAdmin, handle.TypeAdmin, string(typed.AppendAdmin(nil, s.admin())))
	}
	return rec
}

// admin is who administers the node's own names: the key of its prefix.
func (s *Service) admin() typed.Admin {
	return typed.Admin{Rights: typed.Everything, Reference: handle.Reference{Name: handle.Authority(s.site.Prefix), Index: keyIndex}}
}

// sameValues reports whether two records say the same, whenever that was written.
func sameValues(a, b []handle.Value) bool {
	return slices.EqualFunc(a, b, func(a, b handle.Value) bool {
		return a.Index == b.Index && a.Type == b.Type && bytes.Equal(a.Data, b.Data) && a.TTL == b.TTL && a.Perm == b.Perm && slices.Equal(a.References, b.References)
	})
}
