package linkset

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// member is a member of a JSON object.
type member struct {
	name string
	raw  json.RawMessage
}

// members reads a JSON object, its members in their order. A name that is there twice is
// refused: readers differ in which of the two they take.
func members(b []byte, what string) ([]member, error) {
	if !utf8.Valid(b) {
		return nil, fault.New(fault.Invalid, "%s is not UTF-8", what)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fault.New(fault.Invalid, "%s is not a JSON object", what)
	}
	var all []member
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, fault.New(fault.Invalid, "%s breaks off, or is not JSON", what)
		}
		m := member{name: name}
		if err := d.Decode(&m.raw); err != nil {
			return nil, fault.New(fault.Invalid, "%s is not JSON at the member %.80q", what, name)
		}
		if seen[name] {
			return nil, fault.New(fault.Invalid, "%s has the member %.80q twice", what, name)
		}
		seen[name] = true
		all = append(all, m)
	}
	if _, err := d.Token(); err != nil || d.More() {
		return nil, fault.New(fault.Invalid, "%s breaks off, or has something behind its end", what)
	}
	return all, nil
}

// to reads the value into v, a pointer; null is refused wherever it stands.
func (m member) to(v any, what string) error {
	if bytes.Equal(m.raw, []byte("null")) || json.Unmarshal(m.raw, v) != nil {
		return fault.New(fault.Invalid, "the member %.80q is not %s", m.name, what)
	}
	return nil
}

func (m member) text() (string, error) {
	var s string
	err := m.to(&s, "a text")
	return s, err
}

func (m member) items() ([]json.RawMessage, error) {
	var all []json.RawMessage
	err := m.to(&all, "a list")
	return all, err
}

func (m member) texts() ([]string, error) {
	var all []*string
	if err := m.to(&all, "a list of texts"); err != nil {
		return nil, err
	}
	var texts []string
	for _, s := range all {
		if s == nil {
			return nil, fault.New(fault.Invalid, "the member %.80q has null where a text would be right", m.name)
		}
		texts = append(texts, *s)
	}
	return texts, nil
}

func (m member) inLanguages() ([]Text, error) {
	items, err := m.items()
	if err != nil {
		return nil, err
	}
	var texts []Text
	for _, item := range items {
		var t struct {
			Value    *string `json:"value"`
			Language string  `json:"language"`
		}
		if json.Unmarshal(item, &t) != nil || t.Value == nil || !languageTag(t.Language) {
			return nil, fault.New(fault.Invalid, "the member %.80q is not a list of texts with value and language", m.name)
		}
		texts = append(texts, Text{Value: *t.Value, Language: t.Language})
	}
	return texts, nil
}

// languageTag reports whether s has the characters of a language tag, or is empty.
func languageTag(s string) bool {
	return len(s) <= 35 && (s == "" || word(s, "-"))
}
