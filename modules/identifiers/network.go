package identifiers

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/changefeed"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/typed"
)

// tellChanges tells nodes that follow this one what changes, until ctx ends, where the
// settings say so.
func (s *Service) tellChanges(ctx context.Context) error {
	at := s.setting(settingFeed)
	if at == off || at == "" || s.follows() {
		return nil
	}
	st, err := s.open(ctx)
	if err != nil {
		return err
	}
	o := changefeed.Origin{Store: st, Log: s.log}
	if o.ID, err = historyID(filepath.Join(s.dir, "history")); err != nil {
		return err
	}
	to := changefeed.Options{Name: s.site.Prefix, Token: s.setting(settingToken), Dir: filepath.Join(s.dir, "feed"), Origin: true}
	if strings.Contains(at, "://") {
		to.URL = at
	} else {
		to.Listen = at
	}
	bus, err := s.bus(ctx, to)
	if fault.KindOf(err) == fault.Busy {
		s.tell(ctx, settingFeed, at, err)
		return nil
	}
	if err != nil {
		return err
	}
	defer bus.Close()
	var all sync.WaitGroup
	all.Go(func() { o.Publish(ctx, bus) })
	err = bus.Answer(ctx, func(q []byte) []byte { return o.Answer(ctx, q) })
	all.Wait()
	return err
}

// bus connects to a feed.
func (s *Service) bus(ctx context.Context, o changefeed.Options) (changefeed.Bus, error) {
	if s.Feed == nil {
		return nil, fault.New(fault.Busy, "there is no way for changes of identifiers here")
	}
	return s.Feed(ctx, o)
}

// historyID returns what tells the history of these records from others, made when it is
// first asked for.
func historyID(file string) (id changefeed.ID, err error) {
	b, err := os.ReadFile(file) //nolint:gosec // below the data directory
	if errors.Is(err, fs.ErrNotExist) {
		_, _ = rand.Read(id[:]) // never fails since Go 1.24
		return id, changefeed.Replace(file, []byte(id.String()+"\n"))
	}
	if err != nil {
		return id, err
	}
	if n, err := hex.Decode(id[:], []byte(strings.TrimSpace(string(b)))); err != nil || n != len(id) {
		return id, fault.New(fault.Invalid, "file %s holds %q, want 32 hexadecimal digits", file, b)
	}
	return id, nil
}

// follows reports whether this node follows another: it answers, and takes no changes.
func (s *Service) follows() bool { return s.setting(settingMirror) != "" }

// leading is a job of those nodes only that follow none.
func (s *Service) leading(run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if s.follows() {
			return nil
		}
		return run(ctx)
	}
}

// counted notes a resolution. A follower notes none: nobody would collect them.
func (s *Service) counted(folded []byte) {
	if !s.follows() {
		s.resolved.add(folded)
	}
}

// part is what a follower has of its origin: all, or what falls to a server of a hash site.
type part struct {
	Servers []string `json:"servers,omitempty"` // HOST:PORT in their order; none: it has all identifiers
	Index   int      `json:"index"`             // which of them this one is
	Serial  uint16   `json:"serial"`            // of the site
}

func (p part) equal(o part) bool {
	return p.Index == o.Index && p.Serial == o.Serial && slices.Equal(p.Servers, o.Servers)
}

func (p part) share() changefeed.Share {
	return changefeed.Share{Hash: typed.HashName, Servers: uint32(len(p.Servers)), Server: uint32(p.Index)} //nolint:gosec // see wanted
}

// site is the site that the servers make.
func (p part) site() (typed.Site, error) {
	servers := make([]Server, 0, len(p.Servers))
	for _, at := range p.Servers {
		a, err := netip.ParseAddrPort(at)
		if err != nil {
			return typed.Site{}, fault.New(fault.Invalid, "%s: %q is no address such as 192.0.2.7:2641", settingServers, at)
		}
		servers = append(servers, Server{Address: a.Addr().String(), UDP: a.Port(), TCP: a.Port()})
	}
	out, err := site(servers, p.Serial)
	out.Primary = false
	for i := range out.Servers { // changes are made at the origin
		for k := range out.Servers[i].Interfaces {
			out.Servers[i].Interfaces[k].Admin = false
		}
	}
	return out, err
}

// maxShares is how many servers a hash site may have, as HS_SITE bounds them.
const maxShares = 1024

// wanted reads from the settings what this node is to have.
func (s *Service) wanted() (part, error) {
	list := s.setting(settingServers)
	if list == "" {
		return part{}, nil
	}
	numbered := s.setting(settingSerial)
	if file, ok := strings.CutPrefix(list, "@"); ok {
		b, err := os.ReadFile(file) //nolint:gosec // the file that who runs the node names
		if err != nil {
			return part{}, fault.New(fault.Invalid, "%s names the file %s, which cannot be read: %v", settingServers, file, err)
		}
		numbered, list, _ = strings.Cut(strings.TrimSpace(string(b)), " ")
	}
	p := part{Servers: strings.FieldsFunc(list, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })}
	if len(p.Servers) == 0 || len(p.Servers) > maxShares {
		return p, fault.New(fault.Invalid, "%s names %d servers, want 1 to %d, such as 192.0.2.2:2641,192.0.2.3:2641", settingServers, len(p.Servers), maxShares)
	}
	var err error
	if p.Index, err = strconv.Atoi(s.setting(settingIndex)); err != nil || p.Index < 0 || p.Index >= len(p.Servers) {
		return p, fault.New(fault.Invalid, "%s is %q, want one from 0 to %d: there are %d servers", settingIndex, s.setting(settingIndex), len(p.Servers)-1, len(p.Servers))
	}
	serial, err := strconv.ParseUint(numbered, 10, 16)
	if err != nil || serial == 0 || serial == 0xffff {
		return p, fault.New(fault.Invalid, "the serial of the hash site is %q, want a number from 1 to 65534", numbered)
	}
	p.Serial = uint16(serial)
	_, err = p.site()
	return p, err
}

// prepared is the attribute of a site by which a server says up to which serial of the
// site it can answer for its part.
const prepared = "prepared"

// othersPrepared reports whether all other servers of a site can answer for their parts.
func othersPrepared(ctx context.Context, p part) bool {
	st, err := p.site()
	if err != nil {
		return false
	}
	for i, server := range st.Servers {
		if at, ok := server.Query(typed.TCP); ok && i != p.Index {
			theirs, err := (&client.Client{}).Site(ctx, typed.TCP, at)
			if err != nil || preparedFor(theirs) < p.Serial {
				return false
			}
		}
	}
	return true
}

func preparedFor(st typed.Site) uint16 {
	for _, a := range st.Attributes {
		if n, err := strconv.ParseUint(a.Value, 10, 16); err == nil && a.Name == prepared {
			return uint16(n)
		}
	}
	return 0
}
