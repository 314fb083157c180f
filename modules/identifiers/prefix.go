package identifiers

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/modules/identifiers/handle"
)

// How a prefix stands.
const (
	Hosted    = "hosted"    // its identifiers are in this node
	Delegated = "delegated" // its identifiers are in the node of its holder
	Suspended = "suspended" // nothing below it resolves
	Reclaimed = "reclaimed" // nobody holds it; its name is not given again
)

// What can be changed of a prefix.
const (
	Allocate = "allocate"
	Delegate = "delegate"
	Host     = "host" // take the identifiers of a delegated prefix in
	Suspend  = "suspend"
	Resume   = "resume"
	Reclaim  = "reclaim"
	Transfer = "transfer"
	Requota  = "quota"
	Rekey    = "keys"
)

// Prefix is a prefix as it stands.
type Prefix struct {
	Prefix     string    `json:"prefix" example:"88.118.2"`
	Parent     string    `json:"parent"`
	Registrant string    `json:"registrant" doc:"id of who holds it"`
	State      string    `json:"state" enum:"hosted,delegated,suspended,reclaimed"`
	Before     string    `json:"before,omitempty" doc:"state that a suspension ends in"`
	Quota      int64     `json:"quota" doc:"identifiers that may be registered below it; 0: no limit"`
	Route      []Server  `json:"route,omitempty" doc:"of a delegated prefix: the servers that have its identifiers"`
	Keys       []string  `json:"keys,omitempty" doc:"public keys of its holder, PEM or JWK: who has their private part registers below it by the protocol"`
	Version    int       `json:"version" doc:"1 is the allocation"`
	Since      time.Time `json:"since" doc:"when this version came into force"`
	Case       string    `json:"case,omitempty" doc:"that decided it"`
	Demo       bool      `json:"demo,omitempty" doc:"generated for demonstration"`
}

// Server is a server that a prefix is delegated to.
type Server struct {
	Address   string `json:"address" doc:"IPv4 or IPv6" example:"192.0.2.7"`
	UDP       uint16 `json:"udp,omitempty" example:"2641"`
	TCP       uint16 `json:"tcp,omitempty" example:"2641"`
	HTTP      uint16 `json:"http,omitempty" example:"8000"`
	PublicKey string `json:"public_key,omitempty" doc:"base64 of an HS_PUBKEY"`
}

// Change is what a case asks for.
type Change struct {
	Change     string      `json:"change" enum:"allocate,delegate,host,suspend,resume,reclaim,transfer,quota,keys"`
	Prefix     string      `json:"prefix,omitempty" doc:"empty in an allocation: the next free one"`
	Registrant *Registrant `json:"registrant,omitempty" doc:"of an allocation or a transfer: who will hold it"`
	Holder     string      `json:"holder,omitempty" doc:"instead: id of one that is known"`
	Quota      int64       `json:"quota,omitempty"`
	Route      []Server    `json:"route,omitempty" doc:"of a delegation"`
	Keys       []string    `json:"keys,omitempty" doc:"of an allocation, a transfer or a change of keys: public keys, PEM or JWK; none: nobody registers by the protocol"`
	Reason     string      `json:"reason,omitempty" doc:"of a suspension, a reclaim or a transfer"`
	Documents  []string    `json:"documents,omitempty" doc:"SHA-256 of what was handed in"`
}

// changes says in which states a change is possible, and the state it leads to.
func changes() map[string]struct {
	name pack.Text
	from []string
	to   string // "": as it was
} {
	return map[string]struct {
		name pack.Text
		from []string
		to   string
	}{
		Allocate: {pack.Text{ZH: "分配", EN: "Allocate"}, nil, Hosted},
		Delegate: {pack.Text{ZH: "委托解析", EN: "Delegate"}, []string{Hosted, Delegated}, Delegated},
		Host:     {pack.Text{ZH: "收回托管", EN: "Host"}, []string{Delegated}, Hosted},
		Suspend:  {pack.Text{ZH: "停用", EN: "Suspend"}, []string{Hosted, Delegated}, Suspended},
		Resume:   {pack.Text{ZH: "恢复", EN: "Resume"}, []string{Suspended}, ""},
		Reclaim:  {pack.Text{ZH: "收回", EN: "Reclaim"}, []string{Hosted, Delegated, Suspended}, Reclaimed},
		Transfer: {pack.Text{ZH: "转让", EN: "Transfer"}, []string{Hosted, Delegated}, ""},
		Requota:  {pack.Text{ZH: "调整配额", EN: "Change the quota"}, []string{Hosted, Delegated}, ""},
		Rekey:    {pack.Text{ZH: "更换公钥", EN: "Change the keys"}, []string{Hosted, Delegated}, ""},
	}
}

// valid checks what a change says, but for what is in the database.
func (c Change) valid() error {
	kind, ok := changes()[c.Change]
	if !ok {
		return fault.Say(fault.Invalid, "事项 %q 不认识，可以是 allocate、delegate、host、suspend、resume、reclaim、transfer、quota、keys。",
			"change %q is none of allocate, delegate, host, suspend, resume, reclaim, transfer, quota, keys", c.Change)
	}
	if err := validPrefix(c.Prefix); err != nil && (c.Prefix != "" || c.Change != Allocate) {
		return err
	}
	if c.Quota < 0 {
		return fault.Say(fault.Invalid, "配额 %d 不能小于 0；0 是不限。", "quota %d is below 0; 0 means no limit", c.Quota)
	}
	holder := c.Change == Allocate || c.Change == Transfer
	switch {
	case holder && (c.Registrant == nil) == (c.Holder == ""):
		return fault.Say(fault.Invalid, "请填注册者的信息，或者已有注册者的编号，二者取一。", "give the registrant or the id of one that is known, not both")
	case !holder && (c.Registrant != nil || c.Holder != ""):
		return fault.Say(fault.Invalid, "%s不换注册者；要换请用转让。", "%s keeps the registrant; a transfer changes it", kind.name)
	case c.Registrant != nil:
		if err := c.Registrant.valid(); err != nil {
			return err
		}
	}
	if slices.Contains([]string{Suspend, Reclaim, Transfer}, c.Change) && strings.TrimSpace(c.Reason) == "" {
		return fault.Say(fault.Invalid, "%s要写明理由。", "%s needs a reason", kind.name)
	}
	if (c.Change == Delegate) != (len(c.Route) > 0) {
		return fault.Say(fault.Invalid, "委托解析要填服务器，其他事项不填。", "a delegation names servers, and nothing else does")
	}
	_, err := site(c.Route, 1)
	return cmp.Or(err, c.validKeys())
}

// validPrefix checks a prefix as this network writes it: numbers and dots.
func validPrefix(p string) error {
	for part := range strings.SplitSeq(p, ".") {
		if n, err := strconv.ParseUint(part, 10, 32); err != nil || strconv.FormatUint(n, 10) != part {
			return fault.Say(fault.Invalid, "前缀 %q 应是用点分开的数字，如 88.118.2。", "prefix %q is not of numbers and dots, as 88.118.2 is", p)
		}
	}
	return nil
}

// after returns a prefix as a change leaves it, in its next version.
//
//   - holder: id of the registrant that the change names, "" for none.
//   - Errors: fault.Conflict when the change does not fit how the prefix stands.
func (p Prefix) after(c Change, holder string) (Prefix, error) {
	kind := changes()[c.Change]
	if c.Change == Allocate {
		if p.Version > 0 {
			return p, fault.Say(fault.Conflict, "前缀 %s 已经分配过。", "prefix %s was allocated before", p.Prefix)
		}
		return Prefix{Prefix: c.Prefix, Parent: handle.Parent(c.Prefix), Registrant: holder, State: Hosted, Quota: c.Quota, Keys: c.Keys, Version: 1}, nil
	}
	if !slices.Contains(kind.from, p.State) {
		return p, fault.Say(fault.Conflict, "前缀 %s 现在是“%s”，不能%s。", "prefix %s is %s: it cannot be changed so (%s)", p.Prefix, stateName(p.State), kind.name)
	}
	p.Version++
	switch c.Change {
	case Suspend:
		p.Before = p.State
	case Resume:
		p.State, p.Before = p.Before, ""
	case Delegate:
		p.Route = c.Route
	case Host, Reclaim:
		p.Route = nil
	case Transfer:
		p.Registrant, p.Keys = holder, c.Keys // those of who held it before are void
	case Rekey:
		p.Keys = c.Keys
	case Requota:
		p.Quota = c.Quota
	}
	if kind.to != "" {
		p.State = kind.to
	}
	return p, nil
}

func stateName(state string) pack.Text {
	return map[string]pack.Text{
		Hosted: {ZH: "托管", EN: "hosted"}, Delegated: {ZH: "已委托", EN: "delegated"},
		Suspended: {ZH: "已停用", EN: "suspended"}, Reclaimed: {ZH: "已收回", EN: "reclaimed"},
	}[state]
}
