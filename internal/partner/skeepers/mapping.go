package skeepers

import (
	"github.com/ordermux/ordermux/internal/order"
)

// parts are what most orders of this dialect have beside their lines, in one
// piece of memory.
type parts struct {
	customer order.Customer
	totals   order.Totals
	review   order.Review
	shop     order.Invitation
	products order.Invitation
}

// toOrder maps an event off the wire. The dialect has no currency: the shop's
// is stated.
func toOrder(e *wireEvent, currency string) order.Order {
	p := &parts{customer: order.Customer{
		Email: e.Email, FirstName: e.First, LastName: e.Last, Phone: e.Phone,
		Language: e.Language, Country: e.Country, Hidden: e.Hide,
	}}
	o := order.Order{
		ID: e.Reference, PlacedAt: e.Date, Currency: currency, Channel: e.Channel, Store: e.Shop,
		Customer: &p.customer, Review: toReview(e, p),
	}
	if e.Price.IsSet() {
		p.totals.Total = e.Price
		o.Totals = &p.totals
	}
	if len(e.Products) > 0 {
		o.Lines = make([]order.Line, len(e.Products))
		for i := range e.Products {
			toLine(&e.Products[i], &o.Lines[i])
		}
	}
	o.Extra = toExtra(e)
	return o
}

// toReview is what the shop wishes to be asked.
func toReview(e *wireEvent, p *parts) *order.Review {
	if e.Type != typeProducts {
		p.shop.Delay = e.Delay
		p.review.Shop = &p.shop
	}
	if e.Type != typeBrand {
		p.products.Delay = e.DelayProducts
		p.review.Products = &p.products
	}
	return &p.review
}

func toLine(w *wireProduct, l *order.Line) {
	l.Product = order.Product{
		Code: w.Reference, SKU: w.SKU, GTIN: w.EAN, UPC: w.UPC, ISBN: w.ISBN, JAN: w.JAN, MPN: w.MPN,
		Name: w.Name, Brand: w.Brand, Category: w.Category, URL: w.URL, ImageURL: w.Image,
	}
	l.UnitPrice = w.Price
	l.NotReceived = w.NotReceived
	l.ReviewDelay = w.Delay
}

// toExtra keeps what the API does not have, and delays of a kind that is not
// asked about.
func toExtra(e *wireEvent) map[string]order.Raw {
	var extra map[string]order.Raw
	keep := func(path string, value order.Raw) {
		if extra == nil {
			extra = make(map[string]order.Raw, len(e.Extra)+1)
		}
		extra[path] = value
	}
	for _, f := range e.Extra {
		keep(f.Path, order.Raw(f.Value))
	}
	if e.Type == typeProducts && e.Delay != nil {
		keep("solicitation_parameters.delay", order.Raw(appendInt(nil, *e.Delay)))
	}
	if e.Type == typeBrand && e.DelayProducts != nil {
		keep("solicitation_parameters.delay_product", order.Raw(appendInt(nil, *e.DelayProducts)))
	}
	return extra
}
