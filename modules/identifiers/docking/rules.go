package docking

import (
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// shortText is how many characters a text may have when its column says nothing else.
const shortText = 255

// rangeSign parts the two ends of a range of prefixes.
const rangeSign = "~"

var (
	mobileForm = regexp.MustCompile(`^(\+86)?1[3-9][0-9]{9}$`)
	phoneForm  = regexp.MustCompile(`^\+?[0-9]{3,4}(-?[0-9]+){1,3}$`)
	domainForm = regexp.MustCompile(`^([0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.)+[A-Za-z][0-9A-Za-z-]{0,61}[0-9A-Za-z]$`)
	handleForm = regexp.MustCompile(`^[0-9]{1,5}(\.[0-9A-Za-z_-]{1,128}){1,7}$`)
	oidForm    = regexp.MustCompile(`^([01]\.[1-3]?[0-9]|2\.(0|[1-9][0-9]*))(\.(0|[1-9][0-9]*))*$`)
	didForm    = regexp.MustCompile(`^did:bid(:[0-9A-Za-z]{1,64}){1,2}$`)
	vaaForm    = regexp.MustCompile(`^VAA[0-9A-Z./-]{0,64}$`)
	ecodeForm  = regexp.MustCompile(`^[1-4][0-9]{3,29}$`)
	gs1Form    = regexp.MustCompile(`^[0-9]{4,12}$`)
	creditForm = regexp.MustCompile(`^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$`)
	personForm = regexp.MustCompile(`^[1-9][0-9]{16}[0-9X]$`)
)

// CreditCode reports whether s is a unified social credit code: 18 characters of which
// the last checks the others.
//
// Source: GB 32100-2015, §4 and annex A.
func CreditCode(s string) bool {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	if !creditForm.MatchString(s) {
		return false
	}
	sum, weight := 0, 1
	for i := range 17 {
		sum += strings.IndexByte(alphabet, s[i]) * weight
		weight = weight * 3 % 31
	}
	return alphabet[(31-sum%31)%31] == s[17]
}

// residentID reports whether s is the number of a resident identity card: a division,
// a day of birth, a sequence, and a check character.
//
// Source: GB 11643-1999.
func residentID(s string) bool {
	if !personForm.MatchString(s) || !date(s[6:10]+"-"+s[10:12]+"-"+s[12:14]) {
		return false
	}
	sum, weight := 0, 1
	for i := 16; i >= 0; i-- {
		weight = weight * 2 % 11
		sum += int(s[i]-'0') * weight
	}
	return "10X98765432"[sum%11] == s[17]
}

func date(s string) bool {
	t, err := time.Parse(time.DateOnly, s)
	return err == nil && t.Format(time.DateOnly) == s
}

// prefixForm says what a prefix of a code, or a range of them, is like, and whether
// one is.
//
// Source: handles of the network GB/T 36478 and RFC 3651; OID GB/T 17969.1; Ecode
// GB/T 31866; GS1 company prefixes GB 12904; VAA ISO/IEC 15459-2; did:bid its method.
func prefixForm(code, s string) (zh, en string, ok bool) {
	form := handleForm
	zh, en = "形如 88.709 的前缀", "a prefix such as 88.709"
	switch code {
	case CodeOID:
		form, zh, en = oidForm, "形如 1.2.156.3088 的 OID", "an OID such as 1.2.156.3088"
	case CodeDID:
		form, zh, en = didForm, "形如 did:bid:ef 的前缀", "a prefix such as did:bid:ef"
	case CodeVAA:
		form, zh, en = vaaForm, "以 VAA 开头的前缀", "a prefix that begins with VAA"
	case CodeEcode:
		form, zh, en = ecodeForm, "以版本 1 至 4 开头的 4 至 30 位数字", "4 to 30 digits that begin with the version, 1 to 4"
	case CodeGS1:
		form, zh, en = gs1Form, "4 至 12 位厂商识别代码", "a company prefix of 4 to 12 digits"
	}
	from, to, isRange := strings.Cut(s, rangeSign)
	if !isRange {
		return zh, en, form.MatchString(s)
	}
	ok = form.MatchString(from) && form.MatchString(to) && len(from) == len(to) && from < to
	return zh + "，或等长升序范围 起~止", en + ", or a range FROM~TO of equal length, ascending", ok
}

// rule is one word of a tag.
type rule struct{ name, arg string }

// text checks a text by the rules of its column.
func (c *checker) text(field, s string, rules []rule) {
	limit, lines, required := shortText, false, false
	for _, r := range rules {
		switch r.name {
		case "max":
			limit, _ = strconv.Atoi(r.arg) // a test reads all tags
		case "lines":
			lines = true
		case "required":
			required = true
		}
	}
	c.must(field, s, s != "" || !required, "必填", "it to be filled in")
	if s == "" {
		return
	}
	n := strconv.Itoa(limit)
	c.must(field, s, utf8.RuneCountInString(s) <= limit, "至多 "+n+" 个字符", "at most "+n+" characters")
	bad := func(r rune) bool { return unicode.IsControl(r) && (r != '\n' || !lines) || r == 0xfffe || r == 0xffff }
	c.must(field, s, !strings.ContainsFunc(s, bad) && strings.TrimSpace(s) == s, "不含控制字符，首尾无空白", "text without control characters and without white space around it")
	for _, r := range rules {
		zh, en, ok := r.holds(s)
		c.must(field, s, ok, zh, en)
	}
}

// holds says what a rule asks for and whether a text is that.
func (r rule) holds(s string) (zh, en string, ok bool) {
	switch r.name {
	case "one":
		return r.one(s)
	case "prefix":
		return prefixForm(CodeHandle, s)
	case "section":
		return "门类字母 A 至 T（GB/T 4754—2017）", "a section of GB/T 4754-2017, A to T", len(s) == 1 && s >= "A" && s <= "T"
	case "division":
		return "大类两位数字 01 至 97（GB/T 4754—2017）", "a division of GB/T 4754-2017, 01 to 97", divisionOf(s) != ""
	case "digits":
		return r.arg + " 位数字", r.arg + " digits", digits(s) && strconv.Itoa(len(s)) == r.arg
	case "date":
		return "形如 2026-01-31 的日期", "a date such as 2026-01-31", date(s)
	case "month":
		return "形如 2026-01 的月份", "a month such as 2026-01", date(s + "-01")
	case "until":
		return "日期或“长期”", "a date such as 2026-01-31, or 长期 (for ever)", date(s) || s == Forever
	case "second":
		_, err := ParseInstant(s)
		return "形如 2026-01-31 08:00:00 的北京时间", "an instant in Beijing time such as 2026-01-31 08:00:00", err == nil
	}
	return r.reachable(s)
}

// reachable are the rules about where somebody or something is reached.
func (r rule) reachable(s string) (zh, en string, ok bool) {
	switch r.name {
	case "mobile":
		return "11 位手机号", "a mobile number of 11 digits", mobileForm.MatchString(s)
	case "phone":
		return "区号-号码", "a number such as 010-12345678", len(s) <= 20 && phoneForm.MatchString(s)
	case "email":
		a, err := mail.ParseAddress(s)
		return "邮箱地址", "an address such as name@example.org", err == nil && a.Address == s && a.Name == ""
	case "url":
		u, err := url.Parse(s)
		return "http 或 https 网址", "an address that begins with http:// or https://", err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
	case "domain":
		return "域名", "a domain name", len(s) <= 253 && domainForm.MatchString(s)
	case "ip":
		a, err := netip.ParseAddr(s)
		return "IPv4 或 IPv6 地址", "an address such as 192.0.2.1 or 2001:db8::1", err == nil && a.Zone() == "" && a.String() == s
	case "addrport":
		a, err := netip.ParseAddrPort(s)
		return "IP 地址:端口", "an address with its port such as 192.0.2.1:2641", err == nil && a.String() == s && a.Port() > 0
	}
	return "", "", true
}

func (r rule) one(s string) (zh, en string, ok bool) {
	var in []string
	for _, code := range Codes(r.arg) {
		if code.Value == s {
			return "", "", true
		}
		in = append(in, code.Value)
	}
	return "其中之一：" + strings.Join(in, "、"), "one of " + strings.Join(in, ", "), false
}

// number checks a number by the rules of its column.
func (c *checker) number(field string, n int64, rules []rule) {
	v := strconv.FormatInt(n, 10)
	for _, r := range rules {
		switch r.name {
		case "count":
			c.must(field, v, n >= 0 && n < 1<<53, "0 至 2^53-1 的整数", "a count from 0 to 2^53-1")
		case "port":
			c.must(field, v, n >= 1 && n <= 65535, "1 至 65535 的端口", "a port from 1 to 65535")
		}
	}
}
