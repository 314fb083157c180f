package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestServe(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir)
	if s.Password == "" {
		t.Errorf("first start shows no password: %q", s.First)
	}
	if s.Ready > 10*time.Second { // the goal is 3 s; a loaded machine gets more
		t.Errorf("ready after %v", s.Ready)
	}
	tests := []struct {
		name, path, lang string
		status           int
		kind, has        string
	}{
		{"home in Chinese", "/", "zh-CN", 200, "text/html", `lang="zh-CN"`},
		{"home in English", "/", "en", 200, "text/html", `lang="en"`},
		{"OpenAPI", "/api/v1/openapi.json", "", 200, "json", `"openapi":"3.1`},
		{"status", "/api/v1/plan/status?at=2023-07-11", "", 200, "application/json", `"st.hte"`},
		{"no such page", "/nowhere", "en", 404, "text/html", "/nowhere"},
		{"no such operation", "/api/v1/nowhere", "", 404, "application/problem+json", `"status":404`},
		{"bad date", "/api/v1/plan/status?at=yesterday", "", 422, "application/problem+json", "yesterday"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, header, body := get(t, s.URL+tt.path, tt.lang)
			kind := header.Get("Content-Type")
			if status != tt.status || !strings.Contains(kind, tt.kind) || !strings.Contains(body, tt.has) {
				t.Errorf("%d %s, want %d %s with %s:\n%.2000s", status, kind, tt.status, tt.kind, tt.has, body)
			}
		})
	}
	if took, err := s.stop(); err != nil || took > 5*time.Second {
		t.Errorf("SIGTERM: %v after %v\n%s", err, took, s.said())
	}
	again := serve(t, dir)
	if again.Password != "" {
		t.Errorf("second start shows a password: %q", again.First)
	}
	if strings.Contains(again.said()+s.said(), s.Password) {
		t.Error("the password is in the log")
	}
}

// TestKill kills the server without warning while it takes in numbers, again and
// again: what it acknowledged must be there after the next start.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir)
	user, password := s.User, s.Password
	acknowledged := 0
	const rounds = 20
	for round := range rounds {
		token := signIn(t, s.URL, user, password)
		stop := time.After(time.Duration(20+37*round%150) * time.Millisecond)
		saved := make(chan int, 1)
		go func(from int) {
			n := from
			for declare(s.URL, token, n+1) == nil {
				n++
			}
			saved <- n
		}(acknowledged)
		<-stop
		s.kill()
		acknowledged = <-saved
		s = serve(t, dir)
		_, _, body := get(t, s.URL+"/api/v1/indicators/export.csv?indicator=st.hte&history=true", "")
		for n := 1; n <= acknowledged; n++ {
			if !strings.Contains(body, fmt.Sprintf(",%d,", 7000+n)) {
				t.Fatalf("round %d: number %d of %d was acknowledged and is lost", round, n, acknowledged)
			}
		}
	}
	if acknowledged == 0 {
		t.Fatal("nothing was acknowledged in all rounds")
	}
	t.Logf("%d numbers acknowledged through %d kills", acknowledged, rounds)
}

// declare imports the number 7000+n as a vintage of one observation.
func declare(base, token string, n int) error {
	file := fmt.Sprintf("indicator,unit,period,value,measure,status,source\nst.hte,500000,2024-%02d-28,%d,家,preliminary,later\n", 1+n%12, 7000+n)
	req, err := http.NewRequest(http.MethodPost, base+"/api/v1/indicators/import", strings.NewReader(file))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "text/csv")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%d %s", res.StatusCode, body)
	}
	return err
}

// signIn returns the token of a new session.
func signIn(t *testing.T, base, user, password string) string {
	t.Helper()
	in, err := json.Marshal(map[string]string{"user": user, "password": password})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(base+"/api/v1/org/sessions", "application/json", bytes.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out struct{ Token string }
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || out.Token == "" {
		t.Fatalf("sign-in answers %d without a token: %v", res.StatusCode, err)
	}
	return out.Token
}

func get(t *testing.T, address, lang string) (int, http.Header, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	req := &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{"Accept-Language": {lang}}}
	res, err := http.DefaultClient.Do(req.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}
