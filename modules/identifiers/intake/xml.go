package intake

import (
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"strconv"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// An XML file is a list of identifiers, each with values, or with the fields of a
// template:
//
//	<identifiers>
//	  <identifier name="88.118.2/gb-1">
//	    <value index="1" type="URL">https://factory.example/gb/1</value>
//	    <field name="model">RV-40</field>
//	  </identifier>
//	</identifiers>

// xmlIdentifier is one element of the list.
type xmlIdentifier struct {
	Name   string     `xml:"name,attr"`
	Suffix string     `xml:"suffix,attr"`
	Values []xmlValue `xml:"value"`
	Fields []xmlField `xml:"field"`
}

type xmlValue struct {
	Index string `xml:"index,attr"`
	Type  string `xml:"type,attr"`
	TTL   string `xml:"ttl,attr"`
	Text  string `xml:",chardata"`
}

type xmlField struct {
	Name string `xml:"name,attr"`
	Text string `xml:",chardata"`
}

func readXML(r io.Reader, o Options) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		room := &budget{r: r}
		l := &list{d: xml.NewDecoder(room), o: o}
		for !l.ended {
			room.renew()
			row, err := l.next()
			if err != nil {
				line, _ := l.d.InputPos()
				row, l.ended = broken(line, err), true
			}
			if row.Line > 0 && !yield(row) {
				return
			}
		}
	}
}

// list is an XML file under way.
type list struct {
	d      *xml.Decoder
	o      Options
	inside bool // of the root
	ended  bool
}

// next reads a piece of the file; the row has no line when the piece is none.
func (l *list) next() (Row, error) {
	token, err := l.d.Token()
	if errors.Is(err, io.EOF) && !l.inside {
		l.ended = true
		return Row{}, nil
	}
	switch e := token.(type) {
	case xml.StartElement:
		if l.inside {
			line, _ := l.d.InputPos()
			return element(l.d, e, l.o, line)
		}
		l.inside = true
	case xml.EndElement:
		l.inside = false
	}
	return Row{}, err
}

// element reads one identifier. The error is the file's, not the row's.
func element(d *xml.Decoder, start xml.StartElement, o Options, line int) (Row, error) {
	var e xmlIdentifier
	if err := d.DecodeElement(&e, &start); err != nil {
		return Row{}, err
	}
	out := Row{Line: line}
	if start.Name.Local != "identifier" {
		out.Err = at(line, fault.Say(fault.Invalid, "元素 <%s> 应是 <identifier>", "element <%s> is not <identifier>", start.Name.Local))
		return out, nil
	}
	name := e.Name
	if name == "" && e.Suffix != "" {
		name = o.Prefix + "/" + e.Suffix
	}
	values := make([]handle.Value, 0, len(e.Values))
	for _, v := range e.Values {
		made, err := v.value(o.At)
		if err != nil {
			out.Err = at(line, err)
			return out, nil
		}
		values = append(values, made)
	}
	fields := map[string]string{}
	for _, f := range e.Fields {
		fields[f.Name] = f.Text
	}
	if o.Template == nil && len(fields) > 0 || o.Template != nil && len(values) > 0 {
		out.Err = at(line, fault.Say(fault.Invalid, "有模板时写 <field>，没有模板时写 <value>", "with a template there are <field>s, without one <value>s"))
		return out, nil
	}
	return o.finish(out, name, fields, values), nil
}

func (v xmlValue) value(timestamp uint32) (handle.Value, error) {
	index, err := strconv.ParseUint(v.Index, 10, 32)
	if err != nil {
		return handle.Value{}, fault.Say(fault.Invalid, "序号 %q 不是数字", "index %q is no number", v.Index)
	}
	out := value(uint32(index), v.Type, v.Text, timestamp)
	if v.TTL != "" {
		ttl, err := strconv.ParseUint(v.TTL, 10, 32)
		if err != nil {
			return out, fault.Say(fault.Invalid, "ttl %q 不是秒数", "ttl %q is no number of seconds", v.TTL)
		}
		out.TTL.Seconds = uint32(ttl)
	}
	return out, nil
}
