package linkset

import (
	"fmt"
	"strings"
	"testing"
)

// small is a set as a thing has it: 20 links of 5 types.
func small() Set {
	var links []Link
	for i := range 20 {
		links = append(links, Link{
			Rel: LinkTypes()[i%5].URI(), Href: fmt.Sprintf("https://brand.example/%d", i), Title: "产品信息", Type: "text/html", Hreflang: []string{"zh-CN", "en"},
		})
	}
	return Set{{Anchor: "https://id.example.cn/01/09506000164908", Links: links}}
}

func BenchmarkAppendJSON(b *testing.B) {
	set := small()
	for b.Loop() {
		AppendJSON(nil, set)
	}
}

func BenchmarkParseJSON(b *testing.B) {
	in := AppendJSON(nil, small())
	for b.Loop() {
		if _, err := ParseJSON(in); err != nil {
			b.Fatal(err)
		}
	}
}

// The set that takes longest for its size: every link has an anchor of its own.
func BenchmarkParseTextAnchors(b *testing.B) {
	var in strings.Builder
	for i := range maxLinks {
		fmt.Fprintf(&in, `<a>;rel=next;anchor="https://id.example.cn/%d",`, i)
	}
	for b.Loop() {
		if _, err := ParseText([]byte(in.String())); err != nil {
			b.Fatal(err)
		}
	}
}
