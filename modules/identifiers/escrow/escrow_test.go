package escrow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
	"yuzhou/modules/identifiers/handle"
)

// Keys of the tests, derived from nothing that is secret.
var (
	depositor = testKey(1)
	standby   = testKey(2)
	stranger  = testKey(3)
)

func testKey(n byte) *sm2.PrivateKey {
	key, err := sm2.NewPrivateKey(append(make([]byte, 31), n))
	if err != nil {
		panic(err)
	}
	return key
}

var (
	maker  = Maker{Signer: depositor, Recipient: &standby.PublicKey}
	opener = Opener{Depositor: &depositor.PublicKey, Key: standby}
	noon   = time.Date(2026, 1, 31, 4, 0, 0, 0, time.UTC)
)

func full(id string) Deposit {
	return Deposit{ID: id, Prefix: "88.709", Type: Full, Watermark: noon}
}

func diff(id string, before Manifest) Deposit {
	return Deposit{ID: id, Prefix: "88.709", Type: Diff, Watermark: before.Watermark.Add(24 * time.Hour), PreviousID: before.ID, PreviousDigest: before.Digest()}
}

func folder(t *testing.T) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	})
	return root
}

// odd has all that a record can hold.
func odd() []Change {
	return []Change{
		{Record: handle.Record{Name: "0.NA/88.709", Values: []handle.Value{{Index: 1, Type: "HS_SITE", Data: []byte{0, 1, 2}, Perm: handle.Usual}}}},
		{Record: handle.Record{Name: "88.709/"}},
		{Record: handle.Record{Name: "88.709/<a>&\"'\u4e2d", Values: []handle.Value{
			{Index: 1, Type: "URL", Data: []byte("https://example.org/?a=1&b=<2>"), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: 1769832000},
			{Index: 2, Type: "\xff\x00", Data: []byte(" \t\r\n white space \n"), TTL: handle.TTL{Absolute: true, Seconds: 1<<32 - 1}, Perm: 255},
			{Index: 1<<32 - 1, Type: "HS_VLIST", Data: []byte("\xf0\x28"), References: []handle.Reference{{Name: "88.709/x", Index: 300}, {Name: "\x00", Index: 0}}},
		}}},
		{Record: handle.Record{Name: "88.709.1/\uffff", Values: []handle.Value{{Index: 7, Type: "DESC", Data: []byte("]]>\ufffd")}}}},
	}
}

// many gives n records; their values do not compress when noisy.
func many(n int, noisy bool) []Change {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]Change, n)
	for i := range out {
		data := fmt.Appendf(nil, "https://example.org/%d", i)
		if noisy {
			data = make([]byte, 200)
			for i := range data {
				data[i] = byte(r.Uint32())
			}
		}
		out[i] = Change{Record: handle.Record{
			Name:   handle.Name(fmt.Sprintf("88.709.1/%08d", i)),
			Values: []handle.Value{{Index: 1, Type: "URL", Data: data, TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: 1}},
		}}
	}
	return out
}

// source gives changes as a store does.
func source(changes []Change) Source {
	return func(after handle.Name) iter.Seq2[Change, error] {
		return func(yield func(Change, error) bool) {
			for _, c := range changes {
				if (after == "" || Compare(c.Record.Name, after) > 0) && !yield(c, nil) {
					return
				}
			}
		}
	}
}

func mustMake(t *testing.T, m Maker, dir *os.Root, d Deposit, changes []Change) Manifest {
	t.Helper()
	made, err := m.Make(t.Context(), dir, d, source(changes))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func mustOpen(t *testing.T, dir *os.Root, m Manifest) *Archive {
	t.Helper()
	a, err := opener.Open(t.Context(), dir.FS(), m.ManifestName())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func collect[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var out []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// same holds that two slices are equal; cmp takes seconds for many records that are.
func same[T any](t *testing.T, want, got []T) {
	t.Helper()
	if len(want)+len(got) > 0 && !reflect.DeepEqual(want, got) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestRoundTrip(t *testing.T) {
	for _, tt := range []struct {
		name    string
		size    int64
		changes []Change
		volumes int
	}{
		{"nothing", 0, nil, 1},
		{"all that a record can hold", 0, odd(), 1},
		{"many", 0, many(20000, false), 1},
		{"several volumes", smallest, many(50000, false), 2},
		{"several volumes that do not compress", smallest, many(5000, true), 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t)
			m := maker
			m.VolumeSize = tt.size
			made := mustMake(t, m, dir, full("1"), tt.changes)
			if len(made.Volumes) != tt.volumes || made.Records() != uint64(len(tt.changes)) {
				t.Errorf("%d volumes, %d records", len(made.Volumes), made.Records())
			}
			for _, v := range made.Volumes {
				if tt.size > 0 && v.Size > tt.size {
					t.Errorf("%s has %d bytes", v.Name, v.Size)
				}
				t.Logf("%s %d bytes, %d records", v.Name, v.Size, v.Records)
			}
			a := mustOpen(t, dir, made)
			same(t, tt.changes, collect(t, a.Changes(t.Context(), "")))
			if at := len(tt.changes) / 2; at > 0 {
				same(t, tt.changes[at+1:], collect(t, a.Changes(t.Context(), tt.changes[at].Record.Name)))
			}
			if left, err := fs.Glob(dir.FS(), "*.tmp"); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
			again := mustMake(t, m, dir, full("1"), nil)
			if again.Digest() != made.Digest() {
				t.Error("made a second time it is another one")
			}
		})
	}
}

// A maker is stopped after every hundred records or so, as a program is that is killed;
// what comes out in the end is whole.
func TestInterrupted(t *testing.T) {
	dir := folder(t)
	changes := many(4000, true)
	m := maker
	m.VolumeSize = smallest
	stopped := errors.New("the machine stopped")
	asked := []handle.Name{}
	for given := 700; ; given += 700 {
		left := given
		made, err := m.Make(t.Context(), dir, full("1"), func(after handle.Name) iter.Seq2[Change, error] {
			asked = append(asked, after)
			return func(yield func(Change, error) bool) {
				for c, err := range source(changes)(after) {
					if left--; left < 0 {
						yield(Change{}, stopped)
						return
					}
					if !yield(c, err) {
						return
					}
				}
			}
		})
		if errors.Is(err, stopped) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		same(t, changes, collect(t, mustOpen(t, dir, made).Changes(t.Context(), "")))
		break
	}
	if len(asked) < 3 || asked[0] != "" || slices.Max(asked) == "" {
		t.Errorf("the source was asked behind %q", asked)
	}
	if _, err := dir.Stat(full("1").partialName()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the list of whole volumes is still there: %v", err)
	}
}

func TestInterruptedAndAltered(t *testing.T) {
	dir := folder(t)
	m := maker
	m.VolumeSize = smallest
	ctx, cancel := context.WithCancel(t.Context())
	_, err := m.Make(ctx, dir, full("1"), func(handle.Name) iter.Seq2[Change, error] {
		return func(yield func(Change, error) bool) {
			for i, c := range many(4000, true) {
				if i == 3000 {
					cancel()
				}
				if !yield(c, nil) {
					return
				}
			}
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	name := full("1").volumeName(1)
	flip(t, dir, name, 5000)
	if _, err := m.Make(t.Context(), dir, full("1"), source(many(4000, true))); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), name+" was altered since it was written") {
		t.Error(err)
	}
	other := full("2")
	if _, err := m.Make(t.Context(), dir, other, source(nil)); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "raise resend") {
		t.Error(err)
	}
}

func flip(t *testing.T, dir *os.Root, name string, at int) {
	t.Helper()
	b, err := dir.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[(at+len(b))%len(b)] ^= 1
	if err := dir.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestNotMade(t *testing.T) {
	name := func(s string) Change { return Change{Record: handle.Record{Name: handle.Name(s)}} }
	big := name("88.709/big")
	big.Record.Values = []handle.Value{{Index: 1, Type: "X", Data: make([]byte, handle.MaxData)}, {Index: 2, Type: "X", Data: bytes.Repeat([]byte{1}, handle.MaxData)}}
	small := maker
	small.VolumeSize = smallest
	tiny, huge, nobody, p256 := maker, maker, maker, maker
	tiny.VolumeSize, huge.VolumeSize, nobody.Recipient = 1, VolumeSize+1, nil
	p256.Recipient = p256Key(t)
	for _, tt := range []struct {
		name    string
		maker   Maker
		deposit Deposit
		changes []Change
		want    string
	}{
		{"descending", maker, full("1"), []Change{name("88.709/b"), name("88.709/a")}, `"88.709/a" comes behind "88.709/b"`},
		{"twice but for case", maker, full("1"), []Change{name("88.709/A"), name("88.709/a")}, `"88.709/a" comes behind "88.709/A"`},
		{"another prefix", maker, full("1"), []Change{name("88.7091/a")}, "is not of prefix 88.709 or below"},
		{"no name", maker, full("1"), []Change{name("88.709")}, `has no "/"`},
		{"deleted in a FULL", maker, full("1"), []Change{{Record: handle.Record{Name: "88.709/a"}, Deleted: true}}, "deleted in a FULL"},
		{"index twice", maker, full("1"), []Change{{Record: handle.Record{Name: "88.709/a", Values: []handle.Value{{Index: 1, Type: "A"}, {Index: 1, Type: "A"}}}}}, "two values of index 1"},
		{"too big for a volume", small, full("1"), []Change{big}, "more than a volume of 262144 has room for"},
		{"tiny volumes", tiny, full("1"), nil, "volumes of 1 bytes; give 262144 to 1073741824"},
		{"huge volumes", huge, full("1"), nil, "give 262144"},
		{"no recipient", nobody, full("1"), nil, "give the depositor's SM2 key and the recipient's"},
		{"a key of another curve", p256, full("1"), nil, "give the depositor's SM2 key"},
		{"no id", maker, full("a/b"), nil, `deposit id "a/b"`},
		{"no prefix", maker, Deposit{ID: "1", Type: Full, Watermark: noon}, nil, `prefix "" is none`},
		{"a path for a prefix", maker, Deposit{ID: "1", Prefix: "../88", Type: Full, Watermark: noon}, nil, `prefix "../88" is none`},
		{"no type", maker, Deposit{ID: "1", Prefix: "88.709", Watermark: noon}, nil, `type ""; write FULL or DIFF`},
		{"no watermark", maker, Deposit{ID: "1", Prefix: "88.709", Type: Full}, nil, "has no watermark"},
		{"parts of a second", maker, Deposit{ID: "1", Prefix: "88.709", Type: Full, Watermark: noon.Add(1)}, nil, "has parts of a second"},
		{"negative resend", maker, Deposit{ID: "1", Prefix: "88.709", Type: Full, Watermark: noon, Resend: -1}, nil, "resend -1"},
		{"DIFF of nothing", maker, Deposit{ID: "1", Prefix: "88.709", Type: Diff, Watermark: noon}, nil, "is a DIFF and names no deposit before it"},
		{"DIFF of itself", maker, Deposit{ID: "1", Prefix: "88.709", Type: Diff, Watermark: noon, PreviousID: "1", PreviousDigest: strings.Repeat("a", 64)}, nil, "give the id of another deposit"},
		{"digest cut", maker, Deposit{ID: "1", Prefix: "88.709", Type: Diff, Watermark: noon, PreviousID: "0", PreviousDigest: "aa"}, nil, "give 64 hexadecimal digits"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.maker.Make(t.Context(), folder(t), tt.deposit, source(tt.changes))
			if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// What goes wrong with files is one clear sentence, before a record was given out.
func TestNotOpened(t *testing.T) {
	first, second := full("1").volumeName(1), full("1").volumeName(2)
	swap := func(t *testing.T, dir *os.Root, a, b string) {
		t.Helper()
		for _, step := range [][2]string{{a, "x"}, {b, a}, {"x", b}} {
			if err := dir.Rename(step[0], step[1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		damage func(t *testing.T, dir *os.Root)
		opener Opener
		want   string
	}{
		{"another depositor", nil, Opener{Depositor: &stranger.PublicKey, Key: standby}, "full_R0.xml: the signature is not one of the depositor's key"},
		{"another recipient", nil, Opener{Depositor: &depositor.PublicKey, Key: stranger}, first + ": the volume is encrypted for the key "},
		{"no keys", nil, Opener{}, "give the depositor's SM2 key"},
		{"a byte of the manifest", func(t *testing.T, dir *os.Root) { t.Helper(); flip(t, dir, full("1").ManifestName(), 100) }, opener, "full_R0.xml: the signature is not one"},
		{"a byte of its signature", func(t *testing.T, dir *os.Root) { t.Helper(); flip(t, dir, full("1").ManifestName()+".sig", 20) }, opener, "full_R0.xml: the signature is not one"},
		{"the first byte of a volume", func(t *testing.T, dir *os.Root) { t.Helper(); flip(t, dir, first, 0) }, opener, first + ": the signature is not one"},
		{"the last byte of a volume", func(t *testing.T, dir *os.Root) { t.Helper(); flip(t, dir, second, -1) }, opener, second + ": the signature is not one"},
		{"a volume is missing", func(t *testing.T, dir *os.Root) {
			t.Helper()
			if err := dir.Remove(second); err != nil {
				t.Fatal(err)
			}
		}, opener, second + " is missing"},
		{"a signature is missing", func(t *testing.T, dir *os.Root) {
			t.Helper()
			if err := dir.Remove(second + ".sig"); err != nil {
				t.Fatal(err)
			}
		}, opener, second + ".sig is missing"},
		{"a volume is cut off", func(t *testing.T, dir *os.Root) {
			t.Helper()
			f, err := dir.OpenFile(first, os.O_RDWR, 0)
			if err != nil || f.Truncate(70000) != nil || f.Close() != nil {
				t.Fatal(err)
			}
		}, opener, first + " has 70000 bytes, the manifest says"},
		{"two volumes change places", func(t *testing.T, dir *os.Root) {
			t.Helper()
			swap(t, dir, first, second)
			swap(t, dir, first+".sig", second+".sig")
		}, opener, first + " has "},
		{"a volume of another deposit", func(t *testing.T, dir *os.Root) {
			t.Helper()
			other := folder(t)
			m := maker
			m.VolumeSize = smallest
			d := full("2")
			mustMake(t, m, other, d, many(4000, true))
			for _, name := range []string{first, first + ".sig"} {
				b, err := other.ReadFile(name)
				if err != nil || dir.WriteFile(name, b, 0o600) != nil {
					t.Fatal(err)
				}
			}
		}, opener, first + " has "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t)
			m := maker
			m.VolumeSize = smallest
			made := mustMake(t, m, dir, full("1"), many(4000, true))
			if len(made.Volumes) < 2 {
				t.Fatal("one volume alone")
			}
			if tt.damage != nil {
				tt.damage(t, dir)
			}
			_, err := tt.opener.Open(t.Context(), dir.FS(), made.ManifestName())
			if fault.KindOf(err) == "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// A flipped byte behind the verification, and a depositor that signs what is not so.
func TestNotRead(t *testing.T) {
	dir := folder(t)
	made := mustMake(t, maker, dir, full("1"), many(4000, true))
	a := mustOpen(t, dir, made)
	read := func() error {
		for _, err := range a.Changes(t.Context(), "") {
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	a.Manifest.Volumes[0].Records++
	if err := read(); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "it holds 4000 records and 0 deleted ones") {
		t.Error(err)
	}
	a.Manifest.Volumes[0].Records--
	a.Manifest.Prefix = "88.710"
	if err := read(); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), `this is volume 1 of FULL deposit "1" of "88.709" at`) {
		t.Error(err)
	}
	a.Manifest.Prefix = "88.709"
	a.Manifest.Volumes[0].First = "88.709.1/00000001"
	if err := read(); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "lies outside of what the manifest says") {
		t.Error(err)
	}
	a.Manifest.Volumes[0].First = "88.709.1/00000000"
	flip(t, dir, made.Volumes[0].Name, 200000)
	if err := read(); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "chunk 3 of the volume was altered") {
		t.Error(err)
	}
}

// Chunks that are cut off where one ends, moved or doubled do not open.
func TestChunks(t *testing.T) {
	plain := bytes.Repeat([]byte("0123456789abcdef"), 3*chunkSize/16)
	var b bytes.Buffer
	s, err := newSealer(&b, &standby.PublicKey, "1", 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(plain); err != nil {
		t.Fatal(err)
	}
	if size := s.Size(); s.Close() != nil || size != int64(b.Len()) {
		t.Fatalf("Size said %d, it is %d", size, b.Len())
	}
	whole := b.Bytes()
	head := len(whole) - 3*sealed
	read := func(b []byte) ([]byte, error) {
		u, err := newUnsealer(bytes.NewReader(b), int64(len(b)), standby, full("1"), 1)
		if err != nil {
			return nil, err
		}
		out := make([]byte, u.size)
		_, err = u.ReadAt(out, 0)
		return out, err
	}
	if got, err := read(whole); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	for _, tt := range []struct {
		name string
		in   []byte
		want string
	}{
		{"the last chunk is gone", whole[:head+2*sealed], "chunk 1 of the volume was altered, or the volume is cut off there"},
		{"all chunks are gone", whole[:head], "the volume is cut off: 0 bytes are left"},
		{"a byte of the last tag is gone", whole[:len(whole)-1], "chunk 2 of the volume"},
		{"a chunk twice", slices.Concat(whole[:head+sealed], whole[head:]), "chunk 1 of the volume"},
		{"chunks change places", slices.Concat(whole[:head], whole[head+sealed:head+2*sealed], whole[head:head+sealed], whole[head+2*sealed:]), "chunk 0 of the volume"},
		{"another number", slices.Concat(whole[:13], []byte{2}, whole[14:]), "the header says volume 2"},
		{"envelope", slices.Concat(whole[:head-3], []byte{whole[head-3] ^ 1}, whole[head-2:]), "the key envelope of the volume does not open"},
		{"no volume", []byte("PK\x03\x04"), "does not begin with YZESCROW"},
		{"a header cut off", whole[:40], "ends in its header"},
		{"another version", slices.Concat(whole[:8], []byte{9}, whole[9:]), "has version 9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := read(tt.in); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// openssl is the foreign judge of the signatures.
func TestOpenSSLVerifies(t *testing.T) {
	tool, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal("openssl is needed for this test: ", err)
	}
	path := t.TempDir()
	dir, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	}()
	made := mustMake(t, maker, dir, full("1"), odd())
	der, err := smx509.MarshalPKIXPublicKey(&depositor.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.WriteFile("key.der", der, 0o600); err != nil {
		t.Fatal(err)
	}
	verify := func(name string) (string, error) {
		out, err := exec.CommandContext(t.Context(), tool, "dgst", "-sm3", "-keyform", "DER", "-verify", filepath.Join(path, "key.der"),
			"-sigopt", "distid:1234567812345678", "-signature", filepath.Join(path, name+".sig"), filepath.Join(path, name)).CombinedOutput()
		return string(out), err
	}
	for _, name := range []string{made.ManifestName(), made.Volumes[0].Name} {
		if out, err := verify(name); err != nil || !strings.Contains(out, "Verified OK") {
			t.Errorf("%s: %s %v", name, out, err)
		}
		flip(t, dir, name, 50)
		if out, err := verify(name); err == nil {
			t.Errorf("%s with a flipped byte: %s", name, out)
		}
	}
}

func TestGoldenXML(t *testing.T) {
	var b []byte
	d := full("1")
	b = appendStart(b, d, 1)
	for _, c := range odd() {
		b = appendChange(b, c)
	}
	b = appendChange(b, Change{Record: handle.Record{Name: "88.709.1/gone"}, Deleted: true})
	b = append(b, xmlEnd...)
	testkit.Golden(t, "deposit.xml", b)
	m := Manifest{Deposit: diff("2", Manifest{Deposit: d}), Volumes: []Volume{
		{Name: "88.709_2026-02-01_diff_S1_R0.escrow", Size: 1 << 30, Digest: strings.Repeat("0f", 32), Records: 3, First: "88.709/a", Last: "88.709/\uffff"},
		{Name: "88.709_2026-02-01_diff_S2_R0.escrow", Size: 1, Digest: strings.Repeat("f0", 32), Deleted: 1, First: "88.709.1/<&>", Last: "88.709.1/<&>"},
	}}
	testkit.Golden(t, "manifest.xml", m.XML())
	if got, err := ParseManifest(m.XML()); err != nil || cmp.Diff(m, got) != "" {
		t.Errorf("%v %s", err, cmp.Diff(m, got))
	}
}
