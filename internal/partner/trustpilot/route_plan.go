package trustpilot

import (
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
)

// wish is what would be asked of an order's customer, and when.
type wish struct {
	review.Effective
	shop, products bool
	// The planned times; zero: the account at Trustpilot says when.
	shopAt, productsAt time.Time
}

// plan says when an invitation may go, and to what it invites.
func (r *route) plan(o *order.Order, base, received time.Time) partner.Plan {
	if o.Review != nil && o.Review.ByLink {
		return partner.Plan{Skip: "a link was asked for, which the shop delivers itself", Code: "by_link"}
	}
	w := r.wish(o, base, received)
	if !w.shop && !w.products {
		return partner.Plan{Skip: "asks about products, and none can be named", Code: "no_products"}
	}
	p := partner.Plan{Invites: w.kinds()}
	if r.opts.holds {
		p.At = w.first()
	}
	return p
}

func (w *wish) kinds() (kinds []string) {
	if w.shop {
		kinds = append(kinds, partner.InviteShop)
	}
	if w.products {
		kinds = append(kinds, partner.InviteProducts)
	}
	return kinds
}

// first is the earlier of the planned times. Zero if one of the invitations
// has none: it must reach Trustpilot now, for its time counts from there.
func (w *wish) first() time.Time {
	switch {
	case !w.shop:
		return w.productsAt
	case !w.products || w.shopAt.IsZero():
		return w.shopAt
	case w.productsAt.IsZero():
		return time.Time{}
	}
	return earlier(w.shopAt, w.productsAt)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// wish reads what an order asks for: its own wish, else the route's setting,
// else the shop's. A time that nobody here has planned is left to the account
// at Trustpilot.
func (r *route) wish(o *order.Order, base, received time.Time) wish {
	w := wish{Effective: r.effective(r.asked(o), base, received)}
	if w.Shop != nil {
		w.shop, w.shopAt = true, planned(w.Shop)
	}
	if w.Products != nil && r.hasProducts(o) {
		w.products, w.productsAt = true, planned(w.Products)
	}
	// Products strictly after the shop, where both are asked for at a time.
	if w.shop && w.products && !w.shopAt.IsZero() && !w.productsAt.IsZero() && !w.productsAt.After(w.shopAt) {
		w.productsAt = w.shopAt.Add(time.Minute)
	}
	return w
}

func planned(i *review.Invite) time.Time {
	if i.At.Origin == review.FromDefault {
		return time.Time{}
	}
	return i.At.Value
}

// asked is the order with the route's wish, if it has none of its own.
func (r *route) asked(o *order.Order) *order.Order {
	own := order.Review{}
	if o.Review != nil {
		own = *o.Review
	}
	if r.opts.ask == "" || own.Shop != nil || own.Products != nil {
		return o
	}
	if r.opts.ask != askProducts {
		own.Shop = &order.Invitation{}
	}
	if r.opts.ask != askShop {
		own.Products = &order.Invitation{}
	}
	out := *o
	out.Review = &own
	return &out
}

// effective works out what the order and the shop's settings say.
func (r *route) effective(o *order.Order, base, received time.Time) review.Effective {
	if r.deps.Reviews == nil { // a check of the configuration
		return review.Effective{Shop: &review.Invite{}}
	}
	return r.deps.Reviews.Effective(r.deps.Shop, o, base, received)
}

// hasProducts reports whether there is a product that can be named.
func (r *route) hasProducts(o *order.Order) bool {
	if o.Review != nil && o.Review.Products != nil && len(o.Review.Products.SKUs) > 0 {
		return true
	}
	return len(r.named(fromLines(o.Lines))) > 0
}

// timesOf repeats for a task what plan was told when the order was planned.
func (r *route) timesOf(t *partner.Task) (base, received time.Time) {
	e := &t.Event
	for _, received = range []time.Time{t.Planned, e.At, r.now()} {
		if !received.IsZero() {
			break
		}
	}
	switch {
	case e.Happening != nil && !e.Happening.At.IsZero():
		return e.Happening.At.Time(), received
	case e.Kind == order.KindPlaced && e.Statement != nil && !e.Statement.PlacedAt.IsZero():
		return e.Statement.PlacedAt.Time(), received
	}
	return received, received
}
