package collection

import (
	"cmp"
	"context"
	"slices"
	"time"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/store"
)

// Load is what asking for numbers has cost a unit, or what an asker has cost
// others. Minutes are estimates unless it says measured.
type Load struct {
	Unit     string    `json:"unit"`
	Name     pack.Text `json:"name"`
	Requests int       `json:"requests"`
	Numbers  int       `json:"numbers" doc:"that were to be filled in"`
	Minutes  float64   `json:"minutes" doc:"estimated for them"`
	Measured float64   `json:"measured_minutes" doc:"for which forms were open"`
	Timed    int       `json:"timed" doc:"requests that were measured at all"`
	Held     int       `json:"held" doc:"numbers that were not asked again"`
	Spared   float64   `json:"spared_minutes" doc:"estimated for those"`
	Refused  int       `json:"refused" doc:"requests and forms of which nothing was left"`
	Baseless int       `json:"without_basis" doc:"requests that name no legal basis"`
}

// BurdenEntry is a line of the ledger.
type BurdenEntry struct {
	At       time.Time `json:"at"`
	Title    pack.Text `json:"title"`
	Period   string    `json:"period,omitempty"`
	Asker    string    `json:"asker"`
	Unit     string    `json:"unit"`
	Basis    string    `json:"basis,omitempty"`
	Kind     string    `json:"kind" doc:"calendar, ask, form, revision"`
	Case     string    `json:"case,omitempty"`
	Numbers  int       `json:"numbers" doc:"that were asked for, held ones too"`
	Held     []Held    `json:"held,omitempty" doc:"those that were not asked again, with where they are"`
	Minutes  float64   `json:"minutes"`
	Measured float64   `json:"measured_minutes"`
	Spared   float64   `json:"spared_minutes"`
}

// Burden is the ledger with its sums.
type Burden struct {
	From    string        `json:"from"`
	Total   Load          `json:"total"`
	Units   []Load        `json:"units" doc:"who had to fill in, the most minutes first"`
	Askers  []Load        `json:"askers" doc:"who asked, the most minutes first"`
	Entries []BurdenEntry `json:"entries" doc:"the newest first, at most 200"`
}

// maxEntries is how many lines of the ledger an answer holds.
const maxEntries = 200

// Burden sums the ledger from a day on.
func (s *Service) Burden(ctx context.Context, from time.Time) (Burden, error) {
	rows, err := s.burdens(ctx, s.site.StartOf(from))
	if err != nil {
		return Burden{}, err
	}
	out := Burden{From: from.Format(time.DateOnly), Entries: []BurdenEntry{}}
	units, askers := map[string]*Load{}, map[string]*Load{}
	for _, b := range rows {
		out.Total.add(b)
		s.loadOf(ctx, units, b.Unit).add(b)
		s.loadOf(ctx, askers, b.Asker).add(b)
		if len(out.Entries) < maxEntries {
			out.Entries = append(out.Entries, BurdenEntry{b.At, b.Detail.Title, b.Detail.Period, b.Asker, b.Unit, b.Basis, b.Kind, b.Case, b.Fields, b.Detail.Held, b.Minutes, b.Measured, b.Spared})
		}
	}
	out.Units, out.Askers = ranked(units), ranked(askers)
	return out, nil
}

// loadOf finds or begins the sums of a unit.
func (s *Service) loadOf(ctx context.Context, m map[string]*Load, id string) *Load {
	if m[id] == nil {
		m[id] = &Load{Unit: id, Name: s.unitName(ctx, id)}
	}
	return m[id]
}

func (l *Load) add(b burdenRow) {
	l.Held += b.Held
	l.Spared += b.Spared
	l.Measured += b.Measured
	if b.Fields == b.Held {
		l.Refused++
		return
	}
	if b.Kind == byForm {
		return // nobody was asked by a form that was only looked at
	}
	l.Requests++
	l.Numbers += b.Fields - b.Held
	l.Minutes += b.Minutes
	if b.Measured > 0 {
		l.Timed++
	}
	if b.Basis == "" {
		l.Baseless++
	}
}

func ranked(m map[string]*Load) []Load {
	out := []Load{}
	for _, l := range m {
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b Load) int { return cmp.Or(cmp.Compare(b.Minutes, a.Minutes), cmp.Compare(a.Unit, b.Unit)) })
	return out
}

// Screened is what looking through forms has found.
type Screened struct {
	Forms      int         `json:"forms"`
	Fields     int         `json:"fields"`
	Duplicates []Duplicate `json:"duplicates"`
	Spared     float64     `json:"spared_minutes" doc:"estimate of what leaving them out spares each who fills in"`
}

// Screen looks through forms before they go out, and notes in the ledger what they
// would have asked again.
func (s *Service) Screen(ctx context.Context, forms []Form) (Screened, error) {
	d, err := s.dictionary(ctx)
	if err != nil {
		return Screened{}, err
	}
	out := Screened{Forms: len(forms)}
	var failed error
	out.Duplicates = d.Duplicates(forms, func(m Meant) (name, href, kind string) {
		name, href, kind, err := s.whereIs(ctx, d, m)
		if failed == nil {
			failed = err
		}
		return name, href, kind
	})
	if failed != nil {
		return out, failed
	}
	twice := map[string][]Held{}
	for _, x := range out.Duplicates {
		twice[x.Form] = append(twice[x.Form], Held{Cell{x.Indicator, x.Place}, x.Kind, x.Where, x.Href, ""})
	}
	out.Spared = float64(len(out.Duplicates)) * minutesEach
	now := s.now()
	return out, s.db.Write(ctx, func(tx store.Tx) error {
		out.Fields = 0
		for _, f := range forms {
			out.Fields += len(f.Fields)
			held := twice[f.ID]
			b := burdenRow{
				ID: store.NewID(now), At: now, Asker: f.Asker, Unit: d.place(f.Place), Key: "form." + f.ID, Basis: f.Basis, Kind: byForm, Fields: len(f.Fields), Held: len(held),
				Minutes: minutesEach * float64(len(f.Fields)-len(held)), Spared: minutesEach * float64(len(held)), Detail: burdenDetail{pack.Text{ZH: f.Title}, f.Period, held},
			}
			if err := putBurden(ctx, tx, b); err != nil {
				return err
			}
		}
		return nil
	})
}

// whereIs looks up where a number is held or asked for.
func (s *Service) whereIs(ctx context.Context, d *Dictionary, m Meant) (name, href, kind string, err error) { //nolint:revive // three texts of one place
	i, ok := d.byID[m.Indicator]
	if !ok || m.Period == (period.Period{}) {
		return "", "", "", nil
	}
	h, held, err := s.held(ctx, i, m.Place, m.Period, s.now())
	if err != nil || held {
		return h.Where, h.Href, h.Kind, err
	}
	id, err := s.askedAt(ctx, i, m.Place, m.Period)
	if err != nil || id == "" {
		return "", "", "", err
	}
	return id, "/collection/" + id, "asked", nil
}
