// Package cloudevent writes what happens to cases as CloudEvents 1.0, so that
// other systems hear of it in a form they know.
//
// What must hold: id and source together name one happening for ever, so that a
// receiver can tell one that was sent twice.
//
// Source: CloudEvents 1.0.2, JSON event format §2 and batch format §4.
package cloudevent

import (
	"encoding/json"
	"io"
	"time"
)

// MediaTypes of one event and of a batch.
const (
	MediaType      = "application/cloudevents+json"
	BatchMediaType = "application/cloudevents-batch+json"
)

// Event is a CloudEvent with the extension attributes sequence and partitionkey.
type Event struct {
	SpecVersion     string    `json:"specversion"` // "1.0"
	ID              string    `json:"id"`
	Source          string    `json:"source"` // URI reference of the emitting system
	Type            string    `json:"type"`   // reverse-DNS style
	Subject         string    `json:"subject,omitempty"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype,omitempty"`
	Sequence        string    `json:"sequence,omitempty"`     // place in the log, 20 digits: sorts as text
	PartitionKey    string    `json:"partitionkey,omitempty"` // events with the same key are in order
	Data            any       `json:"data,omitempty"`
}

// Write writes a batch, one event a line.
func Write(w io.Writer, events []Event) error {
	if _, err := io.WriteString(w, "["); err != nil {
		return err
	}
	for i, e := range events {
		e.SpecVersion = "1.0"
		if e.Data != nil {
			e.DataContentType = "application/json"
		}
		b, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if i > 0 {
			b = append([]byte(",\n"), b...)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "]\n")
	return err
}
