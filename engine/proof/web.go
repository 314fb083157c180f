package proof

import (
	"context"
	"embed"
	"net/http"
	"strconv"
	"strings"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

//go:embed pages locale
var pages embed.FS

var (
	homePage = web.MustPage[homeView](pages, "pages/home.html")
	ofPage   = web.MustPage[ofView](pages, "pages/of.html")

	verifyPage = web.MustPage[verifyView](pages, "pages/verify.html")
)

// mostFound is how many names a search lists.
const mostFound = 50

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /proof", actor.Read, s.showHome)
	rt.Page("GET /proof/of/{name...}", actor.Read, s.showOf)
	rt.Page("GET /proof/qr/{name...}", actor.Read, s.sendQR)
	rt.Page("GET /verify", actor.Read, s.showVerify)
	s.operations(rt)
	s.files(rt)
}

// homeView is the log, the keys and the way to check.
type homeView struct {
	Log    *LogState // nil: nothing has been stated yet
	Words  string    // who vouches for it
	Keys   []KeyInfo
	Asked  string
	Found  []Vintage
	Policy string
}

func (s *Service) showHome(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	v := homeView{Asked: strings.TrimSpace(r.URL.Query().Get("name"))}
	l, err := s.Shown(ctx)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return homePage.Render(w, r, v)
	case err != nil:
		return err
	}
	v.Log, v.Words = &l, l.ZH
	if sh.English() {
		v.Words = l.EN
	}
	if v.Keys, err = s.Register(ctx); err != nil {
		return err
	}
	if v.Policy, err = s.VerifierPolicy(ctx); err != nil {
		return err
	}
	if v.Asked != "" {
		ref, err := s.ParseRef(v.Asked)
		if err != nil {
			return err
		}
		if v.Found, err = s.Find(ctx, ref.Name, mostFound); err != nil {
			return err
		}
	}
	return homePage.Render(w, r, v)
}

// ofView is one statement and all that hangs on it.
type ofView struct {
	Name      string // with vintage
	Path      string // of links to it
	Page      string // that shows the thing itself; "" for none
	Kind      string
	Says      string
	State     State
	Now       string // what the data say, where it is another thing
	Statement statement.Statement
	Issued    string
	Keys      []KeyInfo
	Digest    string
	Place     int64
	Size      int64 // of the checkpoint that a bundle has
	Stamps    int
	Words     string // who vouches for the log
	Formula   string
	Picture   *picture // what it rests on, drawn; nil when there is nothing to draw
	Inputs    []linkView
	Rests     []linkView
	Vintages  []Vintage
	Source    string // page of the document; "" for none
}

// linkView is another statement.
type linkView struct {
	Name, Path, Says string
	Records          int64 // of a range of records: how many
}

func (s *Service) showOf(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	ref, err := s.ParseRef(r.PathValue("name"))
	if err != nil {
		return err
	}
	v, err := s.view(ctx, ref)
	if err != nil {
		return err
	}
	return ofPage.Render(w, r, v)
}

// view gathers what the page of a statement shows.
func (s *Service) view(ctx context.Context, ref Ref) (ofView, error) {
	var v ofView
	var row row
	var c *Claim
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		if row, err = s.rowOf(ctx, tx, ref); err != nil {
			return err
		}
		st, proofs, err := statement.Parse(row.doc)
		if err != nil {
			return err
		}
		if c, err = s.parseClaim(string(row.doc)); err != nil {
			return err
		}
		v = ofView{
			Name: s.full(row.Ref), Path: "/proof/of/" + s.full(row.Ref), Kind: row.kind, Says: c.text(), Statement: st, Issued: instant(row.issued),
			Digest: row.digest, Place: row.place,
		}
		return s.around(ctx, tx, &v, row, proofs)
	})
	if err != nil {
		return v, err
	}
	if v.Vintages, err = s.History(ctx, row.Name); err != nil {
		return v, err
	}
	if err := s.judgeNow(ctx, &v, row, *c); err != nil {
		return v, err
	}
	g, err := s.Lineage(ctx, row.Ref, drawnDepth)
	if err != nil {
		return v, err
	}
	v.Picture = draw(g)
	return v, s.vouched(ctx, &v)
}

// around reads the formula, the keys, what a statement rests on and what rests on it.
func (s *Service) around(ctx context.Context, tx store.Tx, v *ofView, r row, proofs []statement.Proof) error {
	st := v.Statement
	if st.Formula != nil {
		var err error
		if v.Formula, err = s.text(ctx, tx, st.Formula.Digest); err != nil {
			return err
		}
	}
	if err := s.signedBy(ctx, tx, v, proofs); err != nil {
		return err
	}
	for _, in := range st.Inputs {
		link := linkView{Name: in.Batch, Records: in.Count}
		if in.Batch == "" {
			var err error
			if link, err = s.link(ctx, tx, Ref{s.path(in.Name), in.Vintage}); err != nil {
				return err
			}
		}
		v.Inputs = append(v.Inputs, link)
	}
	rest, err := restsOn(ctx, tx, r.Ref)
	if err != nil {
		return err
	}
	for _, d := range rest {
		link, err := s.link(ctx, tx, d)
		if err != nil {
			return err
		}
		v.Rests = append(v.Rests, link)
	}
	return nil
}

// signedBy reads the keys that signed.
func (s *Service) signedBy(ctx context.Context, tx store.Tx, v *ofView, proofs []statement.Proof) error {
	for _, p := range proofs {
		unit, key, _ := strings.Cut(s.path(p.VerificationMethod), "#")
		k, err := s.secret(ctx, tx, unit, key)
		if err != nil {
			return err
		}
		if k != nil {
			v.Keys = append(v.Keys, s.keyInfo(*k))
		}
	}
	return nil
}

// link names another statement and what it says.
func (s *Service) link(ctx context.Context, tx store.Tx, r Ref) (linkView, error) {
	text, err := s.statedText(ctx, tx, r)
	return linkView{Name: s.full(r), Path: "/proof/of/" + s.full(r), Says: text}, err
}

// judgeNow compares a statement with what the data say now, where a module has them.
func (s *Service) judgeNow(ctx context.Context, v *ofView, r row, c Claim) error {
	v.Page = s.pageOf(r)
	if !c.Withdraw {
		now, err := s.one(ctx, c.Kind, r.Ref)
		switch {
		case fault.KindOf(err) == fault.NotFound:
		case err != nil:
			return err
		case !c.says(now):
			v.State, v.Now = Altered, now.text()
			return nil
		}
	}
	st, err := s.Standing(ctx, c)
	v.State = st.State
	return err
}

// vouched says what a bundle of the statement would show of the log.
func (s *Service) vouched(ctx context.Context, v *ofView) error {
	note, tokens, err := s.covering(ctx, v.Place)
	if err != nil {
		return err
	}
	if v.Size, err = sizeOf(note); err != nil {
		return err
	}
	v.Stamps = len(tokens)
	l, err := s.Shown(ctx)
	v.Words = l.ZH
	if web.ShellOf(ctx).English() {
		v.Words = l.EN
	}
	return err
}

// Count prints a number of records.
func (l linkView) Count() string { return strconv.FormatInt(l.Records, 10) }

// verifyView is the page that verifies on the visitor's machine.
type verifyView struct {
	Name   string // of the bundle that is fetched when no file is chosen; "" for none
	Bundle string // its address
}

func (s *Service) showVerify(w http.ResponseWriter, r *http.Request) error {
	var v verifyView
	if name := r.URL.Query().Get("name"); name != "" {
		ref, err := s.ParseRef(name)
		if err != nil {
			return err
		}
		v.Name = s.name(ref.Name)
		if ref.Vintage > 0 {
			v.Name = s.full(ref)
		}
		v.Bundle = "/api/v1/proof/bundles/" + v.Name
	}
	web.AllowWasm(w.Header())
	return verifyPage.Render(w, r, v)
}
