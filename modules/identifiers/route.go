package identifiers

import (
	"encoding/base64"
	"net/netip"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/typed"
)

// The newest version of the protocol that this node speaks.
const (
	protocolMajor = 2
	protocolMinor = 11
)

// site returns servers as the HS_SITE that leads clients to them.
//
//   - serial: raised by each change, from 1.
//   - Errors: fault.Invalid that names the server and what is wrong with it.
func site(servers []Server, serial uint16) (typed.Site, error) {
	out := typed.Site{Format: 1, Major: protocolMajor, Minor: protocolMinor, Serial: serial, Primary: true, Hash: typed.HashName}
	for i, v := range servers {
		addr, err := netip.ParseAddr(v.Address)
		if err != nil || addr.IsUnspecified() || addr.Zone() != "" {
			return out, fault.Say(fault.Invalid, "第 %d 台服务器的地址 %q 不是 IP 地址，如 192.0.2.7。", "server %d: address %q is no IP address such as 192.0.2.7", i+1, v.Address)
		}
		key, err := base64.StdEncoding.DecodeString(v.PublicKey)
		if err != nil {
			return out, fault.Say(fault.Invalid, "第 %d 台服务器的公钥不是 base64。", "server %d: the public key is not base64", i+1)
		}
		if v.UDP == 0 && v.TCP == 0 && v.HTTP == 0 {
			return out, fault.Say(fault.Invalid, "第 %d 台服务器没有端口；UDP、TCP、HTTP 至少填一个。", "server %d has no port; give one of udp, tcp, http", i+1)
		}
		server := typed.Server{ID: uint32(i) + 1, Address: addr, PublicKey: key}
		for _, port := range []struct {
			transport typed.Transport
			number    uint16
		}{{typed.TCP, v.TCP}, {typed.UDP, v.UDP}, {typed.HTTP, v.HTTP}} { // ID-SDK takes the first for one of TCP
			if port.number != 0 {
				server.Interfaces = append(server.Interfaces, typed.Interface{
					Admin: port.transport != typed.UDP, Query: true, Transport: port.transport, Port: port.number,
				})
			}
		}
		out.Servers = append(out.Servers, server)
	}
	return out, nil
}
