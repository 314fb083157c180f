package sdmx

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/fault"
)

// segments splits an escaped path; default parts at its end may be missing.
func segments(path string) ([]string, error) {
	path = strings.Trim(path, "/")
	var segs []string
	for raw := range strings.SplitSeq(path, "/") {
		s, err := url.PathUnescape(raw)
		if err != nil || s == "" {
			return nil, fault.New(fault.Invalid, "path %q has a part that is empty or wrongly escaped; write * for any", path)
		}
		segs = append(segs, s)
	}
	return segs, nil
}

// eachParameter calls f for each name=value of a query string. Unlike
// net/url it keeps plus signs, which are the AND of SDMX; a name given twice is
// fault.Invalid.
func eachParameter(raw string, f func(name, value string) error) error {
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		name, err := url.PathUnescape(k)
		if err != nil {
			return fault.New(fault.Invalid, "parameter %q is wrongly escaped", k)
		}
		value, err := url.PathUnescape(v)
		switch {
		case err != nil:
			return fault.New(fault.Invalid, "parameter %s has a wrongly escaped value %q", name, v)
		case seen[name]:
			return fault.New(fault.Invalid, "parameter %s is given twice", name)
		case value == "":
			return fault.New(fault.Invalid, "parameter %s has no value", name)
		}
		seen[name] = true
		if err := f(name, value); err != nil {
			return err
		}
	}
	return nil
}

// idList reads a comma list of ids that ok accepts; "*" is nil.
func idList(what, s string, ok func(string) bool) ([]string, error) {
	if s == "*" {
		return nil, nil
	}
	list := strings.Split(s, ",")
	if len(list) > maxTerms {
		return nil, fault.New(fault.Invalid, "%s has %d alternatives, at most %d are allowed", what, len(list), maxTerms)
	}
	for _, id := range list {
		if !ok(id) {
			return nil, fault.New(fault.Invalid, "%s %q is not an SDMX %s or a comma list of them", what, id, what)
		}
	}
	return list, nil
}

// parseInstant reads an xs:dateTime, with or without a zone, or a plain date.
func parseInstant(name, s string, local *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation("2006-01-02T15:04:05.999999999", s, local); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, local); err == nil {
		if name == "asOf" {
			return t.AddDate(0, 0, 1).Add(-time.Microsecond), nil
		}
		return t, nil
	}
	return time.Time{}, fault.New(fault.Invalid, "%s %q is not an instant, as in 2023-07-11T09:30:00+08:00", name, s)
}

func parseCount(name, s string, least int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least {
		return 0, fault.New(fault.Invalid, "%s %q is not a whole number of at least %d", name, s, least)
	}
	return n, nil
}

func parseBool(name, s string) (bool, error) {
	switch s {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, fault.New(fault.Invalid, "%s %q is not true or false", name, s)
}

func yearStart(s string) (string, error) {
	if _, err := time.Parse("--01-02", s); err != nil {
		return "", fault.New(fault.Invalid, "reportingYearStartDay %q is not a month and day, as in --07-01", s)
	}
	return s, nil
}

// oneOf reports whether s is one of the words of list, which a space parts.
func oneOf(s, list string) bool {
	for w := range strings.SplitSeq(list, " ") {
		if w == s {
			return true
		}
	}
	return false
}
