package identifiers

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"

	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/server"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

var (
	records = flag.Int("records", 1_000_000, "identifiers that are resolved")
	lasting = flag.Duration("lasting", 5*time.Second, "of each measurement")
)

// TestMain is the server itself when the environment says so: its processor time is
// then its own.
func TestMain(m *testing.M) {
	flag.Parse()
	if what := os.Getenv("YUZHOU_BENCH_NODE"); what != "" {
		if err := map[string]func() error{"udp": serve, "http": serveHTTP, "whole": serveWhole}[what](); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// name is the identifier of a number.
func name(i int) handle.Name { return handle.Name(fmt.Sprintf("88.118.2/gb-%07d", i)) }

// url is its value: an answer is about as long as Knot's.
func url(i int) string {
	return fmt.Sprintf("https://factory.example/gearbox/rv-40/2026/%07d?from=plate", i)
}

// serve answers for all records, read once each, until standard input ends.
func serve() error {
	udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		return err
	}
	at := netip.MustParseAddrPort(udp.LocalAddr().String())
	site := client.At(at)
	n := node.New(node.Config{
		Record: func(_ context.Context, n handle.Name) (handle.Record, error) {
			i, err := strconv.Atoi(strings.TrimPrefix(n.Suffix(), "gb-"))
			v := handle.Value{Index: 1, Type: "URL", Data: []byte(url(i)), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: 1}
			return handle.Record{Name: n, Values: []handle.Value{v}}, err
		},
		Place: func(string) node.Place { return node.Place{Standing: node.Hosted} },
		Site:  func() (typed.Site, int) { return site, 0 },
		Now:   time.Now, Kept: 1 << 30,
	})
	for i := range *records {
		n.Packet(at, request(i), new(server.Packets))
	}
	fmt.Println(at)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return server.Serve(ctx, n, server.Config{}, []*net.UDPConn{udp}, nil)
}

// request asks for an identifier.
func request(i int) []byte {
	return wire.Append(nil, wire.Message{
		Envelope: wire.Envelope{Version: wire.Newest(), Request: uint32(i)},
		Header:   wire.Header{Op: wire.OpResolve, Flags: wire.PublicOnly, Serial: wire.NoSerial},
		Body:     body.AppendResolve(nil, body.Resolve{Name: []byte(name(i))}),
	})
}

// query asks Knot for the same.
func query(i int) []byte {
	b, err := new(dns.Msg).SetQuestion(fmt.Sprintf("gb-%07d.id.example.", i), dns.TypeTXT).Pack()
	if err != nil {
		panic(err)
	}
	binary.BigEndian.PutUint16(b, uint16(i))
	return b
}

func startByUDP(b *testing.B) (netip.AddrPort, int) {
	b.Helper()
	return startNode(b, "udp")
}

// startWhole starts the module as the product has it: with the counts of its census, and what
// it measures for the node above.
func startWhole(b *testing.B) (netip.AddrPort, int) {
	b.Helper()
	return startNode(b, "whole")
}

// BenchmarkUDP resolves identifiers drawn uniformly, by UDP over loopback, from this
// node and from Knot DNS: answers a second of the server's own processor time.
//
//	go test ./bench/identifiers -run '^$' -bench UDP -benchtime 1x
func BenchmarkUDP(b *testing.B) {
	for _, peer := range []struct {
		name  string
		start func(b *testing.B) (netip.AddrPort, int)
		ask   func(i int) []byte
		of    int // identifiers
	}{{"yuzhou", startByUDP, request, *records}, {"whole", startWhole, request, asked()}, {"knot", startKnot, query, *records}} {
		b.Run(peer.name, func(b *testing.B) {
			to, pid := peer.start(b)
			asked := make([][]byte, peer.of)
			for i := range asked {
				asked[i] = peer.ask(i)
			}
			for b.Loop() {
				load(b, to, asked, time.Second) // to be warm
				before := cpu(b, pid)
				began := time.Now()
				n := load(b, to, asked, *lasting)
				used, wall := cpu(b, pid)-before, time.Since(began)
				b.ReportMetric(float64(n)/used.Seconds(), "answers/cpu-s")
				b.ReportMetric(float64(n)/wall.Seconds(), "answers/s")
				b.ReportMetric(float64(used.Nanoseconds())/float64(n), "cpu-ns/answer")
			}
		})
	}
}

// startNode starts this node as a process of its own, that answers by udp or http.
func startNode(b *testing.B, by string) (netip.AddrPort, int) {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-records", strconv.Itoa(*records))
	cmd.Env, cmd.Stderr = append(os.Environ(), "YUZHOU_BENCH_NODE="+by), os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	var at string
	if _, err := fmt.Fscanln(stdout, &at); err != nil {
		b.Fatal(err)
	}
	return netip.MustParseAddrPort(at), cmd.Process.Pid
}

// startKnot starts Knot DNS on a zone of as many names, each with a text of the same
// length as the address that the node answers with.
func startKnot(b *testing.B) (netip.AddrPort, int) {
	b.Helper()
	path, err := exec.LookPath("knotd")
	if err != nil {
		b.Skip("NOT MEASURED: knotd is not installed (package knot)")
	}
	dir := b.TempDir()
	port := freePort(b)
	var zone bytes.Buffer
	zone.WriteString("$ORIGIN id.example.\n$TTL 86400\n@ SOA ns1 hostmaster 1 3600 600 604800 60\n@ NS ns1\nns1 A 127.0.0.1\n")
	for i := range *records {
		fmt.Fprintf(&zone, "gb-%07d TXT \"%s\"\n", i, url(i))
	}
	conf := fmt.Sprintf("server:\n  rundir: %q\n  listen: 127.0.0.1@%d\n  user: %s\ndatabase:\n  storage: %q\nzone:\n  - domain: id.example\n    file: %q\n", dir, port, "root", dir, filepath.Join(dir, "zone"))
	for file, text := range map[string][]byte{"zone": zone.Bytes(), "conf": []byte(conf)} {
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	cmd := exec.Command(path, "-c", filepath.Join(dir, "conf"))
	var said bytes.Buffer
	cmd.Stderr, cmd.Stdout = &said, &said
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
	for range 600 {
		if r, err := dns.Exchange(new(dns.Msg).SetQuestion("gb-0000001.id.example.", dns.TypeTXT), at.String()); err == nil && len(r.Answer) == 1 {
			return at, cmd.Process.Pid
		}
		<-time.After(100 * time.Millisecond)
	}
	b.Fatalf("knotd does not answer: %s", said.String())
	return at, 0
}

func freePort(b *testing.B) uint16 {
	b.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // it was asked for its number alone
	return netip.MustParseAddrPort(c.LocalAddr().String()).Port()
}

// cpu returns the processor time that a process has used, user and system.
func cpu(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond // clock ticks
}

// load asks for a while and returns how many answers came. Each of its sockets has some
// questions under way and asks a new one for each answer; what is lost is made up for.
func load(b *testing.B, to netip.AddrPort, asked [][]byte, lasting time.Duration) int64 {
	b.Helper()
	var answers atomic.Int64
	var all sync.WaitGroup
	end := time.Now().Add(lasting)
	for range 4 {
		c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(to))
		if err != nil {
			b.Fatal(err)
		}
		all.Go(func() {
			defer c.Close() //nolint:errcheck // its work is done
			answers.Add(ask(c, asked, end))
		})
	}
	all.Wait()
	return answers.Load()
}

// ask keeps 64 questions under way on a socket.
func ask(c *net.UDPConn, asked [][]byte, end time.Time) (answers int64) {
	const window = 64
	p := ipv4.NewPacketConn(c)
	out, in := make([]ipv4.Message, window), make([]ipv4.Message, window)
	for i := range in {
		in[i].Buffers, out[i].Buffers = [][]byte{make([]byte, 2048)}, [][]byte{nil}
	}
	r := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	for due := window; time.Now().Before(end); {
		for i := range due {
			out[i].Buffers[0] = asked[r.IntN(len(asked))]
		}
		if _, err := p.WriteBatch(out[:due], 0); err != nil {
			return answers
		}
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		n, err := p.ReadBatch(in, 0)
		if err != nil {
			due = window // lost
			continue
		}
		answers += int64(n)
		due = n
	}
	return answers
}
