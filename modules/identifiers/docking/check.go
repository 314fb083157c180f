package docking

import (
	"fmt"
	"strings"
)

// checker collects what is wrong in a batch.
type checker struct {
	node  string // the batch's prefix
	below bool   // the table is of enterprises
	row   int
	path  []string
	found Findings
}

// full reports whether enough was found.
func (c *checker) full() bool { return len(c.found) >= maxFindings }

// must notes a finding unless it holds.
func (c *checker) must(field, value string, holds bool, zh, en string) { //nolint:revive // whether it holds is what it is about
	if holds || c.full() {
		return
	}
	if r := []rune(value); len(r) > 80 {
		value = string(r[:80]) + "…"
	}
	at := strings.Join(c.path, ".")
	if field != "" {
		at = strings.TrimPrefix(at+"."+field, ".")
	}
	c.found = append(c.found, Finding{Row: c.row, Field: at, Value: value, ZH: "应为：" + zh, EN: "want " + en})
}

// at runs check for a part of the row.
func (c *checker) at(name string, check func()) {
	c.path = append(c.path, name)
	check()
	c.path = c.path[:len(c.path)-1]
}

// in runs check for one entry of a list, of which i counts from 0.
func (c *checker) in(name string, i int, check func()) {
	c.at(fmt.Sprintf("%s[%d]", name, i+1), check)
}

// document holds that the number of an identity card is one.
func (c *checker) document(field, kind, number string) {
	if kind == DocumentResident {
		c.must(field, number, residentID(number), "GB 11643 规定的18位公民身份号码，含校验码", "18 characters of GB 11643 with its check character")
	}
	c.must(field, number, number == "" || kind != "", "先填写证件类型", "a number only with the type of its document")
}

// checked is what every row is.
type checked interface{ check(c *checker) }

// owner returns the prefix a row is of, and what no other row of a batch may have.
func owner(row any) (prefix, key string) {
	switch r := row.(type) {
	case *Organisation:
		return r.Prefix, r.Prefix
	case *Route:
		if r.CodeType != CodeHandle || strings.Contains(r.Prefix, rangeSign) {
			// Prefixes of other codes have no order of nodes in them.
			return "", r.CodeType + " " + r.Prefix + " " + r.IP
		}
		return r.Prefix, r.Prefix + " " + r.IP
	case *Statistics:
		return r.Prefix, r.Date + " " + r.Prefix
	case *Template:
		return r.Prefix, r.Prefix + " " + r.ID + " " + r.Version
	case *Application:
		return r.Prefix, r.Prefix + " " + r.Name
	case *Item:
		prefix, _, _ = strings.Cut(r.Identifier, "/")
		return prefix, r.Identifier + " " + r.Operation
	case *Figures:
		return r.Prefix, r.Date + " " + r.Prefix
	case *Event:
		return r.Prefix, r.Prefix + " " + r.ID
	case *Report:
		return r.Prefix, r.Month + " " + r.Prefix
	}
	return "", ""
}

// rows checks the rows of a batch, each by itself and against one another.
func (c *checker) rows(s Spec, rows []any) {
	c.below = s.Below
	seen := map[string]int{}
	for i, row := range rows {
		if c.full() {
			return
		}
		c.row = i + 1
		if r, ok := row.(checked); ok {
			r.check(c)
		}
		prefix, key := owner(row)
		c.belongs(s, prefix)
		if at, ok := seen[key]; ok {
			c.must("", key, false, fmt.Sprintf("与第%d行不同", at), fmt.Sprintf("another than row %d, which has the same key", at))
		}
		seen[key] = i + 1
	}
}

// belongs holds that a row is of the node, or of an enterprise below it.
func (c *checker) belongs(s Spec, prefix string) {
	switch {
	case prefix == "":
	case s.Table == TableFigures, s.Table == TableEvent:
		c.must("prefix", prefix, strings.EqualFold(prefix, c.node) || below(prefix, c.node), "该二级节点的前缀或其下属企业前缀", "the node's prefix "+c.node+" or one below it")
	case s.Below:
		c.must("prefix", prefix, below(prefix, c.node), "该二级节点下属的企业前缀", "a prefix below the node's, such as "+c.node+".1")
	default:
		c.must("prefix", prefix, strings.EqualFold(prefix, c.node), "该二级节点的前缀", "the node's prefix "+c.node)
	}
}
