package flow

import (
	"errors"
	"html/template"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// editView is a procedure being written, with what is wrong with it.
type editView struct {
	Name      string // of the file
	Source    string
	Numbers   []int // of its lines
	Rows      int   // of the field: all lines, and room for more
	Findings  []findingView
	Errors    int
	Diagram   template.HTML
	MayAccept bool
	Problem   string
}

// firstSource is what the editor begins with when it is given nothing.
const firstSource = `schema: yuzhou.procedure/v1
id: example
name: {zh: 示例, en: Example}
data:
  unit: {type: unit, required: true, zh: 承办单位, en: Unit}
reasons:
  refuse: {scope: {zh: 不属于受理范围, en: Not within scope}}
clocks:
  check: {kind: stage, unit: working-day, limit: 5, warn: 1, zh: 审查, en: Examination}
states:
  filed:
    zh: 待审查
    en: To be examined
    owner: {unit: data.unit, role: clerk}
    clock: check
    on:
      - {event: accept, to: done, zh: 通过, en: Accept}
      - {event: refuse, to: refused, refusal: true, reasons: refuse, zh: 不予通过, en: Refuse}
      - {event: clock.check.due, do: [{notify: {owner: {unit: data.unit, role: leader}, zh: 审查超期, en: The examination is overdue}}]}
  done: {final: true, zh: 已通过, en: Accepted}
  refused: {final: true, zh: 不予通过, en: Refused}
`

func (s *Service) showEdit(w http.ResponseWriter, r *http.Request) error {
	rd := s.reader(r)
	v := editView{Name: "example.yaml", Source: firstSource}
	if id := r.URL.Query().Get("from"); id != "" {
		p, err := s.Procedure(rd.ctx, id)
		if err != nil {
			return err
		}
		v.Name, v.Source = p.ID+".yaml", string(p.Source)
	}
	rd.check(&v)
	return editPage.Render(w, r, v)
}

// checkForm shows what is wrong with a procedure that is being written. Nothing is kept.
func (s *Service) checkForm(w http.ResponseWriter, r *http.Request) error {
	v, err := writing(r)
	if err != nil {
		return err
	}
	s.reader(r).check(&v)
	return editPage.Render(w, r, v)
}

// maxWritten is the longest procedure that the editor takes.
const maxWritten = 1 << 20

// maxForm is the longest form: typed text arrives with up to three bytes for one.
const maxForm = 4 * maxWritten

// writing reads the editor's form: what was typed, or a file that was chosen.
func writing(r *http.Request) (editView, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
	err := r.ParseMultipartForm(maxForm) //nolint:gosec // bounded by the line before
	if errors.Is(err, http.ErrNotMultipart) {
		err = nil // the form is the other kind, which has been read
	}
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return editView{}, fault.Say(fault.Invalid, "流程文本超过编辑器的上限 %d 字节。", "the procedure is longer than the %d bytes that the editor takes", maxWritten)
	}
	if err != nil {
		return editView{}, fault.Say(fault.Invalid, "表单读不出来，请重新填写。", "the form cannot be read")
	}
	v := editView{Name: strings.TrimSpace(r.PostFormValue("name")), Source: r.PostFormValue("source")}
	if r.MultipartForm != nil && len(r.MultipartForm.File["file"]) > 0 {
		if err := v.open(r.MultipartForm.File["file"][0]); err != nil {
			return v, err
		}
	}
	v.Source = strings.ReplaceAll(v.Source, "\r\n", "\n")
	if !utf8.ValidString(v.Source) {
		return v, fault.Say(fault.Invalid, "文件 %q 不是 UTF-8 文本。", "file %q is no text in UTF-8", v.Name)
	}
	if len(v.Source) > maxWritten {
		return v, fault.Say(fault.Invalid, "流程文本有 %d 字节，编辑器最多收 %d 字节。", "the procedure has %d bytes; the editor takes %d", len(v.Source), maxWritten)
	}
	if v.Name == "" {
		v.Name = "procedure.yaml"
	}
	return v, nil
}

// spareRows is the room below the last line.
const spareRows = 4

// open takes a file in place of what was typed.
func (v *editView) open(h *multipart.FileHeader) error {
	f, err := h.Open()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(f)
	v.Name, v.Source = h.Filename, string(text)
	if isSCXML(v.Name) && err == nil {
		if p, _ := parse(v.Name, text); p != nil { // one that cannot be read stays, with what is wrong in its lines
			v.Name, v.Source = p.ID+".yaml", string(p.Source)
		}
	}
	return err
}

// check fills in the findings and, when it can be drawn, the diagram.
func (rd reader) check(v *editView) {
	v.MayAccept = mayAccept(rd.sh)
	for n := range 1 + strings.Count(v.Source, "\n") {
		v.Numbers = append(v.Numbers, n+1)
	}
	v.Rows = len(v.Numbers) + spareRows
	got := rd.s.quickly(v.Name, []byte(v.Source))
	v.Findings = rd.findings(got.findings, []byte(v.Source))
	for _, f := range got.findings {
		if f.Severity == pack.Error {
			v.Errors++
		}
	}
	if got.p != nil {
		v.Diagram = rd.draw(got.p)
	}
}

func mayAccept(sh *web.Shell) bool {
	return slices.ContainsFunc(sh.Actor.Grants, func(g actor.Grant) bool { return g.Role.Has(actor.Administer) })
}

// acceptForm puts what the editor holds in force.
func (s *Service) acceptForm(w http.ResponseWriter, r *http.Request) error {
	v, err := writing(r)
	if err != nil {
		return err
	}
	got, err := s.Accept(r.Context(), v.Name, []byte(v.Source))
	if err != nil {
		if !refusable(err) {
			return err
		}
		v.Problem = web.Said(r, err)
		s.reader(r).check(&v)
		return editPage.RenderStatus(w, r, web.Status(err), v)
	}
	http.Redirect(w, r, "/flow/procedures/"+got.Digest, http.StatusSeeOther)
	return nil
}
