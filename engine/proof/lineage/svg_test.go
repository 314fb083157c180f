package lineage

import (
	"fmt"
	"html"
	"strings"
)

// svg shows how a page draws a graph.
func svg(g Graph, d Drawing) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="10">`+"\n", d.Width, d.Height, d.Width, d.Height)
	for i, l := range d.Lines {
		half := (l.X1 + l.X2) / 2
		fmt.Fprintf(&b, `<path d="M%d %dC%d %d %d %d %d %d" fill="none" stroke="#888"><title>%s</title></path>`+"\n", l.X1, l.Y1, half, l.Y1, half, l.Y2, l.X2, l.Y2, g.Edges[i].Relation)
	}
	for i, x := range d.Boxes {
		n := g.Nodes[i]
		name := []rune(n.Name)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" rx="4" fill="#fff" stroke="#333"/><text x="%d" y="%d">%s</text><text x="%d" y="%d">%s</text>`+"\n",
			x.X, x.Y, x.Width, x.Height, x.X+6, x.Y+18, n.Kind, x.X+6, x.Y+36, html.EscapeString(string(name[:min(len(name), 30)])))
	}
	return []byte(b.String() + "</svg>\n")
}
