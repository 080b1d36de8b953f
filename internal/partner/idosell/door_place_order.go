package idosell

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

// What the references of an order are called.
const (
	refSerial    = "order_serial_number"
	refExternal  = "external_order_id"
	refRecipient = "recipient_id"
)

// channel marks orders whose customer is a shop that has them sent to its own
// customers.
const channel = "dropshipping"

// statement is the order as the account states it: the account ordered and
// pays, the recipient gets the goods.
func (d *door) statement(ctx context.Context, c *call, p *purchase, g *haul, o *placedOrder, to *known) (*order.Order, error) {
	lines, err := d.lines(ctx, c, g)
	if err != nil {
		return nil, err
	}
	recipient := to.Party
	recipient.ID = to.id
	payer := p.Payer
	if payer == nil {
		payer = billing(c.account)
	}
	out := &order.Order{
		ID: o.ID, PlacedAt: order.At(d.now().In(c.zone)), Currency: c.account.Currency, Channel: channel, Account: o.Account,
		Customer: customer(c.account, payer), Recipient: &recipient, Billing: payer, Lines: lines,
		Totals: g.totals(c.account.Currency),
		Shipping: &order.Shipping{
			Courier: g.offer.Name, Method: strconv.Itoa(g.offer.ID), PickupPoint: p.Point,
		},
		Payment:    &order.Payment{Kind: p.payment(c)},
		Notes:      notes(p, g.items),
		References: []order.Reference{{Kind: refSerial, Value: strconv.FormatInt(o.Serial, 10)}, {Kind: refRecipient, Value: to.id}},
	}
	if p.External != "" {
		out.References = append(out.References, order.Reference{Kind: refExternal, Value: p.External})
	}
	if !p.deliver.IsZero() {
		out.Shipping.PromisedFor = order.At(p.deliver)
	}
	for _, x := range p.Extra {
		if out.Extra == nil {
			out.Extra = map[string]order.Raw{}
		}
		out.Extra[x.Name] = x.Value
	}
	return out, nil
}

// lines are the goods with all codes and the prices of the catalogue.
func (d *door) lines(ctx context.Context, c *call, g *haul) ([]order.Line, error) {
	lines := make([]order.Line, len(g.items))
	for i, it := range g.items {
		found := g.list[i].Product
		l := order.Line{ID: strconv.Itoa(i + 1), Product: found.Product, Quantity: it.Quantity, Attachments: it.Attachments}
		if price := priceOf(found, c.account.Currency); price.IsSet() {
			l.UnitPrice, l.Total = price, price.Mul(it.Quantity).Round(2)
		}
		if found.Weight.IsSet() {
			l.Weight = found.Weight.Mul(it.Quantity)
		}
		var err error
		if l.Components, err = d.components(ctx, c, it.Components); err != nil {
			return nil, err
		}
		lines[i] = l
	}
	return lines, nil
}

// components are what a set is made of. Stock is that of the set, so that a
// part which the catalogue does not have keeps the code that it came with.
func (d *door) components(ctx context.Context, c *call, parts []component) ([]order.Product, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	lines := make([]catalog.Line, len(parts))
	for i, p := range parts {
		lines[i] = catalog.Line{Type: p.Type, Code: p.Code}
	}
	found, err := d.deps.Catalog.Find(ctx, c.account.Shop, lines)
	if err != nil {
		return nil, fmt.Errorf("find the parts of a set: %w", err)
	}
	out := make([]order.Product, len(parts))
	for i, p := range parts {
		if out[i] = p.product(); found[i] != nil {
			out[i] = found[i].Product
		}
	}
	return out, nil
}

// product names what nobody here knows by the code that it came with.
func (p component) product() order.Product { return productOf(p.Type, p.Code) }

func productOf(t catalog.CodeType, code string) order.Product {
	switch t {
	case catalog.Producer:
		return order.Product{Producer: code}
	case catalog.External:
		return order.Product{External: code}
	}
	return order.Product{Code: code}
}

// totals are the sums, as far as all prices are known.
func (g *haul) totals(currency string) *order.Totals {
	t := &order.Totals{Goods: worth(g.items, g.list, currency), Shipping: g.offer.Cost}
	if t.Goods.IsSet() {
		t.Total = t.Goods.Add(t.Shipping)
	}
	return t
}

// notes are what the account wrote, about the order, to the courier and about
// single lines.
func notes(p *purchase, items []item) (list []order.Note) {
	add := func(about, text string) {
		if text != "" {
			list = append(list, order.Note{About: about, From: "customer", Text: text})
		}
	}
	add("", p.Note)
	add("shipping", p.Hint)
	for i, it := range items {
		add(fmt.Sprintf("lines[%d]", i), it.Comment)
	}
	return list
}
