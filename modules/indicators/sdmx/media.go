package sdmx

import (
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
)

// Media is one representation of an answer.
type Media struct {
	Kind       string // "data" or "structure"
	Format     string // "json" or "csv"
	Version    string // "2.0.0" or "2.1.0"
	Labels     string // CSV: "id", "name" or "both"
	TimeFormat string // CSV: "original" or "normalized"
	Keys       string // CSV: "none", "obs", "series" or "both"
}

// The representations this package writes, preferred first.
//
// Source: SDMX-REST 2.2.2, "Response types" of data and structure queries.
func offers(kind string) []Media {
	if kind == "structure" {
		return []Media{
			{Kind: kind, Format: "json", Version: "2.1.0"},
			{Kind: kind, Format: "json", Version: "2.0.0"},
		}
	}
	csv := Media{Kind: kind, Format: "csv", Version: "2.1.0", Labels: "id", TimeFormat: "original", Keys: "none"}
	old := csv
	old.Version = "2.0.0"
	return []Media{
		{Kind: kind, Format: "json", Version: "2.1.0"},
		csv,
		{Kind: kind, Format: "json", Version: "2.0.0"},
		old,
	}
}

// String returns the media type as a Content-Type has it.
func (m Media) String() string {
	s := "application/vnd.sdmx." + m.Kind + "+" + m.Format + ";version=" + m.Version
	if m.Format == "csv" {
		s += ";labels=" + m.Labels + ";timeFormat=" + m.TimeFormat + ";keys=" + m.Keys
	}
	return s
}

// Negotiate chooses the representation of an answer of the given kind ("data"
// or "structure"): by format when it is not empty, else by the Accept header.
//
//   - accept: an HTTP Accept header, "" for anything. Plain application/json and
//     text/csv are taken for the SDMX formats; a version may be a range such as
//     "2+.0.0"; q=0 refuses.
//   - format: the value of a format query parameter: "json", "csv", "jsondata",
//     "csvdata", "jsonstructure" or a whole media type.
//   - Errors: fault.Invalid (an HTTP 406) that names what is offered.
//
// Source: SDMX-REST 2.2.2, HTTP Content-Negotiation and Extending the API; RFC 9110, 12.5.1.
func Negotiate(kind, accept, format string) (Media, error) {
	if format != "" {
		if m, ok := byName(kind, format); ok {
			return m, nil
		}
		accept = format
	} else if strings.TrimSpace(accept) == "" {
		return offers(kind)[0], nil
	}
	ranges := parseAccept(accept)
	best, bestQ, bestPlace := Media{}, 0.0, 0
	for _, offer := range offers(kind) {
		m, q, place := rate(offer, ranges)
		if q > bestQ || q > 0 && q == bestQ && place < bestPlace {
			best, bestQ, bestPlace = m, q, place
		}
	}
	if bestQ == 0 {
		return Media{}, notOffered(kind, accept)
	}
	return best, best.check()
}

func notOffered(kind, asked string) error {
	var names []string
	for _, m := range offers(kind) {
		m.Labels = ""
		name, _, _ := strings.Cut(m.String(), ";labels")
		names = append(names, name)
	}
	return fault.New(fault.Invalid, "format %q is not offered, ask for %s", asked, strings.Join(names, " or "))
}

// check refuses an unknown value of the CSV parameters.
func (m Media) check() error {
	if m.Format != "csv" {
		return nil
	}
	for _, p := range []struct{ name, value, allowed string }{
		{"labels", m.Labels, "id|name|both"},
		{"timeFormat", m.TimeFormat, "original|normalized"},
		{"keys", m.Keys, "none|obs|series|both"},
	} {
		if !strings.Contains("|"+p.allowed+"|", "|"+p.value+"|") {
			return fault.New(fault.Invalid, "%s %q is not one of %s", p.name, p.value, p.allowed)
		}
	}
	return nil
}

// byName reads the short names of a format parameter.
func byName(kind, format string) (Media, bool) {
	short := strings.TrimSuffix(strings.ToLower(format), kind)
	for _, m := range offers(kind) {
		if m.Format == short || "sdmx-"+m.Format == short {
			return m, true
		}
	}
	return Media{}, false
}

// mediaRange is one element of an Accept header.
type mediaRange struct {
	name  string // type/subtype, lower case
	param map[string]string
	q     float64
}

// parseAccept reads an Accept header leniently: an element it cannot read is left out.
func parseAccept(s string) []mediaRange {
	var list []mediaRange
	for part := range strings.SplitSeq(s, ",") {
		fields := strings.Split(part, ";")
		r := mediaRange{name: strings.ToLower(strings.TrimSpace(fields[0])), param: map[string]string{}, q: 1}
		for _, f := range fields[1:] {
			k, v, _ := strings.Cut(strings.TrimSpace(f), "=")
			v = strings.Trim(strings.TrimSpace(v), `"`)
			if k == "q" {
				q, err := strconv.ParseFloat(v, 64)
				if err != nil || q < 0 || q > 1 {
					q = 0
				}
				r.q = q
				continue
			}
			r.param[strings.ToLower(strings.TrimSpace(k))] = v
		}
		if strings.Contains(r.name, "/") {
			list = append(list, r)
		}
	}
	return list
}

// rate returns the offer with the client's parameters, its q and the place in
// the header of the most specific range that matches it.
func rate(offer Media, ranges []mediaRange) (Media, float64, int) {
	best, bestSpecific, place := offer, -1, 0
	q := 0.0
	for i, r := range ranges {
		specific := specificity(offer, r)
		if specific <= bestSpecific {
			continue
		}
		bestSpecific, q, place = specific, r.q, i
		best = offer
		if offer.Format == "csv" && specific > 1 {
			best.Labels = first(r.param["labels"], r.param["label"], offer.Labels)
			best.TimeFormat = first(r.param["timeformat"], offer.TimeFormat)
			best.Keys = first(r.param["keys"], r.param["key"], offer.Keys)
		}
	}
	return best, q, place
}

// specificity is -1 when r does not match the offer, and grows with how exactly it does.
func specificity(offer Media, r mediaRange) int {
	switch r.name {
	case "*/*":
		return 0
	case "application/*", "text/*":
		if (r.name == "text/*") != (offer.Format == "csv") {
			return -1
		}
		return 1
	case "application/json":
		if offer.Format != "json" {
			return -1
		}
		return 2
	case "text/csv", "application/csv":
		if offer.Format != "csv" {
			return -1
		}
		return 2
	case "application/vnd.sdmx." + offer.Kind + "+" + offer.Format:
		v := r.param["version"]
		switch {
		case v == "":
			return 3
		case matchVersion(v, offer.Version):
			return 4
		}
	}
	return -1
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
