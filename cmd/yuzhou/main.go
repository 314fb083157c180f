// Command yuzhou runs a city's plan and its digital government.
package main

import (
	"context"
	"os"
	"slices"

	"yuzhou/app"
	"yuzhou/engine/flow"
	"yuzhou/engine/org"
	"yuzhou/engine/proof"
	"yuzhou/kernel/event"
	"yuzhou/kernel/module"
	"yuzhou/modules/collection"
	"yuzhou/modules/directives"
	"yuzhou/modules/evaluation"
	"yuzhou/modules/identifiers"
	"yuzhou/modules/indicators"
	"yuzhou/modules/indicators/replay"
	"yuzhou/modules/plan"
	"yuzhou/modules/projects"
	"yuzhou/packs"
)

func main() {
	os.Exit(app.Main(app.Product{Modules: city, Pack: packs.Chongqing(), Stories: []app.Story{loop(), simulation()}, Replay: replay.Replay}))
}

// city is the whole product on one page: which modules there are, and which one
// serves another's needs. A new module adds its line here.
func city(h module.Host, who *org.Service, evidence *proof.Service) []module.Module {
	work := flow.New(h, who, evidence)
	ind := indicators.New(h, indicators.Needs{Units: who, Access: who, Audit: who, Proof: evidence})
	var drive efforts // what works on a target: filled in below, asked when a page is shown
	pl := plan.New(h, plan.Needs{Readings: ind, Units: who, Access: who, Audit: who, Proof: evidence, Efforts: drive.on})
	coll := collection.New(h, collection.Needs{Flow: work, Numbers: ind, Units: who, Access: who, Audit: who})
	dir := directives.New(h, directives.Needs{Flow: work, Gaps: gaps(pl), Parts: pl.Parts, Readings: ind, Units: who, Access: who, Audit: who})
	proj := projects.New(h, projects.Needs{Flow: work, Plan: elements(pl), Late: late(dir), Units: who, Access: who, Audit: who})
	drive.directives, drive.projects = dir, proj
	targets := pl.Module()
	targets.Verbs = append(targets.Verbs, directives.ListVerb("directives"))
	ids := identifiers.New(h, identifiers.Needs{
		Flow: work, Access: who, Audit: who, People: who, Proof: evidence, Open: openIdentifiers(h), Feed: openFeed, Observe: observe(h, ind), SignIn: who.SignIn,
		Describe: []module.Describe{who.Module().Describe, ind.Module().Describe, targets.Describe, work.Module().Describe, evidence.Module().Describe},
	})
	for _, g := range []flow.Guest{coll.Guest(), dir.Guest(), proj.Guest(), ids.Guest()} {
		work.Admit(g)
	}
	for _, src := range slices.Concat(ind.Sources(), pl.Sources(), []proof.Source{work.Source(), dir.Source(), ids.Source()}) {
		evidence.Admit(src)
	}
	evidence.AdmitStream(work.Events())
	event.On(h.Events, func(context.Context, indicators.Recorded) { dir.Wake(); evidence.Wake() })
	event.On(h.Events, func(context.Context, plan.Accepted) { evidence.Wake() })
	return []module.Module{
		work.Module(), ind.Module(), targets, coll.Module(), dir.Module(), proj.Module(), ids.Module(),
		evaluation.New(h, evaluation.Needs{Readings: ind, Units: who}).Module(),
	}
}
