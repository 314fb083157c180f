package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// event is one line of the log.
type event struct {
	Seq    int64
	Case   string
	N      int64
	Name   string
	By     string
	At     time.Time
	Key    string
	Data   map[string]any
	Result string // digest of the state it led to
	Hash   string
	text   string // Data as stored
}

// link is the end of the log that the next event is tied to.
type link struct {
	seq  int64
	hash string // hex; empty before the first event
}

// hash ties an event to the one before: SHA-256 over the hash before and the
// event's own fields as a JSON array. Only what is stored goes in, so that
// anyone can compute it again from the rows.
func (e *event) hash(before string) (string, error) {
	if e.text == "" {
		data, err := json.Marshal(exactMap(e.Data))
		if err != nil {
			return "", err
		}
		e.text = string(data)
	}
	b, err := json.Marshal([]any{before, e.Seq, e.Case, e.N, e.Name, e.By, e.At.UnixMicro(), e.Key, e.text, e.Result})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Happening is an event of a case as it is shown and exported.
type Happening struct {
	Seq  int64          `json:"seq" doc:"place in the log of the whole engine"`
	Case string         `json:"case,omitempty" doc:"empty: of the whole engine"`
	N    int64          `json:"n" doc:"running number within the case"`
	Name string         `json:"name"`
	By   string         `json:"by" doc:"person's id, or system"`
	At   time.Time      `json:"at"`
	Data map[string]any `json:"data,omitempty"`
	Hash string         `json:"hash" doc:"SHA-256 over the hash before and this event"`
}
