package web

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"yuzhou/kernel/actor"
)

// pageCache keeps pages as visitors see them. What must hold: a page is given
// again only while the store is as it was when the page was made, and within the
// same minute, since pages speak of now.
type pageCache struct {
	// generation tells whether the store has changed; nil keeps nothing.
	generation func(context.Context) (uint64, error)

	mu    sync.Mutex // guards the rest
	stamp pageStamp
	pages map[string]cachedPage
}

// pageStamp is what all kept pages have in common.
type pageStamp struct {
	generation uint64
	minute     int64
}

type cachedPage struct {
	kind, lang string // Content-Type, Content-Language
	body       []byte
}

// maxPages is how many pages are kept, of some 20 KB each.
const maxPages = 256

// key names a visitor's view of a page; "" when the page is not to be kept.
func (c *pageCache) key(r *http.Request, need actor.Permission) string {
	if c.generation == nil || r.Method != http.MethodGet || need != actor.Read || wantsJSON(r.URL.Path) || actor.Of(r.Context()).Known() {
		return ""
	}
	return ShellOf(r.Context()).Lang + " " + r.URL.RequestURI()
}

// now returns the stamp of this moment; ok is false when the store cannot be asked.
func (c *pageCache) now(ctx context.Context, at time.Time) (s pageStamp, ok bool) {
	g, err := c.generation(ctx)
	return pageStamp{g, at.Unix() / 60}, err == nil
}

// get returns a kept page. Pages of another stamp are dropped.
func (c *pageCache) get(key string, s pageStamp) (cachedPage, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s != c.stamp || len(c.pages) >= maxPages {
		c.stamp, c.pages = s, map[string]cachedPage{}
	}
	p, ok := c.pages[key]
	return p, ok
}

// put keeps a page that was made under stamp s, unless time has gone on.
func (c *pageCache) put(key string, s pageStamp, p cachedPage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s == c.stamp {
		c.pages[key] = p
	}
}

// answer lets h answer, or gives the page that is kept.
func (c *pageCache) answer(w http.ResponseWriter, r *http.Request, key string, h Handler) error {
	s, ok := c.now(r.Context(), ShellOf(r.Context()).Now())
	if !ok {
		return h(w, r)
	}
	if p, ok := c.get(key, s); ok {
		w.Header().Set("Content-Type", p.kind)
		w.Header().Set("Content-Language", p.lang)
		_, err := w.Write(p.body)
		return err
	}
	tee := &teeWriter{ResponseWriter: w}
	if err := h(tee, r); err != nil {
		return err
	}
	head := w.Header()
	if tee.status <= http.StatusOK && tee.copy.Len() < maxBuffer && strings.HasPrefix(head.Get("Content-Type"), "text/html") && head.Get("Content-Disposition") == "" {
		c.put(key, s, cachedPage{head.Get("Content-Type"), head.Get("Content-Language"), bytes.Clone(tee.copy.Bytes())})
	}
	return nil
}

// teeWriter keeps a copy of what is answered.
type teeWriter struct {
	http.ResponseWriter
	status int
	copy   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (t *teeWriter) WriteHeader(status int) {
	t.status = status
	t.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (t *teeWriter) Write(p []byte) (int, error) {
	t.copy.Write(p)
	return t.ResponseWriter.Write(p)
}
