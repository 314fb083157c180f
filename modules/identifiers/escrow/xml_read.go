package escrow

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// maxChange is how many bytes of XML one record may have: far above what a record of
// the protocol takes, and what a reader keeps in memory at most.
const maxChange = 64 << 20

// meter fails when more than maxChange bytes were read since it was last reset, so
// that a volume cannot fill the memory of who reads it.
type meter struct {
	in   io.Reader
	left int
}

func (m *meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, fault.New(fault.Invalid, "a record has more than %d bytes of XML", maxChange)
	}
	n, err := m.in.Read(p)
	m.left -= n
	return n, err
}

// changes reads the XML of a volume.
type changes struct {
	tokens *xml.Decoder
	meter  *meter
}

func newChanges(in io.Reader) *changes {
	m := &meter{in: in, left: maxChange}
	return &changes{tokens: xml.NewDecoder(m), meter: m}
}

// wrong returns a fault that names the line.
func (c *changes) wrong(format string, args ...any) error {
	line, _ := c.tokens.InputPos()
	return fault.New(fault.Invalid, "line %d of the volume: "+format, append([]any{line}, args...)...)
}

// token returns the next start, end or text; white space between elements is passed.
func (c *changes) token() (xml.Token, error) {
	for {
		t, err := c.tokens.RawToken()
		if err != nil {
			return nil, c.failed(err)
		}
		switch t := t.(type) {
		case xml.StartElement, xml.EndElement:
			return t, nil
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return nil, c.wrong("text %.40q stands between elements", string(t))
			}
		case xml.ProcInst:
			if t.Target != "xml" {
				return nil, c.wrong("a processing instruction has no place here")
			}
		default:
			return nil, c.wrong("comments and declarations have no place here")
		}
	}
}

// failed says why there is no token.
func (c *changes) failed(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return c.wrong("the document ends in the middle")
	case fault.KindOf(err) != "":
		return err
	}
	return c.wrong("%v", err)
}

// open returns the start of the next element within one, or ok false at its end.
// RawToken, which is twice as fast as Token, pairs no ends with starts: that is done
// here and in text.
func (c *changes) open(within string) (xml.StartElement, bool, error) {
	t, err := c.token()
	if err != nil {
		return xml.StartElement{}, false, err
	}
	start, ok := t.(xml.StartElement)
	if ok && start.Name.Space != "" {
		return start, false, c.wrong("element %s:%s has a prefix", start.Name.Space, start.Name.Local)
	}
	if end, closed := t.(xml.EndElement); closed && (end.Name.Local != within || end.Name.Space != "") {
		return start, false, c.wrong("</%s> stands where <%s> should end", end.Name.Local, within)
	}
	return start, ok, nil
}

// text reads the text of an element up to its end.
func (c *changes) text(element string) (string, error) {
	var b strings.Builder
	for {
		t, err := c.tokens.RawToken()
		if err != nil {
			return "", c.failed(err)
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			if t.Name.Local != element {
				return "", c.wrong("</%s> closes <%s>", t.Name.Local, element)
			}
			return b.String(), nil
		default:
			return "", c.wrong("<%s> holds more than text", element)
		}
	}
}

// close reads the end of an element that holds nothing.
func (c *changes) close(element string) error {
	s, err := c.text(element)
	if err == nil && s != "" {
		err = c.wrong("<%s> holds text", element)
	}
	return err
}

// attrs are the attributes of one element, taken one by one.
type attrs struct {
	of   *changes
	name string
	left []xml.Attr
	err  error
}

func (c *changes) attrs(e xml.StartElement) *attrs {
	return &attrs{of: c, name: e.Name.Local, left: e.Attr}
}

// take removes and returns an attribute.
func (a *attrs) take(name string) (string, bool) {
	for i, attr := range a.left {
		if attr.Name.Local == name && attr.Name.Space == "" {
			a.left = append(a.left[:i:i], a.left[i+1:]...)
			return attr.Value, true
		}
	}
	return "", false
}

func (a *attrs) fail(format string, args ...any) {
	if a.err == nil {
		a.err = a.of.wrong("<%s>: "+format, append([]any{a.name}, args...)...)
	}
}

// text takes an attribute that appendAttr wrote.
func (a *attrs) text(name string) string {
	if s, ok := a.take(name); ok {
		return s
	}
	s, ok := a.take(name + "64")
	if !ok {
		a.fail("attribute %s is missing", name)
		return ""
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		a.fail("%s64 %.40q is not base64", name, s)
	}
	return string(b)
}

// number takes a number of so many bits.
func (a *attrs) number(name string, bits int) uint32 {
	s, ok := a.take(name)
	if !ok {
		a.fail("attribute %s is missing", name)
		return 0
	}
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		a.fail("%s %.40q is no number of %d bits", name, s, bits)
	}
	return uint32(n) //nolint:gosec // bits is at most 32
}

// end returns what was wrong, also what is left.
func (a *attrs) end() error {
	if len(a.left) > 0 {
		a.fail("attribute %s is unknown or there twice", a.left[0].Name.Local)
	}
	return a.err
}

// start reads the beginning of a volume and holds that it is the one of a deposit.
func (c *changes) start(d Deposit, volume int) error {
	e, ok, err := c.open("")
	if err != nil {
		return err
	}
	if !ok || e.Name.Local != "deposit" {
		return c.wrong("the document begins with <%s>, want <deposit>", e.Name.Local)
	}
	a := c.attrs(e)
	kind, id, n, prefix, watermark := a.text("type"), a.text("id"), a.number("volume", 31), a.text("prefix"), a.text("watermark")
	if err := a.end(); err != nil {
		return err
	}
	want := string(appendStart(nil, d, volume))
	got := d
	got.Type, got.ID, got.Prefix = Type(kind), id, prefix
	if at, err := parseInstant(watermark); err == nil {
		got.Watermark = at
	}
	if string(appendStart(nil, got, int(n))) != want {
		return c.wrong("this is volume %d of %s deposit %.64q of %.128q at %.40s; wanted is volume %d of %s deposit %q of %q", n, kind, id, prefix, watermark, volume, d.Type, d.ID, d.Prefix)
	}
	return nil
}

// next returns the next change, and io.EOF behind the last.
func (c *changes) next() (Change, error) {
	c.meter.left = maxChange
	e, ok, err := c.open("deposit")
	switch {
	case err != nil:
		return Change{}, err
	case !ok:
		return Change{}, c.end()
	case e.Name.Local == "deleted":
		a := c.attrs(e)
		name := a.name64()
		if err := a.end(); err != nil {
			return Change{}, err
		}
		return Change{Record: handle.Record{Name: name}, Deleted: true}, c.close("deleted")
	case e.Name.Local == "record":
		return c.record(e)
	}
	return Change{}, c.wrong("<%s> is neither <record> nor <deleted>", e.Name.Local)
}

// end holds that nothing is left behind </deposit>.
func (c *changes) end() error {
	t, err := c.tokens.RawToken()
	for err == nil {
		s, ok := t.(xml.CharData)
		if !ok || strings.TrimSpace(string(s)) != "" {
			return c.wrong("something stands behind </deposit>")
		}
		t, err = c.tokens.RawToken()
	}
	return err
}

// name64 takes the name of an identifier.
func (a *attrs) name64() handle.Name {
	s := a.text("name")
	name, err := handle.Parse(s)
	if err != nil {
		a.fail("%v", err)
	}
	return name
}

func (c *changes) record(e xml.StartElement) (Change, error) {
	a := c.attrs(e)
	r := handle.Record{Name: a.name64()}
	if err := a.end(); err != nil {
		return Change{}, err
	}
	for {
		e, ok, err := c.open("record")
		if err != nil {
			return Change{}, err
		}
		if !ok {
			return Change{Record: r}, r.Check()
		}
		if e.Name.Local != "value" || len(r.Values) == handle.MaxValues {
			return Change{}, c.wrong("<record> %.80q holds <%s> or too many values", r.Name, e.Name.Local)
		}
		v, err := c.value(e)
		if err != nil {
			return Change{}, err
		}
		r.Values = append(r.Values, v)
	}
}

func (c *changes) value(e xml.StartElement) (handle.Value, error) {
	a := c.attrs(e)
	v := handle.Value{Index: a.number("index", 32), Type: a.text("type")}
	if s, ok := a.take("expires"); ok {
		a.left = append(a.left, xml.Attr{Name: xml.Name{Local: "ttl"}, Value: s})
		v.TTL.Absolute = true
	}
	v.TTL.Seconds = a.number("ttl", 32)
	v.Perm, v.Timestamp = handle.Perm(a.number("permissions", 8)), a.number("changed", 32) //nolint:gosec // 8 bits were asked for
	if err := a.end(); err != nil {
		return v, err
	}
	for {
		e, ok, err := c.open("value")
		if err != nil || !ok {
			return v, err
		}
		if err := c.part(e, &v); err != nil {
			return v, err
		}
	}
}

// part reads one element of a value.
func (c *changes) part(e xml.StartElement, v *handle.Value) error {
	a := c.attrs(e)
	switch name := e.Name.Local; {
	case name == "data" && v.Data == nil && v.References == nil, name == "data64" && v.Data == nil && v.References == nil:
		if err := a.end(); err != nil {
			return err
		}
		s, err := c.text(name)
		if err != nil {
			return err
		}
		v.Data = []byte(s)
		if name == "data64" {
			if v.Data, err = base64.StdEncoding.Strict().DecodeString(s); err != nil {
				return c.wrong("<data64> %.40q is not base64", s)
			}
		}
		return nil
	case name == "reference" && len(v.References) < handle.MaxValues:
		v.References = append(v.References, handle.Reference{Name: handle.Name(a.text("name")), Index: a.number("index", 32)})
		if err := a.end(); err != nil {
			return err
		}
		return c.close("reference")
	}
	return c.wrong("<%s> has no place here in a value, or is there twice", e.Name.Local)
}
