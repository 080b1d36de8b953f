package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
)

// MaxPromotion is how long the body of a promotion may be, in bytes, also after
// decompression.
const MaxPromotion = 64 << 20

// Promoted is where a promotion was handed in.
type Promoted struct {
	// Job is that of the shop's own promotions; nil: the shop has no catalogue,
	// or only routes were named.
	Job    *promotion.Job  `json:"job,omitzero"`
	Routes []PromotedRoute `json:"routes"`
}

// PromotedRoute is a route that a promotion was handed to.
type PromotedRoute struct {
	Route  string  `json:"route"`
	Job    string  `json:"job,omitzero"`    // the route's
	Faults []Fault `json:"faults,omitzero"` // why its partner can not be told of it
}

// PromotionList is a page of promotions, the newest first.
type PromotionList struct {
	Promotions []promotion.Promotion `json:"promotions"`
	Next       int64                 `json:"next,omitzero"` // before of the next page
}

// PromotionDetail is a promotion with its stores.
type PromotionDetail struct {
	Promotion *promotion.Promotion `json:"promotion"`
	Stores    []string             `json:"stores"` // of the newest request that named any
}

// ShownPromotions are what a customer of a store sees.
type ShownPromotions struct {
	Store string            `json:"store"`
	At    time.Time         `json:"at"`
	Shown []promotion.Shown `json:"shown"` // in the sequence of the SKUs
}

// Promotions are what the API needs of what shops sell for less;
// *promotion.Book is nearly one.
type Promotions interface {
	partner.Promotions
	Jobs(ctx context.Context, shop string, before int64, limit int) ([]promotion.Job, error)
}

// PromotionJobs is a page of the jobs of a shop's own promotions, the newest
// first.
type PromotionJobs struct {
	Jobs []promotion.Job `json:"jobs"`
	Next int64           `json:"next,omitzero"` // before of the next page
}

// PromotionTimeline is what happened to a shop's own promotions, the newest
// first.
type PromotionTimeline struct {
	Changes []promotion.Change `json:"changes"`
	Next    int64              `json:"next,omitzero"` // before of the next page
}

// withPromotions runs an endpoint where the hub keeps promotions.
func withPromotions(do func(a *API, r *request) (any, error)) func(a *API, r *request) (any, error) {
	return func(a *API, r *request) (any, error) {
		if a.Promotions == nil {
			return nil, problemf(http.StatusNotFound, "this hub keeps no promotions")
		}
		return do(a, r)
	}
}

// putPromotion keeps a promotion where the shop has a catalogue, and hands it
// to the shop's routes that can take one. Said again it does no harm: what is
// under way is not begun twice.
func putPromotion(a *API, r *request) (any, error) {
	q := newQuery(r, "route+")
	routes := q.values["route"]
	if err := q.err(); err != nil {
		return nil, err
	}
	var in promotion.Request
	if err := readLong(r.Request, &in, MaxPromotion); err != nil {
		return nil, err
	}
	if bad := in.Validate(0); bad != nil {
		return nil, bad
	}
	out := Promoted{Routes: []PromotedRoute{}}
	if len(routes) == 0 {
		if err := a.keepPromotion(r.Context(), r.shop, &in, &out); err != nil {
			return nil, err
		}
	}
	if a.Operator.Promote != nil {
		handed, err := a.Operator.Promote(r.Context(), r.shop, routes, &in)
		if err != nil {
			return nil, err
		}
		out.Routes = append(out.Routes, handed...)
	}
	if err := out.refused(); err != nil {
		return nil, err
	}
	a.record(r, "promote", "promotion "+nameOfPromotion(&in), "")
	return out, nil
}

// keepPromotion puts a promotion to the shop's own, if the shop has ever had a
// catalogue: without one, none of it could hold.
func (a *API) keepPromotion(ctx context.Context, shop string, in *promotion.Request, out *Promoted) error {
	if a.Promotions == nil || a.Catalog == nil {
		return nil
	}
	head, err := a.Catalog.Head(ctx, shop)
	if err != nil || head == 0 {
		return err
	}
	job, err := a.Promotions.Put(ctx, shop, in, nil)
	if err == nil {
		out.Job = &job
	}
	return err
}

// refused is the error of a promotion that nobody took.
func (p *Promoted) refused() error {
	if p.Job != nil {
		return nil
	}
	bad := &order.Invalid{}
	for _, r := range p.Routes {
		if r.Job != "" {
			return nil
		}
		for _, f := range r.Faults {
			bad.Faults = append(bad.Faults, order.Fault{Path: f.Path, Code: f.Code, Reason: "route " + r.Route + ": " + f.Reason})
		}
	}
	if len(bad.Faults) > 0 {
		return bad
	}
	return problemf(http.StatusConflict, "the shop has neither a catalogue nor a route that takes promotions")
}

// nameOfPromotion is what people call it: its name, or the first one by
// language.
func nameOfPromotion(in *promotion.Request) string {
	if in.Name != "" {
		return in.Name
	}
	return in.Names[slices.Min(slices.Collect(maps.Keys(in.Names)))]
}

// FaultsOf are the complaints of an error as an answer has them.
func FaultsOf(bad *order.Invalid) []Fault {
	out := make([]Fault, 0, len(bad.Faults))
	for _, f := range bad.Faults {
		out = append(out, Fault{Path: f.Path, Code: f.Code, Reason: f.Reason})
	}
	return out
}

func listPromotions(a *API, r *request) (any, error) {
	q := newQuery(r, "before", "limit")
	before, limit := q.number("before"), q.limit()
	if err := q.err(); err != nil {
		return nil, err
	}
	page, err := a.Promotions.List(r.Context(), r.shop, before, limit)
	out := PromotionList{Promotions: nonNil(page)}
	if len(page) == limit {
		out.Next = page[len(page)-1].ID
	}
	return out, err
}

func showPromotion(a *API, r *request) (any, error) {
	id, err := strconv.ParseInt(r.PathValue("promotion"), 10, 64)
	if err != nil || id < 1 {
		return nil, order.ErrNotFound
	}
	found, err := a.Promotions.Find(r.Context(), r.shop, id)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, order.ErrNotFound
	}
	stores, err := a.Promotions.Stores(r.Context(), r.shop, id)
	return PromotionDetail{Promotion: found, Stores: nonNil(stores)}, err
}

func showPromotionJob(a *API, r *request) (any, error) {
	job, err := a.Promotions.Job(r.Context(), r.shop, r.PathValue("job"))
	if err == nil && job == nil {
		return nil, order.ErrNotFound
	}
	return job, err
}

func listPromotionJobs(a *API, r *request) (any, error) {
	q := newQuery(r, "before", "limit")
	before, limit := q.number("before"), q.limit()
	if err := q.err(); err != nil {
		return nil, err
	}
	page, err := a.Promotions.Jobs(r.Context(), r.shop, before, limit)
	for i := range page { // the lists of a result stand with the job itself
		res := &page[i].Result
		res.InvalidStores, res.MissingSKUs, res.InvalidSKUs = nil, nil, nil
	}
	out := PromotionJobs{Jobs: nonNil(page)}
	if len(page) == limit {
		out.Next = page[len(page)-1].Number
	}
	return out, err
}

// promotionTimeline reads the changes backwards: their versions have no gaps.
func promotionTimeline(a *API, r *request) (any, error) {
	q := newQuery(r, "before", "limit")
	before, limit := q.number("before"), q.limit()
	if err := q.err(); err != nil {
		return nil, err
	}
	head, err := a.Promotions.Head(r.Context(), r.shop)
	if err != nil {
		return nil, err
	}
	if before == 0 || before > head+1 {
		before = head + 1
	}
	after := max(before-1-int64(limit), 0)
	list, err := a.Promotions.Changes(r.Context(), r.shop, after, limit)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(c promotion.Change) bool { return c.Version >= before })
	slices.Reverse(list)
	for i := range list {
		if job := list[i].Job; job != nil {
			short := *job
			short.Result.InvalidStores, short.Result.MissingSKUs, short.Result.InvalidSKUs = nil, nil, nil
			list[i].Job = &short
		}
	}
	out := PromotionTimeline{Changes: nonNil(list)}
	if len(list) > 0 && after > 0 {
		out.Next = list[len(list)-1].Version
	}
	return out, nil
}

// shownPromotions says what a customer of a store sees at a moment.
func shownPromotions(a *API, r *request) (any, error) {
	q := newQuery(r, "store", "sku+", "at")
	out := ShownPromotions{Store: q.text("store"), At: q.time("at")}
	skus := q.values["sku"]
	if out.Store == "" {
		q.refuse("store", string(order.ErrRequired))
	}
	if len(skus) == 0 || len(skus) > promotion.MostAsked {
		q.refuse("sku", fmt.Sprintf("name 1 to %d SKUs, sku=…&sku=…", promotion.MostAsked))
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	if out.At.IsZero() {
		out.At = a.Now().UTC()
	}
	shown, err := a.Promotions.Shown(r.Context(), r.shop, out.Store, skus, out.At)
	out.Shown = nonNil(shown)
	return out, err
}

// readLong is readJSON of a body that may be longer than others, and must be
// there.
func readLong(r *http.Request, v any, most int64) error {
	if t, err := contentType(r); err != nil {
		return err
	} else if t == typeNDJSON {
		return problemf(http.StatusUnsupportedMediaType, "send application/json")
	}
	b, err := readUpTo(r, most)
	if err != nil {
		return err
	}
	return json.UnmarshalStrict(b, v)
}
