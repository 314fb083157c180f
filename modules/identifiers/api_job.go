package identifiers

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
)

const maxJobs = 100 // in a list

func (s *Service) jobOperations(rt *web.Router) {
	rt.Page("POST /api/v1/identifiers/jobs", actor.Visit, s.takeJob)
	rt.Page("GET /api/v1/identifiers/jobs/{job}/outcome.csv", actor.Visit, s.sendOutcomes)
	web.Serve(rt, web.Operation{Path: "/identifiers/jobs", ID: "listRegistrationJobs", Need: actor.Visit, Summary: "Files that are being registered or were, the newest first: one's own, for who runs the node all"},
		func(ctx context.Context, _ *struct{}) ([]Job, error) { return s.jobs(ctx, maxJobs) })
	web.Serve(rt, web.Operation{Path: "/identifiers/jobs/{job}", ID: "getRegistrationJob", Need: actor.Visit, Summary: "How far the registration of a file is"},
		func(ctx context.Context, in *struct {
			Job string `path:"job"`
		},
		) (Job, error) {
			return s.job(ctx, in.Job)
		})
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/identifiers/jobs/{job}/{command}", ID: "commandRegistrationJob", Need: actor.Visit, Summary: "Cancel a job, let it go on, or begin it again"},
		func(ctx context.Context, in *struct {
			Job     string `path:"job"`
			Command string `path:"command" enum:"cancel,resume,again"`
		},
		) (Job, error) {
			return s.command(ctx, in.Job, in.Command)
		})
}

// takeJob takes a file as the body of a request, whatever its length:
// POST /api/v1/identifiers/jobs?name=&prefix=&template=&replace=.
func (s *Service) takeJob(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	j, err := s.submit(r.Context(), Job{Name: q.Get("name"), Prefix: q.Get("prefix"), Template: q.Get("template"), Replace: q.Get("replace") == "true"}, whole{r.Body})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusAccepted, j)
}

// whole is a body that breaks off with a sentence.
type whole struct{ io.Reader }

// Read implements io.Reader.
func (b whole) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fault.Say(fault.Invalid, "上传中断，文件没有保存；请再传一次。", "the upload broke off and nothing was kept; send the file again")
	}
	return n, err
}

func (s *Service) sendOutcomes(w http.ResponseWriter, r *http.Request) error {
	j, err := s.job(r.Context(), r.PathValue("job"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "outcome-" + j.ID + ".csv"}))
	return s.outcomes(r.Context(), j.ID, r.URL.Query().Get("only") == "refused", w)
}
