package identifiers

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// open lets everybody do everything: who may is the engine's matter.
func open(context.Context, actor.Actor, actor.Permission, string) error { return nil }

// TestProtocols asks for one record by everything that HTTP carries: status, where it
// leads, type of content, and a piece of what it says.
func TestProtocols(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		m := st.withRecords(nil)
		value := func(i uint32, kind, data string) handle.Value {
			return handle.Value{Index: i, Type: kind, Data: []byte(data), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: 1}
		}
		hidden := value(9, "COST", "42")
		hidden.Perm &^= handle.PublicRead
		m.put(t, []handle.Record{
			{Name: "88.500/gb-1", Values: []handle.Value{value(1, "URL", "https://f.example/1"), value(2, "DESC", "减速机 <一>"), hidden}},
			{Name: "88.500/a/b?c", Values: []handle.Value{value(1, "DESC", "x")}},
			{Name: "88.500/evil", Values: []handle.Value{value(1, "URL", "javascript:alert(1)")}},
			{Name: "88.500/loc", Values: []handle.Value{value(1, "10320/loc", `<locations><location href="https://en.example" language="en"/><location href="https://zh.example" language="zh"/></locations>`)}},
			{Name: "88.500/01/09506000134352", Values: []handle.Value{value(1, "URL", "https://shop.example/09506000134352")}},
		}...)
		rt := web.NewRouter(st.site, slog.New(slog.DiscardHandler), open)
		st.Module().Routes(rt)
		h := rt.Handler(func(*http.Request) (actor.Actor, error) { return actor.Actor{}, nil })
		for _, tt := range []struct {
			name, path, accept string
			status             int
			says               string // in the body, or where it leads
		}{
			{"JSON API", "/api/handles/88.500/GB-1", "", 200, `{"responseCode":1,"handle":"88.500/gb-1","values":[{"index":1,"type":"URL","data":{"format":"string","value":"https://f.example/1"},"ttl":86400,"timestamp":"1970-01-01T00:00:01Z"},{"index":2`},
			{"JSON API, one index", "/api/handles/88.500/gb-1?index=2", "", 200, `"values":[{"index":2`},
			{"JSON API, what is not public", "/api/handles/88.500/gb-1?index=9", "", 200, `{"responseCode":200,"values":[],"handle":"88.500/gb-1"}`},
			{"JSON API, none", "/api/handles/88.500/none", "", 404, `{"responseCode":100`},
			{"JSON API, of others", "/api/handles/99/x", "", 400, `{"responseCode":301`},
			{"JSON API, nonsense", "/api/handles/88.500/gb-1?index=0", "", 400, `parameter index`},
			{"JSON API as a script", "/api/handles/88.500/gb-1?callback=f", "", 200, `f({"responseCode":1`},
			{"JSON API, escaped", "/api/handles/88.500/a%2Fb%3Fc", "", 200, `"handle":"88.500/a/b?c"`},
			{"site", "/api/site", "", 200, `"site":{`},
			{"browser", "/id/88.500/gb-1", "text/html", 302, "https://f.example/1"},
			{"browser that wants to see", "/id/88.500/gb-1?noredirect", "text/html", 303, "/identifiers/of/88.500/gb-1"},
			{"program", "/id/88.500/gb-1", "application/json", 303, "/api/handles/88.500/gb-1"},
			{"browser, no address", "/id/88.500/a/b%3Fc", "text/html", 303, "/identifiers/of/88.500/a/b%3Fc"},
			{"browser, a script", "/id/88.500/evil", "text/html", 303, "/identifiers/of/88.500/evil"},
			{"browser, by language", "/id/88.500/loc", "text/html", 302, "https://zh.example"},
			{"browser, none", "/id/88.500/none", "text/html", 404, ""},
			{"page", "/identifiers/of/88.500/gb-1", "text/html", 200, "减速机 &lt;一&gt;"},
			{"GS1", "/gs1/01/09506000134352", "text/html", 307, "https://shop.example/09506000134352"},
			{"GS1, a serial number", "/gs1/01/09506000134352/21/7", "text/html", 307, "https://shop.example/09506000134352"},
			{"GS1, set of links", "/gs1/01/09506000134352?linkType=linkset", "application/linkset+json", 200, `"anchor":`},
			{"GS1, a wrong check digit", "/gs1/01/09506000134353", "", 400, ""},
			{"GS1, none", "/gs1/01/06901234567892", "", 404, ""},
			{"GS1, what it does", "/.well-known/gs1resolver", "", 200, `"resolverRoot":"http://example.com/gs1"`},
			{"DID, none", "/1.0/identifiers/did:cn:88.500.9", "", 404, "NOT_FOUND"},
			{"DID of another method", "/1.0/identifiers/did:web:x", "", 400, "INVALID_DID"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				r := httptest.NewRequest(http.MethodGet, tt.path, nil)
				r.Header.Set("Accept", tt.accept)
				r.Header.Set("Accept-Language", "zh-CN,zh;q=0.9")
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				said := w.Body.String()
				if w.Code >= 300 && w.Code < 400 {
					said = w.Header().Get("Location")
				}
				if w.Code != tt.status || !strings.Contains(said, tt.says) {
					t.Errorf("%d %.300s; want %d %s", w.Code, said, tt.status, tt.says)
				}
				if strings.Contains(said, "COST") {
					t.Error("it says what is not public")
				}
			})
		}
		st.tunnelled(t, h)
	})
}

// tunnelled sends a message through HTTP, and what is none.
func (st *stage) tunnelled(t *testing.T, h http.Handler) {
	t.Helper()
	send := func(media string, message []byte) (int, []byte) {
		r := httptest.NewRequest(http.MethodPost, "/id/", bytes.NewReader(message))
		r.Header.Set("Content-Type", media)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		b, err := io.ReadAll(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		return w.Code, b
	}
	request := wire.Append(nil, wire.Message{
		Envelope: wire.Envelope{Version: wire.Newest(), Request: 7}, Header: wire.Header{Op: wire.OpResolve, Flags: wire.PublicOnly, Serial: wire.NoSerial},
		Body: body.AppendResolve(nil, body.Resolve{Name: []byte("88.500/gb-1")}),
	})
	status, b := send(client.Media, request)
	answer, err := wire.Parse(b)
	if status != http.StatusOK || err != nil || answer.Code != wire.Success || answer.Request != 7 {
		t.Errorf("%d %v, %v", status, answer.Code, err)
	}
	for name, tt := range map[string]struct {
		media   string
		message []byte
	}{"a form": {"application/x-www-form-urlencoded", request}, "half": {client.Media, request[:30]}, "too much": {client.Media, append(slices.Clip(request), 0)}, "nothing": {client.Media, nil}} {
		if status, b := send(tt.media, tt.message); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %.100s", name, status, b)
		}
	}
	if _, err := st.recordAt(t.Context(), "88.500/none", st.at); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}
