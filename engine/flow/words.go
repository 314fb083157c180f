package flow

import (
	"fmt"

	"yuzhou/kernel/pack"
)

// text is a sentence in both languages; an argument that is a pack.Text gives each
// its own.
func text(zh, en string, args ...any) pack.Text {
	in := func(format string, pick func(pack.Text) string) string {
		out := make([]any, len(args))
		for i, a := range args {
			out[i] = a
			if t, ok := a.(pack.Text); ok {
				out[i] = pick(t)
			}
		}
		return fmt.Sprintf(format, out...)
	}
	return pack.Text{ZH: in(zh, func(t pack.Text) string { return t.ZH }), EN: in(en, func(t pack.Text) string { return t.In("en") })}
}
