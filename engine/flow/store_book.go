package flow

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// Version is one version of a procedure.
type Version struct {
	ID       string    `json:"id"`
	Digest   string    `json:"digest"`
	Name     pack.Text `json:"name"`
	Guest    string    `json:"guest,omitempty" doc:"module whose procedure it is; absent: accepted by hand"`
	From     string    `json:"from,omitempty" doc:"first day in force"`
	Until    string    `json:"until,omitempty" doc:"first day after"`
	Accepted time.Time `json:"accepted"`
	Accepter string    `json:"accepter"`
	InForce  bool      `json:"in_force" doc:"new cases run on it today"`
	Open     int64     `json:"open" doc:"cases that are not closed and run on it"`
}

// errorsOf returns fault.Invalid that lists the errors among findings, or nil.
func errorsOf(findings []pack.Finding) error {
	var text strings.Builder
	for _, f := range findings {
		if f.Severity == pack.Error {
			text.WriteString("\n" + f.String())
		}
	}
	if text.Len() == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "the procedure cannot be accepted:%s", text.String())
}

// examine reads a procedure, as YAML or by its name as SCXML, and checks all that can be checked of it.
func (s *Service) examine(name string, source []byte) (*procedure.Procedure, []pack.Finding) {
	p, findings := parse(name, source)
	if p == nil || errorsOf(findings) != nil {
		return nil, findings
	}
	topics := []string{}
	for _, g := range s.guests {
		topics = slices.AppendSeq(topics, maps.Keys(g.Topics))
	}
	return p, append(findings, procedure.Check(p, procedure.Known{File: name, Topics: topics})...)
}

// settle puts a guest's procedures in force: those that are not there yet.
func (s *Service) settle(ctx context.Context, tx store.Tx, g Guest) error {
	if g.Procedures == nil {
		return nil
	}
	names, err := fs.Glob(g.Procedures, "*.yaml")
	if err != nil {
		return err
	}
	for _, name := range names {
		source, err := fs.ReadFile(g.Procedures, name)
		if err != nil {
			return err
		}
		p, findings := s.examine(name, source)
		if err := errorsOf(findings); err != nil {
			return err
		}
		if err := s.accept(ctx, tx, p, g.Name, program); err != nil {
			return err
		}
		s.mu.Lock()
		s.owned[p.ID] = g.Name
		s.mu.Unlock()
	}
	return nil
}

// guestOf returns the module that cases of a procedure are opened by, or "".
func (s *Service) guestOf(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owned[id]
}

// accept records a version of a procedure; one that is there already stays as it is.
func (s *Service) accept(ctx context.Context, tx store.Tx, p *procedure.Procedure, guest, by string) error {
	n, err := tx.Exec(ctx, `INSERT INTO flow_procedure (digest, id, guest, valid_from, valid_until, source, accepted, accepter)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (digest) DO NOTHING`,
		p.Digest, p.ID, guest, p.From, p.Until, string(p.Source), store.Micros(s.now()), by)
	if err != nil || n == 0 {
		return err
	}
	return s.proof.State(ctx, tx, procedureClaim(p.ID, p.Digest, len(p.Source)))
}

// inForce returns the version of a procedure that new cases run on at an instant.
func (s *Service) inForce(ctx context.Context, tx store.Tx, id string, now time.Time) (*procedure.Procedure, error) {
	day := now.In(s.site.Zone).Format(time.DateOnly)
	var digest string
	found, err := tx.One(ctx, `SELECT digest FROM flow_procedure WHERE id = $1 AND valid_from <= $2 AND (valid_until = '' OR valid_until > $2)
		ORDER BY accepted DESC, digest LIMIT 1`, []any{id, day}, &digest)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.Say(fault.NotFound, "流程 %q 在 %s 没有生效的版本。", "no procedure %q is in force on %s", id, day)
	}
	return s.version(ctx, tx, digest)
}

// version returns a version by its digest, from memory when it has been read before.
func (s *Service) version(ctx context.Context, tx store.Tx, digest string) (*procedure.Procedure, error) {
	s.mu.Lock()
	p := s.versions[digest]
	s.mu.Unlock()
	if p != nil {
		return p, nil
	}
	var id, source string
	found, err := tx.One(ctx, `SELECT id, source FROM flow_procedure WHERE digest = $1`, []any{digest}, &id, &source)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.Say(fault.NotFound, "没有版本为 %s 的流程。", "there is no version %s of any procedure", digest)
	}
	p, findings := procedure.Parse(id+".yaml", []byte(source))
	if err := errorsOf(findings); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions[digest] = p
	return p, nil
}

// Accept checks a procedure and puts it in force from the day it names.
//
// Errors: fault.Invalid with every finding that keeps it from being accepted.
func (s *Service) Accept(ctx context.Context, name string, source []byte) (Version, error) {
	if err := s.ready(ctx); err != nil {
		return Version{}, err
	}
	p, findings := s.examine(name, source)
	if err := errorsOf(findings); err != nil {
		return Version{}, err
	}
	by := sender(s.person(ctx))
	err := s.db.Write(ctx, func(tx store.Tx) error {
		if err := s.accept(ctx, tx, p, "", by); err != nil {
			return err
		}
		return s.who.Audit(ctx, tx, "flow.procedure.accept", p.ID, p.Digest)
	})
	if err != nil {
		return Version{}, err
	}
	all, err := s.Versions(ctx, p.ID)
	for _, v := range all {
		if v.Digest == p.Digest {
			return v, err
		}
	}
	return Version{}, err
}

// Versions returns all versions of a procedure, or of all when id is empty: by
// id, the newest first.
func (s *Service) Versions(ctx context.Context, id string) ([]Version, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	day := s.now().In(s.site.Zone).Format(time.DateOnly)
	var out []Version
	err := s.db.Read(ctx, func(tx store.Tx) error {
		var err error
		out, err = store.Collect(ctx, tx, `SELECT p.digest, p.id, p.guest, p.valid_from, p.valid_until, p.accepted, p.accepter,
				(SELECT COUNT(*) FROM flow_case c WHERE c.procedure = p.id AND c.closed = 0 AND c.digest = p.digest)
			FROM flow_procedure p WHERE ($1 = '' OR p.id = $1) ORDER BY p.id, p.accepted DESC, p.digest`, []any{id},
			func(scan func(...any) error) (v Version, err error) {
				var accepted int64
				err = scan(&v.Digest, &v.ID, &v.Guest, &v.From, &v.Until, &accepted, &v.Accepter, &v.Open)
				v.Accepted = store.FromMicros(accepted)
				return v, err
			})
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for i := range out {
			v := &out[i]
			p, err := s.version(ctx, tx, v.Digest)
			if err != nil {
				return err
			}
			v.Name = p.Name
			v.InForce = !seen[v.ID] && v.From <= day && (v.Until == "" || v.Until > day)
			seen[v.ID] = seen[v.ID] || v.InForce
		}
		return nil
	})
	return out, err
}

// Procedure returns a version by digest, or the one in force today by id.
func (s *Service) Procedure(ctx context.Context, id string) (*procedure.Procedure, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	var p *procedure.Procedure
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		if p, err = s.version(ctx, tx, id); fault.KindOf(err) == fault.NotFound {
			p, err = s.inForce(ctx, tx, id, s.now())
		}
		return err
	})
	return p, err
}
