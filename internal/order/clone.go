package order

import (
	"maps"
	"slices"
)

// Clone returns a deep copy: it shares no memory that could be changed.
func (o *Order) Clone() *Order {
	if o == nil {
		return nil
	}
	c := *o
	c.Customer, c.Recipient, c.Billing = copyOf(o.Customer), copyOf(o.Recipient), copyOf(o.Billing)
	c.Payment, c.Cancellation = copyOf(o.Payment), copyOf(o.Cancellation)
	c.Lines = cloneLines(o.Lines)
	c.Totals = cloneTotals(o.Totals)
	c.Shipping = cloneShipping(o.Shipping)
	c.Review = cloneReview(o.Review)
	if c.Media = copyOf(o.Media); c.Media != nil {
		c.Media.AdIDs = slices.Clone(o.Media.AdIDs)
	}
	c.Notes, c.References = slices.Clone(o.Notes), slices.Clone(o.References)
	c.Extra = cloneExtra(o.Extra)
	return &c
}

// Clone returns a deep copy.
func (h *Happening) Clone() *Happening {
	if h == nil {
		return nil
	}
	c := *h
	if c.Parcel = copyOf(h.Parcel); c.Parcel != nil {
		c.Parcel.Lines = slices.Clone(h.Parcel.Lines)
	}
	c.Lines = cloneLines(h.Lines)
	c.Cancellation = copyOf(h.Cancellation)
	if c.Review = copyOf(h.Review); c.Review != nil {
		c.Review.Tags = slices.Clone(h.Review.Tags)
	}
	c.Extra = cloneExtra(h.Extra)
	c.Wire = slices.Clone(h.Wire)
	return &c
}

func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

func cloneLines(lines []Line) []Line {
	c := slices.Clone(lines)
	for i := range c {
		l := &c[i]
		l.SubstitutedFor = slices.Clone(l.SubstitutedFor)
		l.Ordered = copyOf(l.Ordered)
		l.ReviewDelay = copyOf(l.ReviewDelay)
		l.Components = slices.Clone(l.Components)
		l.Attachments = slices.Clone(l.Attachments)
		for j := range l.Attachments {
			l.Attachments[j].Data = slices.Clone(l.Attachments[j].Data)
		}
	}
	return c
}

func cloneTotals(t *Totals) *Totals {
	c := copyOf(t)
	if c != nil {
		c.Other = slices.Clone(c.Other)
	}
	return c
}

func cloneShipping(s *Shipping) *Shipping {
	c := copyOf(s)
	if c == nil {
		return nil
	}
	c.Parcels = slices.Clone(c.Parcels)
	for i := range c.Parcels {
		c.Parcels[i].Lines = slices.Clone(c.Parcels[i].Lines)
	}
	return c
}

func cloneReview(r *Review) *Review {
	c := copyOf(r)
	if c != nil {
		c.Shop, c.Products = cloneInvitation(c.Shop), cloneInvitation(c.Products)
	}
	return c
}

func cloneInvitation(v *Invitation) *Invitation {
	c := copyOf(v)
	if c != nil {
		c.Delay = copyOf(c.Delay)
		c.Tags, c.SKUs = slices.Clone(c.Tags), slices.Clone(c.SKUs)
	}
	return c
}

func cloneExtra(extra map[string]Raw) map[string]Raw {
	c := maps.Clone(extra)
	for key, raw := range c {
		c[key] = slices.Clone(raw)
	}
	return c
}
