package scxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"yuzhou/kernel/pack"
)

// The bounds of a document: far above what people draw, low enough that a hostile
// one costs little. How many states there may be and how deep says procedure.Build.
const (
	maxSource = 1 << 20 // bytes
	maxDepth  = 100     // elements within one another
)

// decode reads the document into elements; nil with a finding when it is no XML, or
// has what could make a small file a large one: a document type, entities.
func (r *reader) decode(in io.Reader) *element {
	source, err := io.ReadAll(io.LimitReader(in, maxSource+1))
	if err != nil {
		r.bad(1, "flow.xml", pack.Text{ZH: "文件无法读取：%v", EN: "the file cannot be read: %v"}, err)
		return nil
	}
	if len(source) > maxSource {
		r.bad(1, "flow.too-large", pack.Text{ZH: "文件超过 %d 字节", EN: "the file has more than %d bytes"}, maxSource)
		return nil
	}
	t := &tree{d: xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(source, []byte("\xef\xbb\xbf"))))}
	for {
		line, _ := t.d.InputPos()
		token, err := t.d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = t.take(token, line)
		}
		if syntax := (*xml.SyntaxError)(nil); errors.As(err, &syntax) {
			r.bad(syntax.Line, "flow.xml", pack.Text{ZH: "文件不是 UTF-8 编码的 XML：%s", EN: "the file is not XML in UTF-8: %s"}, syntax.Msg)
			return nil
		}
		if err != nil {
			r.bad(line, "flow.xml", pack.Text{ZH: "文件不是可读的 XML：%v", EN: "the file is not XML that is read: %v"}, err)
			return nil
		}
	}
	if t.root == nil {
		r.bad(1, "flow.xml", pack.Text{ZH: "文件是空的", EN: "the file is empty"})
	}
	return t.root
}

// tree is elements that are being read.
type tree struct {
	d    *xml.Decoder
	root *element
	open []*element // those that have not ended, the innermost last
}

func (t *tree) take(token xml.Token, line int) error {
	switch x := token.(type) {
	case xml.StartElement:
		return t.begin(x, line)
	case xml.EndElement:
		t.open = t.open[:len(t.open)-1]
	case xml.CharData:
		if len(t.open) > 0 {
			in := t.open[len(t.open)-1]
			in.text = append(in.text, x...)
		} else if len(bytes.TrimSpace(x)) > 0 {
			return errors.New("there is text outside the root element")
		}
	case xml.Directive:
		return fmt.Errorf("a document type is not read; take <!%.20s…> out", x)
	}
	return nil
}

func (t *tree) begin(x xml.StartElement, line int) error {
	e := &element{space: x.Name.Space, name: x.Name.Local, line: line}
	if e.space == standard {
		e.space = ""
	}
	seen := map[xml.Name]bool{}
	for _, a := range x.Attr {
		if seen[a.Name] {
			return fmt.Errorf("attribute %s stands twice in <%s>", a.Name.Local, e.name)
		}
		seen[a.Name] = true
		if a.Name.Space == prefix {
			return fmt.Errorf("prefix %s is not declared; add xmlns:%s=%q to the root element", prefix, prefix, own)
		}
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
			e.attrs = append(e.attrs, attribute{a.Name.Space, a.Name.Local, a.Value})
		}
	}
	switch {
	case e.space == prefix:
		return fmt.Errorf("prefix %s is not declared; add xmlns:%s=%q to the root element", prefix, prefix, own)
	case strings.HasPrefix(e.space, ownAll) && e.space != own:
		return fmt.Errorf("<%s> is of another version: namespace %s should be %s", e.name, e.space, own)
	case len(t.open) == maxDepth:
		return fmt.Errorf("elements lie more than %d deep", maxDepth)
	case len(t.open) > 0:
		up := t.open[len(t.open)-1]
		up.kids = append(up.kids, e)
	case t.root != nil:
		return errors.New("there is more than one root element")
	default:
		t.root = e
	}
	t.open = append(t.open, e)
	return nil
}
