package proof

import (
	"context"
	"time"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
)

// refInput names a statement in a query.
type refInput struct {
	Name string `query:"name" required:"true" doc:"with or without the city's prefix and a vintage: st.hte/500101/2023-06-30@1"`
}

// keyInput is what a key is made or ended with.
type keyInput struct {
	Body struct {
		Unit  string `json:"unit,omitempty" doc:"that issues with the key"`
		Suite string `json:"suite,omitempty" enum:"eddsa-jcs-2022,sm2-sm3-jcs" doc:"eddsa-jcs-2022 when empty"`
		Key   string `json:"key,omitempty" doc:"to revoke: as the register names it"`
		Since string `json:"since,omitempty" doc:"to revoke: from when on its signatures do not count, RFC 3339; now when empty"`
	}
}

func (s *Service) operations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/proof/log", ID: "showLog", Summary: "Size, root and checkpoint of the log, and who has cosigned it"},
		func(ctx context.Context, _ *struct{}) (LogState, error) { return s.Shown(ctx) })
	web.Serve(rt, web.Operation{Path: "/proof/witness", ID: "showWitness", Summary: "By what others know this node as a witness"},
		func(ctx context.Context, _ *struct{}) (WitnessInfo, error) { return s.Witness(ctx) })
	web.Serve(rt, web.Operation{Path: "/proof/keys", ID: "listKeys", Summary: "The register of keys"},
		func(ctx context.Context, _ *struct{}) ([]KeyInfo, error) { return s.Register(ctx) })
	web.Serve(rt, web.Operation{Path: "/proof/statements", ID: "listStatements", Summary: "What was stated under a name, newest first"},
		func(ctx context.Context, in *refInput) ([]Vintage, error) {
			r, err := s.ParseRef(in.Name)
			if err != nil {
				return nil, err
			}
			return s.History(ctx, r.Name)
		})
	web.Serve(rt, web.Operation{Path: "/proof/audit", ID: "auditProof", Summary: "Reads the whole log and compares it with the database and the data: what was altered, and what rests on it", Need: actor.Visit},
		func(ctx context.Context, _ *struct{}) (Audited, error) { return s.Audit(ctx) })
	web.Serve(rt, web.Operation{Method: "POST", Path: "/proof/keys", ID: "rotateKey", Summary: "Puts a new key of a unit in force", Need: actor.Administer},
		func(ctx context.Context, in *keyInput) (KeyInfo, error) { return s.rotated(ctx, in) })
	web.Serve(rt, web.Operation{Method: "POST", Path: "/proof/keys/revoke", ID: "revokeKey", Summary: "Revokes a key from an instant on", Need: actor.Administer},
		func(ctx context.Context, in *keyInput) (KeyInfo, error) { return s.revoked(ctx, in) })
}

func (s *Service) rotated(ctx context.Context, in *keyInput) (KeyInfo, error) {
	suite := in.Body.Suite
	if suite == "" {
		suite = statement.SuiteEdDSA
	}
	if in.Body.Unit == "" {
		return KeyInfo{}, fault.Say(fault.Invalid, "没有给出单位 unit。", "unit is missing: whose key?")
	}
	method, err := s.Rotate(ctx, in.Body.Unit, suite)
	if err != nil {
		return KeyInfo{}, err
	}
	if err := s.Settle(ctx); err != nil {
		return KeyInfo{}, err
	}
	return s.info(ctx, method)
}

func (s *Service) revoked(ctx context.Context, in *keyInput) (KeyInfo, error) {
	since := s.now()
	if in.Body.Since != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, in.Body.Since); err != nil {
			return KeyInfo{}, fault.Say(fault.Invalid, "since %q 不是时间，例如 2026-11-23T09:00:00+08:00。", "since %q is not an instant such as 2026-11-23T09:00:00+08:00", in.Body.Since)
		}
	}
	if err := s.Revoke(ctx, in.Body.Key, since); err != nil {
		return KeyInfo{}, err
	}
	if err := s.Settle(ctx); err != nil {
		return KeyInfo{}, err
	}
	return s.info(ctx, in.Body.Key)
}

// info returns one key of the register.
func (s *Service) info(ctx context.Context, method string) (KeyInfo, error) {
	all, err := s.Register(ctx)
	if err != nil {
		return KeyInfo{}, err
	}
	for _, k := range all {
		if k.Name == s.name(s.path(method)) {
			return k, nil
		}
	}
	return KeyInfo{}, fault.Say(fault.NotFound, "登记册里没有密钥 %s。", "the register has no key %s", method)
}
