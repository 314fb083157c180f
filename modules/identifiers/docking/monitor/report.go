package monitor

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/docking"
)

// Daily is a day of a month: its figures, and the counts that weigh its means.
type Daily struct {
	Figures docking.Figures
	Counts  Counts
}

// Month is what a monthly report is computed from.
type Month struct {
	Prefix      string
	Name        string // of the operator
	Month       string // 2026-01, in Beijing time
	Days        []Daily
	Maintenance []Outage // announced; they count as time out of operation
	Incidents   []Outage
}

const ppm = 1_000_000

// Report computes annex 3 of a month.
//
//   - Availability is the time the node was in operation as a share of the month,
//     rounded down: neither maintenance nor incidents are forgiven.
//   - RTTs are the means of the days, each weighed with its number of answers.
//   - Errors: fault.Invalid when it is no month, or a day is of another one, there
//     twice, or of another prefix.
func (m Month) Report() (docking.Report, error) {
	from, err := docking.ParseInstant(m.Month + "-01 00:00:00")
	if err != nil {
		return docking.Report{}, fault.New(fault.Invalid, "month %.20q: write it as 2026-01", m.Month)
	}
	to := from.AddDate(0, 1, 0)
	seen := map[string]bool{}
	var resolve, register, effective mean
	for _, d := range m.Days {
		f := d.Figures
		switch {
		case !strings.HasPrefix(f.Date, m.Month+"-") || seen[f.Date]:
			return docking.Report{}, fault.New(fault.Invalid, "day %.20q is not of month %s, or is there twice", f.Date, m.Month)
		case f.Prefix != m.Prefix:
			return docking.Report{}, fault.New(fault.Invalid, "day %s is of prefix %.80q, the report of %q", f.Date, f.Prefix, m.Prefix)
		}
		seen[f.Date] = true
		resolve.add(f.ResolveMean, d.Counts.Resolved)
		register.add(f.RegisterMean, d.Counts.Registered)
		effective.sum += float64(d.Counts.EffectiveSum)
		effective.n += d.Counts.EffectiveOnes
	}
	all := int64(to.Sub(from) / time.Second)
	up := all - down(append(append([]Outage(nil), m.Maintenance...), m.Incidents...), from, to)
	r := docking.Report{
		Prefix: m.Prefix, Month: m.Month, Name: m.Name, UpSeconds: up, Availability: up * ppm / all,
		RegisterRTT: register.value(), ResolveRTT: resolve.value(), Effective: effective.value(),
	}
	for _, o := range m.Maintenance {
		r.Maintenance = append(r.Maintenance, o.sentence("zh-CN"))
	}
	for _, o := range m.Incidents {
		r.Incidents = append(r.Incidents, o.sentence("zh-CN"))
	}
	return r, nil
}

// mean is a mean with weights.
type mean struct {
	sum float64
	n   uint64
}

func (m *mean) add(of docking.Micros, n uint64) {
	m.sum += float64(of) * float64(n)
	m.n += n
}

func (m *mean) value() docking.Micros {
	if m.n == 0 {
		return 0
	}
	return docking.Micros(m.sum/float64(m.n) + 0.5)
}

// Document is a report with the months before it, which its tables show as well.
type Document struct {
	Reports     []docking.Report // by month; the last is the one that is reported
	Maintenance []Outage         // of the last, to be said in any language
	Incidents   []Outage
}

// words of a document in a language; %s and %d are filled in.
type words struct {
	title, summary, operation, sla, services, hours, events        string
	summaryText, month, node, average, item, value, none, upHours  string
	registerRTT, resolveRTT, effective, maintenance, incidents, ms string
	hour, source                                                   string
}

func wordsOf(lang string) words {
	if lang == "en" {
		return words{
			"Monthly report of the second-level node %s", "Summary", "Operation", "Table 1. SLA of the node", "Table 2. SLA of services", "Table 3. Hours in operation", "Maintenance and incidents of the month",
			"%s, %s: the services of the node kept an SLA of %s.", "Month", "Node", "Average", "Item", "This month", "None.", "Hours",
			"Registration RTT", "Resolution RTT", "From registration to resolution", "Maintenance", "Incidents", "ms",
			"h", "Means are weighed with the number of answers of each day; time out of operation is the union of maintenance and incidents.",
		}
	}
	return words{
		"二级节点系统运行月度报告：%s", "摘要", "业务运行状况", "表1 二级节点系统 SLA", "表2 二级节点系统服务 SLA", "表3 平均运营时长", "本月重要系统及服务维护与紧急情况",
		"%s，%s：二级节点系统所有服务 SLA 指标为 %s。", "月份", "二级节点系统", "平均", "项目", "实际运行情况", "无。", "运营时长",
		"标识注册 RTT", "标识解析 RTT", "标识注册生效时间", "停机维护", "紧急情况", "毫秒",
		"小时", "平均值按每日应答数加权；停止运营时间为停机维护与紧急情况之并集。",
	}
}

// percent writes parts per million as per cent with up to four decimals.
func percent(n int64) string {
	return strconv.FormatFloat(float64(n)/10000, 'f', -1, 64) + "%"
}

func hours(seconds int64) string { return strconv.FormatFloat(float64(seconds)/3600, 'f', 2, 64) }

// Markdown renders the document in zh-CN or en. Without its signs (|, #, -) it is the
// plain text of the guide's form.
//
// Errors: fault.Invalid when there is no report or months do not ascend.
func (d Document) Markdown(lang string) (string, error) {
	if len(d.Reports) == 0 {
		return "", fault.New(fault.Invalid, "there is no report to render")
	}
	for i, r := range d.Reports[1:] {
		if r.Month <= d.Reports[i].Month {
			return "", fault.New(fault.Invalid, "the report of %s comes behind that of %s; give them by month", r.Month, d.Reports[i].Month)
		}
	}
	w, last := wordsOf(lang), d.Reports[len(d.Reports)-1]
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# "+w.title+"\n", cell(last.Prefix))
	line("## %s\n\n"+w.summaryText+"\n", w.summary, cell(last.Name), last.Month, percent(last.Availability))
	line("## %s\n", w.operation)
	d.table(line, [3]string{w.sla, w.month, w.node}, w.average, func(r docking.Report) (float64, string) {
		return float64(r.Availability), percent(r.Availability)
	}, func(mean float64) string { return percent(int64(mean)) })
	line("### %s\n\n| %s | %s |\n| --- | --- |", w.services, w.item, w.value)
	line("| %s | %s %s |", w.registerRTT, last.RegisterRTT, w.ms)
	line("| %s | %s %s |", w.resolveRTT, last.ResolveRTT, w.ms)
	line("| %s | %s %s |\n", w.effective, strconv.FormatFloat(float64(last.Effective)/3.6e9, 'f', 6, 64), w.hour)
	d.table(line, [3]string{w.hours, w.month, w.upHours + " (" + w.hour + ")"}, w.average, func(r docking.Report) (float64, string) {
		return float64(r.UpSeconds), hours(r.UpSeconds)
	}, func(mean float64) string { return hours(int64(mean)) })
	line("## %s\n", w.events)
	outages(line, w.maintenance, w.none, lang, d.Maintenance)
	outages(line, w.incidents, w.none, lang, d.Incidents)
	line("%s", w.source)
	return b.String(), nil
}

// table writes a table of all months with their average.
func (d Document) table(line func(string, ...any), heads [3]string, average string, of func(docking.Report) (float64, string), write func(float64) string) {
	line("### %s\n\n| %s | %s |\n| --- | --- |", heads[0], heads[1], heads[2])
	var sum float64
	for _, r := range d.Reports {
		v, s := of(r)
		sum += v
		line("| %s | %s |", r.Month, s)
	}
	line("| %s | %s |\n", average, write(sum/float64(len(d.Reports))))
}

func outages(line func(string, ...any), title, none, lang string, of []Outage) {
	line("### %s\n", title)
	for _, o := range of {
		line("- %s", cell(o.sentence(lang)))
	}
	if len(of) == 0 {
		line("%s", none)
	}
	line("")
}

// cell writes text so that Markdown and HTML make nothing of it.
func cell(s string) string {
	return strings.NewReplacer("\n", " ", "\r", " ", "|", `\|`, "<", "&lt;", "&", "&amp;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "#", `\#`, `\`, `\\`).Replace(s)
}

// Text renders the document in zh-CN or en as plain text: the same lines without the
// signs of Markdown.
func (d Document) Text(lang string) (string, error) {
	md, err := d.Markdown(lang)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for line := range strings.Lines(md) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "| ---") {
			continue
		}
		line = strings.TrimLeft(line, "# ")
		if row, ok := strings.CutPrefix(line, "| "); ok {
			line = "  " + strings.ReplaceAll(strings.TrimSuffix(row, " |"), " | ", "  ")
		}
		b.WriteString(plain(line) + "\n")
	}
	return b.String(), nil
}

// plain undoes cell.
func plain(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\|`, "|", "&lt;", "<", "&amp;", "&", `\*`, "*", `\_`, "_", "\\`", "`", `\[`, "[", `\]`, "]", `\#`, "#").Replace(s)
}
