package flow

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// normal brings data from a caller into the few types that a case knows: nil,
// bool, int64, float64, string, []any, map[string]any.
func normal(data map[string]any) (map[string]any, error) {
	if len(data) == 0 {
		return map[string]any{}, nil
	}
	b, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, decode(b, &out)
}

// decode reads JSON into v, in which every map[string]any and []any then holds
// whole numbers as int64 and others as float64.
func decode(b []byte, v *map[string]any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	for k, e := range *v {
		(*v)[k] = numbers(e)
	}
	return nil
}

// numbers turns the decoder's numbers into int64 where they are written as whole
// ones, else into float64. It changes lists and maps in place.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64() // JSON has let it through
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

// exact is the inverse of numbers for what is stored: a float64 keeps its point,
// so that 2.0 comes back as it was and an expression over it gives the same when
// the case is replayed.
func exact(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil // has no form in JSON
		}
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return json.Number(text)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = exact(v[i])
		}
		return out
	case map[string]any:
		return exactMap(v)
	}
	return v
}

func exactMap(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = exact(v)
	}
	return out
}

// whole reads a whole number out of a value.
func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		return int64(v), v == math.Trunc(v)
	}
	return 0, false
}
