package proof

import (
	"net/http/httptest"
	"testing"
	"time"

	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
)

// TestWitnessed: a node cosigns another's checkpoints through Tessera's own client; what was
// stated and stamped before there was a witness has one afterwards.
func TestWitnessed(t *testing.T) {
	testkit.EachStore(t, "proof", migrations, func(t *testing.T, db *store.DB) {
		t.Helper()
		dir := t.TempDir()
		a, b := build(t, db, dir), build(t, migrated(t), t.TempDir())
		a.clock.at, b.clock.at = time.Now(), time.Now()
		a.claim(t, number("st.a/500000/2023", 1, "1"))
		a.settle(t)
		if err := a.stamp(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, vkey, err := a.logKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.Witnessed = "log " + vkey + "\n"
		w, err := b.witness(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(w)
		defer server.Close()
		info, err := b.Witness(t.Context())
		if err != nil || len(info.Logs) != 1 || info.Logs[0] != a.Origin() {
			t.Fatalf("%+v, %v", info, err)
		}
		again := build(t, db, dir)
		again.clock.at = time.Now()
		again.Policy = "witness b " + info.VKey + " " + server.URL + "\nquorum b\n"
		again.claim(t, number("st.b/500000/2023", 1, "2"))
		again.settle(t)
		if err := again.Close(t.Context()); err != nil { // a checkpoint covers it
			t.Fatal(err)
		}
		p := again.readerPolicy(t)
		for _, name := range []string{"st.a/500000/2023", "st.b/500000/2023"} {
			file, err := again.Bundle(t.Context(), Ref{Name: name}, false)
			if err != nil {
				t.Fatal(err)
			}
			r := verify.Verify(file, p, verify.Options{})
			if _, en := r.Sentence(); !r.OK || !r.Independent {
				t.Errorf("%s: %s, independent %v", name, en, r.Independent)
			}
		}
	})
}
