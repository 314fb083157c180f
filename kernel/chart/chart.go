// Package chart makes the product's charts: ECharts option objects built in Go
// and drawn to SVG on the server by ECharts' own renderer, so that a page, its
// print and later documents show the same picture, with or without script.
//
// What must hold: the same chart gives the same bytes; an SVG refers to nothing
// outside itself and carries no inline style, so that it shows under a strict
// Content-Security-Policy; words come from the caller, in the caller's language.
package chart

import (
	"bytes"
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"html/template"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/dop251/goja"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/web/assets"
)

// Option is an ECharts option object. Its maps marshal with sorted keys.
type Option map[string]any

// Chart is one picture.
type Chart struct {
	Option        Option
	Width, Height int    // of the drawing, in CSS pixels
	Title, Desc   string // what a screen reader says
	Map           string // name of a registered map that Option uses, or ""
}

// cached is how many pictures are kept; about 20 KB each.
const cached = 256

// idle is how long the engine is kept when nothing is drawn: it holds some 40 MB.
const idle = 20 * time.Second

// Renderer draws charts. Its zero value is not ready: use New.
type Renderer struct {
	mu    sync.Mutex // guards all below; one drawing at a time
	vm    *engine    // nil until the first drawing, and again after idle
	maps  map[string][]byte
	byKey map[[32]byte]*list.Element
	order *list.List // of entry, newest first
	timer *time.Timer
}

type entry struct {
	key [32]byte
	svg []byte
}

// kept returns the entry in a list element: the list holds nothing else.
func kept(e *list.Element) *entry {
	k, ok := e.Value.(*entry)
	if !ok {
		return &entry{}
	}
	return k
}

// New returns a renderer; its engine starts with the first drawing.
func New() *Renderer {
	return &Renderer{maps: map[string][]byte{}, byKey: map[[32]byte]*list.Element{}, order: list.New()}
}

// RegisterMap names a GeoJSON document for Chart.Map. The last one given counts.
func (r *Renderer) RegisterMap(name string, geoJSON []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if bytes.Equal(r.maps[name], geoJSON) {
		return
	}
	r.maps[name] = geoJSON
	r.vm = nil // it may have drawn with the map before
}

// SVG draws a chart. An option that ECharts cannot draw is fault.Invalid.
func (r *Renderer) SVG(ctx context.Context, c Chart) ([]byte, error) {
	doc, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	key := sha256.Sum256(append(doc, r.maps[c.Map]...))
	if e, ok := r.byKey[key]; ok {
		r.order.MoveToFront(e)
		return kept(e).svg, nil
	}
	raw, err := r.draw(c)
	if err != nil {
		return nil, err
	}
	svg, err := tidy(raw, c)
	if err != nil {
		return nil, err
	}
	r.byKey[key] = r.order.PushFront(&entry{key, svg})
	if r.order.Len() > cached {
		last := r.order.Back()
		r.order.Remove(last)
		delete(r.byKey, kept(last).key)
	}
	return svg, nil
}

// HTML draws a chart as a part of a page: the SVG, and beside it the option that
// the page's script makes it answer the pointer with. A map stays a picture.
func (r *Renderer) HTML(ctx context.Context, c Chart) (template.HTML, error) {
	svg, err := r.SVG(ctx, c)
	if err != nil {
		return "", err
	}
	if c.Map != "" {
		return template.HTML(svg), nil //nolint:gosec // tidy escapes every word
	}
	option, err := json.Marshal(c.Option)
	if err != nil {
		return "", err
	}
	return template.HTML(`<div class="echart" data-option="` + html.EscapeString(string(option)) + `">` + string(svg) + `</div>`), nil //nolint:gosec // as above
}

// draw runs the engine; r.mu is held.
func (r *Renderer) draw(c Chart) (string, error) {
	if r.vm == nil {
		vm, err := start(r.maps)
		if err != nil {
			return "", err
		}
		r.vm = vm
	}
	if r.timer == nil {
		r.timer = time.AfterFunc(idle, r.rest)
	}
	r.timer.Reset(idle)
	option, err := json.Marshal(c.Option)
	if err != nil {
		return "", err
	}
	v, err := r.vm.draw(goja.Undefined(), r.vm.js.ToValue(string(option)), r.vm.js.ToValue(c.Width), r.vm.js.ToValue(c.Height))
	if err != nil {
		r.vm = nil // it may be left half-way
		return "", &fault.Fault{Kind: fault.Invalid, Text: "the chart cannot be drawn", Err: err}
	}
	return v.String(), nil
}

// rest lets the engine go, so that an idle server is small.
func (r *Renderer) rest() {
	r.mu.Lock()
	r.vm = nil
	r.mu.Unlock()
	debug.FreeOSMemory() // some 100 MB of JavaScript objects that nobody holds now
}

// engine is ECharts in a JavaScript interpreter. It is for one goroutine at a time.
type engine struct {
	js   *goja.Runtime
	draw goja.Callable
}

// program is ECharts, parsed once for all engines of the process.
var program = sync.OnceValues(func() (*goja.Program, error) { //nolint:gochecknoglobals // read once, never written
	source, err := assets.Read("echarts.min.js")
	if err != nil {
		return nil, err
	}
	return goja.Compile("echarts.min.js", string(source), false)
})

// glue is what ECharts needs of a browser, and the one function we call. Element
// ids restart with each chart, so that the same chart gives the same bytes.
const glue = `
var draw = function (option, width, height) {
  var chart = echarts.init(null, null, {renderer: 'svg', ssr: true, width: width, height: height});
  try { chart.setOption(JSON.parse(option)); return chart.renderToSVGString({useViewBox: true}); }
  finally { chart.dispose(); }
};`

func start(geo map[string][]byte) (*engine, error) {
	js := goja.New()
	noop := func(goja.FunctionCall) goja.Value { return js.ToValue(0) }
	for _, name := range []string{"setTimeout", "clearTimeout", "setInterval", "clearInterval"} {
		if err := js.Set(name, noop); err != nil {
			return nil, err
		}
	}
	p, err := program()
	if err != nil {
		return nil, err
	}
	if _, err := js.RunProgram(p); err != nil {
		return nil, fmt.Errorf("start ECharts: %w", err)
	}
	if _, err := js.RunString(glue); err != nil {
		return nil, err
	}
	draw, ok := goja.AssertFunction(js.Get("draw"))
	if !ok {
		return nil, errors.New("start ECharts: draw is not a function")
	}
	for _, name := range slices.Sorted(maps.Keys(geo)) {
		if err := js.Set("geo", string(geo[name])); err != nil {
			return nil, err
		}
		if _, err := js.RunString(fmt.Sprintf("echarts.registerMap(%q, JSON.parse(geo)); geo = null;", name)); err != nil {
			return nil, fmt.Errorf("map %s: %w", name, err)
		}
	}
	return &engine{js, draw}, nil
}
