package indicators

import (
	"context"
	"strconv"

	"yuzhou/engine/proof"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/ref"
)

// Evidence is how far a number is proved, and where its bundle is.
type Evidence struct {
	State  proof.State `json:"state,omitempty" enum:"proved,waiting,superseded,withdrawn,altered,unstated" doc:"left out where it was not asked: within a working"`
	Name   string      `json:"name" doc:"resolvable; with the vintage of the statement, where there is one"`
	Bundle string      `json:"bundle,omitempty" doc:"address of the file with which anyone can check the number; none when nobody has stated it"`
}

// bundlePath is where bundles are fetched, by resolvable name.
const bundlePath = "/api/v1/proof/bundles/"

// cited is the name under which a number is proved. A derived one is computed anew
// whenever it is shown: which vintage of its statement says so, only the engine knows.
func (s *Service) cited(o observation.Observation) string {
	if o.Status == observation.Derived {
		return ref.New(s.site.Prefix, numberPath(o)).String()
	}
	return o.Name(s.site.Prefix).String()
}

// bundle is the address of a number's bundle, on the server that names it; "" of a
// demonstration, which is never stated. It asks nobody, so that a million rows may have it.
func (s *Service) bundle(o observation.Observation) string {
	if o.Status == observation.Demo {
		return ""
	}
	return bundlePath + s.cited(o)
}

// named is the evidence of a number without asking how far it is proved.
func (s *Service) named(o observation.Observation) *Evidence {
	if o.Status == observation.Demo {
		return nil
	}
	return &Evidence{Name: s.cited(o), Bundle: s.bundle(o)}
}

// evidence asks how far a number is proved; nil of a demonstration.
func (s *Service) evidence(ctx context.Context, o observation.Observation) (*Evidence, error) {
	e := s.named(o)
	if e == nil {
		return nil, nil //nolint:nilnil // none is an answer here
	}
	st, err := s.Proof.Standing(ctx, Claim(o))
	if err != nil {
		return nil, err
	}
	e.State = st.State
	if st.Vintage > 0 {
		e.Name = ref.New(s.site.Prefix, numberPath(o)).String() + "@" + strconv.FormatInt(st.Vintage, 10)
	}
	e.Bundle = bundlePath + e.Name
	if st.State == proof.Unstated {
		e.Bundle = ""
	}
	return e, nil
}

// attested is a number as the API answers it, with how far it is proved.
func (s *Service) attested(ctx context.Context, o observation.Observation) (Datum, error) {
	d := s.datum(o)
	var err error
	d.Evidence, err = s.evidence(ctx, o)
	return d, err
}
