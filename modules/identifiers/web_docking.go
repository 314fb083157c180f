package identifiers

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/docking"
)

var (
	dockingPage  = web.MustPage[dockingView](pages, "pages/docking.html")
	dockedPage   = web.MustPage[dockedView](pages, "pages/docked.html")
	operatorPage = web.MustPage[operatorView](pages, "pages/operator.html")
	appsPage     = web.MustPage[appsView](pages, "pages/applications.html")
	reportPage   = web.MustPage[reportView](pages, "pages/report.html")
)

func (s *Service) dockingRoutes(rt *web.Router) {
	rt.Page("GET /identifiers/docking", actor.Submit, s.showDocking)
	rt.Page("GET /identifiers/docking/{node}/{table}", actor.Submit, s.showDocked)
	rt.Page("GET /identifiers/operator", actor.Submit, s.showOperator)
	rt.Page("POST /identifiers/operator", actor.Submit, s.takeOperator)
	rt.Page("GET /identifiers/applications", actor.Submit, s.showApplications)
	rt.Page("POST /identifiers/applications", actor.Submit, s.takeApplication)
	rt.Page("GET /identifiers/report", actor.Read, s.showReport)
}

// dockingView is what is told up and what comes from below.
type dockingView struct {
	Upper    string // address of the node above; "" for none
	Operator bool   // who operates the node is known
	Nodes    []nodeRow
	Wrong    int // tables that are late, refused or doubted
}

// nodeRow is a node with its tables, and those of them that somebody has to look at.
type nodeRow struct {
	DockingNode
	Attention []tableRow
	Rows      []tableRow
	Light     string
	Since     string
}

// tableRow is a table as a line of a list.
type tableRow struct {
	DockingTable
	Name    pack.Text
	At      string
	By      string
	Href    string
	Light   string // green, yellow, red; "" for nothing told yet
	Says    string // wording of the light
	Finding pack.Text
}

func (s *Service) showDocking(w http.ResponseWriter, r *http.Request) error {
	all, err := s.dockingState(r.Context())
	if err != nil {
		return err
	}
	v := dockingView{Upper: s.setting(settingDocking)}
	for _, n := range all {
		row := nodeRow{DockingNode: n, Light: "green", Since: s.minute(n.Since)}
		if n.Since.IsZero() {
			row.Light = ""
		}
		for _, t := range n.Tables {
			line := s.tableRow(n, t)
			row.Rows = append(row.Rows, line)
			if line.Light == "red" || line.Light == "yellow" {
				row.Attention = append(row.Attention, line)
				row.Light = line.Light
				v.Wrong++
			}
		}
		if slices.ContainsFunc(row.Attention, func(t tableRow) bool { return t.Light == "red" }) {
			row.Light = "red"
		}
		v.Nodes = append(v.Nodes, row)
	}
	known, err := s.operator(r)
	if err != nil {
		return err
	}
	v.Operator = known != nil
	return dockingPage.Render(w, r, v)
}

// tableRow says how a node stands with a table.
func (s *Service) tableRow(n DockingNode, t DockingTable) tableRow {
	out := tableRow{DockingTable: t, At: s.minute(t.Sent), By: s.minute(t.By)}
	if spec, err := docking.SpecOf(t.Table); err == nil {
		out.Name = pack.Text{ZH: spec.ZH, EN: spec.EN}
	}
	if !t.Sent.IsZero() {
		out.Href = "/identifiers/docking/" + n.Prefix + "/" + string(t.Table)
	}
	if len(t.Findings) > 0 {
		out.Finding = saidOf(t.Findings[0])
	}
	switch {
	case t.Verdict == batchRefused:
		out.Light, out.Says = "red", "refused"
	case t.Late:
		out.Light, out.Says = "red", "late"
	case t.Short > 0:
		out.Light, out.Says = "yellow", "short"
	case len(t.Findings) > 0:
		out.Light, out.Says = "yellow", "doubted"
	case t.Sent.IsZero():
		out.Says = "nothing"
	case t.Verdict == "":
		out.Says = "waits"
	default:
		out.Light, out.Says = "green", batchTaken
	}
	return out
}

// saidOf says a finding.
func saidOf(f docking.Finding) pack.Text {
	at := f.Field
	if f.Row > 0 {
		at = strconv.Itoa(f.Row) + " · " + at
	}
	return pack.Text{ZH: at + " “" + f.Value + "” " + f.ZH, EN: at + " “" + f.Value + "” " + f.EN}
}

// dockedView is the newest batch of a table.
type dockedView struct {
	tableRow
	Node     string
	Digest   string
	Columns  []pack.Text
	Lines    [][]string
	More     int // rows that are not shown
	Problems []pack.Text
}

const shownRows = 200

func (s *Service) showDocked(w http.ResponseWriter, r *http.Request) error {
	node, table := r.PathValue("node"), docking.Table(r.PathValue("table"))
	spec, err := docking.SpecOf(table)
	if err != nil {
		return err
	}
	var d docked
	err = s.db.Read(r.Context(), func(tx store.Tx) (err error) {
		if d, err = lastDocked(r.Context(), tx, node, table, ""); err == nil {
			err = dockedDoc(r.Context(), tx, &d)
		}
		return err
	})
	if err != nil {
		return err
	}
	if r.URL.Query().Get("as") == "signed" {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Disposition", `attachment; filename="`+node+"-"+string(table)+`.json"`)
		return json.NewEncoder(w).Encode(DockingBatch{string(d.Doc), d.Signature})
	}
	v := dockedView{tableRow: s.tableRow(DockingNode{Prefix: node}, s.tableState(spec, d.Made, d)), Node: node, Digest: d.Digest}
	for _, f := range d.Findings {
		v.Problems = append(v.Problems, saidOf(f))
	}
	if len(d.Doc) > 0 {
		if err := v.fill(d.Doc); err != nil {
			return err
		}
	}
	return dockedPage.Render(w, r, v)
}

// fill shows the rows of a batch, with the columns that any of them has.
func (v *dockedView) fill(doc []byte) error {
	var b struct {
		Table docking.Table    `json:"table"`
		Rows  []map[string]any `json:"rows"`
	}
	if err := json.Unmarshal(doc, &b); err != nil {
		return fault.New(fault.Invalid, "the batch is no JSON; see it as it was signed")
	}
	columns, err := docking.Columns(b.Table)
	if err != nil {
		return err
	}
	columns = slices.DeleteFunc(columns, func(c docking.Column) bool {
		return !slices.ContainsFunc(b.Rows, func(row map[string]any) bool { return row[c.Wire] != nil })
	})
	for _, c := range columns {
		v.Columns = append(v.Columns, pack.Text{ZH: c.ZH, EN: c.EN})
	}
	for i, row := range b.Rows {
		if i == shownRows {
			v.More = len(b.Rows) - shownRows
			break
		}
		var line []string
		for _, c := range columns {
			line = append(line, legible(row[c.Wire]))
		}
		v.Lines = append(v.Lines, line)
	}
	return nil
}

// legible writes a field of JSON for people.
func legible(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = legible(e)
		}
		return strings.Join(parts, "; ")
	case map[string]any:
		var parts []string
		for _, e := range v {
			parts = append(parts, legible(e))
		}
		slices.Sort(parts)
		return strings.Join(parts, " ")
	}
	return ""
}

// reportView is the operation of a month.
type reportView struct {
	docking.Report
	Known        bool // something was measured
	Availability string
	Up           string
	Days         []docking.Figures
	Incidents    []incidentRow
	Earlier      string // the month before
	Later        string // the month after; "" when that has not begun
	Over         bool
}

// incidentRow is a time in which the node was down.
type incidentRow struct{ From, To, Cause string }

func (s *Service) showReport(w http.ResponseWriter, r *http.Request) error {
	month := r.URL.Query().Get("month")
	now := docking.Day(s.now())[:len("2026-01")]
	if month == "" {
		month = now
	}
	report, from, err := s.report(r.Context(), month)
	if err != nil {
		return err
	}
	v := reportView{Report: report, Known: len(from.Days) > 0, Over: month < now}
	begin, err := docking.ParseInstant(month + "-01 00:00:00")
	if err != nil {
		return err
	}
	v.Earlier = docking.Day(begin.AddDate(0, -1, 0))[:len(month)]
	if v.Over {
		v.Later = docking.Day(begin.AddDate(0, 1, 0))[:len(month)]
	}
	v.Availability = strconv.FormatFloat(float64(report.Availability)/10_000, 'f', 4, 64) + "%"
	v.Up = strconv.FormatFloat(float64(report.UpSeconds)/3600, 'f', 1, 64)
	for _, d := range from.Days {
		v.Days = append(v.Days, d.Figures)
	}
	for _, o := range from.Incidents {
		v.Incidents = append(v.Incidents, incidentRow{s.minute(o.From), s.minute(o.To), o.Cause})
	}
	return reportPage.Render(w, r, v)
}
