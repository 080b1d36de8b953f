package console

import (
	"net/http"
	"net/url"

	"github.com/ordermux/ordermux/internal/api"
)

func (c *Console) orderPlaces() []place {
	return []place{
		{at: "GET /shops/{shop}/orders", do: c.orders},
		{at: "GET /shops/{shop}/orders/{id}", do: c.order},
		{at: "POST /shops/{shop}/orders/{id}", do: c.actOnOrder, calls: []string{
			"POST /shops/{shop}/deliveries/send", "POST /shops/{shop}/deliveries/retry", "POST /shops/{shop}/deliveries/drop", "POST /shops/{shop}/events",
		}},
	}
}

// ordersPage lists a shop's orders, the newest first.
type ordersPage struct {
	Orders []orderRow
	More   string // address of the next page; "": there is none
}

type orderRow struct {
	api.OrderSummary
	At string
}

// ordersShown is how many orders a page lists.
const ordersShown = 50

func (c *Console) orders(v *visit) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	list, err := v.hub.Orders(v.Context(), shop.ID, api.ListOptions{Limit: ordersShown, Cursor: v.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	zone, p := zoneOf(shop), ordersPage{}
	for _, o := range list.Orders {
		p.Orders = append(p.Orders, orderRow{o, moment(o.Accepted, zone)})
	}
	if list.Next != "" {
		p.More = v.URL.Path + "?cursor=" + url.QueryEscape(list.Next)
	}
	return v.show(http.StatusOK, "orders", "orders.title", p)
}

// shop is the one that the path names.
func (v *visit) shop() (api.Shop, error) {
	list, err := v.hub.Shops(v.Context())
	if err != nil {
		return api.Shop{}, err
	}
	for _, s := range list.Shops {
		if s.ID == v.PathValue("shop") {
			return s, nil
		}
	}
	return api.Shop{}, &api.Problem{Status: http.StatusNotFound}
}
