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
	"yuzhou/kernel/module"
	"yuzhou/kernel/store"
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

// The settings of the node.
const (
	settingUDP   = "identifiers-udp"
	settingTCP   = "identifiers-tcp"
	settingUpper = "identifiers-upper"
	settingURL   = "identifiers-url"
	settingDNS   = "identifiers-dns"
	settingZone  = "identifiers-zone"

	settingDocking = "identifiers-docking"
	settingEscrow  = "identifiers-escrow"
)

func settings() []module.Setting {
	return []module.Setting{
		{Name: settingUDP, Usage: "address on which identifiers are resolved by UDP; off: nowhere", Fallback: "127.0.0.1:2641"},
		{Name: settingTCP, Usage: "address on which identifiers are resolved and registered by TCP; off: nowhere", Fallback: "127.0.0.1:2641"},
		{Name: settingURL, Usage: "address of this site for its readers: what its own identifiers lead to", Fallback: "http://127.0.0.1:1458"},
		{Name: settingDNS, Usage: "address on which identifiers are answered in DNS, by UDP and TCP; off: nowhere", Fallback: off},
		{Name: settingZone, Usage: "zone of DNS in which identifiers have their names", Fallback: "id.example."},
		{Name: settingDocking, Usage: "address of the site of the node above (http://…), with which records are deposited every day; empty: with nobody"},
		{Name: settingEscrow, Usage: "address on which nodes below deposit their records by SFTP; off: nowhere", Fallback: off},
		{Name: settingUpload, Usage: "size of a file of identifiers at most, in MB", Fallback: "512"},
		{Name: settingUpper, Usage: "address of the node above, to which names of others are referred; empty: they are refused"},
	}
}

// off is what a setting says to have no listener.
const off = "off"

// serve answers the protocol's requests until ctx ends.
func (s *Service) serve(ctx context.Context) error {
	if err := s.remember(ctx); err != nil {
		return err
	}
	if err := s.keepStandby(ctx); err != nil {
		return err
	}
	if err := s.refresh(ctx); err != nil {
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
		return err
	}
	n := s.answering()
	s.mu.Lock()
	s.serving = true
	s.mu.Unlock()
	var all sync.WaitGroup
	var inDNS, deposited, served error
	all.Go(func() { inDNS = s.serveDNS(ctx) })
	all.Go(func() { deposited = s.takeDeposits(ctx) })
	served = server.Serve(ctx, n, server.Config{Log: s.log}, packets, streams)
	all.Wait()
	return errors.Join(inDNS, deposited, served)
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
			code, content := s.answering().Ask(ctx, n, handle.Query{}, wire.PublicOnly|wire.DoNotRefer)
			if code != wire.Success {
				return handle.Record{}, fault.New(fault.NotFound, "%s is not answered here", n)
			}
			return body.ParseRecord(content)
		},
		Has: func(_ context.Context, prefix string) bool {
			standing := s.place(handle.Fold(prefix)).Standing
			return standing == node.Hosted || standing == node.Standby
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
		s.node = node.New(node.Config{Record: s.record, Place: s.place, Site: s.siteNow, Upper: s.upper, Store: st, Resolved: s.resolved.add, Key: s.signer, Own: s.site.Prefix, Now: s.now, Log: s.log})
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
	defer s.mu.Unlock()
	return s.own, 0
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

// place says how a prefix stands, from what was read last. Before the first reading
// there is none but the node's own.
func (s *Service) place(folded string) node.Place {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.places[folded]; ok || folded != s.site.Prefix {
		return p
	}
	return node.Place{Standing: node.Hosted}
}

// refresh reads how all prefixes stand.
func (s *Service) refresh(ctx context.Context) error {
	places, quotas := map[string]node.Place{s.site.Prefix: {Standing: node.Hosted}}, map[string]int64{}
	err := s.eachPrefix(ctx, func(p Prefix) error {
		place, err := placeOf(p)
		places[handle.Fold(p.Prefix)], quotas[handle.Fold(p.Prefix)] = place, p.Quota
		return err
	})
	if err == nil {
		err = s.standbyPlaces(ctx, places)
	}
	if err != nil {
		return err
	}
	if err := s.readGrants(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	s.places, s.quotas = places, quotas
	s.mu.Unlock()
	s.answering().Forget(handle.Root)
	return nil
}

// ready reads how the prefixes stand when nobody has yet.
func (s *Service) ready(ctx context.Context) error {
	s.mu.Lock()
	known := s.places != nil
	s.mu.Unlock()
	if known {
		return nil
	}
	return s.refresh(ctx)
}

// eachPrefix calls use with every allocated prefix.
func (s *Service) eachPrefix(ctx context.Context, use func(Prefix) error) error {
	const page = 1000
	return s.db.Read(ctx, func(tx store.Tx) error {
		for after := ""; ; {
			all, err := prefixes(ctx, tx, Filter{After: after, Limit: page})
			if err != nil {
				return err
			}
			for _, h := range all {
				after = h.Prefix.Prefix
				if err := use(h.Prefix); err != nil {
					return err
				}
			}
			if len(all) < page {
				return nil
			}
		}
	})
}

// placeOf is how a prefix stands to the protocol.
func placeOf(p Prefix) (node.Place, error) {
	switch p.State {
	case Hosted:
		return node.Place{Standing: node.Hosted}, nil
	case Delegated:
		st, err := site(p.Route, uint16(p.Version)) //nolint:gosec // few changes
		if err != nil {
			return node.Place{}, err
		}
		v := handle.Value{Index: 1, Type: handle.TypeSite, Data: typed.AppendSite(nil, st), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: seconds(p.Since)}
		return node.Place{Standing: node.Delegated, Referral: []handle.Value{v}}, nil
	default:
		return node.Place{Standing: node.Suspended}, nil
	}
}

// seconds is an instant as values have it.
func seconds(t time.Time) uint32 {
	return uint32(max(t.Unix(), 0)) //nolint:gosec // until 2106
}

// setting returns what is in force of a setting; a module without a host has none.
func (s *Service) setting(name string) string {
	if s.settings == nil {
		return ""
	}
	return strings.TrimSpace(s.settings(name))
}

// open returns the store of identifiers, opening it when nobody has yet.
func (s *Service) open(ctx context.Context) (records.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records != nil {
		return s.records, nil
	}
	if s.Open == nil {
		return nil, fault.New(fault.Busy, "there is no store of identifiers here")
	}
	r, err := s.Open(ctx, s.dir)
	if err != nil {
		return nil, err
	}
	s.records = withQuotas(r, s.quotaOf)
	return s.records, nil
}

// close closes the store of identifiers.
func (s *Service) close(context.Context) error {
	err := s.standby.close()
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
