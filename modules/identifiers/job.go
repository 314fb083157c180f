package identifiers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// settingUpload is how large a file of identifiers may be.
const settingUpload = "identifiers-upload"

// The states of a job.
const (
	jobWaiting   = "waiting"
	jobRunning   = "running"
	jobDone      = "done"
	jobFailed    = "failed"    // its file cannot be read; nothing of it was registered
	jobCancelled = "cancelled" // what was registered before stays
)

// Job is a file that is being registered, or was.
type Job struct {
	ID       string           `json:"id"`
	Name     string           `json:"name" doc:"of the file"`
	File     string           `json:"file" doc:"its SHA-256"`
	Size     int64            `json:"size" doc:"bytes"`
	Prefix   string           `json:"prefix,omitempty" doc:"below which all its identifiers are"`
	Template string           `json:"template,omitempty" example:"gearbox@2"`
	Replace  bool             `json:"replace,omitempty" doc:"what is registered already is replaced"`
	State    string           `json:"state" enum:"waiting,running,done,failed,cancelled"`
	Rows     int64            `json:"rows" doc:"that the file has; 0 before they are counted"`
	Done     int64            `json:"done" doc:"rows that have a verdict, which is on disk"`
	Refused  int64            `json:"refused" doc:"rows that were not registered: refused or taken"`
	Counts   map[string]int64 `json:"counts" doc:"rows by outcome"`
	Problem  pack.Text        `json:"problem,omitzero" doc:"why it has failed"`
	By       string           `json:"by" doc:"id of who asked"`
	Asked    time.Time        `json:"asked"`
	Ended    time.Time        `json:"ended,omitzero"`
	Page     string           `json:"page"`
	Outcome  string           `json:"outcome" doc:"CSV of what became of each row"`

	staff   bool // who asked runs the node
	attempt int64
}

// Percent is how much of the file is done.
func (j Job) Percent() int64 {
	if j.Rows == 0 {
		return 0
	}
	return 100 * j.Done / j.Rows
}

// Open reports whether it is not at its end.
func (j Job) Open() bool { return j.State == jobWaiting || j.State == jobRunning }

// actor is who registers: who asked, with what they were when they did.
func (j Job) actor(unit string) actor.Actor {
	a := actor.Actor{ID: j.By, Name: j.By}
	if j.staff {
		a.Grants = []actor.Grant{{Role: actor.Clerk, Unit: unit}}
	}
	return a
}

// key is the same for the same file sent by the same person to be registered in the
// same way.
func (j Job) key() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %t", j.By, j.File, j.Prefix, j.Template, j.Replace))
	return hex.EncodeToString(sum[:])
}

// located adds where a job is found.
func (j Job) located() Job {
	j.Page, j.Outcome = "/identifiers/jobs/"+j.ID, "/api/v1/identifiers/jobs/"+j.ID+"/outcome.csv"
	return j
}

// uploadLimit is how many bytes a file of identifiers may have.
func (s *Service) uploadLimit() int64 {
	n, err := strconv.ParseInt(s.setting(settingUpload), 10, 32)
	if err != nil || n < 1 {
		n = 512
	}
	return n << 20
}

// submit keeps a file and lets it be registered in the background. The same file sent
// again by the same person is the same job; one that was cancelled or has failed goes on.
//
//   - j: Name, Prefix, Template and Replace are read.
//   - Errors: fault.Invalid, fault.NotFound of a template, fault.Forbidden, fault.Conflict
//     below a prefix that is not hosted here, fault.Busy.
func (s *Service) submit(ctx context.Context, j Job, file io.Reader) (Job, error) {
	who := actor.Of(ctx)
	if !who.Known() {
		return j, fault.Say(fault.Forbidden, "请先登录。", "sign in first")
	}
	if j.Prefix != "" {
		if err := s.mayRegister(ctx, j.Prefix); err != nil {
			return j, err
		}
	}
	if j.Template != "" {
		if _, err := s.template(ctx, j.Template); err != nil {
			return j, err
		}
	}
	return s.keepFile(ctx, j, file)
}

// keepFile keeps the file of a job and the job, or finds the one that it is.
func (s *Service) keepFile(ctx context.Context, j Job, file io.Reader) (Job, error) {
	limit := s.uploadLimit()
	var err error
	if j.File, j.Size, err = s.blobs.Put(ctx, file, limit); err != nil {
		if fault.KindOf(err) == fault.Invalid {
			err = fault.Say(fault.Invalid, "文件超过 %d MB，请分成几个。", "the file is larger than %d MB; cut it into several", limit>>20)
		}
		return j, err
	}
	j.ID, j.State, j.By, j.Asked, j.staff = store.NewID(s.now()), jobWaiting, actor.Of(ctx).ID, s.now().UTC().Truncate(time.Microsecond), s.staff(ctx)
	err = s.db.Write(ctx, func(tx store.Tx) error {
		asked := j.ID
		if j, err = addJob(ctx, tx, j.key(), j); err != nil {
			return err
		}
		if j.ID == asked {
			return s.Audit.Audit(ctx, tx, "identifiers.job", j.ID, j.Name)
		}
		if err := resumeJob(ctx, tx, j.ID); err != nil {
			return err
		}
		j, err = job(ctx, tx, j.ID)
		return err
	})
	return j.located(), err
}

// job returns a job to who may see it: who asked, the members of who holds its prefix,
// and who runs the node. For all others it is fault.NotFound.
func (s *Service) job(ctx context.Context, id string) (j Job, err error) {
	who := actor.Of(ctx)
	err = s.db.Read(ctx, func(tx store.Tx) error {
		if j, err = job(ctx, tx, id); err != nil || j.By == who.ID || s.staff(ctx) {
			return err
		}
		p, err := prefix(ctx, tx, j.Prefix)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if member, err := isMember(ctx, tx, p.Registrant, who.ID); err != nil || member {
			return err
		}
		return fault.Say(fault.NotFound, "没有注册作业 %q。", "there is no job %q", id)
	})
	if err != nil {
		return Job{}, err
	}
	return j.located(), nil
}

// jobs lists the newest jobs that who asks has asked for; for who runs the node, all.
func (s *Service) jobs(ctx context.Context, most int) (out []Job, err error) {
	person := actor.Of(ctx).ID
	if s.staff(ctx) {
		person = ""
	}
	err = s.db.Read(ctx, func(tx store.Tx) error {
		out, err = jobsOf(ctx, tx, person, "", most)
		return err
	})
	for i := range out {
		out[i] = out[i].located()
	}
	return out, err
}

// What can be done with a job, beside Resume of one that was cancelled.
const (
	Cancel = "cancel"
	Again  = "again" // from the first row on: what was refused may be possible now
)

// command does something with a job.
func (s *Service) command(ctx context.Context, id, what string) (Job, error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return j, err
	}
	err = s.db.Write(ctx, func(tx store.Tx) error {
		var err error
		switch what {
		case Cancel:
			j.State = jobCancelled
			err = endJob(ctx, tx, j, s.now())
		case Resume:
			err = resumeJob(ctx, tx, id)
		case Again:
			err = repeatJob(ctx, tx, id)
		default:
			err = fault.Say(fault.Invalid, "对作业不能 %q，可以是 cancel、resume、again。", "%q is none of cancel, resume, again", what)
		}
		if err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "identifiers.job."+what, id, "")
	})
	if err != nil {
		return j, err
	}
	return s.job(ctx, id)
}
