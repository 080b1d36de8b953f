package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/promotion"
)

// PutPromotion keeps a promotion and hands it to the routes that can take one,
// or only to those named.
func (c *Client) PutPromotion(ctx context.Context, shop string, in *promotion.Request, routes ...string) (out Promoted, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	return c.PutPromotionRaw(ctx, shop, body, routes...)
}

// PutPromotionRaw hands in a body as it is.
func (c *Client) PutPromotionRaw(ctx context.Context, shop string, body []byte, routes ...string) (out Promoted, err error) {
	to := path(shop, "promotions")
	if len(routes) > 0 {
		to += "?" + url.Values{"route": routes}.Encode()
	}
	return out, c.send(ctx, http.MethodPut, to, http.Header{"Content-Type": {"application/json"}}, body, &out)
}

// Promotions returns a page of promotions, the newest first: those before an id
// (0: all), at most limit (0: the hub's own).
func (c *Client) Promotions(ctx context.Context, shop string, before int64, limit int) (out PromotionList, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "promotions")+beforeAnd(before, limit), nil, &out)
}

// Promotion returns one with its stores.
func (c *Client) Promotion(ctx context.Context, shop string, id int64) (out PromotionDetail, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "promotions", strconv.FormatInt(id, 10)), nil, &out)
}

// PromotionJob returns a job of the shop's own promotions.
func (c *Client) PromotionJob(ctx context.Context, shop, id string) (out promotion.Job, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "promotions", "jobs", id), nil, &out)
}

// PromotionJobs returns a page of those jobs, the newest first: those before a
// number (0: all), at most limit (0: the hub's own).
func (c *Client) PromotionJobs(ctx context.Context, shop string, before int64, limit int) (out PromotionJobs, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "promotions", "jobs")+beforeAnd(before, limit), nil, &out)
}

// PromotionTimeline returns what happened to promotions, the newest first: before
// a version (0: all), at most limit (0: the hub's own).
func (c *Client) PromotionTimeline(ctx context.Context, shop string, before int64, limit int) (out PromotionTimeline, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "promotions", "timeline")+beforeAnd(before, limit), nil, &out)
}

func beforeAnd(before int64, limit int) string {
	text := ""
	if before > 0 {
		text = strconv.FormatInt(before, 10)
	}
	return parameters("before", text, "limit", limit)
}

// ShownPromotions says what a customer of a store sees at a moment; zero: now.
func (c *Client) ShownPromotions(ctx context.Context, shop, store string, skus []string, at time.Time) (out ShownPromotions, err error) {
	q := url.Values{"store": {store}, "sku": skus}
	if !at.IsZero() {
		q.Set("at", at.Format(time.RFC3339Nano))
	}
	return out, c.call(ctx, http.MethodGet, path(shop, "promotions", "shown")+"?"+q.Encode(), nil, &out)
}
