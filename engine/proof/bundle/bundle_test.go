package bundle

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
)

// sample is a bundle with every kind of part.
func sample() *Bundle {
	return &Bundle{
		Statement: Entry{Doc: []byte(`{"kind":"derived"}`), Formula: []byte(`{"text":"a/b"}`), Log: []byte("c2sp.org/tlog-proof@v1\nindex 3\n"), Stamps: [][]byte{{0x30, 0x0a, '\n'}, []byte("two")}},
		Keys:      []Entry{{Doc: []byte(`{"kind":"key"}`), Log: []byte("log\n")}, {Doc: []byte(`{"kind":"key","name":"b"}`)}},
		Inputs:    []Entry{{Doc: []byte("{}"), Log: []byte{}}, {Doc: []byte(`{"a":"区"}`), Log: []byte("x"), Stamps: [][]byte{{}}}},
	}
}

func TestRoundTrip(t *testing.T) {
	text := sample().Append(nil)
	golden := filepath.Join("testdata", "sample.bundle")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(text)); d != "" {
		t.Errorf("the format has changed: -want +got\n%s", d)
	}
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(*sample(), got); d != "" {
		t.Error(d)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ text, words string }{
		"nothing":             {"", "no bundle"},
		"another file":        {"%PDF-1.4\n", "no bundle"},
		"another version":     {"yuzhou-bundle/v2\nstatement 2\n{}\n", "no bundle"},
		"the header alone":    {header, "has no statement"},
		"no statement first":  {header + "key 2\n{}\n", "byte 17: the first part"},
		"two statements":      {header + "statement 2\n{}\nstatement 2\n{}\n", `byte 32: "statement" cannot stand there`},
		"two logs":            {header + "statement 2\n{}\nlog 1\na\nlog 1\nb\n", "cannot stand there"},
		"a time without log":  {header + "statement 2\n{}\ntime 1\na\n", "cannot stand there"},
		"a time not base64":   {header + "statement 2\n{}\nlog 1\na\ntime 1\na\n", "is not base64"},
		"a time of two lines": {header + "statement 2\n{}\nlog 1\na\ntime 5\nYW\nJj\n", "is not base64"},
		"two formulas":        {header + "statement 2\n{}\nformula 1\na\nformula 1\na\n", `"formula" cannot stand there`},
		"a formula too late":  {header + "statement 2\n{}\nlog 1\na\nformula 1\na\n", `"formula" cannot stand there`},
		"a key after inputs":  {header + "statement 2\n{}\ninput 2\n{}\nkey 2\n{}\n", "cannot stand there"},
		"an unknown kind":     {header + "statement 2\n{}\nnote 1\na\n", `"note" cannot stand there`},
		"no length":           {header + "statement\n{}\n", "is not a kind and a length"},
		"a negative length":   {header + "statement -1\n{}\n", "is not a kind and a length"},
		"a leading zero":      {header + "statement 02\n{}\n", "is not a kind and a length"},
		"a sign":              {header + "statement +2\n{}\n", "is not a kind and a length"},
		"two spaces":          {header + "statement  2\n{}\n", "is not a kind and a length"},
		"a carriage return":   {header + "statement 2\r\n{}\n", "is not a kind and a length"},
		"a length too great":  {header + "statement 99999999999999999999\n{}\n", "is not a kind and a length"},
		"too short":           {header + "statement 3\n{}\n", "is not 3 bytes"},
		"too long":            {header + "statement 1\n{}\n", "is not 1 bytes"},
		"no end of line":      {header + "statement 2\n{}", "is not 2 bytes"},
		"something behind":    {header + "statement 2\n{}\n\n", "byte 32"},
		"a line without end":  {header + strings.Repeat("s", 100), "there is no line"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse([]byte(tt.text)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("%v, want %q", err, tt.words)
			}
		})
	}
}

// TestMutations: an altered file is either refused or says something else, and then
// its own encoding is the altered bytes: nothing is skipped or repaired.
func TestMutations(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	text := sample().Append(nil)
	for range 10_000 {
		altered := bytes.Clone(text)
		for range 1 + random.IntN(3) {
			switch i := random.IntN(len(altered)); random.IntN(3) {
			case 0:
				altered[i] ^= byte(1 + random.IntN(255))
			case 1:
				altered = append(altered[:i], altered[i+1:]...)
			default:
				altered = append(altered[:i:i], altered[max(0, i-5):]...)
			}
		}
		if x, err := Parse(altered); err == nil && !bytes.Equal(x.Append(nil), altered) {
			t.Fatalf("seed %d: %q is read as %q", seed, altered, x.Append(nil))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample().Append(nil))
	f.Add([]byte(header + "statement 2\n{}\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		x, err := Parse(file)
		if err == nil && !bytes.Equal(x.Append(nil), file) {
			t.Errorf("%q has another encoding: %q", file, x.Append(nil))
		}
	})
}
