// Package web turns what modules return into HTTP answers: pages, API operations
// and plain answers, behind one decision about who may call what.
//
// What must hold: every route is declared with the permission it asks for and
// passes Decide; a handler returns an error and never answers twice; an answer is
// made whole before its first byte is sent, unless it says that it streams.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

// Handler is an http.Handler that may fail; the Router answers for it.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Status returns the HTTP status of err. Source: RFC 9110 §15.
func Status(err error) int {
	switch fault.KindOf(err) {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Busy:
		return http.StatusServiceUnavailable
	}
	if errors.Is(err, context.Canceled) {
		return 499 // the client went away; nobody reads this, the log does
	}
	return http.StatusInternalServerError
}

// Text returns the sentence of err that a person may read.
func Text(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f.Text
	}
	if k := fault.KindOf(err); k != "" {
		return string(k)
	}
	return "internal error"
}

// Sentence returns why something went wrong in the languages of the product. Where the
// fault has no Chinese the kind says what to do, and the English stays with it, for
// it names what was wrong.
func Sentence(err error) pack.Text {
	t := pack.Text{EN: Text(err)}
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.ZH != "" {
		t.ZH = FullWidth(f.ZH)
		return t
	}
	t.ZH = map[fault.Kind]string{
		fault.Invalid: "填写的内容不对，请改正后再试。", fault.NotFound: "没有找到。", fault.Conflict: "情况已经变化，请看过现在的情况再办。",
		fault.Forbidden: "这不在您的权限之内。", fault.Busy: "系统正忙，没有保存，请稍后再试。",
	}[fault.KindOf(err)]
	if t.ZH == "" {
		t.ZH = "系统内部出错，已经记录。"
		return t
	}
	if t.EN != string(fault.KindOf(err)) {
		t.ZH += "（" + t.EN + "）"
	}
	return t
}

// Said is Sentence in the language of the page.
func Said(r *http.Request, err error) string { return ShellOf(r.Context()).In(Sentence(err)) }

// Problem is an error as the API answers it. Source: RFC 9457.
type Problem struct {
	Type     string `json:"type,omitempty"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"`
	Instance string `json:"instance,omitempty"` // the request's id
	Kind     string `json:"kind,omitempty"`     // the fault.Kind
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus lets the API library answer with the problem's own status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements the API library's way to name the media type.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func problem(ctx context.Context, err error) *Problem {
	status := Status(err)
	title := http.StatusText(status)
	if title == "" {
		title = "Client closed request"
	}
	return &Problem{
		Title: title, Status: status, Detail: Text(err),
		Instance: RequestID(ctx), Kind: string(fault.KindOf(err)),
	}
}

// Fault is the inverse of problem: what an API client gets back.
func (p *Problem) Fault() error {
	kind := fault.Kind(p.Kind)
	if kind == "" {
		return errors.New(p.Detail)
	}
	return &fault.Fault{Kind: kind, Text: p.Detail}
}

// wantsJSON reports whether the path belongs to programs rather than people.
func wantsJSON(path string) bool {
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/sdmx/")
}

// fail answers a request whose handler has failed.
func fail(log *slog.Logger, w http.ResponseWriter, r *http.Request, err error) {
	status := Status(err)
	if status >= http.StatusInternalServerError && fault.KindOf(err) == "" { // what is busy was told so, and comes again
		log.ErrorContext(r.Context(), "request failed", slog.String("request", RequestID(r.Context())),
			slog.String("path", r.URL.Path), slog.Any("error", err))
	}
	w.Header().Del("Content-Disposition")
	w.Header().Del("Cache-Control")
	if !wantsJSON(r.URL.Path) {
		if renderError(w, r, status, err) == nil {
			return
		}
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(problem(r.Context(), err)); err != nil {
		log.DebugContext(r.Context(), "answer not sent", slog.Any("error", err))
	}
}
