package json

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"

	"github.com/ordermux/ordermux/internal/order"
)

// The canonical order is written by hand: it is encoded once per accepted
// order, and by reflection that takes ten times as long (most of its fields are
// empty, and each has to be asked). A property test holds the two equal. It is
// used wherever an order is marshalled by itself; as a part of another value
// the library encodes it.

// AppendOrder appends the canonical encoding of o to b.
func AppendOrder(b []byte, o *order.Order) ([]byte, error) {
	w := writer{b: b}
	w.order(o)
	return w.b, w.err
}

// AppendPersonal appends the canonical encoding of p to b.
func AppendPersonal(b []byte, p *order.Personal) ([]byte, error) {
	w := writer{b: b}
	w.open()
	w.personal(p.Session, p.Customer, p.Recipient, p.Billing)
	w.notes(p.Notes)
	w.extra(p.Extra)
	list(&w, "attachments", p.Attachments, (*writer).lineAttachments)
	w.close()
	return w.b, w.err
}

// AppendHappening appends the canonical encoding of h to b.
func AppendHappening(b []byte, h *order.Happening) ([]byte, error) {
	w := writer{b: b}
	w.happening(h)
	return w.b, w.err
}

// appendKnown encodes what has a writer by hand; false if v has none.
func appendKnown(b []byte, v any) ([]byte, bool, error) {
	var err error
	switch v := v.(type) {
	case *order.Order:
		if v == nil {
			return b, false, nil
		}
		b, err = AppendOrder(b, v)
	case order.Order:
		b, err = AppendOrder(b, &v)
	case *order.Personal:
		if v == nil {
			return b, false, nil
		}
		b, err = AppendPersonal(b, v)
	case order.Personal:
		b, err = AppendPersonal(b, &v)
	case *order.Happening:
		if v == nil {
			return b, false, nil
		}
		b, err = AppendHappening(b, v)
	case order.Happening:
		b, err = AppendHappening(b, &v)
	default:
		return b, false, nil
	}
	return b, true, err
}

func (w *writer) order(o *order.Order) {
	w.open()
	w.must("id", o.ID)
	w.time("placed_at", o.PlacedAt)
	w.text("currency", o.Currency)
	w.text("channel", o.Channel)
	w.text("store", o.Store)
	w.text("account", o.Account)
	w.text("locale", o.Locale)
	w.text("type", o.Type)
	w.flag("preorder", o.Preorder)
	w.flag("test", o.Test)
	w.personal(o.Session, o.Customer, o.Recipient, o.Billing)
	list(w, "lines", o.Lines, (*writer).line)
	part(w, "totals", o.Totals, (*writer).totals)
	part(w, "shipping", o.Shipping, (*writer).shipping)
	part(w, "payment", o.Payment, (*writer).payment)
	part(w, "review", o.Review, (*writer).review)
	part(w, "media", o.Media, (*writer).media)
	w.notes(o.Notes)
	list(w, "references", o.References, (*writer).reference)
	w.extra(o.Extra)
	w.text("status", string(o.Status))
	part(w, "cancellation", o.Cancellation, (*writer).cancellation)
	w.close()
}

func (w *writer) happening(h *order.Happening) {
	w.open()
	w.must("kind", string(h.Kind))
	w.time("at", h.At)
	w.text("ref", h.Ref)
	w.text("reason", h.Reason)
	w.number("amount", h.Amount)
	part(w, "parcel", h.Parcel, (*writer).parcel)
	list(w, "lines", h.Lines, (*writer).line)
	part(w, "cancellation", h.Cancellation, (*writer).cancellation)
	part(w, "review", h.Review, (*writer).reviewed)
	w.text("title", h.Title)
	w.text("note", h.Note)
	w.extra(h.Extra)
	w.close()
}

func (w *writer) reviewed(r *order.Reviewed) {
	w.must("id", r.ID)
	w.must("about", r.About)
	w.text("product", r.Product)
	w.count("stars", r.Stars)
	w.text("locale", r.Locale)
	w.text("location", r.Location)
	w.texts("tags", r.Tags)
	w.text("link", r.Link)
	w.text("platform", r.Platform)
	w.flag("verified", r.Verified)
	w.flag("deleted", r.Deleted)
}

func (w *writer) personal(session string, c *order.Customer, recipient, billing *order.Party) {
	w.text("session", session)
	part(w, "customer", c, (*writer).customer)
	part(w, "recipient", recipient, (*writer).party)
	part(w, "billing", billing, (*writer).party)
}

func (w *writer) notes(notes []order.Note) {
	list(w, "notes", notes, func(w *writer, n *order.Note) {
		w.text("about", n.About)
		w.text("from", n.From)
		w.must("text", n.Text)
	})
}

func (w *writer) customer(c *order.Customer) {
	w.text("id", c.ID)
	w.text("email", c.Email)
	w.text("name", c.Name)
	w.text("first_name", c.FirstName)
	w.text("last_name", c.LastName)
	w.text("company", c.Company)
	w.text("phone", c.Phone)
	w.text("language", c.Language)
	w.text("country", c.Country)
	w.text("loyalty_card", c.LoyaltyCard)
	w.flag("hidden", c.Hidden)
}

func (w *writer) party(p *order.Party) {
	w.text("id", p.ID)
	w.text("name", p.Name)
	w.text("first_name", p.FirstName)
	w.text("last_name", p.LastName)
	w.text("company", p.Company)
	w.text("tax_id", p.TaxID)
	w.text("street", p.Street)
	w.text("number", p.Number)
	w.text("additional", p.Additional)
	w.text("postal_code", p.PostalCode)
	w.text("city", p.City)
	w.text("region", p.Region)
	w.text("country", p.Country)
	w.text("email", p.Email)
	w.text("phone", p.Phone)
	w.text("latitude", p.Latitude)
	w.text("longitude", p.Longitude)
	w.text("formatted", p.Formatted)
}

func (w *writer) line(l *order.Line) {
	w.text("id", l.ID)
	w.text("kind", string(l.Kind))
	if l.Product != (order.Product{}) {
		part(w, "product", &l.Product, (*writer).product)
	}
	w.number("quantity", l.Quantity)
	w.text("unit", l.Unit)
	w.number("pieces", l.Pieces)
	w.number("weight", l.Weight)
	w.number("unit_price", l.UnitPrice)
	w.number("total", l.Total)
	w.number("discount", l.Discount)
	w.number("ad_discount", l.AdDiscount)
	w.number("tax_rate", l.TaxRate)
	w.text("seller", l.Seller)
	w.text("catalog", l.Catalog)
	w.text("ad_id", l.AdID)
	w.text("status", string(l.Status))
	w.raw("substituted_for", l.SubstitutedFor)
	w.text("replaces", l.Replaces)
	w.text("replaced_by", l.ReplacedBy)
	part(w, "ordered", l.Ordered, (*writer).ordered)
	w.flag("not_received", l.NotReceived)
	w.days("review_delay", l.ReviewDelay)
	list(w, "components", l.Components, (*writer).product)
	list(w, "attachments", l.Attachments, (*writer).attachment)
}

func (w *writer) product(p *order.Product) {
	w.text("code", p.Code)
	w.text("sku", p.SKU)
	w.text("gtin", p.GTIN)
	w.text("upc", p.UPC)
	w.text("isbn", p.ISBN)
	w.text("jan", p.JAN)
	w.text("mpn", p.MPN)
	w.text("producer", p.Producer)
	w.text("external", p.External)
	w.text("name", p.Name)
	w.text("brand", p.Brand)
	w.text("category", p.Category)
	w.text("google_category", p.GoogleCategory)
	w.text("size", p.Size)
	w.text("url", p.URL)
	w.text("image_url", p.ImageURL)
}

func (w *writer) ordered(o *order.Ordered) {
	w.number("quantity", o.Quantity)
	w.number("weight", o.Weight)
	w.number("unit_price", o.UnitPrice)
	w.number("total", o.Total)
}

func (w *writer) attachment(a *order.Attachment) {
	w.text("name", a.Name)
	if a.Data != nil {
		w.name("data")
		w.b = append(w.b, '"')
		w.b = base64.StdEncoding.AppendEncode(w.b, a.Data)
		w.b = append(w.b, '"')
	}
}

func (w *writer) lineAttachments(a *order.LineAttachments) {
	w.name("line")
	w.b = strconv.AppendInt(w.b, int64(a.Line), 10)
	list(w, "files", a.Files, (*writer).attachment)
}

func (w *writer) totals(t *order.Totals) {
	w.number("goods", t.Goods)
	w.number("shipping", t.Shipping)
	w.number("service", t.Service)
	w.number("discount", t.Discount)
	w.number("tax", t.Tax)
	w.number("total", t.Total)
	list(w, "other", t.Other, func(w *writer, a *order.Amount) {
		w.must("kind", a.Kind)
		w.text("name", a.Name)
		w.number("value", a.Value)
	})
}

func (w *writer) shipping(s *order.Shipping) {
	w.text("courier", s.Courier)
	w.text("method", s.Method)
	w.text("by", s.By)
	w.text("pickup_point", s.PickupPoint)
	w.time("accepted_for", s.AcceptedFor)
	w.time("promised_for", s.PromisedFor)
	list(w, "parcels", s.Parcels, (*writer).parcel)
}

func (w *writer) parcel(p *order.Parcel) {
	w.must("number", p.Number)
	w.text("courier", p.Courier)
	w.text("tracking_url", p.TrackingURL)
	w.time("shipped_at", p.ShippedAt)
	w.texts("lines", p.Lines)
}

func (w *writer) payment(p *order.Payment) {
	w.text("kind", p.Kind)
	w.text("status", p.Status)
}

func (w *writer) review(r *order.Review) {
	part(w, "shop", r.Shop, (*writer).invitation)
	part(w, "products", r.Products, (*writer).invitation)
	w.text("sender_name", r.SenderName)
	w.text("sender_email", r.SenderEmail)
	w.text("reply_to", r.ReplyTo)
	w.text("location", r.Location)
	w.flag("hide_personal", r.HidePersonal)
	w.flag("by_link", r.ByLink)
}

func (w *writer) invitation(v *order.Invitation) {
	w.days("delay", v.Delay)
	w.time("send_at", v.SendAt)
	w.text("template", v.Template)
	w.text("redirect", v.Redirect)
	w.texts("tags", v.Tags)
	w.texts("skus", v.SKUs)
}

func (w *writer) media(m *order.Media) {
	w.text("team", m.Team)
	w.text("catalog", m.Catalog)
	w.texts("ad_ids", m.AdIDs)
}

func (w *writer) reference(r *order.Reference) {
	w.must("kind", r.Kind)
	w.must("value", r.Value)
}

func (w *writer) cancellation(c *order.Cancellation) {
	w.text("by", c.By)
	w.text("reason", c.Reason)
	w.flag("after_picked_up", c.AfterPickedUp)
}

func (w *writer) extra(extra map[string]order.Raw) {
	if extra == nil {
		return
	}
	w.name("extra")
	w.open()
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		w.comma()
		w.quote(key)
		w.b = append(w.b, ':')
		w.value(extra[key])
	}
	w.close()
}
