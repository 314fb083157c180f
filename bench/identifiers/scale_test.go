package identifiers

import (
	"flag"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"yuzhou/modules/identifiers/handle"
	held "yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/pebblestore"
	"yuzhou/modules/identifiers/template"
	"yuzhou/modules/identifiers/typed"
)

var (
	scale    = flag.Int("scale", 1_000_000, "records of the largest store of BenchmarkScale")
	scaleDir = flag.String("scale-dir", "", "directory of that store; empty: a temporary one")
)

// Records of a second-level node: so many enterprises, each with products that are
// numbered in the order they were made.
const scaleEnterprises = 1200

// scaleRecord is product number i: a link, the template, model, batch, day and who
// administers it, as registrations have them.
func scaleRecord(i int) handle.Record {
	enterprise, serial := i%scaleEnterprises, i/scaleEnterprises
	prefix := "88.118." + strconv.Itoa(enterprise+1)
	name := handle.Name(fmt.Sprintf("%s/GB%02dQ-%06d-%08d", prefix, enterprise%37, 230100+serial%1200, serial))
	made := uint32(1_700_000_000 + i/5000)
	value := func(index uint32, kind, data string) handle.Value {
		return handle.Value{Index: index, Type: kind, Data: []byte(data), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: made}
	}
	admin := handle.Value{Index: 100, Type: handle.TypeAdmin, TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: made}
	admin.Data = typed.AppendAdmin(nil, typed.Admin{Rights: typed.Everything, Reference: handle.Reference{Name: handle.Authority(prefix), Index: 300}})
	return handle.Record{Name: name, Values: []handle.Value{
		value(1, handle.TypeURL, "https://e"+strconv.Itoa(enterprise+1)+".example.cn/p/"+name.Suffix()),
		admin,
		value(template.Index, template.TypeTemplate, "gearbox@2"),
		value(2000, "TEXT", [...]string{"RV-40E", "RV-80E", "RV-110", "HD-25"}[i%4]),
		value(2001, "TEXT", fmt.Sprintf("B%06d", serial/500)),
		value(2002, "DATE", time.Unix(int64(made), 0).UTC().Format(time.DateOnly)),
	}}
}

func scaleStream(from, to int, tell func(done int)) iter.Seq2[handle.Record, error] {
	return func(yield func(handle.Record, error) bool) {
		for i := from; i < to; i++ {
			if (i-from)%1_000_000 == 0 && i > from {
				tell(i)
			}
			if !yield(scaleRecord(i), nil) {
				return
			}
		}
	}
}

// BenchmarkScale loads a store of products, ten times as many each time, and says at each
// size what it takes: the cost curve. It shows how far it is.
//
//	go test ./bench/identifiers -run '^$' -bench Scale -benchtime 1x -timeout 3h -scale 100000000 -scale-dir DIR
func BenchmarkScale(b *testing.B) {
	dir := *scaleDir
	if dir == "" {
		dir = b.TempDir()
	}
	for b.Loop() {
		for have, size := 0, min(1_000_000, *scale); have < *scale; have, size = size, min(10*size, *scale) {
			measureScale(b, dir, have, size)
		}
	}
}

func measureScale(b *testing.B, dir string, have, size int) {
	b.Helper()
	s := openScale(b, dir)
	begin, used := time.Now(), cpu(b, os.Getpid())
	tell := func(done int) {
		fmt.Fprintf(os.Stderr, "\r%d of %d records, %.0f/s, %d MB resident ", done, size, float64(done-have)/time.Since(begin).Seconds(), resident(b)>>20)
	}
	if err := s.Load(b.Context(), scaleStream(have, size, tell), held.LoadOptions{Key: "scale-" + strconv.Itoa(size)}); err != nil {
		b.Fatal(err)
	}
	loaded, spent := time.Since(begin), cpu(b, os.Getpid())-used
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	begin = time.Now()
	s = openScale(b, dir)
	if _, err := s.Get(b.Context(), scaleRecord(size/2).Name, time.Time{}); err != nil {
		b.Fatal(err)
	}
	first := time.Since(begin)
	const gets = 100_000
	begin, used = time.Now(), cpu(b, os.Getpid())
	for range gets {
		if _, err := s.Get(b.Context(), scaleRecord(rand.IntN(size)).Name, time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
	took, each := time.Since(begin), cpu(b, os.Getpid())-used
	count, err := s.Count(b.Context(), held.Range{})
	if err != nil || count != size {
		b.Fatalf("%d records, want %d: %v", count, size, err)
	}
	fmt.Fprintf(os.Stderr, "\r%11d records: loaded %.0f/s (%.1f us CPU each), %.1f B/record, %d MB resident, first answer %.2f s after opening, get %.1f us (%.1f us CPU)\n",
		size, float64(size-have)/loaded.Seconds(), float64(spent.Microseconds())/float64(size-have), float64(onDisk(b, dir))/float64(size), resident(b)>>20,
		first.Seconds(), float64(took.Microseconds())/gets, float64(each.Microseconds())/gets)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

func openScale(b *testing.B, dir string) *pebblestore.Store {
	b.Helper()
	s, err := pebblestore.Open(b.Context(), filepath.Join(dir, "records"), pebblestore.Options{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// onDisk is how many bytes a directory takes.
func onDisk(b *testing.B, dir string) (n int64) {
	b.Helper()
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		i, err := e.Info()
		if err == nil {
			n += i.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// resident is how many bytes of memory this process has.
func resident(b *testing.B) int64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
