package org

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// The engine's files of a pack. towns.yaml and bodies.yaml may be missing.
const (
	unitsFile  = "org/units.yaml"
	townsFile  = "org/towns.yaml"
	bodiesFile = "org/bodies.yaml"
)

type unitRow struct {
	pack.Pos
	pack.Text
	ID     string `pack:"id"`
	Kind   string `pack:"kind"`
	Parent string `pack:"parent"`
	Region string `pack:"region,optional"`
	From   string `pack:"from"`
	To     string `pack:"to,optional"`
	Source string `pack:"source"`
	Lines  []int  `pack:"lines,optional"`
}

type postRow struct {
	pack.Pos
	pack.Text
	ID     string `pack:"id"`
	Unit   string `pack:"unit"`
	Source string `pack:"source"`
	Lines  []int  `pack:"lines,optional"`
}

type personRow struct {
	pack.Pos
	pack.Text
	ID    string `pack:"id"`
	Post  string `pack:"post"`
	From  string `pack:"from,optional"`
	Lines []int  `pack:"lines,optional"`
	Note  string `pack:"note,optional"`
}

type orgDoc struct {
	Units  []unitRow   `pack:"units"`
	Posts  []postRow   `pack:"posts,optional"`
	People []personRow `pack:"people,optional"`
}

// readPack reads and checks the engine's files: units that exist, in a tree
// without cycles, of known kinds, with dates that are dates.
func readPack(p *pack.Pack) orgDoc {
	out := pack.Read[orgDoc](p, unitsFile)
	for _, name := range []string{townsFile, bodiesFile} {
		if p.Has(name) {
			doc := pack.Read[orgDoc](p, name)
			out.Units = append(out.Units, doc.Units...)
			out.Posts = append(out.Posts, doc.Posts...)
			out.People = append(out.People, doc.People...)
		}
	}
	for _, u := range out.Units {
		p.Define("unit", u.ID, u.Pos)
		checkUnit(p, u)
	}
	checkCycles(p, out.Units)
	for _, o := range out.Posts {
		p.Define("post", o.ID, o.Pos)
		p.Refer("unit", o.Unit, o.Pos)
		p.Refer("source", o.Source, o.Pos)
	}
	for _, o := range out.People {
		p.Define("person", o.ID, o.Pos)
		p.Refer("post", o.Post, o.Pos)
		checkDay(p, o.Pos, "person "+o.ID+": from", o.From)
	}
	p.Refer("unit", p.Manifest.Unit, p.Manifest.Pos)
	return out
}

func checkUnit(p *pack.Pack, u unitRow) {
	if u.ID == "" {
		p.Bad(u.Pos, "org.id", "a unit has no id; it needs a code or a word of its own")
	}
	if !slices.Contains(Kinds(), u.Kind) {
		p.Bad(u.Pos, "org.kind", "unit %s: kind %q is not one of %s", u.ID, u.Kind, strings.Join(Kinds(), ", "))
	}
	if u.ZH == "" {
		p.Bad(u.Pos, "org.name", "unit %s has no name in zh", u.ID)
	}
	p.Refer("unit", u.Parent, u.Pos)
	p.Refer("unit", u.Region, u.Pos)
	p.Refer("source", u.Source, u.Pos)
	checkDay(p, u.Pos, "unit "+u.ID+": from", u.From)
	checkDay(p, u.Pos, "unit "+u.ID+": to", u.To)
	if u.To != "" && u.To <= u.From {
		p.Bad(u.Pos, "org.validity", "unit %s: to %q is not after from %q", u.ID, u.To, u.From)
	}
}

func checkDay(p *pack.Pack, pos pack.Pos, what, text string) {
	if _, err := time.Parse(time.DateOnly, text); text != "" && err != nil {
		p.Bad(pos, "org.date", "%s %q is not a day such as 2023-07-10", what, text)
	}
}

// checkCycles reports each cycle once, at its unit that stands first in the files.
func checkCycles(p *pack.Pack, units []unitRow) {
	parent := map[string]string{}
	for _, u := range units {
		parent[u.ID] = u.Parent
	}
	state := map[string]int{} // 0 new, otherwise the number of the climb that saw it
	for i, u := range units {
		climb, id := i+1, u.ID
		for id != "" && state[id] == 0 {
			state[id] = climb
			id = parent[id]
		}
		if id == "" || state[id] != climb {
			continue
		}
		path := []string{id}
		for at := parent[id]; at != id; at = parent[at] {
			path = append(path, at)
		}
		where := slices.IndexFunc(units, func(o unitRow) bool { return slices.Contains(path, o.ID) })
		p.Bad(units[where].Pos, "org.cycle", "unit %s lies below itself: %s", id, strings.Join(append(path, id), " < "))
	}
}

// loadPack reads a pack for good: what it returns writes it. Loading the same
// pack twice changes nothing; grants are never touched.
func (s *Service) loadPack(p *pack.Pack) pack.Load {
	in := readPack(p)
	return func(ctx context.Context, tx store.Tx) error {
		n, err := loadUnits(ctx, tx, in.Units, s.day(s.now()))
		if err != nil {
			return err
		}
		if err := s.loadPosts(ctx, tx, in); err != nil {
			return err
		}
		if n == (loaded{}) {
			return nil
		}
		if err := touchTree(ctx, tx); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "org.pack.load", p.Manifest.ID, n.String())
	}
}

// loaded counts what a load has done to units.
type loaded struct{ added, changed, corrected, ended int }

// String says it as the audit keeps it.
func (n *loaded) String() string {
	return fmt.Sprintf("units: %d new, %d changed, %d corrected, %d ended", n.added, n.changed, n.corrected, n.ended)
}

// loadUnits brings the units up to the pack's state. A new name, kind, parent or
// region ends the version in force and begins another, on the day the pack says
// or else today; a new translation or source corrects it in place; a unit that
// is no longer in the pack ends today.
func loadUnits(ctx context.Context, tx store.Tx, rows []unitRow, today string) (n loaded, err error) {
	open, err := openUnits(ctx, tx)
	if err != nil {
		return n, err
	}
	all, err := unitVersions(ctx, tx)
	if err != nil {
		return n, err
	}
	past := map[string]Unit{} // newest version that has ended
	for _, u := range all {
		if u.To != "" {
			past[u.ID] = u
		}
	}
	for _, row := range rows {
		was, ok := open[row.ID]
		delete(open, row.ID)
		if !ok {
			err = n.begin(ctx, tx, row.unit(), past[row.ID])
		} else {
			err = n.continues(ctx, tx, row.unit(), was, today)
		}
		if err != nil {
			return n, err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(open)) {
		n.ended++
		if err := closeUnit(ctx, tx, open[id], later(open[id].From, today)); err != nil {
			return n, err
		}
	}
	return n, nil
}

// begin writes a unit that is not in force: a new one, or one that comes back.
func (n *loaded) begin(ctx context.Context, tx store.Tx, u, past Unit) error {
	if past.ID != "" {
		if u.To != "" && u.To <= past.To {
			return nil // the pack still says what is past
		}
		u.From = max(u.From, past.To)
	}
	n.added++
	return insertUnit(ctx, tx, u)
}

// continues brings the version in force to what the pack says.
func (n *loaded) continues(ctx context.Context, tx store.Tx, u, was Unit, today string) error {
	same := u.ZH == was.ZH && u.Kind == was.Kind && u.Parent == was.Parent && u.Region == was.Region
	if same {
		if u.From == "" {
			u.From = was.From // the day on which an earlier load saw it change
		}
		if u.From == was.From && u.To == was.To && u.EN == was.EN && u.Source == was.Source && slices.Equal(u.Lines, was.Lines) {
			return nil
		}
		n.corrected++
		return rewriteUnit(ctx, tx, u, was.From)
	}
	n.changed++
	if u.From <= was.From {
		u.From = today
	}
	if u.From <= was.From { // changed twice on one day: the first never was
		u.From = was.From
		return rewriteUnit(ctx, tx, u, was.From)
	}
	if err := closeUnit(ctx, tx, was, u.From); err != nil {
		return err
	}
	return insertUnit(ctx, tx, u)
}

// later returns the day on which something that began on from can end at the
// earliest, today if possible.
func later(from, today string) string {
	if from < today {
		return today
	}
	t, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return today
	}
	return t.AddDate(0, 0, 1).Format(time.DateOnly)
}

func (r unitRow) unit() Unit {
	return Unit{
		Text: r.Text, ID: r.ID, Kind: r.Kind, Parent: r.Parent, Region: r.Region,
		From: r.From, To: r.To, Source: r.Source, Lines: r.Lines,
	}
}

// loadPosts writes posts and people. What an owner has entered here about who
// holds a post stays.
func (s *Service) loadPosts(ctx context.Context, tx store.Tx, in orgDoc) error {
	for _, r := range in.Posts {
		if err := putPost(ctx, tx, Post{Text: r.Text, ID: r.ID, Unit: r.Unit, Source: r.Source, Lines: r.Lines}); err != nil {
			return err
		}
	}
	for _, r := range in.People {
		if err := putPerson(ctx, tx, r.ID, r.Text, r.Note); err != nil {
			return err
		}
		if err := s.loadHolder(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

// loadHolder lets a person hold the post that the pack says, in place of the one
// that an earlier pack said.
func (s *Service) loadHolder(ctx context.Context, tx store.Tx, r personRow) error {
	h := holding{r.ID, r.Post, "pack"}
	held, err := holdings(ctx, tx, r.ID, "pack")
	if err != nil || slices.Contains(held, r.Post) {
		return err
	}
	if done, err := settled(ctx, tx, h); err != nil || done {
		return err
	}
	for _, post := range held {
		if err := release(ctx, tx, holding{r.ID, post, "pack"}, s.day(s.now())); err != nil {
			return err
		}
	}
	return hold(ctx, tx, h, r.From)
}
