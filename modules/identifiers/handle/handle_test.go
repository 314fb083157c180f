package handle_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ name, in, wrong string }{
		{"as factories write it", "88.118.2/gb-1", ""},
		{"slashes in the suffix", "88.1/../../etc/passwd", ""},
		{"Chinese", "88.1/两江新区/一号", ""},
		{"names of prefixes", "0.NA/88.118", ""},
		{"empty suffix", "0.NA/", ""},
		{"the longest", "88/" + strings.Repeat("x", handle.MaxName-3), ""},
		{"too long", "88/" + strings.Repeat("x", handle.MaxName-2), "has 2049 bytes, at most 2048"},
		{"no slash", "88.118.2", `has no "/"`},
		{"no prefix", "/a", "empty segment"},
		{"empty segment", "88..2/a", "empty segment"},
		{"dot at the end", "88./a", "empty segment"},
		{"not UTF-8", "88/\xff", "is not UTF-8"},
		{"overlong form of a slash", "88\xc0\xaf/a", "is not UTF-8"},
		{"a surrogate", "88/\xed\xa0\x80", "is not UTF-8"},
		{"zero", "88/\x00", "control character"},
		{"next line", "88/a\u0085", "control character"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, err := handle.Parse(tt.in)
			if tt.wrong == "" && (err != nil || n.String() != tt.in || n.Prefix()+"/"+n.Suffix() != tt.in) {
				t.Errorf("%q, %v", n, err)
			}
			if tt.wrong != "" && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong)) {
				t.Errorf("%q, %v; want %q", n, err, tt.wrong)
			}
		})
	}
}

func TestFold(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"88.1/aZ", "88.1/AZ"}, {"88.1/ß", "88.1/ß"}, {"88.1/é", "88.1/é"}, {"0.na/88", "0.NA/88"}, {"A", "A"}, {"", ""},
	} {
		if got := handle.Fold(tt.in); got != tt.want || !handle.EqualFold(tt.in, tt.want) {
			t.Errorf("%q folds to %q, want %q", tt.in, got, tt.want)
		}
	}
	if handle.Name("88/K").Equal("88/\u212a") {
		t.Error("the Kelvin sign is not a K: folding is of ASCII alone")
	}
}

func TestPrefixes(t *testing.T) {
	if p, ok := handle.Authority("88.118").DescribedPrefix(); p != "88.118" || !ok {
		t.Error(p, ok)
	}
	if p, ok := handle.Name("0.na/88").DescribedPrefix(); p != "88" || !ok {
		t.Error(p, ok)
	}
	if _, ok := handle.Name("88.1/0.NA/88").DescribedPrefix(); ok {
		t.Error("88.1/0.NA/88 describes no prefix")
	}
	for _, tt := range []struct {
		prefix, above string
		want          bool
	}{
		{"88.118.2", "88.118", true},
		{"88.118", "88.118", true},
		{"88.1182", "88.118", false},
		{"88", "88.118", false},
	} {
		if handle.Under(tt.prefix, tt.above) != tt.want {
			t.Errorf("%s under %s: want %v", tt.prefix, tt.above, tt.want)
		}
	}
	if handle.Parent("88.118.2") != "88.118" || handle.Parent("88") != "" {
		t.Error(handle.Parent("88.118.2"), handle.Parent("88"))
	}
}

// url is the example of RFC 3651 §3.1: a URL that all read and its owner writes.
func url() handle.Value {
	return handle.Value{
		Index: 1, Type: "URL", Data: []byte("http://www.handle.net/"), TTL: handle.TTL{Seconds: handle.Day},
		Perm: handle.Usual, Timestamp: 927314334, References: []handle.Reference{{Name: "88.1/key", Index: 300}},
	}
}

func TestValue(t *testing.T) {
	want := "\x00\x00\x00\x01" + "\x37\x45\xb1\x9e" + "\x00" + "\x00\x01\x51\x80" + "\x0e" +
		"\x00\x00\x00\x03URL" + "\x00\x00\x00\x16http://www.handle.net/" + "\x00\x00\x00\x01" + "\x00\x00\x00\x0888.1/key" + "\x00\x00\x01\x2c"
	b := handle.AppendValue(nil, url())
	if string(b) != want || len(b) != url().Size() {
		t.Errorf("%q, %d", b, url().Size())
	}
	v, rest, err := handle.ParseValue(append(b, "more"...))
	if diff := cmp.Diff(url(), v); diff != "" || string(rest) != "more" || err != nil {
		t.Error(diff, rest, err)
	}
	for i := range len(want) {
		if _, _, err := handle.ParseValue(b[:i]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("cut off after %d bytes: %v", i, err)
		}
	}
}

func TestValueForged(t *testing.T) {
	b := handle.AppendValues(nil, []handle.Value{url()})
	for _, tt := range []struct {
		name  string
		at    int
		put   string
		wrong string
	}{
		{"more values than there is room for", 0, "\x00\x00\x00\x10", "16 values are announced"},
		{"four thousand million values", 0, "\xff\xff\xff\xff", "4294967295 values are announced"},
		{"a kind of TTL that is none", 12, "\x02", "kind of TTL is 2"},
		{"a type longer than the message", 18, "\x7f\xff\xff\xff", "type of a value takes 2147483647 bytes"},
		{"more references than there is room for", 51, "\x00\x00\x00\x09", "9 references are announced"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			forged := bytes.Clone(b)
			copy(forged[tt.at:], tt.put)
			r := octets.Reader{Rest: forged}
			if v := handle.ReadValues(&r); r.Err == nil || !strings.Contains(r.Err.Error(), tt.wrong) {
				t.Errorf("%v, %v; want %q", v, r.Err, tt.wrong)
			}
		})
	}
}

func TestQuery(t *testing.T) {
	for _, tt := range []struct {
		name string
		q    handle.Query
		v    handle.Value
		want bool
	}{
		{"all", handle.Query{}, handle.Value{Index: 7, Type: "X"}, true},
		{"its index", handle.Query{Indexes: []uint32{7}}, handle.Value{Index: 7, Type: "X"}, true},
		{"another index", handle.Query{Indexes: []uint32{8}}, handle.Value{Index: 7, Type: "X"}, false},
		{"index or type", handle.Query{Indexes: []uint32{8}, Types: []string{"x"}}, handle.Value{Index: 7, Type: "X"}, true},
		{"a type is no beginning", handle.Query{Types: []string{"HS_SITE"}}, handle.Value{Type: "HS_SITE.6"}, false},
		{"a family of types", handle.Query{Types: []string{"hs_site."}}, handle.Value{Type: "HS_SITE.6"}, true},
		{"the head of a family", handle.Query{Types: []string{"HS_SITE."}}, handle.Value{Type: "HS_SITE"}, true},
		{"a longer word", handle.Query{Types: []string{"HS_SITE."}}, handle.Value{Type: "HS_SITES"}, false},
	} {
		if tt.q.Asks(tt.v) != tt.want {
			t.Errorf("%s: want %v", tt.name, tt.want)
		}
	}
}

func TestCheck(t *testing.T) {
	value := func(i uint32) handle.Value { return handle.Value{Index: i, Type: "URL"} }
	for _, tt := range []struct {
		name   string
		values []handle.Value
		wrong  string
	}{
		{"none", nil, ""},
		{"ascending", []handle.Value{value(1), value(100)}, ""},
		{"zero", []handle.Value{value(0)}, "index 0"},
		{"twice", []handle.Value{value(1), value(1)}, "two values of index 1"},
		{"descending", []handle.Value{value(2), value(1)}, "index 1 behind index 2"},
		{"no type", []handle.Value{{Index: 1}}, "has no type"},
		{"too long", []handle.Value{{Index: 1, Type: "X", Data: make([]byte, handle.MaxData+1)}}, "262145 bytes"},
		{"too many", make([]handle.Value, handle.MaxValues+1), "2049 values"},
	} {
		err := handle.Record{Name: "88/a", Values: tt.values}.Check()
		if tt.wrong == "" && err != nil || tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.wrong)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("88.118.2/gb-1")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := handle.Parse(s)
		if err == nil && (n.String() != s || n.Fold() != handle.Fold(n.Fold()) || !n.Equal(handle.Name(n.Fold()))) {
			t.Error(n)
		}
	})
}

func FuzzParseValue(f *testing.F) {
	f.Add(handle.AppendValue(nil, url()))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := handle.ParseValue(b)
		if err == nil && !bytes.Equal(handle.AppendValue(nil, v), b[:len(b)-len(rest)]) {
			t.Errorf("%+v", v)
		}
	})
}
