package collection

import (
	"errors"
	"fmt"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// refusal is why something was refused, in both languages.
type refusal struct{ pack.Text }

// Error implements error.
func (r refusal) Error() string { return r.ZH }

// refuse returns a fault that says in English what it also knows in Chinese. An
// argument that is a pack.Text is said in the language of the sentence.
func refuse(k fault.Kind, zh, en string, args ...any) error {
	in := func(lang, format string) string {
		said := make([]any, len(args))
		for i, a := range args {
			if t, ok := a.(pack.Text); ok {
				a = t.In(lang)
			}
			said[i] = a
		}
		return fmt.Sprintf(format, said...)
	}
	t := pack.Text{ZH: in(web.ZH, zh), EN: in(web.EN, en)}
	return &fault.Fault{Kind: k, Text: t.EN, Err: refusal{t}}
}

// sentence is what a person is told of an error, in both languages where the
// module has refused it itself.
func sentence(err error) pack.Text {
	if r, ok := errors.AsType[refusal](err); ok {
		return r.Text
	}
	return pack.Text{ZH: web.Text(err)}
}
