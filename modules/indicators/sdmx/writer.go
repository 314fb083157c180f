package sdmx

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"yuzhou/kernel/fault"
)

// Options say how a data message is laid out. The last three are those of Query.
type Options struct {
	Media      Media
	ObsDim     string // dimensionAtObservation; "": TIME_PERIOD, or AllDimensions without one
	Attributes []string
	Measures   []string
}

// Writer writes a data message series by series. Call Begin before the series of
// each dataset, and Close at the end; the first error stays and is returned by
// every later call. A Writer is for one goroutine.
//
// It buffers a whole dataset only when a dimension other than TIME_PERIOD is at
// the observation, which needs all series at hand.
type Writer struct {
	msg     *Message
	full    Structure // of the series given
	out     Structure // of the message: only the attributes and measures asked for
	obsDim  int       // position among the dimensions, or -1 for all of them
	enc     encoder
	buf     *bufio.Writer
	open    bool
	seen    map[string]bool // series keys of this dataset
	time    int             // position of TIME_PERIOD among the dimensions, or -1
	series  int             // dimensions of a series key
	atSer   int             // attributes of a series in the message
	key     []string        // scratch of row
	attrs   []Value         // scratch of row
	pivoted []pivotOb       // observations waiting for a cross-section
	err     error
}

// encoder writes one format. Keys of obs and group are over the dimensions at
// their level, in the order of the structure.
type encoder interface {
	begin(d Dataset) error
	group(key []string, attrs []Value) error
	obs(key []string, values, attrs []Value) error
	endGroup() error
	end() error
	close() error
}

// NewWriter returns a Writer of msg to w; msg.Datasets is not looked at.
//
//   - Errors: fault.Invalid when opts names a component that msg.Structure does not have.
func NewWriter(w io.Writer, msg *Message, opts Options) (*Writer, error) {
	wr := &Writer{msg: msg, full: msg.Structure, obsDim: -1, buf: bufio.NewWriterSize(w, 1<<16)}
	wr.series = len(msg.Structure.keyDimensions())
	q := Query{ObsDim: opts.ObsDim, Attributes: opts.Attributes, Measures: opts.Measures}
	if err := q.Check(msg.Structure); err != nil {
		return nil, err
	}
	wr.out = project(msg.Structure, opts)
	wr.time, wr.atSer = msg.Structure.time(), len(wr.out.at(LevelSeries))
	switch opts.ObsDim {
	case "":
		wr.obsDim = wr.time
	case AllDimensions:
	default:
		wr.obsDim = componentIndex(msg.Structure.Dimensions, opts.ObsDim)
	}
	if opts.Media.Format == "csv" {
		wr.obsDim = -1 // CSV is a table
		wr.enc = newCSVEncoder(wr.buf, msg, wr.out, opts)
		return wr, nil
	}
	wr.enc = newJSONEncoder(wr.buf, msg, wr.out, wr.obsDim, opts.Media)
	return wr, nil
}

// project keeps the attributes and measures asked for.
func project(s Structure, opts Options) Structure {
	if opts.Measures != nil && !slices.Contains(opts.Measures, "all") {
		s.Measures = keep(s.Measures, func(c Component) bool { return slices.Contains(opts.Measures, c.ID) })
	}
	words := opts.Attributes
	if words == nil || slices.Contains(words, "dsd") || slices.Contains(words, "all") {
		return s
	}
	s.Attributes = keep(s.Attributes, func(c Component) bool {
		byLevel := map[Level]string{LevelDataset: "dataset", LevelGroup: "series", LevelSeries: "series", LevelObs: "obs"}
		return slices.Contains(words, c.ID) || slices.Contains(words, byLevel[c.Level])
	})
	return s
}

func keep(list []Component, ok func(Component) bool) []Component {
	var kept []Component
	for _, c := range list {
		if ok(c) {
			kept = append(kept, c)
		}
	}
	return kept
}

// Begin opens a dataset: its action, validity, dataset attributes and groups.
// Its Series are not looked at.
func (w *Writer) Begin(d Dataset) error {
	if w.err != nil {
		return w.err
	}
	if w.open && w.fail(w.endDataset()) != nil {
		return w.err
	}
	if d.Action == "" {
		d.Action = Replace
	}
	d.Attrs = pick(d.Attrs, w.full.at(LevelDataset), w.out.at(LevelDataset))
	groups := make([]Group, len(d.Groups))
	for i, g := range d.Groups {
		if len(g.Key) != len(w.full.Dimensions) {
			return w.fail(fault.New(fault.Invalid, "group key %q has %d parts, %s has %d dimensions",
				strings.Join(g.Key, "."), len(g.Key), w.full.Identity, len(w.full.Dimensions)))
		}
		groups[i] = Group{Key: g.Key, Attrs: pick(g.Attrs, w.full.at(LevelGroup), w.out.at(LevelGroup))}
	}
	d.Groups = groups
	w.open = true
	w.seen = map[string]bool{}
	return w.fail(w.enc.begin(d))
}

// Series writes one series. In a Delete dataset a series without observations
// stands for the whole series.
//
//   - Errors: fault.Invalid when the key has not one part per dimension, a series
//     or a period comes twice in a dataset, or a number is no number.
func (w *Writer) Series(s Series) error {
	switch {
	case w.err != nil:
		return w.err
	case !w.open:
		return w.fail(fault.New(fault.Invalid, "series %q comes before its dataset", strings.Join(s.Key, ".")))
	case len(s.Key) != w.series:
		return w.fail(fault.New(fault.Invalid, "series key %q has %d parts, %s has %d dimensions before the time",
			strings.Join(s.Key, "."), len(s.Key), w.full.Identity, w.series))
	}
	if err := w.once(s); err != nil {
		return w.fail(err)
	}
	attrs := pick(s.Attrs, w.full.at(LevelSeries), w.out.at(LevelSeries))
	if w.time >= 0 && w.obsDim == w.time {
		return w.fail(w.timeSeries(s, attrs))
	}
	for _, o := range s.Obs {
		if err := w.row(s.Key, attrs, o); err != nil {
			return w.fail(err)
		}
	}
	if _, table := w.enc.(*csvEncoder); table && len(s.Obs) == 0 {
		return w.fail(w.row(s.Key, attrs, Obs{})) // JSON has no place for it in a flat list
	}
	return nil
}

// once refuses a series or a period that comes a second time.
func (w *Writer) once(s Series) error {
	key := strings.Join(s.Key, ".")
	if w.seen[key] {
		return fault.New(fault.Invalid, "series %q comes twice in one dataset", key)
	}
	w.seen[key] = true
	sorted := slices.IsSortedFunc(s.Obs, func(a, b Obs) int {
		if a.Period == b.Period {
			return 1
		}
		return strings.Compare(a.Period, b.Period)
	})
	if sorted {
		return nil
	}
	periods := map[string]bool{}
	for _, o := range s.Obs {
		if periods[o.Period] {
			return fault.New(fault.Invalid, "period %q comes twice in series %q", o.Period, key)
		}
		periods[o.Period] = true
	}
	return nil
}

func (w *Writer) timeSeries(s Series, attrs []Value) error {
	if err := w.enc.group(s.Key, attrs); err != nil {
		return err
	}
	var key [1]string
	for _, o := range s.Obs {
		key[0] = o.Period
		if err := w.enc.obs(key[:], w.values(o), w.obsAttrs(o)); err != nil {
			return err
		}
	}
	return w.enc.endGroup()
}

func (w *Writer) values(o Obs) []Value { return pick(o.Values, w.full.Measures, w.out.Measures) }

func (w *Writer) obsAttrs(o Obs) []Value {
	if len(w.full.Attributes) == len(w.out.Attributes) {
		return o.Attrs
	}
	return pick(o.Attrs, w.full.at(LevelObs), w.out.at(LevelObs))
}

// row writes an observation with all its dimensions and with the attributes of
// its series, or keeps it for a cross-section.
func (w *Writer) row(key []string, seriesAttrs []Value, o Obs) error {
	w.key = append(w.key[:0], key...)
	if w.time >= 0 {
		w.key = slices.Insert(w.key, w.time, o.Period)
	}
	w.attrs = append(w.attrs[:0], seriesAttrs...)
	for len(w.attrs) < w.atSer {
		w.attrs = append(w.attrs, nil)
	}
	w.attrs = append(w.attrs, w.obsAttrs(o)...)
	if w.obsDim < 0 {
		return w.enc.obs(w.key, w.values(o), w.attrs)
	}
	w.pivoted = append(w.pivoted, pivotOb{key: slices.Clone(w.key), values: w.values(o), attrs: slices.Clone(w.attrs)})
	return nil
}

// pad returns n values, the absent ones at the end.
func pad(list []Value, n int) []Value {
	if len(list) >= n {
		return list[:n]
	}
	return append(slices.Clone(list), make([]Value, n-len(list))...)
}

// pick returns the values of the components in out, given those of full.
func pick(values []Value, full, out []Component) []Value {
	if len(full) == len(out) {
		return values
	}
	picked := make([]Value, len(out))
	for i, c := range out {
		if j := componentIndex(full, c.ID); j >= 0 && j < len(values) {
			picked[i] = values[j]
		}
	}
	return picked
}

// pivotOb is an observation that waits for its cross-section.
type pivotOb struct {
	key           []string
	values, attrs []Value
}

// flushPivot writes the waiting observations grouped by all dimensions but one.
func (w *Writer) flushPivot() error {
	rest := func(key []string) []string {
		return slices.Delete(slices.Clone(key), w.obsDim, w.obsDim+1)
	}
	slices.SortStableFunc(w.pivoted, func(a, b pivotOb) int { return slices.Compare(rest(a.key), rest(b.key)) })
	for i := 0; i < len(w.pivoted); {
		section := rest(w.pivoted[i].key)
		if err := w.enc.group(section, nil); err != nil {
			return err
		}
		for ; i < len(w.pivoted) && slices.Equal(section, rest(w.pivoted[i].key)); i++ {
			o := w.pivoted[i]
			if err := w.enc.obs(o.key[w.obsDim:w.obsDim+1], o.values, o.attrs); err != nil {
				return err
			}
		}
		if err := w.enc.endGroup(); err != nil {
			return err
		}
	}
	w.pivoted = nil
	return nil
}

func (w *Writer) endDataset() error {
	w.open = false
	if err := w.flushPivot(); err != nil {
		return err
	}
	return w.enc.end()
}

// Close ends the message. It does not close the io.Writer.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	if w.open && w.fail(w.endDataset()) != nil {
		return w.err
	}
	if w.fail(w.enc.close()) != nil {
		return w.err
	}
	return w.fail(w.buf.Flush())
}

// fail keeps the first error.
func (w *Writer) fail(err error) error {
	if w.err == nil {
		w.err = err
	}
	return w.err
}

// Write writes msg with all its Datasets.
func Write(w io.Writer, msg *Message, opts Options) error {
	wr, err := NewWriter(w, msg, opts)
	if err != nil {
		return err
	}
	for _, d := range msg.Datasets {
		if err := wr.Begin(d); err != nil {
			return err
		}
		for _, s := range d.Series {
			if err := wr.Series(s); err != nil {
				return err
			}
		}
	}
	return wr.Close()
}
