package cloudevent_test

import (
	"bytes"
	"testing"
	"time"

	"yuzhou/engine/flow/cloudevent"
	"yuzhou/kernel/testkit"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 2, 10, 1, 0, 0, 0, time.UTC)
	var b bytes.Buffer
	err := cloudevent.Write(&b, []cloudevent.Event{
		{ID: "88.500.1/flow/1", Source: "/api/v1/flow", Type: "yuzhou.flow.case.open", Subject: "01K", Time: at, Sequence: "00000000000000000001", PartitionKey: "01K", Data: map[string]any{"by": "李"}},
		{ID: "88.500.1/flow/2", Source: "/api/v1/flow", Type: "yuzhou.flow.accept", Subject: "01K", Time: at},
	})
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "batch.json", b.Bytes())
	b.Reset()
	if err := cloudevent.Write(&b, nil); err != nil || b.String() != "[]\n" {
		t.Errorf("no events: %q, %v", b.String(), err)
	}
}
