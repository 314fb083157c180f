package witness

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// memory is a Store that forgets nothing while the test runs.
type memory struct {
	mu    sync.Mutex // guards heads and broken
	heads map[string]Head
	fail  error
}

func (m *memory) Advance(_ context.Context, origin string, next func(Head) (Head, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	h, err := next(m.heads[origin])
	if err == nil {
		err = m.fail
	}
	if err != nil {
		return err
	}
	if m.heads == nil {
		m.heads = map[string]Head{}
	}
	m.heads[origin] = h
	return nil
}

func now() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// tree is a log in memory: entry i is "fork i" from the fork on.
type tree struct {
	t      testing.TB
	signer note.Signer
	vkey   string
	hashes []tlog.Hash
	size   int64
}

func grow(tb testing.TB, name string, from int64) *tree {
	tb.Helper()
	seed := sha256.Sum256([]byte(name))
	skey, vkey, err := note.GenerateKey(strings.NewReader(string(seed[:])), name)
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		tb.Fatal(err)
	}
	l := &tree{t: tb, signer: signer, vkey: vkey}
	const size = 20
	for i := range int64(size) {
		entry := fmt.Sprint("entry ", i)
		if i >= from {
			entry = fmt.Sprint("fork ", i)
		}
		more, err := tlog.StoredHashes(i, []byte(entry), l)
		if err != nil {
			tb.Fatal(err)
		}
		l.hashes = append(l.hashes, more...)
	}
	l.size = size
	return l
}

func (l *tree) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		out[i] = l.hashes[n]
	}
	return out, nil
}

// request asks for the tree of a size to be cosigned after that of an older size.
func (l *tree) request(old, size int64) string {
	l.t.Helper()
	root, err := tlog.TreeHash(size, l)
	if err != nil {
		l.t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: torchwood.Checkpoint{Origin: l.signer.Name(), Tree: tlog.Tree{N: size, Hash: root}}.String()}, l.signer)
	if err != nil {
		l.t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "old %d\n", old)
	if old > 0 && old < size {
		proof, err := tlog.ProveTree(size, old, l)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, h := range proof {
			b.WriteString(h.String() + "\n")
		}
	}
	return b.String() + "\n" + string(signed)
}

func key() ed25519.PrivateKey { return ed25519.NewKeyFromSeed([]byte(strings.Repeat("w", 32))) }

func newWitness(tb testing.TB, logs ...*tree) *Witness {
	tb.Helper()
	w := &Witness{Name: "w.example.org", Key: key(), Store: &memory{}, Now: now}
	for _, l := range logs {
		v, err := note.NewVerifier(l.vkey)
		if err != nil {
			tb.Fatal(err)
		}
		w.Logs = append(w.Logs, v)
	}
	return w
}

func post(w http.Handler, body string) *httptest.ResponseRecorder {
	out := httptest.NewRecorder()
	w.ServeHTTP(out, httptest.NewRequest(http.MethodPost, "/add-checkpoint", strings.NewReader(body)))
	return out
}

func TestAddCheckpoint(t *testing.T) {
	l, fork := grow(t, "log.example.org", 100), grow(t, "log.example.org", 8)
	stranger := grow(t, "other.example.org", 100)
	w := newWitness(t, l)
	for _, tt := range []struct {
		name, body  string
		status      int
		words, kind string
	}{
		{"nothing", "", 400, "old SIZE", ""},
		{"no size", "old\n\n", 400, "old SIZE", ""},
		{"a leading zero", strings.Replace(l.request(0, 10), "old 0", "old 00", 1), 400, "old SIZE", ""},
		{"64 hashes", "old 1\n" + strings.Repeat(tlog.Hash{}.String()+"\n", 64) + "\nx", 400, "64 hashes", ""},
		{"no hash", "old 1\nx\n\nx", 400, "base64 of 32 bytes", ""},
		{"an unknown log", stranger.request(0, 10), 404, "does not know", ""},
		{"no signature of the log", strings.Replace(l.request(0, 10), "— log.example.org ", "— log.example.org AAAA", 1), 403, "not signed", ""},
		{"a forged checkpoint", strings.Replace(l.request(0, 10), "\n10\n", "\n11\n", 1), 403, "not signed", ""},
		{"a wrong old size", l.request(5, 10), 409, "0\n", "text/x.tlog.size"},
		{"the first", l.request(0, 10), 200, "— w.example.org ", ""},
		{"the first again, from 0", l.request(0, 10), 409, "10\n", "text/x.tlog.size"},
		{"the same again", l.request(10, 10), 200, "— w.example.org ", ""},
		{"the same size, another root", fork.request(10, 10), 409, "10\n", "text/x.tlog.size"},
		{"a fork", fork.request(10, 12), 422, "does not lead", ""},
		{"a rollback", l.request(10, 9), 400, "more than", ""},
		{"too many hashes", strings.Replace(l.request(10, 10), "old 10\n", "old 10\n"+tlog.Hash{}.String()+"\n", 1), 422, "nothing is to be proved", ""},
		{"the next", l.request(10, 20), 200, "— w.example.org ", ""},
		{"the one before", l.request(10, 12), 409, "20\n", "text/x.tlog.size"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := post(w, tt.body)
			if got.Code != tt.status || !strings.Contains(got.Body.String(), tt.words) || tt.kind != "" && got.Header().Get("Content-Type") != tt.kind {
				t.Errorf("%d %s %q, want %d %q", got.Code, got.Header().Get("Content-Type"), got.Body, tt.status, tt.words)
			}
		})
	}
}

// kept returns the store of a test's witness.
func kept(t *testing.T, w *Witness) *memory {
	t.Helper()
	m, ok := w.Store.(*memory)
	if !ok {
		t.Fatalf("the store is a %T", w.Store)
	}
	return m
}

// TestForeignVerifier: torchwood verifies what we cosign, and the time in it.
func TestForeignVerifier(t *testing.T) {
	l := grow(t, "log.example.org", 100)
	w := newWitness(t, l)
	body := l.request(0, 10)
	line := post(w, body).Body.String()
	_, signed, _ := strings.Cut(body, "\n\n")
	v, err := torchwood.NewCosignatureVerifier(VKey(w.Name, ed25519.PublicKey(key()[32:])))
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open([]byte(signed+line), note.VerifierList(v))
	if err != nil {
		t.Fatal(err)
	}
	at, err := torchwood.CosignatureTimestamp(n.Sigs[0])
	if err != nil || at != now().Unix() {
		t.Errorf("cosigned at %d, %v", at, err)
	}
}

// TestClockSetBack: the time in cosignatures does not go back.
func TestClockSetBack(t *testing.T) {
	l := grow(t, "log.example.org", 100)
	w := newWitness(t, l)
	post(w, l.request(0, 10))
	w.Now = func() time.Time { return now().AddDate(-1, 0, 0) }
	if got := post(w, l.request(10, 20)); got.Code != http.StatusOK {
		t.Fatal(got.Code, got.Body)
	}
	if h := kept(t, w).heads["log.example.org"]; !h.At.Equal(now()) {
		t.Errorf("the second was cosigned at %s", h.At)
	}
}

// TestRace: of two trees that are handed in at once only one is cosigned.
func TestRace(t *testing.T) {
	for range 50 {
		l, fork := grow(t, "log.example.org", 100), grow(t, "log.example.org", 8)
		w := newWitness(t, l)
		post(w, l.request(0, 8))
		bodies := []string{l.request(8, 12), fork.request(8, 12), l.request(8, 20), fork.request(8, 20)}
		codes := make([]int, len(bodies))
		var all sync.WaitGroup
		for i, body := range bodies {
			all.Go(func() { codes[i] = post(w, body).Code })
		}
		all.Wait()
		ok := 0
		for _, c := range codes {
			if c == http.StatusOK {
				ok++
			}
		}
		if ok != 1 {
			t.Fatalf("%v: %d trees were cosigned after the same one", codes, ok)
		}
	}
}

// TestStoreFails: without the store's word there is no cosignature.
func TestStoreFails(t *testing.T) {
	l := grow(t, "log.example.org", 100)
	w := newWitness(t, l)
	kept(t, w).fail = context.DeadlineExceeded
	if got := post(w, l.request(0, 10)); got.Code != http.StatusInternalServerError || strings.Contains(got.Body.String(), "w.example.org") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

// TestMutations: what was changed on the way is not cosigned.
func TestMutations(t *testing.T) {
	l := grow(t, "log.example.org", 100)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	body := l.request(10, 20)
	for i := range 10_000 {
		w := newWitness(t, l)
		kept(t, w).heads = map[string]Head{}
		if i%100 == 0 {
			post(w, l.request(0, 10))
		} else {
			root, err := tlog.TreeHash(10, l)
			if err != nil {
				t.Fatal(err)
			}
			kept(t, w).heads["log.example.org"] = Head{10, root, now()}
		}
		b := []byte(body)
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		got := post(w, string(b))
		if got.Code == http.StatusOK && kept(t, w).heads["log.example.org"].Size != 20 {
			t.Fatalf("seed %d, change %d is cosigned: %s", seed, i, b)
		}
	}
}

func FuzzAdd(f *testing.F) {
	l := grow(f, "log.example.org", 100)
	f.Add([]byte(l.request(0, 10)))
	f.Add([]byte("old 1\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) { _, _ = newWitness(t, l).Add(t.Context(), body) })
}
