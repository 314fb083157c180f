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
}
