package indicators

import (
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/modules/indicators/formula"
)

// checkFormulas parses and types every formula of a pack and refuses those that
// stand on themselves.
func checkFormulas(p *pack.Pack, definitions []definitionRow) {
	byID := map[string]observation.Indicator{}
	for _, d := range definitions {
		byID[d.ID] = d.indicator()
	}
	env := func(id string) (formula.Info, error) {
		i, ok := byID[id]
		if !ok {
			return formula.Info{}, fault.New(fault.NotFound, "indicator %q is not defined in this pack", id)
		}
		return info(i), nil
	}
	var graph formula.Graph
	for _, d := range definitions {
		if d.Formula == "" {
			continue
		}
		if err := checkFormula(d, env, &graph); err != nil {
			p.Bad(d.Pos, "pack.formula", "indicator %s: %v", d.ID, err)
		}
	}
}

func checkFormula(d definitionRow, env formula.Env, graph *formula.Graph) error {
	e, err := formula.Parse(d.Formula)
	if err != nil {
		return err
	}
	t, err := formula.Check(e, env)
	if err != nil {
		return err
	}
	if _, err := t.In(d.Unit); err != nil {
		return err
	}
	return graph.Add(d.ID, e)
}
