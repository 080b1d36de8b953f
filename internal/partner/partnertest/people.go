package partnertest

import (
	"context"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// people finds and erases persons. It looks at all orders at once, by what
// their sources say now, and knows no times: before any of them is before all.
type people struct{ h *Hub }

var _ partner.People = people{}

// Find answers as partner.People says.
func (p people) Find(_ context.Context, _, prefix string, whose partner.Persons, _ int64) (orders []string, next int64, err error) {
	p.h.mu.Lock()
	defer p.h.mu.Unlock()
	for id, o := range p.h.orders {
		if slices.ContainsFunc(o.layers, func(l order.Layer) bool {
			return strings.HasPrefix(l.Source.Name, prefix) && concerns(whose, l.Statement, p.h)
		}) {
			orders = append(orders, id)
		}
	}
	slices.Sort(orders)
	return orders, 0, nil
}

func concerns(whose partner.Persons, o *order.Order, h *Hub) bool {
	if o == nil || o.Customer == nil {
		return false
	}
	if len(whose.Emails) == 0 {
		return h.now().Before(whose.Before)
	}
	return slices.ContainsFunc(whose.Emails, func(e string) bool { return strings.EqualFold(e, o.Customer.Email) })
}

// Erase answers as partner.People says.
func (p people) Erase(_ context.Context, _ string, orders []string) error {
	for _, id := range orders {
		p.h.Forget(id)
	}
	return nil
}
