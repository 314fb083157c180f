package tree_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/namespace/tree"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ name, in, want, wrong string }{
		{"one form", "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a z='1' b=\"&lt;&quot;'\">\n <b ></b>\n <!-- c --> <c>x &amp; <![CDATA[<y>]]></c>\n</a>\n", `<a b="&lt;&#34;'" z="1"><b/><c>x &amp; &lt;y&gt;</c></a>`, ""},
		{"text beside elements", "<a> x <b/> </a>", "<a> x <b/> </a>", ""},
		{"white space alone", "<a> </a>", "<a> </a>", ""},
		{"prefixes", `<x:a x:b="1" xmlns:x="u"/>`, `<x:a x:b="1" xmlns:x="u"/>`, ""},
		{"line ends in attributes", "<a b='1&#10;2'/>", `<a b="1&#10;2"/>`, ""},
		{"nothing", "", "", "0 elements"},
		{"two elements", "<a/><b/>", "", "2 elements"},
		{"text outside", "<a/>\nx", "", "text stands outside"},
		{"not closed", "<a>\n<b></b>", "", "line 1: <a> is not closed"},
		{"closed otherwise", "<a>\n<b></a></b>", "", "line 2: </a> closes nothing"},
		{"closed too often", "<a/></a>", "", "closes nothing"},
		{"an attribute twice", `<a b="1" b="2"/>`, "", "attribute b is there twice"},
		{"a document type", `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, "", "a document type is not allowed"},
		{"an entity", "<a>\n&x;</a>", "", "invalid character entity &x;"},
		{"a processing instruction", `<a><?php x?></a>`, "", "processing instruction"},
		{"another encoding", `<?xml version="1.0" encoding="gbk"?><a/>`, "", "not UTF-8"},
		{"not UTF-8", "<a>\xff</a>", "", "invalid UTF-8"},
		{"too deep", strings.Repeat("<a>", 33) + strings.Repeat("</a>", 33), "", "too deep"},
		{"too many", "<a>" + strings.Repeat("<b/>", 8192) + "</a>", "", "too many elements"},
		{"too long", strings.Repeat(" ", 256<<10) + "<a/>", "", "262148 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, err := tree.Parse([]byte(tt.in))
			if tt.wrong != "" {
				if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("%v; want %q", err, tt.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(n.Append(nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<a b="1"> x <b/><c>&amp;</c></a>`))
	f.Fuzz(func(t *testing.T, in []byte) {
		n, err := tree.Parse(in)
		if err != nil {
			return
		}
		once := n.Append(nil)
		m, err := tree.Parse(once)
		if err != nil {
			if len(once) > tree.MaxBytes {
				return // escapes are longer than what they stand for
			}
			t.Fatal(string(once), err)
		}
		if diff := cmp.Diff(string(once), string(m.Append(nil))); diff != "" {
			t.Error(diff)
		}
	})
}
