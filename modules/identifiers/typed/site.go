package typed

import (
	"crypto/md5" //nolint:gosec // the protocol shares out identifiers by MD5; nothing rests on its strength
	"encoding/binary"
	"net/netip"
	"slices"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
)

// HashOption says what of a name decides which server of a site has it.
type HashOption byte

// The options (RFC 3651 §3.2.2).
const (
	HashPrefix HashOption = iota
	HashSuffix
	HashName
)

// Transport is how an interface is spoken to.
type Transport byte

// The transports, as HS_SITE numbers them.
const (
	UDP Transport = iota
	TCP
	HTTP
	HTTPS
)

// Site is the data of HS_SITE: the servers that hold, together, all identifiers of
// a service. A service has one primary site, which takes writes, and any mirrors.
type Site struct {
	Format       uint16 // of the encoding: 1
	Major, Minor byte   // newest version of the protocol that all its servers speak
	Serial       uint16 // raised by each change, so that clients notice (answer code 300)
	Primary      bool
	MultiPrimary bool
	Hash         HashOption
	HashFilter   []byte
	Attributes   []Attribute
	Servers      []Server
}

// Attribute is a name with a text about a site, such as "desc".
type Attribute struct{ Name, Value string }

// Server is one server of a site.
type Server struct {
	ID         uint32
	Address    netip.Addr
	PublicKey  []byte // as HS_PUBKEY has it; may be empty
	Interfaces []Interface
}

// Interface is a port of a server.
type Interface struct {
	Admin, Query bool
	Transport    Transport
	Port         uint16
}

const (
	primaryBit      = 0x80
	multiPrimaryBit = 0x40
	adminBit        = 1
	queryBit        = 2

	maxServers = 1024
	maxPorts   = 64
)

// AppendSite appends the data of HS_SITE.
func AppendSite(dst []byte, s Site) []byte {
	be := binary.BigEndian
	dst = be.AppendUint16(dst, s.Format)
	dst = append(dst, s.Major, s.Minor)
	dst = be.AppendUint16(dst, s.Serial)
	dst = append(dst, byte(octets.Bits(0).With(primaryBit, s.Primary).With(multiPrimaryBit, s.MultiPrimary)), byte(s.Hash))
	dst = octets.AppendBytes(dst, s.HashFilter)
	dst = octets.AppendCount(dst, len(s.Attributes))
	for _, a := range s.Attributes {
		dst = octets.AppendBytes(octets.AppendBytes(dst, a.Name), a.Value)
	}
	dst = octets.AppendCount(dst, len(s.Servers))
	for _, v := range s.Servers {
		dst = be.AppendUint32(dst, v.ID)
		dst = appendAddress(dst, v.Address)
		dst = octets.AppendBytes(dst, v.PublicKey)
		dst = octets.AppendCount(dst, len(v.Interfaces))
		for _, i := range v.Interfaces {
			dst = append(dst, byte(octets.Bits(0).With(adminBit, i.Admin).With(queryBit, i.Query)), byte(i.Transport))
			dst = be.AppendUint32(dst, uint32(i.Port))
		}
	}
	return dst
}

// appendAddress writes 16 bytes; an IPv4 address stands in the last four, behind
// zeros.
func appendAddress(dst []byte, a netip.Addr) []byte {
	if a = a.Unmap(); a.Is4() {
		four := a.As4()
		return append(append(dst, make([]byte, 12)...), four[:]...)
	}
	if !a.IsValid() {
		return append(dst, make([]byte, 16)...)
	}
	all := a.As16()
	return append(dst, all[:]...)
}

// ParseSite reads the data of HS_SITE.
func ParseSite(b []byte) (Site, error) {
	r := octets.Reader{Rest: b}
	s := Site{Format: r.Uint16("format of HS_SITE")}
	s.Major, s.Minor = r.Byte("version of HS_SITE"), r.Byte("version of HS_SITE")
	s.Serial = r.Uint16("serial of HS_SITE")
	mask := r.Byte("mask of HS_SITE")
	s.Primary, s.MultiPrimary = mask&primaryBit != 0, mask&multiPrimaryBit != 0
	s.Hash = HashOption(r.Byte("hash option of HS_SITE"))
	if s.Hash > HashName {
		r.Fail("hash option of HS_SITE is %d, want 0 (prefix), 1 (suffix) or 2 (whole name)", s.Hash)
	}
	s.HashFilter = r.Bytes("hash filter of HS_SITE")
	for range r.Count("attributes of HS_SITE", handle.MaxValues, 8) {
		s.Attributes = append(s.Attributes, Attribute{string(r.Bytes("name of an attribute")), string(r.Bytes("text of an attribute"))})
	}
	for range r.Count("servers of HS_SITE", maxServers, 28) {
		s.Servers = append(s.Servers, readServer(&r))
	}
	r.End("HS_SITE")
	if r.Err != nil {
		return Site{}, r.Err
	}
	return s, nil
}

func readServer(r *octets.Reader) Server {
	v := Server{ID: r.Uint32("id of a server")}
	if b := r.Take("address of a server", 16); b != nil {
		v.Address = address([16]byte(b))
	}
	v.PublicKey = r.Bytes("public key of a server")
	for range r.Count("interfaces of a server", maxPorts, 6) {
		kind := r.Byte("kind of an interface")
		i := Interface{Admin: kind&adminBit != 0, Query: kind&queryBit != 0, Transport: Transport(r.Byte("transport of an interface"))}
		if port := r.Uint32("port of an interface"); port <= 65535 {
			i.Port = uint16(port)
		} else {
			r.Fail("port of an interface is %d, at most 65535 is possible", port)
		}
		v.Interfaces = append(v.Interfaces, i)
	}
	return v
}

func address(b [16]byte) netip.Addr {
	if [12]byte(b[:12]) == ([12]byte{}) {
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return netip.AddrFrom16(b).Unmap()
}

// Server returns which of the site's servers has a name.
//
//   - Errors: fault.Invalid when the site has no server.
//   - Source: RFC 3651 §3.2.2: MD5 of the folded part that the hash option names,
//     its last four bytes as a signed number without its sign, modulo the servers.
func (s Site) Server(n handle.Name) (Server, error) {
	if len(s.Servers) == 0 {
		return Server{}, fault.New(fault.Invalid, "the site has no server")
	}
	return s.Servers[s.Slot(n)], nil
}

// Slot returns the place of the server that has a name, in a site with servers.
func (s Site) Slot(n handle.Name) int {
	if len(s.Servers) < 2 {
		return 0
	}
	part := n.Fold()
	switch s.Hash {
	case HashPrefix:
		part = handle.Name(part).Prefix()
	case HashSuffix:
		part = handle.Name(part).Suffix()
	case HashName:
	}
	sum := md5.Sum([]byte(part))                            //nolint:gosec // see the import
	last := int64(int32(binary.BigEndian.Uint32(sum[12:]))) //nolint:gosec // its sign is what is meant
	// Of the one number that has no positive form in 32 bits, other implementations
	// keep the sign and find no server; here it is as far from zero as it says.
	return int(max(last, -last) % int64(len(s.Servers)))
}

// Query returns the port at which a server resolves.
func (v Server) Query(t Transport) (netip.AddrPort, bool) {
	return v.at(func(i Interface) bool { return i.Query && i.Transport == t })
}

// Admin returns the port at which a server takes writes.
func (v Server) Admin(t Transport) (netip.AddrPort, bool) {
	return v.at(func(i Interface) bool { return i.Admin && i.Transport == t })
}

func (v Server) at(is func(Interface) bool) (netip.AddrPort, bool) {
	i := slices.IndexFunc(v.Interfaces, is)
	if i < 0 {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(v.Address, v.Interfaces[i].Port), true
}
