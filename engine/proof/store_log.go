package proof

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"time"

	"filippo.io/torchwood"

	"yuzhou/engine/proof/tsa"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// LogState is what the log shows of itself.
type LogState struct {
	Origin      string   `json:"origin"`
	Size        int64    `json:"size" doc:"entries that the published checkpoint covers"`
	Root        string   `json:"root" doc:"base64, as in the checkpoint"`
	Checkpoint  string   `json:"checkpoint" doc:"signed note"`
	Witnesses   []string `json:"witnesses" doc:"who has cosigned it"`
	Independent bool     `json:"independent" doc:"false: nobody but the log's own operator vouches for it"`
	ZH          string   `json:"zh"`
	EN          string   `json:"en"`
	Waiting     int64    `json:"waiting" doc:"claims that are not stated yet"`
	Stamped     string   `json:"stamped,omitempty" doc:"when the newest time stamp was taken"`
}

// Shown describes the log as it is published now.
//
// Errors: fault.NotFound before anything was stated.
func (s *Service) Shown(ctx context.Context) (LogState, error) {
	out := LogState{Origin: s.Origin(), Witnesses: []string{}}
	text, err := s.read(ctx, "checkpoint")
	if err != nil {
		return out, err
	}
	c, err := readCheckpoint(text, out.Origin)
	if err != nil {
		return out, err
	}
	out.Size, out.Root, out.Checkpoint, out.Witnesses = c.Size, c.Root, string(text), c.Witnesses
	out.Independent = len(out.Witnesses) > 0
	out.ZH, out.EN = "没有独立见证：只有日志的运行者自己为它作证。", "No independent witness: nobody but the log's own operator vouches for it."
	if out.Independent {
		out.ZH, out.EN = "已由 "+strings.Join(out.Witnesses, "、")+" 见证。", "Cosigned by "+strings.Join(out.Witnesses, ", ")+"."
	}
	return out, s.db.Read(ctx, func(tx store.Tx) error {
		if _, err := tx.One(ctx, `SELECT count(*) FROM proof_claim`, nil, &out.Waiting); err != nil {
			return err
		}
		var at int64
		found, err := tx.One(ctx, `SELECT at FROM proof_stamp ORDER BY size DESC, at DESC LIMIT 1`, nil, &at)
		if found {
			out.Stamped = store.FromMicros(at).Format(time.RFC3339)
		}
		return err
	})
}

// shownCheckpoint is what a checkpoint of our own says; its signatures are not verified.
type shownCheckpoint struct {
	Origin    string
	Size      int64
	Root      string   // base64
	Witnesses []string // names of those who have signed beside the log
}

// readCheckpoint takes a checkpoint of our own apart.
func readCheckpoint(text []byte, origin string) (shownCheckpoint, error) {
	c, err := torchwood.ParseCheckpoint(string(signedText(text)))
	out := shownCheckpoint{Origin: origin, Size: c.N, Root: base64.StdEncoding.EncodeToString(c.Hash[:]), Witnesses: []string{}}
	if err != nil {
		return out, err
	}
	for line := range strings.Lines(string(text[len(signedText(text)):])) {
		signer, ok := strings.CutPrefix(line, "— ")
		name, _, _ := strings.Cut(signer, " ")
		if ok && name != origin {
			out.Witnesses = append(out.Witnesses, name)
		}
	}
	return out, nil
}

// VerifierPolicy returns the text by which a verifier knows this city: its log's key, the
// register's root, whom its time stamps lead to, and the witnesses it asks for. Whoever
// relies on it has to have it from somewhere else than from the bundle's sender.
//
// Errors: fault.NotFound before anything was stated.
func (s *Service) VerifierPolicy(ctx context.Context) (string, error) {
	var l, root, stamps *secret
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		if l, err = s.secret(ctx, tx, logUnit, logUnit); err != nil {
			return err
		}
		if root, err = s.secret(ctx, tx, s.site.Unit, rootKey); err != nil {
			return err
		}
		stamps, err = s.secret(ctx, tx, tsaUnit, tsaUnit)
		return err
	})
	if err == nil && (l == nil || root == nil) {
		err = fault.Say(fault.NotFound, "还没有声明任何内容，所以没有验证策略。", "nothing has been stated yet, so there is no policy to verify by")
	}
	if err != nil {
		return "", err
	}
	lines := []string{"log " + l.public}
	witnesses := "quorum none\n"
	if s.Policy != "" {
		witnesses = s.Policy
	}
	for line := range strings.Lines(witnesses) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "log ") && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	lines = append(lines, "root "+s.name(root.method())+" "+root.public)
	certificates, err := s.pins(stamps)
	for _, c := range certificates {
		lines = append(lines, "tsa "+base64.StdEncoding.EncodeToString(c.Raw))
	}
	return strings.Join(lines, "\n") + "\n", err
}

// pins returns what time stamps lead to: the certificates of the settings, and the root of
// our own authority.
func (s *Service) pins(own *secret) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	if s.Pins != "" {
		all, err := tsa.ParseCertificates([]byte(s.Pins))
		if err != nil {
			return nil, err
		}
		out = all
	}
	if own == nil {
		return out, nil
	}
	all, err := readCertificates(own.public)
	if err != nil {
		return nil, err
	}
	return append(out, all[0]), nil
}

// Vintage is one line of what was stated under a name.
type Vintage struct {
	Name    string `json:"name" doc:"with vintage"`
	Kind    string `json:"kind"`
	Text    string `json:"text" doc:"what it says"`
	Issued  string `json:"issued"`
	Digest  string `json:"digest"`
	Place   int64  `json:"place" doc:"index in the log; -1: not there yet"`
	Vintage int64  `json:"vintage"`
	Gone    bool   `json:"withdrawn,omitempty" doc:"this one withdraws the one before"`
}

// History lists what was stated under a name, newest first.
//
// Errors: fault.NotFound when nothing was.
func (s *Service) History(ctx context.Context, name string) ([]Vintage, error) {
	var out []Vintage
	err := s.db.Read(ctx, func(tx store.Tx) error {
		rows, err := vintages(ctx, tx, name)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fault.Say(fault.NotFound, "没有名为 %s 的声明。", "nothing was stated under the name %s", name)
		}
		for _, r := range rows {
			c, err := s.parseClaim(string(r.doc))
			if err != nil {
				return err
			}
			out = append(out, Vintage{
				Name: s.full(r.Ref), Kind: r.kind, Text: c.text(), Issued: instant(r.issued), Digest: r.digest, Place: r.place, Vintage: r.Vintage, Gone: c.Withdraw,
			})
		}
		return nil
	})
	return out, err
}

// Find lists the newest statements whose name holds a text, by name.
func (s *Service) Find(ctx context.Context, text string, most int) ([]Vintage, error) {
	var out []Vintage
	err := s.db.Read(ctx, func(tx store.Tx) error {
		rows, err := store.Collect(ctx, tx, `SELECT `+rowColumns+` FROM proof_statement p
			WHERE lower(name) LIKE lower($1) AND vintage = (SELECT max(vintage) FROM proof_statement q WHERE q.name = p.name) ORDER BY name LIMIT `+itoa(most),
			[]any{"%" + text + "%"}, scanRow)
		for _, r := range rows {
			c, err := s.parseClaim(string(r.doc))
			if err != nil {
				return err
			}
			out = append(out, Vintage{Name: s.full(r.Ref), Kind: r.kind, Text: c.text(), Issued: instant(r.issued), Digest: r.digest, Place: r.place, Vintage: r.Vintage, Gone: c.Withdraw})
		}
		return err
	})
	return out, err
}
