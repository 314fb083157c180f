package canon

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"

	"yuzhou/kernel/fault"
)

// The files are the examples of RFC 8785 (§3.2.2 to §3.2.4) and those its authors
// test with: github.com/cyberphone/json-canonicalization, testdata.
func TestPublishedExamples(t *testing.T) {
	files, err := filepath.Glob("testdata/rfc8785/*.json")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			in, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(file, "json") + "canonical")
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, "values.json") {
				// The two numbers of RFC 8785 §3.2.2 that I-JSON does not hold exactly.
				if _, err := Canonical(in); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "byte 16: number 333333333.33333329 loses digits") {
					t.Errorf("the example with digits too many: %v", err)
				}
				in = bytes.Replace(in, []byte("333333333.33333329, 1E30"), []byte("333333333.3333333, 1E15"), 1)
				want = bytes.Replace(want, []byte("1e+30"), []byte("1000000000000000"), 1)
			}
			same(t, in, want)
		})
	}
}

// same holds that in has the canonical form want, and want itself as well.
func same(t *testing.T, in, want []byte) {
	t.Helper()
	for _, doc := range [][]byte{in, want} {
		got, err := Canonical(doc)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("Canonical(%s) = %s, %v; want %s", doc, got, err, want)
		}
	}
	if err := Check(want); err != nil {
		t.Errorf("Check(%s) = %v", want, err)
	}
}

// RFC 8785 Appendix B: an IEEE 754 double and how it is written. What lies beyond
// ±(2^53-1) has that form with jcs too, and is refused here.
func TestNumbersOfAppendixB(t *testing.T) {
	for _, tt := range []struct{ bits, want string }{
		{"0000000000000000", "0"},
		{"8000000000000000", "0"},
		{"0000000000000001", "5e-324"},
		{"8000000000000001", "-5e-324"},
		{"7fefffffffffffff", "1.7976931348623157e+308"},
		{"ffefffffffffffff", "-1.7976931348623157e+308"},
		{"4340000000000000", "9007199254740992"},
		{"c340000000000000", "-9007199254740992"},
		{"4430000000000000", "295147905179352830000"},
		{"44b52d02c7e14af5", "9.999999999999997e+22"},
		{"44b52d02c7e14af6", "1e+23"},
		{"44b52d02c7e14af7", "1.0000000000000001e+23"},
		{"444b1ae4d6e2ef4e", "999999999999999700000"},
		{"444b1ae4d6e2ef4f", "999999999999999900000"},
		{"444b1ae4d6e2ef50", "1e+21"},
		{"3eb0c6f7a0b5ed8c", "9.999999999999997e-7"},
		{"3eb0c6f7a0b5ed8d", "0.000001"},
		{"41b3de4355555553", "333333333.3333332"},
		{"41b3de4355555554", "333333333.33333325"},
		{"41b3de4355555555", "333333333.3333333"},
		{"41b3de4355555556", "333333333.3333334"},
		{"41b3de4355555557", "333333333.33333343"},
		{"becbf647612f3696", "-0.0000033333333333333333"},
		{"43143ff3c1cb0959", "1424953923781206.2"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			bits, err := strconv.ParseUint(tt.bits, 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			f := math.Float64frombits(bits)
			if got, err := jcs.NumberToJSON(f); err != nil || got != tt.want {
				t.Errorf("jcs writes %s, %v", got, err)
			}
			got, err := Marshal(f)
			if math.Abs(f) > maxNumber {
				if !errors.Is(err, fault.Invalid) {
					t.Errorf("Marshal = %s, %v; want it refused", got, err)
				}
				return
			}
			if err != nil || string(got) != tt.want {
				t.Errorf("Marshal = %s, %v", got, err)
			}
			same(t, []byte(strconv.FormatFloat(f, 'e', -1, 64)), []byte(tt.want))
		})
	}
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got, err := Marshal(f); !errors.Is(err, fault.Invalid) {
			t.Errorf("Marshal(%v) = %s, %v", f, got, err)
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"white space", " \t\r\n[ 1 , { } , [ ] ] \n", `[1,{},[]]`},
		{"scalars stand alone", " null ", "null"},
		{"greatest integers", "[9007199254740991,-9007199254740991]", "[9007199254740991,-9007199254740991]"},
		{"zero of any length", "[0,-0,0.0e9,0E-99999999999999999999,0.000]", "[0,0,0,0,0]"},
		{"many digits, one value", "[1" + strings.Repeat("0", 400) + "e-400,0." + strings.Repeat("0", 400) + "1e401]", "[1,1]"},
		{"exact halves", "[4.50,0.5e1,1e15]", "[4.5,5,1000000000000000]"},
		{"escapes", `"\u0041\/\"\\\b\f\n\r\t\u001F\u007f"`, `"A/\"\\\b\f\n\r\t\u001f` + "\x7f\""},
		{"what HTML would escape", `"<>&` + "\u2028\u2029\u00a0" + `"`, `"<>&` + "\u2028\u2029\u00a0" + `"`},
		{"U+FFFD itself", "\"\ufffd\"", "\"\ufffd\""},
		{"a pair and its character", `"\ud83d\ude02😂"`, `"😂😂"`},
		{"keys by UTF-16", `{"` + "\ufb33" + `":1,"😂":2,"":0}`, `{"":0,"😂":2,"` + "\ufb33" + `":1}`},
		{"keys of two objects", `[{"a":1},{"a":{"a":1}}]`, `[{"a":1},{"a":{"a":1}}]`},
		{"as deep as may be", strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)},
		{"numbers are not keys", `{"10":1,"9":2}`, `{"10":1,"9":2}`},
	} {
		t.Run(tt.name, func(t *testing.T) { same(t, []byte(tt.in), []byte(tt.want)) })
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", "byte 0: the document ends where a value should"},
		{"white space alone", "  ", "byte 2: the document ends"},
		{"byte order mark", "\xef\xbb\xbf{}", "byte 0: the document begins with a byte order mark"},
		{"two values", "{} {}", "byte 3: there is more after the end"},
		{"trailing zero byte", "{}\x00", "byte 2: there is more"},
		{"key twice", `{"a":1,"a":1}`, `byte 7: key "a" is there a second time`},
		{"key twice, escaped", `{"a":1,"\u0061":2}`, `byte 7: key "a"`},
		{"key twice, a pair", `{"😂":1,"\ud83d\ude02":2}`, `byte 10: key "😂"`},
		{"key twice, within", `[{"b":{"c":1,"c":2}}]`, `byte 13: key "c"`},
		{"2^53", "[1,9007199254740992]", "byte 3: number 9007199254740992 is beyond ±(2^53-1)"},
		{"-2^53", "-9007199254740992", "byte 0: number -9007199254740992 is beyond"},
		{"2^53 as power", "9.007199254740992e15", "is beyond"},
		{"infinite", "1e400", "byte 0: number 1e400 is beyond"},
		{"just above 2^53-1", "9007199254740991.4", "loses digits"},
		{"underflow", "1e-400", "loses digits in a double, which gives back 0"},
		{"underflow far below", "1e-99999999999999999999", "loses digits"},
		{"a digit too many", "0.10000000000000000000001", "loses digits in a double, which gives back 0.1"},
		{"NaN", "NaN", `byte 0: "N" stands where a value should`},
		{"leading zero", "[01]", "byte 1: the number begins with a zero"},
		{"plus", "+1", "byte 0: \"+\" stands"},
		{"no fraction", "1.", "byte 2: the document ends where a digit after the point"},
		{"no exponent", "1e+", "byte 3: the document ends where a digit of the exponent"},
		{"minus alone", "-", "byte 1: the document ends where a digit"},
		{"high half", `"\ud800"`, "byte 1: \\ud800 is half of a surrogate pair"},
		{"low half", `["x\udc00"]`, "byte 3: \\udc00 is half"},
		{"two high halves", `"\ud800\ud800"`, "byte 1: \\ud800 is half"},
		{"half and letter", `"\ud800\u0041"`, "byte 1: \\ud800 is half"},
		{"half of a key", `{"\udfff":1}`, "byte 2: \\udfff is half"},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\"", "byte 1: byte 0xed is not UTF-8"},
		{"Latin-1", "\"\xe9\"", "byte 1: byte 0xe9 is not UTF-8"},
		{"overlong", "\"\xc0\xaf\"", "byte 1: byte 0xc0 is not UTF-8"},
		{"beyond Unicode", "\"\xf4\x90\x80\x80\"", "byte 1: byte 0xf4 is not UTF-8"},
		{"noncharacter", "\"\uffff\"", "byte 1: U+FFFF is not a character"},
		{"noncharacter, escaped", `"\ufdd0"`, "byte 1: U+FDD0 is not a character"},
		{"noncharacter of a plane", `"\udbff\udfff"`, "byte 1: U+10FFFF is not a character"},
		{"line break in a string", "\"a\nb\"", "byte 2: a control character stands in a string; write it escaped, as \\u000a"},
		{"string without end", `["abc`, "byte 1: the string that begins here does not end"},
		{"escape without end", `"\`, "byte 1: the document ends in an escape"},
		{"no escape", `"\x41"`, "byte 1: \\ begins no escape"},
		{"no hex", `"\u00g1"`, "byte 1: \\u is not followed"},
		{"too deep", strings.Repeat("[", 65), "byte 64: more than 64 arrays and objects"},
		{"as deep as a stack overflow", strings.Repeat(`{"a":`, 1<<20), "byte 320: more than 64"},
		{"comma at the end", "[1,]", `byte 3: "]" stands where a value should`},
		{"comma in an object", `{"a":1,}`, `byte 7: "}" stands where a key in quotes should`},
		{"no comma", "[1 2]", `byte 3: "2" stands where a comma or ']' should`},
		{"no colon", `{"a" 1}`, `byte 5: "1" stands where a colon should`},
		{"bare key", "{a:1}", `byte 1: "a" stands where a key`},
		{"literal cut", "tru", `byte 0: "t" stands where true, false or null should`},
		{"literal long", "[nulls]", `byte 5: "s" stands where a comma`},
		{"comment", "/**/1", `byte 0: "/" stands`},
		{"not closed", `{"a":[1`, "byte 7: the document ends where a comma or ']' should"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Canonical([]byte(tt.in))
			if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Canonical = %s, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"order", `{"b":1,"a":2}`, "byte 2: the document is JSON but not"},
		{"space at the end", `{} `, "byte 2:"},
		{"escape", `"\u0041"`, "byte 1:"},
		{"no JSON", `{`, "byte 1: the document ends"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := Check([]byte(tt.in)); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Check = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestMarshal(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   any
		want string // "" when it is refused
	}{
		{"no escapes of HTML", map[string]any{"b": "<a>&\u2028", "a": 1}, `{"a":1,"b":"<a>&` + "\u2028" + `"}`},
		{"U+FFFD itself", "\ufffd", "\"\ufffd\""},
		{"a backslash before ufffd", `\ufffd`, `"\\ufffd"`},
		{"bytes that are no UTF-8", "a\xff", ""},
		{"after a backslash", "\\\xff", ""},
		{"after an escaped one", `\ufffd` + "\xff", ""},
		{"a key that is no UTF-8", map[string]int{"\xff": 1}, ""},
		{"greatest int", int64(maxNumber), "9007199254740991"},
		{"int beyond", int64(maxNumber + 1), ""},
		{"raw, key twice", json.RawMessage(`{"a":1,"a":2}`), ""},
		{"a channel", make(chan int), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Marshal(tt.in)
			if tt.want == "" {
				if !errors.Is(err, fault.Invalid) {
					t.Errorf("Marshal = %s, %v; want it refused", got, err)
				}
			} else if err != nil || string(got) != tt.want {
				t.Errorf("Marshal = %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

// agree holds that Canonical and the plain second implementation say the same.
func agree(t *testing.T, doc []byte) {
	t.Helper()
	got, err := Canonical(doc)
	want, ok := plain(doc)
	if ok != (err == nil) || string(got) != want {
		t.Fatalf("%q:\n got %s, %v\nwant %s, %t", doc, got, err, want, ok)
	}
	if err != nil {
		if !errors.Is(err, fault.Invalid) || strings.Contains(err.Error(), "no canonical form") {
			t.Fatalf("%q: %v", doc, err)
		}
		return
	}
	if by, err := jcs.Transform(doc); err != nil || !bytes.Equal(by, got) {
		t.Fatalf("%q: jcs gives %s, %v; want %s", doc, by, err, got)
	}
	if again, err := Canonical(got); err != nil || !bytes.Equal(again, got) {
		t.Fatalf("%q: its form %s becomes %s, %v", doc, got, again, err)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0,1e-7,4.50,{}],"\ud83d\ude02":"\u00e9\n","b":null}`, `[9007199254740991,1e21,0.1]`, `"\ud800"`, `{"a":1,"\u0061":2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(agree)
}

// A fuzz run finds branches, this one values: mutated documents and random numbers.
func TestMutations(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	base := []byte(`{"z":[1,-0.5,1e-7,4.50,{"` + "\u20ac" + `":true}],"\ud83d\ude02":"\u00e9\n\ud83d","b":[null,false],"n":9007199254740991,"` + "\ufb33" + `":"x"}`)
	for range 20000 {
		doc := bytes.Clone(base)
		for range 1 + r.IntN(3) {
			at := r.IntN(len(doc))
			switch r.IntN(4) {
			case 0:
				doc[at] = byte(r.Uint32())
			case 1:
				doc[at] = base[r.IntN(len(base))]
			case 2:
				doc = append(doc[:at], doc[at+1:]...)
			default:
				doc = append(doc[:at], doc[r.IntN(at+1):]...)
			}
		}
		agree(t, doc)
	}
	for range 20000 {
		f := math.Float64frombits(r.Uint64())
		if r.IntN(2) == 0 {
			f = float64(r.Int64N(1<<54)-1<<53) / math.Pow10(r.IntN(18))
		}
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			agree(t, strconv.AppendFloat(nil, f, "efg"[r.IntN(3)], r.IntN(20)-1, 64))
		}
	}
}

// What is canonical already, beside what is not and beside jcs alone.
func BenchmarkCanonical(b *testing.B) {
	loose, err := os.ReadFile("testdata/rfc8785/structures.json")
	if err != nil {
		b.Fatal(err)
	}
	done, err := Canonical(loose)
	if err != nil {
		b.Fatal(err)
	}
	for _, bb := range []struct {
		name string
		doc  []byte
		form func([]byte) ([]byte, error)
	}{{"loose", loose, Canonical}, {"canonical", done, Canonical}, {"jcs", done, jcs.Transform}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bb.form(bb.doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
