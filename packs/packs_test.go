package packs

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/quantity"
)

// unit, indicator and target are what these tests look at; the modules read all
// of the files. Keys that are not looked at are taken as they come.
type unit struct {
	pack.Pos
	pack.Text
	ID     string `pack:"id"`
	Kind   string `pack:"kind"`
	Parent string `pack:"parent"`
	Region string `pack:"region,optional"`
	From   string `pack:"from"`
	Source string `pack:"source"`
	Lines  []int  `pack:"lines,optional"`
}

type units struct {
	Units []unit `pack:"units"`
}

type post struct {
	pack.Pos
	pack.Text
	ID     string `pack:"id"`
	Unit   string `pack:"unit"`
	Lines  []int  `pack:"lines"`
	Source string `pack:"source"`
}

type person struct {
	pack.Pos
	pack.Text
	ID    string `pack:"id"`
	Post  string `pack:"post"`
	Lines []int  `pack:"lines"`
	Note  string `pack:"note,optional"`
}

type bodies struct {
	Units  []unit   `pack:"units"`
	Posts  []post   `pack:"posts"`
	People []person `pack:"people"`
}

type seriesBreak struct {
	pack.Pos
	pack.Text
	Date string `pack:"date"`
}

type indicator struct {
	pack.Pos
	pack.Text
	ID        string        `pack:"id"`
	Concept   pack.Text     `pack:"concept"`
	About     string        `pack:"about,optional"`
	Nature    string        `pack:"nature"`
	Unit      quantity.Unit `pack:"unit"`
	Direction string        `pack:"direction"`
	Space     string        `pack:"space"`
	Time      string        `pack:"time"`
	Frequency string        `pack:"frequency"`
	Body      string        `pack:"body"`
	Group     string        `pack:"group"`
	Formula   string        `pack:"formula"`
	Breaks    []seriesBreak `pack:"breaks,optional"`
}

type group struct {
	pack.Pos
	pack.Text
	ID string `pack:"id"`
}

type definitions struct {
	Groups     []group     `pack:"groups"`
	Indicators []indicator `pack:"indicators"`
}

type figures struct {
	Figures []pack.Figure `pack:"figures"`
}

// contents is what a pack holds, read with the same strictness as by the program.
type contents struct {
	units      []unit
	indicators map[string]indicator
	figures    []pack.Figure
	later      []pack.Figure
}

func open(t *testing.T, files fs.FS) contents {
	t.Helper()
	p := pack.Open(files)
	c := contents{indicators: map[string]indicator{}}
	c.units = slices.Concat(pack.Read[units](p, "org/units.yaml").Units, pack.Read[units](p, "org/towns.yaml").Units)
	b := pack.Read[bodies](p, "org/bodies.yaml")
	c.units = append(c.units, b.Units...)
	for _, u := range c.units {
		p.Define("unit", u.ID, u.Pos)
		p.Refer("unit", u.Parent, u.Pos)
		p.Refer("unit", u.Region, u.Pos)
		p.Refer("source", u.Source, u.Pos)
	}
	for _, x := range b.Posts {
		p.Define("post", x.ID, x.Pos)
		p.Refer("unit", x.Unit, x.Pos)
	}
	for _, x := range b.People {
		p.Define("person", x.ID, x.Pos)
		p.Refer("post", x.Post, x.Pos)
	}
	d := pack.Read[definitions](p, "indicators/definitions.yaml")
	for _, g := range d.Groups {
		p.Define("group", g.ID, g.Pos)
	}
	for _, i := range d.Indicators {
		p.Define("indicator", i.ID, i.Pos)
		p.Refer("group", i.Group, i.Pos)
		p.Refer("unit", i.Body, i.Pos)
		c.indicators[i.ID] = i
	}
	c.figures = pack.Read[figures](p, "indicators/figures.yaml").Figures
	c.later = pack.Read[figures](p, "indicators/later.yaml").Figures
	p.AddFigures(c.figures)
	p.AddFigures(c.later)
	for _, f := range p.Findings() {
		t.Error(f)
	}
	return c
}

func TestPacksAreSound(t *testing.T) {
	for _, tt := range []struct {
		name                       string
		files                      fs.FS
		figures, later, indicators int
	}{
		{"chongqing", Chongqing(), 116, 16, 133},
		{"taoyuan", os.DirFS("testdata/taoyuan"), 12, 0, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := open(t, tt.files)
			if len(c.figures) != tt.figures || len(c.later) != tt.later || len(c.indicators) != tt.indicators {
				t.Errorf("%d figures, %d later, %d indicators; want %d, %d, %d",
					len(c.figures), len(c.later), len(c.indicators), tt.figures, tt.later, tt.indicators)
			}
			for _, f := range slices.Concat(c.figures, c.later) {
				if i := c.indicators[f.Indicator]; !i.Unit.Same(f.Unit) {
					t.Errorf("figure %s is in %q, its indicator %s in %q", f.ID, f.Unit, i.ID, i.Unit)
				}
				ranked := c.indicators[f.Indicator].Nature == "rank" || c.indicators[f.Indicator].Nature == "tier"
				if ranked != (f.Rank != nil) || ranked && f.Status != "claim" {
					t.Errorf("figure %s: a rank or tier, and nothing else, is a claim with a rank", f.ID)
				}
			}
		})
	}
}

// TestDivisions counts the units against the official numbers of 2023.
func TestDivisions(t *testing.T) {
	got := map[string]int{}
	regions := map[string]int{}
	for _, u := range open(t, Chongqing()).units {
		got[u.Kind]++
		if u.Region != "" {
			regions[u.Region]++
		}
	}
	want := map[string]int{"nation": 1, "city": 1, "group": 4, "district": 26, "county": 12, "town": 1031, "body": 9, "body_outside": 1}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("units %v, want %v", got, want)
	}
	if want := map[string]int{"500000-core": 9, "500000-new": 12, "500000-ne": 11, "500000-se": 6}; fmt.Sprint(regions) != fmt.Sprint(want) {
		t.Errorf("regions %v, want %v", regions, want)
	}
}

// TestStory: the demonstration differs from the city's pack in its clock and in
// what it asks for, and in nothing else.
func TestStory(t *testing.T) {
	read := func(files fs.FS, name string) string {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ = bytes.Cut(text, []byte("\n")) // the first line says what the file is
		return string(text)
	}
	want := strings.Replace(read(Chongqing(), "pack.yaml"), "id: chongqing\n", "id: chongqing-story\nclock: \"2024-07-01T09:00:00+08:00\"\n", 1)
	if got := read(Story(), "pack.yaml"); got != want {
		t.Errorf("packs/story/pack.yaml is not that of chongqing with a clock:\n%s", got)
	}
	names := func(files fs.FS) (out []string) {
		err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
			if !d.IsDir() {
				out = append(out, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	more := slices.DeleteFunc(names(Story()), func(n string) bool { return slices.Contains(names(Chongqing()), n) })
	if !slices.Equal(more, []string{"collection/assignments.yaml", "collection/rules.yaml"}) || len(names(Story())) != len(names(Chongqing()))+2 {
		t.Errorf("the demonstration holds more: %q", more)
	}
	if pk := pack.Open(Story()); pk.Err() != nil || !pk.Manifest.Demo() {
		t.Errorf("%v, a demonstration: %v", pk.Err(), pk.Manifest.Demo())
	}
}

// TestNode: a node's pack is filled in and without errors.
func TestNode(t *testing.T) {
	files, err := Node{Prefix: "88.500", Unit: "500000", Clock: "2026-01-05T09:00:00+08:00", ZH: "二级节点（演示）", EN: "Second-level node (demonstration)"}.Pack()
	if err != nil {
		t.Fatal(err)
	}
	pk := pack.Open(files)
	if pk.Err() != nil || !pk.Manifest.Demo() || pk.Manifest.Prefix != "88.500" || pk.Manifest.ZH != "二级节点（演示）" || !pk.Has("calendar/holidays.yaml") {
		t.Errorf("%+v, %v", pk.Manifest, pk.Err())
	}
	err = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if text, err := fs.ReadFile(files, path); err == nil && strings.Contains(string(text), "[[") {
			t.Errorf("%s is not filled in", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
