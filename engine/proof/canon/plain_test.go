package canon

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// plain is a second canonical form, written another way than the package and jcs: the
// grammar is left to encoding/json, strings are UTF-16 code units as in the text of
// RFC 8785, numbers are compared as fractions. It gives false for what is no I-JSON.
func plain(doc []byte) (out string, ok bool) {
	if !json.Valid(doc) || !utf8.Valid(doc) {
		return "", false
	}
	defer func() {
		if r := recover(); r != nil {
			out, ok = "", false // no is thrown from the depth
		}
	}()
	p := &plainly{units: utf16.Encode([]rune(string(doc)))}
	return p.value(0), true
}

type plainly struct {
	units []uint16
	at    int
}

func no(why string) { panic(why) }

func (p *plainly) peek() uint16 {
	for p.at < len(p.units) && strings.ContainsRune(" \t\r\n", rune(p.units[p.at])) {
		p.at++
	}
	if p.at == len(p.units) {
		return 0
	}
	return p.units[p.at]
}

func (p *plainly) value(depth int) string {
	c := p.peek()
	if (c == '{' || c == '[') && depth == 64 {
		no("deep")
	}
	switch c {
	case '{':
		return p.object(depth + 1)
	case '[':
		var parts []string
		for p.at++; p.peek() != ']'; {
			if p.units[p.at] == ',' {
				p.at++
			}
			parts = append(parts, p.value(depth+1))
		}
		p.at++
		return "[" + strings.Join(parts, ",") + "]"
	case '"':
		return quote(p.string())
	}
	start := p.at
	for p.at < len(p.units) && !strings.ContainsRune(" \t\r\n,]}", rune(p.units[p.at])) {
		p.at++
	}
	token := string(utf16.Decode(p.units[start:p.at]))
	if strings.Contains("true false null", token) {
		return token
	}
	return number(token)
}

func (p *plainly) object(depth int) string {
	type member struct {
		key   []uint16
		value string
	}
	var members []member
	for p.at++; p.peek() != '}'; {
		if p.units[p.at] == ',' {
			p.at++
			p.peek()
		}
		key := p.string()
		p.peek()
		p.at++ // the colon
		members = append(members, member{key, p.value(depth)})
	}
	p.at++
	slices.SortFunc(members, func(a, b member) int { return slices.Compare(a.key, b.key) })
	var parts []string
	for i, m := range members {
		if i > 0 && slices.Equal(m.key, members[i-1].key) {
			no("twice")
		}
		parts = append(parts, quote(m.key)+":"+m.value)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (p *plainly) string() []uint16 {
	p.peek()
	var out []uint16
	for p.at++; p.units[p.at] != '"'; p.at++ {
		c := p.units[p.at]
		if c == '\\' {
			p.at++
			c = p.units[p.at]
			if i := strings.IndexByte("bfnrt", byte(c)); i >= 0 {
				c = uint16("\b\f\n\r\t"[i])
			} else if c == 'u' {
				u, err := strconv.ParseUint(string(utf16.Decode(p.units[p.at+1:p.at+5])), 16, 16)
				if err != nil {
					no("hex")
				}
				c = uint16(u)
				p.at += 4
			}
		}
		out = append(out, c)
	}
	p.at++
	return out
}

func quote(units []uint16) string {
	var b strings.Builder
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if 0xd800 <= r && r < 0xe000 {
			if i+1 == len(units) || r >= 0xdc00 || units[i+1] < 0xdc00 || units[i+1] > 0xdfff {
				no("half a pair")
			}
			r = 0x10000 + (r-0xd800)<<10 + rune(units[i+1]) - 0xdc00
			i++
		}
		if r%0x10000 >= 0xfffe || r >= 0xfdd0 && r < 0xfdf0 {
			no("no character")
		}
		if j := strings.IndexRune("\b\f\n\r\t\"\\", r); j >= 0 {
			b.WriteString(`\` + `bfnrt"\`[j:j+1])
		} else if r < 0x20 {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

// number prints as ECMA-262 Number::toString, from the shortest digits.
func number(token string) string {
	f, err := strconv.ParseFloat(token, 64)
	if err != nil || math.Abs(f) >= 1<<53 {
		no("large")
	}
	if f == 0 {
		if strings.ContainsAny(strings.FieldsFunc(token, func(r rune) bool { return r|32 == 'e' })[0], "123456789") {
			no("small")
		}
		return "0"
	}
	if _, e, _ := strings.Cut(strings.ToLower(token), "e"); len(strings.TrimLeft(e, "+-0")) > 5 {
		// A fraction of this size takes all memory, and only a mantissa of 100,000
		// digits brings it back into the range of doubles.
		no("not compared")
	}
	shortest := strconv.FormatFloat(math.Abs(f), 'e', -1, 64)
	given, _ := new(big.Rat).SetString(token)
	back, _ := new(big.Rat).SetString(shortest)
	if given.Abs(given).Cmp(back) != 0 {
		no("digits")
	}
	digits, e, _ := strings.Cut(strings.Replace(shortest, ".", "", 1), "e")
	exponent, _ := strconv.Atoi(e)
	k, n := len(digits), exponent+1
	var out string
	switch {
	case k <= n && n <= 21:
		out = digits + strings.Repeat("0", n-k)
	case 0 < n && n <= 21:
		out = digits[:n] + "." + digits[n:]
	case -6 < n && n <= 0:
		out = "0." + strings.Repeat("0", -n) + digits
	default:
		out = digits[:1]
		if k > 1 {
			out += "." + digits[1:]
		}
		out += "e" + fmt.Sprintf("%+d", n-1)
	}
	if f < 0 {
		out = "-" + out
	}
	return out
}
