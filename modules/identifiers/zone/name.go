package zone

import (
	"slices"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// A name of DNS for an identifier: the suffix, then the prefix's numbers from the last
// to the first, then the zone.
//
//	88.118.2/gb-1     gb-1.2.118.88.id.example.
//	88.118.2/a/B_c    a_2fb_5fc.2.118.88.id.example.
//	0.NA/88.118.2     2.118.88.id.example.
//
// Letters, digits and hyphens of a suffix stand for themselves, in lower case: DNS and
// identifiers fold the same letters. Any other byte is written _ and two hexadecimal
// digits. What is longer than a label goes on in the next one. A label of digits alone
// ends in _, so that it is no number of the prefix; _ alone is an empty suffix.

const (
	maxLabel = 62  // one less than DNS allows: the _ behind digits
	maxName  = 253 // of the text without the last dot
	hexes    = "0123456789abcdef"
)

// DNSName returns the name of an identifier, or of a prefix (0.NA/88.118.2), in the zone
// of an origin ("id.example.").
//
// Errors: fault.Invalid when it has none: it is too long for DNS, or its prefix is not
// of numbers.
func DNSName(n handle.Name, origin string) (string, error) {
	prefix, described := n.DescribedPrefix()
	var labels []string
	if !described {
		prefix = n.Prefix()
		labels = suffixLabels(n.Suffix())
	}
	for _, part := range slices.Backward(strings.Split(prefix, ".")) {
		if !number(part) {
			return "", fault.New(fault.Invalid, "identifier %q has no name in DNS: its prefix is not of numbers", n)
		}
		labels = append(labels, part)
	}
	text := strings.Join(labels, ".") + "." + origin
	if len(text)-1 > maxName {
		return "", fault.New(fault.Invalid, "identifier %q has no name in DNS: it would have %d characters, of at most %d", n, len(text)-1, maxName)
	}
	return text, nil
}

func suffixLabels(suffix string) []string {
	var labels []string
	var label []byte
	for _, c := range handle.AppendFold(nil, suffix) {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		next := []byte{c}
		if !plain(c) {
			next = []byte{'_', hexes[c>>4], hexes[c&15]}
		}
		if len(label)+len(next) > maxLabel {
			labels = append(labels, ended(label))
			label = label[:0]
		}
		label = append(label, next...)
	}
	return append(labels, ended(label))
}

// ended returns a label as it is written.
func ended(label []byte) string {
	if strings.Trim(string(label), "0123456789") == "" {
		return string(label) + "_"
	}
	return string(label)
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-'
}

// ParseDNSName returns the identifier, or the prefix as 0.NA/88.118.2, that a name in
// the zone stands for, in lower case.
//
// Errors: fault.NotFound when the name stands for none.
func ParseDNSName(name, origin string) (handle.Name, error) {
	text, ok := strings.CutSuffix(strings.ToLower(name), "."+strings.ToLower(origin))
	if !ok {
		return "", fault.New(fault.NotFound, "%q is no name in the zone %q", name, origin)
	}
	labels := strings.Split(text, ".")
	at := len(labels)
	var prefix []string
	for at > 0 && number(labels[at-1]) {
		at--
		prefix = append(prefix, labels[at])
	}
	if len(prefix) == 0 {
		return "", fault.New(fault.NotFound, "%q has no prefix of numbers before %q", name, origin)
	}
	if at == 0 {
		return handle.Authority(strings.Join(prefix, ".")), nil
	}
	suffix, err := suffixOf(labels[:at])
	if err != nil {
		return "", fault.New(fault.NotFound, "%q stands for no identifier: %s", name, err)
	}
	n, err := handle.Parse(strings.Join(prefix, ".") + "/" + suffix)
	if err != nil {
		return "", fault.New(fault.NotFound, "%q stands for no identifier: %s", name, err)
	}
	// One identifier has one name: another way to cut or escape it stands for nothing.
	if again, err := DNSName(n, strings.ToLower(origin)); err != nil || again != strings.ToLower(name) {
		return "", fault.New(fault.NotFound, "%q stands for no identifier: %q is written otherwise", name, n)
	}
	return n, nil
}

func number(label string) bool { return label != "" && strings.Trim(label, "0123456789") == "" }

// suffixOf joins labels and undoes their escapes.
func suffixOf(labels []string) (string, error) {
	var out []byte
	for _, label := range labels {
		if digits, ok := strings.CutSuffix(label, "_"); ok && strings.Trim(digits, "0123456789") == "" {
			label = digits
		}
		for i := 0; i < len(label); i++ {
			c := label[i]
			switch {
			case plain(c):
			case c == '_' && i+2 < len(label):
				high, low := strings.IndexByte(hexes, label[i+1]), strings.IndexByte(hexes, label[i+2])
				if high < 0 || low < 0 {
					return "", fault.New(fault.Invalid, "%q is no escape", label[i:i+3])
				}
				c = byte(high<<4 | low) //nolint:gosec // two numbers below 16
				i += 2
			default:
				return "", fault.New(fault.Invalid, "%q is no character of a label", c)
			}
			out = append(out, c)
		}
	}
	return string(out), nil
}
