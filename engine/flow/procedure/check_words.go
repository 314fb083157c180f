package procedure

import (
	"strings"

	"yuzhou/kernel/pack"
)

// wordings checks that what people see has a name in both languages.
func (c *checker) wordings() {
	c.wording(c.p.Root.Line, c.p.ID, c.p.Name)
	for _, k := range c.p.Clocks {
		c.wording(k.Line, k.ID, k.Name)
	}
	for _, l := range c.p.Reasons {
		c.optionNames(l.Options)
	}
	c.fieldNames(c.p.Data)
	for _, s := range c.p.States {
		if s.Owner != nil || s.Rest || s.Kind == Final && s.Parent == c.p.Root {
			c.wording(s.Line, s.ID, s.Name)
		}
		c.buttonNames(s)
	}
	for _, a := range c.p.actions() {
		if a.Do == DoNotify {
			c.wording(a.Line, string(a.Do), a.Text)
		}
	}
}

func (c *checker) buttonNames(s *State) {
	for _, t := range s.Transitions {
		if t.Name.ZH != "" || t.Name.EN != "" || len(t.Form) > 0 {
			c.wording(t.Line, strings.Join(t.Events, " "), t.Name)
		}
		c.fieldNames(t.Form)
	}
}

func (c *checker) fieldNames(fields []Field) {
	for _, f := range fields {
		c.wording(f.Line, f.Name, f.Label)
		c.optionNames(f.Options)
	}
}

func (c *checker) optionNames(options []Option) {
	for _, o := range options {
		c.wording(o.Line, o.Code, o.Text)
	}
}

func (c *checker) wording(line int, what string, t pack.Text) {
	if t.ZH == "" {
		c.bad(line, "flow.no-name", pack.Text{ZH: "%q 没有中文名称 zh", EN: "%q has no Chinese name: zh"}, what)
	}
	if t.EN == "" {
		c.find(pack.Warning, line, "flow.no-name", pack.Text{ZH: "%q 没有英文名称 en", EN: "%q has no English name: en"}, what)
	}
}
