package rehearsal

import (
	"context"
	"slices"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
)

// promotions are the shop's; a job that is put is queued, and never run.
type promotions struct {
	partner.Promotions
	r    *Rehearsal
	jobs map[string]promotion.Job
}

var _ partner.Promotions = promotions{}

func (p promotions) Put(ctx context.Context, shop string, req *promotion.Request, _ []byte) (promotion.Job, error) {
	stores := 0
	if slices.Contains(req.Stores, promotion.Every) && p.r.real.Catalog != nil {
		list, err := p.r.real.Catalog.Stores(ctx, shop)
		if err != nil {
			return promotion.Job{}, err
		}
		stores = len(list)
	}
	if bad := req.Validate(stores); bad != nil {
		return promotion.Job{}, bad
	}
	now := p.r.real.Now()
	j := promotion.Job{ID: promotion.NewID(0), State: promotion.Queued, Created: now, Updated: now, Stores: stores, Named: req.Named}
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.jobs[shop+"\x00"+j.ID] = j
	return j, nil
}

func (p promotions) Job(ctx context.Context, shop, id string) (*promotion.Job, error) {
	p.r.mu.Lock()
	j, ok := p.jobs[shop+"\x00"+id]
	p.r.mu.Unlock()
	if ok {
		return &j, nil
	}
	return p.Promotions.Job(ctx, shop, id)
}
