package app

import (
	"context"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// people finds and erases persons for the doors. It walks through the shop's
// log: nothing has to be kept of an address so that it can be found, and what
// every source said is looked at, also what it took back later.
type people struct{ app *App }

var _ partner.People = people{}

// peoplePage is how many events one look reads.
const peoplePage = 1000

// Find implements partner.People.
func (p people) Find(ctx context.Context, shop, prefix string, whose partner.Persons, after int64) ([]string, int64, error) {
	items, err := p.app.ledger.Read(ctx, shop, after, peoplePage)
	if err != nil {
		return nil, 0, err
	}
	emails := map[string]bool{}
	for _, e := range whose.Emails {
		emails[strings.ToLower(strings.TrimSpace(e))] = true
	}
	seen := map[string]bool{}
	var orders []string
	for i := range items {
		it := &items[i]
		if len(emails) == 0 && !it.Event.At.Before(whose.Before) { // the log is in the sequence of its times
			return orders, 0, nil
		}
		if seen[it.Row.Subject.ID] || !stated(it, prefix) || !concerned(it, emails) {
			continue
		}
		seen[it.Row.Subject.ID] = true
		orders = append(orders, it.Row.Subject.ID)
	}
	if len(items) == 0 {
		return nil, 0, nil
	}
	return orders, items[len(items)-1].Event.Seq, nil
}

// stated reports whether a source with the prefix stated the order, and it is
// not erased.
func stated(it *ledger.Item, prefix string) bool {
	return it.Row.Subject.Kind == order.SubjectOrder && !it.Row.Erased && slices.ContainsFunc(it.Row.Layers, func(l ledger.LayerRow) bool {
		return l.Seq > 0 && strings.HasPrefix(l.Source.Name, prefix)
	})
}

// concerned reports whether an event names one of the addresses; of none,
// whether it is the first of its order.
func concerned(it *ledger.Item, emails map[string]bool) bool {
	if len(emails) == 0 {
		return it.Event.Seq == it.Row.First
	}
	o := it.Event.Statement
	if o == nil {
		return false
	}
	has := func(email string) bool { return email != "" && emails[strings.ToLower(email)] }
	return o.Customer != nil && has(o.Customer.Email) || o.Recipient != nil && has(o.Recipient.Email) ||
		o.Billing != nil && has(o.Billing.Email)
}

// Erase implements partner.People.
func (p people) Erase(ctx context.Context, shop string, orders []string) error {
	erase := p.app.eraseHere
	if p.app.node != nil {
		erase = p.app.erase
	}
	for _, id := range orders {
		if err := erase(ctx, shop, id); err != nil {
			return err
		}
	}
	return nil
}
