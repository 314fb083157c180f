package flow

import (
	"html/template"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/engine/flow/diagram"
	"yuzhou/engine/flow/guard"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

// bookView lists the procedures there are.
type bookView struct {
	Rows []bookRow
	Open int64 // cases of all of them
}

type bookRow struct {
	Href, ID, Name, Module string
	InForce                bool
	From, Digest           string // of the version in force
	Open                   int64  // cases on any version
	Versions               int
	Findings               int // about the version in force
}

func (s *Service) showBook(w http.ResponseWriter, r *http.Request) error {
	rd := s.reader(r)
	all, err := s.Versions(rd.ctx, "")
	if err != nil {
		return err
	}
	var v bookView
	for _, x := range all {
		if n := len(v.Rows); n == 0 || v.Rows[n-1].ID != x.ID {
			v.Rows = append(v.Rows, bookRow{Href: rd.sh.Link("/flow/procedures/" + x.ID), ID: x.ID, Name: rd.sh.In(x.Name), Module: x.Guest})
		}
		row := &v.Rows[len(v.Rows)-1]
		row.Versions++
		row.Open += x.Open
		v.Open += x.Open
		if !x.InForce {
			if !row.InForce {
				row.Href = rd.sh.Link("/flow/procedures/" + x.Digest) // for the id alone finds what is in force
			}
			continue
		}
		row.InForce, row.From, row.Digest, row.Name = true, x.From, x.Digest, rd.sh.In(x.Name)
		row.Href = rd.sh.Link("/flow/procedures/" + x.ID)
		p, err := s.Procedure(rd.ctx, x.Digest)
		if err != nil {
			return err
		}
		row.Findings = len(s.quickly(p.ID+".yaml", p.Source).findings)
	}
	return bookPage.Render(w, r, v)
}

// procedureView is one procedure in plain words, with its diagram and versions.
type procedureView struct {
	ID, Name, Basis, Digest string
	Source                  string
	Cases                   string // address of its cases
	Old                     bool   // not the version that new cases run on
	Waits, Ends             int    // how many states wait for somebody, and how many are ends
	Diagram                 template.HTML
	States                  []stateView
	Clocks                  []limitView
	Reasons                 []reasonsView
	Findings                []findingView
	Versions                []versionView
}

type stateView struct {
	Name, Note, Who, Clock string
	Depth                  int // 0 of the outermost
	Final, Together        bool
	Steps                  []stepView
}

type stepView struct {
	Name, Leads, Who string
	Refusal          bool
}

type limitView struct {
	Name, Kind, Limit, Warn, Part, Basis string
	Pauses                               []string // ids of lists of reasons
}

type reasonsView struct {
	ID      string
	Options []choiceView
}

type versionView struct {
	Href, Digest, From, Until, Accepted, By string
	InForce                                 bool
	Open                                    int64
}

func (s *Service) showProcedure(w http.ResponseWriter, r *http.Request) error {
	rd := s.reader(r)
	p, err := s.Procedure(rd.ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := procedureView{
		ID: p.ID, Name: rd.sh.In(p.Name), Basis: p.Basis, Digest: p.Digest, Source: string(p.Source), Old: true,
		Cases: "/flow/cases?" + url.Values{"procedure": {p.ID}}.Encode(), Diagram: rd.draw(p),
	}
	rd.describe(p, &v)
	v.Findings = rd.findings(s.quickly(p.ID+".yaml", p.Source).findings, p.Source)
	all, err := s.Versions(rd.ctx, p.ID)
	if err != nil {
		return err
	}
	for _, x := range all {
		v.Old = v.Old && (!x.InForce || x.Digest != p.Digest)
		v.Versions = append(v.Versions, versionView{
			Href: rd.sh.Link("/flow/procedures/" + x.Digest), Digest: x.Digest, From: x.From, Until: x.Until, Accepted: x.Accepted.In(rd.sh.Zone).Format(time.DateOnly),
			By: rd.person(x.Accepter), InForce: x.InForce, Open: x.Open,
		})
	}
	return procedurePage.Render(w, r, v)
}

// sendProcedure answers with a procedure as the file that was accepted.
func (s *Service) sendProcedure(w http.ResponseWriter, r *http.Request) error {
	p, err := s.Procedure(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	switch name := r.PathValue("file"); name {
	case p.ID + ".yaml":
	case p.ID + ".scxml":
		return sendChart(w, p)
	default:
		return fault.New(fault.NotFound, "procedure %s has no file %q; ask for %s.yaml or %s.scxml", p.ID, name, p.ID, p.ID)
	}
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": p.ID + ".yaml"}))
	_, err = w.Write(p.Source)
	return err
}

func (rd reader) draw(p *procedure.Procedure) template.HTML {
	return template.HTML(diagram.Draw(p, diagram.Options{Lang: rd.sh.Lang})) //nolint:gosec // drawn here, escaped there
}

// describe puts a procedure into words.
func (rd reader) describe(p *procedure.Procedure, v *procedureView) {
	for _, st := range p.States {
		if st.Name.ZH == "" || st.History() {
			continue
		}
		view := rd.stateInWords(p, st)
		if view.Final {
			v.Ends++
		}
		if st.Owner != nil {
			v.Waits++
		}
		v.States = append(v.States, view)
	}
	for _, k := range p.Clocks {
		v.Clocks = append(v.Clocks, rd.limit(p, k))
	}
	for _, list := range p.Reasons {
		view := reasonsView{ID: list.ID}
		for _, o := range list.Options {
			view.Options = append(view.Options, choiceView{o.Code, rd.sh.In(pack.Text{ZH: o.ZH, EN: o.EN}), o.Basis, false})
		}
		v.Reasons = append(v.Reasons, view)
	}
}

// deepest is how far states are indented at most: a telephone is narrow.
const deepest = 3

func (rd reader) stateInWords(p *procedure.Procedure, st *procedure.State) stateView {
	view := stateView{Name: rd.sh.In(st.Name), Note: rd.sh.In(st.Note), Final: st.Kind == procedure.Final, Together: st.Kind == procedure.Parallel}
	for up := st.Parent; up != nil && up.Parent != nil && view.Depth < deepest; up = up.Parent {
		view.Depth++
	}
	if st.Owner != nil {
		view.Who = rd.rule(p, st.Owner)
	}
	if k := p.Clock(st.Clock); k != nil {
		view.Clock = rd.sh.In(text("%s（%d %s）", "%s, %d %s", k.Name, k.Rule.Limit, unitName(k.Rule.Unit)))
	}
	for _, t := range st.Transitions {
		if t.Name.ZH == "" {
			continue
		}
		step := stepView{Name: rd.sh.In(t.Name), Leads: rd.leads(t), Refusal: t.Refusal}
		if t.By != nil {
			step.Who = rd.rule(p, t.By)
		}
		view.Steps = append(view.Steps, step)
	}
	return view
}

func (rd reader) limit(p *procedure.Procedure, k procedure.Clock) limitView {
	v := limitView{
		Name: rd.sh.In(k.Name), Kind: "kind." + string(k.Rule.Kind), Basis: k.Rule.Basis, Pauses: k.Pause,
		Limit: rd.sh.In(text("%d %s", "%d %s", k.Rule.Limit, unitName(k.Rule.Unit))),
	}
	if k.Rule.Warn > 0 {
		v.Warn = strconv.Itoa(k.Rule.Warn)
	}
	if whole := p.Clock(k.Part); whole != nil {
		v.Part = rd.sh.In(whole.Name)
	}
	return v
}

// rule says who acts as the procedure has it: by the names of the data fields that
// will hold the unit or the person.
func (rd reader) rule(p *procedure.Procedure, o *procedure.Owner) string {
	var who string
	switch {
	case o.Person.String() != "":
		who = rd.held(p, o.Person)
	case o.Post.String() != "":
		who = rd.held(p, o.Post)
	default:
		who = rd.held(p, o.Unit) + " · " + rd.role(o.Role)
	}
	if len(o.Not) > 0 {
		var zh, en []string
		for _, event := range o.Not {
			name := stepName(p, event)
			zh, en = append(zh, "“"+name.ZH+"”"), append(en, "“"+name.In("en")+"”")
		}
		who += rd.sh.In(text("，不得是办过%s的人", ", not whoever did %s", pack.Text{ZH: strings.Join(zh, "、"), EN: strings.Join(en, " or ")}))
	}
	if o.Joint.String() != "" {
		who += rd.sh.In(text("，会办：%s", ", jointly with %s", rd.held(p, o.Joint)))
	}
	return who
}

// held names what an expression stands for: a field by its label, a literal unit
// by its name, anything else as it is written.
func (rd reader) held(p *procedure.Procedure, g guard.Program) string {
	expr := g.String()
	if name, ok := strings.CutPrefix(expr, "data."); ok {
		if f := p.Field(name); f != nil && f.Label.ZH != "" {
			return rd.sh.In(f.Label)
		}
	}
	if len(expr) > 2 && (expr[0] == '\'' || expr[0] == '"') && expr[len(expr)-1] == expr[0] {
		return rd.unit(expr[1 : len(expr)-1])
	}
	return expr
}

// stepName is the name on the button that sends an event.
func stepName(p *procedure.Procedure, event string) pack.Text {
	for _, st := range p.States {
		for _, t := range st.Transitions {
			if slices.Contains(t.Events, event) && t.Name.ZH != "" {
				return t.Name
			}
		}
	}
	return pack.Text{ZH: event}
}

// findingView is one finding, with the line it is about as it stands.
type findingView struct {
	Line int
	Lit  Lit
	Text string
	Code string
	Rule string
}

func (rd reader) findings(all []pack.Finding, source []byte) []findingView {
	lines := strings.Split(string(source), "\n")
	weights := map[pack.Severity]Lit{pack.Error: {"red", "■", "edit.error"}, pack.Warning: {"yellow", "▲", "edit.warning"}, pack.Note: {"cannot_say", "○", "edit.note"}}
	out := make([]findingView, 0, len(all))
	for _, f := range all {
		v := findingView{Line: f.Line, Lit: weights[f.Severity], Text: rd.sh.In(pack.Text{ZH: f.ZH, EN: f.Text}), Rule: f.Rule}
		if f.ZH == "" {
			v.Text = f.Text
		}
		if f.Line > 0 && f.Line <= len(lines) {
			v.Code = strings.TrimSpace(lines[f.Line-1])
		}
		out = append(out, v)
	}
	return out
}

// quickBound is how far the static check walks for a page: far enough for every
// procedure that people have written, and no longer than a page may take.
const quickBound = 20000

// examined is a procedure that was read, nil when it cannot be, and what was found.
type examined struct {
	p        *procedure.Procedure
	findings []pack.Finding
}

// quickly reads and checks a procedure for a page.
func (s *Service) quickly(name string, source []byte) examined {
	p, findings := parse(name, source)
	if p == nil || errorsOf(findings) != nil {
		return examined{nil, findings}
	}
	var topics []string
	for _, g := range s.guests {
		topics = slices.AppendSeq(topics, maps.Keys(g.Topics))
	}
	return examined{p, append(findings, procedure.Check(p, procedure.Known{File: name, Topics: topics, Bound: quickBound})...)}
}
