package scxml

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/pack"
)

// Read reads a chart: one that Write has written, to the same procedure, or one of
// another tool, as far as a procedure can say it.
//
//   - in: XML in UTF-8, at most 1 MiB, without a document type.
//   - file: its name, for the findings, and for the procedure's id when the chart has no name.
//   - Result: as of procedure.Parse, with the lines of the chart. The procedure's
//     Source is the YAML that procedure.Print makes of it. What was not carried over
//     but changes nothing that happens is a warning.
func Read(in io.Reader, file string) (*procedure.Procedure, []pack.Finding) {
	r := newReader(file)
	var p *procedure.Procedure
	if root := r.decode(in); root != nil {
		p = r.build(root)
	}
	slices.SortStableFunc(r.findings, func(a, b pack.Finding) int { return cmp.Compare(a.Line, b.Line) })
	if slices.ContainsFunc(r.findings, func(f pack.Finding) bool { return f.Severity == pack.Error }) {
		return nil, r.findings
	}
	return p, r.findings
}

// reader turns elements into the document that procedure.Build reads, which checks
// all that is asked of a procedure. It goes on after a mistake.
type reader struct {
	file     string
	findings []pack.Finding
	cel      bool                      // expressions are CEL already
	taken    map[string]bool           // ids of states
	types    map[string]procedure.Type // of other tools' data
	data     *table                    // declared data
	assigned map[string]procedure.Type // of the first value that is written out where one is assigned
	serial   int                       // of states that share a line and have no id
}

func newReader(file string) *reader {
	return &reader{file: file, taken: map[string]bool{}, types: map[string]procedure.Type{}, assigned: map[string]procedure.Type{}}
}

func (r *reader) build(root *element) *procedure.Procedure {
	if root.space != "" || root.name != "scxml" {
		r.bad(root.line, "flow.root", pack.Text{ZH: "根元素是 <%s>，应是 <scxml>，命名空间 %s", EN: "the root is <%s>; it should be <scxml> of %s"}, root.name, standard)
		return nil
	}
	model, _ := root.get("datamodel")
	r.cel = model == "cel"
	if binding, _ := root.get("binding"); binding == "late" {
		r.warn(root.line, "flow.ignored", pack.Text{ZH: "binding=\"late\" 未采用：数据一开始就有初值", EN: "binding=\"late\" is passed over: data have their values from the beginning"})
	}
	r.look(root)
	p, findings := procedure.Build(r.file, r.document(root).node())
	r.findings = append(r.findings, findings...)
	return p
}

// look goes through the whole chart for what has to be known before it is read.
func (r *reader) look(e *element) {
	if e.space != "" && e.space != own {
		return
	}
	if id, ok := e.get("id"); ok && isState(e) {
		r.taken[id] = true
	}
	if e.space == "" && e.name == "assign" {
		location, _ := e.get("location")
		if v := begins(e); v != nil && r.assigned[field(location)] == "" {
			r.assigned[field(location)] = typeOf(v)
		}
	}
	if id, _ := e.get("id"); e.space == "" && e.name == "data" {
		if v := begins(e); v != nil {
			r.types[id] = typeOf(v)
		}
	}
	for _, k := range e.kids {
		r.look(k)
	}
}

func isState(e *element) bool {
	return e.space == "" && slices.Contains([]string{"state", "parallel", "final", "history"}, e.name)
}

// bad records an error; zh and en are formats of the same arguments.
func (r *reader) bad(line int, rule string, t pack.Text, args ...any) {
	r.find(pack.Error, line, rule, t, args...)
}

func (r *reader) warn(line int, rule string, t pack.Text, args ...any) {
	r.find(pack.Warning, line, rule, t, args...)
}

func (r *reader) find(s pack.Severity, line int, rule string, t pack.Text, args ...any) {
	r.findings = append(r.findings, pack.Finding{
		Severity: s, Rule: rule, File: r.file, Line: max(line, 1), Text: fmt.Sprintf(t.EN, args...), ZH: fmt.Sprintf(t.ZH, args...),
	})
}

// table is a table of the document.
type table struct{ n *yaml.Node }

func newTable(line int) *table { return &table{&yaml.Node{Kind: yaml.MappingNode, Line: line}} }

func (t *table) node() *yaml.Node { return t.n }

// put adds an entry; nil is none.
func (t *table) put(key string, v *yaml.Node) *table {
	if v != nil {
		t.n.Content = append(t.n.Content, scalar(key, v.Line), v)
	}
	return t
}

// sub adds a table or list that holds something.
func (t *table) sub(key string, v *yaml.Node) *table {
	if len(v.Content) == 0 {
		return t
	}
	return t.put(key, v)
}

func scalar(v string, line int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v, Line: line}
}

// yes is a value that is true or false.
func yes(v string, line int) *yaml.Node {
	n := scalar(v, line)
	if v == "true" || v == "false" {
		n.Tag = "!!bool"
	}
	return n
}

// words is a list of names.
func words(list []string, line int) *yaml.Node {
	out := &yaml.Node{Kind: yaml.SequenceNode, Line: line}
	for _, w := range list {
		out.Content = append(out.Content, scalar(w, line))
	}
	return out
}

// names adds a list of names from an attribute, when it has any.
func (t *table) names(key string, e *element, attr string) *table {
	v, _ := e.get(attr)
	return t.sub(key, words(strings.Fields(v), e.line))
}

// known are the attributes that SCXML 1.0 gives to the elements that are read.
func known(element string) []string {
	return strings.Fields(map[string]string{
		"scxml": "initial name version datamodel binding", "state": "id initial", "parallel": "id", "final": "id", "history": "id type",
		"transition": "event cond target type", "assign": "location expr type attr", "raise": "event", "param": "name expr location",
		"send": "event target type id", "data": "id expr src", "log": "label expr", "content": "expr",
	}[element])
}

// attributes says which attributes are not read, and adds those of the own namespace
// to a table; nil: the element has none.
func (r *reader) attributes(e *element, t *table) {
	for _, a := range e.attrs {
		switch {
		case a.space == own && t != nil:
			t.put(a.name, r.ours(a, e.line))
		case a.space == own:
			r.bad(e.line, "flow.unknown-key", pack.Text{ZH: "<%s> 没有属性 %s:%s", EN: "<%s> has no attribute %s:%s"}, e.name, prefix, a.name)
		case a.space == "" && !slices.Contains(known(e.name), a.name):
			r.warn(e.line, "flow.ignored", pack.Text{ZH: "<%s> 的属性 %s 未读取：SCXML 1.0 没有或流程用不上", EN: "attribute %[2]s of <%[1]s> is passed over: it is not of SCXML 1.0, or nothing a procedure has"}, e.name, a.name)
		}
	}
}

// ours is the value of an attribute of the own namespace.
func (r *reader) ours(a attribute, line int) *yaml.Node {
	if slices.Contains([]string{"at_rest", "refusal", "required"}, a.name) {
		return yes(a.value, line)
	}
	return scalar(a.value, line)
}

// all adds every attribute of an element of the own namespace under its own name.
func (r *reader) all(e *element, t *table, but ...string) *table {
	for _, a := range e.attrs {
		if a.space == "" && !slices.Contains(but, a.name) {
			t.put(a.name, r.ours(a, e.line))
		}
	}
	return t
}

// strange records an element that has no place where it stands, unless it is of
// another tool's namespace.
func (r *reader) strange(e *element, within string) {
	why := map[string]pack.Text{
		"script":  {ZH: "流程不运行脚本；请改用表达式和动作", EN: "procedures run no script; use expressions and actions"},
		"invoke":  {ZH: "流程不调用其他程序；子事项用 yz:open", EN: "procedures invoke nothing; a child case is opened with yz:open"},
		"if":      {ZH: "动作没有分支；请把条件写在各个转移上", EN: "actions have no branches; put the condition on transitions"},
		"foreach": {ZH: "动作没有循环", EN: "actions have no loops"},
		"cancel":  {ZH: "没有可撤回的延迟事件；时限用 yz:clock", EN: "there are no delayed events to take back; limits are clocks, yz:clock"},
		"content": {ZH: "数据请用 <param>", EN: "data go into <param>"},
	}
	switch {
	case e.space != "" && e.space != own:
	case e.space == "" && e.name == "log": // says something and does nothing
	case e.space == "" && why[e.name].EN != "":
		r.bad(e.line, "flow.element", pack.Text{ZH: "不能读取 <%s>：" + why[e.name].ZH, EN: "<%s> is not read: " + why[e.name].EN}, e.name)
	default:
		r.bad(e.line, "flow.element", pack.Text{ZH: "<%s> 不能写在 <%s> 之内", EN: "<%s> has no place in <%s>"}, e.name, within)
	}
}

var notID = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// id makes an id of a procedure from a name.
func id(name, file string) string {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	for _, try := range []string{name, strings.TrimSuffix(base, path.Ext(base))} {
		try = strings.TrimLeft(notID.ReplaceAllString(try, "-"), "-_0123456789")
		if try = strings.TrimRight(try[:min(len(try), 100)], "-"); try != "" {
			return try
		}
	}
	return "chart"
}

// document is the whole chart.
func (r *reader) document(root *element) *table {
	t := newTable(root.line).put("schema", scalar(procedure.Schema, root.line))
	name, _ := root.get("name")
	if !r.cel || name == "" {
		name = id(name, r.file)
	}
	t.put("id", scalar(name, root.line))
	r.head(root, t)
	r.data = newTable(root.line)
	reasons, clocks, states := newTable(root.line), newTable(root.line), newTable(root.line)
	var opening []*yaml.Node
	for _, k := range root.kids {
		switch {
		case isState(k):
			r.state(k, states)
		case k.space == "" && k.name == "datamodel":
			r.datamodel(k)
		case k.space == "" && k.name == "initial":
			r.begin(k, t)
		case k.space == own && k.name == "reasons":
			v, _ := k.get("id")
			reasons.put(v, r.options(k))
		case k.space == own && k.name == "clock":
			v, _ := k.get("id")
			clocks.put(v, r.clock(k))
		case k.space == own && k.name == "opening":
			opening = r.actions(k)
		default:
			r.strange(k, root.name)
		}
	}
	t.sub("data", r.data.n).sub("reasons", reasons.n).sub("clocks", clocks.n).names("initial", root, "initial")
	return t.sub("start", &yaml.Node{Kind: yaml.SequenceNode, Line: root.line, Content: opening}).sub("states", states.n)
}

// head reads what the own namespace says of the whole procedure.
func (r *reader) head(root *element, t *table) {
	flat, name, force := newTable(root.line), newTable(root.line), newTable(root.line)
	r.attributes(root, flat)
	for i := 0; i < len(flat.n.Content); i += 2 {
		switch k, v := flat.n.Content[i].Value, flat.n.Content[i+1]; k {
		case "zh", "en":
			name.put(k, v)
		case "from", "until":
			force.put(k, v)
		default:
			t.put(k, v)
		}
	}
	t.sub("name", name.n).sub("in_force", force.n)
}
