package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// marketRounds is how long the hub may take to see that there is something for
// the marketplace, and to ask what became of it: it looks every few seconds.
const marketRounds = 20 * time.Second

// askMarket asks the marketplace, as a chain's own program does, for the orders
// and the price, and what its customers see; and the hub for nothing but
// whether the marketplace's word came back.
func (j *judge) askMarket(ctx context.Context) (faults []string, err error) {
	if j.began.IsZero() {
		j.began = time.Now()
	}
	j.jobs = false
	checks := map[string]func(context.Context) error{"price of " + mate.Code: j.priced, "promotion of " + mate.Code: j.promoted}
	for _, o := range j.born {
		checks["order "+o.ID] = func(ctx context.Context) error { return j.worked(ctx, o) }
	}
	for what, check := range checks {
		if j.market[what] {
			continue
		}
		switch err := check(ctx); {
		case err == nil:
			j.market[what] = true
		case ctx.Err() != nil:
			return nil, ctx.Err()
		default:
			j.jobs = j.jobs || time.Since(j.began) < marketRounds
			faults = append(faults, fmt.Sprintf("%s: %s: %v", routeMarket, what, err))
		}
	}
	return faults, nil
}

// atMarket asks the marketplace's API.
func (j *judge) atMarket(ctx context.Context, path string, out any) error {
	at := j.sandbox + "/deliveryhero/v2/chains/" + marketDoor("chain_id") + path
	return call(ctx, http.MethodGet, at, marketDoor("token"), "", out)
}

// worked reports what is missing until an order is done on both sides.
func (j *judge) worked(ctx context.Context, o marketOrder) error {
	var got struct {
		Status string `json:"status"`
	}
	if err := j.atMarket(ctx, "/orders/"+url.PathEscape(o.ID), &got); err != nil {
		return err
	}
	if got.Status != o.State {
		return fmt.Errorf("is %s there instead of %s", got.Status, o.State)
	}
	state, err := j.hub.Order(ctx, shopID, o.ID)
	if err != nil {
		return err
	}
	for _, e := range state.Events {
		if (e.Kind == order.KindReady || e.Kind == order.KindShipped) && e.Source == "route:"+routeMarket {
			return nil
		}
	}
	return errors.New("the webhook that confirms it has not come")
}

// priced reports whether the marketplace sells for the shop's price.
func (j *judge) priced(ctx context.Context) error {
	var got struct {
		Products []struct {
			SKU   string     `json:"sku"`
			Price json.Value `json:"price"`
		} `json:"products"`
	}
	if err := j.atMarket(ctx, "/vendors/"+url.PathEscape(marketDoor("vendor_id"))+"/catalog", &got); err != nil {
		return err
	}
	for _, p := range got.Products {
		price, err := order.ParseDecimal(string(p.Price))
		if p.SKU == mate.Code && err == nil && price.Cmp(matePrice) == 0 {
			return j.back(ctx, partner.JobCatalog)
		}
	}
	return errors.New("has another price there")
}

// promoted reports whether the marketplace's customers see the promotion.
func (j *judge) promoted(ctx context.Context) error {
	q := url.Values{"store": {marketDoor("vendor_id")}, "sku": {mate.Code}}
	var got struct {
		Shown []struct {
			Final order.Money `json:"final"`
		} `json:"shown"`
	}
	if err := portal(ctx, j.sandbox, http.MethodGet, "/promotions/shown?"+q.Encode(), "", &got); err != nil {
		return err
	}
	if len(got.Shown) != 1 || got.Shown[0].Final.Cmp(mateCut) != 0 {
		return errors.New("customers do not see it")
	}
	return j.back(ctx, partner.JobPromotion)
}

// back reports whether the marketplace's word on a job has come back to the
// hub: all of it is done, and nothing was refused.
func (j *judge) back(ctx context.Context, kind string) error {
	var got struct {
		Jobs []partner.Job `json:"jobs"`
	}
	if err := call(ctx, http.MethodGet, j.hubURL+"/api/v1/shops/"+shopID+"/jobs?route="+routeMarket, hubToken, "", &got); err != nil {
		return err
	}
	for _, job := range got.Jobs {
		if job.Kind == kind && job.State == partner.JobCompleted && job.Refused == 0 {
			return nil
		}
		j.jobs = j.jobs || job.State == partner.JobQueued || job.State == partner.JobInProgress
	}
	return fmt.Errorf("no %s job has come back completed", kind)
}
