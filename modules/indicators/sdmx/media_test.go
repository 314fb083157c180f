package sdmx

import "testing"

func TestNegotiate(t *testing.T) {
	const (
		json21 = "application/vnd.sdmx.data+json;version=2.1.0"
		json20 = "application/vnd.sdmx.data+json;version=2.0.0"
		csv21  = "application/vnd.sdmx.data+csv;version=2.1.0;labels=id;timeFormat=original;keys=none"
		str21  = "application/vnd.sdmx.structure+json;version=2.1.0"
	)
	for _, c := range []struct{ kind, accept, format, want string }{
		{"data", "", "", json21},
		{"data", "*/*", "", json21},
		{"data", "text/html,application/xhtml+xml,*/*;q=0.8", "", json21},
		{"data", "application/json", "", json21},
		{"data", "text/csv", "", csv21},
		{"data", "application/vnd.sdmx.data+json", "", json21},
		{"data", json20, "", json20},
		{"data", "application/vnd.sdmx.data+json; version=\"2.0.0\"", "", json20},
		{"data", "application/vnd.sdmx.data+json;version=2.0+.0", "", json21},
		{"data", "application/vnd.sdmx.data+xml;version=3.0.0, application/vnd.sdmx.data+json;version=2.0.0;q=0.4, text/csv;q=0.5", "", csv21},
		{"data", "application/json;q=0, */*", "", csv21},
		{"data", "application/vnd.sdmx.data+csv;version=2.0.0; labels=both; timeFormat=normalized; keys=both", "", "application/vnd.sdmx.data+csv;version=2.0.0;labels=both;timeFormat=normalized;keys=both"},
		{"data", "application/vnd.sdmx.data+json, text/csv", "csv", csv21},
		{"data", "", "jsondata", json21},
		{"data", "", "csvdata", csv21},
		{"data", "", json20, json20},
		{"structure", "", "jsonstructure", str21},
		{"structure", "application/json", "", str21},
	} {
		t.Run(c.kind+" "+c.accept+" "+c.format, func(t *testing.T) {
			m, err := Negotiate(c.kind, c.accept, c.format)
			if err != nil {
				t.Fatal(err)
			}
			if m.String() != c.want {
				t.Errorf("chose %s, want %s", m, c.want)
			}
		})
	}
	for _, c := range []struct{ kind, accept, format, want string }{
		{"data", "application/xml", "", "is not offered, ask for application/vnd.sdmx.data+json;version=2.1.0 or"},
		{"data", "application/vnd.sdmx.data+json;version=1.0.0", "", "is not offered"},
		{"data", "", "structurespecificdata", "is not offered"},
		{"structure", "text/csv", "", "is not offered"},
		{"data", "*/*;q=0", "", "is not offered"},
		{"data", "text/csv;labels=all", "", `labels "all" is not one of id|name|both`},
		{"data", ";;,/;q=x,", "", "is not offered"},
	} {
		_, err := Negotiate(c.kind, c.accept, c.format)
		refused(t, err, c.want)
	}
}

// The forms listed in SDMX-REST 2.2.2, "Query syntax for specific, latest or all
// artefact versions".
func TestVersions(t *testing.T) {
	for _, v := range []string{
		"1", "1.2", "1.2.3", "1.2.3-draft", "+", "+.0.0", "1+.0.0", "1.+.0", "1.2.+", "1.2+.3", "1.2.3+",
		"~", "~.0", "~.0.0", "1.~", "1.~.0", "1.2.~", "1~.2", "1~.2.3", "1.2~", "1.2~.3", "1.2.3~",
		"*", "*.0", "*.0.0", "1.*", "1.*.0", "1.2.*", "1*.2", "1.2*.3", "1.2.3*",
	} {
		if !validVersion(v) {
			t.Errorf("version %s is refused", v)
		}
	}
	for _, v := range []string{
		"", "x", "1.", "1.2.3.4", "+.2.3", "1.+.3", "~.2", "~.2.3", "1.~.3", "*.2", "*.2.3", "1.*.3",
		"+.0", "2.3+", "~.0.*", "3.2*.1+", "3.2+.1+", "1.2-draft", "1.2+.3-x",
	} {
		if validVersion(v) {
			t.Errorf("version %s is accepted", v)
		}
	}
	for _, c := range []struct {
		query, version string
		want           bool
	}{
		{"1.2.3", "1.2.3", true},
		{"1.2.3", "1.2.4", false},
		{"*", "1.2.3-draft", true},
		{"~", "1.0", true},
		{"+", "1.0.0", true},
		{"+", "0.9.0", false},
		{"+", "1.0.0-draft", false},
		{"+", "1.0", false},
		{"1.2+.3", "1.2.3", true},
		{"1.2+.3", "1.3.0", true},
		{"1.2+.3", "1.2.2", false},
		{"1.2+.3", "2.2.3", false},
		{"1.2+.3", "1.10.0", true},
		{"1.2.3~", "1.2.4-draft", true},
		{"1.2.3~", "1.3.4", false},
		{"1.*.0", "1.7.9", true},
		{"1.*", "1.7", true},
		{"1.*", "1.7.0", false},
	} {
		if got := matchVersion(c.query, c.version); got != c.want {
			t.Errorf("query %s, version %s: match is %v", c.query, c.version, got)
		}
	}
	order := []string{"0.9", "1.0.0-draft", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0"}
	for i := range order[1:] {
		if !newer(order[i+1], order[i]) || newer(order[i], order[i+1]) {
			t.Errorf("%s is not newer than %s", order[i+1], order[i])
		}
	}
}
