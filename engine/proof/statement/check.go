package statement

import (
	"mime"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/period"
	"yuzhou/kernel/ref"
)

// The most bytes that texts may have.
const (
	maxWord = 128  // identifiers, units, statuses
	maxText = 1024 // values as printed, documents, locators
)

// maxInteger is the greatest integer that JSON carries exactly.
const maxInteger = 1<<53 - 1

// Check reports the first field of s that may not be as it is.
//
// Errors: fault.Invalid with the field, what is wrong and what would be right.
func (s Statement) Check() error {
	for _, check := range []func(Statement) error{
		Statement.checkCommon, Statement.checkTexts, Statement.checkParts, Statement.checkInputs, Statement.checkChain, Statement.checkKind,
	} {
		if err := check(s); err != nil {
			return err
		}
	}
	return nil
}

func (s Statement) checkCommon() error {
	if err := s.checkName(); err != nil {
		return err
	}
	if err := checkInteger("vintage", s.Vintage, 1); err != nil {
		return err
	}
	if err := checkText("method", s.Method, maxWord); err != nil {
		return err
	}
	if err := checkIssuer("issuer", s.Issuer); err != nil {
		return err
	}
	if y := s.Issued.UTC().Year(); y < 1970 || y > 9999 {
		return fault.New(fault.Invalid, "issued is in the year %d; give the instant at which the statement is made", y)
	}
	if !s.Issued.Equal(s.Issued.Truncate(time.Microsecond)) {
		return fault.New(fault.Invalid, "issued is finer than a microsecond and would not come back; make it with At")
	}
	return nil
}

// checkName wants a resolvable name, and of a key what proofs name it by.
func (s Statement) checkName() error {
	if s.Kind == KeyState {
		_, err := checkMethod("name", s.Name)
		return err
	}
	return checkName("name", s.Name)
}

func checkIssuer(field, text string) error {
	if err := checkText(field, text, maxWord); err != nil {
		return err
	}
	if strings.ContainsAny(text, "# ") {
		return fault.New(fault.Invalid, "%s %q holds a space or #, which parts it from its key; give the unit's identifier", field, text)
	}
	return nil
}

// checkMethod wants what names a key, issuer#key, and returns the issuer.
func checkMethod(field, text string) (string, error) {
	issuer, key, _ := strings.Cut(text, "#")
	if checkIssuer(field, issuer) != nil || checkIssuer(field, key) != nil {
		return "", fault.New(fault.Invalid, "%s %.80q names no key; give the unit's identifier, # and the key's name, without spaces", field, text)
	}
	return issuer, nil
}

func (s Statement) checkTexts() error {
	for _, f := range []struct {
		field, text string
		limit       int
	}{
		{"value", s.Value, maxText},
		{"unit", s.Unit, maxWord},
		{"status", s.Status, maxWord},
	} {
		if f.text == "" {
			continue
		}
		if err := checkText(f.field, f.text, f.limit); err != nil {
			return err
		}
	}
	if s.Unit != "" && s.Value == "" {
		return fault.New(fault.Invalid, "unit %q has no value; give both or none", s.Unit)
	}
	return checkPeriod(s.Period)
}

func (s Statement) checkParts() error {
	if s.Formula != nil {
		if err := s.Formula.check(); err != nil {
			return err
		}
	}
	if s.Source != nil {
		if err := s.Source.check(); err != nil {
			return err
		}
	}
	if s.Content != nil {
		if err := s.Content.check(); err != nil {
			return err
		}
	}
	if s.Batch != nil {
		return s.Batch.check()
	}
	return nil
}

func (f Formula) check() error {
	if err := checkText("formula.id", f.ID, maxWord); err != nil {
		return err
	}
	return checkDigest("formula.digest", f.Digest)
}

func (p Source) check() error {
	if err := checkText("source.document", p.Document, maxText); err != nil || p.Locator == "" {
		return err
	}
	return checkText("source.locator", p.Locator, maxText)
}

func (c Content) check() error {
	if kind, _, err := mime.ParseMediaType(c.Media); err != nil || !strings.Contains(kind, "/") || len(c.Media) > maxWord {
		return fault.New(fault.Invalid, "content.media %.80q is not a media type; give one such as application/json", c.Media)
	}
	if err := checkText("content.media", c.Media, maxWord); err != nil {
		return err
	}
	if err := checkDigest("content.digest", c.Digest); err != nil {
		return err
	}
	return checkInteger("content.size", c.Size, 0)
}

func (b Batch) check() error {
	if err := checkText("batch.schema", b.Schema, maxWord); err != nil {
		return err
	}
	if err := checkInteger("batch.count", b.Count, 1); err != nil {
		return err
	}
	if err := checkDigest("batch.root", b.Root); err != nil || b.Previous == "" {
		return err
	}
	return checkDigest("batch.previous", b.Previous)
}

func (s Statement) checkInputs() error {
	for i := range s.Inputs {
		if err := s.Inputs[i].check(); err != nil {
			return fault.New(fault.Invalid, "inputs[%d]: %v", i, err)
		}
	}
	return nil
}

func (i Input) check() error {
	statement := i.Name != "" || i.Vintage != 0 || i.Digest != ""
	records := i.Batch != "" || i.First != 0 || i.Count != 0
	switch {
	case statement == records:
		return fault.New(fault.Invalid, "an input is a statement (name, vintage, digest) or records of a batch (batch, first, count); give one of the two")
	case statement:
		if err := checkName("name", i.Name); err != nil {
			return err
		}
		if err := checkInteger("vintage", i.Vintage, 1); err != nil {
			return err
		}
		return checkDigest("digest", i.Digest)
	}
	if err := checkDigest("batch", i.Batch); err != nil {
		return err
	}
	if err := checkInteger("first", i.First, 0); err != nil {
		return err
	}
	if err := checkInteger("count", i.Count, 1); err != nil {
		return err
	}
	return checkInteger("first + count", i.First+i.Count, 1)
}

// checkChain looks at what ties a statement to the one before.
func (s Statement) checkChain() error {
	for _, f := range []struct{ field, digest string }{{"supersedes", s.Supersedes}, {"withdraws", s.Withdraws}} {
		if f.digest == "" {
			continue
		}
		if err := checkDigest(f.field, f.digest); err != nil {
			return err
		}
		if s.Vintage == 1 {
			return fault.New(fault.Invalid, "%s is given with vintage 1, before which there is nothing; give the next vintage", f.field)
		}
	}
	switch {
	case s.Supersedes != "" && s.Withdraws != "":
		return fault.New(fault.Invalid, "supersedes and withdraws are both given; give withdraws when nothing takes its place")
	case s.Withdraws != "" && (s.Value != "" || s.Formula != nil || s.Inputs != nil || s.Content != nil || s.Batch != nil):
		return fault.New(fault.Invalid, "withdraws is given beside what would take its place; give supersedes, or leave value, formula, inputs, content and batch out")
	}
	return nil
}

// needs says what a statement of the kind must have, and whether it has; "" when the
// kind is not known.
func (s Statement) needs() (string, bool) {
	value, content, batch, status := s.Value != "", s.Content != nil, s.Batch != nil, s.Status != ""
	number := value && s.Period != ""
	switch s.Kind {
	case Observation:
		return "value and period", number
	case Derived:
		return "value, period, formula and inputs", number && s.Formula != nil && len(s.Inputs) > 0
	case Plan, Procedure:
		return "content", content
	case Target:
		return "value and period, or content", number || content
	case Evaluation:
		return "status", status
	case Closure:
		return "status or content", status || content
	case Events, Pack:
		return "content or batch", content || batch
	case Records:
		return "batch", batch
	case Census:
		return "batch, value and period", batch && number
	case KeyState:
		return "value, the key as Multikey, and status", value && status
	}
	return "", false
}

// checkKind looks at what each kind must have. What withdraws needs none of it.
func (s Statement) checkKind() error {
	want, whole := s.needs()
	if want == "" {
		return fault.New(fault.Invalid, "kind %.40q is not known; give one of observation, derived, plan, target, status, closure, events, procedure, pack, batch, census, key", s.Kind)
	}
	if !whole && s.Withdraws == "" {
		return fault.New(fault.Invalid, "a statement of kind %s must have %s", s.Kind, want)
	}
	if s.Batch != nil && !slices.Contains([]Kind{Records, Events, Pack, Census}, s.Kind) {
		return fault.New(fault.Invalid, "a statement of kind %s has a batch; only batch, events, pack and census have", s.Kind)
	}
	if s.Kind == KeyState && s.Value != "" {
		if _, err := ParseKey(s.Value); err != nil {
			return fault.New(fault.Invalid, "value of a statement of kind key: %v", err)
		}
	}
	return nil
}

func checkName(field, name string) error {
	if _, err := ref.Parse(name); err != nil {
		return fault.New(fault.Invalid, "%s: %v", field, err)
	}
	return nil
}

func checkInteger(field string, n, least int64) error {
	if n < least || n > maxInteger {
		return fault.New(fault.Invalid, "%s is %d; give an integer from %d to 2^53-1", field, n, least)
	}
	return nil
}

func checkDigest(field, digest string) error {
	if _, _, err := ParseDigest(digest); err != nil {
		return fault.New(fault.Invalid, "%s: %v", field, err)
	}
	return nil
}

// checkText refuses what people would not see or would see otherwise than it is:
// control and format characters, among them those that turn the direction of writing.
func checkText(field, text string, limit int) error {
	switch {
	case text == "":
		return fault.New(fault.Invalid, "%s is missing", field)
	case len(text) > limit:
		return fault.New(fault.Invalid, "%s has %d bytes, at most %d are allowed", field, len(text), limit)
	case !utf8.ValidString(text):
		return fault.New(fault.Invalid, "%s %.40q is not UTF-8", field, text)
	case strings.TrimSpace(text) != text:
		return fault.New(fault.Invalid, "%s %.40q has white space at an end; leave it out", field, text)
	}
	for _, r := range text {
		if !unicode.IsGraphic(r) {
			return fault.New(fault.Invalid, "%s %.40q holds %U, which cannot be seen; leave it out", field, text, r)
		}
	}
	return nil
}

// checkPeriod takes a period of the calendar, or two instants with a slash between,
// of which the second may be ".." for no end (ISO 8601-2:2019 §4.3).
func checkPeriod(text string) error {
	if text == "" {
		return nil
	}
	if p, err := period.Parse(text); err == nil && p.String() == text {
		return nil
	}
	from, to, _ := strings.Cut(text, "/")
	start, err := parseCreated(from)
	if err == nil && to != ".." {
		var end time.Time
		if end, err = parseCreated(to); err == nil && !start.Before(end) {
			return fault.New(fault.Invalid, "period %q ends before it begins", text)
		}
	}
	if err != nil {
		return fault.New(fault.Invalid, "period %.80q is neither one of the calendar, such as 2026-07, nor two instants, such as 2026-01-01T00:00:00Z/..", text)
	}
	return nil
}
