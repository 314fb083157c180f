package directives

import (
	"context"

	"yuzhou/engine/proof"
	"yuzhou/engine/proof/statement"
)

// closure is what is stated of a directive that has ended: nothing of the people in it.
type closure struct {
	Number    string   `json:"number"`
	Subject   string   `json:"subject"`
	Condition string   `json:"condition"`
	Lead      string   `json:"lead"`
	Evidence  []string `json:"evidence"`
	Files     []string `json:"files"`
	Round     int      `json:"round"`
}

// Source returns what the evidence engine asks when it looks which directives have ended,
// and whether they are still what was stated.
func (s *Service) Source() proof.Source {
	return proof.Source{Kinds: []statement.Kind{statement.Closure}, Claims: s.closures, Kept: true, Page: func(name string) string {
		return "/directives/" + name[len("directive."):]
	}}
}

// closures calls use with the claim of every directive that is closed, or was and has
// been opened again.
func (s *Service) closures(ctx context.Context, use func(proof.Claim) error) error {
	all, err := s.List(s.program(ctx), Query{State: "all"})
	if err != nil {
		return err
	}
	for _, d := range all {
		status := d.Stage
		switch {
		case d.Stage == stageClosed:
		case d.Round > 1:
			status = "reopened"
		default:
			continue
		}
		content, err := proof.Content(closure{d.Number, d.Subject, d.Condition, d.Lead, d.Evidence, d.Files, d.Round})
		if err != nil {
			return err
		}
		if err := use(proof.Claim{Kind: statement.Closure, Name: "directive." + d.ID, Status: status, Content: content}); err != nil {
			return err
		}
	}
	return nil
}
