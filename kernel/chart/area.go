package chart

import "cmp"

// Area is one place of a map or of a comparison.
type Area struct {
	Name  string // as the map knows it
	Label string // as it is shown
	Value float64
	Text  string // the number as it is shown beside a bar; "" for Value
	Has   bool   // false: there is no number, which is drawn and said
	Self  bool   // the one the page is about
}

// Class is one step of a map's legend, from Min (included) to Max (excluded).
type Class struct {
	Min, Max float64
	Label    string
}

// noData is the colour of places without a number, in maps and legends. The
// finished picture hatches it, so that it differs from every class in print too.
const noData = "#eceae3"

// steps are the colours of n classes, light to dark. Ink is legible on all (4.5:1).
func steps(n int) []string {
	all := []string{"#dcebee", "#b5d3da", "#86b5c0", "#5b98a7"}
	switch {
	case n <= 1:
		return all[1:2]
	case n == 2:
		return []string{all[0], all[2]}
	case n == 3:
		return all[:3]
	}
	return all
}

// Places is a map of areas coloured by classes, four at most, with a legend in words.
type Places struct {
	Title, Desc   string
	Map           string // as registered
	Areas         []Area
	Classes       []Class
	NoData        string // what the legend calls places without a number
	Width, Height int    // 760 and 600 when 0
}

// Chart returns the drawing's instructions.
func (p Places) Chart() Chart {
	var data, pieces []Option
	colours := steps(len(p.Classes))
	for i, c := range p.Classes {
		pieces = append(pieces, Option{"gte": c.Min, "lt": c.Max, "label": c.Label, "color": colours[min(i, len(colours)-1)]})
	}
	missing := false
	for _, a := range p.Areas {
		o := Option{"name": a.Name, "label": Option{"formatter": a.Label}}
		if a.Has {
			o["value"] = a.Value
		} else {
			missing = true
		}
		if a.Self {
			o["itemStyle"] = Option{"borderColor": red, "borderWidth": 1.6}
		}
		data = append(data, o)
	}
	if missing {
		pieces = append(pieces, Option{"value": -1e300, "label": p.NoData, "color": noData})
	}
	return Chart{
		Title: p.Title, Desc: p.Desc, Map: p.Map, Width: cmp.Or(p.Width, 760), Height: cmp.Or(p.Height, 600),
		Option: Option{
			"animation": false, "textStyle": Option{"fontFamily": fonts, "color": ink},
			"visualMap": Option{
				"type": "piecewise", "pieces": pieces, "left": 8, "top": 8, "itemGap": 7, "itemSymbol": "rect", "itemWidth": 22, "itemHeight": 15,
				"textStyle": Option{"color": ink, "fontSize": 13}, "outOfRange": Option{"color": noData},
			},
			"tooltip": Option{"trigger": "item"},
			"series": []Option{{
				"type": "map", "map": p.Map, "left": 8, "right": 8, "top": 8, "bottom": 8, "aspectScale": 0.86, // cos 30.6°, the middle of the city
				"data": data, "roam": false, "selectedMode": false, "nameProperty": "name",
				"label":       halo(Option{"show": true, "fontSize": 11, "color": ink, "width": 62, "overflow": "break", "lineHeight": 13}),
				"labelLayout": Option{"hideOverlap": true},
				"itemStyle":   Option{"borderColor": "#ffffff", "borderWidth": 1, "areaColor": noData},
				"emphasis":    Option{"disabled": true},
			}},
		},
	}
}

// Bars compares places by the length of bars, in the order given. The numbers
// stand at their ends, so there is no axis to read them from.
type Bars struct {
	Title, Desc string
	Unit        string
	Areas       []Area
	NoData      string // said instead of a bar
	Width       int    // 760 when 0
}

// Chart returns the drawing's instructions; its height follows the number of bars.
func (b Bars) Chart() Chart {
	var names, data []Option
	for _, a := range b.Areas {
		name := Option{"value": a.Label}
		o := Option{"value": a.Value, "itemStyle": Option{"color": "#7fb0bc"}}
		if a.Text != "" {
			o["label"] = Option{"formatter": a.Text}
		}
		if a.Self {
			name["textStyle"] = Option{"fontWeight": "bold"}
			o["itemStyle"] = Option{"color": accent}
		}
		if !a.Has {
			o = Option{"value": 0, "label": Option{"formatter": b.NoData, "color": muted}}
		}
		names, data = append(names, name), append(data, o)
	}
	return Chart{
		Title: b.Title, Desc: b.Desc, Width: cmp.Or(b.Width, 760), Height: 44 + 22*len(b.Areas),
		Option: Option{
			"animation": false, "textStyle": Option{"fontFamily": fonts, "color": ink},
			"grid":    Option{"left": 8, "right": 96, "top": 32, "bottom": 8, "containLabel": true},
			"tooltip": Option{"trigger": "item"},
			"xAxis":   Option{"type": "value", "show": false},
			"yAxis": Option{
				"type": "category", "inverse": true, "data": names, "axisTick": Option{"show": false}, "axisLine": Option{"lineStyle": Option{"color": muted}},
				"axisLabel": Option{"color": ink, "fontSize": 13, "interval": 0},
				"name":      b.Unit, "nameLocation": "start", "nameGap": 10, "nameTextStyle": Option{"color": muted, "fontSize": 13, "align": "left", "padding": []int{0, 0, 0, 6}},
			},
			"series": []Option{{
				"type": "bar", "data": data, "barWidth": 13, "label": Option{"show": true, "position": "right", "color": ink, "fontSize": 13},
			}},
		},
	}
}
