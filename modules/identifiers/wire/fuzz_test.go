package wire_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/wire"
)

func FuzzParse(f *testing.F) {
	f.Add(plainBytes(f))
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
