package diagram

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/testkit"
)

func read(t *testing.T, path string) *procedure.Procedure {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, source)
}

func parse(t *testing.T, source []byte) *procedure.Procedure {
	t.Helper()
	p, findings := procedure.Parse("p.yaml", source)
	if p == nil {
		t.Fatalf("%v\n%s", findings, source)
	}
	return p
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, file string
		o          Options
	}{
		{"review.zh", "../procedure/testdata/good/review.yaml", Options{Present: []string{"work", "lead", "draft", "join", "asked"}, Visited: []string{"open"}}},
		{"review.en", "../procedure/testdata/good/review.yaml", Options{Lang: "en", ID: "second"}},
		{"small.zh", "testdata/small.yaml", Options{}},
		{"hostile.en", "testdata/hostile.yaml", Options{Lang: "en", ID: `a"b`, Present: []string{"a"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			svg := Draw(read(t, tc.file), tc.o)
			wellFormed(t, svg)
			testkit.Golden(t, tc.name+".svg", svg)
		})
	}
}

// TestSaid: who cannot see the drawing is told where the case is and what leads where.
func TestSaid(t *testing.T) {
	t.Parallel()
	svg := string(Draw(read(t, "../procedure/testdata/good/review.yaml"), Options{Present: []string{"judge"}}))
	for _, want := range []string{`role="img"`, "<title id=\"flow-diagram-title\">审核流程图</title>", "现在：复核。", "通过 → 已销号", "退办［条件］ → 办理中"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the drawing does not say %q", want)
		}
	}
}

func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v\n%s", err, svg)
		}
	}
}

// TestRoom draws procedures of all shapes and finds no box or label upon another,
// and no edge through a box that it does not lead into.
func TestRoom(t *testing.T) {
	t.Parallel()
	var all []*procedure.Procedure
	files, err := filepath.Glob("../procedure/testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		all = append(all, read(t, f))
	}
	for seed := range uint64(150) {
		all = append(all, parse(t, random(seed)))
	}
	for i, p := range all {
		for _, lang := range []string{"zh", "en"} {
			if msg := collision(p, lang); msg != "" {
				t.Errorf("procedure %d (%s): %s", i, lang, msg)
			}
			svg := Draw(p, Options{Lang: lang})
			wellFormed(t, svg)
			if strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
				t.Errorf("procedure %d: a place is no number", i)
			}
		}
	}
}

// rect is a box on the drawing.
type rect struct {
	l, t, r, b float64
	what       string
	state      *procedure.State
}

func collision(p *procedure.Procedure, lang string) string {
	w := words{p: p, en: lang == "en"}
	root := build(w)
	arrange(root)
	d := &drawing{words: w}
	d.svg(root)
	var rects []rect
	var walk func(f *frame)
	walk = func(f *frame) {
		at := d.places[f]
		for _, layer := range f.layers {
			for _, b := range layer {
				if b.kind != bendBox && b.kind != portBox {
					rects = append(rects, rect{at.x + b.x - b.w/2, at.y + b.y - b.h/2, at.x + b.x + b.w/2, at.y + b.y + b.h/2, fmt.Sprint(b.kind, b.lines), b.state})
				}
				if b.inner != nil {
					walk(b.inner)
				}
			}
		}
	}
	walk(root)
	for i, a := range rects {
		for _, b := range rects[:i] {
			if contains(a, b) || contains(b, a) {
				continue
			}
			if min(a.r, b.r)-max(a.l, b.l) > 0.5 && min(a.b, b.b)-max(a.t, b.t) > 0.5 {
				return fmt.Sprintf("%s lies upon %s", a.what, b.what)
			}
		}
	}
	return through(d, root, rects)
}

// contains reports whether a state's box may hold another.
func contains(a, b rect) bool {
	return a.state != nil && len(a.state.Children) > 0 && b.l >= a.l-0.5 && b.r <= a.r+0.5 && b.t >= a.t-0.5 && b.b <= a.b+0.5
}

func through(d *drawing, root *frame, rects []rect) string {
	home := map[*link]*frame{}
	edges := map[*edge]bool{}
	var walk func(f *frame)
	walk = func(f *frame) {
		for _, l := range f.links {
			home[l], edges[l.edge] = f, true
		}
		for _, b := range f.boxes {
			if b.inner != nil {
				walk(b.inner)
			}
		}
	}
	walk(root)
	for e := range edges {
		for _, l := range e.links {
			way := d.points(home[l], l)
			for i := range len(way) - 1 {
				if r := hit(way[i], way[i+1], rects, e); r != "" {
					return fmt.Sprintf("the edge %s → %s runs through %s", e.from.ID, e.to.ID, r)
				}
			}
		}
	}
	return ""
}

// hit returns a state that a piece of a way runs through, other than its ends
// and what they lie in.
func hit(a, b point, rects []rect, e *edge) string {
	for _, r := range rects {
		if r.state == nil || r.state == e.from || r.state == e.to || e.from.Within(r.state) || e.to.Within(r.state) {
			continue
		}
		l, rr := min(a.x, b.x), max(a.x, b.x)
		if rr > r.l+0.5 && l < r.r-0.5 && min(max(a.y, b.y), r.b)-max(min(a.y, b.y), r.t) > 0.5 {
			return r.what
		}
	}
	return ""
}

// random writes a procedure with states of all kinds and transitions between any of
// them.
func random(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1458))
	var b strings.Builder
	b.WriteString("schema: yuzhou.procedure/v1\nid: r\nname: {zh: 随机, en: Random}\nstates:\n")
	n, total := 0, 4+r.IntN(37)
	var level func(indent string, parallel bool)
	states := 2 + total
	level = func(indent string, parallel bool) {
		for range 1 + r.IntN(4) {
			n++
			fmt.Fprintf(&b, "%ss%d:\n%s  zh: %s\n%s  en: %s\n", indent, n, indent, strings.Repeat("办理", 1+r.IntN(6)), indent, strings.Repeat("To be handled ", 1+r.IntN(4)))
			id := n
			switch {
			case n < total && r.IntN(3) == 0 && len(indent) < 12:
				par := r.IntN(3) == 0
				if par {
					fmt.Fprintf(&b, "%s  parallel: true\n", indent)
				}
				fmt.Fprintf(&b, "%s  on: [{event: up, to: TO%d, zh: 上, en: Up}]\n%s  states:\n", indent, r.IntN(states), indent)
				level(indent+"    ", par)
				if r.IntN(3) == 0 {
					fmt.Fprintf(&b, "%s    h%d: {history: deep, to: s%d}\n", indent, id, id+1)
				}
			case !parallel && r.IntN(6) == 0:
				fmt.Fprintf(&b, "%s  final: true\n", indent)
			default:
				fmt.Fprintf(&b, "%s  on:\n", indent)
				for k := range r.IntN(4) {
					fmt.Fprintf(&b, "%s    - {event: e%d, to: TO%d, zh: %s, en: %s}\n", indent, k, r.IntN(states), strings.Repeat("退", 1+r.IntN(14)), strings.Repeat("Send back ", 1+r.IntN(3)))
				}
				fmt.Fprintf(&b, "%s    - {event: note, zh: 记, en: Note}\n", indent)
			}
		}
	}
	for n < total {
		level("  ", false)
	}
	text := b.String()
	for i := states; i >= 0; i-- {
		text = strings.ReplaceAll(text, fmt.Sprintf("TO%d,", i), fmt.Sprintf("s%d,", 1+int(math.Mod(float64(i), float64(n)))))
	}
	return []byte(text)
}

func BenchmarkDraw(b *testing.B) {
	source, err := os.ReadFile("../procedure/testdata/good/review.yaml")
	if err != nil {
		b.Fatal(err)
	}
	p, _ := procedure.Parse("review.yaml", source)
	for b.Loop() {
		if len(Draw(p, Options{})) == 0 {
			b.Fatal("nothing was drawn")
		}
	}
}
