package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/shipping"
)

func (c *Console) dropshipPlaces() []place {
	return []place{
		{at: "GET /shops/{shop}/dropship", do: c.dropship},
		{at: "GET /shops/{shop}/dropship/orders/{id}", do: c.parcels},
		{at: "POST /shops/{shop}/dropship/orders/{id}", do: c.ship, calls: []string{"POST /shops/{shop}/orders/{id}/ship"}},
	}
}

// channelDropship is the channel of orders that came through a door where others
// place orders for their customers.
const channelDropship = "dropshipping"

// dropshipPage has both halves: what others ordered of us, and what wholesalers
// send for us.
type dropshipPage struct {
	Account     string // only orders of this one; "": all
	Route       string // the wholesaler shown; "": none is configured
	Wholesalers []string
	Ours        []dropOrder // that others placed with us
	Theirs      []dropOrder // that went to the wholesaler
	MoreOurs    string
	MoreTheirs  string
}

// dropOrder is an order with its parcels.
type dropOrder struct {
	ID, Account string
	Status      order.Status
	Accepted    time.Time
	Parcels     []order.Parcel
	Delivery    *api.Delivery // at the wholesaler
}

// dropsShown is how many orders a half shows: each is read whole.
const dropsShown = 10

func (c *Console) dropship(v *visit) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	q := v.URL.Query()
	p := dropshipPage{Account: strings.TrimSpace(q.Get("account")), Route: q.Get("route"), Wholesalers: wholesalers(shop)}
	if p.Route == "" && len(p.Wholesalers) > 0 {
		p.Route = p.Wholesalers[0]
	}
	if p.Route != "" && !slices.Contains(p.Wholesalers, p.Route) {
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	if err := v.ordersOfAccounts(shop.ID, &p); err != nil {
		return err
	}
	if p.Route != "" {
		if err := v.ordersAtWholesaler(shop.ID, &p); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, "dropship", "dropship.title", p)
}

// wholesale are the partners who send goods in a shop's stead.
var wholesale = []string{"idosell"}

// wholesalers are the routes to them.
func wholesalers(shop api.Shop) (names []string) {
	for _, r := range shop.Routes {
		if slices.Contains(wholesale, r.Partner) {
			names = append(names, r.Name)
		}
	}
	return names
}

func (v *visit) ordersOfAccounts(shop string, p *dropshipPage) error {
	list, err := v.hub.Orders(v.Context(), shop, api.ListOptions{
		Channel: channelDropship, Account: p.Account, Limit: dropsShown, Cursor: v.URL.Query().Get("cursor"),
	})
	if err != nil {
		return err
	}
	for _, o := range list.Orders {
		one, err := v.dropOrder(shop, o.ID)
		if err != nil {
			return err
		}
		p.Ours = append(p.Ours, one)
	}
	if list.Next != "" {
		p.MoreOurs = v.URL.Path + "?" + url.Values{"account": {p.Account}, "route": {p.Route}, "cursor": {list.Next}}.Encode()
	}
	return nil
}

func (v *visit) ordersAtWholesaler(shop string, p *dropshipPage) error {
	list, err := v.hub.Deliveries(v.Context(), shop, api.ListOptions{Route: p.Route, Limit: dropsShown, Cursor: v.URL.Query().Get("at")})
	if err != nil {
		return err
	}
	for i := range list.Deliveries {
		d := &list.Deliveries[i]
		one, err := v.dropOrder(shop, d.Order)
		if err != nil {
			return err
		}
		one.Delivery = d
		p.Theirs = append(p.Theirs, one)
	}
	if list.Next != "" {
		p.MoreTheirs = v.URL.Path + "?" + url.Values{"account": {p.Account}, "route": {p.Route}, "at": {list.Next}}.Encode() + "#wholesaler"
	}
	return nil
}

func (v *visit) dropOrder(shop, id string) (dropOrder, error) {
	s, err := v.hub.Order(v.Context(), shop, id)
	if err != nil {
		return dropOrder{}, err
	}
	out := dropOrder{ID: s.ID, Status: s.Status, Accepted: s.Accepted}
	if o := s.Order; o != nil {
		out.Account = o.Account
		if o.Shipping != nil {
			out.Parcels = o.Shipping.Parcels
		}
	}
	return out, nil
}

// parcelsPage is one order's parcels, and the form that says one more left.
type parcelsPage struct {
	dropOrder
	Lines    []order.Line
	Couriers []shipping.Courier
	Courier  string // that the order names
	Form     api.Shipment
	Refused  *refusal
}

func (c *Console) parcels(v *visit) error { return v.showParcels(api.Shipment{}, nil) }

func (v *visit) showParcels(form api.Shipment, refused *refusal) error {
	shop := v.PathValue("shop")
	s, err := v.hub.Order(v.Context(), shop, v.PathValue("id"))
	if err != nil {
		return err
	}
	p := parcelsPage{dropOrder: dropOrder{ID: s.ID, Status: s.Status, Accepted: s.Accepted}, Form: form, Refused: refused}
	if o := s.Order; o != nil {
		p.Account, p.Lines = o.Account, o.Lines
		if o.Shipping != nil {
			p.Parcels, p.Courier = o.Shipping.Parcels, o.Shipping.Courier
		}
	}
	list, err := v.hub.Couriers(v.Context(), shop)
	if err != nil && !errors.Is(err, order.ErrNotFound) {
		return err
	}
	p.Couriers = list.Couriers
	return v.show(refused.status(), "parcels", "dropship.title", p)
}

// ship says that a parcel left.
func (c *Console) ship(v *visit) error {
	s := api.Shipment{Parcel: v.typed("parcel"), Courier: v.typed("courier"), Lines: v.PostForm["line"]}
	done, err := v.hub.Ship(v.Context(), v.PathValue("shop"), v.PathValue("id"), s)
	if refused := refusalOf(err); refused != nil {
		return v.showParcels(s, refused)
	}
	if err != nil {
		return err
	}
	key := "dropship.shipped"
	if done.Result == "known" {
		key = "dropship.known"
	}
	return v.done(v.URL.EscapedPath(), key, 0)
}

// Has reports whether a line was ticked.
func (p parcelsPage) Has(line string) bool {
	return slices.Contains(p.Form.Lines, line)
}
