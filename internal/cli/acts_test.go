package cli_test

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
)

func TestActsAndRefusedCalls(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.answers["GET /api/v1/shops/nordlys/acts"] = api.Acts{Acts: []api.Act{{Shop: "nordlys", Seq: 7, By: "anna", Text: "pause route ads: stock-taking", Hash: "ab"}}, Next: "n1"}
	h.answers["GET /api/v1/shops/nordlys/refused"] = api.RefusedCalls{Calls: []api.RefusedCall{{
		Door: "citrusad", Method: "POST", Path: "/citrusad/v1/orders", Status: 401, Count: 3, Name: "till", Cause: api.CauseCredentials, Reason: "invalid credentials",
	}}}
	f := func(want string, args ...string) {
		t.Helper()
		r := h.run(t, "", args...)
		if r.code != 0 || !strings.Contains(r.out+r.err, want) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	f("anna  pause route ads: stock-taking  7", "acts", "--limit", "1")
	f(`"text":"pause route ads: stock-taking"`, "acts", "--json", "--limit", "1")
	f("3      citrusad  POST /citrusad/v1/orders  401     till (not proved)  invalid credentials", "refused")
	f(`"cause":"credentials"`, "refused", "--json", "--door", "citrusad")
	h.answers["GET /api/v1/shops/nordlys/acts"], h.answers["GET /api/v1/shops/nordlys/refused"] = api.Acts{}, api.RefusedCalls{}
	f("nobody has done anything by hand at nordlys", "acts")
	f("--shop _hub lists those of callers that nobody knows", "refused")
}
