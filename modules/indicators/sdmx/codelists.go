package sdmx

import "yuzhou/kernel/observation"

// The codelists below are ours in the wording and SDMX's in the codes: each code
// is one of the cross-domain code list of the same name, so a foreign system
// reads it as it is. Agency is the body that publishes.

// Frequencies is CL_FREQ for the periods of kernel/period; R, our code for a
// stretch that is no year, half, quarter, month or day, is _Z in SDMX.
//
// Source: SDMX CL_FREQ 2.1.
func Frequencies(agency string) Codelist {
	return Codelist{
		Identity: Identity{agency, "CL_FREQ", "1.0.0"}, Name: Text{"zh": "频率", "en": "Frequency"},
		Codes: []Code{
			{ID: "A", Name: Text{"zh": "年", "en": "Annual"}},
			{ID: "S", Name: Text{"zh": "半年", "en": "Half-yearly"}},
			{ID: "Q", Name: Text{"zh": "季", "en": "Quarterly"}},
			{ID: "M", Name: Text{"zh": "月", "en": "Monthly"}},
			{ID: "D", Name: Text{"zh": "日", "en": "Daily"}},
			{ID: "_Z", Name: Text{"zh": "时段", "en": "Stretch of time, no frequency"}},
		},
	}
}

// ObservationStatuses is CL_OBS_STATUS in the codes that StatusCode uses.
//
// Source: SDMX CL_OBS_STATUS 2.2 for all but R, which is Eurostat's flag for
// revised: SDMX tells revisions by vintages, a reader of one vintage cannot.
func ObservationStatuses(agency string) Codelist {
	return Codelist{
		Identity: Identity{agency, "CL_OBS_STATUS", "1.0.0"}, Name: Text{"zh": "观测值状态", "en": "Observation status"},
		Codes: []Code{
			{ID: "A", Name: Text{"zh": "正常:最终或已公布", "en": "Normal value: final, or published without saying"}},
			{ID: "E", Name: Text{"zh": "预计", "en": "Estimated value"}},
			{ID: "F", Name: Text{"zh": "目标", "en": "Forecast value: set as a target"}},
			{ID: "G", Name: Text{"zh": "演示", "en": "Experimental value: demonstration data"}},
			{ID: "I", Name: Text{"zh": "推算", "en": "Imputed value: computed here from other figures"}},
			{ID: "O", Name: Text{"zh": "缺", "en": "Missing value"}},
			{ID: "P", Name: Text{"zh": "快报、初步", "en": "Provisional value: flash or preliminary"}},
			{ID: "R", Name: Text{"zh": "修订", "en": "Revised value"}},
			{ID: "U", Name: Text{"zh": "声称", "en": "Lower reliability: claim of its compiler, not computed here"}},
		},
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
	}
	return ""
}

// StatusOf returns the status an OBS_STATUS stands for, false when it stands for
// none of ours. Of two statuses with one code it is the one that says less:
// reported for A, preliminary for P.
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
