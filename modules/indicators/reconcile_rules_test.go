package indicators

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/quantity"
)

// page is a small page for one rule: indicators as "id nature unit name", numbers
// as "id indicator period cmp value unit status line quotation", blanks between.
type page struct {
	indicators, numbers []string
	lines               []string
	relations           Relations
	change              func(in *reconciliation)
}

func (p page) numbersOf(t *testing.T) *reconciliation {
	t.Helper()
	in := &reconciliation{
		definitions: map[string]observation.Indicator{}, moving: map[string][]observation.Observation{}, relations: p.relations,
		documents: map[string]Document{"page": {ID: "page", Lines: p.lines}},
		figureAt:  func(figure string) pack.Pos { return pack.Pos{File: "figures", Line: len(figure)} },
		lineAt:    func(document string, line int) pack.Pos { return pack.Pos{File: document, Line: line} },
	}
	for _, text := range p.indicators {
		f := strings.Fields(text)
		group, _, _ := strings.Cut(f[0], ".")
		in.definitions[f[0]] = observation.Indicator{ID: f[0], Nature: observation.Nature(f[1]), Unit: unitOf(f[2]), ZH: f[3], EN: f[0], Group: group}
	}
	for _, text := range p.numbers {
		f := strings.SplitN(text, " ", 9)
		line := 0
		if _, err := fmt.Sscan(f[7], &line); err != nil {
			t.Fatal(err)
		}
		o := observation.Observation{
			Indicator: f[1], Unit: "1", Period: stretch(t, f[2]), Status: observation.Status(f[6]), Known: time.Unix(int64(len(in.numbers)), 0),
			Quantity: quantity.Quantity{Value: decimal(t, f[4]), Cmp: quantity.Comparator(f[3]), Unit: unitOf(f[5])},
			Source:   observation.Source{Document: "page", Figure: f[0], Quote: f[8]},
		}
		if line > 0 {
			o.Source.Lines = []int{line}
		}
		o.Printed = o.Quantity.Value.String() + o.Quantity.Unit.String()
		in.numbers = append(in.numbers, o)
	}
	if p.change != nil {
		p.change(in)
	}
	if !in.whole() {
		t.Fatal("a number is of no indicator of the page")
	}
	in.move()
	return in
}

// unitOf reads a unit; "-" is none.
func unitOf(s string) quantity.Unit { return quantity.MustUnit(strings.Trim(s, "-")) }

func differ(a, b string) Relations { return Relations{Differ: []Pair{{A: a, B: b}}} }

// feed says that a.y flows into a.x.
func feed(exact bool) Relations {
	return Relations{StockFlow: []StockFlow{{Stock: "a.x", In: []string{"a.y"}, Exact: exact}}}
}

// ranked gives the figures ranks by compiler and edition: "A cac 报告2022".
func ranked(all ...string) func(in *reconciliation) {
	return func(in *reconciliation) {
		for _, text := range all {
			f := strings.Fields(text)
			for i := range in.numbers {
				if in.numbers[i].Source.Figure == f[0] {
					in.numbers[i].Rank = &observation.Rank{Compiler: strings.Trim(f[1], "-"), Edition: strings.Trim(f[2], "-"), Scope: "nation"}
				}
			}
		}
	}
}

var (
	stockUnit = []string{"a.x stock 家 企业", "a.y flow 家 新增", "a.z stock 家 别的企业", "b.w stock 家 甲乙丙丁戊"}
	ranking   = []string{"a.r rank 位 位次", "a.s rank 位 别的位次", "a.t tier 梯队 梯队", "a.u tier 梯队 别的梯队", "a.i index 指数 指数"}
)

// ruleCase is a page and what a rule finds in it.
type ruleCase struct {
	rule, name string
	page       page
	want       []string // severity, figures and, in a text, @line
}

// ruleCases has for each rule what it must find and what it must not.
func ruleCases() []ruleCase {
	return []ruleCase{
		{"rounding", "a coarse and a fine form of one number", page{stockUnit, []string{"A a.x 2022 ~< 150 家 reported 0 -", "B a.x 2022-12-31 = 149 家 reported 0 -"}, nil, Relations{}, nil}, []string{"note A B"}},
		{"rounding", "two exact numbers", page{stockUnit, []string{"A a.x 2022 = 150 家 reported 0 -", "B a.x 2022-12-31 = 149 家 reported 0 -"}, nil, Relations{}, nil}, []string{"error A B"}},
		{"rounding", "a bound that the number does not keep", page{stockUnit, []string{"A a.x 2022 > 150 家 reported 0 -", "B a.x 2022-12-31 = 149 家 reported 0 -"}, nil, Relations{}, nil}, []string{"warning A B"}},
		{"rounding", "another year", page{stockUnit, []string{"A a.x 2022 ~< 150 家 reported 0 -", "B a.x 2021-12-31 = 149 家 reported 0 -"}, nil, Relations{}, nil}, nil},
		{"rounding", "a flow of a part of the year", page{stockUnit, []string{"A a.y 2022 = 150 家 reported 0 -", "B a.y 2022-Q4 = 40 家 reported 0 -"}, nil, Relations{}, nil}, nil},
		{"rounding", "a revision", page{stockUnit, []string{"A a.x 2022 = 150 家 flash 0 -", "B a.x 2022 = 149 家 revised 0 -"}, nil, Relations{}, nil}, nil},

		{"same-number-two-notions", "declared to differ", page{stockUnit, []string{"A a.x 2022 > 26 家 reported 0 -", "B b.w 2023 > 26 家 reported 0 -"}, nil, differ("b.w", "a.x"), nil}, []string{"warning B A"}},
		{"same-number-two-notions", "of one group, and large", page{stockUnit, []string{"A a.x 2022 = 2600 家 reported 0 -", "B a.z 2023 = 2600 家 reported 0 -"}, nil, Relations{}, nil}, []string{"note A B"}},
		{"same-number-two-notions", "of one group, and small", page{stockUnit, []string{"A a.x 2022 = 26 家 reported 0 -", "B a.z 2023 = 26 家 reported 0 -"}, nil, Relations{}, nil}, nil},
		{"same-number-two-notions", "another comparator", page{stockUnit, []string{"A a.x 2022 > 26 家 reported 0 -", "B a.z 2023 = 26 家 reported 0 -"}, nil, differ("a.x", "a.z"), nil}, nil},
		{"same-number-two-notions", "a target", page{stockUnit, []string{"A a.x 2022 = 26 家 reported 0 -", "B a.z 2027 = 26 家 target 0 -"}, nil, differ("a.x", "a.z"), nil}, nil},

		{"vintage-stands-still", "half a year", page{stockUnit, []string{"A a.x 2022 = 311 家 reported 0 -", "B a.x 2023-07-10 = 311 家 reported 0 -"}, nil, Relations{}, nil}, []string{"warning A B"}},
		{"vintage-stands-still", "it moved", page{stockUnit, []string{"A a.x 2022 = 311 家 reported 0 -", "B a.x 2023-07-10 = 312 家 reported 0 -"}, nil, Relations{}, nil}, nil},
		{"vintage-stands-still", "a month", page{stockUnit, []string{"A a.x 2022 = 311 家 reported 0 -", "B a.x 2023-01-31 = 311 家 reported 0 -"}, nil, Relations{}, nil}, nil},
		{"vintage-stands-still", "a rank may stay", page{ranking, []string{"A a.r 2021 = 9 位 claim 0 -", "B a.r 2022 = 9 位 claim 0 -"}, nil, Relations{}, nil}, nil},

		{"precision", "a rank below the tier, as far as known", page{ranking, []string{"A a.t 2022 = 1 梯队 claim 0 -", "B a.r 2022 = 8 位 claim 0 -"}, nil, differ("a.t", "a.r"), nil}, []string{"warning A B"}},
		{"precision", "the tier is shown to reach further", page{ranking, []string{"A a.t 2022 = 1 梯队 claim 0 -", "B a.r 2022 = 8 位 claim 0 -", "C a.u 2022 = 1 梯队 claim 0 -", "D a.s 2022 = 9 位 claim 0 -"}, nil, differ("a.t", "a.r"), ranked("A - -", "B - -", "C cac 报告", "D cac 报告")}, []string{"note A B"}},
		{"precision", "one value of an index in both quotations", page{ranking, []string{"I a.i 2022 = 105.4 指数 reported 0 105.4指数", "A a.t 2022 = 1 梯队 claim 0 105.4指数,第一梯队", "B a.r 2022 = 8 位 claim 0 105.4指数,第八"}, nil, Relations{}, nil}, []string{"warning A B"}},
		{"precision", "of two indices", page{ranking, []string{"A a.t 2022 = 1 梯队 claim 0 -", "B a.r 2022 = 8 位 claim 0 -"}, nil, Relations{}, nil}, nil},

		{"stock-flow", "the flow is not the change", page{stockUnit, []string{"A a.x 2022-12-31 = 6350 家 reported 0 -", "B a.x 2023-06-30 = 6401 家 reported 0 -", "C a.y 2023-H1 = 845 家 reported 0 -"}, nil, feed(false), nil}, []string{"warning C B A"}},
		{"stock-flow", "a little is missing", page{stockUnit, []string{"A a.x 2022-12-31 = 6350 家 reported 0 -", "B a.x 2023-06-30 = 7000 家 reported 0 -", "C a.y 2023-H1 = 845 家 reported 0 -"}, nil, feed(false), nil}, []string{"note C B A"}},
		{"stock-flow", "an exact relation", page{stockUnit, []string{"A a.x 2022-12-31 = 6350 家 reported 0 -", "B a.x 2023-06-30 = 7194 家 reported 0 -", "C a.y 2023-H1 = 845 家 reported 0 -"}, nil, feed(true), nil}, []string{"error C B A"}},
		{"stock-flow", "it adds up", page{stockUnit, []string{"A a.x 2022-12-31 = 6350 家 reported 0 -", "B a.x 2023-06-30 = 7195 家 reported 0 -", "C a.y 2023-H1 = 845 家 reported 0 -"}, nil, feed(true), nil}, nil},
		{"stock-flow", "it adds up to the printed digit", page{stockUnit, []string{"A a.x 2022-12-31 = 0.64 万家 reported 0 -", "B a.x 2023-06-30 = 7195 家 reported 0 -", "C a.y 2023-H1 = 845 家 reported 0 -"}, nil, feed(true), nil}, nil},
		{"stock-flow", "a start that a target's words imply", page{stockUnit, []string{"T a.x 2027 >= 1.27 万家 target 0 -", "D a.z 2022-12-31 = 6350 家 derived 0 -", "B a.x 2023-06-30 = 6401 家 reported 0 -", "C a.y 2023-H1 = 845 家 reported 0 -"}, nil, feed(false), func(in *reconciliation) { in.numbers[1].Inputs = []string{"T"} }}, []string{"warning C B D T"}},
		{"stock-flow", "a number worked out from the flow proves nothing", page{stockUnit, []string{"D a.z 2022-12-31 = 9 家 derived 0 -", "B a.x 2023-06-30 = 6401 家 reported 0 -", "C a.y 2023-H1 = 845 家 reported 0 -"}, nil, feed(false), func(in *reconciliation) { in.numbers[0].Inputs = []string{"B", "C"} }}, nil},

		{"flow-unmarked", "under the stock's name", page{stockUnit, []string{"A a.x 2022-12-31 = 144 家 reported 0 认定144家企业", "B a.y 2022 = 22 家 reported 0 认定企业22家"}, nil, feed(false), nil}, []string{"note B A"}},
		{"flow-unmarked", "called new", page{stockUnit, []string{"A a.x 2022-12-31 = 144 家 reported 0 认定144家企业", "B a.y 2022 = 22 家 reported 0 新增企业22家"}, nil, feed(false), nil}, nil},
		{"flow-unmarked", "called otherwise", page{stockUnit, []string{"A a.x 2022-12-31 = 144 家 reported 0 认定144家企业", "B a.y 2022 = 22 家 reported 0 通过审核22家"}, nil, feed(false), nil}, nil},

		{"term", "named and not counted", page{[]string{"a.x stock 家 企业", "a.n stock 家 中小微企业"}, []string{"A a.x 2022 = 9 家 reported 1 -", "B a.x 2027 = 19 家 target 1 -"}, []string{"实施中小微企业倍增计划"}, differ("a.n", "a.x"), nil}, []string{"warning B A"}},
		{"term", "not named", page{[]string{"a.x stock 家 企业", "a.n stock 家 中小微企业"}, []string{"A a.x 2022 = 9 家 reported 1 -", "B a.x 2027 = 19 家 target 1 -"}, []string{"实施企业倍增计划"}, differ("a.n", "a.x"), nil}, nil},
		{"term", "counted too", page{[]string{"a.x stock 家 企业", "a.n stock 家 中小微企业"}, []string{"A a.n 2022 = 9 家 reported 1 -", "B a.x 2027 = 19 家 target 1 -"}, []string{"实施中小微企业倍增计划"}, differ("a.n", "a.x"), nil}, nil},

		{"definition", "only the other notion has numbers", page{stockUnit, []string{"A a.x 2027 = 50 家 target 0 -", "B a.z 2022 = 9 家 reported 0 -"}, nil, differ("a.z", "a.x"), nil}, []string{"warning A B"}},
		{"definition", "it has its own", page{stockUnit, []string{"A a.x 2027 = 50 家 target 0 -", "B a.z 2022 = 9 家 reported 0 -", "C a.x 2022 = 9 家 reported 0 -"}, nil, differ("a.z", "a.x"), nil}, nil},
		{"definition", "nobody would take one for the other", page{stockUnit, []string{"A a.x 2027 = 50 家 target 0 -", "B b.w 2022 = 9 家 reported 0 -"}, nil, differ("a.x", "b.w"), nil}, nil},

		{"missing-baseline", "no start", page{stockUnit, []string{"A a.x 2027 = 50 家 target 0 -"}, nil, Relations{}, nil}, []string{"warning A"}},
		{"missing-baseline", "a start", page{stockUnit, []string{"A a.x 2027 = 50 家 target 0 -", "B a.x 2022 = 9 家 reported 0 -"}, nil, Relations{}, nil}, nil},
		{"missing-baseline", "a start of zero, in words", page{stockUnit, []string{"A a.x 2027 = 50 家 target 0 实现零的突破"}, nil, Relations{}, nil}, nil},
		{"missing-baseline", "a start without a target among starts", page{stockUnit, []string{"A a.x 2022 = 9 家 reported 3 -", "B a.z 2022 = 9 家 reported 3 -", "C b.w 2022 = 9 家 reported 3 -", "D a.x 2027 = 50 家 target 0 -", "E a.z 2027 = 50 家 target 0 -"}, nil, Relations{}, nil}, []string{"note C"}},
		{"missing-baseline", "a line of its own", page{stockUnit, []string{"A a.x 2022 = 9 家 reported 3 -", "B a.z 2022 = 9 家 reported 3 -", "C b.w 2022 = 9 家 reported 4 -", "D a.x 2027 = 50 家 target 0 -", "E a.z 2027 = 50 家 target 0 -"}, nil, Relations{}, nil}, nil},

		{"provisional", "an estimate, and what came of it", page{stockUnit, []string{"A a.x 2022 = 9 家 estimate 0 -", "B a.x 2022 = 8 家 revised 0 -"}, nil, Relations{}, nil}, []string{"note A B"}},
		{"provisional", "final", page{stockUnit, []string{"A a.x 2022 = 9 家 final 0 -"}, nil, Relations{}, nil}, nil},

		{"same-number-other-subject", "a large number of any unit", page{append(stockUnit, "b.v flow 万次 次数"), []string{"A a.x 2022 = 13000000 家 reported 0 -", "B b.v 2022 = 1300 万次 reported 0 -"}, nil, Relations{}, nil}, []string{"note A B"}},
		{"same-number-other-subject", "a small number of the same things, one a target", page{stockUnit, []string{"A a.x 2027 = 16 家 target 0 -", "B b.w 2022 = 16 家 reported 0 -"}, nil, Relations{}, nil}, []string{"note A B"}},
		{"same-number-other-subject", "a small number of other things", page{append(stockUnit, "b.v flow 次 次数"), []string{"A a.x 2022 = 16 家 reported 0 -", "B b.v 2022 = 16 次 reported 0 -"}, nil, Relations{}, nil}, nil},
		{"same-number-other-subject", "one group", page{stockUnit, []string{"A a.x 2022 = 16 家 reported 0 -", "B a.z 2022 = 16 家 reported 0 -"}, nil, Relations{}, nil}, nil},

		{"rank-compiler", "one is unknown", page{ranking, []string{"A a.r 2022 = 7 位 claim 0 -", "B a.s 2022 = 9 位 claim 0 -"}, nil, Relations{}, ranked("A cac 报告", "B - -")}, []string{"warning A B"}},
		{"rank-compiler", "two", page{ranking, []string{"A a.r 2022 = 7 位 claim 0 -", "B a.s 2022 = 9 位 claim 0 -"}, nil, Relations{}, ranked("A cac 报告", "B mst 报告")}, []string{"warning A B"}},
		{"rank-compiler", "one for all", page{ranking, []string{"A a.r 2022 = 7 位 claim 0 -", "B a.s 2022 = 9 位 claim 0 -"}, nil, Relations{}, ranked("A cac 报告", "B cac 报告")}, nil},

		{"break", "another report, not declared", page{ranking, []string{"A a.r 2022 = 7 位 claim 0 -", "B a.r 2023 = 9 位 claim 0 -"}, nil, Relations{}, ranked("A cac 数字报告(2022)", "B cac 信息报告(2023)")}, []string{"warning B A"}},
		{"break", "another edition", page{ranking, []string{"A a.r 2022 = 7 位 claim 0 -", "B a.r 2023 = 9 位 claim 0 -"}, nil, Relations{}, ranked("A cac 数字报告(2022)", "B cac 数字报告(2023)")}, nil},
		{"break", "declared", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 0 -", "B a.x 2023 = 9 家 reported 0 -"}, nil, Relations{}, breakAt("a.x", "2023-01-01")}, []string{"note B A"}},
		{"break", "declared for later", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 0 -", "B a.x 2023 = 9 家 reported 0 -"}, nil, Relations{}, breakAt("a.x", "2024-01-01")}, nil},

		{"as-of", "the date stands in the clause before", page{stockUnit, []string{"A a.x 2022-12-31 = 7 家 reported 1 企业7家", "B a.z 2022-12-31 = 8 家 reported 1 其他企业8家"}, []string{"截至去年底,企业7家;其他企业8家。"}, Relations{}, nil}, []string{"note B"}},
		{"as-of", "a date in each clause", page{stockUnit, []string{"A a.x 2022-12-31 = 7 家 reported 1 企业7家", "B a.z 2022-12-31 = 8 家 reported 1 其他企业8家"}, []string{"截至去年底,企业7家;去年底,其他企业8家。"}, Relations{}, nil}, nil},
		{"as-of", "a year here, a day there", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 0 -", "B a.x 2022-12-31 = 7 家 reported 0 -"}, nil, Relations{}, nil}, []string{"note A B"}},
		{"as-of", "a flow of a year", page{stockUnit, []string{"A a.y 2022 = 7 家 reported 0 -", "B a.y 2022-12-31 = 7 家 reported 0 -"}, nil, Relations{}, nil}, nil},

		{"misprint", "a doubled character", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 1 -"}, []string{"市林业局副局长长说"}, Relations{}, nil}, []string{"warning A @1"}},
		{"misprint", "words that double by right", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 1 -"}, []string{"人人都有长长的路,的的确确走了了。"}, Relations{}, nil}, nil},
		{"misprint", "a letter for a unit", page{[]string{"a.g stock G 带宽"}, []string{"A a.g 2022 = 4000 G reported 0 -"}, nil, Relations{}, nil}, []string{"warning A"}},
		{"misprint", "a unit", page{[]string{"a.g stock Gbps 带宽"}, []string{"A a.g 2022 = 4000 Gbps reported 0 -"}, nil, Relations{}, nil}, nil},

		{"layout", "over a blank and a headline", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 1 -"}, []string{"全市引导企业参加活动,主动", "", "加快建成数字城市", "", "——记者解读", "", "性、创造性。"}, Relations{}, nil}, []string{"note A @1"}},
		{"layout", "a heading before its text", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 1 -"}, []string{"全市有企业7家", "", "记者今天说,企业有7家。"}, Relations{}, nil}, nil},
		{"layout", "an item of a list", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 1 -"}, []string{"- 企业7家,增长一成", "", "企业共有7家。"}, Relations{}, nil}, nil},
		{"layout", "over to another article", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 1 -"}, []string{"加快建设中心,能力大幅提升", "", "记者说,企业有7家。"}, Relations{}, articles}, nil},

		{"bounds", "two bounds and a value", page{stockUnit, []string{"A a.x 2022 > 7 家 reported 0 -", "B a.x 2027 >= 9 家 target 0 -", "C a.z 2022 = 9 家 reported 0 -"}, nil, Relations{}, nil}, []string{"note A B"}},
		{"bounds", "values, one of them about", page{stockUnit, []string{"A a.x 2022 ~ 7 家 reported 0 -", "C a.z 2022 = 9 家 reported 0 -"}, nil, Relations{}, nil}, nil},

		{"bundle", "respectively", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 1 分别为7家,9家", "B a.z 2022 = 9 家 reported 1 分别为7家,9家"}, nil, Relations{}, nil}, []string{"note A B"}},
		{"bundle", "value after value", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 1 达到7家、9家", "B a.z 2022 = 9 家 reported 1 达到7家、9家"}, nil, Relations{}, nil}, []string{"note A B"}},
		{"bundle", "each value with its name", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 1 企业7家、其他企业9家", "B a.z 2022 = 9 家 reported 1 企业7家、其他企业9家"}, nil, Relations{}, nil}, nil},
		{"bundle", "opposite orders", page{stockUnit, []string{"A a.x 2022 = 7 家 reported 1 达到7家、9家", "B a.z 2022 = 9 家 reported 1 达到7家、9家", "C a.z 2027 = 19 家 target 2 分别达到19家和17家", "D a.x 2027 = 17 家 target 2 分别达到19家和17家"}, nil, Relations{}, nil}, []string{"note A B", "note C D", "warning A B C D"}},
	}
}

func TestRules(t *testing.T) {
	for _, tt := range ruleCases() {
		t.Run(tt.rule+"/"+tt.name, func(t *testing.T) {
			var got []string
			for _, f := range reconcile(tt.page.numbersOf(t)) {
				if f.Rule != "reconcile."+tt.rule {
					continue
				}
				words := append([]string{string(f.Severity)}, f.Figures...)
				if f.File == "page" {
					words = append(words, fmt.Sprintf("@%d", f.Line))
				}
				got = append(got, strings.Join(words, " "))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func breakAt(id, date string) func(in *reconciliation) {
	return func(in *reconciliation) {
		i := in.definitions[id]
		i.Breaks = []observation.Break{{Date: date, ZH: "改名。", EN: "Renamed."}}
		in.definitions[id] = i
	}
}

// articles puts the first line of the page into an article of its own.
func articles(in *reconciliation) {
	d := in.documents["page"]
	d.Articles = []Article{{ID: "A", First: 1, Last: 2}, {ID: "B", First: 3, Last: 3}}
	in.documents["page"] = d
}

// TestEveryRuleIsTested: each rule says what it finds, and has a page in which it
// finds something and one in which it must not.
func TestEveryRuleIsTested(t *testing.T) {
	finds, spares := map[string]bool{}, map[string]bool{}
	for _, c := range ruleCases() {
		finds["reconcile."+c.rule] = finds["reconcile."+c.rule] || len(c.want) > 0
		spares["reconcile."+c.rule] = spares["reconcile."+c.rule] || len(c.want) == 0
	}
	seen := map[string]bool{}
	for _, r := range rules() {
		if r.what == "" || seen[r.id] || !finds[r.id] || !spares[r.id] {
			t.Errorf("rule %s (%s): finds %v, spares %v, twice %v", r.id, r.what, finds[r.id], spares[r.id], seen[r.id])
		}
		seen[r.id] = true
	}
}
