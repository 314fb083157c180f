package directives

import (
	"encoding/json"
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

// fields is a case's data as a directive's procedure declares them.
type fields struct {
	Origin    string          `json:"origin"`
	Target    string          `json:"target"`
	Meeting   string          `json:"meeting"`
	Matter    string          `json:"matter"`
	Condition json.RawMessage `json:"condition"`
	Office    string          `json:"office"`
	Lead      string          `json:"lead"`
	Joint     []string        `json:"joint"`
	By        string          `json:"by"`
	Light     string          `json:"light"`
	GapZH     string          `json:"gap_zh"`
	GapEN     string          `json:"gap_en"`
	Number    string          `json:"number"`
	Evidence  []string        `json:"evidence"`
	Files     []string        `json:"files"`
	Holds     bool            `json:"holds"`
	Resolved  bool            `json:"resolved"`
	WhyZH     string          `json:"why_zh"`
	WhyEN     string          `json:"why_en"`
	Said      string          `json:"said"`
	Parts     []string        `json:"parts"`
	Answered  int             `json:"answered"`
	Accepted  int             `json:"accepted"`
	SentBack  int             `json:"sent_back"`
	Level     int             `json:"level"`
	Chased    int             `json:"chased"`
	Returned  int             `json:"returned"`
	Rounds    int             `json:"rounds"`
	AgainZH   string          `json:"again_zh"`
	AgainEN   string          `json:"again_en"`
}

// directiveOf reads a case as a directive. Errors: those of a case whose data are
// not a directive's.
func directiveOf(c flow.Case) (Directive, error) {
	b, err := json.Marshal(c.State.Data)
	if err != nil {
		return Directive{}, err
	}
	var f fields
	if err := json.Unmarshal(b, &f); err != nil {
		return Directive{}, err
	}
	cond, err := conditionOf(f.Condition)
	if err != nil {
		return Directive{}, err
	}
	stage := stageOf(c)
	return Directive{
		ID: c.ID, Number: c.Number, Title: c.Title, Subject: c.Subject, Opened: c.Opened, Ended: c.Closed, Light: string(c.Light), Due: c.Due, CaseEvents: c.Events,
		Stage: stage, StageName: stageName(stage), Condition: cond.String(),
		Origin: f.Origin, Target: f.Target, Meeting: f.Meeting, Matter: f.Matter, Office: f.Office, Lead: f.Lead, Joint: f.Joint, By: f.By,
		TargetLit: f.Light, Gap: pack.Text{ZH: f.GapZH, EN: f.GapEN}, Newest: f.Number, Evidence: f.Evidence, Files: f.Files,
		Holds: f.Holds, Resolved: f.Resolved, Why: pack.Text{ZH: f.WhyZH, EN: f.WhyEN}, Said: f.Said,
		Parts: f.Parts, Answered: f.Answered, Accepted: f.Accepted, SentBack: f.SentBack,
		Level: f.Level, Chased: f.Chased, Returned: f.Returned, Round: f.Rounds, Again: pack.Text{ZH: f.AgainZH, EN: f.AgainEN},
	}, nil
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
