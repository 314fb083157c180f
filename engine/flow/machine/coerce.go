package machine

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
)

// Coerce brings the data that a case begins with into the types that its
// procedure declares, and fills in defaults.
//
// Errors: fault.Invalid that names the first field that is missing, unknown or of
// another type.
func Coerce(p *procedure.Procedure, data map[string]any) (map[string]any, error) {
	return CoerceFields("data", p.Data, data)
}

// CoerceFields is Coerce for the fields of a form; path names it in errors.
func CoerceFields(path string, fields []procedure.Field, data map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(fields))
	for _, f := range fields {
		v, ok := data[f.Name]
		if !ok || v == nil || v == "" {
			if f.Default != nil {
				v = f.Default
			} else if f.Required {
				return nil, fault.New(fault.Invalid, "%s.%s is missing; it is %s", path, f.Name, wanted(f))
			} else if !ok || v == nil {
				continue
			}
		}
		typed, fine := coerce(f, v)
		if !fine {
			return nil, fault.New(fault.Invalid, "%s.%s is %v; it is %s", path, f.Name, v, wanted(f))
		}
		out[f.Name] = typed
	}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if !slices.ContainsFunc(fields, func(f procedure.Field) bool { return f.Name == name }) {
			return nil, fault.New(fault.Invalid, "%s.%s is not asked for here; what is: %s", path, name, names(fields))
		}
	}
	return out, nil
}

func names(fields []procedure.Field) string {
	if len(fields) == 0 {
		return "nothing"
	}
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return strings.Join(out, ", ")
}

// wanted says what a field holds, to end the sentence "it is ...".
func wanted(f procedure.Field) string {
	switch f.Type { //nolint:exhaustive // the other types hold text
	case procedure.IntField:
		return "a whole number"
	case procedure.NumberField:
		return "a number"
	case procedure.BoolField:
		return "true or false"
	case procedure.DateField:
		return "a date such as 2026-02-10"
	case procedure.ChoiceField:
		codes := make([]string, len(f.Options))
		for i, o := range f.Options {
			codes[i] = o.Code
		}
		return "one of " + strings.Join(codes, ", ")
	case procedure.UnitField:
		return "the id of a unit"
	case procedure.UnitsField:
		return "a list of ids of units"
	case procedure.FilesField:
		return "a list of the SHA-256 of documents"
	case procedure.ListField:
		return "a list"
	case procedure.MapField:
		return "a map"
	}
	return "a text"
}

// coerce returns a value as its field holds it; false when it is something else.
func coerce(f procedure.Field, v any) (any, bool) {
	switch f.Type { //nolint:exhaustive // the other types hold text
	case procedure.IntField:
		return coerceInt(v)
	case procedure.NumberField:
		return coerceNumber(v)
	case procedure.BoolField:
		b, ok := v.(bool)
		return b, ok
	case procedure.DateField:
		s, ok := v.(string)
		_, err := time.Parse(time.DateOnly, s)
		return s, ok && (err == nil || s == "")
	case procedure.ChoiceField:
		s, ok := v.(string)
		return s, ok && (s == "" || slices.ContainsFunc(f.Options, func(o procedure.Option) bool { return o.Code == s }))
	case procedure.UnitsField, procedure.FilesField:
		return coerceTexts(v)
	case procedure.ListField:
		l, ok := v.([]any)
		return l, ok
	case procedure.MapField:
		m, ok := v.(map[string]any)
		return m, ok
	}
	s, ok := v.(string)
	return s, ok
}

func coerceInt(v any) (any, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case float64:
		return int64(n), n == math.Trunc(n) && math.Abs(n) < 1<<53
	}
	return nil, false
}

func coerceNumber(v any) (any, bool) {
	switch n := v.(type) {
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	}
	return nil, false
}

// coerceTexts takes a list of texts.
func coerceTexts(v any) (any, bool) {
	l, ok := v.([]any)
	if !ok {
		return nil, false
	}
	for _, e := range l {
		if s, ok := e.(string); !ok || s == "" {
			return nil, false
		}
	}
	return l, true
}
