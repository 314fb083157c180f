package indicators

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/quantity"
)

// twoNotions finds one number under two notions that readers mix up: notions
// declared to differ, or of one group and subject.
func twoNotions(in *reconciliation) []pack.Finding {
	var out []pack.Finding
	for _, d := range in.relations.Differ {
		between(in.of(d.A, stated), in.of(d.B, stated), func(a, b observation.Observation) {
			if a.Unit == b.Unit && a.Quantity.Unit.Same(b.Quantity.Unit) && sameNumber(a.Quantity, b.Quantity) {
				out = append(out, in.oneNumber(pack.Warning, a, b))
			}
		})
	}
	type subject struct{ unit, document, group, about, counts string }
	near := grouped(in, in.significant, func(o observation.Observation) subject {
		i := in.definitions[o.Indicator]
		return subject{o.Unit, o.Source.Document, i.Group, i.About, o.Quantity.Unit.Base()}
	})
	for _, all := range near {
		pairs(all, func(a, b observation.Observation) {
			if a.Indicator != b.Indicator && sameNumber(a.Quantity, b.Quantity) && !in.related(a.Indicator, b.Indicator) {
				out = append(out, in.oneNumber(pack.Note, a, b))
			}
		})
	}
	return out
}

// related reports whether two indicators are declared to differ or to be the same.
func (in *reconciliation) related(a, b string) bool {
	return slices.ContainsFunc(slices.Concat(in.relations.Differ, in.relations.Same), func(p Pair) bool {
		return p.A == a && p.B == b || p.A == b && p.B == a
	})
}

func (in *reconciliation) oneNumber(s pack.Severity, a, b observation.Observation) pack.Finding {
	m, n, x, y := in.name(a.Indicator), in.name(b.Indicator), cite(a), cite(b)
	return in.find(s, []observation.Observation{a, b}, pack.Text{
		ZH: fmt.Sprintf("%s:%s与%s:%s数字相同,口径不同。", m.ZH, x.ZH, n.ZH, y.ZH),
		EN: fmt.Sprintf("%q at %s and %q at %s are two notions that carry one number.", m.EN, x.EN, n.EN, y.EN),
	})
}

// significant reports whether a number is a count or an amount that two subjects
// do not share by chance.
func (in *reconciliation) significant(o observation.Observation) bool {
	return stated(o) && in.amount(o) && o.Quantity.Base() >= remarkableNumber
}

// amount reports whether a number counts or measures something itself: no ratio,
// index, rank, tier or code.
func (in *reconciliation) amount(o observation.Observation) bool {
	u := o.Quantity.Unit
	switch in.definitions[o.Indicator].Nature {
	case observation.Ratio, observation.Index, observation.Rated, observation.Tier:
		return false
	case observation.Stock, observation.Flow, observation.Count:
	}
	return o.Status != observation.Derived && u.Num() != "年" && u.Num() != "代号"
}

// least is the smallest number whose repetition is worth a word: ones, twos and
// threes stand everywhere.
const least = 4

// otherSubjects finds a number that stands for several subjects of different
// groups, so that matching by number alone would link wrong facts: one note for a
// number. A small one counts only where the same thing is counted (16 个).
func otherSubjects(in *reconciliation) []pack.Finding {
	type key struct {
		number float64
		counts string
	}
	repeated := func(o observation.Observation) bool { return in.amount(o) && o.Quantity.Base() >= least }
	var out []pack.Finding
	for _, all := range grouped(in, repeated, func(o observation.Observation) key {
		k := key{o.Quantity.Base(), ""}
		if k.number < remarkableNumber {
			k.counts = o.Quantity.Unit.Num()
		}
		return k
	}) {
		var groups, subjects []string
		for _, o := range all {
			i := in.definitions[o.Indicator]
			groups = append(groups, i.Group)
			if !slices.Contains(subjects, i.ID) {
				subjects = append(subjects, i.ID)
			}
		}
		slices.Sort(groups)
		if len(slices.Compact(groups)) < 2 {
			continue
		}
		number := strconv.FormatFloat(all[0].Quantity.Base(), 'f', -1, 64)
		if d, err := quantity.ParseDecimal(number); err == nil {
			number = d.Grouped()
		}
		zh, en := make([]string, len(subjects)), make([]string, len(subjects))
		for n, id := range subjects {
			zh[n], en[n] = in.name(id).ZH, in.name(id).EN
		}
		out = append(out, in.find(pack.Note, all, pack.Text{
			ZH: fmt.Sprintf("同一个数%s指%d件事:%s。只按数字匹配会连错。", number, len(zh), strings.Join(zh, "、")),
			EN: fmt.Sprintf("%s stands for %d subjects: %s. Matching by number alone links wrong facts.", number, len(en), strings.Join(en, "; ")),
		}))
	}
	return out
}

// otherTerms finds a term that the text uses and nobody counts, while what is
// counted and wished for is another term declared to differ from it.
func otherTerms(in *reconciliation) []pack.Finding {
	anyone := func(observation.Observation) bool { return true }
	var out []pack.Finding
	for _, d := range in.relations.Differ {
		for _, p := range []Pair{d, {A: d.B, B: d.A}} {
			wishes := in.of(p.B, wished)
			if len(in.of(p.A, anyone)) > 0 || len(wishes) == 0 {
				continue
			}
			document, line := in.mention(in.definitions[p.A].ZH)
			if line == 0 {
				continue
			}
			about := slices.DeleteFunc(slices.Concat(wishes, in.of(p.B, stated), in.feeding(p.B)),
				func(o observation.Observation) bool { return o.Source.Document != document })
			named, counted := in.name(p.A), in.name(p.B)
			out = append(out, in.find(pack.Warning, about, pack.Text{
				ZH: fmt.Sprintf("第%d行说的是“%s”,进度和目标数的却是“%s”:两个不同的词。", line, named.ZH, counted.ZH),
				EN: fmt.Sprintf("Line %d speaks of %s (%s), but progress and target count %s (%s): two terms.",
					line, named.EN, named.ZH, counted.EN, counted.ZH),
			}))
		}
	}
	return out
}

// mention returns where a document first uses a term; line 0 when none does.
func (in *reconciliation) mention(term string) (document string, line int) {
	for _, o := range in.numbers { // documents in the order of their numbers
		for n, text := range in.documents[o.Source.Document].Lines {
			if term != "" && strings.Contains(text, term) {
				return o.Source.Document, n + 1
			}
		}
	}
	return "", 0
}

// feeding returns the stated numbers of the flows that feed a stock.
func (in *reconciliation) feeding(stock string) []observation.Observation {
	var out []observation.Observation
	for _, r := range in.relations.StockFlow {
		if r.Stock != stock {
			continue
		}
		for _, id := range r.In {
			out = append(out, in.of(id, stated)...)
		}
	}
	return out
}

// feeds reports whether an indicator is a flow of a declared stock.
func (in *reconciliation) feeds(id string) bool {
	return slices.ContainsFunc(in.relations.StockFlow, func(r StockFlow) bool { return slices.Contains(slices.Concat(r.In, r.Out), id) })
}

// alike is how many characters two names have in common when readers take one
// notion for the other.
const alike = 4

// otherNotions finds a target that no actual number speaks to, while numbers of
// an indicator declared to differ from it stand ready to be mistaken for one.
func otherNotions(in *reconciliation) []pack.Finding {
	var out []pack.Finding
	for _, d := range in.relations.Differ {
		for _, p := range []Pair{d, {A: d.B, B: d.A}} {
			wishes, actual := in.of(p.A, wished), in.of(p.B, stated)
			a, b := in.definitions[p.A], in.definitions[p.B]
			if len(wishes) == 0 || len(actual) == 0 || len(in.of(p.A, stated)) > 0 || a.Group != b.Group && !share(a.ZH, b.ZH, alike) {
				continue
			}
			x, y := cite(wishes[0]), cite(actual[0])
			out = append(out, in.find(pack.Warning, append(wishes, actual...), pack.Text{
				ZH: fmt.Sprintf("目标是“%s”%s,只有“%s”%s的实际数:不能用后者衡量前者。", a.ZH, x.ZH, b.ZH, y.ZH),
				EN: fmt.Sprintf("The target is on %q, %s, and the only actual numbers are of %q, %s: they cannot score it.", a.EN, x.EN, b.EN, y.EN),
			}))
		}
	}
	return out
}

// share reports whether two names have n characters in a row in common.
func share(a, b string, n int) bool {
	r := []rune(a)
	for i := 0; i+n <= len(r); i++ {
		if strings.Contains(b, string(r[i:i+n])) {
			return true
		}
	}
	return false
}

// missingBaselines finds targets that no number of the same indicator leads up
// to, and numbers printed among the baselines of targets that have no target.
func missingBaselines(in *reconciliation) []pack.Finding {
	var out []pack.Finding
	for _, t := range in.numbers {
		i := in.definitions[t.Indicator]
		if !wished(t) || i.Nature == observation.Count || t.Quantity.Unit.Num() == "倍" || strings.Contains(t.Source.Quote, fromZero) {
			continue // a structure; a multiple of its own start; a start named in the quotation
		}
		before := in.of(t.Indicator, func(o observation.Observation) bool {
			return stated(o) && o.Unit == t.Unit && o.Period.Start().Before(t.Period.End())
		})
		if len(before) > 0 {
			continue
		}
		x := cite(t)
		out = append(out, in.find(pack.Warning, []observation.Observation{t}, pack.Text{
			ZH: fmt.Sprintf("目标“%s”%s没有基期值,无从说起进度。", i.ZH, x.ZH),
			EN: fmt.Sprintf("The target on %q, %s, has no number to start from, so its progress cannot be told.", i.EN, x.EN),
		}))
	}
	return append(out, in.missingTargets()...)
}

// fromZero is how a text says that there is none yet.
const fromZero = "零的突破"

// missingTargets finds, in a line that gives at least two targets their start,
// the numbers of the same period that no target takes up.
func (in *reconciliation) missingTargets() []pack.Finding {
	type sentence struct {
		document string
		line     int
		period   string
	}
	var out []pack.Finding
	for _, all := range grouped(in, stated, func(o observation.Observation) sentence {
		return sentence{o.Source.Document, first(o.Source.Lines), o.Period.String()}
	}) {
		if first(all[0].Source.Lines) == 0 {
			continue
		}
		var bare []observation.Observation
		taken := 0
		for _, o := range all {
			switch {
			case len(in.of(o.Indicator, wished)) > 0:
				taken++
			case !in.feeds(o.Indicator): // what feeds a stock serves the stock's target
				bare = append(bare, o)
			}
		}
		if taken < 2 || len(bare) == 0 {
			continue
		}
		x := citeAll(bare)
		out = append(out, in.find(pack.Note, bare, pack.Text{
			ZH: fmt.Sprintf("与%d个目标的基期值并列的%s没有目标。", taken, x.ZH),
			EN: fmt.Sprintf("Beside the starts of %d targets stand %s, which no target takes up.", taken, x.EN),
		}))
	}
	return out
}

// unitSymbol reports whether a unit is a letter alone, which says how much but not
// of what (4000G).
func unitSymbol(u quantity.Unit) bool {
	n := u.Num()
	return len(n) == 1 && 'A' <= n[0] && n[0] <= 'Z'
}
