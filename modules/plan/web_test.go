package plan

import (
	"testing"

	"yuzhou/kernel/testkit"
)

// TestTemplates: what the pages name exists, in both languages.
func TestTemplates(t *testing.T) {
	testkit.Page(t, homePage)
	testkit.Page(t, cockpitPage)
	testkit.Page(t, targetPage)
	testkit.Page(t, treePage)
	testkit.Page(t, elementPage)
	testkit.Page(t, highlightsPage)
	testkit.Page(t, checkPage)
	testkit.Page(t, versionsPage)
	testkit.Page(t, searchPage)
}
