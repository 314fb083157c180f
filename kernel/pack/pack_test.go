package pack

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

const manifest = `schema: yuzhou.pack/v1
id: test
prefix: "88.1"
unit: "1"
zone: "+08:00"
zh: 试
sources:
  - {id: page, kind: primary, zh: 版, file: page.txt}
`

func open(files map[string]string) *Pack {
	fsys := fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}, "page.txt": {Data: []byte("全市1.27万家\n突\n破2.7%")}}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return Open(fsys)
}

type things struct {
	Things []thing `pack:"things"`
}

type thing struct {
	Pos
	Text
	ID    string            `pack:"id"`
	N     int               `pack:"n,optional"`
	Yes   bool              `pack:"yes,optional"`
	Parts []Text            `pack:"parts,optional"`
	Table map[string]string `pack:"table,optional"`
	More  *Text             `pack:"more,optional"`
}

func TestRead(t *testing.T) {
	p := open(map[string]string{"t.yaml": "things:\n  - {id: a, zh: 甲, en: A}\n  - {id: b, zh: 乙, n: 3, yes: true, parts: [{zh: 一}], table: {k: v}, more: {zh: 又}}\n"})
	got := Read[things](p, "t.yaml").Things
	if err := p.Err(); err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	if b := got[1]; b.Line != 3 || b.File != "t.yaml" || b.N != 3 || !b.Yes || b.Parts[0].ZH != "一" || b.Table["k"] != "v" || b.More.ZH != "又" || b.In("en") != "乙" {
		t.Errorf("%+v", b)
	}
}

// TestReadIsStrict: each fault is found at its line, with what would be right.
func TestReadIsStrict(t *testing.T) {
	for _, tt := range []struct {
		name, text, rule, says string
		line                   int
	}{
		{"unknown key", "things:\n  - {id: a, zh: 甲, nn: 1}", "pack.unknown-key", `"nn" is not known; known are en, id, more, n, parts, table, yes, zh`, 2},
		{"missing key", "things:\n  - {id: a}", "pack.missing-key", `"zh" is missing`, 2},
		{"key twice", "things:\n  - id: a\n    zh: 甲\n    id: b", "pack.duplicate-key", `"id" stands twice`, 4},
		{"not a number", "things:\n  - {id: a, zh: 甲, n: many}", "pack.value", `"many" is not a whole number`, 2},
		{"not a switch", "things:\n  - {id: a, zh: 甲, yes: perhaps}", "pack.value", "neither true nor false", 2},
		{"list for a value", "things:\n  - {id: [a], zh: 甲}", "pack.type", "a list, not one value", 2},
		{"value for a list", "things: 3", "pack.type", `the value "3", not a list`, 1},
		{"alias", "things:\n  - &x {id: a, zh: 甲}\n  - *x", "pack.alias", "aliases are not read", 3},
		{"no YAML", "things:\n  - {id: a", "pack.yaml", "is not YAML", 2},
		{"not UTF-8", "things: \xd6\xd8", "pack.yaml", "is not YAML in UTF-8", 1},
		{"two documents", "things: []\n---\nthings: []", "pack.yaml", "more than one document", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := open(map[string]string{"t.yaml": tt.text})
			Read[things](p, "t.yaml")
			f := p.Findings()
			if len(f) == 0 {
				t.Fatal("nothing was found")
			}
			if f[0].Rule != tt.rule || !strings.Contains(f[0].Text, tt.says) || f[0].File != "t.yaml" {
				t.Errorf("%s", f[0])
			}
			if tt.rule != "pack.yaml" && f[0].Line != tt.line {
				t.Errorf("line %d, want %d: %s", f[0].Line, tt.line, f[0])
			}
			if err := p.Err(); !errors.Is(err, fault.Invalid) {
				t.Errorf("%v is not fault.Invalid", err)
			}
		})
	}
}

func TestReferences(t *testing.T) {
	p := open(nil)
	p.Define("unit", "kjj", Pos{"a.yaml", 1})
	p.Define("unit", "kjj", Pos{"a.yaml", 9})
	p.Refer("unit", "kjjj", Pos{"b.yaml", 4})
	p.Refer("unit", "", Pos{"b.yaml", 5})
	var got []string
	for _, f := range p.Findings() {
		got = append(got, f.String())
	}
	all := strings.Join(got, "\n")
	for _, want := range []string{`a.yaml:9: error: unit "kjj" is defined already at a.yaml:1`, `b.yaml:4: error: unit "kjjj" is not defined in this pack; did you mean "kjj"?`} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
	if len(got) != 2 {
		t.Errorf("%d findings:\n%s", len(got), all)
	}
}

func TestFigures(t *testing.T) {
	const head = "figures:\n  - {id: F1, indicator: i, at: \"1\", period: \"2027\", cmp: \">=\", status: target, known: \"2023-07-11\", source: page, "
	for _, tt := range []struct{ name, rest, says string }{
		{"right", `value: "1.27", unit: 万家, printed: 1.27万家, lines: [1], quote: 全市1.27万家}`, ""},
		{"broken over two lines", `value: "2.7", unit: "%", printed: 突破2.7%, lines: [2, 3], quote: 突破2.7%}`, ""},
		{"quotation that does not stand there", `value: "1.27", unit: 万家, printed: 1.27万家, lines: [1], quote: 全市1.28万家}`, "does not stand in line [1]"},
		{"printed form that does not", `value: "1.27", unit: 万家, printed: 1.3万家, lines: [1], quote: 全市}`, "printed form"},
		{"no such line", `value: "1.27", unit: 万家, printed: 1.27万家, lines: [9], quote: 全市}`, "has no line 9"},
		{"no source at all", `value: "1.27", unit: 万家, printed: 1.27万家}`, "no line and quotation"},
		{"wrong unit", `value: "1.27", unit: 万户户, printed: x, lines: [1], quote: 全市}`, "is not a known unit"},
		{"wrong number", `value: "1,27", unit: 万家, printed: x, lines: [1], quote: 全市}`, "is not digits"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := open(map[string]string{"f.yaml": head + tt.rest})
			p.Define("indicator", "i", Pos{})
			p.Define("unit", "1", Pos{})
			p.AddFigures(Read[struct {
				Figures []Figure `pack:"figures"`
			}](p, "f.yaml").Figures)
			err := p.Err()
			if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}

// TestStoreIsAllOrNothing: when one module's load fails, nothing of any is kept.
func TestStoreIsAllOrNothing(t *testing.T) {
	db, err := store.Open(t.Context(), t.TempDir()+"/x.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test is over
	if _, found, err := Current(t.Context(), db); err != nil || found {
		t.Fatalf("an empty database holds a pack: %v", err)
	}
	p, boom := open(nil), errors.New("boom")
	create := func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Exec(ctx, `CREATE TABLE half (id TEXT)`)
		return err
	}
	fail := func(context.Context, store.Tx) error { return boom }
	if err := p.Store(t.Context(), db, time.Now(), []Load{create, fail}); !errors.Is(err, boom) {
		t.Fatalf("%v", err)
	}
	if err := p.Store(t.Context(), db, time.Now(), []Load{create}); err != nil {
		t.Errorf("the first load has left something: %v", err)
	}
	l, found, err := Current(t.Context(), db)
	if err != nil || !found || l.Manifest.ID != "test" {
		t.Errorf("%+v, %v, %v", l.Manifest, found, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("things:\n  - {id: a, zh: 甲, parts: [{zh: 一}]}")
	f.Add("things: &a [*a]")
	f.Add("? {a: b}\n: c")
	f.Fuzz(func(t *testing.T, text string) {
		p := open(map[string]string{"t.yaml": text})
		got := Read[things](p, "t.yaml")
		for _, th := range got.Things {
			if p.Err() == nil && (th.ID == "" && !strings.Contains(text, "id")) {
				t.Errorf("%q was read as %+v without a finding", text, got)
			}
		}
	})
}
