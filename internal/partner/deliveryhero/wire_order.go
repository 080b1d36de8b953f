package deliveryhero

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// What of an order is not known and has to be there all the same is made: our
// choices.
const (
	readyWithin   = 30 * time.Minute // accepted_for and promised_for, after the order came
	unknownReason = "OTHER"          // of a cancellation
	platformWord  = "PLATFORM"       // who cancelled, if nobody says
)

// found is an order of a chain as it stands.
type found struct {
	order   *order.Order // merged; shared, never to be changed
	number  string       // order_id
	vendor  *vendor
	created time.Time               // when we accepted it
	changed time.Time               // when something was said of it last
	newest  int64                   // its newest event
	said    map[string]*order.Order // the last statement of each source
}

// wire is the order object, with a status.
func (f *found) wire(c *chain, status word) *wireOrder {
	o := f.order
	w := &wireOrder{
		ID: loose(f.number), External: loose(referenceOr(o, refExternal, o.ID)),
		Code: loose(referenceOr(o, refCode, shortCode(f.number))), Status: status,
		Type: typeDelivery, Transport: transportOf(o), Preorder: o.Preorder, Comment: commentOf(o),
		PromotionStatus: promotionsHidden, Client: clientOf(c, f.vendor), Customer: customerOf(o),
		Payment: sumsOf(o), Cancellation: cancellationOf(o, status),
		Sys: wireSys{CreatedAt: momentOf(f.created), UpdatedAt: momentOf(f.changed)},
	}
	if o.Type == typeOf(typePickup) {
		w.Type = typePickup
	}
	w.AcceptedFor, w.PromisedFor = f.times()
	w.Items = itemsOf(o)
	if slices.ContainsFunc(w.Items, func(i wireItem) bool { return i.Discount.Sign() != 0 }) {
		w.PromotionStatus = promotionsShown
	}
	return w
}

// times are accepted_for and promised_for.
func (f *found) times() (accepted, promised moment) {
	var s order.Shipping
	if f.order.Shipping != nil {
		s = *f.order.Shipping
	}
	accepted, promised = moment{Time: s.AcceptedFor}, moment{Time: s.PromisedFor}
	switch {
	case accepted.IsZero() && promised.IsZero():
		accepted = momentOf(f.created.Add(readyWithin))
		promised = accepted
	case accepted.IsZero():
		accepted = promised
	case promised.IsZero():
		promised = accepted
	}
	return accepted, promised
}

// transportOf says who carries an order: the platform, if nobody says.
func transportOf(o *order.Order) word {
	if o.Shipping != nil && o.Shipping.By == carriedByVendor {
		return byVendor
	}
	return byPlatform
}

func referenceOr(o *order.Order, kind, without string) string {
	for _, r := range o.References {
		if r.Kind == kind && r.Value != "" {
			return r.Value
		}
	}
	return without
}

// shortCode is a code for staff and riders, made of the number: a letter and
// three digits.
func shortCode(number string) string {
	var n uint32
	for _, c := range []byte(number) {
		n = n*31 + uint32(c)
	}
	return fmt.Sprintf("%c%03d", 'A'+rune(n%26), n/26%1000)
}

func clientOf(c *chain, v *vendor) wireClient {
	return wireClient{
		ID: loose(namedUUID(c.ID, "outlet/"+v.ID)), ChainID: loose(c.ID), Name: c.Grant.ShopName, Country: c.Country,
		StoreID: loose(v.ID), External: loose(v.External),
	}
}

// commentOf is what the customer wrote about the whole order.
func commentOf(o *order.Order) string {
	var texts []string
	for _, n := range o.Notes {
		if n.About == "" && n.From != "shop" && n.Text != "" {
			texts = append(texts, n.Text)
		}
	}
	return strings.Join(texts, "\n")
}

func customerOf(o *order.Order) *wireCustomer {
	var c order.Customer
	if o.Customer != nil {
		c = *o.Customer
	}
	var to order.Party
	if o.Recipient != nil {
		to = *o.Recipient
	}
	first, last := cmp.Or(c.FirstName, to.FirstName), cmp.Or(c.LastName, to.LastName)
	if first == "" && last == "" {
		first, last, _ = strings.Cut(cmp.Or(c.Name, to.Name), " ")
	}
	w := &wireCustomer{
		ID: loose(c.ID), FirstName: first, LastName: last, Phone: loose(cmp.Or(c.Phone, to.Phone)), LoyaltyCard: loose(c.LoyaltyCard),
	}
	a := wireAddress{
		Street: to.Street, Number: loose(to.Number), City: to.City, Country: to.Country, PostalCode: loose(to.PostalCode),
		Latitude: degrees(to.Latitude), Longitude: degrees(to.Longitude), Formatted: to.Formatted,
	}
	none := a.Street == "" && a.City == "" && a.PostalCode == "" && a.Latitude == "" && a.Formatted == ""
	if !none && o.Type != typeOf(typePickup) {
		w.Address = &a
	}
	if w.Address == nil && w.ID == "" && w.FirstName == "" && w.LastName == "" && w.Phone == "" && w.LoyaltyCard == "" {
		return nil
	}
	return w
}

// cancellationOf is there if the order is cancelled.
func cancellationOf(o *order.Order, status word) *wireCancellation {
	if status != statusCancelled {
		return nil
	}
	why := order.Cancellation{}
	if o.Cancellation != nil {
		why = *o.Cancellation
	}
	return &wireCancellation{
		By: word(cmp.Or(strings.ToUpper(why.By), platformWord)), Reason: word(cmp.Or(why.Reason, unknownReason)), PostPickedUp: why.AfterPickedUp,
	}
}

// lineID is what a line is called, by its place where it has no id.
func lineID(o *order.Order, i int) string { return cmp.Or(o.Lines[i].ID, "l"+strconv.Itoa(i+1)) }

// skuOf is what the platform calls sku.
func skuOf(p *order.Product) string { return cmp.Or(p.SKU, p.Code) }

// itemsOf are the products of an order.
func itemsOf(o *order.Order) []wireItem {
	out := []wireItem{}
	for i := range o.Lines {
		if l := &o.Lines[i]; l.Kind == order.LineProduct {
			out = append(out, itemOf(o, i))
		}
	}
	return out
}

func itemOf(o *order.Order, i int) wireItem {
	l := &o.Lines[i]
	w := wireItem{
		ID: loose(lineID(o, i)), SKU: loose(skuOf(&l.Product)), Name: cmp.Or(l.Product.Name, skuOf(&l.Product)), Status: itemWord(l.Status),
		Pricing: pricingOf(l), Discount: number{l.Discount},
	}
	if l.Product.GTIN != "" {
		w.Barcode = barcodes{l.Product.GTIN}
	}
	if l.Status == order.LineReplaced {
		w.ReplacedID = loose(l.ReplacedBy)
	} else {
		w.ReplacedID = loose(l.Replaces)
	}
	for _, n := range o.Notes {
		if n.About == "lines["+strconv.Itoa(i)+"]" {
			w.Instructions = n.Text
		}
	}
	if was := l.Ordered; was != nil {
		before := *l
		before.Quantity, before.Weight, before.UnitPrice, before.Total = was.Quantity, was.Weight, cmp.Or(was.UnitPrice, l.UnitPrice), was.Total
		before.Pieces = order.Decimal{}
		w.Original = pricingOf(&before)
	}
	return w
}

// weighed reports whether a line is sold by weight, and its weight.
func weighed(l *order.Line) (order.Decimal, bool) {
	if l.Unit != unitKG {
		return order.Decimal{}, false
	}
	return cmp.Or(l.Weight, l.Quantity), true
}

// pricingOf says how much there is of a line, and what it costs.
func pricingOf(l *order.Line) *wirePricing {
	p := &wirePricing{Type: pricedUnit, Quantity: number{cmp.Or(l.Quantity, order.FromInt(1, 0))}, UnitPrice: number{unitPrice(l)}, TotalPrice: number{l.Total}, VAT: number{l.TaxRate}}
	if kg, ok := weighed(l); ok {
		p.Type, p.Weight = pricedKG, number{kg}
		p.Quantity, p.Pieces = number{cmp.Or(l.Pieces, order.FromInt(1, 0))}, number{l.Pieces}
	}
	if !p.TotalPrice.IsSet() && p.UnitPrice.IsSet() {
		p.TotalPrice = number{p.UnitPrice.Mul(amountOf(l)).Sub(l.Discount)}
	}
	return p
}

// amountOf is what the price of one unit is multiplied by.
func amountOf(l *order.Line) order.Decimal {
	if kg, ok := weighed(l); ok {
		return kg
	}
	return cmp.Or(l.Quantity, order.FromInt(1, 0))
}

// unitPrice is the price of one piece or kilogram, reckoned where the line does
// not say; not set: nobody says.
func unitPrice(l *order.Line) order.Money {
	if l.UnitPrice.IsSet() || !l.Total.IsSet() || amountOf(l).Sign() == 0 {
		return l.UnitPrice
	}
	price, _ := l.Total.Add(l.Discount).Div(amountOf(l), 3)
	return price
}
