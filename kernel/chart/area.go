package chart

import "cmp"

// Area is one place of a map or of a comparison.
type Area struct {
	Name  string // as the map knows it
	Label string // as it is shown
	Value float64
	Has   bool // false: there is no number, which is drawn and said
	Self  bool // the one the page is about
}

// Class is one step of a map's legend, from Min (included) to Max (excluded).
type Class struct {
	Min, Max float64
	Label    string
}

// noData is the grey of places without a number, in maps and legends.
const noData = "#eceae3"

// steps are the colours of a map's classes, light to dark, four at most.
func steps(n int) []string {
	all := []string{"#e3eef0", "#c3dce1", "#9fc6cf", "#79afbc"} // ink is legible on all
	return all[len(all)-min(max(n, 1), len(all)):]
}

// Places is a map of areas coloured by classes, with a legend in words.
type Places struct {
	Title, Desc   string
	Map           string // as registered
	Areas         []Area
	Classes       []Class
	NoData        string // what the legend calls places without a number
	Width, Height int
}

// Chart returns the drawing's instructions.
func (p Places) Chart() Chart {
	var data, pieces []Option
	colours := steps(len(p.Classes))
	for i, c := range p.Classes {
		pieces = append(pieces, Option{"gte": c.Min, "lt": c.Max, "label": c.Label, "color": colours[min(i, len(colours)-1)]})
	}
	for _, a := range p.Areas {
		o := Option{"name": a.Name, "label": Option{"formatter": a.Label}}
		if a.Has {
			o["value"] = a.Value
		}
		data = append(data, o)
	}
	pieces = append(pieces, Option{"value": -1e300, "label": p.NoData, "color": noData})
	return Chart{
		Title: p.Title, Desc: p.Desc, Map: p.Map, Width: cmp.Or(p.Width, 760), Height: cmp.Or(p.Height, 560),
		Option: Option{
			"animation": false, "textStyle": Option{"fontFamily": fonts, "color": ink},
			"visualMap": Option{"type": "piecewise", "pieces": pieces, "left": 8, "bottom": 8, "textStyle": Option{"color": ink}, "outOfRange": Option{"color": noData}},
			"tooltip":   Option{"trigger": "item"},
			"series": []Option{{
				"type": "map", "map": p.Map, "left": 8, "right": 8, "top": 8, "bottom": 8, "data": data, "roam": false, "selectedMode": false, "nameProperty": "name",
				"label": Option{"show": true, "fontSize": 10, "color": ink}, "labelLayout": Option{"hideOverlap": true},
				"itemStyle": Option{"borderColor": "#bdb7a6", "borderWidth": 0.7, "areaColor": noData},
				"emphasis":  Option{"disabled": true},
			}},
		},
	}
}

// Bars compares places by the length of bars, in the order given.
type Bars struct {
	Title, Desc string
	Unit        string
	Areas       []Area
	NoData      string // said instead of a bar
	Width       int
}

// Chart returns the drawing's instructions; its height follows the number of bars.
func (b Bars) Chart() Chart {
	var names []string
	var data []Option
	for _, a := range b.Areas {
		names = append(names, a.Label)
		o := Option{"value": a.Value, "itemStyle": Option{"color": "#6ea5b2"}}
		if a.Self {
			o["itemStyle"] = Option{"color": accent}
		}
		if !a.Has {
			o = Option{"value": 0, "label": Option{"formatter": b.NoData, "color": muted}}
		}
		data = append(data, o)
	}
	return Chart{
		Title: b.Title, Desc: b.Desc, Width: cmp.Or(b.Width, 760), Height: 60 + 24*len(b.Areas),
		Option: Option{
			"animation": false, "textStyle": Option{"fontFamily": fonts, "color": ink},
			"grid":  Option{"left": 8, "right": 72, "top": 28, "bottom": 8, "containLabel": true},
			"xAxis": Option{"type": "value", "name": b.Unit, "position": "top", "splitLine": Option{"lineStyle": Option{"color": rule}}, "axisLabel": Option{"color": muted}},
			"yAxis": Option{"type": "category", "inverse": true, "data": names, "axisTick": Option{"show": false}, "axisLine": Option{"show": false}},
			"series": []Option{{
				"type": "bar", "data": data, "barWidth": 14, "label": Option{"show": true, "position": "right", "color": ink},
			}},
		},
	}
}
