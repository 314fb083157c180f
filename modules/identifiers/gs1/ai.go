package gs1

import (
	_ "embed" // the tables are data
	"slices"
	"strconv"
	"strings"
	"sync"

	"yuzhou/kernel/fault"
)

// AI is an application identifier: what a value means and how it is written.
type AI struct {
	Code      string     // two to four digits
	Title     string     // data title, as "BATCH/LOT"
	ZH        string     // name in Chinese; empty for most data attributes
	Primary   bool       // it may be what a path identifies
	Qualifier bool       // it may make a key in a path finer
	Attribute bool       // it may stand in a query
	Format    string     // as "N13(csum)+[X..17]"; see ai.txt
	Sequences [][]string // of a primary key: the orders that its qualifiers may have
	Required  string     // of a primary key: the qualifier that a path must have; "" for none

	parts []part
}

// part is a run of characters in a value.
type part struct {
	set      byte // N, X, Y or Z
	min, max int  // characters
	optional bool
	checks   []string
}

//go:embed ai.txt
var aiText string

// table is what ai.txt says.
//
//nolint:gochecknoglobals // read once, never written
var table = sync.OnceValue(func() map[string]AI {
	all := map[string]AI{}
	for line := range strings.Lines(aiText) {
		ai, last, ok := readAI(strings.TrimSuffix(line, "\n"))
		for n, _ := strconv.Atoi(ai.Code); ok; n++ {
			all[ai.Code] = ai
			if ai.Code >= last {
				break
			}
			ai.Code = strconv.Itoa(n + 1)
		}
	}
	return all
})

// readAI reads a line of ai.txt and returns the last code of its range too.
func readAI(line string) (AI, string, bool) {
	f := strings.Split(line, "\t")
	if len(f) != 6 || line[0] == '#' {
		return AI{}, "", false
	}
	none := func(s string) string { return strings.TrimPrefix(s, "-") }
	first, last, _ := strings.Cut(f[0], "-")
	ai := AI{
		Code: first, Title: none(f[4]), ZH: none(f[5]), Format: f[2],
		Primary: strings.Contains(f[1], "k"), Qualifier: strings.Contains(f[1], "q"), Attribute: strings.Contains(f[1], "a"),
	}
	if q := none(f[3]); q != "" {
		for alternative := range strings.SplitSeq(q, "|") {
			seq := strings.Split(alternative, ",")
			for i, code := range seq {
				if bare, ok := strings.CutSuffix(code, "!"); ok {
					seq[i], ai.Required = bare, bare
				}
			}
			ai.Sequences = append(ai.Sequences, seq)
		}
	}
	var ok bool
	ai.parts, ok = readFormat(ai.Format)
	return ai, last, ok
}

func readFormat(format string) ([]part, bool) {
	var parts []part
	for text := range strings.SplitSeq(format, "+") {
		var p part
		if inner, ok := strings.CutPrefix(text, "["); ok {
			text, p.optional = strings.TrimSuffix(inner, "]"), true
		}
		length, checks, found := strings.Cut(text, "(")
		if found {
			p.checks = strings.Split(strings.TrimSuffix(checks, ")"), ",")
		}
		if length == "" {
			return nil, false
		}
		p.set = length[0]
		upTo, variable := strings.CutPrefix(length[1:], "..")
		n, err := strconv.Atoi(upTo)
		p.min, p.max = n, n
		if variable {
			p.min = 1
		}
		if err != nil || n < 1 || !strings.ContainsRune("NXYZ", rune(p.set)) {
			return nil, false
		}
		parts = append(parts, p)
	}
	return parts, true
}

// LookupAI returns what an application identifier means. It knows those that a Digital
// Link URI may carry, 16 primary keys among them.
func LookupAI(code string) (AI, bool) {
	ai, ok := table()[code]
	return ai, ok
}

// PrimaryKeys returns the codes that may begin an identity, in ascending order.
func PrimaryKeys() []string {
	var keys []string
	for code, ai := range table() {
		if ai.Primary {
			keys = append(keys, code)
		}
	}
	slices.Sort(keys)
	return keys
}

// sequence returns the order of qualifiers that has all of those given, in their order.
func (a AI) sequence(codes []string) ([]string, bool) {
	if len(codes) == 0 {
		return nil, true
	}
	for _, seq := range a.Sequences {
		if follows(seq, codes) {
			return seq, true
		}
	}
	return nil, false
}

// follows reports whether codes are members of seq in its order, each at most once.
func follows(seq, codes []string) bool {
	for _, code := range codes {
		at := slices.Index(seq, code)
		if at < 0 {
			return false
		}
		seq = seq[at+1:]
	}
	return true
}

// qualifiers says for people which qualifiers a key takes.
func (a AI) qualifiers() string {
	if len(a.Sequences) == 0 {
		return "it takes none"
	}
	var s []string
	for _, seq := range a.Sequences {
		s = append(s, strings.Join(seq, ", then "))
	}
	return "it takes " + strings.Join(s, ", or instead ")
}

// Check reports whether a value is written as the General Specifications have it:
// length, characters, check digits, dates.
//
// Errors: fault.Invalid that names the AI, the value and what would be right.
func (a AI) Check(value string) error {
	rest := value
	for i, p := range a.parts {
		if rest == "" && p.optional {
			return nil
		}
		n := min(len(rest), p.max)
		if n < p.min || (i == len(a.parts)-1 && len(rest) > n) {
			return a.bad(value, "must have "+a.lengths())
		}
		if at := outside(p.set, rest[:n]); at >= 0 {
			return a.bad(value, "may have only "+setNames(p.set)+" at character "+strconv.Itoa(len(value)-len(rest)+at+1))
		}
		for _, check := range p.checks {
			if should := content(check, rest[:n]); should != "" {
				return a.bad(value, should)
			}
		}
		rest = rest[n:]
	}
	return nil
}

func (a AI) bad(value, should string) error {
	return fault.New(fault.Invalid, "AI %s (%s): the value %.80q %s", a.Code, a.Title, value, should)
}

// lengths says for people how long a value is.
func (a AI) lengths() string {
	least, most := 0, 0
	for _, p := range a.parts {
		most += p.max
		if !p.optional {
			least += p.min
		}
	}
	if least == most {
		return strconv.Itoa(most) + " characters"
	}
	return strconv.Itoa(least) + " to " + strconv.Itoa(most) + " characters"
}

// outside returns where a text leaves a character set, or -1.
// Source: GS1 General Specifications, 7.11 (tables of set 82 and set 39).
func outside(set byte, s string) int {
	return strings.IndexFunc(s, func(r rune) bool {
		digit, upper, lower := '0' <= r && r <= '9', 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z'
		switch set {
		case 'N':
			return !digit
		case 'Y':
			return !digit && !upper && r != '#' && r != '-' && r != '/'
		case 'Z':
			return !digit && !upper && !lower && r != '-' && r != '_' && r != '='
		}
		return !digit && !upper && !lower && !strings.ContainsRune(`!"%&'()*+,-./:;<=>?_`, r)
	})
}

func setNames(set byte) string {
	switch set {
	case 'N':
		return "digits"
	case 'Y':
		return "digits, A to Z and # - / (character set 39)"
	case 'Z':
		return "letters, digits and - _ = (base64url)"
	}
	return `letters, digits and ! " % & ' ( ) * + , - . / : ; < = > ? _ (character set 82)`
}
