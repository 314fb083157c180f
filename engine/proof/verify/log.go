package verify

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"yuzhou/engine/proof/bundle"
	"yuzhou/engine/proof/statement"
	"yuzhou/engine/proof/tsa"
	"yuzhou/kernel/fault"
)

// logged checks that a part stands in the log.
func (v *verifier) logged(e bundle.Entry, s statement.Statement) bool {
	if e.Log == nil {
		return v.fail("log", "没有证明它写入了日志。", fault.New(fault.Invalid, "nothing proves that it stands in the log"))
	}
	p, err := parseLogProof(e.Log)
	if err != nil {
		return v.fail("log", "日志证明已损坏。", err)
	}
	if v.note == nil { // verified once for all parts
		if v.opened, err = v.policy.Open(p.note); err != nil {
			return v.fail("log", "检查点不是策略所列日志签名的。", err)
		}
		v.note = p.note
	}
	if !bytes.Equal(p.note, v.note) {
		return v.fail("log", "各部分的检查点不相同。", fault.New(fault.Invalid, "its log proof has another checkpoint than the part before"))
	}
	c := v.opened
	if tlog.CheckRecord(p.hashes, c.Size, c.Root, p.index, tlog.RecordHash(e.Doc)) != nil {
		return v.fail("log", "它不在检查点所列的日志里：日志证明不通向检查点的根。", fault.New(fault.Invalid, "its proof does not lead to the root of the checkpoint: it is not entry %d of the log", p.index))
	}
	v.pass("log", fmt.Sprintf("是日志 %s 的第 %d 条。", c.Origin, p.index), fmt.Sprintf("It is entry %d of the log %s.", p.index, c.Origin))
	if !v.witnessed(c.By, s) {
		return false
	}
	return v.stamped(e, c.Text, s)
}

// witnessed checks who has cosigned a checkpoint.
func (v *verifier) witnessed(by []Cosignature, s statement.Statement) bool {
	for _, c := range by {
		if c.Time.Before(s.Issued.Add(-skew)) {
			return v.fail("witness", "见证时间早于声明时间。", fault.New(fault.Invalid, "%s has cosigned at %s a checkpoint with a statement issued later, at %s", c.Witness, c.Time.Format(time.RFC3339), s.Issued))
		}
	}
	if !v.policy.Met(by) {
		return v.fail("witness", "见证方不足策略所要求的数目。", fault.New(fault.Invalid, "fewer witnesses have cosigned the checkpoint than the policy asks for (%s)", v.policy.quorum))
	}
	return true
}

// stamped checks the time stamps of a checkpoint.
func (v *verifier) stamped(e bundle.Entry, text string, s statement.Statement) bool {
	for _, token := range e.Stamps {
		if len(v.policy.pins) == 0 {
			v.report.Unchecked++
			continue
		}
		st, err := tsa.Verify(token, []byte(text), v.policy.pins)
		if err != nil {
			return v.fail("time", "时间戳不成立。", err)
		}
		if st.At.Before(s.Issued.Add(-skew)) {
			return v.fail("time", "时间戳早于声明时间。", fault.New(fault.Invalid, "the checkpoint with it was stamped at %s, before it was issued at %s", st.At.Format(time.RFC3339), s.Issued))
		}
		v.pass("time", "检查点由 "+st.Authority+" 于 "+st.At.Format(time.RFC3339)+" 加盖时间戳。", "The checkpoint was stamped at "+st.At.Format(time.RFC3339)+" by "+st.Authority+".")
	}
	return true
}

// first notes what the report says of the log, from the statement that is proved.
func (v *verifier) first(e bundle.Entry, s statement.Statement) bool {
	p, err := parseLogProof(e.Log)
	if err != nil {
		return v.fail("log", "日志证明已损坏。", err)
	}
	c := v.opened
	r := &v.report
	r.Origin, r.Index, r.Size, r.Independent = c.Origin, p.index, c.Size, len(c.By) > 0
	r.Witnesses = append(r.Witnesses, c.By...)
	slices.SortFunc(r.Witnesses, func(a, b Cosignature) int { return strings.Compare(a.Witness, b.Witness) })
	see := func(t time.Time) {
		if r.FirstSeen == nil || t.Before(*r.FirstSeen) {
			r.FirstSeen = &t
		}
	}
	for _, w := range c.By {
		see(w.Time)
	}
	for _, token := range e.Stamps {
		if st, err := tsa.Verify(token, []byte(c.Text), v.policy.pins); err == nil {
			r.Stamps = append(r.Stamps, Stamp{st.At, st.Authority})
			see(st.At)
		}
	}
	if len(r.Stamps) < v.options.Stamps {
		return v.fail("time", "时间戳不足所要求的数目。", fault.New(fault.Invalid, "the checkpoint has %d time stamps that hold, %d are asked for", len(r.Stamps), v.options.Stamps))
	}
	if r.FirstSeen != nil {
		late := r.FirstSeen.Sub(s.Issued.Time).Round(time.Second)
		v.pass("time", "声明于 "+s.Issued.String()+"，"+late.String()+" 之后最早见于时间戳或见证。", "Stated at "+s.Issued.String()+"; first stamped or cosigned "+late.String()+" later.")
	}
	zh, en := r.Witnessed()
	return v.pass("witness", zh, en)
}
