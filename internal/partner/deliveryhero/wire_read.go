package deliveryhero

import (
	"errors"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// What the wire's words are in the canonical order.
const (
	carriedByPlatform = "platform"
	carriedByVendor   = "vendor"
	kindPrepaid       = "prepaid"
	paidWord          = "PAID"
	unitKG            = "kg"
	fromCustomer      = "customer"

	refExternal = "external_order_id"
	refCode     = "order_code"
	refChain    = "chain_id"
)

// canonical maps an order object to what a source says of the order. Its state
// and revision are no part of it: what only they change is no news. What has
// no place in the canonical order stands in Extra, under its path on the wire.
func (w *wireOrder) canonical() order.Order {
	o := order.Order{
		ID: string(w.ID), Preorder: w.Preorder,
		Type: typeOf(w.Type), PlacedAt: w.Sys.CreatedAt.Time,
		Lines: make([]order.Line, len(w.Items)), Totals: w.Payment.totals(),
		Payment: paymentOf(string(w.Payment.Type)),
	}
	shipping := order.Shipping{By: carrierOf(w.Transport), AcceptedFor: w.AcceptedFor.Time, PromisedFor: w.PromisedFor.Time}
	if shipping.By != "" || !shipping.AcceptedFor.IsZero() || !shipping.PromisedFor.IsZero() {
		o.Shipping = &shipping
	}
	if c := w.Customer; c != nil {
		o.Customer, o.Recipient = c.canonical(), c.recipient()
	}
	if w.Comment != "" {
		o.Notes = append(o.Notes, order.Note{From: fromCustomer, Text: short(w.Comment)})
	}
	for i := range w.Items {
		o.Lines[i] = w.Items[i].line()
		if text := w.Items[i].Instructions; text != "" && len(o.Notes) < order.MaxElements {
			o.Notes = append(o.Notes, order.Note{About: "lines[" + strconv.Itoa(i) + "]", From: fromCustomer, Text: short(text)})
		}
	}
	for _, ref := range []order.Reference{
		{Kind: refExternal, Value: string(w.External)}, {Kind: refCode, Value: string(w.Code)}, {Kind: refChain, Value: strings.ToLower(string(w.Client.ChainID))},
	} {
		if ref.Value != "" {
			o.References = append(o.References, ref)
		}
	}
	w.keepRest(&o)
	return o
}

func typeOf(w word) string {
	if w == typeDelivery || w == typePickup {
		return strings.ToLower(string(w))
	}
	return string(w)
}

func carrierOf(w word) string {
	switch w {
	case byPlatform:
		return carriedByPlatform
	case byVendor:
		return carriedByVendor
	}
	return string(w)
}

func paymentOf(kind string) *order.Payment {
	switch {
	case kind == "":
		return nil
	case strings.EqualFold(kind, paidWord):
		return &order.Payment{Kind: kindPrepaid}
	}
	return &order.Payment{Kind: kind}
}

func (c *wireCustomer) canonical() *order.Customer {
	return &order.Customer{
		ID: string(c.ID), FirstName: c.FirstName, LastName: c.LastName, Phone: string(c.Phone), LoyaltyCard: string(c.LoyaltyCard),
	}
}

// recipient is who gets the goods; nil without an address.
func (c *wireCustomer) recipient() *order.Party {
	a := c.Address
	if a == nil {
		return nil
	}
	return &order.Party{
		FirstName: c.FirstName, LastName: c.LastName, Phone: string(c.Phone),
		Street: short(a.Street), Number: string(a.Number), City: a.City, Country: a.Country, PostalCode: string(a.PostalCode),
		Latitude: string(a.Latitude), Longitude: string(a.Longitude), Formatted: short(a.Formatted),
	}
}

// line maps a line, of an order and of a PUT alike. Of a weighed one the
// quantity is its weight; the pieces are told apart.
func (w *wireItem) line() order.Line {
	l := order.Line{ID: string(w.ID), Product: order.Product{SKU: string(w.SKU), Name: short(w.Name)}, Discount: w.Discount.Decimal}
	if len(w.Barcode) > 0 {
		l.Product.GTIN = w.Barcode[0]
	}
	l.Status, _ = w.Status.lineStatus()
	if w.Status == itemReplaced {
		l.ReplacedBy = string(w.ReplacedID)
	} else {
		l.Replaces = string(w.ReplacedID)
	}
	if p := w.Pricing; p != nil {
		l.Quantity, l.UnitPrice, l.Total, l.TaxRate = p.Quantity.Decimal, p.UnitPrice.Decimal, p.TotalPrice.Decimal, p.VAT.Decimal
		l.Weight, l.Pieces = p.Weight.Decimal, p.Pieces.Decimal
		if p.Type == pricedKG {
			l.Unit = unitKG
			if l.Weight.IsSet() {
				l.Quantity = l.Weight
			}
			if !l.Pieces.IsSet() {
				l.Pieces = p.Quantity.Decimal
			}
		}
	}
	if p := w.Original; p != nil {
		l.Ordered = &order.Ordered{
			Quantity: p.Quantity.Decimal, Weight: p.Weight.Decimal, UnitPrice: p.UnitPrice.Decimal, Total: p.TotalPrice.Decimal,
		}
		if p.Type == pricedKG && p.Weight.IsSet() {
			l.Ordered.Quantity = p.Weight.Decimal
		}
	}
	return l
}

// UnmarshalJSON reads the object, or a reason alone, as a second copy of the
// platform's OpenAPI document has it (seen 2026).
func (c *wireCancellation) UnmarshalJSON(b []byte) error {
	*c = wireCancellation{}
	if json.Value(b).Kind() == '"' {
		return json.UnmarshalInput(b, &c.Reason)
	}
	type object wireCancellation
	return json.UnmarshalInput(b, (*object)(c))
}

func (c *wireCancellation) canonical() *order.Cancellation {
	if c == nil {
		return nil
	}
	return &order.Cancellation{By: string(c.By), Reason: string(c.Reason), AfterPickedUp: c.PostPickedUp}
}

// The kinds of sums that have no field of their own.
const (
	amountContainer = "container_charge"
	amountToMinimum = "difference_to_minimum"
	amountDiscount  = "discount"
	amountFee       = "fee"
	amountVoucher   = "voucher"
)

func (p *wirePayment) totals() *order.Totals {
	t := order.Totals{
		Goods: p.SubTotal.Decimal, Shipping: p.DeliveryFee.Decimal, Service: p.ServiceFee.Decimal, Discount: p.Discount.Decimal,
		Tax: p.Taxes.Decimal, Total: p.OrderTotal.Decimal,
	}
	for _, one := range []struct {
		kind string
		n    number
	}{{amountContainer, p.ContainerCharge}, {amountToMinimum, p.ToMinimum}} {
		if one.n.IsSet() {
			t.Other = append(t.Other, order.Amount{Kind: one.kind, Value: one.n.Decimal})
		}
	}
	for _, sums := range []struct {
		kind string
		raw  order.Raw
	}{{amountDiscount, p.Discounts}, {amountFee, p.Fees}, {amountVoucher, p.Vouchers}} {
		if list, ok := amounts(sums.raw, sums.kind); ok && plainAmounts(sums.raw) {
			t.Other = append(t.Other, list...)
		}
	}
	if len(t.Other) > order.MaxElements {
		t.Other = t.Other[:order.MaxElements]
	}
	return &t
}

var errMore = errors.New("says more than a name and a value, or less")

// plainAmounts reports whether named sums say nothing but names and values: the
// shape of vouchers is not known, and nothing of them is to be lost.
func plainAmounts(raw order.Raw) bool {
	if json.Value(raw).Kind() != '[' {
		return true
	}
	return json.Elements(raw, func(_ int, v json.Value) error {
		value := false
		err := json.Members(v, func(name string, _ json.Value) error {
			if name != "name" && name != "value" {
				return errMore
			}
			value = value || name == "value"
			return nil
		})
		if err == nil && !value {
			err = errMore
		}
		return err
	}) == nil
}

// keepRest keeps what has no place of its own.
func (w *wireOrder) keepRest(o *order.Order) {
	rest := rest{o}
	rest.unknown("", w.Unknown)
	rest.unknown("client", w.Client.Unknown)
	rest.unknown("payment", w.Payment.Unknown)
	rest.unknown("sys", w.Sys.Unknown)
	rest.text("promotion_status", string(w.PromotionStatus))
	rest.text("client.id", string(w.Client.ID))
	rest.text("client.name", w.Client.Name)
	rest.text("client.country_code", w.Client.Country)
	rest.text("client.store_id", string(w.Client.StoreID))
	rest.text("client.external_partner_config_id", string(w.Client.External))
	rest.text("accepted_for", w.AcceptedFor.Odd)
	rest.text("promised_for", w.PromisedFor.Odd)
	rest.text("sys.created_at", w.Sys.CreatedAt.Odd)
	for name, raw := range map[string]order.Raw{"discounts": w.Payment.Discounts, "additional_fees": w.Payment.Fees, "vouchers": w.Payment.Vouchers} {
		if _, ok := amounts(raw, ""); !ok || !plainAmounts(raw) {
			rest.raw("payment."+name, raw)
		}
	}
	if c := w.Customer; c != nil {
		rest.unknown("customer", c.Unknown)
		if c.Address != nil {
			rest.unknown("customer.delivery_address", c.Address.Unknown)
		}
	}
	if c := w.Cancellation; c != nil {
		rest.unknown("cancellation", c.Unknown)
	}
	for i := range w.Items {
		rest.item("items["+strconv.Itoa(i)+"]", &w.Items[i])
	}
	if !knownStatus(w.Status) {
		rest.text("status", string(w.Status))
	}
}

// rest adds to an order's Extra.
type rest struct{ o *order.Order }

func (r rest) unknown(at string, members json.Value) {
	if len(members) > 0 {
		_ = json.AddExtra(&r.o.Extra, at, members) // the decoder has read them: nothing is wrong
	}
}

func (r rest) raw(at string, v order.Raw) {
	if r.o.Extra == nil {
		r.o.Extra = map[string]order.Raw{}
	}
	r.o.Extra[at] = v
}

func (r rest) text(at, v string) {
	if v != "" {
		r.raw(at, json.AppendText(nil, v))
	}
}

func (r rest) item(at string, w *wireItem) {
	r.unknown(at, w.Unknown)
	if len(w.Barcode) > 1 {
		b, _ := w.Barcode.MarshalJSON() // a list of texts
		r.raw(at+".barcode", b)
	}
	if _, known := w.Status.lineStatus(); !known {
		r.text(at+".status", string(w.Status))
	}
	if len(w.Promotion) > 0 && string(w.Promotion) != "null" && string(w.Promotion) != "[]" {
		r.raw(at+".promotion", w.Promotion)
	}
	r.pricing(at+".pricing", w.Pricing)
	r.pricing(at+".original_pricing", w.Original)
}

func (r rest) pricing(at string, p *wirePricing) {
	if p == nil {
		return
	}
	r.unknown(at, p.Unknown)
	if p.Type != pricedUnit && p.Type != pricedKG {
		r.text(at+".pricing_type", string(p.Type))
	}
	for name, n := range map[string]number{"min_quantity": p.MinQuantity, "max_quantity": p.MaxQuantity} {
		if n.IsSet() {
			r.raw(at+"."+name, n.AppendNumber(nil))
		}
	}
}

// short is a stranger's text no longer than the ledger takes.
func short(text string) string {
	if len(text) <= order.MaxText {
		return text
	}
	return strings.ToValidUTF8(text[:order.MaxText], "")
}
