package plan

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

// A reason is one sentence a person can check: it holds the numbers that the
// rule compared. This file is where they are worded, in both languages.

func parseFloat(s string) (float64, bool) {
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil
}

// amount prints x in the unit: as a whole number from 1,000 on, else with as many
// digits as matter.
func amount(x float64, u quantity.Unit) pack.Text {
	places := 2
	switch a := math.Abs(x); {
	case a >= 1000 || a == math.Trunc(a):
		places = 0
	case a >= 10:
		places = 1
	}
	d, err := quantity.FromFloat(x, places)
	if err != nil {
		return pack.Text{ZH: "?", EN: "?"}
	}
	q := quantity.Quantity{Value: d, Cmp: quantity.Equal, Unit: u}
	sep := " "
	if u.IsPercent() {
		sep = ""
	}
	return pack.Text{ZH: strings.TrimSpace(d.Grouped() + sep + u.String()), EN: q.English()}
}

// rate prints x per month or per year.
func rate(x float64, st Status) pack.Text {
	u := st.Indicator.Unit
	if u.IsPercent() {
		u = quantity.MustUnit("百分点")
	}
	t := amount(x, u)
	if st.PerMonth {
		return pack.Text{ZH: "每月 " + t.ZH, EN: t.EN + " a month"}
	}
	return pack.Text{ZH: "每年 " + t.ZH, EN: t.EN + " a year"}
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

// text formats the two wordings with the same arguments, taking from each Text
// its own language.
func text(zh, en string, args ...any) pack.Text {
	za, ea := make([]any, len(args)), make([]any, len(args))
	for i, a := range args {
		za[i], ea[i] = a, a
		if t, ok := a.(pack.Text); ok {
			za[i], ea[i] = t.ZH, t.EN
		}
	}
	return pack.Text{ZH: fmt.Sprintf(zh, za...), EN: fmt.Sprintf(en, ea...)}
}

func reasonUnit(st Status) pack.Text {
	return text("目标的计量单位 %s 与指标的 %s 不能换算。", "The target counts %s, the indicator %s: these do not convert.",
		st.Target.Want.Unit.String(), st.Indicator.Unit.String())
}

func reasonReached(st Status) pack.Text {
	return text("%[1]s 为 %[2]s,已达到目标 %[3]s。", "At %[1]s it stood at %[2]s: the target of %[3]s is reached.",
		st.Latest.Period.String(), amount(st.Value, st.Indicator.Unit), wanted(st.Target))
}

func reasonMissed(st Status) pack.Text {
	return text("期限已到,%s 为 %s,未达到 %s,差 %s。", "The date has passed: at %s it stood at %s, short of %s by %s.",
		st.Latest.Period.String(), amount(st.Value, st.Indicator.Unit), wanted(st.Target), amount(st.Gap, st.Indicator.Unit))
}

// wanted prints what is promised, comparator and all.
func wanted(t Target) pack.Text { return pack.Text{ZH: t.Want.Chinese(), EN: t.Want.English()} }

func reasonNoBaseline(st Status) pack.Text {
	if n := st.Target.Baseline.None; n != nil {
		return text("说不清:%s", "Cannot say: %s", *n)
	}
	return text("说不清:没有公布基期数,不知道从哪里起步。", "Cannot say: no baseline was published, so nobody knows where it started.")
}

func reasonNoData(Status) pack.Text {
	return text("说不清:期限已到,但没有可比的数字。", "Cannot say: the date has passed and there is no comparable number.")
}

func reasonNoNews(st Status) pack.Text {
	if st.Latest == nil {
		return text("说不清:基期为 %s,此后没有公布过新的数字。", "Cannot say: it started from %s and no number has been published since.",
			amount(st.BaseValue, st.Indicator.Unit))
	}
	return text("说不清:最新的数字就是基期数(%s 为 %s),此后没有新的数字;到期需%s。",
		"Cannot say: the newest number is the baseline itself (%s, %s); nothing has been published since. It needs %s until the due date.",
		st.Latest.Period.String(), shown(*st.Latest), rate(st.Required, st))
}

// shown prints an observation with its comparator.
func shown(o observation.Observation) pack.Text {
	return pack.Text{ZH: o.Quantity.Chinese(), EN: o.Quantity.English()}
}

func reasonBreak(_ Status, b observation.Break) pack.Text {
	return text("说不清:统计口径在 %s 变更(%s),前后数字不可比。", "Cannot say: the definition changed on %s (%s); numbers before and after do not compare.",
		b.Date, pack.Text{ZH: b.ZH, EN: b.EN})
}

func reasonNoPath(Status) pack.Text {
	return text("说不清:没有声明从基期到目标的路径。", "Cannot say: no path from the baseline to the target has been declared.")
}

func reasonStale(st Status) pack.Text {
	return text("说不清:最新的数字是 %s 的,到 %s 已有 %d 个月,太旧。", "Cannot say: the newest number is of %[1]s, %[3]d months old on %[2]s: too old.",
		st.Latest.Period.String(), day(st.Date), int(period.MonthsBetween(st.Latest.Period.Last(), st.Date)))
}

func reasonBound(st Status) pack.Text {
	return text("说不清:公布的只是下限(%s),真实值可能已在路径上。", "Cannot say: only a bound was published (%s); the true value may be on the path.", shown(*st.Latest))
}

// reasonPace says what was expected, what came and what is needed.
func reasonPace(st Status) pack.Text {
	m, u := st.Measured, st.Indicator.Unit
	change := u
	if u.IsPercent() {
		change = quantity.MustUnit("百分点")
	}
	base := pack.Text{ZH: "基期", EN: "the baseline of"}
	if m.Implied {
		base = pack.Text{ZH: "规划“倍增”隐含的基数", EN: "the base implied by “doubling”,"}
	}
	verdict := text("落后 %.1f 个百分点", "%.1f points behind", st.Behind)
	if st.Behind <= 0 {
		verdict = text("超前 %.1f 个百分点", "%.1f points ahead", -st.Behind)
	}
	return text(
		"%[1]s 为 %[2]s,比%[3]s %[4]s(%[5]s)变化 %[6]s,按路径应变化 %[7]s,%[8]s;到期需%[9]s,此段实为%[10]s。",
		"%[2]s at %[1]s: a change of %[6]s from %[3]s %[4]s (%[5]s), where the path has %[7]s: %[8]s. It needs %[9]s until the due date; it made %[10]s.",
		st.Latest.Period.String(), amount(st.Value, u), base, amount(m.FromValue, u), day(m.From),
		amount(st.Value-m.FromValue, change), amount(m.Expected, change), verdict, rate(st.Required, st), rate(st.Recent, st))
}

// warn notes what a reader should keep in mind beside the light.
func (st *Status) warn(f facts) {
	add := func(zh, en string, args ...any) { st.Warnings = append(st.Warnings, text(zh, en, args...)) }
	if f.path.DeclaredBy == "" {
		add("路径(%s)是本系统的假设,发布机关没有公布路径;换一种形状,灯色可能不同。",
			"The path (%s) is an assumption of this system; the issuer has published none, and another shape may light another light.", shapeName(f.path.Shape))
	}
	if st.Measured.Implied {
		add("起点是由“倍增”推算的,不是公布的数字。", "The starting value is implied by “doubling”, not published.")
	}
	if st.Latest.Quantity.Cmp.IsBound() || st.Base != nil && st.Base.Quantity.Cmp.IsBound() {
		add("公布的是界限(%s),不是确切值。", "What was published is a bound (%s), not a value.", shown(*st.Latest))
	}
	if st.Latest.Source.Weak {
		add("最新的数字来自二手来源。", "The newest number comes from a secondary source.")
	}
	if !st.Latest.Status.Settled() {
		add("最新的数字尚未最终核定。", "The newest number is not final.")
	}
}

func shapeName(s Shape) pack.Text {
	switch s {
	case Linear:
		return pack.Text{ZH: "直线", EN: "linear"}
	case Geometric:
		return pack.Text{ZH: "等比", EN: "geometric"}
	case SCurve:
		return pack.Text{ZH: "S 形", EN: "S-shaped"}
	case Milestones:
		return pack.Text{ZH: "分段", EN: "milestones"}
	}
	return pack.Text{ZH: "未声明", EN: "none"}
}
