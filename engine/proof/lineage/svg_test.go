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
		var path strings.Builder
		for k, p := range l.Points {
			switch {
			case k == 0:
				fmt.Fprintf(&path, "M%d %d", p.X, p.Y)
			case k%2 == 1: // between two columns
				half := (l.Points[k-1].X + p.X) / 2
				fmt.Fprintf(&path, "C%d %d %d %d %d %d", half, l.Points[k-1].Y, half, p.Y, p.X, p.Y)
			default:
				fmt.Fprintf(&path, "H%d", p.X)
			}
		}
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="#888"><title>%s</title></path>`+"\n", path.String(), g.Edges[i].Relation)
	}
	for i, x := range d.Boxes {
		n := g.Nodes[i]
		name := []rune(n.Name)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" rx="4" fill="#fff" stroke="#333"/><text x="%d" y="%d">%s</text><text x="%d" y="%d">%s</text>`+"\n",
			x.X, x.Y, x.Width, x.Height, x.X+6, x.Y+18, n.Kind, x.X+6, x.Y+36, html.EscapeString(string(name[:min(len(name), 30)])))
	}
	return []byte(b.String() + "</svg>\n")
}
