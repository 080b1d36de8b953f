package api

import (
	"net/http"
	"strconv"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/shipping"
)

// Couriers are how a shop sends goods. Asked with a basket, those that serve it
// are offers, and of the others stands why they do not.
type Couriers struct {
	Couriers []shipping.Courier `json:"couriers"`
	Offers   []shipping.Offer   `json:"offers,omitzero"`
	Unfit    []UnfitCourier     `json:"unfit,omitzero"`
}

// UnfitCourier is a courier that does not serve a basket.
type UnfitCourier struct {
	Key    string          `json:"key"`
	Reason shipping.Reason `json:"reason"`
}

// RouteCouriers are those of a route's partner.
type RouteCouriers = shipping.Mirror

// TestMessage is what became of a message that means nothing.
type TestMessage struct {
	Said string `json:"said"` // a few words for people
}

// listCouriers lists the couriers of a shop, and what they make of a basket.
func (a *API) listCouriers(r *request) (any, error) {
	q := newQuery(r, "country", "postal_code", "weight", "value", "payment")
	b := shipping.Basket{
		Country: q.text("country"), PostalCode: q.text("postal_code"), Weight: q.decimal("weight"), Value: q.decimal("value"),
		Payment: q.text("payment"),
	}
	asked := b != shipping.Basket{}
	switch {
	case asked && b.Country == "":
		q.refuse("country", "is needed to say who serves a basket")
	case asked && !shipping.IsCountry(b.Country):
		q.refuse("country", "must be an ISO 3166-1 code of two letters such as SE")
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	if a.Operator.Couriers == nil {
		return nil, problemf(http.StatusNotFound, "this hub keeps no couriers")
	}
	list, location := a.Operator.Couriers(r.shop)
	out := Couriers{Couriers: list}
	if list == nil {
		out.Couriers = []shipping.Courier{}
	}
	if !asked {
		return out, nil
	}
	out.Offers = shipping.Offers(list, b, a.Now(), location)
	for i := range list {
		if why := list[i].Serves(b); why != shipping.Serves {
			out.Unfit = append(out.Unfit, UnfitCourier{list[i].Key, why})
		}
	}
	return out, nil
}

// decimal reads a number, 0 or above.
func (q *query) decimal(name string) order.Decimal {
	s := q.text(name)
	if s == "" {
		return order.Decimal{}
	}
	d, err := order.ParseDecimal(s)
	if err != nil || d.Sign() < 0 {
		q.refuse(name, "must be a number, 0 or above, such as 12.50")
	}
	return d
}

// listRouteCouriers lists the couriers of a route's partner, and which of them
// stand for the shop's own ways of delivery.
func (a *API) listRouteCouriers(r *request) (any, error) {
	q := newQuery(r, "fresh")
	fresh, err := strconv.ParseBool(q.text("fresh"))
	if q.text("fresh") != "" && err != nil {
		q.refuse("fresh", "must be true or false")
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	if a.Operator.Mirror == nil {
		return nil, problemf(http.StatusNotFound, "this hub asks no partners for couriers")
	}
	m, err := a.Operator.Mirror(r.Context(), r.shop, r.PathValue("route"), fresh)
	if err != nil {
		return nil, err
	}
	out := RouteCouriers{Couriers: []shipping.Foreign{}, Mapping: []shipping.Mapped{}}
	if m == nil {
		return out, nil
	}
	out.At = m.At
	out.Couriers, out.Mapping = append(out.Couriers, m.Couriers...), append(out.Mapping, m.Mapping...)
	return out, nil
}

// testMessage sends a message of a route that means nothing.
func (a *API) testMessage(r *request) (any, error) {
	var in struct {
		Account string `json:"account,omitzero"`
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if a.Operator.TestMessage == nil {
		return nil, problemf(http.StatusNotFound, "this hub sends no test messages")
	}
	route := r.PathValue("route")
	said, err := a.Operator.TestMessage(r.Context(), r.shop, route, in.Account)
	if err != nil {
		return nil, err
	}
	a.record(r, "test-message", "route "+route, "")
	return TestMessage{Said: said}, nil
}
