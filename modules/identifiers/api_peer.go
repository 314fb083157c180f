package identifiers

import (
	"net/http"
	"strings"
	"time"

	"yuzhou/kernel/web"
)

// apiAt is the API of another node. What is asked of it takes at most so long.
func apiAt(base string, most time.Duration) *web.Client {
	return &web.Client{Base: strings.TrimRight(base, "/"), HTTP: &http.Client{Timeout: most}}
}
