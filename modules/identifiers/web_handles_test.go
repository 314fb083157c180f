package identifiers

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi"
	"yuzhou/modules/identifiers/typed"
)

// spoken is a request that Handle.Net 9.2.0 was asked by HTTP and its answer
// (testdata/handlenet-http.jsonl, in the order of asking).
type spoken struct {
	Name, Method, Target, Body string
	TLS                        bool
	Header                     map[string]string // Authorization is right or wrong
	Status                     int
	AnswerHeader               map[string][]string `json:"answer_header"`
	Answer                     string
}

// otherwise says where this node answers otherwise on purpose: the status, and why.
func otherwise() map[string]struct {
	status int
	why    string
} {
	const before = "the recorded server had it from an earlier run"
	return map[string]struct {
		status int
		why    string
	}{
		"get-unknown-api":           {404, "other paths below /api are this product's own"},
		"get-api":                   {404, "likewise"},
		"get-index-negative":        {400, "an index below 1 is refused, where Handle.Net finds nothing"},
		"get-callback-bad":          {400, "a callback that is no name is refused, where Handle.Net puts _ for what it does not like"},
		"get-status":                {400, "0.SITE is not of this node: its status is not told to everybody"},
		"get-private-basic":         {200, "what neither PUBLIC_READ nor ADMIN_READ lets be read is given to nobody"},
		"get-private-basic-nofalse": {200, "likewise"},
		"site":                      {200, "the site is this node's"},
		"site-slash":                {200, "likewise"},
		"list-basic":                {200, "the names are those of this test, as they were written"},
		"list-page":                 {200, "likewise"},
		"list-page0":                {200, "likewise"},
		"list-beyond":               {200, "likewise"},
		"list-0na":                  {200, "likewise"},
		"prefixes-basic":            {200, "there is no 0.NA/0.NA here"},
		"put-no-values":             {201, before},
		"put-data-string":           {201, before},
		"put-formats":               {201, before},
		"put-text":                  {201, before},
		"put-array":                 {201, before},
		"put-mint":                  {201, "what is minted is never the same"},
		"put-mint-part":             {201, "likewise"},
		"put-mint-noslash":          {201, "Handle.Net forgets the slash behind a bare prefix"},
	}
}

// exchanges reads what Handle.Net was asked.
func exchanges(t *testing.T) (out []spoken) {
	t.Helper()
	text, err := os.ReadFile("testdata/handlenet-http.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var o spoken
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

// secret is the key of the administrator 301:88.709.911/ADMIN in these tests.
const secret = "only for tests: 标识 secret"

func basic(identity, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(url.PathEscape(identity), ":", "%3A")+":"+password))
}

// served is the stage as the node of 88.709.911 with the records of the recorded server.
func (st *stage) served(t *testing.T, all []spoken) http.Handler {
	t.Helper()
	st.site.Prefix = "88.709.911"
	m, known := st.withRecords(nil), map[string]bool{}
	for _, o := range all {
		a, err := jsonapi.ParseAnswer([]byte(o.Answer))
		if err != nil || a.Code != 1 || len(a.Values) == 0 || strings.ContainsAny(o.Target, "?") && o.Name != "get-private-basic" || strings.HasPrefix(string(a.Name), "88.709.911/p") && o.Name != "get-private-basic" {
			continue
		}
		slices.SortFunc(a.Values, func(a, b handle.Value) int { return cmp.Compare(a.Index, b.Index) })
		if !strings.Contains(string(a.Name), "/") {
			a.Name = handle.Authority(string(a.Name))
		}
		if strings.Contains(string(a.Name), "@") {
			continue // it was computed
		}
		if o.Name == "get-private-basic" { // there the administrators of the server read it
			a.Values = append(a.Values, st.administers(150, 301))
		}
		if !known[a.Name.Fold()] {
			m.put(t, handle.Record{Name: a.Name, Values: a.Values})
		}
		known[a.Name.Fold()] = true
	}
	m.put(t, []handle.Record{
		{Name: "88.709.911/ADMIN", Values: []handle.Value{{Index: 301, Type: handle.TypeSecretKey, Data: []byte(secret), Perm: handle.AdminRead}}},
		{Name: "88.709.911/range", Values: []handle.Value{
			{Index: 1, Type: "URL", Data: []byte("https://example.org/range"), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual},
			{Index: 2, Type: handle.TypeNamespace, TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Data: []byte(
				`<namespace><template delimiter="@"><foreach><if value="type" test="equals" expression="URL"><value data="${data}?serial=${extension}"/></if></foreach></template></namespace>`)},
		}},
	}...)
	return st.handler()
}

func (st *stage) handler() http.Handler {
	rt := web.NewRouter(st.site, slog.New(slog.DiscardHandler), open)
	st.Module().Routes(rt)
	return rt.Handler(func(*http.Request) (actor.Actor, error) { return actor.Actor{}, nil })
}

// administers is a value by which a key of the administrator has all rights.
func (st *stage) administers(index, key uint32) handle.Value {
	data := typed.AppendAdmin(nil, typed.Admin{Rights: typed.Everything, Reference: handle.Reference{Name: "88.709.911/ADMIN", Index: key}})
	return handle.Value{Index: index, Type: handle.TypeAdmin, Data: data, TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.AdminRead | handle.AdminWrite}
}

// ask sends a request; over TLS it comes as one does behind a proxy.
func ask(h http.Handler, o spoken) *httptest.ResponseRecorder {
	r := httptest.NewRequest(o.Method, o.Target, strings.NewReader(o.Body))
	r.Host = "node.example"
	if o.TLS {
		r.Header.Set("X-Forwarded-Proto", "https")
	}
	for name, v := range o.Header {
		switch v {
		case "right":
			v = basic("301:88.709.911/ADMIN", secret)
		case "wrong":
			v = basic("301:88.709.911/ADMIN", "wrong")
		}
		r.Header.Set(name, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestAsHandleNet asks this node what Handle.Net 9.2.0 was asked by HTTP, one after the other,
// and compares: the status, the headers, and the answer but for its words.
func TestAsHandleNet(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		all := exchanges(t)
		h := st.served(t, all)
		for _, o := range all {
			t.Run(o.Name, func(t *testing.T) {
				w := ask(h, o)
				if diff, differs := otherwise()[o.Name]; differs {
					if w.Code != diff.status {
						t.Errorf("%d %.300s; want %d: %s", w.Code, w.Body, diff.status, diff.why)
					}
					return
				}
				if w.Code != o.Status {
					t.Errorf("%d %.300s; want %d", w.Code, w.Body, o.Status)
				}
				if diff := gocmp.Diff(o.AnswerHeader, headers(w, o.AnswerHeader)); diff != "" {
					t.Error(diff)
				}
				if o.Answer == "" {
					return // a refusal, that says why here
				}
				if diff := gocmp.Diff(plain(t, o.Answer), plain(t, w.Body.String())); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
}

var drawn = regexp.MustCompile(`(sessionId|nonce)="[^"]*"`)

// headers returns those of an answer that another had, without what is drawn.
func headers(w *httptest.ResponseRecorder, had map[string][]string) map[string][]string {
	out := map[string][]string{}
	for name := range had {
		for _, v := range w.Header().Values(name) {
			out[name] = append(out[name], drawn.ReplaceAllString(v, `$1=""`))
		}
	}
	return out
}

var inCall = regexp.MustCompile(`(?s)^\w+\((.*)\);$`)

// plain returns what an answer says, but for its words, the order of values and when they
// were changed.
func plain(t *testing.T, text string) map[string]any {
	t.Helper()
	if m := inCall.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	out := map[string]any{}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v: %.300s", err, text)
	}
	delete(out, "message")
	values, _ := out["values"].([]any)
	index := func(v any) float64 {
		m, _ := v.(map[string]any)
		if at, _ := m["timestamp"].(string); at > "2026" {
			delete(m, "timestamp")
		}
		n, _ := m["index"].(float64)
		return n
	}
	slices.SortFunc(values, func(a, b any) int { return cmp.Compare(index(a), index(b)) })
	for _, v := range values {
		index(v)
	}
	return out
}
