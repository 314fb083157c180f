package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
)

func attr(key, value string) slog.Attr { return slog.String(key, value) }

func attrErr(err error) slog.Attr { return slog.Any("error", err) }

// Client calls the API: over the network, or of this very process. The command
// line uses nothing else, so that both give the same answers.
type Client struct {
	Base  string // "http://127.0.0.1:1458"
	Token string // session token, or "" for a visitor
	Key   string // idempotency key of what is called next; "" for none
	HTTP  *http.Client
}

// InProcess returns a client whose calls are answered by h as made by who.
func InProcess(h http.Handler, who actor.Actor) *Client {
	return &Client{Base: "http://yuzhou", HTTP: &http.Client{Transport: direct{h, who}}}
}

// Get calls GET path (below /api/v1) and decodes the answer into out.
func (c *Client) Get(ctx context.Context, path string, query url.Values, out any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.Do(ctx, http.MethodGet, path, nil, out)
}

// Do calls the API with a JSON body (none when in is nil) and decodes the answer
// into out: any value, an *[]byte for the bytes as they are, or nil.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	if !strings.HasPrefix(path, "/sdmx/") {
		path = "/api/v1" + path
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, body)
	if err != nil {
		return err
	}
	return c.send(req, out)
}

// Upload calls POST path with a file as its body and decodes the answer into out.
func (c *Client) Upload(ctx context.Context, path string, file io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Base+"/api/v1"+path, file)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	return c.send(req, out)
}

func (c *Client) send(req *http.Request, out any) error {
	if req.Body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if c.Key != "" {
		req.Header.Set("Idempotency-Key", c.Key)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return &fault.Fault{Kind: fault.Busy, Text: fmt.Sprintf("no answer from %s; is the server running?", c.Base), Err: err}
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	return decode(resp, out)
}

func decode(resp *http.Response, out any) error {
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		var p Problem
		if json.Unmarshal(text, &p) != nil || p.Detail == "" {
			return fmt.Errorf("the server answered %s", resp.Status)
		}
		if p.Kind == "" && resp.StatusCode < http.StatusInternalServerError {
			p.Kind = string(fault.Invalid) // refused by the API's own validation
			p.Detail += details(text)
		}
		return p.Fault()
	}
	switch o := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*o = text
		return nil
	}
	return json.Unmarshal(text, out)
}

// details lists what the API's validation has found, field by field.
func details(text []byte) string {
	var v struct {
		Errors []struct{ Message, Location string }
	}
	if json.Unmarshal(text, &v) != nil {
		return ""
	}
	var b strings.Builder
	for _, e := range v.Errors {
		fmt.Fprintf(&b, "; %s: %s", e.Location, e.Message)
	}
	return b.String()
}

// direct answers requests without a network.
type direct struct {
	handler http.Handler
	who     actor.Actor
}

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(req *http.Request) (*http.Response, error) {
	if d.handler == nil {
		return nil, errors.New("no handler")
	}
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	if req.Body == nil {
		req.Body = http.NoBody
	}
	req.RequestURI = req.URL.RequestURI()
	d.handler.ServeHTTP(rec, req.WithContext(actor.With(req.Context(), d.who)))
	return &http.Response{
		Status: http.StatusText(rec.status), StatusCode: rec.status, Header: rec.header,
		Body: io.NopCloser(&rec.body), Request: req, ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// recorder keeps an answer in memory.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }
