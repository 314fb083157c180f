package plan

import "testing"

func TestStarted(t *testing.T) {
	rules := Rules{ID: "default", StartOverdueYellow: 1, StartOverdueRed: 3}
	for _, tt := range []struct {
		name, start, begun, date string
		light                    Light
		ok                       bool
	}{
		{"no planned start lights nothing", "", "", "2024-01-01", "", false},
		{"not due yet", "2024-03-01", "", "2024-01-01", Green, true},
		{"on the very day", "2024-03-01", "", "2024-03-01", Green, true},
		{"a month late", "2024-03-01", "", "2024-04-01", Yellow, true},
		{"less than a month late", "2024-03-01", "", "2024-03-30", Green, true},
		{"three months late", "2024-03-01", "", "2024-06-01", Red, true},
		{"begun", "2024-03-01", "2024-05-20", "2024-06-01", Green, true},
		{"begun, but later than the date asked about", "2024-03-01", "2024-07-01", "2024-06-01", Red, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, ok := started(Element{Start: tt.start, Begun: tt.begun}, date(t, tt.date), rules)
			if ok != tt.ok || s.Light != tt.light || ok && (s.Reason.ZH == "" || s.Reason.EN == "") {
				t.Errorf("%+v, %v; want %s, %v", s, ok, tt.light, tt.ok)
			}
		})
	}
}
