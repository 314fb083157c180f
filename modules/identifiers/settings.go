package identifiers

import (
	"strings"

	"yuzhou/kernel/module"
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

	settingRecursor = "identifiers-recursor"

	settingFeed    = "identifiers-feed"
	settingToken   = "identifiers-feed-token" //nolint:gosec // the name of a setting
	settingMirror  = "identifiers-mirror-of"
	settingServers = "identifiers-hash-servers"
	settingIndex   = "identifiers-hash-index"
	settingSerial  = "identifiers-hash-serial"
)

func settings() []module.Setting {
	return []module.Setting{
		{Name: settingUDP, Usage: "address on which identifiers are resolved by UDP; off: nowhere", Fallback: "127.0.0.1:2641"},
		{Name: settingTCP, Usage: "address on which identifiers are resolved and registered by TCP; off: nowhere", Fallback: "127.0.0.1:2641"},
		{Name: settingURL, Usage: "address of this site for its readers: what its own identifiers lead to", Fallback: "http://127.0.0.1:1458"},
		{Name: settingDNS, Usage: "address on which identifiers are answered in DNS, by UDP and TCP; off: nowhere", Fallback: off},
		{Name: settingZone, Usage: "zone of DNS in which identifiers have their names", Fallback: "id.example."},
		{Name: settingRecursor, Usage: "address on which identifiers of the whole network are resolved for others, by TCP; off: nowhere", Fallback: "127.0.0.1:3641"},
		{Name: settingFeed, Usage: "where changes are told to nodes that follow this one: an address to listen on (127.0.0.1:4222), or the NATS cluster of others (nats://…); off: nowhere", Fallback: off},
		{Name: settingToken, Usage: "token that followers must know, wanted when the feed listens elsewhere than on this machine; they give it as nats://follower:TOKEN@HOST:PORT"},
		{Name: settingMirror, Usage: "feed of the node that this one follows (nats://HOST:PORT); empty: it follows none. The prefixes of both are the same"},
		{Name: settingServers, Usage: "servers of the hash site that this one is of, in their order: HOST:PORT,HOST:PORT, each by UDP and TCP; or @FILE, which has the serial before them and is read again and again; empty: it has all identifiers of the node that it follows"},
		{Name: settingIndex, Usage: "which of the servers of the hash site this one is, from 0", Fallback: "0"},
		{Name: settingSerial, Usage: "serial of the hash site, raised with each change of its servers; of a file, the one in it counts", Fallback: "1"},
		{Name: settingDocking, Usage: "address of the site of the node above (http://…), with which records are deposited every day; empty: with nobody"},
		{Name: settingEscrow, Usage: "address on which nodes below deposit their records by SFTP; off: nowhere", Fallback: off},
		{Name: settingUpload, Usage: "size of a file of identifiers at most, in MB", Fallback: "512"},
		{Name: settingUpper, Usage: "address of the node above, to which names of others are referred; empty: they are refused"},
	}
}

// off is what a setting says to have no listener.
const off = "off"

// setting returns what is in force of a setting; a module without a host has none.
func (s *Service) setting(name string) string {
	if s.settings == nil {
		return ""
	}
	return strings.TrimSpace(s.settings(name))
}
