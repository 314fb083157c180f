// Package docking is what a second-level node and the national top-level node tell
// each other: eleven tables of data, monitoring, and the monthly report.
//
// What must hold: Parse takes nothing that breaks a rule of its table, and says of
// each thing it does not take the row, the field, the value and what would be right;
// what it takes, JSON and XML give back the same. A table's columns, their labels in
// two languages, and their rules stand in one place, the tags of its struct.
//
// Source: 国家顶级节点对接服务指南 (China Academy of Information and Communications
// Technology), annexes 1 to 4 of its agreement. It names the columns in Chinese, lists
// codes, and says what is sent when. It does not say how. So these are ours, and are
// the contract of this product's nodes among one another:
//
//   - Wire names of columns; JSON over HTTP, and XML of the same fields in escrow.
//   - Columns of number 0: whose row it is and of which day. The guide's tables leave
//     that to the channel.
//   - Which columns must be filled, and how long a text may be (Column.Rule).
//   - Where the guide lists words, the Chinese words are the codes; where it numbers
//     them, the numbers. Instants are written 2026-01-31 08:00:00, in Beijing time, as
//     the guide's deposit client writes them; dates 2026-01-31.
//   - What a template is for (table 4, column 4): 1 passive, 2 active identifier.
//   - A range of prefixes is FROM~TO.
package docking

import (
	"fmt"
	"strings"
	"time"

	"yuzhou/kernel/fault"
)

// Table names what is sent.
type Table string

// The tables of annex 1, the two halves of annex 2, and annex 3.
const (
	TableOperator              Table = "operator"               // table 1
	TableRoute                 Table = "route"                  // table 2
	TableStatistics            Table = "statistics"             // table 3
	TableTemplate              Table = "template"               // table 4
	TableApplication           Table = "application"            // table 5
	TableEnterprise            Table = "enterprise"             // table 6
	TableEnterpriseRoute       Table = "enterprise-route"       // table 7
	TableEnterpriseStatistics  Table = "enterprise-statistics"  // table 8
	TableItem                  Table = "item"                   // table 9
	TableEnterpriseApplication Table = "enterprise-application" // table 10
	TableEnterpriseTemplate    Table = "enterprise-template"    // table 11
	TableFigures               Table = "figures"                // annex 2, 1 to 12
	TableEvent                 Table = "event"                  // annex 2, 13 to 18
	TableReport                Table = "report"                 // annex 3
	TableEscrow                Table = "escrow"                 // annex 4; it has no rows, see package escrow
)

// Spec describes a table.
type Spec struct {
	Table  Table
	Number int // in annex 1, 0 otherwise
	ZH, EN string
	Every  Rhythm
	Below  bool // its rows are of enterprises below the node; otherwise of the node, of figures and events both

	row func() any // a new row
}

// Specs returns the tables in the order of the guide.
func Specs() []Spec {
	organisation := func() any { return new(Organisation) }
	route := func() any { return new(Route) }
	statistics := func() any { return new(Statistics) }
	template := func() any { return new(Template) }
	application := func() any { return new(Application) }
	return []Spec{
		{TableOperator, 1, "二级节点系统运行单位主体数据", "Operator of the second-level node", AtOnce, false, organisation},
		{TableRoute, 2, "二级节点系统解析配置数据", "Resolution of the second-level node", AtOnce, false, route},
		{TableStatistics, 3, "二级节点系统统计数据", "Statistics of the second-level node", Daily, false, statistics},
		{TableTemplate, 4, "二级节点系统元数据", "Metadata of the second-level node", Daily, false, template},
		{TableApplication, 5, "二级节点系统标识业务数据", "Applications of the second-level node", Monthly, false, application},
		{TableEnterprise, 6, "下属企业节点主体数据", "Enterprises", Hourly, true, organisation},
		{TableEnterpriseRoute, 7, "下属企业节点解析路由配置数据", "Resolution of enterprises", Hourly, true, route},
		{TableEnterpriseStatistics, 8, "下属企业节点统计数据", "Statistics of enterprises", Daily, true, statistics},
		{TableItem, 9, "下属企业节点主数据", "Items of enterprises", Daily, true, func() any { return new(Item) }},
		{TableEnterpriseApplication, 10, "下属企业节点标识业务数据", "Applications of enterprises", Monthly, true, application},
		{TableEnterpriseTemplate, 11, "下属企业节点元数据", "Metadata of enterprises", AtOnce, true, template},
		{TableFigures, 0, "运行监测数据（序号 1-12）", "Monitoring, figures of a day", Daily, false, func() any { return new(Figures) }},
		{TableEvent, 0, "运行监测数据（序号 13-18）", "Monitoring, events", AtOnce, false, func() any { return new(Event) }},
		{TableReport, 0, "二级节点系统运行月报", "Monthly report", TenWorkingDays, false, func() any { return new(Report) }},
		{TableEscrow, 0, "二级节点系统数据托管", "Escrow", AfterEight, false, nil},
	}
}

// SpecOf returns the description of a table.
//
// Errors: fault.NotFound.
func SpecOf(t Table) (Spec, error) {
	for _, s := range Specs() {
		if s.Table == t {
			return s, nil
		}
	}
	return Spec{}, fault.New(fault.NotFound, "there is no table %.40q; the first is %q, the last %q", t, TableOperator, TableReport)
}

// Batch is some rows of one table, as they are sent.
type Batch struct {
	Table Table
	Node  string    // the second-level node's prefix, such as 88.709
	Sent  time.Time // to the second
	Rows  []any     // pointers to the table's struct, such as *Route
}

// Limits of a batch.
const (
	MaxBatch = 64 << 20 // bytes
	MaxRows  = 100_000

	// maxFindings is after how many nobody reads on.
	maxFindings = 100
)

// Finding is one thing that is wrong in a batch.
type Finding struct {
	Row   int    `json:"row"`   // from 1 on, 0 of the batch itself
	Field string `json:"field"` // wire name, with its place in a list: endpoints[2].port; "" of the whole row
	Value string `json:"value"` // as it was sent, cut off when long
	ZH    string `json:"zh"`    // what would be right
	EN    string `json:"en"`
}

// String returns the finding in English: row 3, ip "x": an address such as 192.0.2.1.
func (f Finding) String() string {
	at := fmt.Sprintf("row %d", f.Row)
	if f.Field != "" {
		at += ", " + f.Field
	}
	return fmt.Sprintf("%s %q: %s", at, f.Value, f.EN)
}

// Findings are an error that is fault.Invalid.
type Findings []Finding

// Error names the first of them and how many more there are.
func (f Findings) Error() string {
	if len(f) == 1 {
		return f[0].String()
	}
	return fmt.Sprintf("%s (and %d more)", f[0], len(f)-1)
}

// Unwrap makes errors.Is say that it is fault.Invalid.
func (Findings) Unwrap() error { return fault.Invalid }

// zone is Beijing's, in which days and hours of the guide are meant.
func zone() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

// Instant writes an instant as the tables have it, to the second.
func Instant(t time.Time) string { return t.In(zone()).Format(time.DateTime) }

// Day writes the day of an instant.
func Day(t time.Time) string { return t.In(zone()).Format(time.DateOnly) }

// ParseInstant reads what Instant writes.
func ParseInstant(s string) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateTime, s, zone())
	if err != nil || t.Format(time.DateTime) != s {
		return time.Time{}, fault.New(fault.Invalid, "%.40q is no instant; write it as 2026-01-31 08:00:00 in Beijing time", s)
	}
	return t, nil
}

// below reports whether a prefix lies below another one: 88.709.1 below 88.709, and
// did:bid:ef:x below did:bid:ef.
func below(prefix, above string) bool {
	rest, ok := strings.CutPrefix(strings.ToUpper(prefix), strings.ToUpper(above))
	return ok && above != "" && len(rest) > 1 && (rest[0] == '.' || rest[0] == ':')
}
