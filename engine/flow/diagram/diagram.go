// Package diagram draws procedures as statecharts: SVG written in Go, coloured by
// the page's stylesheet.
//
// What must hold: the same procedure gives the same drawing, byte for byte; nothing
// in it is colour alone (a present state has a mark and says so); labels do not lie
// upon each other or upon boxes; edges cross no box that they do not lead into. All
// text is escaped. CSS is a stylesheet that suits the classes.
//
// Layout: within each compound state the layered method of Sugiyama, Tagawa and
// Toda (1981), with a place in the layers for each label and each border crossing,
// so that an edge of any depth runs one way, up or down, through all borders.
package diagram

import (
	_ "embed" // of CSS
	"slices"

	"yuzhou/engine/flow/procedure"
)

// CSS colours a diagram in light, dark and print, with the variables of the page's
// stylesheet.
//
//go:embed diagram.css
var CSS string

// Options say what is shown of a procedure. The zero value draws it in Chinese
// without a case.
type Options struct {
	Lang    string   // "en", or else Chinese
	Present []string // ids of the states that are active
	Visited []string // ids of states that have been
	ID      string   // of the svg element, should a page have several; "" for flow-diagram
}

// Draw returns the statechart as an svg element, in CSS pixels, its size in width,
// height and viewBox.
func Draw(p *procedure.Procedure, o Options) []byte {
	w := words{p: p, en: o.Lang == "en"}
	root := build(w)
	arrange(root)
	d := &drawing{words: w, o: o}
	return d.svg(root)
}

// present reports whether a state is active.
func (o Options) present(id string) bool { return slices.Contains(o.Present, id) }

// visited reports whether a state has been.
func (o Options) visited(id string) bool { return slices.Contains(o.Visited, id) }
