package identifiers

import (
	"net/http"

	"yuzhou/kernel/pack"
	"yuzhou/modules/identifiers/inspect"
)

// censusView is what the node and those below it count.
type censusView struct {
	Stats
	Days  []dayRow
	Lower []lowerRow
	Wrong int // findings, of whatever day was checked last
}

// dayRow is a census of this node.
type dayRow struct {
	inspect.Stated
	New   int64 // more than the day before
	First bool  // there is none before
	Proof string
}

// lowerRow is what a node below states.
type lowerRow struct {
	LowerAnswer
	At   string
	Says []pack.Text
	Href string
}

// shownDays is how many days the page shows.
const shownDays = 40

// showCensus shows how many identifiers there are, and how that was checked.
func (s *Service) showCensus(w http.ResponseWriter, r *http.Request) error {
	stats, err := s.stats(r.Context())
	if err != nil {
		return err
	}
	all, err := s.stated(r.Context(), shownDays)
	if err != nil {
		return err
	}
	v := censusView{Stats: stats}
	for i, d := range all {
		row := dayRow{Stated: d, First: i == len(all)-1}
		if !row.First {
			row.New = d.Registered - all[i+1].Registered
		}
		if d.Statement != "" {
			row.Proof = "/proof/of/" + d.Statement
		}
		v.Days = append(v.Days, row)
	}
	for _, l := range stats.Lower {
		row := lowerRow{LowerAnswer: l, At: l.Checked.In(s.site.Zone).Format("2006-01-02 15:04"), Href: "/identifiers/prefixes/" + l.Prefix}
		for _, f := range l.Problems {
			row.Says = append(row.Says, pack.Text{ZH: f.ZH, EN: f.EN})
		}
		v.Wrong += len(l.Problems) + l.Findings
		v.Lower = append(v.Lower, row)
	}
	return censusPage.Render(w, r, v)
}
