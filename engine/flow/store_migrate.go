package flow

import (
	"context"

	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// Migration moves running cases to another version of their procedure.
type Migration struct {
	From   string            `json:"from" doc:"digest of the version they run on"`
	To     string            `json:"to" doc:"digest of the version they are to run on"`
	States map[string]string `json:"states,omitempty" doc:"old state to new one; a state that is not named keeps its name"`
	Check  bool              `json:"check,omitempty" doc:"only say what would happen"`
}

// Migrated says what a migration has done or would do.
type Migrated struct {
	Cases    int            `json:"cases" doc:"open cases that run on the old version"`
	Moved    int            `json:"moved"`
	Findings []pack.Finding `json:"findings,omitempty" doc:"why nothing was moved"`
}

// Migrate checks the map against every open case of the old version and, when
// nothing is wrong with any, moves them all.
func (s *Service) Migrate(ctx context.Context, m Migration) (Migrated, error) {
	from, err := s.Procedure(ctx, m.From)
	if err != nil {
		return Migrated{}, err
	}
	to, err := s.Procedure(ctx, m.To)
	if err != nil {
		return Migrated{}, err
	}
	if from.ID != to.ID || from.Digest != m.From || to.Digest != m.To {
		return Migrated{}, fault.New(fault.Invalid, "from and to must be digests of two versions of one procedure, not of %s and %s", from.ID, to.ID)
	}
	var cases []row
	err = s.db.Read(ctx, func(tx store.Tx) error {
		cases, err = store.Collect(ctx, tx, `SELECT `+caseColumns+` FROM flow_case WHERE procedure = $1 AND closed = 0 AND digest = $2 ORDER BY id`, []any{from.ID, m.From}, scanCase)
		if err != nil {
			return err
		}
		cal, err := s.calendar(ctx, tx)
		settleAll(cases, cal, s.now())
		return err
	})
	if err != nil {
		return Migrated{}, err
	}
	out := Migrated{Cases: len(cases), Findings: procedure.CheckMap(from, to, m.States, standings(cases))}
	if m.Check || errorsOf(out.Findings) != nil {
		return out, nil //nolint:nilerr // the findings are the answer
	}
	for _, c := range cases {
		if _, err := s.do(ctx, &request{who: s.person(ctx), migrate: &migrant{c.ID, m}}); err != nil {
			return out, err
		}
		out.Moved++
	}
	return out, nil
}

// standings lists where cases stand.
func standings(cases []row) []procedure.Standing {
	var out []procedure.Standing
	for _, c := range cases {
		st := procedure.Standing{Case: c.ID, Active: c.State.Active, History: c.State.History, Data: c.State.Data}
		for name, k := range c.Clocks {
			if k.Stopped.IsZero() {
				st.Clocks = append(st.Clocks, name)
			}
		}
		out = append(out, st)
	}
	return out
}

// migrant is a case that is to be moved.
type migrant struct {
	id string
	m  Migration
}

func (b *batch) migrate(ctx context.Context, who person, g migrant) (Case, error) {
	r, err := b.find(ctx, g.id)
	if err != nil {
		return Case{}, err
	}
	if r.Digest != g.m.From {
		return Case{}, fault.Say(fault.Conflict, "办件 %s 已改用别的版本。", "case %s runs on another version by now", r.Number)
	}
	to, err := b.s.version(ctx, b.tx, g.m.To)
	if err != nil {
		return Case{}, err
	}
	states := map[string]any{}
	for k, v := range g.m.States {
		states[k] = v
	}
	was := r.p
	r.p, r.Digest = to, to.Digest
	err = b.happen(r, "", machine.Event{Name: eventMigrate, By: sender(who), At: b.now, Data: map[string]any{openDigest: to.Digest, "states": states}})
	if err != nil {
		r.p, r.Digest = was, was.Digest
	}
	return r.Case, err
}
