// Package inspect checks, at an upper node, what a lower node states of its identifiers
// day by day.
//
// What must hold: nothing is believed that can be shown. A day follows from the day before
// by a delta that is recomputed; where there is none, and of the newest day always,
// identifiers are drawn by lot after the head was stated, shown in its tree and asked for
// by the protocol. What was stated once stays: a day that is stated otherwise later, or is
// there no more, is a finding. What could not be checked is said to be so.
package inspect

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/census"
)

// Stated is what a node states of a day.
type Stated struct {
	Prefix     string `json:"prefix" doc:"of the node"`
	Day        string `json:"day"`
	Registered int64  `json:"registered" doc:"identifiers at the end of the day"`
	Resolved   int64  `json:"resolved" doc:"resolutions of them until then"`
	Root       string `json:"root" doc:"hash of the Merkle-sum tree: sha256:HEX"`
	Before     string `json:"before,omitempty" doc:"the day that its delta begins at"`
	Statement  string `json:"statement,omitempty" doc:"name of the statement in the node's log; none of a day without identifiers"`

	Nodes    int   `json:"nodes,omitempty" doc:"of the last day: nodes below it that it has checked"`
	Below    int64 `json:"below,omitempty" doc:"of the last day: identifiers of all nodes below it, as far as it has checked them"`
	Findings int   `json:"findings,omitempty" doc:"of the last day: what it found wrong at the nodes below it"`
}

// Head is what is stated, as the tree has it.
func (s Stated) Head() (census.Head, error) {
	return census.ParseHead(fmt.Sprintf("%d %d %s", s.Registered, s.Resolved, s.Root))
}

// Lower is a lower node as the upper one asks it.
type Lower interface {
	// Stated returns what it states, the newest day first.
	Stated(ctx context.Context) ([]Stated, error)
	// Delta returns what leads to a day; fault.NotFound when there is none.
	Delta(ctx context.Context, day string) ([]byte, error)
	// Sample returns a tree of its last census that shows the identifier with a number.
	Sample(ctx context.Context, number uint64) ([]byte, error)
	// Signed returns what the signed statement of a day says, checked against the keys of
	// the node that were known first; fault.NotFound while it is not in the log yet.
	Signed(ctx context.Context, s Stated) (Stated, error)
	// Resolves asks it for an identifier by the protocol.
	Resolves(ctx context.Context, folded string) error
}

// How a day was checked.
const (
	First   = "first"   // nothing was known before: samples
	Changes = "changes" // every change since the day before, and samples
	Samples = "samples" // there was no delta
)

// Finding is something that is not as it was stated.
type Finding struct {
	Kind string `json:"kind"`
	ZH   string `json:"zh"`
	EN   string `json:"en"`
}

// Checked is a day that was checked.
type Checked struct {
	Stated
	How      string
	Growth   census.Growth // of Changes
	Findings []Finding
}

// The kinds of findings beside those of the census.
const (
	Unsigned   = "unsigned"   // the signed statement says another thing, or does not hold
	Unresolved = "unresolved" // an identifier that is counted does not resolve
)

// Inspector checks one node.
type Inspector struct {
	Prefix  string                // that it has
	Samples int                   // how many identifiers are drawn of the newest day
	Draw    func(n uint64) uint64 // a number below n that nobody can foretell
}

// Check checks what a node states of the days after the last one that is known.
//
//   - known: the last day that was checked; nil for none.
//   - Result: the oldest day first; none when it states nothing new.
//   - Errors: those of asking: nothing was found out, try later.
func (i Inspector) Check(ctx context.Context, l Lower, known *Stated) ([]Checked, error) {
	all, err := l.Stated(ctx)
	if err != nil {
		return nil, err
	}
	var out []Checked
	before := known
	if known != nil {
		if found := again(*known, all); found != nil {
			out = append(out, Checked{Stated: *known, How: Samples, Findings: []Finding{*found}})
		}
		all = slices.DeleteFunc(all, func(s Stated) bool { return s.Day <= known.Day })
	}
	for n, s := range slices.Backward(all) {
		c, err := i.day(ctx, l, before, s)
		if fault.KindOf(err) == fault.NotFound { // its statement is not in the log yet: the next round sees it
			break
		}
		if err != nil {
			return out, err
		}
		if n == 0 {
			drawn, err := i.samples(ctx, l, s)
			if err != nil {
				return out, err
			}
			c.Findings = append(c.Findings, drawn...)
		}
		out = append(out, c)
		before = &s
	}
	return out, nil
}

// again looks whether a day that was checked is stated as it was.
func again(known Stated, all []Stated) *Finding {
	at := slices.IndexFunc(all, func(s Stated) bool { return s.Day == known.Day })
	switch {
	case at < 0 && len(all) > 0 && all[len(all)-1].Day > known.Day:
		return nil // it tells of fewer days than we remember
	case at < 0:
		return &Finding{string(census.Dropped), fmt.Sprintf("节点不再承认它声明过的 %s 的计数", known.Day), fmt.Sprintf("the node no longer has the census of %s that it stated", known.Day)}
	case all[at].Root != known.Root || all[at].Registered != known.Registered || all[at].Resolved != known.Resolved:
		now := all[at]
		return &Finding{
			string(census.Forked), fmt.Sprintf("%s 的计数先后有两个：先是 %s，现在是 %s", known.Day, known.Root, now.Root),
			fmt.Sprintf("there are two censuses of %s: first %s, now %s", known.Day, known.Root, now.Root),
		}
	}
	return nil
}

// day checks one day against the day before.
func (i Inspector) day(ctx context.Context, l Lower, before *Stated, s Stated) (Checked, error) {
	out := Checked{Stated: s, How: Samples}
	if !strings.EqualFold(s.Prefix, i.Prefix) {
		out.find("forked", "声明的是前缀 %s，不是 %s", "it is stated of prefix %s, not %s", s.Prefix, i.Prefix)
	}
	head, err := s.Head()
	if err != nil {
		out.find(Unsigned, "声明的数不合写法：%v", "what is stated is no head: %v", err)
		return out, nil
	}
	if s.Registered > 0 {
		if err := out.signed(ctx, l); err != nil {
			return out, err
		}
	}
	if before == nil {
		out.How = First
		return out, nil
	}
	text, err := l.Delta(ctx, s.Day)
	if fault.KindOf(err) == fault.NotFound || err == nil && s.Before != before.Day {
		out.find(string(census.Unproven), "没有从 %s 到 %s 的增量，只能抽查", "there is no delta from %s to %s: only samples can be checked", before.Day, s.Day)
		return out, nil
	}
	if err != nil {
		return out, err
	}
	return out, out.changes(text, *before, head)
}

// changes checks the delta between two days.
func (c *Checked) changes(text []byte, before Stated, head census.Head) error {
	was, err := before.Head()
	if err != nil {
		return err
	}
	d, err := census.ParseDelta(text)
	if err != nil {
		c.find(string(census.Unproven), "增量读不出：%v", "the delta cannot be read: %v", err)
		return nil
	}
	growth, findings, err := d.Check(was, head)
	if err != nil {
		c.find(string(census.Unproven), "增量不成立：%v", "the delta is none: %v", err)
		return nil
	}
	c.How, c.Growth = Changes, growth
	for _, f := range findings {
		c.Findings = append(c.Findings, Finding{string(f.Kind), f.ZH, f.Text})
	}
	return nil
}

// signed compares what is stated with what was signed.
func (c *Checked) signed(ctx context.Context, l Lower) error {
	signed, err := l.Signed(ctx, c.Stated)
	switch {
	case fault.KindOf(err) == fault.Invalid:
		c.find(Unsigned, "声明的证据不成立：%v", "the evidence of what is stated does not hold: %v", err)
	case err != nil:
		return err
	case signed.Root != c.Root || signed.Registered != c.Registered || signed.Resolved != c.Resolved || signed.Day != c.Day:
		c.find(Unsigned, "签名的是注册 %d、解析 %d，声明的是注册 %d、解析 %d", "signed are %d registered and %d resolved, stated are %d and %d",
			signed.Registered, signed.Resolved, c.Registered, c.Resolved)
	}
	return nil
}

// samples draws identifiers of the newest day: each has to be in the tree and to resolve.
func (i Inspector) samples(ctx context.Context, l Lower, s Stated) ([]Finding, error) {
	out := Checked{Stated: s}
	head, err := s.Head()
	if err != nil || head.Registered == 0 {
		return nil, nil //nolint:nilerr // that it is no head was found before
	}
	for range i.Samples {
		if err := out.sample(ctx, l, head, i.Draw(head.Registered)); err != nil {
			return nil, err
		}
	}
	return out.Findings, nil
}

// sample looks at one identifier by its number.
func (c *Checked) sample(ctx context.Context, l Lower, head census.Head, n uint64) error {
	text, err := l.Sample(ctx, n)
	if fault.KindOf(err) == fault.Busy {
		return err
	}
	if err != nil {
		c.find(string(census.Inflated), "抽到的第 %d 个标识拿不出：%v", "identifier %d, drawn by lot, is not shown: %v", n, err)
		return nil
	}
	tree, err := census.Parse(text)
	if err != nil || tree.Head() != head {
		c.find(string(census.Forked), "抽到的第 %d 个标识的证明不属于所声明的计数", "what shows identifier %d is of another census than was stated", n)
		return nil //nolint:nilerr // it is the finding
	}
	leaf, shown := tree.At(n)
	if shown != census.Present {
		c.find(string(census.Inflated), "抽到的第 %d 个标识没有出现在树里", "identifier %d, drawn by lot, is not in the tree", n)
		return nil
	}
	err = l.Resolves(ctx, string(leaf.Key))
	if fault.KindOf(err) == fault.Busy {
		return err
	}
	if err != nil {
		c.find(Unresolved, "计入的标识 %s 现在解析不到（除非此后已注销）：%v", "identifier %s is counted and does not resolve now, unless it was deleted since: %v", leaf.Key, err)
	}
	return nil
}

func (c *Checked) find(kind, zh, en string, args ...any) {
	c.Findings = append(c.Findings, Finding{kind, fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...)})
}
