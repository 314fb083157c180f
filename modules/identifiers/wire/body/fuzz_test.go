package body_test

import (
	"bytes"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// again holds that what a Parse reads it reads the same when an Append has written it.
func again(t *testing.T, b []byte, rewrite func([]byte) ([]byte, error)) {
	t.Helper()
	written, err := rewrite(b)
	if err != nil {
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%x: %v", b, err)
		}
		return
	}
	if twice, err := rewrite(written); err != nil || !bytes.Equal(twice, written) || len(written) > len(b)+4 { // a missing text is written as an empty one
		t.Errorf("%x\n%x\n%x\n%v", b, written, twice, err)
	}
}

// FuzzBodies gives any bytes to each Parse.
func FuzzBodies(f *testing.F) {
	for _, e := range examples() {
		f.Add([]byte(e.bytes), byte(11))
		f.Add([]byte(e.bytes), byte(8))
	}
	f.Fuzz(func(t *testing.T, b []byte, minor byte) {
		v := wire.Version{Major: 2, Minor: minor % 12}
		for _, rewrite := range []func([]byte) ([]byte, error){
			func(b []byte) ([]byte, error) { x, err := body.ParseResolve(b); return body.AppendResolve(nil, x), err },
			func(b []byte) ([]byte, error) { x, err := body.ParseRecord(b); return body.AppendRecord(nil, x), err },
			func(b []byte) ([]byte, error) { x, err := body.ParseName(b); return body.AppendName(nil, x), err },
			func(b []byte) ([]byte, error) { x, err := body.ParseRemoval(b); return body.AppendRemoval(nil, x), err },
			func(b []byte) ([]byte, error) { x, err := body.ParseNames(b); return body.AppendNames(nil, x), err },
			func(b []byte) ([]byte, error) {
				x, err := body.ParseReferral(b)
				return body.AppendReferral(nil, x), err
			},
			func(b []byte) ([]byte, error) {
				x, err := body.ParseErrorAnswer(b)
				return body.AppendErrorAnswer(nil, x), err
			},
			func(b []byte) ([]byte, error) { x, err := body.ParseLogin(b); return body.AppendLogin(nil, x), err },
			func(b []byte) ([]byte, error) { x, err := body.ParseDump(b); return body.AppendDump(nil, x), err },
			func(b []byte) ([]byte, error) {
				x, err := body.ParseTransaction(b)
				return body.AppendTransaction(nil, x), err
			},
			func(b []byte) ([]byte, error) {
				x, err := body.ParseTransactions(b, v)
				return body.AppendTransactions(nil, x, v), err
			},
		} {
			again(t, b, rewrite)
		}
	})
}
