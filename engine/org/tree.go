package org

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"yuzhou/kernel/store"
)

// tree is the units in memory. It is never changed once made.
type tree struct {
	generation uint64 // of the database when it was read
	stamp      int64  // of the units then
	today      string
	all        []Unit            // every version, by id and first day
	latest     map[string]Unit   // today's version, or else the last one
	children   map[string][]Unit // in force today, by code
}

func newTree(all []Unit, stamp int64, today string) *tree {
	t := &tree{stamp: stamp, today: today, all: all, latest: map[string]Unit{}, children: map[string][]Unit{}}
	for _, u := range all {
		if was, ok := t.latest[u.ID]; !ok || u.From <= today || !was.At(today) && was.From > today {
			t.latest[u.ID] = u // versions come in order: the last that has begun wins
		}
		if u.At(today) {
			t.children[u.Parent] = append(t.children[u.Parent], u)
		}
	}
	return t
}

// tree returns the units as of today. It asks the database for a few bytes when
// something has changed, and for all units only when they have.
func (s *Service) tree(ctx context.Context) (*tree, error) {
	generation, err := s.db.Generation(ctx)
	if err != nil {
		return nil, err
	}
	today := s.day(s.now())
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.cached
	if was != nil && was.generation == generation && was.today == today {
		return was, nil
	}
	var made *tree
	err = s.db.Read(ctx, func(tx store.Tx) error {
		stamp, err := treeStamp(ctx, tx)
		if err != nil {
			return err
		}
		if was != nil && was.stamp == stamp && was.today == today {
			again := *was
			made = &again
			return nil
		}
		all, err := unitVersions(ctx, tx)
		made = newTree(all, stamp, today)
		return err
	})
	if err != nil {
		return nil, err
	}
	made.generation = generation
	s.cached = made
	return made, nil
}

func (t *tree) below(id string, keep func(Unit) bool) []Unit {
	var out []Unit
	for _, u := range t.children[id] {
		if keep(u) {
			out = append(out, u)
		}
	}
	return out
}

// within climbs from unit. The pack's reader refuses cycles, but versions of
// different dates could still make one, so the climb counts its steps.
func (t *tree) within(unit, top string) bool {
	for range len(t.latest) {
		u, ok := t.latest[unit]
		if !ok {
			return false
		}
		if unit == top {
			return true
		}
		unit = u.Parent
	}
	return false
}

// above returns the units over id, the topmost first.
func (t *tree) above(id string) []Unit {
	var out []Unit
	for range len(t.latest) {
		u, ok := t.latest[t.latest[id].Parent]
		if !ok {
			break
		}
		out = append(out, u)
		id = u.ID
	}
	slices.Reverse(out)
	return out
}

func (t *tree) on(date string) []Unit {
	var out []Unit
	for _, u := range t.all {
		if u.At(date) {
			out = append(out, u)
		}
	}
	return out
}

// versions returns all versions of a unit, the oldest first.
func (t *tree) versions(id string) []Unit {
	var out []Unit
	for _, u := range t.all {
		if u.ID == id {
			out = append(out, u)
		}
	}
	return out
}

// find ranks by how the text fits (code, whole name, beginning, part), then by
// how large the unit is, then by code.
func (t *tree) find(text string, limit int) []Unit {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" {
		return nil
	}
	type hit struct {
		Unit
		fit int
	}
	var hits []hit
	for _, u := range t.all {
		if fit := fits(u, text); fit > 0 && u.At(t.today) {
			hits = append(hits, hit{u, fit})
		}
	}
	kinds := Kinds()
	slices.SortStableFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.fit, b.fit), cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), strings.Compare(a.ID, b.ID))
	})
	var out []Unit
	for _, h := range hits[:min(limit, len(hits))] {
		out = append(out, h.Unit)
	}
	return out
}

// fits returns 1 for the best fit and 0 for none. text is in lower case.
func fits(u Unit, text string) int {
	names := []string{strings.ToLower(u.ID), strings.ToLower(u.ZH), strings.ToLower(u.EN)}
	switch {
	case slices.Contains(names, text):
		return 1
	case slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, text) }):
		return 2
	case slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, text) }):
		return 3
	}
	return 0
}
