package verify

import (
	"errors"
	"time"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
)

// Check is one thing that was looked at.
type Check struct {
	ID      string `json:"id"`      // bundle, form, signature, key, log, witness, time, formula, input, replay, parts
	Subject string `json:"subject"` // name and vintage of the statement that it is about
	OK      bool   `json:"ok"`
	ZH      string `json:"zh"`
	EN      string `json:"en"`
}

// KeyUse is a key that signed.
type KeyUse struct {
	Name   string `json:"name"`
	Key    string `json:"key"`
	Period string `json:"period"`
	Status string `json:"status"`
}

// Stamp is a time stamp of the checkpoint.
type Stamp struct {
	Time      time.Time `json:"time"`
	Authority string    `json:"authority"`
}

// Report is what came of verifying a bundle.
type Report struct {
	OK          bool                 `json:"ok"`
	Name        string               `json:"name,omitempty"`
	Statement   *statement.Statement `json:"statement,omitempty"`
	Checks      []Check              `json:"checks"` // in the order in which they were made; the first that is broken is the last
	Origin      string               `json:"origin,omitempty"`
	Index       int64                `json:"index"`
	Size        int64                `json:"size"`
	Witnesses   []Cosignature        `json:"witnesses"`
	Independent bool                 `json:"independent"` // somebody beside the log's operator vouches for it
	Stamps      []Stamp              `json:"stamps"`
	Unchecked   int                  `json:"unchecked,omitempty"` // time stamps of which the policy trusts no authority
	Keys        []KeyUse             `json:"keys"`
	Inputs      int                  `json:"inputs"`
	Records     int64                `json:"records,omitempty"` // that it rests on by reference
	Replayed    string               `json:"replayed,omitempty"`
	FirstSeen   *time.Time           `json:"first_seen,omitempty"` // earliest time stamp or cosignature
}

// Broken returns the link that broke; the zero Check when none did.
func (r Report) Broken() Check {
	for _, c := range r.Checks {
		if !c.OK {
			return c
		}
	}
	return Check{}
}

// Sentence says what came of it: which link broke, or that everything holds.
func (r Report) Sentence() (zh, en string) {
	c := r.Broken()
	switch {
	case r.OK:
		return "全部成立。它证明谁、什么时候、依据什么说了什么，不证明所说的是真的。", "Everything holds. It proves who said what, when and from what, not that it is true."
	case c.Subject == "":
		return "不成立：" + c.ZH, "It does not hold: " + c.EN + "."
	}
	return "不成立：" + c.Subject + "，" + c.ZH, "It does not hold: " + c.Subject + ": " + c.EN + "."
}

// Witnessed says in plain words who vouches for the log.
func (r Report) Witnessed() (zh, en string) {
	if !r.Independent {
		return "没有独立见证：只有日志的运行者自己为它作证，他可能给别人看另一份日志。",
			"No independent witness: nobody but the log's own operator vouches for it, who could have shown somebody else another log."
	}
	return "有独立见证。", "Independent witnesses have cosigned it."
}

// chinese returns the sentence of an error in Chinese, "" when it has none.
func chinese(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f.ZH
	}
	return ""
}
