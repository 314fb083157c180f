package docking

// Organisation is a row of tables 1 and 6: who operates a node or an enterprise.
type Organisation struct {
	Prefix               string     `json:"prefix" no:"0" zh:"标识前缀" en:"Prefix" is:"required prefix"`
	Name                 string     `json:"name" no:"1" zh:"单位名称" en:"Name" is:"required"`
	Nature               string     `json:"nature" no:"2" zh:"单位性质" en:"Nature" is:"one=nature"`
	Address              string     `json:"address" no:"3" zh:"单位地址" en:"Address" is:"required"`
	CertificateType      string     `json:"certificateType" no:"4" zh:"单位证件类型" en:"Type of certificate" is:"required one=certificate"`
	CertificateNumber    string     `json:"certificateNumber" no:"5" zh:"单位证件号" en:"Number of certificate" is:"required max=64"`
	CertificatePhoto     string     `json:"certificatePhoto" no:"6 -" zh:"单位证件照片" en:"Picture of certificate" is:"max=255"`
	LegalName            string     `json:"legalName" no:"7 6" zh:"法定代表人姓名" en:"Legal representative" is:"required max=64"`
	LegalDocumentType    string     `json:"legalDocumentType" no:"8 7" zh:"法定代表人证件类型" en:"Legal representative, type of document" is:"one=document"`
	LegalDocumentNumber  string     `json:"legalDocumentNumber" no:"9 8" zh:"法定代表人证件号" en:"Legal representative, number of document" is:"max=64"`
	LegalDocumentPhoto   string     `json:"legalDocumentPhoto" no:"10 -" zh:"法定代表人证件照片" en:"Legal representative, picture of document" is:"max=255"`
	Introduction         string     `json:"introduction" no:"11 9" zh:"单位简介" en:"Introduction" is:"lines max=500"`
	Industry             string     `json:"industry" no:"12 10" zh:"行业类型（所属行业）" en:"Section of industry" is:"section"`
	IndustryDivision     string     `json:"industryDivision" no:"13 11" zh:"行业大类" en:"Division of industry" is:"division"`
	ContactName          string     `json:"contactName" no:"14 12" zh:"联系人姓名" en:"Contact" is:"required max=64"`
	ContactMobile        string     `json:"contactMobile" no:"15 13" zh:"联系人手机号" en:"Contact, mobile" is:"mobile"`
	ContactDocumentType  string     `json:"contactDocumentType" no:"16 14" zh:"联系人证件类型" en:"Contact, type of document" is:"one=document"`
	ContactDocument      string     `json:"contactDocumentNumber" no:"17 15" zh:"联系人证件号" en:"Contact, number of document" is:"max=64"`
	ContactDocumentPhoto string     `json:"contactDocumentPhoto" no:"18 -" zh:"联系人证件照片" en:"Contact, picture of document" is:"max=255"`
	ContactEmail         string     `json:"contactEmail" no:"19 16" zh:"联系人邮箱" en:"Contact, email" is:"email"`
	Website              string     `json:"website" no:"20 17" zh:"官方网站" en:"Website" is:"url"`
	RegisteredBy         string     `json:"registeredBy" no:"21 18" zh:"注册机关" en:"Registration authority"`
	Capital              string     `json:"capital" no:"22 19" zh:"注册资本" en:"Registered capital" is:"max=64"`
	Founded              string     `json:"founded" no:"23 20" zh:"成立日期" en:"Founded" is:"date"`
	ValidUntil           string     `json:"validUntil" no:"24 21" zh:"有效期" en:"Valid until" is:"until"`
	Province             string     `json:"province" no:"25 22" zh:"单位地址-省" en:"Address, province" is:"max=32"`
	City                 string     `json:"city" no:"26 23" zh:"单位地址-市" en:"Address, city" is:"max=32"`
	District             string     `json:"district" no:"27 24" zh:"单位地址-区" en:"Address, district" is:"max=32"`
	LegalEmail           string     `json:"legalEmail" no:"28 25" zh:"法定代表人邮箱" en:"Legal representative, email" is:"email"`
	LegalMobile          string     `json:"legalMobile" no:"29 26" zh:"法定代表人手机号" en:"Legal representative, mobile" is:"mobile"`
	LegalFax             string     `json:"legalFax" no:"30 27" zh:"法定代表人传真" en:"Legal representative, fax" is:"phone"`
	DomainLicences       []string   `json:"domainLicences" no:"31 28" zh:"是否取得过互联网域名相关许可" en:"Licences for domain names" is:"one=licence"`
	LicenceNumbers       []string   `json:"licenceNumbers" no:"32 29" zh:"许可证号" en:"Numbers of licences" is:"max=128"`
	Builder              *Agent     `json:"builder" no:"33 30" zh:"服务系统建设" en:"Who built the system"`
	Runner               *Agent     `json:"runner" no:"34 31" zh:"服务系统运营" en:"Who runs the system"`
	RegistrationSystem   *Place     `json:"registrationSystem" no:"35 32" zh:"标识注册系统所在地；或云服务供应商，IP 地址及端口号" en:"Where the registration system is"`
	RegistrationData     *Place     `json:"registrationData" no:"36 33" zh:"标识注册数据所在地；或云服务供应商" en:"Where registration data is"`
	BackupData           *Place     `json:"backupData" no:"37 34" zh:"注册数据备份所在地或云服务供应商" en:"Where backups of registration data are"`
	ResolutionServer     *Place     `json:"resolutionServer" no:"38 35" zh:"解析服务器所在地或云服务供应商" en:"Where resolution servers are"`
	BackupSystem         *Place     `json:"backupSystem" no:"39 36" zh:"标识服务系统备份所在地或云服务供应商" en:"Where the standby system is"`
	DataEscrow           string     `json:"dataEscrow" no:"40 37" zh:"数据托管单位" en:"Who holds data in escrow"`
	ServiceEscrow        string     `json:"serviceEscrow" no:"41 38" zh:"服务托管单位" en:"Who holds services in escrow"`
	RealName             *Agent     `json:"realName" no:"42 39" zh:"注册实名核验实施" en:"Who verifies registrants"`
	NameCompliance       string     `json:"nameCompliance" no:"43 40" zh:"标识注册名称合规实施" en:"How names are kept compliant"`
	Services             []Industry `json:"services" no:"44 41" zh:"服务行业" en:"Industries served"`
	Sites                []Site     `json:"sites" no:"45 42" zh:"对外提供标识服务的网站名称、域名、IP 地址" en:"Public sites of the service"`
}

// Agent says who does something: the organisation itself or an agent.
type Agent struct {
	Mode     string   `json:"mode" zh:"自营或委托" en:"Itself or an agent" is:"required one=mode"`
	Agent    string   `json:"agent" zh:"委托机构名称" en:"Agent"`
	Contract string   `json:"contract" zh:"委托合同" en:"Contract" is:"max=255"`
	Sources  []string `json:"sources" zh:"数据源附件" en:"Attachments on data sources" is:"max=255"`
}

// Place says where something is: at an address or with a provider.
type Place struct {
	Deployment string   `json:"deployment" zh:"部署方式" en:"Deployment" is:"required one=deployment"`
	Address    string   `json:"address" zh:"所在地" en:"Address"`
	Provider   string   `json:"provider" zh:"云服务供应商" en:"Provider"`
	Addresses  []string `json:"addresses" zh:"IP 地址及端口号" en:"Addresses with ports" is:"addrport"`
}

// Site is a public site of the service.
type Site struct {
	Name   string   `json:"name" zh:"网站名称" en:"Name of site" is:"required"`
	Domain string   `json:"domain" zh:"域名" en:"Domain" is:"domain"`
	IPs    []string `json:"ips" zh:"IP 地址" en:"Addresses" is:"ip"`
}

// Industry is a place in GB/T 4754-2017, as deep as it is known.
type Industry struct {
	Section  string `json:"section" zh:"行业门类" en:"Section" is:"required section"`
	Division string `json:"division" zh:"行业大类" en:"Division" is:"division"`
	Group    string `json:"group" zh:"行业中类" en:"Group" is:"digits=3"`
	Class    string `json:"class" zh:"行业小类" en:"Class" is:"digits=4"`
}

func (o *Organisation) check(c *checker) {
	if o.CertificateType == CertificateCredit {
		c.must("certificateNumber", o.CertificateNumber, CreditCode(o.CertificateNumber), "GB 32100 规定的18位统一社会信用代码，含校验码", "18 characters of GB 32100 with its check character")
	}
	c.document("legalDocumentNumber", o.LegalDocumentType, o.LegalDocumentNumber)
	c.document("contactDocumentNumber", o.ContactDocumentType, o.ContactDocument)
	c.must("industryDivision", o.IndustryDivision, o.IndustryDivision == "" || divisionOf(o.IndustryDivision) == o.Industry, "属于该门类的大类（GB/T 4754—2017）", "a division of that section in GB/T 4754-2017")
	if o.ValidUntil != "" && o.ValidUntil != Forever {
		c.must("validUntil", o.ValidUntil, o.ValidUntil >= o.Founded, "不早于成立日期", "not before the day it was founded")
	}
	if !c.below {
		c.must("certificatePhoto", o.CertificatePhoto, o.CertificatePhoto != "", "附件名称", "the name of an attachment")
	} else {
		none := o.CertificatePhoto + o.LegalDocumentPhoto + o.ContactDocumentPhoto
		c.must("certificatePhoto", none, none == "", "表6无照片", "nothing: table 6 has no pictures")
	}
	o.licences(c)
	c.at("builder", func() { o.Builder.check(c, 0) })
	c.at("runner", func() { o.Runner.check(c, 0) })
	c.at("realName", func() { o.RealName.check(c, 5) })
	c.at("registrationSystem", func() { o.RegistrationSystem.check(c) })
	c.at("registrationData", func() { o.RegistrationData.check(c) })
	c.at("backupData", func() { o.BackupData.check(c) })
	c.at("resolutionServer", func() { o.ResolutionServer.check(c) })
	c.at("backupSystem", func() { o.BackupSystem.check(c) })
	for i := range o.Services {
		c.in("services", i, func() { o.Services[i].check(c) })
	}
}

func (o *Organisation) licences(c *checker) {
	for i, l := range o.DomainLicences {
		c.in("domainLicences", i, func() {
			c.must("", l, l != LicenceNone || len(o.DomainLicences) == 1, "“否”不与许可证并列", "否 alone, or licences")
		})
	}
	some := len(o.DomainLicences) > 0 && o.DomainLicences[0] != LicenceNone
	c.must("licenceNumbers", "", some || len(o.LicenceNumbers) == 0, "有许可证时才填写", "nothing without a licence")
}

// check holds that an agent is named when there is one, with at most so many
// attachments.
func (a *Agent) check(c *checker, sources int) {
	if a == nil {
		return
	}
	agent := a.Mode == ModeAgent
	c.must("agent", a.Agent, agent == (a.Agent != ""), "委托时填写机构名称", "the agent's name when it is one, else nothing")
	c.must("contract", a.Contract, agent == (a.Contract != ""), "委托时附合同", "the contract's attachment when there is an agent, else nothing")
	c.must("sources", "", len(a.Sources) <= sources, "至多 5 个附件，仅用于实名核验", "at most 5 attachments, of the verification of registrants alone")
}

func (p *Place) check(c *checker) {
	if p == nil {
		return
	}
	local := p.Deployment == DeploymentLocal
	c.must("address", p.Address, !local || p.Address != "", "本地部署时填写省市区和详细地址", "the address when it is local")
	c.must("provider", p.Provider, local || p.Provider != "", "云部署时填写云服务商名称", "the provider's name when it is a cloud")
}

func (i *Industry) check(c *checker) {
	c.must("division", i.Division, i.Division == "" || divisionOf(i.Division) == i.Section, "属于该门类的大类（GB/T 4754—2017）", "a division of that section in GB/T 4754-2017")
	within := func(deep, above string) bool {
		return deep == "" || above != "" && len(deep) > len(above) && deep[:len(above)] == above
	}
	c.must("group", i.Group, within(i.Group, i.Division), "属于该大类的中类", "a group of that division: its two digits and one more")
	c.must("class", i.Class, within(i.Class, i.Group), "属于该中类的小类", "a class of that group: its three digits and one more")
}
