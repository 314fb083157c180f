package identifiers

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/docking"
	"yuzhou/modules/identifiers/docking/form"
)

// operatorView is the form of who operates the node.
type operatorView struct {
	Prefix  string
	Fields  []toldField
	Problem string
}

// toldField is a field of the form in the reader's language.
type toldField struct {
	form.Field
	Label   string
	Options []toldOption
	Fields  []toldField
}

// toldOption is a value that can be chosen.
type toldOption struct {
	form.Option
	Label string
}

func toldFields(sh *web.Shell, all []form.Field) (out []toldField) {
	for _, f := range all {
		one := toldField{Field: f, Label: sh.In(f.Label), Fields: toldFields(sh, f.Fields)}
		for _, o := range f.Options {
			one.Options = append(one.Options, toldOption{o, sh.In(o.Label)})
		}
		out = append(out, one)
	}
	return out
}

// operator returns who operates the node, by wire names; nil when nobody has said.
func (s *Service) operator(r *http.Request) (row map[string]any, err error) {
	err = s.db.Read(r.Context(), func(tx store.Tx) error {
		all, err := told[map[string]any](r.Context(), tx, toldOperator, s.site.Prefix)
		if len(all) > 0 {
			row = all[0]
		}
		return err
	})
	return row, err
}

func (s *Service) showOperator(w http.ResponseWriter, r *http.Request) error {
	row, err := s.operator(r)
	if err != nil {
		return err
	}
	return s.renderOperator(w, r, row, "", http.StatusOK)
}

func (s *Service) renderOperator(w http.ResponseWriter, r *http.Request, row map[string]any, problem string, status int) error {
	fields, err := form.Fields(docking.TableOperator, row)
	if err != nil {
		return err
	}
	return operatorPage.RenderStatus(w, r, status, operatorView{Prefix: s.site.Prefix, Fields: toldFields(web.ShellOf(r.Context()), fields), Problem: problem})
}

func (s *Service) takeOperator(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 256<<10)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "the form cannot be read: %v", err)
	}
	row, err := form.Read(docking.TableOperator, r.PostForm)
	if err != nil {
		return err
	}
	err = s.tellRow(r.Context(), docking.TableOperator, row)
	if mended(err) {
		return s.renderOperator(w, r, asStored(row), web.Said(r, err), http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/identifiers/docking", http.StatusSeeOther)
	return nil
}

// asStored is a row as it is read from the database: with the types that JSON has.
func asStored(row map[string]any) (out map[string]any) {
	text, err := json.Marshal(row)
	if err != nil || json.Unmarshal(text, &out) != nil {
		return nil // it was made of texts and numbers
	}
	return out
}

// appsView are the applications of the node and of the prefixes below it.
type appsView struct {
	Own     string
	Prefix  string // of the application that is filled in
	Rows    []appRow
	Fields  []toldField
	Problem string
}

// appRow is an application as a line of a list.
type appRow struct{ Prefix, Name, Type, Users, Developer string }

func (s *Service) showApplications(w http.ResponseWriter, r *http.Request) error {
	return s.renderApplications(w, r, nil, "", http.StatusOK)
}

func (s *Service) renderApplications(w http.ResponseWriter, r *http.Request, row map[string]any, problem string, status int) error {
	sh := web.ShellOf(r.Context())
	fields, err := form.Fields(docking.TableApplication, row)
	if err != nil {
		return err
	}
	v := appsView{Own: s.site.Prefix, Prefix: legible(row["prefix"]), Fields: toldFields(sh, fields), Problem: problem}
	err = s.db.Read(r.Context(), func(tx store.Tx) error {
		all, err := told[docking.Application](r.Context(), tx, toldApplication, "")
		for _, a := range all {
			line := appRow{Prefix: a.Prefix, Name: a.Name, Type: a.Type, Users: strconv.FormatInt(a.Users, 10), Developer: a.Developer}
			for _, c := range docking.Codes("application") {
				if c.Value == a.Type {
					line.Type = sh.In(pack.Text{ZH: c.ZH, EN: c.EN})
				}
			}
			v.Rows = append(v.Rows, line)
		}
		return err
	})
	if err != nil {
		return err
	}
	return appsPage.RenderStatus(w, r, status, v)
}

// takeApplication keeps an application, or forgets one.
func (s *Service) takeApplication(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "the form cannot be read: %v", err)
	}
	prefix := strings.TrimSpace(r.PostForm.Get("prefix"))
	if name := r.PostForm.Get("forget"); name != "" {
		if err := s.forgetTold(r.Context(), saying{Kind: toldApplication, Prefix: prefix, Key: name}); err != nil {
			return err
		}
		http.Redirect(w, r, "/identifiers/applications", http.StatusSeeOther)
		return nil
	}
	row, err := form.Read(docking.TableApplication, r.PostForm)
	if err != nil {
		return err
	}
	row["prefix"] = prefix
	if row["users"] == nil {
		row["users"] = 0
	}
	err = s.tellRow(r.Context(), s.tableOf(row), row)
	if mended(err) {
		return s.renderApplications(w, r, asStored(row), web.Said(r, err), http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/identifiers/applications", http.StatusSeeOther)
	return nil
}
