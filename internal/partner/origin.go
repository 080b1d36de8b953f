package partner

import (
	"net/http"
	"strings"
)

// Origin is where a caller of a door called the hub, without a path:
// "https://host". The hub leaves X-Forwarded-Proto only where a trusted proxy says
// it.
func Origin(r *http.Request) string {
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
