package docking

import (
	"time"

	"yuzhou/kernel/fault"
)

// Rhythm says when a table is sent.
type Rhythm string

// The rhythms of the guide.
const (
	AtOnce         Rhythm = "real time"       // 实时
	Hourly         Rhythm = "hourly"          // 每小时同步一次
	Daily          Rhythm = "daily"           // 每日同步一次
	Monthly        Rhythm = "monthly"         // 每月同步一次
	TenWorkingDays Rhythm = "10 working days" // 每月结束后的十个工作日内
	AfterEight     Rhythm = "daily 08:00"     // 每天北京时间8点之后
)

// Last says what happened to a table of one node so far.
type Last struct {
	Since   time.Time // the docking: nothing is due for what was before it
	Sent    time.Time // the zero time when it never was
	Changed time.Time // what a table that is sent in real time says
}

// Deadline is when a table is to be sent; the zero Deadline is never.
type Deadline struct {
	From time.Time // not before it: until then the period lasts
	By   time.Time // from it on it is late: the next period is over as well
}

// Open reports whether it may be sent now.
func (d Deadline) Open(now time.Time) bool { return !d.From.IsZero() && !now.Before(d.From) }

// Late reports whether it should have been sent by now.
func (d Deadline) Late(now time.Time) bool { return !d.By.IsZero() && !now.Before(d.By) }

// Due returns when a table is to be sent the next time.
//
//   - workday reports whether a day is one on which offices work; nil is Monday to
//     Friday, which is wrong around public holidays.
//   - Periods are those of Beijing time. A table of hours, days or months is open when
//     the period is over in which it was sent last, and late one period after that: a
//     day's statistics may be sent all the next day. Escrow is open from 08:00 of the
//     next day and late when that is over. Reports are late when the tenth working day
//     of the month is over.
//   - Errors: fault.NotFound of a table that is not known.
func Due(t Table, last Last, workday func(time.Time) bool) (Deadline, error) {
	s, err := SpecOf(t)
	if err != nil {
		return Deadline{}, err
	}
	at := last.Since
	if last.Sent.After(at) {
		at = last.Sent
	}
	at = at.In(zone())
	day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location())
	month := day.AddDate(0, 0, 1-day.Day()).AddDate(0, 1, 0)
	switch s.Every {
	case AtOnce:
		if !last.Changed.After(last.Sent) {
			return Deadline{}, nil
		}
		return Deadline{last.Changed, last.Changed}, nil
	case Daily:
		return Deadline{day.AddDate(0, 0, 1), day.AddDate(0, 0, 2)}, nil
	case Hourly:
		from := day.Add(time.Duration(at.Hour()+1) * time.Hour)
		return Deadline{from, from.Add(time.Hour)}, nil
	case Monthly:
		return Deadline{month, month.AddDate(0, 1, 0)}, nil
	case TenWorkingDays:
		return Deadline{month, behindWorkdays(month, 10, workday)}, nil
	case AfterEight:
		return Deadline{day.Add(32 * time.Hour), day.AddDate(0, 0, 2)}, nil
	}
	return Deadline{}, fault.New(fault.NotFound, "table %s has no rhythm", t)
}

// behindWorkdays returns the end of the nth working day from a day on. A calendar
// without any is given up after a year.
func behindWorkdays(day time.Time, n int, workday func(time.Time) bool) time.Time {
	if workday == nil {
		workday = func(d time.Time) bool { return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday }
	}
	for range 366 {
		if n == 0 {
			break
		}
		if workday(day) {
			n--
		}
		day = day.AddDate(0, 0, 1)
	}
	return day
}
