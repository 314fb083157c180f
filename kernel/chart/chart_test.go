package chart

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

func on(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func sample(t *testing.T) Line {
	t.Helper()
	return Line{
		Title: "高新技术企业", Desc: "存量与路径", Unit: "家", Band: 5,
		Points:  []Point{{Date: on(t, "2023-06-30"), Value: 6401, Label: "6401家"}, {Date: on(t, "2025-10-15"), Value: 9123, Label: "9123家", Hollow: true}},
		Earlier: []Point{{Date: on(t, "2023-06-30"), Value: 6380, Hollow: true}},
		Path:    []Point{{Date: on(t, "2023-06-30"), Value: 6401}, {Date: on(t, "2027-12-31"), Value: 12700}},
		Target:  &Mark{on(t, "2027-12-31"), 12700, "1.27万家"},
		Breaks:  []Mark{{Date: on(t, "2024-06-01"), Label: "口径变更"}},
	}
}

func TestSVG(t *testing.T) {
	areas := []Area{{Name: "甲区", Label: "甲区", Value: 5, Has: true}, {Name: "乙区", Label: "乙区"}}
	square := `{"type":"FeatureCollection","features":[
		{"type":"Feature","properties":{"name":"甲区"},"geometry":{"type":"Polygon","coordinates":[[[106,29],[107,29],[107,30],[106,30],[106,29]]]}},
		{"type":"Feature","properties":{"name":"乙区"},"geometry":{"type":"Polygon","coordinates":[[[107,29],[108,29],[108,30],[107,30],[107,29]]]}}]}`
	r := New()
	r.RegisterMap("square", []byte(square))
	for _, tt := range []struct {
		name  string
		chart Chart
		want  []string
	}{
		{"a series with its path", sample(t).Chart(), []string{"<title>高新技术企业</title>", "6401家", "1.27万家", "口径变更", "2025"}},
		{"a map says where it has no number", Places{Title: "地图", Map: "square", Areas: areas, Classes: []Class{{0, 10, "0–10"}}, NoData: "无数据"}.Chart(), []string{"甲区", "乙区", "无数据", "0–10"}},
		{"bars", Bars{Title: "比较", Unit: "家", Areas: areas, NoData: "无数据"}.Chart(), []string{"甲区", "无数据"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			svg, err := r.SVG(t.Context(), tt.chart)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range tt.want {
				if !strings.Contains(string(svg), w) {
					t.Errorf("%q is not in the picture", w)
				}
			}
			for _, bad := range []string{"style=", "<style", "class=", "<script", "href="} {
				if strings.Contains(string(svg), bad) {
					t.Errorf("the picture has %s, which the page's policy forbids", bad)
				}
			}
			again, err := New().SVG(t.Context(), tt.chart)
			if tt.chart.Map == "" && (err != nil || !bytes.Equal(svg, again)) {
				t.Errorf("another engine draws other bytes (%v)", err)
			}
			if dir := os.Getenv("YUZHOU_CHARTS"); dir != "" { // to look at them
				if err := os.WriteFile(dir+"/"+strings.ReplaceAll(tt.name, " ", "-")+".svg", svg, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestCacheIsBounded(t *testing.T) {
	r := New()
	for i := range 3 {
		c := sample(t)
		c.Points[0].Value += float64(i % 2)
		if _, err := r.SVG(t.Context(), c.Chart()); err != nil {
			t.Fatal(err)
		}
	}
	if r.order.Len() != 2 || len(r.byKey) != 2 {
		t.Errorf("%d and %d kept, want 2", r.order.Len(), len(r.byKey))
	}
	r.rest()
	if r.vm != nil {
		t.Error("the engine is kept when idle")
	}
}

func BenchmarkStart(b *testing.B) {
	if _, err := program(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := start(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	r := New()
	c := Line{Title: "x", Points: []Point{{Date: time.Unix(0, 0), Value: 1}, {Date: time.Unix(1e8, 0), Value: 2}}}.Chart()
	for b.Loop() {
		if _, err := r.draw(b.Context(), c, geography{}); err != nil {
			b.Fatal(err)
		}
	}
}
