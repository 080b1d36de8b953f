package api_test

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/cause"
)

func TestStuck(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	all, err := h.client("nordlys-read").Stuck(ctx, "nordlys", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Groups) != 2 || all.Groups[0].Person != 2 || !all.Groups[1].Blocked || all.Groups[0].Words[0].Words != "bad gtin" {
		t.Errorf("%+v", all.Groups)
	}
	one, err := h.client("nordlys-read").Stuck(ctx, "nordlys", "hook", cause.WrongKey)
	if err != nil || len(one.Groups) != 1 || one.Groups[0].Waiting != 7 {
		t.Errorf("%+v %v", one.Groups, err)
	}
	if r := h.call("GET", "/api/v1/shops/nordlys/stuck?cause=bad_luck", admin, ""); r.status != 400 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.call("GET", "/api/v1/shops/nordlys/stuck?format=csv", admin, ""); r.status != 200 || !strings.HasPrefix(r.body, "route,partner,cause,codes,count") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// TestActByCause: an act for a cause is one for each of its codes.
func TestActByCause(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	acted, err := h.client("nordlys-operate").Retry(ctx, "nordlys", api.Selection{Route: "ads", Cause: cause.Refused})
	if err != nil || acted.Count != 4 {
		t.Errorf("%+v %v", acted, err)
	}
	if acted, err := h.client("nordlys-operate").Drop(ctx, "nordlys", api.Selection{Cause: cause.Timeout, DryRun: true}); err != nil || acted.Count != 0 {
		t.Errorf("nothing stuck: %+v %v", acted, err)
	}
	for _, body := range []string{`{"cause":"bad_luck"}`, `{"cause":"refused","code":"http_400"}`} {
		if r := h.call("POST", "/api/v1/shops/nordlys/deliveries/retry", admin, body); r.status != 422 && r.status != 400 {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
	if r := h.call("POST", "/api/v1/shops/nordlys/routes/ads/replay", admin, `{"cause":"refused"}`); r.status != 422 && r.status != 400 {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// TestActGoesOn: what was begun for many is done, though who asked for it left; a
// question is not answered to nobody.
func TestActGoesOn(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	gone, leave := context.WithCancel(t.Context())
	leave()
	for body, done := range map[string]bool{`{"cause":"refused","route":"ads"}`: true, `{"cause":"refused","route":"ads","dry_run":true}`: false} {
		r := httptest.NewRequestWithContext(gone, "POST", "/api/v1/shops/nordlys/deliveries/drop", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer nordlys-operate")
		r.Header.Set("Content-Type", "application/json")
		if status := h.within(r); (status == 200) != done {
			t.Errorf("%s: %d", body, status)
		}
	}
}

// TestDocumentNamesEveryCause: a script knows all of them.
func TestDocumentNamesEveryCause(t *testing.T) {
	t.Parallel()
	for _, c := range cause.All() {
		if !slices.Contains(strings.FieldsFunc(string(api.OpenAPI()), func(r rune) bool { return r == '"' || r == '`' }), string(c)) {
			t.Errorf("%s is not in the document", c)
		}
	}
}
