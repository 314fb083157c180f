// Package client asks nodes by the Handle protocol, over UDP, TCP or tunnelled in HTTP,
// and follows where they refer to.
//
// What must hold: an answer belongs to the request it is taken for (its number was not
// to be guessed, it came from where the request went, it asks for the same operation);
// a resolution ends, whatever nodes refer to; what a node sends takes no more memory
// than a message may.
package client

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
	"yuzhou/modules/identifiers/wire/body"
)

// Client asks nodes. The zero value asks none: give it a Start.
type Client struct {
	Start      []typed.Site      // where a resolution begins: any node of the network
	Transports []typed.Transport // that are tried, in order; nil: UDP, then TCP, then HTTP
	Timeout    time.Duration     // of one attempt; 0: 2 seconds
	Tries      int               // by UDP, each with twice the time; 0: 3
	HTTP       *http.Client      // for the tunnel; nil: http.DefaultClient
}

// Step is one question of a resolution.
type Step struct {
	Server    netip.AddrPort  `json:"server"`
	Transport typed.Transport `json:"transport" doc:"0 UDP, 1 TCP, 2 HTTP"`
	Name      handle.Name     `json:"name" doc:"that was asked for"`
	Code      wire.Code       `json:"code"`
	Said      string          `json:"said" doc:"the code in the protocol's words"`
}

// Answer is what a resolution found, and how.
type Answer struct {
	Record handle.Record
	Steps  []Step
}

const maxSteps = 16 // referrals and services together

// At returns a site of one server, to start from.
func At(server netip.AddrPort) typed.Site {
	i := func(t typed.Transport) typed.Interface {
		return typed.Interface{Admin: true, Query: true, Transport: t, Port: server.Port()}
	}
	return typed.Site{Servers: []typed.Server{{ID: 1, Address: server.Addr(), Interfaces: []typed.Interface{i(typed.TCP), i(typed.UDP), i(typed.HTTP)}}}}
}

// Resolve returns the record of a name with the values that a query asks for and
// anybody may read.
//
//   - The steps are there with an error too.
//   - Errors: fault.NotFound when the network says so, fault.Invalid for a name that is
//     none, fault.Forbidden, fault.Busy when nobody answers or a node cannot now.
func (c *Client) Resolve(ctx context.Context, name handle.Name, q handle.Query) (Answer, error) {
	r := &resolution{client: c, left: maxSteps}
	rec, err := r.resolve(ctx, c.Start, name, q)
	return Answer{rec, r.steps}, err
}

// resolution is one resolution under way.
type resolution struct {
	client *Client
	steps  []Step
	left   int
}

// resolve asks sites, the first that answers, and follows a referral.
func (r *resolution) resolve(ctx context.Context, sites []typed.Site, name handle.Name, q handle.Query) (handle.Record, error) {
	for {
		m, err := r.ask(ctx, sites, name, q)
		if err != nil {
			return handle.Record{}, err
		}
		_, content, err := access.Content(m)
		if err != nil {
			return handle.Record{}, err
		}
		code := m.Code.From(m.Version)
		switch code { //nolint:exhaustive // the rest is a failure
		case wire.Success:
			return body.ParseRecord(content)
		case wire.PrefixReferral, wire.ServiceReferral:
			if sites, err = r.referred(ctx, sites, content); err != nil {
				return handle.Record{}, err
			}
		case wire.StaleSite, wire.NotResponsible:
			if sites, err = r.renewed(ctx, name, code, content); err != nil {
				return handle.Record{}, err
			}
		default:
			return handle.Record{}, failure(name, code, content)
		}
	}
}

// renewed returns the site of the server that was asked last, as it describes itself: it
// has changed, or another server of it has the name.
func (r *resolution) renewed(ctx context.Context, name handle.Name, code wire.Code, content []byte) ([]typed.Site, error) {
	last := r.steps[len(r.steps)-1]
	site, err := r.client.Site(ctx, last.Transport, last.Server)
	if err != nil {
		return nil, err
	}
	server, err := site.Server(name)
	if err != nil {
		return nil, err
	}
	if at, _ := server.Query(last.Transport); code == wire.NotResponsible && (at == last.Server || len(site.Servers) < 2) {
		return nil, failure(name, code, content) // it leads nowhere else
	}
	return []typed.Site{site}, nil
}

// Site returns the site of a server, as it describes itself.
func (c *Client) Site(ctx context.Context, t typed.Transport, at netip.AddrPort) (typed.Site, error) {
	answer, err := c.Exchange(ctx, t, at, wire.Message{
		Envelope: wire.Envelope{Version: wire.Newest(), Suggested: wire.Newest()},
		Header:   wire.Header{Op: wire.OpSiteInfo, Serial: wire.NoSerial},
		Body:     body.AppendResolve(nil, body.Resolve{Name: []byte(body.NoName)}),
	})
	if err != nil {
		return typed.Site{}, err
	}
	if answer.Code != wire.Success {
		return typed.Site{}, fault.New(fault.Busy, "server %s does not describe its site: %s", at, answer.Code)
	}
	_, content, err := access.Content(answer)
	if err != nil {
		return typed.Site{}, err
	}
	return typed.ParseSite(content)
}

// ask asks one of the servers that have a name, of the first site that answers.
func (r *resolution) ask(ctx context.Context, sites []typed.Site, name handle.Name, q handle.Query) (wire.Message, error) {
	if r.left--; r.left < 0 {
		return wire.Message{}, fault.New(fault.Busy, "identifier %q: more than %d nodes refer to others", name, maxSteps)
	}
	var last error
	for _, site := range sites {
		m := wire.Message{
			Envelope: wire.Envelope{Version: wire.Newest(), Suggested: wire.Newest()},
			Header:   wire.Header{Op: wire.OpResolve, Flags: wire.PublicOnly | wire.CacheCertified | wire.KeepConnection, Serial: cmp.Or(site.Serial, wire.NoSerial)},
			Body:     body.AppendResolve(nil, body.Resolve{Name: []byte(name), Query: q}),
		}
		server, err := site.Server(name)
		if err != nil {
			last = err
			continue
		}
		answer, step, err := r.client.reach(ctx, server, m)
		if err != nil {
			last = err
			continue
		}
		step.Name, step.Code, step.Said = name, answer.Code, answer.Code.String()
		r.steps = append(r.steps, step)
		return answer, nil
	}
	return wire.Message{}, cmp.Or(last, fault.New(fault.Invalid, "there is no node to ask about %q", name))
}

// reach asks a server by the first transport that works.
func (c *Client) reach(ctx context.Context, server typed.Server, m wire.Message) (wire.Message, Step, error) {
	transports := c.Transports
	if transports == nil {
		transports = []typed.Transport{typed.UDP, typed.TCP, typed.HTTP}
	}
	last := fault.New(fault.Busy, "server %s has no interface that is spoken here", server.Address)
	for _, t := range transports {
		to, ok := server.Query(t)
		if !ok {
			continue
		}
		answer, err := c.Exchange(ctx, t, to, m)
		if err == nil && (answer.Code != wire.ServerBusy || t != typed.UDP) {
			return answer, Step{Server: to, Transport: t}, nil
		}
		if err != nil {
			last = err
		}
	}
	return wire.Message{}, Step{}, last
}

// referred returns the sites that a referral leads to.
func (r *resolution) referred(ctx context.Context, from []typed.Site, content []byte) ([]typed.Site, error) {
	to, err := body.ParseReferral(content)
	if err != nil {
		return nil, err
	}
	values := to.Values
	if to.To != "" {
		rec, err := r.resolve(ctx, from, to.To, handle.Query{Types: []string{handle.TypeSite, handle.TypeSite6, handle.TypeServ, handle.TypeSitePrefix, handle.TypeServPrefix}})
		if err != nil {
			return nil, err
		}
		values = rec.Values
	}
	return r.sites(ctx, from, values)
}

// sites returns those that values describe, the primary first, or that the service has
// which they name.
func (r *resolution) sites(ctx context.Context, from []typed.Site, values []handle.Value) ([]typed.Site, error) {
	var out []typed.Site
	var service handle.Name
	for _, v := range values {
		switch v.Type {
		case handle.TypeSite, handle.TypeSite6, handle.TypeSitePrefix:
			s, err := typed.ParseSite(v.Data)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		case handle.TypeServ, handle.TypeServPrefix:
			service = handle.Name(v.Data)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	if service == "" {
		return nil, fault.New(fault.Busy, "a node refers to another and names none")
	}
	rec, err := r.resolve(ctx, from, service, handle.Query{Types: []string{handle.TypeSite, handle.TypeSite6}})
	if err != nil {
		return nil, err
	}
	return r.sites(ctx, from, rec.Values)
}

// failure is what a node's refusal means here.
func failure(name handle.Name, code wire.Code, content []byte) error {
	text := code.In("en")
	if a, err := body.ParseErrorAnswer(content); err == nil && a.Text != "" {
		text += " (" + strconv.QuoteToGraphic(a.Text) + ")"
	}
	kind := fault.Busy
	switch code { //nolint:exhaustive // the rest is the node's own trouble
	case wire.NotFound, wire.ValueNotFound, wire.NotResponsible:
		kind = fault.NotFound
	case wire.InvalidName, wire.ProtocolError:
		kind = fault.Invalid
	case wire.OperationDenied, wire.AccessDenied, wire.ChallengeNeeded, wire.InvalidAdmin, wire.ChallengeFailed:
		kind = fault.Forbidden
	}
	return fault.New(kind, "identifier %q: %s, code %d", name, text, uint32(code))
}

// number draws the number of a request, which nobody else can guess.
func number() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return binary.BigEndian.Uint32(b[:])
}
