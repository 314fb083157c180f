package docking

import (
	"strconv"
	"strings"
)

// State is what an upper node holds of a lower node at the end of a day, or a lower
// node is about to send: the rows of several tables that must fit one another.
type State struct {
	Node        Statistics     // table 3 of the day
	Enterprises []Organisation // table 6, all of them
	Routes      []Route        // table 7
	Statistics  []Statistics   // table 8 of the day
	Templates   []Template     // tables 4 and 11
	Items       []Item         // table 9 of the day; none are given when they are not compared
}

// CheckState returns what does not fit across tables. Row of a finding counts within
// its table, which Field begins with.
//
//   - The node registered as many prefixes as there are enterprises.
//   - Routes, statistics and templates are of enterprises that there are; every
//     enterprise has a route and statistics of the day.
//   - Items use templates that there are, and an enterprise added as many as its
//     statistics say were registered on that day.
func CheckState(s State) Findings {
	c := &checker{node: s.Node.Prefix}
	known := map[string]bool{}
	for _, e := range s.Enterprises {
		known[strings.ToUpper(e.Prefix)] = true
	}
	c.table(TableStatistics, 1, func() {
		c.must("registered", strconv.FormatInt(s.Node.Total, 10), s.Node.Total == int64(len(known)), "等于下属企业数 "+strconv.Itoa(len(known)), "the number of enterprises, "+strconv.Itoa(len(known)))
	})
	routed, counted := map[string]bool{}, map[string]bool{}
	for i, r := range s.Routes {
		if r.CodeType == CodeHandle {
			c.table(TableEnterpriseRoute, i+1, func() { c.known(known, r.Prefix) })
			routed[strings.ToUpper(r.Prefix)] = true
		}
	}
	for i, r := range s.Statistics {
		c.table(TableEnterpriseStatistics, i+1, func() {
			c.known(known, r.Prefix)
			c.must("date", r.Date, r.Date == s.Node.Date, "与二级节点同日 "+s.Node.Date, "the day of the node's, "+s.Node.Date)
		})
		counted[strings.ToUpper(r.Prefix)] = true
	}
	for i, e := range s.Enterprises {
		c.table(TableEnterprise, i+1, func() {
			c.must("prefix", e.Prefix, routed[strings.ToUpper(e.Prefix)], "有解析路由（表7）", "an enterprise with a route in table 7")
			c.must("prefix", e.Prefix, counted[strings.ToUpper(e.Prefix)], "有当日统计（表8）", "an enterprise with statistics of that day in table 8")
		})
	}
	s.items(c, known)
	return c.found
}

func (s State) items(c *checker, known map[string]bool) {
	templates := map[string]bool{}
	for i, t := range s.Templates {
		if !strings.EqualFold(t.Prefix, s.Node.Prefix) {
			c.table(TableEnterpriseTemplate, i+1, func() { c.known(known, t.Prefix) })
		}
		templates[t.ID] = true
	}
	added := map[string]int64{}
	for i, item := range s.Items {
		c.table(TableItem, i+1, func() {
			c.must("template", item.Template, item.Template == "" || templates[item.Template], "表4或表11中的模板", "a template of table 4 or 11")
		})
		if item.Operation == OpAdd {
			prefix, _, _ := strings.Cut(item.Identifier, "/")
			added[strings.ToUpper(prefix)]++
		}
	}
	if len(s.Items) == 0 {
		return
	}
	for i, r := range s.Statistics {
		n := added[strings.ToUpper(r.Prefix)]
		c.table(TableEnterpriseStatistics, i+1, func() {
			c.must("registeredOfDay", strconv.FormatInt(r.New, 10), r.New == n, "等于表9当日新增数 "+strconv.FormatInt(n, 10), "the number added in table 9, "+strconv.FormatInt(n, 10))
		})
	}
}

// table checks a row of a table.
func (c *checker) table(t Table, row int, check func()) {
	c.row = row
	c.at(string(t), check)
}

// known holds that a prefix is that of an enterprise.
func (c *checker) known(enterprises map[string]bool, prefix string) {
	c.must("prefix", prefix, enterprises[strings.ToUpper(prefix)], "表6中的企业前缀", "the prefix of an enterprise of table 6")
}

// CheckNext returns what does not fit between the statistics of two days one after the
// other: the total grows by at most what was registered. It may grow by less, for
// identifiers are deleted, which no table counts.
func CheckNext(before, next Statistics) Findings {
	c := &checker{node: next.Prefix, row: 1}
	c.must("prefix", next.Prefix, strings.EqualFold(before.Prefix, next.Prefix), "同一前缀", "the same prefix, "+before.Prefix)
	c.must("date", next.Date, before.Date < next.Date, "晚于前一日", "a day behind "+before.Date)
	most := strconv.FormatInt(before.Total, 10) + "+" + strconv.FormatInt(next.New, 10)
	c.must("registered", strconv.FormatInt(next.Total, 10), next.Total-next.New <= before.Total, "至多 "+most, "at most "+most)
	return c.found
}
