package ical_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"yuzhou/engine/flow/ical"
	"yuzhou/kernel/testkit"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	c := ical.Calendar{Product: "-//Yuzhou//flow//ZH", Name: "待办时限", Deadlines: []ical.Deadline{
		{
			UID: "01K.1@flow.88.500.1", Stamp: time.Date(2026, 2, 10, 1, 2, 3, 0, time.UTC), Due: time.Date(2026, 2, 24, 23, 59, 0, 0, time.FixedZone("", 8*3600)),
			Summary:     "受理；施工许可, 第1号; 一个很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长的名称",
			Description: "第一行\n第二行 \\ \x07", URL: "https://example.cn/flow/cases/01K", Categories: []string{"yellow", "a,b"},
		},
		{UID: "01K.2@flow.88.500.1", Stamp: time.Date(2026, 2, 10, 1, 2, 3, 0, time.UTC), Due: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC), Summary: "办结"},
	}}
	var b bytes.Buffer
	if err := ical.Write(&b, c); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(b.String(), "\r\n") {
		if len(line) > 75 || !utf8.ValidString(line) || strings.ContainsAny(line, "\r\n\x07") {
			t.Errorf("line %q has %d octets or is cut within a character", line, len(line))
		}
	}
	testkit.Golden(t, "deadlines.ics", bytes.ReplaceAll(b.Bytes(), []byte("\r\n"), []byte("\n")))
}
