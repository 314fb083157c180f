package plan

import (
	"bytes"
	"testing"
	"time"

	"yuzhou/engine/proof/prooftest"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
	"yuzhou/modules/plan/stratml"
	"yuzhou/packs"
)

// TestStratMLThereAndBack: the plan's own export, read back, changes nothing; a
// changed target changes that target only.
func TestStratMLThereAndBack(t *testing.T) {
	p := figures(packs.Chongqing())
	base := readPack(p)
	now := func() time.Time { return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) }
	s := New(module.Host{Now: now, Site: web.Site{Name: pack.Text{ZH: "重庆市", EN: "Chongqing"}, Unit: "500000", Prefix: "88.500.1", Zone: time.UTC, Now: now}}, Needs{Readings: shelf{p}, Proof: &prooftest.Book{}})
	for _, lang := range web.Langs() {
		doc, err := s.toStratML(t.Context(), base, lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name string
			doc  []byte
			want []string
		}{
			{"as it is", doc, nil},
			{"another number", bytes.Replace(doc, []byte(">1.27<"), []byte(">1.3<"), 1), []string{"changed target T09"}},
		} {
			read, _, err := stratml.Parse(bytes.NewReader(tt.doc))
			if err != nil {
				t.Fatal(err)
			}
			got, notes := fromStratML(read, base)
			var changes []string
			for _, c := range diff(base, got) {
				changes = append(changes, c.Kind+" "+c.What+" "+c.ID)
			}
			if len(notes) > 0 || len(changes) != len(tt.want) || len(changes) > 0 && changes[0] != tt.want[0] {
				t.Errorf("%s, %s: %v (notes %v), want %v", lang, tt.name, changes, notes, tt.want)
			}
		}
	}
}

func TestWhole(t *testing.T) {
	for _, tt := range []struct {
		name, doc string
		ok        bool
	}{
		{"whole", "<a><b/>text<c>x</c></a>", true},
		{"with a heading", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>", true},
		{"cut in a text", "<a><b>te", false},
		{"cut in a tag", "<a><b/><c", false},
		{"an element not closed", "<a><b></a>", false},
	} {
		if err := whole([]byte(tt.doc)); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestStratMLNewElements: what a document adds comes in, what it leaves out goes,
// and what it has no place for stays.
func TestStratMLNewElements(t *testing.T) {
	base := Plan{
		ID: "x", Text: pack.Text{ZH: "规划"},
		Elements: []Element{{ID: "O1", Kind: Objective, Text: pack.Text{ZH: "一"}}, {ID: "O2", Kind: Objective, Text: pack.Text{ZH: "二"}}, {ID: "PR1", Kind: Principle, Text: pack.Text{ZH: "原则"}}},
	}
	got, notes := fromStratML(&stratml.Plan{Name: "规划", Goals: []stratml.Goal{
		{Name: "一", SequenceIndicator: "O1", Objectives: []stratml.Objective{{Name: "新举措", SequenceIndicator: "M1.1", Indicators: []stratml.Indicator{{Dimension: "无人知晓", SequenceIndicator: "T99"}}}}},
	}}, base)
	var ids []string
	for _, e := range got.Elements {
		ids = append(ids, e.ID)
	}
	if len(ids) != 3 || ids[0] != "O1" || ids[1] != "PR1" || ids[2] != "M1.1" {
		t.Errorf("elements %v", ids)
	}
	if len(got.Relations) != 1 || got.Relations[0].To != "O1" {
		t.Errorf("relations %v", got.Relations)
	}
	if len(notes) != 1 {
		t.Errorf("notes %v: the unknown target is not mentioned", notes)
	}
}
