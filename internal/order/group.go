package order

import "strings"

// Group is a part of the order that one source states whole. An order's id,
// status and cancellation belong to none: the id is its identity, the others
// follow from what happened.
type Group string

// The groups, and the fields they hold.
const (
	GroupSale       Group = "sale"     // placed_at, currency, channel, store, account, locale, type, preorder, test
	GroupCustomer   Group = "customer" // session and customer
	GroupRecipient  Group = "recipient"
	GroupBilling    Group = "billing"
	GroupLines      Group = "lines"
	GroupTotals     Group = "totals"
	GroupShipping   Group = "shipping"
	GroupPayment    Group = "payment"
	GroupReview     Group = "review"
	GroupMedia      Group = "media"
	GroupNotes      Group = "notes"
	GroupReferences Group = "references"
	GroupExtra      Group = "extra"
)

// groups are all groups, in the sequence of an order's fields.
var groups = [...]Group{
	GroupSale, GroupCustomer, GroupRecipient, GroupBilling, GroupLines, GroupTotals, GroupShipping,
	GroupPayment, GroupReview, GroupMedia, GroupNotes, GroupReferences, GroupExtra,
}

// Groups lists all groups, in the sequence of an order's fields.
func Groups() []Group { return append([]Group(nil), groups[:]...) }

// GroupOf returns the group that a path of Diff or Validate belongs to; "" for
// the fields that belong to none.
func GroupOf(path string) Group {
	field := path
	if i := strings.IndexAny(path, ".["); i >= 0 {
		field = path[:i]
	}
	switch field {
	case "placed_at", "currency", "channel", "store", "account", "locale", "type", "preorder", "test":
		return GroupSale
	case "session":
		return GroupCustomer
	}
	for _, g := range groups {
		if g != GroupSale && string(g) == field {
			return g
		}
	}
	return ""
}

// States reports whether the order says anything in the group. A part that is
// there but empty says nothing.
func (o *Order) States(g Group) bool {
	switch g {
	case GroupSale:
		return !o.PlacedAt.IsZero() || o.Currency != "" || o.Channel != "" || o.Store != "" ||
			o.Account != "" || o.Locale != "" || o.Type != "" || o.Preorder || o.Test
	case GroupCustomer:
		return o.Session != "" || !empty(o.Customer)
	case GroupRecipient:
		return !empty(o.Recipient)
	case GroupBilling:
		return !empty(o.Billing)
	case GroupLines:
		return len(o.Lines) > 0
	case GroupTotals:
		return o.Totals.says()
	case GroupShipping:
		return o.Shipping.says()
	case GroupPayment:
		return !empty(o.Payment)
	case GroupReview:
		return !empty(o.Review)
	case GroupMedia:
		return o.Media != nil && (o.Media.Team != "" || o.Media.Catalog != "" || len(o.Media.AdIDs) > 0)
	case GroupNotes:
		return len(o.Notes) > 0
	case GroupReferences:
		return len(o.References) > 0
	case GroupExtra:
		return len(o.Extra) > 0
	}
	return false
}

func empty[T comparable](p *T) bool {
	var zero T
	return p == nil || *p == zero
}

func (t *Totals) says() bool {
	return t != nil && (t.Goods.IsSet() || t.Shipping.IsSet() || t.Service.IsSet() ||
		t.Discount.IsSet() || t.Tax.IsSet() || t.Total.IsSet() || len(t.Other) > 0)
}

func (s *Shipping) says() bool {
	return s != nil && (s.Courier != "" || s.Method != "" || s.By != "" || s.PickupPoint != "" ||
		!s.AcceptedFor.IsZero() || !s.PromisedFor.IsZero() || len(s.Parcels) > 0)
}

// SameGroup reports whether a and b say the same in the group.
func SameGroup(g Group, a, b *Order) bool {
	d := differ{first: true}
	d.group(g, a, b)
	return len(d.paths) == 0
}

// CopyGroup makes dst say in the group what src says, sharing its memory.
func CopyGroup(dst *Order, g Group, src *Order) {
	switch g {
	case GroupSale:
		dst.PlacedAt, dst.Currency, dst.Channel, dst.Store = src.PlacedAt, src.Currency, src.Channel, src.Store
		dst.Account, dst.Locale, dst.Type = src.Account, src.Locale, src.Type
		dst.Preorder, dst.Test = src.Preorder, src.Test
	case GroupCustomer:
		dst.Session, dst.Customer = src.Session, src.Customer
	case GroupRecipient:
		dst.Recipient = src.Recipient
	case GroupBilling:
		dst.Billing = src.Billing
	case GroupLines:
		dst.Lines = src.Lines
	case GroupTotals:
		dst.Totals = src.Totals
	case GroupShipping:
		dst.Shipping = src.Shipping
	case GroupPayment:
		dst.Payment = src.Payment
	case GroupReview:
		dst.Review = src.Review
	case GroupMedia:
		dst.Media = src.Media
	case GroupNotes:
		dst.Notes = src.Notes
	case GroupReferences:
		dst.References = src.References
	case GroupExtra:
		dst.Extra = src.Extra
	}
}
