//go:build !js

package tsa

import (
	"io"
	"mime"
	"net/http"
)

// ServeHTTP answers POST of TypeQuery, RFC 3161 §3.4. What is no query at all is refused
// with an HTTP status: 405, 415 or 413.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "a time stamp is asked for by POST", http.StatusMethodNotAllowed)
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != TypeQuery {
		http.Error(w, "the content type must be "+TypeQuery, http.StatusUnsupportedMediaType)
		return
	}
	query, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxQuery))
	if err != nil {
		http.Error(w, "the query is cut off or longer than 4 KiB", http.StatusRequestEntityTooLarge)
		return
	}
	answer, err := a.Answer(r.Context(), query)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", TypeResponse)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(answer) // the client is gone; its number is used up
}
