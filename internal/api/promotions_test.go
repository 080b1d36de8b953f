package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
)

const promotionsPath = "/api/v1/shops/nordlys/promotions"

// fakePromotions keeps what is put; the real ones have their own tests.
type fakePromotions struct {
	mu   sync.Mutex
	list []promotion.Promotion
	jobs []promotion.Job
}

// newFakePromotions has one promotion, of job 0197.
func newFakePromotions() *fakePromotions {
	f := &fakePromotions{}
	start, end := order.At(now.AddDate(0, 0, 1)), order.At(now.AddDate(0, 0, 8))
	_, _ = f.Put(context.Background(), "nordlys", &promotion.Request{
		Header: promotion.Header{Name: "May", Start: start, End: end, Type: promotion.Strikethrough, Reason: promotion.Trading},
		Stores: []string{"K-1"},
	}, nil)
	return f
}

func (f *fakePromotions) Put(_ context.Context, _ string, r *promotion.Request, _ []byte) (promotion.Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := int64(len(f.list) + 1)
	f.list = append(f.list, promotion.Promotion{ID: id, Header: r.Header, Stores: len(r.Stores), State: promotion.Planned, Created: now, Changed: now})
	j := promotion.Job{
		ID: fmt.Sprintf("%04d", 196+id), Number: id, State: promotion.Queued, Created: now, Updated: now, Stores: len(r.Stores), SKUs: 1,
		Result: promotion.Result{InvalidStores: []string{"K-9"}, MissingSKUs: map[string][]string{"K-1": {"S-1"}}, StoresRefused: 1, Missing: 1},
	}
	f.jobs = append(f.jobs, j)
	return j, nil
}

func (f *fakePromotions) Job(_ context.Context, _, id string) (*promotion.Job, error) {
	for i := range f.jobs {
		if f.jobs[i].ID == id {
			return &f.jobs[i], nil
		}
	}
	return nil, nil
}

func (f *fakePromotions) Find(_ context.Context, _ string, id int64) (*promotion.Promotion, error) {
	for i := range f.list {
		if f.list[i].ID == id {
			return &f.list[i], nil
		}
	}
	return nil, nil
}

func (f *fakePromotions) List(_ context.Context, _ string, before int64, limit int) (page []promotion.Promotion, err error) {
	for _, p := range slices.Backward(f.list) {
		if (before == 0 || p.ID < before) && len(page) < limit {
			page = append(page, p)
		}
	}
	return page, nil
}

func (f *fakePromotions) Stores(context.Context, string, int64) ([]string, error) {
	return []string{"K-1"}, nil
}

func (f *fakePromotions) Shown(_ context.Context, _, store string, skus []string, at time.Time) (out []promotion.Shown, err error) {
	if store != "K-1" || !at.Equal(now) {
		return nil, errors.New("another question")
	}
	for i, sku := range skus {
		s := promotion.Shown{SKU: sku, Regular: order.FromInt(100, 1)}
		if i == 0 && len(f.list) > 0 {
			s.Promotion, s.Final = &f.list[0], order.FromInt(85, 1)
			s.Terms = promotion.Terms{Subtype: promotion.FinalPrice, Value: order.FromInt(85, 1)}
		}
		out = append(out, s)
	}
	return out, nil
}

// Changes has one for each promotion, and one for each job.
func (f *fakePromotions) Changes(_ context.Context, _ string, after int64, limit int) (out []promotion.Change, err error) {
	for v := after + 1; v <= int64(2*len(f.list)) && len(out) < limit; v++ {
		c := promotion.Change{Version: v, At: now, Kind: promotion.WasCreated, Promotion: &f.list[(v-1)/2]}
		if v%2 == 0 {
			c.Kind, c.Job = promotion.JobOver, &f.jobs[(v-1)/2]
		}
		out = append(out, c)
	}
	return out, nil
}

func (f *fakePromotions) Head(context.Context, string) (int64, error) {
	return int64(2 * len(f.list)), nil
}

func (f *fakePromotions) Jobs(_ context.Context, _ string, before int64, limit int) (page []promotion.Job, err error) {
	for _, j := range slices.Backward(f.jobs) {
		if (before == 0 || j.Number < before) && len(page) < limit {
			page = append(page, j)
		}
	}
	return page, nil
}

// TestPromotionHistory pages through jobs and changes, the newest first.
func TestPromotionHistory(t *testing.T) {
	t.Parallel()
	f := newFakePromotions()
	h := newHub(t, func(o *api.Options) { o.Promotions = f })
	for range 2 {
		if _, err := f.Put(ctx, "nordlys", &promotion.Request{Header: f.list[0].Header, Stores: []string{"K-1"}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	c := h.client("nordlys-read")
	var numbers []int64
	for before := int64(0); ; {
		page, err := c.PromotionJobs(ctx, "nordlys", before, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range page.Jobs {
			numbers = append(numbers, j.Number)
			if j.Result.MissingSKUs != nil || j.Result.Missing != 1 {
				t.Errorf("%+v", j.Result)
			}
		}
		if before = page.Next; before == 0 {
			break
		}
	}
	var versions []int64
	for before := int64(0); ; {
		page, err := c.PromotionTimeline(ctx, "nordlys", before, 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range page.Changes {
			versions = append(versions, change.Version)
			if change.Job != nil && change.Job.Result.InvalidStores != nil {
				t.Errorf("%+v", change.Job.Result)
			}
		}
		if before = page.Next; before == 0 {
			break
		}
	}
	if !slices.Equal(numbers, []int64{3, 2, 1}) || !slices.Equal(versions, []int64{6, 5, 4, 3, 2, 1}) {
		t.Error(numbers, versions)
	}
	if f.jobs[0].Result.MissingSKUs == nil {
		t.Error("the list took the job's own lists away")
	}
	h.call("GET", promotionsPath+"/jobs", "nordlys-read", "")
	h.call("GET", promotionsPath+"/timeline", "nordlys-read", "")
	for _, path := range []string{"/jobs?before=x", "/timeline?limit=0"} {
		if r := h.call("GET", promotionsPath+path, admin, ""); r.status != 400 {
			t.Error(path, r.status)
		}
	}
}

// promoteFake has one route that takes promotions, and one that can not take
// those for K-9.
func promoteFake(_ context.Context, _ string, routes []string, r *promotion.Request) ([]api.PromotedRoute, error) {
	if slices.Contains(routes, "none") {
		return nil, order.ErrNotFound
	}
	var out []api.PromotedRoute
	for _, name := range []string{"peya", "glovo"} {
		if len(routes) > 0 && !slices.Contains(routes, name) {
			continue
		}
		one := api.PromotedRoute{Route: name, Job: "7"}
		if name == "glovo" {
			one.Job, one.Faults = "", api.FaultsOf(order.Refuse("stores", order.Malformed, "none of them is an outlet of this route"))
		}
		out = append(out, one)
	}
	return out, nil
}

const promotionBody = `{"names":{"es_UY":"Oferta de mayo"},"start":"2026-06-01T00:00:00Z","end":"2026-06-08T00:00:00Z","type":"strikethrough","reason":"trading",
	"stores":["K-1","K-9"],"discounts":[{"skus":["S-1"],"subtype":"final_price","value":"8.50"}],"limits":{"global":100,"max_discount_per_order":"20.00"}}`

func TestPromotions(t *testing.T) {
	t.Parallel()
	f := &fakePromotions{}
	h := newHub(t, func(o *api.Options) { o.Promotions = f })
	c := h.client("nordlys-operate")
	// Without a catalogue the shop's own promotions could not hold anywhere.
	out, err := c.PutPromotionRaw(t.Context(), "nordlys", []byte(promotionBody))
	if err != nil || out.Job != nil || len(out.Routes) != 2 || out.Routes[0].Job != "7" || len(out.Routes[1].Faults) != 1 || len(f.list) != 0 {
		t.Fatalf("%+v %v", out, err)
	}
	if r := h.call("PUT", productsPath, admin, `{"code":"S-1","price":"10.0","currency":"SEK"}`); r.status != 200 {
		t.Fatal(r.body)
	}
	for range 2 {
		if out, err = c.PutPromotionRaw(t.Context(), "nordlys", []byte(promotionBody)); err != nil || out.Job == nil || out.Job.State != promotion.Queued {
			t.Fatalf("%+v %v", out, err)
		}
	}
	if out, err = c.PutPromotionRaw(t.Context(), "nordlys", []byte(promotionBody), "peya"); err != nil || out.Job != nil || len(out.Routes) != 1 {
		t.Errorf("%+v %v", out, err)
	}
	if acts := h.ledger.acts("nordlys"); len(acts) != 4 || !strings.HasSuffix(acts[0], "promote promotion Oferta de mayo") {
		t.Error(acts)
	}

	page, err := c.Promotions(t.Context(), "nordlys", 0, 1)
	if err != nil || len(page.Promotions) != 1 || page.Promotions[0].ID != 2 || page.Next != 2 {
		t.Fatalf("%+v %v", page, err)
	}
	if page, err = c.Promotions(t.Context(), "nordlys", page.Next, 0); err != nil || len(page.Promotions) != 1 || page.Next != 0 {
		t.Errorf("%+v %v", page, err)
	}
	one, err := c.Promotion(t.Context(), "nordlys", 1)
	if err != nil || one.Promotion.Names["es_UY"] != "Oferta de mayo" || !slices.Equal(one.Stores, []string{"K-1"}) {
		t.Errorf("%+v %v", one, err)
	}
	job, err := c.PromotionJob(t.Context(), "nordlys", "0197")
	if err != nil || job.Result.Missing != 1 || !slices.Equal(job.Result.InvalidStores, []string{"K-9"}) {
		t.Errorf("%+v %v", job, err)
	}
	shown, err := c.ShownPromotions(t.Context(), "nordlys", "K-1", []string{"S-1", "S,2"}, time.Time{})
	if err != nil || len(shown.Shown) != 2 || shown.Shown[1].SKU != "S,2" || shown.Shown[0].Final.String() != "8.5" || shown.Shown[1].Promotion != nil || !shown.At.Equal(now) {
		t.Errorf("%+v %v", shown, err)
	}
}

func TestPromotionsRefused(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	put := func(query, body string, status int, want string) {
		t.Helper()
		r := h.call("PUT", promotionsPath+query, admin, body)
		if r.status != status || !strings.Contains(r.body, want) {
			t.Errorf("PUT %s: %d %s", query, r.status, r.body)
		}
	}
	put("", `{}`, 400, `"path":"discounts"`)
	put("", strings.Replace(promotionBody, "2026-06-08", "2026-05-08", 1), 400, "is not after the start")
	put("", strings.Replace(promotionBody, `"reason"`, `"why"`, 1), 400, "why")
	put("?route=glovo", promotionBody, 400, "route glovo: none of them is an outlet")
	put("?route=none", promotionBody, 404, "")
	put("?path=peya", promotionBody, 400, "known here: route")
	put("", "["+promotionBody+"]", 400, "")
	get := func(path string, status int, want string) {
		t.Helper()
		if r := h.call("GET", promotionsPath+path, admin, ""); r.status != status || !strings.Contains(r.body, want) {
			t.Errorf("GET %s: %d %s", path, r.status, r.body)
		}
	}
	get("/9", 404, "")
	get("/nine", 404, "")
	get("/jobs/job-9", 404, "")
	get("?before=-1", 400, "is no whole number")
	get("/shown?sku=S-1", 400, `"path":"store"`)
	get("/shown?store=K-1", 400, "name 1 to 1000 SKUs")
	get("/shown?store=K-1&store=K-2&sku=S-1", 400, "is given twice")
	get("/shown?store=K-1&sku=S-1&at=noon", 400, `"path":"at"`)
	if r := h.call("PUT", promotionsPath, "nordlys-read", promotionBody); r.status != 403 {
		t.Error(r.status)
	}
	if r := h.call("PUT", promotionsPath, admin, "<x/>", "Content-Type", "text/xml"); r.status != 415 {
		t.Error(r.status)
	}
	alone := newHub(t, func(o *api.Options) { o.Promotions, o.Operator.Promote = nil, nil })
	if r := alone.call("PUT", promotionsPath, admin, promotionBody); r.status != 409 || !strings.Contains(r.body, "neither a catalogue nor a route") {
		t.Error(r.status, r.body)
	}
	if r := alone.call("GET", promotionsPath, admin, ""); r.status != 404 || !strings.Contains(r.body, "keeps no promotions") {
		t.Error(r.status, r.body)
	}
}

// TestLongPromotion is longer than other bodies may be, and comes packed.
func TestLongPromotion(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	skus := `"` + strings.Repeat("S", 150) + `"` + strings.Repeat(`,"`+strings.Repeat("T", 150)+`"`, 80_000)
	body := strings.Replace(promotionBody, `"S-1"`, skus, 1)
	if len(body) < api.MaxBody {
		t.Fatal("too short a body")
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(body)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	if r := h.call("PUT", promotionsPath, admin, packed.String(), "Content-Encoding", "gzip"); r.status != 200 {
		t.Errorf("%d %.300s", r.status, r.body)
	}
}
