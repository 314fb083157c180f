package chart

import "cmp"

// Sparkline is a series as small as a word: no axes, the last number as a dot, and
// the declared path behind it.
type Sparkline struct {
	Title, Desc string
	Points      []Point // by date
	Path        []Point // may be empty
	Band        float64 // as in Line
	Width       int     // 160 when 0
	Height      int     // 36 when 0
}

// Chart returns the drawing's instructions.
func (s Sparkline) Chart() Chart {
	data := make([]Option, len(s.Points))
	for i, p := range s.Points {
		data[i] = Option{"value": []any{day(p.Date), p.Value}, "symbol": "none"}
		if i == len(s.Points)-1 {
			data[i]["symbol"] = "circle"
			if p.Hollow {
				data[i]["symbol"] = "emptyCircle"
			}
		}
	}
	axis := Option{"show": false, "type": "value", "scale": true}
	return Chart{
		Title: s.Title, Desc: s.Desc, Width: cmp.Or(s.Width, 160), Height: cmp.Or(s.Height, 36),
		Option: Option{
			"animation": false, "useUTC": true, "backgroundColor": "transparent",
			"grid":  Option{"left": 5, "right": 5, "top": 5, "bottom": 5},
			"xAxis": Option{"show": false, "type": "time"}, "yAxis": axis,
			"series": append(way(s.Path, s.Band), Option{
				"type": "line", "data": data, "symbolSize": 5, "showAllSymbol": true, "silent": true, "z": 3, "clip": false,
				"lineStyle": Option{"color": accent, "width": 1.5}, "itemStyle": Option{"color": accent},
			}),
		},
	}
}
