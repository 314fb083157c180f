package identifiers

import (
	"context"
	"encoding/json"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

const jobColumns = `id, prefix, template, file, name, state, rows, done, refused, problem, by_, asked, ended, size, replaces, staff, attempt, counts`

func scanJob(scan func(...any) error) (j Job, err error) {
	var problem, counts string
	var asked, ended, replaces, staff int64
	err = scan(&j.ID, &j.Prefix, &j.Template, &j.File, &j.Name, &j.State, &j.Rows, &j.Done, &j.Refused, &problem, &j.By, &asked, &ended, &j.Size, &replaces, &staff, &j.attempt, &counts)
	if err != nil {
		return j, err
	}
	j.Replace, j.staff, j.Asked = replaces != 0, staff != 0, store.FromMicros(asked)
	if ended != 0 {
		j.Ended = store.FromMicros(ended)
	}
	if problem != "" {
		if err := json.Unmarshal([]byte(problem), &j.Problem); err != nil {
			return j, err
		}
	}
	return j, json.Unmarshal([]byte(counts), &j.Counts)
}

// job returns one job; fault.NotFound.
func job(ctx context.Context, tx store.Tx, id string) (Job, error) {
	all, err := store.Collect(ctx, tx, `SELECT `+jobColumns+` FROM identifiers_job WHERE id = $1`, []any{id}, scanJob)
	if err == nil && len(all) == 0 {
		err = fault.Say(fault.NotFound, "没有注册作业 %q。", "there is no job %q", id)
	}
	if err != nil {
		return Job{}, err
	}
	return all[0], nil
}

// addJob keeps a job, or returns the one that has its key.
func addJob(ctx context.Context, tx store.Tx, key string, j Job) (Job, error) {
	var known string
	if found, err := tx.One(ctx, `SELECT id FROM identifiers_job WHERE key = $1`, []any{key}, &known); err != nil || found {
		if err != nil {
			return j, err
		}
		return job(ctx, tx, known)
	}
	_, err := tx.Exec(ctx, `INSERT INTO identifiers_job (id, key, prefix, template, file, name, state, rows, done, refused, results, problem, by_, asked, ended, size, replaces, staff)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, '', '', $8, $9, 0, $10, $11, $12)`,
		j.ID, key, j.Prefix, j.Template, j.File, j.Name, j.State, j.By, store.Micros(j.Asked), j.Size, truth(j.Replace), truth(j.staff))
	return j, err
}

// jobsOf lists the newest jobs that a person asked for or that are below prefixes of a
// registrant; with both empty, all.
func jobsOf(ctx context.Context, tx store.Tx, person, registrant string, most int) ([]Job, error) {
	return store.Collect(ctx, tx, `SELECT `+jobColumns+` FROM identifiers_job WHERE ($1 = '' AND $2 = '') OR ($1 <> '' AND by_ = $1)
		OR ($2 <> '' AND prefix IN (SELECT prefix FROM identifiers_prefix WHERE registrant = $2)) ORDER BY asked DESC, id DESC LIMIT $3`,
		[]any{person, registrant, most}, scanJob)
}

// openJobs lists the jobs that are not at their end, the oldest first.
func openJobs(ctx context.Context, tx store.Tx, most int) ([]Job, error) {
	return store.Collect(ctx, tx, `SELECT `+jobColumns+` FROM identifiers_job WHERE state IN ('waiting', 'running') ORDER BY asked, id LIMIT $1`, []any{most}, scanJob)
}

// beginJob notes that a job runs and how many rows its file has.
func beginJob(ctx context.Context, tx store.Tx, j Job) error {
	_, err := tx.Exec(ctx, `UPDATE identifiers_job SET state = 'running', rows = $1 WHERE id = $2 AND state = 'waiting'`, j.Rows, j.ID)
	return err
}

// advanceJob keeps what became of the next rows of a job, and how far it is. from is how
// far it was; advanced is false when the job is no longer there or was cancelled.
func advanceJob(ctx context.Context, tx store.Tx, j Job, from int64, doc []byte) (advanced bool, err error) {
	counts, err := json.Marshal(j.Counts)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `UPDATE identifiers_job SET done = $1, refused = $2, counts = $3 WHERE id = $4 AND done = $5 AND attempt = $6 AND state = 'running'`,
		j.Done, j.Refused, string(counts), j.ID, from, j.attempt)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_outcome (job, chunk, doc) VALUES ($1, $2, $3)`, j.ID, from, doc)
	return true, err
}

// endJob notes how a job has ended.
func endJob(ctx context.Context, tx store.Tx, j Job, at time.Time) error {
	problem := ""
	if j.Problem.ZH+j.Problem.EN != "" {
		doc, err := json.Marshal(j.Problem)
		if err != nil {
			return err
		}
		problem = string(doc)
	}
	_, err := tx.Exec(ctx, `UPDATE identifiers_job SET state = $1, problem = $2, ended = $3 WHERE id = $4 AND state IN ('waiting', 'running')`, j.State, problem, store.Micros(at), j.ID)
	return err
}

// resumeJob lets a job that was cancelled or has failed go on where it was.
func resumeJob(ctx context.Context, tx store.Tx, id string) error {
	_, err := tx.Exec(ctx, `UPDATE identifiers_job SET state = 'waiting', problem = '', ended = 0 WHERE id = $1 AND state IN ('cancelled', 'failed')`, id)
	return err
}

// repeatJob lets a job that has ended begin anew.
func repeatJob(ctx context.Context, tx store.Tx, id string) error {
	n, err := tx.Exec(ctx, `UPDATE identifiers_job SET state = 'waiting', problem = '', ended = 0, done = 0, refused = 0, counts = '{}', attempt = attempt + 1
		WHERE id = $1 AND state IN ('done', 'cancelled', 'failed')`, id)
	if err == nil && n > 0 {
		_, err = tx.Exec(ctx, `DELETE FROM identifiers_outcome WHERE job = $1`, id)
	}
	return err
}

// outcomesOf gives what became of a job's rows, some rows at a time and in their order.
func outcomesOf(ctx context.Context, tx store.Tx, id string, use func(doc []byte) error) error {
	return tx.Each(ctx, `SELECT doc FROM identifiers_outcome WHERE job = $1 ORDER BY chunk`, []any{id}, func(scan func(...any) error) error {
		var doc []byte
		if err := scan(&doc); err != nil {
			return err
		}
		return use(doc)
	})
}
