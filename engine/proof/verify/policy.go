package verify

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
)

// The bounds of a policy.
const (
	maxPolicy  = 1 << 20 // bytes
	maxMembers = 1000    // witnesses and groups
)

// Policy is whom a reader trusts: the log by its key, the root of the city's register of
// keys, the witnesses and how many of them, the authorities of time stamps. The zero
// Policy trusts nobody.
//
// Its text is a C2SP tlog-policy (lines log, witness, group, quorum) with two more kinds
// of line: "root NAME MULTIKEY" and "tsa BASE64", the DER of a certificate.
type Policy struct {
	log       note.Verifier
	witnesses map[string]cosigner // by the name that the policy gives
	groups    map[string]group
	member    map[string]bool // names that stand in a group: in one only, so that a witness counts once
	quorum    string          // name of a witness or group; "" for none
	roots     map[string]statement.Key
	pins      []*x509.Certificate
}

// group is k of some witnesses and groups.
type group struct {
	k       int
	members []string
}

// ParsePolicy reads a policy.
//
// Errors: fault.Invalid with the line, what is wrong and what would be right.
// Source: C2SP tlog-policy.
func ParsePolicy(text []byte) (Policy, error) {
	p := Policy{witnesses: map[string]cosigner{}, groups: map[string]group{}, member: map[string]bool{}, roots: map[string]statement.Key{}}
	if len(text) > maxPolicy || !utf8.Valid(text) {
		return p, fault.New(fault.Invalid, "the policy has %d bytes or is not UTF-8; at most %d are read", len(text), maxPolicy)
	}
	if at := bytes.IndexFunc(text, control); at >= 0 {
		return p, fault.New(fault.Invalid, "policy, line %d: it has a control character; of those only tab and line feed may stand in it", 1+bytes.Count(text[:at], []byte("\n")))
	}
	quorum := false
	n := 0
	for line := range bytes.Lines(text) {
		n++
		words := strings.FieldsFunc(string(line), func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' })
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if quorum && words[0] == "quorum" {
			return p, fault.New(fault.Invalid, "policy, line %d: a second quorum; it is said once", n)
		}
		if err := p.line(words); err != nil {
			return p, fault.New(fault.Invalid, "policy, line %d: %s", n, err)
		}
		quorum = quorum || words[0] == "quorum"
	}
	switch {
	case p.log == nil:
		return p, fault.New(fault.Invalid, "the policy names no log; it has to have a line \"log VKEY\"")
	case !quorum:
		return p, fault.New(fault.Invalid, "the policy does not say which witnesses are asked for; it has to have a line \"quorum none\" or \"quorum NAME\"")
	case len(p.roots) == 0:
		return p, fault.New(fault.Invalid, "the policy names no root of the register of keys; it has to have a line \"root NAME MULTIKEY\"")
	}
	return p, nil
}

// control reports whether a policy may not have a character.
func control(r rune) bool { return r != '\t' && r != '\n' && r < 0x20 || r == 0x7f }

// line takes one line. The error is a part of a sentence.
func (p *Policy) line(words []string) error {
	kinds := map[string]struct {
		least, most int
		take        func([]string) error
		form        string
	}{
		"log":     {1, 2, p.takeLog, "log VKEY [URL]"},
		"witness": {2, 3, p.takeWitness, "witness NAME VKEY [URL]"},
		"group":   {3, maxMembers, p.takeGroup, "group NAME any|all|K MEMBER..."},
		"quorum":  {1, 1, p.takeQuorum, "quorum none|NAME"},
		"root":    {2, 2, p.takeRoot, "root NAME MULTIKEY"},
		"tsa":     {1, 1, p.takeTSA, "tsa BASE64"},
	}
	k, ok := kinds[words[0]]
	if !ok {
		return fmt.Errorf("%.40q is not one of log, witness, group, quorum, root, tsa", words[0])
	}
	if n := len(words) - 1; n < k.least || n > k.most {
		return fmt.Errorf("it has %d words after %s; its form is %s", n, words[0], k.form)
	}
	return k.take(words[1:])
}

func (p *Policy) takeLog(words []string) error {
	if p.log != nil {
		return errors.New("a second log; name the one that the bundles are of")
	}
	v, err := note.NewVerifier(words[0])
	if err != nil {
		return fmt.Errorf("%.200q is not the key of a log, such as example.org/log+a1b2c3d4+AQ…", words[0])
	}
	p.log = v
	return nil
}

func (p *Policy) takeWitness(words []string) error {
	if err := p.fresh(words[0]); err != nil {
		return err
	}
	c, err := parseCosigner(words[1])
	if err != nil {
		return err
	}
	for name, w := range p.witnesses {
		if w.key.Equal(c.key) { // under another name it would count twice
			return fmt.Errorf("the key of witness %.40q is that of witness %.40q", words[0], name)
		}
	}
	p.witnesses[words[0]] = c
	return nil
}

func (p *Policy) takeGroup(words []string) error {
	if err := p.fresh(words[0]); err != nil {
		return err
	}
	g := group{members: words[2:]}
	for _, m := range g.members {
		if !p.known(m) || p.member[m] {
			return fmt.Errorf("member %.40q of the group is not named before, or is a member twice, of this group or another", m)
		}
		p.member[m] = true
	}
	switch words[1] {
	case "any":
		g.k = 1
	case "all":
		g.k = len(g.members)
	default:
		k, err := strconv.Atoi(words[1])
		if err != nil || k < 1 || k > len(g.members) || strconv.Itoa(k) != words[1] {
			return fmt.Errorf("%.40q of %d members is not any, all or a number from 1 to %d", words[1], len(g.members), len(g.members))
		}
		g.k = k
	}
	p.groups[words[0]] = g
	return nil
}

func (p *Policy) takeQuorum(words []string) error {
	if words[0] == "none" {
		return nil
	}
	if !p.known(words[0]) {
		return fmt.Errorf("quorum %.40q is neither none nor a witness or group that is named before", words[0])
	}
	p.quorum = words[0]
	return nil
}

func (p *Policy) takeRoot(words []string) error {
	key, err := statement.ParseKey(words[1])
	if err != nil {
		return err
	}
	if p.roots[words[0]] != (statement.Key{}) {
		return fmt.Errorf("root %.80q is named twice", words[0])
	}
	p.roots[words[0]] = key
	return nil
}

func (p *Policy) takeTSA(words []string) error {
	der, err := base64.StdEncoding.Strict().DecodeString(words[0])
	if err != nil {
		return errors.New("the certificate is not base64")
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("the certificate is not DER of X.509: %w", err)
	}
	p.pins = append(p.pins, c)
	return nil
}

// fresh refuses a name that is taken.
func (p *Policy) fresh(name string) error {
	if p.known(name) || name == "none" {
		return fmt.Errorf("the name %.40q is taken", name)
	}
	if len(p.witnesses)+len(p.groups) >= maxMembers {
		return fmt.Errorf("more than %d witnesses and groups", maxMembers)
	}
	return nil
}

func (p *Policy) known(name string) bool {
	_, witness := p.witnesses[name]
	_, group := p.groups[name]
	return witness || group
}

// met reports whether what is asked for has cosigned. Groups name what is before them, so
// this ends.
func (p *Policy) met(name string, signed map[string]bool) bool {
	g, ok := p.groups[name]
	if !ok {
		return signed[name]
	}
	n := 0
	for _, m := range g.members {
		if p.met(m, signed) {
			n++
		}
	}
	return n >= g.k
}
