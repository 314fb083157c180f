package clock

import (
	"slices"
	"time"

	"yuzhou/kernel/fault"
)

// New starts a clock at an instant.
func New(r Rule, at time.Time) Clock { return Clock{Rule: r, Started: at} }

// Paused reports whether the clock stands still for a reason.
func (c Clock) Paused() bool {
	return c.Stopped.IsZero() && len(c.Pauses) > 0 && c.Pauses[len(c.Pauses)-1].To.IsZero()
}

// Running reports whether the clock counts.
func (c Clock) Running() bool { return !c.Started.IsZero() && c.Stopped.IsZero() && !c.Paused() }

// Total is the limit with all extensions, in units.
func (c Clock) Total() int {
	n := c.Limit
	for _, e := range c.Extensions {
		n += e.Units
	}
	return n
}

// Pause returns the clock standing still from p.From on. Errors: fault.Conflict
// when it does not run.
func (c Clock) Pause(p Pause) (Clock, error) {
	if !c.Running() {
		return c, fault.Say(fault.Conflict, "时限没有在计时，不能中止。", "the clock does not run, so it cannot be paused")
	}
	p.To = time.Time{}
	c.Pauses = append(slices.Clip(c.Pauses), p)
	return c, nil
}

// Resume returns the clock running again. One that is not paused stays as it is.
func (c Clock) Resume(at time.Time) (Clock, error) {
	if !c.Paused() {
		return c, nil
	}
	pauses := append([]Pause(nil), c.Pauses...)
	pauses[len(pauses)-1].To = at
	c.Pauses = pauses
	return c, nil
}

// Extend returns the clock with a longer limit. Errors: fault.Invalid when the
// extension is of no unit, fault.Conflict when the clock has stopped.
func (c Clock) Extend(e Extension) (Clock, error) {
	if e.Units < 1 {
		return c, fault.Say(fault.Invalid, "延长 %d 不对，至少是 1。", "an extension by %d units; give 1 or more", e.Units)
	}
	if !c.Stopped.IsZero() {
		return c, fault.Say(fault.Conflict, "时限已经停止，不能延长。", "the clock has stopped, so it cannot be extended")
	}
	c.Extensions = append(slices.Clip(c.Extensions), e)
	return c, nil
}

// Stop returns the clock stopped for good, ending a pause that is under way.
func (c Clock) Stop(at time.Time) Clock {
	if !c.Stopped.IsZero() {
		return c
	}
	c, _ = c.Resume(at) // never fails
	c.Stopped = at
	return c
}

// Due returns the last instant of the limit: the end of its last day in the
// calendar's zone, or of its last hour.
//
// The day of the start is not counted, nor is a day on which the clock was paused
// or resumed: days are counted that it ran through from beginning to end. Natural
// days that end on a day off end with the next working day (Civil Code art. 201,
// 203). Hours are counted from the instant of the start, within working hours.
//
// Errors: fault.Conflict while it is paused, for then its end is open;
// fault.Invalid when a year that has to be counted through is not known.
func (c Clock) Due(cal Calendar) (time.Time, error) {
	if c.Paused() {
		return time.Time{}, fault.Say(fault.Conflict, "时限已中止，到期日未定。", "the clock is paused, so its end is open")
	}
	at, err := c.reach(cal, c.Total())
	if err != nil || c.Unit != NaturalDay {
		return at, err
	}
	day, err := cal.after(dayNumber(at, cal.zone)-1, 1)
	return cal.end(day), err
}

// WarnAt returns the instant after which the light is yellow: the end of the day
// with which just Warn units are left. Without a warning it is Due.
func (c Clock) WarnAt(cal Calendar) (time.Time, error) {
	if c.Warn == 0 {
		return c.Due(cal)
	}
	if c.Paused() {
		return time.Time{}, fault.Say(fault.Conflict, "时限已中止，到期日未定。", "the clock is paused, so its end is open")
	}
	if n := c.Total() - c.Warn; n > 0 {
		return c.reach(cal, n)
	}
	return c.Started, nil
}

// reach returns the instant with which n units have been counted, n at least 1.
func (c Clock) reach(cal Calendar, n int) (time.Time, error) {
	if cal.zone == nil {
		return time.Time{}, unknown(c.Started.Year())
	}
	if c.Unit == WorkingHour {
		return c.reachHours(cal, time.Duration(n)*time.Hour)
	}
	from := dayNumber(c.Started, cal.zone) // the last day that is not counted
	for _, p := range c.Pauses {
		begin, end := dayNumber(p.From, cal.zone), dayNumber(p.To, cal.zone)
		there := c.between(cal, from, begin-1)
		if there >= n {
			break
		}
		n -= there
		from = max(from, end)
	}
	if c.Unit == NaturalDay {
		return cal.end(from + n), nil
	}
	day, err := cal.after(from, n)
	return cal.end(day), err
}

// between counts the units from the day after from to the day to.
func (c Clock) between(cal Calendar, from, to int) int {
	if to <= from {
		return 0
	}
	if c.Unit == NaturalDay {
		return to - from
	}
	return cal.upTo(to) - cal.upTo(from)
}

// Consumed returns how many units have been counted until now, the day under way
// included; hours are counted when they are over.
func (c Clock) Consumed(cal Calendar, now time.Time) (int, error) {
	if cal.zone == nil {
		return 0, unknown(now.Year())
	}
	if !c.Stopped.IsZero() && now.After(c.Stopped) {
		now = c.Stopped
	}
	if c.Unit == WorkingHour {
		return int(c.worked(cal, now) / time.Hour), nil
	}
	if y := now.In(cal.zone).Year(); c.Unit == WorkingDay && !cal.Knows(y) {
		return 0, unknown(y)
	}
	n, from, today := 0, dayNumber(c.Started, cal.zone), dayNumber(now, cal.zone)
	for _, p := range c.Pauses {
		if p.From.After(now) {
			break
		}
		n += c.between(cal, from, dayNumber(p.From, cal.zone)-1)
		if p.To.IsZero() || p.To.After(now) {
			return n, nil
		}
		from = max(from, dayNumber(p.To, cal.zone))
	}
	return n + c.between(cal, from, today), nil
}

// Left returns how many units are left: 0 on the last day, less when overdue.
func (c Clock) Left(cal Calendar, now time.Time) (int, error) {
	n, err := c.Consumed(cal, now)
	return c.Total() - n, err
}

// Light returns how the clock stands at an instant. A stopped clock is green, a
// paused one stands as it did when it was paused; where the end cannot be known
// yet nothing is overdue.
func (c Clock) Light(cal Calendar, now time.Time) Light {
	if c.Paused() {
		p := c.Pauses[len(c.Pauses)-1]
		c.Pauses = c.Pauses[:len(c.Pauses)-1]
		now = p.From
	}
	if !c.Running() {
		return Green
	}
	due, err := c.Due(cal)
	switch {
	case err != nil:
		return Green
	case now.After(due):
		return overdue(c.Kind)
	case c.Warn == 0:
		return Green
	}
	if warn, err := c.WarnAt(cal); err == nil && now.After(warn) {
		return Yellow
	}
	return Green
}

// overdue is the light of a limit that has passed. Source: practice of electronic
// supervision: a stage warns, a promise is marked red, the law holds to account.
func overdue(k Kind) Light {
	switch k { //nolint:exhaustive // the others are promises
	case Stage:
		return Yellow
	case Legal:
		return Black
	}
	return Red
}

// Worst returns the worst of some lights; green of none.
func Worst(lights ...Light) Light {
	worst := Green
	for _, l := range lights {
		if l.rank() > worst.rank() {
			worst = l
		}
	}
	return worst
}

func (l Light) rank() int {
	switch l { //nolint:exhaustive // green is the least
	case Yellow:
		return 1
	case Red:
		return 2
	case Black:
		return 3
	}
	return 0
}
