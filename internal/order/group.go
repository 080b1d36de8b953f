package order

import "strings"

// Group is a part of the order that one source states whole: a field that
// stands for itself, or fields that mean nothing apart. An order's id,
// status and cancellation belong to none: the id is its identity, the others
// follow from what happened.
type Group string

// The groups, and the fields they hold.
const (
	GroupPlacedAt   Group = "placed_at"
	GroupCurrency   Group = "currency"
	GroupChannel    Group = "channel"
	GroupStore      Group = "store"
	GroupAccount    Group = "account"
	GroupLocale     Group = "locale"
	GroupType       Group = "type"
	GroupPreorder   Group = "preorder"
	GroupTest       Group = "test"
	GroupSession    Group = "session"
	GroupCustomer   Group = "customer"
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
	GroupPlacedAt, GroupCurrency, GroupChannel, GroupStore, GroupAccount, GroupLocale, GroupType,
	GroupPreorder, GroupTest, GroupSession, GroupCustomer, GroupRecipient, GroupBilling, GroupLines, GroupTotals, GroupShipping,
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
	for _, g := range groups {
		if string(g) == field {
			return g
		}
	}
	return ""
}

// States reports whether the order says anything in the group. A part that is
// there but empty says nothing.
func (o *Order) States(g Group) bool {
	switch g {
	case GroupPlacedAt:
		return !o.PlacedAt.IsZero()
	case GroupCurrency:
		return o.Currency != ""
	case GroupChannel:
		return o.Channel != ""
	case GroupStore:
		return o.Store != ""
	case GroupAccount:
		return o.Account != ""
	case GroupLocale:
		return o.Locale != ""
	case GroupType:
		return o.Type != ""
	case GroupPreorder:
		return o.Preorder
	case GroupTest:
		return o.Test
	case GroupSession:
		return o.Session != ""
	case GroupCustomer:
		return !empty(o.Customer)
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
	case GroupPlacedAt:
		dst.PlacedAt = src.PlacedAt
	case GroupCurrency:
		dst.Currency = src.Currency
	case GroupChannel:
		dst.Channel = src.Channel
	case GroupStore:
		dst.Store = src.Store
	case GroupAccount:
		dst.Account = src.Account
	case GroupLocale:
		dst.Locale = src.Locale
	case GroupType:
		dst.Type = src.Type
	case GroupPreorder:
		dst.Preorder = src.Preorder
	case GroupTest:
		dst.Test = src.Test
	case GroupSession:
		dst.Session = src.Session
	case GroupCustomer:
		dst.Customer = src.Customer
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
