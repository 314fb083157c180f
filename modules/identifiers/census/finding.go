package census

import "fmt"

// Kind is what is wrong, in a word for programs.
type Kind string

// The kinds of findings.
const (
	Inflated  Kind = "inflated"   // a count is greater than what is shown
	Dropped   Kind = "dropped"    // a count is smaller: something went without being listed
	Altered   Kind = "altered"    // the counts are right and the records are others
	Forked    Kind = "forked"     // there are two heads where there should be one
	BackDated Kind = "back-dated" // an identifier is said to be older than it is
	Recounted Kind = "recounted"  // an identifier is counted as new a second time
	Phantom   Kind = "phantom"    // what never was is said to be removed
	Reduced   Kind = "reduced"    // resolutions that were counted are so no more
	Unproven  Kind = "unproven"   // what should be shown is hidden
)

// Finding is one thing that is not as it was stated.
type Finding struct {
	Kind Kind
	Key  []byte // or the prefix; empty when it is about a whole census
	Text string // one sentence, without full stop
	ZH   string // the same in Chinese
}

// said is a sentence in both languages with the same arguments. A key is quoted.
type said struct {
	zh, en string
	args   []any
}

func finding(kind Kind, key []byte, s said) Finding {
	args := make([]any, len(s.args))
	for i, a := range s.args {
		if k, ok := a.([]byte); ok {
			a = fmt.Sprintf("%.80q", k)
		}
		args[i] = a
	}
	return Finding{kind, key, fmt.Sprintf(s.en, args...), fmt.Sprintf(s.zh, args...)}
}

func forked(got, stated Head) Finding {
	return finding(Forked, nil, said{"所附的树的根是 %s，而声明的是 %s", "the tree has the head %s, stated is %s", []any{got, stated}})
}

// compare says how a head that was stated for prefix differs from the one that is shown.
func compare(prefix []byte, stated, shown Head) []Finding {
	out := compareCounts(prefix, stated.Counts, shown.Counts)
	if len(out) == 0 && stated.Hash != shown.Hash {
		out = append(out, finding(Altered, prefix, said{
			"数量相符，但记录与列出的变更不符：声明的根是 %s，应为 %s", "the counts agree and the records do not: stated is the head %s, the changes lead to %s",
			[]any{stated, shown},
		}))
	}
	return out
}

func compareCounts(prefix []byte, stated, shown Counts) []Finding {
	var out []Finding
	for _, c := range []struct {
		zh, en        string
		stated, shown uint64
	}{
		{"注册量", "registered", stated.Registered, shown.Registered},
		{"解析量", "resolved", stated.Resolved, shown.Resolved},
	} {
		kind := Inflated
		switch {
		case c.stated == c.shown:
			continue
		case c.stated < c.shown:
			kind = Dropped
		}
		s := said{"声明的" + c.zh + "是 %d，能证明的是 %d", "stated are %d " + c.en + ", shown are %d", []any{c.stated, c.shown}}
		if len(prefix) > 0 {
			s = said{"前缀 %s " + s.zh, "of %s " + s.en, append([]any{prefix}, s.args...)}
		}
		out = append(out, finding(kind, prefix, s))
	}
	return out
}

// Report is what somebody states of all identifiers with a prefix: a row of the daily
// figures that a node sends to the one above.
type Report struct {
	Prefix []byte // empty: all
	Counts
}

// CheckReports compares daily figures with a tree of a head that was stated.
//
// Result: Forked when the tree is of another head, Unproven where it hides a prefix,
// Inflated and Dropped where a figure is another one; nothing when all are right.
func (t *Tree) CheckReports(head Head, reports []Report) []Finding {
	if got := t.Head(); got != head {
		return []Finding{forked(got, head)}
	}
	var out []Finding
	for _, r := range reports {
		under, shown := t.Under(r.Prefix)
		if shown == Hidden {
			out = append(out, finding(Unproven, r.Prefix, said{"树没有显示前缀 %s 的数量", "the tree does not show the counts of %s", []any{r.Prefix}}))
			continue
		}
		out = append(out, compareCounts(r.Prefix, r.Counts, under.Counts)...)
	}
	return out
}

// CheckKnown looks whether keys that are said to have been registered by the day of a head
// were so. The tree is one of that head.
//
// Result: Forked when the tree is of another head, BackDated for each key that it shows to
// be absent, Unproven for each it hides; nothing when all were there.
func (t *Tree) CheckKnown(head Head, keys ...[]byte) []Finding {
	if got := t.Head(); got != head {
		return []Finding{forked(got, head)}
	}
	var out []Finding
	for _, k := range keys {
		switch _, shown := t.Get(k); shown {
		case Absent:
			out = append(out, finding(BackDated, k, said{"标识 %s 在该日的计数中不存在：它是后来注册的", "%s is not in the census of that day: it was registered later", []any{k}}))
		case Hidden:
			out = append(out, finding(Unproven, k, said{"树没有显示标识 %s 是否存在", "the tree does not show whether %s was there", []any{k}}))
		case Present:
		}
	}
	return out
}
