package identifiers

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/modules/identifiers/handle"
)

// hubClient is an application of an enterprise node.
type hubClient struct {
	t     *testing.T
	h     http.Handler
	token string
}

// call sends a request and checks that its answer says something.
func (c hubClient) call(method, path, body string, says ...string) string {
	c.t.Helper()
	r := httptest.NewRequest(method, "https://node.example"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, r)
	text := w.Body.String()
	if w.Code != http.StatusOK || !json.Valid(w.Body.Bytes()) {
		c.t.Errorf("%s %s: %d %.300s", method, path, w.Code, text)
	}
	for _, s := range says {
		if !strings.Contains(text, s) {
			c.t.Errorf("%s %s does not say %s but %.600s", method, path, s, text)
		}
	}
	return text
}

// signed signs in as an identity by the standard API.
func (c hubClient) signed(id string, key *rsa.PrivateKey) hubClient {
	c.t.Helper()
	var challenge struct{ Data string }
	if err := json.Unmarshal([]byte(c.call("GET", "/api/v1/doip/public/challenge?handle="+id, "", `"code":1,`)), &challenge); err != nil {
		c.t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(challenge.Data))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		c.t.Fatal(err)
	}
	var out struct{ Data struct{ Token string } }
	answer := func(signature []byte, says string) string {
		body := fmt.Sprintf(`{"handle":%q,"signature":%q}`, id, base64.StdEncoding.EncodeToString(signature))
		return c.call("POST", "/api/v1/doip/public/verify-response", body, says)
	}
	signature[0] ^= 1
	answer(signature, `"message":"签名不正确`)
	signature[0] ^= 1
	if err := json.Unmarshal([]byte(answer(signature, `"token":`)), &out); err != nil {
		c.t.Fatal(err)
	}
	answer(signature, `"message":"签名不正确`) // what was signed counts once
	c.token = out.Data.Token
	return c
}

const hubMeta = `{"classifyCode":"x","metaHandle":"88.500.1/pump","metaName":"泵","metaCode":"pump","industryCategory":"C","industrySpecific":"34","metaItemCreateDTOS":[
	{"itemCode":"1","englishName":"model","chineseName":"型号","required":1,"itemSchemaCreateDTO":{"maxLength":40,"dataType":"1"}},
	{"itemCode":"2","englishName":"flow","chineseName":"流量","required":0,"itemSchemaCreateDTO":{"dataType":2}}]}`

// TestEnterpriseAPI goes through both APIs of enterprise nodes as an application does that
// signs with its key: what it registers resolves by every other way, and what it may not do
// it is refused.
func TestEnterpriseAPI(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		st.withRecords(nil)
		key, public := keyPair(t)
		other, others := keyPair(t)
		r := factory()
		st.decide(t, Change{Change: Allocate, Registrant: &r, Keys: []string{public}})
		second := factory()
		second.CreditCode = "91500000MA5U000010"
		st.decide(t, Change{Change: Allocate, Registrant: &second, Keys: []string{others}})
		st.run(t, st.recordPrefixes)
		if err := st.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		st.Access = visitors{}
		v := st.visit(t)
		*v.who = actor.Actor{} // the token alone says who asks
		c := hubClient{t: t, h: v.h}
		c.call("POST", "/api/v1/doip?targetId=88.500.1/p1&operationId=0.DOIP/Op.Create", `{}`, `"message":"没有令牌`)
		c.call("POST", "/identityv2/data", `{}`, `没有令牌`)
		mine, theirs := c.signed("0.NA/88.500.1", key), c.signed("0.NA/88.500.2", other)
		mine.standardAPI(theirs)
		mine.compatibleAPI(st, theirs)
	})
}

func (c hubClient) standardAPI(stranger hubClient) {
	c.t.Helper()
	c.call("POST", "/api/v1/open/meta/create", hubMeta, `"metaHandle":"88.500.1/pump@1"`)
	stranger.call("POST", "/api/v1/open/meta/create", hubMeta, "不是前缀 88.500.1 的管理者")
	c.call("GET", "/api/v1/open/meta/info?metaHandle=88.500.1/pump", "", `"metaName":"泵"`, `"englishName":"flow"`)
	create := `{"type":"88.500.1/pump","attributes":{"content":{"model":"P-7","flow":"12.5"}}}`
	c.call("POST", "/api/v1/doip?targetId=88.500.1/p1&operationId=0.DOIP/Op.Create", create, `"code":10000`)
	c.call("POST", "/api/v1/doip?targetId=88.500.1/p1&operationId=0.DOIP/Op.Create", create, "标识已存在")
	stranger.call("POST", "/api/v1/doip?targetId=88.500.1/p2&operationId=0.DOIP/Op.Create", create, "没有权限")
	c.call("POST", "/api/v1/doip?targetId=88.500.1/p2&operationId=0.DOIP/Op.Create", `{"type":"88.500.1/none","attributes":{"content":{}}}`, "模板")
	c.call("POST", "/api/v1/doip?targetId=88.500.1/p2&operationId=0.DOIP/Op.Create", `{"type":"88.500.1/pump","attributes":{"content":{"flow":"much"}}}`, `"code":`)
	c.call("POST", "/api/v1/doip?targetId=88.500.1/p1&operationId=0.DOIP.EXTEND/Op.Update.Non.Overlay", `{"type":"88.500.1/pump","attributes":{"content":{"flow":"13"}}}`, `"code":10000`)
	c.call("GET", "/api/v1/doip?targetId=88.500.1/p1&operationId=0.DOIP/Op.Retrieve", "", `"data":"13"`, `"data":"P-7"`)
	c.call("POST", "/api/v1/doip?targetId=88.500.1/p1&operationId=Move", "{}", "operationId")
	c.call("GET", "/api/v1/doip/nothing", "", "没有接口")
	// Who is let write an identifier may, until that is taken back.
	merge := "/api/v1/doip?targetId=88.500.1/p1&operationId=0.DOIP.EXTEND/Op.Update.Non.Overlay"
	changed := `{"type":"88.500.1/pump","attributes":{"content":{"flow":"14"}}}`
	stranger.call("POST", merge, changed, "没有权限")
	stranger.call("POST", "/api/v1/single-handle/authorization", `{"handle":"88.500.1/p1","readerScope":2,"handleUserWriters":["0.NA/88.500.2"]}`, "不是前缀 88.500.1 的管理者")
	c.call("POST", "/api/v1/single-handle/authorization", `{"handle":"88.500.1/p1","readerScope":2,"handleUserWriters":["0.NA/88.500.2"]}`, `"code":1,`)
	stranger.call("POST", merge, changed, `"code":10000`)
	c.call("POST", "/api/v1/single-handle/authorization", `{"handle":"88.500.1/p1","readerScope":2,"delHandleUserWriters":["0.NA/88.500.2"]}`, `"code":1,`)
	stranger.call("POST", merge, strings.Replace(changed, "14", "15", 1), "没有权限")
	c.call("GET", "/api/v1/doip?targetId=88.500.1/p1&operationId=0.DOIP/Op.Retrieve", "", `"data":"14"`)
	// Items of a template are let be read, and no longer.
	c.call("POST", "/api/v1/open/classes-grant/item/batch-public", `{"items":["model"],"scope":2,"metaHandle":"88.500.1/pump"}`, `"code":`)
	c.call("POST", "/api/v1/open/classes-grant/authorization", `{"metaHandle":"88.500.1/pump","accessList":[{"item":"model","authType":2,"scope":1}]}`, "authType 2")
}

func (c hubClient) compatibleAPI(st *stage, stranger hubClient) {
	t := c.t
	t.Helper()
	item := func(name, model string) string {
		return fmt.Sprintf(`{"handle":%q,"templateVersion":"pump@1","value":[{"data":{"format":"string","value":%q},"auth":"","index":2000,"type":"model"}]}`, name, model)
	}
	c.call("GET", "/identityv2/data/detail?handle=88.500.1/p1", "", `"templateVersion":"pump@1"`, `"value":"P-7"`)
	c.call("POST", "/identityv2/data", item("88.500.1/p3", "P-8"), `"status":1`)
	c.call("PUT", "/identityv2/data", item("88.500.1/p3", "P-9"), `"status":1`)
	c.call("PUT", "/identityv2/data", item("88.500.1/none", "P-9"), "没有找到标识")
	stranger.call("PUT", "/identityv2/data", item("88.500.1/p3", "stolen"), "没有权限")
	stranger.call("DELETE", "/identityv2/data", `{"handle":"88.500.1/p3"}`, "没有权限")
	batch := "[" + item("88.500.1/b1", "x") + "," + item("88.500.1/p3", "x") + "," + item("88.500.2/b", "x") + "," + item("88.500.9/b", "x") + "," + item("88.500.1/b2", "y") + "]"
	got := c.call("POST", "/identityv2/data/batchCreate", batch, `{"handle":"88.500.1/b1","msg":"success"}`, `{"handle":"88.500.1/p3","msg":"标识已存在"}`, `{"handle":"88.500.1/b2","msg":"success"}`)
	if strings.Count(got, `"success"`) != 3 { // two of them, and the answer's own
		t.Errorf("the batch: %s", got)
	}
	// Sent again, what was registered is said to be there: nothing was lost, nothing is twice.
	c.call("POST", "/identityv2/data/batchCreate", batch, `{"handle":"88.500.1/b1","msg":"标识已存在"}`)
	c.call("DELETE", "/identityv2/data/batchDelete", `["88.500.1/b1","88.500.1/nothing"]`, `"msg":"success"`, "标识不存在")
	for name, want := range map[string]string{"88.500.1/p1": "P-7", "88.500.1/p3": "P-9", "88.500.1/b2": "y"} {
		rec, err := st.record(t.Context(), handle.Name(name))
		if got := texts(t, rec, err); !strings.Contains(got, want) || strings.Contains(got, "stolen") {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, gone := range []string{"88.500.1/b1", "88.500.1/p2", "88.500.2/b", "88.500.9/b"} {
		if _, err := st.record(t.Context(), handle.Name(gone)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", gone, err)
		}
	}
	open := httptest.NewRequest(http.MethodPost, "http://node.example/identity/token", strings.NewReader(`{"username":"x","password":"y"}`))
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, open)
	if !strings.Contains(w.Body.String(), "HTTPS") {
		t.Errorf("a password over HTTP: %s", w.Body)
	}
}
