package api

import "github.com/ordermux/ordermux/internal/order"

// Patterns counts the paths that are served.
func Patterns() int {
	seen := map[string]bool{}
	for _, e := range endpoints() {
		seen[e.pattern] = true
	}
	return len(seen)
}

// Endpoint is one line of the API, for the table of who may do what.
type Endpoint struct {
	Method, Pattern string
	Scope           Scope
}

// Endpoints lists them.
func Endpoints() []Endpoint {
	var out []Endpoint
	for _, e := range endpoints() {
		out = append(out, Endpoint{e.method, e.pattern, e.scope})
	}
	return out
}

// DecodeEntries decodes a body of events.
func DecodeEntries(body []byte, ndjson bool) ([]order.Entry, error) {
	return decodeEntries(body, ndjson, order.Source{Name: "api:test", Rank: order.RankShop})
}

// StatusOf returns the status that an error is answered with.
func StatusOf(err error) int {
	if p := asProblem(err); p != nil {
		return p.Status
	}
	return 500
}
