package xes_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"testing"
	"time"

	"yuzhou/engine/flow/xes"
	"yuzhou/kernel/testkit"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	traces := []xes.Trace{
		{Name: "permit-2026-000001", Attributes: map[string]string{"procedure": "permit", "unit": "500112"}, Events: []xes.Event{
			{Name: "case.open", At: time.Date(2026, 2, 10, 1, 0, 0, 0, time.UTC), Resource: "clerk <1> & \"2\"", Group: "500112"},
			{Name: "accept", At: time.Date(2026, 2, 11, 1, 0, 0, 0, time.UTC), Resource: "clerk", Attributes: map[string]string{"reason": "材料齐全"}},
		}},
		{Name: "permit-2026-000002"},
	}
	var b bytes.Buffer
	i := 0
	err := xes.Write(&b, "办件", func() (xes.Trace, bool, error) {
		if i == len(traces) {
			return xes.Trace{}, false, nil
		}
		i++
		return traces[i-1], true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "log.xes", b.Bytes())
	var back struct {
		Traces []struct {
			Events []struct {
				Strings []struct {
					Key   string `xml:"key,attr"`
					Value string `xml:"value,attr"`
				} `xml:"string"`
			} `xml:"event"`
		} `xml:"trace"`
	}
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil || len(back.Traces) != 2 || len(back.Traces[0].Events) != 2 {
		t.Fatalf("read back: %+v, %v", back, err)
	}
	for _, s := range back.Traces[0].Events[0].Strings {
		if s.Key == "org:resource" && s.Value != "clerk <1> & \"2\"" {
			t.Errorf("resource %q", s.Value)
		}
	}
	broken := errors.New("the database is gone")
	if err := xes.Write(&b, "", func() (xes.Trace, bool, error) { return xes.Trace{}, false, broken }); !errors.Is(err, broken) {
		t.Errorf("a failing source: %v", err)
	}
}
