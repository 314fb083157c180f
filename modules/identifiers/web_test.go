package identifiers

import (
	"testing"

	"yuzhou/kernel/testkit"
)

func TestPages(t *testing.T) {
	testkit.Page(t, homePage)
	testkit.Page(t, prefixPage)
	testkit.Page(t, changePage)
	testkit.Page(t, casePage)
	testkit.Page(t, identifierPage)
	testkit.Page(t, censusPage)
	testkit.Page(t, portalPage)
	testkit.Page(t, registerPage)
	testkit.Page(t, filePage)
	testkit.Page(t, jobPage)
	testkit.Page(t, templatePage)
	testkit.Page(t, grantsPage)
	testkit.Page(t, membersPage)
	testkit.Page(t, statisticsPage)
	testkit.Page(t, nodePage)
	testkit.Page(t, dockingPage)
	testkit.Page(t, dockedPage)
	testkit.Page(t, operatorPage)
	testkit.Page(t, reportPage)
	testkit.Page(t, appsPage)
}
