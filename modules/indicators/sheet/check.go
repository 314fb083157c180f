package sheet

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/ref"
)

// checker turns records into observations.
type checker struct {
	opts   Options
	zone   *time.Location
	today  period.Period // the day
	layout layout
	memory *memory
	steps  []step

	// of the row at hand
	def      observation.Indicator
	key      key
	number   number
	mends    []string
	mendedAt column
}

// step reads one column into an observation. Later steps rely on earlier ones.
type step struct {
	col  column
	read func(*checker, cell, *observation.Observation) error
}

func newChecker(opts Options) *checker {
	c := &checker{opts: opts, zone: opts.Zone, memory: newMemory()}
	if c.zone == nil {
		c.zone = time.UTC
	}
	if !opts.Today.IsZero() {
		c.today = period.Of(opts.Today.In(c.zone), period.Day)
	}
	if opts.Status == "" {
		c.opts.Status = observation.Reported
	}
	c.steps = []step{
		{colIndicator, (*checker).readIndicator},
		{colUnit, (*checker).readUnit},
		{colStatus, (*checker).readStatus},
		{colPeriod, (*checker).readPeriod},
		{colMeasure, (*checker).readMeasure},
		{colValue, (*checker).readValue},
		{colComparator, (*checker).readComparator},
		{colKnown, (*checker).readKnown},
		{colSource, (*checker).readSource},
		{colNote, (*checker).readNote},
		{colPrinted, (*checker).readPrinted},
	}
	return c
}

// required lists the columns without which no row can be read.
func (c *checker) required() []column {
	all := []column{colIndicator, colUnit, colPeriod, colValue}
	if c.opts.DefaultUnit != "" {
		return slices.DeleteFunc(all, func(col column) bool { return col == colUnit })
	}
	return all
}

// row reads a record into o and says what became of it.
func (c *checker) row(rec record, o *observation.Observation) Verdict {
	c.mends, c.number, c.key = c.mends[:0], number{}, key{}
	if v, ok := c.surplus(rec); !ok {
		return v
	}
	for _, s := range c.steps {
		cl := c.cell(rec, s.col)
		if cl.flaw != "" {
			*o = observation.Observation{}
			return c.verdict(rec, s.col, "the cell "+cl.flaw)
		}
		c.mended(s.col, cl.mend)
		if err := s.read(c, cl, o); err != nil {
			*o = observation.Observation{}
			return c.verdict(rec, s.col, err.Error())
		}
	}
	if earlier, ok := c.memory.add(c.key, rec.line); !ok {
		why := "the number of " + o.Indicator + ", " + o.Unit + ", " + o.Period.String()
		if since := printInstant(o.Known, c.zone); len(since) == len(time.DateOnly) { // a mere instant is the time of the import
			why += " known since " + since
		}
		why += " stands in line " + strconv.Itoa(earlier) + " already"
		*o = observation.Observation{}
		return c.verdict(rec, colPeriod, why)
	}
	if len(c.mends) == 0 {
		return Verdict{Line: rec.line, OK: true}
	}
	v := c.verdict(rec, c.mendedAt, strings.Join(c.mends, "; "))
	v.OK, v.Mended = true, true
	return v
}

// surplus refuses text to the right of the heading: in CSV it is what an unquoted
// comma leaves behind, and then every cell may be in the wrong column.
func (c *checker) surplus(rec record) (Verdict, bool) {
	for i, cl := range rec.cells {
		if cl.empty() || c.layout.name(i) != "" {
			continue
		}
		return Verdict{
			Line: rec.line, Cell: cellName(i, rec.number), Value: clip(cl.text),
			Reason: "the cell stands in a column without a heading; perhaps a comma within a cell, as in 48,838, is not between quotation marks",
		}, false
	}
	return Verdict{}, true
}

func (c *checker) cell(rec record, col column) cell {
	if i := c.layout.at[col]; i >= 0 && i < len(rec.cells) {
		return rec.cells[i]
	}
	return cell{}
}

// verdict blames a column of a record.
func (c *checker) verdict(rec record, col column, reason string) Verdict {
	v := Verdict{Line: rec.line, Column: col.String(), Reason: reason}
	if i := c.layout.at[col]; i >= 0 {
		v.Cell, v.Column = cellName(i, rec.number), c.layout.name(i)
	}
	v.Value = clip(c.cell(rec, col).text)
	return v
}

// mended notes how a cell was changed to be read; "" says that it was not.
func (c *checker) mended(col column, what string) {
	if what == "" {
		return
	}
	if len(c.mends) == 0 {
		c.mendedAt = col
	}
	c.mends = append(c.mends, what)
}

// readAs is the sentence for a cell that was mended.
func readAs(was, is string) string { return quote(was) + " was read as " + is }

func (c *checker) readIndicator(cl cell, o *observation.Observation) (err error) {
	e, ok := c.memory.indicators[cl.text]
	if !ok {
		if e, err = c.learnIndicator(strings.Clone(cl.text)); err != nil {
			return err
		}
	}
	c.mended(colIndicator, e.mend)
	o.Indicator, c.def, c.key[keyIndicator] = e.def.ID, e.def, e.n
	return nil
}

// The learn functions understand a text once; it is a copy, as the memory must
// not hold on to the whole line.
func (c *checker) learnIndicator(text string) (e knownIndicator, err error) {
	if text == "" {
		return e, fault.New(fault.Invalid, "the indicator is empty")
	}
	def, known := c.opts.Lookup(text)
	if !known {
		hint := ""
		if c.opts.Suggest != nil {
			hint = c.opts.Suggest(text)
		}
		return e, fault.New(fault.Invalid, "there is no indicator %s%s", quote(text), hint)
	}
	e = knownIndicator{def: def, n: c.memory.number(keyIndicator, def.ID)}
	if def.ID != text {
		e.mend = readAs(text, def.ID)
	}
	c.memory.indicators[text] = e
	return e, nil
}

func (c *checker) readUnit(cl cell, o *observation.Observation) (err error) {
	e, ok := c.memory.units[cl.text]
	if !ok {
		if e, err = c.learnUnit(strings.Clone(cl.text)); err != nil {
			return err
		}
	}
	c.mended(colUnit, e.mend)
	o.Unit, c.key[keyUnit] = e.code, e.n
	return nil
}

func (c *checker) learnUnit(text string) (e knownUnit, err error) {
	code, err := c.place(text)
	if err != nil {
		return e, err
	}
	e = knownUnit{code: code, n: c.memory.number(keyUnit, code)}
	if text != "" && code != text {
		e.mend = readAs(text, code)
	}
	c.memory.units[text] = e
	return e, nil
}

// place returns the code of the unit that a cell names.
func (c *checker) place(text string) (string, error) {
	switch {
	case text == "" && c.opts.DefaultUnit == "":
		return "", fault.New(fault.Invalid, "the unit is empty; write the code of the place, such as 500103")
	case text == "":
		return c.opts.DefaultUnit, nil
	case c.opts.Place != nil:
		code, ok := c.opts.Place(text)
		if !ok {
			return "", fault.New(fault.Invalid, "there is no unit %s; write the code of the place, such as 500103", quote(text))
		}
		return code, nil
	}
	if r, err := ref.Parse("0/" + text); err != nil || strings.Contains(r.Path(), "/") {
		return "", fault.New(fault.Invalid, "unit %s is not a code of letters, digits and -_.~@:", quote(text))
	}
	return text, nil
}

func (c *checker) readStatus(cl cell, o *observation.Observation) (err error) {
	if cl.text == "" {
		o.Status = c.opts.Status
		return nil
	}
	o.Status, err = readStatus(cl.text)
	return err
}

// readStatus reads a status by its id, whatever its case, or its Chinese word.
func readStatus(s string) (observation.Status, error) {
	switch s {
	case "预计":
		return observation.Estimate, nil
	case "快报":
		return observation.Flash, nil
	case "初步":
		return observation.Preliminary, nil
	case "公布":
		return observation.Reported, nil
	case "最终":
		return observation.Final, nil
	case "修订":
		return observation.Revised, nil
	case "声称":
		return observation.Claim, nil
	case "目标":
		return observation.Target, nil
	case "推算":
		return observation.Derived, nil
	case "演示":
		return observation.Demo, nil
	case "撤回", "已撤回":
		return observation.Withdrawn, nil
	}
	return observation.ParseStatus(strings.ToLower(clip(s)))
}

func (c *checker) readPeriod(cl cell, o *observation.Observation) (err error) {
	e, ok := c.memory.periods[cl.text]
	if !ok {
		if e, err = c.learnPeriod(strings.Clone(cl.text)); err != nil {
			return err
		}
	}
	c.mended(colPeriod, e.mend)
	o.Period, c.key[keyPeriod] = e.period, e.n
	ahead := o.Status == observation.Target || o.Status == observation.Estimate
	if !ahead && !c.today.IsZero() && e.period.Start().After(c.today.Start()) {
		return fault.New(fault.Invalid, "period %s begins after today, %s; only a target (目标) or an estimate (预计) may lie ahead", e.period, c.today)
	}
	return nil
}

func (c *checker) learnPeriod(text string) (e knownPeriod, err error) {
	if text == "" {
		return e, fault.New(fault.Invalid, "the period is empty")
	}
	p, mended, err := readPeriod(text)
	if err != nil {
		return e, err
	}
	e = knownPeriod{period: p, n: c.memory.number(keyPeriod, p.String())}
	if mended {
		e.mend = readAs(text, p.String())
	}
	c.memory.periods[text] = e
	return e, nil
}

func (c *checker) readMeasure(cl cell, o *observation.Observation) (err error) {
	want := c.def.Unit
	if cl.text == "" {
		o.Quantity.Unit = want
		return nil
	}
	e, ok := c.memory.measures[cl.text]
	if !ok {
		if e, err = c.learnMeasure(strings.Clone(cl.text)); err != nil {
			return err
		}
	}
	c.mended(colMeasure, e.mend)
	if !e.unit.Same(want) {
		return fault.New(fault.Invalid, "measure %s does not convert into the indicator's %s", quote(cl.text), measureName(want))
	}
	o.Quantity.Unit = e.unit
	return nil
}

func (c *checker) learnMeasure(text string) (e knownMeasure, err error) {
	if e.unit, err = quantity.ParseUnit(text); err != nil {
		half := halfWidth(text) // ％ for %
		if e.unit, err = quantity.ParseUnit(half); err != nil {
			return e, fault.New(fault.Invalid, "measure %s is not a known unit; the indicator is in %s", quote(text), measureName(c.def.Unit))
		}
		e.mend = readAs(text, half)
	}
	c.memory.measures[text] = e
	return e, nil
}

func measureName(u quantity.Unit) string {
	if u.String() == "" {
		return "bare number (leave the cell empty)"
	}
	return u.String()
}
