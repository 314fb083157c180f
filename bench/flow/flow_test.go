package flow

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The load of the issue: cases submitted and moved on over HTTP, each answered
// when it is on disk.
const (
	workers = 64
	cases   = 20_000
)

// procedureText is a case as services have it: a task for a unit, a legal and a
// stage clock, a form with a refusal.
const procedureText = `schema: yuzhou.procedure/v1
id: bench
name: {zh: 压测件, en: Bench case}
in_force: {from: "2020-01-01"}
data:
  unit: {type: unit, required: true, zh: 承办单位, en: Unit}
  name: {type: text, required: true, zh: 申请人, en: Applicant}
  rounds: {type: int, default: 0, zh: 次数, en: Rounds}
reasons:
  refuse: {incomplete: {zh: 材料不全, en: Incomplete}}
clocks:
  legal: {kind: legal, unit: working-day, limit: 20, warn: 5, basis: 压测, zh: 法定时限, en: Legal limit}
  accept: {kind: stage, unit: working-day, limit: 5, warn: 1, part: legal, zh: 受理, en: Acceptance}
  decide: {kind: stage, unit: working-day, limit: 10, warn: 2, part: legal, zh: 办理, en: Decision}
start: [{start: legal}]
states:
  open:
    zh: 待受理
    en: To be accepted
    owner: {unit: data.unit, role: clerk}
    clock: accept
    on:
      - {event: accept, to: work, if: data.rounds < 3, zh: 受理, en: Accept, do: [{assign: {rounds: data.rounds + 1}}]}
      - {event: refuse, to: closed, refusal: true, reasons: refuse, zh: 不予受理, en: Refuse}
  work:
    zh: 办理中
    en: Being decided
    owner: {unit: data.unit, role: clerk}
    clock: decide
    on:
      - {event: decide, to: closed, zh: 办结, en: Decide}
  closed: {final: true, zh: 已办结, en: Closed}
`

// server is a running program of the binary as it ships.
type server struct {
	addr, token string
	cmd         *exec.Cmd
}

func start(b *testing.B, database string) *server {
	b.Helper()
	bin := filepath.Join(b.TempDir(), "yuzhou")
	build := exec.Command("go", "build", "-trimpath", "-o", bin, "yuzhou/cmd/yuzhou")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	s := &server{cmd: exec.Command(bin, "serve", "--addr", "127.0.0.1:0", "--data", b.TempDir(), "--log", "error")}
	s.cmd.Env = append(os.Environ(), "YUZHOU_DATABASE="+database)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	m := regexp.MustCompile(`http://([0-9.:]+)\s+sign in as (\S+), password (\S+)`).FindStringSubmatch(line)
	if err != nil || m == nil {
		b.Fatalf("first line %q: %v", line, err)
	}
	s.addr = m[1]
	var token struct{ Token string }
	s.call(b, http.MethodPost, "/api/v1/org/sessions", map[string]any{"user": m[2], "password": m[3]}, &token)
	s.token = token.Token
	s.call(b, http.MethodPost, "/api/v1/flow/procedures", map[string]any{"name": "bench.yaml", "text": procedureText}, nil)
	return s
}

func (s *server) call(b *testing.B, method, path string, in, out any) {
	b.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		b.Fatal(err)
	}
	o := gun{s.addr, s.token, 1, true}.fire(1, func(int) shot { return shot{method, path, string(body)} })
	if o.failed > 0 {
		b.Fatal(o.first)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(o.bodies[0]), out); err != nil {
			b.Fatal(err)
		}
	}
}

// worked returns how much time processors have spent on a process.
func worked(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skip("no /proc here: CPU time is not told")
	}
	var user, system int64
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ of Linux
}

func report(b *testing.B, what string, o outcome, cpu time.Duration) {
	b.Helper()
	if o.failed > 0 {
		b.Fatalf("%s: %d workers failed, first: %s", what, o.failed, o.first)
	}
	b.ReportMetric(o.rate(), what+"/s")
	b.ReportMetric(o.percentile(0.50), what+"-p50-ms")
	b.ReportMetric(o.percentile(0.99), what+"-p99-ms")
	b.ReportMetric(float64(cpu.Microseconds())/float64(len(o.latency)), what+"-cpu-us")
}

// databases are those that the suite runs on.
func databases(b *testing.B) map[string]string {
	b.Helper()
	out := map[string]string{"sqlite": ""}
	if url := os.Getenv("YUZHOU_BENCH_POSTGRES"); url != "" {
		out["postgres"] = url // an empty database
	} else {
		b.Log("PostgreSQL is not measured: YUZHOU_BENCH_POSTGRES names no empty database")
	}
	return out
}

// BenchmarkCases submits cases and moves each of them on once.
func BenchmarkCases(b *testing.B) {
	for name, url := range databases(b) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := start(b, url)
				unit := home(b, s)
				before := worked(b, s.cmd.Process.Pid)
				o := gun{s.addr, s.token, workers, true}.fire(cases, func(i int) shot {
					return shot{http.MethodPost, "/api/v1/flow/cases", fmt.Sprintf(`{"procedure":"bench","unit":%q,"title":{"zh":"压测件 %d"},"data":{"unit":%q,"name":"申请人"}}`, unit, i, unit)}
				})
				after := worked(b, s.cmd.Process.Pid)
				report(b, "submit", o, after-before)
				ids := make([]string, len(o.bodies))
				for i, body := range o.bodies {
					var c struct{ ID string }
					if err := json.Unmarshal([]byte(body), &c); err != nil {
						b.Fatal(err)
					}
					ids[i] = c.ID
				}
				before = after
				o = gun{s.addr, s.token, workers, false}.fire(len(ids), func(i int) shot {
					return shot{http.MethodPost, "/api/v1/flow/cases/" + ids[i] + "/events", `{"event":"accept"}`}
				})
				report(b, "transition", o, worked(b, s.cmd.Process.Pid)-before)
			}
		})
	}
}

// home returns the unit of the owner's grant.
func home(b *testing.B, s *server) string {
	b.Helper()
	var me struct {
		Grants []struct{ Unit string }
	}
	s.call(b, http.MethodGet, "/api/v1/org/me", nil, &me)
	if len(me.Grants) == 0 {
		b.Fatal("the owner has no grant")
	}
	return me.Grants[0].Unit
}

// BenchmarkPeer does the same with DBOS Transact: a workflow of two durable steps
// for each request.
func BenchmarkPeer(b *testing.B) {
	bin := filepath.Join(b.TempDir(), "peer")
	build := exec.Command("go", "build", "-trimpath", "-o", bin, ".")
	build.Dir, build.Env = "peer", append(os.Environ(), "GOFLAGS=-mod=mod", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Skipf("the peer cannot be built here: %v\n%s", err, out)
	}
	for name, url := range databases(b) {
		if name == "sqlite" {
			url = "sqlite:" + filepath.Join(b.TempDir(), "peer.db")
		}
		b.Run(name, func(b *testing.B) {
			cmd := exec.Command(bin, "--database", url)
			out, err := cmd.StdoutPipe()
			if err != nil {
				b.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() {
				_ = cmd.Process.Signal(os.Interrupt)
				_ = cmd.Wait()
			})
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				b.Fatal(err)
			}
			addr := strings.TrimPrefix(strings.TrimSpace(line), "http://")
			for b.Loop() {
				before := worked(b, cmd.Process.Pid)
				o := gun{addr: addr, workers: workers}.fire(cases/10, func(i int) shot {
					return shot{http.MethodPost, "/", fmt.Sprintf(`{"title":"压测件 %d","unit":"500000"}`, i)}
				})
				report(b, "workflow", o, worked(b, cmd.Process.Pid)-before)
			}
		})
	}
}
