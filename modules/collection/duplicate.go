package collection

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
)

// Field is one thing that a form asks for, as its maker words it.
type Field struct {
	Name      string `json:"name" doc:"as the form prints it"`
	Indicator string `json:"indicator,omitempty" doc:"id, where the maker knows it"`
	Place     string `json:"place,omitempty" doc:"code or name of the place; that of the form when empty"`
	Period    string `json:"period,omitempty" doc:"2023-06, 2023年6月底 …; that of the form when empty"`
}

// Form is a form that somebody means to send out.
type Form struct {
	ID     string  `json:"id"`
	Title  string  `json:"title"`
	Asker  string  `json:"asker" doc:"unit that asks"`
	Place  string  `json:"place,omitempty" doc:"code or name of the place it is about"`
	Period string  `json:"period,omitempty"`
	Basis  string  `json:"basis,omitempty" doc:"legal basis"`
	Fields []Field `json:"fields"`
}

// Meant is the number that a field asks for, as far as can be told.
type Meant struct {
	Indicator string // "" when no indicator is meant
	Place     string // code; "" when it is not known
	Period    period.Period
	Score     float64 // 1 for the same name, less for a likeness
}

// Dictionary knows what names mean: indicators and places. It is never changed
// once made.
type Dictionary struct {
	byID    map[string]observation.Indicator
	exact   map[string]string // normalised name: indicator
	entries []entry           // for likeness, sorted
	places  map[string]string // name, without its ending too: code
}

// entry is a normalised name with its pairs of characters.
type entry struct {
	name, indicator string
	marks           string
	pairs           map[string]int
}

// likeness is how alike two names must be, as Dice's coefficient of pairs of
// characters, to be taken for one; lead is by how much the best must lead.
const (
	likeness = 0.78
	lead     = 0.05
)

// NewDictionary makes a dictionary of indicators, their synonyms (name to id) and
// places (name to code).
func NewDictionary(indicators []observation.Indicator, synonyms, names map[string]string) *Dictionary {
	d := &Dictionary{byID: map[string]observation.Indicator{}, exact: map[string]string{}, places: map[string]string{}}
	add := func(name, id string) {
		n := normal(name)
		if was, ok := d.exact[n]; n == "" || ok && was != id {
			return // the first has it: two indicators of one name cannot be told apart by it
		}
		d.exact[n] = id
		d.entries = append(d.entries, entry{n, id, marks(n), pairs(n)})
	}
	for _, i := range indicators {
		d.byID[i.ID] = i
		add(i.ZH, i.ID)
		add(i.EN, i.ID)
	}
	for _, name := range slices.Sorted(maps.Keys(synonyms)) {
		if _, ok := d.byID[synonyms[name]]; ok {
			add(name, synonyms[name])
		}
	}
	slices.SortFunc(d.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.indicator, b.indicator))
	})
	for name, code := range names {
		d.places[name] = code
		d.places[strings.TrimRight(name, "区县市")] = code
	}
	return d
}

// Means tells what a field of a form asks for.
func (d *Dictionary) Means(f Form, x Field) Meant {
	m := Meant{Place: d.place(cmp.Or(x.Place, f.Place)), Period: readPeriod(cmp.Or(x.Period, f.Period))}
	name := x.Name
	if p, rest := cutPeriod(name); !p.IsZero() {
		name = rest
		if x.Period == "" {
			m.Period = p
		}
	}
	if place, rest := d.cutPlace(name); place != "" {
		name = rest
		if x.Place == "" {
			m.Place = place
		}
	}
	if _, ok := d.byID[x.Indicator]; ok {
		m.Indicator, m.Score = x.Indicator, 1
		return m
	}
	m.Indicator, m.Score = d.indicator(name)
	return m
}

// indicator finds the indicator of a name; "" when none is like it, or two are.
func (d *Dictionary) indicator(name string) (string, float64) {
	n := normal(name)
	if id, ok := d.exact[n]; ok {
		return id, 1
	}
	mine, p := marks(n), pairs(n)
	best, second, found := 0.0, 0.0, ""
	for _, e := range d.entries {
		if e.marks != mine {
			continue
		}
		switch s := dice(p, e.pairs); {
		case s > best:
			if found != e.indicator {
				second = best
			}
			best, found = s, e.indicator
		case s > second && e.indicator != found:
			second = s
		}
	}
	if best < likeness || best-second < lead {
		return "", best
	}
	return found, best
}

func (d *Dictionary) place(name string) string {
	name = strings.TrimSpace(name)
	if code, ok := d.places[name]; ok {
		return code
	}
	if code, ok := d.places[strings.TrimRight(name, "区县市")]; ok {
		return code
	}
	return name // a code already, or nobody knows
}

// cutPlace takes the name of a place off the front of a field's name.
func (d *Dictionary) cutPlace(name string) (code, rest string) {
	best := ""
	for p := range d.places {
		if len(p) > len(best) && strings.HasPrefix(name, p) && len([]rune(p)) > 1 {
			best = p
		}
	}
	if best == "" {
		return "", name
	}
	return d.places[best], strings.TrimLeft(name[len(best):], "区县市的")
}

// The words that people say in more than one way, the longer ones first, and
// those that say nothing about which number is meant.
var (
	alike = strings.NewReplacer( //nolint:gochecknoglobals // a table that is only read
		"国家高新技术企业", "高新技术企业", "高新企业", "高新技术企业", "高企", "高新技术企业", "科技企业", "科技型企业",
		"research and development", "r&d", "研究与试验发展", "研发", "r&d", "研发", "r＆d", "研发", "研究与开发", "研发",
		"投入比重", "投入强度", "经费投入强度", "投入强度", "经费强度", "投入强度", "占gdp比重", "占地区生产总值比重", "占生产总值比重", "占地区生产总值比重",
		"国内生产总值", "地区生产总值", "gdp", "地区生产总值", "营收", "营业收入", "主营业务收入", "营业收入",
		"智改", "智能化改造", "技改项目", "改造项目", "小巨人", "专精特新小巨人", "成交金额", "成交额", "交易额", "成交额", "金额", "额",
		"新增加", "新增", "净增加", "净增", "增幅", "增长率", "增速", "增长率", "比例", "占比", "比重", "占比", "排名", "位次", "名次", "位次",
		"截至目前", "", "截止", "", "截至", "", "期末", "", "年末", "", "月末", "", "季末", "", "累计", "", "全市", "", "全区", "", "本区", "", "本市", "", "本地", "", "辖区内", "", "辖区", "", "我区", "", "我市", "", "当年", "", "全年", "", "本年", "", "年度", "", "当期", "", "本期", "", "本季", "", "本月", "", "有效", "", "现有", "", "目前", "", "认定的", "", "通过", "",
		"的", "", "总数量", "", "总数", "", "总量", "", "数量", "", "个数", "", "家数", "", "户数", "", "件数", "", "数目", "", "合计", "", "总计", "", "情况", "", "统计", "", "填报", "", "指标", "", "数值", "", "total", "", "number of", "", "the", "",
	)
	bracketed = regexp.MustCompile(`[(（\[【〔][^)）\]】〕]*[)）\]】〕]`)
	marking   = []string{ //nolint:gochecknoglobals // a table that is only read
		"新增", "净增", "增长率", "占比", "位次", "人均", "每万人", "每亿元", "规模以上", "倍数", "缺口", "目标", "梯队", "中小", "国家级", "区域", "西部", "隐含", "基数"}
	inText = regexp.MustCompile(`(20\d\d)年?(?:(上半年|下半年)|第?([一二三四1-4])季度(?:末|底)?|(\d{1,2})月(?:(\d{1,2})日|末|底|份)?|(?:度|末|底)?)`)
)

// normal brings a name into the form in which names are compared: lower case,
// half width, without brackets, marks and words that say nothing, synonyms made one.
func normal(name string) string {
	s := strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' { // full width to half width
			r -= 0xFEE0
		}
		return unicode.ToLower(r)
	}, name)
	s = bracketed.ReplaceAllString(s, "")
	s = alike.Replace(s)
	s = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '%' || r == '+' {
			return r
		}
		return -1
	}, s)
	return strings.TrimRight(s, "数")
}

// marks lists the words in a normalised name that make it another notion: an
// increase is not a stock, a share no amount.
func marks(n string) string {
	var out []string
	for _, m := range marking {
		if strings.Contains(n, m) {
			out = append(out, m)
		}
	}
	return strings.Join(out, " ")
}

func pairs(n string) map[string]int {
	r := []rune(n)
	out := map[string]int{}
	for i := 0; i+1 < len(r); i++ {
		out[string(r[i:i+2])]++
	}
	return out
}

// dice is Dice's coefficient of two bags of pairs, 0 to 1.
func dice(a, b map[string]int) float64 {
	var both, all int
	for p, n := range a {
		both += min(n, b[p])
		all += n
	}
	for _, n := range b {
		all += n
	}
	if all == 0 {
		return 0
	}
	return 2 * float64(both) / float64(all)
}

// readPeriod reads a period as it is written in a program or on a form; the zero
// Period when it cannot be read.
func readPeriod(text string) period.Period {
	if p, err := period.Parse(strings.TrimSpace(text)); err == nil {
		return p
	}
	p, _ := cutPeriod(text)
	return p
}

// cutPeriod takes the period out of a field's name: 2023年6月底高新技术企业数.
func cutPeriod(text string) (p period.Period, rest string) {
	m := inText.FindStringSubmatchIndex(text)
	if m == nil {
		return p, text
	}
	part := func(i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return text[m[2*i]:m[2*i+1]]
	}
	spelled := part(1)
	switch {
	case part(2) == "上半年":
		spelled += "-H1"
	case part(2) == "下半年":
		spelled += "-H2"
	case part(3) != "":
		spelled += "-Q" + strings.NewReplacer("一", "1", "二", "2", "三", "3", "四", "4").Replace(part(3))
	case part(4) != "":
		spelled += "-" + pad2(part(4))
		if part(5) != "" {
			spelled += "-" + pad2(part(5))
		}
	}
	p, err := period.Parse(spelled)
	if err != nil {
		return period.Period{}, text
	}
	return p, text[:m[0]] + text[m[1]:]
}

func pad2(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// Duplicate is a field that need not be asked for.
type Duplicate struct {
	Form      string  `json:"form"`
	Field     int     `json:"field" doc:"place in the form, from 0"`
	Name      string  `json:"name"`
	Indicator string  `json:"indicator" doc:"what it means"`
	Place     string  `json:"place"`
	Period    string  `json:"period"`
	Score     float64 `json:"score" doc:"1 for the same name, less for a likeness"`
	Where     string  `json:"where" doc:"name of the number that is held, or the form or request that asks for it already"`
	Href      string  `json:"href,omitempty"`
	Kind      string  `json:"kind" doc:"held, asked: another asks already, twice: the form itself asks twice"`
}

// Duplicates finds, in forms in the order given, the fields whose number is held,
// or that an earlier field or form asks for already.
//
//   - held returns where a number is and its link, "" when it is not held.
//   - Result: by form and field. A field without a known period or place is compared
//     by what is known of it among the forms, never with what is held.
//   - Fields that mean no known indicator are compared by their normalised names.
func (d *Dictionary) Duplicates(forms []Form, held func(Meant) (where, href, kind string)) []Duplicate {
	var out []Duplicate
	type first struct{ form, title string }
	asked := map[string]first{}
	for _, f := range forms {
		for n, x := range f.Fields {
			m := d.Means(f, x)
			dup := Duplicate{Form: f.ID, Field: n, Name: x.Name, Indicator: m.Indicator, Place: m.Place, Period: m.Period.String(), Score: m.Score}
			if m.Indicator != "" && m.Place != "" && !m.Period.IsZero() {
				if dup.Where, dup.Href, dup.Kind = held(m); dup.Where != "" {
					out = append(out, dup)
					continue
				}
			}
			key := d.key(m, x.Name)
			was, ok := asked[key]
			switch {
			case !ok:
				asked[key] = first{f.ID, f.Title}
				continue
			case was.form == f.ID:
				dup.Kind = "twice"
			default:
				dup.Kind = "asked"
			}
			dup.Where = cmp.Or(was.title, was.form)
			out = append(out, dup)
		}
	}
	return out
}

// key is what two fields have in common that ask for one number.
func (d *Dictionary) key(m Meant, name string) string {
	what, when := "?"+normal(name), m.Period.String()
	if i, ok := d.byID[m.Indicator]; ok {
		what = i.ID
		if !m.Period.IsZero() {
			day, begins := cellPeriod(i, m.Period)
			when = begins + "/" + day
		}
	} else if _, rest := cutPeriod(name); rest != name {
		what = "?" + normal(rest)
	}
	return what + "|" + m.Place + "|" + when
}

// cellPeriod is how the period of a number is kept: its last day and, unless it
// is a stock, which is of that day, its first.
func cellPeriod(i observation.Indicator, p period.Period) (day, begins string) {
	p = of(i, p)
	day = p.Last().Format("2006-01-02")
	if i.Nature != observation.Stock {
		begins = p.Start().Format("2006-01-02")
	}
	return day, begins
}
