package deliveryhero

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
)

func (d *door) jobs(shop string) *jobs { return &jobs{deps: d.deps, shop: shop} }

func (d *door) listJobs(ctx context.Context, shop, cursor string, limit int) ([]partner.Job, string, error) {
	page, next, err := d.jobs(shop).list(ctx, cursor, limit)
	for i := range page {
		if err == nil && page[i].Kind == partner.JobPromotion {
			err = d.follow(ctx, shop, &page[i])
			page[i].Items, page[i].Cut = nil, false
		}
	}
	return page, next, err
}

func (d *door) findJob(ctx context.Context, shop, id string) (*partner.Job, error) {
	job, err := d.jobs(shop).find(ctx, id)
	if err == nil && job != nil && job.Kind == partner.JobPromotion {
		err = d.follow(ctx, shop, job)
	}
	return job, err
}

// follow brings the job of a promotion up to date: how it stands is known to
// the shop's promotions, and only that there is one to us.
func (d *door) follow(ctx context.Context, shop string, job *partner.Job) error {
	if d.deps.Promotions == nil {
		return nil
	}
	p, err := d.deps.Promotions.Job(ctx, shop, job.ID)
	if err != nil {
		return fmt.Errorf("look up the job of a promotion: %w", err)
	}
	if p == nil { // long over
		return nil
	}
	job.State, job.Updated, job.Reason = partner.JobState(p.State), p.Updated, p.Result.Reason
	r := &p.Result
	job.Taken, job.Refused = r.Accepted, r.StoresRefused*int64(p.SKUs)+r.Missing+r.Invalid
	job.Items, job.Cut = refusedPairs(r), r.Cut()
	if p.Of != "" {
		job.Ref = p.Of
	}
	if len(job.Items) > mostItems {
		job.Items, job.Cut = job.Items[:mostItems], true
	}
	return nil
}

// refusedPairs are a promotion's refusals as items.
func refusedPairs(r *promotion.Result) (list []partner.JobItem) {
	for _, store := range r.InvalidStores {
		list = append(list, partner.JobItem{Store: store, Reason: "vendors: the chain has no such outlet"})
	}
	add := func(skus map[string][]string, reason string) {
		for _, store := range slices.Sorted(maps.Keys(skus)) {
			for _, sku := range skus[store] {
				list = append(list, partner.JobItem{Store: store, SKU: sku, Reason: reason})
			}
		}
	}
	add(r.MissingSKUs, "sku: unknown there, or not sold")
	add(r.InvalidSKUs, "discount_value: not lower than the regular price, or that is unknown")
	return list
}
