package flow

import (
	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
)

// offers lists the transitions that persons may send now, inner ones first.
func offers(p *procedure.Procedure, s State) []*procedure.Transition {
	if s.Done {
		return nil
	}
	return machine.Offers(p, s.Configuration)
}

// reasons describes the options of a list.
func reasons(options []procedure.Option) []Reason {
	out := make([]Reason, len(options))
	for i, o := range options {
		out[i] = Reason{Code: o.Code, ZH: o.ZH, EN: o.EN, Basis: o.Basis}
	}
	return out
}

// asked describes the fields of a form.
func asked(fields []procedure.Field) []Asked {
	out := make([]Asked, len(fields))
	for i, f := range fields {
		out[i] = Asked{Name: f.Name, Type: string(f.Type), ZH: f.Label.ZH, EN: f.Label.EN, HintZH: f.Hint.ZH, HintEN: f.Hint.EN, Required: f.Required, Options: reasons(f.Options)}
	}
	return out
}
