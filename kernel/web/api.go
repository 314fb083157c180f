package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"yuzhou/kernel/actor"
)

// Operation describes an API operation: one line of the OpenAPI document.
type Operation struct {
	Method  string           // GET when empty
	Path    string           // below /api/v1, such as /plan/targets/{id}
	ID      string           // camel case, unique: listTargets
	Summary string           // one line
	Need    actor.Permission // Read when empty
	Status  int              // of success; 200 when 0
}

// body is how the API library wants an answer wrapped.
type body[O any] struct{ Body O }

// Serve mounts an operation. I is a struct of path, query and body parameters
// (tags path:"", query:"", and a Body field); O is the JSON answer. Errors are
// answered as problem+json with the status of their fault.
func Serve[I, O any](rt *Router, op Operation, fn func(context.Context, *I) (O, error)) {
	if op.Method == "" {
		op.Method = http.MethodGet
	}
	if op.Need == "" {
		op.Need = actor.Read
	}
	tag, _, _ := strings.Cut(strings.TrimPrefix(op.Path, "/"), "/")
	path := "/api/v1" + op.Path
	rt.routes = append(rt.routes, Route{Pattern: op.Method + " " + path, Need: op.Need, API: true})
	huma.Register(rt.api, huma.Operation{
		Method: op.Method, Path: path, OperationID: op.ID, Summary: op.Summary,
		Tags: []string{tag}, DefaultStatus: op.Status, MaxBodyBytes: MaxUpload,
		Errors: []int{http.StatusUnprocessableEntity, http.StatusNotFound}, Middlewares: huma.Middlewares{rt.decided(op.Need)},
	}, func(ctx context.Context, in *I) (*body[O], error) {
		out, err := fn(ctx, in)
		if err != nil {
			p := problem(ctx, err)
			if p.Status >= http.StatusInternalServerError && p.Kind == "" {
				rt.Log.ErrorContext(ctx, "operation failed", attr("operation", op.ID), attr("request", RequestID(ctx)), attrErr(err))
			}
			return nil, p
		}
		return &body[O]{out}, nil
	})
}

// decided lets an operation read its input only when the actor may call it: what
// is wrong with the input is nobody else's business.
func (rt *Router) decided(need actor.Permission) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		ctx := c.Context()
		err := rt.Decide(ctx, actor.Of(ctx), need, "")
		if err == nil {
			next(c)
			return
		}
		p := problem(ctx, err)
		c.SetHeader("Content-Type", p.ContentType(""))
		c.SetStatus(p.Status)
		if err := json.NewEncoder(c.BodyWriter()).Encode(p); err != nil {
			rt.Log.DebugContext(ctx, "answer not sent", attrErr(err))
		}
	}
}

// JSON answers with v as JSON, for handlers that are not operations.
func JSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(b, '\n'))
	return err
}

// MaxUpload is the largest request body that is read, in bytes.
const MaxUpload = 64 << 20

// List is one page of a longer list.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page; absent on the last"`
}

// Paginate cuts one page out of items that are sorted by key: those after the
// cursor, at most limit (100 when it is not 1 to 1000).
func Paginate[T any](items []T, cursor string, limit int, key func(T) string) List[T] {
	if limit < 1 || limit > 1000 {
		limit = 100
	}
	first := 0
	for first < len(items) && cursor != "" && key(items[first]) <= cursor {
		first++
	}
	rest := items[first:]
	if len(rest) <= limit {
		return List[T]{Items: append([]T{}, rest...)}
	}
	return List[T]{Items: append([]T{}, rest[:limit]...), Next: key(rest[limit-1])}
}
