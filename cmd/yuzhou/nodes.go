package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"yuzhou/app"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
	"yuzhou/packs"
)

// network is the story of a network of identifier nodes: a top node, second-level nodes
// and enterprise nodes, each a program of its own but for the process. Nobody and
// nothing in it is real.
type network struct {
	*app.Stage
	second, enterprise, days int

	top         *node
	seconds     []*node
	enterprises []*node
}

// node is a node of the network while it runs.
type node struct {
	*app.City
	prefix string
	name   pack.Text
	port   int // of identifiers, by UDP and TCP
	people map[string]string
}

// simulation is what plays yuzhou identifiers simulate.
func simulation() app.Story {
	return app.Story{
		Command: []string{"identifiers", "simulate"}, Help: "play a network of nodes, and serve it", Data: "nodes",
		Bind: func(flags *flag.FlagSet) app.Play {
			n := &network{}
			flags.IntVar(&n.second, "second", 38, "second-level nodes")
			flags.IntVar(&n.enterprise, "enterprise", 3, "enterprise nodes of their own; other enterprises are hosted by a second-level node")
			flags.IntVar(&n.days, "days", 30, "days that are played")
			return n.play
		},
	}
}

// The time and the place of the story.
const (
	firstDay = "2026-01-05T09:00:00+08:00"
	operator = "100000"
)

func (n *network) play(ctx context.Context, s *app.Stage) error {
	n.Stage = s
	if n.second < 2 || n.second > 90 || n.enterprise < 1 || n.enterprise > 30 || n.days < 1 || n.days > 365 {
		return fault.New(fault.Invalid, "--second is from 2 to 90, --enterprise from 1 to 30, --days from 1 to 365")
	}
	for _, act := range []func(context.Context) error{n.start, n.delegateAll, n.introduce, n.host, n.register, n.resolve, n.live, n.fall} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// start opens all nodes, the upper ones first.
func (n *network) start(ctx context.Context) (err error) {
	n.Tell(pack.Text{ZH: "演示：一个标识网络。节点、企业和标识都由本命令生成。", EN: "A demonstration: a network of identifier nodes. Nodes, enterprises and identifiers are made by this command."})
	if n.top, err = n.open(ctx, "", "88", pack.Text{ZH: "国家顶级节点（演示）", EN: "National top-level node (demonstration)"}, nil); err != nil {
		return err
	}
	for i := range n.second {
		prefix := fmt.Sprintf("88.%d", 500+i)
		at, err := n.open(ctx, prefix, prefix, pack.Text{ZH: fmt.Sprintf("二级节点 %d（演示）", i+1), EN: fmt.Sprintf("Second-level node %d (demonstration)", i+1)}, n.top)
		if err != nil {
			return err
		}
		n.seconds = append(n.seconds, at)
	}
	for i := range n.enterprise {
		above := n.seconds[i%2]
		prefix := fmt.Sprintf("%s.%d", above.prefix, 1+i/2)
		at, err := n.open(ctx, prefix, prefix, pack.Text{ZH: fmt.Sprintf("企业节点 %d（演示）", i+1), EN: fmt.Sprintf("Enterprise node %d (demonstration)", i+1)}, above)
		if err != nil {
			return err
		}
		n.enterprises = append(n.enterprises, at)
	}
	n.Step(n.top.City, pack.Text{
		ZH: fmt.Sprintf("1 个顶级节点、%d 个二级节点、%d 个企业节点已启动。", n.second, n.enterprise),
		EN: fmt.Sprintf("One top node, %d second-level nodes and %d enterprise nodes run.", n.second, n.enterprise),
	}, "/identifiers")
	return nil
}

// open opens a node below another.
func (n *network) open(ctx context.Context, dir, prefix string, name pack.Text, above *node) (*node, error) {
	files, err := packs.Node{Prefix: prefix, Unit: operator, Clock: firstDay, ZH: name.ZH, EN: name.EN}.Pack()
	if err != nil {
		return nil, err
	}
	out := &node{prefix: prefix, name: name, people: map[string]string{}}
	if out.port, err = freePort(ctx); err != nil {
		return nil, err
	}
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(out.port))
	settings := map[string]string{"identifiers-udp": at, "identifiers-tcp": at, "identifiers-url": "{url}"}
	escrow, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	settings["identifiers-escrow"] = net.JoinHostPort("127.0.0.1", strconv.Itoa(escrow))
	if above != nil {
		settings["identifiers-recursor"] = "off" // the top node has it
		settings["identifiers-docking"] = above.URL
		settings["identifiers-upper"] = net.JoinHostPort("127.0.0.1", strconv.Itoa(above.port))
	}
	if out.City, err = n.Open(ctx, app.Opening{Name: dir, Pack: files, Settings: settings}); err != nil {
		return nil, err
	}
	n.Tell(pack.Text{ZH: fmt.Sprintf("  %-10s %s  %s  identifiers %s  %s %s", prefix, name.ZH, out.URL, at, out.Owner, out.Password), EN: fmt.Sprintf("  %-10s %s  %s  identifiers %s  %s %s", prefix, name.EN, out.URL, at, out.Owner, out.Password)})
	return out, out.cast(ctx)
}

// freePort returns a port of the loopback that nothing listens on, by UDP and TCP.
func freePort(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	for {
		tcp, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		udp, err := lc.ListenPacket(ctx, "udp", tcp.Addr().String())
		_ = tcp.Close()
		if err == nil {
			_ = udp.Close()
			at, err := netip.ParseAddrPort(tcp.Addr().String())
			return int(at.Port()), err
		}
	}
}

// web is the port of the node's pages, where the protocol is tunnelled too.
func (at *node) web() int {
	p, _ := netip.ParseAddrPort(strings.TrimPrefix(at.URL, "http://")) // it is one
	return int(p.Port())
}

// cast lets a clerk, a steward and a leader of the node sign in.
func (at *node) cast(ctx context.Context) error {
	owner, err := at.Client(ctx, at.Owner, at.Password)
	if err != nil {
		return err
	}
	for _, p := range []player{
		{"clerk", operator, "clerk", pack.Text{ZH: "节点受理（演示）", EN: "Node, clerk (demo)"}},
		{"steward", operator, "steward", pack.Text{ZH: "节点核验（演示）", EN: "Node, check (demo)"}},
		{"leader", operator, "leader", pack.Text{ZH: "节点负责人（演示）", EN: "Node, head (demo)"}},
	} {
		var made struct{ Person, Password string }
		if err := owner.Do(ctx, http.MethodPost, "/org/people", map[string]string{"login": p.login, "zh": p.name.ZH, "en": p.name.EN}, &made); err != nil {
			return err
		}
		if err := owner.Do(ctx, http.MethodPost, "/org/people/"+made.Person+"/grants", map[string]string{"role": p.role, "unit": p.unit}, nil); err != nil {
			return err
		}
		at.people[p.login] = made.Password
	}
	return nil
}

// as signs somebody of the node in.
func (at *node) as(ctx context.Context, login string) (*web.Client, error) {
	return at.Client(ctx, login, at.people[login])
}

// change takes a change of a prefix through its procedure: asked for, checked, approved.
func (at *node) change(ctx context.Context, change map[string]any) error {
	clerk, err := at.as(ctx, "clerk")
	if err != nil {
		return err
	}
	var asked struct{ Case, Prefix string }
	if err := clerk.Do(ctx, http.MethodPost, "/identifiers/prefixes", change, &asked); err != nil {
		return err
	}
	for _, step := range []struct{ who, event string }{{"steward", "verified"}, {"leader", "approve"}} {
		if step.who == "steward" && change["registrant"] == nil {
			continue // known, and checked before
		}
		c, err := at.as(ctx, step.who)
		if err != nil {
			return err
		}
		if err := c.Do(ctx, http.MethodPost, "/flow/cases/"+asked.Case+"/events", map[string]any{"event": step.event}, nil); err != nil {
			return err
		}
	}
	return await(ctx, "prefix "+asked.Prefix+" to be in force", func() (bool, error) {
		var now struct{ Versions []struct{ Case string } }
		err := clerk.Get(ctx, "/identifiers/prefixes/"+asked.Prefix, nil, &now)
		if fault.KindOf(err) == fault.NotFound {
			return false, nil
		}
		return err == nil && now.Versions[0].Case == asked.Case, err
	})
}

// delegateAll lets each node have its prefix from the one above, and answer for it.
func (n *network) delegateAll(ctx context.Context) error {
	all := map[*node][]*node{n.top: n.seconds}
	for i, e := range n.enterprises {
		all[n.seconds[i%2]] = append(all[n.seconds[i%2]], e)
	}
	k := 0
	for _, above := range append([]*node{n.top}, n.seconds[:2]...) {
		for _, below := range all[above] {
			k++
			if err := above.change(ctx, map[string]any{"change": "allocate", "prefix": below.prefix, "registrant": registrant(k, below.name), "quota": 10_000_000}); err != nil {
				return err
			}
			route := []map[string]any{{"address": "127.0.0.1", "udp": below.port, "tcp": below.port, "http": below.web()}}
			if err := above.change(ctx, map[string]any{"change": "delegate", "prefix": below.prefix, "route": route}); err != nil {
				return err
			}
		}
	}
	n.Step(n.top.City, pack.Text{ZH: "前缀逐级分配（实名核验、审批）并委托给各节点解析。", EN: "Prefixes are allocated level by level (real-name check, approval) and delegated to their nodes."}, "/identifiers", "/identifiers/prefixes/88.500")
	return nil
}

// registrant is who holds a prefix in the story.
func registrant(n int, name pack.Text) map[string]any {
	return map[string]any{
		"zh": name.ZH + "运营者", "en": "Operator of " + name.EN, "credit_code": creditCode(n), "kind": "enterprise", "person": "演示", "contact": "演示", "phone": "02300000000",
		"address": "演示路 1 号", "area": "500103", "demo": true,
	}
}

// creditCode returns a unified social credit code of nobody, with its check character.
//
// Source: GB 32100-2015, 5.
func creditCode(n int) string {
	const digits = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	code := fmt.Sprintf("91500000MA%07d", n)
	sum, weight := 0, 1
	for _, c := range code {
		for v, d := range digits {
			if c == d {
				sum += v * weight
			}
		}
		weight = weight * 3 % 31
	}
	return code + string(digits[(31-sum%31)%31])
}

// register registers identifiers at each enterprise node.
func (n *network) register(ctx context.Context) error {
	for _, e := range n.enterprises {
		if err := e.registerSome(ctx, "first", 100); err != nil {
			return err
		}
	}
	n.Step(n.enterprises[0].City, pack.Text{ZH: "各企业节点注册了标识。", EN: "The enterprise nodes have registered identifiers."}, "/identifiers")
	return nil
}

// registerSome registers a batch below the node's prefix.
func (at *node) registerSome(ctx context.Context, batch string, count int) error {
	clerk, err := at.as(ctx, "clerk")
	if err != nil {
		return err
	}
	items := make([]map[string]any, count)
	for i := range items {
		id := fmt.Sprintf("%s/%s-%06d", at.prefix, batch, i+1)
		items[i] = map[string]any{"identifier": id, "values": []map[string]any{
			{"index": 1, "type": "URL", "data": at.URL + "/identifiers/of/" + id},
			{"index": 2, "type": "DEMO", "data": "演示数据"},
		}}
	}
	var verdicts []struct{ Identifier, Outcome, EN string }
	if err := clerk.Do(ctx, http.MethodPost, "/identifiers/registrations", map[string]any{"key": "simulate-" + batch, "items": items}, &verdicts); err != nil {
		return err
	}
	for _, v := range verdicts {
		if v.Outcome != "registered" {
			return fault.New(fault.Conflict, "identifier %s was not registered: %s", v.Identifier, v.EN)
		}
	}
	return nil
}

// resolve asks the node at the far end for an identifier of the first.
func (n *network) resolve(ctx context.Context) error {
	near, far := n.enterprises[0], n.top
	if len(n.enterprises) > 1 {
		far = n.enterprises[1] // below the other second-level node
	}
	id := near.prefix + "/first-000001"
	visitor := &web.Client{Base: far.URL, HTTP: http.DefaultClient}
	var got struct {
		Values []struct{ Type, Data string }
		Steps  []struct{ Server string }
	}
	if err := visitor.Get(ctx, "/identifiers/resolve", url.Values{"name": {id}}, &got); err != nil {
		return err
	}
	n.Step(far.City, pack.Text{
		ZH: fmt.Sprintf("%s 的标识 %s 在 %s 处可解析：经 %d 次询问得到 %d 个值。", near.name.ZH, id, far.name.ZH, len(got.Steps), len(got.Values)),
		EN: fmt.Sprintf("Identifier %s of %s resolves at %s: %d questions, %d values.", id, near.name.EN, far.name.EN, len(got.Steps), len(got.Values)),
	}, "/identifiers/of/"+id)
	return nil
}
