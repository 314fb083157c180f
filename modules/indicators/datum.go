package indicators

import (
	"math"
	"time"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/ref"
)

// Datum is an observation as the API answers it: value × scale counts units.
type Datum struct {
	Name       string             `json:"name" doc:"resolvable name of this vintage"`
	Indicator  string             `json:"indicator"`
	Area       string             `json:"area" doc:"code of the place"`
	Period     string             `json:"period"`
	Value      float64            `json:"value" doc:"as printed"`
	Comparator string             `json:"comparator" doc:"= ~ ~< > >= <= <"`
	Unit       string             `json:"unit" doc:"what is counted, without the scale word"`
	Scale      float64            `json:"scale" doc:"what the scale word stands for: 10000 for 万"`
	Measure    string             `json:"measure" doc:"the unit as printed, scale word and all"`
	Places     int                `json:"places" doc:"digits after the point, as printed"`
	Printed    string             `json:"printed"`
	Status     string             `json:"status"`
	Vintage    int                `json:"vintage" doc:"1 is the first that was known"`
	KnownSince string             `json:"known_since"`
	KnownIs    string             `json:"known_is,omitempty" doc:"latest: known by then at the latest, the true date is not known"`
	Source     observation.Source `json:"source"`
	Rank       *observation.Rank  `json:"rank,omitempty"`
	Inputs     []string           `json:"inputs,omitempty" doc:"of a derived number: figures it is made from"`
	Working    string             `json:"working,omitempty" doc:"of a derived number: its arithmetic or formula"`
	Evidence   *Evidence          `json:"evidence,omitempty" doc:"how far it is proved; none of demonstrations"`
}

func (s *Service) datum(o observation.Observation) Datum {
	unit, scale := scaled(o.Quantity.Unit)
	d := Datum{
		Name: o.Name(s.site.Prefix).String(), Indicator: o.Indicator, Area: o.Unit, Period: o.Period.String(),
		Value: o.Quantity.Value.Float(), Comparator: string(o.Quantity.Cmp), Unit: unit, Scale: scale, Measure: o.Quantity.Unit.String(),
		Places: o.Quantity.Value.Places(), Printed: o.Printed, Status: string(o.Status), Vintage: o.Vintage,
		KnownSince: o.Known.In(s.site.Zone).Format(time.RFC3339), Source: o.Source, Rank: o.Rank, Inputs: o.Inputs, Working: o.Working,
		Evidence: s.named(o),
	}
	if o.KnownBy {
		d.KnownIs = "latest"
	}
	return d
}

// scaled splits a unit into what is counted and the number its scale word stands
// for. A unit with a bar, or a percentage, is left whole with scale 1.
func scaled(u quantity.Unit) (unit string, scale float64) {
	if u.Den() != "" || u.Exp() < 0 {
		return u.String(), 1
	}
	return u.Num(), math.Pow10(u.Exp())
}

// DefinitionJSON is a definition as the API answers it.
type DefinitionJSON struct {
	ID        string              `json:"id"`
	Name      string              `json:"name" doc:"resolvable name"`
	ZH        string              `json:"zh"`
	EN        string              `json:"en"`
	ConceptZH string              `json:"concept_zh"`
	ConceptEN string              `json:"concept_en"`
	About     string              `json:"about,omitempty"`
	Nature    string              `json:"nature"`
	Unit      string              `json:"unit"`
	Direction string              `json:"direction"`
	Space     string              `json:"space"`
	Time      string              `json:"time"`
	Frequency string              `json:"frequency"`
	Body      string              `json:"body"`
	Group     string              `json:"group"`
	Formula   string              `json:"formula,omitempty"`
	Version   int                 `json:"version"`
	Breaks    []observation.Break `json:"breaks,omitempty"`
}

func (s *Service) definition(i observation.Indicator) DefinitionJSON {
	return DefinitionJSON{
		ID: i.ID, Name: ref.New(s.site.Prefix, i.ID).String(), ZH: i.ZH, EN: i.EN, ConceptZH: i.ConceptZH, ConceptEN: i.ConceptEN, About: i.About,
		Nature: string(i.Nature), Unit: i.Unit.String(), Direction: i.Direction, Space: i.Space, Time: i.Time, Frequency: i.Frequency,
		Body: i.Body, Group: i.Group, Formula: i.Formula, Version: i.Version, Breaks: i.Breaks,
	}
}
