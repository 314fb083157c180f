package sdmx

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"yuzhou/kernel/fault"
)

// dataset reads one dataset and gathers its observations into time series.
func (d *jsonDecoder) dataset(in jsonDataSet) (Dataset, error) {
	out := Dataset{Action: in.Action, ValidFrom: parseInstantOr(in.ValidFrom), ValidTo: parseInstantOr(in.ValidTo)}
	if out.Action == "" {
		out.Action = Merge
	}
	if in.Structure != 0 {
		return out, fault.New(fault.Invalid, "structure %d is not in the message", in.Structure)
	}
	var err error
	if out.Attrs, err = values(in.Attributes, d.dsAttrs); err != nil {
		return out, err
	}
	groups, err := membersOf[[]json.RawMessage](in.Groups)
	if err != nil {
		return out, err
	}
	for _, g := range groups {
		group, err := d.group(g)
		if err != nil {
			return out, err
		}
		out.Groups = append(out.Groups, group)
	}
	err = d.gather(&out, in)
	return out, err
}

// gather reads the series and observations of a dataset.
func (d *jsonDecoder) gather(out *Dataset, in jsonDataSet) error {
	key := make([]string, len(d.all))
	for _, f := range d.fixed {
		if len(f.values) == 0 {
			return fault.New(fault.Invalid, "a dimension of the dataset has no value")
		}
		key[f.at] = f.values[0]
	}
	g := gather{out: out, time: d.time, at: map[string]int{}}
	series, err := membersOf[jsonSeries](in.Series)
	if err != nil {
		return err
	}
	for _, s := range series {
		if err := d.oneSeries(&g, key, s); err != nil {
			return err
		}
	}
	observations, err := membersOf[[]json.RawMessage](in.Observations)
	if err != nil {
		return err
	}
	flat := observationPlace{dims: d.obs}
	if len(observations) > 0 && strings.Count(observations[0].Key, ":")+1 == len(d.series)+len(d.obs) {
		flat.dims = slices.Concat(d.series, d.obs) // a flat dataset beside one of series
	}
	for _, o := range observations {
		if err := d.observation(&g, key, o, flat); err != nil {
			return err
		}
	}
	return nil
}

// oneSeries reads a series or a section.
func (d *jsonDecoder) oneSeries(g *gather, key []string, s member[jsonSeries]) error {
	if err := place(key, s.Key, d.series); err != nil {
		return err
	}
	attrs, err := values(s.Value.Attributes, d.serAttrs)
	if err != nil {
		return err
	}
	if !d.sections {
		g.series(key).Attrs = attrs
		attrs = nil
	}
	observations, err := membersOf[[]json.RawMessage](s.Value.Observations)
	if err != nil {
		return err
	}
	for _, o := range observations {
		if err := d.observation(g, key, o, observationPlace{dims: d.obs, section: attrs}); err != nil {
			return err
		}
	}
	return nil
}

// observationPlace is where observations stand: the dimensions of their keys,
// and the attributes of their section.
type observationPlace struct {
	dims    []jsonDim
	section []Value
}

// observation reads one observation.
func (d *jsonDecoder) observation(g *gather, key []string, o member[[]json.RawMessage], in observationPlace) error {
	if err := place(key, o.Key, in.dims); err != nil {
		return err
	}
	n := min(len(d.measures), len(o.Value))
	out := Obs{}
	var err error
	if out.Values, err = values(o.Value[:n], d.measures); err != nil {
		return err
	}
	// What follows the attributes are annotations.
	rest := o.Value[n:]
	if out.Attrs, err = values(rest[:min(len(rest), len(d.obsAttrs))], d.obsAttrs); err != nil {
		return err
	}
	if d.sections && len(d.serAttrs) > 0 {
		out.Attrs = trim(append(pad(in.section, len(d.serAttrs)), out.Attrs...))
	}
	if d.time >= 0 {
		out.Period = key[d.time]
	}
	s := g.series(key)
	s.Obs = append(s.Obs, out)
	return nil
}

// group reads the attributes of a partial key. Its parts stand in the order the
// dimensions are shown in (dataset, series, observation), as in the samples of
// the standard; some writers use the order of the key, which is tried when the
// first does not fit the dimensions that the attributes depend on.
func (d *jsonDecoder) group(g member[[]json.RawMessage]) (Group, error) {
	parts := strings.Split(g.Key, ":")
	if len(parts) != len(d.all) {
		return Group{}, fault.New(fault.Invalid, "group key %q has not %d parts", g.Key, len(d.all))
	}
	order := slices.Concat(d.fixed, d.series, d.obs)
	if !d.fits(parts, order) && d.fits(parts, d.all) {
		order = d.all
	}
	key := make([]string, len(parts))
	for i, p := range parts {
		if p == "" || p == "~" {
			key[order[i].at] = p
			continue
		}
		j, err := index(p, len(order[i].values))
		if err != nil {
			return Group{}, err
		}
		key[order[i].at] = order[i].values[j]
	}
	attrs, err := values(g.Value, d.grpAttrs)
	return Group{Key: key, Attrs: attrs}, err
}

// fits reports whether the parts given are the dimensions of a group attribute.
func (d *jsonDecoder) fits(parts []string, order []jsonDim) bool {
	var given []string
	for i, p := range parts {
		if p != "" && p != "~" {
			given = append(given, d.msg.Structure.Dimensions[order[i].at].ID)
		}
	}
	slices.Sort(given)
	return slices.ContainsFunc(d.msg.Structure.Attributes, func(a Component) bool {
		return a.Level == LevelGroup && slices.Equal(given, slices.Sorted(slices.Values(a.Group)))
	})
}

// place writes the values of an index key such as "0:3" into key.
func place(key []string, at string, dims []jsonDim) error {
	if len(dims) == 0 && (at == "" || at == "0") {
		return nil // all dimensions of this level have one value only
	}
	parts := strings.Split(at, ":")
	if len(parts) != len(dims) {
		return fault.New(fault.Invalid, "key %q has not %d parts", at, len(dims))
	}
	for i, p := range parts {
		j, err := index(p, len(dims[i].values))
		if err != nil {
			return err
		}
		key[dims[i].at] = dims[i].values[j]
	}
	return nil
}

// gather collects observations by their series, in the order series first come.
type gather struct {
	out  *Dataset
	time int
	at   map[string]int
}

// series returns the series of a full key. The pointer is good until the next call.
func (g *gather) series(full []string) *Series {
	key := slices.Clone(full)
	if g.time >= 0 {
		key = slices.Delete(key, g.time, g.time+1)
	}
	name := strings.Join(key, "\x00")
	i, ok := g.at[name]
	if !ok {
		i = len(g.out.Series)
		g.at[name] = i
		g.out.Series = append(g.out.Series, Series{Key: key})
	}
	return &g.out.Series[i]
}

// values reads a list that may be shorter than the components; the absent ones
// at its end are left out.
func values(raw []json.RawMessage, comps []lookup) ([]Value, error) {
	out := make([]Value, 0, len(comps))
	for i, c := range comps {
		if i >= len(raw) {
			out = append(out, c.fallback)
			continue
		}
		v, err := c.value(raw[i])
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s: %v", c.id, err)
		}
		out = append(out, v)
	}
	if out = trim(out); len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// value reads one value: an index when the component lists its values, several
// indexes in an array, or the value itself.
func (l lookup) value(raw json.RawMessage) (Value, error) {
	if l.values == nil {
		if len(raw) > 0 && raw[0] == '[' {
			return list(raw), nil
		}
		return scalar(raw), nil
	}
	if len(raw) > 0 && raw[0] == '[' {
		var several []json.RawMessage
		if err := json.Unmarshal(raw, &several); err != nil {
			return nil, err
		}
		var out Value
		for _, r := range several {
			v, err := l.one(r)
			if err != nil {
				return nil, err
			}
			out = append(out, v...)
		}
		return out, nil
	}
	return l.one(raw)
}

// one looks up a single index.
func (l lookup) one(raw json.RawMessage) (Value, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] < '0' || raw[0] > '9' {
		return scalar(raw), nil // written directly although there is a list
	}
	i, err := index(string(raw), len(l.values))
	if err != nil {
		return nil, err
	}
	return l.values[i], nil
}

// scalar reads a JSON value that is written directly: a number keeps its
// digits, an object of languages becomes "lang:text" parts, null is absent.
func scalar(raw json.RawMessage) Value {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return nil
	case raw[0] == '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return nil
		}
		return Value{s}
	case raw[0] == '{':
		var m map[string]string
		if json.Unmarshal(raw, &m) != nil {
			return nil
		}
		var v Value
		for _, lang := range slices.Sorted(maps.Keys(m)) {
			v = append(v, lang+":"+m[lang])
		}
		return v
	}
	return Value{string(raw)}
}

// list reads an array of values; arrays in it are flattened.
func list(raw json.RawMessage) Value {
	var several []json.RawMessage
	if json.Unmarshal(raw, &several) != nil {
		return nil
	}
	var v Value
	for _, r := range several {
		if len(r) > 0 && r[0] == '[' {
			v = append(v, list(r)...)
			continue
		}
		v = append(v, scalar(r)...)
	}
	return v
}
