package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// live lets the days pass: identifiers are registered and resolved, each node takes its
// census when a day is over, and the node above checks it.
func (n *network) live(ctx context.Context) error {
	for day := range n.days {
		if err := n.liveThrough(ctx, day); err != nil {
			return err
		}
	}
	if err := n.tells(ctx); err != nil {
		return err
	}
	var top stats
	if err := n.visitor(n.top).Get(ctx, "/identifiers/stats", nil, &top); err != nil {
		return err
	}
	n.Step(n.top.City, pack.Text{
		ZH: fmt.Sprintf("过了 %d 天：顶级节点核对了 %d 个下级节点的每日计数（逐项核对变更并抽查），全网标识 %d 个，发现问题 %d 处。", n.days, top.Reporting, top.Total, top.problems()),
		EN: fmt.Sprintf("%d days have passed: the top node has checked the daily counts of %d nodes below, change by change and by samples; there are %d identifiers in all, and %d findings.", n.days, top.Reporting, top.Total, top.problems()),
	}, "/identifiers/census")
	return nil
}

// liveThrough is one day.
func (n *network) liveThrough(ctx context.Context, day int) error {
	batch := fmt.Sprintf("day-%03d", day+1)
	for i, e := range n.enterprises {
		if err := e.registerSome(ctx, batch, 10+(7*day+3*i)%40); err != nil {
			return err
		}
		if err := e.resolveSome(ctx, batch, 5+(5*day+2*i)%20); err != nil {
			return err
		}
	}
	for i, at := range n.seconds {
		if err := at.hostSome(ctx, batch, 5+(3*day+i)%20); err != nil {
			return err
		}
	}
	return n.nextDay(ctx)
}

// stats is what a node says of itself and of those below.
type stats struct {
	Total     int64
	Reporting int
	Last      struct{ Day string }
	Lower     []struct {
		Prefix, Day     string
		Below, Findings int64
		Problems        []struct{ Kind, EN string }
	}
}

func (s stats) problems() int {
	n := 0
	for _, l := range s.Lower {
		n += len(l.Problems) + int(l.Findings)
	}
	return n
}

func (n *network) visitor(at *node) *web.Client {
	return &web.Client{Base: at.URL, HTTP: http.DefaultClient}
}

// all are all nodes, the lowest first.
func (n *network) all() []*node {
	out := append([]*node{}, n.enterprises...)
	out = append(out, n.seconds...)
	return append(out, n.top)
}

// nextDay puts all clocks to nine o'clock of the next day and waits for the censuses of
// the day before to be taken and checked, from below upwards.
func (n *network) nextDay(ctx context.Context) error {
	over := n.top.Now()
	next := time.Date(over.Year(), over.Month(), over.Day()+1, 9, 0, 0, 0, over.Location())
	for _, at := range n.all() {
		if err := at.At(next.Format("2006-01-02 15:04")); err != nil {
			return err
		}
	}
	day := over.Format(time.DateOnly)
	for _, at := range n.all() {
		err := await(ctx, "the census of "+day+" at "+at.prefix, func() (bool, error) {
			var now stats
			err := n.visitor(at).Get(ctx, "/identifiers/stats", nil, &now)
			done := now.Last.Day == day && len(now.Lower) == n.below(at)
			for _, l := range now.Lower {
				done = done && l.Day == day
			}
			if !done || err != nil {
				return false, err
			}
			return at.compared(ctx, day)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// docked is what a node has of the tables of one below.
type docked struct {
	Prefix string
	Own    bool
	Tables []struct {
		Table, Period, Verdict string
		Rows                   int
		Compared               bool
		Findings               []struct{ EN string }
	}
}

// told returns what a node has of the tables of those below.
func (at *node) told(ctx context.Context) (all []docked, err error) {
	clerk, err := at.as(ctx, "clerk")
	if err != nil {
		return nil, err
	}
	return all, clerk.Get(ctx, "/identifiers/docking", nil, &all)
}

// compared reports whether a node has the counts of a day of all nodes below, and has
// compared them with their censuses.
func (at *node) compared(ctx context.Context, day string) (bool, error) {
	all, err := at.told(ctx)
	for _, d := range all {
		for _, t := range d.Tables {
			late := t.Table == "statistics" && t.Period != day
			if !d.Own && (late || t.Table == "enterprise-statistics" && t.Period != "" && !t.Compared) {
				return false, err
			}
		}
	}
	return err == nil, err
}

// tells sums up what the second-level nodes have told the top node.
func (n *network) tells(ctx context.Context) error {
	all, err := n.top.told(ctx)
	if err != nil {
		return err
	}
	tables, rows, findings := map[string]bool{}, 0, 0
	for _, d := range all {
		for _, t := range d.Tables {
			if t.Verdict == "taken" {
				tables[t.Table] = true
				rows += t.Rows
				findings += len(t.Findings)
			}
		}
	}
	n.Step(n.top.City, pack.Text{
		ZH: fmt.Sprintf("%d 个二级节点按时向顶级节点报送了 %d 类数据，最近各批共 %d 行，统计数与计数树核对，疑点 %d 处。", len(all), len(tables), rows, findings),
		EN: fmt.Sprintf("%d second-level nodes have told the top node %d kinds of data in time; their newest batches have %d rows, whose counts were compared with the censuses: %d findings.", len(all), len(tables), rows, findings),
	}, "/identifiers/docking", "/identifiers/report")
	return nil
}

// introduce lets every node but the top one say who operates it.
func (n *network) introduce(ctx context.Context) error {
	for k, at := range append(append([]*node{}, n.seconds...), n.enterprises...) {
		clerk, err := at.as(ctx, "clerk")
		if err != nil {
			return err
		}
		if err := clerk.Do(ctx, http.MethodPut, "/identifiers/operator", map[string]any{
			"name": at.name.ZH + "运营者", "address": "演示路 1 号", "certificateType": "统一社会信用代码", "certificateNumber": creditCode(k + 1), "legalName": "演示", "contactName": "演示",
			"certificatePhoto": "演示.jpg", "legalDocumentPhoto": "演示.jpg", "contactDocumentPhoto": "演示.jpg",
		}, nil); err != nil {
			return err
		}
	}
	return nil
}

// hosted is the enterprise whose identifiers a second-level node keeps itself.
func (at *node) hosted() string { return at.prefix + ".100" }

// host lets every second-level node take in an enterprise without a node of its own, whose
// products have a template.
func (n *network) host(ctx context.Context) error {
	for k, at := range n.seconds {
		r := registrant(1000+k, pack.Text{ZH: "托管企业 " + at.prefix, EN: "Hosted enterprise " + at.prefix})
		r["industry"] = "C36"
		if err := at.change(ctx, map[string]any{"change": "allocate", "prefix": at.hosted(), "registrant": r, "quota": 100_000}); err != nil {
			return err
		}
		clerk, err := at.as(ctx, "clerk")
		if err != nil {
			return err
		}
		if err := clerk.Do(ctx, http.MethodPost, "/identifiers/templates", map[string]any{
			"id": "part", "name": map[string]string{"zh": "零部件（演示）", "en": "Part (demonstration)"}, "industry": "C3670", "version": 1,
			"items": []map[string]any{
				{"index": 2000, "name": "product_name", "alias": map[string]string{"zh": "品名", "en": "Name"}, "type": "text", "required": true},
				{"index": 2001, "name": "manufacturer", "alias": map[string]string{"zh": "厂商", "en": "Manufacturer"}, "type": "text"},
			},
		}, nil); err != nil {
			return err
		}
	}
	return nil
}

// hostSome registers products of the hosted enterprise.
func (at *node) hostSome(ctx context.Context, batch string, count int) error {
	clerk, err := at.as(ctx, "clerk")
	if err != nil {
		return err
	}
	items := make([]map[string]any, count)
	for i := range items {
		items[i] = map[string]any{
			"identifier": fmt.Sprintf("%s/%s-%06d", at.hosted(), batch, i+1), "template": "part@1",
			"fields": map[string]string{"product_name": fmt.Sprintf("演示零件 %d", i+1), "manufacturer": "演示"},
		}
	}
	return clerk.Do(ctx, http.MethodPost, "/identifiers/registrations", map[string]any{"key": "hosted-" + batch, "items": items}, nil)
}

// below is how many nodes are right below one.
func (n *network) below(at *node) int {
	if at == n.top {
		return len(n.seconds)
	}
	count := 0
	for i := range n.enterprises {
		if at == n.seconds[i%2] {
			count++
		}
	}
	return count
}

// resolveSome resolves identifiers of a batch at the node that has them.
func (at *node) resolveSome(ctx context.Context, batch string, count int) error {
	c := &web.Client{Base: at.URL, HTTP: http.DefaultClient}
	for i := range count {
		name := fmt.Sprintf("%s/%s-%06d", at.prefix, batch, i%10+1)
		if err := c.Get(ctx, "/identifiers/resolve", url.Values{"name": {name}}, nil); err != nil {
			return err
		}
	}
	return nil
}

// fall lets a second-level node stop: the top node answers for it from its deposit.
func (n *network) fall(ctx context.Context) error {
	gone, far := n.seconds[0], n.seconds[1]
	name := "0.NA/" + n.enterprises[0].prefix // a record of the node that stops
	err := await(ctx, "the deposit of "+gone.prefix, func() (bool, error) {
		var all []struct {
			Prefix string
			Ready  bool
		}
		err := n.visitor(n.top).Get(ctx, "/identifiers/standbys", nil, &all)
		for _, s := range all {
			if s.Prefix == gone.prefix && s.Ready {
				return true, err
			}
		}
		return false, err
	})
	if err != nil {
		return err
	}
	if err := gone.Stop(); err != nil {
		return err
	}
	n.Step(n.top.City, pack.Text{ZH: gone.name.ZH + " 停止运行。", EN: gone.name.EN + " has stopped."}, "/identifiers")
	err = await(ctx, "the takeover of "+gone.prefix, func() (bool, error) {
		var all []struct{ Prefix string }
		err := n.visitor(n.top).Get(ctx, "/identifiers/takeovers", nil, &all)
		return len(all) > 0, err
	})
	if err != nil {
		return err
	}
	var own, below struct {
		Values []struct{ Type, Data string }
		Steps  []struct{ Server, Said string }
	}
	if err := n.visitor(far).Get(ctx, "/identifiers/resolve", url.Values{"name": {name}}, &own); err != nil {
		return err
	}
	if err := n.visitor(far).Get(ctx, "/identifiers/resolve", url.Values{"name": {n.enterprises[0].prefix + "/first-000001"}}, &below); err != nil {
		return err
	}
	n.Step(n.top.City, pack.Text{
		ZH: fmt.Sprintf("超过 51%% 的探测失败，顶级节点从托管数据接管了前缀 %s：从 %s 仍能解析它的 %s，也仍能找到它之下企业节点的标识。", gone.prefix, far.name.ZH, name),
		EN: fmt.Sprintf("More than 51 %% of the probes failed: the top node has taken prefix %s over from its deposit. From %s its %s still resolves, and identifiers of the enterprise nodes below it are still found.", gone.prefix, far.name.EN, name),
	}, "/identifiers", "/identifiers/of/"+name)
	return nil
}
