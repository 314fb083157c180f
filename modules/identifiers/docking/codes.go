package docking

// Codes of the lists that rules are made of.
const (
	CertificateCredit = "统一社会信用代码" //nolint:gosec // a type of certificate
	DocumentResident  = "中国居民身份证"
	ModeAgent         = "委托"
	DeploymentLocal   = "本地化部署"
	LicenceNone       = "否"
	Forever           = "长期"
	IPv4              = "IPv4"
	IPv6              = "IPv6"
	StateAbnormal     = "异常"
	StateRecovered    = "恢复正常"
	CauseNetwork      = "1"
	CauseSystem       = "2"
	CauseAttack       = "3"
	CauseOther        = "4"
	OpAdd             = "1"
	OpDelete          = "2"
	OpModify          = "3"
	CodeHandle        = "Handle"
	CodeOID           = "OID"
	CodeDID           = "DID:BID"
	CodeVAA           = "VAA"
	CodeEcode         = "Ecode"
	CodeGS1           = "GS1"
)

// Code is one value of a list with its labels.
type Code struct {
	Value, ZH, EN string
}

// Codes returns the values of a list in the order of the guide, none when there is no
// such list. Column.Rule names it: one=LIST.
func Codes(list string) []Code {
	word := func(zh, en string) Code { return Code{zh, zh, en} }
	switch list {
	case "nature":
		return []Code{word("国有控股", "State-controlled"), word("民营控股", "Privately controlled"), word("外商控股", "Foreign-controlled"), word("事业单位", "Public institution"), word("民营非盈利组织", "Private, not for profit")}
	case "certificate":
		return []Code{word(CertificateCredit, "Unified social credit code"), word("其他", "Other")}
	case "document":
		return []Code{word(DocumentResident, "Resident identity card"), word("护照", "Passport"), word("其他", "Other")}
	case "licence":
		return []Code{
			word("域名根服务器运行机构许可证", "Operator of a root server of domain names"), word("域名注册管理机构许可证", "Registry of domain names"),
			word("域名注册服务机构许可证", "Registrar of domain names"), word("增值电信业务经营许可证", "Value-added telecommunications"), word(LicenceNone, "None"),
		}
	case "mode":
		return []Code{word("自营", "Itself"), word(ModeAgent, "An agent")}
	case "deployment":
		return []Code{word(DeploymentLocal, "Local"), word("云部署", "Cloud")}
	case "code":
		return []Code{{CodeHandle, CodeHandle, CodeHandle}, {CodeOID, CodeOID, CodeOID}, {CodeDID, CodeDID, CodeDID}, {CodeVAA, CodeVAA, CodeVAA}, {CodeEcode, CodeEcode, CodeEcode}, {CodeGS1, CodeGS1, CodeGS1}}
	case "ip":
		return []Code{{IPv4, IPv4, IPv4}, {IPv6, IPv6, IPv6}}
	case "protocol":
		return []Code{{"TCP", "TCP", "TCP"}, {"UDP", "UDP", "UDP"}, {"HTTP", "HTTP", "HTTP"}}
	}
	return numbered(list)
}

// numbered returns the lists whose values the guide numbers.
func numbered(list string) []Code {
	switch list {
	case "object":
		return []Code{{"1", "被动标识载体", "Passive carrier"}, {"2", "主动标识载体", "Active carrier"}}
	case "application":
		return []Code{{"1", "APP", "App"}, {"2", "小程序", "Mini program"}, {"3", "网页", "Web page"}, {"4", "PC 客户端", "PC client"}, {"5", "其他", "Other"}}
	case "operation":
		return []Code{{OpAdd, "新增", "Added"}, {OpDelete, "删除", "Deleted"}, {OpModify, "修改", "Modified"}}
	case "state":
		return []Code{{StateAbnormal, StateAbnormal, "Abnormal"}, {StateRecovered, StateRecovered, "Recovered"}}
	case "cause":
		return []Code{{CauseNetwork, "网络故障", "Network failure"}, {CauseSystem, "系统异常", "System failure"}, {CauseAttack, "安全攻击", "Attack"}, {CauseOther, "其他", "Other"}}
	}
	return nil
}

// section returns the section of GB/T 4754-2017 that a division of two digits is of,
// 0 when there is none.
func section(division int) byte {
	// The last division of each section from A to T.
	for i, last := range []int{5, 12, 43, 46, 50, 52, 60, 62, 65, 69, 70, 72, 75, 79, 82, 83, 85, 90, 96, 97} {
		if division >= 1 && division <= last {
			return byte('A' + i)
		}
	}
	return 0
}

// divisionOf returns the section of a division, "" when there is none.
func divisionOf(division string) string {
	if len(division) != 2 || !digits(division) {
		return ""
	}
	if s := section(int(division[0]-'0')*10 + int(division[1]-'0')); s != 0 {
		return string(s)
	}
	return ""
}

// digits reports whether s consists of decimal digits.
func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
