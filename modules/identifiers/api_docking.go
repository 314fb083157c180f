package identifiers

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/docking"
	"yuzhou/modules/identifiers/tally"
)

// CountsQuestion asks how many identifiers below prefixes were counted.
type CountsQuestion struct {
	Prefixes []string `json:"prefixes" minItems:"1" maxItems:"5000"`
}

// CountsAnswer shows it.
type CountsAnswer struct {
	Day  string `json:"day" doc:"of the last census"`
	Tree []byte `json:"tree" doc:"the part of the census that shows the prefixes: its head is what was stated"`
}

// DockingTable is how a node stands with one table.
type DockingTable struct {
	Table    docking.Table    `json:"table"`
	Number   int              `json:"number,omitempty" doc:"as the guide counts; none of monitoring and reports"`
	Rhythm   docking.Rhythm   `json:"rhythm"`
	Sent     time.Time        `json:"sent,omitzero" doc:"the newest batch was made, or came"`
	Period   string           `json:"period,omitempty" doc:"day or month that it reaches to"`
	Rows     int              `json:"rows"`
	Short    int              `json:"short,omitempty" doc:"rows that were left out because they break a rule"`
	Verdict  string           `json:"verdict,omitempty" enum:"taken,refused" doc:"none while it waits"`
	Findings docking.Findings `json:"findings"`
	Compared bool             `json:"compared,omitempty" doc:"of table 8: with the census that the node has stated"`
	By       time.Time        `json:"by,omitzero" doc:"when the next one is late; none of tables that are sent when something changes"`
	Late     bool             `json:"late,omitempty"`
}

// DockingNode is how a node stands with its docking.
type DockingNode struct {
	Prefix string         `json:"prefix"`
	Own    bool           `json:"own,omitempty" doc:"this node, towards the one above"`
	Since  time.Time      `json:"since,omitzero" doc:"of its first batch; none when nothing was sent"`
	Tables []DockingTable `json:"tables"`
}

func (s *Service) dockingOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/identifiers/docking", ID: "dock", Summary: "Take a batch of one of the tables that a node below sends"},
		func(ctx context.Context, in *struct{ Body DockingBatch }) (DockingReceipt, error) {
			return s.takeBatch(s.program(ctx), in.Body)
		})
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/identifiers/counts", ID: "proveCounts", Summary: "How many identifiers below prefixes are in the last census, with the proof"},
		func(ctx context.Context, in *struct{ Body CountsQuestion }) (out CountsAnswer, err error) {
			err = s.withCensus(ctx, func(t *tally.Taken) error {
				tree, err := t.Prove(ctx, nil, in.Body.Prefixes...)
				if err == nil {
					out = CountsAnswer{t.Date, tree.Append(nil)}
				}
				return err
			})
			return out, err
		})
	web.Serve(rt, web.Operation{Path: "/identifiers/docking", ID: "getDocking", Summary: "What this node has sent to the one above, and what nodes below have sent, table by table", Need: actor.Submit},
		func(ctx context.Context, _ *struct{}) ([]DockingNode, error) { return s.dockingState(ctx) })
	web.Serve(rt, web.Operation{Method: http.MethodPut, Path: "/identifiers/operator", ID: "putOperator", Summary: "Say who operates this node: a row of table 1", Need: actor.Submit},
		func(ctx context.Context, in *struct{ Body map[string]any }) (map[string]any, error) {
			return in.Body, s.tellRow(ctx, docking.TableOperator, in.Body)
		})
	web.Serve(rt, web.Operation{Method: http.MethodPut, Path: "/identifiers/applications", ID: "putApplication", Summary: "Say in what identifiers are used: a row of table 5 or 10, in the place of one of the same name", Need: actor.Submit},
		func(ctx context.Context, in *struct{ Body map[string]any }) (map[string]any, error) {
			return in.Body, s.tellRow(ctx, s.tableOf(in.Body), in.Body)
		})
	web.Serve(rt, web.Operation{Path: "/identifiers/report", ID: "getIdentifierReport", Summary: "The monthly report of this node (annex 3 of the guide)"},
		func(ctx context.Context, in *struct {
			Month string `query:"month" required:"true" example:"2026-10"`
		},
		) (docking.Report, error) {
			r, _, err := s.report(ctx, in.Month)
			return r, err
		})
}

// tableOf is the table of an application: 5 of the node's own, 10 of one below it.
func (s *Service) tableOf(row map[string]any) docking.Table {
	if p, _ := row["prefix"].(string); p != "" && p != s.site.Prefix {
		return docking.TableEnterpriseApplication
	}
	return docking.TableApplication
}

// tellRow keeps a row that somebody tells of this node, or of a prefix below it; without a
// prefix it is of the node.
//
// Errors: fault.Invalid when it breaks a rule of its table.
func (s *Service) tellRow(ctx context.Context, t docking.Table, row map[string]any) error {
	if p, _ := row["prefix"].(string); p == "" {
		row["prefix"] = s.site.Prefix
	}
	doc, err := json.Marshal(map[string]any{"table": t, "node": s.site.Prefix, "sent": docking.Instant(s.now()), "rows": []any{row}})
	if err != nil {
		return err
	}
	b, err := docking.Parse(doc)
	if err != nil {
		return sentenceOf(t, err)
	}
	of := saying{Kind: toldOperator, Prefix: s.site.Prefix, Doc: b.Rows[0], By: actor.Of(ctx).ID, At: s.now()}
	if a, ok := b.Rows[0].(*docking.Application); ok {
		of.Kind, of.Prefix, of.Key = toldApplication, a.Prefix, a.Name
	}
	return s.db.Write(ctx, func(tx store.Tx) error {
		if err := putTold(ctx, tx, of); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "identifiers.tell", of.Kind+" "+of.Prefix, of.Key)
	})
}

// forgetTold forgets what was told.
func (s *Service) forgetTold(ctx context.Context, of saying) error {
	return s.db.Write(ctx, func(tx store.Tx) error {
		if err := deleteTold(ctx, tx, of); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "identifiers.forget", of.Kind+" "+of.Prefix, of.Key)
	})
}

// sentenceOf says the first finding about a row that somebody has filled in, by the label
// of its column.
func sentenceOf(t docking.Table, err error) error {
	found, ok := asFindings(err)
	if !ok {
		return err
	}
	f := found[0]
	columns, err := docking.Columns(t)
	if err != nil {
		return err
	}
	zh, en := f.Field, f.Field
	for _, c := range columns {
		if c.Wire == f.Field {
			zh, en = c.ZH, c.EN
		}
	}
	return fault.Say(fault.Invalid, "“"+zh+"”现为 %q，"+f.ZH+"。", en+" is %q: "+f.EN, f.Value)
}

// dockingState is how this node and those below stand with their tables.
func (s *Service) dockingState(ctx context.Context) ([]DockingNode, error) {
	newest, since := map[string]docked{}, map[string]time.Time{}
	var below []Held
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		if below, err = prefixes(ctx, tx, Filter{State: Delegated, Limit: maxLower}); err != nil {
			return err
		}
		all, err := newestDocked(ctx, tx)
		for _, d := range all {
			newest[d.Node+" "+string(d.Table)] = d
			if err == nil && since[d.Node].IsZero() {
				since[d.Node], err = dockedSince(ctx, tx, d.Node)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := []DockingNode{}
	if s.setting(settingDocking) != "" {
		out = append(out, DockingNode{Prefix: s.site.Prefix, Own: true})
	}
	for _, h := range below {
		out = append(out, DockingNode{Prefix: h.Prefix.Prefix})
	}
	for i := range out {
		out[i].Since = since[out[i].Prefix]
		out[i].Tables = s.tableStates(out[i], newest)
	}
	return out, nil
}

// tableStates is how a node stands with all tables.
//
//   - newest: batches by node and table, with a space between.
func (s *Service) tableStates(n DockingNode, newest map[string]docked) (out []DockingTable) {
	for _, spec := range docking.Specs() {
		if spec.Table == docking.TableEscrow {
			continue
		}
		since := n.Since
		if spec.Below && newest[n.Prefix+" "+string(docking.TableEnterprise)].Rows == 0 {
			since = time.Time{} // it has no enterprises: nothing is due of them
		}
		out = append(out, s.tableState(spec, since, newest[n.Prefix+" "+string(spec.Table)]))
	}
	return out
}

// tableState is how a node stands with a table.
func (s *Service) tableState(spec docking.Spec, since time.Time, d docked) DockingTable {
	out := DockingTable{Table: spec.Table, Number: spec.Number, Rhythm: spec.Every, Sent: d.Made, Period: d.Period, Rows: d.Rows, Short: d.Short, Verdict: d.Verdict, Findings: append(docking.Findings{}, d.Findings...), Compared: d.Compared}
	if spec.Table == docking.TableEvent {
		out.Period = "" // a number of the node's own
	}
	switch {
	case since.IsZero(), spec.Every == docking.AtOnce:
		return out
	case spec.Table == docking.TableItem, d.Digest == "" && stands(spec.Table):
		return out // there may have been nothing to tell
	}
	due, err := docking.Due(spec.Table, docking.Last{Since: since, Sent: d.Made}, nil)
	if err == nil {
		out.By, out.Late = due.By, due.Late(s.now())
	}
	return out
}
