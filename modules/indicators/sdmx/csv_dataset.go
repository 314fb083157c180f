package sdmx

import (
	"io"
	"slices"

	"yuzhou/kernel/fault"
)

// ReadCSV reads SDMX-CSV whole into memory as the datasets of msg, whose
// Structure must be set; Context and Flow are taken from the rows. Rows that
// follow one another with one action are one dataset.
//
//   - Errors: as ScanCSV; also fault.Invalid when the rows are about more than
//     one dataflow.
func ReadCSV(r io.Reader, msg *Message) error {
	s := msg.Structure
	time := s.time()
	var sets []Dataset
	var g gather
	firstRow := true
	err := ScanCSV(r, s, func(row Row) error {
		switch {
		case firstRow:
			msg.Context, msg.Flow.Identity = row.Context, row.Flow
		case msg.Context != row.Context || msg.Flow.Identity != row.Flow:
			return fault.New(fault.Invalid, "line %d is about %s, the lines before about %s", row.Line, row.Flow, msg.Flow.Identity)
		}
		if firstRow || sets[len(sets)-1].Action != row.Action {
			sets = append(sets, Dataset{Action: row.Action, Attrs: level(s, row, LevelDataset)})
			g = gather{time: time, at: map[string]int{}}
		}
		firstRow = false
		d := &sets[len(sets)-1]
		if row.Partial {
			d.Groups = append(d.Groups, Group{Key: row.Key, Attrs: level(s, row, LevelGroup)})
			return nil
		}
		g.out = d
		g.add(s, row)
		return nil
	})
	if err != nil {
		return err
	}
	msg.Datasets = append(msg.Datasets, sets...)
	return nil
}

// add puts the observation of a row into its series.
func (g *gather) add(s Structure, row Row) {
	series := g.series(row.Key)
	if attrs := level(s, row, LevelSeries); attrs != nil && series.Attrs == nil {
		series.Attrs = attrs
	}
	o := Obs{Values: trim(row.Values), Attrs: level(s, row, LevelObs)}
	if len(o.Values) == 0 {
		o.Values = nil
	}
	if g.time >= 0 {
		o.Period = row.Key[g.time]
	}
	series.Obs = append(series.Obs, o)
}

// level returns the attributes of one level, or nil when all are absent.
func level(s Structure, row Row, l Level) []Value {
	var out []Value
	for i, a := range s.Attributes {
		if a.Level == l {
			out = append(out, row.Attrs[i])
		}
	}
	if out = trim(out); len(out) == 0 {
		return nil
	}
	return slices.Clip(out)
}
