package idosell

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/shipping"
	"github.com/ordermux/ordermux/internal/soap"
)

// handleImport puts goods into the session's basket and reserves what is in it
// then, all or nothing: a client that does not look at the answer must not
// order less than it handed over.
func handleImport(ctx context.Context, d *door, c *call) (soap.Value, error) {
	f := paramsOf(c)
	clearing := f.word("clearBasket", yes, no) != no
	items, err := readItems(f)
	if err == nil {
		err = f.err()
	}
	if err != nil {
		return soap.Value{}, err
	}
	if len(items) == 0 {
		return soap.Value{}, &fault{code: codeMalformed, path: "params.products", text: "is missing"}
	}
	s := d.cabinet(c.account.Shop)
	for range placeTries {
		old, err := s.basket(ctx, c.session)
		if err != nil {
			return soap.Value{}, err
		}
		together := items
		if !clearing {
			together = slices.Concat(old.items, items)
		}
		if together, err = orderable(together); err != nil {
			return soap.Value{}, err
		}
		answer, done, err := d.fill(ctx, c, s, old, together)
		if done || err != nil {
			return answer, err
		}
	}
	return soap.Value{}, fmt.Errorf("import a basket: %w", order.ErrBusy)
}

// fill makes items the basket, if all of them can be had. False: the basket was
// changed meanwhile.
func (d *door) fill(ctx context.Context, c *call, s cabinet, old *basket, items []item) (answer soap.Value, done bool, err error) {
	if len(items) > mostElements {
		return soap.Value{}, false, &fault{code: codeTooMany, path: "params.products"}
	}
	list, err := d.available(ctx, c, items, false)
	if err != nil {
		return soap.Value{}, false, err
	}
	if !all(list) {
		return imports(c, items, list), true, nil
	}
	err = d.deps.Catalog.Reserve(ctx, c.account.Shop, reservation(c.session), linesOf(items))
	if short := (*catalog.Short)(nil); errors.As(err, &short) {
		// Somebody else was faster.
		for _, l := range short.Lines {
			list[l.Line].Reason, list[l.Line].Free = l.Reason, l.Available
		}
		return imports(c, items, list), true, nil
	}
	if err != nil {
		return soap.Value{}, false, err
	}
	done, err = s.replace(ctx, old, items)
	return imports(c, items, list), done, err
}

// imports is the answer of basketImport.
func imports(c *call, items []item, list []catalog.Availability) soap.Value {
	currency := c.account.Currency
	members := []soap.Member{
		member("result", resultOf(list)),
		member("products", rows(c, items, list, func(i int) []soap.Member {
			if price := priceOf(list[i].Product, currency); price.IsSet() {
				return []soap.Member{member("productRetailPrice", moneyOf(price))}
			}
			return nil
		})),
		member("currencyId", soap.TextOf(currency)),
	}
	if cost := worth(items, list, currency); cost.IsSet() && all(list) {
		members = append(members, member("basketCost", moneyOf(cost)))
	}
	return soap.ObjectOf(members...)
}

// handleCouriersForBasket lists the couriers that carry a basket to an address.
func handleCouriersForBasket(ctx context.Context, d *door, c *call) (soap.Value, error) {
	f := paramsOf(c)
	payment := f.word("orderPaymentType", payments...)
	to := f.destination("clientDeliveryAddress")
	items, err := readItems(f)
	if err == nil {
		err = f.err()
	}
	if err != nil {
		return soap.Value{}, err
	}
	if items = summed(items); len(items) == 0 {
		b, err := d.cabinet(c.account.Shop).basket(ctx, c.session)
		if err != nil {
			return soap.Value{}, err
		}
		if items = b.items; len(items) == 0 {
			return soap.Value{}, &fault{code: codeBasket}
		}
	}
	list, err := d.available(ctx, c, items, false)
	if err != nil {
		return soap.Value{}, err
	}
	offers := d.offers(c, items, list, to, payment)
	found := make([]soap.Value, len(offers))
	for i := range offers {
		found[i] = offered(&offers[i], c.account.Currency)
	}
	answer := soap.ObjectOf(member("results", soap.ListOf(found...)))
	if len(offers) == 0 {
		return answer, &fault{code: codeEmpty}
	}
	return answer, nil
}

// destination reads as much of an address as decides who carries there.
func (f *fields) destination(name string) order.Party {
	a := f.part(name)
	to := order.Party{PostalCode: a.text(addressZip), Country: a.country(addressCountryID, addressCountry)}
	if to.PostalCode == "" {
		a.refuse(codeAddress, addressZip, "")
	}
	if to.Country == "" {
		a.refuse(codeAddress, addressCountryID, "")
	}
	f.adopt(a)
	return to
}

// offers are the couriers that carry items to an address.
func (d *door) offers(c *call, items []item, list []catalog.Availability, to order.Party, payment string) []shipping.Offer {
	return shipping.Offers(d.deps.Couriers(c.account.Shop), shipping.Basket{
		Country: to.Country, PostalCode: to.PostalCode, Payment: payment,
		Weight: weight(items, list), Value: worth(items, list, c.account.Currency),
	}, d.now(), c.zone)
}

// offered is a courier of an answer.
func offered(o *shipping.Offer, currency string) soap.Value {
	takes := o.Payments
	if len(takes) == 0 {
		takes = payments
	}
	kinds := make([]soap.Value, len(takes))
	for i, p := range takes {
		kinds[i] = soap.TextOf(p)
	}
	return soap.ObjectOf(append(courierMembers(o.Courier), member("deliveryCost", moneyOf(o.Cost)),
		member("currencyId", soap.TextOf(currency)), member("orderPaymentTypes", soap.ListOf(kinds...)))...)
}
