package client

import (
	"cmp"
	"context"
	"io"
	"net/http"

	"yuzhou/kernel/fault"
)

const mostFetched = 4 << 20

// Fetch reads a document by HTTP: a DID resolution, a set of links. Where a redirect
// leads is returned instead of followed.
//
// Errors: fault.Invalid for a status of 400 to 499 but 404, which is fault.NotFound;
// fault.Busy.
func (c *Client) Fetch(ctx context.Context, url, accept string) (doc []byte, location string, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, "", fault.New(fault.Invalid, "%q is no address: %v", url, err)
	}
	req.Header.Set("Accept", accept)
	plain := *cmp.Or(c.HTTP, http.DefaultClient)
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := plain.Do(req)
	if err != nil {
		return nil, "", &fault.Fault{Kind: fault.Busy, Text: url + " does not answer", Err: err}
	}
	defer res.Body.Close() //nolint:errcheck // read only
	doc, err = io.ReadAll(io.LimitReader(res.Body, mostFetched))
	switch {
	case err != nil:
		return nil, "", &fault.Fault{Kind: fault.Busy, Text: url + " broke off", Err: err}
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		return doc, "", fault.New(fault.NotFound, "%s: %s", url, res.Status)
	case res.StatusCode >= 500:
		return doc, "", fault.New(fault.Busy, "%s: %s", url, res.Status)
	case res.StatusCode >= 400:
		return doc, "", fault.New(fault.Invalid, "%s: %s", url, res.Status)
	}
	return doc, res.Header.Get("Location"), nil
}
