package identifiers

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/docking"
	"yuzhou/modules/identifiers/escrow"
	"yuzhou/modules/identifiers/inspect"
	"yuzhou/modules/identifiers/template"
	"yuzhou/modules/identifiers/typed"
)

// loses is a way to a node on which the answers to some of the batches are lost: half of
// the requests get there, and nobody hears what became of them.
func loses(t *testing.T, to string) (string, *atomic.Int64) {
	t.Helper()
	at, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Scheme, r.URL.Host, r.RequestURI = at.Scheme, at.Host, ""
		turn := int64(0)
		if r.Method == http.MethodPost {
			turn = n.Add(1)
		}
		if turn%3 == 1 {
			panic(http.ErrAbortHandler) // it does not get there
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer answer.Body.Close() //nolint:errcheck // read only
		if turn%3 == 2 {
			panic(http.ErrAbortHandler) // nobody hears of it
		}
		maps.Copy(w.Header(), answer.Header)
		w.WriteHeader(answer.StatusCode)
		if _, err := io.Copy(w, answer.Body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, &n
}

// run runs jobs of a node, one after the other.
func (st *stage) run(t *testing.T, jobs ...func(context.Context) error) {
	t.Helper()
	for _, job := range jobs {
		if err := job(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// batches are what a node has of 88.500, by table.
func (st *stage) batches(t *testing.T) map[docking.Table][]docked {
	t.Helper()
	out := map[docking.Table][]docked{}
	err := st.db.Read(t.Context(), func(tx store.Tx) error {
		all, err := store.Collect(t.Context(), tx, `SELECT `+dockedColumns+` FROM identifiers_docked WHERE node = '88.500' ORDER BY made`, nil, scanDocked)
		for _, d := range all {
			if err := dockedDoc(t.Context(), tx, &d); err != nil {
				return err
			}
			out[d.Table] = append(out[d.Table], d)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// dockings are two nodes of which one is below the other, with an enterprise below that,
// three identifiers, and a way between them on which much is lost.
func dockings(t *testing.T) (upper, lower *stage) {
	t.Helper()
	stores := dirs{}
	beijing := time.FixedZone("UTC+8", 8*60*60)
	upper, above := nodeOn(t, "88", stores, nil)
	way, _ := loses(t, above)
	lower, at := nodeOn(t, "88.500", stores, map[string]string{settingDocking: way})
	upper.site.Zone, lower.site.Zone = beijing, beijing
	upper.delegated(t, at)
	r := factory()
	lower.decide(t, Change{Change: Allocate, Registrant: &r})
	lower.serving = true
	lower.own = typed.Site{Servers: []typed.Server{{Address: netip.MustParseAddr("192.0.2.5"), Interfaces: []typed.Interface{{Transport: typed.TCP, Port: 2641}, {Transport: typed.UDP, Port: 2641}}}}}
	if err := lower.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	clerk := as(t, actor.Clerk)
	if _, err := lower.addTemplate(clerk, template.Template{ID: "gearbox", Industry: "C3453", Name: pack.Text{ZH: "减速机"}, Items: []template.Item{
		{Index: 2000, Name: "product_name", Type: template.Text, Required: true, Alias: pack.Text{ZH: "品名", EN: "Name"}},
		{Index: 2001, Name: "brand", Type: template.Text, Granted: true, Alias: pack.Text{ZH: "品牌", EN: "Brand"}},
	}}); err != nil {
		t.Fatal(err)
	}
	lower.registered(t, "a", "b", "c")
	if err := lower.tellRow(clerk, docking.TableOperator, map[string]any{
		"name": "示例标识服务有限公司", "address": "示例路 2 号", "certificateType": docking.CertificateCredit, "certificateNumber": r.CreditCode, "legalName": "王五", "contactName": "赵六", "contactMobile": "13800000000", "certificatePhoto": "licence.jpg", "legalDocumentPhoto": "id.jpg", "contactDocumentPhoto": "id2.jpg",
	}); err != nil {
		t.Fatal(err)
	}
	return upper, lower
}

// registered registers products of the enterprise.
func (st *stage) registered(t *testing.T, names ...string) {
	t.Helper()
	b := Batch{Key: "batch-" + strings.Join(names, ""), Items: nil}
	b.Key += strings.Repeat("-", 8)
	for _, n := range names {
		b.Items = append(b.Items, Registration{Identifier: "88.500.1/" + n, Template: "gearbox@1", Fields: map[string]string{"product_name": "RV-40 " + n, "brand": "secret"}})
	}
	got, err := st.Register(as(t, actor.Clerk), b)
	if err != nil || slices.ContainsFunc(got, func(v Verdict) bool { return v.Outcome != Registered }) {
		t.Fatal(got, err)
	}
}

// tomorrow ends the day: it is counted, and what is due is told until nothing waits.
func (st *stage) tomorrow(t *testing.T, upper *stage) {
	t.Helper()
	st.at = time.Date(st.at.Year(), st.at.Month(), st.at.Day()+1, 1, 0, 0, 0, time.UTC)
	upper.at = st.at
	st.run(t, st.measure, st.watchOver, st.takeCensus)
	for range 60 {
		st.dockings = repeat{} // as if it had waited
		st.run(t, st.dock)
	}
	for table, all := range st.batches(t) {
		for _, d := range all {
			if d.Verdict == "" {
				t.Fatalf("a batch of %s waits", table)
			}
		}
	}
}

// TestDocking: every table reaches the node above, each batch once although answers are
// lost; a day later what has changed is told, and nothing twice.
func TestDocking(t *testing.T) {
	upper, lower := dockings(t)
	lower.meter.Resolved(netip.MustParseAddr("192.0.2.77"), []byte("88.500.1/a"), true, true, time.Millisecond)
	lower.tomorrow(t, upper)
	sent, came := lower.batches(t), upper.batches(t)
	for _, want := range []struct {
		table docking.Table
		rows  int
	}{
		{docking.TableOperator, 1},
		{docking.TableRoute, 1},
		{docking.TableTemplate, 1},
		{docking.TableEnterprise, 1},
		{docking.TableEnterpriseRoute, 1},
		{docking.TableStatistics, 1},
		{docking.TableEnterpriseStatistics, 1},
		{docking.TableItem, 3},
		{docking.TableFigures, 2},
	} {
		all := came[want.table]
		if len(all) != 1 || all[0].Rows != want.rows || all[0].Verdict != batchTaken || len(all[0].Findings) != 0 {
			t.Errorf("%s: %+v", want.table, all)
			continue
		}
		if mine := sent[want.table]; len(mine) != 1 || mine[0].Digest != all[0].Digest || string(mine[0].Doc) != string(all[0].Doc) {
			t.Errorf("%s: it is not what was sent", want.table)
		}
	}
	if doc := string(came[docking.TableItem][0].Doc); !strings.Contains(doc, "RV-40 a") || strings.Contains(doc, "secret") {
		t.Errorf("the items are %s", doc)
	}
	if doc := string(came[docking.TableEnterpriseStatistics][0].Doc); !strings.Contains(doc, `"registeredOfDay":3,"registered":3,"queries":1,"successes":1,"sources":[{"ip":"192.0.2.77","queries":1}]`) {
		t.Errorf("the statistics are %s", doc)
	}

	lower.registered(t, "d")
	lower.tomorrow(t, upper)
	came = upper.batches(t)
	if all := came[docking.TableItem]; len(all) != 2 || all[1].Rows != 1 {
		t.Errorf("items: %+v", all)
	}
	if all := came[docking.TableEnterpriseStatistics]; len(all) != 2 || !strings.Contains(string(all[1].Doc), `"registeredOfDay":1,"registered":4`) || len(all[1].Findings) != 0 {
		t.Errorf("statistics: %+v", all)
	}
	if n := len(came[docking.TableOperator]); n != 1 {
		t.Errorf("the operator was told %d times", n)
	}
	state, err := upper.dockingState(t.Context())
	if err != nil || len(state) != 1 || state[0].Prefix != "88.500" || state[0].Own {
		t.Fatal(state, err)
	}
	for _, table := range state[0].Tables {
		if table.Late {
			t.Errorf("%s is late: %+v", table.Table, table)
		}
	}
}

// TestDockingForged: counts that the census does not bear out, statistics that do not
// follow from the day before, batches of others and altered ones are found.
func TestDockingForged(t *testing.T) {
	upper, lower := dockings(t)
	lower.tomorrow(t, upper)
	stated := lower.counted(t)[0]
	note := noted(stated)
	if err := upper.db.Write(t.Context(), func(tx store.Tx) error { return putLower(t.Context(), tx, note) }); err != nil {
		t.Fatal(err)
	}
	upper.run(t, upper.compareDocked)
	honest := upper.batches(t)[docking.TableEnterpriseStatistics][0]
	if len(honest.Findings) != 0 {
		t.Errorf("honest counts: %+v", honest.Findings)
	}
	k, err := lower.keys()
	if err != nil {
		t.Fatal(err)
	}
	sign := func(doc string) DockingBatch {
		t.Helper()
		signature, err := escrow.Sign(k.sm2, []byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		return DockingBatch{doc, signature}
	}
	inflated := strings.NewReplacer(`"registered":3`, `"registered":300`, `"sent":"`+docking.Instant(honest.Made), `"sent":"`+docking.Instant(honest.Made.Add(time.Second))).Replace(string(honest.Doc))
	for _, tt := range []struct {
		name    string
		in      DockingBatch
		verdict string
		finding string
		err     string
	}{
		{"the same again", DockingBatch{string(honest.Doc), honest.Signature}, batchTaken, "", ""},
		{"altered", DockingBatch{inflated, honest.Signature}, "", "", "the signature is not that of 88.500"},
		{"of another node", sign(strings.ReplaceAll(string(honest.Doc), "88.500", "88.501")), "", "", "88.501 is no node"},
		{"no batch", sign("{}"), "", "", "has no table"},
		{"a row that breaks a rule", sign(strings.Replace(string(honest.Doc), `"registered":3`, `"registered":1`, 1)), batchRefused, "at least what was registered", ""},
		{"inflated", sign(inflated), batchTaken, "want a day behind 2026-11-23", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 {
				got, err := upper.takeBatch(t.Context(), tt.in)
				if tt.err != "" {
					if err == nil || !strings.Contains(err.Error(), tt.err) || fault.KindOf(err) == "" {
						t.Errorf("%v, want %q", err, tt.err)
					}
					continue
				}
				if err != nil || got.Verdict != tt.verdict || (tt.finding == "") != (len(got.Findings) == 0) || tt.finding != "" && !strings.Contains(got.Findings.Error(), tt.finding) {
					t.Errorf("%+v, %v", got, err)
				}
			}
		})
	}
	upper.run(t, upper.compareDocked)
	var found []string
	for _, d := range upper.batches(t)[docking.TableEnterpriseStatistics] {
		for _, f := range d.Findings {
			found = append(found, f.Value+": "+f.EN)
		}
	}
	if !slices.Contains(found, "300: want the identifiers below the prefix in the census, 3") {
		t.Errorf("%q", found)
	}
}

// noted is the note of a census that was found right.
func noted(s inspect.Stated) lower {
	return lower{Prefix: s.Prefix, Stated: s, How: "first", Added: s.Registered, Findings: []inspect.Finding{}, Checked: time.Unix(1, 0)}
}

// TestDockingShort: rows that break a rule of their table are left out and told to who
// runs the node; the others go.
func TestDockingShort(t *testing.T) {
	upper, lower := dockings(t)
	if _, err := lower.addTemplate(as(t, actor.Clerk), template.Template{ID: "plain", Name: pack.Text{ZH: "无行业"}, Items: []template.Item{{Index: 1, Name: "page", Type: template.URL, Alias: pack.Text{ZH: "网址"}}}}); err != nil {
		t.Fatal(err)
	}
	// The only application breaks a rule that is new since it was told.
	if err := lower.db.Write(t.Context(), func(tx store.Tx) error {
		return putTold(t.Context(), tx, saying{Kind: toldApplication, Prefix: "88.500", Key: "x", Doc: docking.Application{Prefix: "88.500", Name: "x", Type: "99"}, At: lower.at})
	}); err != nil {
		t.Fatal(err)
	}
	lower.tomorrow(t, upper)
	if apps := lower.batches(t)[docking.TableApplication]; len(apps) != 1 || apps[0].Rows != 0 || apps[0].Short != 1 || apps[0].Verdict != batchRefused {
		t.Errorf("%+v", apps)
	}
	mine := lower.batches(t)[docking.TableTemplate]
	if len(mine) != 1 || mine[0].Rows != 1 || mine[0].Short != 1 || mine[0].Findings[0].Field != "industry" {
		t.Errorf("%+v", mine)
	}
}

// TestWatchOver: the time in which the node did not run, and a listener that cannot be had,
// are events, which reach the node above and the month's report.
func TestWatchOver(t *testing.T) {
	upper, lower := dockings(t)
	lower.tomorrow(t, upper)
	down := lower.at
	lower.at = lower.at.Add(time.Hour)
	lower.watching = false // it is started again
	lower.run(t, lower.watchOver, lower.watchOver)
	lower.silent = []string{"identifiers-udp 192.0.2.5:2641"}
	lower.at = lower.at.Add(time.Second)
	lower.run(t, lower.watchOver)
	lower.silent = nil
	lower.at = lower.at.Add(time.Second)
	lower.run(t, lower.watchOver)
	lower.tomorrow(t, upper)
	came := upper.batches(t)[docking.TableEvent]
	var rows int
	for _, d := range came {
		rows += d.Rows
	}
	if rows != 4 || !strings.Contains(string(came[0].Doc), "节点停止运行") {
		t.Errorf("%d events: %+v", rows, came)
	}
	r, _, err := lower.report(t.Context(), docking.Day(down)[:7])
	if err != nil || r.Name != "示例标识服务有限公司" || len(r.Incidents) != 2 || r.UpSeconds >= 30*24*60*60-3600 || r.UpSeconds < 20*24*60*60 {
		t.Errorf("%+v, %v", r, err)
	}
}
