package identifiers

import (
	"context"
	"encoding/base64"
	"time"
	"unicode/utf8"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/auth/rights"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
)

// Resolved is what an identifier resolves to.
type Resolved struct {
	Identifier string        `json:"identifier" doc:"as it was registered"`
	Values     []Shown       `json:"values" doc:"those that who asks may read"`
	AsOf       string        `json:"as_of,omitempty"`
	Steps      []client.Step `json:"steps,omitempty" doc:"the nodes that were asked, when it is not of this node"`
	Page       string        `json:"page,omitempty"`
}

// Shown is a value of an identifier.
type Shown struct {
	Index   uint32 `json:"index"`
	Type    string `json:"type"`
	Data    string `json:"data"`
	Format  string `json:"format" enum:"string,base64"`
	TTL     uint32 `json:"ttl" doc:"seconds"`
	Changed string `json:"changed,omitempty"`
}

// shown writes values for the API.
func shown(values []handle.Value) []Shown {
	out := make([]Shown, 0, len(values))
	for _, v := range values {
		one := Shown{Index: v.Index, Type: v.Type, Data: string(v.Data), Format: "string", TTL: v.TTL.Seconds}
		if !utf8.Valid(v.Data) {
			one.Data, one.Format = base64.StdEncoding.EncodeToString(v.Data), "base64"
		}
		if v.Timestamp > 0 {
			one.Changed = time.Unix(int64(v.Timestamp), 0).UTC().Format(time.RFC3339)
		}
		out = append(out, one)
	}
	return out
}

func (s *Service) resolveOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/identifiers/resolve", ID: "resolveIdentifier", Summary: "What an identifier resolves to, here or at the node that has it"},
		func(ctx context.Context, in *struct {
			Name string `query:"name" required:"true" example:"88.118.2/gb-1"`
			AsOf string `query:"as_of" doc:"what it resolved to at the end of this day; of this node's identifiers alone" example:"2026-11-23"`
		},
		) (Resolved, error) {
			return s.resolve(ctx, in.Name, in.AsOf)
		})
}

// resolve returns what an identifier resolves to: from the records of this node, or by
// asking the network when its prefix is not here.
//
// Errors: fault.Invalid, fault.NotFound, fault.Forbidden below a suspended prefix,
// fault.Busy when the node that has it does not answer.
func (s *Service) resolve(ctx context.Context, name, asOf string) (Resolved, error) {
	n, err := handle.Parse(name)
	if err != nil {
		return Resolved{}, err
	}
	_, known, err := s.site.ParseAsOf(asOf)
	if err != nil {
		return Resolved{}, err
	}
	var a client.Answer
	if asOf == "" {
		a, err = s.find(ctx, n)
	} else {
		a.Record, err = s.recordAt(ctx, n, known)
	}
	if err != nil {
		return Resolved{}, err
	}
	values := rights.Visible(a.Record, 0)
	if a.Steps == nil {
		who, err := s.readerOf(ctx, n.Prefix())
		if err != nil {
			return Resolved{}, err
		}
		values, _ = s.readable(ctx, a.Record, who)
	}
	return Resolved{Identifier: string(a.Record.Name), Values: shown(values), Steps: a.Steps, AsOf: asOf, Page: "/identifiers/of/" + escapeName(a.Record.Name)}, nil
}

// find returns the record of an identifier: this node's, or what the node that has it
// shows to everybody.
func (s *Service) find(ctx context.Context, n handle.Name) (client.Answer, error) {
	if err := s.ready(ctx); err != nil {
		return client.Answer{}, err
	}
	if s.hosts(n) {
		done := s.timing("", n)
		rec, err := s.record(ctx, n)
		if done(codeOf(err)); err == nil {
			s.counted([]byte(n.Fold()))
		}
		return client.Answer{Record: rec}, err
	}
	return s.recursor.Lookup(ctx, n)
}

// search asks the nodes of the network for an identifier of another node.
func (s *Service) search(ctx context.Context, n handle.Name) (client.Answer, error) {
	sites, err := s.startFor(n)
	if err != nil {
		return client.Answer{}, err
	}
	select {
	case s.outside <- struct{}{}:
		defer func() { <-s.outside }()
	default:
		return client.Answer{}, fault.Say(fault.Busy, "本节点正在代查的标识太多，请稍后再试。", "this node looks up too many identifiers of others at the moment; try again in a moment")
	}
	return (&client.Client{Start: sites}).Resolve(ctx, n, handle.Query{})
}

// mostOutside is how many identifiers of other nodes are looked up at once: who asks this
// node must not make it a means to flood others.
const mostOutside = 256
