package escrow

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"
	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

func FuzzParseManifest(f *testing.F) {
	m := Manifest{Deposit: full("1"), Volumes: []Volume{{Name: full("1").volumeName(1), Size: 9, Digest: strings.Repeat("0f", 32), Records: 3, First: "88.709/a", Last: "88.709/\uffff"}}}
	f.Add(m.XML())
	f.Add(Manifest{Deposit: diff("2", m), Volumes: []Volume{{Name: "88.709_2026-02-01_diff_S1_R0.escrow", Size: 9, Digest: strings.Repeat("0f", 32)}}}.XML())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseManifest(b)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(m.XML(), b) {
			t.Fatalf("%s\n%s", b, m.XML())
		}
	})
}

// readAll reads the XML of a volume.
func readAll(b []byte) ([]Change, error) {
	in := newChanges(bytes.NewReader(b))
	if err := in.start(full("1"), 1); err != nil {
		return nil, err
	}
	var out []Change
	for {
		c, err := in.next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
}

func writeAll(changes []Change) []byte {
	b := appendStart(nil, full("1"), 1)
	for _, c := range changes {
		b = appendChange(b, c)
	}
	return append(b, xmlEnd...)
}

func FuzzChanges(f *testing.F) {
	f.Add(writeAll(odd()))
	f.Add(writeAll([]Change{{Record: handle.Record{Name: "88.709/a"}, Deleted: true}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := readAll(b)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		again, err := readAll(writeAll(first))
		if err != nil {
			t.Fatalf("%q: %v", writeAll(first), err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add(header{volume: 1, id: "1", envelope: []byte("abc")}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := parseHeader(b)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(h.append(nil), b[:n]) {
			t.Fatal("a header comes out another")
		}
	})
}

func keyTexts(tb testing.TB) (public, private []byte) {
	tb.Helper()
	public, err := smx509.MarshalPKIXPublicKey(&standby.PublicKey)
	if err != nil {
		tb.Fatal(err)
	}
	private, err = smx509.MarshalPKCS8PrivateKey(standby)
	if err != nil {
		tb.Fatal(err)
	}
	return public, private
}

func FuzzParseKey(f *testing.F) {
	public, private := keyTexts(f)
	for _, der := range [][]byte{public, private} {
		f.Add([]byte(base64.StdEncoding.EncodeToString(der)))
		f.Add(pem.EncodeToMemory(&pem.Block{Type: "KEY", Bytes: der}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ParsePublicKey(b); err != nil && !errors.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		if _, err := ParsePrivateKey(b); err != nil && !errors.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
	})
}

func TestParseKey(t *testing.T) {
	public, private := keyTexts(t)
	p256, err := smx509.MarshalPKIXPublicKey(p256Key(t))
	if err != nil {
		t.Fatal(err)
	}
	line := func(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b) + "\n") }
	armour := func(b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "ANY", Bytes: b}) }
	for _, tt := range []struct {
		name            string
		in              []byte
		public, private bool
	}{
		{"public, a line", line(public), true, false},
		{"public, PEM", armour(public), true, false},
		{"private, a line", line(private), false, true},
		{"private, PEM", armour(private), false, true},
		{"of another curve", line(p256), false, false},
		{"nothing", nil, false, false},
		{"no base64", []byte("?"), false, false},
		{"far too long", bytes.Repeat([]byte("A"), 1<<20), false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key, err := ParsePublicKey(tt.in)
			if tt.public != (err == nil) || tt.public && !key.Equal(&standby.PublicKey) || !tt.public && !errors.Is(err, fault.Invalid) {
				t.Errorf("public: %v", err)
			}
			secret, err := ParsePrivateKey(tt.in)
			if tt.private != (err == nil) || tt.private && !secret.Equal(standby) || !tt.private && !errors.Is(err, fault.Invalid) {
				t.Errorf("private: %v", err)
			}
		})
	}
}

func TestNotXML(t *testing.T) {
	good := string(writeAll(odd()))
	for _, tt := range []struct{ name, old, new, want string }{
		{"cut off", xmlEnd, "", "the document ends in the middle"},
		{"something behind it", xmlEnd, xmlEnd + "<a/>", "something stands behind </deposit>"},
		{"a DOCTYPE", "<deposit", "<!DOCTYPE a><deposit", "comments and declarations"},
		{"a comment", "<record", "<!-- --><record", "comments and declarations"},
		{"text", "<record", "text<record", `text" stands between elements`},
		{"another volume", `volume="1"`, `volume="2"`, "this is volume 2"},
		{"another root", "<deposit ", "<deposits ", "begins with <deposits>"},
		{"an unknown element", "<record", "<other/><record", "<other> is neither"},
		{"an unknown attribute", "<record", `<record x="1"`, "attribute x is unknown"},
		{"an attribute twice", `<record name="88.709/"`, `<record name="88.709/" name="88.709/"`, "is unknown or there twice"},
		{"no name", `<record name="88.709/"`, `<record`, "attribute name is missing"},
		{"ends that do not pair", "</value><", "</record><", "</record> stands where <value> should end"},
		{"no base64", "<data64>AAEC<", "<data64>A<", "is not base64"},
		{"data twice", "<data64>AAEC<", "<data>x</data><data64>AAEC<", "is there twice"},
		{"no number", `index="7"`, `index="-7"`, "is no number of 32 bits"},
		{"no permissions", `permissions="255"`, `permissions="256"`, "is no number of 8 bits"},
		{"index 0", `index="7"`, `index="0"`, "index 0"},
		{"element with a prefix", "<record", "<a:record", "has a prefix"},
		{"no UTF-8", "<record", "\xff<record", "invalid UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(good, tt.old) {
				t.Fatal("the example has no ", tt.old)
			}
			_, err := readAll([]byte(strings.Replace(good, tt.old, tt.new, 1)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	endless := io.MultiReader(strings.NewReader(good[:strings.Index(good, "<record")]+`<record name="88.709/`), zeros{})
	in := newChanges(endless)
	if err := in.start(full("1"), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := in.next(); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "more than 67108864 bytes") {
		t.Error(err)
	}
}

// zeros is text without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}
