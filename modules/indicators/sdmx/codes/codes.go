// Package codes says the words of Yuzhou in the codes of SDMX: names, statuses
// and frequencies.
//
// What must hold: a code of a codelist here is one of SDMX's cross-domain list of
// the same name where that list has one, so that a foreign system reads it as it
// is; the wording is ours.
package codes

import (
	"regexp"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
)

// Code is one code of a cross-domain list, in the wording of Yuzhou.
type Code struct{ ID, Chinese, English string }

// Frequencies are the codes of CL_FREQ for the periods of kernel/period; its R, a
// stretch that is no year, half, quarter, month or day, is _Z in SDMX.
//
// Source: SDMX CL_FREQ 2.1.
func Frequencies() []Code {
	return []Code{
		{"A", "年", "Annual"},
		{"S", "半年", "Half-yearly"},
		{"Q", "季", "Quarterly"},
		{"M", "月", "Monthly"},
		{"D", "日", "Daily"},
		{"_Z", "时段", "Stretch of time, no frequency"},
	}
}

// Statuses are the codes of CL_OBS_STATUS that StatusCode uses.
//
// Source: SDMX CL_OBS_STATUS 2.2 for all but R, which is Eurostat's flag for
// revised: SDMX tells revisions by vintages, a reader of one vintage cannot.
func Statuses() []Code {
	return []Code{
		{"A", "正常:最终或已公布", "Normal value: final, or published without saying"},
		{"E", "预计", "Estimated value"},
		{"F", "目标", "Forecast value: set as a target"},
		{"G", "演示", "Experimental value: demonstration data"},
		{"I", "推算", "Imputed value: computed here from other figures"},
		{"O", "缺", "Missing value: never known, or withdrawn"},
		{"P", "快报、初步", "Provisional value: flash or preliminary"},
		{"R", "修订", "Revised value"},
		{"U", "声称", "Lower reliability: claim of its compiler, not computed here"},
	}
}

// StatusCode returns the OBS_STATUS of a status, "" for one it does not know.
// Flash and preliminary share P, reported and final share A.
func StatusCode(s observation.Status) string {
	switch s {
	case observation.Reported, observation.Final:
		return "A"
	case observation.Estimate:
		return "E"
	case observation.Target:
		return "F"
	case observation.Demo:
		return "G"
	case observation.Derived:
		return "I"
	case observation.Flash, observation.Preliminary:
		return "P"
	case observation.Revised:
		return "R"
	case observation.Claim:
		return "U"
	case observation.Withdrawn:
		return "O"
	}
	return ""
}

// StatusOf returns the status an OBS_STATUS stands for, false when it stands for
// none of ours. Of two statuses with one code it is the one that says less:
// reported for A, preliminary for P. O stands for none: what another system misses
// withdraws nothing here.
func StatusOf(code string) (observation.Status, bool) {
	if code == "A" {
		return observation.Reported, true
	}
	for _, s := range []observation.Status{
		observation.Estimate, observation.Target, observation.Demo, observation.Derived,
		observation.Preliminary, observation.Revised, observation.Claim,
	} {
		if StatusCode(s) == code {
			return s, true
		}
	}
	return "", false
}

// form is an SDMX id, from the schema of SDMX-JSON 2.1.
var form = regexp.MustCompile(`^[A-Za-z0-9_@$-]+$`)

// Encode turns a dotted name of ours ("st.hte") into an SDMX id ("st@hte"):
// the dot separates the parts of a key and cannot stand inside a code. A
// character that SDMX does not allow in an id is fault.Invalid.
func Encode(name string) (string, error) {
	id := strings.ReplaceAll(name, ".", "@")
	if strings.Contains(name, "@") || !form.MatchString(id) {
		return "", fault.New(fault.Invalid, "name %q cannot be an SDMX code: only letters, digits and _ $ - . are allowed", name)
	}
	return id, nil
}

// Decode is the inverse of Encode.
func Decode(id string) string { return strings.ReplaceAll(id, "@", ".") }
