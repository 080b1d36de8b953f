package search

import (
	"github.com/ordermux/ordermux/internal/order"
)

// text is something that an order is found by.
type text struct {
	kind  Kind
	value string
}

// textsOf are what an event says that its order is found by.
func textsOf(e *order.Event) (out []text) {
	add := func(kind Kind, values ...string) {
		for _, v := range values {
			if fold(kind, v) != "" {
				out = append(out, text{kind, v})
			}
		}
	}
	if h := e.Happening; h != nil && h.Parcel != nil {
		add(Parcel, h.Parcel.Number)
	}
	o := e.Statement
	if o == nil {
		return out
	}
	add(Channel, o.Channel)
	add(Account, o.Account)
	if o.Customer != nil {
		add(Email, o.Customer.Email)
	}
	for _, p := range []*order.Party{o.Recipient, o.Billing} {
		if p != nil {
			add(Email, p.Email)
		}
	}
	for i := range o.References {
		add(Reference, o.References[i].Value)
	}
	for i := range o.Lines {
		p := &o.Lines[i].Product
		add(Product, p.Code, p.SKU, p.GTIN, p.UPC, p.ISBN, p.JAN, p.MPN, p.Producer, p.External)
	}
	if o.Shipping != nil {
		for i := range o.Shipping.Parcels {
			add(Parcel, o.Shipping.Parcels[i].Number)
		}
	}
	return out
}
