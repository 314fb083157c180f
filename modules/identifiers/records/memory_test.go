package records_test

import (
	"testing"
	"time"

	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/recordstest"
)

func TestMemory(t *testing.T) {
	recordstest.Run(t, func(_ *testing.T, now func() time.Time) records.Store { return records.NewMemory(now) })
}
