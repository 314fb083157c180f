package linkset

import (
	"math/rand/v2"
	"testing"
)

// Random sets of links come back from both forms as they were.
func TestRandomSets(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	list := func(from ...string) []string {
		var all []string
		for range r.IntN(3) {
			all = append(all, pick(from...))
		}
		return all
	}
	texts := func() []Text {
		var all []Text
		for range r.IntN(3) {
			all = append(all, Text{pick("", "标识", `a'b%"\`, "😀"), pick("", "zh-CN", "de")})
		}
		return all
	}
	for range 400 {
		set := builder{set: Set{}, at: map[string]int{}}
		for range r.IntN(6) {
			l := Link{
				Rel: pick("license", ProductPage, DefaultLink, "https://example.cn/rel#x", "urn:x:y"), Href: pick("https://a/?b=<>", "/c;d,e", "#f")[0:2],
				Title: pick("", "说明", `a "b", c; \`), Titles: texts(), Type: pick("", "text/html; charset=utf-8"), Hreflang: list("zh", "en"),
				Media: pick("", "print"), Context: list("CN", "a,b", ""),
			}
			for range r.IntN(3) {
				name := pick("a", "b-c", "d.e")
				l.Attributes = map[string][]string{name: append(list("", "x;y"), "z")}
				if more := texts(); more != nil {
					l.Texts = map[string][]Text{name: more}
				}
			}
			if err := set.add(pick("", "https://id.example.cn/01/09506000164908", "#x"), l); err != nil {
				t.Fatal(err)
			}
		}
		again(t, set.done())
	}
}
