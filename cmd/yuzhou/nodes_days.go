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
