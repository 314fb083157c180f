package identifiers

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/typed"
)

var nodePage = web.MustPage[nodeView](pages, "pages/node.html")

// nodeView is the node as who runs it sees it: what somebody has to see to first.
type nodeView struct {
	Own       string
	Attention []attention
	Listeners []listener
	Version   string // of the newest change
	Total     string // records
	Counts    []count
	Rows      []usedRow
	Query     Filter
	States    []string
	More      template.URL
	Latest    []latestRow
	Jobs      []jobRow
}

// attention is something that somebody has to see to: the wording of its kind, what it
// is about, and the page where that is done.
type attention struct{ Kind, About, Href string }

// listener is an address on which the node answers, or should.
type listener struct {
	Name  string // UDP, TCP, DNS
	At    string
	State string // on, off, failed
}

func (s *Service) showNode(w http.ResponseWriter, r *http.Request) error {
	ctx, sh, q := r.Context(), web.ShellOf(r.Context()), r.URL.Query()
	v := nodeView{
		Own: s.site.Prefix, States: states(), Listeners: s.listeners(),
		Query: Filter{State: q.Get("state"), Text: q.Get("q"), After: q.Get("after"), Limit: nodeRows + 1},
	}
	if err := s.fillNode(ctx, &v); err != nil {
		return err
	}
	all, err := s.List(ctx, v.Query)
	if err != nil {
		return err
	}
	if len(all) > nodeRows {
		all = all[:nodeRows]
		q.Set("after", all[nodeRows-1].Prefix.Prefix)
		v.More = template.URL("/identifiers/node?" + q.Encode()) //nolint:gosec // encoded in this line
	}
	for _, h := range all {
		u, err := s.usedRow(ctx, sh, h)
		if err != nil {
			return err
		}
		v.Rows = append(v.Rows, u)
	}
	return nodePage.Render(w, r, v)
}

const nodeRows = 50 // prefixes on a page

// fillNode reads how the node is: prefixes by state, the newest writes, the jobs, and
// what has to be seen to.
func (s *Service) fillNode(ctx context.Context, v *nodeView) error {
	counts, _, err := s.countStates(ctx)
	if err != nil {
		return err
	}
	for _, state := range v.States {
		v.Counts = append(v.Counts, count{state, counts[state]})
	}
	newest, err := s.latest(ctx, nil, 10)
	if err != nil {
		return err
	}
	v.Latest = s.latestRows(newest)
	if len(newest) > 0 {
		v.Version = count64(int64(newest[0].Seq)) //nolint:gosec // far below
	}
	jobs, err := s.jobs(ctx, 10)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		v.Jobs = append(v.Jobs, s.jobRow(j))
	}
	for _, l := range v.Listeners {
		if l.State == listenFailed {
			v.Attention = append(v.Attention, attention{"listener", l.Name + " " + l.At, ""})
		}
	}
	for _, j := range jobs {
		if j.State == jobFailed && s.now().Sub(j.Ended) < recent {
			v.Attention = append(v.Attention, attention{"job", j.Name, j.Page})
		}
	}
	return s.fillAttention(ctx, v)
}

// recent is how long a failed job is told.
const recent = 7 * 24 * time.Hour

// fillAttention adds what the prefixes ask for: records that lag behind, quotas, cases.
func (s *Service) fillAttention(ctx context.Context, v *nodeView) error {
	var late []Held
	var waiting []claim
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		if late, err = unrecorded(ctx, tx, 10); err != nil {
			return err
		}
		waiting, err = underWay(ctx, tx, 20)
		return err
	})
	if err != nil {
		return err
	}
	for _, h := range late {
		v.Attention = append(v.Attention, attention{"record", h.Prefix.Prefix, "/identifiers/prefixes/" + h.Prefix.Prefix})
	}
	if err := s.fillQuotas(ctx, v); err != nil {
		return err
	}
	for _, c := range waiting {
		v.Attention = append(v.Attention, attention{"case", c.Prefix, "/identifiers/cases/" + c.Case})
	}
	return nil
}

// fillQuotas counts the records, and adds the prefixes whose quota is nearly used up.
func (s *Service) fillQuotas(ctx context.Context, v *nodeView) error {
	st, err := s.open(ctx)
	if err != nil {
		return err
	}
	total, err := st.Count(ctx, records.Range{})
	if err != nil {
		return err
	}
	v.Total = count64(int64(total))
	var limited []Prefix
	err = s.eachPrefix(ctx, func(p Prefix) error {
		if p.State == Hosted && p.Quota > 0 {
			limited = append(limited, p)
		}
		return nil
	})
	for _, p := range limited {
		u, err := s.usage(ctx, p)
		if err != nil {
			return err
		}
		if u.Nearly() {
			v.Attention = append(v.Attention, attention{"quota", p.Prefix + " · " + strconv.FormatInt(u.Percent(), 10) + "%", "/identifiers/prefixes/" + p.Prefix})
		}
	}
	return err
}

// The states of a listener.
const (
	listenOn     = "on"
	listenOff    = "off"
	listenFailed = "failed"
)

// listeners says where the node answers, and where it should and does not.
func (s *Service) listeners() []listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]listener, 0, 3)
	for _, l := range []struct{ name, setting string }{{"UDP", settingUDP}, {"TCP", settingTCP}, {"DNS", settingDNS}} {
		at := s.setting(l.setting)
		one := listener{Name: l.name, At: at, State: listenOn}
		switch {
		case at == off || at == "":
			one.State, one.At = listenOff, ""
		case slices.ContainsFunc(s.silent, func(told string) bool { return strings.HasPrefix(told, l.setting+" ") }):
			one.State = listenFailed
		case !s.serving:
			one.State = listenFailed
		default:
			one.At = s.reached(l.name, at)
		}
		out = append(out, one)
	}
	return out
}

// reached is where a listener is in truth: a setting may leave the port to the system.
// s.mu is held.
func (s *Service) reached(name, at string) string {
	transport, ok := map[string]typed.Transport{"UDP": typed.UDP, "TCP": typed.TCP}[name]
	if !ok {
		return cmp.Or(s.dns, at)
	}
	for _, v := range s.own.Servers {
		for _, i := range v.Interfaces {
			if i.Transport == transport {
				return netip.AddrPortFrom(v.Address, i.Port).String()
			}
		}
	}
	return at
}
