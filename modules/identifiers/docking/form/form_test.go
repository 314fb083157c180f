package form

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/modules/identifiers/docking"
)

// send returns what a browser sends of a form that nobody has changed.
func send(fields []Field, into url.Values) {
	for _, f := range fields {
		switch f.Kind {
		case Group:
			send(f.Fields, into)
		case Checks, Select:
			for _, o := range f.Options {
				if o.Chosen {
					into.Add(f.Name, o.Value)
				}
			}
		default:
			into.Set(f.Name, f.Value)
		}
	}
}

// TestRound: a row that is shown and sent back is the same, with everything that a row of
// the table can hold.
func TestRound(t *testing.T) {
	for _, tt := range []struct {
		table docking.Table
		row   string
	}{
		{docking.TableOperator, `{"name":"某公司","nature":"国有控股","founded":"2019-01-02","introduction":"一\n二","domainLicences":["域名注册服务机构许可证","增值电信业务经营许可证"],"licenceNumbers":["A1","B 2"],
			"builder":{"mode":"委托","agent":"乙公司","contract":"c.pdf"},"registrationSystem":{"deployment":"云部署","provider":"某云","addresses":["192.0.2.1:80","192.0.2.2:80"]},
			"services":[{"section":"C","division":"36"},{"section":"I"}],"sites":[{"name":"官网","domain":"a.example","ips":["192.0.2.1"]}]}`},
		{docking.TableApplication, `{"name":"追溯","type":"3","users":1200}`},
		{docking.TableApplication, `{}`},
	} {
		var row map[string]any
		if err := json.Unmarshal([]byte(tt.row), &row); err != nil {
			t.Fatal(err)
		}
		fields, err := Fields(tt.table, row)
		if err != nil {
			t.Fatal(err)
		}
		filled := url.Values{}
		send(fields, filled)
		got, err := Read(tt.table, filled)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var again map[string]any
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row, again); diff != "" {
			t.Errorf("%s: %s", tt.table, diff)
		}
	}
}

// TestRules: what the form reads is what the rules of the table take.
func TestRules(t *testing.T) {
	row, err := Read(docking.TableApplication, url.Values{"name": {" 追溯 "}, "type": {"3"}, "users": {"12"}, "introduction": {"一\r\n二"}})
	if err != nil {
		t.Fatal(err)
	}
	row["prefix"] = "88.500"
	doc, err := json.Marshal(map[string]any{"table": docking.TableApplication, "node": "88.500", "sent": docking.Instant(time.Unix(0, 0)), "rows": []any{row}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := docking.Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := b.Rows[0].(*docking.Application); !ok || got.Name != "追溯" || got.Users != 12 || got.Introduction != "一\n二" {
		t.Errorf("%+v", got)
	}
}

func TestUnknown(t *testing.T) {
	if _, err := Fields("x", nil); err == nil {
		t.Error("a table that is not known has fields")
	}
	if _, err := Read("x", nil); err == nil {
		t.Error("a table that is not known can be filled in")
	}
}

// TestRequired: of a group only the rules say what must be there.
func TestRequired(t *testing.T) {
	fields, err := Fields(docking.TableOperator, nil)
	if err != nil {
		t.Fatal(err)
	}
	required := map[string]bool{}
	for _, f := range fields {
		required[f.Name] = f.Required
		for _, part := range f.Fields {
			if part.Required {
				t.Errorf("%s must be filled in", part.Name)
			}
		}
	}
	if !required["name"] || required["nature"] || required["prefix"] {
		t.Errorf("%v", required)
	}
}
