package identifiers

import (
	"context"
	"net/http"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/census"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/inspect"
	"yuzhou/modules/identifiers/tally"
)

// SampleAnswer shows an identifier that was drawn by lot.
type SampleAnswer struct {
	Day  string `json:"day" doc:"of the census"`
	Tree []byte `json:"tree" doc:"of the census, pruned to that identifier: modules/identifiers/census/format.md"`
}

// ProofAnswer says whether an identifier is in the last census, and proves it.
type ProofAnswer struct {
	inspect.Stated
	Identifier  string `json:"identifier"`
	Shown       string `json:"shown" enum:"present,absent"`
	Digest      string `json:"digest,omitempty" doc:"of the record that was counted"`
	Resolutions int64  `json:"resolutions" doc:"of the identifier, until the census"`
	UnderPrefix int64  `json:"under_prefix" doc:"identifiers below its prefix"`
	Tree        []byte `json:"tree" doc:"shows all that: modules/identifiers/census/format.md"`
	Bundle      string `json:"bundle,omitempty" doc:"where the signed statement is, for yuzhou verify"`
}

// LowerAnswer is what a node below has stated last, and what was found.
type LowerAnswer struct {
	inspect.Stated
	How      string            `json:"how" enum:"first,changes,samples" doc:"it was checked by every change since the day before, or by samples"`
	Added    int64             `json:"added" doc:"identifiers that came that day, when the changes were checked"`
	Problems []inspect.Finding `json:"problems"`
	Checked  time.Time         `json:"checked"`
}

// Stats are the node's figures. What is not known yet is not there.
type Stats struct {
	Prefix      string         `json:"prefix"`
	Last        inspect.Stated `json:"last,omitzero" doc:"the last census of this node"`
	Total       int64          `json:"total" doc:"identifiers of this node and of all below, by their last censuses"`
	Nodes       int64          `json:"nodes" doc:"prefixes that are delegated to nodes of their own"`
	Reporting   int            `json:"reporting" doc:"nodes below whose census was checked"`
	Enterprises int64          `json:"enterprises" doc:"registrants that hold a prefix"`
	Lower       []LowerAnswer  `json:"lower"`
	Demo        bool           `json:"demo,omitempty" doc:"generated for demonstration"`
}

func (s *Service) censusOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/identifiers/censuses", ID: "listCensuses", Summary: "What this node states of its identifiers day by day, the newest first"},
		func(ctx context.Context, in *struct {
			Limit int `query:"limit" minimum:"1" maximum:"400" default:"31"`
		},
		) ([]inspect.Stated, error) {
			return s.stated(ctx, in.Limit)
		})
	web.Serve(rt, web.Operation{Path: "/identifiers/sample", ID: "sampleCensus", Summary: "The identifier of the last census with a number, and that it was counted"},
		func(ctx context.Context, in *struct {
			Number uint64 `query:"number" doc:"from 0, in the order of folded names"`
		},
		) (out SampleAnswer, err error) {
			err = s.withCensus(ctx, func(t *tally.Taken) error {
				tree, err := t.Sample(ctx, in.Number)
				if err == nil {
					out = SampleAnswer{t.Date, tree.Append(nil)}
				}
				return err
			})
			return out, err
		})
	web.Serve(rt, web.Operation{Path: "/identifiers/proof", ID: "proveIdentifier", Summary: "Whether an identifier of this node is in its last census, with the proof"},
		func(ctx context.Context, in *struct {
			Name string `query:"name" required:"true" example:"88.118.2/gb-1"`
		},
		) (ProofAnswer, error) {
			return s.prove(ctx, in.Name)
		})
	web.Serve(rt, web.Operation{Path: "/identifiers/stats", ID: "getIdentifierStats", Summary: "How many identifiers, nodes and enterprises there are, here and below"},
		func(ctx context.Context, _ *struct{}) (Stats, error) { return s.stats(ctx) })
	rt.Page("GET /api/v1/identifiers/censuses/{day}/delta", actor.Read, s.sendDelta)
}

// sendDelta sends what leads from the census before to that of a day.
func (s *Service) sendDelta(w http.ResponseWriter, r *http.Request) error {
	b, err := tally.ReadDelta(s.censusDir(), r.PathValue("day"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, err = w.Write(b) //nolint:gosec // bytes of its own media type
	return err
}

// stated returns what this node states, the newest day first.
func (s *Service) stated(ctx context.Context, limit int) ([]inspect.Stated, error) {
	var all []taken
	var under []lower
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		if all, err = censuses(ctx, tx, "", limit); err == nil {
			under, err = lowers(ctx, tx)
		}
		return err
	})
	out := make([]inspect.Stated, len(all))
	for i, t := range all {
		out[i] = s.statedOf(t.Day)
	}
	if len(out) > 0 {
		for _, l := range under {
			out[0].Nodes += 1 + l.Stated.Nodes
			out[0].Below += l.Stated.Registered + l.Stated.Below
			out[0].Findings += len(l.Findings) + l.Stated.Findings
		}
	}
	return out, err
}

func (s *Service) statedOf(d tally.Day) inspect.Stated {
	out := inspect.Stated{Prefix: s.site.Prefix, Day: d.Date, Registered: int64(d.Head.Registered), Resolved: int64(d.Head.Resolved), Root: rootOf(d.Head), Before: d.Before} //nolint:gosec // of one node
	if out.Registered > 0 {
		out.Statement = s.site.Prefix + "/" + censusName(d.Date)
	}
	return out
}

// prove says whether an identifier is in the last census, and proves it.
//
// Errors: fault.NotFound when there is no census yet or the identifier is of another node.
func (s *Service) prove(ctx context.Context, name string) (out ProofAnswer, err error) {
	n, err := handle.Parse(name)
	if err != nil {
		return out, err
	}
	if err := s.ready(ctx); err != nil {
		return out, err
	}
	if !s.hosts(n) {
		return out, fault.Say(fault.NotFound, "标识 %q 不属于本节点，它的计数由它的节点证明。", "identifier %q is not of this node: the node that has it proves it", n)
	}
	err = s.withCensus(ctx, func(t *tally.Taken) error {
		tree, err := t.Prove(ctx, []handle.Name{n}, n.Prefix())
		if err != nil {
			return err
		}
		leaf, shown := tree.Get([]byte(n.Fold()))
		under, _ := tree.Under([]byte(handle.Fold(n.Prefix()) + "/"))
		out = ProofAnswer{Stated: s.statedOf(t.Day), Identifier: name, Shown: shown.String(), UnderPrefix: int64(under.Registered), Tree: tree.Append(nil)} //nolint:gosec // of one node
		if shown == census.Present {
			out.Digest, out.Resolutions = digestText(leaf.Digest), int64(leaf.Resolved) //nolint:gosec // of one identifier
		}
		if out.Statement != "" {
			out.Bundle = "/api/v1/proof/bundles/" + out.Statement
		}
		return nil
	})
	return out, err
}

func digestText(h census.Hash) string { return rootOf(census.Head{Hash: h}) }

// stats returns the node's figures.
func (s *Service) stats(ctx context.Context) (Stats, error) {
	out := Stats{Prefix: s.site.Prefix, Lower: []LowerAnswer{}, Demo: s.site.Demo}
	err := s.db.Read(ctx, func(tx store.Tx) error {
		all, err := censuses(ctx, tx, "", 1)
		if err != nil {
			return err
		}
		if len(all) > 0 {
			out.Last = s.statedOf(all[0].Day)
			out.Total = out.Last.Registered
		}
		under, err := lowers(ctx, tx)
		if err != nil {
			return err
		}
		for _, l := range under {
			out.Total += l.Stated.Registered + l.Stated.Below
			out.Reporting++
			out.Lower = append(out.Lower, LowerAnswer{l.Stated, l.How, l.Added, l.Findings, l.Checked})
		}
		out.Nodes, out.Enterprises, err = holders(ctx, tx)
		return err
	})
	return out, err
}
