package gs1

import (
	"strconv"
	"strings"

	"golang.org/x/text/language" //nolint:depguard // a codec is where a third party belongs
)

// content returns what a part of a value must be and is not, or "". The names of the
// checks are those of ai.txt.
func content(check, s string) string {
	if is, should := form(check); is != nil {
		if is(s) {
			return ""
		}
		return should
	}
	switch check {
	case "csum":
		if want := checkDigit(s[:len(s)-1]); s[len(s)-1] != want {
			return "has the check digit " + s[len(s)-1:] + " where " + string(want) + " would be right"
		}
	case "pair":
		if want := checkPair(s); want == "" || !strings.HasSuffix(s, want) {
			return "must end in the check characters of what is before them" + strings.TrimSuffix(", "+want, ", ")
		}
	}
	return ""
}

// form returns the test of a check that needs no more than the part itself, and what it
// asks for.
func form(check string) (is func(string) bool, should string) {
	switch check {
	case "prefix":
		return func(s string) bool { return len(s) >= 4 && outside('N', s[:4]) < 0 }, "must begin with a GS1 company prefix: four digits or more"
	case "date":
		return func(s string) bool { return day(s) && s[4:] != "00" }, "must be a date as YYMMDD"
	case "date0":
		return day, "must be a date as YYMMDD; DD may be 00"
	case "longdate":
		return func(s string) bool { return day(s[2:]) && s[6:] != "00" }, "must be a date as YYYYMMDD"
	case "time":
		return func(s string) bool { return s[:2] < "24" && s[2:] < "60" }, "must be a time as HHMM"
	case "hour":
		return func(s string) bool { return s < "24" }, "must be an hour, 00 to 23"
	case "minute":
		return func(s string) bool { return s < "60" }, "must be minutes or seconds, 00 to 59"
	case "piece":
		return func(s string) bool { return "00" < s[:2] && s[:2] <= s[2:] }, "must say which piece of how many, as 0102, none of them 00"
	case "latitude":
		return func(s string) bool { return s <= "1800000000" }, "must be a latitude, 0000000000 to 1800000000"
	case "longitude":
		return func(s string) bool { return s <= "3600000000" }, "must be a longitude, 0000000000 to 3600000000"
	}
	return mark(check)
}

// mark is form for the checks of single marks and codes.
func mark(check string) (is func(string) bool, should string) {
	oneOf := func(set string) func(string) bool {
		return func(s string) bool { return strings.Contains(set, s) }
	}
	switch check {
	case "hyphen":
		return oneOf("-"), "may end in - (below zero) and nothing else"
	case "bit":
		return oneOf("01"), "must be 0 (no) or 1 (yes)"
	case "sex":
		return oneOf("0129"), "must be a code of ISO/IEC 5218: 0, 1, 2 or 9"
	case "winding":
		return oneOf("019"), "must say the winding: 0, 1 or 9"
	case "zero":
		return oneOf("0"), "must begin with 0"
	case "nonzero":
		return func(s string) bool { return strings.Trim(s, "0") != "" }, "must not have a length or count of zero"
	case "plain":
		return func(s string) bool { return s[0] != '0' }, "must not begin with 0"
	case "index":
		return func(s string) bool { return outside('Z', s) < 0 && s != "=" }, "must end in an importer index: a letter, a digit, - or _"
	case "country":
		return country, "must be a country of ISO 3166 by its three digits"
	case "country999":
		return func(s string) bool { return s == "999" || country(s) }, "must begin with a country of ISO 3166 by its three digits, or with 999"
	case "country2":
		return func(s string) bool {
			r, err := language.ParseRegion(s)
			return err == nil && s != "ZZ" && countryOf(r.M49()).String() == s
		}, "must be a country of ISO 3166 by its two letters"
	case "currency":
		return func(s string) bool { return strings.Contains(currencies, " "+s) }, "must begin with a currency of ISO 4217 by its three digits"
	case "medium":
		return func(s string) bool { return "00" < s && s <= "10" || s >= "80" }, "must be a medium by its number: 01 to 10, or 80 to 99"
	case "position":
		return position, "must be a place in a sequence, as 1/3"
	case "iban":
		return iban, "must be an IBAN with right check digits"
	case "escapes":
		return escaped, "must write % as %25, and other escapes with two hexadecimal digits"
	}
	return nil, ""
}

// country reports whether three digits are a country; M49, which the digits come from,
// has regions of the world and countries of the past too.
func country(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && countryOf(n) != language.Region{}
}

func countryOf(n int) language.Region {
	r, err := language.EncodeM49(n)
	past := n == 530 || n == 536 || n == 810 || n == 891
	if err != nil || past || n >= 900 || !r.IsCountry() || r.Canonicalize() != r || r.M49() != n {
		return language.Region{}
	}
	return r
}

// currencies are the codes of ISO 4217 in digits.
const currencies = " 008 012 032 036 044 048 050 051 052 060 064 068 072 084 090 096 104 108 116 124 132 136 144 152 156 170 174 188 192 203 208 214 222 230" +
	" 232 238 242 262 270 292 320 324 328 332 340 344 348 352 356 360 364 368 376 388 392 396 398 400 404 408 410 414 417 418 422 426 430 434" +
	" 446 454 458 462 480 484 496 498 504 512 516 524 532 533 548 554 558 566 578 586 590 598 600 604 608 634 643 646 654 682 690 702 704 706" +
	" 710 728 748 752 756 760 764 776 780 784 788 800 807 818 826 834 840 858 860 882 886 901 924 925 926 927 928 929 930 933 934 936 938 940" +
	" 941 943 944 946 947 948 949 950 951 952 953 955 956 957 958 959 960 961 962 963 964 965 967 968 969 970 971 972 973 975 976 977 978 979" +
	" 980 981 984 985 986 990 994 997 999"

// day reports whether YYMMDD is a day, or with DD = 00 a month. A century is not said:
// 29 February stands in every year that four divides.
func day(s string) bool {
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(s[2*i : 2*i+2])
	}
	last := 31
	switch n[1] {
	case 4, 6, 9, 11:
		last = 30
	case 2:
		last = 28
		if n[0]%4 == 0 {
			last = 29
		}
	}
	return 1 <= n[1] && n[1] <= 12 && n[2] <= last
}

func position(s string) bool {
	at, of, found := strings.Cut(s, "/")
	good := func(n string) bool { return n != "" && n[0] != '0' && outside('N', n) < 0 }
	return found && good(at) && good(of) && (len(at) < len(of) || (len(at) == len(of) && at <= of))
}

// escaped reports whether every % has two hexadecimal digits behind it.
func escaped(s string) bool {
	_, ok := unescape(s)
	return ok
}

// iban reports whether the check digits of ISO 13616 are right: 98 - remainder of the
// number that letters make as 10 to 35.
func iban(s string) bool {
	if len(s) < 5 {
		return false
	}
	rest := 0
	for _, c := range s[4:] + s[:4] {
		switch {
		case '0' <= c && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case 'A' <= c && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

// checkDigit returns the digit that stands behind digits: weights 3 and 1 in turns from
// the right, and what the sum lacks to a multiple of ten.
// Source: GS1 General Specifications, 7.9.
func checkDigit(digits string) byte {
	sum := 0
	for i := range len(digits) {
		n := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			n *= 3
		}
		sum += n
	}
	return byte('0' + (10-sum%10)%10)
}

// set82 has the characters of set 82 in the order of their values.
const set82 = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`

// checkPair returns the two characters that must end an alphanumeric key as s, or ""
// when it is too short to have any: weights are primes from the right, modulo 1021.
// Source: GS1 General Specifications, 7.9 (check character pair of the GMN).
func checkPair(s string) string {
	const signs = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	if len(s) < 3 || len(s) > 25 {
		return ""
	}
	primes := [...]int{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83}
	data := s[:len(s)-2]
	sum := 0
	for i := range len(data) {
		sum += strings.IndexByte(set82, data[len(data)-1-i]) * primes[i]
	}
	sum %= 1021
	return string([]byte{signs[sum>>5], signs[sum&31]})
}
