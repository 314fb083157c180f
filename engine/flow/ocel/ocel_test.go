package ocel_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/flow/ocel"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
)

func at(day int) time.Time { return time.Date(2026, 2, day, 9, 0, 0, 0, time.FixedZone("", 8*3600)) }

// read is a log as another program reads it.
type read struct {
	EventTypes, ObjectTypes []struct {
		Name       string
		Attributes []struct{ Name, Type string }
	}
	Events, Objects []struct {
		ID, Type      string
		Time          *time.Time
		Attributes    []struct{ Name, Value, Time string }
		Relationships []struct{ ObjectID, Qualifier string }
	}
}

// check tells what is wrong with a log by the rules of the standard that its
// schema cannot say.
func (l read) check() (wrong []string) {
	declared := map[string]bool{}
	for side, types := range map[string][]struct {
		Name       string
		Attributes []struct{ Name, Type string }
	}{"event": l.EventTypes, "object": l.ObjectTypes} {
		for _, typ := range types {
			declared[side+typ.Name] = true
			for _, a := range typ.Attributes {
				declared[side+typ.Name+"/"+a.Name] = true
			}
		}
	}
	ids := map[string]bool{}
	for _, o := range l.Objects {
		if ids[o.ID] {
			wrong = append(wrong, "object "+o.ID+" twice")
		}
		ids[o.ID] = true
	}
	for side, all := range map[string]int{"event": 0, "object": 1} {
		for _, e := range [2][]struct {
			ID, Type      string
			Time          *time.Time
			Attributes    []struct{ Name, Value, Time string }
			Relationships []struct{ ObjectID, Qualifier string }
		}{l.Events, l.Objects}[all] {
			if !declared[side+e.Type] {
				wrong = append(wrong, "type "+e.Type+" of "+e.ID)
			}
			for _, a := range e.Attributes {
				if !declared[side+e.Type+"/"+a.Name] {
					wrong = append(wrong, "attribute "+a.Name+" of "+e.ID)
				}
			}
			for _, r := range e.Relationships {
				if !ids[r.ObjectID] {
					wrong = append(wrong, e.ID+" to "+r.ObjectID)
				}
			}
		}
	}
	return wrong
}

func TestWrite(t *testing.T) {
	t.Parallel()
	self := []ocel.Relation{{Object: "case:1", Qualifier: "case"}, {Object: "person:\"李\"", Qualifier: "by"}}
	l := ocel.Log{
		Objects: []ocel.Object{
			{ID: "case:1", Type: "permit", Attributes: map[string]string{"title": "施工许可"}, Data: map[string]any{"area": 12.5, "none": nil}, Since: at(10), Relations: []ocel.Relation{{Object: "unit:500112", Qualifier: "answers"}, {Object: "case:0", Qualifier: "part of"}}},
			{ID: "unit:500112", Type: "unit"},
			{ID: "person:\"李\"", Type: "person", Since: at(10)},
		},
		Events: []ocel.Event{
			{ID: "1", Type: "case.open", At: at(10), Relations: self},
			{ID: "2", Type: "refuse", At: at(11), Attributes: map[string]string{"hash": "00"}, Data: map[string]any{"reason": "scope", "rounds": int64(1), "fee": int64(1), "mixed": true}, Relations: self},
			{ID: "3", Type: "refuse", At: at(11), Data: map[string]any{"rounds": int64(2), "fee": 0.5, "mixed": int64(1), "when": at(12), "list": []any{int64(1)}, "never": math.Inf(1), "": "x"}},
		},
	}
	var b bytes.Buffer
	if err := ocel.Write(&b, l); err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "log.json", b.Bytes())
	var back read
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if wrong := back.check(); len(wrong) > 0 {
		t.Errorf("not of the log: %q", wrong)
	}
	if len(back.Events) != 3 || len(back.Objects) != 4 || !back.Events[1].Time.Equal(at(11)) || back.Objects[3].Type != ocel.Unknown {
		t.Errorf("read back: %+v", back)
	}
	var types []string
	for _, a := range back.EventTypes[1].Attributes {
		types = append(types, a.Name+" "+a.Type)
	}
	if want := []string{"fee float", "hash string", "list string", "mixed string", "reason string", "rounds integer", "when time"}; !slices.Equal(types, want) {
		t.Errorf("types %q, want %q", types, want)
	}
	b.Reset()
	if err := ocel.Write(&b, ocel.Log{}); err != nil || json.Unmarshal(b.Bytes(), &back) != nil || back.Events == nil || back.ObjectTypes == nil {
		t.Errorf("an empty log: %v %s", err, b.String())
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	good := ocel.Event{ID: "1", Type: "a", At: at(1)}
	object := ocel.Object{ID: "o", Type: "unit"}
	with := func(r ocel.Relation) ocel.Log {
		return ocel.Log{Objects: []ocel.Object{{ID: "o", Type: "unit", Relations: []ocel.Relation{r}}}}
	}
	for name, tc := range map[string]struct {
		log   ocel.Log
		words string
	}{
		"an event without an id":        {ocel.Log{Events: []ocel.Event{{Type: "a", At: at(1)}}}, `type "a"`},
		"an event without a time":       {ocel.Log{Events: []ocel.Event{{ID: "7", Type: "a"}}}, `id "7"`},
		"an event twice":                {ocel.Log{Events: []ocel.Event{good, good}}, `"1" is there twice`},
		"an object without a type":      {ocel.Log{Objects: []ocel.Object{{ID: "o"}}}, `id "o"`},
		"an object twice":               {ocel.Log{Objects: []ocel.Object{object, object}}, `"o" is there twice`},
		"a relation to nothing":         {with(ocel.Relation{Qualifier: "by"}), `qualifier "by"`},
		"a relation without qualifier":  {with(ocel.Relation{Object: "o"}), `object "o"`},
		"an attribute without a name":   {ocel.Log{Objects: []ocel.Object{{ID: "o", Type: "u", Attributes: map[string]string{"": "x"}}}}, `"x"`},
		"an attribute as text and data": {ocel.Log{Events: []ocel.Event{{ID: "1", Type: "a", At: at(1), Attributes: map[string]string{"k": "x"}, Data: map[string]any{"k": "x"}}}}, `"k"`},
	} {
		err := ocel.Write(io.Discard, tc.log)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tc.words) {
			t.Errorf("%s: %v, want words %q", name, err, tc.words)
		}
	}
	x := ocel.NewWriter(io.Discard)
	if err := x.Object(object); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first error stays
		if err := x.Event(good); fault.KindOf(err) != fault.Invalid {
			t.Errorf("an event after an object: %v", err)
		}
	}
	if x.Object(ocel.Object{ID: "p", Type: "unit"}) == nil || x.Close() == nil {
		t.Error("a writer goes on after an error")
	}
}

var errGone = errors.New("gone")

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errGone }

func TestWriteFails(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]ocel.Log{"at the end": {}, "on the way": {Objects: []ocel.Object{{ID: strings.Repeat("x", 1<<17), Type: "unit"}, {ID: "b", Type: "unit"}}}} {
		if err := ocel.Write(brokenPipe{}, l); !errors.Is(err, errGone) {
			t.Errorf("the receiver goes away %s: %v", name, err)
		}
	}
}

// FuzzWrite puts any text everywhere: the log stays JSON in which all resolves.
func FuzzWrite(f *testing.F) {
	f.Add("a", "b\"\\\n\x00\xff</script>")
	f.Add("case:1", "case:1")
	f.Fuzz(func(t *testing.T, id, text string) {
		var b bytes.Buffer
		l := ocel.Log{
			Events:  []ocel.Event{{ID: "e" + id, Type: "t" + text, At: at(1), Data: map[string]any{text: text}, Relations: []ocel.Relation{{Object: "o" + id, Qualifier: "q" + text}, {Object: "p" + text, Qualifier: "by"}}}},
			Objects: []ocel.Object{{ID: "o" + id, Type: "t" + text, Attributes: map[string]string{"a" + text: id}}},
		}
		if err := ocel.Write(&b, l); err != nil {
			t.Fatal(err)
		}
		var back read
		if err := json.Unmarshal(b.Bytes(), &back); err != nil {
			t.Fatalf("no JSON: %v\n%s", err, b.String())
		}
		if wrong := back.check(); len(wrong) > 0 {
			t.Errorf("not of the log: %q", wrong)
		}
	})
}

func BenchmarkWriter(b *testing.B) {
	x := ocel.NewWriter(io.Discard)
	e := ocel.Event{Type: "sign", At: at(1), Attributes: map[string]string{"hash": "00"}, Data: map[string]any{"reason": "材料齐全", "rounds": int64(1)}}
	for i := 0; b.Loop(); i++ {
		e.ID = strconv.Itoa(i)
		e.Relations = []ocel.Relation{{Object: "case:" + strconv.Itoa(i/10), Qualifier: "case"}, {Object: "person:1", Qualifier: "by"}}
		if err := x.Event(e); err != nil {
			b.Fatal(err)
		}
	}
	if err := x.Close(); err != nil {
		b.Fatal(err)
	}
}
