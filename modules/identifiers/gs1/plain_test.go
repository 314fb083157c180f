package gs1

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// plainPaths are all the paths that URI Syntax 4.9 has, each as a line of codes.
const plainPaths = `
01
01 22
01 10
01 21
01 22 10
01 22 21
01 10 21
01 22 10 21
01 235
8006
8006 22
8006 10
8006 21
8006 22 10
8006 22 21
8006 10 21
8006 22 10 21
8013
8010
8010 8011
414
414 254
414 7040
417
417 7040
415 8020
8017
8017 8019
8018
8018 8019
255
00
253
401
402
8003
8004
8004 7040
`

// plainValue matches the values of a code; what has a check digit has it in group 1.
func plainValue(code string) string {
	x := func(n int) string { return fmt.Sprintf(`[!"%%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,%d}`, n) }
	return map[string]string{
		"00": `(\d{18})`, "01": `(\d{14})`, "8006": `(\d{14})(?:0[1-9]|[1-9]\d)(?:0[1-9]|[1-9]\d)`, "414": `(\d{13})`, "415": `(\d{13})`, "417": `(\d{13})`,
		"8017": `(\d{18})`, "8018": `(\d{18})`, "402": `(\d{17})`, "255": `(\d{13})\d{0,12}`, "253": `(\d{13})(?:` + x(17) + `)?`, "8003": `0(\d{13})(?:` + x(16) + `)?`,
		"401": `()\d{4}(?:` + x(26) + `)?`, "8004": `()\d{4}(?:` + x(26) + `)?`, "8010": `()\d{4}[#\-/0-9A-Z]{0,26}`, "8013": `()\d{4}(?:` + x(21) + `)?`,
		"22": `()` + x(20), "10": `()` + x(20), "21": `()` + x(20), "235": `()` + x(28), "254": `()` + x(20), "8020": `()` + x(25), "7040": `()\d` + x(1) + x(1) + `[0-9A-Za-z_-]`,
		"8011": `()[1-9]\d{0,11}`, "8019": `()\d{1,10}`,
	}[code]
}

// plainCheck weighs digits from the left, as tables of the General Specifications do.
func plainCheck(s string) bool {
	sum := 0
	for i, c := range s {
		if (len(s)-i)%2 == 0 {
			sum += 2 * int(c-'0')
		}
		sum += int(c - '0')
	}
	return sum%10 == 0
}

// plainValid decides with a list of paths and regular expressions what ParsePath decides
// with its table, for paths without a stem.
func plainValid(patterns map[string]*regexp.Regexp, path string) bool {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	var codes []string
	for i := 0; i+1 < len(segments); i += 2 {
		value, err := url.PathUnescape(segments[i+1])
		if segments[i] == "01" && len(value) >= 8 && len(value) < 14 && len(value) != 9 && len(value) != 10 && len(value) != 11 {
			value = ("000000" + value)[len(value)-8:]
		}
		pattern := plainValue(segments[i])
		if err != nil || pattern == "" {
			return false
		}
		if patterns[pattern] == nil {
			patterns[pattern] = regexp.MustCompile(`\A(?:` + pattern + `)\z`)
		}
		m := patterns[pattern].FindStringSubmatch(value)
		if m == nil || !plainCheck(m[1]) {
			return false
		}
		if segments[i] == "8006" && value[14:16] > value[16:] || segments[i] == "8013" && !plainPair(value) {
			return false
		}
		codes = append(codes, segments[i])
	}
	return len(segments)%2 == 0 && strings.Contains(plainPaths, "\n"+strings.Join(codes, " ")+"\n")
}

// plainPair checks the pair of a GMN with a sieve and the values as the tables count them.
func plainPair(s string) bool {
	value := map[rune]int{}
	for i, c := range `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz` {
		value[c] = i
	}
	var primes []int
	for n := 2; len(primes) < len(s)-2; n++ {
		if !slices.ContainsFunc(primes, func(p int) bool { return n%p == 0 }) {
			primes = append(primes, n)
		}
	}
	slices.Reverse(primes)
	sum := 0
	for i, c := range s[:len(s)-2] {
		sum += value[c] * primes[i]
	}
	signs := "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	return s[len(s)-2] == signs[sum%1021/32] && s[len(s)-1] == signs[sum%1021%32]
}

func randomValue(r *rand.Rand, code string) string {
	digits := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('0' + r.IntN(10))
		}
		return string(b)
	}
	checked := func(n int) string {
		d := digits(n - 1)
		return d + string(checkDigit(d))
	}
	text := func(most int) string {
		b := make([]byte, 1+r.IntN(most))
		for i := range b {
			b[i] = set82[r.IntN(len(set82))]
		}
		return string(b)
	}
	switch code {
	case "00", "8017", "8018":
		return checked(18)
	case "01":
		return checked([]int{8, 12, 13, 14}[r.IntN(4)])
	case "8006":
		return checked(14) + "0" + digits(1) + "0" + digits(1)
	case "414", "415", "417":
		return checked(13)
	case "402":
		return checked(17)
	case "255":
		return checked(13) + digits(r.IntN(13))
	case "253":
		return checked(13) + text(18)[1:]
	case "8003":
		return "0" + checked(13) + text(17)[1:]
	case "8013":
		s := digits(4) + text(19)
		return s + checkPair(s+"xx")
	case "401", "8004", "8010":
		return digits(4) + strings.ToUpper(text(26))
	case "7040":
		return digits(1) + text(3)
	case "8011", "8019":
		return digits(1 + r.IntN(11))
	}
	return text(21)
}

// Random paths, most of them nearly right, are decided as the plain way decides them.
func TestPlain(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	lines := strings.Fields(strings.ReplaceAll(strings.TrimSpace(plainPaths), " ", "/"))
	codes := []string{"01", "10", "21", "22", "235", "254", "414", "7040", "8006", "8011", "8019", "8020", "99", "17"}
	patterns := map[string]*regexp.Regexp{}
	good := 0
	for range 15_000 {
		var b strings.Builder
		line := strings.Split(lines[r.IntN(len(lines))], "/")
		switch r.IntN(8) {
		case 0:
			line = append(line, codes[r.IntN(len(codes))])
		case 1:
			line[r.IntN(len(line))] = codes[r.IntN(len(codes))]
		case 2:
			r.Shuffle(len(line), func(i, j int) { line[i], line[j] = line[j], line[i] })
		}
		for _, code := range line {
			value := []byte(randomValue(r, code))
			if r.IntN(10) == 0 {
				value[r.IntN(len(value))] = "09aZ~#/ \x00é"[r.IntN(10)]
			}
			b.WriteString("/" + code + "/" + url.PathEscape(string(value)))
		}
		path := b.String()
		want := plainValid(patterns, path)
		stem, id, err := ParsePath(path)
		if got := err == nil && stem == ""; got != want {
			t.Fatalf("%s: %v (%v), plainly %v", path, got, err, want)
		}
		if !want {
			continue
		}
		good++
		if back, err := ParseSuffix(id.Suffix()); err != nil || !back.Equal(id) {
			t.Fatalf("%s: suffix %s: %v", path, id.Suffix(), err)
		}
	}
	if good < 4000 {
		t.Errorf("only %d paths were good", good)
	}
}
