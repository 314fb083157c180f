package xes

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// writer writes elements.
type writer struct {
	w   *bufio.Writer
	buf []byte
}

// flush passes on what is done.
func (x *writer) flush() error {
	_, err := x.w.Write(x.buf)
	x.buf = x.buf[:0]
	return err
}

// element writes an attribute of XES. The key is a name: nothing in it needs to be
// escaped.
func (x *writer) element(kind, key, value string) {
	x.buf = append(x.buf, '<')
	x.buf = append(x.buf, kind...)
	x.buf = append(x.buf, ` key="`...)
	x.buf = append(x.buf, key...)
	x.buf = append(x.buf, `" value="`...)
	x.buf = escape(x.buf, value)
	x.buf = append(x.buf, "\"/>\n"...)
}

// text writes a string under the key always, or under optional when it is not
// empty.
func (x *writer) text(optional, always, value string) {
	if always != "" {
		x.element("string", always, value)
	} else if value != "" {
		x.element("string", optional, value)
	}
}

// identity writes the identity of an id, or of a place below it.
func (x *writer) identity(id string, place int) {
	if place >= 0 {
		id += "/" + strconv.Itoa(place)
	}
	x.element("id", "identity:id", Identity(id))
}

// rest writes what else is known of a trace or an event, in order of the keys.
func (x *writer) rest(texts map[string]string, data map[string]any) error {
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		if taken(key) {
			return fault.New(fault.Invalid, "attribute %q has a field of its own, or is no key; give another such as yuzhou:version", key)
		}
		x.element("string", encode(key), texts[key])
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		full := "data:" + key
		if _, twice := texts[full]; twice {
			return fault.New(fault.Invalid, "attribute %s is there as a text and as data; XES lets an element have it once", full)
		}
		if kind, value := typed(data[key]); kind != "" {
			x.element(kind, encode(full), value)
		}
	}
	return nil
}

// taken tells whether a key is one that the writer gives itself, or none.
func taken(key string) bool {
	switch key {
	case "", "concept:name", "concept:instance", "time:timestamp", "lifecycle:transition", "org:resource", "org:role", "org:group", "identity:id":
		return true
	}
	return false
}

// typed is a value as a case holds it with its type in XES. Lists and tables are
// written as their JSON; kind is "" for nil and for what has no form in XES.
func typed(value any) (kind, text string) {
	switch v := value.(type) {
	case nil:
		return "", ""
	case string:
		return "string", v
	case bool:
		return "boolean", strconv.FormatBool(v)
	case int64:
		return "int", strconv.FormatInt(v, 10)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", ""
		}
		return "float", strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return "date", instant(v)
	}
	b, err := json.Marshal(value)
	if err != nil {
		return "", ""
	}
	return "string", string(b)
}

// encode makes an XML name of a key that is not empty, as ISO 9075-14 does: what a
// name cannot hold is written _xHHHH_, and so is an underscore that would be read
// as the beginning of that. Different keys so have different names.
func encode(key string) string {
	if plain(key) {
		return key
	}
	var b []byte
	for i, r := range key {
		if nameStart(r) && (r != '_' || !strings.HasPrefix(key[i:], "_x")) || i > 0 && nameRest(r) {
			b = utf8.AppendRune(b, r)
		} else {
			b = fmt.Appendf(b, "_x%04X_", r)
		}
	}
	return string(b)
}

// plain tells whether a key is a name of ASCII letters and marks already.
func plain(key string) bool {
	for i, r := range key {
		if r >= 0x80 || r == '_' && strings.HasPrefix(key[i:], "_x") || !nameStart(r) && (i == 0 || !nameRest(r)) {
			return false
		}
	}
	return true
}

// nameStart and nameRest are productions 4 and 4a of XML 1.0.
func nameStart(r rune) bool {
	if r < 0x80 {
		return r == ':' || r == '_' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	}
	ranges := [...][2]rune{
		{0xC0, 0xD6},
		{0xD8, 0xF6},
		{0xF8, 0x2FF},
		{0x370, 0x37D},
		{0x37F, 0x1FFF},
		{0x200C, 0x200D},
		{0x2070, 0x218F},
		{0x2C00, 0x2FEF},
		{0x3001, 0xD7FF},
		{0xF900, 0xFDCF},
		{0xFDF0, 0xFFFC},
		{0x10000, 0xEFFFF},
	}
	for _, in := range ranges {
		if r >= in[0] && r <= in[1] {
			return true
		}
	}
	return false
}

func nameRest(r rune) bool {
	return r == '-' || r == '.' || r >= '0' && r <= '9' || r == 0xB7 || r >= 0x300 && r <= 0x36F || r == 0x203F || r == 0x2040
}

// escape appends a text as the value of an XML attribute. Line ends and tabs
// become references, for a reader would make blanks of them.
func escape(dst []byte, text string) []byte {
	for _, r := range text {
		switch r {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&#34;"...)
		case '\n':
			dst = append(dst, "&#10;"...)
		case '\r':
			dst = append(dst, "&#13;"...)
		case '\t':
			dst = append(dst, "&#9;"...)
		default:
			if r < ' ' || r == 0xFFFE || r == 0xFFFF {
				r = utf8.RuneError
			}
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
