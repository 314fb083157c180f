package jsonapi

import (
	"bytes"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"yuzhou/modules/identifiers/jsonapi/strict"
	"yuzhou/modules/identifiers/typed"
)

// plainSite reads a site and reports whether a document can say all that it says.
func plainSite(data []byte) (typed.Site, bool) {
	s, err := typed.ParseSite(data)
	if err != nil || !utf8.Valid(s.HashFilter) || !bytes.Equal(typed.AppendSite(nil, s), data) {
		return s, false
	}
	for _, a := range s.Attributes {
		if !utf8.ValidString(a.Name) || !utf8.ValidString(a.Value) {
			return s, false
		}
	}
	return s, true
}

// appendSite appends a site. The option of hashing is left out when it is the usual
// one, by the whole name, and so is a filter that is empty.
func appendSite(dst []byte, s typed.Site) []byte {
	dst = strconv.AppendUint(append(dst, `{"version":`...), uint64(s.Format), 10)
	dst = strconv.AppendUint(append(dst, `,"protocolVersion":"`...), uint64(s.Major), 10)
	dst = strconv.AppendUint(append(dst, '.'), uint64(s.Minor), 10)
	dst = strconv.AppendUint(append(dst, `","serialNumber":`...), uint64(s.Serial), 10)
	dst = strconv.AppendBool(append(dst, `,"primarySite":`...), s.Primary)
	dst = strconv.AppendBool(append(dst, `,"multiPrimary":`...), s.MultiPrimary)
	if s.Hash != typed.HashName {
		dst = strconv.AppendUint(append(dst, `,"hashOption":`...), uint64(s.Hash), 10)
	}
	if len(s.HashFilter) > 0 {
		dst = strict.AppendText(append(dst, `,"hashFilter":`...), s.HashFilter)
	}
	dst = append(dst, `,"attributes":[`...)
	for i, a := range s.Attributes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strict.AppendText(append(dst, `{"name":`...), a.Name)
		dst = append(strict.AppendText(append(dst, `,"value":`...), a.Value), '}')
	}
	dst = append(dst, `],"servers":[`...)
	for i, v := range s.Servers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendServer(dst, v)
	}
	return append(dst, "]}"...)
}

func appendServer(dst []byte, v typed.Server) []byte {
	dst = strconv.AppendUint(append(dst, `{"serverId":`...), uint64(v.ID), 10)
	dst = v.Address.AppendTo(append(dst, `,"address":"`...))
	dst = append(dst, `","publicKey":{"format":`...)
	if out, ok := appendKey(append(dst, `"key","value":`...), v.PublicKey); ok {
		dst = out
	} else {
		dst = appendPlain(dst, v.PublicKey)
	}
	dst = append(dst, `},"interfaces":[`...)
	for i, f := range v.Interfaces {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendBool(append(dst, `{"query":`...), f.Query)
		dst = strconv.AppendBool(append(dst, `,"admin":`...), f.Admin)
		dst = strict.AppendText(append(dst, `,"protocol":`...), transport(f.Transport))
		dst = append(strconv.AppendUint(append(dst, `,"port":`...), uint64(f.Port), 10), '}')
	}
	return append(dst, "]}"...)
}

// transports are the names of transports, in their order.
func transports() []string { return []string{"UDP", "TCP", "HTTP", "HTTPS"} }

// transport returns a transport's name, or its number when it has none.
func transport(t typed.Transport) string {
	if names := transports(); int(t) < len(names) {
		return names[t]
	}
	return strconv.Itoa(int(t))
}

// maxParts is how many servers, interfaces and attributes a site may have.
const maxParts = 1024

// readSite reads a site; the names of fields that siteinfo.json had before version 9
// are not known.
func readSite(v strict.Value) []byte {
	o := v.Object("version", "protocolVersion", "serialNumber", "primarySite", "multiPrimary", "hashOption", "hashFilter", "attributes", "servers")
	s := typed.Site{
		Format: 1, Hash: typed.HashName, Serial: uint16(o.Field("serialNumber").Number(math.MaxUint16)), //nolint:gosec // it is at most that
		Primary: optional(o.Field("primarySite")), MultiPrimary: optional(o.Field("multiPrimary")),
	}
	if f := o.Field("version"); f.Given() {
		s.Format = uint16(f.Number(math.MaxUint16)) //nolint:gosec // it is at most that
	}
	s.Major, s.Minor = readVersion(o.Field("protocolVersion"))
	if f := o.Field("hashOption"); f.Given() {
		s.Hash = typed.HashOption(f.Number(uint64(typed.HashName))) //nolint:gosec // it is at most that
	}
	if f := o.Field("hashFilter"); f.Given() {
		s.HashFilter = []byte(f.Text())
	}
	if f := o.Field("attributes"); f.Given() {
		for _, e := range f.Array(maxParts) {
			a := e.Object("name", "value")
			s.Attributes = append(s.Attributes, typed.Attribute{Name: a.Field("name").Text(), Value: a.Field("value").Text()})
		}
	}
	for _, e := range o.Field("servers").Array(maxParts) {
		s.Servers = append(s.Servers, readServer(e))
	}
	return limit(v, typed.AppendSite(nil, s))
}

func optional(v strict.Value) bool { return v.Given() && v.Flag() }

func readVersion(v strict.Value) (major, minor byte) {
	before, after, _ := strings.Cut(v.Text(), ".")
	a, err := strconv.ParseUint(before, 10, 8)
	b, err2 := strconv.ParseUint(after, 10, 8)
	if err != nil || err2 != nil {
		v.Fail("two numbers parted by a dot, such as 2.11")
	}
	return byte(a), byte(b)
}

func readServer(v strict.Value) typed.Server {
	o := v.Object("serverId", "address", "publicKey", "interfaces")
	address, err := netip.ParseAddr(o.Field("address").Text())
	if err != nil || address.Zone() != "" {
		o.Field("address").Fail("an IP address such as 192.0.2.1")
	}
	s := typed.Server{ID: number(o.Field("serverId")), Address: address, PublicKey: readData(o.Field("publicKey"))}
	for _, e := range o.Field("interfaces").Array(maxParts) {
		f := e.Object("query", "admin", "protocol", "port")
		s.Interfaces = append(s.Interfaces, typed.Interface{
			Query: f.Field("query").Flag(), Admin: f.Field("admin").Flag(), Transport: readTransport(f.Field("protocol")),
			Port: uint16(f.Field("port").Number(math.MaxUint16)), //nolint:gosec // it is at most that
		})
	}
	return s
}

func readTransport(v strict.Value) typed.Transport {
	name := v.Text()
	if i := slices.Index(transports(), name); i >= 0 {
		return typed.Transport(i) //nolint:gosec // there are four
	}
	n, err := strconv.ParseUint(name, 10, 8)
	if err != nil {
		v.Fail(strings.Join(transports(), ", "))
	}
	return typed.Transport(n)
}
