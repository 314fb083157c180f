package indicators

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/proof"
	"yuzhou/engine/proof/logstore"
	"yuzhou/engine/proof/seal"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/chart"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
)

// hall is the module with the evidence engine under it, a clock that tests move, and
// its pages.
type hall struct {
	*Service
	engine *proof.Service
	at     time.Time
	pages  http.Handler
}

func (h *hall) now() time.Time { return h.at }

// newHall loads the Chongqing pack on db and states all that is to be stated.
func newHall(t *testing.T, db *store.DB, c city) *hall {
	t.Helper()
	h := &hall{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	host := module.Host{DB: db, Log: slog.New(slog.DiscardHandler), Now: h.now, Charts: chart.New()}
	host.Site = web.Site{
		Name: pack.Text{ZH: "重庆市", EN: "Chongqing"}, Unit: "500000", Prefix: "88.500.1", Version: "0.1.0", Zone: time.FixedZone("+08:00", 8*3600), Now: h.now,
	}
	folder := filepath.Join(t.TempDir(), "log")
	h.engine = proof.New(host, c, proof.Config{
		Keys: func() (seal.KEK, error) { return seal.Key(strings.Repeat("k", 32)), nil },
		Open: func(ctx context.Context, o proof.Opening) (proof.Log, error) {
			return logstore.Open(ctx, logstore.Config{Dir: folder, Signer: o.Signer, Verifier: o.Verifier, Least: o.Least, Every: 100 * time.Millisecond})
		},
		Read: func(name string) (*os.File, error) { return logstore.Public(folder, name) },
	})
	t.Cleanup(func() { _ = h.engine.Close(context.Background()) })
	if err := db.Migrate(t.Context(), "proof", h.engine.Module().Migrations); err != nil {
		t.Fatal(err)
	}
	h.Service = New(host, Needs{Units: c, Access: c, Audit: c, Proof: h.engine})
	for _, src := range h.Sources() {
		h.engine.Admit(src)
	}
	rt := web.NewRouter(host.Site, host.Log, func(context.Context, actor.Actor, actor.Permission, string) error { return nil })
	h.Module().Routes(rt)
	h.pages = rt.Handler(func(*http.Request) (actor.Actor, error) { return actor.Actor{ID: "steward"}, nil })
	load(t, h.Service, db)
	h.keep(t)
	return h
}

// keep states what waits and what has changed of what is computed.
func (h *hall) keep(t *testing.T) {
	t.Helper()
	h.engine.Wake()
	for _, j := range h.engine.Module().Jobs {
		if j.Name == "proof.sequence" || j.Name == "proof.keep" {
			if err := j.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := h.engine.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// point prints the number of a period as known at an instant, "" for none.
func (h *hall) point(t *testing.T, indicator, per string, known time.Time) string {
	t.Helper()
	series, err := h.Series(t.Context(), indicator, "500000", known)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range append(series.Points, series.Targets...) {
		if o.Period.String() == per {
			return o.Quantity.Value.String()
		}
	}
	return ""
}

// standing asks how far the newest vintage of a name is proved.
func (h *hall) standing(t *testing.T, name string) proof.Standing {
	t.Helper()
	o, err := h.Resolve(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	st, err := h.engine.Standing(t.Context(), Claim(o))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func (h *hall) imports(t *testing.T, rows string) Report {
	t.Helper()
	r, err := h.Import(t.Context(), strings.NewReader("indicator,period,value,status\n"+rows), ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// open returns the answer to a request; body "" is GET, else POST.
func (h *hall) open(t *testing.T, path, body string) (status int, text string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	if body != "" {
		r = httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.pages.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func eachHall(t *testing.T, fn func(t *testing.T, h *hall)) {
	t.Helper()
	testkit.EachStore(t, "indicators", migrations, func(t *testing.T, db *store.DB) {
		t.Helper()
		fn(t, newHall(t, db, city{deny: map[string]bool{"500105": true}}))
	})
}

const (
	firms    = "88.500.1/st.hte/500000/2023-06-30"
	gap      = "st.hte.gap2027/500000/2023-06-30"
	midYear  = "2023-06-30"
	mistaken = "统计口径有误 <b>"
)

// TestWithdraw: a number that is withdrawn is in no series and under no derived number
// any more, in all of its vintages still, and as of before as it was; the evidence says
// so of it and of what rested on it; a better number takes its place.
func TestWithdraw(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		t.Helper()
		before := h.at
		if got := h.point(t, "st.hte.gap2027", midYear, before); got != "6299" {
			t.Fatalf("the gap is %q at first", got)
		}
		h.at = h.at.Add(time.Hour)
		o, err := h.Withdraw(t.Context(), firms, mistaken)
		if err != nil || o.Vintage != 2 || o.Was != observation.Reported || o.Source.Note != mistaken {
			t.Fatalf("withdrawn as %+v, %v", o, err)
		}
		for _, id := range []string{"st.hte", "st.hte.gap2027"} {
			if got := h.point(t, id, midYear, h.at); got != "" {
				t.Errorf("%s is %s still", id, got)
			}
			if got := h.point(t, id, midYear, before); got == "" {
				t.Errorf("%s is not known any more as of before", id)
			}
		}
		if st := h.standing(t, firms); st.State != proof.Proved || st.Vintage != 2 {
			t.Errorf("the withdrawal is %+v", st)
		}
		if st := h.standing(t, firms+"@1"); st.State != proof.Withdrawn {
			t.Errorf("what was withdrawn is %+v", st)
		}
		h.keep(t)
		withdrawnGap, err := h.engine.History(t.Context(), gap)
		if err != nil || len(withdrawnGap) != 2 || !withdrawnGap[0].Gone {
			t.Errorf("the gap was stated as %+v, %v", withdrawnGap, err)
		}
		if a, err := h.engine.Audit(t.Context()); err != nil || len(a.Findings) > 0 {
			t.Errorf("the engine finds %+v, %v", a.Findings, err)
		}
		load(t, h.Service, h.db) // what the pack has said already adds nothing
		if got := h.point(t, "st.hte", midYear, h.at); got != "" {
			t.Errorf("the pack has put %s back", got)
		}
		h.better(t)
	})
}

// better imports a number in the place of the withdrawn one and withdraws that too.
func (h *hall) better(t *testing.T) {
	t.Helper()
	if r := h.imports(t, "st.hte,2023-06-30,6402,撤回\n"); r.Added != 0 || r.Refused != 1 || !strings.Contains(r.Verdicts[0].Reason, "program only") {
		t.Errorf("a file withdraws: %+v", r)
	}
	h.at = h.at.Add(time.Hour)
	if r := h.imports(t, "st.hte,2023-06-30,6401,reported\n"); r.Added != 1 {
		t.Errorf("the number that was withdrawn, again: %+v", r)
	}
	if got := h.point(t, "st.hte.gap2027", midYear, h.at); got != "6299" {
		t.Errorf("the gap is %q with the number that came again", got)
	}
	h.keep(t)
	if st := h.standing(t, "88.500.1/"+gap); st.State != proof.Proved || st.Vintage != 3 {
		t.Errorf("the gap is %+v again", st)
	}
	h.at = h.at.Add(time.Hour)
	if o, err := h.Withdraw(t.Context(), "st.hte/500000/2023-06-30@3", mistaken); err != nil || o.Vintage != 4 {
		t.Errorf("withdrawn again: %+v, %v", o, err)
	}
	h.keep(t)
	if a, err := h.engine.Audit(t.Context()); err != nil || len(a.Findings) > 0 {
		t.Errorf("the engine finds %+v, %v", a.Findings, err)
	}
}

// TestWithdrawTarget: a target that is withdrawn is none, and a number of the same
// period stays.
func TestWithdrawTarget(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		t.Helper()
		if o, err := h.Withdraw(t.Context(), "88.500.1/st.hte/500000/2027", mistaken); err != nil || !o.Wished() {
			t.Fatalf("%+v, %v", o, err)
		}
		if got := h.point(t, "st.hte", "2027", h.at); got != "" {
			t.Errorf("the target is %s still", got)
		}
		if got := h.point(t, "st.hte", midYear, h.at); got != "6401" {
			t.Errorf("the number beside it is %q", got)
		}
		if got := h.point(t, "st.hte.gap2027", midYear, h.at); got != "" {
			t.Errorf("the gap to no target is %s", got)
		}
		if code, text := h.open(t, "/sdmx/v2/data/dataflow/*/TARGETS/*/st@hte", ""); code != http.StatusNoContent {
			t.Errorf("SDMX has it still: %d %s", code, text)
		}
	})
}

func TestWithdrawRefused(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		t.Helper()
		if r := h.imports(t, "st.rd_intensity,2022,2.37,final\n"); r.Added != 1 {
			t.Fatalf("%+v", r)
		}
		if _, err := h.Withdraw(t.Context(), "st.rd_intensity/500000/2023", mistaken); err != nil {
			t.Fatal(err)
		}
		rows := held(t, h.db)
		for _, tt := range []struct {
			name, reason string
			kind         fault.Kind
		}{
			{firms, " ", fault.Invalid},
			{firms, strings.Repeat("长", maxReason+1), fault.Invalid},
			{"88.500.1/" + gap, mistaken, fault.Invalid},
			{"88.500.1/st.hte/500000/2023-07-31", mistaken, fault.NotFound},
			{firms + "@2", mistaken, fault.NotFound},
			{firms + "@x", mistaken, fault.NotFound},
			{"st.none/500000/2023-06-30", mistaken, fault.NotFound},
			{"st.hte/500000", mistaken, fault.NotFound},
			{"st.hte/500105/2023-06-30", mistaken, fault.Forbidden},
			{"st.rd_intensity/500000/2022@1", mistaken, fault.Conflict},
			{"st.rd_intensity/500000/2023", mistaken, fault.Conflict},
		} {
			if _, err := h.Withdraw(t.Context(), tt.name, tt.reason); fault.KindOf(err) != tt.kind {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.kind)
			}
		}
		if got := held(t, h.db); got != rows {
			t.Errorf("%d rows, want %d", got, rows)
		}
	})
}

// TestEvidence: every answer names the bundle of every number, and the page says how far
// it is proved.
func TestEvidence(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		t.Helper()
		const bundle = "/api/v1/proof/bundles/" + firms
		has := func(path, body string, words ...string) {
			t.Helper()
			code, text := h.open(t, path, body)
			for _, w := range words {
				if code != http.StatusOK || !strings.Contains(text, w) {
					t.Errorf("%s: %d lacks %q: %.2000s", path, code, w, text)
				}
			}
		}
		page := "/indicators/st.hte/500000/" + midYear
		has(page+"?lang=zh-CN", "", "有凭证", `href="`+bundle+`@1"`, `href="/proof/of/`+firms+`@1"`, "/verify?name=88.500.1%2Fst.hte")
		has("/indicators/st.hte.gap2027/500000/"+midYear+"?lang=en", "", "Download the bundle", `href="/api/v1/proof/bundles/88.500.1/`+gap+`@1"`)
		has("/api/v1/indicators/export.csv?indicator=st.hte", "", ","+firms+"@1,"+bundle+"@1,")
		has("/api/v1/indicators/observations?indicator=st.hte.gap2027", "", `"state":"proved"`, `"bundle":"/api/v1/proof/bundles/88.500.1/`+gap+`@1"`)
		has("/api/v1/indicators/workings?indicator=st.hte.gap2027&period="+midYear, "", bundle+"@1")
		has("/sdmx/v2/data/dataflow/*/INDICATORS/*/st@hte?format=csv", "", bundle+"@1", "/api/v1/proof/bundles/88.500.1/st.hte/500000/2025-10-15@1")

		h.at = h.at.Add(time.Hour)
		in, err := json.Marshal(map[string]string{"name": firms, "reason": mistaken})
		if err != nil {
			t.Fatal(err)
		}
		has("/api/v1/indicators/withdrawals", string(in), `"status":"withdrawn"`, `"state":"proved"`, bundle+"@2")
		has(page+"?lang=zh-CN", "", "2026年11月22日已撤回", "统计口径有误 &lt;b&gt;", "撤回", "<del>6401家</del>")
		has(page+"?lang=en&v=1", "", "Withdrawn on", "Proof: withdrawn", `href="`+bundle+`@1"`)
		has("/api/v1/indicators/names/"+strings.ReplaceAll(firms, "/", "%2F")+"@1", "", `"state":"withdrawn"`)
		has("/sdmx/v2/data/dataflow/*/INDICATORS/*/st@hte.500000.D?format=csv&includeHistory=true", "", ",6401,A,reported", ",O,withdrawn")
		if _, text := h.open(t, "/sdmx/v2/data/dataflow/*/INDICATORS/*/st@hte?format=csv", ""); strings.Contains(text, midYear) {
			t.Errorf("SDMX has the withdrawn number: %s", text)
		}
		has("/sdmx/v2/data/dataflow/*/INDICATORS/*/st@hte?format=csv&updatedAfter=2026-11-22T12:30:00Z", "", ",O,withdrawn")
	})
}

// TestDemonstrations: what is made up has no evidence, and cannot be withdrawn.
func TestDemonstrations(t *testing.T) {
	testkit.EachStore(t, "indicators", migrations, func(t *testing.T, db *store.DB) {
		h := newHall(t, db, city{})
		o := approved(t, "st.hte", "7", "家")
		o.Status = observation.Demo
		if err := db.Write(t.Context(), func(tx store.Tx) error { return addAll(t.Context(), tx, h.Proof, knownAt(h.at, o)) }); err != nil {
			t.Fatal(err)
		}
		o.Vintage = 1
		e, err := h.evidence(t.Context(), o)
		if err != nil || e != nil || h.bundle(o) != "" || h.datum(o).Evidence != nil {
			t.Errorf("%+v, %v, %q", e, err, h.bundle(o))
		}
		if _, err := h.Withdraw(t.Context(), o.Name("88.500.1").String(), mistaken); fault.KindOf(err) != fault.Invalid {
			t.Errorf("withdrawn: %v", err)
		}
	})
}

// TestFigureWithdrawn: a figure of a document that is withdrawn is not there, and is as
// of before.
func TestFigureWithdrawn(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		t.Helper()
		p, err := period.Parse(midYear)
		if err != nil {
			t.Fatal(err)
		}
		series, err := h.Series(t.Context(), "st.hte", "500000", h.at)
		if err != nil {
			t.Fatal(err)
		}
		before, figure := h.at, ""
		for _, o := range series.Points {
			if o.Period == p {
				figure = o.Source.Figure
			}
		}
		h.at = h.at.Add(time.Hour)
		if _, err := h.Withdraw(t.Context(), firms, mistaken); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Figure(t.Context(), figure, h.at); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", figure, err)
		}
		if o, err := h.Figure(t.Context(), figure, before); err != nil || o.Printed != "6401家" {
			t.Errorf("%s as of before: %+v, %v", figure, o, err)
		}
	})
}
