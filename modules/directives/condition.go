package directives

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/quantity"
)

// What a directive closes on. One of these is what a Condition's Kind says.
const (
	OnPath     = "path"     // its target is on its path, or reached
	OnNumber   = "number"   // a number of Indicator in Unit meets Want
	OnDocument = "document" // a document says that it is done
)

// Condition is what must hold before a directive closes. A case holds it as text.
type Condition struct {
	Kind      string
	Indicator string
	Unit      string // whose number
	Want      *quantity.Quantity
}

// wish matches a wished number: comparator, value, unit with its scale word.
var wish = regexp.MustCompile(`^(>=|<=|~<|[=~<>])?\s*(-?[0-9][0-9,.]*)\s*(\S*)$`)

// ParseCondition reads a condition as people write it: "path", "document", or a
// number such as "st.hte/500101 >=700家".
//
// Errors: fault.Invalid that shows what is right.
func ParseCondition(text string) (Condition, error) {
	text = strings.TrimSpace(text)
	if text == OnPath || text == OnDocument {
		return Condition{Kind: text}, nil
	}
	name, rest, _ := strings.Cut(text, " ")
	indicator, unit, ok := strings.Cut(name, "/")
	m := wish.FindStringSubmatch(strings.TrimSpace(rest))
	if !ok || indicator == "" || unit == "" || m == nil {
		return Condition{}, fault.Say(fault.Invalid, "销号条件 %q 不对：应为 path、document，或如 st.hte/500101 >=700家 的数字。", "condition %q is not path, document or a number such as st.hte/500101 >=700家", text)
	}
	q := quantity.Quantity{Cmp: quantity.AtLeast}
	var err error
	if m[1] != "" {
		if q.Cmp, err = quantity.ParseComparator(m[1]); err != nil {
			return Condition{}, err
		}
	}
	if q.Value, err = quantity.ParseDecimal(strings.ReplaceAll(m[2], ",", "")); err != nil {
		return Condition{}, err
	}
	if q.Unit, err = quantity.ParseUnit(m[3]); err != nil {
		return Condition{}, err
	}
	return Condition{Kind: OnNumber, Indicator: indicator, Unit: unit, Want: &q}, nil
}

// String is the inverse of ParseCondition.
func (c Condition) String() string {
	if c.Kind != OnNumber || c.Want == nil {
		return c.Kind
	}
	return fmt.Sprintf("%s/%s %s%s%s", c.Indicator, c.Unit, c.Want.Cmp, c.Want.Value, c.Want.Unit)
}

// Words say the condition in a sentence.
func (c Condition) Words() pack.Text {
	switch {
	case c.Kind == OnPath:
		return pack.Text{ZH: "指标回到路径上", EN: "the target is back on its path"}
	case c.Kind == OnNumber && c.Want != nil:
		return pack.Text{ZH: fmt.Sprintf("%s（%s）达到 %s", c.Indicator, c.Unit, c.Want.Chinese()), EN: fmt.Sprintf("%s of %s: %s", c.Indicator, c.Unit, c.Want.English())}
	}
	return pack.Text{ZH: "提交能证明已完成的材料", EN: "a document shows that it is done"}
}

// verdict says whether a directive may close, and if not, why: in one sentence.
type verdict struct {
	Holds    bool
	Resolved bool
	Why      pack.Text
}

// May reports whether the directive may close.
func (v verdict) May() bool { return v.Holds && v.Resolved }

// evidence is what was handed in for a directive, looked up.
type evidence struct {
	Numbers []observation.Observation
	Files   int
	Missing []string // names and digests that do not resolve
}

// evidenceOf looks up what was handed in: numbers by their names, documents by
// their digests. What does not resolve is listed, not an error.
func (s *Service) evidenceOf(ctx context.Context, d Directive) (evidence, error) {
	var e evidence
	for _, name := range d.Evidence {
		o, err := s.Readings.Resolve(ctx, name)
		switch kind := fault.KindOf(err); {
		case err == nil:
			e.Numbers = append(e.Numbers, o)
		case kind == fault.NotFound || kind == fault.Invalid:
			e.Missing = append(e.Missing, name)
		default:
			return e, err
		}
	}
	held, err := s.held(ctx, d)
	for _, digest := range d.Files {
		if held[digest] {
			e.Files++
		} else {
			e.Missing = append(e.Missing, digest)
		}
	}
	return e, err
}

// held returns the SHA-256 of the documents that a directive's case and those of
// its parts hold.
func (s *Service) held(ctx context.Context, d Directive) (map[string]bool, error) {
	out := map[string]bool{}
	if len(d.Files) == 0 {
		return out, nil
	}
	ids := []string{d.ID}
	parts, err := s.parts(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		ids = append(ids, p.ID)
	}
	for _, id := range ids {
		docs, err := s.Flow.Documents(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, doc := range docs {
			out[doc.SHA256] = true
		}
	}
	return out, nil
}

// judge says whether a directive may close. It is pure.
//
//   - w: what the last evaluation saw of its target; the zero watch for none.
func judge(d Directive, c Condition, e evidence, w watch) verdict {
	v := verdict{Resolved: len(e.Missing) == 0 && len(e.Numbers)+e.Files > 0}
	switch c.Kind {
	case OnPath:
		v.Holds = w.Target != "" && w.On()
	case OnNumber:
		v.Holds = slices.ContainsFunc(e.Numbers, c.metBy)
	case OnDocument:
		v.Holds = e.Files > 0
	}
	if v.Holds && c.Kind != OnPath && d.Accepted < len(d.Parts) {
		v.Holds = false
		v.Why = text("分办的 %d 个单位中只有 %d 个的结果得到认可。", "Of the %d parts only %d are accepted.", len(d.Parts), d.Accepted)
		return v
	}
	v.Why = why(v, c, e, w)
	return v
}

// metBy reports whether a number is the one that the condition asks for and meets it.
func (c Condition) metBy(o observation.Observation) bool {
	if c.Want == nil || o.Indicator != c.Indicator || o.Unit != c.Unit {
		return false
	}
	reached, known := c.Want.Met(o.Quantity)
	return reached && known
}

// why words what is in the way of closing; empty when nothing is.
func why(v verdict, c Condition, e evidence, w watch) pack.Text {
	switch {
	case v.May():
		return pack.Text{}
	case len(e.Missing) > 0:
		names := strings.Join(e.Missing, ", ")
		return text("依据查不到：%s。请改为公布过的数字名称或已上传的材料。", "Evidence does not resolve: %s. Name a published number or an attached document.", names)
	case !v.Resolved && v.Holds:
		return text("还没有依据：请写明数字的名称或上传材料。", "There is no evidence yet: name a number or attach a document.")
	case c.Kind == OnPath && w.Target == "":
		return text("销号条件是%s，而该指标还没有评估过。", "It closes when %s, and the target has not been evaluated yet.", c.Words())
	case c.Kind == OnPath:
		return text("销号条件是%s，而%s：%s。", "It closes when %s, and %s is not: %s.", c.Words(), w.Name, w.Words)
	}
	return text("销号条件是%s，所附依据还不满足。", "It closes when this holds: %s. The evidence does not show it.", c.Words())
}

// text formats the two wordings with the same arguments, taking from each Text its
// own language.
func text(zh, en string, args ...any) pack.Text {
	za, ea := slices.Clone(args), slices.Clone(args)
	for i, a := range args {
		if t, ok := a.(pack.Text); ok {
			za[i], ea[i] = t.ZH, t.EN
		}
	}
	return pack.Text{ZH: fmt.Sprintf(zh, za...), EN: fmt.Sprintf(en, ea...)}
}
