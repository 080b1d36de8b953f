package order

import (
	"bytes"
	"slices"
)

// Diff returns the paths at which a and b differ in meaning ("lines[2].total",
// "customer.email", "extra.foo"), sorted as text; empty if they say the same.
// Numbers compare by value and times by instant, and a part that is there but
// empty equals one that is not there. Nil counts as an empty order.
func Diff(a, b *Order) []string {
	if a == b {
		return nil
	}
	var d differ
	d.order(orEmpty(a), orEmpty(b))
	slices.Sort(d.paths)
	return d.paths
}

// Same reports whether Diff finds nothing.
func Same(a, b *Order) bool {
	if a == b {
		return true
	}
	d := differ{first: true}
	d.order(orEmpty(a), orEmpty(b))
	return len(d.paths) == 0
}

// differ walks two orders and collects where they differ. Paths are written
// only where there is a difference.
type differ struct {
	trail
	paths []string
	first bool // one path is enough: the rest is not looked at
}

func (d *differ) done() bool { return d.first && len(d.paths) > 0 }

func (d *differ) report(name string) {
	if !d.done() {
		d.paths = append(d.paths, d.path(name))
	}
}

func (d *differ) order(a, b *Order) {
	d.text("id", a.ID, b.ID)
	for _, g := range groups {
		if d.done() {
			return
		}
		d.group(g, a, b)
	}
	d.text("status", string(a.Status), string(b.Status))
	if d.enter("cancellation", a.Cancellation != b.Cancellation) {
		x, y := orEmpty(a.Cancellation), orEmpty(b.Cancellation)
		d.text("by", x.By, y.By)
		d.text("reason", x.Reason, y.Reason)
		d.flag("after_picked_up", x.AfterPickedUp, y.AfterPickedUp)
		d.leave()
	}
}

func (d *differ) group(g Group, a, b *Order) {
	switch g {
	case GroupPlacedAt:
		d.time("placed_at", a.PlacedAt, b.PlacedAt)
	case GroupCurrency:
		d.text("currency", a.Currency, b.Currency)
	case GroupChannel:
		d.text("channel", a.Channel, b.Channel)
	case GroupStore:
		d.text("store", a.Store, b.Store)
	case GroupAccount:
		d.text("account", a.Account, b.Account)
	case GroupLocale:
		d.text("locale", a.Locale, b.Locale)
	case GroupType:
		d.text("type", a.Type, b.Type)
	case GroupPreorder:
		d.flag("preorder", a.Preorder, b.Preorder)
	case GroupTest:
		d.flag("test", a.Test, b.Test)
	case GroupSession:
		d.text("session", a.Session, b.Session)
	case GroupCustomer:
		d.customer(a.Customer, b.Customer)
	case GroupRecipient:
		d.party("recipient", a.Recipient, b.Recipient)
	case GroupBilling:
		d.party("billing", a.Billing, b.Billing)
	case GroupLines:
		diffList(d, "lines", a.Lines, b.Lines, (*differ).line)
	case GroupTotals:
		d.totals(a.Totals, b.Totals)
	case GroupShipping:
		d.shipping(a.Shipping, b.Shipping)
	case GroupPayment:
		d.payment(a.Payment, b.Payment)
	case GroupReview:
		d.review(a.Review, b.Review)
	case GroupMedia:
		d.media(a.Media, b.Media)
	case GroupNotes:
		diffList(d, "notes", a.Notes, b.Notes, (*differ).note)
	case GroupReferences:
		diffList(d, "references", a.References, b.References, (*differ).reference)
	case GroupExtra:
		d.extra(a.Extra, b.Extra)
	}
}

func (d *differ) customer(x, y *Customer) {
	if !d.enter("customer", x != y) {
		return
	}
	a, b := orEmpty(x), orEmpty(y)
	d.text("id", a.ID, b.ID)
	d.text("email", a.Email, b.Email)
	d.text("name", a.Name, b.Name)
	d.text("first_name", a.FirstName, b.FirstName)
	d.text("last_name", a.LastName, b.LastName)
	d.text("company", a.Company, b.Company)
	d.text("phone", a.Phone, b.Phone)
	d.text("language", a.Language, b.Language)
	d.text("country", a.Country, b.Country)
	d.text("loyalty_card", a.LoyaltyCard, b.LoyaltyCard)
	d.flag("hidden", a.Hidden, b.Hidden)
	d.leave()
}

func (d *differ) party(name string, x, y *Party) {
	if !d.enter(name, x != y) {
		return
	}
	a, b := orEmpty(x), orEmpty(y)
	d.text("id", a.ID, b.ID)
	d.text("name", a.Name, b.Name)
	d.text("first_name", a.FirstName, b.FirstName)
	d.text("last_name", a.LastName, b.LastName)
	d.text("company", a.Company, b.Company)
	d.text("tax_id", a.TaxID, b.TaxID)
	d.text("street", a.Street, b.Street)
	d.text("number", a.Number, b.Number)
	d.text("additional", a.Additional, b.Additional)
	d.text("postal_code", a.PostalCode, b.PostalCode)
	d.text("city", a.City, b.City)
	d.text("region", a.Region, b.Region)
	d.text("country", a.Country, b.Country)
	d.text("email", a.Email, b.Email)
	d.text("phone", a.Phone, b.Phone)
	d.text("latitude", a.Latitude, b.Latitude)
	d.text("longitude", a.Longitude, b.Longitude)
	d.text("formatted", a.Formatted, b.Formatted)
	d.leave()
}

func (d *differ) line(a, b *Line) {
	d.text("id", a.ID, b.ID)
	d.text("kind", string(a.Kind), string(b.Kind))
	if d.enter("product", true) {
		d.product(&a.Product, &b.Product)
		d.leave()
	}
	d.number("quantity", a.Quantity, b.Quantity)
	d.text("unit", a.Unit, b.Unit)
	d.number("pieces", a.Pieces, b.Pieces)
	d.number("weight", a.Weight, b.Weight)
	d.number("unit_price", a.UnitPrice, b.UnitPrice)
	d.number("total", a.Total, b.Total)
	d.number("discount", a.Discount, b.Discount)
	d.number("ad_discount", a.AdDiscount, b.AdDiscount)
	d.number("tax_rate", a.TaxRate, b.TaxRate)
	d.text("seller", a.Seller, b.Seller)
	d.text("catalog", a.Catalog, b.Catalog)
	d.text("ad_id", a.AdID, b.AdID)
	d.text("status", string(a.Status), string(b.Status))
	d.raw("substituted_for", a.SubstitutedFor, b.SubstitutedFor)
	d.text("replaces", a.Replaces, b.Replaces)
	d.text("replaced_by", a.ReplacedBy, b.ReplacedBy)
	d.ordered(a.Ordered, b.Ordered)
	d.flag("not_received", a.NotReceived, b.NotReceived)
	d.days("review_delay", a.ReviewDelay, b.ReviewDelay)
	diffList(d, "components", a.Components, b.Components, (*differ).product)
	diffList(d, "attachments", a.Attachments, b.Attachments, (*differ).attachment)
}

func (d *differ) product(a, b *Product) {
	if *a == *b {
		return
	}
	d.text("code", a.Code, b.Code)
	d.text("sku", a.SKU, b.SKU)
	d.text("gtin", a.GTIN, b.GTIN)
	d.text("upc", a.UPC, b.UPC)
	d.text("isbn", a.ISBN, b.ISBN)
	d.text("jan", a.JAN, b.JAN)
	d.text("mpn", a.MPN, b.MPN)
	d.text("producer", a.Producer, b.Producer)
	d.text("external", a.External, b.External)
	d.text("name", a.Name, b.Name)
	d.text("brand", a.Brand, b.Brand)
	d.text("category", a.Category, b.Category)
	d.text("google_category", a.GoogleCategory, b.GoogleCategory)
	d.text("size", a.Size, b.Size)
	d.text("url", a.URL, b.URL)
	d.text("image_url", a.ImageURL, b.ImageURL)
}

func (d *differ) ordered(x, y *Ordered) {
	if !d.enter("ordered", x != y) {
		return
	}
	a, b := orEmpty(x), orEmpty(y)
	d.number("quantity", a.Quantity, b.Quantity)
	d.number("weight", a.Weight, b.Weight)
	d.number("unit_price", a.UnitPrice, b.UnitPrice)
	d.number("total", a.Total, b.Total)
	d.leave()
}

func (d *differ) attachment(a, b *Attachment) {
	d.text("name", a.Name, b.Name)
	if !bytes.Equal(a.Data, b.Data) {
		d.report("data")
	}
}

func (d *differ) totals(x, y *Totals) {
	if !d.enter("totals", x != y) {
		return
	}
	a, b := orEmpty(x), orEmpty(y)
	d.number("goods", a.Goods, b.Goods)
	d.number("shipping", a.Shipping, b.Shipping)
	d.number("service", a.Service, b.Service)
	d.number("discount", a.Discount, b.Discount)
	d.number("tax", a.Tax, b.Tax)
	d.number("total", a.Total, b.Total)
	diffList(d, "other", a.Other, b.Other, (*differ).amount)
	d.leave()
}

func (d *differ) amount(a, b *Amount) {
	d.text("kind", a.Kind, b.Kind)
	d.text("name", a.Name, b.Name)
	d.number("value", a.Value, b.Value)
}

func (d *differ) shipping(x, y *Shipping) {
	if !d.enter("shipping", x != y) {
		return
	}
	a, b := orEmpty(x), orEmpty(y)
	d.text("courier", a.Courier, b.Courier)
	d.text("method", a.Method, b.Method)
	d.text("by", a.By, b.By)
	d.text("pickup_point", a.PickupPoint, b.PickupPoint)
	d.time("accepted_for", a.AcceptedFor, b.AcceptedFor)
	d.time("promised_for", a.PromisedFor, b.PromisedFor)
	diffList(d, "parcels", a.Parcels, b.Parcels, (*differ).parcel)
	d.leave()
}

func (d *differ) parcel(a, b *Parcel) {
	d.text("number", a.Number, b.Number)
	d.text("courier", a.Courier, b.Courier)
	d.text("tracking_url", a.TrackingURL, b.TrackingURL)
	d.time("shipped_at", a.ShippedAt, b.ShippedAt)
	d.texts("lines", a.Lines, b.Lines)
}

func (d *differ) payment(x, y *Payment) {
	if !d.enter("payment", x != y) {
		return
	}
	a, b := orEmpty(x), orEmpty(y)
	d.text("kind", a.Kind, b.Kind)
	d.text("status", a.Status, b.Status)
	d.leave()
}

func (d *differ) review(x, y *Review) {
	if !d.enter("review", x != y) {
		return
	}
	a, b := orEmpty(x), orEmpty(y)
	d.invitation("shop", a.Shop, b.Shop)
	d.invitation("products", a.Products, b.Products)
	d.text("sender_name", a.SenderName, b.SenderName)
	d.text("sender_email", a.SenderEmail, b.SenderEmail)
	d.text("reply_to", a.ReplyTo, b.ReplyTo)
	d.text("location", a.Location, b.Location)
	d.flag("hide_personal", a.HidePersonal, b.HidePersonal)
	d.flag("by_link", a.ByLink, b.ByLink)
	d.leave()
}

// invitation differs from other parts: an empty one still asks for an
// invitation, so that it is there at all has a meaning.
func (d *differ) invitation(name string, x, y *Invitation) {
	if (x == nil) != (y == nil) {
		d.report(name)
		return
	}
	if !d.enter(name, x != y) {
		return
	}
	a, b := orEmpty(x), orEmpty(y)
	d.days("delay", a.Delay, b.Delay)
	d.time("send_at", a.SendAt, b.SendAt)
	d.text("template", a.Template, b.Template)
	d.text("redirect", a.Redirect, b.Redirect)
	d.texts("tags", a.Tags, b.Tags)
	d.texts("skus", a.SKUs, b.SKUs)
	d.leave()
}

func (d *differ) media(x, y *Media) {
	if !d.enter("media", x != y) {
		return
	}
	a, b := orEmpty(x), orEmpty(y)
	d.text("team", a.Team, b.Team)
	d.text("catalog", a.Catalog, b.Catalog)
	d.texts("ad_ids", a.AdIDs, b.AdIDs)
	d.leave()
}

func (d *differ) note(a, b *Note) {
	d.text("about", a.About, b.About)
	d.text("from", a.From, b.From)
	d.text("text", a.Text, b.Text)
}

func (d *differ) reference(a, b *Reference) {
	d.text("kind", a.Kind, b.Kind)
	d.text("value", a.Value, b.Value)
}

func (d *differ) extra(a, b map[string]Raw) {
	if len(a) == 0 && len(b) == 0 {
		return
	}
	d.enter("extra", true)
	for key, raw := range a {
		other, ok := b[key]
		if !ok || !sameRaw(raw, other) {
			d.report(key)
		}
	}
	for key := range b {
		if _, ok := a[key]; !ok {
			d.report(key)
		}
	}
	d.leave()
}

func (d *differ) text(name, a, b string) {
	if a != b {
		d.report(name)
	}
}

func (d *differ) flag(name string, a, b bool) {
	if a != b {
		d.report(name)
	}
}

func (d *differ) number(name string, a, b Decimal) {
	if a != b && !a.Equal(b) {
		d.report(name)
	}
}

func (d *differ) time(name string, a, b Time) {
	if !a.Equal(b) {
		d.report(name)
	}
}

func (d *differ) raw(name string, a, b Raw) {
	if !sameRaw(a, b) {
		d.report(name)
	}
}

func (d *differ) days(name string, a, b *int) {
	if (a == nil) != (b == nil) || (a != nil && *a != *b) {
		d.report(name)
	}
}

func (d *differ) texts(name string, a, b []string) {
	diffList(d, name, a, b, func(d *differ, x, y *string) {
		if *x != *y {
			d.report("")
		}
	})
}

// diffList compares by place; an element that only one of the lists has is one
// difference.
func diffList[T any](d *differ, name string, a, b []T, each func(*differ, *T, *T)) {
	for i := range max(len(a), len(b)) {
		if d.done() {
			return
		}
		d.enterElement(name, i)
		if i < len(a) && i < len(b) {
			each(d, &a[i], &b[i])
		} else {
			d.report("")
		}
		d.leave()
	}
}

// sameRaw compares without blanks outside strings; how a number or a string is
// spelled counts.
func sameRaw(a, b Raw) bool {
	if bytes.Equal(a, b) {
		return true
	}
	return bytes.Equal(AppendCompact(nil, a), AppendCompact(nil, b))
}

// orEmpty stands in for a part that is not there.
func orEmpty[T any](p *T) *T {
	if p == nil {
		return new(T)
	}
	return p
}
