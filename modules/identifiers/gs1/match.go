package gs1

import (
	"cmp"
	"mime"
	"slices"
	"strconv"
	"strings"

	"yuzhou/modules/identifiers/gs1/linkset"
)

// wish is a range of a header as Accept or Accept-Language, with its weight.
type wish struct {
	name   string  // lower case, as "text/*" or "zh-cn"
	weight float64 // 0 to 1; 0 is not wanted
}

// wishes reads a header of weighted ranges, the most wanted first. What cannot be read
// is read over, as servers do, and so is what is longer than any that means something. Source: RFC 9110 §12.4.2.
func wishes(header string) []wish {
	var all []wish
	for field := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(field, ";")
		w := wish{name: strings.ToLower(strings.TrimSpace(name)), weight: 1}
		for param := range strings.SplitSeq(params, ";") {
			if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(param)), "q="); ok {
				n, err := strconv.ParseFloat(q, 64)
				if err != nil || !(n >= 0 && n <= 1) {
					n = 0
				}
				w.weight = n
			}
		}
		if w.name != "" && len(w.name) <= 100 && len(all) < 100 {
			all = append(all, w)
		}
	}
	slices.SortStableFunc(all, func(a, b wish) int { return cmp.Compare(b.weight, a.weight) })
	return all
}

// rank says how well a link meets a part of a request; links with the greatest are kept.
type rank float64

// The ranks that are no match.
const (
	never   rank = -1 // the link says something else
	neutral rank = 0  // the link or the request does not say
)

// best keeps the links that a part of a request likes best. When it likes none, all are
// left: it cannot decide.
func best(links []linkset.Link, of func(linkset.Link) rank) []linkset.Link {
	top := neutral
	for _, l := range links {
		top = max(top, of(l))
	}
	var kept []linkset.Link
	for _, l := range links {
		if of(l) == top {
			kept = append(kept, l)
		}
	}
	if kept == nil {
		return links
	}
	return kept
}

// byLanguage ranks by Accept-Language: by the first range that finds a tag of the link.
// A range is cut from its end until it is a tag (RFC 4647 §3.4: zh-Hans-CN, zh-Hans, zh);
// failing that it finds longer tags (zh finds zh-CN), then other tags of its language (zh-TW
// finds zh-CN), which is closer than another language. Who does not say a language gets
// what has none, if there is such a link.
func byLanguage(header string) func(linkset.Link) rank {
	ranges := wishes(header)
	return func(l linkset.Link) rank {
		if len(l.Hreflang) == 0 {
			return neutral
		}
		for i, w := range ranges {
			top := never
			for _, tag := range l.Hreflang {
				top = max(top, languageFit(w.name, strings.ToLower(tag)))
			}
			if top > 0 && w.weight > 0 {
				return rank(len(ranges)-i) + top
			}
		}
		return never
	}
}

// languageFit is never when a range does not find a tag, else between 0 and 1, the
// more the less of the range was cut.
func languageFit(wanted, tag string) rank {
	for short := wanted; short != ""; short = short[:max(strings.LastIndexByte(short, '-'), 0)] {
		if short == tag {
			return 1 - 0.5/rank(len(short))
		}
	}
	language, _, _ := strings.Cut(wanted, "-")
	switch {
	case strings.HasPrefix(tag, wanted+"-"):
		return 0.2
	case strings.HasPrefix(tag, language+"-"):
		return 0.1
	}
	return never
}

// byType ranks by Accept: the weight that the most specific range gives the link's type.
// Who takes anything has said nothing.
func byType(header string) func(linkset.Link) rank {
	ranges := wishes(header)
	return func(l linkset.Link) rank {
		kind, _, err := mime.ParseMediaType(l.Type)
		if l.Type == "" || err != nil || len(ranges) == 0 {
			return neutral
		}
		group, _, _ := strings.Cut(kind, "/")
		for _, name := range []string{kind, group + "/*", "*/*"} {
			at := slices.IndexFunc(ranges, func(w wish) bool { return w.name == name })
			switch {
			case at < 0:
			case ranges[at].weight == 0:
				return never
			case name == "*/*":
				return neutral
			default:
				return rank(ranges[at].weight)
			}
		}
		return never
	}
}

// byContext ranks by the context parameter. Who names none gets what is meant for all.
func byContext(wanted []string) func(linkset.Link) rank {
	return func(l linkset.Link) rank {
		if len(l.Context) == 0 {
			return neutral
		}
		for _, c := range l.Context {
			if slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, c) }) {
				return 1
			}
		}
		return never
	}
}
