package ocel_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"yuzhou/engine/flow/ocel"
	"yuzhou/kernel/testkit"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 2, 10, 1, 0, 0, 0, time.UTC)
	l := ocel.Log{
		Objects: []ocel.Object{
			{ID: "case:1", Type: "permit", Attributes: map[string]string{"title": "施工许可"}, Since: at, Relations: []ocel.Relation{{Object: "unit:500112", Qualifier: "answers"}}},
			{ID: "unit:500112", Type: "unit", Since: at},
		},
		Events: []ocel.Event{
			{ID: "1", Type: "case.open", At: at, Relations: []ocel.Relation{{Object: "case:1", Qualifier: "case"}}},
			{ID: "2", Type: "refuse", At: at, Attributes: map[string]string{"reason": "scope"}, Relations: []ocel.Relation{{Object: "case:1", Qualifier: "case"}}},
		},
	}
	var b bytes.Buffer
	if err := ocel.Write(&b, l); err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "log.json", b.Bytes())
	var back struct {
		EventTypes, ObjectTypes []struct{ Name string }
		Events                  []struct{ Relationships []struct{ ObjectID string } }
	}
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back.EventTypes) != 2 || len(back.ObjectTypes) != 2 || back.Events[1].Relationships[0].ObjectID != "case:1" {
		t.Errorf("read back: %+v, %v", back, err)
	}
}
