package identifiers

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/template"
)

var statisticsPage = web.MustPage[statisticsView](pages, "pages/portal_statistics.html")

// statisticsView is what is registered and resolved below the prefixes of a registrant.
type statisticsView struct {
	desk
	Registered, Resolved, Named string // identifiers, resolutions, identifiers that were resolved
	Templates                   []figure
	Months                      []figure
	Most                        []figure // the identifiers that were resolved most
	Cut                         string   // so many records were looked at and no more; "" for all
}

// figure is a line of a statistic.
type figure struct {
	Name, Href string
	N          string
	Share      int64 // of the largest, in percent
}

const (
	statisticRecords = 200_000 // that are looked at for templates and months
	mostResolved     = 10
)

// statistics counts the records of a registrant.
type statistics struct {
	templates, months map[string]int64
	seen              int
	resolved, named   uint64
	most              []resolvedName
}

type resolvedName struct {
	name string
	n    uint64
}

func (s *Service) showStatistics(w http.ResponseWriter, r *http.Request) error {
	d, err := s.deskOf(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	st := statistics{templates: map[string]int64{}, months: map[string]int64{}}
	v := statisticsView{desk: d}
	var registered int64
	for _, h := range d.Prefixes {
		u, err := s.usage(ctx, h.Prefix)
		if err == nil {
			err = s.tallyPrefix(ctx, h.Prefix.Prefix, &st)
		}
		if err != nil {
			return err
		}
		registered += u.Registered
	}
	v.Registered, v.Resolved, v.Named = count64(registered), count64(int64(st.resolved)), count64(int64(st.named)) //nolint:gosec // far below
	if st.seen == statisticRecords {
		v.Cut = count64(statisticRecords)
	}
	st.keepMost()
	v.Templates, v.Months = figures(st.templates), figures(st.months)
	for _, one := range st.most {
		v.Most = append(v.Most, figure{Name: one.name, Href: "/identifiers/of/" + escapeName(handle.Name(one.name)), N: count64(int64(one.n)), Share: share(int64(one.n), int64(st.most[0].n))}) //nolint:gosec // far below
	}
	return statisticsPage.Render(w, r, v)
}

// tallyPrefix adds what is below one prefix.
func (s *Service) tallyPrefix(ctx context.Context, prefix string, to *statistics) error {
	st, err := s.open(ctx)
	if err != nil {
		return err
	}
	err = st.Scan(ctx, records.Range{Prefix: prefix}, func(v records.Version) error {
		if to.seen == statisticRecords {
			return errEnough
		}
		to.seen++
		name := ""
		if value, ok := v.Record.Value(template.Index); ok {
			name = string(value.Data)
		}
		to.templates[name]++
		to.months[v.At.In(s.site.Zone).Format("2006-01")]++
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return st.Counted(ctx, records.Range{Prefix: prefix}, func(folded string, n uint64) error {
		to.resolved += n
		to.named++
		to.most = append(to.most, resolvedName{folded, n})
		if len(to.most) > 10*mostResolved {
			to.keepMost()
		}
		return nil
	})
}

func (st *statistics) keepMost() {
	slices.SortFunc(st.most, func(a, b resolvedName) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name)) })
	st.most = st.most[:min(len(st.most), mostResolved)]
}

// figures writes counts as lines, by name.
func figures(counts map[string]int64) []figure {
	var out []figure
	top := int64(1)
	for _, n := range counts {
		top = max(top, n)
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, figure{Name: name, N: count64(counts[name]), Share: share(counts[name], top)})
	}
	return out
}

func share(n, of int64) int64 { return 100 * n / max(of, 1) }
