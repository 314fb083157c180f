package identifiers

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/template"
)

var (
	filePage = web.MustPage[fileView](pages, "pages/portal_file.html")
	jobPage  = web.MustPage[jobView](pages, "pages/job.html")
)

// minute writes an instant as people of the city read it; "" for none.
func (s *Service) minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(s.site.Zone).Format("2006-01-02 15:04")
}

// fileView is the form that takes a file.
type fileView struct {
	desk
	Problem   string
	Form      map[string]string
	Templates []templateRow
	Limit     int64 // MB
}

func (s *Service) showFile(w http.ResponseWriter, r *http.Request) error {
	d, err := s.deskOf(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	return s.renderFile(w, r, fileView{desk: d, Form: map[string]string{"prefix": q.Get("prefix"), "template": q.Get("template")}}, http.StatusOK)
}

func (s *Service) renderFile(w http.ResponseWriter, r *http.Request, v fileView, status int) error {
	ctx := r.Context()
	v.Limit = s.uploadLimit() >> 20
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		v.Templates, err = s.templateRows(ctx, tx, web.ShellOf(ctx), v.Holder.ID)
		return err
	})
	if err != nil {
		return err
	}
	return filePage.RenderStatus(w, r, status, v)
}

// takeFile reads the form as it comes: the file is its last part and goes straight to
// where files are kept.
func (s *Service) takeFile(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, s.uploadLimit()+1<<20)
	parts, err := r.MultipartReader()
	if err != nil {
		return fault.Say(fault.Invalid, "表单读不出来，请从页面上传文件。", "the form cannot be read; send the file by the page")
	}
	form := map[string]string{}
	j, err := s.receive(r.Context(), parts, form)
	if err == nil {
		http.Redirect(w, r, j.Page, http.StatusSeeOther)
		return nil
	}
	if !mended(err) {
		return err
	}
	d, gone := s.desk(r.Context(), form["holder"])
	if gone != nil {
		return gone
	}
	return s.renderFile(w, r, fileView{desk: d, Form: form, Problem: web.Said(r, err)}, http.StatusUnprocessableEntity)
}

// receive reads the parts of the form up to the file, which it submits.
func (s *Service) receive(ctx context.Context, parts *multipart.Reader, form map[string]string) (Job, error) {
	const field = 4 << 10
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return Job{}, fault.Say(fault.Invalid, "没有选择文件。", "no file was chosen")
		}
		if err != nil {
			return Job{}, fault.Say(fault.Invalid, "上传中断，文件没有保存；请再传一次。", "the upload broke off and nothing was kept; send the file again")
		}
		if part.FormName() != "file" {
			b, err := io.ReadAll(io.LimitReader(part, field))
			if err != nil {
				return Job{}, fault.Say(fault.Invalid, "上传中断，文件没有保存；请再传一次。", "the upload broke off and nothing was kept; send the file again")
			}
			form[part.FormName()] = string(b)
			continue
		}
		if part.FileName() == "" {
			return Job{}, fault.Say(fault.Invalid, "没有选择文件。", "no file was chosen")
		}
		if form["prefix"] == "" {
			return Job{}, fault.Say(fault.Invalid, "请选择前缀。", "choose the prefix")
		}
		return s.submit(ctx, Job{Name: part.FileName(), Prefix: form["prefix"], Template: form["template"], Replace: form["replace"] != ""}, whole{part})
	}
}

// sendSample sends a file with the columns of a template and a row that shows how they
// are filled.
func (s *Service) sendSample(w http.ResponseWriter, r *http.Request) error {
	ref, lang := r.URL.Query().Get("template"), web.ShellOf(r.Context()).Lang
	t := template.Template{ID: "values", Items: []template.Item{{Name: "1:URL", Type: template.URL}, {Name: "2:DESC", Type: template.Text}}}
	if ref != "" {
		var err error
		if t, err = s.template(r.Context(), ref); err != nil {
			return err
		}
	}
	header, row := []string{map[string]string{web.EN: "suffix"}[lang]}, []string{"sample-0001"}
	if header[0] == "" {
		header[0] = "后缀"
	}
	for _, i := range t.Items {
		name := i.Alias.In(lang)
		if name == "" {
			name = i.Name
		}
		header, row = append(header, name), append(row, i.Sample())
	}
	var out bytes.Buffer
	out.WriteString("\ufeff") // or Excel reads it as GB18030
	c := csv.NewWriter(&out)
	if err := c.WriteAll([][]string{header, row}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "sample-" + t.ID + ".csv"}))
	_, err := out.WriteTo(w)
	return err
}

// jobRow is a job as a line of a list.
type jobRow struct {
	Job
	Ready  string // rows that are done, with thousands parted
	Of     string
	Wrong  string
	When   string
	Finish string
}

func (s *Service) jobRow(j Job) jobRow {
	return jobRow{Job: j.located(), Ready: count64(j.Done), Of: count64(j.Rows), Wrong: count64(j.Refused), When: s.minute(j.Asked), Finish: s.minute(j.Ended)}
}

// jobView is a job with the first rows that were not registered.
type jobView struct {
	jobRow
	Said     string // why it has failed
	Outcomes []outcomeCount
	Wrongs   []wrongRow
	Asker    string
	Kilo     string // bytes of the file, in KB
}

type outcomeCount struct {
	Outcome string
	N       string
}

// wrongRow is a row of the file that was not registered.
type wrongRow struct{ Line, Identifier, Outcome, Why string }

const (
	maxWrong     = 50
	refreshEvery = "2" // seconds
)

func (s *Service) showJob(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	j, err := s.job(ctx, r.PathValue("job"))
	if err != nil {
		return err
	}
	v := jobView{jobRow: s.jobRow(j), Said: sh.In(j.Problem), Kilo: count64((j.Size + 1023) >> 10)}
	if name, err := s.People.Named(ctx, j.By); err == nil {
		v.Asker = sh.In(name)
	}
	for _, outcome := range []string{Registered, Unchanged, Taken, Refused} {
		if n := j.Counts[outcome]; n > 0 {
			v.Outcomes = append(v.Outcomes, outcomeCount{outcome, count64(n)})
		}
	}
	if j.Refused > 0 {
		if v.Wrongs, err = s.wrongs(ctx, j.ID, sh.English()); err != nil {
			return err
		}
	}
	if j.Open() { // the page looks again by itself, with script or without
		w.Header().Set("Refresh", refreshEvery)
	}
	return jobPage.Render(w, r, v)
}

// wrongs returns the first rows of a job that were refused or taken.
func (s *Service) wrongs(ctx context.Context, id string, english bool) (out []wrongRow, err error) { //nolint:revive // there are two languages
	err = s.db.Read(ctx, func(tx store.Tx) error {
		return outcomesOf(ctx, tx, id, func(doc []byte) error {
			return eachOutcome(doc, func(cells []string) error {
				if cells[2] != Refused && cells[2] != Taken {
					return nil
				}
				why := cells[3]
				if english {
					why = cells[4]
				}
				if out = append(out, wrongRow{cells[0], cells[1], cells[2], why}); len(out) == maxWrong {
					return errEnough
				}
				return nil
			})
		})
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, err
}

func (s *Service) commandJob(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<10)
	j, err := s.command(r.Context(), r.PathValue("job"), r.FormValue("command"))
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/identifiers/jobs/"+j.ID, http.StatusSeeOther)
	return nil
}

// number reads a form's number; 0 for what is none.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}
