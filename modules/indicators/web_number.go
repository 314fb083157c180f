package indicators

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"yuzhou/engine/proof"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/web"
)

// numberView is one number with everything that is known of it.
type numberView struct {
	Observation observation.Observation
	Indicator   observation.Indicator
	Title       string // the indicator's name
	AreaName    string
	Name        string // resolvable
	Printed     string
	Reading     string // the quantity in the page's language
	StatusKey   string
	Known       string
	Issuer      string
	Document    *Document
	Article     string
	Lines       []markedLine
	Vintages    []vintage
	Newest      bool
	Withdrawn   *withdrawn // nil unless the newest vintage is a withdrawal
	Proof       *proofView // nil of a demonstration
	Working     *Working
	Inputs      []vintage
	Beside      []notice
	Same        []web.Figure // other figures of the same sentence
}

// withdrawn is when and why a number was withdrawn.
type withdrawn struct{ On, Reason string }

// proofView is how far a number is proved, and where that can be checked.
type proofView struct {
	State, Bundle, Page, Verify, QR string // addresses "" when nobody has stated it
}

// markedLine is a line of a source with the number's words marked.
type markedLine struct {
	N                   int
	Before, Mark, After string
}

func (s *Service) showNumber(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	p, err := observation.ParsePathPeriod(r.PathValue("period"))
	if err != nil {
		return err
	}
	series, err := s.Series(ctx, r.PathValue("id"), r.PathValue("unit"), sh.Known)
	if err != nil {
		return err
	}
	all := series.Vintages
	if series.Indicator.Formula != "" {
		all = series.Points
	}
	all = slices.DeleteFunc(slices.Clone(all), func(o observation.Observation) bool { return o.Period != p })
	if len(all) == 0 {
		return fault.New(fault.NotFound, "%s has no number for %s known then", series.Indicator.ID, p)
	}
	at := len(all) - 1
	if n, err := strconv.Atoi(r.URL.Query().Get("v")); err == nil && n >= 1 && n <= len(all) {
		at = n - 1
	}
	v, err := s.number(ctx, sh, series, all[at])
	if err != nil {
		return err
	}
	v.Newest = at == len(all)-1
	if last := all[len(all)-1]; last.Status == observation.Withdrawn {
		v.Withdrawn = &withdrawn{sh.Day(last.Known.In(sh.Zone)), last.Source.Note}
	}
	v.Vintages, _ = s.vintages(sh, observation.Series{Indicator: series.Indicator, Points: all, Vintages: all})
	return numberPage.Render(w, r, v)
}

func (s *Service) number(ctx context.Context, sh *web.Shell, series observation.Series, o observation.Observation) (numberView, error) {
	i := series.Indicator
	v := numberView{
		Observation: o, Indicator: i, Title: i.Name(sh.Lang), Name: s.cited(o), Printed: o.Printed,
		StatusKey: "status." + string(o.Status), Known: sh.Day(o.Known.In(sh.Zone)),
	}
	shown := sh.Figure(o)
	v.Reading, v.Proof = shown.Text, proofOf(shown.Proof)
	v.AreaName, v.Issuer = s.place(ctx, sh, o.Unit), s.place(ctx, sh, o.Source.Issuer)
	var err error
	if v.Beside, err = s.notices(ctx, sh, i.ID); err != nil {
		return v, err
	}
	if d, err := s.Document(ctx, o.Source.Document); err == nil {
		v.Document = &d
		v.Lines = marked(d, o.Source)
		if len(o.Source.Lines) > 0 {
			if a, ok := d.ArticleAt(o.Source.Lines[0]); ok {
				v.Article = sh.In(a.Text)
			}
		}
	}
	if i.Formula != "" || o.Status == observation.Derived {
		work, err := s.Explain(ctx, i.ID, o.Unit, o.Period, sh.Known)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return v, err
		}
		v.Working = &work
	}
	return v, s.inputs(ctx, sh, o, &v)
}

// proofOf says where what the mark beside a number tells can be checked.
func proofOf(e web.Evidence) *proofView {
	switch e.State {
	case "":
		return nil
	case string(proof.Unstated):
		return &proofView{State: e.State}
	}
	return &proofView{State: e.State, Bundle: bundlePath + e.Name, Page: e.Href, Verify: "/verify?name=" + url.QueryEscape(e.Name), QR: "/proof/qr/" + e.Name}
}

// place returns a unit's name in the page's language, "" when it is not known.
func (s *Service) place(ctx context.Context, sh *web.Shell, id string) string {
	u, err := s.Units.Unit(ctx, id)
	if err != nil {
		return ""
	}
	return sh.In(u.Text)
}

// inputs fills in the figures that a derived number is made from.
func (s *Service) inputs(ctx context.Context, sh *web.Shell, o observation.Observation, v *numberView) error {
	for _, id := range o.Inputs {
		in, err := s.Figure(ctx, id, sh.Known)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		rows, targets := s.vintages(sh, observation.Series{Vintages: []observation.Observation{in}})
		v.Inputs = append(v.Inputs, append(rows, targets...)...)
	}
	return nil
}

// marked returns the source's lines with the quotation, or what of it stands in
// them, marked.
func marked(d Document, src observation.Source) []markedLine {
	var out []markedLine
	for _, n := range src.Lines {
		if n < 1 || n > len(d.Lines) {
			continue
		}
		out = append(out, mark(n, d.Lines[n-1], src.Quote))
	}
	return out
}

// mark finds the quotation in a line; of one that is broken over two lines, the
// longest end or beginning that stands in this one.
func mark(n int, line, quote string) markedLine {
	runes := []rune(quote)
	for size := len(runes); size > 1; size-- {
		for _, piece := range []string{string(runes[:size]), string(runes[len(runes)-size:])} {
			whole := size == len(runes)
			if before, after, ok := strings.Cut(line, piece); ok && (whole || before == "" || after == "") {
				return markedLine{n, before, piece, after}
			}
		}
	}
	return markedLine{N: n, Before: line}
}

// documentView is a source's text with every figure in it.
type documentView struct {
	Document Document
	Title    string
	Count    int
	Lines    []documentLine
	Loose    []web.Figure // figures of a source whose text we do not hold
}

type documentLine struct {
	N       int
	Text    string
	Heading string // of the article that begins here
	Figures []web.Figure
}

func (s *Service) showDocument(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	d, err := s.Document(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	figures, err := s.Figures(ctx, d.ID, sh.Known)
	if err != nil {
		return err
	}
	v := documentView{Document: d, Title: sh.In(d.Text), Count: len(figures)}
	byLine := map[int][]web.Figure{}
	for _, o := range figures {
		f := sh.Figure(o)
		f.Text = o.Source.Figure + " " + o.Printed
		if len(d.Lines) == 0 || len(o.Source.Lines) == 0 {
			v.Loose = append(v.Loose, f)
			continue
		}
		byLine[o.Source.Lines[0]] = append(byLine[o.Source.Lines[0]], f)
	}
	for n, text := range d.Lines {
		l := documentLine{N: n + 1, Text: text, Figures: byLine[n+1]}
		for _, a := range d.Articles {
			if a.First == n+1 {
				l.Heading = sh.In(a.Text)
			}
		}
		v.Lines = append(v.Lines, l)
	}
	return documentPage.Render(w, r, v)
}
