package console

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/json"
)

// ownActs are those that begin or end a session, or are about one's own, and
// the one that changes nothing, open to whoever holds a door's key. All others are
// calls of our API.
var ownActs = []string{"POST /sign-in", "POST /sign-out", "POST /welcome/{token}", "POST /account/{act}", "POST /docs/{api}/rehearse"}

// TestActsAreCallsOfTheAPI: what a page does, a script can do, too.
func TestActsAreCallsOfTheAPI(t *testing.T) {
	t.Parallel()
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(api.OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	c := &Console{}
	for _, p := range c.places() {
		method, path, _ := strings.Cut(p.at, " ")
		if method != http.MethodGet && len(p.calls) == 0 && !slices.Contains(ownActs, p.at) {
			t.Errorf("%s calls nothing of the API", p.at)
		}
		if first, _, _ := strings.Cut(path[1:], "/"); first != "{$}" && !slices.Contains(Paths(), first) {
			t.Errorf("%s is not among the paths of the console", path)
		}
		for _, call := range p.calls {
			method, path, _ := strings.Cut(call, " ")
			if _, ok := doc.Paths["/api/v1"+path][strings.ToLower(method)]; !ok {
				t.Errorf("%s calls %s, which the API has not", p.at, call)
			}
		}
	}
}

// TestPlacesCallWhatTheyName: nothing else reaches the API.
func TestPlacesCallWhatTheyName(t *testing.T) {
	t.Parallel()
	p := &place{at: "POST /x", calls: []string{"POST /shops/{shop}/routes/{route}/pause", "DELETE /users/{name}"}}
	for call, want := range map[string]bool{
		"GET /api/v1/users":                          true,
		"POST /api/v1/shops/a/routes/b/pause":        true,
		"POST /api/v1/shops/a/routes/b%2Fc/pause":    true,
		"POST /api/v1/shops/a/routes/b/resume":       false,
		"POST /api/v1/shops/a/routes/b/pause/":       false,
		"PUT /api/v1/shops/a/routes/b/pause":         false,
		"DELETE /api/v1/users/ada":                   true,
		"DELETE /api/v1/users/ada%2F..%2F..%2Fusers": true, // one name, whatever it says
		"DELETE /api/v1/users/ada/sessions":          false,
	} {
		method, path, _ := strings.Cut(call, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, "http://hub"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.may(r); got != want {
			t.Errorf("%s: %t", call, got)
		}
	}
}
