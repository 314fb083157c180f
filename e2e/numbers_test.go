package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"yuzhou/kernel/store"
)

// clerkOf is somebody of the story, signed in.
type clerkOf struct {
	t          *testing.T
	url, token string
}

// asks sends JSON to the API, or a body as it is with its own type, and returns
// the status and what was answered.
func (c clerkOf) asks(method, path string, body any, kind ...string) (int, []byte) {
	c.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case io.Reader:
		in = b
	default:
		text, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		in, kind = bytes.NewReader(text), []string{"application/json"}
	}
	req, err := http.NewRequest(method, c.url+path, in)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if len(kind) > 0 {
		req.Header.Set("Content-Type", kind[0])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, out
}

// must is asks for what has to succeed; it reads the answer into out.
func (c clerkOf) must(method, path string, body, out any) {
	c.t.Helper()
	status, text := c.asks(method, "/api/v1"+path, body)
	if status >= 300 {
		c.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			c.t.Fatal(err)
		}
	}
}

// refused sends what has to be refused, with words that say why.
func (c clerkOf) refused(path string, body any, want int, words string) {
	c.t.Helper()
	if status, text := c.asks(http.MethodPost, "/api/v1"+path, body); status != want || !strings.Contains(string(text), words) {
		c.t.Errorf("%s: %d %s; want %d with %q", path, status, text, want, words)
	}
}

// TestNumbers is a number's way through the whole program, on both databases: what
// may not be handed in, the sheet, recall, return, approval, another round, and
// what is held and therefore refused.
func TestNumbers(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { numbers(t, nil) })
	t.Run("postgres", func(t *testing.T) {
		dsn := os.Getenv("YUZHOU_TEST_POSTGRES")
		if dsn == "" {
			t.Skip("YUZHOU_TEST_POSTGRES is not set: not tested on PostgreSQL")
		}
		numbers(t, []string{"--database", schema(t, dsn)})
	})
}

func numbers(t *testing.T, database []string) {
	t.Helper()
	s := tell(t, "en", append([]string{"story"}, database...)...)
	s.step(t)
	as := func(who string) clerkOf { return clerkOf{t, s.url, signIn(t, s.url, who, s.passwords[who])} }
	kjj, check, head := as("kjj"), as("kjj.check"), as("kjj.head")
	var open []struct{ ID string }
	kjj.must(http.MethodGet, "/collection/requests?mine=fill", nil, &open)
	if len(open) != 1 {
		t.Fatalf("%d requests to fill in, want 1", len(open))
	}
	request := "/collection/requests/" + open[0].ID
	form := func(firms, small string) any {
		return map[string]any{"values": []map[string]string{{"indicator": "st.hte", "place": "500000", "value": firms}, {"indicator": "st.sti_firms", "place": "500000", "value": small}}}
	}
	step := func(who clerkOf, where, event string, data map[string]any) {
		t.Helper()
		who.must(http.MethodPost, where+"/steps", map[string]any{"event": event, "data": data}, nil)
	}
	kjj.refused(request+"/submission", form("6700.5", "54000"), 422, "st.hte")
	kjj.refused(request+"/submission", form("many", "54000"), 422, "many")
	kjj.refused(request+"/submission", form("6700", ""), 422, "st.sti_firms")
	check.refused(request+"/submission", form("6700", "54000"), 403, "")

	bySheet(t, kjj, open[0].ID)
	var drafted struct {
		Rows []struct{ Indicator, Value, From string }
	}
	kjj.must(http.MethodGet, request, nil, &drafted)
	if len(drafted.Rows) != 2 || drafted.Rows[0].Value != "6699" || drafted.Rows[0].From != "draft" {
		t.Errorf("read from the sheet: %+v", drafted.Rows)
	}
	kjj.must(http.MethodPost, request+"/submission", form("6699", "54000"), nil)
	step(kjj, request, "recall", nil)
	kjj.must(http.MethodPost, request+"/submission", form("6698", "54000"), nil)
	step(check, request, "return", map[string]any{"reason": "wrong", "text": "与底册不符"})
	kjj.must(http.MethodPost, request+"/submission", form("6700", "54000"), nil)
	kjj.refused(request+"/steps", map[string]any{"event": "pass"}, 403, "")
	step(check, request, "pass", nil)
	check.refused(request+"/steps", map[string]any{"event": "approve"}, 403, "")
	step(head, request, "approve", nil)

	var next struct{ ID string }
	kjj.must(http.MethodPost, request+"/revisions", map[string]string{"why": "底册更正"}, &next)
	again := "/collection/requests/" + next.ID
	kjj.must(http.MethodPost, again+"/submission", form("6710", "54000"), nil)
	step(check, again, "pass", nil)
	step(head, again, "approve", nil)
	for vintage, want := range map[int]string{1: "6700", 2: "6710"} {
		name := url.PathEscape(fmt.Sprintf("88.500.1/st.hte/500000/2024-06-30@%d", vintage))
		var o struct {
			Value  json.Number
			Status string
		}
		kjj.must(http.MethodGet, "/indicators/names/"+name, nil, &o)
		if o.Value.String() != want || o.Status != "demo" {
			t.Errorf("vintage %d is %s (%s), want %s and demo", vintage, o.Value, o.Status, want)
		}
	}
	as("leader").refused("/collection/asks", map[string]any{
		"title": "高企数", "indicators": []string{"高企数"}, "unit": "kjj", "period": "2024-Q2", "days": 5, "asker": "500000", "basis": "演示",
	}, 409, "st.hte")
	var b struct {
		Total struct{ Requests, Numbers, Spared int }
		Units []struct{ ID string }
	}
	kjj.must(http.MethodGet, "/collection/burden?from=2024-01-01", nil, &b)
	if b.Total.Requests < 2 || b.Total.Numbers < 4 || len(b.Units) == 0 {
		t.Errorf("the ledger: %+v", b)
	}
}

// bySheet fills in the form's sheet as a department would, and hands it back.
func bySheet(t *testing.T, who clerkOf, id string) {
	t.Helper()
	status, book := who.asks(http.MethodGet, "/collection/"+id+"/sheet.xlsx", nil)
	if status != http.StatusOK {
		t.Fatalf("the sheet: %d %s", status, book)
	}
	f, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // in memory
	name := f.GetSheetName(0)
	for cell, value := range map[string]string{"I4": "6699", "I5": "54000"} {
		if err := f.SetCellStr(name, cell, value); err != nil {
			t.Fatal(err)
		}
	}
	var filled, upload bytes.Buffer
	if err := f.Write(&filled); err != nil {
		t.Fatal(err)
	}
	m := multipart.NewWriter(&upload)
	part, err := m.CreateFormFile("file", "form.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(part, &filled); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if status, text := who.asks(http.MethodPost, "/collection/"+id+"/sheet", &upload, m.FormDataContentType()); status >= 400 {
		t.Errorf("the sheet handed back: %d %.400s", status, text)
	}
}

// schema makes an empty schema in a PostgreSQL database and returns its address.
func schema(t *testing.T, dsn string) string {
	t.Helper()
	db, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("e2e_%d", rand.Uint64())
	do := func(ctx context.Context, statement string) error {
		return db.Write(ctx, func(tx store.Tx) error {
			_, err := tx.Exec(ctx, statement)
			return err
		})
	}
	if err := do(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = do(context.Background(), "DROP SCHEMA "+name+" CASCADE")
		_ = db.Close()
	})
	return dsn + "&search_path=" + name
}
