package chart

import (
	"cmp"
	"math"
	"time"
)

// The product's colours: ink, paper, rules, what can be clicked, the seal.
const (
	ink    = "#1a2433"
	paper  = "#fbfaf7"
	rule   = "#e4e1d8"
	muted  = "#5b6472"
	accent = "#0f5e73"
	wash   = "#cfe0e4"
	red    = "#b5332e"
	fonts  = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'WenQuanYi Micro Hei', sans-serif"
)

// Point is one number at a date.
type Point struct {
	Date   time.Time
	Value  float64
	Label  string // shown beside it; "" for none
	Hollow bool   // not settled, or replaced since
	Bound  bool   // only a lower bound: drawn as an arrow upwards
}

// Mark is a labelled place: a target at its date, or a break of definition.
type Mark struct {
	Date  time.Time // zero for a target without a date, which is a level only
	Value float64
	Label string
}

// Line is a series over time with what it is judged against. All values are in Unit.
type Line struct {
	Title, Desc string
	Unit        string
	Points      []Point // by date
	Earlier     []Point // replaced vintages
	Path        []Point // the declared way, by date; may be empty
	Band        float64 // half-width of the path's band, in percent of its value
	Target      *Mark
	Breaks      []Mark
	Width       int // 760 when 0
	Height      int // 320 when 0
}

// Chart returns the drawing's instructions.
func (l Line) Chart() Chart {
	return Chart{
		Title: l.Title, Desc: l.Desc, Width: cmp.Or(l.Width, 760), Height: cmp.Or(l.Height, 320),
		Option: Option{
			"animation": false, "useUTC": true, "backgroundColor": "transparent",
			"textStyle": Option{"fontFamily": fonts, "color": ink, "fontSize": 13},
			"grid":      Option{"left": 76, "right": 36, "top": 40, "bottom": 32},
			"tooltip":   Option{"trigger": "item"},
			"xAxis":     l.dates(),
			"yAxis": Option{
				"type": "value", "scale": true, "name": l.Unit, "nameTextStyle": Option{"color": muted, "align": "right", "padding": []int{0, 8, 0, 0}},
				"axisLabel": Option{"color": muted}, "splitLine": Option{"lineStyle": Option{"color": rule}}, "splitNumber": 4,
			},
			"series": l.series(),
		},
	}
}

const year = 365 * 24 * time.Hour

// dates is the horizontal axis: of years, or of months where there are few years.
func (l Line) dates() Option {
	first, last := l.span()
	if last.Sub(first) < year/6 { // a single number still needs an axis
		first, last = first.Add(-year/2), last.Add(year/2)
	}
	axis := Option{
		"type": "time", "min": day(first), "max": day(last),
		"axisLine": Option{"lineStyle": Option{"color": muted}}, "splitLine": Option{"show": false},
	}
	label := "{yyyy}"
	if last.Sub(first) < 2*year {
		label = "{yyyy}-{MM}"
		axis["splitNumber"] = 5
	} else {
		axis["minInterval"] = year.Milliseconds()
	}
	axis["axisLabel"] = Option{"color": muted, "formatter": label, "hideOverlap": true}
	return axis
}

// span returns the first and last date that is drawn.
func (l Line) span() (first, last time.Time) {
	all := [][]Point{l.Points, l.Earlier, l.Path}
	if l.Target != nil && !l.Target.Date.IsZero() {
		all = append(all, []Point{{Date: l.Target.Date}})
	}
	for _, set := range all {
		for _, p := range set {
			if first.IsZero() || p.Date.Before(first) {
				first = p.Date
			}
			if p.Date.After(last) {
				last = p.Date
			}
		}
	}
	return first, last
}

func (l Line) series() []Option {
	out := way(l.Path, l.Band)
	if len(l.Earlier) > 0 {
		out = append(out, Option{"type": "scatter", "data": l.dots(l.Earlier), "symbolSize": 8, "itemStyle": Option{"color": muted, "opacity": 1}, "z": 3})
	}
	main := Option{
		"type": "line", "data": l.dots(l.Points), "symbolSize": 9, "lineStyle": Option{"color": accent, "width": 2}, "showAllSymbol": true,
		"itemStyle": Option{"color": accent}, "label": halo(Option{"show": true, "position": "top", "color": ink, "formatter": "{b}"}), "z": 4,
		"labelLayout": Option{"hideOverlap": true},
	}
	var marks []Option
	for _, b := range l.Breaks {
		marks = append(marks, Option{
			"xAxis": day(b.Date), "lineStyle": Option{"color": muted, "type": []int{2, 4}},
			"label": Option{"formatter": b.Label, "color": muted, "position": "end", "rotate": 0},
		})
	}
	if t := l.Target; t != nil {
		level := Option{"yAxis": t.Value, "lineStyle": Option{"color": red, "width": 0.8, "type": "solid", "opacity": 0.55}, "label": Option{"show": false}}
		if t.Date.IsZero() {
			level["label"] = halo(Option{"formatter": t.Label, "color": red, "position": "insideEndTop"})
		}
		marks = append(marks, level)
	}
	if len(marks) > 0 {
		main["markLine"] = Option{"symbol": "none", "silent": true, "animation": false, "data": marks}
	}
	out = append(out, main)
	if t := l.Target; t != nil && !t.Date.IsZero() {
		out = append(out, Option{
			"type": "scatter", "symbol": "diamond", "symbolSize": 13, "itemStyle": Option{"color": red, "opacity": 1}, "z": 5, "clip": false,
			"data":  []Option{{"value": []any{day(t.Date), t.Value}, "name": t.Label}},
			"label": halo(Option{"show": true, "position": []any{"100%", -18}, "align": "right", "color": red, "formatter": "{b}"}),
		})
	} else if t != nil { // a level outside the numbers must widen the axis
		out = append(out, Option{"type": "scatter", "symbolSize": 0, "silent": true, "data": [][]any{{day(l.Points[0].Date), t.Value}}})
	}
	return out
}

// halo keeps a label legible over lines.
func halo(label Option) Option {
	label["textBorderColor"], label["textBorderWidth"] = paper, 3
	return label
}

// dots are points with a form and a label of their own: below the path or above
// it, where no line crosses it.
func (l Line) dots(points []Point) []Option {
	out := make([]Option, len(points))
	for i, p := range points {
		o := Option{"value": []any{day(p.Date), p.Value}, "name": p.Label, "symbol": "circle"}
		if p.Hollow {
			o["symbol"] = "emptyCircle"
		}
		if p.Bound {
			o["symbol"], o["symbolSize"] = arrow, []int{11, 15}
			o["symbolOffset"] = []any{0, "-50%"} // it rises from the value
			if p.Hollow {
				o["itemStyle"] = Option{"color": paper, "borderColor": accent, "borderWidth": 1.2}
			}
		}
		switch on, ok := at(l.Path, p.Date); {
		case p.Label == "":
			o["label"] = Option{"show": false}
		case ok && p.Value < on:
			o["label"] = Option{"position": "bottom"}
		}
		out[i] = o
	}
	return out
}

// arrow is drawn where a number is a lower bound only: 超, 以上.
const arrow = "path://M0 -10L6 -2H2V10H-2V-2H-6Z"

// at returns the value of a path at a date; false outside it.
func at(path []Point, d time.Time) (float64, bool) {
	for i := 1; i < len(path); i++ {
		a, b := path[i-1], path[i]
		if d.Before(a.Date) || d.After(b.Date) {
			continue
		}
		share := 0.0
		if whole := b.Date.Sub(a.Date); whole > 0 {
			share = float64(d.Sub(a.Date)) / float64(whole)
		}
		return a.Value + share*(b.Value-a.Value), true
	}
	return 0, false
}

// way is the declared path, dashed, over its band.
func way(path []Point, band float64) []Option {
	if len(path) == 0 {
		return nil
	}
	var out []Option
	if band > 0 {
		out = append(out, edge(path, band, -1), edge(path, band, 1))
	}
	return append(out, Option{
		"type": "line", "data": pairs(path), "symbol": "none", "silent": true,
		"lineStyle": Option{"color": muted, "type": "dashed", "width": 1.2},
	})
}

// edge is one side of the band: the lower one is an unseen base on which the
// upper one stands as an area.
func edge(path []Point, band, side float64) Option {
	data := make([][]any, len(path))
	for i, p := range path {
		half := math.Abs(p.Value) * band / 100
		y := p.Value - half
		if side > 0 {
			y = 2 * half
		}
		data[i] = []any{day(p.Date), y}
	}
	o := Option{"type": "line", "stack": "band", "stackStrategy": "all", "data": data, "symbol": "none", "silent": true, "lineStyle": Option{"opacity": 0}}
	if side > 0 {
		o["areaStyle"] = Option{"color": wash, "opacity": 0.55}
	}
	return o
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

func pairs(points []Point) [][]any {
	out := make([][]any, len(points))
	for i, p := range points {
		out[i] = []any{day(p.Date), p.Value}
	}
	return out
}
