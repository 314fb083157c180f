package chart

import (
	"math"
	"time"
)

// The product's colours: ink, paper, rules, what can be clicked, the seal.
const (
	ink    = "#1a2433"
	paper  = "#fbfaf7"
	rule   = "#d9d6cc"
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
	Date  time.Time
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
	c := Chart{Title: l.Title, Desc: l.Desc, Width: l.Width, Height: l.Height}
	if c.Width == 0 {
		c.Width = 760
	}
	if c.Height == 0 {
		c.Height = 320
	}
	c.Option = Option{
		"animation": false, "useUTC": true, "backgroundColor": "transparent",
		"textStyle": Option{"fontFamily": fonts, "color": ink, "fontSize": 13},
		"grid":      Option{"left": 72, "right": 28, "top": 36, "bottom": 32},
		"tooltip":   Option{"trigger": "item"},
		"xAxis":     l.dates(),
		"yAxis": Option{
			"type": "value", "scale": true, "name": l.Unit, "nameTextStyle": Option{"color": muted, "align": "right"},
			"axisLabel": Option{"color": muted}, "splitLine": Option{"lineStyle": Option{"color": rule}}, "splitNumber": 4,
		},
		"series": l.series(),
	}
	return c
}

func (l Line) dates() Option {
	first, last := l.span()
	label := "{yyyy}"
	axis := Option{"type": "time", "axisLine": Option{"lineStyle": Option{"color": muted}}, "splitLine": Option{"show": false}}
	if last.Sub(first) < 2*365*24*time.Hour {
		label = "{yyyy}-{MM}"
	} else {
		axis["minInterval"] = 365 * 24 * 3600 * 1000
	}
	axis["axisLabel"] = Option{"color": muted, "formatter": label, "hideOverlap": true}
	return axis
}

// span returns the first and last date that is drawn.
func (l Line) span() (first, last time.Time) {
	for _, set := range [][]Point{l.Points, l.Earlier, l.Path} {
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
	var out []Option
	if len(l.Path) > 0 && l.Band > 0 {
		out = append(out, l.edge(-1), l.edge(1))
	}
	if len(l.Path) > 0 {
		out = append(out, Option{
			"type": "line", "data": pairs(l.Path), "symbol": "none", "silent": true,
			"lineStyle": Option{"color": muted, "type": "dashed", "width": 1.5},
		})
	}
	if len(l.Earlier) > 0 {
		out = append(out, Option{"type": "scatter", "data": dots(l.Earlier), "symbolSize": 8, "itemStyle": Option{"color": muted}})
	}
	main := Option{
		"type": "line", "data": dots(l.Points), "symbolSize": 9, "lineStyle": Option{"color": accent, "width": 2},
		"itemStyle": Option{"color": accent}, "label": Option{"show": true, "position": "top", "color": ink, "formatter": "{b}"}, "z": 3,
	}
	if len(l.Breaks) > 0 {
		var marks []Option
		for _, b := range l.Breaks {
			marks = append(marks, Option{"xAxis": day(b.Date), "label": Option{"formatter": b.Label, "color": muted, "position": "insideEndTop"}})
		}
		main["markLine"] = Option{"symbol": "none", "silent": true, "lineStyle": Option{"color": muted, "type": "dotted"}, "data": marks}
	}
	out = append(out, main)
	if t := l.Target; t != nil {
		out = append(out, Option{
			"type": "scatter", "symbol": "diamond", "symbolSize": 13, "itemStyle": Option{"color": red}, "z": 4,
			"data":  []Option{{"value": []any{day(t.Date), t.Value}, "name": t.Label}},
			"label": Option{"show": true, "position": "left", "distance": 8, "color": red, "formatter": "{b}"},
		})
	}
	return out
}

// edge is one side of the band: the lower one is an unseen base on which the
// upper one stands as an area.
func (l Line) edge(side float64) Option {
	data := make([][]any, len(l.Path))
	for i, p := range l.Path {
		half := math.Abs(p.Value) * l.Band / 100
		y := p.Value - half
		if side > 0 {
			y = 2 * half
		}
		data[i] = []any{day(p.Date), y}
	}
	o := Option{"type": "line", "stack": "band", "data": data, "symbol": "none", "silent": true, "lineStyle": Option{"opacity": 0}}
	if side > 0 {
		o["areaStyle"] = Option{"color": wash, "opacity": 0.7}
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

func dots(points []Point) []Option {
	out := make([]Option, len(points))
	for i, p := range points {
		o := Option{"value": []any{day(p.Date), p.Value}, "name": p.Label, "symbol": "circle"}
		if p.Hollow {
			o["symbol"] = "emptyCircle"
		}
		if p.Bound {
			o["symbol"] = "triangle"
		}
		if p.Label == "" {
			o["label"] = Option{"show": false}
		}
		out[i] = o
	}
	return out
}
