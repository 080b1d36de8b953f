package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// judge compares what each partner says it has with what it must have. It asks
// the partners; the hub only for whether a partner's word came back to it.
type judge struct {
	sandbox, receiver, mailbox string
	portal                     *api.Client // of the sandbox: the platforms' own pages
	want                       []wanted
	events                     []happened

	ads  map[string]bool // orders that the sandbox was seen to have, whole
	hook map[string]bool
	refs map[string]bool // happenings that the receiver was seen to have
	// invited are orders whose customer was seen to be invited, and by whom.
	invited map[string]string

	wholesaler *wholesaler
	sent       map[string]bool // parts whose parcel's number came back to the shop

	hub    *api.Client
	hubURL string
	born   []marketOrder
	jobs   bool // some are, or may be, under way at the marketplace
	began  time.Time
	market map[string]bool // what the marketplace was seen to have, and to have told
}

// errAbsent is what a partner lacks.
var errAbsent = errors.New("is not there")

// ask asks both partners for what they were not yet seen to have, and returns
// what they lack or have otherwise.
func (j *judge) ask(ctx context.Context) (faults []string, err error) {
	for _, w := range j.want {
		if !w.forAds() || j.ads[w.ID] {
			continue
		}
		switch err := j.askSandbox(ctx, w); {
		case err == nil:
			j.ads[w.ID] = true
		case ctx.Err() != nil:
			return nil, ctx.Err()
		default:
			faults = append(faults, fmt.Sprintf("%s: order %s: %v", routeAds, w.ID, err))
		}
	}
	received, err := Received(ctx, j.receiver)
	if err != nil {
		return nil, fmt.Errorf("ask the receiver: %w", err)
	}
	more := j.askReceiver(received)
	reviews, err := j.askReviews(ctx)
	if err != nil {
		return nil, err
	}
	dropship, err := j.askWholesaler(ctx, received)
	if err != nil {
		return nil, err
	}
	market, err := j.askMarket(ctx)
	return slices.Concat(faults, more, reviews, dropship, market), err
}

// forAds reports whether CitrusAd must get the order: a sale of products that
// a secret source stated.
func (w wanted) forAds() bool { return !w.Public && !w.NoLines && !w.Market && w.Why == "" }

// askSandbox asks the sandbox's door for the order, as any client of CitrusAd
// would.
func (j *judge) askSandbox(ctx context.Context, w wanted) error {
	body, err := get(ctx, j.sandbox+"/citrusad/v1/orders/"+url.PathEscape(w.ID), sandboxKey)
	if err != nil {
		return err
	}
	var got struct {
		ID    string `json:"id"`
		Items []struct {
			GTIN     string     `json:"gtin"`
			Quantity json.Value `json:"quantity"`
			Unit     json.Value `json:"regularUnitPrice"`
			Total    json.Value `json:"totalOrderItemPriceAfterDiscounts"`
		} `json:"orderItems"`
	}
	if err := json.UnmarshalRead(body, maxMessage, &got); err != nil {
		return err
	}
	var lines []wantedLine
	for _, i := range got.Items {
		l := wantedLine{Code: i.GTIN, Product: true}
		for into, raw := range map[*order.Decimal]json.Value{&l.Quantity: i.Quantity, &l.Unit: i.Unit, &l.Total: i.Total} {
			if *into, err = order.ParseDecimal(string(raw)); err != nil {
				return err
			}
		}
		lines = append(lines, l)
	}
	if got.ID != w.ID {
		return errors.New("has another id")
	}
	return sameLines(w.products(), lines)
}

func (w wanted) products() (out []wantedLine) {
	for _, l := range w.Lines {
		if l.Product {
			out = append(out, l)
		}
	}
	return out
}

// sameLines compares lines one by one, numbers by value.
func sameLines(want, got []wantedLine) error {
	if len(want) != len(got) {
		return fmt.Errorf("has %d lines instead of %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		same := w.Code == g.Code && equal(w.Quantity, g.Quantity) && equal(w.Unit, g.Unit)
		if !same || w.Total.IsSet() && !equal(w.Total, g.Total) {
			return fmt.Errorf("line %d is not as it was taken", i+1)
		}
	}
	return nil
}

func equal(a, b order.Decimal) bool { return a.IsSet() == b.IsSet() && a.Cmp(b) == 0 }

// askReceiver compares what the webhook's receiver took.
func (j *judge) askReceiver(list []Message) (faults []string) {
	states, refs := map[string]*order.Order{}, map[string]*order.Happening{}
	for _, m := range list {
		if m.Event != nil {
			refs[m.OrderID+" "+m.Event.Ref] = m.Event
		}
		if m.Order != nil {
			states[m.OrderID] = m.Order
		}
	}
	for _, w := range j.want {
		if err := w.isIn(states[w.ID]); err != nil {
			faults = append(faults, fmt.Sprintf("%s: order %s: %v", routeHook, w.ID, err))
			continue
		}
		j.hook[w.ID] = true
	}
	for _, e := range j.events {
		if h := refs[e.OrderID+" "+e.Ref]; h == nil || h.Kind != e.Kind || !equal(h.Amount, e.Amount) {
			faults = append(faults, fmt.Sprintf("%s: %s %s: %v", routeHook, e.Kind, e.Ref, errAbsent))
			continue
		}
		j.refs[e.Ref] = true
	}
	return faults
}

// isIn reports how an order that a partner has differs from the wanted one.
func (w wanted) isIn(o *order.Order) error {
	if o == nil {
		return errAbsent
	}
	if w.NoLines {
		return nil
	}
	var lines []wantedLine
	for _, l := range o.Lines {
		lines = append(lines, wantedLine{
			Code: cmp.Or(l.Product.Code, l.Product.SKU), Product: l.Kind == order.LineProduct, Quantity: l.Quantity, Unit: l.UnitPrice, Total: l.Total,
		})
	}
	if err := sameLines(w.Lines, lines); err != nil {
		return err
	}
	if w.Total.IsSet() && (o.Totals == nil || !equal(w.Total, o.Totals.Total)) {
		return errors.New("has another total")
	}
	return nil
}

// get fetches what a partner says; key is CitrusAd's, if it is asked.
func get(ctx context.Context, address, key string) (io.Reader, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if key != "" {
		req.Header.Set("Authorization", "Basic "+key)
	}
	return answer(req)
}
