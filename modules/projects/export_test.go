package projects

import "encoding/json"

// MarshalForTest is a work as it is kept.
func (w Work) MarshalForTest() (string, error) {
	b, err := json.Marshal(w)
	return string(b), err
}
