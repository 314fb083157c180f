package indicators

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
	"yuzhou/modules/indicators/sdmx"
	"yuzhou/modules/indicators/sdmx/codes"
)

// part is one component of the data structure, as it is explained.
type part struct {
	sdmx.Component
	zh, en           string
	aboutZH, aboutEN string
}

func (p part) component() sdmx.Component {
	c := p.Component
	c.Name, c.Description = texts(p.zh, p.en), texts(p.aboutZH, p.aboutEN)
	return c
}

// definition is the one data structure: all flows have it.
func (p *published) definition() sdmx.Structure {
	s := sdmx.Structure{
		Identity: p.id(structureID), Name: texts("指标数据", "Numbers of indicators"), Concepts: p.id(conceptsID),
		Description: texts("一数一行:什么指标、何处、多长时间、何时;数按公布的样子。",
			"One number a row: of which indicator, where, over how long, when; the number as it was printed."),
	}
	for _, d := range []part{
		{sdmx.Component{ID: "INDICATOR", Codelist: p.id(indicatorList)}, "指标", "Indicator", "", ""},
		{sdmx.Component{ID: "REF_AREA", Codelist: p.id(areaList)}, "地区", "Reference area", "数所说的地方或机构。", "The place or body that the number is about."},
		{sdmx.Component{ID: "FREQ", Codelist: p.id(freqList)}, "频率", "Frequency", "由时期的长短而来;_Z 为其他时段。", "By how long the period is; _Z for another stretch."},
		{sdmx.Component{ID: sdmx.TimePeriod, Type: "ObservationalTimePeriod"}, "时期", "Time period", "", ""},
	} {
		s.Dimensions = append(s.Dimensions, d.component())
	}
	value := part{
		Component: sdmx.Component{ID: "OBS_VALUE", Type: "Double"}, zh: "值", en: "Value",
		aboutZH: "按公布的样子;乘以 10 的 UNIT_MULT 次方得 UNIT_MEASURE 的个数。",
		aboutEN: "As printed; times ten to the power of UNIT_MULT it counts UNIT_MEASURE.",
	}
	s.Measures = []sdmx.Component{value.component()}
	for _, a := range p.attributes() {
		a.Level = sdmx.LevelObs
		s.Attributes = append(s.Attributes, a.component())
	}
	return s
}

// attributes are in the order of attributesOf.
func (p *published) attributes() []part {
	return []part{
		{sdmx.Component{ID: "OBS_STATUS", Codelist: p.id(obsStatusList), Mandatory: true}, "观测值状态", "Observation status", "", ""},
		{sdmx.Component{ID: "STATUS_NATIVE", Codelist: p.id(statusList)}, "状态", "Status, in our words", "比 OBS_STATUS 细。", "Finer than OBS_STATUS."},
		{
			sdmx.Component{ID: "COMPARATOR"},
			"比较", "Comparator", "= 等于,~ 约,~< 近,> 超,>= 以上,<= 以下,< 不足。",
			"= exactly, ~ about, ~< just under, > over, >= at least, <= at most, < under.",
		},
		{sdmx.Component{ID: "UNIT_MEASURE"}, "计量单位", "Unit of measure", "", ""},
		{sdmx.Component{ID: "UNIT_MULT", Type: "Integer"}, "单位倍数", "Unit multiplier", "10 的幂:万为 4,亿为 8。", "A power of ten: 4 for 万, 8 for 亿."},
		{sdmx.Component{ID: "DECIMALS", Type: "Integer"}, "小数位", "Decimals", "公布的小数位数。", "Digits after the point, as printed."},
		{sdmx.Component{ID: "PRINTED"}, "原样", "As printed", "", ""},
		{sdmx.Component{ID: "KNOWN_SINCE", Type: "DateTime"}, "何时已知", "Known since", "", ""},
		{sdmx.Component{ID: "SOURCE"}, "来源", "Source", "文献编号,# 后为行号。", "Id of the document; after # the lines."},
		{sdmx.Component{ID: "NAME"}, "名称", "Name", "此数此版的可解析名称。", "Resolvable name of this vintage of the number; of a derived one, without vintage."},
		{
			sdmx.Component{ID: "EVIDENCE", Type: "URI"},
			"凭证", "Evidence", "凭证文件的地址;任何人可据以核对此数。", "Address of the number's bundle, with which anyone can check it.",
		},
	}
}

// attributesOf returns the values of the attributes, in their order.
func (s *Service) attributesOf(o observation.Observation) []sdmx.Value {
	unit, mult := o.Quantity.Unit.String(), 0
	if u, scale := scaled(o.Quantity.Unit); scale > 1 {
		unit, mult = u, int(math.Round(math.Log10(scale)))
	}
	known := ""
	if !o.Known.IsZero() {
		known = o.Known.In(s.site.Zone).Format(time.RFC3339)
	}
	values := []string{
		codes.StatusCode(o.Status), string(o.Status), string(o.Quantity.Cmp), unit, strconv.Itoa(mult),
		strconv.Itoa(o.Quantity.Value.Places()), o.Printed, known, sourceText(o.Source), s.cited(o), s.bundle(o),
	}
	out := make([]sdmx.Value, len(values))
	for i, v := range values {
		if v != "" {
			out[i] = sdmx.Value{v}
		}
	}
	return out
}

// sourceText cites a source: "page#79,81".
func sourceText(src observation.Source) string {
	if len(src.Lines) == 0 {
		return src.Document
	}
	lines := make([]string, len(src.Lines))
	for i, n := range src.Lines {
		lines[i] = strconv.Itoa(n)
	}
	return src.Document + "#" + strings.Join(lines, ",")
}

func (s *Service) obsOf(o observation.Observation) sdmx.Obs {
	obs := sdmx.Obs{Period: sdmx.FormatPeriod(o.Period), Values: []sdmx.Value{{o.Quantity.Value.String()}}, Attrs: s.attributesOf(o)}
	if o.Status == observation.Withdrawn {
		obs.Values[0] = nil // OBS_STATUS O says that there is none
	}
	return obs
}

// freqOf is the code of CL_FREQ for a period.
func freqOf(p period.Period) string {
	if p.Freq() == period.Range {
		return "_Z"
	}
	return string(p.Freq())
}

// concepts are what the components mean.
func (p *published) concepts() sdmx.Scheme {
	s := sdmx.Scheme{Identity: p.id(conceptsID), Name: texts("概念", "Concepts")}
	for _, c := range slices.Concat(p.structure.Dimensions, p.structure.Measures, p.structure.Attributes) {
		s.Items = append(s.Items, sdmx.Item{ID: c.ID, Name: c.Name, Description: c.Description})
	}
	return s
}

// statusCodes says our own statuses; OBS_STATUS has fewer.
func (p *published) statusCodes() sdmx.Codelist {
	l := sdmx.Codelist{Identity: p.id(statusList), Name: texts("状态", "Status")}
	words := map[observation.Status][2]string{
		observation.Estimate: {"预计", "Estimated"}, observation.Flash: {"快报", "Flash"}, observation.Preliminary: {"初步", "Preliminary"},
		observation.Reported: {"公布", "Reported, its finality not said"}, observation.Final: {"最终", "Final"}, observation.Revised: {"修订", "Revised"},
		observation.Claim: {"声称", "Claim of its compiler"}, observation.Target: {"目标", "Target"},
		observation.Derived: {"推算", "Derived: computed here"}, observation.Demo: {"演示", "Demonstration"},
		observation.Withdrawn: {"撤回", "Withdrawn: it no longer holds, and nothing takes its place"},
	}
	for _, st := range observation.Statuses() {
		l.Codes = append(l.Codes, sdmx.Code{ID: string(st), Name: texts(words[st][0], words[st][1])})
	}
	return l
}
