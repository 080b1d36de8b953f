package order

import (
	"cmp"
	"slices"
)

// The bounds that hold for orders and happenings of every source. Bytes, where
// not said otherwise.
const (
	MaxID       = 200
	MaxText     = 10_000
	MaxLines    = 10_000  // elements
	MaxTags     = 100     // of a review; elements
	MaxElements = 1_000   // of every other list
	MaxExtra    = 100_000 // unknown fields: a few per line
	MaxDepth    = 64      // levels of a raw value
	MaxFaults   = 20      // faults told at once
)

// Validate checks an order against the bounds that all sources share: an id,
// lengths, no control characters but tab and line ends, valid UTF-8, no
// numbers too long to read again. It returns nil for a good order, else up to
// MaxFaults faults, with canonical paths ("lines[2].product.gtin") that a door
// translates into its own.
func Validate(o *Order) *Invalid {
	var c checker
	c.order(o)
	return c.verdict()
}

// ValidateHappening does so for a happening.
func ValidateHappening(h *Happening) *Invalid {
	var c checker
	c.happening(h)
	return c.verdict()
}

// ValidateSubject does so for what an event is about.
func ValidateSubject(s Subject) *Invalid {
	var c checker
	c.id("kind", s.Kind)
	c.id("id", s.ID)
	return c.verdict()
}

// checker walks an order and collects what is wrong. It allocates only for
// faults.
type checker struct {
	trail
	faults []Fault
}

func (c *checker) verdict() *Invalid {
	if len(c.faults) == 0 {
		return nil
	}
	return &Invalid{Faults: c.faults}
}

func (c *checker) report(name string, what ValueError) {
	if len(c.faults) < MaxFaults {
		c.faults = append(c.faults, Fault{Path: c.path(name), Code: what.Code(), Reason: string(what)})
	}
}

func (c *checker) order(o *Order) {
	c.id("id", o.ID)
	c.text("currency", o.Currency)
	c.text("channel", o.Channel)
	c.text("store", o.Store)
	c.text("account", o.Account)
	c.text("locale", o.Locale)
	c.text("type", o.Type)
	c.text("session", o.Session)
	c.customer(o.Customer)
	c.party("recipient", o.Recipient)
	c.party("billing", o.Billing)
	checkList(c, "lines", o.Lines, MaxLines, (*checker).line)
	c.totals(o.Totals)
	c.shipping(o.Shipping)
	c.payment(o.Payment)
	c.review(o.Review)
	c.media(o.Media)
	checkList(c, "notes", o.Notes, MaxElements, (*checker).note)
	checkList(c, "references", o.References, MaxElements, (*checker).reference)
	c.extra(o.Extra)
	c.text("status", string(o.Status))
	c.cancellation(o.Cancellation)
}

func (c *checker) happening(h *Happening) {
	switch {
	case !h.Kind.Known() || h.Kind.IsStatement():
		c.report("kind", ErrNotHappening)
	case h.Review != nil && h.Kind != KindReviewed:
		c.report("review", ErrNotReviewed)
	}
	c.text("ref", h.Ref)
	c.text("reason", h.Reason)
	c.number("amount", h.Amount)
	if c.enter("parcel", h.Parcel != nil) {
		c.parcel(h.Parcel)
		c.leave()
	}
	checkList(c, "lines", h.Lines, MaxLines, (*checker).line)
	c.cancellation(h.Cancellation)
	c.reviewed(h.Review)
	c.text("title", h.Title)
	c.text("note", h.Note)
	c.extra(h.Extra)
}

// reviewed checks what reviews are found and added up by, too: those texts are
// short and of one line.
func (c *checker) reviewed(r *Reviewed) {
	if !c.enter("review", r != nil) {
		return
	}
	c.id("id", r.ID)
	c.about(r)
	c.key("product", r.Product)
	if r.Stars < 0 || r.Stars > 5 {
		c.report("stars", ErrStars)
	}
	c.key("locale", r.Locale)
	c.key("location", r.Location)
	c.keys("tags", r.Tags, MaxTags)
	c.text("link", r.Link)
	c.key("platform", r.Platform)
	c.leave()
}

func (c *checker) about(r *Reviewed) {
	before := len(c.faults)
	c.id("about", r.About)
	if len(c.faults) > before {
		return
	}
	switch {
	case r.About != AboutShop && r.About != AboutProduct:
		c.report("about", ErrAbout)
	case r.About == AboutProduct && r.Product == "":
		c.report("product", ErrRequired)
	}
}

func (c *checker) customer(p *Customer) {
	if !c.enter("customer", p != nil) {
		return
	}
	c.text("id", p.ID)
	c.text("email", p.Email)
	c.text("name", p.Name)
	c.text("first_name", p.FirstName)
	c.text("last_name", p.LastName)
	c.text("company", p.Company)
	c.text("phone", p.Phone)
	c.text("language", p.Language)
	c.text("country", p.Country)
	c.text("loyalty_card", p.LoyaltyCard)
	c.leave()
}

func (c *checker) party(name string, p *Party) {
	if !c.enter(name, p != nil) {
		return
	}
	c.text("id", p.ID)
	c.text("name", p.Name)
	c.text("first_name", p.FirstName)
	c.text("last_name", p.LastName)
	c.text("company", p.Company)
	c.text("tax_id", p.TaxID)
	c.text("street", p.Street)
	c.text("number", p.Number)
	c.text("additional", p.Additional)
	c.text("postal_code", p.PostalCode)
	c.text("city", p.City)
	c.text("region", p.Region)
	c.text("country", p.Country)
	c.text("email", p.Email)
	c.text("phone", p.Phone)
	c.text("latitude", p.Latitude)
	c.text("longitude", p.Longitude)
	c.text("formatted", p.Formatted)
	c.leave()
}

func (c *checker) line(l *Line) {
	c.text("id", l.ID)
	c.text("kind", string(l.Kind))
	c.enter("product", true)
	c.product(&l.Product)
	c.leave()
	c.number("quantity", l.Quantity)
	c.text("unit", l.Unit)
	c.number("pieces", l.Pieces)
	c.number("weight", l.Weight)
	c.number("unit_price", l.UnitPrice)
	c.number("total", l.Total)
	c.number("discount", l.Discount)
	c.number("ad_discount", l.AdDiscount)
	c.number("tax_rate", l.TaxRate)
	c.text("seller", l.Seller)
	c.text("catalog", l.Catalog)
	c.text("ad_id", l.AdID)
	c.text("status", string(l.Status))
	c.raw("substituted_for", l.SubstitutedFor)
	c.text("replaces", l.Replaces)
	c.text("replaced_by", l.ReplacedBy)
	c.ordered(l.Ordered)
	checkList(c, "components", l.Components, MaxElements, (*checker).product)
	checkList(c, "attachments", l.Attachments, MaxElements, (*checker).attachment)
}

func (c *checker) product(p *Product) {
	c.text("code", p.Code)
	c.text("sku", p.SKU)
	c.text("gtin", p.GTIN)
	c.text("upc", p.UPC)
	c.text("isbn", p.ISBN)
	c.text("jan", p.JAN)
	c.text("mpn", p.MPN)
	c.text("producer", p.Producer)
	c.text("external", p.External)
	c.text("name", p.Name)
	c.text("brand", p.Brand)
	c.text("category", p.Category)
	c.text("google_category", p.GoogleCategory)
	c.text("size", p.Size)
	c.text("url", p.URL)
	c.text("image_url", p.ImageURL)
}

func (c *checker) ordered(o *Ordered) {
	if !c.enter("ordered", o != nil) {
		return
	}
	c.number("quantity", o.Quantity)
	c.number("weight", o.Weight)
	c.number("unit_price", o.UnitPrice)
	c.number("total", o.Total)
	c.leave()
}

func (c *checker) attachment(a *Attachment) { c.text("name", a.Name) }

func (c *checker) totals(t *Totals) {
	if !c.enter("totals", t != nil) {
		return
	}
	c.number("goods", t.Goods)
	c.number("shipping", t.Shipping)
	c.number("service", t.Service)
	c.number("discount", t.Discount)
	c.number("tax", t.Tax)
	c.number("total", t.Total)
	checkList(c, "other", t.Other, MaxElements, (*checker).amount)
	c.leave()
}

func (c *checker) amount(a *Amount) {
	c.text("kind", a.Kind)
	c.text("name", a.Name)
	c.number("value", a.Value)
}

func (c *checker) shipping(s *Shipping) {
	if !c.enter("shipping", s != nil) {
		return
	}
	c.text("courier", s.Courier)
	c.text("method", s.Method)
	c.text("by", s.By)
	c.text("pickup_point", s.PickupPoint)
	checkList(c, "parcels", s.Parcels, MaxElements, (*checker).parcel)
	c.leave()
}

func (c *checker) parcel(p *Parcel) {
	c.text("number", p.Number)
	c.text("courier", p.Courier)
	c.text("tracking_url", p.TrackingURL)
	c.texts("lines", p.Lines, MaxLines)
}

func (c *checker) payment(p *Payment) {
	if c.enter("payment", p != nil) {
		c.text("kind", p.Kind)
		c.text("status", p.Status)
		c.leave()
	}
}

func (c *checker) review(r *Review) {
	if !c.enter("review", r != nil) {
		return
	}
	c.invitation("shop", r.Shop)
	c.invitation("products", r.Products)
	c.text("sender_name", r.SenderName)
	c.text("sender_email", r.SenderEmail)
	c.text("reply_to", r.ReplyTo)
	c.text("location", r.Location)
	c.leave()
}

func (c *checker) invitation(name string, v *Invitation) {
	if !c.enter(name, v != nil) {
		return
	}
	c.text("template", v.Template)
	c.text("redirect", v.Redirect)
	c.texts("tags", v.Tags, MaxElements)
	c.texts("skus", v.SKUs, MaxElements)
	c.leave()
}

func (c *checker) media(m *Media) {
	if !c.enter("media", m != nil) {
		return
	}
	c.text("team", m.Team)
	c.text("catalog", m.Catalog)
	c.texts("ad_ids", m.AdIDs, MaxLines)
	c.leave()
}

func (c *checker) note(n *Note) {
	c.text("about", n.About)
	c.text("from", n.From)
	c.text("text", n.Text)
}

func (c *checker) reference(r *Reference) {
	c.text("kind", r.Kind)
	c.text("value", r.Value)
}

func (c *checker) cancellation(v *Cancellation) {
	if c.enter("cancellation", v != nil) {
		c.text("by", v.By)
		c.text("reason", v.Reason)
		c.leave()
	}
}

func (c *checker) extra(extra map[string]Raw) {
	if len(extra) > MaxExtra {
		c.report("extra", ErrTooMany)
		return
	}
	before := len(c.faults)
	for key, raw := range extra {
		if what := textFault(key, MaxText); what != "" {
			c.report("extra", what) // the name itself is not fit to be shown
		} else if what := rawFault(raw); what != "" {
			c.enter("extra", true)
			c.report(key, what)
			c.leave()
		}
	}
	slices.SortFunc(c.faults[before:], func(a, b Fault) int { return cmp.Compare(a.Path, b.Path) })
}

// id checks what others refer to: it is required, short, and of one line.
func (c *checker) id(name, s string) {
	what := textFault(s, MaxID)
	if s == "" {
		what = ErrRequired
	}
	for i := 0; i < len(s) && what == ""; i++ {
		if s[i] < ' ' {
			what = ErrControl
		}
	}
	if what != "" {
		c.report(name, what)
	}
}

// key is an id that may be missing.
func (c *checker) key(name, s string) {
	if s != "" {
		c.id(name, s)
	}
}

func (c *checker) keys(name string, list []string, most int) {
	if len(list) > most {
		c.report(name, ErrTooMany)
		return
	}
	for i, s := range list {
		c.enterElement(name, i)
		c.id("", s)
		c.leave()
	}
}

func (c *checker) text(name, s string) {
	if s != "" {
		c.mustText(name, s)
	}
}

func (c *checker) mustText(name, s string) {
	if what := textFault(s, MaxText); what != "" {
		c.report(name, what)
	}
}

func (c *checker) texts(name string, texts []string, most int) {
	if len(texts) > most {
		c.report(name, ErrTooMany)
		return
	}
	for i, s := range texts {
		if what := textFault(s, MaxText); what != "" {
			c.enterElement(name, i)
			c.report("", what)
			c.leave()
		}
	}
}

// number refuses what arithmetic made longer than ParseDecimal reads.
func (c *checker) number(name string, d Decimal) {
	if len(d.big) > MaxDigits && digits(d.big) > MaxDigits {
		c.report(name, ErrTooManyDigits)
	}
}

func (c *checker) raw(name string, r Raw) {
	if what := rawFault(r); what != "" {
		c.report(name, what)
	}
}

func checkList[T any](c *checker, name string, elements []T, most int, check func(*checker, *T)) {
	if len(elements) > most {
		c.report(name, ErrTooMany)
		return
	}
	for i := range elements {
		c.enterElement(name, i)
		check(c, &elements[i])
		c.leave()
	}
}
