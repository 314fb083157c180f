package flow

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// Asking is what somebody wants to see of the inbox.
type Asking struct {
	Unit  string // a subtree's tasks in place of one's own: this unit and all below
	Only  bool   // with Unit: this unit alone
	After string // cursor: the Next of the page before
	Limit int    // 1 to 200; 50 when 0
}

// Item is one line of the inbox.
type Item struct {
	Task   string      `json:"task" doc:"id: case, a dot and a running number"`
	Case   Case        `json:"case"`
	Do     pack.Text   `json:"do" doc:"the state that waits: what is to be done"`
	Due    time.Time   `json:"due,omitzero"`
	Light  clock.Light `json:"light"`
	Left   *int        `json:"left,omitempty" doc:"units of the clock that are left; below 0 when overdue"`
	Unit   string      `json:"unit,omitempty" doc:"what left is counted in"`
	Holder string      `json:"holder" doc:"person:ID, post:ID or unit:ID:ROLE"`
	Detail Task        `json:"detail"`
}

// Inbox is one page of tasks, the most urgent first.
type Inbox struct {
	Items   []Item `json:"items"`
	Overdue int64  `json:"overdue" doc:"how many are past their due; at most 1000 are counted"`
	Soon    int64  `json:"soon" doc:"how many are due within seven days"`
	Later   int64  `json:"later"`
	Next    string `json:"next,omitempty" doc:"cursor of the next page; absent on the last"`
}

// maxAsked is how many tasks a page of the inbox has at most.
const maxAsked = 200

// maxCounted bounds what is counted for the inbox: nobody reads "18,402 overdue"
// and does anything else than for "1000 or more".
const maxCounted = 1000

// holders lists whose tasks are a person's own, as the index has them.
func (w person) holders() []string {
	out := []string{"person:" + w.ID}
	for _, p := range w.Posts {
		out = append(out, "post:"+p)
	}
	for _, g := range w.Grants {
		roles := []actor.Role{g.Role}
		if g.Role == actor.Owner {
			roles = []actor.Role{actor.Clerk, actor.Steward, actor.Leader}
		}
		for _, r := range roles {
			out = append(out, "unit:"+g.Unit+":"+string(r))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Inbox returns the tasks of the actor of ctx, or of a unit and all below it.
//
// Errors: fault.Forbidden when the actor has no role over the unit.
func (s *Service) Inbox(ctx context.Context, a Asking) (Inbox, error) {
	if err := s.ready(ctx); err != nil {
		return Inbox{}, err
	}
	if a.Limit == 0 {
		a.Limit = 50
	}
	if a.Limit < 0 || a.Limit > maxAsked {
		return Inbox{}, fault.New(fault.Invalid, "limit is %d; give 1 to %d", a.Limit, maxAsked)
	}
	column, keys, err := s.boxes(ctx, a)
	if err != nil {
		return Inbox{}, err
	}
	due, id, err := cursor(a.After)
	if err != nil {
		return Inbox{}, err
	}
	var box Inbox
	err = s.db.Read(ctx, func(tx store.Tx) error {
		cal, err := s.calendar(ctx, tx)
		if err != nil {
			return err
		}
		q := boxQuery{tx: tx, column: column, keys: keys, due: due, id: id, limit: a.Limit + 1}
		rows, err := q.first(ctx)
		if err != nil {
			return err
		}
		if len(rows) > a.Limit {
			rows = rows[:a.Limit]
			last := rows[len(rows)-1]
			box.Next = strconv.FormatInt(last.Due, 10) + "." + last.ID
		}
		if box.Items, err = s.items(ctx, tx, cal, rows); err != nil {
			return err
		}
		return q.count(ctx, s.now(), &box)
	})
	return box, err
}

// boxes says which column of the tasks is looked through for which values.
func (s *Service) boxes(ctx context.Context, a Asking) (column string, keys []string, err error) {
	who := s.person(ctx)
	if a.Unit == "" {
		return "holder", who.holders(), nil
	}
	if !who.program() && !who.over(a.Unit) {
		return "", nil, fault.Say(fault.Forbidden, "您在单位 %s 没有职责，不能看它的待办。", "you have no role over unit %s, so its inbox is not yours to see", a.Unit)
	}
	if a.Only {
		return "unit", []string{a.Unit}, nil
	}
	units, err := s.who.Units(ctx, s.now())
	if err != nil {
		return "", nil, err
	}
	for _, u := range units {
		if u.ID == a.Unit || who.Within(u.ID, a.Unit) {
			keys = append(keys, u.ID)
		}
	}
	return "unit", keys, nil
}

// cursor takes apart the Next of a page.
func cursor(text string) (due int64, id string, err error) {
	if text == "" {
		return -1, "", nil
	}
	n, id, ok := strings.Cut(text, ".")
	due, err = strconv.ParseInt(n, 10, 64)
	if err != nil || !ok {
		return 0, "", fault.New(fault.Invalid, "cursor %q is not one that a page before has given", text)
	}
	return due, id, nil
}

// boxQuery looks through the inboxes of several keys at once: each has its own
// index range, and the first rows of all are merged, so that the cost does not
// grow with how many tasks there are.
type boxQuery struct {
	tx     store.Tx
	column string
	keys   []string
	due    int64
	id     string
	limit  int
}

// boxRow is a task's row with the case it belongs to.
type boxRow struct {
	taskRow
	Case string
}

func (q boxQuery) first(ctx context.Context) ([]boxRow, error) {
	st, err := q.tx.Prepare(ctx, `SELECT id, case_, holder, unit, opened, due, light FROM flow_task WHERE `+q.column+` = $1 AND (due, id) > ($2, $3) ORDER BY due, id LIMIT $4`)
	if err != nil {
		return nil, err
	}
	defer st.Close() //nolint:errcheck // read only
	var out []boxRow
	for _, key := range q.keys {
		rows, err := st.QueryContext(ctx, key, q.due, q.id, q.limit)
		if err != nil {
			return nil, q.tx.Fault(err)
		}
		for rows.Next() {
			var r boxRow
			if err := rows.Scan(&r.ID, &r.Case, &r.Holder, &r.Unit, &r.Opened, &r.Due, &r.Light); err != nil {
				return nil, err
			}
			out = append(out, r)
		}
		if err := rows.Err(); err != nil {
			return nil, q.tx.Fault(err)
		}
	}
	slices.SortFunc(out, func(a, b boxRow) int { return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.ID, b.ID)) })
	return out[:min(len(out), q.limit)], nil
}

// count fills in how many tasks there are of each urgency.
func (q boxQuery) count(ctx context.Context, now time.Time, box *Inbox) error {
	today, week := store.Micros(now), store.Micros(now.AddDate(0, 0, 7))
	for _, part := range []struct {
		from, to int64
		n        *int64
	}{{-1, today, &box.Overdue}, {today, week, &box.Soon}, {week, 1<<63 - 1, &box.Later}} {
		for _, key := range q.keys {
			var n int64
			if _, err := q.tx.One(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM flow_task WHERE `+q.column+` = $1 AND due > $2 AND due <= $3 LIMIT $4) t`,
				[]any{key, part.from, part.to, maxCounted - *part.n}, &n); err != nil {
				return err
			}
			if *part.n += n; *part.n >= maxCounted {
				break
			}
		}
	}
	return nil
}

// items reads the cases that a page of tasks belongs to.
func (s *Service) items(ctx context.Context, tx store.Tx, cal clock.Calendar, rows []boxRow) ([]Item, error) {
	ids := make([]string, 0, len(rows))
	for _, t := range rows {
		ids = append(ids, t.Case)
	}
	cases, err := s.load(ctx, tx, cal, ids...)
	if err != nil {
		return nil, err
	}
	out := make([]Item, 0, len(rows))
	for _, t := range rows {
		if r := cases[t.Case]; r != nil {
			out = append(out, s.item(t, r, cal))
		}
	}
	return out, nil
}

// item is a task as its reader sees it, with its case.
func (s *Service) item(t boxRow, r *row, cal clock.Calendar) Item {
	it := Item{Task: t.ID, Case: r.Case, Light: lightOf(t.Light), Holder: t.Holder}
	if t.Due < never {
		it.Due = store.FromMicros(t.Due)
	}
	for _, task := range r.state.Tasks {
		if r.ID+"."+task.ID == t.ID {
			it.Detail = task
		}
	}
	if st := r.p.State(it.Detail.State); st != nil {
		it.Do = st.Name
	}
	if k, ok := r.state.Clocks[it.Detail.Clock]; ok && k.Running() {
		if left, err := k.Left(cal, s.now()); err == nil {
			it.Left, it.Unit = &left, string(k.Unit)
		}
	}
	return it
}
