package main

import (
	"context"
	"time"

	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/modules/directives"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/pebblestore"
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
