// Package qr makes QR codes, which lead from a printed number to its bundle.
//
// What must hold: any reader of QR codes gets back the very text, when up to a seventh
// of the code cannot be read; the code has the quiet zone that readers need.
//
// Source: ISO/IEC 18004:2024, error correction level M.
package qr

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"yuzhou/kernel/fault"
)

// Quiet is how many light modules a code has around it (ISO/IEC 18004 §6.3.8).
const Quiet = 4

// Code is the modules of a QR code, without its quiet zone: Code[y][x] is dark.
type Code [][]bool

// Encode returns the smallest code of a text.
//
//   - text: 1 to about 2,300 bytes of UTF-8, usually a URL.
//   - Result: square, 21 to 177 modules.
//   - Errors: fault.Invalid.
func Encode(text string) (Code, error) {
	if text == "" || !utf8.ValidString(text) {
		return nil, fault.New(fault.Invalid, "the text of a QR code is empty or not UTF-8; give a URL")
	}
	made, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the text of a QR code has %d bytes, too many for one; give a shorter URL", len(text))
	}
	code := make(Code, made.Bounds().Dy())
	for y := range code {
		code[y] = make([]bool, len(code))
		for x := range code[y] {
			code[y][x] = made.At(x, y) == barcode.ColorScheme16.Foreground
		}
	}
	return code, nil
}

// SVG draws the code with its quiet zone, a module one unit wide, dark on white in
// whatever theme. title is what a screen reader says in its place.
func (c Code) SVG(title string) string {
	size := len(c) + 2*Quiet
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" shape-rendering="crispEdges"><title>%s</title>`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`, size, size, html.EscapeString(title), size, size, c.Path())
}

// Path returns the dark modules as the d of an SVG path, quiet zone counted: a row of
// dark modules is one rectangle.
func (c Code) Path() string {
	var b strings.Builder
	for y, row := range c {
		for x := 0; x < len(row); x++ {
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+Quiet, y+Quiet, x-from, x-from)
			}
		}
	}
	return b.String()
}
