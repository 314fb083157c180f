package identifiers

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/limit"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/server"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
	"yuzhou/modules/identifiers/zone"
)

// serve answers the protocol's requests until ctx ends.
func (s *Service) serve(ctx context.Context) error {
	if err := s.following.begin(ctx); err != nil {
		return err
	}
	if err := s.remember(ctx); err != nil {
		return err
	}
	if err := s.keepTaken(ctx); err != nil {
		return err
	}
	if err := s.refresh(ctx); err != nil {
		return err
	}
	if err := s.remeasure(ctx); err != nil {
		return err
	}
	packets, streams := s.listen(ctx)
	key, err := serverKey(s.dir)
	if err != nil {
		return err
	}
	site, err := withKey(s.ownSite(packets, streams), key)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.own, s.key = site, key
	s.mu.Unlock()
	if err := s.recordOwn(ctx, site, key); err != nil && fault.KindOf(err) != fault.Busy {
		return err // a follower has its origin's
	}
	n := s.answering()
	s.mu.Lock()
	s.serving = true
	s.mu.Unlock()
	var all sync.WaitGroup
	var inDNS, deposited, recursed, fed, followed, served error
	all.Go(func() { inDNS = s.serveDNS(ctx) })
	all.Go(func() { deposited = s.takeDeposits(ctx) })
	all.Go(func() { recursed = s.recurse(ctx) })
	all.Go(func() { fed = s.tellChanges(ctx) })
	all.Go(func() { followed = s.following.run(ctx) })
	served = server.Serve(ctx, n, server.Config{Log: s.log}, packets, streams)
	all.Wait()
	return errors.Join(inDNS, deposited, recursed, fed, followed, served)
}

// serveDNS answers in DNS until ctx ends, when the settings say where.
func (s *Service) serveDNS(ctx context.Context) error {
	at := s.setting(settingDNS)
	if at == off || at == "" {
		return nil
	}
	var lc net.ListenConfig
	packets, err := lc.ListenPacket(ctx, "udp", at)
	if err != nil {
		s.tell(ctx, settingDNS, at, err)
		return nil
	}
	stream, err := lc.Listen(ctx, "tcp", packets.LocalAddr().String())
	if err != nil {
		s.tell(ctx, settingDNS, at, err)
		return packets.Close()
	}
	s.mu.Lock()
	s.dns = packets.LocalAddr().String()
	s.mu.Unlock()
	return zone.Serve(ctx, s.zone(), limit.New(limit.Config{}), packets, stream)
}

// zone is the zone of DNS that this node answers for.
func (s *Service) zone() zone.Zone {
	origin := strings.TrimSuffix(s.setting(settingZone), ".") + "."
	return zone.Zone{
		Origin: origin, Servers: []string{"ns." + origin}, Serial: func() uint32 { return seconds(s.now()) },
		Resolve: func(ctx context.Context, n handle.Name) (handle.Record, error) {
			if !s.hosts(n) {
				a, err := s.recursor.Lookup(ctx, n) // what another node shows to everybody
				return a.Record, err
			}
			code, content := s.answering().Ask(ctx, n, handle.Query{}, wire.PublicOnly|wire.DoNotRefer)
			if code != wire.Success {
				return handle.Record{}, fault.New(fault.NotFound, "%s is not answered here", n)
			}
			return body.ParseRecord(content)
		},
		// Of prefixes of others nobody here knows all: they are not said to be nothing.
		Has: func(_ context.Context, prefix string) bool {
			return s.place(handle.Fold(prefix)).Standing != node.Foreign || s.setting(settingUpper) != ""
		},
	}
}

// answering returns what answers requests, made when it is first asked for.
func (s *Service) answering() *node.Node {
	st, err := s.open(context.Background())
	if err != nil {
		st = nil // another process has the records: nothing can be written here, and little be read
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.node == nil {
		s.node = node.New(node.Config{Record: s.record, Place: s.place, Site: s.siteNow, Holds: s.following.holds(), Upper: s.upper, Store: st, Granted: s.grantedTo, Resolved: s.counted, Served: s.served(), Key: s.signer, Own: s.site.Prefix, Now: s.now, Log: s.log})
	}
	return s.node
}

// listen opens the sockets of the settings. One that cannot be had is told, and the rest
// serves without it.
func (s *Service) listen(ctx context.Context) (packets []*net.UDPConn, streams []*net.TCPListener) {
	var lc net.ListenConfig
	if at := s.setting(settingUDP); at != off {
		c, err := lc.ListenPacket(ctx, "udp", at)
		if udp, ok := c.(*net.UDPConn); ok {
			packets = append(packets, udp)
		}
		s.tell(ctx, settingUDP, at, err)
	}
	if at := s.setting(settingTCP); at != off {
		ln, err := lc.Listen(ctx, "tcp", at)
		if tcp, ok := ln.(*net.TCPListener); ok {
			streams = append(streams, tcp)
		}
		s.tell(ctx, settingTCP, at, err)
	}
	return packets, streams
}

// tell says in one line that a listener is off.
func (s *Service) tell(ctx context.Context, setting, at string, err error) {
	if err == nil {
		return
	}
	s.log.WarnContext(ctx, "identifiers are not resolved on this address: it cannot be listened on", slog.String("setting", setting), slog.String("address", at), slog.Any("error", err))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = append(s.silent, setting+" "+at)
}

// ownSite is this node as clients are told of it.
func (s *Service) ownSite(packets []*net.UDPConn, streams []*net.TCPListener) typed.Site {
	out := typed.Site{Format: 1, Major: protocolMajor, Minor: protocolMinor, Serial: 1, Primary: true, Hash: typed.HashName}
	own := typed.Server{ID: 1}
	add := func(t typed.Transport, at string) {
		p, err := netip.ParseAddrPort(at)
		if err != nil {
			return
		}
		own.Address = p.Addr()
		own.Interfaces = append(own.Interfaces, typed.Interface{Admin: t != typed.UDP, Query: true, Transport: t, Port: p.Port()})
	}
	// ID-SDK takes the first interface for one of TCP.
	for _, ln := range streams {
		add(typed.TCP, ln.Addr().String())
	}
	for _, c := range packets {
		add(typed.UDP, c.LocalAddr().String())
	}
	if u, err := url.Parse(s.setting(settingURL)); err == nil && u.Scheme == "http" {
		if p, err := netip.ParseAddrPort(u.Host); err == nil && (p.Addr() == own.Address || !own.Address.IsValid()) {
			add(typed.HTTP, u.Host)
		}
	}
	if len(own.Interfaces) > 0 {
		out.Servers = []typed.Server{own}
	}
	return out
}

func (s *Service) siteNow() (typed.Site, int) {
	s.mu.Lock()
	own := s.own
	s.mu.Unlock()
	return s.following.site(own)
}

// upper is the node above, as a referral has it.
func (s *Service) upper() []handle.Value {
	at := s.setting(settingUpper)
	if at == "" {
		return nil
	}
	p, err := netip.ParseAddrPort(at)
	if err != nil {
		return nil
	}
	st, err := site([]Server{{Address: p.Addr().String(), UDP: p.Port(), TCP: p.Port()}}, 1)
	if err != nil {
		return nil
	}
	return []handle.Value{{Index: 1, Type: handle.TypeSite, Data: typed.AppendSite(nil, st), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual}}
}

// seconds is an instant as values have it.
func seconds(t time.Time) uint32 {
	return uint32(max(t.Unix(), 0)) //nolint:gosec // until 2106
}

// open returns the store of identifiers, opening it when nobody has yet.
func (s *Service) open(ctx context.Context) (records.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records != nil {
		return s.records, nil
	}
	if s.follows() {
		return nil, fault.Say(fault.Busy, "本节点跟随另一个节点；标识在那里登记和变更。", "this node follows another; identifiers are registered and changed there")
	}
	if s.Open == nil {
		return nil, fault.New(fault.Busy, "there is no store of identifiers here")
	}
	r, err := s.Open(ctx, s.dir)
	if err != nil {
		return nil, err
	}
	s.records = withQuotas(meteredStore{r, s.meter}, s.quotaOf)
	return s.records, nil
}

// close closes the store of identifiers.
func (s *Service) close(context.Context) error {
	err := errors.Join(s.standby.close(), s.following.close())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records == nil {
		return err
	}
	err = errors.Join(err, s.records.Close())
	s.records = nil
	return err
}

// record returns a record as it is now.
func (s *Service) record(ctx context.Context, n handle.Name) (handle.Record, error) {
	return s.recordAt(ctx, n, time.Time{})
}

// recordAt returns a record as it was at an instant; zero for now.
func (s *Service) recordAt(ctx context.Context, n handle.Name, at time.Time) (handle.Record, error) {
	if s.follows() {
		v, err := s.following.get(ctx, n, at)
		if err != nil {
			return v.Record, err
		}
		return s.opened(ctx, v.Record), nil
	}
	r := s.standby.of(n)
	if r == nil {
		var err error
		if r, err = s.open(ctx); err != nil {
			return handle.Record{}, err
		}
	}
	v, err := r.Get(ctx, n, at)
	if err != nil {
		return v.Record, err
	}
	return s.opened(ctx, v.Record), nil
}

// hosts reports whether a name is answered from the records of this node.
func (s *Service) hosts(n handle.Name) bool {
	prefix := n.Prefix()
	if above, ok := n.DescribedPrefix(); ok {
		prefix = handle.Parent(above)
	}
	for p := handle.Fold(prefix); p != ""; p = handle.Parent(p) {
		if place := s.place(p); place.Standing != node.Foreign {
			return place.Standing != node.Delegated
		}
	}
	return handle.Under(prefix, s.site.Prefix)
}

// startFor returns where the resolution of a name of others begins: at the servers of
// the prefix that it lies below, or at the node above.
func (s *Service) startFor(n handle.Name) ([]typed.Site, error) {
	values := s.upper()
	for p := handle.Fold(n.Prefix()); p != ""; p = handle.Parent(p) {
		if place := s.place(p); place.Standing == node.Delegated {
			values = place.Referral
			break
		}
	}
	if len(values) == 0 {
		return nil, fault.Say(fault.NotFound, "标识 %q 不属于本节点，也没有设置上级节点。", "identifier %q is not of this node, and no node above is set", n)
	}
	st, err := typed.ParseSite(values[0].Data)
	return []typed.Site{st}, err
}
