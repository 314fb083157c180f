// Package verify checks a bundle: offline, from the file and the reader's policy alone.
// It is what `yuzhou verify` and the page /verify run; docs/verify/format.md says the
// same for those who write their own.
//
// What must hold: no network, no clock, no file; what is not signed by the issuer's key,
// in force when the statement was issued, and in the log that the policy names, is not
// accepted; every part of a bundle is referred to and looked at; the first link that
// breaks is told in one sentence. What the policy trusts nobody for is not checked and is
// said to be so: cosignatures of unknown witnesses, stamps of unknown authorities.
package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/proof/bundle"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
)

// skew is how far the clocks of the city and of those who stamp and cosign may differ.
const skew = 5 * time.Minute

// Replay computes the value of a derived statement again.
//
//   - formula: the text whose digest the statement names.
//   - inputs: the statements that it names, in its order.
type Replay func(s statement.Statement, formula []byte, inputs []statement.Statement) (value string, err error)

// Options is what a reader may ask beside the checks that are always made.
type Options struct {
	Replay Replay // nil: values are not computed again
	Stamps int    // how many time stamps the checkpoint of the statement must have
}

// Verify checks a bundle.
//
//   - file: the bundle's bytes. p: as ParsePolicy returns it.
//   - Result: Report.OK is true only when everything holds; otherwise Report.Broken is the
//     link that broke.
func Verify(file []byte, p Policy, o Options) Report {
	v := verifier{policy: p, options: o, keys: map[string]*key{}, inputs: map[string]*input{}}
	v.report = Report{Checks: []Check{}, Witnesses: []Cosignature{}, Stamps: []Stamp{}, Keys: []KeyUse{}}
	v.report.OK = v.run(file)
	return v.report
}

// verifier is one verification.
type verifier struct {
	policy  Policy
	options Options
	report  Report
	keys    map[string]*key   // by name
	inputs  map[string]*input // by digest
	note    []byte            // the checkpoint that all parts have
	opened  Opened            // what is in it
	subject string            // what is being looked at
}

// key is a key of the bundle.
type key struct {
	use      KeyUse
	key      statement.Key
	from, to time.Time // to is zero when there is no end
	used     bool
}

// input is a statement that others may rest on.
type input struct {
	statement statement.Statement
	entry     bundle.Entry
	used      bool
}

// pass notes a check that holds.
func (v *verifier) pass(id, zh, en string) bool {
	v.report.Checks = append(v.report.Checks, Check{id, v.subject, true, zh, en})
	return true
}

// fail notes the link that broke.
func (v *verifier) fail(id, zh string, err error) bool {
	en := err.Error()
	if said := chinese(err); said != "" {
		zh = said
	}
	v.report.Checks = append(v.report.Checks, Check{id, v.subject, false, zh, en})
	return false
}

func (v *verifier) run(file []byte) bool {
	x, err := bundle.Parse(file)
	if err != nil {
		return v.fail("bundle", "文件不是凭证文件，或已损坏。", err)
	}
	v.pass("bundle", "文件是完整的凭证文件。", "The file is a whole bundle.")
	for _, e := range x.Keys {
		if !v.readKey(e) {
			return false
		}
	}
	main, ok := v.entry(x.Statement)
	if !ok {
		return false
	}
	v.report.Statement, v.report.Name = &main, full(main)
	if !v.first(x.Statement, main) {
		return false
	}
	for _, e := range x.Inputs {
		if !v.readInput(e) {
			return false
		}
	}
	v.subject = full(main)
	if !v.restsOn(main, x.Statement, true) {
		return false
	}
	return v.nothingElse()
}

// full names a statement with its vintage.
func full(s statement.Statement) string { return fmt.Sprintf("%s@%d", s.Name, s.Vintage) }

// entry checks form, signatures, keys and log of one part.
func (v *verifier) entry(e bundle.Entry) (statement.Statement, bool) {
	s, _, err := statement.Parse(e.Doc)
	if err != nil {
		v.subject = ""
		return s, v.fail("form", "声明不是规范的 JSON，或缺少应有的内容。", err)
	}
	v.subject = full(s)
	v.pass("form", "声明是规范的 JSON。", "The statement is canonical JSON.")
	if _, _, err := statement.Verify(e.Doc, func(method string, at time.Time) (statement.Key, error) { return v.keyOf(s, method, at) }); err != nil {
		return s, v.fail("signature", "签名不成立，或签名的密钥当时无效。", err)
	}
	v.pass("signature", "由 "+s.Issuer+" 当时有效的密钥签名。", "Signed by a key of "+s.Issuer+" that was in force.")
	if e.Formula != nil {
		if s.Formula == nil || !digests(e.Formula, s.Formula.Digest) {
			return s, v.fail("formula", "所附公式不是声明中的公式。", fault.New(fault.Invalid, "the formula that is here is not the one that the statement names"))
		}
		v.pass("formula", "所附公式与声明中的摘要一致。", "The formula is the one that the statement names.")
	}
	return s, v.logged(e, s)
}

func digests(text []byte, digest string) bool {
	h, _, err := statement.ParseDigest(digest)
	return err == nil && h.Sum(text) == digest
}

// keyOf returns the key that may sign a statement: the root for the register's own.
func (v *verifier) keyOf(s statement.Statement, method string, at time.Time) (statement.Key, error) {
	if s.Kind == statement.KeyState {
		root := v.policy.Root(method)
		if root == (statement.Key{}) {
			return root, fault.Say(fault.Invalid, "密钥 %.80s 不是策略所列登记册的根。", "%.80s is not a root of the register that the policy names", method)
		}
		return root, nil
	}
	k := v.keys[method]
	if k == nil {
		return statement.Key{}, fault.Say(fault.Invalid, "文件中没有密钥 %.80s 的声明。", "the bundle has no statement of the key %.80s", method)
	}
	k.used = true
	if at.Before(k.from) || !k.to.IsZero() && !at.Before(k.to) {
		return statement.Key{}, fault.Say(fault.Invalid, "密钥 %[1]s 在 %[2]s 无效，它的有效期是 %[3]s（%[4]s）。", "the key %[1]s was not in force at %[2]s but %[3]s (%[4]s)",
			method, at.Format(time.RFC3339), k.use.Period, k.use.Status)
	}
	return k.key, nil
}

// readKey takes the statement of a key.
func (v *verifier) readKey(e bundle.Entry) bool {
	s, ok := v.entry(e)
	if !ok {
		return false
	}
	issuer, _, _ := strings.Cut(s.Name, "#")
	k := &key{use: KeyUse{s.Name, s.Value, s.Period, s.Status}}
	var err error
	if k.key, err = statement.ParseKey(s.Value); err == nil {
		k.from, k.to, err = Within(s.Period)
	}
	switch {
	case s.Kind != statement.KeyState:
		err = fault.New(fault.Invalid, "it stands among the keys and is of kind %s", s.Kind)
	case v.keys[s.Name] != nil:
		err = fault.New(fault.Invalid, "the key stands twice in the bundle")
	case issuer == "":
		err = fault.New(fault.Invalid, "the key belongs to nobody")
	}
	if err != nil {
		return v.fail("key", "密钥的声明不成立。", err)
	}
	v.keys[s.Name] = k
	v.report.Keys = append(v.report.Keys, k.use)
	return v.pass("key", "密钥由登记册的根签发："+s.Status+"，"+s.Period+"。", "The key is of the register: "+s.Status+", "+s.Period+".")
}

// Within reads the time in which a key is in force: two instants, the second may be "..".
func Within(text string) (from, to time.Time, err error) {
	a, b, _ := strings.Cut(text, "/")
	if from, err = time.Parse(time.RFC3339Nano, a); err != nil {
		return from, to, fault.New(fault.Invalid, "period %.80q of the key does not begin with an instant", text)
	}
	if b != ".." {
		if to, err = time.Parse(time.RFC3339Nano, b); err != nil {
			return from, to, fault.New(fault.Invalid, "period %.80q of the key does not end with an instant or ..", text)
		}
	}
	return from, to, nil
}

// readInput takes a statement that others may rest on.
func (v *verifier) readInput(e bundle.Entry) bool {
	s, ok := v.entry(e)
	if !ok {
		return false
	}
	digest, err := s.Digest()
	if err == nil && v.inputs[digest] != nil {
		err = fault.New(fault.Invalid, "the input stands twice in the bundle")
	}
	if err != nil {
		return v.fail("input", "输入的声明不成立。", err)
	}
	v.inputs[digest] = &input{statement: s, entry: e}
	v.report.Inputs++
	return true
}

// restsOn checks that the inputs which a statement names are here, and computes it again
// when asked. Those of an input are looked at when all of them are here.
func (v *verifier) restsOn(s statement.Statement, e bundle.Entry, all bool) bool { //nolint:revive // of the statement itself, or of an input
	var found []*input
	for _, in := range s.Inputs {
		if in.Batch != "" {
			v.report.Records += in.Count
			continue
		}
		x := v.find(in)
		if x == nil && !all {
			return true // one of them is not here: then none is looked for
		}
		if x == nil {
			return v.fail("input", "缺少所依据的 "+in.Name+"，或它与声明所列不同。", fault.New(fault.Invalid, "the bundle lacks its input %s@%d, or has another statement in its place", in.Name, in.Vintage))
		}
		found = append(found, x)
	}
	if len(found) > 0 {
		v.pass("input", fmt.Sprintf("所依据的 %d 项声明都在，且相符。", len(found)), fmt.Sprintf("All %d statements that it rests on are here and are those it names.", len(found)))
	}
	if !v.replayed(s, e, found) {
		return false
	}
	return v.below(found)
}

// below looks at what inputs rest on, each once.
func (v *verifier) below(found []*input) bool {
	subject := v.subject
	for _, x := range found {
		if x.used {
			continue
		}
		x.used = true
		v.subject = full(x.statement)
		if !v.restsOn(x.statement, x.entry, false) {
			return false
		}
	}
	v.subject = subject
	return true
}

// find returns the part that an input names; nil when there is none or it differs.
func (v *verifier) find(in statement.Input) *input {
	x := v.inputs[in.Digest]
	if x == nil || x.statement.Name != in.Name || x.statement.Vintage != in.Vintage {
		return nil
	}
	return x
}

// replayed computes a derived value again from what is here.
func (v *verifier) replayed(s statement.Statement, e bundle.Entry, found []*input) bool {
	if v.options.Replay == nil || s.Kind != statement.Derived {
		return true
	}
	if full(s) != v.report.Name && (e.Formula == nil || len(found) == 0) {
		return true // an input whose own inputs are not here: its statement is taken as it is
	}
	if e.Formula == nil {
		return v.fail("replay", "文件中没有公式，不能重新计算。", fault.New(fault.Invalid, "the bundle has no formula of it: its value cannot be computed again"))
	}
	var inputs []statement.Statement
	for _, x := range found {
		inputs = append(inputs, x.statement)
	}
	value, err := v.options.Replay(s, e.Formula, inputs)
	if err != nil {
		return v.fail("replay", "不能从所附输入重新计算。", err)
	}
	if value != s.Value {
		return v.fail("replay", "重新计算得 "+value+"，声明的是 "+s.Value+"。", fault.New(fault.Invalid, "computed again it is %s; stated is %s", value, s.Value))
	}
	if full(s) == v.report.Name {
		v.report.Replayed = value
	}
	return v.pass("replay", "由所附输入和公式重新计算，同样得 "+value+"。", "Computed again from its inputs and formula it is "+value+" as well.")
}

// nothingElse refuses parts that nothing refers to.
func (v *verifier) nothingElse() bool {
	for _, digest := range slices.Sorted(maps.Keys(v.inputs)) { // the same link is told each time
		if x := v.inputs[digest]; !x.used {
			v.subject = full(x.statement)
			return v.fail("parts", "文件中有无人引用的部分。", fault.New(fault.Invalid, "it stands among the inputs, and nothing rests on it"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.keys)) {
		if !v.keys[name].used {
			v.subject = name
			return v.fail("parts", "文件中有无人使用的密钥。", fault.New(fault.Invalid, "the key stands in the bundle and has signed nothing of it"))
		}
	}
	return v.pass("parts", "文件中没有多余的部分。", "Nothing else stands in the file.")
}
