package proof

import (
	"testing"

	"yuzhou/kernel/testkit"
)

func TestPages(t *testing.T) {
	testkit.Page(t, homePage)
	testkit.Page(t, ofPage)
	testkit.Page(t, verifyPage)
}
