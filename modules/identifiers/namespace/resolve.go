package namespace

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// Limits of one resolution.
const (
	maxReferences = 8       // that stand in one another
	maxFetched    = 16      // in all: each may be a question to another node
	maxOutput     = 1 << 20 // bytes of all data that is made
	maxWork       = 1 << 22 // steps, and bytes times instructions of expressions
)

// Request asks for the values of a name that has no record of its own.
type Request struct {
	Name      handle.Name    // as it was asked for
	Base      handle.Name    // what stands before the delimiter
	Extension string         // and behind it
	Values    []handle.Value // of the base record; none when there is no such record
	// Fetch returns the data of a value that a template refers to. Without it, as with
	// any error of it, there is no such identifier.
	Fetch func(handle.Reference) ([]byte, error)
}

// Resolve returns the values that the templates make of a request, in ascending order
// of their indexes.
//
//   - Found is false when there is no template, one says <notfound/>, or one refers to
//     what cannot be had or read; values may be none although it is true.
//   - A value of <foreach> keeps permissions, TTL, timestamp and references of its
//     original; others have the usual permissions, a day, and no timestamp. An index
//     that is taken becomes the next that is free.
//   - Errors: fault.Invalid when the templates want more work or output than is allowed.
func (n Namespace) Resolve(req Request) (values []handle.Value, found bool, err error) {
	x := &execution{req: req}
	s := scope{texts: map[string]string{"handle": string(req.Name), "base": string(req.Base), "extension": req.Extension}}
	out := &output{}
	found = len(n.templates) > 0 && !x.templates(n, s, out, 0)
	if x.err != nil {
		return nil, false, x.err
	}
	if !found {
		return nil, false, nil
	}
	slices.SortFunc(out.values, func(a, b handle.Value) int { return cmp.Compare(a.Index, b.Index) })
	return out.values, true, nil
}

// execution is one resolution with its budgets.
type execution struct {
	req     Request
	work    int
	output  int
	fetched int
	err     error
}

// output is the values made, and which indexes they have.
type output struct {
	values []handle.Value
	taken  map[uint32]bool
}

// scope is what variables mean. It is copied when something is added to it.
type scope struct {
	texts    map[string]string
	groups   map[string][]string // of a parameter that has matched: all, first group, ...
	original *handle.Value       // within <foreach>
}

func (s scope) with(parameter, value string, groups []string) scope {
	s.texts = maps.Clone(s.texts)
	s.texts[parameter] = value
	s.groups = maps.Clone(s.groups)
	if s.groups == nil {
		s.groups = map[string][]string{}
	}
	s.groups[parameter] = groups
	return s
}

func (s scope) each(v *handle.Value) scope {
	out := s.with("data", string(v.Data), nil)
	out.texts["type"], out.texts["index"] = v.Type, strconv.FormatUint(uint64(v.Index), 10)
	delete(out.groups, "type")
	delete(out.groups, "index")
	out.original = v
	return out
}

// get returns what a variable means: "x", "x[2]", or "2" for "extension[2]". What
// nothing is known of is empty.
func (s scope) get(variable string) string {
	name, group := variable, 0
	if i, err := strconv.Atoi(variable); err == nil {
		name, group = "extension", i
	} else if open := strings.LastIndexByte(variable, '['); open >= 0 && strings.HasSuffix(variable, "]") {
		if i, err := strconv.Atoi(variable[open+1 : len(variable)-1]); err == nil {
			name, group = variable[:open], i
		}
	}
	if group == 0 {
		return s.texts[name]
	}
	if groups := s.groups[name]; group > 0 && group < len(groups) {
		return groups[group]
	}
	return ""
}

// spend takes from the budget of work, and reports whether there was enough.
func (x *execution) spend(work int) bool {
	if x.work += work; x.work > maxWork && x.err == nil {
		x.err = fault.New(fault.Invalid, "the templates for %q take too much work; use fewer or smaller expressions", x.req.Name)
	}
	return x.err == nil
}

// templates applies the templates of a namespace; it reports true when the identifier
// does not exist.
func (x *execution) templates(n Namespace, s scope, out *output, depth int) bool {
	for _, t := range n.templates {
		if t.ref != nil && x.refer(*t.ref, s, out, depth) || x.steps(t.steps, s, out) {
			return true
		}
	}
	return false
}

// refer applies the templates that another value holds.
func (x *execution) refer(ref handle.Reference, s scope, out *output, depth int) bool {
	if depth == maxReferences || x.fetched == maxFetched || x.req.Fetch == nil {
		return true
	}
	x.fetched++
	data, err := x.req.Fetch(ref)
	if err != nil || !x.spend(len(data)) {
		return true
	}
	n, err := Parse(data)
	return err != nil || x.templates(n, s, out, depth+1)
}

func (x *execution) steps(steps []step, s scope, out *output) (notFound bool) {
	for _, st := range steps {
		if !x.spend(1) {
			return true
		}
		switch {
		case st.notFound:
			return true
		case st.value != nil:
			x.value(st.value, s, out)
		case st.branch != nil:
			notFound = x.branch(st.branch, s, out)
		case st.def != nil:
			made := &output{}
			notFound = x.steps(st.def.steps, s, made)
			if len(made.values) > 0 && x.spend(len(s.texts)) {
				s = s.with(st.def.parameter, string(made.values[0].Data), nil)
			}
		default:
			notFound = x.each(st.each, s, out)
		}
		if notFound || x.err != nil {
			return true
		}
	}
	return false
}

func (x *execution) each(steps []step, s scope, out *output) bool {
	for i := range x.req.Values {
		if !x.spend(len(s.texts)) || x.steps(steps, s.each(&x.req.Values[i]), out) {
			return true
		}
	}
	return false
}

func (x *execution) branch(b *branch, s scope, out *output) bool {
	subject := s.get(b.of)
	var groups []string
	var is bool
	if b.matches == nil {
		is = subject == b.equals
	} else {
		if !x.spend((len(subject) + 1) * b.cost) {
			return true
		}
		groups = match(b.matches, subject)
		is = groups != nil
	}
	if is == b.negate {
		return x.steps(b.otherwise, s.with(b.parameter, subject, groups), out)
	}
	return x.steps(b.then, s.with(b.parameter, subject, groups), out)
}

func match(re *regexp.Regexp, s string) []string { return re.FindStringSubmatch(s) }

func (x *execution) value(v *value, s scope, out *output) {
	made := handle.Value{TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual}
	if s.original != nil {
		made = *s.original
	}
	if !v.keepKind {
		made.Type = x.expand(v.kind, s)
	}
	if !v.keepData {
		made.Data = []byte(x.expand(v.data, s))
	}
	x.output += len(made.Data) + len(made.Type)
	if v.index != 0 || s.original == nil {
		made.Index = max(v.index, 1)
	}
	if out.taken == nil {
		out.taken = map[uint32]bool{}
	}
	for out.taken[made.Index] && x.spend(1) {
		made.Index++
	}
	out.taken[made.Index] = true
	out.values = append(out.values, made)
	if (x.output > maxOutput || len(out.values) > handle.MaxValues || len(made.Data) > handle.MaxData) && x.err == nil {
		x.err = fault.New(fault.Invalid, "the templates for %q make more than a record may hold", x.req.Name)
	}
}

// expand puts what they mean in place of variables.
func (x *execution) expand(t text, s scope) string {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.literal)
		if p.variable != "" {
			b.WriteString(s.get(p.variable))
		}
		if x.output+b.Len() > maxOutput || !x.spend(1) {
			x.output += b.Len()
			break
		}
	}
	return b.String()
}
