package pack

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile is the largest YAML file that is read, in bytes.
const maxFile = 8 << 20

// Read reads a YAML file into a T. Struct fields are named by `pack:"name"`; a
// key must be there unless its tag says optional; embedded structs lie flat in
// their parent; a field of type Pos is filled in with the place. What is wrong is
// recorded as findings and the affected fields stay zero.
func Read[T any](p *Pack, name string) T {
	var out T
	text, err := fs.ReadFile(p.files, name)
	switch {
	case err != nil:
		p.Bad(Pos{name, 1}, "pack.missing-file", "file %s is not in the pack", name)
		return out
	case len(text) > maxFile:
		p.Bad(Pos{name, 1}, "pack.too-large", "file %s has %d bytes, at most %d are read", name, len(text), maxFile)
		return out
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		text = text[3:]
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		p.Bad(Pos{name, lineOf(err)}, "pack.yaml", "%s is not YAML in UTF-8: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
		return out
	}
	var more yaml.Node
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		p.Bad(Pos{name, max(more.Line, 1)}, "pack.yaml", "%s holds more than one document; one is read", name)
	}
	r := reader{p, name}
	r.value(doc.Content[0], reflect.ValueOf(&out).Elem(), "")
	return out
}

// lineOf finds the line in the YAML library's message, which has no field for it.
func lineOf(err error) int {
	_, rest, _ := strings.Cut(err.Error(), "line ")
	digits, _, _ := strings.Cut(rest, ":")
	if n, err := strconv.Atoi(digits); err == nil {
		return n
	}
	return 1
}

type reader struct {
	p    *Pack
	file string
}

func (r reader) bad(n *yaml.Node, rule, format string, args ...any) {
	r.p.Bad(Pos{r.file, n.Line}, rule, format, args...)
}

// value reads n into v; path names it for messages ("figures[3].unit").
func (r reader) value(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode {
		r.bad(n, "pack.alias", "%s: aliases are not read; write the value out", path)
		return
	}
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		r.text(n, u, path)
		return
	}
	switch v.Kind() { //nolint:exhaustive // the kinds that packs are made of; default says so
	case reflect.Struct:
		r.object(n, v, path)
	case reflect.Slice:
		r.list(n, v, path)
	case reflect.Map:
		r.table(n, v, path)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.value(n, v.Elem(), path)
	default:
		r.scalar(n, v, path)
	}
}

func (r reader) text(n *yaml.Node, u encoding.TextUnmarshaler, path string) {
	if n.Kind != yaml.ScalarNode {
		r.bad(n, "pack.type", "%s is %s, not one value", path, kindName(n))
		return
	}
	if err := u.UnmarshalText([]byte(n.Value)); err != nil {
		r.bad(n, "pack.value", "%s: %v", path, err)
	}
}

func (r reader) scalar(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		r.bad(n, "pack.type", "%s is %s, not one value", path, kindName(n))
		return
	}
	switch v.Kind() { //nolint:exhaustive // as in value
	case reflect.String:
		v.SetString(n.Value)
	case reflect.Int:
		i, err := strconv.Atoi(n.Value)
		if err != nil {
			r.bad(n, "pack.value", "%s: %q is not a whole number", path, n.Value)
		}
		v.SetInt(int64(i))
	case reflect.Bool:
		b, err := strconv.ParseBool(n.Value)
		if err != nil {
			r.bad(n, "pack.value", "%s: %q is neither true nor false", path, n.Value)
		}
		v.SetBool(b)
	default:
		r.bad(n, "pack.type", "%s: a %s cannot be read from a pack", path, v.Type())
	}
}

func (r reader) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		r.bad(n, "pack.type", "%s is %s, not a list", path, kindName(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, c := range n.Content {
		r.value(c, v.Index(i), fmt.Sprintf("%s[%d]", path, i+1))
	}
}

func (r reader) table(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		r.bad(n, "pack.type", "%s is %s, not a table", path, kindName(n))
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		e := reflect.New(v.Type().Elem()).Elem()
		r.value(n.Content[i+1], e, join(path, n.Content[i].Value))
		v.SetMapIndex(reflect.ValueOf(n.Content[i].Value), e)
	}
}

// field is one key of a struct.
type field struct {
	v        reflect.Value
	optional bool
	seen     bool
}

func (r reader) object(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		r.bad(n, "pack.type", "%s is %s, not a table of keys", orWhole(path), kindName(n))
		return
	}
	fields, order := map[string]*field{}, []string{}
	r.collect(n, v, fields, &order)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		f, ok := fields[key.Value]
		switch {
		case !ok:
			slices.Sort(order)
			r.bad(key, "pack.unknown-key", "%s: key %q is not known; known are %s", orWhole(path), key.Value, strings.Join(order, ", "))
		case f.seen:
			r.bad(key, "pack.duplicate-key", "%s: key %q stands twice", orWhole(path), key.Value)
		default:
			f.seen = true
			r.value(n.Content[i+1], f.v, join(path, key.Value))
		}
	}
	for _, name := range order {
		if f := fields[name]; !f.seen && !f.optional {
			r.bad(n, "pack.missing-key", "%s: key %q is missing", orWhole(path), name)
		}
	}
}

// collect lists the keys of v's type and fills in its Pos.
func (r reader) collect(n *yaml.Node, v reflect.Value, fields map[string]*field, order *[]string) {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		if pos, ok := reflect.TypeAssert[*Pos](v.Field(i).Addr()); ok {
			*pos = Pos{r.file, n.Line}
			continue
		}
		tag, ok := sf.Tag.Lookup("pack")
		if sf.Anonymous && !ok {
			r.collect(n, v.Field(i), fields, order)
			continue
		}
		if !ok {
			continue // filled in by the module, not by the file
		}
		name, opt, _ := strings.Cut(tag, ",")
		fields[name] = &field{v: v.Field(i), optional: opt == "optional"}
		*order = append(*order, name)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func orWhole(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a table of keys"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		return fmt.Sprintf("the value %q", n.Value)
	case yaml.DocumentNode, yaml.AliasNode:
	}
	return "something else"
}
