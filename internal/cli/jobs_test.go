package cli_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// newJobs is a hub with two jobs at a door and none at route peya.
func newJobs(t *testing.T) *fakeHub {
	t.Helper()
	list := []partner.Job{
		{
			ID: "0197-b", Kind: partner.JobFile, State: partner.JobCompleted, Name: "shop_290056.csv", By: "shop-sftp", Store: "290056", Created: now, Updated: now,
			Taken: 1200, Refused: 1, Items: []partner.JobItem{{Line: 31, Store: "290056", SKU: "A-1", Reason: "price: must be above 0"}}, Cut: true,
		},
		{ID: "0197-a", Kind: partner.JobExport, State: partner.JobFailed, Reason: "the outlet is gone", Created: now, Updated: now},
	}
	hub := api.New(api.Options{Tokens: oneToken{}, Operator: api.Operator{
		Shops: func() []api.Shop { return []api.Shop{{ID: "nordlys", Currency: "SEK", Timezone: "UTC"}} },
		Jobs: func(_ context.Context, _ string, of api.JobsOf, cursor string, limit int) ([]partner.Job, string, error) {
			switch {
			case of.Route == "nobody":
				return nil, "", order.ErrNotFound
			case of.Route != "":
				return nil, "", nil
			case cursor == "0197-b":
				return list[1:], "", nil
			case limit == 1:
				return list[:1], "0197-b", nil
			}
			return list, "", nil
		},
		Job: func(_ context.Context, _ string, _ api.JobsOf, id string) (*partner.Job, error) {
			if id != "0197-b" {
				return nil, nil
			}
			return &list[0], nil
		},
	}})
	srv := httptest.NewServer(hub)
	t.Cleanup(srv.Close)
	return &fakeHub{url: srv.URL}
}

func TestJobs(t *testing.T) {
	t.Parallel()
	h := newJobs(t)
	f := func(code int, want []string, args ...string) {
		t.Helper()
		r := h.run(t, "", append([]string{"jobs"}, args...)...)
		if r.code != code {
			t.Errorf("%v: %+v", args, r)
		}
		for _, w := range want {
			if !strings.Contains(r.out+r.err, w) {
				t.Errorf("%v: no %q in %s%s", args, w, r.out, r.err)
			}
		}
	}
	f(0, []string{"0197-b", "shop_290056.csv", "shop-sftp", "1200", "0197-a", "failed"})
	f(0, []string{"0197-b", "--cursor 0197-b"}, "--limit", "1")
	f(0, []string{"0197-a"}, "--cursor", "0197-b", "--partner", "deliveryhero")
	f(0, []string{`"jobs":[]`}, "--route", "peya", "--json")
	f(0, []string{"LINE", "31", "price: must be above 0", "more than is kept"}, "show", "0197-b")
	f(0, []string{`"cut":true`}, "show", "0197-b", "--json")
	f(1, []string{"there is no job 0197-c in shop nordlys"}, "show", "0197-c")
	f(1, []string{"nobody"}, "--route", "nobody")
	f(2, []string{"--route"}, "--route", "peya", "--partner", "deliveryhero")
}
