package docking

import "strconv"

// Figures is a row of annex 2, columns 1 to 12: a day of a node or an enterprise.
// Latencies are microseconds in the program and milliseconds on the wire.
type Figures struct {
	Date   string `json:"date" no:"0" zh:"日期" en:"Day" is:"required date"`
	Prefix string `json:"prefix" no:"0" zh:"标识前缀" en:"Prefix" is:"required prefix"`

	ResolveMean  Micros `json:"resolveMean" no:"1" zh:"解析平均响应时延" en:"Resolution, mean latency"`
	ResolveMaxAt string `json:"resolveMaxAt" no:"2" zh:"最大解析响应时延发生时间" en:"Resolution, instant of greatest latency" is:"second"`
	ResolveMax   Micros `json:"resolveMax" no:"3" zh:"最大解析响应时延值" en:"Resolution, greatest latency"`
	ResolveMinAt string `json:"resolveMinAt" no:"4" zh:"最小解析响应时延发生时间" en:"Resolution, instant of least latency" is:"second"`
	ResolveMin   Micros `json:"resolveMin" no:"5" zh:"最小解析响应时延值" en:"Resolution, least latency"`

	PeakQPS int64  `json:"peakQPS" no:"6" zh:"最大每秒解析量" en:"Most queries in a second" is:"count"`
	PeakAt  string `json:"peakAt" no:"7" zh:"最大每秒解析量发生时间" en:"Second of most queries" is:"second"`

	RegisterMean  Micros `json:"registerMean" no:"8" zh:"注册平均响应时延" en:"Registration, mean latency"`
	RegisterMaxAt string `json:"registerMaxAt" no:"9" zh:"最大注册响应时延发生时间" en:"Registration, instant of greatest latency" is:"second"`
	RegisterMax   Micros `json:"registerMax" no:"10" zh:"最大注册响应时延值" en:"Registration, greatest latency"`
	RegisterMinAt string `json:"registerMinAt" no:"11" zh:"最小注册响应时延发生时间" en:"Registration, instant of least latency" is:"second"`
	RegisterMin   Micros `json:"registerMin" no:"12" zh:"最小注册响应时延值" en:"Registration, least latency"`
}

// Micros is a time in microseconds, written in milliseconds with up to three decimals.
type Micros int64

// String returns it in milliseconds: 12.5.
func (m Micros) String() string { return strconv.FormatFloat(float64(m)/1000, 'f', -1, 64) }

// Event is a row of annex 2, columns 13 to 18: a node became abnormal, or recovered.
type Event struct {
	Prefix string `json:"prefix" no:"0" zh:"标识前缀" en:"Prefix" is:"required prefix"`
	State  string `json:"state" no:"13" zh:"上报状态类型" en:"What it became" is:"required one=state"`
	ID     string `json:"id" no:"14" zh:"上报事件编号" en:"Number of the event" is:"required max=64"`
	Linked string `json:"linked" no:"15" zh:"对应异常事件编号" en:"Number of the event it ends" is:"max=64"`
	At     string `json:"at" no:"16" zh:"发生时间" en:"When" is:"required second"`
	Cause  string `json:"cause" no:"17" zh:"异常原因" en:"Cause" is:"lines max=1000"`
	Type   string `json:"type" no:"18" zh:"异常类型" en:"Type" is:"one=cause"`
}

// Report is annex 3: a month of a node.
type Report struct {
	Prefix       string   `json:"prefix" no:"0" zh:"标识前缀" en:"Prefix" is:"required prefix"`
	Month        string   `json:"month" no:"0" zh:"月份" en:"Month" is:"required month"`
	Name         string   `json:"name" no:"1" zh:"二级节点运行名称" en:"Operator" is:"required"`
	UpSeconds    int64    `json:"upSeconds" no:"2" zh:"运营时长（秒）" en:"Time in operation, seconds" is:"count"`
	Availability int64    `json:"availabilityPPM" no:"3" zh:"服务可用性（百万分之一）" en:"Availability, parts per million" is:"count"`
	RegisterRTT  Micros   `json:"registerRTT" no:"4" zh:"标识注册 RTT" en:"Registration RTT"`
	ResolveRTT   Micros   `json:"resolveRTT" no:"5" zh:"标识解析 RTT" en:"Resolution RTT"`
	Effective    Micros   `json:"effective" no:"6" zh:"标识注册生效时间" en:"From registration to resolution"`
	Maintenance  []string `json:"maintenance" no:"7" zh:"停机维护" en:"Maintenance" is:"lines max=2000"`
	Incidents    []string `json:"incidents" no:"8" zh:"紧急情况详情" en:"Incidents" is:"lines max=2000"`
}

func (f *Figures) check(c *checker) {
	f.order(c, "resolve", [3]Micros{f.ResolveMin, f.ResolveMean, f.ResolveMax}, [2]string{f.ResolveMinAt, f.ResolveMaxAt})
	f.order(c, "register", [3]Micros{f.RegisterMin, f.RegisterMean, f.RegisterMax}, [2]string{f.RegisterMinAt, f.RegisterMaxAt})
	c.must("peakAt", f.PeakAt, (f.PeakAt != "") == (f.PeakQPS > 0) && f.ofDay(f.PeakAt), "当日发生的时间，有解析时填写", "an instant of that day when there were queries, else nothing")
	c.must("peakQPS", strconv.FormatInt(f.PeakQPS, 10), f.PeakQPS > 0 || f.ResolveMaxAt == "", "有解析时延则至少为 1", "at least 1 when there are latencies of resolution")
}

// ofDay reports whether an instant is one of the row's day, or none.
func (f *Figures) ofDay(at string) bool { return at == "" || len(at) > 10 && at[:10] == f.Date }

// order holds that least, mean and greatest ascend, and that they and their instants
// are there together or not at all.
func (f *Figures) order(c *checker, kind string, of [3]Micros, at [2]string) {
	ascend := of[0] >= 0 && of[0] <= of[1] && of[1] <= of[2]
	c.must(kind+"Mean", of[1].String(), ascend, "不小于最小值，不大于最大值", "not below the least nor above the greatest")
	none := at[0] == "" && at[1] == ""
	c.must(kind+"MaxAt", at[1], none && of[2] == 0 || at[1] != "" && f.ofDay(at[1]), "当日发生的时间", "an instant of that day, or nothing without latencies")
	c.must(kind+"MinAt", at[0], none && of[2] == 0 || at[0] != "" && f.ofDay(at[0]), "当日发生的时间", "an instant of that day, or nothing without latencies")
}

func (e *Event) check(c *checker) {
	over := e.State == StateRecovered
	c.must("linked", e.Linked, over == (e.Linked != "") && e.Linked != e.ID, "恢复正常时填写对应异常事件的编号", "the number of the event that is over, of a recovery alone")
	c.must("type", e.Type, over || e.Type != "", "1 网络故障、2 系统异常、3 安全攻击、4 其他", "1 network, 2 system, 3 attack or 4 other when it is abnormal")
}

func (r *Report) check(c *checker) {
	c.must("availabilityPPM", strconv.FormatInt(r.Availability, 10), r.Availability <= 1_000_000, "不超过 1000000", "at most 1000000")
	c.must("upSeconds", strconv.FormatInt(r.UpSeconds, 10), r.UpSeconds <= 31*24*60*60, "不超过一个月", "at most a month")
}
