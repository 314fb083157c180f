package flow

import (
	"strconv"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/kernel/pack"
)

// clockView is a clock of a case: in words, and as a bar from its start to its end.
type clockView struct {
	Name, Kind, Limit, Used, Due, Left, Basis string
	Over                                      string // by how much a stopped clock has passed its limit
	Lit                                       Lit
	Paused, Stopped                           bool
	Course                                    []stretch
	Now, Warns, Ends                          string // places on the bar, in hundredths of it; empty: not on it
	Pauses, Extensions                        []string
}

// litAt is the light of something due: a stage that has passed its limit is yellow
// by rule, but nobody should read that there is time left.
func litAt(l clock.Light, due, now time.Time) Lit {
	lit := litOf(l)
	if l == clock.Yellow && !due.IsZero() && now.After(due) {
		lit.Word = "clock.late"
	}
	return lit
}

// stretch is a part of a clock's bar: ran, paused or rests.
type stretch struct{ Class, From, Width string }

// clocks describes the clocks in the order of the procedure: those that run or
// are paused, and those that have stopped.
func (rd reader) clocks(c *row, cal clock.Calendar) (open, past []clockView) {
	for _, k := range c.p.Clocks {
		run, ok := c.state.Clocks[k.ID]
		if !ok {
			continue
		}
		v := rd.clock(run, cal)
		v.Name = rd.sh.In(k.Name)
		for i, p := range run.Pauses {
			v.Pauses[i] += rd.reason(c.p, p.Reason)
			if p.Basis != "" {
				v.Pauses[i] += " · " + p.Basis
			}
		}
		if run.Stopped.IsZero() {
			open = append(open, v)
		} else {
			past = append(past, v)
		}
	}
	return open, past
}

func (rd reader) clock(k clock.Clock, cal clock.Calendar) clockView {
	now := rd.s.now()
	v := clockView{
		Kind: "kind." + string(k.Kind), Basis: k.Basis, Lit: litAt(k.Light(cal, now), dueOf(k, cal), now), Paused: k.Paused(), Stopped: !k.Stopped.IsZero(),
		Limit: rd.sh.In(text("%d %s", "%d %s", k.Total(), unitName(k.Unit))), Due: rd.lastDay(dueOf(k, cal)),
	}
	if used, err := k.Consumed(cal, now); err == nil {
		v.Used = rd.sh.In(text("已用 %d", "%d used", used))
		if v.Stopped && used > k.Total() {
			v.Over = strconv.Itoa(used - k.Total())
		}
	}
	if left, err := k.Left(cal, now); err == nil && k.Running() {
		v.Left = rd.left(&left, string(k.Unit))
	}
	for _, p := range k.Pauses {
		until := rd.sh.In(pack.Text{ZH: "至今", EN: "until now"})
		if !p.To.IsZero() {
			until = rd.minute(p.To)
		}
		v.Pauses = append(v.Pauses, rd.minute(p.From)+" – "+until+" ")
	}
	for _, e := range k.Extensions {
		v.Extensions = append(v.Extensions, rd.sh.In(text("%s 延长 %d", "%s: longer by %d", rd.minute(e.At), e.Units))+" "+e.Reason)
	}
	v.draw(k, cal, now)
	return v
}

// draw lays a clock out in time: where it ran, where it was paused, what is left.
func (v *clockView) draw(k clock.Clock, cal clock.Calendar, now time.Time) {
	due := dueOf(k, cal)
	if !k.Stopped.IsZero() {
		now = k.Stopped
	}
	end := now
	if due.After(end) {
		end = due
	}
	if k.Paused() { // its end is open: some of the bar is kept for what is left
		end = now.Add(max(now.Sub(k.Started)/4, 24*time.Hour))
	}
	if !end.After(k.Started) {
		return
	}
	place := func(t time.Time) string {
		return strconv.FormatFloat(100*float64(t.Sub(k.Started))/float64(end.Sub(k.Started)), 'f', 2, 64)
	}
	add := func(class string, from, to time.Time) {
		if to.After(from) {
			width := 100 * float64(to.Sub(from)) / float64(end.Sub(k.Started))
			v.Course = append(v.Course, stretch{class, place(from), strconv.FormatFloat(width, 'f', 2, 64)})
		}
	}
	ran := "ran ran-" + v.Lit.Class
	from := k.Started
	for _, p := range k.Pauses {
		to := p.To
		if to.IsZero() {
			to = now
		}
		add(ran, from, p.From)
		add("paused", p.From, to)
		from = to
	}
	add(ran, from, now)
	add("rests", now, end)
	if k.Stopped.IsZero() {
		v.Now = place(now)
	}
	if due.Before(end) && !due.IsZero() {
		v.Ends = place(due)
	}
	if warn, err := k.WarnAt(cal); err == nil && k.Warn > 0 && k.Running() && warn.Before(end) {
		v.Warns = place(warn)
	}
}

func unitName(u clock.Unit) pack.Text {
	switch u {
	case clock.NaturalDay:
		return pack.Text{ZH: "个自然日", EN: "days"}
	case clock.WorkingHour:
		return pack.Text{ZH: "个工作小时", EN: "working hours"}
	case clock.WorkingDay:
	}
	return pack.Text{ZH: "个工作日", EN: "working days"}
}
