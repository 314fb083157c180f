// Package scxml writes procedures as SCXML, so that any statechart tool can draw
// them, and reads SCXML of its own and of other tools.
//
// What must hold: a procedure that is written and read back is the same, to the
// byte of what procedure.Print makes of it; the statechart itself is plain SCXML
// 1.0, valid by its schema; what only this program knows (owners, clocks, reasons,
// forms, wordings, the actions of the closed list) lies in a namespace of its own,
// which other tools pass over. Nothing that is read is ever run: what is no part of
// a procedure (script, invoke) is refused with its line, never left out in silence
// when it would change what happens.
//
// Source: W3C, State Chart XML (SCXML), Recommendation of 1 September 2015.
//
// # What stands where
//
//	<scxml name="ID" datamodel="cel" yz:zh yz:en yz:basis yz:subject yz:from yz:until>
//	  <datamodel><yz:field name type required default zh en hint_zh hint_en><yz:option code zh en basis/></yz:field></datamodel>
//	  <yz:reasons id><yz:option code zh en basis/></yz:reasons>
//	  <yz:clock id kind unit limit warn basis part zh en><yz:pause reasons/></yz:clock>
//	  <yz:opening>ACTIONS</yz:opening>           what an opening does
//	  <state id yz:zh yz:en yz:note_zh yz:note_en yz:clock yz:at_rest>
//	    <yz:owner unit role post person joint><yz:not event/></yz:owner>
//	    <onentry>ACTIONS</onentry>
//	    <transition event cond target type yz:zh yz:en yz:reasons yz:refusal>
//	      <yz:by …as owner/> <yz:form><yz:field/></yz:form> ACTIONS
//
// Actions: assign is <assign location="data.FIELD">, of several fields with
// yz:and="true" on the second and further ones; raise is <raise>, with data <send
// target="#_internal">; emit is <send target="#_parent"> or "#_children"; the others
// are yz:notify, yz:start, yz:pause and so on, with <param> for their data.
//
// # Charts of other tools
//
// They may lack the namespace. Conditions and values in ECMAScript are translated
// when they mean the same in CEL (see translate), <log> is passed over, states
// without an id get one. <script>, <invoke>, <if>, <foreach>, <cancel>, delays and
// events to elsewhere are findings.
package scxml

import (
	"io"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
)

// MediaType is what a chart is served as. Source: SCXML 1.0 appendix G.
const MediaType = "application/scxml+xml"

const (
	standard = "http://www.w3.org/2005/07/scxml"
	own      = "urn:yuzhou:procedure:v1"
	ownAll   = "urn:yuzhou:procedure:"
	prefix   = "yz"
)

// The targets of <send> that a procedure knows, as §C.1 spells them.
const (
	toSelf     = "#_internal"
	toParent   = "#_parent"
	toChildren = "#_children"
)

// Write writes a procedure as SCXML.
//
// Errors: fault.Invalid when a text has a character that XML cannot hold; then
// nothing has been written. Others are those of w.
func Write(w io.Writer, p *procedure.Procedure) error {
	pr := &printer{}
	pr.text.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	pr.element(chart(p), 0)
	if pr.bad != "" {
		return fault.New(fault.Invalid, "procedure %s cannot be written as SCXML: %s", p.ID, pr.bad)
	}
	_, err := io.WriteString(w, pr.text.String())
	return err
}
