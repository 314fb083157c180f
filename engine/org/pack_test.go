package org

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/testkit"
	"yuzhou/packs"
)

func TestPackErrors(t *testing.T) {
	for _, tt := range []struct {
		name, units, want string
	}{
		{"in order", threeUnits, ""},
		{
			"unknown kind", `  - {id: "990000", kind: village, zh: 市, parent: "", from: "", source: s}`,
			`org/units.yaml:2: error: unit 990000: kind "village" is not one of nation, city, group, district, county, town, body, body_outside [org.kind]`,
		},
		{
			"unknown parent", threeUnits + `  - {id: "990103", kind: town, zh: 镇, parent: "990109", from: "", source: s}`,
			`org/units.yaml:5: error: unit "990109" is not defined in this pack; did you mean "990101"? [pack.dangling]`,
		},
		{
			"unknown source", `  - {id: "990000", kind: city, zh: 市, parent: "", from: "", source: x}`,
			`org/units.yaml:2: error: source "x" is not defined in this pack; did you mean "s"? [pack.dangling]`,
		},
		{
			"twice", threeUnits + `  - {id: "990102", kind: county, zh: 西县, parent: "990000", from: "", source: s}`,
			`org/units.yaml:5: error: unit "990102" is defined already at org/units.yaml:4 [pack.duplicate]`,
		},
		{
			"its own parent", `  - {id: "990000", kind: city, zh: 市, parent: "990000", from: "", source: s}`,
			`org/units.yaml:2: error: unit 990000 lies below itself: 990000 < 990000 [org.cycle]`,
		},
		{
			"cycle of two", threeUnits + "  - {id: a, kind: body, zh: 甲, parent: b, from: \"\", source: s}\n  - {id: b, kind: body, zh: 乙, parent: a, from: \"\", source: s}",
			`org/units.yaml:5: error: unit a lies below itself: a < b < a [org.cycle]`,
		},
		{
			"hangs on a cycle", threeUnits + "  - {id: c, kind: body, zh: 丙, parent: a, from: \"\", source: s}\n  - {id: a, kind: body, zh: 甲, parent: a, from: \"\", source: s}",
			`org/units.yaml:6: error: unit a lies below itself: a < a [org.cycle]`,
		},
		{
			"not a day", `  - {id: "990000", kind: city, zh: 市, parent: "", from: 2023-2-30, source: s}`,
			`org/units.yaml:2: error: unit 990000: from "2023-2-30" is not a day such as 2023-07-10 [org.date]`,
		},
		{
			"ends before it begins", threeUnits + `  - {id: "990103", kind: town, zh: 镇, parent: "990101", from: 2023-01-02, to: 2023-01-02, source: s}`,
			`org/units.yaml:5: error: unit 990103: to "2023-01-02" is not after from "2023-01-02" [org.validity]`,
		},
		{
			"no name", `  - {id: "990000", kind: city, zh: "", parent: "", from: "", source: s}`,
			`org/units.yaml:2: error: unit 990000 has no name in zh [org.name]`,
		},
		{
			"without the city of the pack", `  - {id: "990101", kind: district, zh: 东区, parent: "", from: "", source: s}`,
			`pack.yaml:1: error: unit "990000" is not defined in this pack; did you mean "990101"? [pack.dangling]`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := pack.Open(small(tt.units))
			readPack(p)
			var got []string
			for _, f := range p.Findings() {
				got = append(got, f.String())
			}
			if d := cmp.Diff(tt.want, strings.Join(got, "\n")); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestPostsAndPeopleMustExist(t *testing.T) {
	files := small(threeUnits)
	files["org/bodies.yaml"] = &fstest.MapFile{Data: []byte(`units: []
posts:
  - {id: p, unit: nowhere, zh: 长, source: s}
people:
  - {id: q, zh: 人, post: nothing, from: yesterday}
`)}
	p := pack.Open(files)
	readPack(p)
	var got []string
	for _, f := range p.Findings() {
		got = append(got, f.Rule)
	}
	if d := cmp.Diff([]string{"pack.dangling", "org.date", "pack.dangling"}, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// TestVersions loads one pack after another, a day apart, and looks at what is
// left of a unit's past.
func TestVersions(t *testing.T) {
	east := func(zh, en, from string) string {
		return strings.Replace(threeUnits, `zh: 东区, en: East, parent: "990000", from: ""`, `zh: `+zh+`, en: `+en+`, parent: "990000", from: "`+from+`"`, 1)
	}
	for _, tt := range []struct {
		name  string
		packs []string // the first on 2023-07-11, each a day after the one before
		want  []string // versions of 990101
	}{
		{"same again", []string{threeUnits, threeUnits}, []string{"[,) 东区 East"}},
		{"translation", []string{threeUnits, east("东区", "Eastern", "")}, []string{"[,) 东区 Eastern"}},
		{"new name, no date", []string{threeUnits, east("东新区", "East", "")}, []string{"[,2023-07-12) 东区 East", "[2023-07-12,) 东新区 East"}},
		{"new name, dated", []string{threeUnits, east("东新区", "East", "2020-01-01")}, []string{"[,2020-01-01) 东区 East", "[2020-01-01,) 东新区 East"}},
		{
			"new name, loaded again without date",
			[]string{threeUnits, east("东新区", "East", ""), east("东新区", "East", "")},
			[]string{"[,2023-07-12) 东区 East", "[2023-07-12,) 东新区 East"},
		},
		{"beginning corrected", []string{threeUnits, east("东区", "East", "1950-01-01")}, []string{"[1950-01-01,) 东区 East"}},
		{"gone", []string{threeUnits, strings.Replace(threeUnits, east101, "", 1)}, []string{"[,2023-07-12) 东区 East"}},
		{
			"gone and back",
			[]string{threeUnits, strings.Replace(threeUnits, east101, "", 1), threeUnits},
			[]string{"[,2023-07-12) 东区 East", "[2023-07-12,) 东区 East"},
		},
		{
			"gone twice",
			[]string{threeUnits, strings.Replace(threeUnits, east101, "", 1), strings.Replace(threeUnits, east101, "", 1)},
			[]string{"[,2023-07-12) 东区 East"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onEachStore(t, small(tt.packs[0]), func(t *testing.T, w town) {
				for _, units := range tt.packs[1:] {
					w.clock.add(24 * time.Hour)
					w.load(t, small(units))
				}
				tree, err := w.tree(t.Context())
				must(t, err)
				var got []string
				for _, u := range tree.versions("990101") {
					got = append(got, "["+u.From+","+u.To+") "+u.ZH+" "+u.EN)
				}
				if d := cmp.Diff(tt.want, got); d != "" {
					t.Errorf("-want +got\n%s", d)
				}
			})
		})
	}
}

const east101 = `  - {id: "990101", kind: district, zh: 东区, en: East, parent: "990000", from: "", source: s}
`

func TestUnitsAtADate(t *testing.T) {
	renamed := strings.Replace(threeUnits, "zh: 东区", "zh: 东新区", 1)
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		ctx := t.Context()
		first := w.now()
		w.clock.add(48 * time.Hour)
		w.load(t, small(renamed))
		for _, tt := range []struct {
			name, want string
			at         time.Time
		}{
			{"before", "东区", first},
			{"last moment of the day before, in the city", "东区", time.Date(2023, 7, 12, 15, 59, 59, 0, time.UTC)},
			{"first moment of the day", "东新区", time.Date(2023, 7, 12, 16, 0, 0, 0, time.UTC)},
			{"now", "东新区", w.now()},
		} {
			units, err := w.Units(ctx, tt.at)
			must(t, err)
			if len(units) != 3 || units[1].ZH != tt.want {
				t.Errorf("%s: got %+v, want %s", tt.name, units, tt.want)
			}
		}
		found, err := w.Find(ctx, "东")
		must(t, err)
		if len(found) != 1 || found[0].ZH != "东新区" {
			t.Errorf("find: %+v", found)
		}
		none, err := w.Find(ctx, "  ")
		must(t, err)
		if len(none) != 0 {
			t.Errorf("finding nothing found %+v", none)
		}
		_, err = w.Unit(ctx, "nowhere")
		kindIs(t, "unknown unit", err, notFound)
		kids, err := w.Children(ctx, "990000", County)
		must(t, err)
		if len(kids) != 1 || kids[0].ID != "990102" {
			t.Errorf("children: %+v", kids)
		}
	})
}

func TestFindOrder(t *testing.T) {
	w := newTown(t, migrated(t), packs.Chongqing())
	for _, tt := range []struct{ name, text, want string }{
		{"code", "500101", "500101"},
		{"whole name", "忠县", "500233"},
		{"English, any case", "wanzhou dis", "500101"},
		{"city before its bodies", "重庆", "500000"},
		{"beginning before part", "江北", "500105"},
	} {
		got, err := w.Find(t.Context(), tt.text)
		must(t, err)
		if len(got) == 0 || got[0].ID != tt.want {
			t.Errorf("%s: %q found %+v, want %s first", tt.name, tt.text, got, tt.want)
		}
	}
}

// TestPeopleOfThePack loads a pack whose post changes hands; what an owner has
// entered here must stay.
func TestPeopleOfThePack(t *testing.T) {
	with := func(people string) fstest.MapFS {
		files := small(threeUnits)
		files["org/bodies.yaml"] = &fstest.MapFile{Data: []byte(`units: []
posts:
  - {id: head, unit: "990101", zh: 区长, source: s}
  - {id: deputy, unit: "990101", zh: 副区长, source: s}
people:
` + people)}
		return files
	}
	testkit.EachStore(t, "org", theFiles(), func(t *testing.T, db *testDB) {
		w := newTown(t, db, with("  - {id: a, zh: 甲, post: head}\n"))
		w.clock.add(24 * time.Hour)
		must(t, w.setPost(systemOf(t, w), "a", "deputy"))
		w.load(t, with("  - {id: a, zh: 甲, post: head}\n  - {id: b, zh: 乙, post: head, from: 2023-07-01}\n"))
		posts, err := w.Posts(t.Context(), "990101")
		must(t, err)
		var got []string
		for _, p := range posts {
			for _, h := range p.Holders {
				got = append(got, p.ID+" "+h.ZH+" "+h.From)
			}
		}
		if d := cmp.Diff([]string{"deputy 甲 2023-07-12", "head 乙 2023-07-01"}, got); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	})
}
