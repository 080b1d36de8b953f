package cli_test

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
)

// A time may be a day.
func TestTimes(t *testing.T) {
	t.Parallel()
	const list = "/api/v1/shops/nordlys/invitations"
	f := func(text, sent string) {
		t.Helper()
		h := newHub(t)
		h.answers["GET "+list] = api.Invitations{}
		r := h.run(t, "", "invitations", "--shop", "nordlys", "--created-from", text)
		if want := "GET " + list + "?created_from=" + sent; r.code != 0 || !strings.HasPrefix(h.calls[len(h.calls)-1], want) {
			t.Errorf("%s: %+v %q", text, r, h.calls)
		}
	}
	f("2026-08-22", "2026-08-22T00%3A00%3A00Z")
	f("2026-08-22T09:00:00+02:00", "2026-08-22T09%3A00%3A00%2B02%3A00")
	for _, text := range []string{"soon", "2026-13-01", "2026-08-22 09:00", ""} {
		if r := newHub(t).run(t, "", "invitations", "--created-from", text); r.code != 2 || !strings.Contains(r.err, "a day such as 2026-11-02") {
			t.Errorf("%q: %+v", text, r)
		}
	}
}
