package docking

import (
	"net/netip"
	"strconv"
	"strings"
)

// Route is a row of tables 2 and 7: where a prefix is resolved.
type Route struct {
	CodeType  string     `json:"codeType" no:"1" zh:"标识编码类型" en:"Type of code" is:"required one=code"`
	Prefix    string     `json:"prefix" no:"2" zh:"标识前缀或范围" en:"Prefix or range" is:"required max=255"`
	IPType    string     `json:"ipType" no:"3" zh:"IP 类型" en:"Type of address" is:"required one=ip"`
	IP        string     `json:"ip" no:"4" zh:"IP 地址" en:"Address" is:"required ip"`
	Endpoints []Endpoint `json:"endpoints" no:"5" zh:"协议类型与端口" en:"Protocols and ports" is:"required"`
}

// Endpoint is one protocol of a route with its port.
type Endpoint struct {
	Protocol string `json:"protocol" zh:"协议类型" en:"Protocol" is:"required one=protocol"`
	Port     int64  `json:"port" zh:"端口" en:"Port" is:"port"`
}

// Statistics is a row of tables 3 and 8. Of a node, what is registered are the
// prefixes of enterprises; of an enterprise, identifiers.
type Statistics struct {
	Date      string   `json:"date" no:"0" zh:"日期" en:"Day" is:"required date"`
	Prefix    string   `json:"prefix" no:"1" zh:"标识前缀" en:"Prefix" is:"required prefix"`
	New       int64    `json:"registeredOfDay" no:"2" zh:"单日标识注册量" en:"Registered on that day" is:"count"`
	Total     int64    `json:"registered" no:"3" zh:"标识注册总量" en:"Registered in all" is:"count"`
	Queries   int64    `json:"queries" no:"4" zh:"单日解析请求量" en:"Queries of that day" is:"count"`
	Successes int64    `json:"successes" no:"5" zh:"单日解析成功响应量" en:"Queries answered with what was asked for" is:"count"`
	Sources   []Source `json:"sources" no:"6" zh:"解析来源 IP 列表及解析量" en:"Queries by source"`
}

// Source is one address queries came from.
type Source struct {
	IP      string `json:"ip" zh:"IP 地址" en:"Address" is:"required ip"`
	Queries int64  `json:"queries" zh:"IP 地址的解析总量" en:"Queries from it" is:"count"`
}

// Template is a row of tables 4 and 11: what the values of identifiers mean.
type Template struct {
	Prefix   string          `json:"prefix" no:"0" zh:"标识前缀" en:"Prefix" is:"required prefix"`
	ID       string          `json:"id" no:"1" zh:"元数据标识编码" en:"Identifier of the template" is:"required max=255"`
	Industry Industry        `json:"industry" no:"2" zh:"服务行业" en:"Industry" is:"required"`
	Version  string          `json:"version" no:"3" zh:"元数据版本" en:"Version" is:"required max=32"`
	Object   string          `json:"object" no:"4" zh:"元数据对象类型" en:"What it is for" is:"required one=object"`
	Items    []TemplateField `json:"items" no:"5" zh:"元数据列表" en:"Items" is:"required"`
}

// TemplateField is one item of a template.
type TemplateField struct {
	Name   string `json:"name" zh:"数据名称（默认英文）" en:"Name" is:"required max=64"`
	Alias  string `json:"alias" zh:"数据别名（默认中文）" en:"Alias" is:"max=64"`
	Type   string `json:"type" zh:"数据类型" en:"Type" is:"required max=32"`
	Length int64  `json:"length" zh:"数据长度" en:"Length" is:"count"`
}

// Application is a row of tables 5 and 10: what identifiers are used in.
type Application struct {
	Prefix       string `json:"prefix" no:"0" zh:"标识前缀" en:"Prefix" is:"required prefix"`
	Name         string `json:"name" no:"1" zh:"应用名称" en:"Name" is:"required"`
	Type         string `json:"type" no:"2" zh:"应用类型" en:"Type" is:"required one=application"`
	Introduction string `json:"introduction" no:"3" zh:"应用简介" en:"Introduction" is:"lines max=500"`
	Users        int64  `json:"users" no:"4" zh:"应用用户量" en:"Users" is:"count"`
	Recursive    string `json:"recursive" no:"5" zh:"使用递归" en:"Recursive resolver it uses" is:"max=255"`
	Developer    string `json:"developer" no:"6" zh:"应用研发单位" en:"Developer"`
}

// Item is a row of table 9: an identifier that was added, deleted or modified.
type Item struct {
	Identifier    string `json:"identifier" no:"1" zh:"标识编码" en:"Identifier" is:"required max=2048"`
	Created       string `json:"created" no:"2" zh:"标识创建的时间" en:"Created" is:"required date"`
	Template      string `json:"template" no:"3" zh:"标识引用元数据" en:"Template" is:"max=255"`
	Operation     string `json:"operation" no:"4" zh:"操作类型" en:"Operation" is:"required one=operation"`
	ProductType   string `json:"productType" no:"5" zh:"产品类型" en:"Product, type"`
	Brand         string `json:"brand" no:"6" zh:"产品品牌" en:"Product, brand"`
	ProductName   string `json:"productName" no:"7" zh:"产品定义的名称" en:"Product, name"`
	Manufacturer  string `json:"manufacturer" no:"8" zh:"产品生产的厂商全称" en:"Product, manufacturer"`
	Produced      string `json:"produced" no:"9" zh:"产品生产的日期时间" en:"Product, made at" is:"second"`
	Expires       string `json:"expires" no:"10" zh:"产品的有效期时间" en:"Product, good until" is:"second"`
	Terminal      string `json:"terminal" no:"11" zh:"终端类型" en:"Active carrier, terminal"`
	Owner         string `json:"owner" no:"12" zh:"标识所属主体" en:"Active carrier, owner"`
	Purpose       string `json:"purpose" no:"13" zh:"用途" en:"Active carrier, purpose"`
	Serial        string `json:"serial" no:"14" zh:"串号或 IMEI" en:"Active carrier, serial number or IMEI" is:"max=64"`
	LicenceNumber string `json:"licenceNumber" no:"15" zh:"进网许可证编号" en:"Active carrier, network access licence" is:"max=64"`
	LicenceCode   string `json:"licenceCode" no:"16" zh:"进网许可标志识别码" en:"Active carrier, code of the licence's mark" is:"max=64"`
	LicenceSerial string `json:"licenceSerial" no:"17" zh:"进网许可标志序号" en:"Active carrier, number of the licence's mark" is:"max=64"`
}

func (r *Route) check(c *checker) {
	zh, en, ok := prefixForm(r.CodeType, r.Prefix)
	c.must("prefix", r.Prefix, ok, zh, en)
	if ip, err := netip.ParseAddr(r.IP); err == nil {
		c.must("ip", r.IP, ip.Is4() == (r.IPType == IPv4), "与 IP 类型一致", "an address of the type that ipType says")
		c.must("ip", r.IP, !ip.IsUnspecified() && !ip.IsMulticast(), "一台主机的地址", "the address of one host")
	}
	seen := map[Endpoint]bool{}
	for i, e := range r.Endpoints {
		c.in("endpoints", i, func() {
			c.must("port", strconv.FormatInt(e.Port, 10), !seen[e], "不重复", "each protocol and port once")
		})
		seen[e] = true
	}
}

func (s *Statistics) check(c *checker) {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	c.must("registered", n(s.Total), s.Total >= s.New, "不少于当日注册量", "at least what was registered on that day")
	c.must("successes", n(s.Successes), s.Successes <= s.Queries, "不多于请求量", "at most the queries")
	seen := map[string]bool{}
	var sum int64
	for i, from := range s.Sources {
		c.in("sources", i, func() {
			c.must("ip", from.IP, !seen[from.IP], "不重复", "each address once")
			c.must("queries", n(from.Queries), from.Queries <= s.Queries-sum, "各来源之和等于单日解析请求量", "sources that sum up to the queries of that day")
		})
		if from.Queries <= s.Queries-sum {
			sum += from.Queries
		}
		seen[from.IP] = true
	}
	c.must("queries", n(s.Queries), sum == s.Queries, "等于各来源 IP 解析量之和", "the sum of the queries of all sources")
}

func (t *Template) check(c *checker) {
	c.at("industry", func() { t.Industry.check(c) })
	seen := map[string]bool{}
	for i, f := range t.Items {
		c.in("items", i, func() { c.must("name", f.Name, !seen[f.Name], "不重复", "each name once") })
		seen[f.Name] = true
	}
}

func (i *Item) check(c *checker) {
	prefix, _, ok := strings.Cut(i.Identifier, "/")
	c.must("identifier", i.Identifier, ok && below(prefix, c.node), "企业前缀/后缀，前缀隶属于该二级节点", "a prefix below the node's, /, and a suffix")
	c.must("expires", i.Expires, i.Expires == "" || i.Expires >= i.Produced, "不早于生产时间", "not before it was made")
	active := i.Owner + i.Purpose + i.Serial + i.LicenceNumber + i.LicenceCode + i.LicenceSerial
	c.must("terminal", i.Terminal, i.Terminal != "" || active == "", "主动标识须填写终端类型", "the terminal of an active identifier")
}
