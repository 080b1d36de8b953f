package idosell

import (
	"context"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/shipping"
	"github.com/ordermux/ordermux/internal/soap"
)

// handleOrdersStatus says what became of orders: of the account's own, as all
// sources together say it.
func handleOrdersStatus(ctx context.Context, d *door, c *call) (soap.Value, error) {
	f := paramsOf(c)
	whole := f.asked()
	if err := f.err(); err != nil {
		return soap.Value{}, err
	}
	page, err := pageOf(c.params)
	if err != nil {
		return soap.Value{}, err
	}
	asked := cut(page, whole)
	s := d.cabinet(c.account.Shop)
	found := make([]*placedOrder, len(asked))
	ids := make([]string, 0, len(asked))
	for i, a := range asked {
		if found[i], err = s.find(ctx, c.account.Account, a); err != nil {
			return soap.Value{}, err
		}
		if found[i] != nil {
			ids = append(ids, found[i].ID)
		}
	}
	merged, err := d.deps.Orders.Merged(ctx, s.shop, ids)
	if err != nil {
		return soap.Value{}, err
	}
	results := make([]soap.Value, len(asked))
	for i, a := range asked {
		if found[i] == nil {
			results[i] = a.unknown(c)
			continue
		}
		results[i] = d.status(c, found[i], merged[0])
		merged = merged[1:]
	}
	return soap.ObjectOf(page.members(results, len(whole))...), nil
}

// asked is one order that a call asks for.
type asked struct {
	kind  string // the field that an answer has it in
	value string
}

// asked reads the orders that a call names, by any of their numbers.
func (f *fields) asked() (list []asked) {
	for _, l := range [][2]string{{"ordersIds", "orderId"}, {"ordersSerialNumbers", "orderSerialNumber"}, {"ordersExternalIds", "orderExternalId"}} {
		for _, value := range f.texts(l[0]) {
			list = append(list, asked{l[1], value})
		}
	}
	switch {
	case len(list) > mostElements:
		f.refuse(codeTooMany, "", "")
	case len(list) == 0:
		f.refuse(codeMalformed, "ordersIds", "is missing, and so are ordersSerialNumbers and ordersExternalIds")
	}
	return list
}

// find returns the account's order; nil: it has none of that number.
func (s cabinet) find(ctx context.Context, login string, a asked) (*placedOrder, error) {
	id := a.value
	switch a.kind {
	case "orderSerialNumber":
		n, err := strconv.ParseInt(a.value, 10, 64)
		if err != nil || n <= 0 {
			return nil, nil
		}
		stored, ok, err := s.Get(ctx, serialKey(n))
		if err != nil || !ok {
			return nil, err
		}
		id = string(stored)
	case "orderExternalId":
		var r repeat
		if raw, err := s.open(ctx, externalKey(login, a.value), &r); err != nil || raw == nil {
			return nil, err
		}
		id = r.ID
	}
	if len(id) > order.MaxID {
		return nil, nil
	}
	o := &placedOrder{}
	raw, err := s.open(ctx, orderKey(id), o)
	if err != nil || raw == nil || o.Account != login {
		return nil, err
	}
	return o, nil
}

// unknown is the answer for an order that is not the account's, whoever's it
// is.
func (a asked) unknown(c *call) soap.Value {
	value := soap.TextOf(a.value)
	if n, err := strconv.ParseInt(a.value, 10, 64); err == nil && a.kind == "orderSerialNumber" {
		value = number(n)
	}
	return soap.ObjectOf(member(a.kind, value),
		member("faultCode", number(int64(codeOrder))), member("faultString", soap.TextOf(c.lang.of(codeOrder))))
}

// status is an order of the account in an answer; o is nil where nobody states
// it any more.
func (d *door) status(c *call, was *placedOrder, o *order.Order) soap.Value {
	if o == nil {
		o = &order.Order{}
	}
	members := []soap.Member{
		member("orderId", soap.TextOf(was.ID)), member("orderSerialNumber", number(was.Serial)),
		member("orderExternalId", soap.TextOf(was.External)),
		member("orderStatus", soap.TextOf(statusWord(o.Status))),
		member("orderAddDate", soap.TextOf(localTime(o.PlacedAt, c.zone))),
		member("orderDispatchDate", soap.TextOf(localTime(dispatched(o), c.zone))),
	}
	if k, name := d.courier(c.account.Shop, o); name != "" {
		if k != nil {
			members = append(members, member("courierId", number(int64(k.ID))))
		}
		members = append(members, member("courierName", soap.TextOf(name)))
	}
	return soap.ObjectOf(append(members,
		member("packages", soap.ListOf(d.packages(c.account.Shop, o)...)),
		member("faultCode", number(int64(codeOK))), member("faultString", soap.TextOf("")))...)
}

// statusWord is a status in the panel's words.
func statusWord(s order.Status) string {
	switch s {
	case order.StatusAccepted:
		return "on_order"
	case order.StatusReady:
		return "ready"
	case order.StatusShipped, order.StatusDelivered:
		return "finished"
	case order.StatusCancelled:
		return "canceled"
	case order.StatusRefunded:
		return "returned"
	}
	return "new"
}

// dispatched is when the last parcel left that says so.
func dispatched(o *order.Order) (at order.Time) {
	if o.Shipping == nil {
		return at
	}
	for _, p := range o.Shipping.Parcels {
		if at.IsZero() || p.ShippedAt.Time().After(at.Time()) {
			at = p.ShippedAt
		}
	}
	return at
}

// localTime is a time as the API writes it; "" for none.
func localTime(t order.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.Time().In(zone).Format(time.DateTime)
}

// courier returns who carries an order: who took the last parcel, else who was
// asked for. The courier is nil where the configuration does not have it.
func (d *door) courier(shop string, o *order.Order) (*shipping.Courier, string) {
	return courierOf(d.deps.Couriers(shop), o)
}

func courierOf(list []shipping.Courier, o *order.Order) (*shipping.Courier, string) {
	if o.Shipping == nil {
		return nil, ""
	}
	words := []string{o.Shipping.Method, o.Shipping.Courier}
	for _, p := range o.Shipping.Parcels {
		if p.Courier != "" {
			words = []string{p.Courier}
		}
	}
	for _, w := range words {
		if k, ok := shipping.Find(list, w); ok && w != "" {
			return k, k.Name
		}
	}
	return nil, words[len(words)-1]
}

// packages are the order's parcels.
func (d *door) packages(shop string, o *order.Order) []soap.Value {
	list := parcels(d.deps.Couriers(shop), o)
	out := make([]soap.Value, len(list))
	for i, p := range list {
		out[i] = soap.ObjectOf(member("deliveryPackageNumber", soap.TextOf(p.Number)),
			member("deliveryShippingNumber", soap.TextOf("")), member("trackingUrl", soap.TextOf(p.TrackingURL)))
	}
	return out
}

// parcels are the order's parcels, each with the link under which it can be
// followed if there is one.
func parcels(list []shipping.Courier, o *order.Order) []order.Parcel {
	if o.Shipping == nil {
		return nil
	}
	out := make([]order.Parcel, len(o.Shipping.Parcels))
	for i, p := range o.Shipping.Parcels {
		if p.TrackingURL == "" {
			one := *o.Shipping
			one.Parcels = []order.Parcel{p}
			if k, _ := courierOf(list, &order.Order{Shipping: &one}); k != nil {
				p.TrackingURL = k.TrackingURL(p.Number)
			}
		}
		out[i] = p
	}
	return out
}
