// Package monitor follows a log from outside: it reads the public tiles and nothing else,
// and tells what an honest log would not show.
//
// What must hold: nothing is taken on trust but the reader's policy; what was seen once
// (the tree, each name's newest vintage) is remembered, and a log that shows another past
// is told of, whatever its operator has signed; a step that fails changes no state.
package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"yuzhou/engine/proof/statement"
	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/fault"
)

// Kind says what an alert is about.
type Kind string

// What is told.
const (
	Rollback   Kind = "rollback"   // the log is smaller than it was
	Fork       Kind = "fork"       // the log has another past than it had
	Stale      Kind = "stale"      // no new checkpoint for longer than is allowed
	Unwitness  Kind = "witness"    // fewer witnesses than the policy asks for
	Garbage    Kind = "garbage"    // an entry is no statement
	Signature  Kind = "signature"  // a signature does not hold, or its key was not in force
	Twice      Kind = "twice"      // a vintage of a name was stated twice, differently
	Gap        Kind = "gap"        // a vintage was left out, or does not name the one before
	Backdated  Kind = "backdated"  // issued before what stands before it in the log
	Future     Kind = "future"     // issued later than now
	Unexpected Kind = "unexpected" // a name that the reader watches was stated
	Missing    Kind = "missing"    // what was promised is not in the log
)

// Alert is one thing that an honest log would not show, or that the reader asked for.
type Alert struct {
	Kind  Kind   `json:"kind"`
	Index int64  `json:"index"` // of the entry; -1: of the whole log
	Name  string `json:"name,omitempty"`
	ZH    string `json:"zh"`
	EN    string `json:"en"`
}

// Stops reports whether there is no use in reading on.
func (a Alert) Stops() bool { return a.Kind == Rollback || a.Kind == Fork }

// Promise is a statement that the reader was told is in the log.
type Promise struct {
	Digest string    // of the statement
	Until  time.Time // by when it must be there
}

// Monitor is what a reader asks of a log. The fields are not changed while it is used.
type Monitor struct {
	Fetch   func(ctx context.Context, path string) ([]byte, error) // a file of the log: checkpoint, tile/…; fault.NotFound
	Policy  verify.Policy
	Watched []string      // names, or beginnings of names that end in /
	Expect  []Promise     //
	Quiet   time.Duration // for how long there may be no new checkpoint; 0: for ever
	Now     func() time.Time
}

// skew is how far a statement may be newer than the reader's clock.
const skew = 5 * time.Minute

// version of the state's form.
const version = 1

// state is what is remembered. A name costs some 200 bytes.
type state struct {
	Version int             `json:"version"`
	Origin  string          `json:"origin"`
	Size    int64           `json:"size"`
	Root    string          `json:"root"` // base64
	Moved   time.Time       `json:"moved"`
	Issued  time.Time       `json:"issued"` // newest
	Names   map[string]seen `json:"names"`
	Keys    map[string]life `json:"keys"`
	Kept    map[string]bool `json:"kept,omitempty"` // promises that were found
}

// seen is the newest statement of a name.
type seen struct {
	Vintage int64  `json:"v"`
	Digest  string `json:"d"`
}

// life is a key as the register has it.
type life struct {
	Key    string `json:"key"`
	Period string `json:"period"`
}

// read takes a state; empty is the beginning.
func read(text []byte) (*state, error) {
	s := &state{Version: version, Names: map[string]seen{}, Keys: map[string]life{}, Kept: map[string]bool{}}
	if len(text) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fault.New(fault.Invalid, "what was remembered of the log is no JSON of this program: %v", err)
	}
	if _, err := tlog.ParseHash(s.Root); s.Version != version || s.Size < 0 || s.Size > 0 && err != nil || s.Names == nil || s.Keys == nil {
		return nil, fault.New(fault.Invalid, "what was remembered of the log is damaged, or of another version")
	}
	if s.Kept == nil {
		s.Kept = map[string]bool{}
	}
	return s, nil
}

// step is one look at the log.
type step struct {
	*Monitor

	state  *state
	alerts []Alert
}

func (s *step) tell(k Kind, index int64, name, zh, en string) {
	s.alerts = append(s.alerts, Alert{k, index, name, zh, en})
}

// Step looks at the log once.
//
//   - was: what the step before returned; empty for the first.
//   - Result: what to remember, and what is to be told. After an alert that Stops, what is
//     remembered is as it was.
//   - Errors: what Fetch returns; fault.Invalid of a checkpoint that the log has not
//     signed, of tiles that do not belong to it, and of a damaged state.
func (m *Monitor) Step(ctx context.Context, was []byte) (now []byte, alerts []Alert, err error) {
	st, err := read(was)
	if err != nil {
		return was, nil, err
	}
	s := &step{m, st, nil}
	signed, err := m.Fetch(ctx, "checkpoint")
	if err != nil {
		return was, nil, err
	}
	c, err := m.Policy.Open(signed)
	if err != nil {
		return was, nil, err
	}
	if !m.Policy.Met(c.By) {
		s.tell(Unwitness, -1, "", "检查点的见证方不足策略所要求的数目。", "fewer witnesses have cosigned the checkpoint than the policy asks for")
	}
	if err := s.follow(ctx, c.Checkpoint); err != nil {
		return was, s.alerts, err
	}
	for _, a := range s.alerts {
		if a.Stops() {
			return was, s.alerts, nil
		}
	}
	s.promises()
	now, err = json.Marshal(s.state)
	return now, s.alerts, err
}

// follow compares a checkpoint with the one before and reads what is new.
func (s *step) follow(ctx context.Context, c verify.Checkpoint) error {
	st := s.state
	tree := tlog.Tree{N: c.Size, Hash: c.Root}
	switch {
	case st.Origin != "" && st.Origin != c.Origin:
		s.tell(Fork, -1, "", "这是另一份日志："+c.Origin+"。", "this is another log: "+c.Origin)
		return nil
	case c.Size < st.Size:
		s.tell(Rollback, -1, "", fmt.Sprintf("日志曾有 %d 条，现在只有 %d 条。", st.Size, c.Size), fmt.Sprintf("the log has had %d entries and has %d now", st.Size, c.Size))
		return nil
	case c.Size == st.Size && st.Size > 0:
		if c.Root.String() != st.Root {
			s.tell(Fork, -1, "", "同样条数的日志，根不同。", "the log has the same size and another root than before")
		}
		if s.Quiet > 0 && s.Now().Sub(st.Moved) > s.Quiet {
			s.tell(Stale, -1, "", "日志自 "+st.Moved.Format(time.RFC3339)+" 以来没有新的条目。", "the log has had nothing new since "+st.Moved.Format(time.RFC3339))
		}
		return nil
	}
	if st.Size > 0 {
		old, err := tlog.TreeHash(st.Size, torchwood.TileHashReaderWithContext(ctx, tree, Files{s.Fetch}))
		if err != nil {
			return damaged(err)
		}
		if old.String() != st.Root {
			s.tell(Fork, -1, "", fmt.Sprintf("日志前 %d 条与以前看到的不同。", st.Size), fmt.Sprintf("the first %d entries of the log are others than they were", st.Size))
			return nil
		}
	}
	if err := s.entries(ctx, tree); err != nil {
		return err
	}
	st.Origin, st.Size, st.Root, st.Moved = c.Origin, c.Size, c.Root.String(), s.Now().UTC()
	return nil
}

// damaged says that the tiles are not those of the tree.
func damaged(err error) error {
	if fault.KindOf(err) != "" || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &fault.Fault{Kind: fault.Invalid, Text: "the log's tiles do not belong to its checkpoint: " + err.Error(), Err: err}
}

// entries reads what is new.
func (s *step) entries(ctx context.Context, tree tlog.Tree) error {
	client, err := torchwood.NewClient(Files{s.Fetch})
	if err != nil {
		return err
	}
	at := s.state.Size
	for i, entry := range client.AllEntries(ctx, tree, at) {
		s.entry(i, entry)
		at = i + 1
	}
	if err := client.Err(); err != nil {
		return damaged(err)
	}
	if at != tree.N {
		return fault.New(fault.Invalid, "the log's tiles end at entry %d, its checkpoint is over %d", at, tree.N)
	}
	return nil
}

// entry looks at one entry.
func (s *step) entry(i int64, entry []byte) {
	st, _, err := statement.Parse(entry)
	if err != nil {
		s.tell(Garbage, i, "", fmt.Sprintf("第 %d 条不是声明。", i), fmt.Sprintf("entry %d is no statement: %v", i, err))
		return
	}
	name := fmt.Sprintf("%s@%d", st.Name, st.Vintage)
	if _, _, err := statement.Verify(entry, func(method string, at time.Time) (statement.Key, error) { return s.keyOf(st, method, at) }); err != nil {
		s.tell(Signature, i, name, name+" 的签名不成立，或密钥当时无效。", fmt.Sprintf("%s: %v", name, err))
		return
	}
	digest, err := st.Digest()
	if err != nil {
		s.tell(Garbage, i, name, name+" 没有摘要。", fmt.Sprintf("%s: %v", name, err))
		return
	}
	s.order(i, st, name)
	newest := s.vintage(i, st, digest)
	// An older statement of a key that stands in the log again does not undo its revocation.
	if newest && st.Kind == statement.KeyState {
		s.state.Keys[st.Name] = life{st.Value, st.Period}
	}
	for _, w := range s.Watched {
		if st.Name == w || strings.HasSuffix(w, "/") && strings.HasPrefix(st.Name, w) {
			s.tell(Unexpected, i, name, "有人声明了您关注的 "+name+"："+st.Value+" "+st.Unit+"。", "somebody has stated "+name+", which you watch: "+st.Value+" "+st.Unit)
		}
	}
	for _, p := range s.Expect {
		if p.Digest == digest {
			s.state.Kept[digest] = true
		}
	}
}

// keyOf returns the key that may sign: what the log itself has shown so far, and the
// policy's root.
func (s *step) keyOf(st statement.Statement, method string, at time.Time) (statement.Key, error) {
	if st.Kind == statement.KeyState {
		root := s.Policy.Root(method)
		if root == (statement.Key{}) {
			return root, fault.New(fault.Invalid, "%.80s is not a root of the register that the policy names", method)
		}
		return root, nil
	}
	k, ok := s.state.Keys[method]
	if !ok {
		return statement.Key{}, fault.New(fault.Invalid, "the log has not stated the key %.80s", method)
	}
	from, to, err := verify.Within(k.Period)
	if err != nil {
		return statement.Key{}, err
	}
	if at.Before(from) || !to.IsZero() && !at.Before(to) {
		return statement.Key{}, fault.New(fault.Invalid, "the key %s was not in force at %s but %s", method, at.Format(time.RFC3339), k.Period)
	}
	return statement.ParseKey(k.Key)
}

// order looks at when a statement was issued.
func (s *step) order(i int64, st statement.Statement, name string) {
	future := st.Issued.After(s.Now().Add(skew))
	if st.Issued.Before(s.state.Issued) {
		s.tell(Backdated, i, name, name+" 的声明时间早于日志中前面的声明。", fmt.Sprintf("%s says it was issued at %s, before what stands before it in the log (%s)", name, st.Issued, s.state.Issued.Format(time.RFC3339Nano)))
	} else if !future { // else all that is honest would stand behind it
		s.state.Issued = st.Issued.Time
	}
	if future {
		s.tell(Future, i, name, name+" 的声明时间在未来。", fmt.Sprintf("%s says it was issued at %s, which has not come", name, st.Issued))
	}
}

// vintage looks at what a statement follows; newest says that it is the name's newest.
func (s *step) vintage(i int64, st statement.Statement, digest string) (newest bool) {
	name := fmt.Sprintf("%s@%d", st.Name, st.Vintage)
	was := s.state.Names[st.Name]
	before := st.Supersedes + st.Withdraws
	switch {
	case st.Vintage <= was.Vintage:
		s.tell(Twice, i, name, fmt.Sprintf("%s 又声明了一次，该名称已有第 %d 版。", name, was.Vintage), fmt.Sprintf("%s is stated although vintage %d of the name was stated before", name, was.Vintage))
		return false
	case st.Vintage != was.Vintage+1:
		s.tell(Gap, i, name, name+" 缺少前一版。", fmt.Sprintf("%s follows vintage %d: one was left out", name, was.Vintage))
	case before != was.Digest:
		s.tell(Gap, i, name, name+" 没有指明前一版。", name+" does not name the statement of the vintage before")
	}
	s.state.Names[st.Name] = seen{st.Vintage, digest}
	return true
}

// promises tells of what should be in the log and is not.
func (s *step) promises() {
	if len(s.Expect) == 0 {
		return
	}
	newest := make(map[string]bool, len(s.state.Names)) // a promise may come after its entry was read
	for _, n := range s.state.Names {
		newest[n.Digest] = true
	}
	for _, p := range s.Expect {
		if newest[p.Digest] {
			s.state.Kept[p.Digest] = true
		}
		if !s.state.Kept[p.Digest] && s.Now().After(p.Until) {
			s.tell(Missing, -1, p.Digest, "日志中没有应有的声明 "+p.Digest+"。", "the log does not have the statement "+p.Digest+", which should be there since "+p.Until.Format(time.RFC3339))
		}
	}
}

// Files reads the tiles of a log, whatever its files are fetched by.
type Files struct {
	Fetch func(ctx context.Context, path string) ([]byte, error) // fault.NotFound when there is no such file
}

// ReadTiles implements torchwood.TileReader. A tile that has grown full since is cut.
func (f Files) ReadTiles(ctx context.Context, want []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(want))
	for i, t := range want {
		data, err := f.Fetch(ctx, torchwood.TilePath(t))
		if fault.KindOf(err) == fault.NotFound && t.W < torchwood.TileWidth {
			whole := t
			whole.W = torchwood.TileWidth
			data, err = f.Fetch(ctx, torchwood.TilePath(whole))
			if err == nil {
				data = cut(data, t)
			}
		}
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

// cut returns the part of a whole tile that a narrower one has.
func cut(data []byte, t tlog.Tile) []byte {
	if t.L >= 0 {
		return data[:min(len(data), t.W*tlog.HashSize)]
	}
	rest := data
	for range t.W {
		var err error
		if _, rest, err = torchwood.ReadTileEntry(rest); err != nil {
			return data // whoever reads it finds the same
		}
	}
	return data[:len(data)-len(rest)]
}

// ReadEndpoint implements torchwood.TileReader.
func (f Files) ReadEndpoint(ctx context.Context, path string) ([]byte, error) {
	return f.Fetch(ctx, path)
}

// SaveTiles implements torchwood.TileReader.
func (Files) SaveTiles([]tlog.Tile, [][]byte) {}
