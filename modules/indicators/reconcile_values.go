package indicators

import (
	"fmt"
	"slices"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

// sameDate reports whether two numbers of one indicator speak of the same time: a
// flow of the same stretch, anything else of the same last day (2022 and
// 2022-12-31).
func sameDate(n observation.Nature, a, b observation.Observation) bool {
	if n == observation.Flow {
		return a.Period.Contains(b.Period) && b.Period.Contains(a.Period)
	}
	return a.Period.Last().Equal(b.Period.Last())
}

// roundings compares what one document says twice of one thing. Two printed forms
// that leave room for one true number are one number at two roundings; two exact
// forms that do not are an error.
func roundings(in *reconciliation) []pack.Finding {
	var out []pack.Finding
	for _, all := range grouped(in, stated, printedIn) {
		pairs(all, func(a, b observation.Observation) {
			if sameDate(in.definitions[a.Indicator].Nature, a, b) && !sameNumber(a.Quantity, b.Quantity) && a.Status != observation.Revised && b.Status != observation.Revised {
				out = append(out, in.rounded(a, b))
			}
		})
	}
	return out
}

func (in *reconciliation) rounded(a, b observation.Observation) pack.Finding {
	name, x, y := in.name(a.Indicator), cite(a), cite(b)
	about := []observation.Observation{a, b}
	if extentOf(a.Quantity).meets(extentOf(b.Quantity)) {
		return in.find(pack.Note, about, pack.Text{
			ZH: fmt.Sprintf("%s:%s与%s是同一个数的两种取舍,彼此相容。", name.ZH, x.ZH, y.ZH),
			EN: fmt.Sprintf("%s: %s and %s are one number at two roundings; they agree.", name.EN, x.EN, y.EN),
		})
	}
	severity := pack.Warning
	if a.Quantity.Cmp == quantity.Equal && b.Quantity.Cmp == quantity.Equal {
		severity = pack.Error
	}
	return in.find(severity, about, pack.Text{
		ZH: fmt.Sprintf("%s:%s与%s说的是同一时点,不可能都对。", name.ZH, x.ZH, y.ZH),
		EN: fmt.Sprintf("%s: %s and %s are of the same date and cannot both be right.", name.EN, x.EN, y.EN),
	})
}

// The least stretch of time, in months, over which an unchanged number is
// remarkable, and the least number that does not stay the same by chance.
const (
	remarkableMonths = 3
	remarkableNumber = 100
)

// standsStill finds a number that one document gives for two dates months apart:
// one of the dates may be wrong. Ranks, tiers and ratios do stay the same.
func standsStill(in *reconciliation) []pack.Finding {
	moving := func(o observation.Observation) bool {
		n := in.definitions[o.Indicator].Nature
		return stated(o) && (n == observation.Stock || n == observation.Flow) && o.Quantity.Base() >= remarkableNumber
	}
	var out []pack.Finding
	for _, all := range grouped(in, moving, printedIn) {
		pairs(all, func(a, b observation.Observation) {
			apart := period.MonthsBetween(a.Period.Last(), b.Period.Last())
			if !sameNumber(a.Quantity, b.Quantity) || max(apart, -apart) < remarkableMonths {
				return
			}
			name, x, y := in.name(a.Indicator), cite(a), cite(b)
			out = append(out, in.find(pack.Warning, []observation.Observation{a, b}, pack.Text{
				ZH: fmt.Sprintf("%s:%s与%s相同:要么一个时点有误,要么其间没有变化。", name.ZH, x.ZH, y.ZH),
				EN: fmt.Sprintf("%s: %s and %s are the same: one of the dates is wrong, or the number did not move in between.", name.EN, x.EN, y.EN),
			}))
		})
	}
	return out
}

// provisional finds numbers that their source itself calls provisional (预计,
// 快报, 初步), and says which later number has taken their place.
func provisional(in *reconciliation) []pack.Finding {
	var out []pack.Finding
	for _, o := range in.numbers {
		if o.Status != observation.Estimate && o.Status != observation.Flash && o.Status != observation.Preliminary {
			continue
		}
		name, x := in.name(o.Indicator), cite(o)
		said := pack.Text{
			ZH: fmt.Sprintf("%s:%s是%s数,按第一个版本时点保留", name.ZH, x.ZH, unsettled(o.Status).ZH),
			EN: fmt.Sprintf("%s: %s is %s: it is kept as a first vintage", name.EN, x.EN, unsettled(o.Status).EN),
		}
		later := in.of(o.Indicator, func(l observation.Observation) bool {
			return l.Unit == o.Unit && l.Period == o.Period && l.Known.After(o.Known) && stated(l)
		})
		if len(later) > 0 {
			l := cite(later[len(later)-1])
			said.ZH, said.EN = said.ZH+";后来的数是"+l.ZH, said.EN+"; later it was "+l.EN
		}
		said.ZH, said.EN = said.ZH+"。", said.EN+"."
		out = append(out, in.find(pack.Note, append([]observation.Observation{o}, later...), said))
	}
	return out
}

// unsettled is the word of a status that will be revised.
func unsettled(s observation.Status) pack.Text {
	switch s { //nolint:exhaustive // of the statuses that will be revised
	case observation.Flash:
		return pack.Text{ZH: "快报", EN: "a flash number"}
	case observation.Preliminary:
		return pack.Text{ZH: "初步", EN: "preliminary"}
	default:
		return pack.Text{ZH: "预计", EN: "an estimate"}
	}
}

// bounds finds, in one note for a document, what is published as a bound or as
// "just under": a wish is tested with its comparator, and an actual number of
// this kind may settle nothing.
func bounds(in *reconciliation) []pack.Finding {
	bound := func(o observation.Observation) bool {
		return o.Status != observation.Derived && (o.Quantity.Cmp.IsBound() || o.Quantity.Cmp == quantity.Near)
	}
	var out []pack.Finding
	for _, all := range grouped(in, bound, func(o observation.Observation) string { return o.Source.Document }) {
		wishes := len(slices.DeleteFunc(slices.Clone(all), stated))
		x := cite(all[0])
		out = append(out, in.find(pack.Note, all, pack.Text{
			ZH: fmt.Sprintf("%s等%d个数(其中目标%d个)公布的是界限而不是值:是否达成要按比较词判断。", x.ZH, len(all), wishes),
			EN: fmt.Sprintf("Published as bounds, not as values: %s%s; of all these %d are targets, which are met by their comparator.", x.EN, more(len(all), "", " and %d more numbers"), wishes),
		}))
	}
	return out
}
