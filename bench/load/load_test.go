// Package load measures the whole program under work: how fast pages answer at a
// given rate, how much a city's return takes to import, and what it costs to idle.
//
// Run it with: go test ./bench/load -run '^$' -bench . -benchtime 1x
package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	rate     = 200 // requests a second
	duration = 10 * time.Second
	rows     = 200_000 // of the imported file
)

// program is a running server of the binary as it ships.
type program struct {
	url, user, password string
	size                float64       // of the binary, in MB of 10^6 bytes
	ready               time.Duration // until the first line, in a new folder: the pack is loaded in it
	cmd                 *exec.Cmd
}

// start builds the binary as it ships, serves a new city with it and waits for its
// first line.
func start(b *testing.B) *program {
	b.Helper()
	bin := filepath.Join(b.TempDir(), "yuzhou")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, "yuzhou/cmd/yuzhou")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(bin)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	p := &program{size: float64(info.Size()) / 1e6, cmd: exec.Command(bin, "serve", "--addr", "127.0.0.1:0", "--data", b.TempDir())}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		_ = p.cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	m := regexp.MustCompile(`(http://[0-9.:]+)\s+sign in as (\S+), password (\S+)`).FindStringSubmatch(line)
	if err != nil || m == nil {
		b.Fatalf("first line %q: %v", line, err)
	}
	p.ready = time.Since(began)
	p.url, p.user, p.password = m[1], m[2], m[3]
	return p
}

// resident returns the memory the server holds, in MB of 10^6 bytes.
func (p *program) resident(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Skip("no /proc here: memory is not measured")
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		b.Fatal("no VmRSS")
	}
	kb, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb * 1024 / 1e6
}

// worked returns how much time processors have spent on the server: unlike how long
// answers take, it does not hang on who else works on the machine.
func (p *program) worked(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0 // not told here
	}
	const tick = 10 * time.Millisecond // USER_HZ of Linux
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var sum time.Duration
	for _, f := range fields[11:13] { // utime and stime, the 14th and 15th of proc(5)
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(n) * tick
	}
	return sum
}

// BenchmarkPages asks for pages at a fixed rate, whether or not the last has been
// answered, and reports how long the answers took, from the moment each was due.
func BenchmarkPages(b *testing.B) {
	p := start(b)
	time.Sleep(2 * time.Second) // until what the start left is collected
	idle := p.resident(b)
	same, size := startStill(b, p.url+"/plan/cockpit")
	addresses := []struct{ name, url string }{ // of pages, which the program makes, and of the peer
		{"peer_still_cockpit", same}, // the cockpit's bytes from memory: the floor
	}
	for _, path := range []string{"/plan/cockpit", "/", "/plan/targets/T09", "/indicators/st.hte", "/api/v1/plan/status"} {
		addresses = append(addresses, struct{ name, url string }{"page_" + strings.ReplaceAll(strings.Trim(path, "/"), "/", "_"), p.url + path})
	}
	for _, a := range addresses {
		b.Run(a.name, func(b *testing.B) {
			for b.Loop() {
				before := p.worked(b)
				took := hammer(b, a.url)
				b.ReportMetric((p.worked(b)-before).Seconds()*1000/float64(max(1, len(took))), "processor-ms/answer")
				b.ReportMetric(at(took, 50), "p50-ms")
				b.ReportMetric(at(took, 95), "p95-ms")
				b.ReportMetric(at(took, 99), "p99-ms")
				b.ReportMetric(float64(len(took))/duration.Seconds(), "answers/s")
			}
		})
	}
	b.Run("program", func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(p.size, "binary-MB")
			b.ReportMetric(float64(size)/1000, "cockpit-kB")
			b.ReportMetric(p.ready.Seconds(), "ready-s")
			b.ReportMetric(idle, "idle-MB")
			b.ReportMetric(p.resident(b), "after-MB")
		}
	})
}

// hammer returns how long each answer took. An answer other than 200 fails b.
func hammer(b *testing.B, address string) []time.Duration {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	fetch(b, client, address) // once, so that what is made once is made
	var mu sync.Mutex
	var took []time.Duration
	var all sync.WaitGroup
	began := time.Now()
	for i := range int(duration.Seconds()) * rate {
		due := began.Add(time.Duration(i) * time.Second / rate)
		time.Sleep(time.Until(due))
		all.Go(func() {
			fetch(b, client, address)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(due))
		})
	}
	all.Wait()
	slices.Sort(took)
	return took
}

func fetch(b *testing.B, client *http.Client, address string) {
	b.Helper()
	res, err := client.Get(address)
	if err != nil {
		b.Error(err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		b.Errorf("%s: %d %v", address, res.StatusCode, err)
	}
}

// at returns the given percentile of sorted durations, in milliseconds.
func at(took []time.Duration, percent int) float64 {
	if len(took) == 0 {
		return 0
	}
	return float64(took[min(len(took)*percent/100, len(took)-1)].Microseconds()) / 1000
}

// BenchmarkImport sends one CSV file of a city's return and reports rows a minute,
// from the first byte sent to the answer after the commit.
func BenchmarkImport(b *testing.B) {
	p := start(b)
	token := p.signIn(b)
	for b.Loop() {
		file := made(rows)
		began := time.Now()
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/api/v1/indicators/import?name=made.csv", bytes.NewReader(file))
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		answer, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		cancel()
		if err != nil || res.StatusCode/100 != 2 {
			b.Fatalf("%d %v %.400s", res.StatusCode, err, answer)
		}
		b.ReportMetric(rows/time.Since(began).Minutes(), "rows/min")
		b.ReportMetric(p.resident(b), "after-MB")
	}
}

// signIn returns the token of a session of the owner.
func (p *program) signIn(b *testing.B) string {
	b.Helper()
	in, err := json.Marshal(map[string]string{"user": p.user, "password": p.password})
	if err != nil {
		b.Fatal(err)
	}
	res, err := http.Post(p.url+"/api/v1/org/sessions", "application/json", bytes.NewReader(in))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out struct{ Token string }
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || out.Token == "" {
		b.Fatalf("sign-in: %d %v", res.StatusCode, err)
	}
	return out.Token
}

// made returns a CSV file of n invented rows: days since 1990 of as many districts as
// it takes. It is made for speed, and stays in the database of the bench.
func made(n int) []byte {
	const days = 12_000
	var out bytes.Buffer
	out.WriteString("indicator,unit,period,value,measure\n")
	first := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		fmt.Fprintf(&out, "st.hte,%d,%s,%d,家\n", 500101+i/days, first.AddDate(0, 0, i%days).Format(time.DateOnly), 1000+i%977)
	}
	return out.Bytes()
}
