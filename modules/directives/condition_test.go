package directives

import (
	"strings"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/quantity"
)

func TestParseCondition(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"path", "path"},
		{" document ", "document"},
		{"st.hte/500101 >=700家", "st.hte/500101 >=700家"},
		{"st.hte/500101 700 家", "st.hte/500101 >=700家"},
		{"st.tech_contracts/500000 >1,000亿元", "st.tech_contracts/500000 >1000亿元"},
		{"st.rd_intensity/500000 >=2.5%", "st.rd_intensity/500000 >=2.5%"},
	} {
		c, err := ParseCondition(tt.text)
		if err != nil || c.String() != tt.want {
			t.Errorf("%q: %q, %v", tt.text, c.String(), err)
		}
	}
	for _, text := range []string{"", "soon", "st.hte >=700家", "/500101 >=700家", "st.hte/ 700家", "st.hte/500101", "st.hte/500101 many", "st.hte/500101 >=700 parsecs·"} {
		if c, err := ParseCondition(text); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %+v, %v; want fault.Invalid", text, c, err)
		}
	}
}

// FuzzParseCondition: what is read prints as it is read again.
func FuzzParseCondition(f *testing.F) {
	for _, s := range []string{"path", "document", "st.hte/500101 >=700家", "a/b ~<1.5亿元", "a/b -3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCondition(text)
		if err != nil {
			return
		}
		again, err := ParseCondition(c.String())
		if err != nil || again.String() != c.String() {
			t.Errorf("%q became %q, and that %q, %v", text, c.String(), again.String(), err)
		}
	})
}

// TestJudge: a directive closes when its evidence resolves and its condition holds.
func TestJudge(t *testing.T) {
	number := func(indicator, value string) observation.Observation {
		v, err := quantity.ParseDecimal(value)
		if err != nil {
			t.Fatal(err)
		}
		return observation.Observation{Indicator: indicator, Unit: "500101", Quantity: quantity.Quantity{Value: v, Cmp: quantity.Equal, Unit: quantity.MustUnit("家")}}
	}
	condition := func(text string) Condition {
		c, err := ParseCondition(text)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	onPath := watch{Gap: Gap{Target: "T09", Light: "green", Name: pack.Text{ZH: "高企", EN: "firms"}}}
	offPath := watch{Gap: Gap{Target: "T09", Light: "red", Name: pack.Text{ZH: "高企", EN: "firms"}, Words: pack.Text{ZH: "差 10 家", EN: "short by 10"}}}
	some := evidence{Numbers: []observation.Observation{number("st.hte", "700")}}
	for _, tt := range []struct {
		name string
		d    Directive
		c    string
		e    evidence
		w    watch
		may  bool
		why  string
	}{
		{"on the path, with its number", Directive{}, "path", some, onPath, true, ""},
		{"on the path, without evidence", Directive{}, "path", evidence{}, onPath, false, "no evidence"},
		{"off the path", Directive{}, "path", some, offPath, false, "short by 10"},
		{"never evaluated", Directive{}, "path", some, watch{}, false, "not been evaluated"},
		{"evidence that does not resolve", Directive{}, "path", evidence{Numbers: some.Numbers, Missing: []string{"88.1/x"}}, onPath, false, "88.1/x"},
		{"the number is there", Directive{}, "st.hte/500101 >=700家", some, watch{}, true, ""},
		{"the number is too small", Directive{}, "st.hte/500101 >=701家", some, watch{}, false, "does not show it"},
		{"a number of something else", Directive{}, "st.sti/500101 >=1家", some, watch{}, false, "does not show it"},
		{"a document", Directive{}, "document", evidence{Files: 1}, watch{}, true, ""},
		{"a number where a document is asked for", Directive{}, "document", some, watch{}, false, "document"},
		{"parts that are not accepted", Directive{Parts: []string{"a", "b"}, Accepted: 1}, "document", evidence{Files: 1}, watch{}, false, "Of the 2 parts only 1"},
		{"the number closes it whatever the parts say", Directive{Parts: []string{"a", "b"}}, "path", some, onPath, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := judge(tt.d, condition(tt.c), tt.e, tt.w)
			if v.May() != tt.may || !strings.Contains(v.Why.EN, tt.why) || (v.Why.EN == "") != tt.may {
				t.Errorf("may %v, why %q", v.May(), v.Why.EN)
			}
		})
	}
}
