package indicators

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
	"yuzhou/packs"
)

// opened returns a pack's numbers for the rules, and the pack.
func opened(t *testing.T, files fs.FS) (*pack.Pack, *reconciliation) {
	t.Helper()
	s := &Service{now: func() time.Time { return time.Unix(0, 0) }, site: web.Site{Zone: time.UTC}}
	p := pack.Open(files)
	in := s.reconcilable(p, readPack(p))
	if !in.whole() || len(in.numbers) == 0 {
		t.Fatal("the pack's numbers cannot be looked at")
	}
	return p, in
}

// classes says which rules must find each class of issue that people have found.
// The wording of the highlights (I18) is a check of the plan.
func classes() map[string][]string {
	return map[string][]string{
		"I01": {"reconcile.rounding"}, "I02": {"reconcile.same-number-two-notions"}, "I03": {"reconcile.vintage-stands-still"},
		"I04": {"reconcile.precision"}, "I05": {"reconcile.stock-flow"}, "I06": {"reconcile.flow-unmarked"}, "I07": {"reconcile.term"},
		"I08": {"reconcile.definition"}, "I09": {"reconcile.missing-baseline"}, "I10": {"reconcile.provisional"},
		"I11": {"reconcile.same-number-other-subject"}, "I12": {"reconcile.rank-compiler"}, "I13": {"reconcile.as-of"},
		"I14": {"reconcile.misprint"}, "I15": {"reconcile.layout"}, "I16": {"reconcile.bounds"}, "I17": {"reconcile.bundle"},
	}
}

// TestKnownIssues: the rules find every figure and line of the issues that people
// have found in the page, without having been told of them.
func TestKnownIssues(t *testing.T) {
	p, in := opened(t, packs.Chongqing())
	known := readPack(p).relations.KnownIssues
	in.relations.KnownIssues = nil
	all := reconcile(in)
	classes := classes()
	if len(known) != len(classes)+1 {
		t.Fatalf("%d known issues, want %d", len(known), len(classes)+1)
	}
	for _, k := range known {
		if k.ID == "I18" {
			continue
		}
		t.Run(k.ID, func(t *testing.T) {
			var figures []string
			var lines []int
			n := 0
			for _, f := range all {
				if !slices.Contains(classes[k.ID], f.Rule) {
					continue
				}
				n++
				figures = append(figures, f.Figures...)
				if strings.HasPrefix(f.File, "sources/") {
					lines = append(lines, f.Line)
				}
			}
			for _, id := range k.Figures {
				if !slices.Contains(figures, id) {
					t.Errorf("%s: no finding of %v is about %s", k.Kind, classes[k.ID], id)
				}
			}
			for i, line := range k.Lines {
				ends := k.ID == "I15" && i%2 == 1 // where a cut paragraph goes on
				if !ends && !slices.Contains(lines, line) {
					t.Errorf("%s: no finding of %v is at line %d", k.Kind, classes[k.ID], line)
				}
			}
			t.Logf("%-26s %2d findings by %v", k.Kind, n, classes[k.ID])
		})
	}
}

// TestPageHasNoErrors: the page trips its readers, but no number of it must be
// wrong; and the rules find just the eight cuts of its layout.
func TestPageHasNoErrors(t *testing.T) {
	_, in := opened(t, packs.Chongqing())
	var cuts []int
	count := map[pack.Severity]int{}
	for _, f := range reconcile(in) {
		count[f.Severity]++
		if f.Severity == pack.Error || f.Text == "" || f.ZH == "" || f.File == "" || f.Line == 0 {
			t.Errorf("%+v", f)
		}
		if f.Rule == "reconcile.layout" {
			cuts = append(cuts, f.Line)
		}
	}
	if diff := cmp.Diff([]int{61, 71, 79, 101, 105, 141, 155, 165}, cuts); diff != "" {
		t.Error(diff)
	}
	if count[pack.Warning] > 25 || count[pack.Note] > 40 {
		t.Errorf("%v: too many to be read", count)
	}
}

// TestTaoyuan: the invented city's page has a flow that does not quite explain its
// stock, an estimate and bounds, and nothing to be warned of.
func TestTaoyuan(t *testing.T) {
	_, in := opened(t, os.DirFS("../../packs/testdata/taoyuan"))
	var got []string
	for _, f := range reconcile(in) {
		got = append(got, string(f.Severity)+" "+f.Rule+" "+strings.Join(f.Figures, " "))
	}
	want := []string{
		"note reconcile.stock-flow F11 F10 F01", "note reconcile.provisional F12", "note reconcile.bounds F06 F07 F08 F09",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestCleanedPage mends in memory all that the page trips its readers with, class
// by class: each step silences its own rules, and after the last the rules say
// nothing at all.
func TestCleanedPage(t *testing.T) {
	_, in := opened(t, packs.Chongqing())
	c := cleaner{t, in}
	for _, step := range []struct {
		name   string
		mend   func()
		silent []string
	}{
		{"bounds become values", c.bounds, []string{"bounds"}},
		{"roundings agree", func() { c.value("F054", "149.6"); c.value("F152", "19.04") }, []string{"rounding"}},
		{"notions have numbers of their own", func() { c.value("F079", "2500") }, []string{"same-number-two-notions"}},
		{"numbers move in half a year", func() { c.value("F077", "290"); c.value("F078", "1150") }, []string{"vintage-stands-still"}},
		{"the tier is not said", func() { c.drop("F070") }, []string{"precision"}},
		{"reviews passed explain the stock", func() { c.value("F007", "51") }, []string{"stock-flow"}},
		{"flows are called new", func() {
			c.words("F065", "新增智能化改造项目1407个")
			c.words("F066", "新认定智能工厂22个")
		}, []string{"flow-unmarked"}},
		{"one term", func() { c.text("科技型中小企业", "科技型企业") }, []string{"term"}},
		{"starts and targets in pairs", c.baselines, []string{"missing-baseline", "definition"}},
		{"settled", c.settle, []string{"provisional"}},
		{"numbers are not repeated", c.unrepeat, []string{"same-number-other-subject"}},
		{"one ranking", c.ranking, []string{"rank-compiler", "break"}},
		{"one date a line", func() { c.period("F052"); c.period("F053"); c.period("F054"); c.text(";", ",") }, []string{"as-of"}},
		{"no misprints", func() { c.text("部分副", "部副"); c.text("局长长", "局长"); c.unit("F154", "Gbps") }, []string{"misprint"}},
		{"whole paragraphs", c.join, []string{"layout"}},
		{"one value a quotation", c.unbundle, []string{"bundle"}},
	} {
		step.mend()
		for _, f := range reconcile(in) {
			if slices.Contains(step.silent, strings.TrimPrefix(f.Rule, "reconcile.")) {
				t.Errorf("%s: false alarm: %s", step.name, f)
			}
		}
	}
	for _, f := range reconcile(in) {
		t.Errorf("cleaned: false alarm: %s", f)
	}
}

// cleaner mends numbers and texts in memory.
type cleaner struct {
	t  *testing.T
	in *reconciliation
}

// each changes the figures that are named, or all when none is.
func (c cleaner) each(change func(o *observation.Observation), ids ...string) {
	c.t.Helper()
	n := 0
	for i := range c.in.numbers {
		o := &c.in.numbers[i]
		if len(ids) == 0 || slices.Contains(ids, o.Source.Figure) {
			n++
			change(o)
		}
	}
	if n < len(ids) {
		c.t.Fatalf("figures %v: %d found", ids, n)
	}
	c.in.move()
}

func (c cleaner) value(id, value string) {
	c.each(func(o *observation.Observation) { o.Quantity.Value = decimal(c.t, value) }, id)
}

func (c cleaner) words(id, quote string) {
	c.each(func(o *observation.Observation) { o.Source.Quote = quote }, id)
}

func (c cleaner) unit(id, unit string) {
	c.each(func(o *observation.Observation) { o.Quantity.Unit = quantity.MustUnit(unit) }, id)
}

func (c cleaner) period(id string) {
	c.each(func(o *observation.Observation) { o.Period = stretch(c.t, "2022-12-31") }, id)
}

func (c cleaner) drop(id string) {
	c.in.numbers = slices.DeleteFunc(c.in.numbers, func(o observation.Observation) bool { return o.Source.Figure == id })
}

// text replaces words of the page and of the quotations from it.
func (c cleaner) text(from, to string) {
	page := c.in.documents["page"]
	for i := range page.Lines {
		page.Lines[i] = strings.ReplaceAll(page.Lines[i], from, to)
	}
	c.each(func(o *observation.Observation) { o.Source.Quote = strings.ReplaceAll(o.Source.Quote, from, to) })
}

func (c cleaner) bounds() {
	c.each(func(o *observation.Observation) { o.Quantity.Cmp = quantity.Equal })
}

func (c cleaner) settle() {
	c.each(func(o *observation.Observation) {
		if o.Status == observation.Estimate {
			o.Status = observation.Final
		}
	})
}

// baselines adds a start for each target and a target for each start.
func (c cleaner) baselines() {
	add := func(id string, like observation.Observation, at string, s observation.Status) {
		o := like
		o.Period, o.Status, o.Source = stretch(c.t, at), s, observation.Source{Document: "added", Figure: id}
		c.in.numbers = append(c.in.numbers, o)
	}
	for _, o := range slices.Clone(c.in.numbers) {
		switch o.Source.Figure {
		case "F022", "F023", "F026", "F027", "F028", "F029", "F032", "F036":
			add("B"+o.Source.Figure, o, "2022", observation.Reported)
		case "F002", "F005":
			add("B"+o.Source.Figure, o, "2027", observation.Target)
		}
	}
	n := int64(1000)
	c.each(func(o *observation.Observation) {
		if strings.HasPrefix(o.Source.Figure, "BF") {
			n++
			o.Quantity.Value = quantity.Int(n)
		}
	})
}

// unrepeat gives small numbers of different subjects values of their own.
func (c cleaner) unrepeat() {
	for id, value := range map[string]string{"F021": "23", "F026": "26", "F155": "27", "F130": "24", "F150": "25", "F090": "21", "F089": "29", "F059": "1250"} {
		c.value(id, value)
	}
}

// ranking names one compiler and one report for all ranks, and takes away breaks.
func (c cleaner) ranking() {
	c.each(func(o *observation.Observation) {
		if o.Rank != nil {
			o.Rank = &observation.Rank{Compiler: "cac", Edition: "Report " + o.Period.String(), Of: 31, Scope: o.Rank.Scope}
		}
	})
	for id, i := range c.in.definitions {
		i.Breaks = nil
		c.in.definitions[id] = i
	}
}

// join puts the cut paragraphs of the page together.
func (c cleaner) join() {
	page := c.in.documents["page"]
	for _, at := range [][2]int{{61, 63}, {71, 73}, {79, 81}, {101, 103}, {105, 107}, {141, 147}, {155, 157}, {165, 167}} {
		page.Lines[at[0]-1] += page.Lines[at[1]-1]
		page.Lines[at[1]-1] = ""
	}
}

// unbundle quotes each value by itself.
func (c cleaner) unbundle() {
	c.each(func(o *observation.Observation) { o.Source.Quote = o.Printed }, "F008", "F009", "F010", "F011", "F028", "F029", "F030", "F031")
}

func decimal(t *testing.T, s string) quantity.Decimal {
	t.Helper()
	d, err := quantity.ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func stretch(t *testing.T, s string) period.Period {
	t.Helper()
	p, err := period.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestCheck: the data say what the pack said, whichever way they are read.
func TestCheck(t *testing.T) {
	_, in := opened(t, packs.Chongqing())
	words := func(all []pack.Finding) []string {
		var out []string
		for _, f := range all {
			slices.Sort(f.Figures)
			out = append(out, f.Rule+" "+string(f.Severity)+" "+strings.Join(f.Figures, " "))
		}
		slices.Sort(out)
		return out
	}
	testkit.EachStore(t, "indicators", migrations, func(t *testing.T, db *store.DB) {
		got, err := loaded(t, db, city{}).Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(words(reconcile(in)), words(got)); diff != "" {
			t.Error(diff)
		}
		for _, f := range got {
			if f.File != "page" && f.File != "later" || f.Line == 0 && f.File == "page" {
				t.Errorf("%s is not at a line of a document", f)
			}
		}
	})
}

// TestGate: an import that breaks an exact relation leaves nothing behind.
func TestGate(t *testing.T) {
	const head = "indicator,unit,period,value,measure,status,known_since\n"
	stock := func(n string) string { return "im.retrofits,500000,2023-12-31," + n + ",个,final,2024-02-01\n" }
	flow := func(n string) string { return "im.retrofits_new,500000,2023," + n + ",个,final,2024-02-01\n" }
	for _, tt := range []struct {
		name, file string
		opts       ImportOptions
		added      int
		refused    string
	}{
		{"adds up", head + stock("7000") + flow("920"), ImportOptions{}, 2, ""},
		{"does not add up", head + stock("7000") + flow("900"), ImportOptions{}, 0, "20 is not accounted for"},
		{"does not add up, only read", head + stock("7000") + flow("900"), ImportOptions{DryRun: true}, 0, "20 is not accounted for"},
		{"the flow is not known", head + stock("7000"), ImportOptions{}, 1, ""},
		{"a bound leaves room", head + stock("7000") + flow(">900"), ImportOptions{}, 2, ""},
		{"a relation that is not exact", head + "im.smart_factories,500000,2023-12-31,150,个,final,2024-02-01\nim.smart_factories_new,500000,2023,30,个,final,2024-02-01\n", ImportOptions{}, 2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testkit.EachStore(t, "indicators", migrations, func(t *testing.T, db *store.DB) {
				s := loaded(t, db, city{})
				before := held(t, db)
				_, err := s.Import(t.Context(), strings.NewReader(tt.file), tt.opts)
				switch {
				case tt.refused == "" && err != nil:
					t.Fatal(err)
				case tt.refused != "" && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.refused)):
					t.Errorf("error %v, want one that says %q", err, tt.refused)
				}
				if after := held(t, db); after != before+tt.added {
					t.Errorf("%d numbers were added, want %d", after-before, tt.added)
				}
			})
		})
	}
}
