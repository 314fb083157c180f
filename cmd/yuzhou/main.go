// Command yuzhou runs a city's plan and its digital government.
package main

import (
	"os"

	"yuzhou/app"
	"yuzhou/engine/org"
	"yuzhou/kernel/module"
	"yuzhou/modules/indicators"
	"yuzhou/modules/plan"
	"yuzhou/packs"
)

func main() { os.Exit(app.Main(app.Product{Modules: city, Pack: packs.Chongqing()})) }

// city is the whole product on one page: which modules there are, and which one
// serves another's needs. A new module adds its line here.
func city(h module.Host, who *org.Service) []module.Module {
	ind := indicators.New(h, indicators.Needs{Units: who, Access: who, Audit: who})
	return []module.Module{
		ind.Module(),
		plan.New(h, plan.Needs{Readings: ind, Units: who, Access: who, Audit: who}).Module(),
	}
}
