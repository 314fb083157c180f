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
		for i, e := range n.enterprises {
			if err := e.registerSome(ctx, fmt.Sprintf("day-%03d", day+1), 10+(7*day+3*i)%40); err != nil {
				return err
			}
			if err := e.resolveSome(ctx, fmt.Sprintf("day-%03d", day+1), 5+(5*day+2*i)%20); err != nil {
				return err
			}
		}
		if err := n.nextDay(ctx); err != nil {
			return err
		}
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
			return done, err
		})
		if err != nil {
			return err
		}
	}
	return nil
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
