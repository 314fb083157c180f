package identifiers

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/changefeed"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/typed"
)

// TestWanted reads from settings and a file what a follower is to have.
func TestWanted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "site")
	for _, tt := range []struct {
		name, servers, index, serial, file string
		want                               part
		wrong                              string
	}{
		{name: "a mirror"},
		{name: "one of two", servers: "192.0.2.2:2641, 192.0.2.3:2641", index: "1", serial: "7", want: part{[]string{"192.0.2.2:2641", "192.0.2.3:2641"}, 1, 7}},
		{name: "of a file", servers: "@" + file, index: "0", serial: "1", file: "9 192.0.2.2:2641\n192.0.2.3:2641\n", want: part{[]string{"192.0.2.2:2641", "192.0.2.3:2641"}, 0, 9}},
		{name: "no such file", servers: "@" + file + "x", index: "0", serial: "1", wrong: "cannot be read"},
		{name: "an empty file", servers: "@" + file, index: "0", serial: "1", file: "", wrong: "names 0 servers"},
		{name: "a file without a serial", servers: "@" + file, index: "0", serial: "1", file: "192.0.2.2:2641 192.0.2.3:2641", wrong: "serial of the hash site"},
		{name: "an index beyond", servers: "192.0.2.2:2641", index: "1", serial: "1", wrong: "from 0 to 0"},
		{name: "an index below", servers: "192.0.2.2:2641", index: "-1", serial: "1", wrong: "from 0 to 0"},
		{name: "a word", servers: "node.example:2641", index: "0", serial: "1", wrong: "192.0.2.7:2641"},
		{name: "anywhere", servers: "0.0.0.0:2641", index: "0", serial: "1", wrong: "192.0.2.7"},
		{name: "serial 0", servers: "192.0.2.2:2641", index: "0", serial: "0", wrong: "1 to 65534"},
		{name: "the serial that is none", servers: "192.0.2.2:2641", index: "0", serial: "65535", wrong: "1 to 65534"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			s := &Service{settings: func(n string) string {
				return map[string]string{settingServers: tt.servers, settingIndex: tt.index, settingSerial: tt.serial}[n]
			}}
			got, err := s.wanted()
			if tt.wrong != "" {
				if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("%v, want %q", err, tt.wrong)
				}
				return
			}
			if err != nil || !got.equal(tt.want) {
				t.Errorf("%+v %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestHistoryID(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history")
	made, err := historyID(file)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := historyID(file); err != nil || again != made || made == (changefeed.ID{}) {
		t.Errorf("%s, then %s %v", made, again, err)
	}
	if err := os.WriteFile(file, []byte("me"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := historyID(file); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

// straight is a bus that leads to an origin at once, and brings nothing by itself.
type straight struct {
	changefeed.Log

	mu sync.Mutex // guards to
	to changefeed.Origin
}

func (b *straight) Ask(ctx context.Context, q []byte) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.to.Answer(ctx, q), nil
}

func (*straight) Follow(ctx context.Context, _ uint64, _ func([]byte, uint64) error) error {
	<-ctx.Done()
	return ctx.Err()
}

func (*straight) Close() {}

func (b *straight) lead(o changefeed.Origin) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.to = o
}

// origin is a store with the record of a prefix and an identifier.
func originOf(t *testing.T, id byte, identifier, state string) changefeed.Origin {
	t.Helper()
	st := records.NewMemory(time.Now)
	prefix := handle.Record{Name: handle.Authority("88.500.1"), Values: []handle.Value{
		{Index: indexSite, Type: handle.TypeSite, Data: typed.AppendSite(nil, typed.Site{}), Perm: handle.Usual},
		{Index: indexState, Type: "STATE", Data: []byte(state), Perm: handle.Usual},
	}}
	items := []records.Item{{Op: records.Create, Record: prefix}, {Op: records.Create, Record: named(identifier)}}
	if _, err := st.Apply(t.Context(), records.Batch{Items: items}); err != nil {
		t.Fatal(err)
	}
	return changefeed.Origin{Store: st, ID: changefeed.ID{id}}
}

// TestFollowing lets a node follow an origin, whose prefix changes, and which then has
// another history, as after a backup was put back.
func TestFollowing(t *testing.T) {
	bus := &straight{}
	dir := t.TempDir()
	s := New(module.Host{
		Now: time.Now, Log: slog.New(slog.DiscardHandler), Dir: dir, Site: web.Site{Prefix: "88.500"},
		Setting: func(n string) string { return map[string]string{settingMirror: "nats://127.0.0.1:1"}[n] },
	}, Needs{
		Open: func(context.Context, string) (records.Store, error) { return records.NewMemory(time.Now), nil },
		Feed: func(context.Context, changefeed.Options) (changefeed.Bus, error) { return bus, nil },
	})
	o := originOf(t, 1, "88.500.1/a", Hosted)
	bus.lead(o)
	ctx, stop := context.WithCancel(t.Context())
	if err := s.following.begin(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.record(ctx, "88.500.1/a"); fault.KindOf(err) != fault.Busy {
		t.Errorf("before it has anything: %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- s.following.run(ctx) }()
	until := func(what string, is func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("not within 20 s: %s", what)
			}
		}
	}
	has := func(n handle.Name) func() bool {
		return func() bool { _, err := s.record(ctx, n); return err == nil }
	}
	until("the identifier", has("88.500.1/a"))
	until("the prefix", func() bool { return s.place("88.500.1").Standing == node.Standby })
	if _, err := s.open(ctx); fault.KindOf(err) != fault.Busy {
		t.Errorf("a follower gives its records to be written: %v", err)
	}
	prefix := handle.Record{Name: handle.Authority("88.500.1"), Values: []handle.Value{{Index: indexState, Type: "STATE", Data: []byte(Suspended), Perm: handle.Usual}}}
	if _, err := o.Store.Apply(ctx, records.Batch{Items: []records.Item{{Op: records.Put, Record: prefix}}}); err != nil {
		t.Fatal(err)
	}
	until("the suspension", func() bool { return s.place("88.500.1").Standing == node.Suspended })

	before, _ := s.following.both()
	bus.lead(originOf(t, 2, "88.500.1/b", Delegated))
	until("the other history", has("88.500.1/b"))
	until("what is in it of the prefix", func() bool { return s.place("88.500.1").Standing == node.Delegated })
	if has("88.500.1/a")() {
		t.Error("what the other history does not have is still there")
	}
	until("the old copy is gone", func() bool {
		_, err := os.Stat(filepath.Join(dir, "identifiers", "follow", before.Dir))
		return os.IsNotExist(err)
	})
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
