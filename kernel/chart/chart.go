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
	"encoding/hex"
	"encoding/json"
	"html"
	"html/template"
	"runtime/debug"
	"sync"
	"time"

	"yuzhou/kernel/fault"
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

// cached is how many bytes of pictures are kept: a line is some 6 KB, a map 80 KB.
const cached = 8 << 20

// idle is how long the engine is kept when nothing is drawn: with its garbage it
// holds some 100 MB.
const idle = 20 * time.Second

// Renderer draws charts. Its zero value is not ready: use New.
type Renderer struct {
	mu    sync.Mutex // guards the pictures kept and the maps; never held while drawing
	maps  map[string]geography
	byKey map[key]*list.Element
	order *list.List // of entry, newest first
	size  int        // bytes of all pictures kept

	drawing sync.Mutex // taken before mu; guards what follows: one drawing at a time
	vm      *engine    // nil until the first drawing, and again after idle
	timer   *time.Timer
}

// key is the digest of all that makes a picture.
type key [sha256.Size]byte

// geography is a registered map.
type geography struct {
	doc    []byte // GeoJSON
	digest key
}

type entry struct {
	key key
	svg []byte
}

// New returns a renderer; its engine starts with the first drawing.
func New() *Renderer {
	return &Renderer{maps: map[string]geography{}, byKey: map[key]*list.Element{}, order: list.New()}
}

// RegisterMap names a GeoJSON document for Chart.Map. The last one given counts.
func (r *Renderer) RegisterMap(name string, geoJSON []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !bytes.Equal(r.maps[name].doc, geoJSON) {
		r.maps[name] = geography{geoJSON, sha256.Sum256(geoJSON)}
	}
}

// SVG returns the picture of a chart: one that is kept, or drawn now, one at a time.
//
//   - Errors: fault.Invalid for an option that ECharts cannot draw or a map that is
//     not registered; ctx's error when it ends first.
func (r *Renderer) SVG(ctx context.Context, c Chart) ([]byte, error) {
	doc, err := json.Marshal(c)
	if err != nil {
		return nil, &fault.Fault{Kind: fault.Invalid, Text: "the chart holds what JSON cannot hold, such as a number that is infinite", Err: err}
	}
	geo, k, err := r.known(c, doc)
	if err != nil {
		return nil, err
	}
	if svg, ok := r.kept(k); ok {
		return svg, nil
	}
	r.drawing.Lock()
	defer r.drawing.Unlock()
	if svg, ok := r.kept(k); ok { // drawn while we waited
		return svg, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	raw, err := r.draw(ctx, c, geo)
	if err != nil {
		return nil, err
	}
	svg, err := tidy(raw, c, "c"+hex.EncodeToString(k[:5])+"-")
	if err != nil {
		return nil, err
	}
	r.keep(k, svg)
	return svg, nil
}

// known returns the chart's map and the key of its picture.
func (r *Renderer) known(c Chart, doc []byte) (geography, key, error) {
	r.mu.Lock()
	geo, ok := r.maps[c.Map]
	r.mu.Unlock()
	if !ok && c.Map != "" {
		return geo, key{}, fault.New(fault.Invalid, "no map %q is registered", c.Map)
	}
	return geo, sha256.Sum256(append(doc, geo.digest[:]...)), nil
}

func (r *Renderer) kept(k key) ([]byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.byKey[k]
	if !ok {
		return nil, false
	}
	r.order.MoveToFront(e)
	return picture(e).svg, true
}

// keep stores a picture and lets those go that were asked for longest ago.
func (r *Renderer) keep(k key, svg []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byKey[k] = r.order.PushFront(&entry{k, svg})
	r.size += len(svg)
	for r.size > cached && r.order.Len() > 1 {
		last := r.order.Back()
		r.order.Remove(last)
		old := picture(last)
		delete(r.byKey, old.key)
		r.size -= len(old.svg)
	}
}

// picture returns the entry in a list element: the list holds nothing else.
func picture(e *list.Element) *entry {
	p, ok := e.Value.(*entry)
	if !ok {
		return &entry{}
	}
	return p
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

// draw runs the engine, starting it when need be; r.drawing is held.
func (r *Renderer) draw(ctx context.Context, c Chart, geo geography) (string, error) {
	if r.vm == nil {
		vm, err := start()
		if err != nil {
			return "", err
		}
		r.vm = vm
	}
	if r.timer == nil {
		r.timer = time.AfterFunc(idle, r.rest)
	}
	r.timer.Reset(idle)
	svg, err := r.vm.run(ctx, c, geo)
	if err != nil {
		r.vm = nil // it may be left half-way
	}
	return svg, err
}

// rest lets the engine go, so that an idle server is small.
func (r *Renderer) rest() {
	r.drawing.Lock()
	r.vm = nil
	r.drawing.Unlock()
	debug.FreeOSMemory() // nobody holds the engine's JavaScript objects now
}
