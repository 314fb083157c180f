package flow

import (
	"net/http"
	"strconv"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
)

// calendarView is a year of the official calendar, and when a limit would end.
type calendarView struct {
	Year, Before, After int
	Known               bool
	Working             int // days of the year
	Months              []monthView
	Start, Limit, Unit  string
	Due                 string
	Problem             string
}

type monthView struct {
	Name    string
	Working int
	Weeks   [][]dayView // Monday first; a day of another month has no Number
}

type dayView struct {
	Number  int
	Off     bool
	Special bool // off on a weekday, or worked at a weekend
	Today   bool
}

func (s *Service) showCalendar(w http.ResponseWriter, r *http.Request) error {
	rd, q := s.reader(r), r.URL.Query()
	today := s.now().In(s.site.Zone)
	v := calendarView{Year: today.Year(), Start: q.Get("start"), Limit: q.Get("limit"), Unit: q.Get("unit")}
	if text := q.Get("year"); text != "" {
		year, err := strconv.Atoi(text)
		if err != nil || year < 1949 || year > 2200 {
			return fault.New(fault.Invalid, "year is %q; give one such as 2026", text)
		}
		v.Year = year
	}
	v.Before, v.After = v.Year-1, v.Year+1
	cal, err := s.Calendar(rd.ctx)
	if err != nil {
		return err
	}
	if v.Known = cal.Knows(v.Year); v.Known {
		for m := time.January; m <= time.December; m++ {
			month, err := rd.month(cal, v.Year, m, today)
			if err != nil {
				return err
			}
			v.Working += month.Working
			v.Months = append(v.Months, month)
		}
	}
	status := http.StatusOK
	if v.Start != "" || v.Limit != "" {
		limit, _ := strconv.Atoi(v.Limit) // 0 is refused below
		due, err := s.dueOn(rd.ctx, dueInput{v.Start, v.Unit, limit})
		switch {
		case err == nil:
			v.Due = due.Format(time.DateOnly)
		case refusable(err):
			v.Problem, status = web.Text(err), web.Status(err)
		default:
			return err
		}
	} else {
		v.Start, v.Limit = today.Format(time.DateOnly), "20"
	}
	return calendarPage.RenderStatus(w, r, status, v)
}

// month lays out a month by weeks.
func (rd reader) month(cal clock.Calendar, year int, m time.Month, today time.Time) (monthView, error) {
	v := monthView{Name: rd.sh.In(text("%d 月", "%d", int(m)))}
	if rd.sh.English() {
		v.Name = m.String()
	}
	first := time.Date(year, m, 1, 0, 0, 0, 0, rd.sh.Zone)
	week := make([]dayView, (int(first.Weekday())+6)%7)
	for day := first; day.Month() == m; day = day.AddDate(0, 0, 1) {
		worked, err := cal.Working(day)
		if err != nil {
			return v, err
		}
		weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
		if worked {
			v.Working++
		}
		week = append(week, dayView{
			Number: day.Day(), Off: !worked, Special: worked == weekend, Today: day.YearDay() == today.YearDay() && day.Year() == today.Year(),
		})
		if len(week) == 7 { //nolint:mnd // days
			v.Weeks = append(v.Weeks, week)
			week = nil
		}
	}
	if len(week) > 0 {
		v.Weeks = append(v.Weeks, append(week, make([]dayView, 7-len(week))...))
	}
	return v, nil
}
