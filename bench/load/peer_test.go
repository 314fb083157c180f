package load

import (
	"bufio"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// still is the variable that makes this test binary serve one file and nothing else.
const still = "YUZHOU_BENCH_STILL"

func TestMain(m *testing.M) {
	if file := os.Getenv(still); file != "" {
		if err := serveStill(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveStill answers every request with the same bytes from memory: what Go's own
// server costs before a page is made.
func serveStill(file string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(os.Stdout, "http://%s\n", ln.Addr()); err != nil {
		return err
	}
	err = http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page) // the client may have gone
	}))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// startStill serves the bytes that address answers from a process of their own, and
// returns where, and how many bytes they are.
func startStill(b *testing.B, address string) (string, int) {
	b.Helper()
	res, err := http.Get(address)
	if err != nil {
		b.Fatal(err)
	}
	page, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "page.html")
	if err := os.WriteFile(file, page, 0o600); err != nil {
		b.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), still+"="+file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line), len(page)
}

// BenchmarkImportPeer reads the same file as BenchmarkImport and inserts its rows into
// the same table of the same SQLite, in one transaction with a prepared statement:
// no check of a cell, no verdict, no audit, no network.
func BenchmarkImportPeer(b *testing.B) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "peer.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	for _, q := range []string{
		`CREATE TABLE observation (indicator TEXT NOT NULL, unit TEXT NOT NULL, period TEXT NOT NULL, vintage BIGINT NOT NULL, value TEXT NOT NULL,
			cmp TEXT NOT NULL, measure TEXT NOT NULL, printed TEXT NOT NULL, status TEXT NOT NULL, known BIGINT NOT NULL, recorded BIGINT NOT NULL,
			recorder TEXT NOT NULL, document TEXT NOT NULL, figure TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (indicator, unit, period, vintage))`,
		`CREATE INDEX figure ON observation (figure) WHERE figure <> ''`,
	} {
		if _, err := db.ExecContext(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := db.ExecContext(b.Context(), `DELETE FROM observation`); err != nil {
			b.Fatal(err)
		}
		file := made(rows)
		began := time.Now()
		insertAll(b, db, string(file))
		b.ReportMetric(rows/time.Since(began).Minutes(), "rows/min")
	}
}

func insertAll(b *testing.B, db *sql.DB, file string) {
	b.Helper()
	tx, err := db.BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	insert, err := tx.PrepareContext(b.Context(), `INSERT INTO observation VALUES ($1, $2, $3, 1, $4, '=', $5, $6, 'reported', $7, $7, 'owner', 'made.csv', '', '{}')`)
	if err != nil {
		b.Fatal(err)
	}
	defer insert.Close() //nolint:errcheck // the transaction has ended by then
	in := csv.NewReader(strings.NewReader(file))
	if _, err := in.Read(); err != nil {
		b.Fatal(err)
	}
	now := time.Now().UnixMicro()
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		if _, err := insert.ExecContext(b.Context(), row[0], row[1], row[2], row[3], row[4], row[3]+row[4], now); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}
