package proof

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/proof/logstore"
	"yuzhou/engine/proof/seal"
	"yuzhou/kernel/module"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// reopened is a town whose database is in a folder.
func reopened(ctx context.Context, dir string) (*Service, *store.DB, error) {
	db, err := store.Open(ctx, filepath.Join(dir, "town.db"))
	if err != nil {
		return nil, nil, err
	}
	if err := db.Migrate(ctx, "proof", migrations); err != nil {
		return nil, nil, err
	}
	folder := filepath.Join(dir, "log")
	host := module.Host{
		DB: db, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Site: web.Site{Unit: "500000", Prefix: "88.500.1", Version: "0.1.0", Now: time.Now, Zone: time.UTC},
	}
	return New(host, quiet{}, Config{
		Keys: func() (seal.KEK, error) { return seal.Key(strings.Repeat("k", 32)), nil },
		Open: func(ctx context.Context, o Opening) (Log, error) {
			return logstore.Open(ctx, logstore.Config{Dir: folder, Signer: o.Signer, Verifier: o.Verifier, Least: o.Least, Every: 100 * time.Millisecond})
		},
		Read: func(name string) (*os.File, error) { return logstore.Public(folder, name) },
	}), db, nil
}

// publish states numbers until it is killed and prints the name of each that was
// acknowledged.
func publish(dir string) {
	ctx := context.Background()
	s, db, err := reopened(ctx, dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	for n := 0; ; n++ {
		name := fmt.Sprintf("st.a/%d/%d", os.Getpid(), 1000+n)
		err := db.Write(ctx, func(tx store.Tx) error { return s.State(ctx, tx, number(name, 1, strconv.Itoa(n))) })
		if err == nil {
			err = s.Settle(ctx)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		fmt.Println(name)
	}
}

// TestKill: after 50 kills while numbers are published, what was acknowledged is in the
// log, once.
func TestKill(t *testing.T) {
	const kills = 50
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for i := range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "YUZHOU_PROOF_PUBLISH="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// At any moment in one run; just after a number was acknowledged in the next,
		// however slow the machine is.
		kill := func(within int) {
			time.AfterFunc(time.Duration(rand.IntN(within)+1)*time.Millisecond, func() { _ = cmd.Process.Kill() })
		}
		if i%2 == 0 {
			kill(180)
		}
		lines := bufio.NewScanner(out)
		for first := true; lines.Scan(); first = false {
			acknowledged[lines.Text()] = true
			if i%2 == 1 && first {
				kill(60)
			}
		}
		if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("kill %d: %v", i+1, err)
		}
	}
	s, db, err := reopened(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // only read
	if err := s.work(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := &town{Service: s}
	seen := map[string]bool{}
	for _, n := range w.logged(t) {
		if seen[n] {
			t.Errorf("%s stands twice in the log", n)
		}
		seen[n] = true
	}
	for n := range acknowledged {
		if !seen["88.500.1/"+n+"@1"] {
			t.Errorf("%s was acknowledged and is not in the log", n)
		}
	}
	got, err := s.Audit(t.Context())
	if err != nil || len(got.Findings) > 0 {
		t.Errorf("%+v, %v", got.Findings, err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d numbers were acknowledged, the log has %d entries", len(acknowledged), len(seen))
	if len(acknowledged) < kills/2 {
		t.Errorf("only %d numbers were acknowledged in %d runs", len(acknowledged), kills)
	}
}
