package identifiers

import (
	"context"
	"encoding/base64"
	"flag"
	"io"
	"net/url"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/modules/identifiers/census"
	"yuzhou/modules/identifiers/handle"
)

func statsVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		return get(ctx, c, "/identifiers/stats", nil, printStats)
	}
}

func printStats(w io.Writer, s Stats) {
	if s.Last.Day == "" {
		line(w, "%s\tno census yet: one is taken when a day is over", s.Prefix)
	} else {
		line(w, "%s\t%s\t%d identifiers\t%d resolutions\t%s", s.Prefix, s.Last.Day, s.Last.Registered, s.Last.Resolved, s.Last.Root)
	}
	for _, l := range s.Lower {
		line(w, "  %s\t%s\t%d identifiers\t%d resolutions\tchecked by %s, %d findings", l.Prefix, l.Day, l.Registered, l.Resolved, l.How, len(l.Problems))
		for _, f := range l.Problems {
			line(w, "    %s: %s", f.Kind, f.EN)
		}
	}
	line(w, "total\t%d identifiers\t%d nodes below\t%d enterprises", s.Total, s.Nodes, s.Enterprises)
}

// proven asks for the proof of an identifier and checks it here: what is printed does not
// rest on what the node says of its own tree.
func proven(ctx context.Context, c module.Call, name string) (ProofAnswer, error) {
	api, err := c.API()
	if err != nil {
		return ProofAnswer{}, err
	}
	var p ProofAnswer
	if err := api.Get(ctx, "/identifiers/proof", url.Values{"name": {name}}, &p); err != nil {
		return p, err
	}
	head, err := p.Head()
	if err != nil {
		return p, err
	}
	leaf, shown, err := census.Verify(p.Tree, head, []byte(handle.Fold(name)))
	if err == nil && (shown.String() != p.Shown || shown == census.Present && digestText(leaf.Digest) != p.Digest) {
		err = fault.New(fault.Invalid, "the proof shows %s, and not what is said beside it", shown)
	}
	return p, err
}

func printProof(w io.Writer, p ProofAnswer) {
	switch p.Shown {
	case "present":
		line(w, "  counted: in the census of %s, one of %d below its prefix and of %d in all, resolved %d times; proof of %d bytes checked", p.Day, p.UnderPrefix, p.Registered, p.Resolutions, len(p.Tree))
	default:
		line(w, "  not counted: it is not in the census of %s, of %d identifiers; proof of %d bytes checked", p.Day, p.Registered, len(p.Tree))
	}
	line(w, "  root: %s", p.Root)
	if p.Bundle != "" {
		line(w, "  signed: %s, for yuzhou verify", p.Bundle)
	}
	line(w, "  proof: %s", base64.StdEncoding.EncodeToString(p.Tree))
}
