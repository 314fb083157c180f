package guard_test

import (
	"reflect"
	"testing"

	"yuzhou/engine/flow/guard"
	"yuzhou/kernel/fault"
)

func TestValue(t *testing.T) {
	t.Parallel()
	scope := guard.Scope{
		Data:   map[string]any{"rounds": int64(2), "share": 0.5, "units": []any{"500112", "500113"}, "form": map[string]any{"a": "x"}},
		Event:  map[string]any{"name": "answer", "data": map[string]any{"text": "已办"}},
		States: []string{"open", "open.sign"},
	}
	for _, tc := range []struct {
		name, text string
		want       any
		fails      bool
	}{
		{name: "arithmetic", text: "data.rounds + 1", want: int64(3)},
		{name: "whole and fraction compare", text: "data.rounds > data.share", want: true},
		{name: "event", text: "event.data.text == '已办'", want: true},
		{name: "present state", text: "In('open.sign') && !In('closed')", want: true},
		{name: "list", text: "data.units.filter(u, u != '500112')", want: []any{"500113"}},
		{name: "map", text: "{'n': size(data.units), 'form': data.form}", want: map[string]any{"n": int64(2), "form": map[string]any{"a": "x"}}},
		{name: "missing key", text: "data.absent", fails: true},
		{name: "has asks first", text: "has(data.absent)", want: false},
		{name: "division by zero", text: "1 / (data.rounds - 2)", fails: true},
		{name: "a duration is no JSON", text: "duration('1h')", fails: true},
		{name: "too much work", text: "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, a+b+c+d+e+f > 0))))))", fails: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, err := guard.Compile(tc.text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Value(scope)
			if (err != nil) != tc.fails || (err != nil && fault.KindOf(err) != fault.Invalid) {
				t.Fatalf("Value: %v, %v", got, err)
			}
			if !tc.fails && !reflect.DeepEqual(got, tc.want) {
				t.Errorf("%#v, want %#v", got, tc.want)
			}
		})
	}
}

func TestCondition(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{"data.x > 1": true, "In('a')": true, "1 + 1": false, "data.x": true, "nothing > 1": false, "data.x >": false} {
		if _, err := guard.Condition(text); (err == nil) != good {
			t.Errorf("Condition(%q): %v", text, err)
		}
	}
	if ok, err := (guard.Program{}).True(guard.Scope{}); err != nil || !ok {
		t.Errorf("no condition: %v, %v; want true", ok, err)
	}
	p, err := guard.Condition("data.x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.True(guard.Scope{Data: map[string]any{"x": "yes"}}); err == nil {
		t.Error("a text passed for true")
	}
}

func BenchmarkTrue(b *testing.B) {
	p, err := guard.Condition("data.rounds < 3 && data.units.exists(u, u == '500113') && In('open')")
	if err != nil {
		b.Fatal(err)
	}
	s := guard.Scope{Data: map[string]any{"rounds": int64(2), "units": []any{"500112", "500113"}}, States: []string{"open"}}
	for b.Loop() {
		if ok, err := p.True(s); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
}
