package access_test

import (
	"bytes"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
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
	if twice, err := rewrite(written); err != nil || !bytes.Equal(twice, written) || len(written) > len(b)+4 { // a missing key is written as an empty one
		t.Errorf("%x\n%x\n%x\n%v", b, written, twice, err)
	}
}

// FuzzAccess gives any bytes to each Parse.
func FuzzAccess(f *testing.F) {
	for _, e := range examples() {
		f.Add([]byte(e.bytes), byte(11))
		f.Add([]byte(e.bytes), byte(0))
	}
	f.Fuzz(func(t *testing.T, b []byte, minor byte) {
		v := wire.Version{Major: 2, Minor: minor % 12}
		m := wire.Message{Envelope: wire.Envelope{Version: v}, Header: wire.Header{Code: wire.ChallengeNeeded}}
		if !v.Before(wire.Version{Major: 2, Minor: 1}) {
			m.Flags = wire.RequestDigest
		}
		for _, rewrite := range []func([]byte) ([]byte, error){
			func(b []byte) ([]byte, error) {
				m.Body = b
				x, err := access.ParseChallenge(m)
				return access.AppendChallenge(nil, x, v), err
			},
			func(b []byte) ([]byte, error) {
				x, err := access.ParseChallengeAnswer(b)
				return access.AppendChallengeAnswer(nil, x), err
			},
			func(b []byte) ([]byte, error) {
				x, err := access.ParseVerification(b)
				return access.AppendVerification(nil, x), err
			},
			func(b []byte) ([]byte, error) {
				x, err := access.ParseVerdict(b)
				return access.AppendVerdict(nil, x), err
			},
			func(b []byte) ([]byte, error) {
				x, err := access.ParseSessionSetUp(b)
				return access.AppendSessionSetUp(nil, x), err
			},
			func(b []byte) ([]byte, error) {
				x, err := access.ParseSessionAnswer(b)
				return access.AppendSessionAnswer(nil, x), err
			},
			func(b []byte) ([]byte, error) {
				x, err := access.ParseExchangedKey(b)
				return access.AppendExchangedKey(nil, x), err
			},
			func(b []byte) ([]byte, error) {
				x, err := access.ParseCredential(b)
				return access.AppendCredential(nil, x), err
			},
			func(b []byte) ([]byte, error) {
				x, rest, err := access.ParseDigest(b)
				return append(access.AppendDigest(nil, x), rest...), err
			},
		} {
			again(t, b, rewrite)
		}
	})
}
