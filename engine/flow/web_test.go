package flow

import (
	"testing"

	"yuzhou/kernel/testkit"
)

// TestPages: every page has its fields and its wordings, in both languages.
func TestPages(t *testing.T) {
	t.Parallel()
	testkit.Page(t, inboxPage)
	testkit.Page(t, casesPage)
	testkit.Page(t, casePage)
	testkit.Page(t, bookPage)
	testkit.Page(t, procedurePage)
	testkit.Page(t, editPage)
	testkit.Page(t, calendarPage)
}
