package testkit

import (
	"html/template"
	"testing"
	"text/template/parse"

	"github.com/jba/templatecheck"

	"yuzhou/kernel/web"
)

// Page fails t unless, in every language, p can be read, each field and method that p names
// exists in T or in the shell, and each wording that it asks for by a literal key
// can be had.
func Page[T any](t *testing.T, p web.PageOf[T]) {
	t.Helper()
	for _, lang := range web.Langs() {
		page, err := p.Template(lang)
		if err != nil {
			t.Fatalf("%s: %v", lang, err)
		}
		words, err := p.Words(lang)
		if err != nil {
			t.Fatalf("%s: %v", lang, err)
		}
		if err := templatecheck.CheckHTML(page, web.View[T]{}); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
		for _, key := range keys(page) {
			if _, err := words.T(key); err != nil {
				t.Errorf("%s: %v", lang, err)
			}
		}
	}
}

// keys returns the literal keys of the wordings that a page and its parts ask for.
func keys(page *template.Template) []string {
	var out []string
	for _, part := range page.Templates() {
		if part.Tree != nil {
			walk(part.Tree.Root, func(c *parse.CommandNode) {
				if len(c.Args) < 2 || c.Args[0].String() != "t" {
					return
				}
				if key, ok := c.Args[1].(*parse.StringNode); ok {
					out = append(out, key.Text)
				}
			})
		}
	}
	return out
}

// walk calls fn for every command below n.
func walk(n parse.Node, fn func(*parse.CommandNode)) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, c := range n.Nodes {
				walk(c, fn)
			}
		}
	case *parse.ActionNode:
		walk(n.Pipe, fn)
	case *parse.TemplateNode:
		walk(n.Pipe, fn)
	case *parse.IfNode:
		branch(&n.BranchNode, fn)
	case *parse.RangeNode:
		branch(&n.BranchNode, fn)
	case *parse.WithNode:
		branch(&n.BranchNode, fn)
	case *parse.PipeNode:
		if n != nil {
			for _, c := range n.Cmds {
				walk(c, fn)
			}
		}
	case *parse.CommandNode:
		fn(n)
		for _, a := range n.Args {
			walk(a, fn)
		}
	}
}

func branch(b *parse.BranchNode, fn func(*parse.CommandNode)) {
	walk(b.Pipe, fn)
	walk(b.List, fn)
	walk(b.ElseList, fn)
}
