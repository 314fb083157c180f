package sdmx

import (
	"bufio"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/fault"
)

// jsonEncoder writes SDMX-JSON. The datasets come before the structures, because
// only when all series have passed it is known which codes the message holds;
// the order of members in a JSON object has no meaning.
type jsonEncoder struct {
	w      *bufio.Writer
	msg    *Message
	s      Structure
	obsDim int  // position of the dimension at the observation, -1: all
	old    bool // SDMX-JSON 2.0.0

	dims     []*pool          // one per dimension
	pools    map[string]*pool // of coded measures and attributes, by id
	atGroup  []int            // positions of the dimensions of a series
	atObs    []int            // positions of the dimensions of an observation
	grpAttrs []Component
	obsAttrs []Component

	datasets int
	first    bool // of the members of the open object
	firstObs bool
	line     []byte // scratch
}

// pool numbers the values of a component in order of first use.
type pool struct {
	values []string
	index  map[string]int
}

func newPool() *pool { return &pool{index: map[string]int{}} }

func (p *pool) of(v string) int {
	i, ok := p.index[v]
	if !ok {
		i = len(p.values)
		v = strings.Clone(v)
		p.values = append(p.values, v)
		p.index[v] = i
	}
	return i
}

func newJSONEncoder(w *bufio.Writer, msg *Message, s Structure, obsDim int, m Media) *jsonEncoder {
	e := &jsonEncoder{w: w, msg: msg, s: s, obsDim: obsDim, old: m.Version == "2.0.0", pools: map[string]*pool{}}
	time := s.time()
	for i := range s.Dimensions {
		e.dims = append(e.dims, newPool())
		if obsDim < 0 || i == obsDim {
			e.atObs = append(e.atObs, i)
		} else {
			e.atGroup = append(e.atGroup, i)
		}
	}
	for _, c := range slices.Concat(s.Measures, s.Attributes) {
		if c.coded() {
			e.pools[c.ID] = newPool()
		}
	}
	if time >= 0 && obsDim == time {
		e.grpAttrs = s.at(LevelSeries)
		e.obsAttrs = s.at(LevelObs)
	} else {
		e.obsAttrs = append(s.at(LevelSeries), s.at(LevelObs)...)
	}
	return e
}

func (e *jsonEncoder) begin(d Dataset) error {
	b := e.line[:0]
	if e.datasets == 0 {
		var err error
		if b, err = e.appendMeta(b); err != nil {
			return err
		}
	} else {
		b = append(b, ',')
	}
	e.datasets++
	b = append(b, `{"structure":0,"action":`...)
	b = appendString(b, string(e.action(d.Action)))
	b = append(b, `,"links":[{"rel":`...)
	b = append(appendString(b, e.msg.context()), `,"urn":`...)
	b = append(appendString(b, urn(contextClass(e.msg.context()), e.msg.Flow.Identity)), `}]`...)
	b = appendTime(b, "validFrom", d.ValidFrom)
	b = appendTime(b, "validTo", d.ValidTo)
	var err error
	if attrs := trim(d.Attrs); len(attrs) > 0 {
		b = append(b, `,"attributes":[`...)
		if b, err = e.appendValues(b, attrs, e.s.at(LevelDataset)); err != nil {
			return err
		}
		b = append(b, ']')
	}
	if b, err = e.appendGroups(b, d.Groups); err != nil {
		return err
	}
	if e.obsDim < 0 {
		b = append(b, `,"observations":{`...)
	} else {
		b = append(b, `,"series":{`...)
	}
	e.first, e.firstObs = true, true
	return e.flush(b)
}

// action is the name the version of the format has for an action.
func (e *jsonEncoder) action(a Action) Action {
	if e.old && a == Merge {
		return Append
	}
	return a
}

func (e *jsonEncoder) appendGroups(b []byte, groups []Group) ([]byte, error) {
	if len(groups) == 0 {
		return b, nil
	}
	b = append(b, `,"dimensionGroupAttributes":{`...)
	for i, g := range groups {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		for j, d := range slices.Concat(e.atGroup, e.atObs) {
			if j > 0 {
				b = append(b, ':')
			}
			switch k := g.Key[d]; k {
			case "":
			case "~":
				b = append(b, '~')
			default:
				b = strconv.AppendInt(b, int64(e.dims[d].of(k)), 10)
			}
		}
		b = append(b, `":[`...)
		var err error
		if b, err = e.appendValues(b, trim(g.Attrs), e.s.at(LevelGroup)); err != nil {
			return nil, err
		}
		b = append(b, ']')
	}
	return append(b, '}'), nil
}

func (e *jsonEncoder) group(key []string, attrs []Value) error {
	b := e.line[:0]
	if !e.first {
		b = append(b, ',')
	}
	e.first = false
	b = append(b, '"')
	for i, d := range e.atGroup {
		if i > 0 {
			b = append(b, ':')
		}
		b = strconv.AppendInt(b, int64(e.dims[d].of(key[i])), 10)
	}
	b = append(b, `":{`...)
	if attrs = trim(attrs); len(attrs) > 0 {
		b = append(b, `"attributes":[`...)
		var err error
		if b, err = e.appendValues(b, attrs, e.grpAttrs); err != nil {
			return err
		}
		b = append(b, `],`...)
	}
	b = append(b, `"observations":{`...)
	e.firstObs = true
	return e.flush(b)
}

func (e *jsonEncoder) obs(key []string, values, attrs []Value) error {
	b := e.line[:0]
	if !e.firstObs {
		b = append(b, ',')
	}
	e.firstObs = false
	b = append(b, '"')
	for i, d := range e.atObs {
		if i > 0 {
			b = append(b, ':')
		}
		b = strconv.AppendInt(b, int64(e.dims[d].of(key[i])), 10)
	}
	b = append(b, `":[`...)
	if attrs = trim(attrs); len(attrs) > 0 {
		values = pad(values, len(e.s.Measures))
	} else {
		values = trim(values)
	}
	b, err := e.appendValues(b, values, e.s.Measures)
	if err != nil {
		return err
	}
	if len(attrs) > 0 {
		if len(values) > 0 {
			b = append(b, ',')
		}
		if b, err = e.appendValues(b, attrs, e.obsAttrs); err != nil {
			return err
		}
	}
	return e.flush(append(b, ']'))
}

// trim leaves out the absent values at the end.
func trim(values []Value) []Value {
	for len(values) > 0 && len(values[len(values)-1]) == 0 {
		values = values[:len(values)-1]
	}
	return values
}

func (e *jsonEncoder) endGroup() error { return e.flush(append(e.line[:0], `}}`...)) }

func (e *jsonEncoder) end() error { return e.flush(append(e.line[:0], `}}`...)) }

func (e *jsonEncoder) close() error {
	b := e.line[:0]
	if e.datasets == 0 {
		var err error
		if b, err = e.appendMeta(b); err != nil {
			return err
		}
	}
	structure, err := json.Marshal([]jsonStructure{e.structure()})
	if err != nil {
		return err
	}
	b = append(b, `],"structures":`...)
	b = append(b, structure...)
	return e.flush(append(b, "}}\n"...))
}

// flush writes the scratch and keeps it for the next line.
func (e *jsonEncoder) flush(b []byte) error {
	e.line = b[:0]
	_, err := e.w.Write(b)
	return err
}

// appendValues writes the values of the first components.
func (e *jsonEncoder) appendValues(b []byte, values []Value, comps []Component) ([]byte, error) {
	if len(values) > len(comps) {
		return nil, fault.New(fault.Invalid, "%d values for %d components", len(values), len(comps))
	}
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendValue(b, e.pools[comps[i].ID], v, comps[i]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendTime writes a member that is an instant, or nothing for the zero time.
func appendTime(b []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":"`...)
	return append(t.UTC().AppendFormat(b, time.RFC3339Nano), '"')
}
