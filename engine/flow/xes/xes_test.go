package xes_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/flow/xes"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
)

// source gives traces one after the other.
func source(traces ...xes.Trace) func() (xes.Trace, bool, error) {
	i := 0
	return func() (xes.Trace, bool, error) {
		if i == len(traces) {
			return xes.Trace{}, false, nil
		}
		i++
		return traces[i-1], true, nil
	}
}

func at(day int) time.Time { return time.Date(2026, 2, day, 9, 0, 0, 1000, time.FixedZone("", 8*3600)) }

// read is a log as another program reads it.
type read struct {
	Version    string `xml:"xes.version,attr"`
	Extensions []struct {
		Prefix string `xml:"prefix,attr"`
	} `xml:"extension"`
	Traces []element `xml:"trace"`
}

type element struct {
	Attributes []struct {
		XMLName xml.Name
		Key     string `xml:"key,attr"`
		Value   string `xml:"value,attr"`
	} `xml:",any"`
	Events []element `xml:"event"`
}

// texts are an element's attributes as "type key=value".
func (e element) texts() []string {
	var out []string
	for _, a := range e.Attributes {
		out = append(out, a.XMLName.Local+" "+a.Key+"="+a.Value)
	}
	return out
}

func write(t *testing.T, traces ...xes.Trace) (string, read) {
	t.Helper()
	var b bytes.Buffer
	if err := xes.Write(&b, "办件", source(traces...)); err != nil {
		t.Fatal(err)
	}
	var back read
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatalf("no XML: %v\n%s", err, b.String())
	}
	return b.String(), back
}

func TestWrite(t *testing.T) {
	t.Parallel()
	text, back := write(t,
		xes.Trace{
			ID: "01KX", Name: "permit-2026-000001", Attributes: map[string]string{"yuzhou:procedure": "permit", "yuzhou:unit": "500112"}, Data: map[string]any{"area": 12.5, "fee": nil},
			Events: []xes.Event{
				{Name: "case.open", At: at(10), Resource: `clerk <1> & "2"`, Role: "clerk", Group: "500112"},
				{ID: "88.500.1/flow/2", Name: "claim", Instance: "1", At: at(11), Transition: xes.Start, Resource: "clerk"},
				{ID: "88.500.1/flow/3", Name: "accept", Instance: "1", At: at(11), Resource: "clerk", Data: map[string]any{
					"reason": "材料齐全\n第二行", "rounds": int64(2), "whole": 2.0, "joint": true, "units": []any{"a", int64(1)}, "when": at(12), "never": math.NaN(),
				}},
			},
		},
		xes.Trace{Name: "permit-2026-000002"},
	)
	testkit.Golden(t, "log.xes", []byte(text))
	if back.Version != "1849.2016" || len(back.Extensions) != 5 || len(back.Traces) != 2 || len(back.Traces[0].Events) != 3 {
		t.Fatalf("read back: %+v", back)
	}
	want := []string{
		"string concept:name=accept", "string concept:instance=1", "date time:timestamp=2026-02-11T01:00:00.000001Z", "string lifecycle:transition=complete", "string org:resource=clerk",
		"id identity:id=" + xes.Identity("88.500.1/flow/3"), "boolean data:joint=true", "string data:reason=材料齐全\n第二行", "int data:rounds=2", `string data:units=["a",1]`,
		"date data:when=2026-02-12T01:00:00.000001Z", "float data:whole=2",
	}
	if got := back.Traces[0].Events[2].texts(); !slices.Equal(got, want) {
		t.Errorf("the last event is\n%q, want\n%q", got, want)
	}
	if got := back.Traces[0].Events[0].texts(); !slices.Contains(got, `string org:resource=clerk <1> & "2"`) {
		t.Errorf("a name with marks: %q", got)
	}
}

// TestKeys has keys that XML does not take: each stays itself.
func TestKeys(t *testing.T) {
	t.Parallel()
	data := map[string]any{}
	for _, key := range []string{"", "a b", "a_b", "a_x0020_b", "a_", "中文", "1", "-", "a:b", "<", "\"", "\x00", "\xff", "é", "a\u0300", "😀"} {
		data[key] = key
	}
	_, back := write(t, xes.Trace{Name: "1", Data: data})
	seen := map[string]bool{}
	for _, a := range back.Traces[0].Attributes {
		if seen[a.Key] {
			t.Errorf("key %q is there twice", a.Key)
		}
		seen[a.Key] = true
	}
	for _, want := range []string{"data:", "data:a_x0020_b", "data:a_b", "data:a_x005F_x0020_b", "data:中文", "data:1", "data:a:b", "data:_x003C_"} {
		if !seen[want] {
			t.Errorf("no key %q among %q", want, back.Traces[0].texts())
		}
	}
	if len(seen) != len(data)+2 {
		t.Errorf("%d keys of %d", len(seen), len(data)+2)
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	event := func(e xes.Event) xes.Trace { return xes.Trace{Name: "1", Events: []xes.Event{e}} }
	for name, tc := range map[string]struct {
		trace xes.Trace
		words string
	}{
		"a trace without a name":     {xes.Trace{ID: "7"}, `"7"`},
		"an event without a name":    {event(xes.Event{At: at(1)}), "trace 1"},
		"an event without a time":    {event(xes.Event{Name: "a"}), `"a"`},
		"a transition of one's own":  {event(xes.Event{Name: "a", At: at(1), Transition: "finish"}), `"finish"`},
		"a key that is a field":      {xes.Trace{Name: "1", Attributes: map[string]string{"concept:name": "2"}}, "concept:name"},
		"no key":                     {xes.Trace{Name: "1", Attributes: map[string]string{"": "2"}}, `""`},
		"a key as text and as data":  {xes.Trace{Name: "1", Attributes: map[string]string{"data:a": "2"}, Data: map[string]any{"a": "2"}}, "data:a"},
		"an event's key is a field":  {event(xes.Event{Name: "a", At: at(1), Attributes: map[string]string{"org:role": "2"}}), "org:role"},
		"an event's key given twice": {event(xes.Event{Name: "a", At: at(1), Attributes: map[string]string{"data:a": "2"}, Data: map[string]any{"a": 1}}), "data:a"},
	} {
		err := xes.Write(io.Discard, "", source(tc.trace))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tc.words) {
			t.Errorf("%s: %v, want words %q", name, err, tc.words)
		}
	}
}

var errGone = errors.New("gone")

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errGone }

func TestWriteFails(t *testing.T) {
	t.Parallel()
	if err := xes.Write(io.Discard, "", func() (xes.Trace, bool, error) { return xes.Trace{}, false, errGone }); !errors.Is(err, errGone) {
		t.Errorf("the source fails: %v", err)
	}
	long := xes.Trace{Name: strings.Repeat("x", 1<<17)}
	for name, traces := range map[string][]xes.Trace{"at the end": nil, "on the way": {long, long}} {
		if err := xes.Write(brokenPipe{}, "", source(traces...)); !errors.Is(err, errGone) {
			t.Errorf("the receiver goes away %s: %v", name, err)
		}
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	const want = "ba7816bf-8f01-8fea-8141-40de5dae2223" // SHA-256 of abc (FIPS 180-4) with version 8 and its variant
	if got := xes.Identity("abc"); got != want {
		t.Errorf("Identity(abc) = %s, want %s", got, want)
	}
}

// FuzzWrite puts any text everywhere: a reader always gets it back but for what
// XML cannot hold.
func FuzzWrite(f *testing.F) {
	f.Add("concept", "a<b>&\"'\r\n\t")
	f.Add("a b", "\x00\ufffe\xff]]>")
	f.Fuzz(func(t *testing.T, key, value string) {
		var b bytes.Buffer
		trace := xes.Trace{Name: "n" + value, Data: map[string]any{key: value}, Events: []xes.Event{{Name: "e" + value, At: at(1), Resource: value}}}
		if err := xes.Write(&b, value, source(trace)); err != nil {
			t.Fatal(err)
		}
		var back read
		if err := xml.Unmarshal(b.Bytes(), &back); err != nil {
			t.Fatalf("no XML: %v\n%s", err, b.String())
		}
		want := strings.Map(func(r rune) rune {
			if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
				return 0xFFFD
			}
			return r
		}, value)
		if got := back.Traces[0].Attributes[2].Value; got != want {
			t.Errorf("%q came back as %q", want, got)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	events := make([]xes.Event, 10)
	for i := range events {
		events[i] = xes.Event{ID: strconv.Itoa(i), Name: "sign", At: at(1), Resource: "p-1", Group: "500112", Attributes: map[string]string{"yuzhou:hash": "00"}, Data: map[string]any{"reason": "材料齐全", "rounds": int64(1)}}
	}
	n := 0
	err := xes.Write(io.Discard, "", func() (xes.Trace, bool, error) {
		n++
		return xes.Trace{Name: "permit-2026-000001", Events: events}, b.Loop(), nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(n*len(events))/b.Elapsed().Seconds(), "events/s")
}
