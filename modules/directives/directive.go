package directives

import (
	"slices"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/kernel/pack"
)

// Directive is a directive as its case has it.
type Directive struct {
	ID         string    `json:"id" doc:"of its case"`
	Number     string    `json:"number" doc:"for people: directive, year and a running number"`
	Title      pack.Text `json:"title"`
	Origin     string    `json:"origin" doc:"gap, hand, meeting, measure, policy or project"`
	Target     string    `json:"target,omitempty"`
	Subject    string    `json:"subject" doc:"what it is about: target/T09, project/P3"`
	Meeting    string    `json:"meeting,omitempty"`
	Matter     string    `json:"matter"`
	Condition  string    `json:"condition" doc:"path, document, or a number such as st.hte/500101 >=700家"`
	Office     string    `json:"office" doc:"unit that supervises"`
	Lead       string    `json:"lead" doc:"unit that answers for it"`
	Joint      []string  `json:"joint,omitempty"`
	By         string    `json:"by,omitempty" doc:"date by which it is wanted"`
	Stage      string    `json:"stage" doc:"filed, issued, dividing, working, chased, review, closed, withdrawn, archived"`
	StageName  pack.Text `json:"stage_name"`
	Light      string    `json:"light" doc:"of its clocks: green, yellow, red, black"`
	Due        time.Time `json:"due,omitzero" doc:"earliest end of a running clock"`
	DueOn      string    `json:"due_on,omitempty" doc:"the last day that Due leaves, in the city"`
	TargetLit  string    `json:"target_light,omitempty" doc:"light of its target"`
	Gap        pack.Text `json:"gap,omitzero"`
	Newest     string    `json:"newest,omitempty" doc:"name of the newest number of its target"`
	Evidence   []string  `json:"evidence,omitempty" doc:"names of numbers"`
	Files      []string  `json:"files,omitempty" doc:"SHA-256 of documents"`
	Holds      bool      `json:"holds" doc:"its condition holds"`
	Resolved   bool      `json:"resolved" doc:"its evidence resolves"`
	Why        pack.Text `json:"why,omitzero" doc:"what is in the way of closing it"`
	Said       string    `json:"said,omitempty" doc:"what was reported last"`
	Parts      []string  `json:"parts,omitempty" doc:"units it was split among"`
	Answered   int       `json:"answered"`
	Accepted   int       `json:"accepted"`
	SentBack   int       `json:"sent_back" doc:"how often an answer of a part was returned"`
	Level      int       `json:"level" doc:"of supervision, 0 to 3"`
	Chased     int       `json:"chased" doc:"how often it was reminded of"`
	Returned   int       `json:"returned"`
	Round      int       `json:"round" doc:"1 until it is opened again"`
	Again      pack.Text `json:"again,omitzero" doc:"why it was opened again"`
	Opened     time.Time `json:"opened"`
	Ended      time.Time `json:"ended,omitzero"`
	CaseEvents int64     `json:"events"`
}

// Standing reports whether the directive is under way.
func (d Directive) Standing() bool {
	return !slices.Contains([]string{stageClosed, "withdrawn", "archived"}, d.Stage)
}

// The stages that the module asks about.
const (
	stageReview = "review"
	stageClosed = "closed"
)

// directiveOf reads a case as a directive. What a case of another procedure lacks
// stays empty.
func directiveOf(c flow.Case) Directive {
	m := c.State.Data
	stage := stageOf(c)
	return Directive{
		ID: c.ID, Number: c.Number, Title: c.Title, Subject: c.Subject, Opened: c.Opened, Ended: c.Closed, Light: string(c.Light), Due: c.Due, CaseEvents: c.Events,
		Stage: stage, StageName: stageName(stage), Condition: words(m["condition"]),
		Origin: words(m["origin"]), Target: words(m["target"]), Meeting: words(m["meeting"]), Matter: words(m["matter"]), Office: words(m["office"]),
		Lead: words(m["lead"]), Joint: texts(m["joint"]), By: words(m["by"]),
		TargetLit: words(m["light"]), Gap: pack.Text{ZH: words(m["gap_zh"]), EN: words(m["gap_en"])}, Newest: words(m["number"]),
		Evidence: texts(m["evidence"]), Files: texts(m["files"]), Holds: m["holds"] == true, Resolved: m["resolved"] == true,
		Why: pack.Text{ZH: words(m["why_zh"]), EN: words(m["why_en"])}, Said: words(m["said"]),
		Parts: texts(m["parts"]), Answered: whole(m["answered"]), Accepted: whole(m["accepted"]), SentBack: whole(m["sent_back"]),
		Level: whole(m["level"]), Chased: whole(m["chased"]), Returned: whole(m["returned"]), Round: whole(m["rounds"]),
		Again: pack.Text{ZH: words(m["again_zh"]), EN: words(m["again_en"])},
	}
}

// words reads a text out of a JSON value; "" when it is none.
func words(v any) string {
	t, _ := v.(string)
	return t
}

// texts reads a list of texts out of a JSON value.
func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if t, ok := e.(string); ok {
			out = append(out, t)
		}
	}
	return out
}

// whole reads a whole number out of a JSON value; 0 when it is none.
func whole(v any) int {
	switch v := v.(type) {
	case int64:
		return int(v)
	case float64:
		return int(v)
	}
	return 0
}

// stages lists the states that people tell apart, the most telling first: of a
// directive at work that has not reported in time, that is what matters.
func stages() []string {
	return []string{"chased", "filed", "issued", "dividing", "working", stageReview, stageClosed, "withdrawn", "archived"}
}

// stageOf returns where a directive stands, as one word.
func stageOf(c flow.Case) string {
	for _, id := range stages() {
		if c.In(id) {
			return id
		}
	}
	return ""
}

// stageName names a stage as the procedure does.
func stageName(id string) pack.Text {
	names := map[string]pack.Text{
		"filed": {ZH: "立项", EN: "Filed"}, "issued": {ZH: "交办", EN: "Handed over"}, "dividing": {ZH: "签收", EN: "Acknowledged"},
		"working": {ZH: "办理", EN: "At work"}, "chased": {ZH: "催办", EN: "Reminded"}, stageReview: {ZH: "复核", EN: "Review"},
		stageClosed: {ZH: "销号", EN: "Closed"}, "withdrawn": {ZH: "已撤销", EN: "Withdrawn"}, "archived": {ZH: "已归档", EN: "Filed away"},
	}
	return names[id]
}
