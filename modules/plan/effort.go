package plan

import (
	"context"
	"time"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// Work is one thing that drives a target: a directive, a measure, a policy or a
// project, in the words of the module that keeps it.
type Work struct {
	Name  pack.Text
	Stage pack.Text // where it stands, in words; empty when its light says all
	Unit  string    // that does it
	Light Light     // "" when it has none
	Page  string    // its address
	Demo  bool      // generated for demonstration
}

// Cost is money that works on a target: nobody apportions it, so it must not be
// added up over targets.
type Cost struct {
	Works         int    // how many works have a budget line
	Budget, Spent string // 万元
}

// Effort is what works on a target, as the reader may see it, and what it has cost.
type Effort struct {
	Works []Work
	Cost  Cost
	Demo  Cost   // of demonstration data, never added to Cost
	Page  string // address of the account of the cost
}

// effortView is the effort on a target as pages show it.
type effortView struct {
	Rows  []effortRow
	Worst *Lit // of the rows; nil when none has a light
	Cost  Cost
	Demo  Cost
	Page  string
}

type effortRow struct {
	Name, Stage, Unit, Page string
	Lit                     *Lit
	Demo                    bool
}

// effort looks up what works on a target. Where nothing keeps such work there is
// nothing to show.
func (s *Service) effort(ctx context.Context, sh *web.Shell, target string, known time.Time) (effortView, error) {
	if s.Efforts == nil {
		return effortView{}, nil
	}
	e, err := s.Efforts(ctx, target, known)
	if err != nil {
		return effortView{}, err
	}
	v := effortView{Cost: e.Cost, Demo: e.Demo, Page: sh.Link(e.Page)}
	worst := len(Lights())
	for _, w := range e.Works {
		row := effortRow{Name: sh.In(w.Name), Stage: sh.In(w.Stage), Unit: w.Unit, Page: sh.Link(w.Page), Demo: w.Demo}
		if u, err := s.Units.Unit(ctx, w.Unit); err == nil {
			row.Unit = sh.In(u.Text)
		}
		for rank, l := range Lights() {
			if l != w.Light {
				continue
			}
			shown := lit(l)
			row.Lit = &shown
			if rank < worst {
				worst, v.Worst = rank, &shown
			}
		}
		v.Rows = append(v.Rows, row)
	}
	return v, nil
}

// TargetNames returns what every target of the plan is called, by its id.
func (s *Service) TargetNames(ctx context.Context, known time.Time) (map[string]pack.Text, error) {
	p, err := s.Plan(ctx, known)
	if err != nil {
		return nil, err
	}
	out := make(map[string]pack.Text, len(p.Targets))
	for _, t := range p.Targets {
		i, err := s.Readings.Indicator(ctx, t.Indicator)
		if err != nil {
			return nil, err
		}
		out[t.ID] = pack.Text{ZH: i.ZH + " → " + wanted(t).ZH, EN: i.EN + " → " + wanted(t).EN}
	}
	return out, nil
}
