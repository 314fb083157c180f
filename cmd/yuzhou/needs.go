package main

import (
	"context"
	"slices"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/modules/directives"
	"yuzhou/modules/identifiers"
	"yuzhou/modules/identifiers/changefeed"
	"yuzhou/modules/identifiers/changefeed/jetstream"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/pebblestore"
	"yuzhou/modules/indicators"
	"yuzhou/modules/plan"
	"yuzhou/modules/projects"
)

// The adapters here turn one module's words into another's, and do nothing else.

// gaps gives directives where the plan's targets stand.
func gaps(p *plan.Service) func(ctx context.Context, date, known time.Time) ([]directives.Gap, error) {
	return func(ctx context.Context, date, known time.Time) ([]directives.Gap, error) {
		all, err := p.Gaps(ctx, date, known)
		out := make([]directives.Gap, len(all))
		for i, g := range all {
			out[i] = directives.Gap(g)
		}
		return out, err
	}
}

// elements gives projects the plan that they serve.
func elements(p *plan.Service) func(ctx context.Context, known time.Time) ([]projects.Element, error) {
	return func(ctx context.Context, known time.Time) ([]projects.Element, error) {
		v, err := p.Plan(ctx, known)
		if err != nil {
			return nil, err
		}
		under := map[string][]string{}
		for _, r := range v.Relations {
			under[r.From] = append(under[r.From], r.To)
		}
		names, err := p.TargetNames(ctx, known)
		if err != nil {
			return nil, err
		}
		out := make([]projects.Element, 0, len(v.Elements)+len(v.Targets))
		for _, e := range v.Elements {
			out = append(out, projects.Element{Text: e.Text, ID: e.ID, Kind: e.Kind, Under: under[e.ID], Slot: e.Slot})
		}
		for _, t := range v.Targets {
			out = append(out, projects.Element{Text: names[t.ID], ID: t.ID, Kind: "target", Under: []string{t.Element}})
		}
		return out, nil
	}
}

// late lets a missed milestone open a directive.
func late(d *directives.Service) func(ctx context.Context, l projects.Late) (string, error) {
	return func(ctx context.Context, l projects.Late) (string, error) {
		return d.OpenFrom(ctx, directives.ByProject, "project/"+l.Work+"."+l.Milestone, l.Unit, l.Name)
	}
}

// efforts tells the plan what works on a target.
type efforts struct {
	directives *directives.Service
	projects   *projects.Service
}

func (e *efforts) on(ctx context.Context, target string, known time.Time) (plan.Effort, error) {
	out := plan.Effort{Page: "/projects/effort?target=" + target}
	orders, err := e.directives.Works(ctx, target)
	if err != nil {
		return out, err
	}
	for _, d := range orders {
		out.Works = append(out.Works, plan.Work{Name: d.Title, Stage: d.Stage, Unit: d.Unit, Light: plan.Light(d.Light), Page: d.Href})
	}
	p, err := e.projects.Works(ctx, target, known)
	if err != nil {
		return out, err
	}
	for _, w := range p.Parts {
		out.Works = append(out.Works, plan.Work{Name: pack.Text(w.Name), Unit: w.Unit, Light: plan.Light(w.Standing.Light), Page: w.Page, Demo: w.Demo})
	}
	out.Cost, out.Demo = cost(p.Sum), cost(p.Demo)
	return out, nil
}

func cost(s projects.Sum) plan.Cost {
	return plan.Cost{Works: s.Works, Budget: s.Budget.String(), Spent: s.Spent.String()}
}

// openIdentifiers opens the store of identifiers that the node works on.
func openIdentifiers(h module.Host) func(ctx context.Context, dir string) (records.Store, error) {
	return func(ctx context.Context, dir string) (records.Store, error) {
		st, err := pebblestore.Open(ctx, dir, pebblestore.Options{Now: h.Now})
		if err != nil {
			return nil, err
		}
		return st, nil
	}
}

// openFeed connects to where changes of identifiers travel.
func openFeed(ctx context.Context, o changefeed.Options) (changefeed.Bus, error) {
	b, err := jetstream.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// observe records the figures of the city's own identifier node as numbers of those
// indicators that its pack has for them. Figures that others have published are of other
// indicators, and a period that somebody has published is left as it is.
func observe(h module.Host, ind *indicators.Service) func(ctx context.Context, f identifiers.Figures) error {
	return func(ctx context.Context, f identifiers.Figures) error {
		var all []observation.Observation
		for _, one := range []struct {
			indicator string
			value     uint64
		}{
			{"iid.own_registered", f.Registered},
			{"iid.own_resolutions", f.Resolved},
			{"iid.own_daily_resolutions", f.Answered},
			{"iid.own_nodes", f.Nodes},
			{"iid.own_enterprises", f.Enterprises},
		} {
			series, err := ind.Series(ctx, one.indicator, h.Site.Unit, h.Now())
			if fault.KindOf(err) == fault.NotFound {
				continue
			}
			if err == nil {
				all, err = withFigure(all, series, f, one.value)
			}
			if err != nil {
				return err
			}
		}
		if len(all) == 0 {
			return nil
		}
		for i := range all {
			all[i].Known, all[i].Recorded = h.Now(), h.Now()
		}
		_, err := ind.Publish(actor.With(ctx, actor.System(h.Site.Unit)), f.Document, f.Title, all)
		return err
	}
}

// withFigure adds the number that a figure is, unless its period has one already.
func withFigure(all []observation.Observation, series observation.Series, f identifiers.Figures, value uint64) ([]observation.Observation, error) {
	day, err := period.Parse(f.Day)
	if err != nil || slices.ContainsFunc(series.Vintages, func(o observation.Observation) bool { return o.Period == day }) {
		return all, err
	}
	unit := series.Indicator.Unit
	if unit.Exp() != 0 {
		return all, fault.New(fault.Invalid, "indicator %s counts in %s; give it the unit %s, the node counts one by one", series.Indicator.ID, unit, unit.Base())
	}
	status := observation.Final
	switch {
	case f.Demo:
		status = observation.Demo
	case f.Late:
		status = observation.Preliminary // resolutions are those until it was made
	}
	v := quantity.Int(int64(value)) //nolint:gosec // fewer
	return append(all, observation.Observation{
		Indicator: series.Indicator.ID, Unit: series.Unit, Period: day, Status: status, Printed: v.String() + unit.String(), By: "system",
		Quantity: quantity.Quantity{Value: v, Cmp: quantity.Equal, Unit: unit},
		Source:   observation.Source{Document: f.Document, Note: "the statement " + f.Document + " of the node's census"},
	}), nil
}
