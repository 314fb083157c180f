package e2e

import (
	"encoding/json"
	"html"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// stood is what is tested of where a target stands.
type stood struct {
	Target, Indicator, Light, Rule, Unit string
	Comparator                           string
	Want                                 float64
	Latest                               struct {
		Name, Period, Status, Printed string
		Value                         float64
	}
	Path struct {
		Shape string
		Value float64
	}
	RequiredRate float64 `json:"required_rate"`
	Gap          float64
	ReasonZH     string `json:"reason_zh"`
	ReasonEN     string `json:"reason_en"`
	Beside       []struct {
		Figure string
		Light  string
		Point  struct{ Printed string }
	}
}

// TestStory is the case the product was made for: the page says that 76.9 % of the
// year's high-tech firms are won, while their number stands almost still.
func TestStory(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name   string
		args   []string
		light  string
		shape  string
		path   float64  // within 0.05
		reason []string // in both languages' reasons together
	}{
		{
			"the day of the page",
			[]string{"--at", "2023-07-11"},
			"red", "linear", 0,
			[]string{" 51 家", "6,350", "116.6", "8.5", "51 firms", "“doubling”"},
		},
		{"two years on, as assumed", []string{"--at", "2025-10-15"}, "yellow", "linear", 9608.82, []string{"9,123"}},
		{"two years on, linear", []string{"--at", "2025-10-15", "--path", "linear"}, "yellow", "linear", 9608.82, []string{"9,123"}},
		{"two years on, geometric", []string{"--at", "2025-10-15", "--path", "geometric"}, "green", "geometric", 9073.63, []string{"9,123"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := highTech(t, append([]string{"--data", dir}, tt.args...))
			if s.Light != tt.light || s.Path.Shape != tt.shape || s.Rule == "" {
				t.Errorf("light %s by rule %q on a %s path, want %s on a %s one", s.Light, s.Rule, s.Path.Shape, tt.light, tt.shape)
			}
			if tt.path != 0 && math.Abs(s.Path.Value-tt.path) > 0.05 {
				t.Errorf("the path is at %v, want %v", s.Path.Value, tt.path)
			}
			for _, part := range tt.reason {
				if !strings.Contains(s.ReasonZH+s.ReasonEN, part) {
					t.Errorf("reason lacks %q: %s / %s", part, s.ReasonZH, s.ReasonEN)
				}
			}
		})
	}
	s := highTech(t, []string{"--data", dir, "--at", "2023-07-11"})
	if s.Target != "T09" || s.Want != 12700 || s.Comparator != ">=" || s.Unit != "家" || s.Gap != 6299 ||
		s.Latest.Value != 6401 || s.Latest.Period != "2023-06-30" || math.Abs(s.RequiredRate-6299.0/54) > 1e-9 {
		t.Errorf("at 2023-07-11: %+v", s)
	}
	var beside []string
	for _, b := range s.Beside {
		beside = append(beside, b.Point.Printed+b.Light)
	}
	for _, flow := range []string{"845家", "76.9%green"} {
		if !slices.Contains(beside, flow) {
			t.Errorf("beside the stock stand %v, want %s among them", beside, flow)
		}
	}
}

// highTech returns where the high-tech firms stand, as the command line says it.
func highTech(t *testing.T, args []string) stood {
	t.Helper()
	out := yuzhou(t, append([]string{"plan", "status", "--json"}, args...)...)
	var all []stood
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 14 {
		t.Errorf("%d targets, want 14 or more", len(all))
	}
	for _, s := range all {
		if s.Light == "" || s.Rule == "" || s.ReasonZH == "" || s.ReasonEN == "" {
			t.Errorf("%s: a light without rule or reason: %+v", s.Target, s)
		}
	}
	i := slices.IndexFunc(all, func(s stood) bool { return s.Indicator == "st.hte" })
	if i < 0 {
		t.Fatal("no target of st.hte")
	}
	return all[i]
}

// TestFigures finds each of the page's 116 figures over HTTP, with the words of the
// page it stands in, and by its own name.
func TestFigures(t *testing.T) {
	s := serve(t, t.TempDir())
	var figures struct {
		Items []struct {
			Name, Printed, Period, Comparator string
			KnownSince                        string `json:"known_since"`
			Source                            struct {
				Document, Figure, Quote string
				Lines                   []int
			}
		}
		Next string
	}
	seen := map[string]bool{}
	page, err := os.ReadFile("../packs/chongqing/sources/page.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(page), "\n")
	for cursor := ""; len(seen) == 0 || cursor != ""; cursor = figures.Next {
		figures.Next = ""
		status, _, body := get(t, s.URL+"/api/v1/indicators/figures?document=page&limit=50&cursor="+strings.ReplaceAll(cursor, " ", "%20"), "")
		if err := json.Unmarshal([]byte(body), &figures); err != nil || status != 200 || len(figures.Items) == 0 {
			t.Fatalf("%d %v %.400s", status, err, body)
		}
		for _, f := range figures.Items {
			if seen[f.Source.Figure] || f.Printed == "" || f.Comparator == "" || f.Period == "" || f.KnownSince == "" {
				t.Errorf("%s is there twice or lacks something: %+v", f.Source.Figure, f)
			}
			seen[f.Source.Figure] = true
			if !quoted(lines, f.Source.Lines, f.Source.Quote) {
				t.Errorf("%s: the page does not say %q in lines %v", f.Source.Figure, f.Source.Quote, f.Source.Lines)
			}
			if code, _, answer := get(t, s.URL+"/"+f.Name, "en"); code != 200 || !strings.Contains(html.UnescapeString(answer), f.Printed) {
				t.Errorf("%s: its name %s leads to %d, or to a page without %q", f.Source.Figure, f.Name, code, f.Printed)
			}
		}
	}
	if len(seen) != 116 {
		t.Errorf("%d figures, want 116", len(seen))
	}
}

// quoted reports whether one of the numbered lines, or those lines together, hold
// the words.
func quoted(lines []string, numbers []int, words string) bool {
	var together strings.Builder
	for _, n := range numbers {
		if n < 1 || n > len(lines) {
			return false
		}
		together.WriteString(lines[n-1])
	}
	return words != "" && strings.Contains(together.String(), words)
}
