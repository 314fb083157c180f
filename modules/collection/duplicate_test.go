package collection

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
)

func indicatorsForTest() []observation.Indicator {
	named := func(id, zh, en string, n observation.Nature) observation.Indicator {
		return observation.Indicator{ID: id, ZH: zh, EN: en, Nature: n, Time: "last"}
	}
	return []observation.Indicator{
		named("st.hte", "高新技术企业", "High-tech firms", observation.Stock),
		named("st.hte_passed", "通过高新技术企业审核数", "High-tech firms that passed review", observation.Flow),
		named("st.sti_firms", "科技型企业", "S&T firms", observation.Stock),
		named("st.sti_firms_new", "新增科技型企业", "New S&T firms", observation.Flow),
		named("st.sti_smes", "科技型中小企业", "S&T small and medium-sized firms", observation.Stock),
		named("st.rd_intensity", "研发投入强度", "R&D intensity", observation.Ratio),
		named("ind.rd_intensity", "规模以上工业企业研发投入强度", "R&D intensity of above-scale industry", observation.Ratio),
		named("st.tech_contracts", "技术合同成交额", "Technology contract turnover", observation.Flow),
		named("im.retrofits", "智能化改造项目(累计)", "Retrofit projects", observation.Stock),
		named("im.smart_factories", "智能工厂(累计)", "Smart factories", observation.Stock),
		named("net.5g", "5G基站数", "5G base stations", observation.Stock),
		named("iid.enterprises", "标识解析接入企业", "Enterprises on identifier resolution", observation.Stock),
	}
}

var (
	synonymsForTest = map[string]string{"高新技术企业存量": "st.hte", "5G基站建设数": "net.5g", "接入标识解析体系企业": "iid.enterprises"}
	placesForTest   = map[string]string{"重庆市": "500000", "渝中区": "500103", "江北区": "500105", "沙坪坝区": "500106", "渝北区": "500112", "巴南区": "500113"}
)

// TestMeans: names that differ mean one indicator; names that are alike but mean
// another do not.
func TestMeans(t *testing.T) {
	d := NewDictionary(indicatorsForTest(), synonymsForTest, placesForTest)
	for _, tt := range []struct{ name, indicator, place, period string }{
		{"高新技术企业", "st.hte", "500000", "2023"},
		{"高企数量（家）", "st.hte", "500000", "2023"},
		{"国家高新技术企业总数", "st.hte", "500000", "2023"},
		{"2023年6月底高新技术企业数", "st.hte", "500000", "2023-06"},
		{"渝北区2023年上半年新增科技型企业", "st.sti_firms_new", "500112", "2023-H1"},
		{"科技型企业累计数", "st.sti_firms", "500000", "2023"},
		{"科技型中小企业", "st.sti_smes", "500000", "2023"},
		{"R&D经费投入强度(%)", "st.rd_intensity", "500000", "2023"},
		{"研究与试验发展投入强度", "st.rd_intensity", "500000", "2023"},
		{"规模以上工业企业R&D投入强度", "ind.rd_intensity", "500000", "2023"},
		{"技术合同成交金额", "st.tech_contracts", "500000", "2023"},
		{"５Ｇ基站数量", "net.5g", "500000", "2023"},
		{"新增5G基站数", "", "500000", "2023"},
		{"高新技术企业增长率", "", "500000", "2023"},
		{"图书馆藏书量", "", "500000", "2023"},
		{"High-tech firms, total number", "st.hte", "500000", "2023"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := d.Means(Form{Place: "重庆市", Period: "2023"}, Field{Name: tt.name})
			if m.Indicator != tt.indicator || m.Place != tt.place || m.Period.String() != tt.period {
				t.Errorf("%s %s %s (%.2f)", m.Indicator, m.Place, m.Period, m.Score)
			}
		})
	}
	if m := d.Means(Form{}, Field{Name: "表3第2行", Indicator: "st.hte", Place: "渝中", Period: "2023年二季度"}); m.Indicator != "st.hte" || m.Place != "500103" || m.Period.String() != "2023-Q2" {
		t.Errorf("%+v", m)
	}
}

// TestPeriodsOfOneNumber: 二季度, 6月底 and 上半年 of a stock are one number; of a
// flow they are not.
func TestPeriodsOfOneNumber(t *testing.T) {
	d := NewDictionary(indicatorsForTest(), nil, placesForTest)
	none := func(Meant) (string, string, string) { return "", "", "" }
	form := func(id, name, per string) Form {
		return Form{ID: id, Title: id, Place: "500112", Fields: []Field{{Name: name, Period: per}}}
	}
	got := d.Duplicates([]Form{form("a", "高企数", "2023-Q2"), form("b", "高新技术企业总数", "2023年6月底"), form("c", "高新技术企业", "2023-H1"), form("d", "高新技术企业", "2023-Q3")}, none)
	if len(got) != 2 || got[0].Form != "b" || got[1].Form != "c" || got[0].Kind != "asked" || got[0].Where != "a" {
		t.Errorf("of a stock: %+v", got)
	}
	got = d.Duplicates([]Form{form("a", "技术合同成交额", "2023-Q2"), form("b", "技术合同成交额", "2023-H1"), form("c", "技术合同交易额", "2023年第二季度")}, none)
	if len(got) != 1 || got[0].Form != "c" {
		t.Errorf("of a flow: %+v", got)
	}
}

// forms168 makes as many forms as one town was found to fill in, with duplicates
// among them that are known: their fields are other wordings of numbers which are
// held or asked for before.
func forms168(r *rand.Rand) (forms []Form, truth map[string]bool, heldNumbers map[string]bool) {
	wordings := map[string][]string{
		"st.hte":             {"高新技术企业", "高企数", "高新技术企业数量（家）", "国家高新技术企业总数", "高新企业家数", "有效高新技术企业数", "截至目前高新技术企业数", "高新技术企业存量"},
		"st.sti_firms":       {"科技型企业", "科技型企业总数", "科技企业数量", "科技型企业累计数", "辖区科技型企业家数"},
		"st.sti_firms_new":   {"新增科技型企业", "新增科技型企业数", "新增加科技企业数量", "当年新增科技型企业"},
		"st.sti_smes":        {"科技型中小企业", "科技型中小企业数", "科技型中小企业数量（家）"},
		"st.rd_intensity":    {"研发投入强度", "R&D经费投入强度", "R&D投入强度（%）", "研究与试验发展投入强度", "研发经费投入强度"},
		"ind.rd_intensity":   {"规模以上工业企业研发投入强度", "规模以上工业企业R&D投入强度", "规模以上工业企业研究与试验发展经费投入强度"},
		"st.tech_contracts":  {"技术合同成交额", "技术合同成交金额（亿元）", "技术合同交易额", "全区技术合同成交额"},
		"im.retrofits":       {"智能化改造项目", "智能化改造项目数", "智能化改造项目累计（个）", "智改项目数量"},
		"im.smart_factories": {"智能工厂", "智能工厂数量", "认定的智能工厂数", "累计智能工厂（个）"},
		"net.5g":             {"5G基站数", "5G基站数量", "５Ｇ基站（个）", "5G基站建设数"},
		"iid.enterprises":    {"标识解析接入企业", "标识解析接入企业数", "接入标识解析体系企业"},
	}
	own := []string{"图书馆藏书量", "危房改造户数", "村道里程", "垃圾分类覆盖小区数", "志愿者注册人数", "河长巡河次数", "高标准农田面积", "新建公厕数", "养老床位数", "低保户数", "接种疫苗人次", "校车数量", "夜市摊位数", "渔船数", "森林火情次数", "信访件数", "停车位数", "充电桩数"}
	ids := make([]string, 0, len(wordings))
	for _, i := range indicatorsForTest() {
		if wordings[i.ID] != nil {
			ids = append(ids, i.ID)
		}
	}
	names := []string{"渝中区", "江北区", "沙坪坝区", "渝北区", "巴南区"}
	months := []string{"2023-03", "2023年3月底", "2023-06", "2023年6月"}
	canonical := map[string]string{"2023-03": "2023-03", "2023年3月底": "2023-03", "2023-06": "2023-06", "2023年6月": "2023-06"}
	truth, heldNumbers = map[string]bool{}, map[string]bool{}
	for _, id := range ids[:6] {
		heldNumbers[id+"|500112|2023-06"] = true
	}
	seen := map[string]bool{}
	for n := range 168 {
		f := Form{ID: fmt.Sprintf("F%03d", n+1), Title: fmt.Sprintf("统计表 %d", n+1), Place: names[r.IntN(len(names))], Period: months[r.IntN(len(months))]}
		for range 4 + r.IntN(10) {
			var key string
			x := Field{}
			if r.IntN(3) == 0 {
				x.Name = own[r.IntN(len(own))] + strings.Repeat("（户）", r.IntN(2))
				key = strings.TrimSuffix(x.Name, "（户）")
			} else {
				id := ids[r.IntN(len(ids))]
				x.Name = wordings[id][r.IntN(len(wordings[id]))]
				key = id
			}
			key += "|" + placesForTest[f.Place] + "|" + canonical[f.Period]
			if seen[key] || heldNumbers[key] {
				truth[fmt.Sprintf("%s/%d", f.ID, len(f.Fields))] = true
			}
			seen[key] = true
			f.Fields = append(f.Fields, x)
		}
		forms = append(forms, f)
	}
	return forms, truth, heldNumbers
}

// TestDuplicates168: the goal of plan.md §9.4: at least 95 % of the duplicates in a
// made set of 168 forms are found; what is found wrongly is counted too.
func TestDuplicates168(t *testing.T) {
	forms, truth, heldNumbers := forms168(rand.New(rand.NewPCG(168, 1377)))
	d := NewDictionary(indicatorsForTest(), synonymsForTest, placesForTest)
	got := d.Duplicates(forms, func(m Meant) (string, string, string) {
		key := m.Indicator + "|" + m.Place + "|" + m.Period.String()
		if heldNumbers[key] {
			return "88.500.1/" + key, "", "held"
		}
		return "", "", ""
	})
	found, wrong := 0, 0
	fields := 0
	for _, f := range forms {
		fields += len(f.Fields)
	}
	for _, g := range got {
		if truth[fmt.Sprintf("%s/%d", g.Form, g.Field)] {
			found++
		} else {
			wrong++
		}
	}
	recall, precision := float64(found)/float64(len(truth)), float64(found)/float64(len(got))
	t.Logf("%d forms, %d fields, %d duplicates: recall %.3f, precision %.3f", len(forms), fields, len(truth), recall, precision)
	if recall < 0.95 {
		t.Errorf("recall %.3f, want 0.95", recall)
	}
	if precision < 0.98 {
		t.Errorf("precision %.3f with %d wrong, want 0.98", precision, wrong)
	}
}

// FuzzMeans: no name breaks the reader, and what it finds is there.
func FuzzMeans(f *testing.F) {
	for _, s := range []string{"2023年6月底高新技术企业数", "渝北区", "２０２３年", "((", "2023年13月", ""} {
		f.Add(s)
	}
	d := NewDictionary(indicatorsForTest(), synonymsForTest, placesForTest)
	f.Fuzz(func(t *testing.T, s string) {
		m := d.Means(Form{Place: s, Period: s}, Field{Name: s})
		if _, ok := d.byID[m.Indicator]; m.Indicator != "" && !ok {
			t.Errorf("%q means %q, which is not there", s, m.Indicator)
		}
		if !m.Period.IsZero() {
			if p, err := period.Parse(m.Period.String()); err != nil || p != m.Period {
				t.Errorf("period of %q is %s", s, m.Period)
			}
		}
	})
}
