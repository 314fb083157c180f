package wire_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/wire"
)

func FuzzParse(f *testing.F) {
	f.Add(plainBytes(f))
	for _, name := range []string{"read-private-rsa-1.resp", "resolve-certified-tcp.resp", "session-dh-secret-1.req", "session-dh-rsa-encrypted-2.req", "version-2.0-nosuggest.resp"} {
		text, err := os.ReadFile("testdata/handlenet/" + name + ".hex")
		if err != nil {
			f.Fatal(err)
		}
		b, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wire.Parse(b)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return
		}
		again, err := wire.Parse(wire.Append(nil, m))
		m.Length = again.Length // one without a credential's length gets one
		if m.Credential == nil {
			m.Credential = []byte{}
		}
		if diff := cmp.Diff(m, again); diff != "" || err != nil {
			t.Error(diff, err)
		}
		e, err := wire.ParseEnvelope(b)
		if err != nil || !bytes.Equal(wire.AppendEnvelope(nil, e), b[:wire.EnvelopeSize]) {
			t.Error(e, err)
		}
		digested, err := wire.Digested(b)
		if err != nil || len(digested) != wire.HeaderSize+len(m.Body) {
			t.Error(digested, err)
		}
	})
}
