package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// link is a TCP line to somebody that can be cut.
type link struct {
	ln net.Listener
	to string

	mu    sync.Mutex // guards what follows
	cut   bool
	conns map[net.Conn]bool
}

func newLink(t *testing.T, to string) *link {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{ln: ln, to: to, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = ln.Close(); l.set(true) })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go l.carry(c)
		}
	}()
	return l
}

// carry carries a connection, unless the line is cut.
func (l *link) carry(c net.Conn) {
	defer func() { _ = c.Close() }()
	to, err := net.Dial("tcp", l.to)
	if err != nil {
		return
	}
	defer func() { _ = to.Close() }()
	l.mu.Lock()
	if l.cut {
		l.mu.Unlock()
		return
	}
	l.conns[c], l.conns[to] = true, true
	l.mu.Unlock()
	go func() { _, _ = io.Copy(to, c); _ = to.Close() }()
	_, _ = io.Copy(c, to)
}

// set cuts the line, or lets it be again.
func (l *link) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	if cut {
		for c := range l.conns {
			_ = c.Close()
		}
		clear(l.conns)
	}
}

// freeAt returns an address on which nobody listens.
func freeAt(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// follower is a node that follows another.
type follower struct {
	*server
	dir, at string
	link    *link
	args    []string // of what it has
}

func newFollower(t *testing.T, feed string) *follower {
	t.Helper()
	return &follower{dir: filepath.Join(t.TempDir(), "data"), at: freeAt(t), link: newLink(t, feed)}
}

func (f *follower) serve(t *testing.T) {
	t.Helper()
	args := []string{
		"serve", "--addr", "127.0.0.1:0", "--data", f.dir, "--identifiers-udp", f.at, "--identifiers-tcp", f.at, "--identifiers-recursor", "off",
		"--identifiers-mirror-of", "nats://" + f.link.ln.Addr().String(),
	}
	f.server = start(t, exec.Command(filepath.Join(bin, "yuzhou"), append(args, f.args...)...))
}

// copyAt is what a follower has, as the API answers.
type copyAt struct {
	Servers []string
	Index   int
	Serial  int
	Status  struct {
		Ready   bool
		Applied uint64
		Behind  uint64
		Trouble string
	}
}

func (f *follower) has(t *testing.T) (out struct{ Now, Next *copyAt }) {
	t.Helper()
	status, _, body := get(t, f.URL+"/api/v1/identifiers/following", "en")
	if err := json.Unmarshal([]byte(body), &out); err != nil || status != http.StatusOK {
		t.Fatalf("%d %v %s\n%s", status, err, body, f.said())
	}
	return out
}

// soon waits until something is so.
func soon(t *testing.T, what string, is func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !is() {
		if time.Since(began) > 2*patience {
			t.Fatalf("not within %v: %s", 2*patience, what)
		}
		<-time.After(5 * time.Millisecond)
	}
	return time.Since(began)
}

// resolution is what the command line says of one.
type resolution struct {
	Identifier string
	Values     []struct{ Type, Data string }
	Steps      []struct{ Server, Said string }
}

// ask asks a node for an identifier by UDP; false when it is not had.
func askAt(at, name string) (resolution, bool) {
	var r resolution
	out, err := exec.Command(filepath.Join(bin, "yuzhou"), "identifiers", "resolve", name, "--server", at, "--protocol", "udp", "--json").Output()
	if err != nil {
		return r, false
	}
	return r, json.Unmarshal(out, &r) == nil && r.Identifier == name && len(r.Values) > 1
}

// register registers n identifiers and returns their names.
func (r *registry) register(t *testing.T, stem string, n int) (names []string) {
	t.Helper()
	for first := 0; first < n; first += 500 {
		var items []map[string]any
		for i := first; i < min(n, first+500); i++ {
			name := fmt.Sprintf("%s/%s-%d", r.prefix, stem, i)
			names = append(names, name)
			items = append(items, map[string]any{"identifier": name, "template": "gearbox@1", "fields": map[string]string{"model": "GB" + name, "page": "https://example.cn/" + name}})
		}
		var out []struct{ Outcome string }
		r.ask(t, "worker", http.MethodPost, "/identifiers/registrations", map[string]any{"key": fmt.Sprintf("%s-%08d", stem, first), "items": items}, &out)
		for i, v := range out {
			if v.Outcome != "registered" {
				t.Fatalf("registration %d: %+v", first+i, v)
			}
		}
	}
	return names
}

// TestNetwork runs a primary, two servers of a hash site and a mirror as processes, cuts
// their lines and kills them, and lets a third server join the site: each name is
// resolved through the server that has it, at any time, and the mirror catches up.
func TestNetwork(t *testing.T) {
	feed := freeAt(t)
	flags := []string{"--identifiers-feed", feed, "--identifiers-recursor", "off"}
	r := newRegistry(t, flags...)
	names := r.register(t, "early", 1200)
	mirror := newFollower(t, feed)
	hash := []*follower{newFollower(t, feed), newFollower(t, feed), newFollower(t, feed)}
	site := func(n, serial int) {
		var list []string
		for _, f := range hash[:n] {
			list = append(list, f.at)
		}
		for i, f := range hash[:n] {
			file := filepath.Join(filepath.Dir(f.dir), "site")
			if err := os.WriteFile(file+".new", fmt.Appendf(nil, "%d %s\n", serial, strings.Join(list, ",")), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(file+".new", file); err != nil {
				t.Fatal(err)
			}
			f.args = []string{"--identifiers-hash-servers", "@" + file, "--identifiers-hash-index", strconv.Itoa(i)}
		}
	}
	site(2, 1)
	mirror.serve(t)
	hash[0].serve(t)
	hash[1].serve(t)
	for _, f := range []*follower{mirror, hash[0], hash[1]} {
		soon(t, "it has what it is to have", func() bool { h := f.has(t); return h.Now != nil && h.Now.Status.Ready })
	}
	there := func(f *follower, name string) func() bool {
		return func() bool { _, ok := askAt(f.at, name); return ok }
	}

	t.Run("each name by its server", func(t *testing.T) {
		direct := map[string]int{}
		for i := 0; i < len(names); i += 60 {
			first := map[string]int{} // servers that answer by themselves
			for _, f := range hash[:2] {
				a, ok := askAt(f.at, names[i])
				if !ok {
					t.Fatalf("%s at %s: %+v\n%s", names[i], f.at, a, f.said())
				}
				if len(a.Steps) == 1 {
					first[f.at]++
					direct[f.at]++
				} else if len(a.Steps) != 2 || a.Steps[0].Server != f.at || a.Steps[1].Server == f.at {
					t.Errorf("%s came by %+v", names[i], a.Steps)
				}
			}
			if len(first) != 1 {
				t.Errorf("%s is answered by %v", names[i], first)
			}
		}
		if len(direct) != 2 {
			t.Errorf("all names are answered by %v", direct)
		}
	})
	t.Run("a follower takes no changes", func(t *testing.T) {
		status, _, body := get(t, mirror.URL+"/api/v1/identifiers/resolve?name="+names[0], "en")
		if status != http.StatusOK {
			t.Errorf("%d %s", status, body)
		}
		token := signIn(t, mirror.URL, mirror.User, mirror.Password)
		req, err := http.NewRequest(http.MethodPost, mirror.URL+"/api/v1/identifiers/registrations", strings.NewReader(`{"key":"12345678","items":[{"identifier":"`+names[0]+`x","values":[{"index":1,"type":"URL","data":"https://example.cn/"}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		_, ok := askAt(mirror.at, names[0]+"x")
		if ok {
			t.Error("what was written at the mirror is there")
		}
	})
	t.Run("a registration is on the mirror", func(t *testing.T) {
		var worst time.Duration
		for i := range 10 {
			n := r.register(t, fmt.Sprintf("one%d", i), 1)
			began := time.Now()
			soon(t, "it is on the mirror", func() bool {
				status, _, _ := get(t, mirror.URL+"/api/v1/identifiers/resolve?name="+n[0], "en")
				return status == http.StatusOK
			})
			worst = max(worst, time.Since(began))
		}
		t.Logf("at most %v after the acknowledgement", worst)
		if worst > 3*time.Second { // the goal is 1 s; a loaded machine gets three times that
			t.Errorf("%v", worst)
		}
	})
	t.Run("a cut line", func(t *testing.T) {
		mirror.link.set(true)
		hash[1].link.set(true)
		late := r.register(t, "cut", 600)
		if _, ok := askAt(mirror.at, names[1]); !ok {
			t.Error("without the line the mirror does not answer what it has")
		}
		if _, ok := askAt(mirror.at, late[599]); ok {
			t.Error("the line is not cut")
		}
		mirror.link.set(false)
		hash[1].link.set(false)
		t.Logf("caught up after %v", soon(t, "the mirror catches up", there(mirror, late[599])))
		for i := 0; i < len(late); i += 100 {
			soon(t, "the hash site has it", there(hash[0], late[i]))
		}
		names = append(names, late...)
	})
	// Killed: what is started again lives as long as the whole test.
	mirror.kill()
	hash[0].kill()
	late := r.register(t, "down", 600)
	mirror.serve(t)
	hash[0].serve(t)
	for i := 0; i < len(late); i += 100 {
		soon(t, "the mirror has it", there(mirror, late[i]))
		soon(t, "the hash site has it", there(hash[1], late[i]))
	}
	r.kill()
	for _, f := range []*follower{mirror, hash[0], hash[1]} {
		if _, ok := askAt(f.at, names[7]); !ok {
			t.Errorf("without the primary %s does not answer\n%s", f.at, f.said())
		}
	}
	r.server = serveNode(t, r.dir, flags...)
	late = append(late, r.register(t, "again", 10)...)
	soon(t, "the mirror has it", there(mirror, late[len(late)-1]))
	soon(t, "the hash site has it", there(hash[0], late[len(late)-1]))
	names = append(names, late...)

	// A third server joins.
	site(3, 2)
	stop := make(chan struct{})
	var lost []string
	var asked int
	var asking sync.WaitGroup
	asking.Go(func() { // all the while, one name after the other, beginning at one server and the other
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			name := names[i*37%len(names)]
			if a, ok := askAt(hash[i%2].at, name); !ok {
				lost = append(lost, fmt.Sprintf("%s at %s: %+v", name, hash[i%2].at, a))
			}
			asked++
		}
	})
	hash[2].serve(t)
	for _, f := range hash {
		soon(t, "it answers for its part of the new site", func() bool {
			h := f.has(t)
			return h.Next == nil && h.Now != nil && h.Now.Serial == 2 && len(h.Now.Servers) == 3
		})
	}
	close(stop)
	asking.Wait()
	if len(lost) > 0 || asked < 5 {
		t.Errorf("%d of %d were not resolved meanwhile: %v", len(lost), asked, lost)
	}
	by := map[string]int{}
	for i := 0; i < len(names); i += 50 {
		a, ok := askAt(hash[i/50%3].at, names[i])
		if !ok {
			t.Fatalf("%s: %+v", names[i], a)
		}
		by[a.Steps[len(a.Steps)-1].Server]++
	}
	if len(by) != 3 {
		t.Errorf("answered by %v", by)
	}
	t.Logf("%d asked meanwhile; then answered by %v", asked, by)
}
