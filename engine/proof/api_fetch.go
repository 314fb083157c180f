package proof

import (
	"context"
	"io"
	"net/http"
	"time"

	"yuzhou/kernel/fault"
)

// maxFile is the largest file of a log that is read, in bytes: 256 entries of 64 KiB.
const maxFile = 17 << 20

// fetcher reads files of a log over HTTP.
func fetcher(base string) func(ctx context.Context, path string) ([]byte, error) {
	client := &http.Client{Timeout: 30 * time.Second}
	return func(ctx context.Context, path string) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/"+path, nil)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%q is no address of a log: %v", base, err)
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, &fault.Fault{Kind: fault.Busy, Text: "no answer from " + base, Err: err}
		}
		defer resp.Body.Close() //nolint:errcheck // read only
		switch resp.StatusCode {
		case http.StatusOK:
			return io.ReadAll(io.LimitReader(resp.Body, maxFile))
		case http.StatusNotFound:
			return nil, fault.New(fault.NotFound, "%s has no file %s", base, path)
		}
		return nil, fault.New(fault.Busy, "%s answered %s for %s", base, resp.Status, path)
	}
}
