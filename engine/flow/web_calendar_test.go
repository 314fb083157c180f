package flow

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
)

// TestCalendarPage: a year with its holidays by name, and how a due came about.
func TestCalendarPage(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		for _, lang := range web.Langs() {
			got := c.get("", "/flow/calendar?start=2026-02-10&limit=20&lang="+lang)
			if got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			testkit.Golden(t, "pages/calendar."+lang+".html", settled(t, got.body))
		}
	})
}

// TestCalendarDue: what the form answers.
func TestCalendarDue(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		for _, test := range []struct {
			name, query string
			status      int
			want        []string
		}{
			{"working days over the Spring Festival", "start=2026-02-10&limit=20", 200, []string{"Until the end of 2026-03-16.", "15–23 February: Spring Festival, not counted.", "28 February is worked in exchange for Spring Festival"}},
			{"natural days that end on a day off", "start=2026-02-10&limit=10&unit=natural-day", 200, []string{"Until the end of 2026-02-24.", "Day 10 is 2026-02-20, a day off"}},
			{"natural days", "start=2026-03-02&limit=2&unit=natural-day", 200, []string{"Until the end of 2026-03-04."}},
			{"across the turn of the year", "start=2025-12-30&limit=4", 200, []string{"Until the end of 2026-01-06.", "1–3 January: New Year, not counted.", "4 January is worked"}},
			{"nothing asked", "", 200, []string{`value="2026-02-10"`, `value="20"`, "2026 has 248 working days"}},
			{"another year", "year=2020", 200, []string{"1–2 February: Spring Festival, off"}},
			{"two holidays in one", "year=2020", 200, []string{"1–8 October: National Day and Mid-Autumn Festival, off"}},
			{"a year without a notice", "year=2050", 200, []string{"The notice for 2050 is not loaded"}},
			{"no date", "start=soon&limit=20", 422, []string{"start is &#34;soon&#34;; give a date such as 2026-02-10", `value="soon"`}},
			{"no number", "start=2026-02-10&limit=many", 422, []string{"limit is &#34;many&#34;; give 1 to 10000 days"}},
			{"too many days", "start=2026-02-10&limit=9000", 422, []string{"are not known"}},
			{"none of days", "start=2026-02-10&limit=0", 422, []string{"limit is 0; give 1 to 10000 days"}},
			{"no year", "year=this", 422, []string{"year is &#34;this&#34;; give one such as 2026"}},
		} {
			t.Run(test.name, func(t *testing.T) {
				got := c.get("", "/flow/calendar?lang=en&"+test.query)
				if got.status != test.status {
					t.Fatalf("%d %s", got.status, got.body)
				}
				for _, want := range test.want {
					if !strings.Contains(got.body, want) {
						t.Errorf("the page lacks %q:\n%.2500s", want, settled(t, got.body))
					}
				}
			})
		}
	})
}

// TestCalendarDays: a month has each of its days once, in the right column.
func TestCalendarDays(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		body := c.get("", "/flow/calendar?year=2024&lang=en").body
		days := regexp.MustCompile(`<td class="day[^"]*"`).FindAllString(body, -1)
		if len(days) != 366 {
			t.Errorf("2024 has %d days", len(days))
		}
		off := strings.Count(body, `<small>off</small>`)
		worked := strings.Count(body, `<small>work</small>`)
		// 1+8+3+5+1+3+7 days by the notice for 2024, and eight weekends worked for them.
		if off != 28 || worked != 8 {
			t.Errorf("%d days off are named and %d worked weekends, want 28 and 8", off, worked)
		}
	})
}

// TestHolidayNames: names that notices have used are known in English.
func TestHolidayNames(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		cal, err := c.Calendar(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for day := time.Date(2007, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() <= 2026; day = day.AddDate(0, 0, 1) {
			if name := cal.Named(day); name != "" {
				seen++
				if en := holiday(name).EN; regexp.MustCompile(`\p{Han}`).MatchString(en) {
					t.Errorf("%s: %q has no English name", day.Format("2006-01-02"), en)
				}
			}
		}
		if seen < 500 {
			t.Errorf("only %d days have names", seen)
		}
		if (clock.Calendar{}).Named(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)) != "" {
			t.Error("a calendar of nothing names a day")
		}
	})
}
