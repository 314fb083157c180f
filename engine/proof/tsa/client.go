//go:build !js

package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"io"
	"math/big"
	"mime"
	"net/http"
	"time"

	"yuzhou/kernel/fault"
)

// Client asks an authority over HTTP, RFC 3161 §3.4.
type Client struct {
	URL     string              // of the authority; plain http serves, the answer is signed
	Pins    []*x509.Certificate // what its answers must lead to
	Policy  string              // dotted OID to ask for and to insist on; "" takes any
	Timeout time.Duration       // of the whole exchange; 0 means 10 s
	HTTP    *http.Client        // nil means http.DefaultClient
}

// Stamp has a message stamped with its SHA-256 digest and checks the answer.
//
//   - Result: the token in canonical form, ready for Verify, and what it proves.
//   - Errors: fault.Busy when the authority cannot be reached in time or cannot stamp now;
//     fault.Invalid when it refuses, or its answer does not verify, is to another query
//     (nonce), of another policy, or longer than MaxResponse.
func (c *Client) Stamp(ctx context.Context, message []byte) ([]byte, Stamp, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return nil, Stamp{}, err
	}
	sum := sha256.Sum256(message)
	q := Query{Hash: crypto.SHA256, Digest: sum[:], Policy: c.Policy, Nonce: nonce, Certificate: true}
	query, err := q.Marshal()
	if err != nil {
		return nil, Stamp{}, err
	}
	answer, err := c.post(ctx, query)
	if err != nil {
		return nil, Stamp{}, err
	}
	token, err := c.open(answer, q)
	if err != nil {
		return nil, Stamp{}, err
	}
	stamp, err := Verify(token, message, c.Pins)
	return token, stamp, err
}

// open takes the token of an answer to q.
func (c *Client) open(answer []byte, q Query) ([]byte, error) {
	r, err := ParseResponse(answer)
	if err != nil {
		return nil, err
	}
	if err = r.Granted(); err != nil {
		return nil, err
	}
	token, err := Canonical(r.Token, c.Pins)
	if err != nil {
		return nil, err
	}
	t, err := Parse(token)
	if err != nil {
		return nil, err
	}
	if t.Nonce == nil || t.Nonce.Cmp(q.Nonce) != 0 {
		return nil, fault.New(fault.Invalid, "time stamp response: its nonce is not the query's, it answers another one")
	}
	if q.Policy != "" && t.Stamp.Policy != q.Policy {
		return nil, fault.New(fault.Invalid, "time stamp response: its policy is %s, asked for was %s", t.Stamp.Policy, q.Policy)
	}
	return token, nil
}

// post sends a query and returns the body of the answer.
func (c *Client) post(ctx context.Context, query []byte) ([]byte, error) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(query))
	if err != nil {
		return nil, &fault.Fault{Kind: fault.Invalid, Text: "time stamp authority: its address is not a URL", Err: err}
	}
	req.Header.Set("Content-Type", TypeQuery)
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, &fault.Fault{Kind: fault.Busy, Text: "time stamp authority: it cannot be reached", Err: err}
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	if err = checkAnswer(res); err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, MaxResponse+1))
	if err != nil {
		return nil, &fault.Fault{Kind: fault.Busy, Text: "time stamp authority: its answer was cut off", Err: err}
	}
	return answer, nil
}

// checkAnswer holds the status and the content type.
func checkAnswer(res *http.Response) error {
	if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
		return fault.New(fault.Busy, "time stamp authority: it answers with HTTP status %d for now", res.StatusCode)
	}
	if res.StatusCode != http.StatusOK {
		return fault.New(fault.Invalid, "time stamp authority: it answers with HTTP status %d, is the address right?", res.StatusCode)
	}
	if kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err != nil || kind != TypeResponse {
		return fault.New(fault.Invalid, "time stamp authority: it answers %q, not %s, is the address right?", clip(res.Header.Get("Content-Type")), TypeResponse)
	}
	return nil
}
