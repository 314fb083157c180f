package sheet

import (
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/quantity"
)

func (c *checker) readValue(cl cell, o *observation.Observation) (err error) {
	if cl.text == "" {
		return fault.New(fault.Invalid, "the value is empty; leave the row out when the number is not known")
	}
	if c.number, err = readNumber(cl.text); err != nil {
		return err
	}
	if c.number.percent && !o.Quantity.Unit.IsPercent() {
		return fault.New(fault.Invalid, "%s is a percentage, but the measure is %s", quote(cl.text), measureName(o.Quantity.Unit))
	}
	o.Quantity.Value = c.number.value
	if c.number.mended {
		is := string(c.number.cmp) + c.number.value.String()
		if c.number.percent {
			is += " %"
		}
		c.mended(colValue, readAs(cl.text, is))
	}
	return nil
}

func (c *checker) readComparator(cl cell, o *observation.Observation) error {
	if cl.text == "" {
		if o.Quantity.Cmp = c.number.cmp; o.Quantity.Cmp == "" {
			o.Quantity.Cmp = quantity.Equal
		}
		return nil
	}
	cmp, err := readComparator(cl.text)
	if err != nil {
		return err
	}
	if c.number.cmp != "" && c.number.cmp != cmp {
		return fault.New(fault.Invalid, "comparator %s does not agree with the value, which says %s", quote(cl.text), c.number.cmp)
	}
	o.Quantity.Cmp = cmp
	return nil
}

func (c *checker) readKnown(cl cell, o *observation.Observation) (err error) {
	e, ok := c.memory.instants[cl.text]
	if !ok {
		if e, err = c.learnInstant(strings.Clone(cl.text)); err != nil {
			return err
		}
	}
	c.mended(colKnown, e.mend)
	if !c.today.IsZero() && !e.at.Before(startOf(c.today.End(), c.zone)) {
		return fault.New(fault.Invalid, "known since %s is after today, %s", printInstant(e.at, c.zone), c.today)
	}
	o.Known, c.key[keyInstant] = e.at, e.n
	return nil
}

func (c *checker) learnInstant(text string) (e knownInstant, err error) {
	e.at = c.opts.Known
	if text != "" {
		var mended bool
		if e.at, mended, err = readInstant(text, c.zone); err != nil {
			return e, err
		}
		if mended {
			e.mend = readAs(text, printInstant(e.at, c.zone))
		}
	}
	e.n = c.memory.number(keyInstant, e.at.UTC().String())
	c.memory.instants[text] = e
	return e, nil
}

func (c *checker) readSource(cl cell, o *observation.Observation) error {
	if o.Source.Document = cl.text; cl.text == "" {
		o.Source.Document = c.opts.Document
	}
	return nil
}

func (c *checker) readNote(cl cell, o *observation.Observation) error {
	o.Source.Note = cl.text
	return nil
}

// readPrinted keeps the printed form; where the file has none, the number in words.
func (c *checker) readPrinted(cl cell, o *observation.Observation) error {
	if o.Printed = cl.text; cl.text == "" {
		o.Printed = o.Quantity.Chinese()
	}
	return nil
}
