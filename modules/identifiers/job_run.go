package identifiers

import (
	"context"
	"io"
	"iter"
	"strconv"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/intake"
)

const (
	jobChunk  = 2000 // rows that have their verdicts on disk at once
	jobTurn   = 5    // chunks of one job before the next has its turn
	jobsBegun = 8    // at the same time
)

// runJobs registers the files of open jobs, some rows of each in turn, until none is
// open. It is a job of the program: what an end of the process cuts off goes on at the
// next start behind the last chunk whose verdicts are on disk.
func (s *Service) runJobs(ctx context.Context) error {
	if _, err := s.open(ctx); fault.KindOf(err) == fault.Busy {
		return nil // another process has the records, and the jobs with them
	}
	feeds := map[string]*feed{}
	defer func() {
		for _, f := range feeds {
			f.close()
		}
	}()
	for ctx.Err() == nil {
		var open []Job
		err := s.db.Read(ctx, func(tx store.Tx) (err error) {
			open, err = openJobs(ctx, tx, jobsBegun)
			return err
		})
		if err != nil || len(open) == 0 {
			return err
		}
		for _, j := range open {
			if err := s.advance(ctx, feeds, j); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// advance gives a job its turn. A fault of its file ends the job; an error is of the
// machine, and the job goes on later.
func (s *Service) advance(ctx context.Context, feeds map[string]*feed, j Job) error {
	f, err := s.feedOf(ctx, feeds, &j)
	ended := false
	if err == nil {
		ended, err = s.turn(ctx, f, j)
	}
	if kind := fault.KindOf(err); err != nil && (kind == "" || kind == fault.Busy) {
		return err
	}
	if err == nil && !ended {
		return nil
	}
	if f != nil {
		f.close()
		delete(feeds, j.ID)
	}
	j.State = jobDone
	if err != nil {
		j.State, j.Problem = jobFailed, web.Sentence(err)
	}
	return s.db.Write(ctx, func(tx store.Tx) error { return endJob(ctx, tx, j, s.now()) })
}

// feed is the file of a job under way.
type feed struct {
	next    func() (intake.Row, bool)
	stop    func()
	file    io.Closer
	at      int64 // rows that it has given
	attempt int64
}

func (f *feed) close() {
	f.stop()
	_ = f.file.Close() // read only
}

// rows opens the file of a job.
func (s *Service) rows(ctx context.Context, j Job) (iter.Seq[intake.Row], io.Closer, error) {
	o := intake.Options{Prefix: j.Prefix, At: seconds(j.Asked)}
	if j.Template != "" {
		t, err := s.template(ctx, j.Template)
		if err != nil {
			return nil, nil, err
		}
		o.Template = &t
	}
	file, err := s.blobs.Get(ctx, j.File)
	if err != nil {
		return nil, nil, err
	}
	rows, err := intake.Read(file, o)
	if err != nil {
		_ = file.Close() // read only
		return nil, nil, err
	}
	return rows, file, nil
}

// feedOf returns the file of a job behind the rows that are done, opening it when it is
// not open there. A job that waits is first read to its end: one that is broken
// registers nothing.
func (s *Service) feedOf(ctx context.Context, feeds map[string]*feed, j *Job) (*feed, error) {
	if f := feeds[j.ID]; f != nil {
		if f.at == j.Done && f.attempt == j.attempt {
			return f, nil
		}
		f.close()
		delete(feeds, j.ID)
	}
	if j.State == jobWaiting {
		if err := s.count(ctx, j); err != nil {
			return nil, err
		}
	}
	rows, file, err := s.rows(ctx, *j)
	if err != nil {
		return nil, err
	}
	f := &feed{file: file, attempt: j.attempt}
	f.next, f.stop = iter.Pull(rows)
	for f.at < j.Done {
		if _, more := f.next(); !more {
			break
		}
		f.at++
	}
	feeds[j.ID] = f
	return f, nil
}

// count reads the file of a job to its end.
func (s *Service) count(ctx context.Context, j *Job) error {
	rows, file, err := s.rows(ctx, *j)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	j.Rows = 0
	for row := range rows {
		if row.Broken {
			return row.Err
		}
		if j.Rows++; j.Rows%jobChunk == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if j.Rows == 0 {
		return fault.Say(fault.Invalid, "文件里只有列名，没有标识。", "the file has names of columns and no identifier")
	}
	j.State = jobRunning
	return s.db.Write(ctx, func(tx store.Tx) error { return beginJob(ctx, tx, *j) })
}

// turn registers the next rows of a job. ended: there are no more, or the job is no
// longer to be done.
func (s *Service) turn(ctx context.Context, f *feed, j Job) (ended bool, err error) {
	ctx = actor.With(ctx, j.actor(s.site.Unit))
	g := s.registrar() // asks anew in each turn who may
	for range jobTurn {
		rows := make([]intake.Row, 0, jobChunk)
		for len(rows) < jobChunk {
			row, more := f.next()
			if !more {
				break
			}
			rows = append(rows, row)
		}
		if len(rows) == 0 {
			return true, nil
		}
		verdicts, err := s.registerRows(ctx, g, j, rows)
		if err != nil {
			return false, err
		}
		f.at += int64(len(rows))
		from := j.Done
		doc, err := note(&j, rows, verdicts)
		if err != nil {
			return false, err
		}
		var advanced bool
		err = s.db.Write(ctx, func(tx store.Tx) (err error) {
			advanced, err = advanceJob(ctx, tx, j, from, doc)
			return err
		})
		if err != nil || !advanced {
			f.at = -1 // is opened anew where the job then is
			return false, err
		}
	}
	return false, nil
}

// registerRows registers some rows of a job. Their key is the same when they come again
// after a stop; when the prefix or who may has changed since, they are taken anew, and
// those that were registered are found unchanged.
func (s *Service) registerRows(ctx context.Context, g *registrar, j Job, rows []intake.Row) ([]Verdict, error) {
	all := make([]candidate, 0, len(rows))
	for _, row := range rows {
		c := candidate{name: string(row.Record.Name), err: row.Err}
		if c.err == nil {
			c.err = g.allowed(ctx, row.Record.Name)
		}
		if c.err == nil {
			c.rec, c.err = g.administered(row.Record)
		}
		all = append(all, c)
	}
	key := "job " + j.ID + " " + strconv.FormatInt(j.attempt, 10) + " " + strconv.FormatInt(j.Done, 10) + "+" + strconv.Itoa(len(rows))
	op := Batch{Replace: j.Replace}.op()
	out, err := s.register(ctx, key, op, all)
	if fault.KindOf(err) == fault.Conflict {
		return s.register(ctx, "", op, all)
	}
	return out, err
}
