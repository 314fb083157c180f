package proof

import (
	"fmt"
	"strconv"
	"strings"

	"yuzhou/engine/proof/lineage"
	"yuzhou/engine/proof/statement"
)

// drawnDepth is how many steps from statement to statement a page draws, and mostDrawn how
// many things: what is farther is a click away.
const (
	drawnDepth = 2
	mostDrawn  = 60
)

// picture is a lineage as a page draws it.
type picture struct {
	Width, Height int
	Boxes         []boxView
	Lines         []lineView
	More          int // things that are not drawn
}

// boxView is a node.
type boxView struct {
	lineage.Box

	Kind  string // of the wording
	Name  string // short
	Says  string
	Whole string // name in full
	Href  string // its own page; "" for none
	Bad   bool   // it is not what its digest names, or nobody has it
}

// lineView is an edge: the path of a curve.
type lineView struct{ Path, Relation string }

// draw lays a graph out.
func draw(g lineage.Graph) *picture {
	more := g.Left
	if len(g.Nodes) > mostDrawn {
		more += len(g.Nodes) - mostDrawn
		g = first(g, mostDrawn)
	}
	if len(g.Edges) == 0 {
		return nil
	}
	d := lineage.Layout(g, lineage.Measure{Width: 200, Height: 58})
	p := &picture{Width: d.Width, Height: d.Height, More: more}
	for i, l := range d.Lines {
		p.Lines = append(p.Lines, lineView{curve(l.Points), string(g.Edges[i].Relation)})
	}
	for i, b := range d.Boxes {
		p.Boxes = append(p.Boxes, boxOf(g.Nodes[i], b))
	}
	return p
}

// curve draws a line as the path of SVG: bent between two columns, level past one.
func curve(points []lineage.Point) string {
	var b strings.Builder
	for i, p := range points {
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%d %d", p.X, p.Y)
		case i%2 == 1:
			was := points[i-1]
			half := (was.X + p.X) / 2
			fmt.Fprintf(&b, "C%d %d %d %d %d %d", half, was.Y, half, p.Y, p.X, p.Y)
		default:
			fmt.Fprintf(&b, "H%d", p.X)
		}
	}
	return b.String()
}

// first returns the part of a graph that has its first n nodes, which are nearest.
func first(g lineage.Graph, n int) lineage.Graph {
	out := lineage.Graph{Nodes: g.Nodes[:n]}
	for _, e := range g.Edges {
		if e.From < n && e.To < n {
			out.Edges = append(out.Edges, e)
		}
	}
	return out
}

// boxOf words a node.
func boxOf(n lineage.Node, b lineage.Box) boxView {
	v := boxView{Box: b, Kind: "node." + string(n.Kind), Name: n.Name, Whole: n.Name, Bad: n.State == lineage.Missing || n.State == lineage.Altered}
	switch n.Kind {
	case lineage.Statement:
		v.Whole = fmt.Sprintf("%s@%d", n.Name, n.Vintage)
		v.Href = "/proof/of/" + v.Whole
		if st := n.Stated; st != nil {
			v.Kind = "kind." + string(st.Kind)
			v.Says = strings.TrimSpace(st.Value + " " + st.Unit)
			if st.Kind == statement.KeyState || v.Says == "" {
				v.Says = st.Status
			}
		}
	case lineage.Checkpoint, lineage.Batch:
		v.Says = strconv.FormatInt(n.Size, 10)
	case lineage.Stamp:
		v.Says = n.At.Format("2006-01-02 15:04:05")
	case lineage.Formula, lineage.Document, lineage.Key, lineage.Unit:
	}
	if _, path, ok := strings.Cut(v.Name, "/"); ok {
		v.Name = path
	}
	if r := []rune(v.Name); len(r) > shortest {
		v.Name = string(r[:shortest-1]) + "…"
	}
	return v
}

// shortest is how many letters of a name a box has room for.
const shortest = 25
