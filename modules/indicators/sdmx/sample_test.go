package sdmx

import (
	"time"
)

// The structure that modules/indicators publishes, in small.
func sampleStructure() Structure {
	id := func(s string) Identity { return Identity{"YUZHOU", s, "1.0.0"} }
	return Structure{
		Identity: id("DSD_INDICATORS"), Name: Text{"zh": "指标", "en": "Indicators"}, Concepts: id("CONCEPTS"),
		Dimensions: []Component{
			{ID: "INDICATOR", Name: Text{"zh": "指标", "en": "Indicator"}, Codelist: id("CL_INDICATOR")},
			{ID: "REF_AREA", Name: Text{"zh": "地区", "en": "Reference area"}, Codelist: id("CL_AREA"), Role: "REF_AREA"},
			{ID: "FREQ", Name: Text{"zh": "频率", "en": "Frequency"}, Codelist: id("CL_FREQ"), Role: "FREQ"},
			{ID: TimePeriod, Name: Text{"zh": "时期", "en": "Time period"}, Role: TimePeriod},
		},
		Measures: []Component{{ID: "OBS_VALUE", Name: Text{"zh": "值", "en": "Value"}, Type: "Double"}},
		Attributes: []Component{
			{ID: "DECIMALS", Name: Text{"en": "Decimals"}, Level: LevelDataset, Type: "Integer"},
			{ID: "UNIT_MEASURE", Name: Text{"en": "Unit of measure"}, Level: LevelSeries, Codelist: id("CL_UNIT")},
			{ID: "UNIT_MULT", Name: Text{"en": "Unit multiplier"}, Level: LevelSeries, Type: "Integer"},
			{ID: "OBS_STATUS", Name: Text{"en": "Observation status"}, Level: LevelObs, Codelist: id("CL_OBS_STATUS"), Mandatory: true},
			{ID: "PRINTED", Name: Text{"en": "As printed"}, Level: LevelObs},
			{ID: "SOURCE", Name: Text{"en": "Sources"}, Level: LevelObs, Multi: true},
			{ID: "NOTE", Name: Text{"en": "Note"}, Level: LevelObs, Localised: true},
		},
	}
}

func sampleHeader() Header {
	return Header{
		ID: "m1", Prepared: time.Date(2023, 7, 11, 1, 30, 0, 0, time.UTC),
		Sender: Party{ID: "YUZHOU", Name: Text{"zh": "渝州"}}, Languages: []string{"zh", "en"},
		Self: "https://example.org/sdmx/v2/data/dataflow/YUZHOU/INDICATORS/1.0.0",
	}
}

func sampleMessage() *Message {
	s := sampleStructure()
	return &Message{
		Header:    sampleHeader(),
		Flow:      Dataflow{Identity: Identity{"YUZHOU", "INDICATORS", "1.0.0"}, Name: Text{"zh": "指标数据", "en": "Indicators"}, Structure: s.Identity},
		Structure: s,
		Codelists: []Codelist{
			{Identity: Identity{"YUZHOU", "CL_INDICATOR", "1.0.0"}, Codes: []Code{{ID: "st@hte", Name: Text{"zh": "高新技术企业", "en": "High-tech firms"}}}},
			{Identity: Identity{"YUZHOU", "CL_AREA", "1.0.0"}, Codes: []Code{{ID: "500000", Name: Text{"zh": "重庆市", "en": "Chongqing"}}, {ID: "500101", Parent: "500000", Name: Text{"zh": "万州区"}}}},
			{Identity: Identity{"YUZHOU", "CL_FREQ", "1.0.0"}, Codes: []Code{{ID: "A", Name: Text{"zh": "年", "en": "Annual"}}}},
			{Identity: Identity{"YUZHOU", "CL_OBS_STATUS", "1.0.0"}, Codes: []Code{{ID: "A", Name: Text{"zh": "最终", "en": "Final"}}, {ID: "P", Name: Text{"zh": "初步", "en": "Preliminary"}}}},
		},
		Datasets: []Dataset{
			{
				Action: Replace, ValidFrom: time.Date(2023, 7, 1, 0, 0, 0, 0, time.UTC), ValidTo: time.Date(2023, 7, 11, 0, 0, 0, 0, time.UTC),
				Attrs: []Value{{"2"}},
				Series: []Series{
					{
						Key: []string{"st@hte", "500000", "A"}, Attrs: []Value{{"FIRM"}, {"0"}},
						Obs: []Obs{
							{Period: "2022", Values: []Value{{"6348"}}, Attrs: []Value{{"A"}, {"6348家"}, {"page 3, line 12", `said; "so"`}}},
							{Period: "2023-06-30", Values: []Value{{"6401.50"}}, Attrs: []Value{{"P"}, nil, nil, {"en:half, year", "zh:半年;快报"}}},
						},
					},
					{
						Key: []string{"st@hte", "500101", "A"}, Attrs: []Value{{"FIRM"}},
						Obs: []Obs{
							{Period: "2023-01-01/P6M", Values: []Value{{"NaN"}}, Attrs: []Value{{"P"}}},
							{Period: "2023-S1", Attrs: []Value{{"P"}}},
						},
					},
				},
			},
			{
				Action: Delete, ValidTo: time.Date(2023, 7, 2, 0, 0, 0, 0, time.UTC),
				Series: []Series{{Key: []string{"st@hte", "500000", "A"}, Obs: []Obs{{Period: "2021"}}}},
			},
		},
	}
}
