package org

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

var (
	unitsPage  = web.MustPage[unitsView](files, "pages/units.html")
	unitPage   = web.MustPage[UnitDetail](files, "pages/unit.html")
	routesPage = web.MustPage[routesView](files, "pages/routes.html")
)

type unitsView struct {
	Query  string
	Found  []Unit // when something was looked for
	City   Unit
	Counts []kindCount
	Groups []groupView
	Bodies []Unit
}

type kindCount struct {
	Kind  string
	Count int
}

type groupView struct {
	Unit      // empty for districts that belong to no group
	Districts []districtView
}

type districtView struct {
	Unit
	Towns int
}

// UnitDetail is a unit with all that stands around it.
type UnitDetail struct {
	Unit     Unit   `json:"unit"`
	Above    []Unit `json:"above" doc:"the units over it, the topmost first"`
	Region   *Unit  `json:"region,omitempty" doc:"the group it is compared within"`
	Children []Unit `json:"children" doc:"right below it today, by code"`
	Members  []Unit `json:"members,omitempty" doc:"of a group"`
	Posts    []Post `json:"posts"`
	Versions []Unit `json:"versions" doc:"all its versions, the oldest first"`
}

// Below groups the children by kind, for the page.
func (d UnitDetail) Below() []kindUnits {
	var out []kindUnits
	for _, kind := range Kinds() {
		var units []Unit
		for _, u := range d.Children {
			if u.Kind == kind {
				units = append(units, u)
			}
		}
		if len(units) > 0 {
			out = append(out, kindUnits{kind, units})
		}
	}
	return out
}

type kindUnits struct {
	Kind  string
	Units []Unit
}

func (s *Service) showUnits(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tree(r.Context())
	if err != nil {
		return err
	}
	v := unitsView{Query: strings.TrimSpace(r.URL.Query().Get("q"))}
	v.Found = t.find(v.Query, 50)
	v.fill(t.on(web.ShellOf(r.Context()).DateText()), s.site.Unit)
	return unitsPage.Render(w, r, v)
}

// fill sorts the units in force on the page's date into what the page shows.
func (v *unitsView) fill(units []Unit, city string) {
	towns, counts, groups := map[string]int{}, map[string]int{}, map[string]*groupView{}
	var order []*groupView
	for _, u := range units {
		counts[u.Kind]++
		switch {
		case u.ID == city:
			v.City = u
		case u.Kind == Town:
			towns[u.Parent]++
		case u.Kind == Group:
			g := &groupView{Unit: u}
			groups[u.ID] = g
			order = append(order, g)
		case u.Kind == Body || u.Kind == BodyOutside:
			v.Bodies = append(v.Bodies, u)
		}
	}
	rest := &groupView{}
	for _, u := range units {
		if u.Kind != District && u.Kind != County {
			continue
		}
		g := cmp.Or(groups[u.Region], rest)
		g.Districts = append(g.Districts, districtView{u, towns[u.ID]})
	}
	for _, g := range append(order, rest) {
		if len(g.Districts) > 0 {
			v.Groups = append(v.Groups, *g)
		}
	}
	for _, kind := range Kinds() {
		if counts[kind] > 0 && kind != Nation && kind != City {
			v.Counts = append(v.Counts, kindCount{kind, counts[kind]})
		}
	}
}

// detail returns a unit and what stands around it; fault.NotFound for none.
func (s *Service) detail(ctx context.Context, id string) (UnitDetail, error) {
	u, err := s.Unit(ctx, id)
	if err != nil {
		return UnitDetail{}, err
	}
	t, err := s.tree(ctx)
	if err != nil {
		return UnitDetail{}, err
	}
	d := UnitDetail{Unit: u, Above: t.above(id), Children: t.below(id, func(Unit) bool { return true }), Versions: t.versions(id)}
	if region, ok := t.latest[u.Region]; ok {
		d.Region = &region
	}
	if u.Kind == Group {
		d.Members = slices.DeleteFunc(t.on(t.today), func(m Unit) bool { return m.Region != id })
	}
	err = s.db.Read(ctx, func(tx store.Tx) error {
		d.Posts, err = postsOf(ctx, tx, id, t.today)
		return err
	})
	return d, err
}

func (s *Service) showUnit(w http.ResponseWriter, r *http.Request) error {
	d, err := s.detail(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return unitPage.Render(w, r, d)
}

type routesView struct {
	Roles  []actor.Role
	Routes []routeLine
}

// routeLine is a route and which roles may use it.
type routeLine struct {
	web.Route
	Roles []actor.Role `json:"roles"`
}

// inventory lists every route of the program with the roles that pass Decide
// for its permission, by pattern.
func inventory(rt *web.Router) []routeLine {
	var out []routeLine
	for _, route := range rt.Routes() {
		line := routeLine{Route: route}
		for _, role := range actor.Roles() {
			if role.Has(route.Need) {
				line.Roles = append(line.Roles, role)
			}
		}
		out = append(out, line)
	}
	slices.SortStableFunc(out, func(a, b routeLine) int {
		_, pathA, _ := strings.Cut(a.Pattern, " ")
		_, pathB, _ := strings.Cut(b.Pattern, " ")
		return cmp.Or(strings.Compare(pathA, pathB), strings.Compare(a.Pattern, b.Pattern))
	})
	return out
}

// May reports whether a role may use the route, for the page.
func (l routeLine) May(r actor.Role) bool { return slices.Contains(l.Roles, r) }

func (s *Service) showRoutes(rt *web.Router) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return routesPage.Render(w, r, routesView{actor.Roles(), inventory(rt)})
	}
}
