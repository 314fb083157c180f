package idhub

import (
	"cmp"
	"strconv"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/strict"
	"yuzhou/modules/identifiers/template"
)

// The types of items by their numbers: text, number, day.
const (
	typeText   = 1
	typeNumber = 2
	typeDay    = 3
)

// firstItem is the index of a template's first item.
const firstItem = 2000

// maxItems is how many items a template of these APIs has.
const maxItems = 500

// Industry is a class of GB/T 4754 by its four levels, the lower ones empty when it is a
// higher one.
type Industry struct {
	Category string `json:"industryCategory"` // letter
	Specific string `json:"industrySpecific"` // two digits
	Trade    string `json:"industryTrade"`    // three
	Subclass string `json:"industrySubclass"` // four
}

// industryOf parts a code such as C3453.
func industryOf(code string) Industry {
	upTo := func(n int) string {
		if len(code) < 1+n {
			return ""
		}
		return code[1 : 1+n]
	}
	i := Industry{Specific: upTo(2), Trade: upTo(3), Subclass: upTo(4)}
	if code != "" {
		i.Category = code[:1]
	}
	return i
}

// code puts it together again.
func (i Industry) code() string {
	return i.Category + cmp.Or(i.Subclass, i.Trade, i.Specific)
}

func readIndustry(o strict.Object) Industry {
	text := func(name string) string {
		if v := o.Field(name); v.Given() {
			return v.Text()
		}
		return ""
	}
	return Industry{text("industryCategory"), text("industrySpecific"), text("industryTrade"), text("industrySubclass")}
}

// Meta is a template as the standard API answers it.
type Meta struct {
	Handle string `json:"metaHandle"` // below the prefix of who has it
	Name   string `json:"metaName"`
	Code   string `json:"metaCode"`
	Industry
	State int        `json:"metaState"` // 1: published, as all are
	Items []MetaItem `json:"itemVOS"`
}

// MetaItem is an item of it.
type MetaItem struct {
	Index    uint32     `json:"itemIndex"`
	Code     string     `json:"itemCode"`
	English  string     `json:"englishName"`
	Chinese  string     `json:"chineseName"`
	Required int        `json:"required"` // 1: yes
	Schema   MetaSchema `json:"itemSchemaVO"`
}

// MetaSchema says what an item holds.
type MetaSchema struct {
	Type   int    `json:"dataType"`
	Max    int    `json:"maxLength,omitempty"` // characters
	Format string `json:"dateFormat,omitempty"`
}

// MetaOf returns a template below a prefix as the standard API answers it.
func MetaOf(prefix string, t template.Template) Meta {
	m := Meta{Handle: prefix + "/" + t.Ref(), Name: t.Name.ZH, Code: t.ID, Industry: industryOf(t.Industry), State: 1}
	for _, i := range t.Items {
		one := MetaItem{Index: i.Index, Code: i.Name, English: i.Name, Chinese: i.Alias.ZH, Schema: MetaSchema{Type: DataType(i.Type), Max: i.Length}}
		if i.Required {
			one.Required = 1
		}
		if i.Type == template.Date {
			one.Schema.Format = "YYYY-MM-DD"
		}
		m.Items = append(m.Items, one)
	}
	return m
}

// DataType returns the number of an item's type.
func DataType(t template.Type) int {
	switch t { //nolint:exhaustive // the others are texts to these APIs
	case template.Integer, template.Decimal:
		return typeNumber
	case template.Date:
		return typeDay
	}
	return typeText
}

// ParseMeta reads the body of /api/v1/open/meta/create: the template, whose Version is to be
// given, and below which prefix it is, "" when the body does not say.
//
// Errors: fault.Invalid that names the field; also for what cannot be kept, such as an item
// whose values must be unique.
func ParseMeta(body []byte) (string, template.Template, error) {
	doc, root := strict.Parse(body)
	o := root.Object()
	t := template.Template{ID: o.Field("metaCode").Text(), Name: pack.Text{ZH: o.Field("metaName").Text()}, Industry: readIndustry(o).code(), Version: 1}
	prefix := ""
	var err error
	if v := o.Field("metaHandle"); v.Given() {
		var name handle.Name
		name, err = readName(v)
		prefix, t.ID = name.Prefix(), name.Suffix()
	}
	for k, e := range o.Field("metaItemCreateDTOS").Array(maxItems) {
		i := e.Object()
		schema := i.Field("itemSchemaCreateDTO").Object()
		if u := i.Field("uniqueField"); u.Given() && u.Number(1) == 1 {
			u.Fail("0: values that are unique among all identifiers are not checked here")
		}
		item := template.Item{Index: uint32(firstItem + k), Name: i.Field("englishName").Text(), Alias: pack.Text{ZH: i.Field("chineseName").Text()}}
		item.Type, item.Length = readType(schema)
		if r := i.Field("required"); r.Given() {
			item.Required = r.Number(1) == 1
		}
		t.Items = append(t.Items, item)
	}
	return prefix, t, cmp.Or(doc.Err, err)
}

// readType reads what an item holds. The example of the guide has the number as a text.
func readType(o strict.Object) (template.Type, int) {
	v := o.Field("dataType")
	var n int
	if v.Kind() == '"' {
		n, _ = strconv.Atoi(v.Text())
	} else {
		n = int(v.Number(typeDay)) //nolint:gosec // at most 3
	}
	length := readLength(o)
	switch n {
	case typeText:
		return template.Text, length
	case typeNumber:
		return template.Decimal, 0
	case typeDay:
		return template.Date, 0
	}
	v.Fail("1 (text), 2 (number) or 3 (day)")
	return "", 0
}

// mostLength is the longest text that an item may ask for.
const mostLength = 1 << 16

// readLength reads how long a text may be. How long it must be at least is no more than 1:
// that it is there.
func readLength(o strict.Object) int {
	if m := o.Field("minLength"); m.Given() && m.Number(mostLength) > 1 {
		m.Fail("0 or 1: shorter texts are not refused here")
	}
	if m := o.Field("maxLength"); m.Given() {
		return int(m.Number(mostLength)) //nolint:gosec // at most that
	}
	return 0
}

// Template is a template as the compatible API has it (/snms/api/v3/template). Version is its
// name: there is one for each.
type Template struct {
	Prefix  string `json:"prefix"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Industry
	Type        int            `json:"type"` // 2: other than of active carriers
	Description string         `json:"description"`
	Items       []TemplateItem `json:"items"`
}

// TemplateItem is an item of it.
type TemplateItem struct {
	Name     string `json:"name"`   // Chinese
	ID       string `json:"idType"` // English
	Metadata struct {
		Type string `json:"type"` // "string"
		Min  int    `json:"minLength"`
		Max  int    `json:"maxLength"`
	} `json:"metadata"`
	Required bool `json:"required"`
}

// TemplateOf returns a template as the compatible API answers it.
func TemplateOf(prefix string, t template.Template) Template {
	out := Template{Prefix: prefix, Name: t.Name.ZH, Version: t.Ref(), Industry: industryOf(t.Industry), Type: 2, Description: t.Name.ZH, Items: []TemplateItem{}}
	for _, i := range t.Items {
		one := TemplateItem{Name: i.Alias.ZH, ID: i.Name, Required: i.Required}
		one.Metadata.Type, one.Metadata.Max = "string", i.Length
		out.Items = append(out.Items, one)
	}
	return out
}

// ParseTemplate reads the body of a POST at /snms/api/v3/template: below which prefix, and the
// template, whose id is the version that is named there.
//
// Errors: fault.Invalid that names the field.
func ParseTemplate(body []byte) (string, template.Template, error) {
	doc, root := strict.Parse(body)
	o := root.Object("prefix", "version", "industryCategory", "industrySpecific", "industryTrade", "industrySubclass", "type", "description", "items")
	t := template.Template{ID: o.Field("version").Text(), Industry: readIndustry(o).code(), Version: 1}
	t.Name.ZH = t.ID
	if d := o.Field("description"); d.Given() && d.Text() != "" {
		t.Name.ZH = d.Text()
	}
	for k, e := range o.Field("items").Array(maxItems) {
		i := e.Object("name", "idType", "required", "metadata")
		item := template.Item{Index: uint32(firstItem + k), Name: i.Field("idType").Text(), Alias: pack.Text{ZH: i.Field("name").Text()}, Type: template.Text}
		item.Length = readLength(i.Field("metadata").Object("type", "minLength", "maxLength"))
		item.Required = i.Field("required").Given() && i.Field("required").Flag()
		t.Items = append(t.Items, item)
	}
	return o.Field("prefix").Text(), t, doc.Err
}

// ItemGrant says who may read, or write, an item of all identifiers that a template made.
type ItemGrant struct {
	Item   string
	Write  bool // authType 2, else 1: read
	Public bool // scope 1: all; else those who are named
	Users  []handle.Name
	Remove []handle.Name
}

// ParseItemGrants reads the body of /api/v1/open/classes-grant/authorization.
//
// Errors: fault.Invalid that names the field.
func ParseItemGrants(body []byte) (handle.Name, []ItemGrant, error) {
	doc, root := strict.Parse(body)
	o := root.Object("metaHandle", "accessList")
	name, err := readName(o.Field("metaHandle"))
	var out []ItemGrant
	for _, e := range o.Field("accessList").Array(maxItems) {
		i := e.Object("item", "authType", "scope", "handleUsers", "removeHandleUsers")
		g := ItemGrant{Item: i.Field("item").Text(), Write: oneOf(i.Field("authType"), "1 (read) or 2 (write)") == 2, Public: oneOf(i.Field("scope"), "1 (public) or 2 (those who are named)") == 1}
		users, wrong := readNames(i.Field("handleUsers"))
		remove, wrong2 := readNames(i.Field("removeHandleUsers"))
		g.Users, g.Remove, err = users, remove, cmp.Or(err, wrong, wrong2)
		out = append(out, g)
	}
	return name, out, cmp.Or(doc.Err, err)
}

// Publication says of items of a template whether all may read them.
type Publication struct {
	Template handle.Name
	Items    []string
	Public   bool
}

// ParsePublication reads the body of /api/v1/open/classes-grant/item/batch-public: the items
// of a template that all may read from now on, or no longer.
func ParsePublication(body []byte) (p Publication, err error) {
	doc, root := strict.Parse(body)
	o := root.Object("metaHandle", "scope", "items")
	p.Template, err = readName(o.Field("metaHandle"))
	p.Public = oneOf(o.Field("scope"), "1 (public) or 2 (no longer)") == 1
	for _, e := range o.Field("items").Array(maxItems) {
		p.Items = append(p.Items, e.Text())
	}
	if len(p.Items) == 0 && doc.Err == nil {
		err = cmp.Or(err, fault.Say(fault.Invalid, "items 是空的，应至少有一个属性的英文名称。", "items is empty, want the English name of an item at least"))
	}
	return p, cmp.Or(doc.Err, err)
}

// oneOf reads 1 or 2.
func oneOf(v strict.Value, want string) uint64 {
	n := v.Number(2)
	if n == 0 {
		v.Fail(want)
	}
	return n
}
