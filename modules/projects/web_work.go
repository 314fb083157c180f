package projects

import (
	"context"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// workView is one work with all that is known of it.
type workView struct {
	Row        workRow
	Entry      Entry
	Body       string
	Element    *link
	Milestones []milestoneRow
	Clauses    []clauseRow
	Accounts   []accountRow
	Budget     string
	Spent      string
	Risk       *Risk
	RiskText   string
	Links      []linkRow
	Photos     []link
	Documents  []link
	Months     []monthRow // up to the present one, the newest first
	Ahead      []monthRow // those to come, the next first
	Versions   []versionRow
	Closing    *closingRow
	Underway   string // address of the change under way, for who may see it
	MayEdit    bool
	MayDrive   bool
	Post       string
	Issuer     string
}

type milestoneRow struct {
	ID, Name        string
	Planned, Actual string
	Lit             lit
	Reason, Rule    string
	Document        *link
	Directive       string
	Late            bool
}

type clauseRow struct{ Number, Text, From, To string }

type accountRow struct {
	Year          int
	Budget, Spent string
	Final         bool
}

type linkRow struct {
	To            link
	Effect, Grade string
	Source        string
}

type versionRow struct {
	Version          int
	Change, Day, By  string
	Case, Digest     string
	Demo, ShowsAgain bool
}

type closingRow struct {
	Text, On string
	Evidence []link
}

func documentHref(sha256 string) string { return "/projects/document?sha256=" + sha256 }

func (s *Service) showWork(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, err := s.desk(ctx)
	if err != nil {
		return err
	}
	st, err := s.state(ctx, r.PathValue("id"), d.sh.Known)
	if err != nil {
		return err
	}
	b, err := s.book(ctx)
	if err != nil {
		return err
	}
	e := b.entry(st, d.sh.Date)
	v := workView{Row: d.row(e), Entry: e, Body: d.sh.In(e.Body), Risk: e.Risk, Post: e.Post, Issuer: d.unit(e.Issuer)}
	d.plan(&v, e)
	d.papers(&v, st)
	for _, old := range b.versions {
		if old.ID == st.ID && !old.Since.After(d.sh.Known) {
			v.Versions = append(v.Versions, versionRow{
				Version: old.Version, Change: old.Change, Day: old.Since.In(s.site.Zone).Format("2006-01-02"), By: old.By, Case: old.Case, Digest: old.Digest, Demo: old.Demo,
			})
		}
	}
	if s.Access.Decide(ctx, d.sh.Actor, actor.Submit, st.Unit) == nil && d.sh.AsOf == "" {
		v.MayEdit = !st.Demo
		if st.Underway != "" {
			v.Underway = "/projects/" + st.ID + "/changes/" + st.Underway
		}
	}
	d.months(&v, st)
	v.MayDrive = s.Late != nil && !st.Demo && d.sh.AsOf == "" && s.Access.Decide(ctx, d.sh.Actor, actor.Decide, st.Unit) == nil
	return workPage.Render(w, r, v)
}

// months writes a work month by month, what has come apart from what is to come.
func (d desk) months(v *workView, st state) {
	for _, m := range st.rows(d.sh.Date) {
		row := d.month(st, m)
		row.MayReport = v.MayEdit && !m.Month.Start().After(d.sh.Date)
		if m.Month.Start().After(d.sh.Date) {
			v.Ahead = append(v.Ahead, row)
		} else {
			v.Months = append(v.Months, row)
		}
	}
	slices.Reverse(v.Months) // the newest month is what people come for
}

// plan writes what a work is to do and to move.
func (d desk) plan(v *workView, e Entry) {
	if e.Element != "" {
		l := d.link(e.Element)
		v.Element = &l
	}
	for n, m := range e.Milestones {
		s := e.Lights[n]
		row := milestoneRow{
			ID: m.ID, Name: d.sh.In(m.Text), Planned: m.Planned.String(), Actual: m.Actual.String(), Lit: litOf(s.Light), Reason: d.sh.In(s.Reason), Rule: s.Rule,
			Directive: s.Directive, Late: s.Light == Red || s.Light == Yellow,
		}
		if m.Document != "" {
			row.Document = &link{documentHref(m.Document), m.Document[:min(8, len(m.Document))]}
		}
		v.Milestones = append(v.Milestones, row)
	}
	for _, c := range e.Clauses {
		row := clauseRow{c.Number, d.sh.In(c.Text), c.From, c.To}
		if row.From == "" {
			row.From = e.From
		}
		if row.To == "" {
			row.To = e.To
		}
		v.Clauses = append(v.Clauses, row)
	}
	for _, l := range e.Links {
		v.Links = append(v.Links, linkRow{d.link(l.To), d.sh.In(l.Effect), l.Grade, l.Source})
	}
	for _, a := range e.Accounts {
		v.Accounts = append(v.Accounts, accountRow{a.Year, d.sh.In(a.Budget.words()), d.sh.In(a.Spent.words()), a.Final})
	}
	budget, spent := total(e.Accounts)
	v.Budget, v.Spent = d.sh.In(budget.words()), d.sh.In(spent.words())
	if e.Risk != nil {
		v.RiskText = d.sh.In(e.Risk.Text)
	}
}

// papers writes a work's documents and how it ended.
func (d desk) papers(v *workView, st state) {
	name := map[string]string{}
	for _, doc := range st.documents() {
		name[doc.SHA256] = doc.Name
		l := link{documentHref(doc.SHA256), doc.Name}
		if doc.Photo() {
			v.Photos = append(v.Photos, l)
		} else {
			v.Documents = append(v.Documents, l)
		}
	}
	if st.Closing == nil {
		return
	}
	row := closingRow{Text: d.sh.In(st.Closing.Text), On: st.Closing.On}
	for _, sha := range st.Closing.Evidence {
		row.Evidence = append(row.Evidence, link{documentHref(sha), name[sha]})
	}
	v.Closing = &row
}

// showDocument answers with a document. Photos and documents of works in force
// are for everyone; what was only handed in is for signed-in people.
func (s *Service) showDocument(w http.ResponseWriter, r *http.Request) error {
	ctx, sha := r.Context(), r.URL.Query().Get("sha256")
	all, err := s.states(ctx, s.now())
	if err != nil {
		return err
	}
	published := slices.ContainsFunc(all, func(st state) bool {
		return slices.ContainsFunc(st.documents(), func(d Document) bool { return d.SHA256 == sha })
	})
	if !published {
		if err := s.Access.Decide(ctx, actor.Of(ctx), actor.Visit, ""); err != nil {
			return err
		}
	}
	var d Document
	if err := s.db.Read(ctx, func(tx store.Tx) (err error) { d, err = file(ctx, tx, sha); return err }); err != nil {
		return err
	}
	body, err := s.blobs.Get(ctx, sha)
	if err != nil {
		return err
	}
	defer body.Close() //nolint:errcheck // only read
	way := "attachment"
	if d.Photo() {
		way = "inline"
	}
	w.Header().Set("Content-Type", d.Media)
	w.Header().Set("Content-Length", strconv.FormatInt(d.Size, 10))
	w.Header().Set("Content-Disposition", mime.FormatMediaType(way, map[string]string{"filename": d.Name}))
	_, err = io.Copy(w, body)
	return err
}

// takeDocument keeps the file of a form and answers with its name: what programs
// use before they propose.
func (s *Service) takeDocument(w http.ResponseWriter, r *http.Request) error {
	docs, err := s.uploaded(w, r, "file")
	if err != nil {
		return err
	}
	if len(docs) != 1 {
		return fault.Say(fault.Invalid, "请一次交一个文件，收到 %d 个。", "send one file in the form's field file; %d came", len(docs))
	}
	return web.JSON(w, http.StatusCreated, docs[0])
}

// kept lists the media types that are kept: what a browser never runs.
func kept() []string {
	return []string{"application/pdf", "image/png", "image/jpeg", "image/webp", "application/zip", "text/plain; charset=utf-8"}
}

// parse reads a form, with files or without, within limits.
func parse(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, web.MaxUpload)
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		err = r.ParseMultipartForm(8 << 20) //nolint:gosec // MaxBytesReader bounds it, two lines above
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		return fault.Say(fault.Invalid, "表单读不出来；全部文件合计不超过 %d MB。", "the form cannot be read; all files together are at most %d MB", web.MaxUpload>>20)
	}
	return nil
}

// uploaded keeps the files of a form's field.
func (s *Service) uploaded(w http.ResponseWriter, r *http.Request, field string) ([]Document, error) {
	if r.MultipartForm == nil {
		if err := parse(w, r); err != nil {
			return nil, err
		}
	}
	if r.MultipartForm == nil {
		return nil, nil
	}
	var out []Document
	for _, h := range r.MultipartForm.File[field] {
		f, err := h.Open()
		if err != nil {
			return nil, err
		}
		d, err := s.keep(r.Context(), h.Filename, f)
		_ = f.Close() // only read
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// keep keeps a document that somebody hands in.
//
// Errors: fault.Invalid for a type that is not kept or a file that is too large.
func (s *Service) keep(ctx context.Context, name string, r io.ReadSeeker) (Document, error) {
	head := make([]byte, 512)
	n, err := io.ReadFull(r, head)
	if err != nil && n == 0 {
		return Document{}, fault.Say(fault.Invalid, "文件 %q 是空的。", "file %q is empty", name)
	}
	media := http.DetectContentType(head[:n])
	if !slices.Contains(kept(), media) {
		return Document{}, fault.Say(fault.Invalid, "文件 %q 是 %s；请交 PDF、OFD、DOCX、XLSX、纯文本、PNG、JPEG 或 WebP。", "file %q is %s; hand in PDF, OFD, DOCX, XLSX, plain text, PNG, JPEG or WebP", name, media)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Document{}, err
	}
	sha, size, err := s.blobs.Put(ctx, r, maxDocument)
	if err != nil {
		return Document{}, err
	}
	d := Document{SHA256: sha, Name: strings.TrimSpace(name), Media: media, Size: size}
	err = s.db.Write(ctx, func(tx store.Tx) error { return putFile(ctx, tx, d, actor.Of(ctx).ID, s.now()) })
	return d, err
}

// driveForm opens the directive of a late milestone.
func (s *Service) driveForm(w http.ResponseWriter, r *http.Request) error {
	if err := parse(w, r); err != nil {
		return err
	}
	if _, err := s.drivenBy(r.Context(), r.PathValue("id"), r.PostFormValue("milestone")); err != nil {
		return err
	}
	http.Redirect(w, r, "/projects/"+r.PathValue("id"), http.StatusSeeOther) //nolint:gosec // a local page: the id is one path segment
	return nil
}
