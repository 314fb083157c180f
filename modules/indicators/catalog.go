package indicators

import (
	"context"
	"slices"
	"strings"
	"sync"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// Document is a source that numbers come from.
type Document struct {
	pack.Text
	ID        string    `json:"id"`
	Kind      string    `json:"kind"` // primary, secondary, standard, import
	Published string    `json:"published,omitempty"`
	Note      string    `json:"note,omitempty"`
	Articles  []Article `json:"articles,omitempty"`
	Lines     []string  `json:"lines,omitempty"` // its text, when we hold it
}

// Article is a part of a document with a heading of its own.
type Article struct {
	pack.Text
	ID     string `json:"id"`
	First  int    `json:"first"` // 1-based line
	Last   int    `json:"last"`
	Byline string `json:"byline,omitempty"`
}

// ArticleAt returns the article that a line belongs to, the last that begins
// before it; false when there is none.
func (d Document) ArticleAt(line int) (a Article, ok bool) {
	for _, c := range d.Articles {
		if c.First <= line && line <= c.Last && (!ok || c.First >= a.First) {
			a, ok = c, true
		}
	}
	return a, ok
}

// Relations is how indicators stand to one another, as the pack declares it.
type Relations struct {
	Groups      []Group      `json:"groups"`
	StockFlow   []StockFlow  `json:"stock_flow"`
	Differ      []Pair       `json:"differ"`
	Same        []Pair       `json:"same"`
	Bundles     []Bundle     `json:"bundles"`
	KnownIssues []KnownIssue `json:"known_issues"`
}

// catalog is what rarely changes, read whole. It is never written after it is made.
type catalog struct {
	all       []observation.Indicator
	byID      map[string]observation.Indicator
	documents map[string]Document
	relations Relations
	differ    map[string][]Pair // by indicator, both ways
}

// cache keeps the catalog of one generation of the store.
type cache struct {
	mu         sync.Mutex
	generation uint64
	catalog    *catalog
}

// catalog returns the catalog of the store as it is now.
func (s *Service) catalog(ctx context.Context) (*catalog, error) {
	g, err := s.db.Generation(ctx)
	if err != nil {
		return nil, err
	}
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	if s.cache.catalog != nil && s.cache.generation == g {
		return s.cache.catalog, nil
	}
	c := &catalog{byID: map[string]observation.Indicator{}, documents: map[string]Document{}, differ: map[string][]Pair{}}
	if err := s.db.Read(ctx, func(tx store.Tx) error { return c.read(ctx, tx) }); err != nil {
		return nil, err
	}
	s.cache.catalog, s.cache.generation = c, g
	return c, nil
}

func (c *catalog) read(ctx context.Context, tx store.Tx) (err error) {
	if c.all, err = definitions(ctx, tx); err != nil {
		return err
	}
	docs, err := documents(ctx, tx)
	if err != nil {
		return err
	}
	if c.relations, err = relations(ctx, tx); err != nil {
		return err
	}
	order := map[string]int{}
	for n, g := range c.relations.Groups {
		order[g.ID] = n
	}
	slices.SortStableFunc(c.all, func(a, b observation.Indicator) int { return order[a.Group] - order[b.Group] })
	for _, i := range c.all {
		c.byID[i.ID] = i
	}
	for _, d := range docs {
		c.documents[d.ID] = d
	}
	for _, p := range c.relations.Differ {
		c.differ[p.A] = append(c.differ[p.A], p)
		c.differ[p.B] = append(c.differ[p.B], Pair{A: p.B, B: p.A, Text: p.Text})
	}
	return nil
}

// suggest names an indicator whose id or name holds what was asked for.
func (c *catalog) suggest(id string) string {
	for _, i := range c.all {
		if strings.Contains(i.ID, id) || strings.Contains(id, i.ID) || i.ZH == id || strings.EqualFold(i.EN, id) {
			return "; did you mean " + i.ID + " (" + i.ZH + ")?"
		}
	}
	return ""
}
