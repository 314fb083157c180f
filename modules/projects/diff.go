package projects

import (
	"fmt"
	"strings"

	"yuzhou/kernel/pack"
)

// diff lists what a proposal changes, part by part, as people read it. A part
// that stays as it is is left out.
func (d desk) diff(was, is Work) []diffRow {
	var out []diffRow
	for _, part := range []struct {
		zh, en string
		of     func(Work) string
	}{
		{"名称", "Name", func(w Work) string { return d.sh.In(w.Text) }},
		{"类型", "Kind", func(w Work) string { return w.Kind }},
		{"对应规划内容", "Carries out", func(w Work) string { return w.Element }},
		{"责任单位", "Unit", func(w Work) string { return w.Unit }},
		{"责任岗位", "Post", func(w Work) string { return w.Post }},
		{"说明", "Description", func(w Work) string { return d.sh.In(w.Body) }},
		{"起止", "From – to", func(w Work) string { return strings.Trim(w.From+" – "+w.To, " –") }},
		{"发文", "Issued", func(w Work) string { return strings.TrimSpace(w.Issuer + " " + w.Reference) }},
		{"条款", "Clauses", func(w Work) string {
			return lines(w.Clauses, func(c Clause) string { return c.Number + " " + d.sh.In(c.Text) + " " + c.From + "–" + c.To })
		}},
		{"里程碑", "Milestones", func(w Work) string {
			return lines(w.Milestones, func(m Milestone) string {
				return m.ID + " " + d.sh.In(m.Text) + " " + m.Planned.String() + " → " + m.Actual.String()
			})
		}},
		{"计划进度", "Planned progress", func(w Work) string {
			return lines(w.Pace, func(s Step) string { return fmt.Sprintf("%s %s%%", s.Month, tidy(s.Percent)) })
		}},
		{"资金", "Money", func(w Work) string { return lines(w.Budget, d.year) }},
		{"风险", "Risk", func(w Work) string {
			if w.Risk == nil {
				return ""
			}
			return w.Risk.Level + " " + d.sh.In(w.Risk.Text)
		}},
		{"作用于", "Serves", func(w Work) string {
			return lines(w.Links, func(l Link) string { return d.link(l.To).Text + " " + d.sh.In(l.Effect) + " " + l.Grade })
		}},
		{"材料", "Documents", func(w Work) string { return lines(w.Documents, func(x Document) string { return x.Name }) }},
		{"销项", "Closing", func(w Work) string {
			if w.Closing == nil {
				return ""
			}
			return w.Closing.On + " " + d.sh.In(w.Closing.Text)
		}},
	} {
		if a, b := part.of(was), part.of(is); a != b {
			out = append(out, difference(d.sh.In(pack.Text{ZH: part.zh, EN: part.en}), a, b))
		}
	}
	return out
}

// difference is a row of what changes, line by line.
func difference(what, was, is string) diffRow {
	cut := func(s string) []string {
		if s == "" {
			return nil
		}
		return strings.Split(s, "\n")
	}
	return diffRow{what, cut(was), cut(is)}
}

// year writes a year's money.
func (d desk) year(y Year) string {
	s := fmt.Sprintf("%d %s", y.Year, d.sh.In(y.Budget.words()))
	if y.Spent != nil {
		s += " · " + d.sh.In(pack.Text{ZH: "决算 ", EN: "spent "}) + d.sh.In(y.Spent.words())
	}
	return s
}

// lines writes a list, one entry a line.
func lines[T any](all []T, one func(T) string) string {
	out := make([]string, len(all))
	for n, v := range all {
		out[n] = strings.TrimSpace(one(v))
	}
	return strings.Join(out, "\n")
}
