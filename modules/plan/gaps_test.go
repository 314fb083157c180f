package plan

import (
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/fault"
)

// TestGaps: what those who drive the work are told of each target, on the dates of the story.
func TestGaps(t *testing.T) {
	s, _ := site(t)
	for _, tt := range []struct {
		name, date, target, light, number, words string
	}{
		{"a red stock", "2023-07-11", "T09", "red", "88.500.1/st.hte/500000/2023-06-30@1", "落后路径 92.7 个百分点"},
		{"the same, years on", "2025-10-16", "T09", "yellow", "88.500.1/st.hte/500000/", "落后路径 15.1 个百分点"},
		{"without a baseline", "2023-07-11", "T06", "cannot_say", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			date, err := time.Parse(time.DateOnly, tt.date)
			if err != nil {
				t.Fatal(err)
			}
			all, err := s.Gaps(t.Context(), date, date.Add(36*time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range all {
				if g.Target != tt.target {
					continue
				}
				if g.Light != tt.light || !strings.HasPrefix(g.Number, tt.number) || !strings.Contains(g.Words.ZH, tt.words) || g.Body != "kjj" {
					t.Errorf("got %+v", g)
				}
				if g.Name.ZH == "" || g.Reason.EN == "" || g.Pace.ZH == "" || g.Due == "" || g.Number != "" && g.Page == "" {
					t.Errorf("something is left out: %+v", g)
				}
				return
			}
			t.Errorf("no gap of %s", tt.target)
		})
	}
}

// TestGapsBeforeThePlan: there is nothing to drive before a plan is in force.
func TestGapsBeforeThePlan(t *testing.T) {
	s, _ := site(t)
	date := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	all, err := s.Gaps(t.Context(), date, date)
	if err != nil || len(all) != 0 {
		t.Errorf("%d gaps, %v", len(all), err)
	}
}

// TestParts: what each unit of a split has to reach, in words, and what is not a part.
func TestParts(t *testing.T) {
	s, _ := site(t)
	got, err := s.Parts(t.Context(), "T09", EqualShare, []string{"kjj"})
	if err != nil || got["kjj"].ZH != "到 2027 达到 12,700 家" || got["kjj"].EN != "12,700 firms by 2027" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, tt := range []struct{ name, target, rule, unit string }{
		{"no such target", "T99", EqualShare, "kjj"}, {"no such rule", "T09", "fair", "kjj"}, {"no such unit", "T09", EqualShare, "x"}, {"without numbers", "T09", EqualGrowth, "kjj"},
	} {
		if got, err := s.Parts(t.Context(), tt.target, tt.rule, []string{tt.unit}); fault.KindOf(err) == "" {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
}
