// Package ical writes deadlines as an iCalendar, which every calendar program
// reads.
//
// What must hold: a deadline keeps its UID, so that a subscriber's calendar moves
// it and does not double it; lines are folded at 75 octets without cutting a
// character.
//
// Source: RFC 5545.
package ical

import (
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// MediaType of an iCalendar.
const MediaType = "text/calendar; charset=utf-8"

// Deadline is the end of a limit.
type Deadline struct {
	UID         string    // the same for ever
	Stamp       time.Time // when it was last changed
	Due         time.Time // the calendar date on which it ends, in the city's zone
	Summary     string
	Description string
	URL         string
	Categories  []string // such as the light
}

// Calendar is a list of deadlines under a name.
type Calendar struct {
	Product   string // PRODID
	Name      string
	Deadlines []Deadline
}

// Write writes the calendar. A deadline is an event of the whole day on which it
// ends, since that is when somebody has to be done.
func Write(w io.Writer, c Calendar) error {
	var b strings.Builder
	line(&b, "BEGIN", "VCALENDAR")
	line(&b, "VERSION", "2.0")
	line(&b, "PRODID", escape(c.Product))
	line(&b, "CALSCALE", "GREGORIAN")
	line(&b, "X-WR-CALNAME", escape(c.Name))
	for _, d := range c.Deadlines {
		line(&b, "BEGIN", "VEVENT")
		line(&b, "UID", escape(d.UID))
		line(&b, "DTSTAMP", d.Stamp.UTC().Format("20060102T150405Z"))
		line(&b, "DTSTART;VALUE=DATE", d.Due.Format("20060102"))
		line(&b, "DTEND;VALUE=DATE", d.Due.AddDate(0, 0, 1).Format("20060102"))
		line(&b, "SUMMARY", escape(d.Summary))
		if d.Description != "" {
			line(&b, "DESCRIPTION", escape(d.Description))
		}
		if d.URL != "" {
			line(&b, "URL", d.URL)
		}
		if len(d.Categories) > 0 {
			all := make([]string, len(d.Categories))
			for i, s := range d.Categories {
				all[i] = escape(s)
			}
			line(&b, "CATEGORIES", strings.Join(all, ","))
		}
		line(&b, "TRANSP", "TRANSPARENT")
		line(&b, "END", "VEVENT")
	}
	line(&b, "END", "VCALENDAR")
	_, err := io.WriteString(w, b.String())
	return err
}

// escape writes a text value (§3.3.11). Control characters are left out.
func escape(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(s)
}

// maxLine is how many octets a line may have without its end (§3.1).
const maxLine = 75

// line writes a property, folded.
func line(b *strings.Builder, name, value string) {
	text := name + ":" + value
	for room := maxLine; len(text) > room; room = maxLine - 1 {
		cut := room
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		b.WriteString(text[:cut] + "\r\n ")
		text = text[cut:]
	}
	b.WriteString(text + "\r\n")
}
