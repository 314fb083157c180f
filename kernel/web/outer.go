package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

type requestKey struct{}

// RequestID returns the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// policy is the Content-Security-Policy: everything from this server, nothing inline.
const policy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// AllowWasm lets a page run WebAssembly from this server.
func AllowWasm(h http.Header) {
	h.Set("Content-Security-Policy", policy+"; script-src 'self' 'wasm-unsafe-eval'")
}

// outer gives every answer its security headers, request id, ETag, compression
// and line in the log, and turns a panic into an error page.
func (rt *Router) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := rt.Site.Now()
		id := rand.Text()[:12]
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, id))
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		bw := &buffered{ResponseWriter: w, request: r}
		defer func() {
			if p := recover(); p != nil {
				rt.Log.ErrorContext(r.Context(), "panic", slog.String("request", id), slog.String("path", r.URL.Path), slog.Any("panic", p))
				bw.reset()
				fail(rt.Log, bw, r, fmt.Errorf("panic: %v", p))
			}
			bw.finish()
			rt.Log.InfoContext(r.Context(), "request", slog.String("request", id), slog.String("method", r.Method),
				slog.String("path", r.URL.Path), slog.Int("status", bw.status), slog.Duration("took", rt.Site.Now().Sub(begun).Round(time.Microsecond)))
		}()
		next.ServeHTTP(bw, r)
	})
}

// maxBuffer is the largest answer that is held back for its ETag; larger ones
// stream without one.
const maxBuffer = 1 << 20

// buffered holds an answer back until it is whole, so that it can be given an
// ETag and compressed, or replaced by an error.
type buffered struct {
	http.ResponseWriter
	request   *http.Request
	status    int
	body      bytes.Buffer
	streaming bool
}

// WriteHeader implements http.ResponseWriter.
func (b *buffered) WriteHeader(status int) {
	if b.status == 0 {
		b.status = status
	}
}

// Write implements http.ResponseWriter.
func (b *buffered) Write(p []byte) (int, error) {
	if b.streaming {
		return b.ResponseWriter.Write(p)
	}
	if b.body.Len()+len(p) > maxBuffer {
		if err := b.stream(); err != nil {
			return 0, err
		}
		return b.ResponseWriter.Write(p)
	}
	return b.body.Write(p)
}

// Flush implements http.Flusher: what flushes means to stream.
func (b *buffered) Flush() {
	if b.stream() == nil {
		if f, ok := b.ResponseWriter.(http.Flusher); ok {
			f.Flush()
		}
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (b *buffered) Unwrap() http.ResponseWriter { return b.ResponseWriter }

func (b *buffered) stream() error {
	if b.streaming {
		return nil
	}
	b.streaming = true
	b.ResponseWriter.WriteHeader(b.code())
	_, err := b.body.WriteTo(b.ResponseWriter)
	return err
}

func (b *buffered) code() int {
	if b.status == 0 {
		b.status = http.StatusOK
	}
	return b.status
}

func (b *buffered) reset() {
	if !b.streaming {
		b.body.Reset()
		b.status = 0
	}
}

// finish sends what was held back, or 304 when the client has it already.
func (b *buffered) finish() {
	if b.streaming {
		return
	}
	h := b.Header()
	get := b.request.Method == http.MethodGet || b.request.Method == http.MethodHead
	if b.code() == http.StatusOK && get && h.Get("ETag") == "" && b.body.Len() > 0 {
		sum := sha256.Sum256(b.body.Bytes())
		tag := `"` + hex.EncodeToString(sum[:12]) + `"`
		h.Set("ETag", tag)
		if h.Get("Cache-Control") == "" {
			h.Set("Cache-Control", "private, no-cache")
		}
		h.Add("Vary", "Accept-Language, Cookie, Accept-Encoding")
		if matches(b.request.Header.Get("If-None-Match"), tag) {
			h.Del("Content-Type")
			b.status = http.StatusNotModified
			b.ResponseWriter.WriteHeader(b.status)
			return
		}
	}
	b.send(b.compress())
}

func matches(header, tag string) bool {
	for t := range strings.SplitSeq(header, ",") {
		if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == tag || t == "*" {
			return true
		}
	}
	return false
}

// compress gzips text of some length when the client takes it.
func (b *buffered) compress() []byte {
	body := b.body.Bytes()
	h := b.Header()
	kind := h.Get("Content-Type")
	text := strings.HasPrefix(kind, "text/") || strings.Contains(kind, "json") || strings.Contains(kind, "xml")
	if len(body) < 1400 || !text || h.Get("Content-Encoding") != "" ||
		!strings.Contains(b.request.Header.Get("Accept-Encoding"), "gzip") {
		return body
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return body
	}
	if _, err := z.Write(body); err != nil || z.Close() != nil {
		return body
	}
	h.Set("Content-Encoding", "gzip")
	return out.Bytes()
}

func (b *buffered) send(body []byte) {
	b.ResponseWriter.WriteHeader(b.code())
	if b.status != http.StatusNoContent && b.request.Method != http.MethodHead {
		_, _ = b.ResponseWriter.Write(body) // the client may be gone: nobody to tell
	}
}

// escapeNext names the page to come back to after signing in.
func escapeNext(r *http.Request) string { return url.QueryEscape(r.URL.RequestURI()) }
