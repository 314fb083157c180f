package procedure

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"yuzhou/engine/flow/guard"
	"yuzhou/kernel/pack"
)

// Schema is what the key schema of a procedure says.
const Schema = "yuzhou.procedure/v1"

// The bounds of a document: far above what people write, low enough that a hostile
// one costs little.
const (
	maxSource = 1 << 20 // bytes
	maxStates = 2000
	maxDepth  = 32
)

// Parse reads a procedure strictly: an unknown key, a wrong type, an expression
// that does not compile or a target that is no state is a finding with its line, and
// all findings come in one run. What else must hold is for Check.
//
//   - name: of the file, for the findings.
//   - source: YAML in UTF-8 of schema yuzhou.procedure/v1, at most 1 MiB.
//   - Result: the procedure, nil when one of the findings is an error; findings by line.
func Parse(name string, source []byte) (*Procedure, []pack.Finding) {
	r := &reader{file: name, states: map[string]*State{}, p: &Procedure{Source: source}}
	sum := sha256.Sum256(source)
	r.p.Digest = hex.EncodeToString(sum[:])
	return r.whole(r.decode(source))
}

// Build is Parse for a document that another notation has been turned into: a tree
// of YAML nodes whose lines are those of that notation. What Print writes is taken
// for the source.
func Build(name string, n *yaml.Node) (*Procedure, []pack.Finding) {
	r := &reader{file: name, states: map[string]*State{}, p: &Procedure{}}
	p, findings := r.whole(n)
	if p == nil {
		return nil, findings
	}
	source, err := Print(p)
	if err != nil {
		r.bad(1, "flow.yaml", pack.Text{ZH: "无法写成 YAML：%v", EN: "it cannot be written as YAML: %v"}, err)
		return nil, r.findings
	}
	sum := sha256.Sum256(source)
	p.Source, p.Digest = source, hex.EncodeToString(sum[:])
	return p, findings
}

// whole reads the document; nil is one that is no YAML.
func (r *reader) whole(n *yaml.Node) (*Procedure, []pack.Finding) {
	if n != nil {
		r.procedure(n)
		r.resolve()
	}
	slices.SortStableFunc(r.findings, func(a, b pack.Finding) int { return cmp.Compare(a.Line, b.Line) })
	if slices.ContainsFunc(r.findings, func(f pack.Finding) bool { return f.Severity == pack.Error }) {
		return nil, r.findings
	}
	return r.p, r.findings
}

// reader reads one document. It goes on after a mistake so that the next ones are
// found too.
type reader struct {
	file     string
	p        *Procedure
	findings []pack.Finding
	states   map[string]*State
	aims     []aim
	depth    int // of states
}

// aim is a transition whose targets are resolved once all states are known.
type aim struct {
	t    *Transition
	ids  []string
	path string
}

// bad records an error; zh and en are formats of the same arguments.
func (r *reader) bad(line int, rule string, t pack.Text, args ...any) {
	r.findings = append(r.findings, pack.Finding{
		Severity: pack.Error, Rule: rule, File: r.file, Line: max(line, 1),
		Text: fmt.Sprintf(t.EN, args...), ZH: fmt.Sprintf(t.ZH, args...),
	})
}

// decode returns the document's table; nil when there is none.
func (r *reader) decode(source []byte) *yaml.Node {
	if len(source) > maxSource {
		r.bad(1, "flow.too-large", pack.Text{ZH: "文件有 %d 字节，最多读取 %d 字节", EN: "the file has %d bytes, at most %d are read"}, len(source), maxSource)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(source, []byte("\xef\xbb\xbf"))))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		why := strings.TrimPrefix(err.Error(), "yaml: ")
		if errors.Is(err, io.EOF) {
			why = "it is empty"
		}
		r.bad(lineOf(err), "flow.yaml", pack.Text{ZH: "文件不是 UTF-8 编码的 YAML：%s", EN: "the file is not YAML in UTF-8: %s"}, why)
		return nil
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		r.bad(more.Line, "flow.yaml", pack.Text{ZH: "文件里不止一个文档；只应有一个", EN: "the file holds more than one document; one is read"})
	}
	if len(doc.Content) != 1 {
		return nil
	}
	return doc.Content[0]
}

// lineOf finds the line in the YAML library's message, which has no field for it.
func lineOf(err error) int {
	_, rest, _ := strings.Cut(err.Error(), "line ")
	digits, _, _ := strings.Cut(rest, ":")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 1
	}
	return n
}

// key is one key that a table may have.
type key struct {
	name     string
	required bool
	read     func(n *yaml.Node, path string)
}

// table reads a table of known keys.
func (r *reader) table(n *yaml.Node, path string, keys []key) {
	seen := map[string]bool{}
	r.entries(n, path, func(k, v *yaml.Node, at string) {
		i := slices.IndexFunc(keys, func(known key) bool { return known.name == k.Value })
		if i < 0 {
			names := make([]string, len(keys))
			for j, known := range keys {
				names[j] = known.name
			}
			r.bad(k.Line, "flow.unknown-key", pack.Text{ZH: "%s：没有 %q 这个键%s；可用的有 %s", EN: "%s: key %q is not known%s; known are %s"},
				orWhole(path), k.Value, guess(k.Value, names), strings.Join(names, ", "))
			return
		}
		seen[k.Value] = true
		keys[i].read(v, at)
	})
	if n.Kind != yaml.MappingNode {
		return
	}
	for _, k := range keys {
		if k.required && !seen[k.name] {
			r.bad(n.Line, "flow.missing-key", pack.Text{ZH: "%s：缺少键 %q", EN: "%s: key %q is missing"}, orWhole(path), k.name)
		}
	}
}

// entries calls fn for each entry of a table, in order, once for each key.
func (r *reader) entries(n *yaml.Node, path string, fn func(k, v *yaml.Node, at string)) {
	if n.Kind != yaml.MappingNode {
		r.bad(n.Line, "flow.type", pack.Text{ZH: "%s 应是键值表，这里是 %s", EN: "%s should be a table of keys; here is %s"}, orWhole(path), show(n))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join(path, k.Value)
		switch line, twice := seen[k.Value]; {
		case k.Kind != yaml.ScalarNode:
			r.bad(k.Line, "flow.type", pack.Text{ZH: "%s：键应是一个词，这里是 %s", EN: "%s: a key is one word; here is %s"}, orWhole(path), show(k))
		case twice:
			r.bad(k.Line, "flow.duplicate-key", pack.Text{ZH: "%s：键 %q 重复，第 %d 行已有", EN: "%s: key %q stands already in line %d"}, orWhole(path), k.Value, line)
		case v.Kind == yaml.AliasNode:
			r.bad(v.Line, "flow.type", pack.Text{ZH: "%s：不支持 YAML 别名，请写出全文", EN: "%s: aliases are not read; write the value out"}, at)
		default:
			seen[k.Value] = k.Line
			fn(k, v, at)
		}
	}
}

// items calls fn for each entry of a list.
func (r *reader) items(n *yaml.Node, path string, fn func(n *yaml.Node, at string)) {
	if n.Kind != yaml.SequenceNode {
		r.bad(n.Line, "flow.type", pack.Text{ZH: "%s 应是列表，这里是 %s", EN: "%s should be a list; here is %s"}, path, show(n))
		return
	}
	for i, c := range n.Content {
		fn(c, fmt.Sprintf("%s[%d]", path, i+1))
	}
}

func (r *reader) text(n *yaml.Node, path string) string {
	if n.Kind != yaml.ScalarNode {
		r.bad(n.Line, "flow.type", pack.Text{ZH: "%s 应是一个值，这里是 %s", EN: "%s should be one value; here is %s"}, path, show(n))
		return ""
	}
	return n.Value
}

func (r *reader) boolean(n *yaml.Node, path string) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		r.bad(n.Line, "flow.type", pack.Text{ZH: "%s 应是 true 或 false，这里是 %s", EN: "%s should be true or false; here is %s"}, path, show(n))
		return false
	}
	return n.Value[0] == 't' || n.Value[0] == 'T'
}

func (r *reader) count(n *yaml.Node, path string) int {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i < 0 {
		r.bad(n.Line, "flow.type", pack.Text{ZH: "%s 应是不小于 0 的整数，这里是 %s", EN: "%s should be a whole number of at least 0; here is %s"}, path, show(n))
		return 0
	}
	return i
}

// words reads a list of names, or several in one text with spaces between them.
func (r *reader) words(n *yaml.Node, path string) []string {
	if n.Kind != yaml.SequenceNode {
		return strings.Fields(r.text(n, path))
	}
	var out []string
	r.items(n, path, func(n *yaml.Node, at string) { out = append(out, r.text(n, at)) })
	return out
}

// oneOf reads one of the words of a closed list.
func oneOf[T ~string](r *reader, n *yaml.Node, path string, words []T) T {
	text := T(r.text(n, path))
	if n.Kind == yaml.ScalarNode && !slices.Contains(words, text) {
		names := make([]string, len(words))
		for i, w := range words {
			names[i] = string(w)
		}
		r.bad(n.Line, "flow.value", pack.Text{ZH: "%s：没有 %q%s；可用的有 %s", EN: "%s: %q is not known%s; known are %s"},
			path, n.Value, guess(n.Value, names), strings.Join(names, ", "))
	}
	return text
}

// value reads an expression that gives any value.
func (r *reader) value(n *yaml.Node, path string) guard.Program {
	return r.compile(n, path, guard.Compile)
}

// condition reads an expression that is true or false.
func (r *reader) condition(n *yaml.Node, path string) guard.Program {
	return r.compile(n, path, guard.Condition)
}

func (r *reader) compile(n *yaml.Node, path string, compile func(string) (guard.Program, error)) guard.Program {
	if n.Kind != yaml.ScalarNode {
		r.bad(n.Line, "flow.type", pack.Text{ZH: "%s 应是一个表达式，这里是 %s", EN: "%s should be an expression; here is %s"}, path, show(n))
		return guard.Program{}
	}
	p, err := compile(n.Value)
	if err != nil {
		r.bad(n.Line, "flow.expression", pack.Text{ZH: "%s：表达式 %q 有误：%s", EN: "%s: expression %q: %s"}, path, n.Value, reason(err.Error(), n.Value))
	}
	return p
}

// reason takes out of the message of an expression what a person needs, on one line.
func reason(message, text string) string {
	message = strings.TrimPrefix(message, fmt.Sprintf("expression %q", text))
	message = strings.TrimPrefix(message, ": ERROR: <input>:")
	message, _, _ = strings.Cut(message, "\n")
	message, _, _ = strings.Cut(message, " expecting {") // a list of all that could stand there
	return strings.TrimSpace(strings.TrimPrefix(message, ": "))
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

// show prints a node for a message.
func show(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "{…}"
	case yaml.SequenceNode:
		return "[…]"
	case yaml.ScalarNode:
		if len(n.Value) > 60 {
			return fmt.Sprintf("%.60q…", n.Value)
		}
		return fmt.Sprintf("%q", n.Value)
	case yaml.DocumentNode, yaml.AliasNode:
	}
	return "*" + n.Value
}
