package identifiers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/intake"
	"yuzhou/modules/identifiers/template"
)

// sent is what became of a file.
type sent struct {
	Counts  map[string]int `json:"counts" doc:"by outcome"`
	Refused []Verdict      `json:"refused,omitempty" doc:"and those that are taken, with the row of the file"`
}

func registerVerb(flags *flag.FlagSet) module.Run {
	prefix := flags.String("prefix", "", "below which a column of suffixes is")
	templated := flags.String("template", "", "whose items the columns are: gearbox@2")
	replace := flags.Bool("replace", false, "replace what is registered already")
	large := flags.Bool("job", false, "let the server register it in the background and tell how far it is; so is any file above 1 MB, with --server")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "one file is wanted, %d are given", len(c.Args))
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		if *large || c.Server != "" && isLarge(c.Args[0]) {
			return submitFile(ctx, c, api, Job{Prefix: *prefix, Template: *templated, Replace: *replace})
		}
		return sendFile(ctx, c, api, Job{Prefix: *prefix, Template: *templated, Replace: *replace})
	}
}

// sendFile reads a file here and registers what it holds in batches.
func sendFile(ctx context.Context, c module.Call, api *web.Client, j Job) error {
	o := intake.Options{Prefix: j.Prefix}
	if j.Template != "" {
		o.Template = &template.Template{}
		if err := api.Get(ctx, "/identifiers/templates/"+url.PathEscape(j.Template), nil, o.Template); err != nil {
			return err
		}
	}
	in, done, err := file(c)
	if err != nil {
		return err
	}
	defer done()
	rows, err := intake.Read(in, o)
	if err != nil {
		return err
	}
	s := &sender{api: api, template: j.Template, replace: j.Replace, out: sent{Counts: map[string]int{}}}
	if err := s.all(ctx, rows); err != nil {
		return err
	}
	return s.report(c)
}

// file opens the file that a verb names, or standard input.
func file(c module.Call) (io.Reader, func(), error) {
	if c.Args[0] == "-" {
		return c.In, func() {}, nil
	}
	f, err := os.Open(c.Args[0])
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "file %s cannot be read: %v", c.Args[0], err)
	}
	return f, func() { _ = f.Close() }, nil
}

// sender sends the rows of a file, batch by batch. The key of a batch is the digest of
// what it holds: the same file sent again, after whatever interruption, registers
// nothing twice.
type sender struct {
	api      *web.Client
	template string
	replace  bool
	batch    []Registration
	lines    []int
	out      sent
}

const batchSize = 1000

func (s *sender) all(ctx context.Context, rows iter.Seq[intake.Row]) error {
	for row := range rows {
		if row.Err != nil {
			said := web.Sentence(row.Err)
			s.refuse(Verdict{Identifier: string(row.Record.Name), Outcome: Refused, ZH: said.ZH, EN: said.EN})
			continue
		}
		item := Registration{Identifier: string(row.Record.Name), Template: s.template, Fields: row.Fields}
		if s.template == "" {
			item.Fields = nil
			for _, v := range row.Record.Values {
				item.Values = append(item.Values, Given{Index: v.Index, Type: v.Type, Data: string(v.Data), TTL: v.TTL.Seconds})
			}
		}
		s.batch, s.lines = append(s.batch, item), append(s.lines, row.Line)
		if len(s.batch) == batchSize {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
	}
	return s.flush(ctx)
}

func (s *sender) refuse(v Verdict) {
	s.out.Counts[v.Outcome]++
	s.out.Refused = append(s.out.Refused, v)
}

// flush sends what is gathered.
func (s *sender) flush(ctx context.Context) error {
	if len(s.batch) == 0 {
		return nil
	}
	body := Batch{Items: s.batch, Replace: s.replace}
	doc, err := json.Marshal(body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(doc)
	body.Key = hex.EncodeToString(sum[:])
	var verdicts []Verdict
	if err := s.api.Do(ctx, http.MethodPost, "/identifiers/registrations", body, &verdicts); err != nil {
		return err
	}
	for i, v := range verdicts {
		if v.Outcome == Refused || v.Outcome == Taken {
			v.ZH, v.EN = fmt.Sprintf("第 %d 行：%s", s.lines[i], v.ZH), fmt.Sprintf("line %d: %s", s.lines[i], v.EN)
			s.refuse(v)
		} else {
			s.out.Counts[v.Outcome]++
		}
	}
	s.batch, s.lines = s.batch[:0], s.lines[:0]
	return nil
}

func (s *sender) report(c module.Call) error {
	if c.JSON {
		if err := c.PrintJSON(s.out); err != nil {
			return err
		}
	} else {
		for _, v := range s.out.Refused {
			line(c.Out, "%s", v.EN)
		}
		for _, outcome := range []string{Registered, Unchanged, Taken, Refused} {
			if n := s.out.Counts[outcome]; n > 0 {
				line(c.Out, "%d %s", n, outcome)
			}
		}
	}
	if len(s.out.Refused) > 0 {
		return module.ErrFound
	}
	return nil
}

func templateVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "one file is wanted, %d are given", len(c.Args))
		}
		var t template.Template
		if err := readJSON(c, c.Args[0], &t); err != nil {
			return err
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		t.Version = max(t.Version, 1)
		if err := api.Do(ctx, http.MethodPost, "/identifiers/templates", t, &t); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(t)
		}
		line(c.Out, "%s: %d items", t.Ref(), len(t.Items))
		return nil
	}
}
