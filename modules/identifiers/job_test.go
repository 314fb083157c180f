package identifiers

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/template"
)

// allocated gives the stage a prefix, 88.500.1, with a template.
func (st *stage) allocated(t *testing.T) Prefix {
	t.Helper()
	r := factory()
	st.decide(t, Change{Change: Allocate, Registrant: &r})
	_, err := st.addTemplate(as(t, actor.Clerk), template.Template{ID: "gearbox", Name: pack.Text{ZH: "减速机", EN: "Gearbox"}, Items: []template.Item{
		{Index: 1, Name: "page", Type: template.URL, Alias: pack.Text{ZH: "网址", EN: "Page"}},
		{Index: 2000, Name: "model", Type: template.Text, Required: true, Alias: pack.Text{ZH: "型号", EN: "Model"}},
		{Index: 2001, Name: "cost", Type: template.Decimal, Granted: true, Alias: pack.Text{ZH: "成本", EN: "Cost"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := st.holds(t, "88.500.1")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// csvOf is a file of n rows, of which every 7th has no model.
func csvOf(n int) string {
	var b strings.Builder
	b.WriteString("后缀,型号\n")
	for i := range n {
		if i%7 == 6 {
			fmt.Fprintf(&b, "gb-%d,\n", i)
		} else {
			fmt.Fprintf(&b, "gb-%d,RV-%d\n", i, i)
		}
	}
	return b.String()
}

// outcomesOf reads the file of outcomes as line, identifier, outcome.
func (st *stage) outcomesOf(t *testing.T, id string, wrong bool) [][]string {
	t.Helper()
	var b strings.Builder
	if err := st.outcomes(t.Context(), id, wrong, &b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// TestJob: a file is registered row by row, each with its outcome; the same file sent
// again is the same job.
func TestJob(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		m := st.withRecords(nil)
		st.allocated(t)
		clerk := as(t, actor.Clerk)
		const n = 2*jobChunk + 100
		asked := Job{Name: "减速机.csv", Prefix: "88.500.1", Template: "gearbox@1"}
		j, err := st.submit(clerk, asked, strings.NewReader(csvOf(n)))
		if err != nil || j.State != jobWaiting || j.Size == 0 {
			t.Fatalf("%+v, %v", j, err)
		}
		if err := st.runJobs(t.Context()); err != nil {
			t.Fatal(err)
		}
		j, err = st.job(clerk, j.ID)
		if err != nil || j.State != jobDone || j.Rows != n || j.Done != n || j.Refused != n/7 || j.Counts[Registered] != n-n/7 || j.Ended.IsZero() {
			t.Fatalf("%+v, %v", j, err)
		}
		rows := st.outcomesOf(t, j.ID, false)
		if len(rows) != n || rows[0][0] != "2" || rows[0][1] != "88.500.1/gb-0" || rows[0][2] != Registered || rows[6][2] != Refused || !strings.Contains(rows[6][4], "line 8: Model (model) is missing") {
			t.Errorf("%d rows, %q, %q", len(rows), rows[0], rows[6])
		}
		if wrong := st.outcomesOf(t, j.ID, true); len(wrong) != n/7 || wrong[0][1] != "88.500.1/gb-6" {
			t.Errorf("%d wrong rows, %q", len(wrong), wrong[0])
		}
		if have, err := m.Count(t.Context(), records.Range{Prefix: "88.500.1"}); err != nil || have != n-n/7 {
			t.Errorf("%d are registered, %v", have, err)
		}
		st.at = st.at.Add(time.Hour)
		writes := m.writes
		if same, err := st.submit(clerk, asked, strings.NewReader(csvOf(n))); err != nil || same.ID != j.ID || same.State != jobDone || st.runJobs(t.Context()) != nil || m.writes != writes {
			t.Errorf("the same file: %+v, %v", same, err)
		}
		st.again(t, j.ID, n)
	})
}

// again: a job that begins anew finds what it has registered unchanged.
func (st *stage) again(t *testing.T, id string, n int64) {
	t.Helper()
	clerk := as(t, actor.Clerk)
	if j, err := st.command(clerk, id, Again); err != nil || j.State != jobWaiting || j.Done != 0 || len(j.Counts) != 0 {
		t.Fatalf("%+v, %v", j, err)
	}
	if err := st.runJobs(t.Context()); err != nil {
		t.Fatal(err)
	}
	if j, err := st.job(clerk, id); err != nil || j.State != jobDone || j.Counts[Unchanged] != n-n/7 || j.Refused != n/7 {
		t.Errorf("%+v, %v", j, err)
	}
	if rows := st.outcomesOf(t, id, false); int64(len(rows)) != n {
		t.Errorf("%d rows", len(rows))
	}
	if _, err := st.command(clerk, id, "explode"); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

// TestJobStops stops a job at every step that it takes, and looks whether it goes on to
// the same end.
func TestJobStops(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		m := st.withRecords(nil)
		st.allocated(t)
		clerk := as(t, actor.Clerk)
		const n = 3*jobChunk + 5
		j, err := st.submit(clerk, Job{Name: "a.csv", Prefix: "88.500.1", Template: "gearbox@1"}, strings.NewReader(csvOf(n)))
		if err != nil {
			t.Fatal(err)
		}
		stops := 0
		for left := 0; ; left++ { // so many writes succeed, then the machine is gone
			failing := &stopping{Store: m, left: left % 3, after: left%2 == 0}
			st.records = failing
			st.at = st.at.Add(time.Second)
			err := st.runJobs(t.Context())
			if err == nil {
				break
			}
			if !errors.Is(err, errStopped) {
				t.Fatal(err)
			}
			stops++
		}
		j, err = st.job(clerk, j.ID)
		if err != nil || j.State != jobDone || j.Done != n || j.Counts[Registered] != n-n/7 {
			t.Errorf("after %d stops: %+v, %v", stops, j, err)
		}
		if rows := st.outcomesOf(t, j.ID, false); len(rows) != n || stops < 3 {
			t.Errorf("%d rows, %d stops", len(rows), stops)
		}
		if have, err := m.Count(t.Context(), records.Range{Prefix: "88.500.1"}); err != nil || have != n-n/7 {
			t.Errorf("%d are registered, %v", have, err)
		}
	})
}

var errStopped = errors.New("the machine is gone")

// stopping is a store that fails after some writes, before or after the one that fails
// is on disk.
type stopping struct {
	records.Store
	left  int
	after bool
}

func (s *stopping) Apply(ctx context.Context, b records.Batch) ([]records.Outcome, error) {
	if s.left--; s.left >= 0 {
		return s.Store.Apply(ctx, b)
	}
	if s.after {
		if _, err := s.Store.Apply(ctx, b); err != nil {
			return nil, err
		}
	}
	return nil, errStopped
}

// TestJobRefused: what cannot be registered says why and leaves nothing behind.
func TestJobRefused(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		m := st.withRecords(map[string]string{settingUpload: "1"})
		st.allocated(t)
		clerk := as(t, actor.Clerk)
		for _, tt := range []struct {
			name string
			job  Job
			file io.Reader
			want fault.Kind // of Submit
			says string     // the problem, when it fails later
		}{
			{"an unknown prefix", Job{Prefix: "88.500.7"}, strings.NewReader("x"), fault.NotFound, ""},
			{"an unknown template", Job{Template: "none@1"}, strings.NewReader("x"), fault.NotFound, ""},
			{"too large", Job{}, io.LimitReader(zeros{}, 1<<20+1), fault.Invalid, ""},
			{"empty", Job{}, strings.NewReader(""), "", "the file is empty"},
			{"names of columns alone", Job{}, strings.NewReader("identifier,URL\n"), "", "no identifier"},
			{"broken at its end", Job{}, strings.NewReader("identifier,URL\n88.500.1/a,u\n88.500.1/b,\"x\n"), "", "line 3: the file cannot be read from here on"},
			{"a column that is no item", Job{Prefix: "88.500.1", Template: "gearbox@1"}, strings.NewReader("suffix,colour\na,red\n"), "", `column "colour"`},
		} {
			t.Run(tt.name, func(t *testing.T) {
				j, err := st.submit(clerk, tt.job, tt.file)
				if tt.want != "" || err != nil {
					if fault.KindOf(err) != tt.want {
						t.Error(err)
					}
					return
				}
				if err := st.runJobs(t.Context()); err != nil {
					t.Fatal(err)
				}
				if j, err = st.job(clerk, j.ID); err != nil || j.State != jobFailed || !strings.Contains(j.Problem.EN, tt.says) || j.Problem.ZH == "" {
					t.Errorf("%+v, %v", j, err)
				}
			})
		}
		if have, err := m.Count(t.Context(), records.Range{Prefix: "88.500.1"}); err != nil || have != 0 {
			t.Errorf("%d are registered, %v", have, err)
		}
		if _, err := st.submit(t.Context(), Job{}, strings.NewReader("x")); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestJobOfMember: members of the registrant see the jobs of its prefixes, strangers do
// not; a value that steers the protocol is refused; a cancelled job goes on when its
// file is sent again.
func TestJobOfMember(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		m := st.withRecords(nil)
		p := st.allocated(t)
		worker, other, stranger := person(t, "worker"), person(t, "other"), person(t, "stranger")
		for _, id := range []string{"worker", "other"} {
			if err := st.changeMember(as(t, actor.Clerk), member{p.Registrant, id}, true); err != nil {
				t.Fatal(err)
			}
		}
		st.Access = visitors{}
		asked, file := Job{Prefix: "88.500.1", Replace: true}, "suffix,1:URL,300:HS_PUBKEY\na,https://f.example,\nb,,key\nc,=1+1,\n"
		j, err := st.submit(worker, asked, strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.submit(stranger, asked, strings.NewReader(file)); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
		if _, err := st.job(stranger, j.ID); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		if j, err = st.command(other, j.ID, Cancel); err != nil || j.State != jobCancelled || st.runJobs(t.Context()) != nil || m.writes != 1 {
			t.Errorf("%+v, %v, %d written", j, err, m.writes) // 1: the record of the prefix
		}
		if again, err := st.submit(worker, asked, strings.NewReader(file)); err != nil || again.ID != j.ID || again.State != jobWaiting {
			t.Errorf("%+v, %v", again, err)
		}
		if err := st.runJobs(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows := st.outcomesOf(t, j.ID, false)
		if len(rows) != 3 || rows[0][2] != Registered || rows[1][2] != Refused || rows[2][2] != Registered {
			t.Errorf("%q", rows)
		}
		if v, err := m.Get(t.Context(), "88.500.1/c", time.Time{}); err != nil || string(v.Record.Values[0].Data) != "=1+1" || v.Record.Values[1].Type != handle.TypeAdmin {
			t.Errorf("%+v, %v", v, err)
		}
		if mine, err := st.jobs(worker, 9); err != nil || len(mine) != 1 {
			t.Errorf("%v, %v", mine, err)
		}
		if theirs, err := st.jobs(stranger, 9); err != nil || len(theirs) != 0 {
			t.Errorf("%v, %v", theirs, err)
		}
	})
}

// person returns a context in which somebody without a role acts.
func person(t *testing.T, id string) context.Context {
	t.Helper()
	return actor.With(t.Context(), actor.Actor{ID: id, Name: id})
}

func TestHarmless(t *testing.T) {
	for cell, want := range map[string]string{"": "", "88.1/a": "88.1/a", "=1+1": "'=1+1", "@x": "'@x", "-1": "'-1"} {
		if got := harmless(cell); got != want {
			t.Errorf("%q becomes %q", cell, got)
		}
	}
}
