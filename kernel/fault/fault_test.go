package fault

import (
	"errors"
	"fmt"
	"testing"
)

func TestKindOf(t *testing.T) {
	cause := errors.New("disk")
	for _, tt := range []struct {
		name string
		err  error
		want Kind
	}{
		{"plain error is internal", cause, ""},
		{"a kind itself", NotFound, NotFound},
		{"a fault", New(Invalid, "year %d is in the future", 2099), Invalid},
		{"wrapped by fmt", fmt.Errorf("load: %w", New(Conflict, "x")), Conflict},
		{"with a cause", &Fault{Kind: Busy, Text: "try later", Err: cause}, Busy},
		{"no error", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := KindOf(tt.err); got != tt.want {
				t.Errorf("KindOf = %q, want %q", got, tt.want)
			}
		})
	}
	if err := error(&Fault{Kind: Busy, Text: "try later", Err: cause}); !errors.Is(err, cause) || err.Error() != "try later: disk" {
		t.Errorf("the cause is lost: %v", err)
	}
}
