package indicators

import (
	"fmt"
	"slices"
	"strings"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
)

// tiersAndRanks finds a tier and a rank that are said of one index.
func tiersAndRanks(in *reconciliation) []pack.Finding {
	var out []pack.Finding
	between(in.natured(observation.Tier), in.natured(observation.Rated), func(t, r observation.Observation) {
		if t.Unit == r.Unit && t.Source.Document == r.Source.Document && sameDate(observation.Tier, t, r) && scope(t) == scope(r) && in.oneIndex(t, r) {
			out = append(out, in.tierAndRank(t, r))
		}
	})
	return out
}

// tierAndRank says when a tier and a rank agree: only if the tier reaches down to
// the rank. Another index of the document in the same tier may show that it does.
func (in *reconciliation) tierAndRank(t, r observation.Observation) pack.Finding {
	tier, rank := int(t.Quantity.Value.Float()), int(r.Quantity.Value.Float())
	reach, witness := in.reach(t)
	severity, x, y := pack.Warning, cite(t), cite(r)
	said := pack.Text{
		ZH: fmt.Sprintf("同一指数既说%s,又说%s:仅当第%d梯队含第%d位时相容", x.ZH, y.ZH, tier, rank),
		EN: fmt.Sprintf("One index is put in tier %s and at rank %s: they agree only if tier %d reaches to rank %d", x.EN, y.EN, tier, rank),
	}
	if reach >= rank {
		severity = pack.Note
		w := cite(witness)
		said.ZH += fmt.Sprintf(";同一文本里%s也在该梯队", w.ZH)
		said.EN += fmt.Sprintf("; rank %s is in that tier too", w.EN)
	}
	said.ZH, said.EN = said.ZH+"。", said.EN+"."
	return in.find(severity, []observation.Observation{t, r}, said)
}

// scope is the set that a rank or tier was compared in.
func scope(o observation.Observation) string {
	if o.Rank == nil {
		return ""
	}
	return o.Rank.Scope
}

// natured returns the stated numbers of indicators of a nature.
func (in *reconciliation) natured(n observation.Nature) []observation.Observation {
	var out []observation.Observation
	for _, o := range in.numbers {
		if stated(o) && in.definitions[o.Indicator].Nature == n {
			out = append(out, o)
		}
	}
	return out
}

// oneIndex reports whether a tier and a rank are of one index: declared so, or
// their quotations name the same value of an index.
func (in *reconciliation) oneIndex(t, r observation.Observation) bool {
	return in.related(t.Indicator, r.Indicator) || slices.ContainsFunc(in.natured(observation.Index), func(i observation.Observation) bool {
		return i.Unit == t.Unit && strings.Contains(t.Source.Quote, i.Printed) && strings.Contains(r.Source.Quote, i.Printed)
	})
}

// reach returns the lowest rank that the document puts into the tier of t by a
// tier and a rank of one named ranking.
func (in *reconciliation) reach(t observation.Observation) (rank int, witness observation.Observation) {
	for _, u := range in.natured(observation.Tier) {
		for _, r := range in.natured(observation.Rated) {
			named := u.Rank != nil && r.Rank != nil && u.Rank.Compiler != "" && u.Rank.Compiler == r.Rank.Compiler && u.Rank.Edition == r.Rank.Edition
			same := u.Source.Document == t.Source.Document && r.Source.Document == t.Source.Document && u.Unit == r.Unit
			n := int(r.Quantity.Value.Float())
			if named && same && u.Quantity.Value.Cmp(t.Quantity.Value) <= 0 && n > rank {
				rank, witness = n, r
			}
		}
	}
	return rank, witness
}

// rankCompilers finds, in one warning for a document, ranks that must not be
// compared or averaged since several or unknown bodies have compiled them.
func rankCompilers(in *reconciliation) []pack.Finding {
	ranked := func(o observation.Observation) bool {
		return stated(o) && in.definitions[o.Indicator].Nature == observation.Rated
	}
	var out []pack.Finding
	for _, all := range grouped(in, ranked, func(o observation.Observation) string { return o.Source.Document }) {
		compilers, unnamed, sized := compiled(all)
		if len(all) < 2 || unnamed == 0 && compilers == 1 {
			continue
		}
		out = append(out, in.find(pack.Warning, all, pack.Text{
			ZH: fmt.Sprintf("%d个位次:没有写明编制者的%d个,写明的编制者%d家,写明比较范围的%d个;不同指数的位次不能比较或平均。", len(all), unnamed, compilers, sized),
			EN: fmt.Sprintf("%d ranks: no compiler is named for %d, compilers named %d, the set compared is named for %d; ranks of different indices must not be compared or averaged.",
				len(all), unnamed, compilers, sized),
		}))
	}
	return out
}

// compiled counts the compilers that ranks name, the ranks that name none and
// those that say how many were compared.
func compiled(all []observation.Observation) (compilers, unnamed, sized int) {
	seen := map[string]bool{}
	for _, o := range all {
		var rank observation.Rank
		if o.Rank != nil {
			rank = *o.Rank
		}
		if rank.Compiler == "" {
			unnamed++
		} else {
			seen[rank.Compiler] = true
		}
		if rank.Of > 0 {
			sized++
		}
	}
	return len(seen), unnamed, sized
}

// brokenSeries finds neighbouring numbers of a series that are not of one series: a
// declared change of definition lies between them, or they are claims of
// different compilers or of editions with different titles.
func brokenSeries(in *reconciliation) []pack.Finding {
	type series struct{ indicator, unit string }
	var out []pack.Finding
	for _, all := range grouped(in, stated, func(o observation.Observation) series { return series{o.Indicator, o.Unit} }) {
		all = newest(all, all[0].Unit)
		slices.SortStableFunc(all, func(a, b observation.Observation) int { return a.Period.Compare(b.Period) })
		for n := 1; n < len(all); n++ {
			a, b := all[n-1], all[n]
			name, x, y := in.name(a.Indicator), cite(a), cite(b)
			if br := breakIn(in.definitions[a.Indicator].Breaks, a.Period.Start(), b.Period.Last()); br != nil {
				out = append(out, in.find(pack.Note, []observation.Observation{b, a}, pack.Text{
					ZH: fmt.Sprintf("%s:%s与%s之间有断点(%s),不能当作一个序列。%s", name.ZH, x.ZH, y.ZH, br.Date, br.ZH),
					EN: fmt.Sprintf("%s: a break of %s lies between %s and %s: they are not one series. %s", name.EN, br.Date, x.EN, y.EN, br.EN),
				}))
				continue
			}
			if !oneRanking(a.Rank, b.Rank) && a.Period != b.Period {
				out = append(out, in.find(pack.Warning, []observation.Observation{b, a}, pack.Text{
					ZH: fmt.Sprintf("%s:%s与%s出自不同的编制者或报告,却没有登记断点。", name.ZH, x.ZH, y.ZH),
					EN: fmt.Sprintf("%s: %s and %s are of different compilers or reports, and no break is declared between them.", name.EN, x.EN, y.EN),
				}))
			}
		}
	}
	return out
}

// oneRanking reports whether nothing shows two claims to be of different
// rankings; editions of one report differ in their year alone.
func oneRanking(a, b *observation.Rank) bool {
	if a == nil || b == nil {
		return true
	}
	title := func(s string) string {
		return strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return -1
			}
			return r
		}, s)
	}
	same := func(x, y string) bool { return x == "" || y == "" || x == y }
	return same(a.Compiler, b.Compiler) && same(title(a.Edition), title(b.Edition))
}
