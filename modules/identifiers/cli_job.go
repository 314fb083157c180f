package identifiers

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/web"
)

const (
	largeFile = 1 << 20 // bytes, from which on a file is registered as a job
	lookEvery = 500 * time.Millisecond
)

func isLarge(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Size() > largeFile
}

// submitFile sends a file to be registered in the background, tells how far it is, and
// prints what was not registered. Cut off and called again it goes on with the same job.
func submitFile(ctx context.Context, c module.Call, api *web.Client, j Job) error {
	if c.Server == "" {
		return fault.New(fault.Invalid, "a job is done by a running server; name it by --server")
	}
	in, done, err := file(c)
	if err != nil {
		return err
	}
	defer done()
	replace := ""
	if j.Replace {
		replace = "true"
	}
	q := module.Query("name", filepath.Base(c.Args[0]), "prefix", j.Prefix, "template", j.Template, "replace", replace)
	if err := api.Upload(ctx, "/identifiers/jobs?"+q.Encode(), in, &j); err != nil {
		return err
	}
	if j, err = follow(ctx, c, api, j); err != nil {
		return err
	}
	return reportJob(ctx, c, api, j)
}

// follow waits until a job is at its end and tells how far it is.
func follow(ctx context.Context, c module.Call, api *web.Client, j Job) (Job, error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	told := int64(-1)
	for j.Open() {
		if j.Done != told && !c.JSON {
			line(c.Out, "%d of %d rows, %d refused", j.Done, j.Rows, j.Refused)
			told = j.Done
		}
		select {
		case <-ctx.Done():
			return j, ctx.Err()
		case <-tick.C:
		}
		if err := api.Get(ctx, "/identifiers/jobs/"+j.ID, nil, &j); err != nil {
			return j, err
		}
	}
	return j, nil
}

func reportJob(ctx context.Context, c module.Call, api *web.Client, j Job) error {
	if j.State == jobFailed {
		return fault.New(fault.Invalid, "nothing was registered: %s", j.Problem.EN)
	}
	if c.JSON {
		if err := c.PrintJSON(j); err != nil {
			return err
		}
	} else if err := printRefused(ctx, c, api, j); err != nil {
		return err
	}
	if j.Refused > 0 || j.State != jobDone {
		return module.ErrFound
	}
	return nil
}

// printRefused prints the first of the rows that were not registered, and the counts.
func printRefused(ctx context.Context, c module.Call, api *web.Client, j Job) error {
	const most = 20
	if j.Refused > 0 {
		var doc []byte
		if err := api.Get(ctx, "/identifiers/jobs/"+j.ID+"/outcome.csv", module.Query("only", "refused"), &doc); err != nil {
			return err
		}
		rows, err := csv.NewReader(bytes.NewReader(doc)).ReadAll()
		if err != nil {
			return err
		}
		for _, row := range rows[1:min(len(rows), most+1)] {
			line(c.Out, "row %s: %s", row[0], row[4])
		}
		if j.Refused > most {
			line(c.Out, "… and %d more: %s?only=refused", j.Refused-most, j.Outcome)
		}
	}
	for _, outcome := range []string{Registered, Unchanged, Taken, Refused} {
		if n := j.Counts[outcome]; n > 0 {
			line(c.Out, "%d %s", n, outcome)
		}
	}
	line(c.Out, "job %s: %s", j.ID, j.State)
	return nil
}
