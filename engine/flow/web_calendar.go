package flow

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
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
	Why                 []string // how it was counted
	Problem             string
}

type monthView struct {
	Name    string
	Working int
	Weeks   [][]dayView // Monday first; a day of another month has no Number
	Named   []string    // its holidays and worked weekends, in words
}

type dayView struct {
	Number  int
	Off     bool
	Special bool // listed by the notice: off, or worked at a weekend
	Today   bool
	Due     bool
}

func (s *Service) showCalendar(w http.ResponseWriter, r *http.Request) error {
	rd, q := s.reader(r), r.URL.Query()
	today := s.now().In(s.site.Zone)
	v := calendarView{Year: today.Year(), Start: q.Get("start"), Limit: q.Get("limit"), Unit: q.Get("unit")}
	if text := q.Get("year"); text != "" {
		year, err := strconv.Atoi(text)
		if err != nil || year < 1949 || year > 2200 {
			return fault.Say(fault.Invalid, "年份 %q 不对，请写成 2026 的样子。", "year is %q; give one such as 2026", text)
		}
		v.Year = year
	}
	v.Before, v.After = v.Year-1, v.Year+1
	cal, err := s.Calendar(rd.ctx)
	if err != nil {
		return err
	}
	status := http.StatusOK
	switch err := rd.count(cal, &v); {
	case err == nil:
	case refusable(err):
		v.Problem, status = rd.sh.In(web.Sentence(err)), web.Status(err)
	default:
		return err
	}
	if v.Known = cal.Knows(v.Year); v.Known {
		for m := time.January; m <= time.December; m++ {
			month, err := rd.month(cal, time.Date(v.Year, m, 1, 0, 0, 0, 0, rd.sh.Zone), marks{today.Format(time.DateOnly), v.Due})
			if err != nil {
				return err
			}
			v.Working += month.Working
			v.Months = append(v.Months, month)
		}
	}
	return calendarPage.RenderStatus(w, r, status, v)
}

// count says when the limit asked for ends and why; nothing when none is asked for.
func (rd reader) count(cal clock.Calendar, v *calendarView) error {
	if v.Start == "" && v.Limit == "" {
		v.Start, v.Limit = rd.s.now().In(rd.sh.Zone).Format(time.DateOnly), "20"
		return nil
	}
	limit, err := strconv.Atoi(v.Limit)
	if err != nil {
		return fault.Say(fault.Invalid, "天数 %q 不对，请填 1 到 10000。", "limit is %q; give 1 to 10000 days", v.Limit)
	}
	due, err := rd.s.dueOn(rd.ctx, dueInput{v.Start, v.Unit, limit})
	if err != nil {
		return err
	}
	start, err := time.ParseInLocation(time.DateOnly, v.Start, rd.sh.Zone)
	if err != nil {
		return err
	}
	v.Due = due.Format(time.DateOnly)
	v.Why, err = rd.explain(cal, start, due, limitAsked{limit, clock.Unit(v.Unit)})
	return err
}

// limitAsked is what the page's form asks about.
type limitAsked struct {
	limit int
	unit  clock.Unit
}

// named is a stretch of days that a notice calls the same.
type named struct {
	from, to time.Time
	name     string
	worked   bool
}

// explain says how a due came about: what was not counted, and what was though it is a weekend.
func (rd reader) explain(cal clock.Calendar, start, due time.Time, rule limitAsked) ([]string, error) {
	out := []string{rd.sh.In(text("%s 为起算日，不计入。", "%s is the day of the start and is not counted.", start.Format(time.DateOnly)))}
	if rule.unit == clock.NaturalDay {
		if last := start.AddDate(0, 0, rule.limit); last.Format(time.DateOnly) != due.Format(time.DateOnly) {
			out = append(out, rd.sh.In(text("第 %d 天是 %s，当天休息，顺延到其后第一个工作日。", "Day %d is %s, a day off, so the limit ends with the next working day.", rule.limit, last.Format(time.DateOnly))))
		}
		return out, nil
	}
	days, weekends := 0, 0
	for day := start.AddDate(0, 0, 1); !day.After(due); day = day.AddDate(0, 0, 1) {
		worked, err := cal.Working(day)
		if err != nil {
			return nil, err
		}
		days++
		if !worked && cal.Named(day) == "" {
			weekends++
		}
	}
	all, err := namedDays(cal, start.AddDate(0, 0, 1), due)
	if err != nil {
		return nil, err
	}
	out = append(out, rd.sh.In(text("其后到 %s 共 %d 天，其中 %d 个工作日。", "Of the %[2]d days from then to %[1]s, %[3]d are working days.", due.Format(time.DateOnly), days, rule.limit)))
	if weekends > 0 {
		out = append(out, rd.sh.In(text("普通周末 %d 天，不计入。", "%d days of ordinary weekends are not counted.", weekends)))
	}
	for _, n := range all {
		if n.worked {
			out = append(out, rd.sh.In(text("%s（%s调休）上班，计入。", "%s is worked in exchange for %s, so it is counted.", rd.days(n), holiday(n.name))))
		} else {
			out = append(out, rd.sh.In(text("%s %s放假，不计入。", "%s: %s, not counted.", rd.days(n), holiday(n.name))))
		}
	}
	return out, nil
}

// namedDays gathers what the notices name from one day to another, both included.
func namedDays(cal clock.Calendar, from, to time.Time) ([]named, error) {
	var out []named
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		name := cal.Named(day)
		if name == "" {
			continue
		}
		worked, err := cal.Working(day)
		if err != nil {
			return nil, err
		}
		if n := len(out); n > 0 && out[n-1].name == name && out[n-1].worked == worked && out[n-1].to.AddDate(0, 0, 1).Equal(day) {
			out[n-1].to = day
			continue
		}
		out = append(out, named{day, day, name, worked})
	}
	return out, nil
}

// days prints a stretch of days.
func (rd reader) days(n named) string {
	one := func(t time.Time) string {
		if rd.sh.English() {
			return t.Format("2 January")
		}
		return t.Format("1月2日")
	}
	switch {
	case n.from.Equal(n.to):
		return one(n.from)
	case n.from.Month() != n.to.Month():
		return one(n.from) + "–" + one(n.to)
	case rd.sh.English():
		return strconv.Itoa(n.from.Day()) + "–" + one(n.to)
	}
	return n.from.Format("1月2") + "–" + n.to.Format("2日")
}

// holiday is a holiday's name in both languages. Notices name them in Chinese; a
// name that is not among the statutory ones stays as it is printed.
func holiday(name string) pack.Text {
	known := map[string]string{
		"元旦": "New Year", "春节": "Spring Festival", "清明节": "Tomb-Sweeping Day", "劳动节": "Labour Day", "“五一”": "Labour Day", "“五一”国际劳动节": "Labour Day",
		"端午节": "Dragon Boat Festival", "中秋节": "Mid-Autumn Festival", "国庆节": "National Day", "“十一”": "National Day",
		"抗日战争暨世界反法西斯战争胜利70周年纪念日": "70th anniversary of victory in the War of Resistance and over fascism",
	}
	var parts []string
	for part := range strings.SplitSeq(name, "、") {
		parts = append(parts, cmp.Or(known[part], part))
	}
	return pack.Text{ZH: name, EN: strings.Join(parts, " and ")}
}

// marks are the days that the page points out.
type marks struct{ today, due string }

// month lays out a month by weeks, from its first day.
func (rd reader) month(cal clock.Calendar, first time.Time, m marks) (monthView, error) {
	v := monthView{Name: rd.sh.In(text("%d 月", "%d", int(first.Month())))}
	if rd.sh.English() {
		v.Name = first.Month().String()
	}
	var week []dayView
	for range (int(first.Weekday()) + 6) % 7 {
		week = append(week, dayView{})
	}
	for day := first; day.Month() == first.Month(); day = day.AddDate(0, 0, 1) {
		worked, err := cal.Working(day)
		if err != nil {
			return v, err
		}
		if worked {
			v.Working++
		}
		date := day.Format(time.DateOnly)
		week = append(week, dayView{Number: day.Day(), Off: !worked, Special: cal.Named(day) != "", Today: date == m.today, Due: date == m.due})
		if len(week) == 7 { //nolint:mnd // days
			v.Weeks = append(v.Weeks, week)
			week = nil
		}
	}
	if len(week) > 0 {
		v.Weeks = append(v.Weeks, slices.Concat(week, make([]dayView, 7-len(week))))
	}
	all, err := namedDays(cal, first, first.AddDate(0, 1, -1))
	for _, n := range all {
		said := text("%s %s放假", "%s: %s, off", rd.days(n), holiday(n.name))
		if n.worked {
			said = text("%s 上班（%s调休）", "%s: worked for %s", rd.days(n), holiday(n.name))
		}
		v.Named = append(v.Named, rd.sh.In(said))
	}
	return v, err
}
