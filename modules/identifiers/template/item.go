package template

import (
	"encoding/base64"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/quantity"
	"yuzhou/modules/identifiers/handle"
)

// Parse reads a field as a person writes it and returns the data of its value.
//
// Errors: fault.Invalid that names the item, the text and what would be right.
func (i Item) Parse(text string) ([]byte, error) {
	if i.Type == Binary {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, i.wrong(text, "应是 base64", "is not base64")
		}
		return b, i.fits(len(b), text)
	}
	if !clean(text) {
		return nil, i.wrong(text, "含有控制字符或不是 UTF-8", "holds control characters, or is not UTF-8")
	}
	if err := i.fits(characters(text), text); err != nil {
		return nil, err
	}
	text, err := i.canonical(text)
	return []byte(text), err
}

// fits checks a length in characters, of what is binary in bytes.
func (i Item) fits(n int, text string) error {
	if i.Length > 0 && n > i.Length {
		return fault.Say(fault.Invalid, "%s（%s）%.40q 有 %d 个字符，最多 %d 个。", "%s (%s) %.40q has %d characters, at most %d are allowed", i.Alias, i.Name, text, n, i.Length)
	}
	return nil
}

func (i Item) wrong(text, zh, en string) error {
	return fault.Say(fault.Invalid, "%s（%s）%.40q "+zh+"。", "%s (%s) %.40q "+en, i.Alias, i.Name, text)
}

// canonical returns the one form in which a text of the item's type is kept.
func (i Item) canonical(text string) (string, error) {
	if i.Type == Choice {
		if !slices.Contains(i.Choices, text) {
			return "", fault.Say(fault.Invalid, "%s（%s）%.40q 不在选项 %q 中。", "%s (%s) %.40q is none of %q", i.Alias, i.Name, text, i.Choices)
		}
		return text, nil
	}
	f, strict := forms()[i.Type]
	if !strict {
		return text, nil
	}
	out, ok := f.read(text)
	if !ok {
		return "", i.wrong(text, f.zh, f.en)
	}
	return out, nil
}

// form is how a type is written.
type form struct {
	read   func(string) (string, bool)
	zh, en string
}

// forms returns how those types are written that have a form.
func forms() map[Type]form {
	return map[Type]form{
		Integer:    {whole, "应是整数，如 42", "is no whole number such as 42"},
		Decimal:    {decimal, "应是数字，如 42.50", "is no number such as 42.50"},
		Date:       {when(time.DateOnly), "应是日期，如 2026-01-31", "is no day such as 2026-01-31"},
		Instant:    {when(time.RFC3339), "应是时刻，如 2026-01-31T08:00:00+08:00", "is no instant such as 2026-01-31T08:00:00+08:00"},
		URL:        {address, "应是网址，如 https://example.cn/1", "is no address such as https://example.cn/1"},
		Email:      {mailbox, "应是电子邮箱，如 name@example.cn", "is no address such as name@example.cn"},
		Identifier: {identifier, "应是标识，如 88.118.2/gb-1", "is no identifier such as 88.118.2/gb-1"},
		Truth:      {truth, "应是 true 或 false（是、否）", "is neither true nor false"},
	}
}

func whole(s string) (string, bool) {
	d, err := quantity.ParseDecimal(s)
	return d.String(), err == nil && !strings.Contains(d.String(), ".")
}

func decimal(s string) (string, bool) {
	d, err := quantity.ParseDecimal(s)
	return d.String(), err == nil
}

func when(layout string) func(string) (string, bool) {
	return func(s string) (string, bool) {
		_, err := time.Parse(layout, s)
		return s, err == nil
	}
}

func address(s string) (string, bool) {
	u, err := url.Parse(s)
	return s, err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func mailbox(s string) (string, bool) {
	a, err := mail.ParseAddress(s)
	return s, err == nil && a.Address == s
}

func identifier(s string) (string, bool) {
	_, err := handle.Parse(s)
	return s, err == nil
}

func truth(s string) (string, bool) {
	v, ok := map[string]string{"true": "true", "false": "false", "是": "true", "否": "false", "yes": "true", "no": "false"}[strings.ToLower(s)]
	return v, ok
}

// text returns the data of a value as a person writes it.
func (i Item) text(data []byte) string {
	if i.Type == Binary {
		return base64.StdEncoding.EncodeToString(data)
	}
	return string(data)
}
