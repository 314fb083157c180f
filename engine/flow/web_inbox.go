package flow

import (
	"net/http"
	"net/url"
	"slices"
	"time"
)

// inboxView is what waits for its reader, the most urgent first.
type inboxView struct {
	Unit    string // a subtree's tasks in place of one's own; empty: one's own
	Place   string // its name
	Overdue int64
	Soon    int64
	Later   int64
	Groups  []inboxGroup
	Places  []place
	First   string // what is to be done first
	Notices []noticeView
	Next    string // address of the next page
	Most    int64  // what is counted at most
}

// inboxGroup is overdue, soon or later: Key is the wording's.
type inboxGroup struct {
	Key  string
	Rows []inboxRow
}

type inboxRow struct {
	Href, Title, Number string
	Do                  string
	Lit                 Lit
	Due, Left           string
	Holder              string
	Why                 string // why it came to the reader; empty in the inbox of a unit
	Claimed             string // name of who has taken it
	From                string // who handed it on
	Joint               bool
	Reminded, Level     int
}

// place is a unit whose subtree the reader may look over.
type place struct {
	ID, Name string
	Chosen   bool
}

type noticeView struct{ Href, Title, Text, At string }

// shownNotices is how many notices the inbox shows.
const shownNotices = 8

func (s *Service) showInbox(w http.ResponseWriter, r *http.Request) error {
	rd, q := s.reader(r), r.URL.Query()
	v := inboxView{Unit: q.Get("unit"), Most: maxCounted}
	box, err := s.Inbox(rd.ctx, Asking{Unit: v.Unit, After: q.Get("after")})
	if err != nil {
		return err
	}
	v.Overdue, v.Soon, v.Later = box.Overdue, box.Soon, box.Later
	if v.Unit != "" {
		v.Place = rd.unit(v.Unit)
	}
	now := s.now()
	for _, it := range box.Items {
		row := rd.inboxRow(it)
		if v.Unit == "" {
			row.Why = rd.came(it)
		}
		v.add(groupOf(it.Due, now), row)
	}
	if len(v.Groups) > 0 && v.Unit == "" && len(box.Items) > 1 {
		v.First = v.Groups[0].Rows[0].Title
	}
	for _, g := range rd.sh.Actor.Grants {
		if !slices.ContainsFunc(v.Places, func(p place) bool { return p.ID == g.Unit }) {
			v.Places = append(v.Places, place{g.Unit, rd.unit(g.Unit), g.Unit == v.Unit})
		}
	}
	if box.Next != "" {
		v.Next = "/flow?" + url.Values{"unit": {v.Unit}, "after": {box.Next}}.Encode()
	}
	if v.Notices, err = rd.notices(); err != nil {
		return err
	}
	return inboxPage.Render(w, r, v)
}

// groupOf says how urgent a due is.
func groupOf(due, now time.Time) string {
	switch {
	case due.IsZero() || due.After(now.AddDate(0, 0, 7)):
		return "inbox.later"
	case due.After(now):
		return "inbox.soon"
	}
	return "inbox.overdue"
}

// add puts a row into its group; the rows come in order of urgency.
func (v *inboxView) add(key string, row inboxRow) {
	if n := len(v.Groups); n == 0 || v.Groups[n-1].Key != key {
		v.Groups = append(v.Groups, inboxGroup{Key: key})
	}
	last := &v.Groups[len(v.Groups)-1]
	last.Rows = append(last.Rows, row)
}

func (rd reader) inboxRow(it Item) inboxRow {
	row := inboxRow{
		Href: rd.sh.Link(rd.s.pageOf(it.Case)), Title: rd.sh.In(it.Case.Title), Number: it.Case.Number, Do: rd.sh.In(it.Do), Lit: litAt(it.Light, it.Due, rd.s.now()), Due: rd.lastDay(it.Due), Left: rd.left(it.Left, it.Unit),
		Holder: rd.holder(it.Holder), Claimed: rd.person(it.Detail.Claimed), Joint: it.Detail.Joint, Reminded: it.Detail.Reminded, Level: it.Detail.Level,
	}
	if row.Title == "" {
		row.Title = row.Number
	}
	if it.Detail.From != nil {
		row.From = rd.owner(*it.Detail.From)
	}
	if it.Detail.Delegated != "" {
		row.From = rd.owner(it.Detail.Owner)
	}
	return row
}

// came says why a task is in its reader's own inbox.
func (rd reader) came(it Item) string {
	t := it.Detail
	switch {
	case t.Delegated != "":
		return rd.sh.In(text("委托给您", "handed to you"))
	case t.Owner.Person != "":
		return rd.sh.In(text("指名由您办", "it names you"))
	case t.Owner.Post != "":
		return rd.sh.In(text("您任 %s", "you are %s", rd.owner(t.Owner)))
	}
	return rd.sh.In(text("您是 %s", "you act for %s", rd.owner(t.Owner)))
}

func (rd reader) notices() ([]noticeView, error) {
	all, err := rd.s.Notices(rd.ctx)
	var out []noticeView
	for _, n := range all[:min(len(all), shownNotices)] {
		out = append(out, noticeView{rd.sh.Link("/flow/cases/" + n.Case), rd.sh.In(n.Title), rd.sh.In(n.Text), rd.minute(n.At)})
	}
	return out, err
}

// casesView is a list of cases, narrowed.
type casesView struct {
	Filter     Filter
	Procedures []choiceView
	Units      []choiceView
	Rows       []casesRow
	Next       string
}

type casesRow struct {
	Href, Title, Number, Procedure, State, Unit, Opened, Closed, Due string
	Lit                                                              Lit
}

// shownCases is how many cases a page shows.
const shownCases = 50

func (s *Service) showCases(w http.ResponseWriter, r *http.Request) error {
	rd, q := s.reader(r), r.URL.Query()
	v := casesView{Filter: Filter{Text: q.Get("q"), Procedure: q.Get("procedure"), Unit: q.Get("unit"), Subject: q.Get("subject"), Open: q.Get("all") == "", After: q.Get("after"), Limit: shownCases}}
	all, err := s.Find(rd.ctx, v.Filter)
	if err != nil {
		return err
	}
	if v.Procedures, err = rd.procedures(v.Filter.Procedure); err != nil {
		return err
	}
	v.Units = rd.units()
	for i := range v.Units {
		v.Units[i].Chosen = v.Units[i].Key == v.Filter.Unit
	}
	for _, c := range all {
		row, err := rd.casesRow(c)
		if err != nil {
			return err
		}
		v.Rows = append(v.Rows, row)
	}
	if len(all) == shownCases {
		next := url.Values{"after": {all[len(all)-1].ID}}
		for _, key := range []string{"q", "procedure", "unit", "subject", "all"} {
			if q.Get(key) != "" {
				next.Set(key, q.Get(key))
			}
		}
		v.Next = "/flow/cases?" + next.Encode()
	}
	return casesPage.Render(w, r, v)
}

// procedures lists the procedures that cases may be of.
func (rd reader) procedures(chosen string) ([]choiceView, error) {
	all, err := rd.s.Versions(rd.ctx, "")
	var out []choiceView
	for _, x := range all {
		if !slices.ContainsFunc(out, func(c choiceView) bool { return c.Key == x.ID }) {
			out = append(out, choiceView{Key: x.ID, Name: rd.sh.In(x.Name), Chosen: x.ID == chosen})
		}
	}
	return out, err
}

func (rd reader) casesRow(c Case) (casesRow, error) {
	p, err := rd.s.Procedure(rd.ctx, c.Digest)
	if err != nil {
		return casesRow{}, err
	}
	row := casesRow{
		Href: rd.sh.Link("/flow/cases/" + c.ID), Title: rd.sh.In(c.Title), Number: c.Number, Procedure: rd.sh.In(p.Name), State: rd.states(p, c.State.Active), Unit: rd.unit(c.Unit),
		Opened: c.Opened.In(rd.sh.Zone).Format(time.DateOnly), Due: rd.lastDay(c.Due), Lit: litAt(c.Light, c.Due, rd.s.now()),
	}
	if !c.Closed.IsZero() {
		row.Closed = c.Closed.In(rd.sh.Zone).Format(time.DateOnly)
	}
	if row.Title == "" {
		row.Title = row.Number
	}
	return row, nil
}
