package trustpilot

import (
	"errors"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
)

// invitation is the call that an order asks for, as Trustpilot takes it.
func (r *route) invitation(t *partner.Task, reference string, now time.Time) (wireInvitation, error) {
	if t.Order == nil {
		return wireInvitation{}, errors.New("nobody has stated this order")
	}
	o := t.Order
	if o.Customer == nil || o.Customer.Email == "" || consumerName(o) == "" {
		return wireInvitation{}, errors.New("lacks the customer's e-mail address or name")
	}
	base, received := r.timesOf(t)
	wish := r.wish(o, base, received)
	if !wish.shop && !wish.products {
		return wireInvitation{}, errors.New("asks about products, and none can be named")
	}
	w := toWire(o, wish.shop, wish.products)
	w.ReferenceNumber, w.ConsumerName = loose(reference), consumerName(o)
	r.head(&w, o, &wish)
	if w.Service != nil {
		w.Service.SendTime = r.sendTime(wish.shopAt, now)
		r.service(&w, wish.Shop)
	}
	if w.Product != nil {
		w.Product.SendTime = r.sendTime(wish.productsAt, now)
		r.product(&w, wish.Products)
	}
	return w, nil
}

// consumerName is how the customer is addressed: who gets the goods may be all
// that is known by name.
func consumerName(o *order.Order) string {
	if name := nameOf(o.Customer); name != "" || o.Recipient == nil {
		return name
	}
	if o.Recipient.Name != "" {
		return o.Recipient.Name
	}
	return strings.TrimSpace(o.Recipient.FirstName + " " + o.Recipient.LastName)
}

// head fills in what is said of the mail as a whole.
func (r *route) head(w *wireInvitation, o *order.Order, wish *wish) {
	stated := []string{o.Locale}
	if o.Customer != nil {
		stated = append(stated, o.Customer.Language)
	}
	if l := wish.Locale; l.Origin != review.FromDefault {
		stated = append(stated, l.Value)
	}
	w.Locale = r.opts.locales.choose(stated...)
	if (o.Review == nil || o.Review.Location == "") && !r.opts.sendStore {
		w.LocationID = ""
	}
	fillIn(&w.SenderName, r.opts.sender.name)
	fillIn(&w.SenderEmail, r.opts.sender.email)
	fillIn(&w.ReplyTo, r.opts.sender.replyTo)
	w.Unknown = nil
}

// fillIn sets what nothing was said of.
func fillIn(text *string, otherwise string) {
	if *text == "" {
		*text = otherwise
	}
}

func (r *route) service(w *wireInvitation, wish *review.Invite) {
	s := w.Service
	s.RedirectURI = r.redirect(s.RedirectURI, wish)
	s.Tags = tagsOf(wish.Tags.Value, r.opts.tags)
	fillIn(&s.TemplateID, r.opts.templates[0].of(w.Locale))
}

func (r *route) product(w *wireInvitation, wish *review.Invite) {
	p := w.Product
	p.RedirectURI = r.redirect(p.RedirectURI, wish)
	fillIn(&p.TemplateID, r.opts.templates[1].of(w.Locale))
	if len(p.SKUs) > 0 {
		return
	}
	p.Products = r.named(p.Products)
	if r.opts.products == productsSKUs {
		for i := range p.Products {
			p.SKUs = append(p.SKUs, p.Products[i].SKU)
		}
		p.Products = nil
	}
}

// named leaves those products that Trustpilot can name, each once.
func (r *route) named(items []wireItem) []wireItem {
	var out []wireItem
	seen := map[string]bool{}
	for i := range items {
		w := &items[i]
		if w.SKU == "" || seen[w.SKU] || !r.nameable(w) {
			continue
		}
		seen[w.SKU] = true
		out = append(out, *w)
	}
	return out
}

// nameable reports whether all is there that an invitation must say of a
// product: what is missing of one would have the whole call refused.
func (r *route) nameable(w *wireItem) bool {
	switch r.opts.products {
	case productsSKUs:
		return true
	case productsAny:
		return w.Name != ""
	}
	return w.Name != "" && absolute(w.ProductURL) && absolute(w.ImageURL)
}

// sendTime writes a planned time; "" leaves it to the account.
func (r *route) sendTime(at, now time.Time) string {
	if at.IsZero() || r.opts.omitLate && !at.After(now) {
		return ""
	}
	return writeSendTime(at)
}

// redirect is where the customer goes afterwards: as the order says, the route,
// the shop. What Trustpilot would not follow is left out.
func (r *route) redirect(own string, wish *review.Invite) string {
	for _, to := range []string{own, r.opts.redirect, wish.Redirect.Value} {
		if to != "" && absolute(to) {
			return to
		}
	}
	return ""
}

// render returns the exact JSON of an invitation as it would go out now.
func (r *route) render(t partner.Task) ([]byte, error) {
	if t.Order == nil {
		return nil, errors.New("nobody has stated this order")
	}
	w, err := r.invitation(&t, referenceOf(t.Order.ID), r.now())
	if err != nil {
		return nil, err
	}
	return json.Marshal(w)
}
