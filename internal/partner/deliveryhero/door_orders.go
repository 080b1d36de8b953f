package deliveryhero

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// The calls of orders. The shorter paths stand in older pages (foodora,
// PedidosYa; seen 2026).
func (d *door) orderCalls() map[string]handler {
	return map[string]handler{
		"GET /v2/chains/{chain_id}/orders/{order_id}":          d.getOrder,
		"GET /v2/orders/{order_id}":                            d.getOrder,
		"PUT /v2/chains/{chain_id}/orders/{order_id}":          d.putOrder,
		"PUT /v2/orders/{order_id}":                            d.putOrder,
		"GET /v2/chains/{chain_id}/vendors/{vendor_id}/orders": d.listOrders,
	}
}

func (d *door) orders(c *chain) orders { return orders{d.deps, c} }

func (d *door) getOrder(a *asked) (answer, error) {
	f, err := d.orders(a.chain).asked(a.Context(), a.PathValue("order_id"), d.now())
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, f.answer(a.chain)}, nil
}

// Bounds of the list; source: the vendor's pages and what was seen of live use
// (2026).
const (
	ordersPageSize = 20
	ordersMostSize = 500
	ordersSlack    = time.Minute // of clocks that differ, at the edge of the 60 days
)

func (d *door) listOrders(a *asked) (answer, error) {
	q, err := readOrdersQuery(a.URL.Query(), d.now())
	if err != nil {
		return answer{}, err
	}
	r := d.orders(a.chain)
	switch whole, err := r.follow(a.Context()); {
	case err != nil:
		return answer{}, err
	case !whole: // a large ledger, of which nobody has asked yet
		return answer{}, fmt.Errorf("list of orders: %w", order.ErrBusy)
	}
	ids, err := r.between(a.Context(), a.vendor, q.from, q.to)
	if err != nil {
		return answer{}, err
	}
	out := wireOrders{Orders: []wireOrder{}, Page: q.page, PageSize: q.size, TotalPages: (len(ids) + q.size - 1) / q.size}
	first := min((q.page-1)*q.size, len(ids))
	for _, id := range ids[first:min(first+q.size, len(ids))] {
		f, err := r.find(a.Context(), id)
		if err != nil {
			return answer{}, err
		}
		if f != nil && f.vendor.ID == a.vendor.ID { // else the order has moved to another outlet
			out.Orders = append(out.Orders, *f.answer(a.chain))
		}
	}
	return answer{http.StatusOK, &out}, nil
}

// ordersQuery is what the list was asked for.
type ordersQuery struct {
	from, to   time.Time
	page, size int
}

// readOrdersQuery reads the query of the list. What is empty is as good as left
// out: an example of the vendor's has it so. Errors: *wrong.
func readOrdersQuery(q map[string][]string, now time.Time) (ordersQuery, error) {
	one := func(name string) string {
		if len(q[name]) == 0 {
			return ""
		}
		return strings.TrimSpace(q[name][0])
	}
	oldest := now.Add(-ordersKept)
	out := ordersQuery{from: oldest, to: now, page: 1, size: ordersPageSize}
	var err error
	if out.to, err = queryTime("end_time", one("end_time"), now); err != nil {
		return out, err
	}
	if out.from, err = queryTime("start_time", one("start_time"), oldest); err != nil {
		return out, err
	}
	switch {
	case out.from.Before(oldest.Add(-ordersSlack)):
		return out, badRequest("start_time must not be older than 60 days")
	case out.to.Before(out.from):
		return out, badRequest("end_time must not be before start_time")
	case one("start_time") != "" && out.to.Sub(out.from) > ordersKept+2*ordersSlack:
		return out, badRequest("start_time and end_time must not be more than 60 days apart")
	}
	if out.page, err = queryCount("page", one("page"), out.page, 1<<30/ordersMostSize); err != nil {
		return out, err
	}
	out.size, err = queryCount("page_size", one("page_size"), out.size, ordersMostSize)
	return out, err
}

// queryTime reads a time of a query: UTC, written without a zone; some clients
// add one, and forget that a plus is a blank there.
func queryTime(name, text string, without time.Time) (time.Time, error) {
	if text == "" {
		return without, nil
	}
	m := readMoment(strings.Replace(text, " ", "+", 1))
	if m.Time.IsZero() {
		return without, badRequest(name + " must be a UTC time such as 2026-03-01T10:40:00")
	}
	return m.Time.Time(), nil
}

func queryCount(name, text string, without, most int) (int, error) {
	if text == "" {
		return without, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return without, badRequest(name + " must be a whole number from 1 to " + strconv.Itoa(most))
	}
	return n, nil
}

// priceAt says what an outlet sells products for.
func (d *door) priceAt(ctx context.Context, shop, store string) priced {
	return func(sku string) (string, order.Money, error) {
		if d.deps.Catalog == nil {
			return "", order.Money{}, nil
		}
		offers, err := d.deps.Catalog.Offers(ctx, shop, store, []string{sku})
		if err != nil {
			return "", order.Money{}, fmt.Errorf("price of a product: %w", err)
		}
		if len(offers) == 0 || offers[0] == nil || offers[0].Product == nil {
			return "", order.Money{}, nil
		}
		return offers[0].Product.Name, offers[0].Price, nil
	}
}
