package plan

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/quantity"
)

// inspection is what the plan's checks look at: the plan, the figures it names
// and where things are written down.
type inspection struct {
	plan   *Plan
	figure func(id string) (figure, bool)
	at     func(kind, id string) pack.Pos // of a target, an element or a figure
}

// figure is what the checks ask of a number of a document.
type figure struct {
	indicator string
	quantity  quantity.Quantity
	quote     string
	ranked    bool // a claim of a rank or tier
}

// planCheck is one check of a plan.
type planCheck struct {
	id   string
	what string // what it finds
	find func(*inspection) []pack.Finding
}

func planChecks() []planCheck {
	return []planCheck{
		{"plan.numerals", "the plan's own numerals against its elements", numerals},
		{"plan.empty-slot", "elements whose content the source does not give", emptySlots},
		{"plan.no-target", "objectives without a number", withoutTarget},
		{"plan.due", "targets due outside the plan's years", dueOutside},
		{"plan.baseline-notion", "a baseline of another indicator than its target", otherBaseline},
		{"plan.met-at-start", "targets that their baseline meets already", metAtStart},
		{"plan.undeclared-path", "paths that nobody has declared", undeclaredPaths},
		{"plan.no-path", "targets with a start and no path", withoutPath},
		{"plan.wording", "a ranked field named otherwise than in the text", otherWording},
	}
}

// planFindings returns what the checks find, check by check.
func planFindings(in *inspection) []pack.Finding {
	var out []pack.Finding
	for _, c := range planChecks() {
		for _, f := range c.find(in) {
			f.Rule = c.id
			out = append(out, f)
		}
	}
	return out
}

// inspect adds what the checks find in a plan read from a pack.
func inspect(p *pack.Pack, pl *Plan) {
	in := inspection{plan: pl, at: p.Where, figure: func(id string) (figure, bool) {
		f, ok := p.Figure(id)
		return figure{f.Indicator, f.Quantity(), f.Quote, f.Rank != nil}, ok
	}}
	for _, f := range planFindings(&in) {
		p.Find(f)
	}
}

// Findings returns what the checks find in the plan in force, each at the line of
// the plan's source. Without a plan there is nothing to find.
func (s *Service) Findings(ctx context.Context) ([]pack.Finding, error) {
	now := s.now()
	pl, err := s.Plan(ctx, now)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil, nil
		}
		return nil, err
	}
	figures, err := s.figures(ctx, &pl, now)
	if err != nil {
		return nil, err
	}
	in := inspection{plan: &pl, figure: func(id string) (figure, bool) { o, ok := figures[id]; return figureOf(o), ok }}
	in.at = func(kind, id string) pack.Pos {
		if o, ok := figures[id]; ok && kind == "figure" {
			return pack.Pos{File: o.Source.Document, Line: firstLine(o.Source.Lines)}
		}
		if t, ok := pl.Target(id); ok && kind == "target" {
			return pack.Pos{File: pl.Source, Line: firstLine(figures[t.Figure].Source.Lines)}
		}
		e, _ := pl.Element(id)
		return pack.Pos{File: pl.Source, Line: firstLine(e.Lines)}
	}
	return planFindings(&in), nil
}

// figures returns the figures that the plan names and that are known.
func (s *Service) figures(ctx context.Context, pl *Plan, known time.Time) (map[string]observation.Observation, error) {
	var ids []string
	for _, t := range pl.Targets {
		ids = append(ids, t.Figure, t.Baseline.Figure)
	}
	for _, h := range pl.Highlights {
		ids = append(ids, h.Figures...)
	}
	out := map[string]observation.Observation{}
	for _, id := range ids {
		if id == "" {
			continue
		}
		o, err := s.Readings.Figure(ctx, id, known)
		switch {
		case err == nil:
			out[id] = o
		case fault.KindOf(err) != fault.NotFound:
			return nil, err
		}
	}
	return out, nil
}

func figureOf(o observation.Observation) figure {
	return figure{o.Indicator, o.Quantity, o.Source.Quote, o.Rank != nil}
}

func firstLine(lines []int) int {
	if len(lines) == 0 {
		return 0
	}
	return lines[0]
}

// finding makes a finding about a thing of the plan.
func (in *inspection) finding(s pack.Severity, kind, id string, said pack.Text) pack.Finding {
	pos := in.at(kind, id)
	return pack.Finding{Severity: s, File: pos.File, Line: pos.Line, Text: said.EN, ZH: said.ZH}
}

var digits = regexp.MustCompile(`\d+`)

// numerals compares the numbers by which the plan describes itself ("1458") with
// what it holds: goals, positions, objectives and actions, in this order, kinds
// that it has none of left out.
func numerals(in *inspection) []pack.Finding {
	said := digits.FindAllString(in.plan.Numerals.ZH, -1)
	var held []string
	var about string
	for _, kind := range []string{Goal, Position, Objective, Action} {
		if all := in.plan.Of(kind); len(all) > 0 {
			held = append(held, strconv.Itoa(len(all)))
			about = all[0].ID
		}
	}
	if len(said) == 0 || slices.Equal(said, held) {
		return nil
	}
	x, y := strings.Join(said, "-"), strings.Join(held, "-")
	return []pack.Finding{in.finding(pack.Warning, "element", about, pack.Text{
		ZH: fmt.Sprintf("规划自称%s,实际列出的总体目标、定位、主要目标、行动为%s。", x, y),
		EN: fmt.Sprintf("The plan describes itself as %s and holds %s: goals, positions, objectives, actions.", x, y),
	})}
}

// emptySlots lists, in one note for a kind, what the source names and does not
// spell out.
func emptySlots(in *inspection) []pack.Finding {
	var out []pack.Finding
	for _, kind := range kinds() {
		var empty []string
		for _, e := range in.plan.Of(kind) {
			if e.Slot != nil {
				empty = append(empty, e.ID)
			}
		}
		if len(empty) == 0 {
			continue
		}
		e, _ := in.plan.Element(empty[0])
		out = append(out, in.finding(pack.Note, "element", e.ID, pack.Text{
			ZH: fmt.Sprintf("%d个空位,从%s到%s:%s", len(empty), e.ID, empty[len(empty)-1], e.Slot.In("zh-CN")),
			EN: fmt.Sprintf("%d empty slots, %s to %s: %s", len(empty), e.ID, empty[len(empty)-1], e.Slot.In("en")),
		}))
	}
	return out
}

func withoutTarget(in *inspection) []pack.Finding {
	var out []pack.Finding
	for _, e := range in.plan.Of(Objective) {
		if len(in.plan.TargetsOf(e.ID)) == 0 {
			out = append(out, in.finding(pack.Note, "element", e.ID, pack.Text{
				ZH: fmt.Sprintf("主要目标%s“%s”没有数值目标,无从判断。", e.ID, e.ZH),
				EN: fmt.Sprintf("Objective %s, %q, has no target in numbers: nothing says when it is reached.", e.ID, e.In("en")),
			}))
		}
	}
	return out
}

func dueOutside(in *inspection) []pack.Finding {
	var out []pack.Finding
	for _, t := range in.plan.Targets {
		if t.Due.IsZero() || !t.Due.Last().Before(in.plan.From.Start()) && !t.Due.Last().After(in.plan.To.Last()) {
			continue
		}
		out = append(out, in.target(pack.Warning, t, pack.Text{
			ZH: fmt.Sprintf("目标%s应于%s达成,不在规划期%s至%s内。", t.ID, t.Due, in.plan.From, in.plan.To),
			EN: fmt.Sprintf("Target %s is due in %s, outside the plan's years %s to %s.", t.ID, t.Due, in.plan.From, in.plan.To),
		}))
	}
	return out
}

// target makes a finding about a target and its figures.
func (in *inspection) target(s pack.Severity, t Target, said pack.Text) pack.Finding {
	f := in.finding(s, "target", t.ID, said)
	for _, id := range []string{t.Figure, t.Baseline.Figure} {
		if id != "" {
			f.Figures = append(f.Figures, id)
		}
	}
	return f
}

// otherBaseline finds targets whose start is a number of another indicator: the
// progress from one notion to another is a wrong number.
func otherBaseline(in *inspection) []pack.Finding {
	var out []pack.Finding
	for _, t := range in.plan.Targets {
		b, ok := in.figure(t.Baseline.Figure)
		if !ok || b.indicator == t.Indicator {
			continue
		}
		out = append(out, in.target(pack.Error, t, pack.Text{
			ZH: fmt.Sprintf("目标%s数的是%s,基期值%s却是%s:不是一个口径。", t.ID, t.Indicator, t.Baseline.Figure, b.indicator),
			EN: fmt.Sprintf("Target %s counts %s, but its baseline %s is a number of %s: name one of the same indicator, or none with its reason.",
				t.ID, t.Indicator, t.Baseline.Figure, b.indicator),
		}))
	}
	return out
}

func metAtStart(in *inspection) []pack.Finding {
	var out []pack.Finding
	for _, t := range in.plan.Targets {
		b, ok := in.figure(t.Baseline.Figure)
		if !ok || b.indicator != t.Indicator {
			continue
		}
		if met, known := t.Want.Met(b.quantity); met && known {
			out = append(out, in.target(pack.Warning, t, pack.Text{
				ZH: fmt.Sprintf("目标%s(%s)在基期(%s)已经达成。", t.ID, t.Want.Chinese(), b.quantity.Chinese()),
				EN: fmt.Sprintf("Target %s, %s, is met at its baseline already: %s.", t.ID, t.Want.English(), b.quantity.English()),
			}))
		}
	}
	return out
}

// undeclaredPaths lists, in one note, the targets that are judged by an assumed path.
func undeclaredPaths(in *inspection) []pack.Finding {
	var ids []string
	for _, p := range in.plan.Trajectories {
		if p.DeclaredBy == "" {
			ids = append(ids, p.Target)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return []pack.Finding{in.finding(pack.Note, "target", ids[0], pack.Text{
		ZH: strings.Join(ids, "、") + "的路径无人声明,是假设:灯的颜色取决于它。",
		EN: fmt.Sprintf("Nobody has declared the path of %s: it is assumed, and the lights depend on it.", strings.Join(ids, ", ")),
	})}
}

func withoutPath(in *inspection) []pack.Finding {
	var out []pack.Finding
	for _, t := range in.plan.Targets {
		has := slices.ContainsFunc(in.plan.Trajectories, func(p Path) bool { return p.Target == t.ID })
		if has || t.Baseline.None != nil {
			continue
		}
		out = append(out, in.target(pack.Note, t, pack.Text{
			ZH: fmt.Sprintf("目标%s有起点而无路径:期中无从说快慢。", t.ID),
			EN: fmt.Sprintf("Target %s has a start and no path: before it is due nothing says whether it is on time.", t.ID),
		}))
	}
	return out
}

// ranking takes the name of what is ranked from a quotation: 数字社会 of
// 数字社会综合评价全国第十三.
var ranking = regexp.MustCompile(`^(.+?)(?:综合评价|综合评分|综合评估|(?:发展|保障|开放)?水平)`)

// alike is how many characters in a row two names of one field have in common.
const alike = 4

// otherWording finds highlights that rank a field under a name which the article
// does not use for it, when none of the highlight's ranks goes by the article's.
func otherWording(in *inspection) []pack.Finding {
	var out []pack.Finding
	for _, h := range in.plan.Highlights {
		var names, ids []string
		same := false
		for _, id := range h.Figures {
			f, ok := in.figure(id)
			m := ranking.FindStringSubmatch(f.quote)
			if !ok || !f.ranked || m == nil {
				continue
			}
			names, ids, same = append(names, m[1]), append(ids, id), same || share(m[1], h.Field.ZH)
		}
		if same || len(ids) == 0 {
			continue
		}
		f := in.finding(pack.Note, "figure", ids[0], pack.Text{
			ZH: fmt.Sprintf("亮点%d:正文说“%s”,排名的却是“%s”:名称不一致,未必是同一领域。", h.N, h.Field.ZH, strings.Join(names, "、")),
			EN: fmt.Sprintf("Highlight %d: the article speaks of %s and the rank is of %s: two names, perhaps not one field.", h.N, h.Field.ZH, strings.Join(names, ", ")),
		})
		f.Figures = ids
		out = append(out, f)
	}
	return out
}

// share reports whether two names have enough characters in a row in common.
func share(a, b string) bool {
	r := []rune(a)
	for i := 0; i+alike <= len(r); i++ {
		if strings.Contains(b, string(r[i:i+alike])) {
			return true
		}
	}
	return false
}
