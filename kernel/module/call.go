package module

import (
	"encoding/json"
	"net/url"
)

// PrintJSON prints v, indented, as --json asks for: what the API answers.
func (c Call) PrintJSON(v any) error {
	e := json.NewEncoder(c.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Query makes a query of key, value pairs, leaving out what is empty.
func Query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}
