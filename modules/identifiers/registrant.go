package identifiers

import (
	"net/mail"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/modules/identifiers/docking"
)

// Registrant is who holds prefixes and registers identifiers below them: a
// registration service or an enterprise.
type Registrant struct {
	pack.Text
	ID         string `json:"id,omitempty" doc:"given when it is first entered"`
	CreditCode string `json:"credit_code" doc:"unified social credit code, 18 characters (GB 32100)"`
	Kind       string `json:"kind" enum:"enterprise,institution,government,association"`
	Person     string `json:"person" doc:"legal representative"`
	Contact    string `json:"contact" doc:"who answers for its identifiers"`
	Phone      string `json:"phone"`
	Email      string `json:"email,omitempty"`
	Address    string `json:"address"`
	Area       string `json:"area" doc:"GB/T 2260 code of the district"`
	Industry   string `json:"industry,omitempty" doc:"GB/T 4754 code"`

	Licence      string   `json:"licence,omitempty" doc:"number of its registration-service licence; a registration service has one"`
	LicenceFrom  string   `json:"licence_from,omitempty"`
	LicenceUntil string   `json:"licence_until,omitempty"`
	Documents    []string `json:"documents,omitempty" doc:"SHA-256 of what was handed in: business licence, licence"`

	Verified   time.Time `json:"verified,omitzero" doc:"when its real name was checked"`
	VerifiedBy string    `json:"verified_by,omitempty" doc:"id of who checked it"`
	Demo       bool      `json:"demo,omitempty" doc:"generated for demonstration"`
}

// valid checks what a registrant says of itself.
func (r Registrant) valid() error {
	for _, f := range []struct {
		name  pack.Text
		value string
	}{
		{pack.Text{ZH: "名称", EN: "name"}, r.ZH},
		{pack.Text{ZH: "法定代表人", EN: "person"}, r.Person},
		{pack.Text{ZH: "联系人", EN: "contact"}, r.Contact},
		{pack.Text{ZH: "电话", EN: "phone"}, r.Phone},
		{pack.Text{ZH: "地址", EN: "address"}, r.Address},
	} {
		if strings.TrimSpace(f.value) == "" {
			return fault.Say(fault.Invalid, "注册者的%s没有填。", "%s of the registrant is missing", f.name)
		}
	}
	if kinds := []string{"enterprise", "institution", "government", "association"}; !slices.Contains(kinds, r.Kind) {
		return fault.Say(fault.Invalid, "注册者的类别 %q 不认识，可以是 %v。", "kind %q of the registrant is none of %v", r.Kind, kinds)
	}
	if !docking.CreditCode(r.CreditCode) {
		return fault.Say(fault.Invalid, "统一社会信用代码 %q 不对：应是 18 位数字和大写字母，末位是校验位。", "credit code %q is none of GB 32100: 18 digits and capital letters, of which the last checks the others", r.CreditCode)
	}
	if !digits(r.Area, 6) {
		return fault.Say(fault.Invalid, "行政区划代码 %q 应是 6 位数字，如 500103。", "area %q is no code of GB/T 2260: six digits such as 500103", r.Area)
	}
	if _, err := mail.ParseAddress(r.Email); r.Email != "" && err != nil {
		return fault.Say(fault.Invalid, "电子邮箱 %q 的写法不对，如 name@example.cn。", "email %q is no address such as name@example.cn", r.Email)
	}
	return r.validLicence()
}

func (r Registrant) validLicence() error {
	for _, day := range []string{r.LicenceFrom, r.LicenceUntil} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return fault.Say(fault.Invalid, "许可证日期 %q 的写法不对，如 2026-01-31。", "date %q of the licence is no day such as 2026-01-31", day)
		}
	}
	switch {
	case r.Licence == "" && r.LicenceFrom+r.LicenceUntil != "":
		return fault.Say(fault.Invalid, "填了许可证日期，却没有许可证编号。", "the licence has dates and no number")
	case r.Licence != "" && (r.LicenceFrom == "" || r.LicenceUntil <= r.LicenceFrom):
		return fault.Say(fault.Invalid, "许可证有效期应有起止日期，止在起后。", "a licence has a first day and a later last day")
	}
	return nil
}

func digits(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789") == ""
}
