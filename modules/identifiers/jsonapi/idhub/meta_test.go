package idhub_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/idhub"
	"yuzhou/modules/identifiers/template"
)

// created is in the form of the guide's example of a new template.
const created = `{"classifyCode":"hxh","metaHandle":"88.608.8889/gearbox","metaName":"减速机","metaCode":"xz888","standard":"","metaDesc":"",
	"industryCategory":"C","industrySpecific":"34","industryTrade":"345","industrySubclass":"3453","metaItemCreateDTOS":[
	{"itemCode":"43242","englishName":"model","chineseName":"型号","required":1,"uniqueField":0,"inputNecessary":1,"itemSchemaCreateDTO":{"minLength":0,"maxLength":40,"dataType":"1"}},
	{"itemCode":"4325","englishName":"ratio","chineseName":"速比","required":0,"itemSchemaCreateDTO":{"dataType":2}},
	{"itemCode":"635345","englishName":"made","chineseName":"出厂日期","itemSchemaCreateDTO":{"dateFormat":"YYYY-MM-DD","dataType":"3"}}]}`

// older is the same of the compatible API.
const older = `{"prefix":"88.101.5","version":"gearbox","industryCategory":"C","industrySpecific":"34","industryTrade":"345","industrySubclass":"3453","type":2,"description":"减速机",
	"items":[{"name":"型号","idType":"model","metadata":{"type":"string","minLength":1,"maxLength":40},"required":true},{"name":"备注","idType":"note","metadata":{"maxLength":0}}]}`

func templates() []struct {
	name, in, prefix string
	want             template.Template
} {
	gearbox := template.Template{ID: "gearbox", Version: 1, Name: pack.Text{ZH: "减速机"}, Industry: "C3453", Items: []template.Item{
		{Index: 2000, Name: "model", Alias: pack.Text{ZH: "型号"}, Type: template.Text, Length: 40, Required: true},
		{Index: 2001, Name: "ratio", Alias: pack.Text{ZH: "速比"}, Type: template.Decimal},
		{Index: 2002, Name: "made", Alias: pack.Text{ZH: "出厂日期"}, Type: template.Date},
	}}
	old := gearbox
	old.Items = []template.Item{gearbox.Items[0], {Index: 2001, Name: "note", Alias: pack.Text{ZH: "备注"}, Type: template.Text}}
	coded := gearbox
	coded.ID = "xz888"
	return []struct {
		name, in, prefix string
		want             template.Template
	}{
		{"standard", created, "88.608.8889", gearbox},
		{"standard, named by its code", strings.Replace(created, `"metaHandle":"88.608.8889/gearbox",`, "", 1), "", coded},
		{"compatible", older, "88.101.5", old},
	}
}

// TestTemplates reads templates as both APIs write them, and writes them.
func TestTemplates(t *testing.T) {
	for _, tt := range templates() {
		t.Run(tt.name, func(t *testing.T) {
			read := idhub.ParseMeta
			if strings.HasPrefix(tt.name, "compatible") {
				read = idhub.ParseTemplate
			}
			prefix, got, err := read([]byte(tt.in))
			if err != nil || prefix != tt.prefix || got.Check() != nil {
				t.Fatal(prefix, err, got.Check())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	gearbox := templates()[0].want
	gearbox.Items = gearbox.Items[1:]
	same(t, `{"metaHandle":"88.608.8889/gearbox@1","metaName":"减速机","metaCode":"gearbox","industryCategory":"C","industrySpecific":"34","industryTrade":"345","industrySubclass":"3453","metaState":1,"itemVOS":[
		{"itemIndex":2001,"itemCode":"ratio","englishName":"ratio","chineseName":"速比","required":0,"itemSchemaVO":{"dataType":2}},
		{"itemIndex":2002,"itemCode":"made","englishName":"made","chineseName":"出厂日期","required":0,"itemSchemaVO":{"dataType":3,"dateFormat":"YYYY-MM-DD"}}]}`, body(idhub.Reply{Data: idhub.MetaOf("88.608.8889", gearbox)}))
	old := templates()[2].want
	old.Items, old.Industry = old.Items[:1], "C34"
	same(t, `{"prefix":"88.101.5","name":"减速机","version":"gearbox@1","industryCategory":"C","industrySpecific":"34","industryTrade":"","industrySubclass":"","type":2,"description":"减速机","items":[
		{"name":"型号","idType":"model","metadata":{"type":"string","minLength":0,"maxLength":40},"required":true}]}`, body(idhub.Reply{Data: idhub.TemplateOf("88.101.5", old)}))
}

func TestTemplatesRefused(t *testing.T) {
	for _, tt := range []struct{ name, from, to, wrong string }{
		{"values that are unique", `"uniqueField":0`, `"uniqueField":1`, "metaItemCreateDTOS[0].uniqueField is 1"},
		{"no type", `"dataType":2`, `"dataType":0`, "metaItemCreateDTOS[1].itemSchemaCreateDTO.dataType is 0"},
		{"a type in words", `"dataType":"3"`, `"dataType":"day"`, `dataType is "day", want 1 (text), 2 (number) or 3 (day)`},
		{"a length that is not checked", `"minLength":0`, `"minLength":9`, "minLength is 9, want 0 or 1"},
		{"a name that is none", `88.608.8889/gearbox`, `gearbox`, "identifier"},
		{"no items", `metaItemCreateDTOS`, `items`, "metaItemCreateDTOS is missing"},
	} {
		if _, _, err := idhub.ParseMeta([]byte(strings.Replace(created, tt.from, tt.to, 1))); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.wrong)
		}
	}
	if _, _, err := idhub.ParseTemplate([]byte(strings.Replace(older, `"required":true`, `"required":1`, 1))); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "items[0].required is 1") {
		t.Error(err)
	}
}

func TestParseItemGrants(t *testing.T) {
	name, got, err := idhub.ParseItemGrants([]byte(`{"metaHandle":"88.608.8889/META_zxczxc","accessList":[{"item":"zxc","authType":1,"scope":2,"handleUsers":["88.608.8889/App_app"],"removeHandleUsers":["88.608.8889/App_hanapp"]},
		{"item":"b","authType":2,"scope":1}]}`))
	want := []idhub.ItemGrant{{Item: "zxc", Users: []handle.Name{"88.608.8889/App_app"}, Remove: []handle.Name{"88.608.8889/App_hanapp"}}, {Item: "b", Write: true, Public: true}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil || name != "88.608.8889/META_zxczxc" {
		t.Error(name, diff, err)
	}
	p, err := idhub.ParsePublication([]byte(`{"items":["zxc"],"scope":1,"metaHandle":"88.608.8889/META_zxczxc"}`))
	if p.Template != "88.608.8889/META_zxczxc" || len(p.Items) != 1 || !p.Public || err != nil {
		t.Error(p, err)
	}
	for _, in := range []string{`{"metaHandle":"88.1/t","accessList":[{"item":"a","authType":3,"scope":2}]}`, `{"metaHandle":"88.1/t","accessList":[{"item":"a","authType":1}]}`, `{"metaHandle":"t","accessList":[]}`, `{"metaHandle":"88.1/t"}`} {
		if _, _, err := idhub.ParseItemGrants([]byte(in)); fault.KindOf(err) != fault.Invalid {
			t.Error(in, err)
		}
	}
	for _, in := range []string{`{"items":[],"scope":1,"metaHandle":"88.1/t"}`, `{"items":["a"],"scope":0,"metaHandle":"88.1/t"}`, `{"items":[1],"scope":1,"metaHandle":"88.1/t"}`} {
		if _, err := idhub.ParsePublication([]byte(in)); fault.KindOf(err) != fault.Invalid {
			t.Error(in, err)
		}
	}
}
