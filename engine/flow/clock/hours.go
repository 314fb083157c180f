package clock

import "time"

// within returns how much of a working day's hours lies before a time of day.
func (c Calendar) within(since time.Duration) time.Duration {
	var sum time.Duration
	for _, s := range c.hours {
		sum += max(0, min(since, s.to)-s.from)
	}
	return sum
}

// workedAt returns the working time from the first day known until an instant.
func (c Calendar) workedAt(t time.Time) time.Duration {
	day := dayNumber(t, c.zone)
	before := c.upTo(day - 1)
	sum := time.Duration(before) * c.daily
	if c.upTo(day) > before {
		sum += c.within(t.Sub(c.midnight(day)))
	}
	return sum
}

// worked is the working time that a clock has counted until now.
func (c Clock) worked(cal Calendar, now time.Time) time.Duration {
	var sum time.Duration
	from := c.Started
	for _, p := range c.Pauses {
		if p.From.After(now) {
			break
		}
		sum += cal.workedAt(p.From) - cal.workedAt(from)
		if p.To.IsZero() || p.To.After(now) {
			return sum
		}
		from = p.To
	}
	return sum + max(0, cal.workedAt(now)-cal.workedAt(from))
}

// reachHours returns the instant with which some working time has been counted.
func (c Clock) reachHours(cal Calendar, need time.Duration) (time.Time, error) {
	from := c.Started
	for _, p := range c.Pauses {
		there := cal.workedAt(p.From) - cal.workedAt(from)
		if there >= need {
			break
		}
		need -= there
		from = p.To
	}
	day := dayNumber(from, cal.zone)
	if y := from.In(cal.zone).Year(); !cal.Knows(y) {
		return time.Time{}, unknown(y)
	}
	need += cal.workedAt(from) - time.Duration(cal.upTo(day-1))*cal.daily // from the morning of that day on
	full := int((need - 1) / cal.daily)                                   // whole working days before the last one
	last, err := cal.after(day-1, full+1)
	if err != nil {
		return time.Time{}, err
	}
	need -= time.Duration(full) * cal.daily
	for _, s := range cal.hours {
		if need <= s.to-s.from {
			return cal.midnight(last).Add(s.from + need), nil
		}
		need -= s.to - s.from
	}
	return cal.end(last), nil // need is no more than a day has
}
