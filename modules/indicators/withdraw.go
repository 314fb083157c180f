package indicators

import (
	"context"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/event"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/ref"
	"yuzhou/kernel/store"
)

// maxReason is how long the reason of a withdrawal may be, in characters.
const maxReason = 1000

// Withdraw says of a published number, a target too, that it no longer holds and that
// nothing takes its place: a new vintage of status withdrawn, with the claim that
// withdraws the one before. What was known before stays known as of then; a better number
// is a new vintage later.
//
//   - name: resolvable, with or without prefix; a vintage must be the newest.
//   - reason: shown to everybody, 1–1000 characters.
//   - It returns the withdrawal as recorded.
//   - Errors: fault.NotFound, fault.Forbidden for whom the place is not theirs to curate,
//     fault.Invalid for what is computed, a demonstration or no reason, fault.Conflict
//     when it is withdrawn already or a newer vintage is there.
func (s *Service) Withdraw(ctx context.Context, name, reason string) (observation.Observation, error) {
	var none observation.Observation
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n == 0 || n > maxReason {
		return none, fault.Say(fault.Invalid, "请写明撤回的理由，不超过 %d 字。", "why is it withdrawn? Give a reason of at most %d characters", maxReason)
	}
	asked, pinned, err := s.parseName(name)
	if err != nil {
		return none, err
	}
	if err := s.Access.Decide(ctx, actor.Of(ctx), actor.Curate, asked.Unit); err != nil {
		return none, err
	}
	if i, err := s.Indicator(ctx, asked.Indicator); err != nil {
		return none, err
	} else if i.Formula != "" {
		return none, fault.Say(fault.Invalid, "%s 由公式推算：请撤回它所依据的数字。", "%s is computed by a formula: withdraw what it is computed from", i.ID)
	}
	var o observation.Observation
	err = s.db.Write(ctx, func(tx store.Tx) error {
		was, err := s.withdrawable(ctx, tx, asked, pinned)
		if err != nil {
			return err
		}
		o = s.withdrawalOf(ctx, was, reason)
		return s.recordWithdrawal(ctx, tx, o)
	})
	if err != nil {
		return none, err
	}
	if err := s.Proof.Settle(ctx); err != nil {
		return none, err
	}
	event.Publish(ctx, s.events, Recorded{[]string{o.Indicator}})
	return o, nil
}

// parseName takes a number's name apart into indicator, unit and period; pinned is its
// vintage, 0 when it names none.
func (s *Service) parseName(name string) (o observation.Observation, pinned int, err error) {
	missing := fault.Say(fault.NotFound, "%q 不是这里的数字的名称，例如 %s/st.hte/%s/2023-06-30。", "%q is not the name of a number here; one is %s/st.hte/%s/2023-06-30",
		name, s.site.Prefix, s.site.Unit)
	if !strings.HasPrefix(name, s.site.Prefix+"/") {
		name = s.site.Prefix + "/" + name
	}
	r, err := ref.Parse(name)
	if err != nil {
		return o, 0, err
	}
	parts := strings.Split(r.Path(), "/")
	if r.Prefix() != s.site.Prefix || len(parts) != 3 {
		return o, 0, missing
	}
	last, vintage, has := strings.Cut(parts[2], "@")
	if pinned, err = strconv.Atoi(vintage); has && (err != nil || pinned < 1) {
		return o, 0, missing
	}
	o.Indicator, o.Unit = parts[0], parts[1]
	o.Period, err = observation.ParsePathPeriod(last)
	return o, pinned, err
}

// withdrawable returns the newest vintage of a number, when it can be withdrawn.
func (s *Service) withdrawable(ctx context.Context, tx store.Tx, asked observation.Observation, pinned int) (observation.Observation, error) {
	rows, err := seriesRows(ctx, tx, asked.Indicator, asked.Unit, s.now())
	if err != nil {
		return asked, err
	}
	var o observation.Observation
	for _, r := range rows {
		if r.Period == asked.Period && r.Vintage > o.Vintage {
			o = r
		}
	}
	name := o.Name(s.site.Prefix)
	switch {
	case o.Vintage == 0 || pinned > o.Vintage:
		return o, fault.Say(fault.NotFound, "没有数字 %s。", "there is no number %s", numberPath(asked))
	case o.Status == observation.Withdrawn:
		return o, fault.Say(fault.Conflict, "%s 已经撤回。", "%s withdraws it already", name)
	case o.Status.Ours():
		return o, fault.Say(fault.Invalid, "%s 是推算或演示的数字，没有公布，无从撤回。", "%s is computed or a demonstration: it was not published, and nothing is to be withdrawn", name)
	case pinned != 0 && pinned < o.Vintage:
		return o, fault.Say(fault.Conflict, "已有新版 %s：只能撤回最新的一版。", "%s is newer: only the newest vintage can be withdrawn", name)
	}
	return o, nil
}

// withdrawalOf is the vintage that withdraws a number: the same number, so that it is
// seen what is withdrawn.
func (s *Service) withdrawalOf(ctx context.Context, was observation.Observation, reason string) observation.Observation {
	now := s.now()
	return observation.Observation{
		Indicator: was.Indicator, Unit: was.Unit, Period: was.Period, Vintage: was.Vintage + 1, Quantity: was.Quantity, Printed: was.Printed,
		Status: observation.Withdrawn, Was: was.Status, Known: now, Recorded: now, By: actor.Of(ctx).ID, Rank: was.Rank,
		Source: observation.Source{Document: "withdrawal." + store.NewID(now), Issuer: was.Source.Issuer, Figure: was.Source.Figure, Note: reason},
	}
}

// recordWithdrawal writes the vintage with its claim, its document and its audit.
func (s *Service) recordWithdrawal(ctx context.Context, tx store.Tx, o observation.Observation) error {
	if err := addAll(ctx, tx, s.Proof, []observation.Observation{o}); err != nil {
		return err
	}
	name := o.Name(s.site.Prefix).String()
	doc := Document{ID: o.Source.Document, Kind: "withdrawal", Published: s.site.Today().Format(time.DateOnly)}
	doc.ZH, doc.EN = "撤回 "+name, "Withdrawal "+name
	if err := putDoc(ctx, tx, "document", doc.ID, doc); err != nil {
		return err
	}
	return s.Audit.Audit(ctx, tx, "indicators.withdraw", name, o.Source.Note)
}
