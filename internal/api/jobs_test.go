package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

func someJob() partner.Job {
	return partner.Job{
		ID: "0197", Kind: partner.JobCatalog, State: partner.JobCompleted, By: "erp", Store: "290056", Created: now, Updated: now,
		Taken: 2, Refused: 1, Items: []partner.JobItem{{Line: 3, Store: "290056", SKU: "A-1", Reason: "sku: no product has it"}}, Cut: true,
	}
}

func listFake(_ context.Context, shop string, of api.JobsOf, cursor string, limit int) ([]partner.Job, string, error) {
	switch {
	case of.Route == "none":
		return nil, "", order.ErrNotFound
	case of.Route == "hook":
		return nil, "", &api.Problem{Type: "about:blank", Title: "Conflict", Status: http.StatusConflict, Detail: "route hook has no jobs"}
	case shop != "nordlys" || cursor != "":
		return nil, "", nil
	}
	job := someJob()
	job.Items, job.Cut = nil, false
	return []partner.Job{job, {ID: "0196", Kind: partner.JobExport, State: partner.JobQueued, Created: now, Updated: now}}, "0196", nil
}

func jobFake(_ context.Context, _ string, of api.JobsOf, id string) (*partner.Job, error) {
	if id != "0197" || of.Partner == "citrusad" {
		return nil, nil
	}
	job := someJob()
	return &job, nil
}

func TestJobs(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := h.client("nordlys-read")
	page, err := c.Jobs(t.Context(), "nordlys", api.JobsOf{Partner: "deliveryhero"}, api.ListOptions{Limit: 2})
	if err != nil || len(page.Jobs) != 2 || page.Next != "0196" || page.Jobs[1].State != partner.JobQueued {
		t.Fatalf("%+v %v", page, err)
	}
	page, err = c.Jobs(t.Context(), "nordlys", api.JobsOf{}, api.ListOptions{Cursor: page.Next})
	if err != nil || page.Jobs == nil || len(page.Jobs) != 0 || page.Next != "" {
		t.Errorf("%+v %v", page, err)
	}
	job, err := c.Job(t.Context(), "nordlys", api.JobsOf{Route: "peya"}, "0197")
	if d := cmp.Diff(someJob(), job); d != "" || err != nil {
		t.Errorf("%s %v", d, err)
	}
	f := func(path string, status int, want string) {
		t.Helper()
		if r := h.call("GET", "/api/v1/shops/nordlys/jobs"+path, "nordlys-read", ""); r.status != status || !strings.Contains(r.body, want) {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	f("?partner=deliveryhero&route=peya", 400, "goes with no partner")
	f("?limit=0", 400, "limit")
	f("?door=x", 400, "unknown parameter")
	f("?route=none", 404, "")
	f("?route=hook", 409, "has no jobs")
	f("/0197", 200, `"cut":true`)
	f("/0000", 404, "")
	f("/0197?partner=citrusad", 404, "")
	f("/0197?cursor=x", 400, "unknown parameter")
	if r := h.call("GET", "/api/v1/shops/nordlys/jobs", "aurora-read", ""); r.status != 403 {
		t.Errorf("of another shop: %d %s", r.status, r.body)
	}
}
